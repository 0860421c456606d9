"""The embedded captioner: words that are true of the picture, and feelings that follow from it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.backends import captioner
from pipeline.captioners.measured import describe
from pipeline.cuesheet import EMOTIONS, HitPoint, Look, Scene
from pipeline.eye.faces import Face, find_faces
from pipeline.eye.feelings import feel
from pipeline.eye.sights import Sights, falls_like_rain, find_sights

Picture = NDArray[np.uint8]

DAY = Look(motion=0.3, light=0.6, contrast=0.6, saturation=0.4, warmth=0.5, colour="yellow")
NIGHT = Look(motion=0.1, light=0.12, contrast=0.3, saturation=0.1, warmth=-0.3, colour="blue")


def scene(look: Look, length: float = 5.0, *, jolts: tuple[HitPoint, ...] = ()) -> Scene:
    return Scene(0, 0.0, length, "start", look=look, jolts=jolts)


def jpeg(picture: Picture) -> bytes:
    return bytes(cv2.imencode(".jpg", picture)[1])


def plain(bgr: tuple[int, int, int], *, grain: int = 0) -> Picture:
    rng = np.random.default_rng(1)
    picture = np.full((180, 320, 3), bgr, np.int16) + rng.integers(-grain, grain + 1, (180, 320, 1))
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def portrait() -> Picture:
    """A photograph of one person, scikit-image's own."""
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[:220, 120:340, ::-1])  # type: ignore[no-untyped-call]


def test_it_is_the_captioner_that_comes_without_a_name() -> None:
    seen = captioner().see([scene(DAY)], [[]])
    assert seen[0].caption
    assert seen[0].emotion in EMOTIONS
    assert -1 <= seen[0].valence <= 1
    assert -1 <= seen[0].arousal <= 1


def test_the_same_pictures_give_the_same_words() -> None:
    scenes, stills = [scene(DAY), scene(NIGHT)], [[jpeg(plain((40, 160, 60), grain=40))], [jpeg(plain((60, 20, 10)))]]
    assert captioner().see(scenes, stills) == captioner().see(scenes, stills)


@pytest.mark.parametrize(
    ("look", "length", "emotion"),
    [
        (DAY, 5.0, "happiness"),
        (NIGHT, 8.0, "sadness"),
        (Look(motion=0.9, light=0.35, contrast=0.7, saturation=0.6, warmth=0.9, colour="red"), 1.5, "anger"),
        (Look(motion=0.9, light=0.22, contrast=0.4, saturation=0.55, warmth=-0.4, colour="pink"), 2.5, "surprise"),
        (Look(motion=0.85, light=0.15, contrast=0.5, saturation=0.1, warmth=-0.2, colour="blue"), 2.0, "fear"),
        (Look(motion=0.3, light=0.45, contrast=0.5, saturation=0.08, warmth=0.0, colour="grey"), 4.0, "neutrality"),
    ],
)
def test_feelings_follow_light_colour_and_movement(look: Look, length: float, emotion: str) -> None:
    assert feel([scene(look, length)])[0].emotion == emotion


def test_a_sudden_strike_in_daylight_surprises() -> None:
    struck = scene(replace(DAY, motion=0.7), jolts=(HitPoint(2.0, 0.9, "jolt"),))
    assert feel([struck])[0].emotion == "surprise"


def test_short_shots_and_movement_excite() -> None:
    calm, fast, short = (
        feel([each])[0].arousal for each in (scene(DAY), scene(replace(DAY, motion=0.9)), scene(DAY, 1.0))
    )
    assert calm < short < fast


def test_a_scene_is_judged_within_its_clip() -> None:
    alone = feel([scene(DAY)])[0]
    among_dark = feel([scene(DAY), scene(NIGHT), scene(NIGHT)])[0]
    assert among_dark.valence > alone.valence


