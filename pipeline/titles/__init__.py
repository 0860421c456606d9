"""Titles: the lyrics on the picture."""
