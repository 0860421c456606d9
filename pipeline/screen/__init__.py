"""The screen: stills move, shots join, light pulses; all of it in the planes that the encoder takes."""
