"""Scenes: cuts, dissolves and fades are found where they are, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.clip import open_clip
from pipeline.cuesheet import HitPoint, Scene
from pipeline.errors import BadMedia, Refused
from pipeline.scenes import DETECTORS, find_scenes, key_stills, watch
from tests.media import MEDIA, make_clip, needs_media
from tests.scene_truth import Tally, TrueChange, read_small_frames, read_truth, score_changes

Picture = NDArray[np.uint8]
RATE = 24


@dataclass(frozen=True)
class Shown:
    index: int
    time: float
    small: Picture


@dataclass(frozen=True)
class Kept:
    time: float
    jpeg: bytes


def place(seed: int, *, size: tuple[int, int] = (90, 160), level: tuple[int, int] = (30, 220)) -> Picture:
    """Paint a place: large patches of colour with texture, different for every seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(*level, (5, 8, 3)).astype(np.uint8)
    fine = rng.integers(-25, 25, (size[0] // 4, size[1] // 4, 3)).astype(np.float32)
    wide = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return np.asarray(np.clip(wide + cv2.resize(fine, size[::-1]), 0, 255), np.uint8)


def shot(seed: int, frames: int, *, drift: float = 0.4, **kind: tuple[int, int]) -> list[Picture]:
    """Film a place with a camera that drifts by some pixels a frame, with grain."""
    rng = np.random.default_rng(1000 + seed)
    wide = place(seed, **kind)
    pictures = []
    for i in range(frames):
        moved = np.roll(wide, round(drift * i), axis=1).astype(np.float32)
        pictures.append(np.clip(moved + rng.normal(0, 3, moved.shape), 0, 255).astype(np.uint8))
    return pictures


def blend(one: Picture, other: Picture, share: float) -> Picture:
    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0), np.uint8)


def dissolve(one: Sequence[Picture], other: Sequence[Picture], frames: int) -> list[Picture]:
    shares = [(i + 1) / (frames + 1) for i in range(frames)]
    mixed = [blend(a, b, k) for a, b, k in zip(one[-frames:], other[:frames], shares, strict=True)]
    return [*one[:-frames], *mixed, *other[frames:]]


def film(pictures: Sequence[Picture], times: Sequence[float] | None = None) -> Iterator[Shown]:
    for i, picture in enumerate(pictures):
        yield Shown(i, times[i] if times is not None else i / RATE, picture)


def scenes_of(
    pictures: Sequence[Picture], times: Sequence[float] | None = None, detector: str = "adaptive"
) -> list[Scene]:
    seconds = (times[-1] if times is not None else (len(pictures) - 1) / RATE) + 1 / RATE
    return find_scenes(watch(film(pictures, times), detector=detector), seconds)


def entries(scenes: Sequence[Scene]) -> list[tuple[str, float]]:
    return [(scene.entry, round(scene.start, 3)) for scene in scenes[1:]]


def test_hard_cuts_are_found_on_their_frames() -> None:
    scenes = scenes_of([*shot(1, 40), *shot(2, 30), *shot(3, 50)])
    assert entries(scenes) == [("cut", round(40 / RATE, 3)), ("cut", round(70 / RATE, 3))]
    assert all(0.3 < scene.strength < 1 for scene in scenes[1:])


@pytest.mark.parametrize("detector", DETECTORS)
def test_every_detector_of_pyscenedetect_can_propose(detector: str) -> None:
    scenes = scenes_of([*shot(1, 30), *shot(2, 30)], detector=detector)
    assert [scene.start for scene in scenes] == [0.0, 30 / RATE]


def test_an_unknown_detector_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused) as refusal:
        watch(film(shot(1, 3)), detector="magic")
    assert "adaptive" in refusal.value.hint


def test_no_frame_is_no_picture() -> None:
    with pytest.raises(BadMedia):
        watch(iter(()))


def test_scenes_tile_the_clip() -> None:
    scenes = scenes_of([*shot(1, 40), *shot(2, 30), *shot(3, 50)])
    assert scenes[0].start == 0.0
    assert scenes[0].entry == "start"
    assert [scene.end for scene in scenes[:-1]] == [scene.start for scene in scenes[1:]]
    assert scenes[-1].end == pytest.approx(120 / RATE)
    assert [scene.index for scene in scenes] == [0, 1, 2]


@pytest.mark.parametrize("frames", [8, 20, 40])
def test_a_dissolve_is_entered_in_its_middle(frames: int) -> None:
    scenes = scenes_of(dissolve(shot(1, 80), shot(2, 80), frames))
    assert [scene.entry for scene in scenes] == ["start", "dissolve"]
    assert abs(scenes[1].start * RATE - (80 - frames / 2)) < max(3, frames / 3)


