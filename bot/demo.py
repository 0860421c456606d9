"""A short silent reel to try Reelscore on: six scenes drawn by numpy and OpenCV, with no file from anywhere.

Dawn over the hills dissolves into rain on a city; then hard cuts: a neon tunnel, a storm, a calm sea, bouncing shapes.
They differ in light, colour, speed and mood on purpose, so that the score has something to tell.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from pipeline.door.ffmpeg import NOTHING_PERSONAL, Leash, bench, start

Picture = MatLike  #: uint8, shape (HEIGHT, WIDTH, 3), red first; lights and layers have sizes of their own
Plane = NDArray[np.float32]  #: one value for each pixel, 0-1 unless said

WIDTH, HEIGHT = 1280, 720
RATE = 24  # frames per second: film's own
DISSOLVE = 12  # frames, half a second, between dawn and city
FADE = 14  # frames to black at the end
LEASH = Leash(seconds=120)  # ten times what the slowest machine seen here takes
SUBPIXEL = 4  # bits of fraction in OpenCV's drawing coordinates: shapes glide instead of stepping


@dataclass(frozen=True)
class Drawn:
    """A scene of the reel; the times are true of the finished file, to the frame."""

    name: str
    start: int  #: first frame
    end: int  #: one past the last frame
    entry: str  #: "start", "cut" or "dissolve"


def draw_reel(to: Path, *, seed: int = 1) -> list[Drawn]:
    """Write the reel to `to` as silent H.264 in MP4 and return what is in it; takes some ten seconds.

    The same seed draws the same pictures.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    with bench(to.parent) as place:
        pull, push = os.pipe()
        with (
            open(push, "wb") as film,
            open(pull, "rb") as pictures,
            start(_encoding(pull), place=place, leash=LEASH, inputs=[pictures]) as ffmpeg,
        ):
            pictures.close()  # ffmpeg holds the only other end now, so that its death ends the writing too
            with contextlib.suppress(BrokenPipeError):  # `finish` knows why
                for picture in draw_frames(seed=seed):
                    film.write(picture.data)
                film.close()
            ffmpeg.finish()
        (place / "reel.mp4").replace(to)
    return contents()


def _encoding(pull: int) -> list[str]:
    """Return ffmpeg's arguments: raw pictures from an open descriptor in, a film that plays everywhere out."""
    raw = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{WIDTH}x{HEIGHT}", "-framerate", str(RATE)]
    hd = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]
    return [
        *(*raw, "-protocol_whitelist", "fd", "-fd", str(pull), "-i", "fd:"),
        *("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", *hd),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "22", "-threads", "4", *NOTHING_PERSONAL),
        *("-movflags", "+faststart", "reel.mp4"),
    ]


def contents() -> list[Drawn]:
    """Say which scene lies where."""
    drawn: list[Drawn] = []
    at = 0
    for number, (scene, length) in enumerate(SCENES):
        entry = ("start", "dissolve")[number] if number < 2 else "cut"
        drawn.append(Drawn(scene.__name__, at, at + length, entry))
        at += length
    return drawn


def draw_frames(*, seed: int = 1) -> Iterator[Picture]:
    """Yield every frame of the reel in order."""
    finish = _finish(np.random.default_rng([seed, 99]))
    last = sum(length for _, length in SCENES) - 1
    for index, picture in enumerate(_joined(seed)):
        faded = min(1.0, (last - index) / FADE)
        yield finish(picture if faded == 1.0 else cv2.convertScaleAbs(picture, alpha=faded), index)


def _joined(seed: int) -> Iterator[Picture]:
    """Yield the scenes one after the other, the first one dissolving into the second."""
    (dawn_scene, dawn_length), (city_scene, city_length), *rest = SCENES
    half = DISSOLVE // 2
    dawning = dawn_scene(dawn_length + half, np.random.default_rng([seed, 0]))
    for _ in range(dawn_length - half):
        yield next(dawning)
    raining = city_scene(city_length + half, np.random.default_rng([seed, 1]))
    for step, (old, new) in enumerate(zip(dawning, raining, strict=False), start=1):
        share = step / (DISSOLVE + 1)
        yield cv2.addWeighted(old, 1 - share, new, share, 0)
        if step == DISSOLVE:
            break
    yield from raining
    for number, (scene, length) in enumerate(rest, start=2):
        yield from scene(length, np.random.default_rng([seed, number]))


# ---- the six scenes: each yields `frames` pictures ----


