"""The hit kit: what makes a cut felt, by its weight; the room that the pattern leaves for it; what comes before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from pipeline.cuesheet import HitPoint
from pipeline.orchestra.accompaniment import kit_allows
from pipeline.orchestra.form import BREATH_WEIGHT, SWELL_WEIGHT, Plan
from pipeline.orchestra.harmony import Chord, Span, chord_at, voice
from pipeline.orchestra.instruments import Instrument
from pipeline.orchestra.tone import Tone

ROOM_S = (0.34, 0.15)  # seconds before and after an accent inside a bar in which the pattern is silent
SNAP_S = 0.07  # notes this near an accent play with it
SERIES_S = 1.3  # cuts nearer than this climb, or the second would drown in the first one's ring
CLEAR = 0.12  # quarter notes between the ring of one accent and the next: an attack is heard against what it follows
CRASH = 49
LONG_RINGS = (CRASH, 46)
CRASH_APART_S = 2.0  # a crash hisses on for this long and would cover a hit inside it
LIFT = 0.5  # quarter notes before a cut in which off-beat notes are left out, so that the attack stands alone

Hit = tuple[float, HitPoint]


def weight_of(hit: HitPoint) -> float:
    """Return how hard a hit strikes: dissolves and fades are met more gently than cuts, jolts more lightly."""
    return hit.weight * {"cut": 1.0, "dissolve": 0.8, "fade": 0.75, "jolt": 0.85}[hit.kind]


def struck(plan: Plan) -> list[Hit]:
    """Return the hits that are played: all of them, those two that fall together as one."""
    kept: list[Hit] = []
    for beat, hit in plan.hits:
        if kept and abs(hit.time - kept[-1][1].time) < SNAP_S:
            if hit.weight > kept[-1][1].weight:
                kept[-1] = (beat, hit)
        else:
            kept.append((beat, hit))
    return kept


def write_accents(plan: Plan, spans: Sequence[Span], player: Instrument) -> list[Tone]:
    """Strike the chord of each hit: more notes, an octave below and more force as the weight grows."""
    tones: list[Tone] = []
    middle, last = (player.low + player.high) / 2, -math.inf
    centre = middle
    for beat, hit in struck(plan):
        weight = weight_of(hit)
        chord = chord_at(spans, beat + 1e-6)
        centre = centre + 5 if hit.time - last < SERIES_S and centre < middle + 10 else middle
        last = hit.time
        notes = list(voice(chord, low=player.low, high=player.high + 5, voices=2 + round(2 * weight), centre=centre))
        low = _octave_below(chord, player)
        if weight >= 0.3 and low is not None:
            notes.append(low)
        if hit.kind == "jolt" and weight < 0.5:
            notes = notes[-2:]
        length = 2.0 if not plan.final or beat < plan.end_beat - 1e-6 else plan.beats - beat
        after = next((b for b, h in struck(plan) if h.time > hit.time + SNAP_S), math.inf)
        length = min(length, max(0.25, after - beat - CLEAR))
        force = 16 + 26 * weight
        tones += [Tone(beat, length, note, force=force, exact=True, gate=1.0) for note in sorted(set(notes))]
    return tones


def _octave_below(chord: Chord, player: Instrument) -> int | None:
    """Return the root under the chord, as low as the player goes without a growl."""
    low = [p for p in range(max(36, player.low - 12), player.low + 8) if p % 12 == chord.root]
    return low[0] if low else None


def write_thunder(plan: Plan, spans: Sequence[Span], player: Instrument) -> list[Tone]:
    """Strike timpani or taiko under cuts from the middle weights up, and roll into the great ones."""
    tones: list[Tone] = []
    for beat, hit in struck(plan):
        weight = weight_of(hit)
        if weight < 0.3:
            continue
        root = chord_at(spans, beat + 1e-6).root
        pitch = next((p for p in range(player.low, player.high + 1) if p % 12 == root), player.low)
        tones.append(Tone(beat, 2.0, pitch, force=10 + 26 * weight, exact=True, gate=1.0))
        breath = next((start for start, end in plan.breaths if abs(end - beat) < 1e-6), None)
        if weight >= SWELL_WEIGHT and breath is None and beat >= 3 and hit.kind != "jolt":
            roll = [Tone(beat - 1 + i / 6, 1 / 6, pitch, force=-44.0 + 6 * i) for i in range(6)]
            tones += roll
    return tones


#: the kit's share of a hit by style, (key, weight from which it strikes): all that any beat of the groove has, and more
IMPACTS: dict[str, tuple[tuple[int, float], ...]] = {
    "cinematic": ((41, 0.4), (49, 0.5), (36, 0.7)),
    "electronic": ((36, 0.0), (39, 0.0), (46, 0.0), (49, 0.4), (41, 0.6)),
    "folk": ((36, 0.0), (37, 0.0), (82, 0.0), (49, 0.8)),
    "lofi": ((36, 0.0), (38, 0.0), (42, 0.0), (49, 0.8)),
    "playful": ((76, 0.0), (36, 0.0), (37, 0.0), (49, 0.55)),
    "tense": ((41, 0.0), (75, 0.0), (36, 0.35), (49, 0.55)),
    "epic": ((36, 0.0), (41, 0.0), (45, 0.0), (49, 0.35)),
}


def write_impacts(plan: Plan) -> list[Tone]:
    """Add the kit's share of each hit: drums by style, a crash from the heavy ones up."""
    tones: list[Tone] = []
    hits = struck(plan)
    for place, (beat, hit) in enumerate(hits):
        weight = weight_of(hit)
        drowns = place + 1 < len(hits) and hits[place + 1][1].time - hit.time < CRASH_APART_S
        keys = [key for key, least in IMPACTS.get(plan.cue.style, ()) if weight >= least and kit_allows(plan, key)]
        climbs = place > 0 and hit.time - hits[place - 1][1].time < SERIES_S
        if drowns:
            keys = [key for key in keys if key not in LONG_RINGS] or keys
        elif climbs and CRASH not in keys and kit_allows(plan, CRASH) and len(keys) > 1:
            keys.append(CRASH)
        if hit.kind == "jolt":
            keys = [key for key in keys[:1] if weight >= 0.3]
        tones += [Tone(beat, 0.5, key, force=26 + 22 * weight, exact=True) for key in keys]
    return tones


