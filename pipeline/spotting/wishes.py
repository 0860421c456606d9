"""What a client's words ask for: style, tempo, key, exclusions and mood, read out of free text.

Only what the words say is taken; a field that the client has set by an option stays. Words that nobody here knows do
no harm: they are kept in the brief and reach the prompt writers as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pipeline.cuesheet import Brief, Style

#: words that name a style; the first match in the text wins, longer ones are looked for first
STYLE_WORDS: dict[Style, tuple[str, ...]] = {
    "cinematic": (
        "cinematic",
        "orchestral",
        "orchestra",
        "film score",
        "filmic",
        "soundtrack",
        "symphonic",
        "classical",
    ),
    "ambient": ("ambient", "atmospheric", "drone", "meditation", "meditative", "spa", "soundscape", "new age"),
    "electronic": ("electronic", "electro", "edm", "synthwave", "synth", "techno", "house", "dance", "trance", "club"),
    "folk": ("folk", "acoustic", "country", "indie", "singer-songwriter", "campfire", "ukulele", "bluegrass", "celtic"),
    "lofi": ("lo-fi", "lofi", "lo fi", "chillhop", "chill hop", "hip hop", "hip-hop", "study beats", "jazzy", "chill"),
    "playful": ("playful", "quirky", "funny", "comedy", "comic", "cartoon", "silly", "cheeky", "whimsical", "kids"),
    "tense": ("tense", "suspense", "suspenseful", "thriller", "horror", "scary", "creepy", "dark ambient", "noir"),
    "epic": ("epic", "trailer", "heroic", "battle", "triumphant", "blockbuster", "action", "powerful", "war"),
}

#: mood words as (valence, arousal), after Russell's circumplex (1980), placed by ear
MOOD_WORDS: dict[str, tuple[float, float]] = {
    "happy": (0.75, 0.45), "joyful": (0.8, 0.55), "cheerful": (0.7, 0.45), "uplifting": (0.7, 0.4),
    "bright": (0.6, 0.3),
    "excited": (0.6, 0.8), "energetic": (0.45, 0.8), "triumphant": (0.6, 0.7), "heroic": (0.4, 0.65),
    "proud": (0.5, 0.4),
    "hopeful": (0.5, 0.15), "inspiring": (0.6, 0.35), "romantic": (0.5, -0.1), "tender": (0.45, -0.4),
    "warm": (0.5, -0.2),
    "calm": (0.35, -0.6), "peaceful": (0.45, -0.7), "relaxed": (0.45, -0.55), "serene": (0.45, -0.7),
    "dreamy": (0.3, -0.5),
    "nostalgic": (0.05, -0.35), "wistful": (-0.15, -0.35), "bittersweet": (-0.05, -0.25), "melancholic": (-0.5, -0.4),
    "melancholy": (-0.5, -0.4), "sad": (-0.65, -0.45), "lonely": (-0.55, -0.5), "mournful": (-0.75, -0.4),
    "sombre": (-0.5, -0.35),
    "dark": (-0.45, 0.1), "mysterious": (-0.2, 0.05), "eerie": (-0.5, 0.15), "tense": (-0.45, 0.5),
    "scary": (-0.7, 0.6),
    "anxious": (-0.5, 0.5), "ominous": (-0.6, 0.3), "angry": (-0.65, 0.8), "aggressive": (-0.5, 0.85),
    "furious": (-0.7, 0.9),
    "dramatic": (-0.15, 0.55), "epic": (0.15, 0.75), "playful": (0.6, 0.4), "funny": (0.6, 0.4), "quirky": (0.45, 0.3),
    "intense": (-0.1, 0.8), "powerful": (0.2, 0.75), "gentle": (0.35, -0.5), "soft": (0.3, -0.55),
    "magical": (0.45, 0.1),
    "adventurous": (0.45, 0.55), "confident": (0.4, 0.4), "cool": (0.3, 0.1), "groovy": (0.5, 0.45),
    "neutral": (0.0, -0.1),
}  # fmt: skip

#: what may be left out, and how people call it; the composer knows what each word covers
INSTRUMENT_WORDS = (
    "drums", "drum", "percussion", "beat", "beats", "kick", "snare", "hi-hat", "hi-hats", "hats", "cymbals", "cymbal",
    "taiko",
    "piano", "keys", "rhodes", "organ", "strings", "violin", "violins", "cello", "viola", "brass", "horns", "horn",
    "trumpet",
    "trombone", "choir", "voices", "vocals", "singing", "guitar", "guitars", "bass", "synth", "synths", "pads", "pad",
    "bells",
    "bell", "glockenspiel", "celesta", "flute", "flutes", "woodwinds", "winds", "oboe", "clarinet", "bassoon", "harp",
    "marimba",
    "vibraphone", "mallets", "melody", "timpani", "effects", "risers", "impacts", "ukulele",
)  # fmt: skip

TEMPO_WORDS: dict[str, float] = {
    "very slow": 58, "slow": 70, "slower": 74, "laid-back": 78, "mid-tempo": 96, "moderate": 96, "upbeat": 118,
    "fast": 132, "faster": 126, "quick": 128, "driving": 126, "very fast": 150,
}  # fmt: skip

INTENSITY_WORDS: dict[str, float] = {
    "subtle": 0.2, "minimal": 0.2, "quiet": 0.2, "background": 0.25, "understated": 0.25, "gentle": 0.3, "sparse": 0.3,
    "big": 0.8, "intense": 0.85, "huge": 0.95, "massive": 0.95, "powerful": 0.85, "loud": 0.85,
}  # fmt: skip

_NO = r"(?:no|without|minus|skip the|leave out|drop the|not any|don't want|do not want|exclude|excluding)"
_THING = "(?:" + "|".join(sorted(map(re.escape, INSTRUMENT_WORDS), key=len, reverse=True)) + ")"
_EXCLUDED = re.compile(
    rf"\b{_NO}\s+(?:any\s+|the\s+)?({_THING}(?:\s*(?:,|and|or|&|/|nor)\s*(?:no\s+|any\s+)?{_THING})*)\b"
)
_NEGATED = re.compile(
    r"\b(?:no|not|without|never|isn't|less|avoid)\s+(?:too\s+|so\s+|very\s+|anything\s+|being\s+)?([a-z-]+)"
)
_BPM = re.compile(r"\b(\d{2,3})(?:\.\d+)?\s*(?:bpm|beats per minute)\b")
_MODES = "(major|minor|maj|min|dorian|lydian|mixolydian|phrygian|aeolian)"
#: "D minor", "in d minor", but not "a minor detail"
_KEY = re.compile(rf"(?:\b([A-G])|\b(?:in|key of) ([a-g]))\s?(#|b|♯|♭|sharp|flat)?[\s-]?{_MODES}\b")


@dataclass(frozen=True)
class Wish:
    """A brief with its words understood, and the mood that they ask for."""

    brief: Brief
    mood: tuple[float, float] | None = None  #: (valence, arousal) asked for; None: read it from the picture
    mood_word: str = ""
    steady: bool = False  #: the client has set the tempo: stay within 3 % of it


def understand(brief: Brief) -> Wish:
    """Read the client's words; options that were set stay as they are."""
    text = f"{brief.mood}. {brief.wish}".lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    excluded = tuple(dict.fromkeys([*brief.exclude, *_excluded(text)]))
    said = _EXCLUDED.sub(" ", text)
    refused = {match.group(1) for match in _NEGATED.finditer(said)}
    mood_word, mood = _mood(said, refused)
    bpm = _BPM.search(said)
    tempo = brief.tempo or (_within(float(bpm.group(1))) if bpm else _first(TEMPO_WORDS, said, refused))
    intensity = brief.intensity
    if intensity == Brief.intensity:
        intensity = _first(INTENSITY_WORDS, said, refused) or intensity
    read = replace(
        brief,
        style=brief.style or _style(said, refused),
        exclude=excluded,
        tempo=tempo,
        key=brief.key or _key(f"{brief.mood}. {brief.wish}"),
        intensity=intensity,
    )
    return Wish(read, mood, mood_word, steady=brief.tempo is not None or bpm is not None)


