"""Directing by rules: every picture and every shot of a storyboard, from the story of its song.

Whatever else writes a storyboard starts from this one, so that nothing is ever missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from pipeline.imagery.camera import find_moves
from pipeline.imagery.cast import wanted
from pipeline.imagery.days import LONG_S
from pipeline.imagery.lexicon import Motif, find_motifs
from pipeline.imagery.looks import find_palette, named_hues
from pipeline.imagery.prompts import Subject, write_action, write_prompt
from pipeline.imagery.shades import find_shade
from pipeline.imagery.story import Story, read_story, where
from pipeline.orchestra.chance import dice
from pipeline.storyboard import (
    Chart,
    Figure,
    Framing,
    Hour,
    Part,
    Picture,
    Shot,
    Storyboard,
    StyleSheet,
    Treatment,
    Weather,
    World,
)

#: one after the other through the film; a chorus strikes harder
_FRAMINGS: dict[bool, tuple[Framing, ...]] = {
    False: ("wide", "medium", "close", "medium"),
    True: ("wide", "close", "medium", "wide", "medium", "close"),
}
#: where a figure can be at all; the rest are anywhere
_AT_HOME: dict[Figure, tuple[World, ...]] = {
    "boat": ("sea",),
    "car": ("street", "city", "desert", "fields", "mountains"),
    "train": ("fields", "city", "mountains", "desert", "street"),
    "house": ("fields", "mountains", "forest", "sea", "desert"),
    "tree": ("fields", "mountains", "forest", "desert"),
    "bird": ("mountains", "sea", "forest", "desert", "fields", "city", "street"),
    "balloon": ("mountains", "sea", "desert", "fields", "city", "street"),
    "walker": ("mountains", "sea", "forest", "desert", "fields", "city", "street", "space"),
    "dancer": ("mountains", "sea", "forest", "desert", "fields", "city", "street", "space", "abstract"),
    "couple": ("mountains", "sea", "forest", "desert", "fields", "city", "street", "space"),
}
_WITHOUT_WEATHER: tuple[World, ...] = ("space", "underwater", "abstract")
_PEOPLE = ("walker", "dancer", "couple")
STAY = 3  # pictures of a verse in one world before it goes on to the next
PEOPLED = 0.7  # of the pictures in which the cast could be seen, it is


@dataclass(frozen=True)
class _Spot:
    """Where a picture stands in the film."""

    name: str
    part: Part
    section: int  #: number of the section it first comes in
    nth: int  #: picture of that section, from 0
    kin: int  #: of the passages of its part that sound otherwise, which one; from 0
    progress: float  #: 0 the film's start, 1 its end
    daytime: float  #: the same as the day goes: short sections have one hour
    energy: float
    last: bool
    sung: tuple[Motif, ...]
    clause: str  #: the step of the wish's story that is told here
    told: tuple[Motif, ...]  #: what that step makes one see, where the wish has more than one


def write_by_rules(board: Storyboard) -> Storyboard:
    """Return the board with style sheet, pictures and camera written from lyrics, wish, look and music.

    The same board gives the same words; a picture that was drawn anew has only another seed.
    """
    story = read_story(board)
    seed = story.seed
    words = f"{board.treatment.look} {board.treatment.wish}"
    style = StyleSheet(
        look=story.look.words,
        cast=story.cast.words,
        place=story.place,
        figure=story.cast.figure,
        palette=find_palette(story.look, words, valence=story.valence, arousal=story.arousal, seed=seed),
    )
    one_hour = len({*story.day.hours, story.day.chorus, story.day.bridge}) == 1
    shade = partial(find_shade, style.palette, named=bool(named_hues(words)), one_hour=one_hour)
    pictures: list[Picture] = []
    for turn, spot in enumerate(_spots(board, story)):
        picture = _picture(spot, story, board.treatment, before=pictures[-1] if pictures else None)
        picture = replace(picture, palette=shade(spot.part, nth=spot.kin))
        subject = Subject(_things(spot, picture), spot.clause, story.cast.words, _place(spot, picture, story))
        pictures.append(replace(picture, prompt=write_prompt(picture, subject, style, seed=seed, turn=turn)))
    return with_camera(replace(board, style=style, pictures=tuple(pictures)))


def with_camera(board: Storyboard) -> Storyboard:
    """Return the board with a move, its strength and the action of every shot."""
    moves = find_moves(board)
    shown = {picture.name: (turn, picture) for turn, picture in enumerate(board.pictures)}
    shots = tuple(
        replace(shot, move=move, strength=strength, action=write_action(shown[shot.picture][1], move, turn=turn))
        for turn, (shot, (move, strength)) in enumerate(zip(board.shots, moves, strict=True))
    )
    return replace(board, shots=shots)


def seed_of(treatment: Treatment, name: str) -> int:
    """Return the number that a picture is drawn with; drawing it anew changes no other one's."""
    return dice(treatment.seed, "picture", name, treatment.redraws.get(name, 0)).randrange(2**31)


