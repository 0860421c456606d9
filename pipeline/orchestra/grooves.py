"""Patterns of sixteen sixteenths to a 4/4 bar, as drummers and arrangers jot them down.

Drums: X accent, x played, o ghost. Figures: a digit is a chord tone counted from below, C the whole chord, c its upper
notes softly, B the lowest note. Bass: R root, r root softly, 5 fifth, 8 octave, a a step toward the next chord.
Beats are stronger than what lies between them everywhere: a cut must stand out of the pattern.
"""

from __future__ import annotations

from dataclasses import dataclass

STEPS = 16  # sixteenths in a bar of four quarter notes

#: keys of the drum channel by group, as exclusions name them
KIT: dict[str, frozenset[int]] = {
    "kick": frozenset({35, 36}),
    "snare": frozenset({37, 38, 40}),
    "clap": frozenset({39}),
    "hats": frozenset({42, 44, 46}),
    "toms": frozenset({41, 43, 45, 47, 48, 50}),
    "cymbals": frozenset({49, 51, 52, 55, 57, 59}),
    "shaker": frozenset({69, 70, 82}),
    "blocks": frozenset({75, 76, 77}),
}


@dataclass(frozen=True)
class Groove:
    """One drummer's pattern: key of the kit -> line, from the sparse to the full."""

    sparse: tuple[tuple[int, str], ...]
    full: tuple[tuple[int, str], ...]
    fill: tuple[tuple[int, str], ...]  #: the last bar of four


GROOVES: dict[str, tuple[Groove, ...]] = {
    "cinematic": (
        Groove(
            ((41, "X..............."),),
            ((41, "X.......x......."), (45, "....x.......x...")),
            ((41, "X.......x...x.x."), (45, "....x.....x..x.x")),
        ),
        Groove(
            ((36, "X.......x......."),),
            ((36, "X.......X......."), (41, "....x.......x.o.")),
            ((36, "X.......X......."), (41, "....x...x.x.xxxx")),
        ),
    ),
    "electronic": (
        Groove(
            ((36, "X...X...X...X..."), (42, "..x...x...x...x.")),
            ((36, "X...X...X...X..."), (39, "....X.......X..."), (46, "..x...x...x...x."), (42, "o..oo..oo..oo..o")),
            ((36, "X...X...X...X..."), (39, "....X.......X..."), (38, "............o.xx"), (46, "..x...x...x...x.")),
        ),
        Groove(
            ((36, "X.......X......."), (42, "x.o.x.o.x.o.x.o.")),
            ((36, "X...x...X...x..."), (38, "....X.......X..."), (42, "x.o.x.o.x.o.x.o.")),
            ((36, "X...x...X...x..."), (38, "....X.......X.ox"), (42, "x.o.x.o.x.o.x...")),
        ),
    ),
    "folk": (
        Groove(
            ((82, "X.o.x.o.X.o.x.o."),),
            ((36, "X.......x......."), (37, "....X.......X..."), (82, "x.o.x.o.x.o.x.o.")),
            ((36, "X.......x......."), (37, "....X.......X.o."), (82, "x.o.x.o.x.ooxooo")),
        ),
        Groove(
            ((36, "X.......X......."),),
            ((36, "X.....o.X......."), (37, "....X.......X..."), (70, "x.o.x.o.x.o.x.o.")),
            ((36, "X.....o.X......."), (37, "....X...o...X.x."), (70, "x.o.x.o.x.o.x.o.")),
        ),
    ),
    "lofi": (
        Groove(
            ((36, "X.......x......."), (42, "o...o...o...o..."), (37, "....o.......o...")),
            ((36, "X..o....x.o....."), (38, "....x.......x..."), (42, "x.o.o.o.x.o.o.oo")),
            ((36, "X..o....x.o....."), (38, "....x..o....x..o"), (42, "x.o.o.o.x.o.o.o.")),
        ),
        Groove(
            ((36, "X.......x......."), (37, "....o.......o...")),
            ((36, "X.....o.x..o...."), (37, "....x.......x..."), (42, "o.o.o.o.o.o.o.o.")),
            ((36, "X.....o.x..o...."), (37, "....x.......x.o."), (42, "o.o.o.o.o.o.o...")),
        ),
    ),
    "playful": (
        Groove(
            ((76, "X...x...X...x..."),),
            ((76, "x...X.o.x...X..."), (70, "x.o.x.o.x.o.x.o."), (37, "....x.......x...")),
            ((76, "x...X.o.x.o.X.xx"), (70, "x.o.x.o.x.o.x.o.")),
        ),
        Groove(
            ((37, "....X.......X..."), (36, "x.......x.......")),
            ((36, "X.......X......."), (37, "....X.......X..."), (76, "..o...o...o..oo.")),
            ((36, "X.......X......."), (37, "....X.......X.X."), (76, "..o...o...o.xxx.")),
        ),
    ),
    "tense": (
        Groove(
            ((75, "x...x...x...x..."),),
            ((41, "Xo......Xo......"), (75, "x...x...x...x...")),
            ((41, "Xo......X...x.x."), (75, "x...x...x...x...")),
        ),
        Groove(
            ((41, "X..............."), (37, "....o...o...o...")),
            ((41, "X.....o.x......."), (37, "....x...o...x...")),
            ((41, "X.....o.x...x.xx"), (37, "....x...o...x...")),
        ),
    ),
    "epic": (
        Groove(
            ((41, "X.......X......."), (45, "....x.......x...")),
            ((36, "X.......X......."), (41, "X..ox.o.X..ox.oo"), (45, "....X.......X...")),
            ((36, "X.......X......."), (41, "X..ox.o.X.x.X.xx"), (45, "....X.......XxXx")),
        ),
        Groove(
            ((41, "X...x...X...x..."),),
            ((36, "X...x...X...x..."), (41, "X.o.x.o.X.o.x.oo"), (38, "....x.......x...")),
            ((36, "X...x...X...x..."), (41, "X.o.x.o.X.xxX.xx"), (38, "....x.......x.xx")),
        ),
    ),
}

