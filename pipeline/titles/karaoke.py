"""Karaoke: the line stands there dimmed, and light goes through it with the singing, from the right where one reads so.

Light is a second copy of the text behind a window that opens: libass's own sweep goes from left to right, always.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pysubs2

from pipeline.storyboard import Line
from pipeline.titles import ink
from pipeline.titles.faces import Run
from pipeline.titles.page import Page, Setting, placed, room, set_rows
from pipeline.titles.rows import Unit
from pipeline.titles.slots import Slot, in_turn, phrases_of

COME_S, GO_S = 0.25, 0.25
DIM = 0.72  # opacity of what is not sung yet
SIZE = 0.92  # of a line's usual size: two lines stand there
ROOM = 3.0  # ems from the foot of the upper line to that of the lower
HANG = 0.15  # ems that letters may hang out of their place


def karaoke_events(lines: Sequence[Line], page: Page) -> list[pysubs2.SSAEvent]:
    em = page.em * SIZE
    width, most = room(page, em, 2)
    slots = in_turn(phrases_of(lines, page.faces, width=width, most=most))
    return [event for slot in slots for event in _drawn(slot, _setting(slot, page, em), page)]


def _setting(slot: Slot, page: Page, em: float) -> Setting:
    rows, size = set_rows(slot.phrase.units, page, em=em)
    return placed(rows, page, em=size, at=page.safe.bottom - (1 - slot.place) * ROOM * em, hang=1.0)


def _drawn(slot: Slot, setting: Setting, page: Page) -> list[pysubs2.SSAEvent]:
    times = {unit.first: time for unit, time in zip(slot.phrase.units, slot.phrase.times, strict=True)}
    events = []
    for unit, left, base in setting.places():
        start, end = times[unit.first]
        window = _window(unit, left, setting.em, page, end - start)
        for run, pen in ink.pens(unit, left, setting.em):
            where = ink.from_pen(run, pen, base, setting.em)
            events += _dim(run, where, slot, setting.em)
            if start < slot.end:
                tags = ink.plain(page.accents[0]) + ink.fades(slot.end - start, come_s=0, go_s=GO_S, seen=1) + window
                events.append(
                    ink.event(run, where, em=setting.em, start=start, end=slot.end, layer=ink.SUNG, tags=tags)
                )
    return events


def _dim(run: Run, where: str, slot: Slot, em: float) -> list[pysubs2.SSAEvent]:
    fade = ink.fades(slot.end - slot.start, come_s=COME_S, go_s=GO_S, seen=0.1)
    looks = [(ink.SHADE, ink.shade(em)), (ink.TEXT, ink.plain(ink.WHITE, DIM))]
    return [
        ink.event(run, where, em=em, start=slot.start, end=slot.end, layer=layer, tags=tags + fade)
        for layer, tags in looks
    ]


def _window(unit: Unit, left: float, em: float, page: Page, length: float) -> str:
    """Open a window over a unit from where its reading begins; times count from the event's start."""
    first, last = math.floor(left - HANG * em), math.ceil(left + (unit.advance + HANG) * em)
    shut = (last, last) if unit.way == "rtl" else (first, first)
    takes = max(1, round(1000 * length))
    return f"\\clip({shut[0]},0,{shut[1]},{page.height})\\t(0,{takes},\\clip({first},0,{last},{page.height}))"
