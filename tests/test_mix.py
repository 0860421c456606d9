from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pipeline.cuesheet import Bar, Cue, CueSheet, Scene, Style
from pipeline.ear.loudness import integrated, true_peak_db
from pipeline.errors import Unavailable
from pipeline.mix import ROOM, lay
from pipeline.music import RATE, Audio, Recording, Take


def sheet(duration: float, *, cuts: tuple[float, ...] = (), style: Style = "cinematic") -> CueSheet:
    edges = [0.0, *cuts, duration]
    spans = list(pairwise(edges))
    scenes = tuple(Scene(i, start, end) for i, (start, end) in enumerate(spans))
    cues = tuple(
        Cue(
            number=f"1m{i + 1}", start=start, end=end, scenes=(i,), seen="", style=style, emotion="neutrality", mood="",
            valence=0, arousal=0, intensity=0.5, tempo=120, key="C major", bars=bars(start, end),
        )
        for i, (start, end) in enumerate(spans)
    )  # fmt: skip
    return CueSheet(duration, 25.0, 1, scenes, cues)


def bars(start: float, end: float) -> tuple[Bar, ...]:
    count = max(1, round((end - start) / 2))
    beats = 4.0
    while 60 * beats * count / (end - start) > 300:
        beats /= 2
    length = (end - start) / count
    return tuple(Bar(start + i * length, beats, 60 * beats / length) for i in range(count))


def tone(hz: float, seconds: float, level: float = 0.1) -> Audio:
    return np.repeat((level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE))[:, None], 2, 1).astype(
        "f4"
    )


def strikes(seconds: float, every: float = 0.5, level: float = 0.4, hz: float = 55.0) -> Audio:
    """A kick drum's worth of strikes."""
    t = np.arange(round(0.2 * RATE)) / RATE
    kick = np.sin(2 * np.pi * hz * t) * np.exp(-t / 0.05) + 0.3 * np.exp(-t / 0.002) * np.cos(2 * np.pi * 3000 * t)
    sound = np.zeros(round(seconds * RATE))
    for at in np.arange(0, seconds - 0.2, every):
        first = round(at * RATE)
        sound[first : first + len(kick)] += level * kick
    return np.repeat(sound[:, None], 2, axis=1).astype(np.float32)


def recording(*takes: Take) -> Recording:
    return Recording("a test", "Free.", takes)


def played(seconds: float) -> Recording:
    stems = {"melody": tone(440, seconds), "bass": tone(55, seconds), "drums": strikes(seconds)}
    return recording(Take("1m1", 1, 0.0, stems))


def db(audio: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64)) + 1e-15))


@pytest.mark.parametrize("seconds", [0.3, 0.77, 3.0, 7.013])
def test_length_loudness_and_peak_are_right_at_any_length(seconds):
    mix = lay(played(seconds), sheet(seconds))
    assert len(mix.film) == len(mix.music) == round(seconds * RATE)
    assert all(len(stem) == len(mix.film) for stem in mix.stems.values())
    assert mix.loudness == pytest.approx(-14.0, abs=0.5)
    assert mix.loudness == pytest.approx(integrated(mix.film, RATE), abs=0.01)
    assert true_peak_db(mix.film, RATE) <= -1.5
    assert mix.true_peak == pytest.approx(true_peak_db(mix.film, RATE), abs=0.05)


@pytest.mark.parametrize("seconds", [0.02, 0.1])
def test_a_clip_of_a_few_frames_is_mixed_without_falling_over(seconds):
    mix = lay(played(seconds), sheet(seconds))
    assert len(mix.film) == round(seconds * RATE)
    assert np.isfinite(mix.film).all()
    assert true_peak_db(mix.film, RATE) <= -1.5


def test_the_sound_starts_and_ends_in_silence():
    mix = lay(played(4.0), sheet(4.0))
    assert not mix.film[0].any()
    assert not mix.film[-1].any()
    assert not mix.film[-400:].any()
    late, later = mix.film[-round(0.3 * RATE) : -round(0.2 * RATE)], mix.film[-round(0.1 * RATE) : -round(0.02 * RATE)]
    assert db(later) < db(late) - 12, "it fades"


def test_takes_are_laid_where_they_start():
    click = np.zeros((round(0.1 * RATE), 2), np.float32)
    click[0] = 0.9
    stems = {"effects": click}
    takes = recording(Take("1m1", 1, 0.5, stems), Take("1m2", 1, 1.75, stems), Take("1m2", 1, 2.98, stems))
    mix = lay(takes, sheet(3.0, cuts=(1.5,)))
    loud = np.flatnonzero(np.abs(mix.stems["effects"][:, 0]) > 0.25)
    assert (loud / RATE).tolist() == pytest.approx([0.5, 1.75, 2.98], abs=1e-4)


