"""The form of a score: sections between cuts, their energy, where the film culminates, when the last chord falls."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.cuesheet import Cue, CueSheet, HitPoint
from pipeline.keys import Key, key_with, read_key
from pipeline.orchestra.chance import dice
from pipeline.orchestra.clock import Clock, wind
from pipeline.orchestra.ending import place_last_chord
from pipeline.orchestra.exclusions import Exclusions, read_exclusions
from pipeline.orchestra.motif import Motif, invent
from pipeline.orchestra.styles import PALETTES, Palette

ON_BAR_S = 0.045  # seconds: a cut this near a bar line is that bar line's
CLIMAX_SHARE = 0.68  # of the film, where no cut claims the climax; the golden section is close by
PERIOD_BARS = 8  # a stretch without cuts is parted into periods of this many bars
BREATH_WEIGHT = 0.85  # from here on a hit is prepared by silence
BREATH_APART_S = 15.0  # at most one breath in this time, or it becomes a mannerism
FAST_BEAT_S = 0.55  # a breath is a whole beat where beats are shorter than this, half a one else
LONG_CUE_S = 45.0  # a longer cue needs more than one tune in one key: its B sections go elsewhere, with another lead
#: added to the energy of the periods of a long cue in turn: statement, build, a B section that steps back, return
TERRACES = (0.0, 0.08, -0.2, 0.04)
HUSHED = 0.26  # energy: what steps back does not fall under this, or its tune would stop
LEAST = 0.08  # energy: somebody always plays
CLIMAX_NEEDS_S = 12.0  # a shorter film has no room for an arc with a climax
HELD_BACK = 0.13  # energy that an opening is denied: drums and second voices come in on a cut
PEAK = 0.18  # energy on top where the film culminates, whatever the mood there
OPENING_S = 5.0  # sections whose middle lies before this are held back, so that there is somewhere to go
SWELL_WEIGHT = 0.6  # from here on by a swell and a crash


@dataclass(frozen=True)
class Section:
    """A stretch of music between two anchored cuts, or a period inside a long one. Beats count from the cue's start."""

    start: float
    beats: float
    key: Key  #: the cue's own, but for the B sections of a long cue
    weight: float  #: of the hit that opens it; 0 when no cut does
    energy: float  #: 0 one hushed player, 1 everybody
    number: int  #: counted through the whole score
    contrast: bool = False  #: the B section
    stagger: bool = False  #: players come in one after another
    handed_over: bool = False  #: the B section of a long cue: another lead, another key, the figure rests
    thin_beats: float = 0.0  #: of the section's end that empty, so that what follows strikes
    climax: bool = False
    motion: float = 0.5  #: 0 the stillest picture of the clip, 1 the most moving
    light: float = 0.5  #: 0 the darkest picture of the clip, 1 the brightest

    @property
    def end(self) -> float:
        return self.start + self.beats

    def thins(self, beat: float) -> bool:
        """Say whether a beat lies where the section empties."""
        return beat >= self.end - self.thin_beats - 1e-6


@dataclass(frozen=True)
class Plan:
    """Everything that the players of one cue must agree on."""

    cue: Cue
    seed: int
    key: Key
    palette: Palette
    motif: Motif
    clock: Clock
    bars: tuple[tuple[float, float], ...]  #: (first beat, beats) of each bar
    sections: tuple[Section, ...]
    accents: tuple[tuple[float, HitPoint], ...]  #: hits inside bars, with their beat
    hits: tuple[tuple[float, HitPoint], ...]  #: all hits, with their beat
    breaths: tuple[tuple[float, float], ...]  #: (from beat, to beat) of silence before a great hit
    swells: tuple[float, ...]  #: beats on which a swell peaks; the cue's end where the next cue opens with a great hit
    out: Exclusions
    next_key: Key | None
    next_weight: float
    prepared: bool  #: the cue before has led into this one
    final: bool
    end_beat: float  #: the last chord's beat; the cue's end when another cue follows

    @property
    def beats(self) -> float:
        """Length of the cue in quarter notes."""
        return self.bars[-1][0] + self.bars[-1][1]

    @property
    def gate(self) -> float:
        """Share of its written length that a note sounds; detached when excited."""
        return min(1.05, max(0.3, 0.85 - 0.25 * self.cue.arousal + self.palette.gate))

    def bar_of(self, beat: float) -> tuple[int, float, float]:
        """Return (number, first beat, beats) of the bar in which a beat lies."""
        for number, (start, beats) in enumerate(self.bars):
            if beat < start + beats - 1e-6:
                return number, start, beats
        return len(self.bars) - 1, *self.bars[-1]

    def section_of(self, beat: float) -> Section | None:
        for section in self.sections:
            if section.start - 1e-6 <= beat < section.end - 1e-6:
                return section
        return None


