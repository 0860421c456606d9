"""Bytes under a key, and the records; empty until the bot lands."""
