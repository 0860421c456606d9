"""Tracks, lyrics and pictures that mean harm or are merely broken: a sound film, or a sentence with a hint, soon.

Whatever happens, nothing is left behind and no child goes on. The second half goes through the real collection.
"""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import pytest

from pipeline import musicvideo
from pipeline.errors import BadLyrics, BadMedia, BadSheet, OverLimit, Refused, UserError
from pipeline.film import picture_length
from pipeline.lyrics import decode_lyrics
from pipeline.musicvideo import MusicVideo, Ordered, Plan, make_video, sketch
from pipeline.sections import find_sections
from pipeline.shots import break_down
from pipeline.storyboard import LYRICS_MOST, Chart, Storyboard, Treatment
from pipeline.track import Track, TrackLimits, open_track
from tests.drumbeats import make_song
from tests.media import MEDIA, ffmpeg, needs_media
from tests.test_door_ffmpeg import children
from tests.test_hostile import png

WITHIN_S = 60.0  # of wall clock on a busy machine; on a quiet one a film takes three, a refusal less than one
SONG_S = 6.0

SCRIPTS = (  # and signs that join, turn round, combine or ring a bell
    "Свет в окне и снова дождь", "夜の街を歩いていく", "한국어 노래", "สวัสดีชาวโลก", "नमस्ते दुनिया",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 \ufdfd",
    "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f525 fire \U0001f3f3\ufe0f\u200d\U0001f308", "e" + "\u0301" * 9,
    "\u202egnorw\u202c \u200b\u2066x\u2069", "\U0001f3b5\U0001f3b5", "\x07\x1b[31mred",
)  # fmt: skip

MARK_UP = "{\\p1}m 0 0 l 9999 9999{\\p0}{\\fs900}BIG\\N%{pts}%{eif\\:1/0\\:d} ':text=/etc/passwd: [a];[b] \\ \"'"

HOSTILE = sorted(path for path in (MEDIA / "hostile").glob("*.*") if path.suffix not in (".md", ".py"))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicvideo, "SIDE", 96)
    monkeypatch.setattr(musicvideo, "SKETCH_SIDE", 48)


class Song:
    """A track that means no harm: it is really opened and listened to once, for all films that it is in."""

    def __init__(self, folder: Path, *, seconds: float = SONG_S) -> None:
        self.path = make_song(folder / "song.wav", seconds=seconds)
        self.track = open_track(self.path, folder / "heard")
        self.chart = find_sections(self.track)  # here, where no clock runs: librosa compiles, once for a machine

    def open(self, path: Path, folder: Path, *, limits: TrackLimits) -> Track:
        if path != self.path:
            return open_track(path, folder, limits=limits)
        return replace(self.track, sound=Path(shutil.copy(self.track.sound, folder)))

    def find(self, track: Track) -> Chart:
        return self.chart if track.path == self.path else find_sections(track)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Song:
    return Song(tmp_path_factory.mktemp("song"))


@pytest.fixture(scope="module")
def known_short(tmp_path_factory: pytest.TempPathFactory) -> Song:
    return Song(tmp_path_factory.mktemp("song"), seconds=TrackLimits().least_s)


