"""A sheet recorded with an engine that generates sound: ordered, checked, made again where it failed, locked, joined.

Two attributes that an engine may have are heeded. Where `cheap` is true, another take of a cue costs no money and
little time: then one more is made of each cue that misses its cuts, and the better one stays. `machine`, such as
"cuda:0, float16", is named in the recording.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import soxr

from pipeline.backends import Session
from pipeline.cuesheet import Cue, CueSheet
from pipeline.cutlock.joins import join
from pipeline.cutlock.lock import Locked, lock
from pipeline.ear.loudness import integrated
from pipeline.errors import OverLimit, Refused, Unavailable
from pipeline.generated.faults import Fault, FaultKind, find_faults
from pipeline.generated.orders import Engine, Melody, Order, Sound
from pipeline.generated.prompts import write_prompt
from pipeline.music import RATE, Audio, Recording

WARP = 1.06  # how much more of a sound the cut-lock uses up where it plays it faster
CHOICE_BARS = 2  # of sound to spare: room to choose where it begins
LEAD_S, RING_S = 2.5, 3.0  # of sound before and after a cue, where the film has them: for the bridges to its neighbours
ENDS_EARLY_S = 0.5  # that may be missing at the end: the cut-lock fills more than that by going back to a bar line

AGAIN = 2  # times at most that a faulty cue is ordered anew, with another seed
CANDIDATES = 1  # more takes at most of a cue whose cuts are missed
MISSED = 0.7  # share of the cuts under which another take is worth it

LEVEL_LUFS = -20.0  # of each cue before mastering
PEAK = 0.97  # of full scale: no cue is raised above it

#: what music came out as; these words stand in sentences
_CAME_OUT: dict[FaultKind, str] = {
    "numbers": "broken", "silent": "silent", "gap": "with gaps", "noise": "as noise", "short": "too short",
    "offset": "broken", "clipped": "distorted", "drone": "stuck", "loop": "stuck",
}  # fmt: skip
_RANKS: tuple[FaultKind, ...] = tuple(_CAME_OUT)  # the worst first
#: what nobody can use. The others are taken as they are in the end: a drone may be what was asked for
_USELESS: tuple[FaultKind, ...] = ("numbers", "silent", "gap", "noise")
_TOO_SHORT = 0.5  # of it missing: going back to a bar line would be heard all the time
_TIMES = ("once", "twice", "three times")

#: how far the whole work is after the first takes, those made again, and the locking; further takes are the rest
_FIRST, _AGAIN, _LOCKED, _MORE = 0.7, 0.82, 0.94, 0.99


@dataclass(frozen=True)
class _Sounding:
    """What has come for a cue, and what is wrong with it."""

    sound: Sound
    faults: tuple[Fault, ...]
    times: int = 1  #: that it was ordered
    was: str = ""  #: what the first of them came out as, where that was not good

    @property
    def worst(self) -> tuple[int, float]:
        """How bad it is: rank of the worst fault, and how much of it; more is better."""
        ranks = [(_RANKS.index(fault.kind), -fault.share) for fault in self.faults]
        return min(ranks, default=(len(_RANKS), 0.0))

    @property
    def came_out(self) -> str:
        return _CAME_OUT[_RANKS[self.worst[0]]] if self.faults else ""

    @property
    def useless(self) -> bool:
        return any(
            fault.kind in _USELESS or (fault.kind == "short" and fault.share > _TOO_SHORT) for fault in self.faults
        )


def record(sheet: CueSheet, engine: Engine, session: Session, *, candidates: int = CANDIDATES) -> Recording:
    """Record every cue of the sheet with an engine, as one stem "music" of two channels.

    The same sheet makes the same orders; another seed of a cue changes its order alone. Tells the stage "music" as a
    share of 1. Raises what the engine raises, and Unavailable where the music of a cue stays useless.
    """
    first = dict.fromkeys(range(len(sheet.cues)), 0)
    sounding = _play(first, sheet, engine, _within(session, 0.0, _FIRST))
    sounding = _mend(sounding, sheet, engine, session)
    locked = _lock(sounding, sheet, engine.rate, _within(session, _AGAIN, _LOCKED))
    if getattr(engine, "cheap", False):
        step = (_MORE - _LOCKED) / max(1, candidates)
        for number in range(candidates):
            told = _within(session, _LOCKED + step * number, _LOCKED + step * (number + 1))
            locked = _better(locked, AGAIN + 1 + number, sheet, engine, told)
    takes = join([locked[number] for number in first], sheet)
    session.report("music", 1.0, 1.0)
    machine = getattr(engine, "machine", "")
    return Recording(
        engine.name,
        engine.licence,
        tuple(takes),
        notes=tuple(_notes(sounding, sheet)),
        engine=f"{engine.name} ({machine})" if machine else engine.name,
        commercial=engine.commercial,
    )


def write_order(cue: Cue, sheet: CueSheet, *, turn: int = 0) -> Order:
    """Write the order for a cue; another `turn` asks for the same with another seed."""
    before, after = _around(cue, sheet)
    seed = sheet.seed if cue.seed is None else cue.seed
    prompt = write_prompt(cue, sheet.brief.exclude)
    return Order(
        prompt.text,
        cue.length * WARP + before + after + CHOICE_BARS * _bar_s(cue),
        random.Random(f"generated {seed} {cue.number} {turn}").getrandbits(31),
        cue.tempo,
        cue.key,
        cue.meter,
        prompt.exclude,
        cue.start - before,
    )


def bring_to_level(sound: Sound, rate: int) -> Audio:
    """Return (n, channels) of an engine's as two channels at RATE, at -20 LUFS or as near as its peaks let it."""
    swing = np.ascontiguousarray(sound - sound.mean(axis=0, dtype=np.float64), dtype=np.float32)
    audio = soxr.resample(swing, rate, RATE)
    audio = np.repeat(audio, 2, axis=1) if audio.shape[1] == 1 else audio[:, :2]
    peak, loudness = float(np.abs(audio).max()), integrated(audio, RATE)
    gain = min(PEAK / peak, 10 ** ((LEVEL_LUFS - loudness) / 20)) if peak else 1.0
    return np.ascontiguousarray(audio * np.float32(gain), dtype=np.float32)


