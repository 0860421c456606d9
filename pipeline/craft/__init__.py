"""Audiocraft, Meta's own program for MusicGen, on the libraries of today."""
