"""The film that goes out, measured on the finished file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from pipeline.clip import Clip, open_clip
from pipeline.errors import BadMedia, DoesNotFit, Refused
from pipeline.film import decode_sound, marry, packet_hashes, picture_length
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
