"""The card at the film's beginning: what the song is called and whose it is."""

from __future__ import annotations

import pysubs2

from pipeline.storyboard import Storyboard
from pipeline.titles import ink
from pipeline.titles.page import Page, Setting, placed, room, set_rows
from pipeline.titles.rows import Unit, fitting, units_of, width_of
from pipeline.titles.wording import inert

BEGIN_S, SHOWN_S = 0.5, 4.5
LEAST_S = 1.2  # in less time nobody reads it
CLEAR_S = 0.2  # between the card and the first line
TITLE, ARTIST = 1.15, 0.62  # of a line's usual size
TITLE_MOST = 80  # characters; tags hold whole stories now and then


def card_events(board: Storyboard, page: Page, *, until: float) -> list[pysubs2.SSAEvent]:
    """Draw the card if there is time for it before the first line stands there, `until` seconds into the film."""
    end = min(BEGIN_S + SHOWN_S, until - CLEAR_S)
    title = _units(board.title, page, page.em * TITLE)
    if end - BEGIN_S < LEAST_S or not title:
        return []
    rows, em = set_rows(title, page, em=page.em * TITLE)
    middle = (page.safe.top + page.safe.bottom) / 2
    upper = placed(rows, page, em=em, at=middle, hang=1.0)
    events = _drawn(upper, end)
    if artist := _units(board.artist, page, page.em * ARTIST):
        rows, em = set_rows(artist, page, em=page.em * ARTIST, most=1)
        events += _drawn(placed(rows, page, em=em, at=upper.bottom + 0.5 * page.em, hang=0.0), end)
    return events


def _units(text: str, page: Page, em: float) -> tuple[Unit, ...]:
    """Return as much of a text as two rows take."""
    width, most = room(page, em, 2)
    units = fitting(units_of(inert(text)[:TITLE_MOST], page.faces), width, page.faces)
    while units and width_of(units) > most:
        units = units[:-1]
    return units


def _drawn(setting: Setting, end: float) -> list[pysubs2.SSAEvent]:
    fade = ink.fades(end - BEGIN_S, come_s=0.8, go_s=0.8, seen=0)
    looks = [(ink.SHADE, ink.shade(setting.em)), (ink.TEXT, ink.plain(ink.WHITE))]
    return [
        ink.event(
            run,
            ink.from_pen(run, pen, base, setting.em),
            em=setting.em,
            start=BEGIN_S,
            end=end,
            layer=layer,
            tags=tags + fade,
        )
        for unit, left, base in setting.places()
        for run, pen in ink.pens(unit, left, setting.em)
        for layer, tags in looks
    ]
