"""MusicGen by Replicate, as far as a loopback server can be it."""

from __future__ import annotations

import io
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import backends, replicated
from pipeline.backends import Session, Vendors
from pipeline.composers import replicate
from pipeline.composers.replicate import LOADING_S, MODEL, PER_SECOND, RATE, USD_PER_S, VARIANTS, HostedMusicGen
from pipeline.errors import Cancelled, OverLimit, Refused, Unavailable, UserError
from pipeline.generated.orders import Order
from pipeline.purse import PaidFor, Purse
from tests.fake_replicate import TOKEN, FakeReplicate
from tests.loopback import Answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeReplicate]:
    monkeypatch.setattr(replicated, "POLL_S", (0.01, 0.02))
    with FakeReplicate() as server:
        server.predict_s = 3.0
        yield server


def engine(server: FakeReplicate, variant: str = "") -> HostedMusicGen:
    vendors = Vendors(replicate_token=TOKEN, replicate_url=server.url)
    hired = backends.composer(f"replicate:{variant}" if variant else "replicate", vendors)
    assert isinstance(hired, HostedMusicGen)
    return hired


def order(seconds: float = 1.0, seed: int = 5) -> Order:
    return Order("calm piano, 80 bpm", seconds, seed, 80.0, "D minor")


def session(folder: Path | None = None, *, usd: float = 5.0, report: object = None) -> Session:
    return Session(report if callable(report) else lambda *_: None, Purse(usd), folder)


def reserved(seconds: int) -> float:
    return (LOADING_S + PER_SECOND * seconds) * USD_PER_S


def test_a_cue_is_bought_from_the_pinned_version_and_booked_by_the_seconds_that_it_took(
    server: FakeReplicate, tmp_path: Path
):
    told: list[tuple[str, float, float]] = []
    given = session(tmp_path, report=lambda *said: told.append(said))
    (sound,) = engine(server).play([order(1.25)], given)
    assert (sound.shape, sound.dtype) == ((60_000, 2), np.float32)
    assert 0.1 < np.abs(sound).max() <= 1
    (prediction,) = server.predictions.values()
    assert f"meta/musicgen:{prediction.model}" == MODEL
    assert prediction.input == {
        "model_version": "stereo-large",
        "prompt": "calm piano, 80 bpm",
        "duration": 2,
        "classifier_free_guidance": 3,
        "normalization_strategy": "peak",
        "output_format": "wav",
        "seed": 6,
    }
    assert float(prediction.cancel_after.rstrip("s")) < 30 * 60, "Replicate ends what we no longer can"
    assert given.purse.spent_usd == pytest.approx(3.0 * USD_PER_S)
    assert {stage for stage, _, _ in told} == {"music"}
    assert told[-1] == ("music", 1, 1)
    assert not list(tmp_path.rglob("*.ticket"))
    assert not list(tmp_path.rglob("made.bin"))


def test_every_variant_says_its_name_and_that_its_music_may_not_be_sold(server: FakeReplicate):
    assert len(VARIANTS) == 8
    for variant in VARIANTS:
        hired = engine(server, variant)
        assert hired.name == f"replicate:{variant}"
        assert "CC BY-NC" in hired.licence
        assert not hired.commercial
    with pytest.raises(Refused, match="'small'") as refusal:
        engine(server, "small")
    assert "replicate:stereo-large" in refusal.value.hint
    with pytest.raises(Unavailable, match="no token"):
        backends.composer("replicate", Vendors())
    with pytest.raises(Refused, match="commercially"):
        backends.composer("replicate", Vendors(replicate_token=TOKEN, commercial=True))


def test_cues_are_made_side_by_side_but_not_all_at_once(server: FakeReplicate, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replicate, "AT_ONCE", 2)
    together: list[int] = []
    tell = server.output
    server.steps = ["starting", *["processing"] * 8, "succeeded"]
    server.output = lambda made: (together.append(1 + len(server.running)), tell(made))[1]
    orders = [order(1.0, seed) for seed in (3, 1, 2, 0)]
    sounds = engine(server, "large").play(orders, session())
    seeds = sorted(prediction.input["seed"] for prediction in server.predictions.values())
    assert seeds == [1, 2, 3, 4]
    assert max(together) == 2
    assert all(np.array_equal(sound[:, 0], sound[:, 1]) for sound in sounds), "mono is heard on both sides"
    again = engine(server, "large").play(orders[1:2], session())
    assert np.array_equal(again[0], sounds[1]), "in the order of the orders"


