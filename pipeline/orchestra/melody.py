"""The tune: where the motif is stated, varied, answered and left out, and how it fits the chords of the moment."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from pipeline.orchestra.chance import dice
from pipeline.orchestra.form import Plan, Section
from pipeline.orchestra.harmony import Chord, Span, chord_at
from pipeline.orchestra.instruments import Instrument
from pipeline.orchestra.motif import Motif, close, head, invert, ornament, stretch, transpose
from pipeline.orchestra.tone import Tone

SHORT_SECTION_S = 3.0  # under this a scene gets the head of the motif only
#: what becomes of the motif in scenes that have room for one statement, scene after scene
SINGLES = ("state", "answer", "invert", "question", "ornament", "sequence", "state", "displaced")
PHRASE_REST = 1.0  # quarter notes of rest that a statement leaves before the next scene at the least
REGISTER_BY_LIGHT = 6  # semitones from the clip's darkest picture to its brightest
Slot = tuple[float, float, str]  # first beat, beats, device


def write_melody(plan: Plan, spans: Sequence[Span], player: Instrument, relief: Instrument | None = None) -> list[Tone]:
    """Return the tune of a cue, rests included: it is silent for a quarter to two fifths of the time.

    It lies for the `player`, in sections that are handed over for the `relief`.
    """
    rng = dice(plan.seed, plan.cue.number, "melody")
    tones: list[Tone] = []
    for section in plan.sections:
        low, high, centre = tessitura(plan, relief if relief and section.handed_over else player)
        for slot in _slots(plan, section, rng):
            lift = (3 if section.climax else 0) + REGISTER_BY_LIGHT * (section.light - 0.5)
            tones += _state(plan, spans, slot, low, high, centre + lift, tones)
        tones += _pick_up(section, spans, tones, plan)
    if plan.final:
        tones = [tone for tone in tones if tone.beat < plan.end_beat - 1e-6]
        tones.append(_last_note(plan, spans, tones, *tessitura(plan, player)))
    return _shorten_overlaps(tones)


def tessitura(plan: Plan, player: Instrument) -> tuple[int, int, float]:
    """Return the lowest and highest note and the centre that the mood asks for, inside the player's sweet spot."""
    centre = 69 + 5 * plan.cue.valence + 4 * plan.cue.arousal
    while centre > player.high - 4:
        centre -= 12
    while centre < player.low + 4:
        centre += 12
    centre = min(max(centre, player.low + 6), player.high - 6)
    return max(player.low - 3, round(centre) - 12), min(player.high + 3, round(centre) + 12), centre


def _slots(plan: Plan, section: Section, rng: random.Random) -> list[Slot]:
    """Lay statements into a section: a head for a short scene, statement and answer, a sentence, a period."""
    seconds = plan.clock.time(section.end) - plan.clock.time(section.start)
    unit = _unit(plan, section)
    start = section.start
    if section.stagger:
        start += min(4.0, max(0.0, section.beats - unit))  # the first statement waits for the room to be there
    room = section.end - start
    if section.climax and unit / 2 <= room < unit * 0.75:
        return [(start, room, "state")]  # the film's peak has the whole tune, at double speed where it must
    if seconds < SHORT_SECTION_S or room < unit * 0.75:
        return [(start, room, "head")] if room >= 3 else [(start, room, "arrival")]
    devices = _devices(plan, seconds, section, rng)
    slots: list[Slot] = []
    at = start
    for device in devices * 8:
        length = unit / 2 if device == "fragment" else unit
        if section.end - at < length * 0.75:
            break
        slots.append((at, min(length, section.end - at), device))
        at += length
    if slots and section.end - at >= 2:
        slots.append((at, section.end - at, "tag"))
    return slots


def _unit(plan: Plan, section: Section) -> float:
    """Return the beats that one statement with its rest takes: one, two or four bars, as the style's breath is long."""
    beat_s = plan.clock.beat_s(section.start + 0.5)
    return min((4.0, 8.0, 16.0), key=lambda beats: abs(beats * beat_s / plan.palette.statement_s - 1))


