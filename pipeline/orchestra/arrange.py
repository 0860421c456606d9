"""From plan to parts: who plays in a cue, and what each of them has on the stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.cuesheet import CueSheet
from pipeline.orchestra.accompaniment import active, kit_allows, write_bass, write_drums, write_ostinato, write_pad
from pipeline.orchestra.chance import dice
from pipeline.orchestra.ending import held
from pipeline.orchestra.form import Plan, lay_out
from pipeline.orchestra.harmony import Span, harmonise, voice
from pipeline.orchestra.hits import great, make_room, peaks, write_accents, write_impacts, write_rolls, write_thunder
from pipeline.orchestra.instruments import Instrument
from pipeline.orchestra.melody import write_counter, write_double, write_melody
from pipeline.orchestra.part import Note, Part, Unpitched
from pipeline.orchestra.perform import breathe, play_role
from pipeline.orchestra.styles import ROLE_LEVEL_DB, ROLE_PAN, ROLE_STEM, STAND_INS, Role
from pipeline.orchestra.tone import Tone

#: who chooses first: whoever is chosen later avoids the sounds that are taken
CASTING: tuple[Role, ...] = ("melody", "ostinato", "bass", "pad", "counter", "accent", "double", "thunder")
MONOPHONIC: tuple[Role, ...] = ("melody", "relief", "double", "counter", "bass")
SUB_DROP_S = 1.2
SWELL_GAP_S = 0.09  # a swell lets go this long before its hit: the attack needs a clear ground
SUB_DROP_PITCH = 36


@dataclass(frozen=True)
class Arrangement:
    """One cue, ready to be played."""

    plan: Plan
    spans: tuple[Span, ...]
    parts: tuple[Part, ...]


def arrange(sheet: CueSheet) -> tuple[Arrangement, ...]:
    """Return the parts of every cue, in order; the same sheet gives the same notes."""
    return tuple(arrange_cue(plan) for plan in lay_out(sheet))


def arrange_cue(plan: Plan) -> Arrangement:
    """Write chords, then tune, bass against the tune, what carries them, hits, the ending; then play it all."""
    spans = harmonise(plan)
    band = choose_players(plan)
    written: dict[Role, list[Tone]] = {}
    relief = band.get("relief")
    tune = write_melody(plan, spans, band["melody"], relief) if "melody" in band else []
    heard = [tone for tone in tune if _sings(plan, tone)]
    written["relief"] = [tone for tone in heard if relief and _handed_over(plan, tone)]
    written["melody"] = [tone for tone in heard if not (relief and _handed_over(plan, tone))]
    if "double" in band:
        written["double"] = write_double(plan, heard, band["melody"], band["double"])
    if "counter" in band:
        counter = write_counter(plan, spans, heard, band["counter"])
        written["counter"] = [tone for tone in counter if active(plan, "counter", tone.beat)]
    if "bass" in band:
        written["bass"] = write_bass(plan, spans, heard, band["bass"])
    if "pad" in band:
        written["pad"] = write_pad(plan, spans, band["pad"])
    if "ostinato" in band:
        tune_at = sum(tone.pitch for tone in heard) / len(heard) if heard else 72.0
        figure = write_ostinato(plan, spans, band["ostinato"], tune_at)
        written["ostinato"] = figure + _last_chord(plan, spans, band["ostinato"])
    if "accent" in band:
        written["accent"] = write_accents(plan, spans, band["accent"]) + _opening(plan, spans, band["accent"])
    if "thunder" in band:
        written["thunder"] = write_thunder(plan, spans, band["thunder"])
    kit = (
        write_drums(plan) + write_rolls(plan) + write_impacts(plan) + _last_stroke(plan)
        if plan.out.allows_role("drums")
        else []
    )
    parts = [_part(plan, spans, role, tones, band[role]) for role, tones in written.items() if tones]
    if kit:
        parts.append(_kit(plan, kit))
    parts += _effects(plan)
    return Arrangement(plan, spans, tuple(part for part in parts if part.notes))


def _sings(plan: Plan, tone: Tone) -> bool:
    """Say whether the tune may sound here: the last chord always closes it."""
    return tone.beat >= plan.end_beat - 1e-6 or active(plan, "melody", tone.beat)


def _handed_over(plan: Plan, tone: Tone) -> bool:
    section = plan.section_of(tone.beat)
    return section is not None and section.handed_over


def choose_players(plan: Plan) -> dict[Role, Instrument]:
    """Return who plays which role. What the client excluded has left the room before anybody is asked.

    A palette's first names are the likelier ones; nobody plays two roles where another can; the same score keeps its
    band, a change of mood changes the lead.
    """
    band: dict[Role, Instrument] = {}
    for role in CASTING:
        if role not in plan.palette.players or not plan.out.allows_role(role):
            continue
        pool = plan.out.players(plan.palette.players[role]) or plan.out.players(STAND_INS[role])
        busy = {player.program for player in band.values()}
        free = [player for player in pool if player.program not in busy]
        if role in ("double", "counter"):
            pool = free
        if not pool:
            continue
        rng = dice(plan.seed, plan.cue.style, role, plan.cue.emotion if role in ("melody", "counter") else "")
        weights = [1.0 / (1 + place) ** 0.5 for place in range(len(free or pool))]
        band[role] = rng.choices(free or pool, weights)[0]
    if "melody" in band and any(section.handed_over for section in plan.sections):
        band |= _relief(plan, band)
    return band


def _relief(plan: Plan, band: dict[Role, Instrument]) -> dict[Role, Instrument]:
    """Return who takes the tune over in B sections: a lead of the style with another sound, if there is one."""
    taken = {player.program for role, player in band.items() if role in ("melody", "ostinato", "counter")}
    others = [player for player in plan.out.players(plan.palette.players["melody"]) if player.program not in taken]
    return {"relief": dice(plan.seed, plan.cue.style, "relief").choice(others)} if others else {}


def _part(plan: Plan, spans: Sequence[Span], role: Role, tones: Sequence[Tone], player: Instrument) -> Part:
    placed = make_room(tones, plan, again=role in (*MONOPHONIC, "pad"))
    if role in MONOPHONIC:
        placed = _one_voice(placed)
    if plan.final:
        placed = held(plan.palette.ending, placed, plan.end_beat, plan.clock.beat_s(plan.end_beat))
    arcs: tuple[tuple[float, float], ...] = ()
    if player.sustains or player.attack == "synth":
        depth = 0.0 if not player.sustains else 0.2 if role in ("melody", "relief", "double") else 0.28
        arcs = breathe(plan, [(span.start, span.end) for span in spans], depth)
    return Part(
        name=player.name,
        stem=ROLE_STEM[role],
        instrument=player.program,
        notes=play_role(plan, role, placed, player),
        level_db=ROLE_LEVEL_DB[role] + plan.palette.levels.get(role, 0.0),
        pan=ROLE_PAN[role],
        expression=arcs,
    )


def _one_voice(tones: Sequence[Tone]) -> list[Tone]:
    """Keep one note at a time of a single line: where a hit has drawn two together, the one that is held."""
    single: dict[float, Tone] = {}
    for tone in tones:
        other = single.get(round(tone.beat, 3))
        if other is None or tone.beats > other.beats:
            single[round(tone.beat, 3)] = tone
    return list(single.values())


def _kit(plan: Plan, tones: Sequence[Tone]) -> Part:
    placed = make_room(tones, plan)
    strokes = {(round(t.beat, 4), t.pitch): t for t in sorted(placed, key=lambda t: (t.exact, t.force))}
    level = ROLE_LEVEL_DB["drums"] + plan.palette.levels.get("drums", 0.0)
    return Part("drum kit", "drums", "drums", play_role(plan, "drums", list(strokes.values()), None), level)


def _opening(plan: Plan, spans: Sequence[Span], player: Instrument) -> list[Tone]:
    """Mark the cue's first beat where no hit does."""
    if any(beat < 0.5 for beat, _ in plan.hits) or plan.end_beat < 0.5:
        return []
    notes = voice(spans[0].chord, low=player.low, high=player.high, voices=2)
    return [Tone(0.0, 2.0, note, force=4.0, exact=True, gate=1.0) for note in notes]


