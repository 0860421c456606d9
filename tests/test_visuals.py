"""A supplied picture or clip: looped as MoviePy loops, without a seam, one turn's packets again and again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import visuals
from pipeline.door.ffmpeg import bench
from pipeline.door.slate import Stream, read_packets
from pipeline.errors import BadMedia, DoesNotFit, OverLimit
from pipeline.film import decode_sound, packet_hashes, picture_size
from pipeline.pictures import MovingPicture, Painting
from pipeline.storyboard import Chart, Line, Loop, Section, Storyboard, Treatment
from pipeline.track import Track
from pipeline.turns import Wanted, roll, roll_own
from pipeline.visuals import Looped, loop_film, supply, whole_board
from tests.media import MEDIA, ffmpeg, needs_media
from tests.shoots import make_board, make_track

SECONDS = 5.3
BRIEF_S = 2.1  # enough where a clip of a second is looped, or only what is shown is asked for
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
QUIET = lambda stage, done, total: None  # noqa: E731


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Track:
    return make_track(tmp_path_factory.mktemp("track"), SECONDS)


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Track:
    return make_track(tmp_path_factory.mktemp("brief"), BRIEF_S)


def board(track: Track, *, lines: tuple[Line, ...] = (), treatment: Treatment | None = None) -> Storyboard:
    length = track.duration
    whole = Section("instrumental", 0.0, length, 0.5, 0)
    chart = Chart(length, False, None, (), (), (0.0,), None, (), (whole,))
    return whole_board(chart, lines, treatment or Treatment(titles="none"))


def looped(
    visual: Path, track: Track, *, loop: Loop = "plain", crop: int = 0, most_bytes: int | None = None, rate: int = 30
) -> Looped:
    treatment = Treatment(titles="none", loop=loop, bottom_crop_percent=crop, frame_rate=rate)  # type: ignore[arg-type]
    folder = visual.parent / f"{visual.name}-{loop}-{crop}"
    folder.mkdir()
    made = loop_film(
        visual,
        board(track, treatment=treatment),
        track,
        to=folder / "film.mp4",
        folder=folder,
        most_bytes=most_bytes,
        comment="ours",
        report=QUIET,
    )
    assert {path.name for path in folder.iterdir()} <= {"film.mp4", "supplied"}
    return made


def picture(film: Path) -> Stream:
    with bench(film.parent) as place, film.open("rb") as file:
        return next(stream for stream in read_packets(file, "mov", place=place) if stream.kind == "video")


def frames(film: Path, size: tuple[int, int] = (64, 64)) -> NDArray[np.uint8]:
    """The brightness of all frames, (n, h, w); 16 is black."""
    raw = film.with_suffix(".luma")
    scale = f"scale={size[0]}:{size[1]}:flags=area,format=yuv420p,extractplanes=y"
    ffmpeg("-i", film, "-an", "-fps_mode", "passthrough", "-vf", scale, "-f", "rawvideo", raw)
    return np.fromfile(raw, np.uint8).reshape(-1, size[1], size[0])


def bgr(film: Path, number: int = 0) -> NDArray[np.uint8]:
    still = film.with_name(f"{film.stem}-{number}.png")
    ffmpeg("-i", film, "-vf", f"select=eq(n\\,{number})", "-frames:v", "1", still)
    return np.asarray(cv2.imdecode(np.fromfile(still, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def times(film: Path) -> list[float]:
    stream = picture(film)
    return [float(packet.time * stream.tick) for packet in stream.packets]


def length(film: Path) -> float:
    start, end = picture(film).span
    assert start == 0
    return float(end)


def numbers(path: Path, *, count: int, rate: str = "12", size: str = "64x64", codec: tuple[str, ...] = X264) -> Path:
    """A clip whose frame n has the grey 20 + 6 n."""
    grey = f"color=gray:s={size}:r={rate},geq=lum='20+6*N':cb=128:cr=128"
    ffmpeg("-f", "lavfi", "-i", grey, "-frames:v", str(count), *codec, "-crf", "4", path)
    return path


def shown_numbers(film: Path) -> list[int]:
    return [round((float(grey.mean()) - 20) / 6) for grey in frames(film)]


def circling(path: Path, *, seconds: float = 2.0, rate: int = 25, codec: tuple[str, ...] = X264) -> Path:
    """A clip that loops by itself: a soft spot goes round once."""
    turn = f"2*PI*T/{seconds}"
    spot = f"lum='40+180*exp(-((X-80-45*cos({turn}))^2+(Y-60-35*sin({turn}))^2)/400)'"
    grey = f"color=gray:s=160x120:r={rate},geq={spot}:cb=128:cr=128"
    ffmpeg("-f", "lavfi", "-i", grey, "-frames:v", str(round(seconds * rate)), *codec, "-crf", "12", path)
    return path


def moviepy_numbers(count: int, rate: float, loop: Loop, moments: list[float]) -> list[int]:
    """What MoviePy shows at these times of a clip whose frames are their own numbers."""
    moviepy = pytest.importorskip("moviepy")

    def frame_at(time: float) -> NDArray[np.uint8]:
        return np.full((1, 1, 3), min(count - 1, max(0, int(rate * time + 0.00001))), np.uint8)

    source = moviepy.VideoClip(frame_at, duration=count / rate).with_fps(rate)
    if loop == "there-and-back":
        source = source.with_effects([moviepy.vfx.TimeSymmetrize()])
    return [int(source.with_effects([moviepy.vfx.Loop(duration=1000)]).get_frame(t)[0, 0, 0]) for t in moments]


@pytest.mark.parametrize("loop", ["plain", "there-and-back"])
@pytest.mark.parametrize(("count", "rate"), [(31, 12.0), (17, 30000 / 1001), (9, 10.0)])
def test_it_loops_as_moviepy_does(track: Track, tmp_path: Path, loop: Loop, count: int, rate: float) -> None:
    spoken = "30000/1001" if rate > 29 else str(rate)
    film = looped(numbers(tmp_path / "clip.mp4", count=count, rate=spoken), track, loop=loop).film
    begins = [round(time * rate) for time in times(film)]
    back = [loop == "there-and-back" and number % (2 * count) >= count for number in begins]
    # at the beginning of each frame, a little on the side where MoviePy rounds to the same one
    moments = [(number - 0.01 if comes else number + 0.01) / rate for number, comes in zip(begins, back, strict=True)]
    assert shown_numbers(film) == moviepy_numbers(count, rate, loop, moments)
    assert abs(length(film) - track.duration) <= 1 / rate


@pytest.mark.parametrize("loop", ["plain", "there-and-back"])
def test_there_is_no_seam(track: Track, tmp_path: Path, loop: Loop) -> None:
    made = looped(circling(tmp_path / "clip.mp4", codec=("-bf", "2", "-c:v", "libx264")), track, loop=loop)
    steps = np.abs(np.diff(frames(made.film, (160, 120)).astype(float), axis=0)).mean(axis=(1, 2))
    turn = round(made.turn_s * 25)
    seams = steps[turn - 1 :: turn]
    inside = np.delete(steps, np.s_[turn - 1 :: turn])
    assert len(seams) >= 1
    assert max(seams) <= max(inside) * 1.02


def test_there_and_back_has_no_seam_where_the_clip_has_one(track: Track, tmp_path: Path) -> None:
    film = looped(numbers(tmp_path / "clip.mp4", count=20), track, loop="there-and-back").film
    steps = np.abs(np.diff(frames(film).astype(float), axis=0)).mean(axis=(1, 2))
    assert max(steps) < 8  # one number to the next


# ---- packets ----


def test_packets_without_reordering_are_the_clients_own(track: Track, tmp_path: Path) -> None:
    clip = circling(tmp_path / "clip.mp4")
    made = looped(clip, track)
    assert made.copied
    own, ours = packet_hashes(clip), packet_hashes(made.film)
    assert ours == (own * 4)[: len(ours)]
    assert len(ours) == round(track.duration * 25)
    assert not (made.film.parent / "supplied").exists()  # nothing was decoded into a file


@pytest.mark.parametrize("loop", ["plain", "there-and-back"])
def test_one_turn_is_encoded_and_comes_again(track: Track, tmp_path: Path, loop: Loop) -> None:
    clip = numbers(tmp_path / "clip.webm", count=12, codec=("-c:v", "libvpx", "-b:v", "0"))
    made = looped(clip, track, loop=loop)
    turn = 12 if loop == "plain" else 24
    assert not made.copied
    assert made.turn_s == pytest.approx(turn / 12, abs=0.01)
    hashes = packet_hashes(made.film)
    assert hashes == (hashes[:turn] * 9)[: len(hashes)]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("reordered.mp4", ("-c:v", "libx264", "-bf", "3")),
        ("colours.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv444p")),
        ("hevc.mp4", ("-c:v", "libx265", "-x265-params", "log-level=none")),
        ("packets.avi", ("-c:v", "libx264", "-bf", "0")),
    ],
)
def test_what_players_would_not_show_is_encoded(
    brief: Track, tmp_path: Path, name: str, codec: tuple[str, ...]
) -> None:
    made = looped(numbers(tmp_path / name, count=12, codec=(*codec, "-preset", "ultrafast")), brief)
    assert not made.copied
    assert shown_numbers(made.film)[:14] == [*range(12), 0, 1]


def test_a_clip_that_does_not_begin_cleanly_is_encoded(track: Track, tmp_path: Path) -> None:
    """With intra refresh only the first frame is whole; what is cut out later begins in shreds."""
    whole = tmp_path / "whole.mp4"
    source = "testsrc2=s=96x64:r=24:d=3"
    ffmpeg("-f", "lavfi", "-i", source, *X264, "-bf", "0", "-x264-params", "intra-refresh=1:keyint=20", whole)
    ffmpeg("-ss", "1.0", "-i", whole, "-c", "copy", tmp_path / "cut.mp4")
    made = looped(tmp_path / "cut.mp4", track)
    shown = frames(made.film)
    turn = round(made.turn_s * 24)
    assert np.array_equal(shown[:turn], shown[turn : 2 * turn])


def test_ten_minutes_of_a_short_clip_are_made_of_one_turn(track: Track, tmp_path: Path) -> None:
    clip = circling(tmp_path / "clip.mp4", seconds=3.0)
    wanted = Wanted(Treatment(), 600.0, (160, 120), None)
    own = roll_own(clip, wanted, place=tmp_path)
    assert own
    assert len(times(own.picture)) == 600 * 25
    assert length(own.picture) == pytest.approx(600.0, abs=0.04)
    back = replace(wanted, treatment=Treatment(loop="there-and-back"))
    rolled = roll(MovingPicture(clip, "x", "x"), back, place=tmp_path, report=QUIET)
    assert rolled.turn.frames == 150
    assert len(times(rolled.picture)) == 600 * 25


# ---- lengths and times ----


def test_a_clip_longer_than_the_track_is_cut_off(track: Track, tmp_path: Path) -> None:
    clip = circling(tmp_path / "clip.mp4", seconds=8.0, codec=("-c:v", "libx264", "-bf", "2"))
    plain, back = looped(clip, track), looped(clip, track, loop="there-and-back")
    assert packet_hashes(plain.film) == packet_hashes(back.film)  # it never comes to the way back
    assert abs(length(plain.film) - track.duration) <= 1 / 25
    assert length(plain.film.parent / "supplied" / "film.mp4") <= track.duration + 1 / 25


def test_uneven_frames_keep_their_times(track: Track, tmp_path: Path) -> None:
    clip = tmp_path / "clip.gif"
    uneven = "color=gray:s=64x64:r=10,geq=lum='20+6*N':cb=128:cr=128,setpts='(N+N*N)*0.05/TB'"
    ffmpeg("-f", "lavfi", "-i", uneven, "-frames:v", "5", "-fps_mode", "vfr", clip)
    film = looped(clip, track).film
    assert times(film)[:5] == pytest.approx([0, 0.1, 0.3, 0.6, 1.0], abs=0.011)
    turn = times(film)[5]
    assert times(film)[6:10] == pytest.approx([turn + t for t in (0.1, 0.3, 0.6, 1.0)], abs=0.011)
    assert abs(length(film) - track.duration) <= 1 / 24
    back = looped(clip, track, loop="there-and-back").film
    assert np.allclose(np.diff(times(back)), 1 / 30, atol=0.002)  # at the film's own rate
    assert abs(length(back) - track.duration) <= 1 / 24


def test_a_clip_that_is_too_fast_gets_the_films_rate(brief: Track, tmp_path: Path) -> None:
    clip = circling(tmp_path / "clip.mp4", rate=120, seconds=1.0)
    film = looped(clip, brief, rate=24).film
    assert len(times(film)) == round(brief.duration * 24)


@pytest.mark.parametrize("name", ["one.gif", "one.mp4"])
def test_a_clip_of_one_frame_is_a_picture(track: Track, tmp_path: Path, name: str) -> None:
    codec = X264 if name.endswith("mp4") else ()
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=96x64:r=1:d=1", "-frames:v", "1", *codec, tmp_path / name)
    film = looped(tmp_path / name, track, rate=24).film
    assert len(times(film)) == round(track.duration * 24)
    assert frames(film).std(axis=0).max() < 2


# ---- what is shown ----


def test_a_turned_clip_stands_upright(brief: Track, tmp_path: Path) -> None:
    flat = tmp_path / "flat.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=96x64:r=12:d=1", *X264, flat)
    ffmpeg("-display_rotation", "90", "-i", flat, "-c", "copy", tmp_path / "phone.mp4")
    made = looped(tmp_path / "phone.mp4", brief)
    assert not made.copied
    assert picture_size(made.film) == (64, 96)
    upright = cv2.rotate(frames(flat, (96, 64))[0], cv2.ROTATE_90_COUNTERCLOCKWISE)
    assert np.abs(frames(made.film, (64, 96))[0].astype(float) - upright).mean() < 4


@pytest.mark.parametrize("crop", [12, 90])
def test_the_bottom_is_cut_off(brief: Track, tmp_path: Path, crop: int) -> None:
    clip, still = tmp_path / "clip.mp4", tmp_path / "still.png"
    split = "color=red:s=100x200:r=12:d=1,drawbox=y=100:h=100:w=100:color=blue:t=fill"
    ffmpeg("-f", "lavfi", "-i", split, *X264, clip)
    ffmpeg("-i", clip, "-frames:v", "1", still)
    for visual in (clip, still):
        film = looped(visual, brief, crop=crop).film
        width, height = picture_size(film)
        assert width == 100
        assert abs(height - 200 * (100 - crop) / 100) < 2
        blue, _, red = bgr(film)[-3].mean(axis=0)
        assert (red > 200 > blue) if crop == 90 else (blue > 200 > red)


def test_odd_sides_become_even(brief: Track, tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=321x241:r=12:d=1", "-pix_fmt", "yuv444p", tmp_path / "odd.mp4")
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=321x241:r=12:d=1", "-frames:v", "1", tmp_path / "odd.png")
    for name in ("odd.mp4", "odd.png"):
        assert picture_size(looped(tmp_path / name, brief).film) == (320, 240)


@pytest.mark.parametrize(("width", "height", "size"), [(1, 1, (2, 2)), (3000, 2, (1920, 2)), (2000, 1000, (1920, 960))])
def test_pictures_of_any_size(tmp_path: Path, brief: Track, width: int, height: int, size: tuple[int, int]) -> None:
    (tmp_path / "still.png").write_bytes(cv2.imencode(".png", np.full((height, width, 3), 99, np.uint8))[1].tobytes())
    film = looped(tmp_path / "still.png", brief, rate=24).film
    assert picture_size(film) == size
    assert np.abs(bgr(film).astype(int) - 99).max() <= 2


def test_colours_are_those_of_the_picture(brief: Track, tmp_path: Path) -> None:
    colours = np.zeros((64, 96, 3), np.uint8)
    colours[:, :32], colours[:, 32:64], colours[:, 64:] = (40, 40, 220), (40, 200, 40), (220, 60, 30)
    (tmp_path / "still.png").write_bytes(cv2.imencode(".png", colours)[1].tobytes())
    ffmpeg(
        "-loop", "1", "-t", "1", "-framerate", "10", "-i", tmp_path / "still.png", "-f", "apng", tmp_path / "clip.png"
    )
    for name in ("still.png", "clip.png"):
        seen = bgr(looped(tmp_path / name, brief).film)
        for x in (16, 48, 80):
            assert np.abs(seen[32, x].astype(int) - colours[32, x]).max() <= 5


def test_what_is_see_through_lies_on_black(brief: Track, tmp_path: Path) -> None:
    half = np.zeros((64, 64, 4), np.uint8)
    half[...] = 255
    half[:, 32:, 3] = 0
    (tmp_path / "still.png").write_bytes(cv2.imencode(".png", half)[1].tobytes())
    ffmpeg("-loop", "1", "-t", "1", "-i", tmp_path / "still.png", "-f", "apng", tmp_path / "moves.png")
    ffmpeg("-loop", "1", "-t", "1", "-i", tmp_path / "still.png", "-c:v", "libwebp_anim", tmp_path / "moves.webp")
    for name in ("still.png", "moves.png", "moves.webp"):
        seen = bgr(looped(tmp_path / name, brief).film)
        assert seen[32, 8].min() > 240
        assert seen[32, 56].max() < 15


def test_moving_webp_and_png_move(brief: Track, tmp_path: Path) -> None:
    source = ("-f", "lavfi", "-i", "color=gray:s=64x64:r=10,geq=lum='20+6*N':cb=128:cr=128", "-frames:v", "8")
    ffmpeg(*source, "-f", "apng", tmp_path / "moves.png")
    ffmpeg(*source, "-c:v", "libwebp_anim", "-lossless", "1", tmp_path / "moves.webp")
    for name in ("moves.png", "moves.webp"):
        film = looped(tmp_path / name, brief).film
        assert shown_numbers(film)[:10] == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1]


def test_a_picture_is_turned_as_its_camera_says(brief: Track, tmp_path: Path) -> None:
    image = np.zeros((40, 80, 3), np.uint8)
    image[:, :40] = 255
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"  # 6: a quarter to the right
    head = b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif
    (tmp_path / "phone.jpg").write_bytes(jpeg[:2] + head + jpeg[2:])
    film = looped(tmp_path / "phone.jpg", brief).film
    assert picture_size(film) == (40, 80)
    assert bgr(film)[10].mean() > 240
    assert bgr(film)[70].mean() < 15


@needs_media
@pytest.mark.parametrize("name", ["hlg10_hevc.mp4", "newtonscradle.gif", "rotate_and_reflect.mp4"])
def test_real_clips_are_looped(track: Track, tmp_path: Path, name: str) -> None:
    clip = tmp_path / name
    clip.write_bytes((MEDIA / "video" / name).read_bytes())
    made = looped(clip, track)
    hashes = packet_hashes(made.film)
    turn = next(n for n in range(1, len(hashes)) if hashes[n] == hashes[0])
    assert hashes == (hashes[:turn] * 99)[: len(hashes)]
    assert abs(length(made.film) - track.duration) <= 1 / 24
    assert 20 < bgr(made.film).mean() < 240


# ---- sizes, titles, sound ----


def test_the_track_is_heard_from_the_first_frame_on(brief: Track, tmp_path: Path) -> None:
    sound, rate = decode_sound(looped(circling(tmp_path / "clip.mp4"), brief).film)
    assert abs(len(sound) / rate - brief.duration) < 0.03
    assert np.abs(sound[:4800]).max() > 0.01


@pytest.mark.parametrize("loop", ["plain", "there-and-back"])
@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_it_fits_where_it_shall_go(track: Track, tmp_path: Path, loop: Loop, seconds: float) -> None:
    noise = f"testsrc2=s=320x240:r=24:d={seconds},noise=alls=60:allf=t:all_seed=1"
    ffmpeg("-f", "lavfi", "-i", noise, *X264, "-crf", "20", tmp_path / "clip.mp4")
    made = looped(tmp_path / "clip.mp4", track, loop=loop, most_bytes=400_000)
    assert 120_000 < made.film.stat().st_size <= 400_000
    hashes = packet_hashes(made.film)
    assert len(set(hashes)) <= round(made.turn_s * 24)


def test_a_picture_fits_where_it_shall_go(track: Track, tmp_path: Path) -> None:
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=1280x960,noise=alls=60:all_seed=1", "-frames:v", "1", tmp_path / "still.png"
    )
    assert looped(tmp_path / "still.png", track, most_bytes=300_000).film.stat().st_size <= 300_000


def test_what_cannot_fit_is_said(track: Track, tmp_path: Path) -> None:
    with pytest.raises(DoesNotFit, match="cannot be made to fit") as told:
        looped(circling(tmp_path / "clip.mp4"), track, most_bytes=40_000)
    assert "without a target" in told.value.hint


@pytest.mark.parametrize("kind", ["clip.mp4", "still.png"])
def test_titles_lie_over_it(track: Track, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(visuals, "TITLED_SIDE", 180)
    dark = "color=0x203040:s=64x96:r=24:d=1"
    ffmpeg("-f", "lavfi", "-i", dark, *(["-frames:v", "1"] if kind.endswith("png") else X264), tmp_path / kind)
    line = Line("Walking home", 1.0, 3.0)
    titled = board(track, lines=(line,), treatment=Treatment(frame_rate=24))
    to = tmp_path / "film.mp4"
    made = loop_film(tmp_path / kind, titled, track, to=to, folder=tmp_path, comment="", report=QUIET)
    assert not made.copied
    assert picture_size(made.film) == (180, 270)  # enlarged, so that it can be read
    letters = (frames(made.film, (180, 270)) > 180).sum(axis=(1, 2))
    assert max(letters[: 24 - 2]) == 0
    assert min(letters[30:66]) > 50
    assert abs(length(made.film) - track.duration) <= 1 / 24


# ---- in the places of the pictures ----


def test_they_take_the_pictures_places_in_turn(tmp_path: Path) -> None:
    drawn = make_board((0, 1, 2, 3), pictures=("p1", "p2", "p3"))
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=300x100:r=12:d=1", *X264, tmp_path / "wide.mp4")
    (tmp_path / "still.png").write_bytes(cv2.imencode(".png", np.zeros((90, 70, 3), np.uint8))[1].tobytes())
    told: list[tuple[float, float]] = []
    found = supply(
        drawn,
        [tmp_path / "wide.mp4", tmp_path / "still.png"],
        size=(54, 96),
        folder=tmp_path / "place",
        report=lambda stage, done, total: told.append((done, total)),
    )
    assert list(found) == ["p1", "p2", "p3"]
    assert found["p1"] is found["p3"]
    moving, still = found["p1"], found["p2"]
    assert isinstance(moving, MovingPicture)
    assert isinstance(still, Painting)
    assert picture_size(moving.file) == (288, 96)  # as large as it has to be to cover the film
    assert cv2.imdecode(np.fromfile(still.layers[0].file, np.uint8), cv2.IMREAD_COLOR).shape == (115, 65, 3)
    assert told == [(0, 2), (1, 2), (2, 2)]


# ---- what is refused ----


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"just some words, and then more of them", "text"),
        (b"<!doctype html><html></html>", "web page"),
        (b"PK\x03\x04" + b"\0" * 99, "archive"),
        (b"ID3\x04\0\0\0\0\0\0" + b"\0" * 400, "sound"),
        (b"%PDF-1.7 and so on", "PDF"),
        (b"BM" + b"\x46\0\0\0" + b"\0\0\0\0" + b"\x36\0\0\0" + b"\0" * 99, "not read here"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "damaged"),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 99, "damaged"),
    ],
)
def test_what_is_no_picture_is_refused(track: Track, tmp_path: Path, content: bytes, word: str) -> None:
    visual = tmp_path / "visual"
    visual.write_bytes(content)
    with pytest.raises(BadMedia, match=word) as told:
        looped(visual, track)
    assert "picture" in told.value.hint


def test_a_clip_that_is_too_long_is_refused(track: Track, tmp_path: Path) -> None:
    slow = ("-f", "lavfi", "-i", "color=gray:s=16x16:r=0.02:d=700", "-frames:v", "14", *X264)
    ffmpeg(*slow, tmp_path / "clip.mp4")
    with pytest.raises(OverLimit, match="at most 600 s"):
        looped(tmp_path / "clip.mp4", track)
