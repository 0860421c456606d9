"""Plain lines: marks are understood, repetitions written out."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby, pairwise

from pipeline.singing.lrc import split_tags
from pipeline.singing.marks import find_mark, split_repeat
from pipeline.singing.verse import EDGES, Lyrics, Verse, is_sung

_TEXTLESS = ("instrumental", "intro", "outro")  # a bare mark for one of these repeats nothing


@dataclass
class _Stanza:
    part: str
    marked: bool = False  #: a mark stands right above it
    times: int = 1
    rows: list[str] = field(default_factory=list)


def read_plain(text: str, *, most: int) -> Lyrics:
    """Read lines without times; about `most` of them at the most are written out."""
    tags, rows = split_tags(text)
    lines: list[Verse] = []
    for number, stanza in enumerate(_written_out(_stanzas(_single_spaced([row.strip(EDGES) for row in rows])), most)):
        lines += [Verse(row, stanza.part, stanza=number) for row in stanza.rows]
    return Lyrics(tuple(lines), "no", tags.get("ti", ""), tags.get("ar", ""))


def _stanzas(rows: list[str]) -> list[_Stanza]:
    """Divide the rows at blank ones and at marks; a mark reaches over the blank row right under it."""
    stanzas = [_Stanza("")]
    known: set[str] = set()  # parts that have words, so that a bare mark calls for them
    for row in rows:
        now = stanzas[-1]
        bare, times = split_repeat(row)
        if now.rows:
            known |= {now.part, now.part.split(" ")[0]}
        if not row:
            if now.rows or (now.marked and now.part in known):
                stanzas.append(_Stanza("" if now.part.startswith("chorus") else now.part))
        elif mark := find_mark(row, heads=not now.rows):
            words = [mark.rest] if mark.rest else []
            stanzas.append(_Stanza(mark.part or now.part, bool(mark.part), mark.times, words))
        elif is_sung(bare):
            now.rows += [bare] * times
        elif times > 1:
            now.times = times
    return stanzas


def _written_out(stanzas: list[_Stanza], most: int) -> list[_Stanza]:
    """Give every stanza its words, as often as it is sung; one that is only a mark has those sung under it before."""
    sung: dict[str, list[str]] = {}
    whole: list[_Stanza] = []
    length, before = 0, ""
    for stanza in stanzas:
        rows = stanza.rows or (_called_for(stanza.part, sung) if stanza.marked else [])
        if stanza.rows and stanza.part:
            goes_on = not stanza.marked and stanza.part == before
            kept = [*sung[stanza.part], *rows][:most] if goes_on and stanza.part in sung else rows
            sung[stanza.part] = sung[stanza.part.split(" ")[0]] = kept
        before = stanza.part
        for _ in range(stanza.times if rows else 0):
            whole.append(_Stanza(stanza.part, rows=rows))
            length += len(rows)
            if length > most:
                return whole
    return whole


def _called_for(part: str, sung: dict[str, list[str]]) -> list[str]:
    kind = part.split(" ")[0]
    return [] if kind in _TEXTLESS else sung.get(part) or (sung.get(kind, []) if kind.endswith("chorus") else [])


def _single_spaced(rows: list[str]) -> list[str]:
    """Take one blank row behind every line out of a text that has one behind each."""
    full = sum(bool(row) for row in rows)
    apart = sum(bool(row) and not after for row, after in pairwise(rows))
    if full < 4 or apart < 0.9 * (full - 1):
        return rows
    runs = [(blank, list(group)) for blank, group in groupby(rows, key=lambda row: not row)]
    return [row for blank, group in runs for row in (group[1:] if blank else group)]