def _spots(board: Storyboard, story: Story) -> list[_Spot]:
    """Where each of the board's pictures first stands, in the order of the board."""
    chart, first, sung = board.chart, dict[str, Shot](), dict[str, list[str]]()
    for shot in board.shots:
        first.setdefault(shot.picture, shot)
        sung.setdefault(shot.picture, []).append(shot.lyrics)
    count: dict[int, int] = {}
    kin = _kin(chart)
    spots = []
    for picture in board.pictures:
        shot = first.get(picture.name, board.shots[0])
        at = _section(chart, shot)
        motifs = find_motifs("\n".join(sung.get(picture.name, ())), story.tongues)
        clause = _clause(chart.sections[at].part, shot.start / chart.duration, story)
        told = find_motifs(wanted(clause)) if len(story.clauses) > 1 else []
        spots.append(
            _Spot(
                picture.name, chart.sections[at].part, at, count.get(at, 0), kin[at], shot.start / chart.duration,
                _daytime(chart, shot, at),
                (chart.energy_at(shot.start) + chart.sections[at].energy) / 2,
                last=board.shots[-1].picture == picture.name, sung=tuple(motifs), clause=clause,
                told=tuple(told),
            )
        )  # fmt: skip
        count[at] = count.get(at, 0) + 1
    return spots


def _kin(chart: Chart) -> list[int]:
    """Return for each section which of its part it is, as far as they sound otherwise."""
    known: dict[Part, list[int]] = {}
    for section in chart.sections:
        of = known.setdefault(section.part, [])
        if section.like not in of:
            of.append(section.like)
    return [known[section.part].index(section.like) for section in chart.sections]


def _daytime(chart: Chart, shot: Shot, at: int) -> float:
    """Return how far the film's day has come, 0-1: choruses and bridges stand outside of it, short sections still."""
    section = chart.sections[at]
    now = shot.start if section.length > LONG_S else (section.start + section.end) / 2
    outside = ("chorus", "bridge")
    days = [s for s in chart.sections if s.part not in outside] or [*chart.sections]
    gone = sum(max(0.0, min(now, s.end) - s.start) for s in days)
    return min(gone / sum(s.length for s in days), 0.999)


def _section(chart: Chart, shot: Shot) -> int:
    return chart.sections.index(chart.section_at((shot.start + shot.end) / 2))


def _picture(spot: _Spot, story: Story, treatment: Treatment, *, before: Picture | None) -> Picture:
    world = _world(spot, story)
    framing = _framing(spot, before)
    own = spot.sung[:4]
    valence = story.valence + 0.4 * _mean([motif.mood[0] for motif in own])
    arousal = 0.5 * story.arousal + 1.2 * (spot.energy - 0.5) + 0.2 * _mean([motif.mood[1] for motif in own])
    return Picture(
        name=spot.name,
        prompt="",
        world=world,
        hour=_hour(spot, story),
        weather=_weather(spot, story, world),
        figure=_figure(spot, story, treatment, world, framing),
        framing=framing,
        valence=round(max(-1.0, min(1.0, valence)), 3),
        arousal=round(max(-1.0, min(1.0, arousal)), 3),
        seed=seed_of(treatment, spot.name),
    )


