from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import signal

from pipeline.ear.sound import find_speech, judge_sound
from pipeline.errors import BadMedia
from tests.media import MEDIA, ffmpeg, needs_media

RATE = 48_000


def wav(folder: Path, samples: np.ndarray) -> Path:
    soundfile.write(folder / "own.wav", samples, RATE, subtype="FLOAT")
    return folder / "own.wav"


def from_media(folder: Path, name: str) -> Path:
    ffmpeg("-i", MEDIA / name, "-vn", "-ac", "2", "-ar", str(RATE), folder / "own.wav")
    return folder / "own.wav"


def babble(seconds: float, *, seed: int = 1) -> np.ndarray:
    """Something like speech: a gliding buzz through moving formants, four syllables a second, with breaths."""
    t = np.arange(round(seconds * RATE)) / RATE
    drift = 3 * np.sin(2 * np.pi * 0.9 * t + seed) + 2 * np.sin(2 * np.pi * 2.3 * t)
    hz = 110 * 2 ** (drift / 12)
    buzz = signal.sawtooth(2 * np.pi * np.cumsum(hz) / RATE)
    syllables = np.maximum(0, np.sin(2 * np.pi * 4.2 * t + np.sin(t))) ** 0.7 * ((t % 2.6) < 2.2)
    voiced = sum(
        signal.sosfilt(signal.butter(1, (f * 0.85, f * 1.15), "bandpass", fs=RATE, output="sos"), buzz) * g
        for f, g in ((520, 1.0), (1500, 0.5), (2500, 0.25))
    )
    return np.repeat((0.3 * voiced * syllables)[:, None], 2, axis=1).astype(np.float32)


def chords(seconds: float) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    notes = np.array([[220, 277, 330], [196, 247, 294], [247, 294, 370], [220, 262, 330]])[(t / 0.5).astype(int) % 4]
    strike = np.exp(-4 * (t % 0.5))
    return np.repeat((np.sin(2 * np.pi * notes.T * t).sum(axis=0) * strike * 0.1)[:, None], 2, axis=1).astype(
        np.float32
    )


@pytest.mark.parametrize("seconds", [0.01, 0.3, 4.0])
def test_digital_silence_is_silent(tmp_path, seconds):
    own = judge_sound(wav(tmp_path, np.zeros((round(seconds * RATE), 2), np.float32)))
    assert (own.kind, own.loudness, own.speech) == ("silent", -math.inf, ())


def test_a_microphones_noise_is_silent(tmp_path):
    hiss = (3e-4 * np.random.default_rng(1).standard_normal((2 * RATE, 2))).astype(np.float32)
    assert judge_sound(wav(tmp_path, hiss)).kind == "silent"


def test_an_empty_file_is_silent(tmp_path):
    assert judge_sound(wav(tmp_path, np.zeros((0, 2), np.float32))).kind == "silent"


def test_what_is_no_sound_file_is_refused(tmp_path):
    (tmp_path / "own.wav").write_bytes(b"not a sound")
    with pytest.raises(BadMedia):
        judge_sound(tmp_path / "own.wav")


def test_speech_is_found_where_it_is(tmp_path):
    sound = np.zeros((12 * RATE, 2), np.float32)
    sound[4 * RATE : 9 * RATE] = babble(5.0)
    sound += (1e-3 * np.random.default_rng(2).standard_normal(sound.shape)).astype(np.float32)
    own = judge_sound(wav(tmp_path, sound))
    assert own.kind == "speech"
    assert own.speech[0][0] == pytest.approx(4.0, abs=0.5)
    assert own.speech[-1][1] == pytest.approx(9.0, abs=0.7)


@pytest.mark.parametrize("name", ["chords", "wind", "hum", "clicks"])
def test_other_sound_is_not_speech(tmp_path, name):
    rng = np.random.default_rng(3)
    t = np.arange(6 * RATE) / RATE
    sounds = {
        "chords": chords(6.0),
        "wind": signal.lfilter([0.02], [1, -0.98], rng.standard_normal((6 * RATE, 2)), axis=0),
        "hum": np.repeat((0.1 * np.sign(np.sin(2 * np.pi * 100 * t)))[:, None], 2, axis=1),
        "clicks": (rng.random((6 * RATE, 2)) < 1e-4) * 0.7,
    }
    own = judge_sound(wav(tmp_path, sounds[name].astype(np.float32)))
    assert (own.kind, own.speech) == ("sound", ())


def test_stretches_are_in_order_and_inside():
    speech = find_speech(babble(9.0, seed=5), RATE)
    assert speech
    flat = [time for span in speech for time in span]
    assert flat == sorted(flat)
    assert flat[0] >= 0
    assert flat[-1] <= 9.0


@needs_media
@pytest.mark.parametrize("name", ["lyrics/jfk.flac", "video/friday_speech.mp4"])
def test_people_who_speak_are_heard(tmp_path, name):
    own = judge_sound(from_media(tmp_path, name))
    assert own.kind == "speech"
    assert sum(end - start for start, end in own.speech) > 5.0


@needs_media
@pytest.mark.parametrize(
    "name",
    [
        "music/bach.mp3", "music/bolero_ravel.mp3", "music/electronic.mp3", "music/dubstep_loop.mp3",
        "music/wesnoth_victory.ogg", "music/hydrogen_tr808_125.mp3", "music/choice_drum_bass.ogg",
        "video/rotated_minus180_10fps.mp4", "video/portrait_hdr10_av1.mp4",
    ],
)  # fmt: skip
def test_music_and_places_are_not_speech(tmp_path, name):
    assert judge_sound(from_media(tmp_path, name)).kind == "sound"


@needs_media
@pytest.mark.parametrize("name", ["video/silent_audio_track.webm", "video/cockatoo.mp4", "video/flower.webm"])
def test_silent_tracks_are_silent(tmp_path, name):
    assert judge_sound(from_media(tmp_path, name)).kind == "silent"
