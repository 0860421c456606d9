"""Bytes under a key (a local folder, S3) and the records: who asked for what, where it stands, how it ended."""