def test_a_stack_of_drums_is_rounded_off_and_still_the_strongest():
    stroke = tone(200, 0.2)
    stroke /= np.abs(stroke).max()
    takes = recording(*(Take("1m1", 1, at, {"drums": stroke * level}) for at, level in ((0.5, 0.1), (1.5, 0.9))))
    drums = lay(takes, sheet(3.0)).stems["drums"]
    soft, hard = (np.abs(drums[round(at * RATE) : round((at + 0.25) * RATE)]).max() for at in (0.5, 1.5))
    assert soft == pytest.approx(0.1, rel=0.15), "what stays under the knee is left alone"
    assert 2.5 * soft < hard < 0.33


def test_a_pick_up_before_the_clip_and_a_ring_past_its_end_are_cut():
    takes = recording(Take("1m1", 1, -0.5, {"melody": tone(440, 5.0)}))
    assert len(lay(takes, sheet(3.0)).film) == 3 * RATE


def test_stems_and_room_sum_to_the_music():
    mix = lay(played(3.0), sheet(3.0))
    assert set(mix.stems) == {"melody", "bass", "drums", ROOM}
    middle = slice(RATE, 2 * RATE)
    total = sum(mix.stems.values())[middle]
    alike = float((total * mix.music[middle]).sum() / np.sqrt((total**2).sum() * (mix.music[middle] ** 2).sum()))
    assert alike > 0.97, "mastering shapes the sum, it does not replace it"


def test_the_room_rings_and_the_bass_stays_dry():
    dry_stem = tone(300, 0.2)
    with_melody = lay(recording(Take("1m1", 1, 0.0, {"melody": dry_stem})), sheet(3.0))
    with_bass = lay(recording(Take("1m1", 1, 0.0, {"bass": dry_stem})), sheet(3.0))
    ring = slice(round(0.5 * RATE), RATE)
    assert db(with_melody.stems[ROOM][ring]) > -70
    assert ROOM not in with_bass.stems


def test_styles_have_their_own_rooms():
    def ring(style: Style) -> float:
        mix = lay(recording(Take("1m1", 1, 0.0, {"pad": tone(500, 0.3)})), sheet(3.0, style=style))
        return db(mix.stems[ROOM][round(1.5 * RATE) : 2 * RATE]) - db(mix.stems[ROOM][: round(0.5 * RATE)])

    assert ring("ambient") > ring("cinematic") > ring("folk")


def test_the_bass_is_mono_and_can_be_guessed_on_a_phone():
    wide = tone(60, 2.0)
    wide[:, 1] *= -1
    mix = lay(recording(Take("1m1", 1, 0.0, {"bass": wide + tone(80, 2.0)})), sheet(2.0))
    side = mix.stems["bass"][:, 0] - mix.stems["bass"][:, 1]
    assert db(side) < db(wide[:, 0] - wide[:, 1]) - 11
    spectrum = np.abs(np.fft.rfft(mix.stems["bass"][:, 0] + mix.stems["bass"][:, 1]))
    assert 20 * np.log10(spectrum[320] / spectrum[160]) == pytest.approx(-10, abs=3), "160 Hz over 80 Hz, 0.5 Hz bins"


def test_the_kick_pumps_electronic_music_only():
    def swing(style: Style) -> float:
        stems = {"drums": strikes(4.0), "pad": tone(400, 4.0)}
        pad = lay(recording(Take("1m1", 1, 0.0, stems)), sheet(4.0, style=style)).stems["pad"][:, 0]
        struck = [db(pad[round(t * RATE) : round((t + 0.05) * RATE)]) for t in (1.01, 1.51, 2.01)]
        free = [db(pad[round(t * RATE) : round((t + 0.05) * RATE)]) for t in (1.4, 1.9, 2.4)]
        return float(np.mean(free) - np.mean(struck))

    assert swing("electronic") > 2.5
    assert swing("lofi") == pytest.approx(1.3, abs=0.8)
    assert swing("cinematic") == pytest.approx(0, abs=0.3)


def test_accents_survive_the_master():
    soft, loud = strikes(6.0, level=0.12, hz=110), strikes(6.0, every=2.0, level=0.6, hz=110)
    stems = {"melody": tone(440, 6.0, 0.03), "effects": soft + loud}
    music = lay(recording(Take("1m1", 1, 0.0, stems)), sheet(6.0)).music
    accent, other = (db(music[round(t * RATE) : round((t + 0.1) * RATE)]) for t in (2.0, 2.5))
    assert accent > other + 6
    before, after = (db(music[round(t * RATE) : round((t + 0.1) * RATE)]) for t in (1.85, 2.32))
    assert after > before - 3, "no hole behind the accent"


