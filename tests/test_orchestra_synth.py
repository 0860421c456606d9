from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.ear.loudness import integrated
from pipeline.errors import Unavailable
from pipeline.music import RATE
from pipeline.orchestra import synth
from pipeline.orchestra.part import Note, Part

#: instruments of the sweet spots in the reference, each with a middle note
PLAYERS = {
    0: 64,
    9: 84,
    11: 69,
    24: 60,
    33: 40,
    40: 72,
    42: 55,
    45: 62,
    46: 67,
    48: 62,
    60: 58,
    73: 76,
    89: 62,
    116: 45,
}


def tune(instrument: int | str, pitch: int, *, stem: str = "melody", velocity: int = 95, **more: object) -> Part:
    notes = tuple(Note(0.1 + 0.5 * i, 0.45, pitch + step, velocity) for i, step in enumerate((0, 2, 4, 2, 5, 4, 0, 2)))
    return replace(Part("a player", stem, instrument, notes), **more)  # type: ignore[arg-type]


def db(audio: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(audio, dtype=np.float64))) + 1e-12))


def onset(audio: np.ndarray) -> float:
    """The first moment in which something sounds, in seconds."""
    loud = np.abs(audio).max(axis=1)
    return float(np.flatnonzero(loud > 1e-3 * loud.max())[0]) / RATE


def test_length_and_shape_are_exact():
    audio = synth.play(tune(0, 60), start=1.25, end=3.7501)
    assert audio.shape == (round(2.5001 * RATE), 2)
    assert audio.dtype == np.float32
    assert np.isfinite(audio).all()


def test_nothing_to_play_is_silence():
    assert not synth.play(Part("nobody", "pad", 89, ()), start=0, end=1).any()
    assert synth.play(tune(0, 60), start=2, end=2).shape == (0, 2)


@pytest.mark.parametrize("time", [0.0, 0.123, 0.5 + 1 / 3])
def test_notes_start_to_the_sample(time):
    part = Part("block", "drums", "drums", (Note(time, 0.1, 37, 110),))
    assert onset(synth.play(part, start=0, end=2)) == pytest.approx(time, abs=0.002)
    early = synth.play(part, start=0, end=2)
    late = synth.play(replace(part, notes=(Note(time + 128 / RATE, 0.1, 37, 110),)), start=0, end=2)
    assert np.allclose(early[:-128], late[128:], atol=2e-3)


def test_a_part_may_be_played_from_the_middle():
    part = Part("piano", "melody", 0, (Note(10.0, 1.0, 60, 90),))
    assert onset(synth.play(part, start=9.5, end=11)) == pytest.approx(0.5, abs=0.005)
    assert onset(synth.play(part, start=10.3, end=11)) == pytest.approx(0.0, abs=0.005), "it sounds already"


def test_every_instrument_is_as_loud_as_its_part_asks():
    levels = {
        program: integrated(synth.play(tune(program, pitch), start=0, end=5), RATE)
        for program, pitch in PLAYERS.items()
    }
    middle = np.median(list(levels.values()))
    assert middle == pytest.approx(synth.MELODY_LUFS, abs=3)
    assert all(abs(level - middle) < 4.5 for level in levels.values()), levels


def test_level_is_in_decibels():
    full, soft = (synth.play(tune(48, 62, level_db=level), start=0, end=5) for level in (0.0, -10.0))
    assert db(full) - db(soft) == pytest.approx(10, abs=0.01)


def test_a_chord_is_as_loud_as_a_line():
    line = Part("strings", "pad", 48, (Note(0, 3, 60, 70),))
    chord = replace(line, notes=tuple(Note(0, 3, pitch, 70) for pitch in (55, 60, 64, 67)))
    one, four = (integrated(synth.play(part, start=0, end=3), RATE) for part in (line, chord))
    assert four == pytest.approx(one, abs=3)


def test_velocity_follows_general_midi():
    loud, soft = (synth.play(tune(0, 60, velocity=v), start=0, end=5) for v in (127, 64))
    assert db(loud) - db(soft) == pytest.approx(12, abs=2.5)


