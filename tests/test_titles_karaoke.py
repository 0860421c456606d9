"""The sweep: word by word, and from the right where one reads from there."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.storyboard import Line, Word
from tests.titled import Frames, board_of, frames_of, sung


def lit_share(frames: Frames, side: str) -> list[float]:
    """Return how much of a half's letters has the accent's colour, frame by frame."""
    colour = frames.astype(int)
    letters = colour.max(axis=-1) > 140
    lit = letters & (colour[..., 2] - colour[..., 0] > 40)
    half = np.zeros(colour.shape[2], bool)
    half[: len(half) // 2] = True
    half = half if side == "left" else ~half
    return [float(a[:, half].sum() / max(1, b[:, half].sum())) for a, b in zip(lit, letters, strict=True)]


@pytest.mark.parametrize(("text", "first"), [("Carry me back home", "left"), ("שלום עולם אני כאן", "right")])
def test_light_comes_from_where_one_reads(tmp_path: Path, text: str, first: str) -> None:
    board = board_of(sung(text, 2, 6), titles="karaoke", shape="16:9")
    frames = frames_of(board, tmp_path, size=(640, 360), rate=4, colour=True)
    early, late = (lit_share(frames, side) for side in (first, "left" if first == "right" else "right"))
    assert early[7] < 0.02
    assert late[7] < 0.02
    assert early[16] > 0.8
    assert late[16] < 0.3
    assert late[25] > 0.9


def test_light_waits_for_each_word(tmp_path: Path) -> None:
    words = tuple(Word(word, 2.0 + i, 2.5 + i) for i, word in enumerate(("one", "two", "three", "four")))
    line = Line("one two three four", 2, 6, words)
    board = board_of(line, titles="karaoke", shape="16:9")
    frames = frames_of(board, tmp_path, size=(320, 180), rate=10, colour=True)
    sides = (lit_share(frames, "left"), lit_share(frames, "right"))
    shares = [(left + right) / 2 for left, right in zip(*sides, strict=True)]
    assert max(shares[36:40]) - min(shares[36:40]) < 0.03
    assert all(b >= a - 0.03 for a, b in pairwise(shares[20:55]))


def test_the_next_line_stands_below_and_dim(tmp_path: Path) -> None:
    board = board_of(sung("first line here", 2, 4), sung("second line there", 4.2, 6), titles="karaoke")
    frames = frames_of(board, tmp_path, size=(360, 640), rate=4)
    waiting = frames[14]
    rows = np.nonzero((waiting > 60).any(axis=1))[0]
    gap = np.argmax(np.diff(rows))
    upper, lower = waiting[: rows[gap] + 1], waiting[rows[gap + 1] :]
    assert np.diff(rows)[gap] > 8
    assert upper.max() > lower.max() or lower.max() < 215
