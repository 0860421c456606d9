from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from pipeline.backends import Session
from pipeline.cuesheet import Cue, CueSheet
from pipeline.cutlock.lock import Locked
from pipeline.ear.loudness import integrated
from pipeline.errors import Cancelled, OverLimit, Unavailable
from pipeline.generated import performed
from pipeline.generated.orders import Order, Sound
from pipeline.generated.performed import CHOICE_BARS, LEAD_S, LEVEL_LUFS, RING_S, WARP, bring_to_level, record
from pipeline.music import RATE, Audio, Recording
from tests import engines
from tests.engines import Failing, Plucks, Spoilt
from tests.sheets import cue, sheet


def film(*, second_seed: int | None = None, seed: int = 1) -> CueSheet:
    """Nine seconds in two cues."""
    return sheet(
        [
            cue("folk", 0, 4.6, [(2.3, 0.6)], number="1m1", key="D minor"),
            cue("folk", 4.6, 9, [(4.6, 0.8), (6.9, 0.5)], number="1m2", key="F major", seed=second_seed),
        ],
        seed=seed,
    )


def sting() -> CueSheet:
    return sheet([cue("folk", 0, 3, [(1.5, 0.6)])])


def made(score: CueSheet, engine: Any, **how: Any) -> Recording:
    return record(score, engine, Session(), **how)


