"""The film that goes out, measured on the finished file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from pipeline.clip import Clip, open_clip
from pipeline.errors import BadMedia, DoesNotFit, Refused
from pipeline.film import RATE, decode_sound, marry, marry_track, packet_hashes, picture_length
from pipeline.track import Track, TrackLimits, open_track
from tests.media import MEDIA, ffmpeg, make_clip, needs_media
from tests.test_door_ffmpeg import children

NOTE = "Music composed by a machine (Reelscore)"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("clip")
    return lock(make_clip(folder / "clip.mp4", size="64x64"), folder / "job")


def lock(path: Path, folder: Path) -> Clip:
    footage = open_clip(path, folder)
    for _ in footage.frames():
        pass
    return footage.clip


def music(path: Path, seconds: float, *clicks: float) -> Path:
    """Write a WAV of quiet noise with loud clicks at the given seconds."""
    samples = np.random.default_rng(1).normal(0, 0.002, (round(48_000 * seconds), 2)).astype(np.float32)
    for click in clicks:
        samples[round(click * 48_000)] = 0.9
    soundfile.write(path, samples, 48_000, subtype="FLOAT")
    return path


def clicks_in(samples: NDArray[np.float32]) -> list[float]:
    return [float(n) / 48_000 for n in np.flatnonzero(np.abs(samples[:, 0]) > 0.3)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("music_s", [2.4, 4.0])
def test_picture_is_copied_and_music_fits_to_the_sample(
    clip: Clip, suffix: str, music_s: float, tmp_path: Path
) -> None:
    film = marry(clip, music(tmp_path / "m.wav", music_s, 0.5, 2.0), tmp_path / f"film{suffix}", comment=NOTE)
    assert packet_hashes(film) == packet_hashes(clip.picture)
    lengths = picture_length(film)
    assert (lengths.picture_start, lengths.picture_end) == pytest.approx((0, 3.0), abs=0.001)
    assert lengths.sound_start == pytest.approx(0, abs=0.0075)  # Opus says its lead-in, and players skip it
    assert lengths.sound_end == pytest.approx(3.0, abs=0.0015)
    samples, rate = decode_sound(film)
    assert (samples.shape, samples.dtype, rate) == ((144_000, 2), np.float32, 48_000)
    heard = clicks_in(samples)
    assert min(heard) == pytest.approx(0.5, abs=0.0005)
    assert max(heard) == pytest.approx(2.0, abs=0.0005)


def test_webm_holds_vp9_and_opus(tmp_path: Path) -> None:
    vp9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuv420p")
    clip = lock(make_clip(tmp_path / "a.webm", size="64x64", codec=vp9), tmp_path / "job")
    film = marry(clip, music(tmp_path / "m.wav", 3), tmp_path / "film.webm", comment=NOTE)
    assert packet_hashes(film) == packet_hashes(clip.picture)
    assert picture_length(film).sound_end == pytest.approx(3, abs=0.002)


def test_what_does_not_go_together_is_refused(clip: Clip, tmp_path: Path) -> None:
    for name in ("film.webm", "film.avi", "film"):
        with pytest.raises(Refused):
            marry(clip, music(tmp_path / "m.wav", 1), tmp_path / name, comment=NOTE)
    assert [path.name for path in tmp_path.iterdir()] == ["m.wav"]


def test_the_note_is_in_the_film_and_nothing_of_ffmpeg(clip: Clip, tmp_path: Path) -> None:
    odd = "music = by a machine; #1 \\ next\nline"
    film = marry(clip, music(tmp_path / "m.wav", 3), tmp_path / "film.mp4", comment=odd)
    ffmpeg("-i", film, "-f", "ffmetadata", tmp_path / "notes")
    notes = (tmp_path / "notes").read_text()
    assert r"comment=music \= by a machine\; \#1 \\ next line" in notes
    assert b"Lavf" not in film.read_bytes()


def test_the_index_comes_first(clip: Clip, tmp_path: Path) -> None:
    film = marry(clip, music(tmp_path / "m.wav", 3), tmp_path / "film.mp4", comment=NOTE).read_bytes()
    assert 0 < film.index(b"moov") < film.index(b"mdat")


def test_the_same_film_has_the_same_bytes(clip: Clip, tmp_path: Path) -> None:
    wav = music(tmp_path / "m.wav", 3, 1.0)
    one, other = (marry(clip, wav, tmp_path / f"{n}.mp4", comment=NOTE).read_bytes() for n in range(2))
    assert one == other


def test_a_film_replaces_the_old_one_only_when_it_is_whole(clip: Clip, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"the old one")
    wav = tmp_path / "m.wav"
    wav.write_bytes(b"RIFF    no music")
    before = children()
    with pytest.raises(BadMedia):
        marry(clip, wav, film, comment=NOTE)
    assert film.read_bytes() == b"the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "m.wav"]
    assert children() == before


def test_a_film_too_large_for_its_target_is_refused(clip: Clip, tmp_path: Path) -> None:
    with pytest.raises(DoesNotFit):
        marry(clip, music(tmp_path / "m.wav", 3), tmp_path / "film.mp4", most_bytes=10_000, comment=NOTE)
    assert [path.name for path in tmp_path.iterdir()] == ["m.wav"]


def test_music_takes_less_where_the_target_is_tight(clip: Clip, tmp_path: Path) -> None:
    wav = tmp_path / "m.wav"
    soundfile.write(wav, np.random.default_rng(1).normal(0, 0.1, (144_000, 2)), 48_000)
    wide = marry(clip, wav, tmp_path / "wide.mp4", most_bytes=50_000_000, comment=NOTE).stat().st_size
    most_bytes = clip.picture.stat().st_size + 40_000
    tight = marry(clip, wav, tmp_path / "tight.mp4", most_bytes=most_bytes, comment=NOTE).stat().st_size
    assert tight < wide - 15_000


def test_a_folder_with_a_percent_sign_and_spaces(clip: Clip, tmp_path: Path) -> None:
    odd = tmp_path / "100%d 'x'; $(touch pwned)"
    film = marry(clip, music(tmp_path / "m.wav", 3), odd / "-i %03d.mp4", comment=NOTE)
    assert [path.name for path in odd.iterdir()] == ["-i %03d.mp4"]
    assert packet_hashes(film) == packet_hashes(clip.picture)


def test_a_film_without_sound_has_no_sound_to_measure(clip: Clip) -> None:
    lengths = picture_length(clip.picture)
    assert lengths.picture_end == pytest.approx(3)
    assert np.isnan(lengths.sound_end)
    with pytest.raises(BadMedia):
        decode_sound(clip.picture)


def test_frames_of_variable_length_end_where_the_last_one_ends(tmp_path: Path) -> None:
    keep = "select='not(between(n,3,7))'"
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=1.2", "-vf", keep, "-fps_mode", "vfr")
    ffmpeg(*source, tmp_path / "a.gif")
    clip = lock(tmp_path / "a.gif", tmp_path / "job")
    film = marry(clip, music(tmp_path / "m.wav", 1), tmp_path / "film.mp4", comment=NOTE)
    lengths = picture_length(film)
    assert lengths.picture_end == pytest.approx(clip.duration, abs=0.001)
    assert lengths.sound_end == pytest.approx(clip.duration, abs=0.001)


@needs_media
@pytest.mark.parametrize("name", ["goldeneye_vfr_drop3.mp4", "portrait_hdr10_av1.mp4", "hlg10_hevc.mp4"])
def test_real_pictures_are_copied_bit_by_bit(name: str, tmp_path: Path) -> None:
    upload = tmp_path / "upload.mp4"
    upload.write_bytes((MEDIA / "video" / name).read_bytes())
    clip = lock(upload, tmp_path / "job")
    film = marry(clip, music(tmp_path / "m.wav", 1), tmp_path / "film.mp4", comment=NOTE)
    assert packet_hashes(film) == packet_hashes(upload)
    assert abs(picture_length(film).sound_end - clip.duration) < 0.001


TRACKS = {
    "song.mp3": ("-c:a", "libmp3lame"),
    "song.m4a": (),
    "song.aac": (),
    "song.flac": (),
    "song.opus": ("-c:a", "libopus"),
    "song.ogg": ("-c:a", "libvorbis"),
    "song.wav": (),
    "alac.m4a": ("-c:a", "alac"),
}
COPIED = {
    ".mp4": {"song.mp3", "song.m4a", "song.aac"},
    ".mov": {"song.mp3", "song.m4a", "song.aac", "song.wav", "alac.m4a"},
    ".mkv": {"song.m4a", "song.aac", "song.flac", "song.opus", "song.wav"},
}


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Track]:
    """The same 2.95 seconds, a little shorter than the picture, in every common kind."""
    folder = tmp_path_factory.mktemp("tracks")
    rng = np.random.default_rng(1)
    t = np.arange(round(2.95 * 44_100)) / 44_100
    sound = 0.3 * np.sin(2 * np.pi * 440 * t)[:, None] + rng.normal(0, 0.05, (len(t), 2))
    soundfile.write(folder / "plain.wav", sound, 44_100, subtype="PCM_16")
    made = {}
    for name, options in TRACKS.items():
        ffmpeg("-i", folder / "plain.wav", *options, "-metadata", "title=Mine", folder / name)
        made[name] = open_track(folder / name, folder / f"{name}.job", limits=TrackLimits(least_s=1))
    return made


@pytest.mark.parametrize("suffix", COPIED)
@pytest.mark.parametrize("name", TRACKS)
def test_a_track_is_copied_where_it_plays_and_whole_everywhere(
    clip: Clip, tracks: dict[str, Track], suffix: str, name: str, tmp_path: Path
) -> None:
    track, film = tracks[name], tmp_path / f"film{suffix}"
    copied = marry_track(clip.picture, track, film, comment=NOTE)
    assert copied == (name in COPIED[suffix])
    assert packet_hashes(film) == packet_hashes(clip.picture)
    heard, original = decode_sound(film)[0], soundfile.read(track.sound, dtype="float32")[0]
    assert len(heard) == len(original) == round(track.duration * RATE)
    if copied:
        assert np.abs(heard - original).max() < 1.5 / 32_768  # the WAV has 16 bits
    else:  # not a sample later or earlier
        middle = slice(40_000, 80_000)
        likeness = [float(np.vdot(np.roll(heard, lag, axis=0)[middle], original[middle])) for lag in range(-9, 10)]
        assert int(np.argmax(likeness)) == 9
    lengths = picture_length(film)
    assert lengths.picture_end == pytest.approx(3, abs=0.001)
    assert lengths.sound_end == pytest.approx(track.duration, abs=1 / 24)


def test_copied_packets_are_the_tracks_own(clip: Clip, tracks: dict[str, Track], tmp_path: Path) -> None:
    for name in COPIED[".mp4"]:
        marry_track(clip.picture, tracks[name], tmp_path / "film.mp4", comment=NOTE)
        ffmpeg("-i", tmp_path / "film.mp4", "-map", "0:a", "-c", "copy", "-f", "data", tmp_path / "out")
        bare = ("-bsf:a", "aac_adtstoasc") if name == "song.aac" else ()
        ffmpeg("-i", tracks[name].path, "-map", "0:a", "-c", "copy", *bare, "-f", "data", tmp_path / "in")
        assert (tmp_path / "out").read_bytes() == (tmp_path / "in").read_bytes(), name


def test_a_tracks_film_has_our_note_and_none_of_its_tags(clip: Clip, tracks: dict[str, Track], tmp_path: Path) -> None:
    for name in ("song.m4a", "song.flac"):
        marry_track(clip.picture, tracks[name], tmp_path / "film.mp4", comment="made; by = us")
        ffmpeg("-i", tmp_path / "film.mp4", "-f", "ffmetadata", tmp_path / "notes")
        notes = (tmp_path / "notes").read_text()
        assert r"comment=made\; by \= us" in notes
        assert "Mine" not in notes
        film = (tmp_path / "film.mp4").read_bytes()
        assert film.index(b"moov") < film.index(b"mdat")


def test_a_track_that_would_not_fit_is_encoded_smaller(clip: Clip, tracks: dict[str, Track], tmp_path: Path) -> None:
    track, size = tracks["song.mp3"], clip.picture.stat().st_size
    film = tmp_path / "film.mp4"
    most_bytes = size + 40_000  # the MP3 alone has 47,000
    assert not marry_track(clip.picture, track, film, most_bytes=most_bytes, comment=NOTE)
    assert film.stat().st_size <= most_bytes
    film.unlink()
    with pytest.raises(DoesNotFit):
        marry_track(clip.picture, track, film, most_bytes=size + 5000, comment=NOTE)
    assert not list(tmp_path.iterdir())


def test_a_track_and_a_picture_that_do_not_go_together(clip: Clip, tracks: dict[str, Track], tmp_path: Path) -> None:
    with pytest.raises(Refused):
        marry_track(clip.picture, tracks["song.opus"], tmp_path / "film.webm", comment=NOTE)
    with pytest.raises(BadMedia):
        marry_track(tracks["song.m4a"].path, tracks["song.m4a"], tmp_path / "film.mp4", comment=NOTE)
    assert not list(tmp_path.iterdir())


@needs_media
def test_real_songs_arrive_untouched(clip: Clip, tmp_path: Path) -> None:
    for name in ("lmms_c64_127.mp3", "hydrogen_tr808_125.mp3"):
        track = open_track(MEDIA / "music" / name, tmp_path / name)
        assert marry_track(clip.picture, track, tmp_path / "film.mp4", comment=NOTE)
        heard, original = decode_sound(tmp_path / "film.mp4")[0], soundfile.read(track.sound, dtype="float32")[0]
        assert len(heard) == len(original)
        assert np.abs(heard.clip(-1, 1) - original).max() < 1.5 / 32_768
