"""Every sentence that a person reads: in the terminal, in a chat, in which languages."""
