"""What is heard: loudness, strikes and beats, and the clip's own sound."""