def lay_out(sheet: CueSheet) -> tuple[Plan, ...]:
    """Return the plan of every cue; the motif is the sheet's, so that a cue taken again stays in its score."""
    motif = invent(sheet.seed)
    climax = climax_time(sheet)
    last_breath = -BREATH_APART_S
    counted = 0
    plans: list[Plan] = []
    for cue, after in zip(sheet.cues, (*sheet.cues[1:], None), strict=True):
        plan = _plan(sheet, cue, after, motif, climax, counted)
        breaths, last_breath = _breaths(plan, last_breath)
        plans.append(replace(plan, breaths=breaths))
        counted += len(plan.sections)
    return tuple(plans)


def _plan(sheet: CueSheet, cue: Cue, after: Cue | None, motif: Motif, climax: float, counted: int) -> Plan:
    """Plan one cue, but for its breaths; `counted` sections have gone before."""
    clock = wind(cue.bars, cue.end)
    bars = tuple((clock.beats[i], clock.beats[i + 1] - clock.beats[i]) for i in range(len(cue.bars)))
    hits = tuple((_snap(clock, bars, hit.time), hit) for hit in sorted(cue.hits, key=lambda h: h.time))
    palette, end_beat, opening = PALETTES[cue.style], clock.beats[-1], _opening_weight(after)
    if after is None:
        end_beat, clock = place_last_chord(palette, clock, bars, hits, sheet.duration)
    return Plan(
        cue=cue,
        seed=sheet.seed if cue.seed is None else cue.seed,
        key=read_key(cue.key),
        palette=palette,
        motif=motif,
        clock=clock,
        bars=bars,
        sections=_sections(sheet, cue, bars, hits, clock, climax, end_beat, counted),
        accents=tuple((beat, hit) for beat, hit in hits if not _on_bar(bars, beat)),
        hits=hits,
        breaths=(),
        swells=_swells(hits, opening, bars[-1][0] + bars[-1][1]),
        out=read_exclusions((*sheet.brief.exclude, *cue.exclude)),
        next_key=read_key(after.key) if after else None,
        next_weight=opening,
        prepared=cue.start > 0,
        final=after is None,
        end_beat=end_beat,
    )


def _swells(hits: Sequence[tuple[float, HitPoint]], opening: float, total: float) -> tuple[float, ...]:
    """Return the beats on which swells peak: heavy hits, and the cue's end where the next cue opens with one."""
    peaks = [beat for beat, hit in hits if hit.weight >= SWELL_WEIGHT and beat > 1.5 and hit.kind != "jolt"]
    return (*peaks, total) if opening >= SWELL_WEIGHT and total > 2 else tuple(peaks)


def climax_time(sheet: CueSheet) -> float:
    """Return the second at which the film culminates: its heaviest cut past the middle, or about two thirds in."""
    low, high = 0.4 * sheet.duration, 0.85 * sheet.duration
    heavy = [hit for cue in sheet.cues for hit in cue.hits if low <= hit.time <= high and hit.weight >= SWELL_WEIGHT]
    goal = CLIMAX_SHARE * sheet.duration
    if heavy:
        return max(heavy, key=lambda hit: (round(hit.weight, 2), -abs(hit.time - goal))).time
    cuts = [hit.time for cue in sheet.cues for hit in cue.hits if low <= hit.time <= high]
    return min(cuts, key=lambda time: abs(time - goal)) if cuts else goal


def _opening_weight(cue: Cue | None) -> float:
    if cue is None:
        return 0.0
    weights = [hit.weight for hit in cue.hits if abs(hit.time - cue.start) <= ON_BAR_S]
    return max(weights, default=0.0)


def _on_bar(bars: Sequence[tuple[float, float]], beat: float) -> bool:
    return any(abs(start - beat) < 1e-6 for start, _ in bars)


def _snap(clock: Clock, bars: Sequence[tuple[float, float]], time: float) -> float:
    """Return the beat of a hit, exactly a bar line where it is meant for one."""
    beat = clock.beat(time)
    near = min((start for start, _ in bars), key=lambda start: abs(start - beat))
    return near if abs(clock.time(near) - time) <= ON_BAR_S else beat


def _breaths(plan: Plan, last: float) -> tuple[tuple[tuple[float, float], ...], float]:
    """Return the silences before great hits, half a beat to a beat long, and the second of the last one."""
    breaths: list[tuple[float, float]] = []
    end = plan.end_beat if plan.final else math.inf
    for beat, hit in plan.hits:
        if hit.weight > BREATH_WEIGHT and hit.time - last >= BREATH_APART_S and 3 < beat <= end and hit.kind != "jolt":
            length = 1.0 if plan.clock.beat_s(beat) < FAST_BEAT_S else 0.5
            breaths.append((beat - length, beat))
            last = hit.time
    if plan.next_weight > BREATH_WEIGHT and plan.cue.end - last >= BREATH_APART_S and plan.beats > 3:
        breaths.append((plan.beats - 0.5, plan.beats))
        last = plan.cue.end
    return tuple(breaths), last


