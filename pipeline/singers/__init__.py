"""Who makes the song that a film has no track for: one file each."""