def test_a_long_cue_goes_on_from_the_end_of_each_piece_without_a_step(
    server: FakeReplicate, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(replicate, "PIECE_S", 2.0)
    monkeypatch.setattr(replicate, "TAIL_S", 0.75)
    (sound,) = engine(server).play([order(5.4)], session())
    assert len(sound) == round(5.4 * RATE)
    first, second, third = server.predictions.values()
    assert "continuation" not in first.input
    assert [made.input["duration"] for made in (first, second, third)] == [2, 3, 3], "what is gone on from counts"
    assert len({made.input["seed"] for made in (first, second, third)}) == 3
    for number, made in enumerate((second, third), 1):
        assert made.input["continuation"] is True
        given, rate = soundfile.read(io.BytesIO(server.file(made.input["input_audio"])), always_2d=True)
        end = round(number * 1.8 * RATE)
        assert (rate, given.shape) == (RATE, (round(0.75 * RATE), 2))
        before = slice(end - len(given), end - round(replicate.SEAM_S * RATE))
        assert np.abs(given[: before.stop - before.start] - sound[before]).max() < 1e-3
        assert np.abs(np.diff(sound[end - 3000 : end - 20], axis=0)).max() < 0.05
    assert len(server.deleted) == 2, "what was lent is taken back"


def test_what_goes_on_is_as_loud_as_what_it_goes_on_from():
    rng = np.random.default_rng(3)
    tail = rng.uniform(-0.1, 0.1, (RATE, 2)).astype(np.float32)
    made = np.concatenate([tail * 7, rng.uniform(-0.7, 0.7, (RATE, 2)).astype(np.float32)])
    new, seam = replicate._after(tail, made, 1.0)
    assert seam == round(replicate.SEAM_S * RATE)
    assert np.allclose(new[:seam], tail[-seam:], atol=1e-6), "both have the seam"
    joined = replicate._join(tail, new, seam)
    assert len(joined) == 2 * RATE
    assert np.abs(joined[RATE:]).max() == pytest.approx(0.1, rel=0.01)
    silent, _ = replicate._after(np.zeros_like(tail), made, 1.0)
    assert np.isfinite(silent).all()


def test_cues_of_one_piece_begin_from_the_end_of_the_one_before(server: FakeReplicate, tmp_path: Path):
    one, other = engine(server, "stereo-large+chain").play([order(1.0), order(1.5, 9)], session(tmp_path))
    assert (len(one), len(other)) == (RATE, round(1.5 * RATE))
    first, second = server.predictions.values()
    assert "input_audio" not in first.input
    given, _ = soundfile.read(io.BytesIO(server.file(second.input["input_audio"])), always_2d=True)
    assert np.allclose(given, one, atol=1e-4)
    assert second.input["duration"] == 3
    assert np.abs(other[: RATE // 4] - one[: RATE // 4]).max() > 0.05, "what it began from is not heard again"


def test_who_cancels_leaves_nothing_running_and_nothing_unbooked(server: FakeReplicate, tmp_path: Path):
    server.steps = ["processing"]

    def report(*_: object) -> None:
        if len(server.predictions) == 2:
            raise Cancelled("Cancelled.")

    given = session(tmp_path, report=report)
    server.predict_s = 20.0
    with pytest.raises(Cancelled):
        engine(server).play([order(), order(seed=2)], given)
    assert not server.running
    assert given.purse.spent_usd == pytest.approx(2 * 20 * USD_PER_S)
    assert not [left for left in tmp_path.rglob("*") if left.is_file()]


def test_what_may_be_too_dear_is_not_ordered(server: FakeReplicate, tmp_path: Path):
    with pytest.raises(OverLimit, match=r"The music costs"):
        engine(server).play([order(10)], session(tmp_path, usd=reserved(10) - 0.01))
    assert not server.asked
    given = session(tmp_path, usd=reserved(1) + 0.01)
    engine(server).play([order(), order(seed=2)], given)
    assert given.purse.spent_usd == pytest.approx(6 * USD_PER_S), "who needs what comes back waits for it"


@pytest.mark.parametrize(("status", "error"), [("failed", Unavailable), ("canceled", PaidFor)])
def test_what_was_in_vain_is_booked_all_the_same(server: FakeReplicate, status: str, error: type[UserError]):
    server.steps, server.error = ["processing", status], "CUDA out of memory"
    given = session()
    with pytest.raises(error):
        engine(server).play([order()], given)
    assert given.purse.spent_usd == pytest.approx(3 * USD_PER_S)


def test_no_prediction_works_for_longer_than_is_reserved(server: FakeReplicate, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replicate, "LOADING_S", 0.0)
    monkeypatch.setattr(replicate, "PER_SECOND", 0.2)
    monkeypatch.setattr(replicate, "QUEUE_S", 2.5)
    server.steps, server.predict_s = ["starting", "processing"], None
    given = session()
    with pytest.raises(PaidFor, match="too slow"):
        engine(server).play([order()], given)
    assert not server.running
    assert 0.2 * USD_PER_S <= given.purse.spent_usd < 2 * USD_PER_S, "by our own clock where it is not said"


def html() -> bytes:
    return b"<html>sign in</html>"


def endless() -> bytes:
    """A WAV of an hour, in 60 kB."""
    file = io.BytesIO()
    soundfile.write(file, np.zeros(3600 * 8, np.int16), 8, format="WAV", subtype="PCM_U8")
    return file.getvalue()


def brief() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(3200, np.int16), 32_000, format="WAV")
    return file.getvalue()


@pytest.mark.parametrize("content", [html, endless, brief, lambda: bytes(10_000_000)])
def test_what_comes_back_is_read_by_the_door_alone(server: FakeReplicate, tmp_path: Path, content: object):
    server.content = lambda made: Answer(content())  # type: ignore[operator]
    given = session(tmp_path)
    with pytest.raises(PaidFor):
        engine(server).play([order()], given)
    assert given.purse.spent_usd == pytest.approx(3 * USD_PER_S)
    assert not list(tmp_path.rglob("made.bin"))


def test_what_was_made_is_not_bought_again(server: FakeReplicate, tmp_path: Path):
    first = engine(server).play([order(seed=1), order(seed=2)], session(tmp_path))
    given = session(tmp_path)
    again = engine(server).play([order(seed=1), order(seed=2), order(seed=3)], given)
    assert len(server.predictions) == 3
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=False))
    assert given.purse.spent_usd == pytest.approx(3 * USD_PER_S)
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    anew = engine(server).play([order(seed=1)], session(tmp_path))
    assert np.array_equal(anew[0], first[0]), "the same order gives the same sound"


