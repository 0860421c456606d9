"""How titles look: colours that stay legible, and the tags that tell libass."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import pysubs2

from pipeline.titles.faces import Run, metrics
from pipeline.titles.faces import family as family_of
from pipeline.titles.rows import Unit

WHITE = "#ffffff"
VIVID = 0.25  # saturation from which a colour of the palette can be an accent

#: layers from back to front
SHADE, TEXT, SUNG = 0, 1, 2


def accents(palette: Sequence[str]) -> tuple[str, ...]:
    """Return the palette's vivid colours, made light enough for text; gold when it has none."""
    found = []
    for colour in palette:
        hue, light, vivid = colorsys.rgb_to_hls(*(int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)))
        if vivid >= VIVID and 0.1 < light < 0.95:
            found.append((vivid * (1 - abs(2 * light - 1)), hue, vivid))
    lit = [_lit(hue, vivid) for _, hue, vivid in sorted(found, reverse=True)]
    return tuple(dict.fromkeys(lit)) or ("#ffd166",)


def bgr(colour: str) -> str:
    """Return a colour as ASS wants it."""
    return f"&H{colour[5:7]}{colour[3:5]}{colour[1:3]}&".upper()


def event(run: Run, where: str, *, em: float, start: float, end: float, layer: int, tags: str) -> pysubs2.SSAEvent:
    """Draw one run; `where` holds its alignment and place."""
    font = f"\\fn{family_of(run.face)}\\fs{em * metrics(run.face).height:.2f}"
    text = f"{{{where}{font}{tags}}}{run.text}"
    return pysubs2.SSAEvent(start=round(start * 100) * 10, end=round(end * 100) * 10, layer=layer, text=text)


def pens(unit: Unit, pen: float, em: float) -> list[tuple[Run, float]]:
    """Return each run of a unit with the place of its pen in pixels."""
    found = []
    for run in unit.runs:
        found.append((run, pen))
        pen += run.advance * em
    return found


def from_pen(run: Run, pen: float, base: float, em: float) -> str:
    """Place a run by its pen on the base line: libass wants the upper left corner of the font's box."""
    return f"\\an7\\pos({pen:.2f},{base - metrics(run.face).ascent * em:.2f})"


def shade(em: float) -> str:
    """Return the tags of the soft dark halo that text is read by on a bright picture."""
    # blending a wide halo costs more than everything else here: 4 ms of a 1080p frame where this one costs 2
    return f"\\1c&H000000&\\3c&H000000&{_alpha(0.78)}\\bord{0.06 * em:.2f}\\blur{0.07 * em:.2f}"


def plain(colour: str, opacity: float = 1.0) -> str:
    return f"\\1c{bgr(colour)}{_alpha(opacity)}\\bord0\\shad0"


def fades(length: float, *, come_s: float, go_s: float, seen: float = 0.45) -> str:
    """Return a fade that shows something in its very first frame: a line is there when it is sung."""
    come, go, whole = (round(1000 * s) for s in (min(come_s, length / 3), min(go_s, length / 3), length))
    return f"\\fade({round(255 * (1 - seen))},0,255,0,{come},{whole - go},{whole})"


def _alpha(opacity: float) -> str:
    return f"\\alpha&H{round(255 * (1 - opacity)):02X}&"


def _lit(hue: float, vivid: float) -> str:
    red, green, blue = colorsys.hls_to_rgb(hue, 0.72, max(0.6, min(vivid, 0.95)))
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"