#: accompaniment by density: quarters, eighths, sixteenths; bars take turns with the two lines of each entry
FIGURES: dict[str, tuple[tuple[str, str], ...]] = {
    "cinematic": (
        ("0...2...1...2...", "0...2...3...1..."),
        ("0.2.1.2.3.2.1.2.", "0.1.2.1.3.1.2.1."),
        ("0.00100.2.001.00", "0.00200.1.003.00"),
    ),
    "ambient": (
        ("0...2...4...3...", "1...3...2...4..."),
        ("0...2.4.3...2...", "1...3...4.2.3..."),
        ("0.2.4.2.3.2.4.1.", "1.2.3.4.2.3.1.2."),
    ),
    "electronic": (
        ("C...2...C...3...", "C...2...1...3..."),
        ("C.2.1.2.C.2.3.2.", "C.1.3.1.C.2.1.2."),
        ("C.122.12C.132.12", "C.123.21C.122.31"),
    ),
    "folk": (
        ("B...c...1...c...", "B...c...2...c.2."),
        ("B.2.c.1.1.2.c.1.", "B.2.c.3.1.2.c.1."),
        ("C...c.c.C.c.c.c.", "C.c.c.c.C...c.c."),
    ),
    "lofi": (
        ("C.......C.......", "C......cC......."),
        ("C...c..cC...c...", "C......cC...c..."),
        ("C...c..cC..cc...", "C..cc...C..cc..c"),
    ),
    "playful": (
        ("C...c...C...c...", "C...c...2...c..."),
        ("C.c.1.c.C.c.1.c.", "C.c.2.c.1.c.C.c."),
        ("0.c.2.c.0.c.21c.", "0.c.1.c.2.c.1.23"),
    ),
    "tense": (
        ("0...0...1...0...", "0...0...2...1..."),
        ("0.0.0.1.0.0.1.0.", "0.0.1.0.0.0.2.1."),
        ("0.00100.0.001.00", "0.00100.0.002.10"),
    ),
    "epic": (
        ("0...0...2...1...", "0...0...2...3..."),
        ("0.0.1.0.2.0.1.0.", "0.0.2.0.1.0.2.1."),
        ("0.001.002.001.00", "0.002.001.002.10"),
    ),
}

#: bass lines, sparse and full
BASS_LINES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cinematic": (("R...............",), ("R.......R.......", "R.......5.......")),
    "ambient": (("R...............",), ("R...............",)),
    "electronic": (("R...R...R...R...",), ("R.r.R.r.R.r.R.r.", "R.rrR.r.R.rrR.r.")),
    "folk": (("R.......5.......",), ("R.......5...a...", "R...r...5...r...")),
    "lofi": (("R.......R.......",), ("R..r....5...a...", "R......rR...5...")),
    "playful": (("R...5...R...5...",), ("R...5...R...5.a.", "R...5...8...5...")),
    "tense": (("R...............",), ("R..r..r.R..r..r.", "R.......R.......")),
    "epic": (("R.......R.......",), ("R.rrR.rrR.rrR.rr", "R.r.R.r.R.r.R.r.")),
}


def steps(line: str, start: float, beats: float) -> list[tuple[float, str]]:
    """Return (beat, token) for the pattern from `start` over `beats`; an odd bar cuts or repeats it."""
    count = int(beats * 4 + 1e-6)
    return [(start + step / 4, line[step % STEPS]) for step in range(count) if line[step % STEPS] != "."]
