"""The sampler: pitch, level, envelopes, loops and colours of what it plays, and its likeness to TinySoundFont."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import Unavailable
from pipeline.music import RATE, Audio
from pipeline.orchestra import synth
from pipeline.orchestra.fonts import Font, find_font
from pipeline.orchestra.part import Note, Part
from pipeline.orchestra.sampler import Sampler
from pipeline.orchestra.soundfont import Gen
from pipeline.orchestra.synth import DAMP, DRUMS, LIFT, STRIKE, Event
from tests.tiny_font import Bag, Sound, sine, span, write_font

LOOPED = {Gen.LOOP_MODE: 1, Gen.SAMPLE: 0}


def sampler(tmp_path: Path, *bags: Bag, sounds: Sequence[Sound] = (sine(),), **more: object) -> Sampler:
    return Sampler(Font(write_font(tmp_path / "tiny.sf2", sounds, bags or (LOOPED,), **more), "none"))  # type: ignore[arg-type]


def note(pitch: int, on: float = 0.0, off: float = 1.0, velocity: int = 127, lane: int = 0) -> list[Event]:
    return [Event(round(on * RATE), STRIKE, lane, pitch, velocity), Event(round(off * RATE), LIFT, lane, pitch)]


def play(engine: Sampler, *notes: list[Event], seconds: float = 1.0, program: int = 0) -> Audio:
    return engine.play(program, sorted(event for n in notes for event in n), round(seconds * RATE))


def pitch_of(audio: Audio) -> float:
    """Return the strongest frequency in Hz, read between the bins of a spectrum."""
    whole = audio.mean(axis=1) * np.blackman(len(audio))
    power = np.log(np.abs(np.fft.rfft(whole, 1 << 18)) + 1e-12)
    peak = int(power.argmax())
    left, middle, right = power[peak - 1 : peak + 2]
    return (peak + 0.5 * (left - right) / (left - 2 * middle + right)) * RATE / (1 << 18)


def db(audio: Audio) -> float:
    return 10 * math.log10(float(np.mean(np.square(audio, dtype=np.float64))) + 1e-15)


def between(audio: Audio, start: float, end: float) -> Audio:
    return audio[round(start * RATE) : round(end * RATE)]


@pytest.mark.parametrize("pitch", [33, 57, 69, 84, 100])
@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_every_key_is_in_tune(tmp_path: Path, pitch: int, rate: int):
    engine = sampler(tmp_path, sounds=[sine(440, rate=rate)])
    hz = pitch_of(play(engine, note(pitch)))
    assert abs(1200 * math.log2(hz / (440 * 2 ** ((pitch - 69) / 12)))) < 2


def test_tuning_generators_add_up(tmp_path: Path):
    tuned = {Gen.COARSE_TUNE: 2, Gen.FINE_TUNE: 50, Gen.ROOT: 60, Gen.SCALE: 50, **LOOPED}
    hz = pitch_of(play(sampler(tmp_path, tuned), note(64)))
    assert abs(1200 * math.log2(hz / 440) - (4 * 50 + 250)) < 2


def test_velocity_is_forty_log_ten(tmp_path: Path):
    engine = sampler(tmp_path)
    loud, soft = (db(play(engine, note(69, velocity=velocity))) for velocity in (127, 40))
    assert loud - soft == pytest.approx(40 * math.log10(127 / 40), abs=0.05)


def test_velocity_layers_answer_to_their_velocities(tmp_path: Path):
    soft = {Gen.VELOCITIES: span(0, 63), **LOOPED}
    hard = {Gen.VELOCITIES: span(64, 127), Gen.LOOP_MODE: 1, Gen.SAMPLE: 1}
    engine = sampler(tmp_path, soft, hard, sounds=[sine(440), sine(880)])
    assert pitch_of(play(engine, note(69, velocity=50))) == pytest.approx(440, abs=1)
    assert pitch_of(play(engine, note(69, velocity=90))) == pytest.approx(880, abs=1)


def test_a_loop_goes_on_and_a_recording_without_one_ends(tmp_path: Path):
    sounds = [sine(seconds=0.2)]
    looped = play(sampler(tmp_path, sounds=sounds), note(69, off=3), seconds=3)
    assert db(between(looped, 2.5, 2.9)) == pytest.approx(db(between(looped, 0.05, 0.15)), abs=0.05)
    once = play(sampler(tmp_path, {Gen.SAMPLE: 0}, sounds=sounds), note(69, off=3), seconds=3)
    assert db(between(once, 0.25, 3)) < -100


def test_a_loop_has_no_seam(tmp_path: Path):
    """Nothing but the sine is heard, 60 dB down, while the loop turns 400 times a second."""
    audio = play(sampler(tmp_path, sounds=[sine(400, seconds=0.05)._replace(loop=(441, 2205))]), note(69))
    spectrum = np.abs(np.fft.rfft(between(audio, 0.1, 0.9).mean(axis=1) * np.blackman(round(0.8 * RATE)))) ** 2
    peak = int(spectrum.argmax())
    rest = spectrum.sum() - spectrum[peak - 6 : peak + 7].sum()
    assert 10 * math.log10(rest / spectrum.sum()) < -60


def test_a_loop_that_ends_with_the_key_plays_its_tail(tmp_path: Path):
    low, high = sine(220, 0.5).samples, sine(880, 0.5).samples
    sound = Sound(np.concatenate([low, high]), loop=(0, len(low)))
    bag = {Gen.LOOP_MODE: 3, Gen.VOL_RELEASE: 4000, Gen.SAMPLE: 0}
    audio = play(sampler(tmp_path, bag, sounds=[sound]), note(69, off=1.2), seconds=2.5)
    assert pitch_of(between(audio, 0.6, 1.15)) == pytest.approx(220, abs=1)
    assert pitch_of(between(audio, 1.55, 1.95)) == pytest.approx(880, abs=2)
    assert db(between(audio, 2.1, 2.5)) < -100


def test_the_volume_envelope_takes_its_times(tmp_path: Path):
    envelope = {Gen.VOL_DELAY: -3986, Gen.VOL_ATTACK: -3986, Gen.VOL_HOLD: -3986}  # 0.1 s each
    envelope |= {Gen.VOL_DECAY: 0, Gen.VOL_SUSTAIN: 200, Gen.VOL_RELEASE: 0}  # 96 dB a second, down to -20
    audio = play(sampler(tmp_path, {**envelope, **LOOPED}), note(69, off=1.0), seconds=1.5)
    full = db(between(audio, 0.22, 0.28))
    assert db(between(audio, 0, 0.095)) < -100
    assert db(between(audio, 0.145, 0.155)) - full == pytest.approx(-6.0, abs=0.7)  # half way up a straight line
    assert db(between(audio, 0.395, 0.405)) - full == pytest.approx(-9.6, abs=0.5)
    assert db(between(audio, 0.6, 0.9)) - full == pytest.approx(-20, abs=0.2)
    assert db(between(audio, 1.245, 1.255)) - full == pytest.approx(-20 - 24, abs=0.7)


def test_high_keys_decay_faster_where_the_font_says_so(tmp_path: Path):
    bag = {Gen.VOL_DECAY: 1200, Gen.VOL_SUSTAIN: 1000, Gen.VOL_KEY_DECAY: 100, **LOOPED}
    engine = sampler(tmp_path, bag)
    falls = []
    for pitch in (60, 72):
        audio = play(engine, note(pitch))
        falls.append(db(between(audio, 0.1, 0.2)) - db(between(audio, 0.3, 0.4)))
    assert falls[0] == pytest.approx(9.6, abs=0.4)
    assert falls[1] == pytest.approx(19.2, abs=0.4)


def test_a_stereo_pair_sounds_left_and_right(tmp_path: Path):
    left = {Gen.PAN: -500, **LOOPED}
    right = {Gen.PAN: 500, Gen.LOOP_MODE: 1, Gen.SAMPLE: 1}
    audio = play(sampler(tmp_path, left, right, sounds=[sine(440), sine(660)]), note(69))
    assert pitch_of(audio[:, :1]) == pytest.approx(440, abs=1)
    assert pitch_of(audio[:, 1:]) == pytest.approx(660, abs=1)
    middle = play(sampler(tmp_path), note(69))
    assert db(middle) == pytest.approx(db(audio) - 3.01, abs=0.1)  # one recording instead of two, at even power


def test_a_closed_hat_chokes_the_open_one(tmp_path: Path):
    hat = {Gen.CHOKES: 1, Gen.VOL_RELEASE: 8000, Gen.SCALE: 0, **LOOPED}
    cymbal = {**hat, Gen.KEYS: span(49, 49), Gen.CHOKES: 0}
    engine = sampler(
        tmp_path, {**hat, Gen.KEYS: span(42, 46)}, cymbal, sounds=[sine(0.5 * RATE / 50)], presets=[(128, 0)]
    )
    alone = play(engine, note(46, off=0.1, lane=9), program=DRUMS)
    crash = play(engine, note(46, off=0.1, lane=9), note(49, 0.5, 0.6, velocity=1, lane=9), program=DRUMS)
    choked = play(engine, note(46, off=0.1, lane=9), note(42, 0.5, 0.6, velocity=1, lane=9), program=DRUMS)
    assert db(between(choked, 0.6, 0.9)) < db(between(alone, 0.6, 0.9)) - 35
    assert db(between(crash, 0.6, 0.9)) > db(between(alone, 0.6, 0.9)) - 1


def test_damping_hushes_its_lane_at_once_and_no_other(tmp_path: Path):
    engine = sampler(tmp_path, {Gen.VOL_RELEASE: 3000, **LOOPED})
    damp = [Event(round(0.5 * RATE), DAMP, 1)]
    audio = play(engine, note(69, off=0.4, lane=1), damp)
    assert db(between(audio, 0.45, 0.5)) > -30
    assert db(between(audio, 0.52, 1.0)) < -60
    assert np.abs(np.diff(audio[:, 0])).max() < 0.05  # without a click
    other = play(engine, note(69, off=0.4, lane=2), damp)
    assert db(between(other, 0.52, 1.0)) > -30


def test_a_repeated_note_is_lifted_in_the_order_of_its_strikes(tmp_path: Path):
    audio = play(sampler(tmp_path), note(69, 0.0, 0.5, velocity=127), note(69, 0.3, 0.9, velocity=40))
    assert db(between(audio, 0.6, 0.85)) == pytest.approx(db(between(audio, 0.1, 0.25)) - 20.07, abs=0.1)
    assert db(between(audio, 0.95, 1.0)) < -80


def test_reading_fast_folds_nothing_back(tmp_path: Path):
    """Two octaves up, what would fold (12 kHz would sound at 48 kHz) is gone, and what fits has kept its level."""
    engine = sampler(tmp_path, {Gen.LOOP_MODE: 1, Gen.SAMPLE: 0}, sounds=[sine(12_000)])
    assert db(play(engine, note(93))) < -60
    engine = sampler(tmp_path, {Gen.LOOP_MODE: 1, Gen.SAMPLE: 0}, sounds=[sine(4_000)])
    assert db(play(engine, note(93))) == pytest.approx(db(play(engine, note(69))), abs=0.5)


def test_the_filter_darkens_and_its_envelope_opens_it(tmp_path: Path):
    noise = Sound(np.random.default_rng(3).uniform(-0.5, 0.5, RATE), rate=RATE, loop=(0, RATE))

    def above_3_khz(start: float, end: float, **gens: int) -> float:
        bag = {Gen[name]: amount for name, amount in gens.items()} | LOOPED
        part = between(play(sampler(tmp_path, bag, sounds=[noise]), note(69)), start, end)[:, 0]
        spectrum = np.abs(np.fft.rfft(part)) ** 2
        return 10 * math.log10(spectrum[round(3000 * len(part) / RATE) :].sum())

    wide_open = above_3_khz(0.1, 0.3)
    assert above_3_khz(0.1, 0.3, CUTOFF=8000) < wide_open - 18  # 830 Hz, 12 dB an octave
    swept = {"CUTOFF": 6500, "MOD_ENV_CUTOFF": 6500, "MOD_DECAY": 0, "MOD_SUSTAIN": 1000}
    assert above_3_khz(0.0, 0.1, **swept) > above_3_khz(0.6, 0.7, **swept) + 15


def test_vibrato_and_tremolo_move_as_far_as_they_say(tmp_path: Path):
    vibrato = {Gen.VIB_LFO_PITCH: 50, Gen.VIB_LFO_RATE: -851, **LOOPED}  # 5 Hz
    audio = play(sampler(tmp_path, vibrato), note(69))[:, 0]
    crossings = np.flatnonzero((audio[:-1] < 0) & (audio[1:] >= 0))
    exact = crossings + audio[crossings] / (audio[crossings] - audio[crossings + 1])
    cents = 1200 * np.log2(RATE / np.diff(exact) / 440)
    assert cents.max() == pytest.approx(50, abs=4)
    assert cents.min() == pytest.approx(-50, abs=4)
    tremolo = {Gen.MOD_LFO_VOLUME: 60, Gen.MOD_LFO_RATE: -851, **LOOPED}
    audio = play(sampler(tmp_path, tremolo), note(69))
    levels = [db(between(audio, at / 100, (at + 1) / 100)) for at in range(5, 95)]
    assert max(levels) - min(levels) == pytest.approx(12, abs=1.5)


def test_the_same_notes_give_the_same_samples_whatever_was_played_before(tmp_path: Path):
    bag = {Gen.VIB_LFO_PITCH: 20, Gen.VIB_LFO_DELAY: -2400, Gen.MOD_ENV_PITCH: 900, Gen.MOD_ATTACK: 1200}
    bag |= {Gen.CUTOFF: 12_900, Gen.MOD_LFO_CUTOFF: 2000, Gen.MOD_LFO_DELAY: -2400, **LOOPED}
    tune = [note(60, 0, 0.5), note(67, 0.2, 1.9, 70), note(60, 1.0, 1.8, 100)]
    fresh, used = sampler(tmp_path, bag), sampler(tmp_path, bag)
    play(used, note(67, 0, 0.1))
    first = play(fresh, *tune, seconds=2)
    assert np.array_equal(first, play(fresh, *tune, seconds=2))
    assert np.array_equal(first, play(used, *tune, seconds=2))


def test_a_missing_program_is_played_by_the_first_of_its_family(tmp_path: Path):
    engine = sampler(tmp_path, presets=[(0, 40)])
    assert db(play(engine, note(69), program=42)) > -20
    with pytest.raises(Unavailable, match="no drums"):
        play(engine, note(38), program=DRUMS)


def test_nothing_to_play_is_silence_of_the_right_length(tmp_path: Path):
    engine = sampler(tmp_path, {Gen.KEYS: span(60, 70), **LOOPED})
    assert play(engine, note(20), seconds=0.5).shape == (RATE // 2, 2)
    assert not play(engine, note(20), seconds=0.5).any()
    assert engine.play(0, [], 0).shape == (0, 2)


def test_scribbled_generators_give_finite_sound(tmp_path: Path):
    dice = random.Random(4)
    sounds = [sine(seconds=0.1), Sound(np.zeros(1)), sine(seconds=0.05)._replace(loop=(7, 3), key=255)]
    for _ in range(40):
        gens = {gen: dice.randint(-32768, 32767) for gen in dice.sample(list(Gen), 12) if gen not in (41, 43, 44, 53)}
        bag = {**gens, Gen.LOOP_MODE: dice.randrange(4), Gen.SAMPLE: dice.randrange(3)}
        audio = play(sampler(tmp_path, bag, sounds=sounds), note(dice.randrange(128), 0.01, 0.2), seconds=0.4)
        assert np.isfinite(audio).all()


@pytest.mark.parametrize("vorbis", [False, True])
def test_both_formats_sound_alike(tmp_path: Path, vorbis: bool):
    audio = play(sampler(tmp_path, vorbis=vorbis), note(76))
    assert pitch_of(audio) == pytest.approx(440 * 2 ** (7 / 12), abs=0.7)
    assert db(between(audio, 0.1, 0.9)) == pytest.approx(20 * math.log10(0.25), abs=0.3)


@pytest.mark.parametrize("program", [0, 24, 33, 40, 48, 56, 60, 73, 89])
def test_it_sounds_like_tinysoundfont(program: int):
    """Partials stand at the same places with the same weights; a semitone's twentieth off and they would not."""
    pytest.importorskip("tinysoundfont")
    from pipeline.orchestra.synth import TinySoundFont

    font = find_font()
    ours, theirs = Sampler(font), TinySoundFont(font)
    steps = np.exp2(np.arange(math.log2(80), math.log2(8000), 1 / 120))  # Hz, ten to the semitone
    for pitch in (52, 60, 67):
        spectra = []
        for engine in (ours, theirs):
            held = between(engine.play(program, note(pitch, velocity=91), RATE), 0.1, 0.9).sum(axis=1)
            assert db(held) > -50
            spectrum = np.abs(np.fft.rfft(held * np.hanning(len(held))))
            spectra.append(np.interp(steps * len(held) / RATE, np.arange(len(spectrum)), spectrum))
        one, other = spectra
        assert one @ other / math.sqrt((one @ one) * (other @ other)) > 0.85


