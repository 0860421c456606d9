"""Songs by a suno-api server, against one on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import backends
from pipeline.backends import Vendors
from pipeline.errors import BadLyrics, Cancelled, OverLimit, Refused, Unavailable, UserError
from pipeline.singers import suno
from pipeline.singers.suno import sung_words
from pipeline.storyboard import Treatment
from tests.fake_suno import FakeSuno, a_song
from tests.loopback import Answer

SONG = Treatment(
    lyrics="[Verse 1]\nI walk along the sea\n\n[Chorus]\nCome home\n\n[Chorus]", wish="slow folk, female voice"
)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSuno]:
    monkeypatch.setattr(suno, "POLL_S", (0.01, 0.02))
    with FakeSuno() as server:
        yield server


def sing(server: FakeSuno, to: Path, treatment: Treatment = SONG, *, report: object = None) -> Path:
    heard = report if callable(report) else lambda *_: None
    return backends.singer("suno", Vendors(suno_url=server.url + "/")).sing(treatment, to=to, report=heard)


def test_a_song_is_ordered_waited_for_and_fetched(server: FakeSuno, tmp_path: Path):
    song = sing(server, tmp_path)
    assert song.read_bytes() == a_song()
    assert [file.name for file in tmp_path.iterdir()] == ["song.mp3"]
    (order,) = server.orders
    assert order == {
        "path": "/api/custom_generate",
        "prompt": "[Verse 1]\nI walk along the sea\n\n[Chorus]\nCome home\n\n[Chorus]\nCome home",
        "tags": "slow folk, female voice",
        "title": "I walk along the sea",
        "make_instrumental": False,
        "wait_audio": False,
    }
    looks = [asked.path for asked in server.asked if asked.path.startswith("/api/get?")]
    assert looks[0] == "/api/get?ids=song-1%2Csong-2"


def test_without_words_the_wish_is_sung(server: FakeSuno, tmp_path: Path):
    sing(server, tmp_path, Treatment(wish="a song about the sea"))
    (order,) = server.orders
    assert (order["path"], order["prompt"]) == ("/api/generate", "a song about the sea")


def test_times_are_not_sung():
    assert sung_words("[00:01.00]one line\n[00:04.00]another") == "one line\nanother"
    assert sung_words("  ") == ""


def test_more_words_than_suno_sings_are_refused_before_anything_is_ordered(server: FakeSuno, tmp_path: Path):
    with pytest.raises(OverLimit, match="3,000"):
        sing(server, tmp_path, Treatment(lyrics="\n".join(f"line {n} of a long song" for n in range(200))))
    assert not server.asked


def test_no_credits_are_said_before_anything_is_ordered(server: FakeSuno, tmp_path: Path):
    server.limit = Answer({"credits_left": 0})
    with pytest.raises(Unavailable, match="no credits"):
        sing(server, tmp_path)
    assert not server.orders


@pytest.mark.parametrize("said", [{"limit": 50}, [], "fine", {"credits_left": None}])
def test_a_server_that_does_not_tell_its_credits_is_believed(server: FakeSuno, tmp_path: Path, said: object):
    server.limit = Answer(said)
    assert sing(server, tmp_path).exists()
    server.limit = Answer({"error": "Not Found"}, 404)
    assert sing(server, tmp_path).exists()


@pytest.mark.parametrize(
    ("status", "said", "error", "sentence"),
    [
        (
            500,
            {"error": "Internal server error. AxiosError: Request failed with status code 402"},
            Unavailable,
            "credits",
        ),
        (402, {"error": "Insufficient credits."}, Unavailable, "credits"),
        (500, {"error": "CAPTCHA verification is required"}, Unavailable, "captcha"),
        (500, {"error": "Failed to get session id, you may need to update the SUNO_COOKIE"}, Unavailable, "signed in"),
        (401, {"detail": "Unauthorized"}, Unavailable, "signed in"),
        (429, {"error": "Too many running jobs."}, Unavailable, "busy"),
        (400, {"error": "Your lyrics contain an artist name: Somebody"}, Refused, "refuses these words"),
        (500, {"error": "Internal server error"}, Unavailable, "could not do it"),
        (500, [], Unavailable, "could not do it"),
        (200, b"<html>sign in</html>", Unavailable, "cannot be read"),
        (200, {"songs": []}, Unavailable, "cannot be read"),
        (200, [], Unavailable, "cannot be read"),
    ],
)
def test_what_goes_wrong_is_said_in_our_words(
    server: FakeSuno, tmp_path: Path, status: int, said: object, error: type[UserError], sentence: str
):
    server.refuse = [Answer(said, status)]
    with pytest.raises(error, match=sentence) as failure:
        sing(server, tmp_path)
    assert failure.value.hint
    assert "Somebody" not in str(failure.value)
    assert not list(tmp_path.iterdir())


def test_a_song_that_failed_is_said_and_the_other_of_two_is_enough(server: FakeSuno, tmp_path: Path):
    server.steps, server.trouble = ["submitted", "error"], "Song generation failed: moderation"
    with pytest.raises(Refused, match="refuses"):
        sing(server, tmp_path)
    server.trouble = "internal"
    with pytest.raises(Unavailable, match="could not make"):
        sing(server, tmp_path)
    server.steps = ["submitted", "complete"]
    failed = {"id": "song-1", "status": "error", "audio_url": ""}
    server.lost = [Answer([failed, {"id": "song-2", "status": "complete", "audio_url": f"{server.url}/sound.mp3"}])]
    assert sing(server, tmp_path).exists()


def test_a_look_that_fails_is_tried_again_but_not_for_ever(server: FakeSuno, tmp_path: Path):
    server.lost = [Answer({"error": "Internal server error"}, 500)] * 3
    assert sing(server, tmp_path).exists()
    server.lost = [Answer({"error": "Internal server error"}, 500)] * 50
    with pytest.raises(Unavailable):
        sing(server, tmp_path)
    assert len(server.lost) == 44


def test_time_is_bounded(server: FakeSuno, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(suno, "LIMIT_S", 0.1)
    server.steps = ["submitted", "streaming"]
    with pytest.raises(Unavailable, match="too slow"):
        sing(server, tmp_path)


def test_it_can_be_cancelled(server: FakeSuno, tmp_path: Path):
    server.steps = ["submitted"]

    def report(stage: str, done: float, total: float) -> None:
        assert stage == "track"
        if server.looks > 2:
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        sing(server, tmp_path, report=report)


def test_a_song_that_is_not_there_leaves_nothing(server: FakeSuno, tmp_path: Path):
    server.sound = Answer(b"", 404)
    with pytest.raises(Unavailable, match="not where it should be"):
        sing(server, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_song_that_lies_inside_is_not_fetched(server: FakeSuno, tmp_path: Path):
    inside = {"id": "song-1", "status": "complete", "audio_url": "http://169.254.169.254/latest"}
    server.lost = [Answer([inside])]
    with pytest.raises(Refused, match="not fetched from here"):
        sing(server, tmp_path)


def test_who_is_not_there_could_not_be_reached(tmp_path: Path):
    singer = backends.singer("suno", Vendors(suno_url="http://127.0.0.1:9"))
    with pytest.raises(Unavailable, match="could not be reached"):
        singer.sing(SONG, to=tmp_path, report=lambda *_: None)


def test_without_a_server_or_words_it_says_so(tmp_path: Path):
    with pytest.raises(Unavailable, match="No server"):
        backends.singer("suno")
    with pytest.raises(BadLyrics):
        sung_words("[Chorus]")