def _devices(plan: Plan, seconds: float, section: Section, rng: random.Random) -> list[str]:
    """Choose what happens to the motif in a section, so that no two scenes in a row say the same thing."""
    if section.contrast and seconds >= 6:
        return rng.choice(
            (["invert", "sequence", "rest", "fragment", "fragment"], ["fragment", "fragment", "invert", "close"])
        )
    last = plan.final and section is plan.sections[-1]
    single = "state" if section.climax else "close" if last else SINGLES[section.number % len(SINGLES)]
    if seconds < 6:
        return [single]
    if seconds < 10:
        return [single, "close" if last else rng.choice(("answer", "rest", "fragment"))]
    if seconds < 16:
        return [single, "sequence", "fragment", "rest", "close"]
    return rng.choice(
        (
            [single, "ornament", "rest", "answer", "state", "sequence", "fragment", "rest", "close", "rest"],
            [single, "sequence", "rest", "close", "invert", "state", "rest", "fragment", "answer"],
        )
    )


def _vary(motif: Motif, device: str, room: float) -> Motif:
    """Return the motif as the device has it, at the speed at which it leaves a rest in its slot."""
    forms = {
        "head": head(motif),
        "fragment": head(motif),
        "tag": head(motif, 2),
        "invert": invert(motif),
        "ornament": ornament(motif),
        "answer": close(motif),
        "close": close(motif),
        "sequence": motif,
        "question": Motif(motif.notes[:-1]),
    }
    shaped = forms.get(device, motif)
    whole = 4.0 if device in ("head", "fragment", "tag") else 8.0
    factor = room / whole
    factor = 2.0 if factor >= 1.9 else 1.0 if factor >= 0.74 else 0.5
    return stretch(shaped, factor)


def _state(
    plan: Plan,
    spans: Sequence[Span],
    slot: Slot,
    low: int,
    high: int,
    centre: float,
    before: Sequence[Tone],
) -> list[Tone]:
    """Write one slot: the variation, moved to where it agrees with the chords and with what came before."""
    start, room, device = slot
    if device == "rest":
        return []
    previous = before[-1].pitch if before else None
    if device == "arrival":
        return _arrival(spans, start, room, low, high, previous if previous is not None else round(centre))
    motif = _vary(plan.motif, device, room)
    if device == "displaced" and room >= motif.beats + 0.5:
        start, room = start + 0.5, room - 0.5  # half a beat late: unease, or play
    if device not in ("close", "fragment") and room > 4:
        room -= PHRASE_REST
    shifts = range(-16, 17)
    goal = {"sequence": 1, "fragment": 1}.get(device)
    best = max(shifts, key=lambda s: _fit(motif, s, start, spans, low, high, centre, previous, goal, before))
    return _settle(transpose(motif, best), start, room, spans, low, high, device in ("answer", "close"))


def _fit(
    motif: Motif,
    shift: int,
    start: float,
    spans: Sequence[Span],
    low: int,
    high: int,
    centre: float,
    previous: int | None,
    goal: int | None,
    before: Sequence[Tone],
) -> float:
    """Score a transposition: chord notes on long and strong beats, range, connection; the original key wins ties."""
    score = 0.6 if shift % 7 == 0 else 0.0
    at = start
    for place, (degree, beats) in enumerate(motif.notes):
        chord = chord_at(spans, at)
        pitch = chord.pitch(degree + shift)
        heavy = beats * (1.5 if (at - start) % 2 == 0 else 0.7)
        score += heavy if pitch % 12 in chord.tones else -heavy
        if clashes(pitch, chord):
            score -= 1.5 * heavy
        score -= 0.12 * abs(pitch - centre) + (4 if not low <= pitch <= high else 0)
        if place == 0 and previous is not None:
            score -= 0.45 * max(0, abs(pitch - previous) - 2) + (0.5 if pitch == previous else 0.0)
            if goal is not None and before:
                score += 0.8 if 0 < pitch - before[-1].pitch <= 4 else 0
        at += beats
    return score


