"""What carries the tune: pads that lead their voices, figures that mark the beat, the bass, the drums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipeline.orchestra.chance import dice
from pipeline.orchestra.form import Plan, Section
from pipeline.orchestra.grooves import BASS_LINES, FIGURES, GROOVES, KIT, steps
from pipeline.orchestra.harmony import Chord, Span, voice
from pipeline.orchestra.instruments import Instrument
from pipeline.orchestra.styles import Role
from pipeline.orchestra.tone import Tone

STAGGER_S = 2.6  # seconds from one player's entry to the next where they come in one after another
FULL_AT = 0.55  # energy from which bass and drums play their full pattern
DROPPED = 0.14  # share of off-beat notes left out, so that no bar is the copy of another
PARALLEL_COST = 16.0  # more than any inversion or leap within the octave
ACCENT_FORCE = {"X": 6.0, "x": -7.0, "o": -28.0}


def active(plan: Plan, role: Role, beat: float) -> bool:
    """Say whether a role plays at a beat: by the section's energy, its staggered entry, its emptied last bar."""
    section = plan.section_of(beat)
    if section is None:
        return False
    threshold = plan.palette.layers.get(role, 0.0)
    if section.energy < threshold:
        return False
    if section.stagger and beat < section.start + _entry(plan, section, role) - 1e-6:
        return False
    return role in ("ostinato", "pad", "melody") or not section.thins(beat)


