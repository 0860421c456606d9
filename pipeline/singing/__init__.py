"""What singing does with words: syllables, places in time, and where in a track somebody sings."""
