from __future__ import annotations

import numpy as np
import pytest
import soundfile
from scipy import signal

from pipeline.backends import Session
from pipeline.cuesheet import STYLES
from pipeline.generated.faults import Fault, find_faults, find_gaps, hear_sameness, look_at
from pipeline.generated.orders import Order, Sound
from tests import engines
from tests.media import MEDIA, needs_media

RATE = 32_000


@pytest.fixture(scope="module")
def music() -> Sound:
    return engines.Plucks().play([Order("", 20.0, 1, 104.0, "D minor")], Session())[0]


def kinds(faults: tuple[Fault, ...]) -> list[str]:
    return [fault.kind for fault in faults]


def test_nothing_is_wrong_with_music(music: Sound) -> None:
    assert find_faults(music, RATE, needed_s=19.0) == ()
    assert find_faults(np.repeat(music, 2, axis=1), RATE, needed_s=19.0) == ()


@pytest.mark.parametrize("style", STYLES)
def test_nothing_is_wrong_with_the_orchestra(style: str) -> None:
    engine = engines.Orchestral(style)  # type: ignore[arg-type]
    (sound,) = engine.play([Order("", 12.5, 3, 100.0, "D minor")], Session())
    assert find_faults(sound, engine.rate, needed_s=12.0) == ()


@needs_media
def test_nothing_is_wrong_with_real_music() -> None:
    files = [file for folder in ("music", "lyrics") for file in (MEDIA / folder).iterdir()]
    pieces = sorted(file for file in files if file.suffix in (".mp3", ".ogg", ".flac"))
    assert len(pieces) >= 20
    for piece in pieces:
        sound, rate = soundfile.read(piece, dtype="float32", always_2d=True, frames=13 * 44_100)
        assert find_faults(sound, rate) == (), piece.name


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (engines.not_numbers, "numbers"),
        (engines.silent, "silent"),
        (engines.broken_off, "short"),
        (engines.short, "short"),
        (engines.gapped, "gap"),
        (engines.clipped, "clipped"),
        (engines.noise, "noise"),
        (engines.drone, "drone"),
        (engines.looped, "loop"),
        (engines.shifted, "offset"),
    ],
)
def test_each_fault_is_found(music: Sound, spoil, kind: str) -> None:
    assert kinds(find_faults(spoil(music), RATE, needed_s=18.0))[0] == kind


def test_infinity_is_no_number(music: Sound) -> None:
    music = music.copy()
    music[RATE] = -np.inf
    assert find_faults(music, RATE) == (Fault("numbers", 1.0, pytest.approx(1 / len(music))),)


def test_faults_say_where_and_how_much(music: Sound) -> None:
    (gap,) = find_faults(engines.gapped(music), RATE)
    assert gap.at == pytest.approx(20 / 3, abs=1.0)  # what was struck before it rings on
    assert gap.share == pytest.approx(3 / 20, abs=0.05)
    (short,) = find_faults(engines.broken_off(music), RATE, needed_s=18.0)
    assert short.at == pytest.approx(20 / 3, abs=1.0)
    assert short.share == pytest.approx(1 - 20 / 3 / 18, abs=0.05)


def test_what_is_silent_after_all_that_is_needed_is_no_fault(music: Sound) -> None:
    spoilt = engines.broken_off(music)
    assert find_faults(spoilt, RATE, needed_s=6.0) == ()
    assert kinds(find_faults(spoilt, RATE, needed_s=8.0)) == ["short"]


def test_silence_before_the_music_counts_for_nothing(music: Sound) -> None:
    late = np.concatenate([np.zeros((4 * RATE, 1), np.float32), music])
    assert find_faults(late, RATE, needed_s=19.0) == ()
    assert kinds(find_faults(late[: 20 * RATE], RATE, needed_s=19.0)) == ["short"]


def test_quiet_music_is_music(music: Sound) -> None:
    assert find_faults(music * np.float32(0.02), RATE, needed_s=18.0) == ()
    assert kinds(find_faults(music * np.float32(1e-4), RATE)) == ["silent"]


def test_a_short_rest_is_no_gap(music: Sound) -> None:
    rested = music.copy()
    rested[8 * RATE : round(9.8 * RATE)] = 0
    assert find_faults(rested, RATE) == ()


def test_gaps_are_told_by_themselves(music: Sound) -> None:
    ((start, end),) = find_gaps(engines.gapped(music), RATE)
    assert (start, end) == (pytest.approx(20 / 3, abs=1.0), pytest.approx(20 / 3 + 3, abs=0.2))
    assert find_gaps(np.zeros((5 * RATE, 2), np.float32), RATE) == ((0.0, pytest.approx(5.0)),)


@pytest.mark.parametrize("times", [1.4, 4.0])
def test_clipping_is_told_by_how_much_of_it_there_is(music: Sound, times: float) -> None:
    hit = np.clip(music / np.abs(music).max() * times, -1, 1).astype(np.float32)
    assert ("clipped" in kinds(find_faults(hit, RATE))) == (times > 3)


def test_a_square_wave_at_half_scale_is_not_clipped(music: Sound) -> None:
    t = np.arange(len(music)) / RATE
    square = np.sign(np.sin(2 * np.pi * 220 * t))[:, None] * np.abs(music).max() * (0.1 + np.abs(music))
    assert "clipped" not in kinds(find_faults(square.astype(np.float32), RATE))


def test_pink_noise_is_noise() -> None:
    white = np.random.default_rng(3).standard_normal(12 * RATE)
    spectrum = np.fft.rfft(white)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))))
    assert kinds(find_faults((0.1 * pink / pink.std())[:, None].astype(np.float32), RATE))[0] == "noise"


@pytest.mark.parametrize("period_s", [0.13, 0.31, 0.5, 0.9])
def test_a_snippet_over_and_over_is_stuck_whatever_hiss_lies_on_it(music: Sound, period_s: float) -> None:
    looped = engines.looped(music, period_s=period_s)
    hiss = 0.01 * float(looped.std()) * np.random.default_rng(1).standard_normal(looped.shape)
    stuck = "drone" if period_s < 0.4 else "loop"  # shorter than a look lasts, it does not even sway
    assert kinds(find_faults((looped + hiss).astype(np.float32), RATE)) == [stuck]


def test_a_bar_over_and_over_is_a_groove(music: Sound) -> None:
    assert find_faults(engines.looped(music, period_s=240 / 104), RATE) == ()


def test_a_tick_and_nothing_else_is_a_loop() -> None:
    clicks = np.zeros(15 * RATE)
    clicks[:: RATE // 2] = 0.5
    assert kinds(find_faults(signal.lfilter([1], [1, -0.995], clicks)[:, None].astype(np.float32), RATE)) == ["loop"]


def test_what_is_too_short_to_compare_is_neither_drone_nor_loop(music: Sound) -> None:
    heard = hear_sameness(look_at(engines.drone(music)[: 5 * RATE, 0], RATE))
    assert (heard.still_db, heard.loop) == (np.inf, 0.0)


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_next_to_nothing_is_too_short(music: Sound, samples: int) -> None:
    assert kinds(find_faults(music[:samples], RATE, needed_s=3.0))[0] in ("silent", "short")


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_any_rate_will_do(rate: int) -> None:
    engine = engines.Plucks(rate=rate)
    (sound,) = engine.play([Order("", 14.0, 1, 104.0, "D minor")], Session())
    assert find_faults(sound, rate, needed_s=13.0) == ()
    assert kinds(find_faults(engines.drone(sound, rate), rate)) == ["drone"]
    assert kinds(find_faults(engines.looped(sound, rate), rate)) == ["loop"]