def dawn(frames: int, rng: np.random.Generator) -> Iterator[Picture]:
    """The sun comes up behind layered hills while the camera glides to the right."""
    night = _sky((58, 52, 104), (168, 96, 120), (246, 150, 98))
    day = _sky((84, 118, 182), (226, 164, 140), (252, 196, 132))
    sun = _glow(620, core=58, colour=(255, 190, 110), reach=0.12)
    streaks = _clouds(rng, wide=WIDTH + 120)
    hills = [_hills(rng, depth) for depth in np.linspace(0, 1, 5)]
    birds = [(rng.uniform(0, 240), rng.uniform(0, 110), rng.uniform(0, 6.28)) for _ in range(9)]
    for i in range(frames):
        t = i / frames
        picture = cv2.addWeighted(night, 1 - t, day, t, 0)
        _add(picture, sun, 820 - 12 * t, 470 - 150 * t)
        _over(picture, *streaks, shift=20 + 30 * t, top=40)
        for depth, (layer, holes, top) in zip(np.linspace(0, 1, 5), hills, strict=True):
            _over(picture, layer, holes, shift=(20 + 170 * depth**1.5) * t, top=top)
        for x, y, phase in birds:
            _bird(picture, 260 + x + 300 * t, 250 + y - 60 * t, np.sin(i * 0.9 + phase))
        yield picture


def city(frames: int, rng: np.random.Generator) -> Iterator[Picture]:
    """Rain falls on a night city; the lit windows stand on their heads in the wet street."""
    ground = 520
    sky = _sky((10, 14, 40), (34, 32, 78), (150, 84, 96), (150, 84, 96))
    blocks = [_blocks(rng, depth, ground) for depth in (0.0, 0.5, 1.0)]
    rain = [_rain(rng, drops, length, 0.10) for drops, length in ((900, 26), (350, 60))]
    cars = [(rng.uniform(-600, 1500), rng.choice([-1.0, 1.0]), rng.uniform(5, 9)) for _ in range(14)]
    lamps = {
        -1.0: _glow(150, core=5, colour=(255, 236, 200), reach=0.22),
        1.0: _glow(150, core=5, colour=(255, 40, 40), reach=0.2),
    }
    streaks = {way: cv2.resize(lamp, (60, 260)) for way, lamp in lamps.items()}
    for i in range(frames):
        picture = sky.copy()
        for speed, (layer, holes) in zip((0.25, 0.6, 1.3), blocks, strict=True):
            _over(picture, layer, holes, shift=20 + speed * i, top=0)
        street = picture[ground:]
        mirror = cv2.flip(picture[ground - street.shape[0] : ground], 0)
        street[:] = cv2.convertScaleAbs(cv2.blur(_rippled(mirror, i), (5, 31)), alpha=0.85)
        for x, way, speed in cars:
            along, near = (x + way * speed * i) % 1700 - 200, 34 * (way > 0)
            _add(picture, lamps[way], along, ground + 30 + near)
            _add(picture, streaks[way], along, ground + 100 + near, strength=0.7)
        _bloom(picture, 0.9)
        for (layer, reach), pace in zip(rain, (34, 52), strict=True):
            _pour(picture, layer, i * pace, reach)
        yield picture


