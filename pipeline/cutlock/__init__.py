"""Sound that was made without the picture, bent so that cuts fall on its beats; it knows nothing of who made it."""
