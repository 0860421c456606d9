"""What the embedded illustrator can paint: one file per world."""
