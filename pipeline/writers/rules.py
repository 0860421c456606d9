"""Directions written by rules: what a cue shows and feels, put into a music prompt at the paper's three lengths.

Tsai and Chen, "Making Music for Videos": simple is the description as it is; brief holds about 30 words, long about 50.
Tempo, key, meter, seconds and exclusions are fields of the cue; the prose names them only as colour, since text-driven
engines obey fields and hardly obey prose.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace

from pipeline.cuesheet import Cue, CueSheet, PromptLength, Style

BRIEF_WORDS = (26, 34)  # about 30
LONG_WORDS = (44, 56)  # about 50

#: what each style is played on, best first; the words tell which exclusions cover them
_PLAYERS: dict[Style, tuple[str, ...]] = {
    "cinematic": ("warm strings", "felt piano", "French horns", "harp", "woodwinds", "solo cello"),
    "ambient": ("slow synth pads", "distant bells", "soft piano", "bowed textures", "airy choir"),
    "electronic": ("analogue synths", "a pulsing synth bass", "punchy drums", "plucked arpeggios", "bright bells"),
    "folk": ("nylon guitar", "steel-string guitar", "upright bass", "shaker and light drums", "flute", "cello"),
    "lofi": ("mellow Rhodes keys", "dusty drums", "warm bass", "vibraphone", "soft nylon guitar"),
    "playful": ("pizzicato strings", "marimba", "clarinet", "bassoon", "glockenspiel bells", "light percussion"),
    "tense": ("tremolo strings", "low piano", "muted brass", "ticking percussion", "low woodwinds"),
    "epic": ("driving strings", "bold brass", "taiko drums", "choir", "timpani", "low piano"),
}

#: a word that a client may rule out, and the words in our own text that it covers
_COVERS: dict[str, tuple[str, ...]] = {
    "drum": ("drums", "percussion", "taiko", "timpani", "shaker"),
    "percussion": ("drums", "percussion", "taiko", "timpani", "shaker", "marimba", "glockenspiel"),
    "beat": ("drums", "percussion"),
    "piano": ("piano",),
    "key": ("piano", "Rhodes"),
    "string": ("strings", "cello", "pizzicato", "bowed"),
    "brass": ("brass", "horns"),
    "horn": ("horns",),
    "choir": ("choir",),
    "voice": ("choir",),
    "vocal": ("choir",),
    "guitar": ("guitar",),
    "bass": (" bass",),
    "synth": ("synth",),
    "pad": ("pads",),
    "bell": ("bells",),
    "mallet": ("marimba", "vibraphone", "glockenspiel"),
    "woodwind": ("woodwinds", "flute", "clarinet", "bassoon"),
    "wind": ("woodwinds", "flute", "clarinet", "bassoon"),
}

_PACE = (
    (-0.45, "slow and spacious"),
    (-0.1, "unhurried"),
    (0.25, "steadily moving"),
    (0.6, "lively"),
    (2.0, "urgent and driving"),
)

_HARMONY = (
    (-0.45, "dark minor harmony"),
    (-0.1, "minor-tinged harmony"),
    (0.25, "open, modal harmony"),
    (0.6, "warm major harmony"),
    (2.0, "radiant major harmony"),
)

_ENDS = {
    "first": "The motif is stated plainly at the start",
    "middle": "The same motif returns varied",
    "last": "The motif comes home and the last chord rings out on the final frame",
    "only": "One short motif opens it and the last chord rings out on the final frame",
}


class Rules:
    """Writes by rule; the same sheet gives the same words."""

    def write(self, sheet: CueSheet) -> CueSheet:
        """Return the sheet with a direction for every cue in all three lengths, the asked one as `prompt`."""
        last = len(sheet.cues) - 1
        written = []
        for number, cue in enumerate(sheet.cues):
            place = "only" if last == 0 else "first" if number == 0 else "last" if number == last else "middle"
            prompts = _directions(cue, place, random.Random(f"words {sheet.seed} {cue.number}"))
            written.append(replace(cue, prompts=prompts, prompt=prompts[sheet.brief.prompt_length]))
        return sheet.with_cues(tuple(written))


def load() -> Rules:
    return Rules()


def _directions(cue: Cue, place: str, rng: random.Random) -> dict[PromptLength, str]:
    simple = (cue.seen or f"a {cue.mood} moment").rstrip(".")
    players = _players(cue, rng)
    opening = f"{_article(cue.mood)} {cue.mood}, {_by(cue.arousal, _PACE)} {_named(cue.style)} cue"
    brief = _clip(
        [
            f"{opening} for {_short(simple, 8)}: {_list(players[:2])} over {_by(cue.valence, _HARMONY)}",
            _hits(cue),
            _ENDS[place],
        ],
        BRIEF_WORDS,
    )
    long = _clip(
        [
            f"{opening} for {_short(simple, 14)}: {_list(players[:4])} over {_by(cue.valence, _HARMONY)}",
            _hits(cue),
            _shape(cue),
            _ENDS[place],
            "Instrumental, with room between the phrases",
            "Every layer enters on a bar line and none covers the melody",
        ],
        LONG_WORDS,
    )
    return {"simple": simple, "brief": brief, "long": long}


def _players(cue: Cue, rng: random.Random) -> list[str]:
    """Instruments of the style that the client has not ruled out; the leading two stay, the rest is shuffled."""
    ruled_out = [word for ban in cue.exclude for word in _COVERS.get(ban.rstrip("s"), (ban.rstrip("s"),))]
    left = [player for player in _PLAYERS[cue.style] if not any(word in f" {player}" for word in ruled_out)]
    tail = left[2:]
    rng.shuffle(tail)
    return [*left[:2], *tail] or ["a single sustained tone colour"]


def _by(value: float, table: tuple[tuple[float, str], ...]) -> str:
    return next(words for limit, words in table if value < limit)


def _named(style: Style) -> str:
    return {"lofi": "lo-fi", "folk": "acoustic folk", "cinematic": "cinematic orchestral"}.get(style, style)


def _article(word: str) -> str:
    return "An" if word[0] in "aeiou" else "A"


def _list(things: list[str]) -> str:
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"


def _short(caption: str, words: int) -> str:
    """The caption's first clause, cut at a comma or semicolon where possible, at most `words` words."""
    kept: list[str] = []
    for clause in re.split(r"(?<=[,;])\s+", caption):
        if kept and len(" ".join([*kept, clause]).split()) > words:
            break
        kept.append(clause)
    return " ".join(" ".join(kept).rstrip(",; ").split()[:words])


