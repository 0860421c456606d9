"""Words that pop up one after the other, large, a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pysubs2

from pipeline.storyboard import Line, Word
from pipeline.titles import ink
from pipeline.titles.faces import Run, metrics
from pipeline.titles.page import Page, Setting, inked, placed
from pipeline.titles.rows import Unit, parted, reads_from_right, row_of, width_of
from pipeline.titles.slots import LEAST_S, Phrase, Slot, one_by_one, phrased, phrases_of

SIZE = 2.3  # of a line's usual size
SMALLEST = 0.45  # of that, for the longest words
WORDS_MOST = 3
WIDTH_MOST = 9.5  # ems at once: 15 Latin capitals, nine Han characters
GAP_S = 0.6  # a rest this long ends a group
BEAT_S = 0.28  # a group that is shorter takes the next word in
GO_S = 0.1

#: ms and per cent: a spring that overshoots once and comes to rest
SPRING = ((0, 70, 62, 108), (70, 140, 108, 97), (140, 200, 97, 100))
OVERSHOOT = 1.08


def pop_events(lines: Sequence[Line], page: Page) -> list[pysubs2.SSAEvent]:
    em = page.em * SIZE
    loud = [replace(line, text=_loud(line.text), words=_loud_words(line)) for line in lines]
    width = page.safe.width / (em * SMALLEST * OVERSHOOT) * 0.98
    phrases = phrases_of(loud, page.faces, width=width, most=200)
    groups = [group for phrase in phrases for group in _grouped(phrase)]
    slots = one_by_one(groups)
    return [
        event for number, slot in enumerate(slots) for event in _drawn(slot, _setting(slot, page, em), page, number)
    ]


def _loud(text: str) -> str:
    """Return a text in capitals where that changes nothing but the size: not in Turkish, Greek or German sharp s."""
    if len(text.upper()) != len(text) or any(sign in "ıİğĞşŞ" or "\u0370" <= sign <= "\u03ff" for sign in text):
        return text
    return text.upper()


def _loud_words(line: Line) -> tuple[Word, ...]:
    return tuple(replace(word, text=_loud(word.text)) for word in line.words)


def _grouped(phrase: Phrase) -> list[Phrase]:
    groups: list[list[int]] = [[]]
    for at in range(len(phrase.units)):
        if groups[-1] and _ends_before(phrase, groups[-1], at):
            groups.append([])
        groups[-1].append(at)
    units = [[phrase.units[i] for i in group] for group in groups]
    return phrased(units, [[phrase.times[i] for i in group] for group in groups], phrase.end)


def _ends_before(phrase: Phrase, group: Sequence[int], at: int) -> bool:
    units = [phrase.units[i] for i in group]
    if width_of([*units, phrase.units[at]]) > WIDTH_MOST:
        return True
    if phrase.times[at][0] - phrase.times[group[0]][0] < BEAT_S:
        return False
    words = 1 + sum(unit.space > 0 for unit in units[:-1])
    rest = phrase.times[at][0] - phrase.times[group[-1]][1]
    full = words >= WORDS_MOST and units[-1].space > 0
    return full or units[-1].pauses or rest > GAP_S


def _setting(slot: Slot, page: Page, em: float) -> Setting:
    """Set a group in the rows that let it be largest."""
    units = slot.phrase.units
    rtl = reads_from_right(units)
    settings = []
    for count in range(1, 4):
        rows = tuple(row_of(part, rtl=rtl) for part in parted(units, count))
        widest = max(inked(row) for row in rows) * OVERSHOOT
        settings.append((min(em, page.safe.width / widest), -count, rows))
    size, _, rows = max(settings, key=lambda found: found[:2])
    at = (page.safe.top + page.safe.bottom) / 2 - slot.place * 3 * em
    return placed(rows, page, em=size, at=at, hang=0.5)


def _drawn(slot: Slot, setting: Setting, page: Page, number: int) -> list[pysubs2.SSAEvent]:
    times = {unit.first: time[0] for unit, time in zip(slot.phrase.units, slot.phrase.times, strict=True)}
    colours = _colours(slot.phrase.units, page.accents, number)
    events = []
    for unit, left, base in setting.places():
        start = max(slot.start, min(times[unit.first], slot.end - LEAST_S / 2))
        for run, pen in ink.pens(unit, left, setting.em):
            events += _popped(run, pen, base, setting.em, start, slot.end, colours[unit.first])
    return events


def _popped(
    run: Run, pen: float, base: float, em: float, start: float, end: float, colour: str
) -> list[pysubs2.SSAEvent]:
    box = metrics(run.face)
    where = f"\\an5\\pos({pen + run.advance * em / 2:.2f},{base + (box.descent - box.ascent) * em / 2:.2f})"
    first = SPRING[0][2]
    spring = f"\\fscx{first}\\fscy{first}"
    for begin, until, _, to in SPRING:
        spring += f"\\t({begin},{until},\\fscx{to}\\fscy{to})"
    fade = ink.fades(end - start, come_s=0.05, go_s=GO_S, seen=0.7)
    looks = [(ink.SHADE, ink.shade(em)), (ink.TEXT, ink.plain(colour))]
    return [
        ink.event(run, where, em=em, start=start, end=end, layer=layer, tags=tags + fade + spring)
        for layer, tags in looks
    ]


def _colours(units: Sequence[Unit], accents: Sequence[str], number: int) -> dict[int, str]:
    """Give every second group's longest word a colour of the film's."""
    loudest = max(units, key=lambda unit: (unit.advance, -unit.first)).first
    accent = accents[(number // 2) % len(accents)]
    return {unit.first: accent if number % 2 and unit.first == loudest else ink.WHITE for unit in units}