def test_a_slow_change_strikes_less_than_a_cut() -> None:
    soft = scenes_of(dissolve(shot(1, 80), shot(2, 80), 30))[1]
    hard = scenes_of([*shot(1, 60), *shot(2, 60)])[1]
    assert soft.strength < 0.6 * hard.strength


@pytest.mark.parametrize("level", [0, 255])
def test_a_fade_through_black_or_white_is_one_change(level: int) -> None:
    blank = np.full((90, 160, 3), level, np.uint8)
    out = [blend(p, blank, (i + 1) / 15) for i, p in enumerate(shot(1, 60)[-14:])]
    back = [blend(p, blank, 1 - (i + 1) / 15) for i, p in enumerate(shot(2, 60)[:14])]
    scenes = scenes_of([*shot(1, 46), *out, *[blank] * 8, *back, *shot(2, 46)])
    assert len(scenes) == 2
    assert scenes[1].entry in ("fade", "dissolve")
    assert 46 <= scenes[1].start * RATE <= 82


def test_a_cut_to_black_before_a_fade_in_falls_on_the_cut() -> None:
    black = np.zeros((90, 160, 3), np.uint8)
    rising = [blend(black, p, (i + 1) / 15) for i, p in enumerate(shot(2, 60)[:14])]
    scenes = scenes_of([*shot(1, 48), *[black] * 12, *rising, *shot(2, 40)])
    assert entries(scenes) == [("cut", 2.0)]


def test_a_long_black_is_a_scene_of_its_own() -> None:
    black = np.zeros((90, 160, 3), np.uint8)
    scenes = scenes_of([*shot(1, 48), *[black] * (5 * RATE), *shot(2, 48)])
    assert [round(scene.length) for scene in scenes] == [2, 5, 2]
    assert scenes[1].look.colour == "black"


def test_a_flash_is_no_cut() -> None:
    pictures = shot(1, 90)
    for i, strength in zip(range(45, 49), (1.0, 0.8, 0.5, 0.2), strict=True):
        pictures[i] = blend(pictures[i], np.full_like(pictures[i], 255), strength)
    assert len(scenes_of(pictures)) == 1


