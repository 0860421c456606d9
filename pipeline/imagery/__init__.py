"""What a song makes one see: its images, looks, colours, the story of its pictures and their words."""
