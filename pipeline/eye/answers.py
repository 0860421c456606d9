"""What a model says, made fit to be shown and passed on: plain words, few of them, and known ones where they match.

Nothing that a model says is trusted. A picture may have writing in it, and a model reads it out.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from pipeline.cuesheet import EMOTIONS, Emotion, Reading
from pipeline.spotting.wishes import MOOD_WORDS

CAPTION_WORDS = 20  # of a model's caption; BLIP-2 says 6 to 14, vision models anything
MOOD_WORDS_MOST, PLACE_WORDS, TIME_WORDS, MOVING_WORDS, TAG_WORDS = 2, 5, 3, 6, 4
MOST_TAGS = 8
LETTERS_A_WORD = 12  # characters that each allowed word is worth: "one word" of a thousand letters is none

READ = 200  # characters of an answer beyond what may come of it, for opening phrases and markup

_MARKUP = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"\S*(?:://|www\.|@)\S*", re.IGNORECASE)
_PLAIN = frozenset(",.;!?'-")
_REPEATED = re.compile(r"\b((?:[^\W_]+[ ,]+){0,3}?[^\W_]+)(?:[ ,]+\1\b)+", re.IGNORECASE)
_STUCK = re.compile(r"(.{1,3})\1{3}")  # a model that has caught on a syllable
_LOOSE = re.compile(r"(?:[ ,.;!?'-]+(?:and|or|of|the|a|an|with|in|on|at|to|by|for|is|are))*[ ,.;'-]*$", re.IGNORECASE)
#: with what captioners begin whatever they see
_OPENING = re.compile(
    r"^(?:(?:this|the|an?)\s+)?(?:photo(?:graph)?|picture|image|frame|still|screenshot|scene|video)\s+"
    r"(?:of|shows|showing|depicts|features)\s+",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"^(?:(?:it|this|that|there|they)\s+(?:is|are)\s+)?(?:(?:in|on|at)\s+)?(?:the|an?)?\s*\b", re.I)
_CAPITAL = re.compile(r"^(?:An?|The|Two|Three|Several|Some|Many|People|Person|Man|Woman)\b")

#: answers that say that there is none
_NONE = frozenset(
    (
        "yes", "no", "none", "nothing", "unknown", "unanswerable", "unclear", "unsure", "question", "answer", "n a",
        "na", "not", "nowhere", "neither", "no one", "not sure", "i don't know", "don't know", "not visible",
        "no answer", "short answer", "nothing moves",
    )
)  # fmt: skip

#: how people call moods that the composer knows by another name
_MOODS = {
    "happiness": "happy", "joy": "joyful", "cheery": "cheerful", "sadness": "sad", "sorrowful": "mournful",
    "gloomy": "sombre", "somber": "sombre", "depressing": "melancholic", "tranquil": "serene", "quiet": "calm",
    "relaxing": "relaxed", "peace": "peaceful", "romance": "romantic", "love": "romantic", "scared": "scary",
    "fear": "scary", "frightening": "scary", "spooky": "eerie", "creepy": "eerie", "anger": "angry", "fun": "playful",
    "exciting": "excited", "lively": "energetic", "majestic": "epic", "suspense": "tense", "suspenseful": "tense",
    "mystery": "mysterious", "solemn": "sombre", "bored": "neutral", "boring": "neutral", "normal": "neutral",
    "melancholia": "melancholic", "loneliness": "lonely", "festive": "joyful", "adventure": "adventurous",
}  # fmt: skip

#: times of day as the sheet names them, and how people call them; the first that is found counts
_TIMES = {
    "dawn": ("dawn", "sunrise", "daybreak"),
    "dusk": ("dusk", "sunset", "twilight", "sundown"),
    "night": ("night", "midnight", "nighttime"),
    "evening": ("evening",),
    "morning": ("morning",),
    "afternoon": ("afternoon",),
    "midday": ("noon", "midday"),
    "day": ("day", "daytime", "daylight"),
}


def clean(reading: Reading) -> Reading:
    """Return the reading with every field plain and bounded; what says nothing is empty."""
    tags = dict.fromkeys(plain(tag, TAG_WORDS).lower() for tag in reading.tags[: 4 * MOST_TAGS])
    return replace(
        reading,
        caption=read_caption(reading.caption),
        mood=read_mood(reading.mood),
        place=read_thing(reading.place, PLACE_WORDS),
        time_of_day=read_time(reading.time_of_day),
        moving=read_thing(reading.moving, MOVING_WORDS),
        tags=tuple(tag for tag in tags if tag)[:MOST_TAGS],
        emotions=read_emotions(reading.emotions),
    )


def plain(text: str, most: int) -> str:
    """Return at most that many words of a text: letters, digits and plain punctuation, no markup, no address."""
    text = unicodedata.normalize("NFKC", text[: READ + 4 * LETTERS_A_WORD * most])
    text = "".join(" " if sign.isspace() else sign for sign in text if sign.isspace() or not _hidden(sign))
    text = _ADDRESS.sub(" ", _MARKUP.sub(" ", text))
    words = "".join(sign if _is_plain(sign) else " " for sign in text).split()
    words = [word for word in words if any(map(str.isalnum, word)) and not _STUCK.search(word)]
    said = _REPEATED.sub(r"\1", " ".join(words))
    kept = said.split()[:most]
    while kept and len(" ".join(kept)) > LETTERS_A_WORD * most:
        kept.pop()
    return _LOOSE.sub("", " ".join(kept)).strip(" ,.;'-")


def _hidden(sign: str) -> bool:
    """Whether a sign takes no place on a page: controls, zero-width ones, private ones."""
    return unicodedata.category(sign)[0] == "C"


def _is_plain(sign: str) -> bool:
    return (sign.isascii() and sign.isalnum()) or sign in _PLAIN or unicodedata.category(sign)[0] in "LMN"


def read_caption(text: str) -> str:
    """Return a caption as the sheet's others are: no opening phrase, no full stop, no capital that a name has not."""
    said = _OPENING.sub("", plain(text, CAPTION_WORDS))
    return _CAPITAL.sub(lambda found: found.group().lower(), said)


def read_mood(text: str) -> str:
    """Return the first mood in an answer that the composer knows, else the answer itself, in a word or two."""
    said = _said(text, MOOD_WORDS_MOST)
    words = re.findall(r"[^\W\d_]+", plain(text, 12).lower())
    known = (_MOODS.get(word, word) for word in words)
    return next((word for word in known if word in MOOD_WORDS), said)


def read_time(text: str) -> str:
    """Return the time of day that an answer names; empty where it names none, as in "indoors" or "3 o'clock"."""
    words = set(re.findall(r"[^\W\d_]+", plain(text, 12).lower()))
    return next((time for time, names in _TIMES.items() if words & set(names)), "")


def read_thing(text: str, most: int) -> str:
    """Return the place or thing that an answer names, without article."""
    return _said(text, most)


def _said(text: str, most: int) -> str:
    said = _ARTICLE.sub("", plain(text, most + 3).lower(), count=1)
    return "" if said in _NONE else plain(said, most)


def read_emotions(shares: Mapping[Emotion, float]) -> dict[Emotion, float]:
    """Return shares of the seven emotions whose sum is one; empty where nothing was said of any."""
    known = {emotion: float(shares.get(emotion, 0.0)) for emotion in EMOTIONS}
    known = {emotion: max(0.0, share) if math.isfinite(share) else 0.0 for emotion, share in known.items()}
    total = sum(known.values())
    if not (math.isfinite(total) and total > 1e-6):
        return {}
    return {emotion: round(share / total, 4) for emotion, share in known.items()}