def test_the_kit_of_the_house_answers_on_its_keys():
    engine = Sampler(find_font())
    hits = [play(engine, note(key, 0.1, 0.2, lane=9), program=DRUMS) for key in (36, 38, 42, 46, 49)]
    assert all(db(hit) > -60 for hit in hits)
    assert all(abs(int(np.flatnonzero(np.abs(hit).max(axis=1) > 1e-4)[0]) - 4800) < 250 for hit in hits)
    assert all(not np.allclose(one, other) for one, other in pairwise(hits))


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take both synthesizer libraries away, and what was measured with them."""
    for library in ("fluidsynth", "tinysoundfont"):
        monkeypatch.setitem(sys.modules, library, None)
    caches = (synth._engine, synth._lufs_of_note)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


@pytest.mark.usefixtures("nothing_installed")
def test_a_machine_without_synthesizers_has_an_orchestra():
    assert synth.engine_in_use().startswith("Reelscore's sampler")
    notes = tuple(Note(0.5 * n, 0.45, pitch, 95) for n, pitch in enumerate((60, 64, 67, 72)))
    melody = synth.play(Part("flute", "melody", 73, notes), start=0, end=3)
    assert db(between(melody, 0.1, 2)) == pytest.approx(synth.MELODY_LUFS, abs=6)
    assert pitch_of(between(melody, 1.55, 1.9)) == pytest.approx(440 * 2 ** (3 / 12), abs=3)
    beats = tuple(Note(0.5 * n, 0.1, key, 100) for n, key in enumerate((36, 42, 38, 46)))
    kit = synth.play(Part("kit", "drums", "drums", beats), start=0, end=3)
    assert all(db(between(kit, 0.5 * n, 0.5 * n + 0.1)) > -60 for n in range(4))
    again = synth.play(Part("flute", "melody", 73, notes), start=0, end=3)
    assert np.array_equal(melody, again)


def test_a_broken_font_is_refused_in_a_sentence(tmp_path: Path):
    path = tmp_path / "broken.sf2"
    path.write_bytes(find_font().path.read_bytes()[:50_000])
    melody = Part("flute", "melody", 73, (Note(0, 0.5, 60, 95),))
    with pytest.raises(Unavailable, match=r"'broken\.sf2' cannot be played"):
        synth.play(melody, start=0, end=1, font=path)
