"""Who says what the pictures show: one file each."""
