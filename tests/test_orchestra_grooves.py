from __future__ import annotations

from pipeline.orchestra.grooves import BASS_LINES, FIGURES, GROOVES, STEPS, steps


def test_every_pattern_is_one_bar_of_known_tokens_and_starts_on_the_beat() -> None:
    lines = [
        (line, "XxOo") for grooves in GROOVES.values() for g in grooves for _, line in (*g.sparse, *g.full, *g.fill)
    ]
    lines += [(line, "0123456CcB") for levels in FIGURES.values() for pair in levels for line in pair]
    lines += [(line, "Rr58a") for pair in BASS_LINES.values() for some in pair for line in some]
    for line, tokens in lines:
        assert len(line) == STEPS
        assert set(line) <= {".", *tokens}
    for levels in FIGURES.values():
        assert all(line[0] != "." for pair in levels for line in pair)


def test_an_odd_bar_cuts_the_pattern() -> None:
    assert steps("X...x...X...x...", 8.0, 2.5) == [(8.0, "X"), (9.0, "x"), (10.0, "X")]
