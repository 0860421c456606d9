"""Clips of every kind, made on the spot: what they really are, and one decode that gives everything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.clip import Clip, Footage, Frame, Limits, open_clip, safe_name
from pipeline.door import ffmpeg as door
from pipeline.errors import BadMedia, OverLimit
from pipeline.film import packet_hashes
from tests.media import MEDIA, ffmpeg, make_clip, needs_media
from tests.test_door_ffmpeg import children

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=0")


def take(path: Path, folder: Path, **options: object) -> tuple[Clip, list[Frame], Footage]:
    """Open a clip and go through all of it."""
    footage = open_clip(path, folder, **options)  # type: ignore[arg-type]
    frames = list(footage.frames())
    return footage.clip, frames, footage


def draw(path: Path, *options: str, source: str = "testsrc2=s=160x90:r=10:d=1") -> Path:
    ffmpeg("-f", "lavfi", "-i", source, *options, path)
    return path


def times_of(frames: Sequence[Frame]) -> list[float]:
    return [frame.time for frame in frames]


def test_an_ordinary_clip(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4")
    clip, frames, footage = take(path, tmp_path / "job")
    assert (clip.container, clip.codec, clip.pixel_format) == ("mov", "h264", "yuv420p")
    assert (clip.width, clip.height, clip.rotation, clip.mirrored, clip.hdr) == (160, 90, 0, False, False)
    assert clip.duration == pytest.approx(3.0)
    assert clip.frame_rate == pytest.approx(24.0)
    assert (clip.variable, clip.sound, clip.copied, clip.sound_path, clip.notes) == (False, "none", True, None, ())
    assert clip.frames == len(frames) == footage.frame_count == 72
    assert times_of(frames) == pytest.approx([n / 24 for n in range(72)])
    assert clip.frame_times == tuple(times_of(frames))
    assert clip.picture == tmp_path / "job" / "picture.mp4"
    assert packet_hashes(clip.picture) == packet_hashes(path)
    assert [path.name for path in (tmp_path / "job").iterdir()] == ["picture.mp4"]


def test_frames_are_small_and_look_like_the_clip(tmp_path: Path) -> None:
    clip, frames, _ = take(make_clip(tmp_path / "clip.mp4", size="320x180"), tmp_path / "job")
    for frame in frames:
        assert frame.small.shape == (144, 256, 3)
        assert frame.small.dtype == np.uint8
    red, blue, green = (frames[n].small[90:, 200:].mean(axis=(0, 1)).argmax() for n in (12, 36, 60))
    assert (red, blue, green) == (2, 0, 1)  # BGR
    assert [frame.index for frame in frames] == list(range(clip.frames))


def test_stills_are_upright_jpegs_two_a_second(tmp_path: Path) -> None:
    clip = draw(tmp_path / "wide.mp4", *X264, source="testsrc2=s=1600x900:r=10:d=2")
    _, _, footage = take(clip, tmp_path / "job")
    assert [still.time for still in footage.stills] == pytest.approx([0.0, 0.5, 1.0, 1.5])
    picture = cv2.imdecode(np.frombuffer(footage.stills[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (720, 1280, 3)


def test_stills_stay_few_in_a_long_clip(tmp_path: Path) -> None:
    _, _, footage = take(draw(tmp_path / "long.mp4", *X264, source="testsrc2=s=32x32:r=3:d=300"), tmp_path / "job")
    assert 200 <= len(footage.stills) <= 240
    assert footage.stills[-1].time > 297


def test_frames_of_variable_length_keep_their_own_times(tmp_path: Path) -> None:
    keep = "select='not(between(n,3,7))*not(eq(n,11))'"
    path = draw(tmp_path / "vfr.mp4", "-vf", keep, "-fps_mode", "vfr", *X264, source="testsrc2=s=160x90:r=20:d=1")
    clip, frames, _ = take(path, tmp_path / "job")
    assert clip.variable
    assert times_of(frames) == pytest.approx([n / 20 for n in range(20) if n not in (3, 4, 5, 6, 7, 11)])
    assert clip.duration == pytest.approx(1.0)


def test_a_gif_with_uneven_delays_becomes_a_film_with_them(tmp_path: Path) -> None:
    keep = "select='not(between(n,3,7))',setpts=PTS"
    path = draw(tmp_path / "a.gif", "-vf", keep, "-fps_mode", "vfr", source="testsrc=s=161x91:r=10:d=1.2")
    clip, frames, _ = take(path, tmp_path / "job")
    assert times_of(frames) == pytest.approx([0, 0.1, 0.2, 0.8, 0.9, 1.0, 1.1])
    assert not clip.copied
    again, shown, _ = take(clip.picture, tmp_path / "again")  # what we made is a clip like any other
    assert (again.codec, again.pixel_format, again.width, again.height) == ("h264", "yuv420p", 160, 90)
    assert times_of(shown) == pytest.approx(times_of(frames), abs=0.001)
    assert again.duration == pytest.approx(clip.duration)


@pytest.mark.parametrize(
    ("suffix", "codec", "copied"),
    [
        (".mp4", X264, True),
        (".mov", X264, True),
        (".mkv", X264, True),
        (".flv", X264, True),
        (".ts", (*X264, "-bf", "2"), True),
        (".avi", X264, False),  # an AVI does not say when a frame is shown
        (".mpg", ("-c:v", "mpeg2video", "-r", "25"), False),
        (".wmv", ("-c:v", "wmv2"), False),
        (".ogv", ("-c:v", "libtheora"), False),
        (".mp4", (*X265, "-pix_fmt", "yuv420p"), True),
        (".mp4", ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p"), False),
        (".mov", ("-c:v", "prores_ks"), False),
        (".mov", ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p"), False),
        (".webm", ("-c:v", "libvpx", "-deadline", "realtime"), False),
        (".webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p"), True),
        (".mkv", ("-c:v", "libsvtav1", "-preset", "12", "-pix_fmt", "yuv420p"), True),
        (".webp", ("-c:v", "libwebp_anim", "-loop", "0"), False),
        (".png", ("-f", "apng"), False),
        (".gif", (), False),
    ],
)  # fmt: skip
def test_every_kind_of_clip(suffix: str, codec: tuple[str, ...], copied: bool, tmp_path: Path) -> None:
    path = draw(tmp_path / f"clip{suffix}", *codec)
    clip, frames, _ = take(path, tmp_path / "job")
    assert clip.copied is copied
    assert len(frames) >= 10
    assert clip.duration == pytest.approx(len(frames) / clip.frame_rate)
    assert clip.duration == pytest.approx(1.0, abs=0.11)
    again, shown, _ = take(clip.picture, tmp_path / "again")
    assert again.copied
    assert times_of(shown) == pytest.approx(times_of(frames), abs=0.002)


@pytest.mark.parametrize(("turn", "flip"), [(90, ""), (180, ""), (270, ""), (0, "h"), (90, "h"), (90, "v"), (270, "v")])
def test_a_turned_clip_is_shown_upright_and_copied_as_it_is(turn: int, flip: str, tmp_path: Path) -> None:
    flat = draw(tmp_path / "flat.mp4", *X264, source="testsrc=s=160x90:r=5:d=0.6")
    path = tmp_path / "turned.mp4"
    flips = [f"-display_{flip}flip"] if flip else []
    ffmpeg("-display_rotation", str(turn), *flips, "-i", flat, "-c", "copy", path)
    clip, frames, footage = take(path, tmp_path / "job")
    ffmpeg("-i", path, "-frames:v", "1", "-pix_fmt", "bgr24", "-f", "rawvideo", tmp_path / "shown")  # turned by ffmpeg
    lying = turn in (90, 270)
    assert (clip.width, clip.height) == ((90, 160) if lying else (160, 90))
    shown = np.frombuffer((tmp_path / "shown").read_bytes(), np.uint8).reshape(clip.height, clip.width, 3)
    assert frames[0].small.shape == shown.shape
    assert np.abs(frames[0].small.astype(int) - shown).mean() < 3
    still = cv2.imdecode(np.frombuffer(footage.stills[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert still is not None
    assert np.abs(still.astype(int) - shown).mean() < 10
    assert clip.mirrored is bool(flip)
    assert clip.copied
    again, _, _ = take(clip.picture, tmp_path / "again")
    assert (again.rotation, again.mirrored) == (clip.rotation, clip.mirrored)


def test_a_turned_clip_that_is_encoded_is_turned_once(tmp_path: Path) -> None:
    flat = draw(tmp_path / "flat.mp4", *X264, source="testsrc=s=160x90:r=5:d=0.6")
    ffmpeg("-display_rotation", "90", "-i", flat, "-c", "copy", tmp_path / "turned.mp4")
    clip, frames, _ = take(tmp_path / "turned.mp4", tmp_path / "job", aspect="1:1")
    again, shown, _ = take(clip.picture, tmp_path / "again")
    assert (again.rotation, again.width, again.height) == (0, 160, 160)
    middle = cv2.resize(frames[0].small, (90, 160)).astype(int)
    assert np.abs(shown[0].small[:, 35:125].astype(int) - middle).mean() < 12


def test_pixels_that_are_not_square_are_shown_square(tmp_path: Path) -> None:
    path = draw(tmp_path / "wide.mp4", "-vf", "setsar=2/1", *X264, source="testsrc2=s=80x90:r=10:d=0.5")
    clip, frames, _ = take(path, tmp_path / "job")
    assert (clip.width, clip.height) == (160, 90)
    assert frames[0].small.shape == (90, 160, 3)


def test_odd_sides_and_full_chroma_become_playable(tmp_path: Path) -> None:
    path = draw(tmp_path / "odd.mp4", "-c:v", "libx264", "-pix_fmt", "yuv444p", source="testsrc=s=161x91:r=10:d=0.5")
    clip, _, _ = take(path, tmp_path / "job")
    again, _, _ = take(clip.picture, tmp_path / "again")
    assert (clip.width, clip.height) == (161, 91)
    assert (again.width, again.height, again.pixel_format) == (160, 90, "yuv420p")


def test_what_an_edit_list_cuts_away_is_not_seen(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mp4")
    ffmpeg("-ss", "1.25", "-i", whole, "-c", "copy", tmp_path / "cut.mp4")
    clip, frames, _ = take(tmp_path / "cut.mp4", tmp_path / "job")
    assert clip.copied
    assert len(frames) == 42
    assert clip.duration == pytest.approx(1.75)
    assert times_of(frames)[:2] == pytest.approx([0, 1 / 24])
    assert frames[0].small[45:, 100:].mean(axis=(0, 1)).argmax() == 0  # blue: the second shot


def test_a_picture_that_starts_late_starts_at_zero_and_its_sound_with_it(tmp_path: Path) -> None:
    clip_path = make_clip(tmp_path / "whole.mp4")
    sound = "aevalsrc='if(between(t,1,1.01),0.8,0)':d=3:s=44100"  # a click at 1.0 s, half a second into the picture
    late = ("-itsoffset", "0.5", "-i", clip_path, "-f", "lavfi", "-i", sound, "-map", "0:v", "-map", "1:a")
    ffmpeg(*late, "-c:v", "copy", "-c:a", "pcm_s16le", tmp_path / "late.mkv")
    clip, frames, _ = take(tmp_path / "late.mkv", tmp_path / "job")
    assert frames[0].time == 0
    assert clip.copied
    assert clip.sound_path
    heard, rate = _samples(clip.sound_path)
    assert rate == 48_000
    assert np.abs(heard[:, 0]).argmax() / rate == pytest.approx(0.5, abs=0.012)
    assert len(heard) / rate == pytest.approx(2.5, abs=0.01)


def test_timestamps_below_zero(tmp_path: Path) -> None:
    whole = make_clip(tmp_path / "whole.mp4")
    below = ("-i", whole, "-c", "copy", "-output_ts_offset", "-3", "-avoid_negative_ts", "disabled")
    ffmpeg(*below, tmp_path / "below.mkv")
    clip, frames, _ = take(tmp_path / "below.mkv", tmp_path / "job")
    assert len(frames) == 72
    assert times_of(frames)[:2] == pytest.approx([0, 1 / 24], abs=0.001)
    assert clip.duration == pytest.approx(3, abs=0.1)  # Matroska forgets times below zero: whole milliseconds are left


@pytest.mark.parametrize(
    ("sound", "kind"), [("anullsrc", "silent"), ("sine=440", "sound"), ("sine=440,volume=-72dB", "silent")]
)
def test_what_sound_it_has(sound: str, kind: str, tmp_path: Path) -> None:
    picture = make_clip(tmp_path / "clip.mp4", shot_s=0.4)
    ffmpeg("-i", picture, "-f", "lavfi", "-i", sound, "-shortest", "-c:v", "copy", "-c:a", "aac", tmp_path / "a.mp4")
    clip, _, _ = take(tmp_path / "a.mp4", tmp_path / "job")
    assert clip.sound == kind
    assert (clip.sound_path is not None) is (kind == "sound")
    assert {path.name for path in (tmp_path / "job").iterdir()} <= {"picture.mp4", "sound.wav"}


def test_hdr_is_copied_but_shown_to_the_machine_as_a_screen_would(tmp_path: Path) -> None:
    hdr = "format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
    grey = "color=0x808080:s=64x64:r=10:d=0.5"  # half of PQ's scale is 92 nits, a bright mid-tone
    path = draw(tmp_path / "hdr.mp4", "-vf", hdr, *X265, source=grey)
    clip, frames, _ = take(path, tmp_path / "job")
    assert clip.hdr
    assert clip.copied
    assert 140 < frames[0].small.mean() < 235
    encoded, _, _ = take(path, tmp_path / "chat", target="telegram")
    assert not encoded.copied
    again, shown, _ = take(encoded.picture, tmp_path / "again")
    assert not again.hdr
    assert shown[0].small.mean() == pytest.approx(frames[0].small.mean(), abs=6)


def test_nothing_of_the_client_but_the_picture_stays(tmp_path: Path) -> None:
    chapters = tmp_path / "marks.txt"
    chapters.write_text(";FFMETADATA1\ntitle=MARK1\n[CHAPTER]\nTIMEBASE=1/10\nSTART=0\nEND=5\ntitle=MARK2\n")
    subtitles = tmp_path / "s.srt"
    subtitles.write_text("1\n00:00:00,000 --> 00:00:01,000\nMARK3\n")
    plain = make_clip(tmp_path / "plain.mp4", shot_s=0.3)
    inputs = ("-i", plain, "-i", chapters, "-i", subtitles, "-f", "lavfi", "-i", "sine=d=1")
    tags = (
        "-metadata",
        "artist=MARK4",
        "-metadata",
        "location=+40.68-074.49/",
        "-metadata:s:v:0",
        "handler_name=MARK5",
    )
    codecs = ("-c:v", "copy", "-c:s", "mov_text", "-c:a", "aac")
    ffmpeg(
        *inputs, "-map", "0:v", "-map", "3:a", "-map", "2:s", "-map_metadata", "1", *tags, *codecs, tmp_path / "in.mp4"
    )
    assert (tmp_path / "in.mp4").read_bytes().count(b"MARK") >= 4
    clip, _, _ = take(tmp_path / "in.mp4", tmp_path / "job")
    kept = b"".join(path.read_bytes() for path in (tmp_path / "job").iterdir())
    assert clip.copied
    assert b"MARK" not in kept
    assert b"+40.68" not in kept
    assert b"Lavf" not in kept


def test_the_same_clip_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, codec in (("a.mp4", X264), ("a.gif", ())):
        path = draw(tmp_path / name, *codec)
        one, other = (take(path, tmp_path / f"{name}{n}")[0].picture.read_bytes() for n in range(2))
        assert one == other


def test_the_bytes_do_not_depend_on_what_memory_held_before(tmp_path: Path) -> None:
    """x264 reads some before it is written, so a child's is emptied."""
    path = draw(tmp_path / "a.gif")
    clip, _, _ = take(path, tmp_path / "job")
    emptied = clip.picture.read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(door.ENVIRONMENT, "MALLOC_PERTURB_")
        patch.setitem(door.ENVIRONMENT, "MALLOC_TOP_PAD_", "0")  # nothing of the heap is kept, all comes fresh
        patch.setitem(door.ENVIRONMENT, "MALLOC_MMAP_THRESHOLD_", "4096")  # from the kernel, which empties it
        clip, _, _ = take(path, tmp_path / "fresh")
    assert clip.picture.read_bytes() == emptied


