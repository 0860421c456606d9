"""Heavy measuring, kept out of the test suite: `make bench`."""
