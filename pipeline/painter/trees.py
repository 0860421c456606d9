"""Trees, grass, flowers and rocks as outlines, in fractions of the canvas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.painter import brush
from pipeline.painter.canvas import Canvas, Mask, Point

Outline = NDArray[np.float64]  #: (n, 2) fractions across and down


def pine(canvas: Canvas, rng: np.random.Generator, foot: Point, *, tall: float, slim: float = 0.4) -> Outline:
    """Return a conifer: `tall` in shorter sides, boughs drooping from a straight stem."""
    boughs = int(np.clip(9 + tall * 26, 9, 26))
    at = (np.arange(boughs) + 0.4) / boughs
    at = np.clip(at + rng.uniform(-0.25, 0.25, boughs) / boughs, 0.02, 0.98)
    sides = []
    for side in (-1.0, 1.0):
        reach = slim * 0.5 * tall * (0.06 + 0.94 * at**0.85) * rng.uniform(0.62, 1.15, boughs)
        tip = np.stack([side * reach, tall * (at * 0.93 + 0.05 + 0.018 * rng.random(boughs))], -1)
        inner = np.stack([side * reach * rng.uniform(0.28, 0.5, boughs), tall * (at * 0.93 + 0.035)], -1)
        sides.append(np.stack([tip, inner], 1).reshape(-1, 2))
    stem = tall * 0.018
    points = np.concatenate(
        [[[0, 0]], sides[1], [[stem, tall * 0.97], [stem, tall * 1.15], [-stem, tall * 1.15]], sides[0][::-1]]
    )
    return _placed(canvas, points - [0, tall], foot)


def crown(canvas: Canvas, rng: np.random.Generator, foot: Point, *, tall: float, wide: float = 0.8) -> list[Outline]:
    """Return a broadleaf tree: a forked trunk and a crown of leaf masses."""
    trunk = np.array(
        [[-0.035, 0.02], [-0.022, -0.3], [-0.09, -0.55], [0, -0.42], [0.1, -0.58], [0.022, -0.3], [0.04, 0.02]]
    )
    parts = [_placed(canvas, trunk * tall, foot)]
    turn = np.linspace(0, 2 * np.pi, 18, endpoint=False)
    for number in range(64):
        angle, out = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random())
        out = out if number < 24 else 0.86 + 0.2 * rng.random()
        centre = np.array([np.cos(angle) * out * wide * 0.40, -0.68 + np.sin(angle) * out * 0.26])
        size = rng.uniform(0.08, 0.14) if number < 24 else rng.uniform(0.025, 0.055)
        rough = size * (1 + 0.07 * rng.standard_normal(18))
        leaf = centre + np.stack([np.cos(turn) * rough * 1.15, np.sin(turn) * rough], -1)
        parts.append(_placed(canvas, leaf * tall, foot))
    return parts


def poplar(canvas: Canvas, rng: np.random.Generator, foot: Point, *, tall: float) -> Outline:
    """Return a slender column of a tree."""
    up = np.linspace(0, 1, 14)
    half = (
        0.10 * tall * np.sin(np.clip(up * 0.94 + 0.06, 0, 1) * np.pi) ** 0.7 * rng.uniform(0.82, 1.1, (2, 14))
        + 0.006 * tall
    )
    left, right = np.stack([-half[0], -up * tall], -1), np.stack([half[1], -up * tall], -1)
    return _placed(canvas, np.concatenate([left, right[::-1]]), foot)


def cactus(canvas: Canvas, rng: np.random.Generator, foot: Point, *, tall: float) -> list[Outline]:
    """Return a saguaro: a column with one to three raised arms."""
    thick = tall * 0.10
    parts = [_placed(canvas, _rounded([(0, 0.02), (0, -tall)], thick), foot)]
    for number in range(int(rng.integers(1, 4))):
        side = -1 if (number + int(rng.integers(2))) % 2 else 1
        low, out = tall * float(rng.uniform(0.3, 0.55)), side * tall * float(rng.uniform(0.15, 0.22))
        up = tall * float(rng.uniform(0.16, 0.34))
        elbow = [(0, -low), (out * 0.75, -low), (out, -low - tall * 0.06), (out, -low - up)]
        parts.append(_placed(canvas, _rounded(elbow, thick * 0.72), foot))
    return parts


def _rounded(spine: list[tuple[float, float]], thick: float) -> Outline:
    """Return a thick line with a round end."""
    points = np.array(spine)
    along = np.gradient(points, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    normal = np.stack([-along[:, 1], along[:, 0]], -1) * thick / 2
    turn = np.linspace(np.pi / 2, -np.pi / 2, 9)[1:-1]
    end = points[-1] + thick / 2 * (
        np.outer(np.cos(turn), along[-1]) + np.outer(np.sin(turn), normal[-1] / (thick / 2))
    )
    return np.concatenate([points + normal, end, (points - normal)[::-1]])


def flowers(
    canvas: Canvas, rng: np.random.Generator, line: NDArray[np.float32], *, count: int, tall: float
) -> tuple[list[Outline], list[Outline], list[Outline]]:
    """Return stems, heads and hearts of flowers that grow from a line, denser at the sides; some seen from aside."""
    at = _aside(rng.uniform(0, 1, count))
    grown = tall * rng.uniform(0.3, 1.1, count)
    foot = np.interp(at, np.linspace(0, 1, len(line)), line)
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    stems, heads, hearts = [], [], []
    for x, y, high in zip(at, foot, grown, strict=True):
        bend = float(rng.normal(0, 0.22)) * high
        part = np.linspace(0, 1, 9)
        spine = np.stack([bend * part**2.4, -high * part], -1)
        side = np.array([0.0010 + 0.004 * high, 0]) / 2
        stems.append(_placed(canvas, np.concatenate([spine - side, (spine + side)[::-1]]), (x, y)))
        size = (0.007 + 0.048 * high) * float(rng.uniform(0.7, 1.2))
        petals, phase = int(rng.integers(4, 6)), float(rng.uniform(0, 6.28))
        edge = size * (0.86 + 0.17 * np.abs(np.cos(petals / 2 * turn + phase)) + 0.025 * np.sin(7 * turn + 3 * phase))
        squash = float(rng.uniform(0.42, 0.8))
        head = np.stack([np.cos(turn) * edge, np.sin(turn) * edge * squash], -1)
        lean = rng.uniform(-0.5, 0.5)
        head = head @ np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])
        heads.append(_placed(canvas, spine[-1] + head, (x, y)))
        hearts.append(_placed(canvas, spine[-1] + head * 0.26 + [0, size * 0.08], (x, y)))
    return stems, heads, hearts


def _aside(at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places 0-1 pushed away from the middle."""
    out = (at - 0.5) * 2
    return np.asarray(0.5 + 0.54 * np.sign(out) * np.abs(out) ** 0.6)