def test_a_white_wall_does_not_cheer() -> None:
    wall = Look(motion=0.0, light=0.9, contrast=0.1, saturation=0.01, warmth=0.0, colour="white")
    assert feel([scene(wall)])[0].emotion == "neutrality"


def test_no_scenes_no_feelings() -> None:
    assert feel([]) == []


def test_captions_tell_light_colour_and_movement() -> None:
    night = describe(scene(NIGHT), Sights(palette=("midnight blue", "black")), [])
    assert night == "a dim scene in midnight blue and black, hardly moving"
    sweeping = replace(DAY, motion=0.9, camera="sideways")
    garden = Sights(greenery=True, palette=("olive", "gold"), vivid=("gold", "red"))
    assert describe(scene(sweeping), garden, []) == (
        "a leafy scene in olive and gold, touches of red, moving fast sideways"
    )
    assert describe(scene(DAY), Sights(monochrome=True), []).startswith("a black-and-white scene")


@pytest.mark.parametrize(
    ("sights", "words"),
    [
        (Sights(disc=True, shimmer=True), ("bright disc", "water-like")),
        (Sights(glow=True), ("sun-like glow",)),
        (Sights(rain=True, lights=True), ("rain-like", "small lights")),
        (Sights(neon=True, rings=True, rays=True, vivid=("magenta", "cyan")), ("neon-bright", "magenta and cyan")),
        (Sights(bits=True, rays=True), ("scattered", "rays")),
        (Sights(drawn=True), ("drawn-looking",)),
        (Sights(soft=True), ("soft ground",)),
    ],
)
def test_what_stands_out_is_named(sights: Sights, words: tuple[str, ...]) -> None:
    shown = replace(sights, palette=("gold", "pale yellow", "amber"))
    for look in (DAY, replace(DAY, light=0.3, motion=0.95, camera="vertical"), replace(DAY, camera="flashing")):
        caption = describe(scene(look, jolts=(HitPoint(2.0, 0.9, "jolt"),)), shown, [])
        assert all(word in caption for word in words)
        assert 5 <= len(caption.split()) <= 14


def test_captions_count_faces() -> None:
    assert "close-up of a face" in describe(scene(DAY), Sights(), [Face(0.5, 0.5, 0.5)])
    assert "two faces" in describe(scene(DAY), Sights(), [Face(0.3, 0.5, 0.1), Face(0.7, 0.5, 0.1)])


def rain(still: int, *, streaks: int = 400) -> Picture:
    """Streaks that slant alike, elsewhere in every still, over blocks of houses that stay."""
    picture = plain((60, 40, 30))
    picture = np.ascontiguousarray(np.kron(picture, np.ones((2, 2, 1), np.uint8)))
    for x in range(20, 620, 60):
        cv2.rectangle(picture, (x, 200), (x + 30, 340), (20, 15, 15), -1)
    for x, y in np.random.default_rng(still).integers((5, 5), (630, 330), (streaks, 2)).tolist():
        cv2.line(picture, (x, y), (x + 4, y + 22), (150, 140, 130), 1)
    return picture


def test_rain_falls_one_way_and_never_twice_in_one_place() -> None:
    assert falls_like_rain([rain(1), rain(2), rain(3)])
    assert not falls_like_rain([rain(1), rain(1), rain(1)])
    assert not falls_like_rain([rain(1)])
    assert not falls_like_rain([plain((90, 120, 60), grain=60)] * 3)


def moonlit() -> Picture:
    picture = np.vstack([plain((70, 40, 15))[:100], plain((25, 12, 8))[:80]])
    cv2.circle(picture, (220, 40), 12, (255, 255, 255), -1)
    for x, y in np.random.default_rng(1).integers((150, 110), (280, 175), (40, 2)).tolist():
        cv2.line(picture, (x, y), (x + 26, y), (220, 210, 200), 1)
    return picture