def tunnel(frames: int, rng: np.random.Generator) -> Iterator[Picture]:
    """A run through a neon tunnel, with a shaking camera."""
    panels = _panels(rng)
    margin = 48
    across, depth, light = _down_a_tube(margin)
    core = _glow(520, core=10, colour=(190, 230, 255), reach=0.16)
    phases = rng.uniform(0, 2 * np.pi, 4)
    for i in range(frames):
        kick = 8 * np.exp(-(i % 12) / 3)  # a step of whoever holds the camera, every half second
        dx = round(11 * np.sin(i / 2.9 + phases[0]) + 6 * np.sin(i / 1.3 + phases[1]))
        dy = round(9 * np.sin(i / 3.7 + phases[2]) + 5 * np.sin(i / 1.6 + phases[3]) + kick)
        window = np.s_[margin + dy : margin + dy + HEIGHT, margin + dx : margin + dx + WIDTH]
        walls = [np.roll(panels, (-round((i + open_) * 17), round(90 * np.sin(i / 17))), (0, 1)) for open_ in (0, 0.3)]
        blurred = cv2.addWeighted(walls[0], 0.5, walls[1], 0.5, 0)  # the shutter stands open for a third of a frame
        picture = cv2.remap(blurred, across[window], depth[window], cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        picture = cv2.multiply(picture, light[window], scale=1 / 255)
        _bloom(picture, 1.3)
        _add(picture, core, WIDTH / 2 - dx, HEIGHT / 2 - dy)
        yield picture


def storm(frames: int, rng: np.random.Generator) -> Iterator[Picture]:
    """Clouds race over a lighthouse, rain drives sideways, lightning strikes twice."""
    dark, lit = _thunderheads(rng)
    rain = _rain(rng, 1500, 46, 0.42)
    beam = _glow(260, core=8, colour=(255, 240, 190), reach=0.14)
    waves = [_swell(rng, depth) for depth in (0.0, 0.5, 1.0)]
    strikes = {10: _bolt(rng, 330), 44: _bolt(rng, 800)}
    flash = 0.0
    bolt: Picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for i in range(frames):
        if i in strikes:
            flash, bolt = 1.0, strikes[i]
        shift = 3.0 * i
        picture = cv2.addWeighted(_slid(dark, shift), 1 - 0.75 * flash, _slid(lit, shift), 0.75 * flash, 0)
        if flash > 0.25:
            cv2.add(picture, cv2.convertScaleAbs(bolt, alpha=min(1.0, flash * 1.2)), picture)
        _lighthouse(picture, flash)
        _add(picture, beam, 1016, 318, strength=0.25 + 0.75 * max(0.0, float(np.cos(i / 5))) ** 3)
        for depth, (layer, holes, top) in zip((0.0, 0.5, 1.0), waves, strict=True):
            heave = (10 + 16 * depth) * np.sin(i / (6 + 2 * depth) + 2 * depth)
            _over(picture, layer, holes, shift=100 + (4 + 7 * depth) * i % 200, top=top + round(heave))
        _pour(picture, rain[0], i * 58, 0.8)
        flash = flash * 0.72 if i % 7 != 3 else flash * 0.95
        yield picture


def sea(frames: int, rng: np.random.Generator) -> Iterator[Picture]:
    """The moon over a calm sea, with a small boat."""
    horizon = 400
    sky = _sky((6, 12, 36), (20, 42, 86), (72, 106, 150))
    _stars(sky, rng, horizon)
    mirror = cv2.convertScaleAbs(cv2.blur(cv2.flip(sky[2 * horizon - HEIGHT : horizon], 0), (9, 5)), alpha=0.42)
    _add(sky, _glow(900, core=46, colour=(206, 218, 255), reach=0.11), 800, 170)
    water, across, away, path = _water(rng, horizon)
    boat = _boat()
    for i in range(frames):
        picture = sky.copy()
        slow = np.roll(water, int(i * 0.8), axis=0)
        fast = np.roll(water[:, ::-1], int(311 - i * 1.3), axis=1)
        ripple = cv2.remap(cv2.min(slow, fast), across, away, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
        glitter = np.clip(ripple * path, 0, 255)
        body = picture[horizon:]
        cv2.add(mirror, cv2.merge([glitter * 0.82, glitter * 0.9, glitter]), body, dtype=cv2.CV_8U)
        _over(picture, *boat, shift=600 - 240 - 0.9 * i, top=horizon - 92 + round(2 * np.sin(i / 11)))
        yield picture


def party(frames: int, rng: np.random.Generator) -> Iterator[Picture]:
    """Bright shapes bounce in turn under confetti, before turning rays."""
    rays = _rays()
    shapes = [(circle, (255, 82, 82)), (box, (40, 120, 255)), (triangle, (20, 190, 120)), (star, (255, 70, 190))]
    colours = np.array([(255, 64, 96), (64, 170, 255), (255, 255, 255), (120, 230, 90), (170, 90, 255)])
    flakes = rng.uniform(0, 1, (150, 6))
    for i in range(frames):
        turn = cv2.getRotationMatrix2D((WIDTH / 2 + 40, WIDTH / 2 + 40), i * 0.7, 1.0)
        turn[:, 2] -= np.array([40, (WIDTH - HEIGHT) / 2 + 40])
        picture = cv2.warpAffine(rays, turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for number, (shape, colour) in enumerate(shapes):
            beat = (i / RATE * 2 + number / 4) % 1.0
            _bounce(picture, shape, colour, 220 + 280 * number, beat, i)
        for flake in flakes:
            _confetto(picture, flake, i, colours[int(flake[5] * len(colours))])
        yield picture


Scene = Callable[[int, np.random.Generator], Iterator[Picture]]

#: each scene with its length in frames; the cuts lie at 3.5, 6.5, 9.0, 12.0 and 15.0 s
SCENES: tuple[tuple[Scene, int], ...] = ((dawn, 84), (city, 72), (tunnel, 60), (storm, 72), (sea, 72), (party, 84))


# ---- light, air and grain ----


def _finish(rng: np.random.Generator) -> Callable[[Picture, int], Picture]:
    """Return what gives every frame the same lens and film stock: darker corners and a fine grain."""
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j].astype(np.float32)
    corners = cv2.merge([(255 * (1 - 0.26 * np.clip(x * x + y * y - 0.35, 0, 2))).clip(0, 255).astype(np.uint8)] * 3)
    grains = [cv2.merge([rng.normal(0, 2.0, (HEIGHT, WIDTH)).astype(np.int16)] * 3) for _ in range(5)]

    def finish(picture: Picture, index: int) -> Picture:
        shaded = cv2.multiply(picture, corners, scale=1 / 255)
        return cv2.add(shaded, grains[index * 3 % 5], dtype=cv2.CV_8U)

    return finish


def _bytes(values: NDArray[np.floating[Any]]) -> Picture:
    """Return values of 0-255 as a picture keeps them."""
    picture: Picture = np.clip(values, 0, 255).astype(np.uint8)
    return picture


def _sky(*stops: tuple[int, int, int]) -> Picture:
    """Return a vertical gradient through colours from top to bottom, dithered so that it shows no bands."""
    heights = np.linspace(0, 1, len(stops))
    rows = np.stack(
        [np.interp(np.linspace(0, 1, HEIGHT), heights, channel) for channel in zip(*stops, strict=True)], -1
    )
    dither = np.random.default_rng(0).uniform(0, 1, (HEIGHT, WIDTH, 1))
    return _bytes(rows[:, None] + dither)


def _glow(size: int, *, core: float, colour: tuple[int, int, int], reach: float) -> Picture:
    """Return a round light of `core` pixels in a halo of `reach` of its square picture."""
    y, x = np.mgrid[-size / 2 : size / 2, -size / 2 : size / 2].astype(np.float32)
    r = np.hypot(x, y)
    halo = np.exp(-np.maximum(r - core, 0) / (reach * size)) * np.clip(1.9 - 3.8 * r / size, 0, 1)
    disk = np.clip(core - r + 0.5, 0, 1)
    light = 0.62 * halo[..., None] * np.array(colour) + disk[..., None] * 255
    return _bytes(light)


def _add(picture: Picture, light: Picture, x: float, y: float, *, strength: float = 1.0) -> None:
    """Add a light to the picture, centred on (x, y), as far as it lies inside."""
    high, wide = light.shape[:2]
    left, top = round(x - wide / 2), round(y - high / 2)
    x0, y0, x1, y1 = max(0, left), max(0, top), min(WIDTH, left + wide), min(HEIGHT, top + high)
    if x0 < x1 and y0 < y1:
        lamp = light[y0 - top : y1 - top, x0 - left : x1 - left]
        area = picture[y0:y1, x0:x1]
        cv2.add(area, lamp if strength == 1.0 else cv2.convertScaleAbs(lamp, alpha=strength), area)


def _bloom(picture: Picture, strength: float) -> None:
    """Let the brightest parts shine over their edges."""
    small = cv2.resize(picture, (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    shine = cv2.GaussianBlur(cv2.subtract(small, np.full_like(small, 70)), (0, 0), 7)
    cv2.scaleAdd(cv2.resize(shine, (WIDTH, HEIGHT)), strength, picture, picture)


def _noise(rng: np.random.Generator, high: int, wide: int, *, cell: tuple[int, int], octaves: int = 4) -> Plane:
    """Return smooth noise of 0-1 that tiles from side to side; `cell` is the coarsest grain, (high, wide) in pixels."""
    total = np.zeros((high, wide), np.float32)
    for octave in range(octaves):
        rows, columns = max(2, (high << octave) // cell[0]), max(2, (wide << octave) // cell[1])
        grid = rng.uniform(0, 1, (rows, columns)).astype(np.float32)
        tiled = np.concatenate([grid, grid[:, :1]], axis=1)
        total += cv2.resize(tiled, (wide, high), interpolation=cv2.INTER_CUBIC) / 2**octave
    low, top = float(total.min()), float(total.max())
    return (total - low) / (top - low)


def _layer(colours: NDArray[np.float32], alpha: Plane) -> tuple[Picture, Picture]:
    """Return a picture ready to lie over another: its colours times its alpha, and what it lets through."""
    solid = _bytes(colours * alpha[..., None])
    holes = cv2.merge([((1 - alpha) * 255).astype(np.uint8)] * 3)
    return solid, holes


def _over(picture: Picture, layer: Picture, holes: Picture, *, shift: float, top: int) -> None:
    """Lay a wide layer over the picture, `shift` pixels along and `top` pixels down."""
    y0, y1 = max(0, top), min(HEIGHT, top + layer.shape[0])
    whole, part = int(np.floor(shift)), float(shift - np.floor(shift))
    rows = slice(y0 - top, y1 - top)
    area = picture[y0:y1]
    cv2.multiply(area, _between(holes[rows], whole, part), area, scale=1 / 255)
    cv2.add(area, _between(layer[rows], whole, part), area)


def _between(wide: Picture, whole: int, part: float) -> Picture:
    """Return a WIDTH wide window of a picture, `part` of a pixel to the right of column `whole`."""
    if part < 0.05:
        return wide[:, whole : whole + WIDTH]
    return cv2.addWeighted(wide[:, whole : whole + WIDTH], 1 - part, wide[:, whole + 1 : whole + 1 + WIDTH], part, 0)


def _slid(wide: Picture, shift: float) -> Picture:
    whole = int(shift)
    return _between(wide, whole, shift - whole)


def _rain(rng: np.random.Generator, drops: int, length: int, slant: float) -> tuple[Picture, float]:
    """Return a picture of streaks that tiles from top to bottom, and how bright it is."""
    streaks = np.zeros((HEIGHT, WIDTH), np.uint8)
    for x, y, bright in zip(
        rng.uniform(-200, WIDTH, drops), rng.uniform(0, HEIGHT, drops), rng.uniform(25, 90, drops), strict=True
    ):
        for wrap in (0, -HEIGHT):
            start = (round(x), round(y + wrap))
            cv2.line(streaks, start, (round(x + slant * length), start[1] + length), int(bright), 1, cv2.LINE_AA)
    return cv2.merge([streaks, streaks, streaks]), 0.9


def _pour(picture: Picture, streaks: Picture, fallen: int, strength: float) -> None:
    """Add rain that has fallen by so many pixels."""
    cv2.scaleAdd(np.roll(streaks, fallen % HEIGHT, axis=0), strength, picture, picture)


# ---- what stands in the scenes ----


def _hills(rng: np.random.Generator, depth: float) -> tuple[Picture, Picture, int]:
    """Return a range of hills with mist at its foot, and its top row; `depth` 0 is the farthest."""
    wide, top = WIDTH + 220, int(330 + 180 * depth)
    high = HEIGHT - top
    x = np.arange(wide)
    ridge = sum(
        rng.uniform(0.5, 1.0) * np.sin(x / (310 / octave**1.3) + rng.uniform(0, 6.28)) / octave
        for octave in range(1, 6)
    )
    rough = _noise(rng, 2, wide, cell=(2, 14))[0] - 0.5
    edge = 60 - (26 + 16 * depth) * cast("NDArray[np.float64]", ridge) + (3 + 16 * depth**2) * rough
    below = np.arange(high)[:, None] - edge
    far, near = np.array([206, 150, 150.0]), np.array([34, 30, 62.0])
    colour = far * (1 - depth) ** 1.2 + near * (1 - (1 - depth) ** 1.2)
    mist = np.clip(below / 210, 0, 1)[..., None] * (0.62 - 0.5 * depth)
    texture = 1 + (0.05 + 0.14 * depth) * (_noise(rng, high, wide, cell=(30, 60))[..., None] - 0.5)
    colours = (colour * (1 - mist) + np.array([252, 190, 150.0]) * mist) * texture
    return *_layer(colours.astype(np.float32), np.clip(below, 0, 1).astype(np.float32)), top


def _clouds(rng: np.random.Generator, *, wide: int) -> tuple[Picture, Picture]:
    """Return thin streaks of cloud, lit from below."""
    veil = np.clip(_noise(rng, 330, wide, cell=(46, 420), octaves=5) * 2.3 - 1.15, 0, 1) * 0.6
    veil *= np.sin(np.linspace(0.01, 3.13, 330, dtype=np.float32))[:, None] ** 0.7
    height = np.linspace(0, 1, 330, dtype=np.float32)[:, None, None]
    colours = np.array([196, 130, 150], np.float32) * (1 - height) + np.array([255, 196, 140], np.float32) * height
    return _layer(np.broadcast_to(colours, (330, wide, 3)), veil.astype(np.float32))


def _bird(picture: Picture, x: float, y: float, flap: float) -> None:
    points = [(x - 11, y - 5 * flap), (x - 4, y - 2), (x, y + 1), (x + 4, y - 2), (x + 11, y - 5 * flap)]
    cv2.polylines(picture, [_fixed(points)], False, (40, 30, 52), 2, cv2.LINE_AA, SUBPIXEL)


def _fixed(points: object) -> NDArray[np.int32]:
    """Return points as OpenCV wants them, with SUBPIXEL bits of fraction."""
    fixed: NDArray[np.int32] = np.round(np.asarray(points, np.float64) * 2**SUBPIXEL).astype(np.int32)
    return fixed


def _blocks(rng: np.random.Generator, depth: float, ground: int) -> tuple[Picture, Picture]:
    """Return a street front of towers with lit windows; `depth` 0 is the farthest."""
    wide = WIDTH + 160
    colours = np.zeros((HEIGHT, wide, 3), np.float32)
    alpha = np.zeros((HEIGHT, wide), np.float32)
    wall = np.array([46, 40, 72.0]) * (1 - depth) + np.array([12, 12, 24.0]) * depth
    x = -20
    while x < wide:
        across = int(rng.uniform(44, 90) * (1 + 1.1 * depth))
        roof = int(ground - rng.uniform(170, 400) * (1 - 0.45 * depth))
        colours[roof:, x if x > 0 else 0 : x + across] = wall * rng.uniform(0.8, 1.25)
        alpha[roof:, max(0, x) : x + across] = 1
        _windows(colours, rng, (x, x + across, roof, ground), depth)
        x += across + int(rng.choice([0, 0, 14, 40]) * (0.5 + depth))
    return _layer(colours, alpha)


def _windows(
    colours: NDArray[np.float32], rng: np.random.Generator, box_: tuple[int, int, int, int], depth: float
) -> None:
    """Light some of the windows of a tower that spans left, right, roof and ground."""
    left, right, roof, ground = box_
    high, across = int(5 + 6 * depth), int(4 + 5 * depth)
    lights = np.array([(255, 206, 128), (255, 232, 186), (150, 206, 255), (255, 160, 90)], np.float32)
    mostly, busy = rng.integers(len(lights)), rng.uniform(0.16, 0.5)
    for y in range(roof + 8, ground - high, high * 2):
        for x in range(max(0, left + 6), right - across - 3, int(across * 1.8)):
            if rng.random() < busy:
                light = lights[mostly if rng.random() < 0.8 else rng.integers(len(lights))]
                colours[y : y + high, x : x + across] = light * rng.uniform(0.35, 1.0) * (0.55 + 0.45 * depth)


def _rippled(mirror: Picture, i: int) -> Picture:
    """Shake each row of a reflection to the side, more of it nearer to the camera."""
    rows = np.arange(mirror.shape[0])
    sway = (np.sin(rows / 3.1 + i / 2.3) * 2 + np.sin(rows / 7.7 - i / 3.7) * 3) * (0.3 + rows / 120)
    columns = (np.arange(WIDTH)[None] + sway[:, None]).astype(np.int64) % WIDTH
    shaken: Picture = mirror[rows[:, None], columns]
    return shaken


def _panels(rng: np.random.Generator) -> Picture:
    """Return the wall of the tunnel unrolled: lit seams, rings and a few coloured panels on dark metal; tiles."""
    high, wide = 1024, 1024
    wall = np.empty((high, wide, 3), np.float32)
    wall[:] = (16, 8, 34)
    wall += 14 * _noise(rng, high, wide, cell=(60, 60))[..., None]
    for _ in range(26):
        x, y = 64 * int(rng.integers(16)), 128 * int(rng.integers(8))
        wall[y + 16 : y + 112, x + 10 : x + 54] = [(255, 40, 170), (0, 210, 255), (130, 60, 255)][int(rng.integers(3))]
    for x in range(0, wide, 128):
        wall[:, x : x + 5] = (0, 200, 255)
    for y in range(0, high, 256):
        wall[y : y + 26] = (255, 36, 160)
        wall[y + 128 : y + 136] = (70, 90, 255)
    return _bytes(wall)


def _down_a_tube(margin: int) -> tuple[Plane, Plane, Picture]:
    """Return for each pixel which column and row of the wall is seen there, and how much light comes from it."""
    high, wide = HEIGHT + 2 * margin, WIDTH + 2 * margin
    y, x = np.mgrid[-high / 2 : high / 2, -wide / 2 : wide / 2].astype(np.float32)
    r = np.hypot(x, y) + 1e-3
    away = 360 / r
    bend = 90 * np.sin(away / 5.0)
    across = (np.arctan2(y, x) / (2 * np.pi) * 1024 + bend) % 1024
    light = np.clip(1.25 - away / 9, 0, 1) ** 1.5 * np.clip(r / 60, 0, 1)
    return (
        across.astype(np.float32),
        (away * 150).astype(np.float32) % 1024,
        cv2.merge([(255 * light).astype(np.uint8)] * 3),
    )


def _thunderheads(rng: np.random.Generator) -> tuple[Picture, Picture]:
    """Return a wide sky of storm clouds, as it is and as lightning shows it."""
    wide = WIDTH + 3 * 90
    body = _noise(rng, HEIGHT, wide, cell=(190, 360), octaves=6)
    rim = np.clip(cv2.Sobel(cv2.GaussianBlur(body, (0, 0), 5), cv2.CV_32F, 0, 1, ksize=5) * 0.35 + 0.5, 0, 1)
    fall = np.linspace(0.75, 1.15, HEIGHT, dtype=np.float32)[:, None]
    shape = ((0.25 + 0.75 * body) * (0.5 + 0.5 * rim) * fall)[..., None]
    dark = shape * np.array([78, 92, 106], np.float32) + 8
    lit = shape * np.array([236, 240, 255], np.float32) * 1.25 + 24
    return _bytes(dark), _bytes(lit)


def _bolt(rng: np.random.Generator, x: float) -> Picture:
    """Return a forked lightning from the clouds down to the sea, with its glow."""
    picture: Picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    branches = [(x, 0.0, 0.05, 5, 520.0)]
    while branches:
        x, y, lean, thick, to = branches.pop()
        while y < to:
            step = rng.uniform(12, 30)
            onward = (x + step * (lean + rng.normal(0, 0.55)), y + step)
            a, b = _fixed([(x, y), onward])
            cv2.line(picture, a.tolist(), b.tolist(), (235, 240, 255), thick, cv2.LINE_AA, SUBPIXEL)
            x, y = onward
            if thick > 1 and rng.random() < 0.16:
                branches.append((x, y, rng.choice([-1.1, 1.1]), thick - 2, y + rng.uniform(90, 230)))
    glow = cv2.GaussianBlur(cv2.resize(picture, (WIDTH // 4, HEIGHT // 4)), (0, 0), 9)
    return cv2.scaleAdd(cv2.resize(glow, (WIDTH, HEIGHT)), 3.0, picture)


def _lighthouse(picture: Picture, flash: float) -> None:
    """Stand a lighthouse on its rock."""
    rock = [
        (860, 640),
        (905, 560),
        (950, 528),
        (1000, 520),
        (1060, 526),
        (1120, 566),
        (1190, 600),
        (1280, 610),
        (1280, 720),
        (860, 720),
    ]
    cv2.fillPoly(picture, [_fixed(rock)], (14, 16, 20), cv2.LINE_AA, SUBPIXEL)
    for floor in range(5):
        y0, y1 = 520 - 34 * floor, 520 - 34 * (floor + 1)
        half0, half1 = 28 - 2.2 * floor, 28 - 2.2 * (floor + 1)
        wall = np.array((142, 40, 40) if floor % 2 else (150, 152, 156)) * (0.34 + 0.5 * flash)
        tower = [(1016 - half0, y0), (1016 + half0, y0), (1016 + half1, y1), (1016 - half1, y1)]
        cv2.fillPoly(picture, [_fixed(tower)], wall.tolist(), cv2.LINE_AA, SUBPIXEL)
    cv2.rectangle(picture, (1000, 304), (1032, 350), (28, 28, 32), -1)
    cv2.rectangle(picture, (1004, 309), (1028, 330), (255, 236, 180), -1)
    cv2.fillPoly(picture, [_fixed([(996, 304), (1016, 280), (1036, 304)])], (24, 20, 24), cv2.LINE_AA, SUBPIXEL)


def _swell(rng: np.random.Generator, depth: float) -> tuple[Picture, Picture, int]:
    """Return one row of waves with foam on its crests, and its top row."""
    wide, high = WIDTH + 340, 230
    x = np.arange(wide)
    long = 90 + 130 * depth
    crest = 46 - (12 + 14 * depth) * (np.abs(np.sin(x / long + depth)) ** 0.7 * 2 - 1) + 5 * np.sin(x / 23 + depth)
    below = np.arange(high)[:, None] - crest
    water = np.array([44, 62, 74.0]) * (1 - 0.45 * depth)
    speckle = _noise(rng, high, wide, cell=(8, 30))
    foam = np.clip(1 - below / (10 + 18 * depth), 0, 1) * np.clip(speckle * 2.6 - 0.75, 0, 1)
    shade = (1.25 - 0.5 * np.clip(below / 120, 0, 1) + 0.35 * (speckle - 0.5))[..., None]
    colours = water * shade * (1 - foam[..., None]) + np.array([206, 216, 220.0]) * foam[..., None]
    return *_layer(colours.astype(np.float32), np.clip(below, 0, 1).astype(np.float32)), int(520 + 60 * depth)


def _stars(sky: Picture, rng: np.random.Generator, horizon: int) -> None:
    for x, y, bright in zip(
        rng.uniform(0, WIDTH, 320), rng.uniform(0, horizon - 20, 320), rng.uniform(0, 1, 320), strict=True
    ):
        at = _fixed((x, y)).tolist()
        cv2.circle(
            sky, at, int((0.5 + 0.9 * bright**6) * 2**SUBPIXEL), (200 + 40 * bright,) * 3, -1, cv2.LINE_AA, SUBPIXEL
        )


def _water(rng: np.random.Generator, horizon: int) -> tuple[Plane, Plane, Plane, Plane]:
    """Return ripples that tile, which of them is seen at each pixel of the water, and how bright the moon's path is."""
    size = 1024
    ripples = _noise(rng, size, size, cell=(28, 90), octaves=4)
    y, x = np.mgrid[1 : HEIGHT - horizon + 1, 0:WIDTH].astype(np.float32)
    far = 6000 / (y + 14)
    across = ((x - 800) * far / 110 + 512) % size
    width = 60 + y * 0.55
    path = np.exp(-(((x - 800) / width) ** 2)) * 1.5 + 0.2 * np.exp(-(((x - 800) / (5 * width)) ** 2))
    return (
        (np.clip(ripples * 2.6 - 1.05, 0, 1) * 255).astype(np.float32),
        across.astype(np.float32),
        (far * 6).astype(np.float32) % size,
        path.astype(np.float32),
    )


def _boat() -> tuple[Picture, Picture]:
    """Return the outline of a small boat on a layer of its own, 600 pixels in."""
    outline = np.zeros((120, WIDTH * 2), np.uint8)
    left = 900
    for part in (
        [(left, 92), (left + 100, 92), (left + 84, 112), (left + 16, 112)],
        [(left + 52, 4), (left + 52, 84), (left + 96, 84)],
        [(left + 47, 14), (left + 47, 84), (left + 14, 84)],
    ):
        cv2.fillPoly(outline, [_fixed(part)], 255, cv2.LINE_AA, SUBPIXEL)
    colours = np.empty((*outline.shape, 3), np.float32)
    colours[:] = (10, 14, 30)
    return _layer(colours, (outline / 255).astype(np.float32))


def _rays() -> Picture:
    """Return sun rays in two warm colours, large enough to turn under the picture."""
    side = WIDTH + 80
    y, x = np.mgrid[-side / 2 : side / 2, -side / 2 : side / 2].astype(np.float32)
    angle, r = np.arctan2(y, x), np.hypot(x, y)
    edge = np.clip(np.sin(angle * 9) * r * 0.11 + 0.5, 0, 1)[..., None]
    outward = np.clip(r / (side * 0.55), 0, 1)[..., None]
    light = np.array([255, 244, 150.0]) * (1 - outward) + np.array([255, 206, 60.0]) * outward
    deep = np.array([255, 214, 84.0]) * (1 - outward) + np.array([255, 150, 40.0]) * outward
    return _bytes(light * edge + deep * (1 - edge))


def circle() -> NDArray[np.float64]:
    """Return the outline of a circle; like its siblings about two units wide, around the origin."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.stack([np.cos(angles), np.sin(angles)], -1)


def box() -> NDArray[np.float64]:
    return np.array([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])


def triangle() -> NDArray[np.float64]:
    return np.array([(0, -1.05), (1.1, 0.9), (-1.1, 0.9)])


def star() -> NDArray[np.float64]:
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    reach = np.where(np.arange(10) % 2, 0.5, 1.15)
    return np.stack([np.cos(angles) * reach, np.sin(angles) * reach], -1)


def _bounce(
    picture: Picture,
    shape: Callable[[], NDArray[np.float64]],
    colour: tuple[int, int, int],
    x: float,
    beat: float,
    i: int,
) -> None:
    """Draw a shape at one moment of its bounce, squashed on the floor (`beat` 0 and 1), with its shadow."""
    up = 4 * beat * (1 - beat)
    squash = 1 - 0.32 * max(0.0, 1 - up * 5)
    size, floor = 88.0, 610.0
    lean = 0.24 * np.sin(i / 9 + x)
    spin = np.array([(np.cos(lean), -np.sin(lean)), (np.sin(lean), np.cos(lean))])
    stretch = np.array([size * (2 - squash) ** 0.8, size * squash])
    outline = shape() @ spin.T * stretch + (x, floor - size * squash - 330 * up)
    shadow = circle() * (size * (1.15 - 0.45 * up), 17 - 6 * up) + (x, floor + 14)
    patch = picture[560:680]
    shade = patch.copy()
    cv2.fillPoly(shade, [_fixed(shadow - (0, 560))], (196, 110, 20), cv2.LINE_AA, SUBPIXEL)
    cv2.addWeighted(shade, 0.75 - 0.4 * up, patch, 0.25 + 0.4 * up, 0, patch)
    cv2.fillPoly(picture, [_fixed(outline)], colour, cv2.LINE_AA, SUBPIXEL)
    light = tuple(min(255, c + 70) for c in colour)
    shine = circle() * (size * 0.20, size * 0.13) + outline.mean(0) - (size * 0.28, size * 0.36 * squash)
    cv2.fillPoly(picture, [_fixed(shine)], light, cv2.LINE_AA, SUBPIXEL)


def _confetto(picture: Picture, flake: NDArray[np.float64], i: int, colour: NDArray[np.int64]) -> None:
    """Draw one falling piece of paper; `flake` holds its place, pace, spin, size and sway as shares of 0-1."""
    x, y, pace, spin, size, _ = flake
    top = (y * 900 + i * (4 + 6 * pace)) % 900 - 90
    along = x * WIDTH + 40 * np.sin(i / (8 + 8 * spin) + 6.28 * size)
    turn, tilt = i * (0.05 + 0.25 * spin) + 6.28 * x, np.cos(i * (0.12 + 0.2 * pace) + 6.28 * y)
    a, b = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)]) * tilt
    w, h = 7 + 7 * size, 5 + 5 * size
    corners = np.array([a * w + b * h, a * w - b * h, -a * w - b * h, -a * w + b * h]) + np.array([along, top])
    cv2.fillConvexPoly(picture, _fixed(corners), (colour * (0.7 + 0.3 * abs(tilt))).tolist(), cv2.LINE_AA, SUBPIXEL)
