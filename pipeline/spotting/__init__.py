"""What the spotting session reckons with: the client's words, keys, and the click track."""