def _last_chord(plan: Plan, spans: Sequence[Span], player: Instrument) -> list[Tone]:
    """Strike the last chord, short for a button, ringing otherwise."""
    if not plan.final:
        return []
    notes = voice(spans[-1].chord, low=player.low, high=player.high, voices=4)
    beats = plan.beats - plan.end_beat
    return [Tone(plan.end_beat, beats, note, force=6.0, exact=True, gate=1.0) for note in notes]


def _last_stroke(plan: Plan) -> list[Tone]:
    """End the kit with one stroke under the last chord where it has been playing."""
    section = plan.sections[-1] if plan.sections else None
    loud = section is not None and section.energy >= plan.palette.layers.get("drums", 1.0)
    if not plan.final or not loud or plan.cue.style in ("ambient", "folk", "cinematic"):
        return []
    keys = {"playful": (76,), "lofi": (36,), "tense": (41,)}.get(plan.cue.style, (36, 49))
    return [Tone(plan.end_beat, 1.0, key, force=6.0, exact=True) for key in keys if kit_allows(plan, key)]


Draw = Callable[[Plan], list[Note]]


def _effects(plan: Plan) -> list[Part]:
    """Add swells and risers into great hits and drops under them, as style and client allow."""
    parts: list[Part] = []
    rising: Unpitched = "riser" if plan.cue.style in ("electronic", "epic") else "swell"
    wanted: list[tuple[Unpitched, Draw, float]] = [(rising, _rise, -12.0)]
    if plan.cue.style in ("cinematic", "electronic", "epic", "tense"):
        wanted.append(("sub drop", _drop, -3.0))
    for kind, draw, level in wanted:
        notes = draw(plan) if plan.out.allows_effect(kind) and plan.cue.style not in ("folk", "playful") else []
        if notes:
            parts.append(Part(kind, "effects", kind, tuple(notes), level))
    return parts


def _rise(plan: Plan) -> list[Note]:
    notes = []
    for start, stop in peaks(plan):
        time = plan.clock.time(start)
        notes.append(Note(time, max(0.3, plan.clock.time(stop) - time - SWELL_GAP_S), 45, 84))
    return notes


def _drop(plan: Plan) -> list[Note]:
    end = plan.cue.end
    return [
        Note(hit.time, min(SUB_DROP_S, end - hit.time), SUB_DROP_PITCH, 110)
        for _, hit in great(plan)
        if end - hit.time > 0.4
    ]


def players_named(parts: Sequence[Part]) -> dict[str, tuple[str, ...]]:
    """Return the names of the players by stem."""
    names: dict[str, list[str]] = {}
    for part in parts:
        row = names.setdefault(part.stem, [])
        if part.name not in row:
            row.append(part.name)
    return {stem: tuple(row) for stem, row in names.items()}