@pytest.mark.parametrize("aspect", ["9:16", "16:9", "1:1", "4:5"])
def test_another_shape_shows_the_whole_picture_over_its_blurred_self(aspect: str, tmp_path: Path) -> None:
    clip, frames, _ = take(make_clip(tmp_path / "clip.mp4", size="320x240"), tmp_path / "job", aspect=aspect)
    again, shown, _ = take(clip.picture, tmp_path / "again")
    wanted = [int(part) for part in aspect.split(":")]
    assert again.width / again.height == pytest.approx(wanted[0] / wanted[1], rel=0.02)
    assert times_of(shown) == pytest.approx(times_of(frames))
    edge, middle = (shown[12].small[y, x].astype(int) for y, x in ((2, 2), (shown[12].small.shape[0] // 2, -20)))
    assert edge.max() > 30  # darker than the picture, yet not black
    assert edge.argmax() == 2
    assert middle.argmax() == 2


def test_a_shape_that_it_has_already_is_copied(tmp_path: Path) -> None:
    clip, _, _ = take(make_clip(tmp_path / "clip.mp4"), tmp_path / "job", aspect="16:9")
    assert clip.copied


def test_a_clip_too_large_for_a_chat_is_made_to_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.door.targets.LIMIT_BYTES", {"discord": 300_000})
    noise = "nullsrc=s=320x180:r=24:d=4,geq=lum='random(1)*255':cb=128:cr=128"
    path = draw(tmp_path / "noise.mp4", *X264, source=noise)
    assert path.stat().st_size > 600_000
    clip, frames, _ = take(path, tmp_path / "job", target="discord")
    assert not clip.copied
    assert clip.picture.stat().st_size < 300_000 - 64_000 / 8 * 4
    assert len(frames) == 96


def test_a_clip_that_can_never_fit_is_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.door.targets.LIMIT_BYTES", {"discord": 20_000})
    path = make_clip(tmp_path / "clip.mp4")
    with pytest.raises(OverLimit, match=r"3 seconds .* 0.02 MB"):
        open_clip(path, tmp_path / "job", target="discord")


def test_a_clip_for_a_chat_is_h264(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-pix_fmt", "yuv420p")
    clip, _, _ = take(path, tmp_path / "job", target="telegram")
    again, _, _ = take(clip.picture, tmp_path / "again", target="telegram")
    assert (clip.copied, again.copied, again.codec) == (False, True, "h264")


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (Limits(seconds=2), "long"),
        (Limits(pixels=10_000), "160 x 90"),
        (Limits(frames=50), "50 pictures"),
        (Limits(bytes=1000), "MB"),
    ],
)
def test_too_much_is_refused_before_decoding(limits: Limits, word: str, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4")
    with pytest.raises(OverLimit, match=word):
        open_clip(path, tmp_path / "job", limits=limits)
    assert not list(tmp_path.glob("job/*"))


def test_stopping_early_leaves_nothing(tmp_path: Path) -> None:
    before = children()
    path = draw(tmp_path / "a.gif", source="testsrc2=s=320x180:r=25:d=4")

    def watch() -> None:
        for frame in open_clip(path, tmp_path / "job").frames():
            if frame.index == 3:
                raise KeyError

    with pytest.raises(KeyError):
        watch()
    assert children() == before
    assert list((tmp_path / "job").iterdir()) == []


def test_leaving_the_footage_stops_it(tmp_path: Path) -> None:
    before = children()
    with open_clip(make_clip(tmp_path / "clip.mp4"), tmp_path / "job") as footage:
        frames = footage.frames()
        next(frames)
        assert children() != before
    assert children() == before
    assert list((tmp_path / "job").iterdir()) == []


def test_the_clip_is_known_only_in_the_end(tmp_path: Path) -> None:
    footage = open_clip(make_clip(tmp_path / "clip.mp4"), tmp_path / "job")
    with pytest.raises(RuntimeError):
        _ = footage.clip
    with pytest.raises(RuntimeError):
        _ = footage.stills


def test_packets_that_nothing_can_decode_are_not_passed_on(tmp_path: Path) -> None:
    """One packet of 72 made undecodable: the film shows what decodes, and says so."""
    path = make_clip(tmp_path / "clip.mp4", codec=(*X264, "-bf", "0", "-threads", "1"))
    sizes = [int(packet.partition(":")[0]) for packet in packet_hashes(path)]
    body = bytearray(path.read_bytes())
    at = body.index(b"mdat") + 4 + sum(sizes[:40])
    body[at : at + 4] = b"\xff\xff\xff\xff"  # the length of the packet's only slice
    path.write_bytes(body)
    clip, frames, _ = take(path, tmp_path / "job")
    assert len(frames) == 71
    assert not clip.copied
    assert clip.notes == ("Parts of the picture are damaged.",)
    assert len(packet_hashes(clip.picture)) == 71


def test_a_file_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4")
    footage = open_clip(path, tmp_path / "job")
    path.write_bytes(path.read_bytes() + b"1")
    with pytest.raises(BadMedia, match="changed"):
        list(footage.frames())


def test_a_sound_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    picture = make_clip(tmp_path / "clip.mp4", shot_s=0.4)
    ffmpeg("-i", picture, "-f", "lavfi", "-i", "sine=d=1", "-c:v", "copy", "-c:a", "pcm_s16le", tmp_path / "a.mov")
    (tmp_path / "b.mov").write_bytes((tmp_path / "a.mov").read_bytes().replace(b"sowt", b"qQq1"))
    clip, frames, _ = take(tmp_path / "b.mov", tmp_path / "job")
    assert len(frames) == clip.frames > 20
    assert clip.sound_path is None
    assert "could not be read" in " ".join(clip.notes)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("holiday.mp4", "holiday.mp4"),
        ("a\nb\tc.mp4", r"a\nb\tc.mp4"),
        ("\u202egpj.mp4", r"\u202egpj.mp4"),
        ("\x1b[31mred.mp4", r"\x1b[31mred.mp4"),
        ("Кино 🎬.mp4", "Кино 🎬.mp4"),
        ("\udcff.mp4", r"\udcff.mp4"),
    ],
)
def test_a_name_is_made_safe_to_show(name: str, shown: str) -> None:
    assert safe_name(name) == shown


def test_a_long_name_is_shown_by_its_ends() -> None:
    shown = safe_name("a" * 200 + ".mp4")
    assert len(shown) == 80
    assert shown.endswith(".mp4")
    assert "…" in shown


@needs_media
@pytest.mark.parametrize(
    ("name", "frames", "duration", "copied"),
    [
        ("newtonscradle.gif", 36, 0.82, False),
        ("no_duration.webm", 74, 4.938, True),
        ("goldeneye_vfr_drop3.mp4", 160, 10.01, True),
        ("v2m_space_battle.mp4", 240, 10.052, True),  # 332 packets, of which the edit list hides 92
        ("hlg10_hevc.mp4", 9, 0.3, True),
        ("rotated_minus180_10fps.mp4", 25, 2.38, True),
        ("portrait_hdr10_av1.mp4", 127, 4.2376, True),
        ("chapters.mp4", 30, 1.001, True),
        ("silent_audio_track.webm", 17, 10.0, False),
    ],
)
def test_real_clips(name: str, frames: int, duration: float, copied: bool, tmp_path: Path) -> None:
    clip, seen, _ = take(MEDIA / "video" / name, tmp_path / "job")
    assert len(seen) == frames
    assert clip.duration == pytest.approx(duration, abs=0.001)
    assert clip.copied is copied
    if copied and name.endswith("mp4"):
        assert packet_hashes(clip.picture) == _upload_hashes(MEDIA / "video" / name, tmp_path)


def _upload_hashes(path: Path, tmp_path: Path) -> list[str]:
    """The packets of the upload; it lies in a folder where nothing can be written."""
    copy = tmp_path / f"upload{path.suffix}"
    copy.write_bytes(path.read_bytes())
    return packet_hashes(copy)


def _samples(wav: Path) -> tuple[np.ndarray, int]:
    import soundfile

    samples, rate = soundfile.read(wav)
    return samples, rate
