"""What a client means by "no drums" or "without piano": the families that leave the room before anything is written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.orchestra.instruments import INSTRUMENTS, Instrument

#: a word of the client's -> families (of instruments.py), roles ("role:...") and keys of the kit ("kit:...") that go
WORDS: dict[str, tuple[str, ...]] = {
    "drum": ("drums", "taiko", "timpani", "role:drums", "effect:sub drop"),
    "beat": ("role:drums", "taiko", "drums"),
    "groove": ("role:drums", "taiko", "drums"),
    "percussion": ("drums", "percussion", "role:drums", "effect:sub drop", "effect:swell"),
    "cymbal": ("kit:cymbals", "effect:swell"),
    "crash": ("kit:cymbals", "effect:swell"),
    "hat": ("kit:hats",),
    "hihat": ("kit:hats",),
    "kick": ("kit:kick", "effect:sub drop"),
    "snare": ("kit:snare",),
    "clap": ("kit:clap",),
    "shaker": ("kit:shaker",),
    "tom": ("kit:toms",),
    "timpani": ("timpani",),
    "taiko": ("taiko",),
    "piano": ("piano",),
    "keyboard": ("keys",),
    "key": ("keys",),
    "rhodes": ("rhodes",),
    "organ": ("accordion",),
    "accordion": ("accordion",),
    "bell": ("bells", "effect:bell"),
    "chime": ("bells",),
    "glockenspiel": ("glockenspiel",),
    "celesta": ("celesta",),
    "mallet": ("mallets",),
    "marimba": ("marimba",),
    "xylophone": ("xylophone",),
    "vibraphone": ("vibraphone",),
    "kalimba": ("kalimba",),
    "guitar": ("guitar",),
    "banjo": ("banjo",),
    "harp": ("harp",),
    "bass": ("bass", "role:bass", "effect:sub drop"),
    "sub": ("effect:sub drop",),
    "string": ("strings",),
    "violin": ("strings",),
    "viola": ("strings",),
    "cello": ("cello",),
    "pizzicato": ("pizzicato",),
    "tremolo": ("tremolo",),
    "orchestra": ("strings", "brass", "woodwinds", "timpani"),
    "brass": ("brass",),
    "horn": ("brass",),
    "trumpet": ("brass",),
    "trombone": ("brass",),
    "tuba": ("brass",),
    "wind": ("woodwinds",),
    "woodwind": ("woodwinds",),
    "flute": ("flute",),
    "oboe": ("oboe",),
    "clarinet": ("clarinet",),
    "bassoon": ("bassoon",),
    "recorder": ("recorder",),
    "choir": ("choir", "voices"),
    "vocal": ("choir", "voices"),
    "voice": ("choir", "voices"),
    "singing": ("choir", "voices"),
    "synth": ("synth", "effect:riser"),
    "synthesizer": ("synth", "effect:riser"),
    "electronic": ("synth", "electric", "effect:riser", "effect:sub drop"),
    "electric": ("electric",),
    "acoustic": ("acoustic",),
    "pad": ("pad", "role:pad"),
    "lead": ("lead",),
    "melody": ("role:melody", "role:double", "role:counter"),
    "tune": ("role:melody", "role:double", "role:counter"),
    "harmony": ("role:pad", "role:counter"),
    "ostinato": ("role:ostinato",),
    "arpeggio": ("role:ostinato",),
    "effect": ("effect:riser", "effect:swell", "effect:sub drop"),
    "riser": ("effect:riser",),
    "swell": ("effect:swell",),
    "impact": ("effect:sub drop", "kit:cymbals"),
}
_PLAIN = ("bass", "brass", "timpani", "pizzicato")  # words whose last letter is no plural


@dataclass(frozen=True)
class Exclusions:
    """The families, roles, kit groups and effects that must not sound, and the words nobody knew."""

    barred: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()

    def allows(self, instrument: Instrument) -> bool:
        return not (instrument.families & self.barred)

    def allows_role(self, role: str) -> bool:
        return f"role:{role}" not in self.barred

    def allows_kit(self, group: str) -> bool:
        return f"kit:{group}" not in self.barred

    def allows_effect(self, effect: str) -> bool:
        return f"effect:{effect}" not in self.barred

    def players(self, names: Iterable[str]) -> list[Instrument]:
        """Return those of the named players that may sound, in order."""
        return [INSTRUMENTS[name] for name in names if self.allows(INSTRUMENTS[name])]


def read_exclusions(wishes: Iterable[str]) -> Exclusions:
    """Read the client's words; every known word in a phrase counts, "no" and "without" are let pass."""
    barred: set[str] = set()
    unknown: list[str] = []
    for wish in wishes:
        phrase = re.sub(r"hi[- ]?hats?", "hihat", wish.lower())
        known = [WORDS[word] for word in map(_singular, re.findall(r"[a-z]+", phrase)) if word in WORDS]
        if "bass" in phrase and re.search(r"bass\s+(drum|clarinet)", phrase):
            known = [WORDS["kick"]] if "drum" in phrase else [WORDS["clarinet"]]
        barred.update(name for names in known for name in names)
        if not known and wish.strip():
            unknown.append(wish.strip())
    return Exclusions(frozenset(barred), tuple(unknown))


def _singular(word: str) -> str:
    if word in _PLAIN or not word.endswith("s"):
        return {"celli": "cello", "drumming": "drum", "percussive": "percussion"}.get(word, word)
    return word[:-1]