def _around(cue: Cue, sheet: CueSheet) -> tuple[float, float]:
    """Return the seconds of sound that are wanted before and after a cue."""
    return min(LEAD_S, cue.start), min(RING_S, max(0.0, sheet.duration - cue.end))


def _bar_s(cue: Cue) -> float:
    beats, _, unit = cue.meter.partition("/")
    quarters = 4 * int(beats) / int(unit) if beats.isdigit() and unit.isdigit() and int(unit) else 4.0
    return 60 / cue.tempo * quarters


def _within(session: Session, first: float, last: float) -> Session:
    """Return the session with its stage "music" between two shares of the whole, and never going back."""
    furthest = first

    def report(stage: str, done: float, total: float) -> None:
        nonlocal furthest
        if stage == "music":
            furthest = max(furthest, first + (last - first) * min(1.0, done / total if total > 0 else 0.0))
            done, total = furthest, 1.0
        session.report(stage, done, total)

    return replace(session, report=report)


def _play(turns: Mapping[int, int], sheet: CueSheet, engine: Engine, session: Session) -> dict[int, _Sounding]:
    """Have cues played, by their places in the sheet and the turn that it is for each; listen to what comes."""
    cues = {place: sheet.cues[place] for place in turns}
    orders = [write_order(cue, sheet, turn=turns[place]) for place, cue in cues.items()]
    sounds = engine.play(_led(orders, session.temp), session)
    session.report("music", 1.0, 1.0)
    return {
        place: _Sounding(sound, find_faults(sound, engine.rate, needed_s=_needed_s(cue, sheet)))
        for (place, cue), sound in zip(cues.items(), sounds, strict=True)
    }


def _led(orders: list[Order], temp: Path | None) -> list[Order]:
    """Give each order its stretch of the temp track."""
    if temp is None:
        return orders
    sound, rate = soundfile.read(temp, dtype="float32", always_2d=True)
    melody = Melody(sound, rate)
    return [replace(order, melody=melody.between(order.start, order.start + order.seconds)) for order in orders]


def _needed_s(cue: Cue, sheet: CueSheet) -> float:
    return max(0.0, cue.length + _around(cue, sheet)[0] - ENDS_EARLY_S)


def _mend(sounding: dict[int, _Sounding], sheet: CueSheet, engine: Engine, session: Session) -> dict[int, _Sounding]:
    """Have faulty cues made again, at most twice, and keep the best; raises Unavailable for what stays useless."""
    step = (_AGAIN - _FIRST) / AGAIN
    for turn in range(1, AGAIN + 1):
        faulty = {place: turn for place, one in sounding.items() if one.faults}
        if not faulty:
            break
        told = _within(session, _FIRST + step * (turn - 1), _FIRST + step * turn)
        try:
            newly = _play(faulty, sheet, engine, told)
        except (OverLimit, Refused, Unavailable):
            if any(one.useless for one in sounding.values()):
                raise
            break  # what there is will do
        sounding |= {place: _best_of(sounding[place], one) for place, one in newly.items()}
    for place, one in sounding.items():
        if one.useless:
            raise Unavailable(
                f"The music of cue {sheet.cues[place].number} came out {one.came_out} {_TIMES[one.times - 1]}.",
                hint="Try another seed, or choose another composer.",
            )
    return sounding


def _best_of(old: _Sounding, new: _Sounding) -> _Sounding:
    best = new if new.worst > old.worst else old
    return replace(best, times=old.times + 1, was=old.was or old.came_out)


def _lock(sounding: Mapping[int, _Sounding], sheet: CueSheet, rate: int, session: Session) -> dict[int, Locked]:
    """Lock each sound to its cue."""
    locked = {}
    for done, (place, one) in enumerate(sounding.items()):
        session.report("music", done, len(sounding))
        cue = sheet.cues[place]
        before, after = _around(cue, sheet)
        locked[place] = lock(bring_to_level(one.sound, rate), cue, before_s=before, after_s=after)
    return locked


def _better(
    locked: dict[int, Locked], turn: int, sheet: CueSheet, engine: Engine, session: Session
) -> dict[int, Locked]:
    """Have the cues that miss their cuts made once more, and keep what meets more of them."""
    missed = {place: turn for place, one in locked.items() if one.hits < MISSED * one.asked}
    if not missed:
        return locked
    try:
        newly = _play(missed, sheet, engine, session)
    except (OverLimit, Refused, Unavailable):
        return locked  # it was only for the better
    sound = {place: one for place, one in newly.items() if not one.faults}
    others = _lock(sound, sheet, engine.rate, session)
    return locked | {place: one for place, one in others.items() if one.hits > locked[place].hits}


def _notes(sounding: Mapping[int, _Sounding], sheet: CueSheet) -> list[str]:
    """Say which cues had to be made again."""
    notes = []
    for place, one in sounding.items():
        number, times = sheet.cues[place].number, _TIMES[one.times - 1]
        if one.faults:
            notes.append(f"The music of cue {number} came out {one.came_out} {times}; the best take is used.")
        elif one.times > 1:
            notes.append(f"The music of cue {number} had to be made {times}: it came out {one.was} at first.")
    return notes
