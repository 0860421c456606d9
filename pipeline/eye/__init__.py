"""What is seen: one pass over small frames, the changes between them, looks, sights, faces and feelings."""
