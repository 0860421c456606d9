"""Chords in a key, the changes of a cue, cadences that land on the cut, and the way into the next cue's key.

Progressions are written as scale degrees of the mode, whatever it is: "1 6 3 7" is i-VI-III-VII in minor and the
diatonic counterpart elsewhere. "5/7" has the seventh degree in the bass. Borrowed chords have names of their own:
"V" the dominant with its leading note, "I" with a major third, "iv", "bII", "bVI", "bVII".
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.keys import Key, distance
from pipeline.orchestra.chance import dice
from pipeline.orchestra.form import Plan, Section
from pipeline.orchestra.styles import Colour, Ending

#: borrowed chords: (degree, {degree: semitones above the tonic})
BORROWED: dict[str, tuple[int, dict[int, int]]] = {
    "V": (4, {6: 11, 1: 2}),
    "I": (0, {2: 4}),
    "iv": (3, {5: 8}),
    "bII": (1, {1: 1, 5: 8}),
    "bVI": (5, {5: 8, 2: 3}),
    "bVII": (6, {6: 10}),
}
LEADING_NOTE_WEIGHT = 0.75  # from here on a cut in minor is prepared by a major dominant: spice, not diet
SECTION_WEIGHT = 0.3  # how firmly a B section inside a cue is led to: as firmly as a middling cut
HEAVY = 0.6  # a hit of this weight brings the tonic, prepared by a dominant; lighter ones get the next chord
PICARDY_BEATS = 48  # a cue must have set its key this firmly before borrowed chords may close it
SHORTEST_CHORD = 1.0  # quarter notes; a chord cut shorter joins the one before
COLOUR_STEPS: dict[Colour, tuple[int, ...]] = {
    "triad": (0, 2, 4),
    "add9": (0, 2, 4, 8),
    "seventh": (0, 2, 4, 6),
    "ninth": (0, 2, 4, 6, 8),
    "cluster": (0, 2, 4, 8),
    "power": (0, 2, 4),
}


@dataclass(frozen=True)
class Chord:
    degree: int  #: scale degree of the root, 0-6
    tones: tuple[int, ...]  #: pitch classes: root, third, fifth, then colour
    scale: tuple[int, ...]  #: pitch classes of the seven degrees as they are under this chord
    bass: int  #: pitch class

    @property
    def root(self) -> int:
        return self.tones[0]

    @property
    def triad(self) -> tuple[int, ...]:
        return self.tones[:3]

    def pitch(self, degree: int) -> int:
        """Return the MIDI note of a scale degree; degree 0 lies between 60 and 71."""
        tonic = 60 + self.scale[0]
        return tonic + 12 * (degree // 7) + (self.scale[degree % 7] - self.scale[0]) % 12


@dataclass(frozen=True)
class Span:
    """A chord and the beats that it holds."""

    start: float
    beats: float
    chord: Chord

    @property
    def end(self) -> float:
        return self.start + self.beats


def spell(symbol: str, key: Key, colour: Colour = "triad") -> Chord:
    """Return the chord that a symbol means in a key. Diminished triads give way to the chord a third below."""
    name, _, low = symbol.partition("/")
    degree, altered = BORROWED[name] if name in BORROWED else (int(name) - 1, {})
    scale = list(key.scale)
    for step, semitones in altered.items():
        scale[step] = (key.tonic + semitones) % 12
    if (scale[(degree + 4) % 7] - scale[degree]) % 12 == 6 and not altered:
        degree = (degree - 2) % 7
        low = ""
    tones = [scale[(degree + step) % 7] for step in COLOUR_STEPS[colour]]
    tones = [tone for tone in tones if colour == "cluster" or _welcome(tone, tones)]
    bass = scale[int(low) - 1] if low else tones[0]
    return Chord(degree, tuple(tones), tuple(scale), bass)


def _welcome(tone: int, tones: Sequence[int]) -> bool:
    """Say whether a colour note leaves the triad in peace: no semitone above a chord tone (b9, 11 over a third)."""
    return tone in tones[:3] or all((tone - other) % 12 != 1 for other in tones[:3]) or tone == (tones[0] - 1) % 12


def chord_at(spans: Sequence[Span], beat: float) -> Chord:
    for span in spans:
        if beat < span.end - 1e-6:
            return span.chord
    return spans[-1].chord


def harmonise(plan: Plan) -> tuple[Span, ...]:
    """Return the chords of a cue. A chord changes on every anchored cut; heavy cuts bring the tonic."""
    rng = dice(plan.seed, plan.cue.number, "harmony")
    choices = plan.palette.dark if plan.key.dark else plan.palette.bright
    first = rng.choice(choices)
    others = [line for line in choices if line != first]
    rng.shuffle(others)
    spans: list[Span] = []
    at, key = 0, plan.key
    for number, section in enumerate(plan.sections):
        line = (others[section.number // 4 % len(others)] if section.contrast else first).split()
        if number == 0 or section.weight >= HEAVY:
            at = 0 if not plan.prepared or line[0] in ("1", "6", "4") else line.index("1")
        if section.key != key:
            spans = _lead_over(spans, plan, key, section.key, SECTION_WEIGHT)
            at, key = line.index("1") if "1" in line else 0, section.key
        elif number and section.weight >= HEAVY:
            spans[-1] = replace(spans[-1], chord=_preparing(plan, section.weight, spans))
        for start, beats in _cells(section, plan):
            at = _moves_on(line, at, spans[-1].chord if spans else None, key)
            spans.append(Span(start, beats, spell(line[at % len(line)], key, plan.palette.colour)))
            at += 1
    if plan.final:
        spans = _end(spans, plan)
    elif plan.next_key is not None and spans:
        spans = _lead_over(spans, plan, plan.key, plan.next_key, plan.next_weight)
    return tuple(_split_at_accents(spans, plan))


def _moves_on(line: Sequence[str], at: int, last: Chord | None, key: Key) -> int:
    """Return the next place in a progression whose chord differs from the last one in notes or in bass."""
    for step in range(len(line)):
        there = spell(line[(at + step) % len(line)], key)
        if last is None or (there.triad, there.bass) != (last.triad, last.bass):
            return at + step
    return at


def _preparing(plan: Plan, weight: float, spans: Sequence[Span]) -> Chord:
    """Return the chord before a heavy cut: the dominant, or another one that leads home where the dominant just was."""
    before = spans[-2].chord.triad if len(spans) > 1 else None
    choices = (_dominant(plan, weight), "5", "4", "7", "6")
    chords = (spell(symbol, plan.key, plan.palette.colour) for symbol in choices)
    return next(chord for chord in chords if chord.triad != before)


def _dominant(plan: Plan, weight: float) -> str:
    """Name the chord that wants to go home in this style and mode; in minor the leading note is kept for great cuts."""
    if plan.key.mode in ("major", "lydian"):
        return "V" if plan.palette.dominant else "4"
    if plan.palette.leading_note and plan.key.mode == "minor" and weight > LEADING_NOTE_WEIGHT:
        return "V"
    return {"phrygian": "2", "locrian": "2"}.get(plan.key.mode, "7")


def _cells(section: Section, plan: Plan) -> list[tuple[float, float]]:
    """Cut a section into chord-long cells; what is left over at the end is a cell if it is long enough."""
    beat_s = plan.clock.beat_s(section.start + 0.5)
    rhythm = min((2.0, 4.0, 8.0), key=lambda beats: abs(beats * beat_s / plan.palette.chord_s - 1))
    cells: list[tuple[float, float]] = []
    at = section.start
    while at < section.end - 1e-6:
        beats = min(rhythm, section.end - at)
        if cells and beats < SHORTEST_CHORD:
            cells[-1] = (cells[-1][0], cells[-1][1] + beats)
        else:
            cells.append((at, beats))
        at += beats
    return cells


def _lead_over(spans: list[Span], plan: Plan, old: Key, new: Key, weight: float) -> list[Span]:
    """Rewrite the last chords so that the tonic of the new key arrives on the cut as the ear expects it.

    A chord that both keys own turns the corner, then the dominant of the new key. Modal styles take the common chord
    alone. Keys without a common chord meet on the dominant with one beat of warning.
    """
    shared = [s for s in ("2", "4", "6", "3", "1") if set(spell(s, new).triad) <= set(old.scale)]
    strong = plan.palette.dominant and weight > 0.2
    bright = new.mode in ("major", "lydian") or (plan.palette.leading_note and new.mode == "minor")
    modal = {"phrygian": "2", "locrian": "2", "major": "4", "lydian": "2"}.get(new.mode, "7")
    strong = strong and bright
    goal = spell("V" if strong else modal, new, "triad")
    seventh = goal.scale[(goal.degree + 6) % 7]
    arrive = replace(goal, tones=(*goal.triad, seventh)) if strong else goal
    last = spans[-1]
    total = last.end - (spans[-2].start if len(spans) > 1 and last.beats < 3 else last.start)
    start = last.end - total
    if total < 2:
        return [*spans[:-1], replace(last, chord=arrive)]
    kept = [span for span in spans if span.end <= start + 1e-6]
    lead = min(4.0, max(1.0, total / 2 // 1)) if distance(old, new) < 4 else 1.0
    pivot = spell(shared[0], new, plan.palette.colour) if shared else last.chord
    if kept and pivot.triad == kept[-1].chord.triad and len(shared) > 1:
        pivot = spell(shared[1], new, plan.palette.colour)
    return [*kept, Span(start, total - lead, pivot), Span(last.end - lead, lead, arrive)]


#: the last two chords before the final one, in modes with a major third and with a minor one, and the final chord
CADENCES: dict[Ending, tuple[tuple[str, str, str], tuple[str, str, str]]] = {
    "ring-out": (("4", "V", "1"), ("4", "V", "1")),
    "plagal": (("6", "4", "1"), ("6", "4", "1")),
    "button": (("2", "V", "1"), ("4", "V", "1")),
    "picardy": (("bVI", "bVII", "1"), ("6", "7", "I")),
    "open": (("6", "4", "1"), ("6", "4", "1")),
    "unresolved": (("4", "bII", "1"), ("6", "bII", "1")),
    "jazz": (("2", "V", "1"), ("4", "V", "1")),
}
FINAL_COLOUR: dict[Ending, Colour] = {
    "ring-out": "triad",
    "plagal": "triad",
    "button": "triad",
    "picardy": "triad",
    "open": "ninth",
    "unresolved": "triad",
    "jazz": "ninth",
}


def _end(spans: list[Span], plan: Plan) -> list[Span]:
    """Write the cadence: two chords into the last one, which holds from `plan.end_beat`."""
    ending = plan.palette.ending
    before, near, last = CADENCES[ending][plan.key.dark]
    if near == "V" and not (plan.key.mode in ("major", "lydian") or plan.palette.leading_note):
        near = "2" if plan.key.mode in ("phrygian", "locrian") else "7"
    if before == "bVI" and plan.beats < PICARDY_BEATS:
        before, near = "4", "5"
    final = Span(plan.end_beat, plan.beats - plan.end_beat, spell(last, plan.key, FINAL_COLOUR[ending]))
    if not spans:
        return [final]
    tail = spans[-1]
    colour = plan.palette.colour
    lead = min(tail.beats, 4.0) if len(spans) > 1 else tail.beats / 2
    if tail.beats - lead < SHORTEST_CHORD:
        lead = tail.beats
    if lead >= SHORTEST_CHORD:
        rest = [] if tail.beats - lead < 1e-6 else [replace(tail, beats=tail.beats - lead)]
        spans = [*spans[:-1], *rest, Span(tail.end - lead, lead, spell(near, plan.key, colour))]
        if len(spans) > 3:
            spans[-2] = replace(spans[-2], chord=spell(before, plan.key, colour))
    return [*spans, final]


def _split_at_accents(spans: list[Span], plan: Plan) -> list[Span]:
    """Change the chord under cuts that fall inside a bar, to the one a third below: two notes stay, one moves."""
    for beat, hit in plan.accents:
        for number, span in enumerate(spans):
            inside = span.start + 0.9 < beat < span.end - 0.4
            if inside and hit.kind != "jolt" and not (plan.final and number == len(spans) - 1):
                scale = spans[number].chord.scale
                section = plan.section_of(beat)
                key = section.key if section else plan.key
                turn = spell(str((span.chord.degree - 2) % 7 + 1), key, plan.palette.colour)
                if set(turn.triad) <= set(scale):
                    halves = [replace(span, beats=beat - span.start), Span(beat, span.end - beat, turn)]
                    spans = [*spans[:number], *halves, *spans[number + 1 :]]
                break
    return spans


def voice(
    chord: Chord, *, low: int, high: int, voices: int, previous: Sequence[int] = (), centre: float | None = None
) -> tuple[int, ...]:
    """Return the chord's notes in a range, ascending, moving as little as possible from `previous`.

    Close and dropped positions are tried; thirds stay above 52 so that nothing turns to mud; root first to be left out.
    """
    wanted = _wanted(chord, voices)
    middle = centre if centre is not None else (low + high) / 2
    best: tuple[float, tuple[int, ...]] | None = None
    for turn in range(len(wanted)):
        for base in range(low, high):
            if base % 12 != wanted[turn]:
                continue
            notes = [base]
            for tone in wanted[turn + 1 :] + wanted[:turn]:
                notes.append(notes[-1] + ((tone - notes[-1]) % 12 or 12))
            for option in _positions(notes):
                if option[-1] > high or option[0] < low:
                    continue
                cost = _voicing_cost(option, previous, middle)
                if best is None or cost < best[0]:
                    best = (cost, option)
    if best is not None:
        return best[1]
    return tuple(sorted(low + (tone - low) % 12 for tone in chord.triad))


def _wanted(chord: Chord, voices: int) -> list[int]:
    """Choose pitch classes in close order: third and colour first, the root before the fifth."""
    tones = list(dict.fromkeys(chord.tones))
    order = [tones[1], *tones[3:], tones[0], tones[2]] if len(tones) > 3 else [tones[0], tones[1], tones[2]]
    kept = set(order[:voices])
    return sorted(kept, key=lambda tone: (tone - chord.root) % 12)


def _positions(notes: list[int]) -> list[tuple[int, ...]]:
    options = [tuple(notes)]
    if len(notes) >= 3:
        options.append(tuple(sorted([*notes[:-2], notes[-2] - 12, notes[-1]])))  # drop 2
    return options


def _voicing_cost(notes: tuple[int, ...], previous: Sequence[int], middle: float) -> float:
    cost = 0.35 * abs(sum(notes) / len(notes) - middle)
    for lower, upper in itertools.pairwise(notes):
        if upper - lower < 5 and lower < 52:
            cost += 6
        if upper - lower == 1:
            cost += 3
        if upper - lower > 12:
            cost += 4
    if previous:
        moves = [min(abs(note - old) for old in previous) for note in notes]
        cost += sum(moves) + sum(4 * (move - 5) for move in moves if move > 5)
        cost += abs(notes[-1] - previous[-1])
    return cost