def _hits(cue: Cue) -> str:
    heavy = [hit for hit in cue.hits if hit.weight >= 0.6 and hit.time > cue.start]
    if len(heavy) > 1:
        return f"Accents land on the {len(heavy)} strong cuts"
    if heavy:
        return f"An accent lands on the cut at {heavy[0].time - cue.start:.1f} seconds"
    return "Chords change on the cuts" if len(cue.scenes) > 1 else "It breathes with the picture"


def _shape(cue: Cue) -> str:
    if cue.intensity > 0.6:
        return "It builds in layers to a full climax two thirds of the way in"
    if cue.intensity < 0.35:
        return "It stays sparse and quiet throughout"
    return "It grows gently and falls back before the end"


def _clip(sentences: list[str], bounds: tuple[int, int]) -> str:
    """Join sentences until the count of words lies within the bounds; the last one is trimmed where it must be."""
    low, high = bounds
    text: list[str] = []
    for sentence in sentences:
        words = sentence.split()
        room = high - len(" ".join(text).split())
        if len(words) <= room:
            text.append(f"{sentence}.")
        elif len(" ".join(text).split()) < low:
            text.append(f"{' '.join(words[:room]).rstrip(',;:')}.")
        if len(" ".join(text).split()) >= low + 2:
            break
    return " ".join(text)