def blades(
    canvas: Canvas,
    rng: np.random.Generator,
    line: NDArray[np.float32],
    *,
    count: int,
    tall: float,
    lean: float = 0.0,
    aside: bool = False,
    clumps: float = 0.0,
) -> list[Outline]:
    """Return grass that grows from a line, (W,) fractions down: thin bent blades; `aside`: more at the sides."""
    at = rng.uniform(-0.02, 1.02, count)
    if aside:
        at = _aside(at)
    grown = tall * rng.uniform(0.35, 1.0, count) ** 1.5
    if clumps:
        grown *= np.clip(brush.profile(rng, np.clip(at, 0, 1), cells=clumps * 4, octaves=2) * 3.2 - 1.4, 0.02, 1)
    if aside:
        grown *= 0.45 + 0.9 * np.abs(at - 0.5)
    bend = lean + rng.normal(0, 0.28, count)
    foot = np.interp(at, np.linspace(0, 1, len(line)), line) + rng.uniform(0, 0.02, count)
    wide = 0.0022 + 0.02 * grown * rng.uniform(0.5, 1.0, count)
    part = np.array([0.0, 0.35, 0.7, 1.0])
    spine = np.stack([bend[:, None] * grown[:, None] * part**2, -grown[:, None] * part], -1)
    half = np.stack([wide[:, None] * 0.5 * (1 - part), np.zeros((count, 4))], -1)
    both = np.concatenate([spine - half, (spine + half)[:, ::-1]], axis=1)
    return list(both / [canvas.across, canvas.down] + np.stack([at, foot], -1)[:, None])


def trunk(canvas: Canvas, rng: np.random.Generator, foot: Point, *, wide: float, top: float) -> Outline:
    """Return a trunk from its foot to a fraction down: roots spread below, it sways and narrows above."""
    high = (foot[1] - top) * canvas.down
    up = np.linspace(0, 1, 16)
    sway = np.cumsum(rng.normal(0, 0.10, 16)) * wide + float(rng.normal(0, 0.02)) * high * up
    half = wide / 2 * (1 - 0.45 * up + 0.9 * np.exp(-up * high / (wide * 1.1))) * rng.uniform(0.94, 1.06, (2, 16))
    left, right = np.stack([sway - half[0], -up * high], -1), np.stack([sway + half[1], -up * high], -1)
    return _placed(canvas, np.concatenate([left, right[::-1]]), foot)