def _sections(
    sheet: CueSheet,
    cue: Cue,
    bars: Sequence[tuple[float, float]],
    hits: Sequence[tuple[float, HitPoint]],
    clock: Clock,
    climax: float,
    end_beat: float,
    counted: int,
) -> tuple[Section, ...]:
    """Part a cue at its anchored cuts, and what stays long into periods; say of each what it is in the film."""
    weights = {beat: hit.weight for beat, hit in hits if hit.kind != "jolt"}
    starts = _starts([start for start, _ in bars if start < end_beat - 1e-6], weights, end_beat)
    rng = dice(sheet.seed, cue.number, "form")
    motion = _ranks([(s.start, s.end, s.look.motion) for s in sheet.scenes])
    light = _ranks([(s.start, s.end, s.look.light) for s in sheet.scenes])
    long = sheet.duration > CLIMAX_NEEDS_S
    sections = []
    for number, (start, stop) in enumerate(zip(starts, [*starts[1:], end_beat], strict=False)):
        time, until = clock.time(start), clock.time(stop)
        peak = long and time - ON_BAR_S <= climax < until - ON_BAR_S
        before_peak = long and abs(until - climax) <= ON_BAR_S
        energy = _energy(cue, (time + until) / 2, climax, sheet.duration, motion(time, until))
        contrast = number % 4 == 2 or (number % 4 == 3 and rng.random() < 0.3)
        handed_over = contrast and cue.length > LONG_CUE_S and not peak and 0 < number < len(starts) - 1
        if long and (time + until) / 2 < OPENING_S:
            energy = max(min(energy, HUSHED), energy - HELD_BACK)
        if cue.length > LONG_CUE_S and not peak and start not in weights:
            energy = max(min(energy, HUSHED), energy + TERRACES[2 if contrast else number % 4])
        sections.append(
            Section(
                start=start,
                beats=stop - start,
                key=_second_key(read_key(cue.key), number) if handed_over else read_key(cue.key),
                weight=weights.get(start, 0.0),
                energy=min(1.0, energy + PEAK * peak),
                number=counted + number,
                contrast=contrast,
                handed_over=handed_over,
                stagger=start == 0 and (cue.start == 0 or cue.length > 14) and until - time > 5,
                thin_beats=_thin_beats(stop - start, before_peak, rng.random() < 0.25),
                climax=peak,
                motion=motion(time, until),
                light=light(time, until),
            )
        )
    return tuple(sections)


def _second_key(home: Key, number: int) -> Key:
    """Return where a B section goes: up a fifth and down a fifth in turn, in the mode of home."""
    return key_with(home.fifths + (1 if number // 4 % 2 == 0 else -1), home.mode)


def _thin_beats(beats: float, before_peak: bool, by_chance: bool) -> float:
    """Return how much of a section's end empties: always before the climax, now and then at the end of a long one."""
    if before_peak and beats >= 5:
        return 4.0 if beats >= 8 else 2.0
    return 4.0 if by_chance and beats >= 16 else 0.0


def _starts(lines: Sequence[float], weights: Mapping[float, float], end: float) -> list[float]:
    """Return the bar lines on which sections start: cuts, and every eight bars or so between far ones."""
    cuts = [line for line in lines if line == 0 or line in weights]
    starts: list[float] = []
    for start, stop in zip(cuts, [*cuts[1:], end], strict=False):
        inner = [line for line in lines if start <= line < stop - 1e-6]
        periods = max(1, round(len(inner) / PERIOD_BARS))
        starts += [inner[len(inner) * period // periods] for period in range(periods)]
    return starts


def _ranks(scenes: Sequence[tuple[float, float, float]]) -> Callable[[float, float], float]:
    """Return how a stretch of the clip ranks among its scenes, 0-1: pictures are bright or busy against each other."""
    values = sorted(value for _, _, value in scenes)

    def rank(start: float, end: float) -> float:
        inside = [(min(end, e) - max(start, s), value) for s, e, value in scenes if s < end and e > start]
        if not inside or values[0] == values[-1]:
            return 0.5
        value = max(inside)[1]
        return (bisect_left(values, value) + bisect_right(values, value) - 1) / 2 / (len(values) - 1)

    return rank


def _energy(cue: Cue, time: float, climax: float, duration: float, motion: float) -> float:
    """Return how full the music is, 0-1: arousal, intensity, the picture's motion, and one arc over the film."""
    if time <= climax:
        arc = 0.7 * (time / max(climax, 1e-6)) ** 1.3 + 0.3 * (time > OPENING_S or duration < CLIMAX_NEEDS_S)
    else:
        arc = 1 - 0.6 * (time - climax) / max(duration - climax, 1e-6)
    if duration < 10:
        arc = 0.6 + 0.3 * arc
    energy: float = 0.42 * (cue.arousal + 1) / 2 + 0.3 * cue.intensity + 0.42 * arc + 0.12 * (motion - 0.5)
    return min(1.0, max(LEAST, energy))