def clashes(pitch: int, chord: Chord) -> bool:
    """Say whether a note lies a semitone above a chord tone: the one dissonance that sounds like a mistake."""
    return pitch % 12 not in chord.tones and any((pitch - tone) % 12 == 1 for tone in chord.triad)


def _settle(
    motif: Motif, start: float, room: float, spans: Sequence[Span], low: int, high: int, closing: bool
) -> list[Tone]:
    """Write the notes out; strong notes that rub move a step, the last one of a close goes home."""
    tones: list[Tone] = []
    at = start
    count = len(motif.notes)
    before = motif.notes[0][0]
    for place, (degree, beats) in enumerate(motif.notes):
        if at >= start + room - 0.24:
            break
        chord = chord_at(spans, at)
        length = min(beats, start + room - at)
        step = degree - motif.notes[place - 1][0] if place else 1
        strong = (at - start) % 2 == 0 or beats >= 1.5 or place == count - 1
        if strong:
            degree = _nearest(degree, chord, before, step, must=closing and place == count - 1)
        before = degree
        pitch = chord.pitch(degree)
        while pitch > high + 2:
            pitch -= 12
        while pitch < low - 2:
            pitch += 12
        tones.append(Tone(at, length, pitch, force=4.0 if place == 0 else 0.0))
        at += beats
    return tones


def _nearest(degree: int, chord: Chord, before: int, step: int, *, must: bool) -> int:
    """Return the degree itself if it may stand on a strong beat, else the closest one that keeps the contour.

    `before` is the note that was played last, `step` the way that the motif goes from it: a step that would become a
    repeated note, or turn round, is bent elsewhere.
    """
    pitch = chord.pitch(degree)
    if (pitch % 12 in chord.tones or (not must and not clashes(pitch, chord))) and (degree != before or not step):
        return degree
    fitting = [degree + bend for bend in (0, -1, 1, -2, 2) if chord.pitch(degree + bend) % 12 in chord.triad]

    def strays(choice: int) -> float:
        kept = (choice - before) * step > 0 or choice - before == step
        return abs(choice - degree) + (0.0 if kept else 1.2) + 0.8 * max(0, abs(choice - before) - max(1, abs(step)))

    return min(fitting, key=strays, default=degree)


def _arrival(spans: Sequence[Span], start: float, room: float, low: int, high: int, previous: int) -> list[Tone]:
    """Hold one chord note near the last one: a scene too short for a tune still gets a new pitch."""
    chord = chord_at(spans, start)
    near = [p for p in range(low, high + 1) if p % 12 in chord.triad]
    pitch = min(near, key=lambda p: abs(p - previous) + (3 if p == previous else 0), default=previous)
    return [Tone(start, min(room, 2.0), pitch)]


def _pick_up(section: Section, spans: Sequence[Span], tones: Sequence[Tone], plan: Plan) -> list[Tone]:
    """Run two or three scale notes up into the next period, where no cut wants the ground to itself."""
    follows = next((s for s in plan.sections if abs(s.start - section.end) < 1e-6), None)
    silent_from = tones[-1].end if tones else section.start
    if follows is None or follows.weight >= 0.3 or section.end - silent_from < 1.5 or section.beats < 8:
        return []
    chord = chord_at(spans, section.end - 0.5)
    goal = tones[-1].pitch if tones else 67
    walk = [pitch for pitch in range(goal - 6, goal) if pitch % 12 in chord.scale][-2:]
    return [Tone(section.end - 1 + place / 2, 0.5, pitch, force=-4.0) for place, pitch in enumerate(walk)]


