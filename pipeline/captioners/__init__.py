"""How pictures are put into words: one file each."""
