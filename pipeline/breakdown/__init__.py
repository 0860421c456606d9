"""How a track is broken down into shots: its passages, the cuts in them, how they join, what comes again."""
