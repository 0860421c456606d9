"""Replicate, as far as a loopback server can be it."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import replicated
from pipeline.backends import Vendors
from pipeline.errors import Cancelled, Refused, Unavailable, UserError
from pipeline.purse import PaidFor
from pipeline.replicated import Replicate
from tests.fake_replicate import TOKEN, FakeReplicate, Prediction
from tests.loopback import Answer

MODEL = "black-forest-labs/flux-schnell"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeReplicate]:
    monkeypatch.setattr(replicated, "POLL_S", (0.01, 0.02))
    monkeypatch.setenv("REPLICATE_API_TOKEN", "r8_of_somebody_else")
    monkeypatch.setenv("REPLICATE_BASE_URL", "http://127.0.0.1:9")
    with FakeReplicate() as server:
        yield server


def make(
    server: FakeReplicate,
    folder: Path,
    *,
    token: str = TOKEN,
    seconds: float = 5.0,
    check: object = None,
    **files: Path,
) -> Path:
    account = Replicate(Vendors(replicate_token=token, replicate_url=server.url))
    inputs = {"prompt": "a boat", "seed": 3}
    heard = check if callable(check) else lambda: None
    return account.make(MODEL, inputs, folder / "made.bin", files=files, seconds=seconds, most_bytes=10**6, check=heard)


def test_a_prediction_is_followed_and_what_it_made_is_fetched(server: FakeReplicate, tmp_path: Path):
    made = make(server, tmp_path)
    assert made.read_bytes().startswith(b"\x89PNG")
    (prediction,) = server.predictions.values()
    assert prediction.model == MODEL
    assert prediction.input == {"prompt": "a boat", "seed": 3}
    assert prediction.cancel_after == "65s"
    assert [file.name for file in tmp_path.iterdir()] == ["made.bin"]
    fetched = server.asked[-1]
    assert "authorization" not in fetched.headers


@pytest.mark.parametrize("output", ["str", "data"])
def test_every_kind_of_output_is_read(server: FakeReplicate, tmp_path: Path, output: str):
    data = f"data:image/png;base64,{base64.b64encode(b'drawn').decode()}"
    server.output = lambda made: f"{server.url}/output/{made.id}" if output == "str" else data
    assert make(server, tmp_path).read_bytes() == b"drawn" if output == "data" else make(server, tmp_path).exists()


def test_a_file_is_lent_and_taken_back(server: FakeReplicate, tmp_path: Path):
    start = tmp_path / "start.jpg"
    start.write_bytes(b"\xff\xd8\xff picture")
    make(server, tmp_path, start_image=start)
    (name,) = server.files
    assert b"\xff\xd8\xff picture" in server.files[name]
    (prediction,) = server.predictions.values()
    assert prediction.input["start_image"] == f"{server.url}/v1/files/{name}"
    assert server.deleted == [name]


def test_who_cancels_leaves_no_running_prediction(server: FakeReplicate, tmp_path: Path):
    server.steps = ["processing"]
    heard = []

    def check() -> None:
        heard.append(1)
        if len(heard) > 5:
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        make(server, tmp_path, check=check)
    assert len(server.predictions) == 1
    assert not server.running
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("step", "error"), [("starting", Unavailable), ("processing", PaidFor)])
def test_what_is_too_slow_is_cancelled_and_costs_what_had_begun(
    server: FakeReplicate, tmp_path: Path, step: str, error: type[UserError]
):
    server.steps = [step]
    with pytest.raises(error, match="too slow") as failure:
        make(server, tmp_path, seconds=0.1)
    assert type(failure.value) is error
    assert not server.running


@pytest.mark.parametrize(
    ("said", "error", "sentence"),
    [
        ("NSFW content detected. Try running it again, or try a different prompt.", Refused, "filter"),
        ("The input or output was flagged as sensitive. (E005)", Refused, "filter"),
        ("CUDA out of memory", Unavailable, "failed"),
    ],
)
def test_what_failed_says_why_in_our_words(
    server: FakeReplicate, tmp_path: Path, said: str, error: type[UserError], sentence: str
):
    server.steps, server.error = ["starting", "failed"], said
    with pytest.raises(error, match=sentence) as failure:
        make(server, tmp_path)
    assert said not in str(failure.value)
    assert failure.value.hint


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (402, Unavailable, "no credit"),
        (404, Unavailable, "does not know"),
        (422, Refused, "does not take"),
        (500, Unavailable, "is down"),
        (503, Unavailable, "is down"),
    ],
)
def test_what_replicate_refuses_is_said(
    server: FakeReplicate, tmp_path: Path, status: int, error: type[UserError], sentence: str
):
    server.refuse = [Answer({"detail": "No."}, status)]
    with pytest.raises(error, match=sentence) as failure:
        make(server, tmp_path)
    assert not isinstance(failure.value, PaidFor)
    assert failure.value.hint


def test_a_wrong_token_is_named_but_never_shown(server: FakeReplicate, tmp_path: Path):
    with pytest.raises(Unavailable, match="token") as failure:
        make(server, tmp_path, token="r8_wrong_and_secret")
    assert "settings" in failure.value.hint
    shown = f"{failure.value!r} {failure.value.__cause__!r}"
    assert "secret" not in shown


def test_no_token_is_said_at_once():
    with pytest.raises(Unavailable, match="no token"):
        Replicate(Vendors())


def test_who_is_told_to_wait_waits_and_asks_again(server: FakeReplicate, tmp_path: Path):
    throttled = {"detail": "Request was throttled.", "status": 429, "retry_after": 0.05}
    server.refuse = [Answer(throttled, 429), Answer({"detail": "Slow."}, 429, {"Retry-After": "0.05"})]
    assert make(server, tmp_path).exists()
    assert len(server.predictions) == 1


def test_who_is_told_to_wait_too_long_gives_up_at_once(server: FakeReplicate, tmp_path: Path):
    server.refuse = [Answer({"detail": "Request was throttled."}, 429, {"Retry-After": "600"})]
    began = time.monotonic()
    with pytest.raises(Unavailable, match="busy") as failure:
        make(server, tmp_path)
    assert failure.value.retry_after == 600
    assert time.monotonic() - began < 2


def test_a_look_that_fails_is_tried_again_without_sleeping_for_the_server(server: FakeReplicate, tmp_path: Path):
    server.lost = [Answer({"detail": "Slow."}, 429, {"Retry-After": "600"}), Answer(b"<html>", 502), Answer(b"gone")]
    assert make(server, tmp_path).exists()


def test_who_cannot_be_seen_any_more_counts_as_paid_for(server: FakeReplicate, tmp_path: Path):
    server.lost = [Answer({"detail": "No."}, 500)] * 20
    with pytest.raises(PaidFor, match="down"):
        make(server, tmp_path)
    assert not server.running


def test_who_is_not_there_could_not_be_reached(tmp_path: Path):
    account = Replicate(Vendors(replicate_token=TOKEN, replicate_url="http://127.0.0.1:9"))
    with pytest.raises(Unavailable, match="could not be reached"):
        account.make(MODEL, {}, tmp_path / "m", seconds=5, most_bytes=10, check=lambda: None)
    assert not list(tmp_path.iterdir())


def test_what_was_made_but_is_not_there_is_paid_for(server: FakeReplicate, tmp_path: Path):
    server.content = lambda made: Answer(b"", 404)
    with pytest.raises(PaidFor, match="not where it should be"):
        make(server, tmp_path)
    server.output = lambda made: []
    with pytest.raises(PaidFor, match="made nothing"):
        make(server, tmp_path)
    server.output = lambda made: ["http://127.0.0.1:9/elsewhere"]
    with pytest.raises(PaidFor, match="not fetched from here"):
        make(server, tmp_path)


def test_a_broken_off_run_is_followed_and_not_ordered_again(server: FakeReplicate, tmp_path: Path):
    server.steps = ["processing"]
    dead, over = threading.Event(), threading.Event()

    def check() -> None:  # as in a process that is killed: nothing is tidied up
        if (tmp_path / "made.ticket").exists():
            dead.set()
            over.wait()
            raise Cancelled("Cancelled.")

    def die() -> None:
        with pytest.raises(Cancelled):
            make(server, tmp_path, check=check)

    process = threading.Thread(target=die)
    process.start()
    assert dead.wait(5)
    (prediction,) = server.predictions.values()
    prediction.steps = ["processing", "succeeded"]
    try:
        assert make(server, tmp_path).exists()
        assert len(server.predictions) == 1
        assert [file.name for file in tmp_path.iterdir()] == ["made.bin"]
    finally:
        over.set()
        process.join()


def test_a_ticket_for_something_else_is_not_followed(server: FakeReplicate, tmp_path: Path):
    for left in ('{"of": "else", "id": "p1"}', "torn", '{"id": 5}', "[]"):
        (tmp_path / "made.ticket").write_text(left)
        assert make(server, tmp_path).exists()
    assert len(server.predictions) == 4


def heard(server: FakeReplicate, folder: Path, *, work_s: float = 9.0) -> list[float]:
    """Return the seconds at work that were told of while something was made, or not."""
    account, seconds = Replicate(Vendors(replicate_token=TOKEN, replicate_url=server.url)), []
    with contextlib.suppress(UserError):
        account.make(
            "meta/musicgen:671ac645",
            {"prompt": "a tune"},
            folder / "made.bin",
            seconds=5,
            most_bytes=10**6,
            check=lambda: None,
            work_s=work_s,
            worked=seconds.append,
        )
    return seconds


def test_a_version_that_is_pinned_is_asked_for_by_its_number(server: FakeReplicate, tmp_path: Path):
    heard(server, tmp_path)
    assert server.asked[0].path == "/v1/predictions"
    assert server.asked[0].json == {"version": "671ac645", "input": {"prompt": "a tune"}}


@pytest.mark.parametrize("steps", [["processing", "succeeded"], ["processing", "failed"], ["starting", "canceled"]])
def test_the_time_at_work_is_told_however_it_ends(server: FakeReplicate, tmp_path: Path, steps: list[str]):
    server.steps, server.predict_s = steps, 12.5
    assert heard(server, tmp_path) == [12.5]


def test_where_replicate_does_not_say_it_our_own_clock_does(server: FakeReplicate, tmp_path: Path):
    server.steps = ["starting", "processing"]
    (seconds,) = heard(server, tmp_path, work_s=0.3)
    assert 0.3 <= seconds < 3
    assert not server.running
    server.steps = ["starting"]
    server.lost = [Answer({"detail": "No."}, 500)] * 20
    assert heard(server, tmp_path) == [0.0], "what was never seen at work has cost nothing"


def test_what_an_earlier_run_has_left_in_vain_is_told_too(server: FakeReplicate, tmp_path: Path):
    server.predict_s = 2.0
    (tmp_path / "made.ticket").write_text(
        json.dumps({"of": replicated._fingerprint("meta/musicgen:671ac645", {"prompt": "a tune"}, {}), "id": "p" * 26})
    )
    server.predictions["p" * 26] = Prediction("p" * 26, "m", {}, ["failed"], "", "CUDA", predict_s=7.0)
    assert heard(server, tmp_path) == [7.0, 2.0]


def test_no_id_leaves_the_folder_for_notes(tmp_path: Path):
    notes = tmp_path / "notes"
    notes.mkdir()
    for name in ("../elsewhere1", "/etc/passwd000", "UPPERCASE1", ""):
        with replicated._awaited(notes, name) as ended:
            assert ended is None
    with replicated._awaited(notes, "p" * 26) as ended:
        assert [note.name for note in notes.iterdir()] == [f"{'p' * 26}.awaited"]
        assert ended == notes / f"{'p' * 26}.ended"
    assert [left.name for left in tmp_path.rglob("*")] == ["notes"]
    with replicated._awaited(tmp_path / "gone", "p" * 26):
        pass
