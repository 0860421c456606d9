"""Playing what is written: timing that wavers together, velocity by metre and phrase, legato, strums, breath."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pipeline.orchestra.chance import dice, drift
from pipeline.orchestra.form import SWELL_WEIGHT, Plan
from pipeline.orchestra.instruments import LEAD_S, Instrument
from pipeline.orchestra.part import Note
from pipeline.orchestra.tone import Tone

CLAMP_S = 0.025  # no note strays further than this from where it is written
TOUCH_SD = 5.0  # velocity steps; under 3 nobody hears it ...
HELD_TOUCH_SD = 7.0  # ... and held sounds, which have few notes, need more to live
LEGATO_S = 0.03  # overlap of tied phrases
STRUM_S = {"plucked": 0.013, "struck": 0.006}  # from string to string of a chord; hits are struck together
SFORZANDO = 0.72  # level to which a held chord falls after a heavy attack, before it grows again
SHORTEST_S = 0.05

#: standard deviation of timing in seconds by role
TIMING_SD: dict[str, float] = {
    "drums": 0.003,
    "bass": 0.005,
    "ostinato": 0.006,
    "melody": 0.009,
    "relief": 0.009,
    "double": 0.009,
    "counter": 0.010,
    "pad": 0.010,
    "accent": 0.003,
    "thunder": 0.003,
}
#: velocity on top of the mood's, and how far metre, phrase and energy move it
ROLE_VELOCITY: dict[str, float] = {
    "melody": 14,
    "relief": 12,
    "double": 6,
    "counter": 0,
    "ostinato": -2,
    "pad": -14,
    "bass": 12,
    "drums": -3,
    "accent": 0,
    "thunder": 10,
}
VELOCITY_BY_ENERGY = 60.0  # from the most hushed section to the fullest; with the layers that come in, 6 dB and more
METRE: dict[str, float] = {"pad": 0.9, "melody": 0.9, "relief": 0.9, "double": 0.9, "ostinato": 1.3, "accent": 0.3}


def play_role(plan: Plan, role: str, tones: Sequence[Tone], player: Instrument | None) -> tuple[Note, ...]:
    """Return the notes of one role as played, in order of time; none before the clip or after its end."""
    rng = dice(plan.seed, plan.cue.number, role, player.name if player else "kit")
    ordered = sorted(tones, key=lambda tone: (tone.beat, tone.pitch))
    touch = HELD_TOUCH_SD if player and player.sustains else TOUCH_SD
    tight = 0.3 if plan.cue.style == "electronic" else 1.0
    waver = drift(rng, len(ordered))
    tops = {tone.beat: tone.pitch for tone in ordered}  # ascending: the last one is the highest
    notes: list[Note] = []
    last_beat, last_shift, strum = -1.0, 0.0, 0
    for tone, wave in zip(ordered, waver, strict=True):
        together = abs(tone.beat - last_beat) < 1e-6
        shift = last_shift if together else _clamp(wave * TIMING_SD[role] * tight)
        strum = strum + 1 if together else 0
        last_beat, last_shift = tone.beat, shift
        late = 0.0 if tone.exact else shift + strum * (STRUM_S.get(player.attack, 0.0) if player else 0.0)
        velocity = _velocity(plan, role, tone) + rng.gauss(0, touch) + _in_chord(tone, tops, role)
        notes.append(_play(plan, role, tone, player, late, velocity))
    return tuple(sorted(_inside(notes, plan), key=lambda note: (note.time, note.pitch)))


def _in_chord(tone: Tone, tops: Mapping[float, int], role: str) -> float:
    """Bring out the top of a chord over its inner notes, as every pianist and section does."""
    if role in ("drums", "melody", "relief", "double"):
        return 0.0
    return 5.0 if tone.pitch == tops[tone.beat] else -6.0


def _clamp(seconds: float) -> float:
    return min(CLAMP_S, max(-CLAMP_S, seconds))


def _play(plan: Plan, role: str, tone: Tone, player: Instrument | None, late: float, velocity: float) -> Note:
    time = plan.clock.time(tone.beat)
    swung = plan.clock.time(_swing(plan, tone.beat)) if not tone.exact else time
    lead = LEAD_S[player.attack] if player else 0.0
    starts = max(0.0, swung + late - lead)
    written = plan.clock.time(tone.end) - time
    gate = tone.gate if tone.gate is not None else plan.gate
    if player is not None and player.sustains and role in ("pad", "bass") and tone.gate is None:
        gate = max(gate, 0.97)
    length = written * min(gate, 1.0) + (lead if player else 0.0)
    if gate >= 1.0 and player is not None and player.sustains and tone.end < plan.beats - 1e-6:
        length += LEGATO_S
    if player is not None and player.short_s:
        length = min(length, player.short_s)
    pitch = min(127, max(0, tone.pitch))
    return Note(starts, max(SHORTEST_S, length), pitch, round(min(124, max(16, velocity))))


def _swing(plan: Plan, beat: float) -> float:
    """Delay the second note of each pair of swung values."""
    palette = plan.palette
    pair = 2 * palette.swing_unit
    inside = round(beat - plan.bar_of(beat)[1], 3) % pair
    if abs(inside - palette.swing_unit) < 1e-6:
        return beat - palette.swing_unit + pair * palette.swing
    return beat


def _velocity(plan: Plan, role: str, tone: Tone) -> float:
    """Add up mood, role, energy, metre and phrase; no note is left to chance alone."""
    section = plan.section_of(tone.beat)
    energy = section.energy if section else (plan.sections[-1].energy if plan.sections else 0.5)
    base = 70 + 12 * plan.cue.arousal + ROLE_VELOCITY[role] + VELOCITY_BY_ENERGY * (energy - 0.58)
    return base + METRE.get(role, 1.0) * metre(plan, tone.beat) + 6 * phrase_arch(plan, tone.beat) + tone.force


def metre(plan: Plan, beat: float) -> float:
    """Return the weight of a place in its bar: the one, the three, the other beats, and what lies between."""
    _, start, _ = plan.bar_of(beat)
    inside = beat - start
    if abs(inside - round(inside)) > 1e-3:
        return -8.0 if abs(inside % 1 - 0.5) < 1e-3 else -11.0
    return {0: 8.0, 2: 4.0}.get(round(inside), 0.0)


def phrase_arch(plan: Plan, beat: float) -> float:
    """Return -1 to 1 over a phrase of four bars: rise, peak past the middle, fall."""
    section = plan.section_of(beat)
    start = section.start if section else plan.end_beat
    inside = (beat - start) % 16 / 16
    return math.sin(math.pi * min(1.0, inside * 1.1 + 0.05)) * 2 - 1


def _inside(notes: Sequence[Note], plan: Plan) -> list[Note]:
    """Cut what would sound outside of the clip or over into the next cue's key."""
    end = plan.cue.end
    margin = min(0.02, 0.1 * plan.cue.length)
    latest = end - margin if plan.final else end + LEGATO_S
    kept = []
    for note in notes:
        stop = min(note.time + note.length, latest)
        if note.time < end - margin and stop - note.time >= margin:
            kept.append(Note(note.time, stop - note.time, note.pitch, note.velocity))
    return kept