@pytest.fixture
def hits(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lock nothing, which takes its time; what is met of the one cut is what the list says, then all of it."""
    left: list[int] = []

    def lock(sound: Audio, cue: Cue, *, before_s: float, after_s: float) -> Locked:
        met = left.pop(0) if left else 1
        return Locked(sound[: round(cue.length * RATE)], cue.start, (), (), met, 1, (1.0, 1.0), None)

    monkeypatch.setattr(performed, "lock", lock)
    return left


@pytest.fixture(scope="module")
def recorded() -> tuple[Plucks, Recording, list[tuple[str, float, float]]]:
    engine, calls = Plucks(), list[tuple[str, float, float]]()
    return engine, record(film(), engine, Session(lambda *call: calls.append(call))), calls


def test_there_is_one_order_for_each_cue_all_at_once(recorded) -> None:
    (orders,) = recorded[0].asked
    score = film()
    assert [order.key for order in orders] == ["D minor", "F major"]
    bars = CHOICE_BARS * 240 / 104
    assert orders[0].seconds == pytest.approx(4.6 * WARP + RING_S + bars)
    assert orders[1].seconds == pytest.approx(4.4 * WARP + LEAD_S + bars)
    assert [order.start for order in orders] == pytest.approx([0.0, 4.6 - LEAD_S])
    assert all(order.tempo == 104 and order.meter == "4/4" for order in orders)
    assert all("104 BPM" in order.prompt and "instrumental" in order.prompt for order in orders)
    assert len({order.seed for order in orders}) == len(score.cues)


def test_what_is_ruled_out_goes_in_its_own_field(hits: list[int]) -> None:
    engine = Plucks()
    score = sheet([replace(sting().cues[0], prompt="Guitars and light drums, warmly.", exclude=("drums",))])
    made(replace(score, brief=replace(score.brief, exclude=("bass",))), engine)
    ((order,),) = engine.asked
    assert order.exclude == ("bass", "drums")
    assert "drum" not in order.prompt


def test_the_recording_is_one_stem_of_two_channels_that_fits_the_film(recorded) -> None:
    _, recording, _ = recorded
    score = film()
    assert [take.cue for take in recording.takes] == [one.number for one in score.cues]
    for take in recording.takes:
        (stem,) = take.stems.values()
        assert set(take.stems) == {"music"}
        assert (stem.dtype, stem.shape[1]) == (np.float32, 2)
        assert np.isfinite(stem).all()
        assert take.start >= 0
        assert take.start + len(stem) / RATE <= score.duration + 1e-3
    assert (recording.composer, recording.licence, recording.commercial) == ("plucks:small", "Made for a test.", False)
    assert (recording.engine, recording.notes) == ("plucks:small", ())


def test_progress_never_goes_back_and_arrives(recorded) -> None:
    told = [(done, total) for stage, done, total in recorded[2] if stage == "music"]
    shares = [done / total for done, total in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(set(shares)) > 4


def test_the_same_sheet_gives_the_same_samples(recorded) -> None:
    again = made(film(), Plucks())
    for one, other in zip(recorded[1].takes, again.takes, strict=True):
        assert np.array_equal(one.stems["music"], other.stems["music"])


def test_another_seed_of_a_cue_changes_its_order_alone(hits: list[int]) -> None:
    asked = []
    for second in (None, 7, 8):
        engine = Plucks()
        made(film(second_seed=second), engine)
        asked.append(engine.asked[0])
    assert asked[0][0] == asked[1][0] == asked[2][0]
    assert len({orders[1].seed for orders in asked}) == 3
    assert len({replace(orders[1], seed=0) for orders in asked}) == 1


def test_another_seed_of_the_sheet_is_another_take(hits: list[int]) -> None:
    one, other = Plucks(), Plucks()
    made(sting(), one)
    made(replace(sting(), seed=2), other)
    assert one.asked[0][0].seed != other.asked[0][0].seed


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (engines.not_numbers, "broken"),
        (engines.silent, "silent"),
        (engines.broken_off, "too short"),
        (engines.noise, "as noise"),
        (engines.clipped, "distorted"),
        (engines.drone, "stuck"),
        (engines.shifted, "broken"),
    ],
)
def test_a_faulty_cue_is_made_again_with_another_seed(spoil: Any, word: str, hits: list[int]) -> None:
    engine = Spoilt(Plucks(), spoil, starts=(4.6 - LEAD_S,))
    recording = made(film(), engine)
    first, second = engine.orders
    assert [order.start for order in second] == [first[1].start]
    assert second[0].seed != first[1].seed
    assert replace(second[0], seed=0) == replace(first[1], seed=0)
    assert recording.notes == (f"The music of cue 1m2 had to be made twice: it came out {word} at first.",)
    assert all(np.isfinite(take.stems["music"]).all() for take in recording.takes)


def test_what_came_again_is_what_is_heard(hits: list[int]) -> None:
    spoilt, whole = made(sting(), Spoilt(Plucks(), engines.silent)), made(sting(), Plucks())
    assert integrated(spoilt.takes[0].stems["music"], RATE) > LEVEL_LUFS - 6
    assert not np.array_equal(spoilt.takes[0].stems["music"], whole.takes[0].stems["music"])


def test_a_third_take_is_made_and_no_fourth(hits: list[int]) -> None:
    engine = Spoilt(Plucks(), engines.silent, takes=2)
    assert made(sting(), engine).notes == (
        "The music of cue 1m1 had to be made three times: it came out silent at first.",
    )
    assert len({order.seed for (order,) in engine.orders}) == 3
    engine = Spoilt(Plucks(), engines.silent, takes=3)
    with pytest.raises(Unavailable, match=r"The music of cue 1m1 came out silent three times\.") as caught:
        made(sting(), engine)
    assert caught.value.hint
    assert len(engine.orders) == 3


def test_what_stays_stuck_may_be_what_was_asked_for(hits: list[int]) -> None:
    score = sheet([cue("folk", 0, 6)])
    recording = made(score, Spoilt(Plucks(), engines.drone, takes=9))
    assert recording.notes == ("The music of cue 1m1 came out stuck three times; the best take is used.",)
    assert np.abs(recording.takes[0].stems["music"]).max() > 0.05


def test_the_least_bad_take_is_kept(hits: list[int]) -> None:
    spoils = iter([engines.drone, engines.silent, engines.silent])
    recording = made(sheet([cue("folk", 0, 6)]), Spoilt(Plucks(), lambda sound: next(spoils)(sound), takes=3))
    assert "came out stuck three times" in recording.notes[0]
    assert np.abs(recording.takes[0].stems["music"]).max() > 0.05


def test_half_of_what_was_asked_for_is_too_little(hits: list[int]) -> None:
    engine = Spoilt(Plucks(), lambda sound: engines.short(sound, 0.15), takes=9)
    with pytest.raises(Unavailable, match="too short three times"):
        made(film(), engine)


@dataclass
class SecondCallFails(Spoilt):
    """It has money, or breath, for one call."""

    error: Exception = OverLimit("There is no money left.", hint="Raise what a film may cost.")  # noqa: RUF009

    def play(self, orders: Any, session: Session) -> list[Sound]:
        if self.orders:
            raise self.error
        return super().play(orders, session)


def test_without_money_for_another_take_a_usable_one_stays(hits: list[int]) -> None:
    recording = made(sheet([cue("folk", 0, 6)]), SecondCallFails(Plucks(), engines.drone))
    assert recording.notes == ("The music of cue 1m1 came out stuck once; the best take is used.",)
    with pytest.raises(OverLimit, match="no money"):
        made(sting(), SecondCallFails(Plucks(), engines.silent))


def test_what_the_engine_raises_goes_through() -> None:
    with pytest.raises(Unavailable, match="The vendor is down"):
        made(film(), Failing(Plucks()))


def test_a_person_can_stop_it_wherever_it_is(hits: list[int]) -> None:
    for at in (0.0, 0.3, 0.72, 0.85):
        stopped = []

        def stop(stage: str, done: float, total: float, at: float = at, stopped: list[float] = stopped) -> None:
            if stage == "music" and done / total >= at:
                stopped.append(done / total)
                raise Cancelled("Stopped.")

        with pytest.raises(Cancelled):
            record(sting(), Spoilt(Plucks(), engines.silent), Session(stop))
        assert len(stopped) == 1


def test_a_person_can_stop_another_take(hits: list[int]) -> None:
    with pytest.raises(Cancelled):
        made(sting(), SecondCallFails(Plucks(), engines.silent, error=Cancelled("Stopped.")))


def test_a_cue_that_misses_its_cuts_gets_one_more_take_where_that_is_cheap(hits: list[int]) -> None:
    calls: list[float] = []
    engine = Spoilt(Plucks(), lambda sound: sound, cheap=True, machine="cpu, float32")
    hits[:] = [1, 0]  # the second cue misses
    recording = record(film(), engine, Session(lambda stage, done, total: calls.append(done / total)))
    first, second = engine.orders
    assert [order.start for order in second] == [first[1].start]
    assert second[0].seed != first[1].seed
    assert (recording.engine, recording.notes) == ("plucks:small (cpu, float32)", ())
    assert calls == sorted(calls)
    assert calls[-1] == 1.0
    alone = made(film(), Plucks())
    assert np.array_equal(recording.takes[0].stems["music"][:RATE], alone.takes[0].stems["music"][:RATE])
    assert not np.array_equal(recording.takes[1].stems["music"], alone.takes[1].stems["music"])


def test_no_other_take_is_made_where_that_is_not_cheap_or_not_wanted(hits: list[int]) -> None:
    for cheap, candidates, met in ((False, 1, 0), (True, 0, 0), (True, 1, 1)):
        hits[:] = [met]
        engine = Spoilt(Plucks(), lambda sound: sound, cheap=cheap)
        made(sting(), engine, candidates=candidates)
        assert len(engine.orders) == 1


def test_another_take_that_does_not_come_or_is_no_better_changes_nothing(hits: list[int]) -> None:
    alone = made(sting(), Plucks()).takes[0].stems["music"]
    others = [
        Failing(Plucks(), after=1, cheap=True),
        Spoilt(Plucks(), lambda sound: sound, cheap=True),
        SecondCallIsSilent(Plucks(), engines.silent, cheap=True),
    ]
    for engine in others:
        hits[:] = [0, 0]
        assert np.array_equal(made(sting(), engine).takes[0].stems["music"], alone)


@dataclass
class SecondCallIsSilent(Spoilt):
    def play(self, orders: Any, session: Session) -> list[Sound]:
        sounds = self.inner.play(orders, session)
        self.orders.append(list(orders))
        return [self.spoil(sound) for sound in sounds] if len(self.orders) > 1 else sounds


@pytest.mark.parametrize(("rate", "channels"), [(32_000, 1), (44_100, 2), (48_000, 2), (16_000, 1)])
def test_sound_of_any_rate_is_brought_to_the_films_and_to_one_level(rate: int, channels: int) -> None:
    t = np.arange(3 * rate) / rate
    sound = np.repeat((0.02 * np.sin(2 * np.pi * 997 * t) + 0.3)[:, None], channels, axis=1).astype(np.float32)
    audio = bring_to_level(sound, rate)
    assert (audio.shape, audio.dtype) == ((3 * RATE, 2), np.float32)
    assert integrated(audio, RATE) == pytest.approx(LEVEL_LUFS, abs=0.1)
    assert abs(float(audio.mean())) < 1e-4
    spectrum = np.abs(np.fft.rfft(audio[RATE : 2 * RATE, 0]))
    assert spectrum.argmax() == 997


def test_nothing_is_raised_to_clipping_and_silence_stays_silent() -> None:
    pops = np.zeros((3 * RATE, 2), np.float32)
    pops[:: RATE // 2] = 0.9
    assert np.abs(bring_to_level(pops, RATE)).max() < 1.0
    assert not bring_to_level(np.zeros((RATE, 1), np.float32), 32_000).any()


def test_orders_are_whole_for_any_cue(hits: list[int]) -> None:
    engine = Plucks()
    short = sheet([replace(cue("folk", 0, 0.4), meter="6/8"), cue("folk", 0.4, 3, number="1m2")])
    made(short, engine)
    order: Order = engine.asked[0][0]
    assert order.seconds == pytest.approx(0.4 * WARP + min(RING_S, 2.6) + CHOICE_BARS * 3 * 60 / 104)
    assert math.isfinite(order.seconds)