def _within(bpm: float) -> float:
    return min(240.0, max(30.0, bpm))


def _excluded(text: str) -> list[str]:
    return [thing for match in _EXCLUDED.finditer(text) for thing in re.findall(rf"\b{_THING}\b", match.group(1))]


def _says(word: str, text: str) -> re.Match[str] | None:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)


def _first(words: dict[str, float], text: str, refused: set[str]) -> float | None:
    for word in sorted(words, key=len, reverse=True):
        if word not in refused and _says(word, text):
            return words[word]
    return None


def _style(text: str, refused: set[str]) -> Style | None:
    """The style whose word comes first in the text."""
    found: list[tuple[int, Style]] = []
    for style, words in STYLE_WORDS.items():
        for word in words:
            match = _says(word, text)
            if match and word.split()[0] not in refused:
                found.append((match.start(), style))
    return min(found)[1] if found else None


def _mood(text: str, refused: set[str]) -> tuple[str, tuple[float, float] | None]:
    """The mean of the mood words that are said and not refused, and the first of them."""
    said = sorted((m.start(), word) for word in MOOD_WORDS if word not in refused and (m := _says(word, text)))
    if not said:
        return "", None
    moods = [MOOD_WORDS[word] for _, word in said]
    return said[0][1], (sum(v for v, _ in moods) / len(moods), sum(a for _, a in moods) / len(moods))


def _key(text: str) -> str | None:
    match = _KEY.search(text)
    if not match:
        return None
    sign = {"#": "#", "♯": "#", "sharp": "#", "b": "b", "♭": "b", "flat": "b"}.get(match.group(3) or "", "")
    mode = {"maj": "major", "min": "minor", "aeolian": "minor"}.get(match.group(4), match.group(4))
    return f"{(match.group(1) or match.group(2)).upper()}{sign} {mode}"
