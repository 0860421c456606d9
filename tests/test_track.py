"""The client's track: what it is, how long it plays, what it says about itself, and what is no track."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from pipeline.ear.loudness import integrated, measure, momentary, true_peak_db
from pipeline.errors import BadMedia, OverLimit, UserError
from pipeline.track import Track, TrackLimits, open_track
from tests.media import MEDIA, ffmpeg, make_clip, needs_media
from tests.test_door_ffmpeg import children
from tests.test_hostile import end_of

LENGTH_S = 4.3
CODECS = {
    "a.mp3": ("mp3", "mp3", ("-c:a", "libmp3lame")),
    "a.m4a": ("mov", "aac", ()),
    "a.mov": ("mov", "aac", ()),
    "a.flac": ("flac", "flac", ()),
    "a.opus": ("ogg", "opus", ("-c:a", "libopus")),
    "a.ogg": ("ogg", "vorbis", ("-c:a", "libvorbis")),
    "a.wav": ("wav", "pcm_s16le", ()),
    "float.wav": ("wav", "pcm_f32le", ("-c:a", "pcm_f32le")),
    "rf64.wav": ("wav", "pcm_s16le", ("-rf64", "always")),
    "extensible.wav": ("wav", "pcm_s24le", ("-c:a", "pcm_s24le", "-ac", "4")),
    "a.aiff": ("aiff", "pcm_s16be", ()),
    "a.webm": ("matroska", "opus", ("-c:a", "libopus")),
    "a.mka": ("matroska", "flac", ("-c:a", "flac")),
}


@pytest.fixture(scope="module")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sine that grows louder, at 44.1 kHz in stereo."""
    path = tmp_path_factory.mktemp("tune") / "tune.wav"
    soundfile.write(path, sine(LENGTH_S), 44_100, subtype="PCM_16")
    return path


def sine(seconds: float) -> NDArray[np.float64]:
    t = np.arange(round(seconds * 44_100)) / 44_100
    return np.stack([0.3 * np.sin(2 * np.pi * 440 * t) * t / seconds, 0.1 * np.sin(2 * np.pi * 550 * t)], axis=1)


def taken(path: Path, job: Path, **limits: float) -> Track | UserError:
    """Open a track; when it is refused, nothing may be left of it, and the person must be told what to do."""
    before = children()
    result = attempt(path, job, TrackLimits(**limits))  # type: ignore[arg-type]
    assert children() == before
    if isinstance(result, UserError):
        assert result.hint
        assert not list(job.glob("*"))
    return result


def attempt(path: Path, job: Path, limits: TrackLimits) -> Track | UserError:
    try:
        return open_track(path, job, limits=limits)
    except UserError as error:
        return error


@pytest.mark.parametrize("name", CODECS)
def test_every_common_kind(name: str, tune: Path, tmp_path: Path) -> None:
    container, codec, options = CODECS[name]
    ffmpeg("-i", tune, *options, tmp_path / name)
    track = open_track(tmp_path / name, tmp_path / "job")
    assert (track.name, track.container, track.codec) == (name, container, codec)
    assert track.duration == pytest.approx(LENGTH_S, abs=0.0001)  # without the encoder's delay and padding
    assert track.rate == (48_000 if codec == "opus" else 44_100)
    assert track.channels == (4 if name == "extensible.wav" else 2)
    assert (track.notes, track.cover, track.title, track.lyrics) == ((), None, "", "")
    info = soundfile.info(track.sound)
    assert (info.samplerate, info.channels, info.subtype) == (48_000, 2, "PCM_16")
    assert info.frames == round(track.duration * 48_000)
    samples, rate = soundfile.read(track.sound)
    assert track.loudness == pytest.approx(integrated(samples, rate), abs=0.01)
    assert track.true_peak == pytest.approx(true_peak_db(samples, rate), abs=0.01)
    assert track.bit_rate > 10_000
    assert sorted(path.name for path in (tmp_path / "job").iterdir()) == ["sound.wav"]


