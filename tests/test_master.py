from __future__ import annotations

import numpy as np
import pytest

from pipeline.ear.loudness import integrated, true_peak_db
from pipeline.master import CEILING_DBTP, TARGET_LUFS, master, tone
from pipeline.music import RATE


def noise(seconds: float, level: float = 0.05) -> np.ndarray:
    return (level * np.random.default_rng(1).standard_normal((round(seconds * RATE), 2))).astype(np.float32)


@pytest.mark.parametrize("crest", [1, 8, 40])
def test_target_and_ceiling_hold_for_any_crest(crest):
    sound = noise(4.0)
    sound[:: RATE // 3] *= crest
    mastered = master(sound)
    assert integrated(mastered.audio, RATE) == pytest.approx(TARGET_LUFS, abs=0.1)
    assert true_peak_db(mastered.audio, RATE) <= CEILING_DBTP + 0.01
    assert mastered.loudness == pytest.approx(integrated(mastered.audio, RATE), abs=0.01)


def test_what_needs_no_limiting_is_only_turned_up():
    t = np.arange(2 * RATE) / RATE
    sound = np.repeat((0.01 * np.sin(2 * np.pi * 500 * t))[:, None], 2, axis=1).astype(np.float32)
    mastered = master(sound, glue=False)
    assert mastered.limited_db == pytest.approx(0, abs=0.01)
    assert np.allclose(mastered.audio, sound * 10 ** (mastered.gain_db / 20), rtol=1e-3, atol=1e-5)


def test_the_limiter_lets_go_quickly():
    sound = noise(2.0)
    sound[RATE : RATE + 48] *= 30
    quiet = master(noise(2.0), glue=False).audio
    loud = master(sound, glue=False).audio
    after = slice(RATE + round(0.12 * RATE), RATE + round(0.5 * RATE))
    assert np.std(loud[after]) / np.std(loud[: RATE // 2]) == pytest.approx(
        np.std(quiet[after]) / np.std(quiet[: RATE // 2]), rel=0.05
    )


def test_silence_before_and_after_stays_silent():
    sound = noise(2.0)
    sound[: RATE // 2] = 0
    sound[-RATE // 2 :] = 0
    audio = master(sound).audio
    assert not audio[: RATE // 2].any()
    assert not audio[-RATE // 2 :].any()


def test_tone_takes_mud_and_gives_air():
    click = np.zeros((RATE, 2), np.float32)
    click[0] = 1
    gain = 20 * np.log10(np.abs(np.fft.rfft(tone(click)[:, 0])))
    assert gain[320] == pytest.approx(-1.5, abs=0.1)
    assert gain[16_000] == pytest.approx(2, abs=0.2)
    assert gain[2000] == pytest.approx(0, abs=0.4)
