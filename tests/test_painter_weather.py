from __future__ import annotations

import numpy as np
import pytest

from pipeline.painter import weather
from pipeline.painter.canvas import Canvas, Sheet, Stage
from pipeline.storyboard import WEATHERS
from tests import painter_measures as measures

STAGE = Stage((0.5, 0.8), 0.2, 0.6, 1, (0.3, 0.4), 0.62)
CANVAS = Canvas.of(measures.PREVIEW)


def air(
    kind: measures.Weather, *, world: measures.World = "fields", seed: int = 1, hour: measures.Hour = "day"
) -> weather.Air:
    picture = measures.a_picture(world, weather=kind, hour=hour)
    return weather.air(picture, STAGE, measures.colours(picture), canvas=CANVAS, rng=np.random.default_rng(seed))


def before(kind: measures.Weather, seed: int = 1) -> Sheet:
    """What lies before everything, as one sheet; its colour is the nearest one's."""
    far, near = air(kind, seed=seed).before
    pixels = near.pixels.copy()
    pixels[..., 3] = np.rint(255 * (1 - (1 - alpha(far)) * (1 - alpha(near))))
    return Sheet(pixels, near.depth)


def drifting(found: weather.Air) -> list[Sheet]:
    return [sheet for sheet in [*found.sky, *found.behind, *found.before] if any(sheet.drift)]


def alpha(sheet: Sheet) -> np.ndarray:
    return sheet.pixels[..., 3].astype(np.float32) / 255


def test_rain_falls_in_streaks() -> None:
    """What changes, changes across; snow changes the same in every direction."""
    streaks, flakes = (np.repeat(alpha(before(kind))[..., None], 3, axis=2) for kind in ("rain", "snow"))
    assert measures.uprightness(streaks) > 0.62
    assert measures.uprightness(flakes) == pytest.approx(0.5, abs=0.04)


def test_a_storm_rains_harder_and_has_a_bolt_in_its_sky() -> None:
    assert alpha(before("storm")).mean() > 1.3 * alpha(before("rain")).mean()
    (bolt,) = air("storm").sky
    light = alpha(bolt)
    assert light.max() > 0.95
    assert light[: round(0.5 * CANVAS.height)].mean() > 2 * light[round(0.75 * CANVAS.height) :].mean()


def test_snow_is_bright_specks() -> None:
    sheet = before("snow")
    light = alpha(sheet)
    assert 0.003 < (light > 0.4).mean() < 0.08
    assert sheet.pixels[..., :3][light > 0.4].mean() > 215
    assert np.median(light) < 0.02


def test_fog_lowers_contrast() -> None:
    picture = measures.a_picture("city", hour="day", seed=3)
    clear = measures.scenery(picture, measures.PREVIEW)
    fog = air("fog", world="city")
    hidden = [*clear.sheets, *fog.behind, *fog.before]
    assert measures.grey(measures.flat(hidden)).std() < 0.75 * measures.grey(measures.flat(clear.sheets)).std()


def test_each_weather_leaves_the_figure_to_be_seen() -> None:
    """What lies before everything covers little of the middle."""
    for kind in WEATHERS:
        bare = np.ones((CANVAS.height, CANVAS.width), np.float32)
        for sheet in air(kind).before:
            bare *= 1 - alpha(sheet)
        assert bare.mean() > 0.7


@pytest.mark.parametrize("world", ["space", "abstract", "underwater"])
def test_some_worlds_have_no_weather(world: measures.World) -> None:
    for kind in WEATHERS:
        found = air(kind, world=world)
        assert [*found.sky, *found.behind, *found.before] == []


@pytest.mark.parametrize("kind", ["rain", "snow", "fog", "storm"])
def test_the_same_seed_falls_the_same(kind: measures.Weather) -> None:
    one, again, other = (air(kind, seed=seed) for seed in (4, 4, 5))
    for sheet, twin in zip(
        [*one.sky, *one.behind, *one.before], [*again.sky, *again.behind, *again.before], strict=True
    ):
        np.testing.assert_array_equal(sheet.pixels, twin.pixels)
    assert not np.array_equal(one.before[0].pixels, other.before[0].pixels)


