"""The story of a film's pictures: its mood, its worlds, how the day goes by, who comes again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.errors import Refused
from pipeline.imagery.cast import Cast, find_cast, find_place, stranger, wanted
from pipeline.imagery.days import Day, find_day
from pipeline.imagery.lexicon import TONGUES, Motif, find_motifs, find_tongues
from pipeline.imagery.looks import Look, find_look
from pipeline.imagery.prompts import clean
from pipeline.imagery.weathers import find_weathers
from pipeline.keys import read_key
from pipeline.orchestra.chance import dice
from pipeline.spotting.wishes import MOOD_WORDS
from pipeline.storyboard import Chart, Figure, Storyboard, Weather, World

CLAUSE_WORDS = 22  # of the wish in one prompt
MIDDLE_TEMPO, TEMPO_SPAN = 105.0, 60.0  # beats per minute that stir neither up nor down; so much more stirs fully
WISH, CHORUS, VERSE = 5.0, 2.0, 1.0  # what a mention counts
#: a film of so many seconds has so many worlds; longer ones have MOST_WORLDS
WORLDS_BY_LENGTH = ((45.0, 2), (75.0, 3), (150.0, 4))
MOST_WORLDS = 5

#: worlds that stand well beside each other, best first
_BESIDE: dict[World, tuple[World, ...]] = {
    "mountains": ("forest", "sea", "fields", "space"), "sea": ("mountains", "fields", "city", "underwater"),
    "forest": ("mountains", "fields", "underwater", "abstract"), "desert": ("mountains", "space", "street", "fields"),
    "fields": ("mountains", "forest", "sea", "street"), "city": ("street", "sea", "mountains", "space"),
    "street": ("city", "sea", "fields", "abstract"), "space": ("desert", "abstract", "mountains", "underwater"),
    "abstract": ("space", "underwater", "city", "sea"), "underwater": ("sea", "abstract", "space", "forest"),
}  # fmt: skip
#: (bright, stirred) music alone calls for these, the home world first
_BY_MOOD: dict[tuple[bool, bool], tuple[tuple[World, ...], ...]] = {
    (True, True): (("city", "fields", "sea"), ("fields", "mountains", "sea"), ("street", "city", "abstract")),
    (True, False): (("fields", "sea", "forest"), ("sea", "mountains", "fields"), ("forest", "fields", "underwater")),
    (False, True): (("city", "street", "abstract"), ("desert", "mountains", "space"), ("street", "city", "space")),
    (False, False): (("sea", "forest", "mountains"), ("mountains", "space", "sea"), ("street", "city", "sea")),
}
_DESERTED: tuple[World, ...] = ("abstract", "underwater")  # nobody stands there whom one would know again
STAYS_S = 100.0  # a shorter film stays at the one place that its wish names, but for the chorus


@dataclass(frozen=True)
class Story:
    """What holds for the whole film."""

    valence: float
    arousal: float
    worlds: tuple[World, ...]  #: of the verses, home first
    chorus_world: World  #: none of the others where there is more than one
    day: Day
    weathers: tuple[Weather, ...]  #: of each section
    cast: Cast
    place: str
    look: Look
    clauses: tuple[str, ...]  #: of the wish, in order
    tongues: tuple[str, ...]  #: that the lyrics are in
    seed: int  #: of this film: another song, wish or look chooses otherwise


def read_story(board: Storyboard) -> Story:
    """Read from lyrics, wish, look and music what the film is about; everything may be missing."""
    treatment, chart = board.treatment, board.chart
    seed = _seed(board)
    tongues = find_tongues(" ".join(line.text for line in board.lines))
    wish = clean(treatment.wish)
    wished = find_motifs(wanted(f"{wish} {treatment.look}"), find_tongues(wish))
    chorus, verses = _sung(board, tongues)
    valence, arousal = find_mood(chart, wish, [*wished, *chorus, *verses])
    steps = split_wish(wish)
    told = [find_motifs(wanted(step)) for step in steps] if len(steps) > 1 else []
    asked = find_cast(wish)
    worlds, chorus_world = _worlds(
        chart, _seating(wished, asked), chorus, verses, told, valence=valence, arousal=arousal, seed=seed
    )
    seen = find_motifs(wanted(wish), find_tongues(wish))  # a neon look is no wish for neon signs
    look = find_look(clean(treatment.look), wish, worlds[0], valence=valence, arousal=arousal, seed=seed)
    return Story(
        valence,
        arousal,
        worlds,
        chorus_world,
        find_day(seen, [*chorus, *verses], chorus, look, valence=valence, steps=bool(told), seed=seed),
        find_weathers(chart, seen, _by_section(board, tongues), valence=valence, arousal=arousal, seed=seed),
        asked or stranger(_figure(wished, chorus, verses, worlds[0]), seed=seed),
        find_place(wish, worlds[0], seed=seed),
        look,
        steps,
        tongues if board.lines else TONGUES,
        seed,
    )


def find_mood(chart: Chart, wish: str, motifs: Sequence[Motif]) -> tuple[float, float]:
    """Return valence and arousal, -1 to 1: of key and tempo, of what is sung, above all of what is wished."""
    valence, arousal = 0.0, 0.0 if chart.rhythmic else -0.3
    if chart.key:
        try:
            valence = -0.3 if read_key(chart.key).dark else 0.3
        except Refused:  # an edited board may say anything
            valence = 0.0
    if chart.tempo:
        arousal = max(-0.6, min(0.6, (chart.tempo - MIDDLE_TEMPO) / TEMPO_SPAN))
    if motifs:
        valence += sum(motif.mood[0] for motif in motifs) / len(motifs)
        arousal += 0.5 * sum(motif.mood[1] for motif in motifs) / len(motifs)
    moods = [MOOD_WORDS[word] for word in re.findall(r"[a-z]+", wish.lower()) if word in MOOD_WORDS]
    if moods:
        valence = 0.3 * valence + 0.7 * sum(mood[0] for mood in moods) / len(moods)
        arousal = 0.3 * arousal + 0.7 * sum(mood[1] for mood in moods) / len(moods)
    return max(-1.0, min(1.0, valence)), max(-1.0, min(1.0, arousal))


def split_wish(wish: str) -> tuple[str, ...]:
    """Return a wish as the steps of its story, each short enough for a prompt."""
    steps = re.split(r"[.;!?\n]+\s*|,?\s+(?:and )?(?:then|dann|luego|puis|ensuite)\s+|\s*->\s*|。", wish)
    steps = [re.sub(r"^(?:and )?(?:then|dann|luego|puis|ensuite)\b,?\s*", "", step, flags=re.I) for step in steps]
    short = (" ".join(step.split()[:CLAUSE_WORDS]).strip(" ,") for step in steps)
    return tuple(step[:200] for step in short if len(step) > 2)


def where(motifs: Sequence[Motif]) -> World | None:
    """Return where something plays: places tell it before those who are in them do."""
    placed = sorted((motif for motif in motifs if motif.worlds), key=lambda motif: motif.figure is not None)
    return placed[0].worlds[0] if placed else None


def _sung(board: Storyboard, tongues: tuple[str, ...]) -> tuple[list[Motif], list[Motif]]:
    """What the choruses and the other parts make one see."""
    texts = {True: [], False: []}  # type: dict[bool, list[str]]
    for line in board.lines:
        texts[board.chart.section_at((line.start + line.end) / 2).part == "chorus"].append(line.text)
    return find_motifs("\n".join(texts[True]), tongues), find_motifs("\n".join(texts[False]), tongues)


def _by_section(board: Storyboard, tongues: tuple[str, ...]) -> dict[int, list[Motif]]:
    """What each section that is sung makes one see, by its number."""
    texts: dict[int, list[str]] = {}
    for line in board.lines:
        section = board.chart.section_at((line.start + line.end) / 2)
        texts.setdefault(board.chart.sections.index(section), []).append(line.text)
    return {number: find_motifs("\n".join(said), tongues) for number, said in texts.items()}


def _seed(board: Storyboard) -> int:
    """Return the number that this film's choices are made by: two songs of one client are not twins."""
    treatment = board.treatment
    song = f"{board.title} {board.artist} {board.chart.duration:.1f}"
    return dice(treatment.seed, "film", song, treatment.wish, treatment.look).randrange(2**31)


