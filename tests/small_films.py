"""A worker's child that makes music videos small, so that tests with a real one do not take minutes."""

from __future__ import annotations

import sys

SIDE, SKETCH_SIDE = 120, 60  # pixels

#: what makes them small in the program that a child is
PROGRAM = f"""
import pipeline.musicvideo as film
import jobs.performance as child
film.SIDE, film.SKETCH_SIDE = {SIDE}, {SKETCH_SIDE}
"""

CHILD = (sys.executable, "-c", f"{PROGRAM}child.main()")