def test_a_whip_pan_is_no_cut() -> None:
    wide = cv2.resize(place(5), (768, 144), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(5)
    at = np.concatenate([np.zeros(40), 512 * np.linspace(0, 1, 9), np.full(40, 512)]).astype(int)
    pictures = []
    for i, x in enumerate(at):
        speed = abs(int(x) - int(at[i - 1])) if i else 0
        view = cv2.blur(wide, (max(1, speed), 1))[:, x : x + 256]
        pictures.append(np.clip(view + rng.normal(0, 3, view.shape), 0, 255).astype(np.uint8))
    assert len(scenes_of(pictures)) == 1


def test_something_that_falls_past_the_camera_is_no_cut() -> None:
    pictures = shot(1, 90)
    for i in range(8):
        pictures[44 + i][max(0, 20 * i - 60) : 20 * i, 40:120] = (30, 20, 20)
    assert len(scenes_of(pictures)) == 1


def test_another_light_is_no_cut() -> None:
    pictures = shot(1, 90, level=(30, 120))
    brighter = [np.clip(p.astype(np.float32) * 1.9, 0, 255).astype(np.uint8) for p in pictures[45:]]
    assert len(scenes_of([*pictures[:45], *brighter])) == 1


def test_variable_frame_rate_keeps_the_frames_own_times() -> None:
    rng = np.random.default_rng(1)
    times = np.concatenate([[0.0], np.cumsum(rng.choice([1 / 30, 1 / 15, 1 / 6], 119))])
    scenes = scenes_of([*shot(1, 50), *shot(2, 70)], times.tolist())
    assert [scene.start for scene in scenes] == [0.0, times[50]]


def test_pauses_in_a_variable_frame_rate_do_no_harm() -> None:
    times = [i / 12 + (2.5 if i >= 30 else 0.0) + (1.2 if i >= 31 else 0.0) for i in range(60)]
    scenes = scenes_of(shot(1, 60), times)
    assert entries(scenes) == []


def test_letterbox_and_portrait_change_nothing() -> None:
    boxed = [*shot(1, 40), *shot(2, 40)]
    for picture in boxed:
        picture[:12] = picture[-12:] = 16
    assert entries(scenes_of(boxed)) == [("cut", round(40 / RATE, 3))]
    upright = [*shot(1, 40, size=(160, 90)), *shot(2, 40, size=(160, 90))]
    assert entries(scenes_of(upright)) == [("cut", round(40 / RATE, 3))]


def test_a_clip_under_a_second_is_one_scene() -> None:
    assert len(scenes_of([*shot(1, 10), *shot(2, 10)])) == 1
    assert len(scenes_of(shot(1, 1))) == 1


def test_the_same_frames_give_the_same_scenes() -> None:
    pictures = [*shot(1, 40), *shot(2, 40)]
    assert scenes_of(pictures) == scenes_of(pictures)


def test_looks_tell_light_colour_and_movement() -> None:
    dark_red = [np.clip(p * 0.2 + np.array([0, 0, 60]), 0, 255).astype(np.uint8) for p in shot(1, 40, drift=0.0)]
    bright_blue = [np.clip(p * 0.3 + np.array([170, 90, 30]), 0, 255).astype(np.uint8) for p in shot(2, 40, drift=4)]
    dark, bright = (scene.look for scene in scenes_of([*dark_red, *bright_blue]))
    assert dark.light < 0.25 < bright.light
    assert dark.colour == "red"
    assert bright.colour == "blue"
    assert dark.warmth > 0.3 > -0.3 > bright.warmth
    assert dark.motion < 0.15
    assert bright.motion > 0.5
    assert bright.camera == "sideways"


def test_an_impact_is_a_jolt_at_its_time() -> None:
    pictures = shot(1, 120, drift=0.0)
    for i in range(60, 75):
        pictures[i] = np.roll(pictures[i], (i % 3 - 1) * 14, axis=0)
    jolts = scenes_of(pictures)[0].jolts
    assert len(jolts) == 1
    assert isinstance(jolts[0], HitPoint)
    assert jolts[0].kind == "jolt"
    assert abs(jolts[0].time - 60 / RATE) < 0.2


def test_key_stills_lie_inside_their_scene() -> None:
    scenes = [Scene(0, 0.0, 6.0, "start"), Scene(1, 6.0, 6.3), Scene(2, 6.3, 20.0)]
    stills = [Kept(i / 2, f"{i / 2}".encode()) for i in range(40)]
    first, short, last = key_stills(scenes, stills)
    assert [float(jpeg) for jpeg in first] == [1.0, 3.0, 5.0]
    assert short == [b"6.0"]
    assert [float(jpeg) for jpeg in last] == [8.5, 13.0, 17.5]
    assert key_stills(scenes, []) == [[], [], []]


def test_the_scores_count_each_change_once() -> None:
    truth = [
        TrueChange(1.0, 10, "cut", 10, 10),
        TrueChange(3.0, 30, "dissolve", 25, 35),
        TrueChange(5.0, 50, "card", 48, 52),
    ]
    tally = score_changes([1.1, 2.6, 3.4, 5.0], truth, np.arange(80) / 10)
    assert (tally.hits, tally.false_alarms, tally.missed) == (2, 1, 0)
    assert tally.f1 == pytest.approx(0.8)


@needs_media
def test_the_annotated_clips_reach_the_bar() -> None:
    whole = Tally()
    for table in sorted((MEDIA / "video" / "cuts").glob("*.csv")):
        path = next(path for path in (MEDIA / "video").glob(f"{table.stem}.*"))
        watched = watch(read_small_frames(path))
        scenes = find_scenes(watched, float(watched.times[-1]) + 0.04)
        tally = score_changes([scene.start for scene in scenes[1:]], read_truth(table), watched.times)
        if not read_truth(table):
            assert tally.false_alarms == 0, path.name
        whole += tally
    assert whole.f1 >= 0.92, whole.wrong


@needs_media
@pytest.mark.parametrize("name", ["flower.webm", "portrait_hdr10_av1.mp4", "rotated_minus180_10fps.mp4"])
def test_one_shot_is_one_scene(name: str) -> None:
    watched = watch(read_small_frames(MEDIA / "video" / name))
    assert len(find_scenes(watched, float(watched.times[-1]) + 0.04)) == 1


@pytest.mark.parametrize(
    "shots", [("red", "blue", "green"), ("navy", "orange", "darkgreen", "white"), ("black", "white", "black")]
)
def test_plain_grounds_with_one_mark_on_them_are_told_apart_by_colour(shots: tuple[str, ...], tmp_path: Path):
    footage = open_clip(make_clip(tmp_path / "clip.mp4", shots=shots, shot_s=1.5), tmp_path)
    watched = watch(footage.frames())
    starts = [scene.start for scene in find_scenes(watched, footage.clip.duration)]
    assert starts == pytest.approx([1.5 * number for number in range(len(shots))])
