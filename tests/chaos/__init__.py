"""What happens when things are killed, cut and flooded: bars that are measured, not promised. `make chaos`."""