@pytest.fixture
def song(known: Song, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(musicvideo, "open_track", known.open)
    monkeypatch.setattr(musicvideo, "find_sections", known.find)
    return known.path


@pytest.fixture
def short_song(known_short: Song, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(musicvideo, "open_track", known_short.open)
    return known_short.path


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Path]:
    """Where the film and its folder go; no child, no bench and no half film may be left when the test is over."""
    before, place, began = children(), tmp_path / "desk", time.monotonic()
    place.mkdir()
    yield place
    assert children() == before
    assert not list(place.rglob(".bench-*"))
    assert not list(place.rglob("*.part*"))
    assert time.monotonic() - began < WITHIN_S


Done = TypeVar("Done")


def order(track: Path | None, *, visuals: tuple[Path, ...] = (), **wanted: object) -> Ordered:
    treatment = Treatment(**{"frame_rate": 24, "shape": "1:1", **wanted})  # type: ignore[arg-type]
    return Ordered(track, treatment, visuals=visuals)


def attempt(desk: Path, work: Callable[[], Done]) -> Done | UserError:
    """Return what was done, or the error that a person would see, with nothing left behind."""
    try:
        return work()
    except UserError as error:
        told = error
    assert list(desk.iterdir()) == []
    assert told.sentence
    assert told.hint
    return told


def plan(desk: Path, track: Path, lyrics: str) -> Plan | UserError:
    """Decide on a film with these lyrics and show what it will be."""
    ordered = order(track, lyrics=lyrics)
    return attempt(desk, lambda: sketch(ordered, folder=desk / "job").plan)


def make(desk: Path, track: Path | None, **wanted: object) -> MusicVideo | UserError:
    """Make a film."""
    ordered = order(track, **wanted)  # type: ignore[arg-type]
    made = attempt(desk, lambda: make_video(ordered, to=desk / "film.mp4", folder=desk / "job"))
    if isinstance(made, UserError):
        return made
    lengths = picture_length(made.film)
    assert abs(lengths.picture_end - lengths.picture_start - made.plan.track.duration) <= 1 / 24
    assert abs(lengths.sound_end - lengths.sound_start - made.plan.track.duration) < 0.1
    return made


def refused(result: MusicVideo | UserError, kind: type[UserError], word: str) -> None:
    assert type(result) is kind, result
    assert word in result.sentence


def film(result: MusicVideo | UserError) -> MusicVideo:
    assert isinstance(result, MusicVideo), result
    return result


# ---- lyrics ----


@pytest.mark.parametrize("words", ["", "   \n \t\n", "\ufeff\n"])
def test_empty_lyrics_are_no_lyrics(song: Path, desk: Path, words: str) -> None:
    planned = plan(desk, song, words)
    assert isinstance(planned, BadLyrics) or planned.board.lines == ()


def test_too_many_words_are_refused(song: Path, desk: Path) -> None:
    refused(make(desk, song, lyrics="walking home tonight\n" * 2500), OverLimit, "characters")


def test_as_many_words_as_are_taken_are_taken(song: Path, desk: Path) -> None:
    words = "walking home tonight\n" * (LYRICS_MOST // 21)
    made = film(make(desk, song, lyrics=words))
    assert len(made.plan.board.lines) < 30
    assert any("too long for this track" in note for note in made.notes)


def test_three_hundred_lines_on_six_seconds_are_cut_down_and_said_so(song: Path, desk: Path) -> None:
    timed = "\n".join(f"[{i // 60:02d}:{i % 60:02d}.00]line {i}" for i in range(300))
    planned = plan(desk, song, timed)
    assert isinstance(planned, Plan)
    assert [line.text for line in planned.board.lines] == [f"line {i}" for i in range(6)]
    assert any("left out" in note for note in planned.notes)


def in_order(board: Storyboard) -> None:
    starts = [line.start for line in board.lines]
    assert starts == sorted(starts)
    assert all(0 <= line.start < line.end <= SONG_S + 0.1 for line in board.lines)


@pytest.mark.parametrize(
    "words",
    [
        "[00:04.00]four\n[00:02.00]two\n[00:03.00]three\n[00:01.00]one",  # descending
        "[99:99.99]over\n[-1:00]neg\n[aa:bb]x\n[00:01.00]\n[offset:+999999]\n[00:02:00]colon\n[00:03.5]short",
        "[00:01.00][00:02.00][00:03.00]thrice\n[00:01.00]twice",
        "1\n00:00:05,000 --> 00:00:01,000\nbackwards\n\n2\n00:00:99,000 --> aa\nbroken\n",
        "[00:59.00]behind the end",
        "[offset:999999999999999999999]\n[00:01.00]far",
    ],
)
def test_broken_times_are_read_as_well_as_they_can_be(song: Path, desk: Path, words: str) -> None:
    """A film shows the lines of its plan, so that the plan is enough."""
    planned = plan(desk, song, words)
    if isinstance(planned, UserError):
        assert isinstance(planned, BadLyrics)
    else:
        in_order(planned.board)


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("[00:01.00]<00:09.00>late <00:00.10>early <00:00.05>words", "karaoke"),
        ("[00:01.00]" + "na " * 700, "line"),
        (MARK_UP, "line"),
    ],
)
def test_broken_words_are_shown_as_well_as_they_can_be(song: Path, desk: Path, words: str, titles: str) -> None:
    in_order(film(make(desk, song, lyrics=words, titles=titles)).plan.board)