#: what rolls into a heavy cut, by style: from eighths to sixteenths, ever louder
ROLLS: dict[str, int] = {"electronic": 38, "epic": 45, "playful": 76, "tense": 41}
ROLL_BEATS = 2.0


def write_rolls(plan: Plan) -> list[Tone]:
    """Roll into the heavy cuts, also into the one that opens the next cue: the pulse doubles, the tempo stays."""
    key = ROLLS.get(plan.cue.style)
    if key is None or not kit_allows(plan, key):
        return []
    tones: list[Tone] = []
    for peak in plan.swells:
        first = peak - ROLL_BEATS
        section = plan.section_of(first)
        if first < 2 or section is None or section.energy < plan.palette.layers.get("drums", 1.0):
            continue
        places = [0.0, 0.5, 1.0, 1.25, 1.5, 1.75]
        tones += [Tone(first + place, 0.25, key, force=-26.0 + 9 * place) for place in places]
    return tones


def make_room(tones: Sequence[Tone], plan: Plan, *, again: bool = False) -> list[Tone]:
    """Clear the surface around the hits: a breath before great ones, no off-beats just before any, room inside bars.

    With `again`, what is held through an accent inside a bar is struck again with it.
    """
    kept: list[Tone] = []
    for tone in _struck_again(tones, plan) if again else tones:
        shaped: Tone | None = tone
        for beat, hit in plan.hits:
            if shaped is None or shaped.exact:
                break
            shaped = _yield_to(shaped, beat, hit, plan)
        for start, stop in plan.breaths:
            shaped = _hold_breath(shaped, start, stop)
        if shaped is not None:
            kept.append(shaped)
    return kept


def _struck_again(tones: Sequence[Tone], plan: Plan) -> list[Tone]:
    parted = list(tones)
    for beat, hit in plan.accents:
        if hit.kind == "jolt":
            continue
        for tone in [t for t in parted if t.beat < beat - 0.2 and t.end > beat + 0.3]:
            parted.remove(tone)
            parted.append(replace(tone, beats=beat - tone.beat - CLEAR))
            parted.append(replace(tone, beat=beat, beats=tone.end - beat, exact=True, force=tone.force + 8))
    return parted


def _yield_to(tone: Tone, beat: float, hit: HitPoint, plan: Plan) -> Tone | None:
    """Move a note onto the hit, drop it or leave it alone, by how near it lies."""
    away = tone.beat - beat
    if abs(away) < 1e-6:
        return replace(tone, exact=True, force=tone.force + 8 * weight_of(hit))
    unit = plan.clock.beat_s(beat)
    seconds = away * unit
    if abs(seconds) <= SNAP_S:
        return replace(tone, beat=beat, exact=True, force=tone.force + 8 * weight_of(hit))
    inside = any(abs(beat - b) < 1e-6 for b, _ in plan.accents)
    if inside and -ROOM_S[0] < seconds < ROOM_S[1] and tone.beats <= 1.01:
        return None
    if away < 0 and beat - CLEAR < tone.end <= beat + CLEAR and tone.beats > 2 * CLEAR:
        tone = replace(tone, beats=beat - CLEAR - tone.beat, gate=min(1.0, tone.gate or 1.0))
    if (
        -LIFT * 1.01 <= away < 0
        and round(tone.beat - plan.bar_of(tone.beat)[1], 3) % 1
        and tone.beats <= 0.51
        and hit.kind != "jolt"
    ):
        return None
    return tone


def _hold_breath(tone: Tone | None, start: float, stop: float) -> Tone | None:
    """Silence a note inside a breath, and end it before one."""
    if tone is None or tone.beat >= stop - 1e-6 or tone.end <= start + 1e-6:
        return tone
    if tone.beat >= start - 1e-6:
        return None
    return replace(tone, beats=start - tone.beat, gate=min(1.0, tone.gate if tone.gate is not None else 1.0))


def peaks(plan: Plan) -> list[tuple[float, float]]:
    """Return (first beat, last beat) of each swell: one bar or two, not begun before the section that it ends."""
    spans: list[tuple[float, float]] = []
    for beat in plan.swells:
        breath = next((stop - start for start, stop in plan.breaths if abs(stop - beat) < 1e-6), 0.0)
        length = min(4.0, beat)
        if length >= 1:
            spans.append((beat - length, beat - breath))
    return spans


def great(plan: Plan) -> list[Hit]:
    """Return the hits that get an impact from below."""
    return [(beat, hit) for beat, hit in struck(plan) if hit.weight > BREATH_WEIGHT and hit.kind in ("cut", "fade")]
