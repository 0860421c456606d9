"""How scenes become directions: one file each."""
