"""Who makes a still move: one file each."""
