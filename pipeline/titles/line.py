"""The sung line: it comes with the singing, quietly, and goes when the next one comes."""

from __future__ import annotations

from collections.abc import Sequence

import pysubs2

from pipeline.storyboard import Line
from pipeline.titles import ink
from pipeline.titles.page import Page, Setting, placed, room, set_rows
from pipeline.titles.slots import Slot, one_by_one, phrases_of

COME_S, GO_S = 0.18, 0.22


def line_events(lines: Sequence[Line], page: Page) -> list[pysubs2.SSAEvent]:
    width, most = room(page, page.em, 2)
    slots = one_by_one(phrases_of(lines, page.faces, width=width, most=most))
    return [event for slot in slots for event in _drawn(slot, _setting(slot, page))]


def _setting(slot: Slot, page: Page) -> Setting:
    rows, em = set_rows(slot.phrase.units, page, em=page.em)
    low = page.safe.bottom - slot.place * 3.0 * page.em
    return placed(rows, page, em=em, at=low, hang=1.0)


def _drawn(slot: Slot, setting: Setting) -> list[pysubs2.SSAEvent]:
    fade = ink.fades(slot.end - slot.start, come_s=COME_S, go_s=GO_S)
    looks = [(ink.SHADE, ink.shade(setting.em)), (ink.TEXT, ink.plain(ink.WHITE))]
    events = []
    for row, left, base in zip(setting.rows, setting.lefts, setting.bases, strict=True):
        for run, place in row.stretches():
            where = ink.from_pen(run, left + place * setting.em, base, setting.em)
            events += [
                ink.event(run, where, em=setting.em, start=slot.start, end=slot.end, layer=layer, tags=tags + fade)
                for layer, tags in looks
            ]
    return events