@pytest.mark.parametrize("kind", ["dust", "fireflies", "sparks", "petals"])
def test_small_things_drift(kind: weather.Drift) -> None:
    palette = measures.colours(measures.a_picture(hour="night"))
    sheets = weather.drift(kind, STAGE, palette, canvas=CANVAS, rng=np.random.default_rng(2))
    light = np.maximum(*map(alpha, sheets))
    assert all(0 < np.hypot(*sheet.drift) < 0.2 for sheet in sheets)
    assert sheets[0].drift != sheets[1].drift
    assert 0.0005 < (light > 0.2).mean() < 0.12
    assert light.max() > 0.4


def test_nothing_drifts_when_nothing_shall() -> None:
    palette = measures.colours(measures.a_picture())
    assert weather.drift("none", STAGE, palette, canvas=CANVAS, rng=np.random.default_rng(2)) == []


def test_moods_have_their_own_drift() -> None:
    night, day = (measures.colours(measures.a_picture(hour=hour)) for hour in ("night", "day"))
    assert weather.drifting(0.0, 0.9, night) == "sparks"
    assert weather.drifting(0.8, 0.0, day) == "petals"
    assert weather.drifting(0.8, 0.0, night) == "fireflies"
    assert weather.drifting(-0.5, -0.5, day) == "none"


@pytest.mark.parametrize("kind", ["rain", "storm", "snow", "fog"])
def test_the_air_moves_in_two_distances_the_nearer_faster(kind: measures.Weather) -> None:
    far, near = drifting(air(kind))
    assert far.depth < near.depth
    assert np.hypot(*far.drift) < np.hypot(*near.drift)
    across, down = near.drift
    if kind == "fog":
        assert 0.01 <= abs(across) <= 0.03
        assert down == 0
    else:
        low, high = (0.08, 0.2) if kind == "snow" else (1.2, 2.0)
        assert low <= down <= high


@pytest.mark.parametrize("kind", ["rain", "storm"])
@pytest.mark.parametrize("size", [measures.PREVIEW, measures.PREVIEW[::-1]])
def test_rain_falls_along_its_streaks(kind: measures.Weather, size: tuple[int, int]) -> None:
    """A sheet that is moved along its own way for a little while looks like itself; moved across it, it does not."""
    canvas = Canvas.of(size)
    picture = measures.a_picture("fields", weather=kind)
    found = weather.air(picture, STAGE, measures.colours(picture), canvas=canvas, rng=np.random.default_rng(3))
    for sheet in drifting(found):
        light = alpha(sheet) - alpha(sheet).mean()
        across, down = np.multiply(sheet.drift, (canvas.width, canvas.height))
        rows = round(0.012 * canvas.short)

        def likeness(sideways: float, light: np.ndarray = light, rows: int = rows) -> float:
            return float((light * np.roll(light, (rows, round(rows * sideways)), (0, 1))).mean() / light.var())

        assert likeness(across / down) > 1.3 * likeness(-across / down)


@pytest.mark.parametrize("kind", ["rain", "storm", "snow", "fog", "dust", "fireflies", "sparks", "petals"])
def test_what_drifts_goes_on_at_its_other_side(kind: str) -> None:
    """Across the seam rows and columns differ no more than neighbours do elsewhere."""
    if kind in WEATHERS:
        sheets = drifting(air(kind, seed=6))  # type: ignore[arg-type]
    else:
        palette = measures.colours(measures.a_picture(hour="night"))
        rng = np.random.default_rng(6)
        sheets = weather.drift(kind, STAGE, palette, canvas=CANVAS, rng=rng)  # type: ignore[arg-type]
    assert len(sheets) == 2
    for sheet in sheets:
        light = alpha(sheet)
        for axis in (0, 1):
            if sheet.drift[1 - axis]:
                steps = np.abs(light - np.roll(light, 1, axis)).mean(1 - axis)
                assert steps[0] <= np.quantile(steps, 0.99) + 0.002, axis
                most = np.abs(light - np.roll(light, 1, axis)).max(1 - axis)
                assert most[0] <= 1.05 * most[1:].max()


def test_what_stands_does_not_drift() -> None:
    assert not any(sheet.drift != (0.0, 0.0) for sheet in air("clear").before)
    (mist,) = air("rain").behind
    assert mist.drift == (0.0, 0.0)
