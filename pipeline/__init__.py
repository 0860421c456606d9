"""A silent clip gets its music: paths in, paths out; no chat, no queue, no environment."""