def _worlds(
    chart: Chart,
    wished: Sequence[Motif],
    chorus: Sequence[Motif],
    verses: Sequence[Motif],
    told: Sequence[Sequence[Motif]],
    *,
    valence: float,
    arousal: float,
    seed: int,
) -> tuple[tuple[World, ...], World]:
    """Return the verses' worlds, home first, and the chorus's."""
    count = next((most for seconds, most in WORLDS_BY_LENGTH if chart.duration < seconds), MOST_WORLDS)
    asked = _tally((wished, WISH), (verses, VERSE), (chorus, VERSE))
    steps = list(dict.fromkeys(world for step in told if (world := where(step))))
    named = list(dict.fromkeys((*steps, *(world for world, _ in asked.most_common()))))
    if not told and not (verses or chorus) and any(motif.worlds for motif in wished):
        count = min(count, 2 if chart.duration < STAYS_S else 3)
    count = max(count, min(MOST_WORLDS, len(steps)))
    by_mood = dice(seed, "worlds").choice(_BY_MOOD[valence >= 0, arousal >= 0])
    home = named[0] if named else by_mood[0]
    # a wish stays where it plays: only what it names itself, or what stands well beside it, comes in
    others = [*named[1:], *_BESIDE[home]] if named else [*by_mood[1:], *_BESIDE[home]]
    others = [*steps[:0:-1], *others]  # where a story goes is what its chorus longs for
    sung = [world for world, _ in _tally((chorus, CHORUS)).most_common() if world != home]
    second = next(iter([*(world for world in sung if world in others[: count + 1]), *others]))
    rest = [world for world in dict.fromkeys((*steps, *others)) if world not in (home, second)]
    if not any(section.part == "chorus" for section in chart.sections):
        return (home, second, *rest[: count - 2]), second
    return (home, *rest[: count - 2]), second


def _seating(wished: Sequence[Motif], cast: Cast | None) -> list[Motif]:
    """The wish's images, and of their worlds those that have room for whom it wants to see."""
    if cast is None or cast.figure == "none":
        return [*wished]
    return [replace(m, worlds=tuple(w for w in m.worlds if w not in _DESERTED) or m.worlds) for m in wished]


def _tally(*mentions: tuple[Sequence[Motif], float]) -> Counter[World]:
    tally: Counter[World] = Counter()
    for motifs, worth in mentions:
        for rank, motif in enumerate(motifs[:12]):
            for place, world in enumerate(motif.worlds):
                tally[world] += worth / (1 + 0.3 * rank) / (1 + 2 * place)  # type: ignore[assignment]
    return tally


def _figure(wished: Sequence[Motif], chorus: Sequence[Motif], verses: Sequence[Motif], home: World) -> Figure:
    """Who or what comes again: what is wished or sung of most; else somebody walks, where one can."""
    said = next((motif.figure for motif in [*wished, *chorus[:5], *verses[:5]] if motif.figure), None)
    return said or ("none" if home in ("abstract", "underwater") else "walker")