@pytest.mark.parametrize("titles", ["line", "karaoke", "pop"])
def test_all_scripts_and_signs_at_once(song: Path, desk: Path, titles: str) -> None:
    words = "\n".join(SCRIPTS)
    made = film(make(desk, song, lyrics=words, titles=titles, wish="🌊 夜 \u202e море", look="💥'\"];[x]"))
    assert made.plan.board.lines


@pytest.mark.parametrize("data", [b"\x00" * 400, bytes(range(256)) * 9, b"PK\x03\x04" + bytes(800)])
def test_bytes_are_no_lyrics(song: Path, desk: Path, data: bytes) -> None:
    try:
        words = decode_lyrics(data)
    except BadLyrics:
        return
    planned = plan(desk, song, words)
    assert isinstance(planned, BadLyrics) or not planned.board.lines


# ---- tracks ----


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"just some words, and then more of them\n" * 9, "text"),
        (b"<!doctype html><html><body>hello</body></html>", "web page"),
        (b"%PDF-1.7 and so on", "PDF"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", "playlist"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "still image"),
        (b"MThd\0\0\0\x06\0\x01\0\x02\x01\xe0", "MIDI"),
        (b"RIFF\xff\xff\xff\x7fWAVEfmt \x10\0\0\0" + bytes(64), ""),
        (b"fLaC" + bytes(400), ""),
        (b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(400), ""),
        (b"OggS" + bytes(400), ""),
    ],
)
def test_what_is_no_track_is_refused(tmp_path: Path, desk: Path, content: bytes, word: str) -> None:
    (tmp_path / "track").write_bytes(content)
    refused(make(desk, tmp_path / "track"), BadMedia, word)


def test_an_archive_is_no_track(tmp_path: Path, desk: Path) -> None:
    with zipfile.ZipFile(tmp_path / "track", "w") as archive:
        archive.writestr("song.mp3", b"x" * 999)
    refused(make(desk, tmp_path / "track"), BadMedia, "archive")