def _world(spot: _Spot, story: Story) -> World:
    """The chorus has its own; elsewhere what is sung decides, then the part: home at both ends, away in between."""
    if spot.part == "chorus":
        return story.chorus_world
    step = where(spot.told)
    if step not in (*story.worlds, story.chorus_world):
        step = None
    said = step or next((w for motif in spot.sung for w in motif.worlds[:1] if w in story.worlds), None)
    if said:
        return said
    if spot.part in ("intro", "outro") or spot.last or len(story.worlds) == 1:
        return story.worlds[0]
    if spot.part == "bridge":
        return story.worlds[-1]
    ways = story.worlds[:-1] if len(story.worlds) > 2 else story.worlds
    return ways[(spot.kin + (spot.part == "instrumental") + spot.nth // STAY) % len(ways)]


def _framing(spot: _Spot, before: Picture | None) -> Framing:
    if spot.last or spot.progress == 0.0:
        return "wide"
    chorus = spot.part == "chorus"
    cycle = _FRAMINGS[chorus]
    turn = spot.nth if chorus else spot.section + spot.nth
    framing = cycle[turn % len(cycle)]
    return cycle[(turn + 1) % len(cycle)] if before and before.framing == framing else framing


def _hour(spot: _Spot, story: Story) -> Hour:
    told = next((motif.hour for motif in spot.told if motif.hour), None)
    if told:
        return told
    if spot.part in ("chorus", "bridge"):
        return story.day.chorus if spot.part == "chorus" else story.day.bridge
    return story.day.hours[-1] if spot.last else story.day.at(spot.daytime)


def _weather(spot: _Spot, story: Story, world: World) -> Weather:
    if world in _WITHOUT_WEATHER:
        return "clear"
    told = next((motif.weather for motif in spot.told if motif.weather), None)
    return told or story.weathers[spot.section]


def _figure(spot: _Spot, story: Story, treatment: Treatment, world: World, framing: Framing) -> Figure:
    """The cast, as often as it fits; what is sung of where that is a thing that can be there."""
    nobody = story.cast.figure == "none" and not story.cast.words
    for motif in (*spot.told, *spot.sung[:4]):
        other = motif.figure
        if other and world in _AT_HOME.get(other, ()) and not (other in _PEOPLE and other != story.cast.figure):
            return "none" if nobody and other in _PEOPLE else other
    if world not in _AT_HOME.get(story.cast.figure, ()) or (framing == "close" and story.cast.figure not in _PEOPLE):
        return "none"
    seen = dice(treatment.seed, "peopled", spot.name).random() < PEOPLED
    return story.cast.figure if seen or framing == "medium" else "none"


def _things(spot: _Spot, picture: Picture) -> tuple[str, ...]:
    """The images of what is sung here; the hour and the weather are said elsewhere, and so is the figure."""
    seen = [motif for motif in spot.sung if not motif.worlds or picture.world in motif.worlds]
    told = (motif for motif in seen if motif.hour in (None, picture.hour))
    return tuple(
        motif.thing
        for motif in told
        if motif.thing and motif.weather != picture.weather and not (motif.figure and motif.figure == picture.figure)
    )[:2]


def _clause(part: Part, progress: float, story: Story) -> str:
    """The step of the wish's story that is told so far into the film; a chorus tells the one of its own world."""
    if not story.clauses:
        return ""
    if part == "chorus":
        for clause in story.clauses:
            if any(story.chorus_world in motif.worlds[:1] for motif in find_motifs(wanted(clause))):
                return clause
    return story.clauses[min(len(story.clauses) - 1, int(progress * len(story.clauses)))]


def _place(spot: _Spot, picture: Picture, story: Story) -> str:
    """The film's place, where a picture shows it from afar and the wish does not say it there anyway."""
    seen = picture.framing == "wide" and picture.world == story.worlds[0] and story.place not in spot.clause
    return story.place if seen else ""


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