def _last_note(plan: Plan, spans: Sequence[Span], before: Sequence[Tone], low: int, high: int, centre: float) -> Tone:
    """End on the tonic or the third, by step where possible, on the last chord."""
    chord = spans[-1].chord
    previous = before[-1].pitch if before else round(centre)
    goals = [p for p in range(low, high + 1) if p % 12 in (chord.root, chord.tones[1])]
    pitch = min(goals, key=lambda p: abs(p - previous) + (1 if p % 12 != chord.root else 0), default=previous)
    return Tone(plan.end_beat, plan.beats - plan.end_beat, pitch, force=2.0, exact=True, gate=1.0)


def _shorten_overlaps(tones: Sequence[Tone]) -> list[Tone]:
    ordered = sorted(tones, key=lambda tone: tone.beat)
    return [
        replace(tone, beats=min(tone.beats, after.beat - tone.beat)) if after is not None else tone
        for tone, after in zip(ordered, [*ordered[1:], None], strict=True)
        if after is None or after.beat - tone.beat > 0.05
    ]


def write_double(plan: Plan, tune: Sequence[Tone], lead: Instrument, player: Instrument) -> list[Tone]:
    """Double the tune at the octave that suits the second player; glockenspiel and celesta take its accents only."""
    bells = "bells" in player.families
    middle = (player.low + player.high) / 2
    tones = []
    for tone in tune:
        section = plan.section_of(tone.beat)
        if section is not None and section.energy < plan.palette.layers.get("double", 1.0):
            continue
        if bells and not (tone.beats >= 1 or tone.force > 0):
            continue
        octave = round((middle - tone.pitch) / 12) * 12
        if octave == 0 and player.program == lead.program:
            octave = 12
        if player.low - 5 <= tone.pitch + octave <= player.high + 7:
            tones.append(replace(tone, pitch=tone.pitch + octave))
    return tones


def write_counter(plan: Plan, spans: Sequence[Span], tune: Sequence[Tone], player: Instrument) -> list[Tone]:
    """Write the second voice: long guide notes by step, moving while the tune rests, a third or more away from it."""
    tones: list[Tone] = []
    previous = round((player.low + player.high) / 2) - 2
    for span in spans:
        section = plan.section_of(span.start)
        if section is not None and section.energy < plan.palette.layers.get("counter", 1.0):
            continue
        pitch = _guide(span.chord, previous, tune, span, player)
        busy = any(span.start + 0.5 <= tone.beat < span.end for tone in tune)
        if busy or span.beats < 3 or span.start >= plan.end_beat - 1e-6:
            tones.append(Tone(span.start, span.beats, pitch))
        else:
            tones += _answering(span, pitch, player)
        previous = tones[-1].pitch
    return tones


def _guide(chord: Chord, previous: int, tune: Sequence[Tone], span: Span, player: Instrument) -> int:
    """Choose third or colour of the chord nearest to the last note, away from the tune and not in step with it."""
    sounding = [tone.pitch for tone in tune if tone.beat < span.end and tone.end > span.start]
    options = [p for p in range(player.low, player.high + 1) if p % 12 in chord.tones]

    def cost(pitch: int) -> float:
        value = float(abs(pitch - previous)) + (1.5 if pitch % 12 == chord.root else 0.0)
        value += sum(2.0 for other in sounding if abs(other - pitch) < 3)
        return value + (1.0 if pitch == previous else 0.0)

    return min(options, key=cost, default=previous)


def _answering(span: Span, pitch: int, player: Instrument) -> list[Tone]:
    """Fill the tune's rest: hold, then step up or down through the scale towards the next chord."""
    scale = span.chord.scale
    direction = 1 if pitch < (player.low + player.high) / 2 else -1
    walk = [p for p in range(pitch + direction, pitch + 6 * direction, direction) if p % 12 in scale][:2]
    half = span.beats / 2
    first = Tone(span.start, half, pitch)
    return [first, *(Tone(span.start + half + i * half / 2, half / 2, p) for i, p in enumerate(walk))]
