"""How cues become music: one file each."""
