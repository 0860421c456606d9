"""How people reach the product: today the command line."""