def test_music_ducks_under_speech_and_comes_back():
    music = recording(Take("1m1", 1, 0.0, {"melody": tone(700, 8.0), "pad": tone(311, 8.0)}))
    silence = np.zeros((8 * RATE, 2), np.float32)
    voice = silence.copy()
    voice[3 * RATE : 5 * RATE] = tone(160, 2.0, 0.05) * (1 + np.sin(np.arange(2 * RATE) / RATE * 25))[:, None] / 2
    mix = lay(music, sheet(8.0), own_sound=voice, speech=[(3.0, 5.0)])
    assert mix.loudness == pytest.approx(-14, abs=0.5)
    assert mix.true_peak <= -1.5

    def music_at(time: float) -> float:
        at = round(time * RATE)
        power = np.abs(np.fft.rfft(mix.film[at : at + RATE // 2, 0])) ** 2
        return float(10 * np.log10(power[340:360].sum()))

    assert music_at(2.0) - music_at(4.0) > 10
    assert music_at(6.5) == pytest.approx(music_at(2.0), abs=1)
    spoken = mix.film[round(3.5 * RATE) : round(4.5 * RATE)]
    power = np.abs(np.fft.rfft(spoken[:, 0])) ** 2
    voice_power, music_power = power[100:250].sum(), power[280:340].sum() + power[650:750].sum()
    assert 10 * np.log10(voice_power / music_power) > 12


def test_ambience_lies_under_the_music():
    rng = np.random.default_rng(1)
    wind = (0.3 * rng.standard_normal((3 * RATE, 2))).astype(np.float32)
    mix = lay(played(3.0), sheet(3.0), own_sound=wind)
    assert mix.loudness == pytest.approx(-14, abs=0.5)
    rest = mix.film - mix.music * (mix.film * mix.music).sum() / (mix.music**2).sum()
    assert integrated(rest, RATE) < -18
    assert db(rest) > -40, "it is still there"


@pytest.mark.parametrize("shape", ["mono", "short", "long", "silent", "not a number"])
def test_own_sound_of_any_shape_is_taken(shape):
    sound = tone(200, {"short": 1.0, "long": 9.0}.get(shape, 2.0))
    if shape == "mono":
        sound = sound[:, 0]
    elif shape == "silent":
        sound = 0 * sound
    elif shape == "not a number":
        sound[500] = np.nan
    mix = lay(played(2.0), sheet(2.0), own_sound=sound, speech=[(0.5, 3.0)])
    assert mix.film.shape == (2 * RATE, 2)
    assert np.isfinite(mix.film).all()
    assert mix.loudness == pytest.approx(-14, abs=0.5)


def test_silence_and_nonsense_are_refused():
    with pytest.raises(Unavailable, match="played nothing"):
        lay(recording(Take("1m1", 1, 0.0, {"melody": 0 * tone(440, 1)})), sheet(1.0))
    with pytest.raises(Unavailable, match="played nothing"):
        lay(recording(), sheet(1.0))
    broken = tone(440, 1.0)
    broken[100] = np.nan
    with pytest.raises(Unavailable, match="not made of numbers"):
        lay(recording(Take("1m1", 1, 0.0, {"melody": broken})), sheet(1.0))


def test_very_soft_music_is_brought_up():
    quiet = recording(Take("1m1", 1, 0.0, {"music": tone(440, 2.0, 1e-3)}))
    assert lay(quiet, sheet(2.0)).loudness == pytest.approx(-14, abs=0.5)


def test_the_same_recording_gives_the_same_mix():
    first, second = lay(played(1.5), sheet(1.5)), lay(replace(played(1.5), composer="another"), sheet(1.5))
    assert np.array_equal(first.film, second.film)


def test_a_tape_is_duller_than_an_orchestra():
    middle = slice(round(0.3 * RATE), round(1.8 * RATE))
    highs = []
    for style in ("lofi", "cinematic"):
        music = lay(recording(Take("1m1", 1, 0.0, {"bass": tone(300, 2.0) + tone(6000, 2.0)})), sheet(2.0, style=style))
        power = np.abs(np.fft.rfft(music.music[middle, 0])) ** 2
        highs.append(10 * np.log10(power[6000 * 3 // 2] / power[300 * 3 // 2]))
    assert highs[0] < highs[1] - 6