def test_a_video_without_sound_is_no_track(tmp_path: Path, desk: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64:d=5", "-pix_fmt", "yuv420p", tmp_path / "silent.mp4")
    refused(make(desk, tmp_path / "silent.mp4"), BadMedia, "no sound")


def test_a_track_of_no_length_is_refused(tmp_path: Path, desk: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "anullsrc", "-frames:a", "0", tmp_path / "empty.wav")
    refused(make(desk, tmp_path / "empty.wav"), BadMedia, "empty")


def test_a_track_of_three_hours_is_refused_before_it_is_decoded(tmp_path: Path, desk: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono:d=60", "-c:a", "flac", tmp_path / "minute.mka")
    ffmpeg("-stream_loop", "179", "-i", tmp_path / "minute.mka", "-c", "copy", tmp_path / "long.mka")
    refused(make(desk, tmp_path / "long.mka"), OverLimit, "at most 20:00")


def test_a_silent_track_gets_its_pictures_and_a_note(tmp_path: Path, desk: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "anullsrc=r=44100:cl=stereo:d=5", "-c:a", "flac", tmp_path / "silent.flac")
    made = film(make(desk, tmp_path / "silent.flac", lyrics="one line\nand another"))
    assert any("silent" in note for note in made.notes)
    assert made.certificate.tempo is None


# ---- pictures ----


def test_pictures_of_sixteen_thousand_pixels(short_song: Path, tmp_path: Path, desk: Path) -> None:
    (tmp_path / "large.png").write_bytes(cv2.imencode(".png", np.zeros((40, 16_000), np.uint8))[1].tobytes())
    made = film(make(desk, short_song, visuals=(tmp_path / "large.png",)))
    assert made.certificate.illustrator == "supplied"
    (tmp_path / "bomb.png").write_bytes(png(16_384, 16_384))
    made.film.unlink()
    other = desk / "other"
    with pytest.raises(OverLimit, match="million pixels") as told:
        make_video(Ordered(short_song, visuals=(tmp_path / "bomb.png",)), to=desk / "film.mp4", folder=other)
    assert told.value.hint
    assert not other.exists()


@pytest.mark.parametrize("count", [1, 2])
def test_what_cannot_be_shown_is_refused(song: Path, tmp_path: Path, desk: Path, count: int) -> None:
    (tmp_path / "words").write_bytes(b"just some words, and then more of them\n")
    refused(make(desk, song, visuals=(tmp_path / "words",) * count), BadMedia, "text")


# ---- storyboards ----


def test_a_picture_takes_the_places_of_an_edited_storyboard(song: Path, tmp_path: Path, desk: Path) -> None:
    before = film(make(desk, song, wish="sea", pace="quick"))
    (tmp_path / "red.png").write_bytes(cv2.imencode(".png", np.full((64, 64, 3), (0, 0, 250), np.uint8))[1].tobytes())
    board = before.plan.board
    assert len(board.shots) > 1
    ordered = Ordered(song, board.treatment, visuals=(tmp_path / "red.png",), edited=board.to_json())
    made = make_video(ordered, to=desk / "red.mp4", folder=desk / "red")
    assert made.plan.board.shots == board.shots
    assert made.certificate.illustrator == "supplied"


@pytest.mark.parametrize(
    "harm",
    [
        lambda text: text[:-40],
        lambda text: text.replace('"picture": "p01"', '"picture": "../../etc/passwd"'),
        lambda text: text.replace('"end": 6.0', '"end": 1e400'),
        lambda text: "[" * 90_000,
        lambda text: b"\xff\xfe\x00\x01".decode("latin-1"),
        lambda text: text.replace('"seed": 1', '"seed": -1'),
        lambda text: "{}",
    ],
)
def test_a_broken_storyboard_is_refused(song: Path, known: Song, desk: Path, harm: object) -> None:
    board = break_down(known.chart, (), Treatment(wish="sea", seed=1))
    assert callable(harm)
    text = harm(board.to_json())
    assert text != board.to_json()
    with pytest.raises(BadSheet) as told:
        sketch(Ordered(song, edited=text), folder=desk / "other")
    assert told.value.hint
    assert not (desk / "other").exists()


def test_neither_a_track_nor_words(desk: Path) -> None:
    refused(make(desk, None), Refused, "neither a track")


# ---- the real collection ----


@needs_media
@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.name)
def test_the_collection_as_tracks(path: Path, desk: Path) -> None:
    make(desk, path, wish="sea", pace="calm")


@needs_media
@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.name)
def test_the_collection_as_pictures(path: Path, short_song: Path, desk: Path) -> None:
    make(desk, short_song, visuals=(path,))


@needs_media
@pytest.mark.parametrize("name", ["lrc_bad_times.lrc", "inject_ass_drawtext.txt"])
def test_the_collection_as_lyrics(name: str, song: Path, desk: Path) -> None:
    words = decode_lyrics((MEDIA / "hostile" / name).read_bytes())
    board = film(make(desk, song, lyrics=words)).plan.board
    assert Storyboard.from_json(board.to_json()) == board