def boughs(
    canvas: Canvas, rng: np.random.Generator, foot: Point, *, wide: float, count: int, top: float
) -> list[Outline]:
    """Return bare branches of a trunk, pointing up and out, thin at their ends."""
    high = (foot[1] - top) * canvas.down
    parts = []
    for _ in range(count):
        start = float(rng.uniform(0.25, 0.9)) * high
        side, long = float(rng.choice([-1, 1])), wide * float(rng.uniform(1.6, 4.5))
        part = np.linspace(0, 1, 6)
        rise = float(rng.uniform(0.2, 0.9)) * long
        spine = np.stack(
            [side * long * part, -start - rise * part**1.4 + 0.05 * long * rng.standard_normal(6) * part], -1
        )
        half = np.stack([np.zeros(6), wide * 0.13 * (1 - 0.9 * part)], -1)
        parts.append(_placed(canvas, np.concatenate([spine - half, (spine + half)[::-1]]), foot))
    return parts


def birch_marks(canvas: Canvas, rng: np.random.Generator, foot: Point, *, wide: float) -> list[Outline]:
    """Return the dark scars on a birch's trunk."""
    high = foot[1] * canvas.down
    parts = []
    for _ in range(int(9 + high * 5)):
        y, size = -float(rng.uniform(0.02, 1)) * high, wide * float(rng.uniform(0.12, 0.4))
        x = float(rng.choice([-1, 1])) * wide * float(rng.uniform(0.1, 0.36))
        parts.append(
            _placed(canvas, np.array([[x - size, y], [x, y - size * 0.22], [x + size, y], [x, y + size * 0.25]]), foot)
        )
    return parts


def ferns(
    canvas: Canvas, rng: np.random.Generator, line: NDArray[np.float32], *, count: int, tall: float
) -> list[Outline]:
    """Return ferns along a line, at its sides: arching fronds with leaflets in pairs."""
    parts = []
    for x in _aside(rng.uniform(0, 1, count)):
        foot = (float(x), float(np.interp(x, np.linspace(0, 1, len(line)), line)) + 0.01)
        high = tall * float(rng.uniform(0.5, 1.0))
        for lean in rng.uniform(-1.1, 1.1, 5):
            part = np.linspace(0, 1, 45)
            spine = np.stack([lean * high * part, -high * (1.5 * part - 0.75 * part**2)], -1)
            leaf = (
                0.17
                * high
                * np.sin(np.clip(part * 0.9 + 0.1, 0, 1) * np.pi) ** 0.8
                * np.where(np.arange(45) % 2, 1.0, 0.35)
            )
            along = np.gradient(spine, axis=0)
            normal = np.stack([-along[:, 1], along[:, 0]], -1) / np.linalg.norm(along, axis=1, keepdims=True)
            parts.append(
                _placed(
                    canvas,
                    np.concatenate([spine + normal * leaf[:, None], (spine - normal * leaf[:, None])[::-1]]),
                    foot,
                )
            )
    return parts


def rock(canvas: Canvas, rng: np.random.Generator, foot: Point, *, tall: float, wide: float) -> Outline:
    """Return a boulder's outline: flat below, broken above."""
    turn = np.sort(rng.uniform(0, np.pi, 9))
    turn = np.concatenate([[0.0], turn, [np.pi]])
    reach = rng.uniform(0.72, 1.0, len(turn))
    points = np.stack([np.cos(turn) * reach * wide / 2, -np.sin(turn) * reach * tall], -1)
    points = np.concatenate([points, [[-wide / 2, tall * 0.5], [wide / 2, tall * 0.5]]])
    return _placed(canvas, points, foot)


def wood(
    canvas: Canvas,
    rng: np.random.Generator,
    line: NDArray[np.float32],
    *,
    count: int,
    tall: float,
    clumps: float = 6.0,
    slim: float = 0.4,
) -> Mask:
    """Return a conifer wood along a line, (W,) fractions down, with the ground below it; `count`: per shorter side."""
    count = round(count * canvas.across**0.8)
    at = (np.arange(count) + rng.uniform(0.1, 0.9, count)) / count * 1.08 - 0.04
    grown = brush.profile(rng, np.clip(at, 0, 1), cells=clumps, octaves=3)
    sizes = tall * (0.35 + 1.0 * grown) * rng.uniform(0.6, 1.1, count)
    feet = np.interp(at, np.linspace(0, 1, len(line)), line)
    outlines = [
        pine(canvas, rng, (float(x), float(y) + 0.01), tall=float(size), slim=slim)
        for x, y, size in zip(at, feet, sizes, strict=True)
    ]
    return np.maximum(brush.fill(canvas, outlines), brush.below(canvas, line))


def _placed(canvas: Canvas, points: Outline, foot: Point) -> Outline:
    """Return points, given in shorter sides around a foot, as fractions of the canvas."""
    return np.asarray(points / [canvas.across, canvas.down] + np.array(foot))