def test_a_disc_over_a_shimmer_is_seen_as_such() -> None:
    seen = find_sights([moonlit()])
    assert seen.disc
    assert seen.shimmer
    assert not find_sights([moonlit()[:100]]).shimmer
    night = scene(replace(NIGHT, light=0.14, saturation=0.25))
    assert feel([night], [seen])[0].valence > feel([night])[0].valence


def test_a_low_sun_glows_and_a_lamp_lit_wall_does_not() -> None:
    y, x = np.mgrid[:180, :320]
    near = np.exp(-np.hypot(x - 200, y - 90) / 60)[..., None]
    sunrise = np.clip(np.array((110, 70, 90)) + near * np.array((150, 190, 260)), 0, 255).astype(np.uint8)
    assert find_sights([sunrise]).glow
    assert not find_sights([np.ascontiguousarray(sunrise[..., ::-1])]).glow
    assert not find_sights([plain((110, 70, 90))]).glow


def test_rings_rays_neon_and_bits() -> None:
    neon = plain((20, 0, 10))
    for radius in range(30, 190, 22):
        cv2.circle(neon, (160, 90), radius, (230, 20, 250), 8)
    seen = find_sights([neon])
    assert seen.neon
    assert seen.rings
    assert not seen.rays
    assert seen.vivid[0] == "magenta"
    party = plain((60, 200, 250))
    tones = (
        (255, 90, 30),
        (60, 60, 220),
        (80, 180, 40),
        (200, 60, 160),
        (200, 200, 40),
        (60, 140, 255),
        (20, 230, 160),
    )
    for i, (x, y) in enumerate(np.random.default_rng(1).integers((5, 5), (310, 170), (130, 2)).tolist()):
        cv2.rectangle(party, (x, y), (x + 3, y + 3), tones[i % len(tones)], -1)
    assert find_sights([party]).bits


def test_lettering_is_read_as_lettering() -> None:
    card = plain((0, 0, 0))
    cv2.putText(card, "THE END", (70, 100), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 2)
    stars = plain((0, 0, 0))
    for x, y in np.random.default_rng(1).integers(5, (315, 175), (40, 2)).tolist():
        cv2.circle(stars, (x, y), 2, (255, 255, 255), -1)
    assert not find_sights([stars]).lettering
    dark = scene(Look(light=0.02, contrast=0.3, saturation=0.0, colour="black"))
    assert captioner().see([dark], [[jpeg(card)]])[0].caption == "lettering on black"


def test_sights_need_colour_place_and_texture() -> None:
    meadow = np.vstack([plain((220, 150, 70))[:80], plain((30, 140, 50), grain=45)[:100]])
    seen = find_sights([meadow])
    assert {name for name, shown in vars(seen).items() if shown is True} <= {"blue_sky", "greenery", "soft"}
    assert seen.blue_sky
    assert seen.greenery
    assert seen.palette[:2] in (("green", "blue"), ("green", "sky blue"))
    assert not find_sights([plain((220, 150, 70))]).blue_sky
    assert find_sights([plain((128, 128, 128), grain=60)]).monochrome
    assert find_sights([]) == Sights()


def test_night_lights_and_growing_light() -> None:
    night = plain((20, 10, 8))
    for x in range(20, 300, 30):
        cv2.circle(night, (x, 60 + x % 50), 2, (200, 230, 255), -1)
    assert find_sights([night]).lights
    rising = [plain((level, level, level), grain=20) for level in (60, 110, 170)]
    assert find_sights(rising).light == 1
    assert find_sights(rising[::-1]).light == -1


def test_faces_are_found_and_must_be_seen_again() -> None:
    one, nobody = portrait(), plain((90, 120, 60), grain=60)
    assert len(find_faces([one, one])) == 1
    assert find_faces([one, nobody]) == []
    assert find_faces([nobody, nobody]) == []


def test_a_still_that_is_no_picture_is_passed_over() -> None:
    assert captioner().see([scene(DAY)], [[b"no jpeg"]])[0].caption