def test_bare_aac_and_a_tag_before_it(tune: Path, tmp_path: Path) -> None:
    ffmpeg("-i", tune, tmp_path / "a.aac")
    body = (tmp_path / "a.aac").read_bytes()
    (tmp_path / "tagged").write_bytes(b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 10 + body)
    for name in ("a.aac", "tagged"):
        track = open_track(tmp_path / name, tmp_path / "job")
        assert (track.container, track.codec) == ("aac", "aac")
        assert track.duration == pytest.approx(LENGTH_S, abs=0.05)  # it cannot say where it begins and ends


def test_a_strange_name_and_no_suffix(tune: Path, tmp_path: Path) -> None:
    odd = tmp_path / "-i %03d 'x'; $(touch pwned)\n\u202e"
    odd.write_bytes(tune.read_bytes())
    track = open_track(odd, tmp_path / "job")
    assert track.name == "-i %03d 'x'; $(touch pwned)\\n\\u202e"


def test_the_sound_of_a_video(tune: Path, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", shot_s=1.5)
    ffmpeg("-i", clip, "-i", tune, "-c:v", "copy", tmp_path / "sung.mp4")
    track = open_track(tmp_path / "sung.mp4", tmp_path / "job")
    assert (track.container, track.codec) == ("mov", "aac")
    assert track.duration == pytest.approx(LENGTH_S, abs=0.0001)
    assert track.notes == ()


TAGS = ("-metadata", "title=One = two; #3\n\u202e\x07four", "-metadata", "artist=" + "Ä" * 500)
LRC = "[00:01.00]One line\n[00:02.50]and = another; #1 \\ end"


@pytest.mark.parametrize(
    ("name", "key", "options"),
    [
        ("a.mp3", "lyrics-eng", ()),
        ("a.m4a", "lyrics", ()),
        ("a.flac", "LYRICS", ()),
        ("a.opus", "UNSYNCEDLYRICS", ("-c:a", "libopus")),
        ("a.ogg", "SYNCEDLYRICS", ("-c:a", "libvorbis")),
    ],
)
def test_tags_and_embedded_lyrics(name: str, key: str, options: tuple[str, ...], tune: Path, tmp_path: Path) -> None:
    ffmpeg("-i", tune, *options, *TAGS, "-metadata", f"{key}={LRC}", tmp_path / name)
    track = open_track(tmp_path / name, tmp_path / "job")
    assert track.title == "One = two; #3 four"
    assert track.artist == "Ä" * 199 + "…"
    assert track.lyrics == LRC


def test_timed_lyrics_go_before_plain_ones_and_long_ones_are_cut(tune: Path, tmp_path: Path) -> None:
    plain = ("-metadata", "LYRICS=" + "la la la\n" * 4000)
    ffmpeg("-i", tune, *plain, tmp_path / "plain.flac")
    ffmpeg("-i", tune, *plain, "-metadata", f"SYNCEDLYRICS={LRC}", tmp_path / "both.flac")
    assert 19_990 <= len(open_track(tmp_path / "plain.flac", tmp_path / "job").lyrics) <= 20_000
    assert open_track(tmp_path / "both.flac", tmp_path / "job").lyrics == LRC


@pytest.mark.parametrize("name", ["a.mp3", "a.m4a", "a.flac"])
def test_a_cover_becomes_a_bounded_jpeg(name: str, tune: Path, tmp_path: Path) -> None:
    blue = np.full((1500, 3000, 3), (0xC0, 0x40, 0x20), np.uint8)
    (tmp_path / "cover.png").write_bytes(cv2.imencode(".png", blue, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())
    inputs = ("-i", tune, "-i", tmp_path / "cover.png", "-map", "0:a", "-map", "1:v")
    ffmpeg(*inputs, "-c:v", "copy", "-disposition:v", "attached_pic", tmp_path / name)
    track = open_track(tmp_path / name, tmp_path / "job")
    assert track.cover is not None
    assert (track.duration, track.notes) == (pytest.approx(LENGTH_S, abs=0.0001), ())
    picture = cv2.imdecode(np.frombuffer(track.cover.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (750, 1500, 3)
    assert picture.mean(axis=(0, 1)) == pytest.approx([0xC0, 0x40, 0x20], abs=4)  # blue, green, red


def test_a_cover_that_is_a_bomb_is_left_out(tune: Path, tmp_path: Path) -> None:
    bomb = cv2.imencode(".png", np.zeros((9000, 9000), np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
    (tmp_path / "cover.png").write_bytes(bomb.tobytes())
    inputs = ("-i", tune, "-i", tmp_path / "cover.png", "-map", "0:a", "-map", "1:v")
    ffmpeg(*inputs, "-c:v", "copy", "-disposition:v", "attached_pic", tmp_path / "a.mp3")
    assert open_track(tmp_path / "a.mp3", tmp_path / "job").cover is None


def test_what_is_too_long_or_too_short_or_too_large(tune: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    for error, sentence in (
        (taken(tune, job, seconds=4), "The track is 0:04 min long; at most 0:04 min are taken."),
        (taken(tune, job, least_s=5), "The track is only 4.3 s long; at least 5 s are needed."),
        (taken(tune, job, bytes=1000), "The file has 1 MB; at most 0 MB are taken."),
    ):
        assert isinstance(error, OverLimit)
        assert error.sentence == sentence


@pytest.mark.parametrize("suffix", ["mp3", "opus"])
def test_three_hours_are_refused_at_once(suffix: str, tmp_path: Path) -> None:
    """The file is made by repeating a minute of packets, as long as the codec has them, and nothing else is encoded."""
    long = ("-ar", "8000", "-c:a", "libmp3lame") if suffix == "mp3" else ("-c:a", "libopus", "-frame_duration", "60")
    ffmpeg("-f", "lavfi", "-i", "sine=r=8000:d=60", *long, "-b:a", "16k", tmp_path / f"a.{suffix}")
    many = (tmp_path / f"a.{suffix}", "-c", "copy", tmp_path / f"long.{suffix}")
    ffmpeg("-stream_loop", "179", "-i", *many)
    began = time.monotonic()
    error = taken(tmp_path / f"long.{suffix}", tmp_path / "job")
    assert isinstance(error, OverLimit)
    assert error.sentence.endswith("at most 20:00 min are taken.")
    assert time.monotonic() - began < 10


def not_tracks(folder: Path, tune: Path) -> dict[str, Path]:
    make_clip(folder / "silent.mp4", shot_s=0.5)
    ffmpeg("-i", folder / "silent.mp4", folder / "moving.gif")
    ffmpeg("-i", folder / "silent.mp4", "-frames:v", "1", folder / "still.png")
    ffmpeg("-f", "lavfi", "-i", "sine=d=0", "-t", "0", folder / "nothing.wav")
    (folder / "text.mp3").write_text("No song at all, but some words about one.\n" * 20)
    (folder / "utf16.mp3").write_text("No song at all, but some words about one.\n" * 200, encoding="utf-16")
    (folder / "empty.mp3").touch()
    (folder / "notes.mid").write_bytes(b"MThd\0\0\0\x06\0\0\0\1\0\x60MTrk\0\0\0\4\0\xff\x2f\0")
    (folder / "tag.mp3").write_bytes(b"ID3\x04\0\0\0\0\x7f\x7f" + b"\0" * 20_000)
    (folder / "noise.mp3").write_bytes(np.random.default_rng(1).bytes(50_000))
    (folder / "list.m3u").write_text("#EXTM3U\nfile:///etc/passwd\n")
    return {path.name: path for path in folder.iterdir()}


def test_what_is_no_track(tune: Path, tmp_path: Path) -> None:
    said = {
        "silent.mp4": "There is no sound in the file, only a picture.",
        "moving.gif": "The file is a moving picture without sound, not a sound file.",
        "still.png": "The file is a still image, not a sound file.",
        "nothing.wav": "The track is empty: there is no sound in the file.",
        "text.mp3": "The file is a text, not a sound file.",
        "empty.mp3": "The file is empty.",
        "notes.mid": "The file is a MIDI file, not a sound file.",
        "list.m3u": "The file is a playlist, not a sound file.",
    }
    for name, path in not_tracks(tmp_path, tune).items():
        error = taken(path, tmp_path / "job")
        assert isinstance(error, BadMedia), name
        assert error.sentence == said.get(name, error.sentence)
    assert isinstance(taken(tmp_path, tmp_path / "job"), BadMedia)
    assert isinstance(taken(tmp_path / "not there", tmp_path / "job"), BadMedia)


@pytest.mark.parametrize("name", ["a.mp3", "a.m4a", "a.flac", "a.ogg", "a.wav"])
def test_part_a_file_says_so(name: str, tmp_path: Path, tune: Path) -> None:
    noise = ("-f", "lavfi", "-i", "anoisesrc=d=20:a=0.2:r=44100")
    ffmpeg(*noise, *CODECS[name][2], *(("-movflags", "+faststart") if name == "a.m4a" else ()), tmp_path / name)
    body = (tmp_path / name).read_bytes()
    (tmp_path / "most").write_bytes(body[: len(body) * 4 // 5])
    track = open_track(tmp_path / "most", tmp_path / "job")
    assert track.duration == pytest.approx(16, abs=0.7)
    if name in ("a.ogg", "a.wav"):  # nothing in them says how long they were
        assert track.notes == ()
    else:
        assert track.notes[0].startswith("The track is damaged: only 1")


def test_silence_is_a_track_and_said(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((4 * 44_100, 2)), 44_100)
    track = open_track(tmp_path / "a.wav", tmp_path / "job")
    assert track.notes == ("The track is silent.",)
    assert track.loudness == -np.inf


def test_loudness_in_stretches_is_loudness() -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, (480_000, 2)) * np.linspace(0, 1, 480_000)[:, None]
    stretches = [samples[at : at + 96_000] for at in range(0, len(samples), 96_000)]
    loudness, peak = measure(stretches, 48_000)
    assert loudness == pytest.approx(integrated(samples, 48_000), abs=1e-9)
    assert peak == pytest.approx(true_peak_db(samples, 48_000), abs=0.01)
    curve = momentary(stretches, 48_000)
    assert len(curve) == 97
    assert curve[-1] > curve[40] > curve[5]
    assert measure([], 48_000) == (-np.inf, -np.inf)


#: how a file of the collection may end; for each way, one is also sent to the bots (test_hostile.py: SENT)
ENDS = (
    "The AVI file carries a text track that is not read here.",
    "The file cannot be read as a track: it is damaged or of an unknown kind.",
    "The file is a moving picture without sound, not a sound file.",
    "The file is a playlist, not a sound file.",
    "The file is a still image, not a sound file.",
    "The file is a text, not a sound file.",
    "The file is a web page or an XML document, not a sound file.",
    "The file is an archive, not a sound file.",
    "The file is empty.",
    "The file is of a kind that is not known here, or it is damaged.",
    "The track is N h long; at most N min are taken.",
    "The track is empty: there is no sound in the file.",
    "The track is only N s long; at least N s are needed.",
    "There is no sound in the file, only a picture.",
)


@needs_media
@pytest.mark.parametrize("path", sorted((MEDIA / "hostile").glob("*.*")), ids=lambda path: path.name)
def test_the_hostile_collection(path: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    track = taken(path, tmp_path / "job", least_s=0.05)
    assert time.monotonic() - began < 15
    if isinstance(track, UserError):
        assert end_of(track) in ENDS
        assert path.name not in track.sentence + track.hint
    secret = Path("/etc/passwd").read_bytes().splitlines()[0]
    for made in (tmp_path / "job").glob("*"):
        assert secret not in made.read_bytes()


@needs_media
def test_a_real_song(tmp_path: Path) -> None:
    path = MEDIA / "lyrics" / "Fantasma_-_Los_Rombos.mp3"
    track = open_track(path, tmp_path / "job")
    raw = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", path, "-f", "s16le", "-c:a", "pcm_s16le", "-"],
        check=True, capture_output=True, timeout=60,
    ).stdout  # fmt: skip
    assert track.duration == pytest.approx(len(raw) / 4 / 44_100, abs=0.0001)
    assert (track.title, track.artist) == ("Fantasma", "Los Rombos")
    assert track.cover is not None
