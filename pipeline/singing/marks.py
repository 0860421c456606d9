# ruff: noqa: RUF001 - signs of many scripts
"""What a row of lyrics says about the form of the song: [Chorus], Strophe 2:, (x2)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pipeline.singing.verse import Verse, is_sung

REPEATS_MOST = 12  # of one line or part: "(x99)" is a joke, or a fade that nobody shows

_CHORUS = r"chorus|refrain|hook|coro|estribillo|refr[ãa]o"
_PARTS = {
    "chorus": _CHORUS + "|ritornello|kehrreim|refr[äa]ng|refrein|refren|nakarat|припев|приспів|サビ|副歌|후렴",
    "pre-chorus": rf"pre[- ]?(?:{_CHORUS})|pr[ée][- ]?refrain|vorrefrain",
    "post-chorus": rf"post[- ]?(?:{_CHORUS})",
    "verse": "verse|estrofa|verso|strophe|couplet|vers|strofa|zwrotka|куплет|主歌|[AB]メロ",
    "bridge": r"bridge|puente|pont|br[üu]cke|ponte|middle (?:8|eight)|c[- ]teil|brygga|бридж",
    "intro": "intro(?:duction|ducci[óo]n)?|einleitung|вступление",
    "outro": "outro|coda|ending|finale?|schluss|концовка",
    "instrumental": r"(?:\w{1,20} )?(?:instrumental|solo|interlude|interludio|zwischenspiel|break)"
    "|strumentale|проигрыш",
}
_PART = "|".join(f"(?P<p{at}>{words})" for at, words in enumerate(_PARTS.values()))
_TIMES = r"(?:[x×]\s*(?P<x>\d{1,3})|(?P<y>\d{1,3})\s*[x×]|(?P<bis>bis))"
_AGAIN = re.compile(rf"\s*[(\[]?\s*(?<!\w){_TIMES}\s*[)\]]?\s*$", re.IGNORECASE)
_NAMED = re.compile(
    rf"^(?:repeat|rep\.?)?\s*(?:(?:final|last|first|second|third)\s+)?(?:{_PART})\s*(?P<number>\d{{1,2}}|[IVX]{{1,4}})?"
    r"(?:\s*[-:–—|,(].*)?$",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"^[\s*#_]*[\[({【]\s*(?P<inside>[^\])}】]{1,80}?)\s*[\])}】][\s*_]*:?\s*(?P<rest>.*)$")
_COLON = re.compile(r"^[\s*#_]*(?P<inside>[^:\n]{1,40}?)[\s*_]*[:：][\s*_]*(?P<rest>.*)$")
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5", "VI": "6"}


@dataclass(frozen=True)
class Mark:
    """What stands over a part of the song."""

    part: str  #: "" for a mark that names none, such as [Produced by ...]
    times: int
    rest: str  #: words behind it on the same row


def find_mark(row: str, *, heads: bool) -> Mark | None:
    """Return what a row says about the song's form; None when it is sung.

    A bare word is a mark only where it heads a stanza: "Solo" may be sung.
    """
    row = row.strip()
    if bracketed := _BRACKETS.match(row):
        return _bracketed(row[:1], bracketed["inside"], bracketed["rest"])
    bare, times = split_repeat(row)
    if (titled := _COLON.match(row)) and (part := _part(titled["inside"])):
        rest, times = split_repeat(titled["rest"])
        return Mark(part, 1, titled["rest"]) if is_sung(rest) else Mark(part, times, "")
    name = bare.strip(" *#_")
    if heads and (part := _part(name)) and part != "instrumental" and (name != row or _titled(name)):
        return Mark(part, times, "")
    return None


def _bracketed(bracket: str, inside: str, rest: str) -> Mark | None:
    """Return what stands in brackets as a mark; in round ones only a part's own name is one, the rest is sung."""
    name, within = split_repeat(inside)
    bare, behind = split_repeat(rest)
    if part := _part(name):
        return Mark(part, 1, rest) if is_sung(bare) else Mark(part, max(within, behind), "")
    return Mark("", 1, "") if bracket != "(" and is_sung(name) and not is_sung(bare) else None


def _titled(row: str) -> bool:
    """Tell whether a bare word is set as a mark: CHORUS, Verse 2, Repeat Chorus; "intro" alone may be sung."""
    return row.isupper() or bool(re.search(r"\d$", row)) or row.istitle() or row.lower().startswith("repeat")


def _part(name: str) -> str:
    found = _NAMED.match(name.strip())
    if not found:
        return ""
    part = next(part for at, part in enumerate(_PARTS) if found[f"p{at}"])
    number = found["number"] or ""
    return f"{part} {_ROMAN.get(number.upper(), number)}".strip()


def split_repeat(row: str) -> tuple[str, int]:
    """Return the row without its "(x2)", and how often it is sung."""
    found = _AGAIN.search(row)
    if not found:
        return row, 1
    times = 2 if found["bis"] else int(found["x"] or found["y"])
    if times < 1 or (found["bis"] and not set("([") & set(found[0])):  # "bis" without brackets may be a word
        return row, 1
    return row[: found.start()].rstrip(" ,-"), min(times, REPEATS_MOST)


def mark_lines(verses: list[Verse]) -> list[Verse]:
    """Let an empty line end the one before it, and a mark name the lines after it."""
    lines: list[Verse] = []
    part, stanza = "", 0
    for verse in verses:
        mark = find_mark(verse.text, heads=False) if verse.text else None
        if is_sung(verse.text) and not (mark and not mark.rest):
            part = mark.part if mark else part
            lines.append(replace(verse, text=mark.rest if mark else verse.text, part=part, stanza=stanza))
            continue
        stanza += 1
        part = mark.part if mark else ""
        if verse.start is not None and lines and lines[-1].end is None and lines[-1].start is not None:
            lines[-1] = replace(lines[-1], end=verse.start)
    return lines