def breathe(plan: Plan, spans: Sequence[tuple[float, float]], depth: float) -> tuple[tuple[float, float], ...]:
    """Return an expression curve that swells and falls over each (start, end) beat span, and dies away at the end.

    Levels are 0-1; `depth` is how far the ends of an arc lie under its middle. The last frame finds silence.
    """
    points: list[tuple[float, float]] = []
    clock = plan.clock
    heavy = {round(beat, 3) for beat, hit in plan.hits if hit.weight >= SWELL_WEIGHT}
    for start, end in spans:
        if plan.final and end >= plan.end_beat - 1e-6 and start >= plan.end_beat - 1e-6:
            continue
        middle = start + 0.6 * (end - start)
        if round(start, 3) in heavy and clock.time(end) - clock.time(start) > 1.0:
            begins = clock.time(start)
            points += [
                (begins - 0.05, 1.0),
                (begins + 0.12, 1.0),
                (begins + 0.3, SFORZANDO),
                (clock.time(end) - 0.02, 1.0),
            ]
            continue
        points += [(clock.time(start), 1 - depth), (clock.time(middle), 1.0), (clock.time(end) - 0.02, 1 - depth * 0.8)]
    if plan.final:
        points += _die_away(clock.time(plan.end_beat), plan.cue.end)
    return _rising(points)


def _die_away(start: float, end: float) -> list[tuple[float, float]]:
    """Let a held last chord fade as a bow leaves the string: full at first, nothing before the last frame."""
    length = end - start
    shape = ((0.0, 0.95), (0.25, 0.85), (0.5, 0.6), (0.7, 0.35), (0.85, 0.14), (0.95, 0.0))
    return [(start + share * length, level) for share, level in shape]


def _rising(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    kept: list[tuple[float, float]] = []
    for time, level in points:
        if not kept or time > kept[-1][0] + 1e-3:
            kept.append((time, round(level, 4)))
    return tuple(kept)
