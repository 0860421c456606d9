"""Who and where, as the client's wish says it: the recurring character and the place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.breakdown.passages import plain
from pipeline.orchestra.chance import dice
from pipeline.storyboard import Figure, World

_WALKERS = (
    "woman man girl boy child kid person stranger lady guy mother father grandmother grandfather sailor fisherman "
    "fisherwoman keeper astronaut robot knight wizard witch king queen princess prince soldier cowboy detective nurse "
    "singer guitarist musician skater surfer cyclist hiker traveller traveler wanderer monk samurai angel ghost clown"
)
_DANCERS = "dancer ballerina"
_COUPLES = "couple lovers friends sisters brothers twins family"
_BEASTS = "fox wolf dog cat horse deer whale lion tiger bear rabbit"
_NOUNS = {
    **dict.fromkeys(_WALKERS.split(), "walker"),
    **dict.fromkeys(_DANCERS.split(), "dancer"),
    **dict.fromkeys(_COUPLES.split(), "couple"),
    **dict.fromkeys(_BEASTS.split(), "none"),  # said in prompts; the embedded illustrator draws no beasts
}
#: of other languages, and how prompts say them
_ABROAD = {
    "madchen": "a young girl", "frau": "a young woman", "mann": "a man", "junge": "a young boy", "kind": "a child",
    "tanzerin": "a dancer", "paar": "a couple", "nina": "a young girl", "nino": "a young boy", "mujer": "a young woman",
    "hombre": "a man", "bailarina": "a dancer", "pareja": "a couple", "fille": "a young girl", "garcon": "a young boy",
    "femme": "a young woman", "homme": "a man", "danseuse": "a dancer", "couple": "a couple",
}  # fmt: skip
_WHO = re.compile(
    rf"\b(?:an?|the|one|two|my|our)\s+(?:[a-z'-]+\s+){{0,3}}?({'|'.join(_NOUNS)})\b"
    r"(?:,?\s+(?:in|with|wearing)\s+(?:an?\s+|the\s+|his\s+|her\s+|their\s+)?(?:[a-z-]+\s+){0,2}"
    r"(?:coat|jacket|dress|hat|hair|suit|umbrella|scarf|cape|hood|hoodie|eyes|beard|ponytail|mask|guitar|lantern|helmet"
    r"|backpack|cloak|boots|shirt|gown|veil|wings|crown|sweater|raincoat|glasses|braids?))?",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r"\b(?:in|through|across|at|near|around|on the streets of)\s+((?:(?:the|an?)\s+)?(?:[\w'-]+\s+){0,3}?(?:"
    r"harbou?r town|town|city|village|harbou?r|island|forest"
    r"|desert|valley|castle|factory|station|hotel|school|beach|coast|mountains?"
    r"|[A-Z][\w'-]{2,}(?:\s[A-Z][\w'-]+)?))\b"
)
_NOBODY = re.compile(
    r"\b(?:no|without(?: any)?|keine?n?|ohne|sin|sans|pas de)\s+"
    r"(?:people|persons?|humans?|faces?|characters?|menschen|personen|gente|personas|personnes|gens)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"\b(?:no|not|without(?: any)?|never|keine?n?|ohne|sin|sans|pas de)\s+([^\W\d_]+)", re.IGNORECASE)

#: who is seen where nobody was asked for
_STRANGERS: dict[Figure, tuple[str, ...]] = {
    "walker": ("a young woman in a long red coat", "a young man in a yellow raincoat",
               "a woman with short silver hair and a dark scarf", "a bearded traveller with a worn leather bag",
               "a teenager in an oversized blue jacket"),
    "dancer": ("a dancer in a flowing white dress", "a dancer in a loose crimson shirt",
               "a barefoot dancer in midnight blue"),
    "couple": ("a young couple in matching denim jackets", "two lovers in summer clothes",
               "an elderly couple in long coats"),
}  # fmt: skip
PLACES: dict[World, tuple[str, ...]] = {
    "mountains": ("a remote northern highland", "a high alpine valley"),
    "sea": ("a small harbour town on a northern coast", "a windswept southern bay"),
    "forest": ("an ancient forest nobody has mapped", "a quiet northern woodland"),
    "desert": ("a sun-bleached desert borderland", "a red canyon country"),
    "fields": ("a wide farming country at harvest", "a green land of hedges and hills"),
    "city": ("a glittering metropolis by a river", "a restless city of towers"),
    "street": ("an old quarter of narrow lanes", "a sleepless downtown"),
    "space": ("the far side of a silent moon", "a system of ringed worlds"),
    "abstract": ("a boundless space of colour and light", "an inner landscape without horizon"),
    "underwater": ("a sunken blue world", "a reef beyond the last light"),
}


@dataclass(frozen=True)
class Cast:
    figure: Figure
    words: str  #: as prompts say it; empty: nobody


def find_cast(wish: str) -> Cast | None:
    """Return whom the client wishes to see; nobody where people are ruled out; None where nothing is said."""
    if _NOBODY.search(wish):
        return Cast("none", "")
    if match := _WHO.search(wish):
        noun = match[1].lower()
        figure: Figure = next(f for f in ("walker", "dancer", "couple", "none") if f == _NOUNS[noun])
        return Cast(figure, _anyone(match[0].strip()))
    said = next((_ABROAD[word] for word in plain(wish).split() if word in _ABROAD), None)
    if said is None:
        return None
    return Cast("dancer" if "dancer" in said else "couple" if "couple" in said else "walker", said)


def _anyone(words: str) -> str:
    """Say "a" where the wish says "the" or "my": a prompt knows nobody."""
    bare = re.sub(r"^(?:an?|the|my|our|one)\s+", "", words, flags=re.IGNORECASE)
    return words if bare == words else f"{'an' if bare[:1].lower() in 'aeiou' else 'a'} {bare}"


def stranger(figure: Figure, *, seed: int) -> Cast:
    """Return somebody for a film that nobody was asked for; things have no words of their own."""
    people = _STRANGERS.get(figure)
    return Cast(figure, dice(seed, "cast").choice(people) if people else "")


def find_place(wish: str, home: World, *, seed: int) -> str:
    """Return where the wish plays, else a place of the home world."""
    match = _WHERE.search(wish)
    return match[1] if match else dice(seed, "place").choice(PLACES[home])


def wanted(wish: str) -> str:
    """Return the wish without what it rules out."""
    return _NEGATED.sub(" ", wish)