def _entry(plan: Plan, section: Section, role: Role) -> float:
    """Return after how many beats a role comes in where entries are staggered: whole bars, all before the middle."""
    order = sorted(plan.palette.layers, key=lambda name: (plan.palette.layers[name], name))
    place = max(0, order.index(role) - 1) if role in order else 0
    bar_s = 4 * plan.clock.beat_s(section.start + 0.5)
    bars = round(place * STAGGER_S / bar_s)
    return min(4.0 * bars, section.beats / 2 // 4 * 4)


def write_pad(plan: Plan, spans: Sequence[Span], player: Instrument) -> list[Tone]:
    """Hold the chords in four voices or three; what two chords share is held through, except under a hit."""
    voices = 3 if plan.palette.colour in ("triad", "power") else 4
    opening = [section.start for section in plan.sections if section.weight > 0]
    centre = (player.low + player.high) / 2 + 2 * plan.cue.valence
    held: dict[int, Tone] = {}
    tones: list[Tone] = []
    previous: tuple[int, ...] = ()
    for span in spans:
        if not (active(plan, "pad", span.start) or span.start >= plan.end_beat - 1e-6):
            tones += held.values()
            held = {}
            continue
        notes = voice(span.chord, low=player.low, high=player.high, voices=voices, previous=previous, centre=centre)
        fresh = span.start in opening or span.start >= plan.end_beat - 1e-6
        kept: dict[int, Tone] = {}
        for note in notes:
            old = held.pop(note, None)
            if old is not None and not fresh and old.beats < 16 and player.sustains:
                kept[note] = replace(old, beats=span.end - old.beat)
            else:
                if old is not None:
                    tones.append(old)
                kept[note] = Tone(span.start, span.beats, note, gate=1.0)
        tones += held.values()
        held, previous = kept, notes
    return [*tones, *held.values()]


def density(plan: Plan, section: Section) -> int:
    """Return 0 for quarters, 1 for eighths, 2 for sixteenths: the mood's onsets per second, the picture's motion."""
    wanted = 2 ** (1.3 + 1.3 * plan.cue.arousal + plan.palette.density)
    wanted *= (0.65 + 0.6 * section.energy) * (0.75 + 0.5 * section.motion)
    per_beat = wanted * plan.clock.beat_s(section.start + 0.5)
    return 0 if per_beat < 1.45 else 1 if per_beat < 2.9 else 2


def write_ostinato(plan: Plan, spans: Sequence[Span], player: Instrument, tune_at: float) -> list[Tone]:
    """Lay the style's figure over the chords: the beat is always marked, what lies between is soft.

    `tune_at` is the centre of the tune; the figure keeps to a register of its own.
    """
    rng = dice(plan.seed, plan.cue.number, "ostinato")
    centre = _own_register(player, tune_at)
    tones: list[Tone] = []
    previous: tuple[int, ...] = ()
    seen: tuple[float, tuple[int, ...]] = (-1.0, ())
    for number, (start, beats) in enumerate(plan.bars):
        section = plan.section_of(start)
        if section is None or start >= plan.end_beat - 1e-6:
            continue
        level = density(plan, section)
        if section.handed_over and level == 0:
            continue  # held chords alone carry the other lead
        if section.handed_over or section.thins(start):
            level = max(0, level - 1)
        lines = FIGURES[plan.cue.style][level]
        line = lines[(number + plan.seed) % 2]
        for beat, token in steps(line, start, min(beats, plan.end_beat - start)):
            span = _span_at(spans, beat)
            if span.start != seen[0]:
                previous = voice(
                    span.chord, low=player.low, high=player.high, voices=4, previous=previous, centre=centre
                )
                seen = (span.start, previous)
            if round(beat - start, 3) % 1 and rng.random() < DROPPED:
                continue
            tones += _figure(token, beat, round(beat - start, 3) % 1, previous, level, player)
    return _meet_next(tones, plan.end_beat, 1.0 if player.attack != "struck" or not player.short_s else 0.5)


def _own_register(player: Instrument, tune_at: float) -> float:
    """Return the centre of a figure: as far from the tune as the player's range gives, up to an octave."""
    centres = (player.low + 8.0, (player.low + player.high) / 2, player.high - 8.0)
    return max(centres, key=lambda centre: min(12.0, abs(centre - tune_at)) - 0.2 * abs(centre - 62))


def _span_at(spans: Sequence[Span], beat: float) -> Span:
    for span in spans:
        if beat < span.end - 1e-6:
            return span
    return spans[-1]


def _figure(token: str, beat: float, inside: float, notes: Sequence[int], level: int, player: Instrument) -> list[Tone]:
    """Write one token of a figure: a chord, its upper notes, its lowest, or one tone; `inside` its beat."""
    unit = (1.0, 0.5, 0.25)[level]
    off = -10.0 if inside == 0.5 else -18.0 if inside else 0.0
    if token == "C":
        return [Tone(beat, unit * 2, note, force=off) for note in notes]
    if token == "c":
        return [Tone(beat, unit, note, force=off - 6) for note in notes[1:]]
    if token == "B":
        return [Tone(beat, unit * 2, notes[0], force=off + 4)]
    place = int(token)
    note = notes[place % len(notes)] + 12 * (place // len(notes))
    return [Tone(beat, unit, note if note <= player.high + 7 else note - 12, force=off)]


def _meet_next(tones: Sequence[Tone], end: float, most: float) -> list[Tone]:
    """Lengthen the notes of a figure towards the next one on its pitch, so that strings ring as they would."""
    following: dict[int, float] = {}
    longer: list[Tone] = []
    for tone in sorted(tones, key=lambda t: -t.beat):
        room = min(following.get(tone.pitch, end), end) - tone.beat
        longer.append(replace(tone, beats=max(min(tone.beats, room), min(room, most))))
        following[tone.pitch] = tone.beat
    return sorted(longer, key=lambda t: (t.beat, t.pitch))


def choose_bass(
    spans: Sequence[Span], tune: Sequence[Tone], low: int, high: int, *, closing: bool = False
) -> list[int]:
    """Return one bass note per chord: roots, or thirds where root and tune would move in parallel fifths or octaves.

    Dynamic programming over octave and inversion: leaps over a fifth and notes off the root cost. The last chord of a
    `closing` cue stands on its root.
    """
    top = [_sounding(tune, span.start) for span in spans]
    tables: list[dict[int, tuple[float, int | None]]] = []
    for number, span in enumerate(spans):
        table: dict[int, tuple[float, int | None]] = {}
        for pitch in _bass_options(span.chord, low, high):
            if closing and number == len(spans) - 1 and pitch % 12 != span.chord.root:
                continue
            own = _inversion_cost(pitch, span.chord) + 0.05 * abs(pitch - (low + high) / 2)
            if not tables:
                table[pitch] = (own, None)
                continue
            costs = {
                old: cost + own + _step_cost(old, pitch, top[number - 1], top[number])
                for old, (cost, _) in tables[-1].items()
            }
            best = min(costs, key=lambda old: (costs[old], old))
            table[pitch] = (costs[best], best)
        tables.append(table)
    line: list[int] = []
    at: int | None = min(tables[-1], key=lambda pitch: (tables[-1][pitch][0], pitch))
    for table in reversed(tables):
        assert at is not None
        line.append(at)
        at = table[at][1]
    return line[::-1]


def _bass_options(chord: Chord, low: int, high: int) -> list[int]:
    tones = {chord.bass, chord.root, chord.tones[1]}
    return [pitch for pitch in range(low, high + 1) if pitch % 12 in tones]


def _inversion_cost(pitch: int, chord: Chord) -> float:
    return 0.0 if pitch % 12 == chord.bass else 1.5 if pitch % 12 == chord.root else 3.0


def _step_cost(old: int, new: int, top_old: int | None, top_new: int | None) -> float:
    cost = 0.12 * abs(new - old) + (0.6 * (abs(new - old) - 7) if abs(new - old) > 7 else 0.0)
    if abs(new - old) > 12:
        cost += 20
    if top_old is None or top_new is None or top_old == top_new:
        return cost
    if (new - old) * (top_new - top_old) > 0:
        cost += 0.5
    if new != old and (top_new - new) % 12 in (0, 7) and (top_old - old) % 12 == (top_new - new) % 12:
        cost += PARALLEL_COST
    return cost


def _sounding(tones: Sequence[Tone], beat: float) -> int | None:
    return next((tone.pitch for tone in tones if tone.beat - 1e-6 <= beat < tone.end - 1e-6), None)


def write_bass(plan: Plan, spans: Sequence[Span], tune: Sequence[Tone], player: Instrument) -> list[Tone]:
    """Lay the style's bass line; held where the energy is low, moving where it is high."""
    line = choose_bass(spans, tune, player.low, player.high, closing=plan.final)
    tones: list[Tone] = []
    for number, (start, beats) in enumerate(plan.bars):
        section = plan.section_of(start)
        if section is None or not active(plan, "bass", start):
            continue
        sparse, full = BASS_LINES[plan.cue.style]
        patterns = full if section.energy >= FULL_AT else sparse
        pattern = patterns[number % len(patterns)]
        until = min(start + beats, plan.end_beat)
        marks = steps(pattern, start, until - start)
        marks = [mark for mark in marks if mark[1] != "a" or mark[0] + 1 >= until - 1e-6]
        changes = [(span.start, "R") for span in spans if start + 1e-6 < span.start < until - 1e-6]
        marks = sorted(dict([*marks, *changes]).items())
        for place, (beat, token) in enumerate(marks):
            after = marks[place + 1][0] if place + 1 < len(marks) else until
            tone = _bass_tone(token, beat, after - beat, spans, line, player)
            tones.append(replace(tone, force=tone.force - (10.0 if round(beat - start, 3) % 1 else 0.0)))
    if plan.final and plan.out.allows_role("bass"):
        tones.append(Tone(plan.end_beat, plan.beats - plan.end_beat, line[-1], force=4, exact=True, gate=1.0))
    return _tie(tones) if player.sustains else tones


def _bass_tone(
    token: str, beat: float, beats: float, spans: Sequence[Span], line: Sequence[int], player: Instrument
) -> Tone:
    at = next((i for i, span in enumerate(spans) if beat < span.end - 1e-6), len(spans) - 1)
    note, chord = line[at], spans[at].chord
    if token == "5":
        fifth = note + (chord.tones[2] - note) % 12
        note = fifth if fifth <= player.high + 2 else fifth - 12
    elif token == "8":
        note = note + 12 if note + 12 <= player.high + 5 else note
    elif token == "a" and at + 1 < len(line):
        goal = line[at + 1]
        steps_near = [p for p in range(goal - 2, goal + 3) if p != goal and p % 12 in chord.scale]
        note = min(steps_near, key=lambda p: abs(p - note), default=note)
    force = {"r": -14.0, "a": -4.0}.get(token, 0.0)
    return Tone(beat, beats, note, force=force)


def _tie(tones: Sequence[Tone]) -> list[Tone]:
    """Hold a repeated bass note through the bar line once, as a bow would, but never for more than two bars."""
    tied: list[Tone] = []
    for tone in sorted(tones, key=lambda t: t.beat):
        last = tied[-1] if tied else None
        joins = last is not None and last.pitch == tone.pitch and abs(last.end - tone.beat) < 1e-6
        if last is not None and joins and not tone.exact and last.beats + tone.beats <= 4:
            tied[-1] = replace(last, beats=last.beats + tone.beats)
        else:
            tied.append(tone)
    return tied


def write_drums(plan: Plan) -> list[Tone]:
    """Play the style's groove: sparse or full by energy, a fill in the last bar of four and before a new section."""
    grooves = GROOVES.get(plan.cue.style)
    if not grooves:
        return []
    rng = dice(plan.seed, plan.cue.number, "drums")
    groove = grooves[dice(plan.seed, plan.cue.style, "groove").randrange(len(grooves))]
    tones: list[Tone] = []
    for start, beats in plan.bars:
        section = plan.section_of(start)
        if section is None or start >= plan.end_beat - 1e-6 or not active(plan, "drums", start):
            continue
        number = round((start - section.start) / 4)
        full = section.energy >= max(FULL_AT, plan.palette.layers.get("drums", 0) + 0.12)
        last = start + beats >= section.end - 1e-6
        lines = groove.fill if full and (number % 4 == 3 or last) else groove.full if full else groove.sparse
        for key, line in lines:
            if not kit_allows(plan, key):
                continue
            for beat, token in steps(line, start, min(beats, plan.end_beat - start)):
                if round(beat - start, 3) % 1 and rng.random() < DROPPED:
                    continue
                tones.append(
                    Tone(beat, 0.25, key, force=ACCENT_FORCE[token] - (6 if round(beat - start, 3) % 1 else 0))
                )
    return tones


def kit_allows(plan: Plan, key: int) -> bool:
    """Say whether a drum of the kit may sound."""
    return all(plan.out.allows_kit(group) for group, keys in KIT.items() if key in keys)
