"""How lyrics are put in time: one file each."""