def test_a_killed_run_is_followed_by_the_next(server: FakeReplicate, tmp_path: Path):
    server.steps = ["processing"]
    ordered, over = threading.Event(), threading.Event()

    def report(*_: object) -> None:  # as in a process that is killed: nothing is tidied up
        if list(tmp_path.rglob("*.ticket")):
            ordered.set()
            over.wait(20)
            raise Cancelled("Cancelled.")

    def die() -> None:
        with pytest.raises(Cancelled):
            engine(server, "large+chain").play([order()], session(tmp_path, report=report))

    process = threading.Thread(target=die)
    process.start()
    try:
        assert ordered.wait(5)
        (prediction,) = server.predictions.values()
        prediction.steps = ["processing", "succeeded"]
        given = session(tmp_path)
        engine(server, "large+chain").play([order()], given)
        assert len(server.predictions) == 1
        assert given.purse.spent_usd == pytest.approx(3 * USD_PER_S)
    finally:
        over.set()
        process.join()


def test_a_prediction_that_is_followed_is_not_reserved_a_second_time(server: FakeReplicate, tmp_path: Path):
    server.steps = ["processing"]
    book, tickets, killed = tmp_path / "costs.jsonl", tmp_path / "tickets", tmp_path / "killed"
    tickets.mkdir()

    def report(*_: object) -> None:  # what a killed run leaves is what lies there in its midst
        if list(tickets.rglob("*.ticket")) and not killed.exists():
            shutil.copytree(tickets, killed)
            shutil.copy(book, killed / book.name)
            raise Cancelled("Cancelled.")

    most_usd = 1.5 * reserved(1)  # for one prediction, not for two
    with pytest.raises(Cancelled):
        engine(server).play([order()], Session(report, Purse(most_usd, book=book), tickets))
    (prediction,) = server.predictions.values()
    prediction.cancelled, prediction.steps = False, ["processing", "succeeded"]  # a killed run cancels nothing
    following = Purse(most_usd, book=killed / book.name)
    assert following.spent_usd == pytest.approx(reserved(1))
    engine(server).play([order()], Session(lambda *_: None, following, killed))
    assert len(server.predictions) == 1
    assert following.spent_usd == pytest.approx(3 * USD_PER_S)
    assert Purse(most_usd, book=killed / book.name).spent_usd == pytest.approx(3 * USD_PER_S)
    assert not list(killed.rglob("made.*"))


@pytest.mark.parametrize("seed", [0, -1, 2**32 - 2, 2**32, 2**40 + 7])
def test_every_seed_is_one_that_musicgen_takes(server: FakeReplicate, seed: int):
    asked = engine(server)._inputs(order(seed=seed), 0, 1.0, None)["seed"]
    assert isinstance(asked, int)
    assert 1 <= asked < 2**32
