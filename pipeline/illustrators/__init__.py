"""Who draws the pictures: one file each."""
