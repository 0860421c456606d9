"""Directions written by rules: what a cue shows and feels, put into a music prompt at the paper's three lengths.

Tsai and Chen, "Making Music for Videos": simple is the description as it is; brief holds about 30 words, long about 50;
for drama what is felt comes first. Tempo, key, meter, seconds and exclusions are fields of the cue; the prose names
them only as colour, since text-driven engines obey fields and hardly obey prose.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Literal

from pipeline.backends import Session, Vendors
from pipeline.cuesheet import Cue, CueSheet, Emotion, PromptLength, Style

Place = Literal["only", "opening", "build", "contrast", "climax", "resolution"]

BRIEF_WORDS = (26, 34)  # about 30
LONG_WORDS = (44, 56)  # about 50
MOOD_WORDS = 3  # that are told of a mood; a person may have typed more
WHOLE_CLAUSE = 10  # words of a caption's first clause that leave room for the music

#: what each style is played on, best first; the words tell which exclusions cover them
_PLAYERS: dict[Style, tuple[str, ...]] = {
    "cinematic": ("warm strings", "felt piano", "French horns", "harp", "woodwinds", "solo cello"),
    "ambient": ("slow synth pads", "distant bells", "soft piano", "bowed textures", "airy choir"),
    "electronic": ("analogue synths", "a pulsing synth bass", "punchy drums", "plucked arpeggios", "bright bells"),
    "folk": ("nylon guitar", "steel-string guitar", "upright bass", "light drums", "flute", "cello"),
    "lofi": ("mellow Rhodes keys", "dusty drums", "warm bass", "vibraphone", "soft nylon guitar"),
    "playful": ("pizzicato strings", "marimba", "clarinet", "bassoon", "glockenspiel bells", "light percussion"),
    "tense": ("tremolo strings", "low piano", "muted brass", "ticking percussion", "low woodwinds"),
    "epic": ("driving strings", "bold brass", "taiko drums", "choir", "timpani", "low piano"),
}

#: a word that a client may rule out, and the words in our own text that it covers
COVERS: dict[str, tuple[str, ...]] = {
    "drum": ("drums", "percussion", "taiko", "timpani", "shaker"),
    "percussion": ("drums", "percussion", "taiko", "timpani", "shaker", "marimba", "glockenspiel"),
    "beat": ("drums", "percussion"),
    "piano": ("piano",),
    "key": ("piano", "rhodes"),
    "string": ("strings", "cello", "pizzicato", "bowed"),
    "violin": ("strings", "pizzicato", "bowed"),
    "viola": ("strings", "pizzicato", "bowed"),
    "brass": ("brass", "horns"),
    "horn": ("horns", "brass"),
    "trumpet": ("brass",),
    "trombone": ("brass",),
    "choir": ("choir",),
    "voice": ("choir",),
    "vocal": ("choir",),
    "singing": ("choir",),
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
    (-0.45, ("slow and spacious", "very patient", "barely moving")),
    (-0.1, ("unhurried", "measured", "at walking pace")),
    (0.25, ("steadily moving", "flowing", "with a quiet pulse")),
    (0.6, ("lively", "propulsive", "with a clear pulse")),
    (2.0, ("urgent and driving", "relentless", "racing")),
)

_HARMONY = (
    (-0.45, ("dark minor harmony", "a low, shadowed minor", "bare minor chords")),
    (-0.1, ("minor-tinged harmony", "bittersweet harmony", "minor chords that never quite settle")),
    (0.25, ("open, modal harmony", "open fifths and suspensions", "harmony that stays open")),
    (0.6, ("warm major harmony", "bright, simple chords", "gently glowing major chords")),
    (2.0, ("radiant major harmony", "wide, sunlit major chords", "beaming major chords")),
)

#: what the cue does in the film: how its first sentence begins
_OPENINGS: dict[Place, tuple[str, ...]] = {
    "only": ("One arc for {seen}", "A complete miniature for {seen}", "The whole film in one cue, for {seen}"),
    "opening": ("Open the film on {seen}", "Begin with {seen}", "First impression: {seen}"),
    "build": ("Move the story on to {seen}", "Gather strength for {seen}", "Lean forward into {seen}"),
    "contrast": ("Turn the page to {seen}", "Change the air for {seen}", "Step into another world: {seen}"),
    "climax": ("Bring the film to its height on {seen}", "Let everything out for {seen}", "Full strength now: {seen}"),
    "resolution": ("Bring the film home on {seen}", "Close with {seen}", "Come to rest on {seen}"),
}

#: the same for drama: what is felt comes first, and is seen in what is shown
_FEELINGS: dict[Emotion, tuple[str, ...]] = {
    "happiness": ("Joy first, seen in {seen}", "Happiness lights up {seen}", "A lift of delight for {seen}"),
    "sadness": ("Sadness first, seen in {seen}", "A quiet ache lies over {seen}", "Grief, held back, for {seen}"),
    "disgust": ("Disgust first, seen in {seen}", "Something repels in {seen}", "A recoil from {seen}"),
    "anger": ("Anger first, seen in {seen}", "Fury presses behind {seen}", "Rage, barely held, for {seen}"),
    "fear": ("Fear first, seen in {seen}", "Dread creeps into {seen}", "Unease grows behind {seen}"),
    "surprise": ("Surprise first, seen in {seen}", "Wonder breaks in on {seen}", "A sudden astonishment at {seen}"),
    "neutrality": (
        "Composure first, seen in {seen}",
        "Calm and open-hearted, for {seen}",
        "A quiet heart behind {seen}",
    ),
}

_MUSIC: dict[Style, str] = {
    "cinematic": "orchestral film music", "ambient": "ambient music", "electronic": "electronic music",
    "folk": "acoustic folk music", "lofi": "lo-fi music", "playful": "playful chamber music", "tense": "suspense music",
    "epic": "epic film music",
}  # fmt: skip

_COLOURS = (
    "{mood} {music}, {pace}: {players} over {harmony}",
    "{players} carry {a_mood} {style} cue, {pace}, over {harmony}",
    "{mood} {music} for {players}, {pace}, over {harmony}",
)

_MOTIFS: dict[Place, tuple[str, ...]] = {
    "only": ("One short motif opens it and closes it", "A single motif holds it together"),
    "opening": ("State the motif plainly", "Leave the motif bare and memorable", "Introduce one short motif"),
    "build": ("The motif returns, varied", "Let the motif climb a little each time", "Grow the motif"),
    "contrast": ("Recolour the motif", "The motif hides in the accompaniment", "Turn the motif upside down"),
    "climax": ("The motif in full", "Give the motif to everybody at once", "The motif, broad and loud"),
    "resolution": ("The motif comes home", "Let the motif return as it first was", "Recall the motif"),
}

_ENDS: dict[Place, tuple[str, ...]] = {
    "only": ("The last chord rings out on the final frame", "End on the final frame and let it ring"),
    "resolution": ("The last chord rings out on the final frame", "End on the final frame and let it ring"),
    "climax": ("Hand over at full height", "End on an open chord", "Break off cleanly into the next scene"),
}
_HANDOVERS = ("Lead into the next cue without a stop", "End on an open chord", "Leave the door open at the end")

_ARCS = (
    (0.35, ("Keep it sparse and quiet throughout", "Never rise above half strength", "Let the silences speak")),
    (
        0.6,
        (
            "Grow gently, then fall back before the end",
            "Rise in one long breath and settle",
            "Add one layer at a time, then thin out",
        ),
    ),
    (
        2.0,
        (
            "Build in layers to a full climax two thirds through",
            "Start strong and keep climbing",
            "No rest until the end",
        ),
    ),
)

_TIES = (
    "Instrumental, with room between the phrases",
    "Purely instrumental",
    "Instrumental, and never crowding the picture",
    "Instrumental, every layer entering on a bar line and none covering another",
    "Instrumental",
    "",
)


class Rules:
    """Writes by rule; the same sheet gives the same words."""

    name = "rules"
    licence = "Written by Reelscore's own rules, free for any use."
    commercial = True

    def write(self, sheet: CueSheet, session: Session | None = None) -> CueSheet:
        """Return the sheet with a direction for every cue in all three lengths, the asked one as `prompt`."""
        places = find_places(sheet.cues)
        written = []
        for cue, place in zip(sheet.cues, places, strict=True):
            seed = sheet.seed if cue.seed is None else cue.seed
            openings = _FEELINGS[cue.emotion] if sheet.brief.drama else _OPENINGS[place]
            rng = random.Random(f"words {seed} {cue.number} {cue.seen}".encode("utf-8", "surrogatepass"))
            short = replace(cue, mood=" ".join(cue.mood.split()[:MOOD_WORDS]))
            prompts = _directions(short, place, _seen(short, sheet), openings, rng)
            written.append(replace(cue, prompts=prompts, prompt=prompts[sheet.brief.prompt_length]))
        return sheet.with_cues(tuple(written))


def load(variant: str = "", vendors: Vendors | None = None) -> Rules:
    """Rules have no variants and need no vendor."""
    del variant, vendors
    return Rules()


def find_places(cues: Sequence[Cue]) -> list[Place]:
    """Return what each cue does in the film, from how it is stirred and coloured beside its neighbours."""
    last = len(cues) - 1
    if last <= 0:
        return ["only"] * len(cues)
    highest = max(range(len(cues)), key=lambda i: cues[i].arousal)
    places: list[Place] = []
    for i, cue in enumerate(cues):
        before = cues[max(0, i - 1)]
        turned = abs(cue.valence - before.valence) > 0.4 or cue.arousal < before.arousal - 0.25
        middle: Place = "climax" if i == highest else "contrast" if turned else "build"
        places.append("opening" if i == 0 else "resolution" if i == last else middle)
    return places


def _directions(
    cue: Cue, place: Place, seen: Sequence[str], openings: Sequence[str], rng: random.Random
) -> dict[PromptLength, str]:
    simple = (cue.seen or f"a {cue.mood} moment").rstrip(".")
    players = _players(cue, rng)
    final = place in ("only", "resolution")
    patterns = rng.sample(_COLOURS, len(_COLOURS))
    openings = _shuffled(openings, rng)
    pace, harmony = rng.choice(_by(cue.arousal, _PACE)), rng.choice(_by(cue.valence, _HARMONY))
    ends = _shuffled(_ENDS.get(place, _HANDOVERS), rng)

    def sentences(opening: str, pattern: str, scenes: int, room: int, size: int) -> list[str]:
        colour = pattern.format(
            mood=cue.mood, a_mood=_a(cue.mood), style=_named(cue.style), music=_MUSIC[cue.style], pace=pace,
            players=_list(players[:size]), harmony=harmony,
        )  # fmt: skip
        if len(players) == 1:
            colour = colour.replace(" carry ", " carries ")
        return [
            opening.format(seen=", then ".join(_short(one, room) or f"{_a(cue.mood)} moment" for one in seen[:scenes])),
            colour,
        ]

    motifs, arcs, hits = _shuffled(_MOTIFS[place], rng), _shuffled(_by(cue.intensity, _ARCS), rng), _hits(cue)
    brief_ends = ends if final else [*ends, ""]
    brief = _fill(
        [sentences(opening, pattern, 1, 8, size) for size in (2, 1, 3) for opening in openings for pattern in patterns],
        [[caught, brief_ends, [*motifs, ""]] for caught in ([*hits, ""] if final else hits, [""])],
        BRIEF_WORDS,
    )
    long = _fill(
        [
            sentences(opening, pattern, scenes, room, size)
            for scenes, room in ((2, 9), (1, 15), (1, 8))
            for size in (4, 3, 2, 1)
            for opening in openings
            for pattern in patterns
        ],
        [[hits, arcs, [*motifs, ""], ends if final else [*ends, ""], _shuffled(_TIES, rng)]],
        LONG_WORDS,
    )
    return {"simple": simple, "brief": brief, "long": long}


def _seen(cue: Cue, sheet: CueSheet) -> list[str]:
    """What the cue's picture shows, in its order in time: one clause for a scene, longest captions' first."""
    shown = [clause for clause in cue.seen.rstrip(".").split("; then ") if clause]
    when = {scene.caption: scene.start for scene in sheet.scenes if scene.index in cue.scenes}
    shown.sort(key=lambda caption: when.get(caption, cue.end))
    told = {
        clause.split(",")[0].split(" in ", 1)[-1]: clause for clause in reversed(shown)
    }  # alike but for a word: once
    return [clause for clause in shown if clause in told.values()] or [f"{_a(cue.mood)} moment"]


def _fill(
    openings: Sequence[Sequence[str]], endings: Sequence[Sequence[Sequence[str]]], bounds: tuple[int, int]
) -> str:
    """Return the first choice of whole sentences whose words lie within the bounds, else the nearest to them.

    Each of `endings` lists, sentence by sentence, what may be said there; the first is tried with every opening.
    """
    low, high = bounds
    nearest, distance = "", 10**6
    for more, first in product(endings, openings):
        for rest in product(*more):
            text = " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in (*first, *rest) if sentence)
            words = len(text.split())
            off = max(low - words, words - high, 0)
            if off == 0:
                return text
            if off < distance:
                nearest, distance = text, off
    return nearest


def _shuffled(words: Sequence[str], rng: random.Random) -> list[str]:
    return rng.sample(list(words), len(words))


def _players(cue: Cue, rng: random.Random) -> list[str]:
    """Instruments of the style that the client has not ruled out; the leading two stay, the rest is shuffled."""
    out = ruled_out(cue.exclude)
    left = [player for player in _PLAYERS[cue.style] if not any(word in f" {player.lower()}" for word in out)]
    tail = left[2:]
    rng.shuffle(tail)
    return [*left[:2], *tail] or ["a single sustained tone colour"]


def ruled_out(exclude: Sequence[str]) -> list[str]:
    """Return the words that a direction must not hold where these wishes stand; some begin with a space."""
    bans = [_singular(word) for ban in exclude for word in re.findall(r"[a-z]+", ban.lower())]
    return [word for ban in bans for word in COVERS.get(ban, (ban,))]


def _singular(word: str) -> str:
    return word if word in ("bass", "brass", "rhodes") else word.removesuffix("s")


def _by(value: float, table: tuple[tuple[float, tuple[str, ...]], ...]) -> tuple[str, ...]:
    return next(words for limit, words in table if value < limit)


def _named(style: Style) -> str:
    return {"lofi": "lo-fi", "folk": "acoustic folk", "cinematic": "cinematic orchestral"}.get(style, style)


def _a(word: str) -> str:
    return f"{'an' if word[:1] in tuple('aeiou') else 'a'} {word}"


def _list(things: list[str]) -> str:
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"


def _short(caption: str, words: int) -> str:
    """Return as many whole clauses of a caption as the words allow, whole phrases where the first clause is too long.

    Empty where even the first phrase is too long; a first clause of up to WHOLE_CLAUSE words is never split.
    """
    clauses = re.split(r"(?<=[,;.!?])\s+", caption)
    if len(clauses[0].split()) > WHOLE_CLAUSE:
        clauses = re.split(r"\s+(?=(?:and|with|while|as|in|on|at|near|under|over|beside|behind)\s)", clauses[0])
    kept: list[str] = []
    for clause in clauses:
        if len(" ".join([*kept, clause]).split()) > (words if kept else WHOLE_CLAUSE):
            break
        kept.append(clause)
    return " ".join(kept).rstrip(",;.!? ")


def _hits(cue: Cue) -> list[str]:
    """Return ways to name the moments that the music must catch, in seconds from the cue's start."""
    inside = [hit for hit in cue.hits if hit.weight >= 0.5 and hit.time > cue.start + 0.05]
    heavy = sorted(sorted(inside, key=lambda hit: -hit.weight)[:2], key=lambda hit: hit.time)
    times = [f"{hit.time - cue.start:.1f}" for hit in heavy]
    if len(times) == 2:
        both = f"{times[0]} and {times[1]} seconds"
        return [f"Hits at {both}", f"Strike at {both}, on the picture"]
    if times:
        what = "jolt" if heavy[0].kind == "jolt" else "scene change"
        return [f"Hit the {what} at {times[0]} seconds", f"One clear accent on the {what} at {times[0]} seconds"]
    if len(cue.scenes) > 1:
        return ["Change chords on the cuts", "Let the cuts turn the harmony"]
    return ["Breathe with the picture", "No hard accents"]
