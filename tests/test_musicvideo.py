"""The other main path: a real film comes out of a real track, is taken up again, edited and played again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import backends, musicvideo
from pipeline.errors import BadSheet, Cancelled, Refused, Unavailable
from pipeline.film import decode_sound, packet_hashes, picture_length, picture_size
from pipeline.musicvideo import STAGES, MusicVideo, Ordered, make_video, revised, sketch
from pipeline.pictures import Painting
from pipeline.storyboard import Picture, Storyboard, StyleSheet, Treatment
from tests.drumbeats import make_song
from tests.media import ffmpeg

LRC = "[ti:Home]\n[ar:Nobody]\n[00:00.50]Walking home tonight\n[00:02.00]neon in the rain\n[00:04.00]calling out"
SMALL = Treatment(wish="neon city in the rain", lyrics=LRC, frame_rate=24, shape="1:1", pace="quick")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicvideo, "SIDE", 120)
    monkeypatch.setattr(musicvideo, "SKETCH_SIDE", 60)


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("track")
    song = make_song(folder / "song.wav", seconds=6.0)
    ffmpeg("-i", song, "-c:a", "libmp3lame", "-b:a", "128k", folder / "song.mp3")
    return folder / "song.mp3"


@pytest.fixture(scope="module")
def made(track: Path, tmp_path_factory: pytest.TempPathFactory) -> MusicVideo:
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(musicvideo, "SIDE", 120)
        patch.setattr(musicvideo, "SKETCH_SIDE", 60)
        return make_video(Ordered(track, SMALL), to=folder / "film.mp4", folder=folder / "job")


def pixels(painted: Path) -> dict[str, bytes]:
    return {path.relative_to(painted).as_posix(): path.read_bytes() for path in sorted(painted.rglob("*.png"))}


def frame(film: Path, time: float) -> np.ndarray:
    still = film.with_name(f"{time}.png")
    ffmpeg("-ss", str(time), "-i", film, "-frames:v", "1", still)
    return np.asarray(cv2.imdecode(np.fromfile(still, np.uint8), cv2.IMREAD_COLOR))


def test_the_film_is_as_long_as_the_track_and_holds_its_packets(made: MusicVideo) -> None:
    lengths = picture_length(made.film)
    assert abs(lengths.picture_end - lengths.picture_start - made.plan.track.duration) <= 1 / 24
    assert picture_size(made.film) == (120, 120)
    assert made.certificate.sound_copied
    assert made.certificate.codec == "mp3"
    sound, _ = decode_sound(made.film)
    assert abs(len(sound) / 48_000 - made.plan.track.duration) < 0.03


def test_it_tells_its_story_in_its_folder(made: MusicVideo) -> None:
    board = Storyboard.from_json((made.folder / "storyboard.json").read_bytes())
    assert board == made.plan.board
    assert (board.title, board.artist) == ("Home", "Nobody")
    assert [line.text for line in board.lines] == ["Walking home tonight", "neon in the rain", "calling out"]
    assert board.lines[0].start == 0.5
    told = json.loads((made.folder / "certificate.json").read_text())
    assert told["shots"] == len(board.shots) >= 2
    assert {path.name for path in (made.folder / "pictures").iterdir()} >= {picture.name for picture in board.pictures}
    assert cv2.imdecode(np.fromfile(made.contact, np.uint8), cv2.IMREAD_COLOR).shape[1] > 200
    assert [still.stem for still in made.stills] == list(dict.fromkeys(shot.picture for shot in board.shots))


def test_cuts_lie_on_beats(made: MusicVideo) -> None:
    assert made.certificate.tempo == pytest.approx(120, rel=0.01)
    assert made.certificate.cuts
    assert made.certificate.on_beat == 1.0


def test_a_line_is_there_at_its_time_and_not_before(made: MusicVideo) -> None:
    """White letters in the lower part of the picture."""

    def letters(time: float) -> int:
        return int((frame(made.film, time)[92:116].min(axis=2) > 200).sum())

    assert letters(0.9) > letters(0.3) + 20


def test_the_same_order_gives_the_same_film(track: Path, made: MusicVideo, tmp_path: Path) -> None:
    again = make_video(Ordered(track, SMALL), to=tmp_path / "film.mp4", folder=tmp_path / "job")
    assert packet_hashes(again.film) == packet_hashes(made.film)


def test_a_sketch_costs_nothing_and_is_gone_on_from(track: Path, tmp_path: Path) -> None:
    ordered, folder = Ordered(track, SMALL), tmp_path / "job"
    shown = sketch(ordered, folder=folder, resume=True)
    assert shown.usd == 0
    assert shown.seconds > 0
    assert not (folder / "pictures").exists()
    stages: list[str] = []
    made = make_video(
        ordered, to=folder / "film.mp4", folder=folder, resume=True, report=lambda s, d, n: stages.append(s)
    )
    assert made.plan == shown.plan
    assert "sections" not in stages  # it was listened to before
    assert set(stages) <= set(STAGES)


class Counting:
    """An illustrator that counts, and may break off."""

    name, licence, price_usd, seconds, at_once = "counting", "ours", 0.5, 1.0, 1

    def __init__(self, most: int = 1000, error: Exception | None = None) -> None:
        self.drawn: list[str] = []
        self._most, self._error = most, error
        self._hand = backends.illustrator("painted")

    def draw(self, picture: Picture, style: StyleSheet, *, size: tuple[int, int], to: Path, report: object) -> Painting:
        if len(self.drawn) >= self._most:
            raise self._error or KeyboardInterrupt
        self.drawn.append(picture.name)
        painted = self._hand.draw(picture, style, size=size, to=to, report=lambda *_: None)
        return replace(painted, illustrator=self.name, licence=self.licence, cost_usd=self.price_usd)


@pytest.fixture
def hire(monkeypatch: pytest.MonkeyPatch) -> Callable[[Counting], Counting]:
    def hire(one: Counting) -> Counting:
        real = backends.illustrator
        chosen = lambda name="painted", vendors=None: one if name == "counting" else real(name, vendors)  # noqa: E731
        monkeypatch.setattr(backends, "illustrator", chosen)
        return one

    return hire


COUNTED = backends.Crew(illustrator="counting")


def test_no_picture_is_drawn_twice(track: Path, tmp_path: Path, hire: Callable[[Counting], Counting]) -> None:
    ordered = Ordered(track, SMALL, COUNTED)
    first = hire(Counting(most=1))
    with pytest.raises(KeyboardInterrupt):
        make_video(ordered, to=tmp_path / "film.mp4", folder=tmp_path / "job", resume=True)
    assert not (tmp_path / "film.mp4").exists()
    second = hire(Counting())
    made = make_video(ordered, to=tmp_path / "film.mp4", folder=tmp_path / "job", resume=True)
    names = [picture.name for picture in made.plan.board.pictures]
    assert sorted(first.drawn + second.drawn) == sorted(names)
    assert made.certificate.usd == pytest.approx(0.5 * len(names))


def test_an_edited_storyboard_draws_only_what_was_changed(
    track: Path, tmp_path: Path, hire: Callable[[Counting], Counting]
) -> None:
    hire(Counting())
    before = make_video(Ordered(track, SMALL, COUNTED), to=tmp_path / "a.mp4", folder=tmp_path / "a")
    assert before.portfolio
    name = before.plan.board.pictures[0].name
    board = revised(before.plan.board, replace(SMALL, redraws={name: 1}, titles="pop"))
    second = hire(Counting())
    ordered = Ordered(track, board.treatment, COUNTED, edited=board.to_json(), earlier=tmp_path / "a")
    after = make_video(ordered, to=tmp_path / "b.mp4", folder=tmp_path / "b")
    assert second.drawn == [name]
    assert after.certificate.usd == pytest.approx(0.5)
    olds, news = pixels(tmp_path / "a" / "pictures"), pixels(tmp_path / "b" / "pictures")
    assert {path for path in olds if olds[path] != news.get(path)} == {path for path in olds if path.startswith(name)}


def test_a_vendor_that_fails_is_stood_in_for_and_said_so(
    track: Path, tmp_path: Path, hire: Callable[[Counting], Counting]
) -> None:
    hire(Counting(most=1, error=Unavailable("Replicate could not be reached.", hint="Try again later.")))
    made = make_video(Ordered(track, SMALL, COUNTED), to=tmp_path / "film.mp4", folder=tmp_path / "job")
    assert made.film.exists()
    assert any("built-in illustrator" in note and "Replicate" in note for note in made.notes)
    assert made.certificate.usd == pytest.approx(0.5)


def test_a_dear_film_stays_within_its_cap(track: Path, tmp_path: Path, hire: Callable[[Counting], Counting]) -> None:
    one, vendors = hire(Counting()), backends.Vendors(most_usd=0.6)
    shown = sketch(Ordered(track, SMALL, COUNTED), folder=tmp_path / "sketch", vendors=vendors)
    assert shown.usd == 0.6
    assert one.drawn == []
    made = make_video(
        Ordered(track, SMALL, COUNTED), to=tmp_path / "film.mp4", folder=tmp_path / "job", vendors=vendors
    )
    assert len(one.drawn) == 1
    assert made.certificate.usd == pytest.approx(0.5)
    assert made.notes


def test_cancelled_leaves_nothing(track: Path, tmp_path: Path) -> None:
    def report(stage: str, done: float, total: float) -> None:
        if stage == "edit":
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        make_video(Ordered(track, SMALL), to=tmp_path / "film.mp4", folder=tmp_path / "job", report=report)
    assert list(tmp_path.iterdir()) == []


def test_a_storyboard_of_another_track_is_refused(made: MusicVideo, tmp_path: Path) -> None:
    other = make_song(tmp_path / "other.wav", seconds=5.0)
    with pytest.raises(BadSheet, match=r"6\.\d+ s long"):
        make_video(
            Ordered(other, SMALL, edited=made.plan.board.to_json()), to=tmp_path / "f.mp4", folder=tmp_path / "job"
        )


def test_neither_a_track_nor_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        make_video(Ordered(None), to=tmp_path / "film.mp4", folder=tmp_path / "job")


def test_lyrics_move_by_what_was_asked_since(made: MusicVideo) -> None:
    board = made.plan.board
    later = revised(board, replace(board.treatment, shift=0.4))
    assert [line.start for line in later.lines] == pytest.approx([line.start + 0.4 for line in board.lines])
    back = revised(later, replace(board.treatment, shift=0.0))
    assert [line.start for line in back.lines] == pytest.approx([line.start for line in board.lines])


# ---- one picture or clip through the whole film ----


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    source = "testsrc2=s=96x64:r=24:d=1.5"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "0", tmp_path / "clip.mp4")
    return tmp_path / "clip.mp4"


def test_one_clip_is_the_whole_film(track: Path, clip: Path, tmp_path: Path) -> None:
    ordered, folder, stages = Ordered(track, Treatment(), visuals=(clip,)), tmp_path / "job", list[str]()
    shown = sketch(ordered, folder=folder, resume=True, report=lambda stage, done, total: stages.append(stage))
    assert shown.usd == 0
    assert shown.seconds < 15  # one turn, not a film's worth of frames
    assert "sections" not in stages  # nothing depends on what is heard
    made = make_video(ordered, to=tmp_path / "film.mp4", folder=folder, resume=True)
    own, hashes = packet_hashes(clip), packet_hashes(made.film)
    assert hashes == (own * 9)[: len(hashes)]
    assert made.certificate.sound_copied
    assert abs(made.certificate.length_error_ms) <= 1000 / 24
    assert (made.certificate.shots, made.certificate.cuts, made.certificate.illustrator) == (1, 0, "supplied")
    assert [still.name for still in made.stills] == ["supplied.jpg"]


def test_a_looped_film_is_played_again_otherwise(track: Path, clip: Path, tmp_path: Path) -> None:
    before = make_video(Ordered(track, Treatment(), visuals=(clip,)), to=tmp_path / "a.mp4", folder=tmp_path / "a")
    board = (tmp_path / "a" / "storyboard.json").read_text()
    otherwise = replace(before.plan.board.treatment, loop="there-and-back", bottom_crop_percent=50)
    ordered = Ordered(track, otherwise, visuals=(clip,), edited=board)
    after = make_video(ordered, to=tmp_path / "b.mp4", folder=tmp_path / "b")
    assert picture_size(after.film) == (96, 32)
    hashes = packet_hashes(after.film)
    assert hashes[:72] == hashes[72:144]


def test_several_clips_take_the_pictures_places(track: Path, clip: Path, tmp_path: Path) -> None:
    red = tmp_path / "red.png"
    red.write_bytes(cv2.imencode(".png", np.full((64, 64, 3), (0, 0, 250), np.uint8))[1].tobytes())
    treatment = replace(SMALL, lyrics="", titles="none")
    made = make_video(Ordered(track, treatment, visuals=(red, clip)), to=tmp_path / "f.mp4", folder=tmp_path / "job")
    board = made.plan.board
    assert len(board.shots) > 1
    places = {picture.name: number % 2 for number, picture in enumerate(board.pictures)}
    for shot in board.shots:
        blue, _, light = frame(made.film, round((shot.start + shot.end) / 2, 2))[40:80, 40:80].mean(axis=(0, 1))
        assert (light > 200 and blue < 60) == (places[shot.picture] == 0)


def test_what_a_killed_run_has_left_goes_with_the_next(track: Path, clip: Path, tmp_path: Path) -> None:
    left = [tmp_path / ".film.part.mp4", tmp_path / "job" / ".bench-x" / "picture.mp4"]
    left[1].parent.mkdir(parents=True)
    for file in left:
        file.write_bytes(b"half")
    ordered = Ordered(track, Treatment(), visuals=(clip,))
    make_video(ordered, to=tmp_path / "film.mp4", folder=tmp_path / "job", resume=True)
    assert not any(file.exists() for file in left)


@pytest.mark.parametrize("tag", ["[ti:only a title]", "[ar:nobody]\n[length:3:00]"])
def test_a_tag_that_holds_no_usable_lyrics_is_no_fault_of_the_clients(track: Path, tmp_path: Path, tag: str) -> None:
    tagged = tmp_path / "tagged.flac"
    (tmp_path / "tags.txt").write_text(";FFMETADATA1\nlyrics=" + tag.replace("=", "\\=").replace("\n", "\\\n") + "\n")
    ffmpeg("-i", track, "-i", tmp_path / "tags.txt", "-map_metadata", "1", "-c:a", "flac", tagged)
    shown = sketch(Ordered(tagged, replace(SMALL, lyrics="")), folder=tmp_path / "job")
    assert shown.plan.board.lines == ()
    assert any("lyrics in the track" in note for note in shown.plan.notes)