def test_soft_notes_are_darker():
    def brightness(velocity: int) -> float:
        audio = synth.play(tune(48, 62, velocity=velocity), start=0, end=5).mean(axis=1)
        power = np.abs(np.fft.rfft(audio)) ** 2
        hz = np.fft.rfftfreq(len(audio), 1 / RATE)
        return float((power * hz).sum() / power.sum())

    assert brightness(40) < 0.92 * brightness(110)


def test_cymbals_are_tamed():
    kit = [Part("kit", "drums", "drums", (Note(0.1, 0.2, key, 100),)) for key in (36, 49, 42)]
    kick, crash, hat = (synth._loudest_lufs(synth.play(part, start=0, end=2)) for part in kit)
    assert kick - crash == pytest.approx(8, abs=1)
    assert kick - hat == pytest.approx(11, abs=1)


def test_closing_the_hi_hat_stops_the_open_one():
    rung = Part("kit", "drums", "drums", (Note(0, 0.1, 46, 100),))
    choked = replace(rung, notes=(*rung.notes, Note(0.15, 0.05, 42, 20)))
    free, stopped = (synth.play(part, start=0, end=0.6)[round(0.25 * RATE) :] for part in (rung, choked))
    assert db(stopped) < db(free) - 6


def test_detached_strings_do_not_smear():
    short = Part("strings", "ostinato", 48, tuple(Note(0.5 * i, 0.1, 62, 90) for i in range(4)))
    audio = synth.play(short, start=0, end=2)
    between = audio[round(0.3 * RATE) : round(0.48 * RATE)]
    struck = audio[round(0.02 * RATE) : round(0.2 * RATE)]
    assert db(between) < db(struck) - 30


def test_pan_and_expression():
    left = synth.play(tune(48, 62, pan=-0.6), start=0, end=4)
    assert db(left[:, 0]) > db(left[:, 1]) + 4
    swell = synth.play(
        Part("pad", "pad", 89, (Note(0, 4, 60, 70),), expression=((1.0, 0.25), (3.0, 1.0))), start=0, end=4
    )
    flat = synth.play(Part("pad", "pad", 89, (Note(0, 4, 60, 70),)), start=0, end=4)
    at = round(0.9 * RATE)
    assert db(flat[at - 4800 : at]) - db(swell[at - 4800 : at]) == pytest.approx(24, abs=0.5), "0.25 is -24 dB"
    assert np.allclose(flat[round(3.1 * RATE) :], swell[round(3.1 * RATE) :])


def test_the_same_part_gives_the_same_samples_whatever_was_played_before():
    part = tune(0, 60)
    first = synth.play(part, start=0, end=5)
    synth.play(tune(48, 70), start=0, end=1)
    assert np.array_equal(first, synth.play(part, start=0, end=5))


@pytest.mark.parametrize(("kind", "length"), [("riser", 2.0), ("swell", 1.5)])
def test_what_grows_peaks_where_its_note_ends(kind, length):
    audio = synth.play(Part(kind, "effects", kind, (Note(1.0, length, 57, 110),)), start=0, end=4)
    loud = np.abs(audio).max(axis=1)
    assert int(loud.argmax()) / RATE == pytest.approx(1.0 + length, abs=0.08)
    end = round((1.0 + length) * RATE)
    assert db(audio[end - 4800 : end]) > db(audio[end - 48000 : end - 43200]) + 9
    assert db(audio[end + 960 :]) < -90


def test_the_sub_drop_falls_from_its_first_moment():
    audio = synth.play(Part("drop", "effects", "sub drop", (Note(0.5, 1.2, 36, 120),)), start=0, end=2).mean(axis=1)
    assert onset(audio[:, None]) == pytest.approx(0.5, abs=0.01)
    crossings = np.flatnonzero(np.diff(np.sign(audio[round(0.5 * RATE) : round(1.6 * RATE)])) > 0)
    periods = np.diff(crossings) / RATE
    assert 1 / periods[0] == pytest.approx(57, abs=6)
    assert 1 / periods[-1] < 38


def test_the_certificate_learns_what_played():
    told = synth.engine_in_use()
    assert ".sf" in told
    assert "(" in told


def test_a_font_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(Unavailable, match="not there"):
        synth.play(tune(0, 60), start=0, end=1, font=tmp_path / "none.sf2")
