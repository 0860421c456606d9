"""Things in pictures that are not people: birds, boats, cars, trains, houses, trees, balloons; each in a few kinds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.painter.curves import Figure, Outline, Part, Tone, box, curve, limb, oval

_Chance = np.random.Generator


def _parts(outlines: list[Outline], tone: Tone = "ink") -> list[Part]:
    return [Part(outline, tone) for outline in outlines]


def _one_of(kinds: tuple[Callable[[_Chance], Figure], ...], rng: _Chance) -> Figure:
    kind = kinds[int(rng.integers(len(kinds)))]
    return kind(rng).moved(flip=bool(rng.random() < 0.5))


# --- birds ---


def bird(rng: _Chance) -> Figure:
    """Return birds on the wing: a flock of gulls, a few cranes, or a wedge of geese far up."""
    return _one_of((_gulls, _cranes, _wedge), rng)


def _gull(rng: _Chance, span: float) -> list[Outline]:
    """Return one bird gliding, seen from ahead; wings up, level or down."""
    lift, tilt = rng.uniform(-0.25, 0.9), rng.uniform(-0.3, 0.3)
    wings = []
    for side in (-1, 1):
        tip = 0.05 * lift - 0.10
        joints = [(0.0, 0.0), (0.17 * side, 0.07 + 0.09 * lift), (0.33 * side, 0.05 + 0.10 * lift), (0.5 * side, tip)]
        wings.append(limb(joints, (0.085, 0.095, 0.06, 0.006)))
    body = [oval(0.0, -0.005, 0.05, 0.055), limb([(0.0, 0.0), (0.01, -0.065)], (0.075, 0.025))]
    cos, sin = np.cos(tilt), np.sin(tilt)
    return [span * outline @ np.array([[cos, sin], [-sin, cos]]) for outline in (*wings, *body)]


def _gulls(rng: _Chance) -> Figure:
    parts: list[Part] = []
    count = int(rng.integers(7, 14))
    for number in range(count):
        angle, far = number * 2.4 + rng.uniform(-0.4, 0.4), (number / count) ** 0.6
        place = (1.9 * far * np.cos(angle), 0.85 * far * np.sin(angle) + 0.35 * np.cos(angle) * far)
        span = rng.uniform(0.34, 0.5) * (1.5 - far)
        parts += _parts([outline + place for outline in _gull(rng, span)])
    return Figure(tuple(parts), where="sky")


def _wedge(rng: _Chance) -> Figure:
    parts: list[Part] = []
    for number in range(-4, 5):
        place = (abs(number) * -0.42 + 0.8, number * 0.21 + abs(number) * 0.08 + rng.uniform(-0.05, 0.05))
        parts += _parts([outline + place for outline in _gull(rng, 0.58 - 0.03 * abs(number))])
    return Figure(tuple(parts), where="sky")


def _crane(rng: _Chance) -> list[Outline]:
    """Return one crane flying to the right, its neck and legs stretched, one unit long."""
    beat = rng.uniform(-0.35, 1.0)
    near = [(0.02, 0.0), (-0.05, 0.20 * beat + 0.04), (-0.16, 0.42 * beat + 0.06), (-0.30, 0.55 * beat)]
    far = [(0.06, 0.0), (0.06, 0.22 * beat + 0.02), (0.0, 0.46 * beat + 0.05), (-0.06, 0.62 * beat + 0.02)]
    return [
        limb([(-0.18, 0.0), (0.0, -0.005), (0.12, 0.02)], (0.03, 0.12, 0.05)),
        limb([(0.1, 0.015), (0.24, 0.02), (0.40, 0.05)], (0.05, 0.026, 0.022)),
        limb([(0.39, 0.05), (0.43, 0.055), (0.50, 0.045)], (0.034, 0.03, 0.004)),
        limb([(-0.14, 0.0), (-0.32, -0.02), (-0.5, -0.015)], (0.03, 0.014, 0.01)),
        limb(near, (0.13, 0.15, 0.11, 0.012)),
        limb(far, (0.12, 0.13, 0.09, 0.01)),
    ]


def _cranes(rng: _Chance) -> Figure:
    parts: list[Part] = []
    for place, size in (((0.0, 0.0), 1.0), ((-1.0, 0.36), 0.8), ((-0.75, -0.42), 0.7), ((-1.8, 0.1), 0.6)):
        wander = rng.uniform(-0.12, 0.12, 2)
        parts += _parts([outline * size * 0.95 + place + wander for outline in _crane(rng)])
    return Figure(tuple(parts), 0.004, where="sky")


# --- boats ---


def boat(rng: _Chance) -> Figure:
    """Return a boat: under sail, rowed, or with a cabin and a lamp."""
    return _one_of((_sailboat, _rowboat, _trawler), rng)


def _sailboat(rng: _Chance) -> Figure:
    heel = rng.uniform(-0.06, 0.02)
    hull = curve(
        [
            (-1.55, 0.5),
            (-1.55, 0.5),
            (-1.35, 0.02),
            (-1.1, -0.06),
            (0.9, -0.06),
            (1.3, 0.12),
            (1.9, 0.62),
            (1.9, 0.62),
            (0.3, 0.42),
        ]
    )
    main = curve(
        [
            (-0.02, 4.6),
            (-0.02, 4.6),
            (-0.62, 3.0),
            (-1.15, 1.6),
            (-1.4, 0.85),
            (-1.4, 0.85),
            (-0.7, 0.74),
            (-0.02, 0.8),
            (-0.02, 0.8),
        ]
    )
    jib = curve(
        [
            (0.1, 4.1),
            (0.1, 4.1),
            (0.52, 2.8),
            (1.15, 1.6),
            (1.72, 0.8),
            (1.72, 0.8),
            (0.95, 0.84),
            (0.2, 0.95),
            (0.2, 0.95),
        ]
    )
    rig = [limb([(0.03, 0.3), (0.03, 4.75)], (0.07, 0.035)), limb([(0.03, 0.72), (-1.45, 0.78)], (0.05, 0.035))]
    sitter = [oval(-1.0, 0.98, 0.09, 0.12), limb([(-1.0, 0.86), (-1.02, 0.42)], (0.22, 0.26))]
    parts = [Part(main, "cloth"), Part(jib, "second"), *_parts([hull, *rig, *sitter])]
    return Figure(tuple(parts), where="water").moved(turn=heel)


def _rowboat(rng: _Chance) -> Figure:
    hull = curve(
        [
            (-1.3, 0.44),
            (-1.3, 0.44),
            (-0.95, 0.04),
            (-0.6, -0.03),
            (0.6, -0.03),
            (1.0, 0.08),
            (1.45, 0.5),
            (1.45, 0.5),
            (0.8, 0.34),
            (-0.7, 0.32),
        ]
    )
    lean = rng.uniform(-0.08, 0.06)
    shoulder = (-0.15 + lean, 0.9)
    rower = [
        oval(-0.13 + lean * 1.2, 1.08, 0.085, 0.115),
        limb([(-0.1, 0.3), shoulder], (0.27, 0.27)),
        limb([shoulder, (0.05 + lean, 0.72), (0.3, 0.64)], (0.11, 0.09, 0.06)),
        limb([(-0.05, 0.36), (0.25, 0.5), (0.42, 0.3)], (0.18, 0.13, 0.1)),
        limb([(0.38, 0.7), (-0.3, 0.36), (-1.1, -0.1)], (0.035, 0.035, 0.04)),
    ]
    lamp = [limb([(1.2, 0.4), (1.2, 0.86)], (0.03, 0.03))]
    parts = _parts([hull, *rower, *lamp])
    return Figure((*parts, Part(oval(1.2, 0.9, 0.07, 0.08), "lamp")), 0.01, where="water")


def _trawler(rng: _Chance) -> Figure:
    hull = curve(
        [
            (-2.0, 0.75),
            (-2.0, 0.75),
            (-1.9, 0.05),
            (-1.7, -0.08),
            (1.5, -0.08),
            (1.8, 0.2),
            (2.35, 1.25),
            (2.35, 1.25),
            (1.3, 0.86),
            (-0.6, 0.66),
        ]
    )
    back = rng.uniform(-1.0, -0.3)
    cabin = [
        box(back - 0.55, 0.5, back + 0.55, 1.55),
        box(back - 0.68, 1.52, back + 0.66, 1.66),
        box(back - 0.2, 1.6, back + 0.05, 2.0),
    ]
    rig = [limb([(0.95, 0.6), (0.95, 2.9)], (0.08, 0.05)), limb([(0.95, 1.2), (0.1, 2.3)], (0.05, 0.035))]
    lines = [limb([(0.95, 2.85), (2.3, 1.25)], (0.018, 0.018)), limb([(0.95, 2.85), (back, 1.66)], (0.018, 0.018))]
    glass = [box(back - 0.42 + 0.31 * k, 1.08, back - 0.18 + 0.31 * k, 1.38) for k in range(3)]
    parts = [*_parts([hull, *cabin, *rig, *lines]), *_parts(glass, "lamp"), Part(oval(0.95, 2.95, 0.06, 0.06), "lamp")]
    return Figure(tuple(parts), where="water")


# --- cars and trains ---


def car(rng: _Chance) -> Figure:
    """Return a car: a coupe or a camper van from the side, or one that drives away."""
    return _one_of((_coupe, _van, leaving), rng)


def _wheels(*places: float, radius: float = 0.2) -> list[Part]:
    parts: list[Part] = []
    for x in places:
        parts += [Part(oval(x, radius, radius, radius)), Part(oval(x, radius, radius * 0.45, radius * 0.45), "glass")]
    return parts


def _coupe(rng: _Chance) -> Figure:
    low, roof = 0.17, rng.uniform(0.76, 0.84)
    body = curve(
        [
            (-1.32, 0.5),
            (-1.36, 0.3),
            (-1.3, low),
            (-1.3, low),
            (1.3, low),
            (1.3, low),
            (1.38, 0.3),
            (1.32, 0.46),
            (1.18, 0.52),
            (0.62, 0.56),
            (0.28, roof - 0.04),
            (-0.05, roof),
            (-0.45, roof - 0.03),
            (-0.98, 0.57),
            (-1.2, 0.57),
        ]
    )
    glass = [
        curve(
            [
                (-0.12, roof - 0.06),
                (-0.12, roof - 0.06),
                (-0.42, roof - 0.09),
                (-0.76, 0.575),
                (-0.76, 0.575),
                (-0.12, 0.56),
                (-0.12, 0.56),
            ]
        ),
        curve(
            [
                (-0.05, roof - 0.06),
                (-0.05, roof - 0.06),
                (0.24, roof - 0.1),
                (0.47, 0.56),
                (0.47, 0.56),
                (-0.05, 0.56),
                (-0.05, 0.56),
            ]
        ),
    ]
    lamps = [Part(oval(1.31, 0.41, 0.05, 0.055), "lamp"), Part(oval(-1.33, 0.43, 0.035, 0.06), "signal")]
    return Figure((Part(body, "cloth"), *_parts(glass, "glass"), *_wheels(-0.82, 0.82), *lamps))


def _van(rng: _Chance) -> Figure:
    top, low = rng.uniform(1.12, 1.22), 0.2
    body = curve(
        [
            (-1.35, 0.6),
            (-1.38, 0.35),
            (-1.32, low),
            (-1.32, low),
            (1.3, low),
            (1.3, low),
            (1.38, 0.4),
            (1.3, 0.68),
            (1.12, top - 0.08),
            (0.95, top),
            (-1.1, top),
            (-1.28, top - 0.1),
        ]
    )
    panes = [
        curve(
            [
                (x, 0.7),
                (x, 0.7),
                (x, top - 0.13),
                (x, top - 0.13),
                (x + 0.42, top - 0.13),
                (x + 0.42, top - 0.13),
                (x + 0.42, 0.7),
                (x + 0.42, 0.7),
            ]
        )
        for x in (-1.17, -0.66, -0.15)
    ]
    front = curve(
        [(0.37, 0.7), (0.37, 0.7), (0.37, top - 0.13), (0.37, top - 0.13), (0.92, top - 0.13), (1.17, 0.7), (1.17, 0.7)]
    )
    band = box(-1.37, 0.52, 1.34, 0.58)
    load = [limb([(-0.9, top + 0.1), (0.6, top + 0.1)], (0.12, 0.12)), box(-0.95, top - 0.02, 0.65, top + 0.06)]
    lamps = [Part(oval(1.33, 0.5, 0.05, 0.07), "lamp"), Part(oval(-1.36, 0.5, 0.03, 0.07), "signal")]
    carried = _parts(load) if rng.random() < 0.6 else []
    return Figure(
        (
            *carried,
            Part(body, "cloth"),
            Part(band, "second"),
            *_parts([*panes, front], "glass"),
            *_wheels(-0.85, 0.85, radius=0.22),
            *lamps,
        )
    )


def leaving(rng: _Chance) -> Figure:
    """Return a car from behind: two red lamps and a rear window."""
    roof = rng.uniform(0.92, 1.0)
    half = [
        (0.0, roof),
        (0.42, roof - 0.03),
        (0.55, roof - 0.14),
        (0.68, 0.62),
        (0.74, 0.45),
        (0.74, 0.22),
        (0.68, 0.18),
        (0.68, 0.18),
    ]
    body = curve([*half, *[(-x, y) for x, y in reversed(half[1:])]])
    pane = [(0.0, roof - 0.08), (0.4, roof - 0.1), (0.55, 0.62), (0.55, 0.62)]
    window = curve([*pane, *[(-x, y) for x, y in reversed(pane[1:])]])
    tyres = [box(-0.7, 0.0, -0.48, 0.3), box(0.48, 0.0, 0.7, 0.3)]
    lamps = [curve([(s * 0.68, 0.55), (s * 0.68, 0.45), (s * 0.38, 0.45), (s * 0.38, 0.53)]) for s in (-1, 1)]
    return Figure(
        (
            *_parts(tyres),
            Part(body, "cloth"),
            Part(window, "glass"),
            Part(box(-0.2, 0.3, 0.2, 0.4), "second"),
            *_parts(lamps, "signal"),
        )
    )


def train(rng: _Chance) -> Figure:
    """Return a train that comes from far away on one side: an express or a steam engine, windows lit."""
    return _one_of((_express, _steam), rng)


def _carriage(left: float, right: float) -> list[Part]:
    shell = curve(
        [
            (left, 0.35),
            (left, 0.35),
            (left, 1.75),
            (left + 0.15, 1.95),
            (right - 0.15, 1.95),
            (right, 1.75),
            (right, 0.35),
            (right, 0.35),
        ]
    )
    parts = [Part(shell, "cloth"), Part(box(left, 0.62, right, 0.74), "second")]
    count = 7
    pitch = (right - left - 0.5) / count
    for pane in range(count):
        x = left + 0.25 + (pane + 0.16) * pitch
        parts.append(Part(box(x, 1.02, x + pitch * 0.68, 1.55), "lamp"))
    for x in (left + 0.8, right - 0.8):
        parts += _parts([oval(x - 0.3, 0.2, 0.2, 0.2), oval(x + 0.3, 0.2, 0.2, 0.2), box(x - 0.6, 0.2, x + 0.6, 0.36)])
    return parts


def _track(left: float, right: float) -> list[Part]:
    return _parts([box(left, -0.1, right, 0.03), box(left, -0.3, right, -0.18)])


def _express(rng: _Chance) -> Figure:
    nose = curve(
        [
            (-2.4, 0.35),
            (-2.4, 0.35),
            (-2.4, 1.95),
            (-2.4, 1.95),
            (-0.6, 1.95),
            (0.4, 1.75),
            (1.25, 1.15),
            (1.75, 0.6),
            (1.7, 0.35),
            (1.7, 0.35),
        ]
    )
    screen = curve([(0.25, 1.66), (0.25, 1.66), (0.5, 1.62), (1.1, 1.18), (1.1, 1.18), (0.35, 1.2), (0.35, 1.2)])
    panes = [Part(box(-2.15 + 0.62 * k, 1.02, -1.75 + 0.62 * k, 1.55), "lamp") for k in range(3)]
    carriages = [part for k in range(4) for part in _carriage(-2.5 - 6.1 * (k + 1), -2.5 - 6.1 * k - 0.08)]
    wheels = _parts([oval(x, 0.2, 0.2, 0.2) for x in (-1.8, -1.2, 0.2, 0.8)])
    front = [Part(nose, "cloth"), Part(box(-2.4, 0.62, 1.6, 0.74), "second"), Part(screen, "glass")]
    return Figure((*_track(-40, 40), *carriages, *wheels, *front, *panes, Part(oval(1.55, 0.72, 0.09, 0.06), "lamp")))


def _steam(rng: _Chance) -> Figure:
    boiler = [
        limb([(-0.5, 1.15), (1.75, 1.15)], (0.85, 0.85)),
        box(1.35, 1.4, 1.62, 2.15),
        curve(
            [(1.28, 2.1), (1.28, 2.1), (1.24, 2.32), (1.24, 2.32), (1.73, 2.32), (1.73, 2.32), (1.69, 2.1), (1.69, 2.1)]
        ),
        oval(0.45, 1.58, 0.2, 0.2),
        box(-1.6, 0.5, -0.35, 2.0),
        curve([(-1.8, 2.0), (-1.8, 2.0), (-1.0, 2.2), (-0.15, 2.0), (-0.15, 2.0)]),
        box(-1.6, 0.4, 2.1, 0.72),
        curve([(2.0, 0.75), (2.0, 0.75), (2.5, 0.08), (2.5, 0.08), (1.95, 0.08), (1.95, 0.08)]),
    ]
    wheels = [oval(x, 0.36, 0.36, 0.36) for x in (-1.1, -0.25, 0.6)] + [oval(x, 0.2, 0.2, 0.2) for x in (1.4, 1.95)]
    smoke = []
    for puff in range(9):
        far = puff / 8
        smoke.append(
            oval(
                1.45 - 3.6 * far**1.1, 2.6 + 1.1 * far**0.7 + rng.uniform(-0.1, 0.1), 0.22 + 0.5 * far, 0.18 + 0.3 * far
            )
        )
    cab = box(-1.35, 1.3, -0.65, 1.75)
    carriages = [part for k in range(4) for part in _carriage(-1.8 - 5.1 * (k + 1), -1.8 - 5.1 * k - 0.1)]
    return Figure(
        (
            *_track(-40, 40),
            *_parts(smoke, "glass"),
            *carriages,
            *_parts([*boiler, *wheels]),
            Part(cab, "lamp"),
            Part(oval(2.2, 1.15, 0.1, 0.12), "lamp"),
        )
    )


# --- houses, trees, balloons ---


def house(rng: _Chance) -> Figure:
    """Return a house with somebody at home: a cabin, a tall farmhouse, or a lighthouse with its cottage."""
    return _one_of((_cabin, _farmhouse, _lighthouse), rng)


def _window(x: float, y: float, wide: float, high: float) -> list[Part]:
    """Return a lit window with its cross."""
    return [
        Part(box(x - wide / 2, y, x + wide / 2, y + high), "lamp"),
        Part(box(x - 0.025, y, x + 0.025, y + high)),
        Part(box(x - wide / 2, y + high * 0.5 - 0.02, x + wide / 2, y + high * 0.5 + 0.02)),
    ]


def _cabin(rng: _Chance) -> Figure:
    ridge = rng.uniform(2.7, 3.1)
    walls = np.array([(-1.7, -0.15), (1.7, -0.15), (1.7, 1.45), (0.0, ridge - 0.1), (-1.7, 1.45)])
    roof = np.array([(-2.15, 1.2), (0.0, ridge + 0.05), (2.15, 1.2), (2.15, 1.42), (0.0, ridge + 0.3), (-2.15, 1.42)])
    chimney = box(0.75, 1.9, 1.12, 3.15)
    door = box(-0.28, -0.1, 0.34, 1.15)
    parts = [
        Part(chimney),
        Part(walls, "cloth"),
        *_parts([roof, door]),
        *_window(-1.02, 0.5, 0.62, 0.62),
        *_window(1.02, 0.5, 0.62, 0.62),
        *_window(0.0, 1.65, 0.46, 0.46),
    ]
    return Figure((*parts, Part(oval(0.5, 1.22, 0.06, 0.07), "lamp")))


def _farmhouse(rng: _Chance) -> Figure:
    front = np.array([(-2.4, -0.15), (0.2, -0.15), (0.2, 2.5), (-1.1, 4.0), (-2.4, 2.5)])
    wing = box(0.2, -0.15, 2.9, 1.9)
    roofs = [
        np.array([(-2.7, 2.2), (-1.1, 4.1), (0.5, 2.2), (0.5, 2.42), (-1.1, 4.36), (-2.7, 2.42)]),
        np.array([(-0.4, 3.2), (0.2, 1.8), (3.15, 1.8), (2.75, 3.2)]),
        box(1.9, 2.9, 2.3, 3.75),
    ]
    panes = [
        _window(x, y, 0.5, 0.7)
        for x, y in ((-1.75, 0.55), (-0.45, 0.55), (-1.75, 1.75), (-0.45, 1.75), (1.95, 0.55))
        if rng.random() < 0.85
    ]
    attic = Part(oval(-1.1, 3.05, 0.2, 0.24), "lamp")
    door = box(0.7, -0.1, 1.25, 1.15)
    return Figure(
        (
            Part(wing, "second"),
            Part(front, "cloth"),
            *_parts([*roofs, door]),
            attic,
            *[part for pane in panes for part in pane],
        )
    )


def _lighthouse(rng: _Chance) -> Figure:
    tower = np.array([(-0.75, -0.2), (0.75, -0.2), (0.46, 5.4), (-0.46, 5.4)])
    bands = []
    for low in (1.0, 3.0):
        at = [(0.75 - 0.29 * (y + 0.2) / 5.6) for y in (low, low + 1.0)]
        bands.append(np.array([(-at[0], low), (at[0], low), (at[1], low + 1.0), (-at[1], low + 1.0)]))
    gallery = [
        box(-0.72, 5.38, 0.72, 5.5),
        box(-0.44, 5.5, 0.44, 5.6),
        curve([(-0.5, 6.15), (-0.5, 6.15), (0.0, 6.75), (0.5, 6.15), (0.5, 6.15)]),
    ]
    rails = [box(x - 0.02, 5.5, x + 0.02, 5.8) for x in (-0.68, 0.0, 0.68)] + [box(-0.7, 5.78, 0.7, 5.82)]
    cottage = np.array([(0.5, -0.2), (2.6, -0.2), (2.6, 1.1), (0.5, 1.1)])
    roof = np.array([(0.4, 1.05), (2.8, 1.05), (2.35, 1.95), (0.4, 1.95)])
    lamps = [
        Part(box(-0.34, 5.6, 0.34, 6.15), "lamp"),
        *_window(1.6, 0.3, 0.45, 0.5),
        Part(box(-0.1, 2.3, 0.1, 2.65), "lamp"),
    ]
    return Figure(
        (
            Part(cottage, "second"),
            Part(roof),
            Part(tower, "cloth"),
            *_parts(bands, "second"),
            *_parts([*gallery, *rails]),
            *lamps,
        )
    )


def tree(rng: _Chance) -> Figure:
    """Return one tree: broad and in leaf, bare, bent by the wind, or a tall conifer."""
    kind = int(rng.integers(4))
    if kind == 3:
        return _conifer(rng).moved(flip=bool(rng.random() < 0.5))
    wind = 0.55 if kind == 2 else rng.uniform(-0.08, 0.08)
    tips: list[tuple[float, float, float]] = []
    wood: list[Outline] = []
    _branch(rng, (0.0, -0.1), np.pi / 2, 1.7, 0.5, 6, wind, wood, tips)
    roots = curve([(-0.75, -0.15), (-0.32, 0.08), (-0.2, 0.6), (0.2, 0.6), (0.34, 0.08), (0.8, -0.15)])
    parts = _parts([roots, *wood])
    if kind != 1:
        parts += _leaves(rng, tips)
    return Figure(tuple(parts), 0.01).moved(flip=bool(rng.random() < 0.5))


def _branch(
    rng: _Chance,
    at: tuple[float, float],
    angle: float,
    length: float,
    width: float,
    left: int,
    wind: float,
    wood: list[Outline],
    tips: list[tuple[float, float, float]],
) -> None:
    """Grow a branch and what grows out of it; `left` generations to come."""
    bend = angle + rng.uniform(-0.22, 0.22) - wind * 0.3
    middle = (at[0] + np.cos(angle) * length * 0.5, at[1] + np.sin(angle) * length * 0.5)
    end = (middle[0] + np.cos(bend) * length * 0.5, middle[1] + np.sin(bend) * length * 0.5)
    wood.append(limb([at, middle, end], (width, width * 0.8, width * 0.68)))
    if left <= 2:
        tips.append((end[0], end[1], length))
    if left == 0:
        return
    for side in (-1, 1) if rng.random() < 0.75 else (-1, 0.1, 1):
        turn = bend + side * rng.uniform(0.28, 0.62) - wind * 0.25
        turn += (np.pi / 2 - turn) * 0.08  # towards the light
        _branch(rng, end, turn, length * rng.uniform(0.66, 0.86), width * 0.62, left - 1, wind, wood, tips)


def _leaves(rng: _Chance, tips: list[tuple[float, float, float]]) -> list[Part]:
    """Return clumps of leaves around the tips of branches: dark ones behind, lit ones in front."""
    dark, lit = [], []
    for x, y, length in tips:
        size = 0.16 + 0.28 * length
        dark.append(_clump(rng, x, y, size))
        if rng.random() < 0.6:
            lit.append(_clump(rng, x + rng.uniform(-0.1, 0.1), y + size * 0.35, size * 0.62))
    return [*_parts(dark, "leaf"), *_parts(lit, "crown")]


def _clump(rng: _Chance, x: float, y: float, size: float) -> Outline:
    around = np.linspace(0, 2 * np.pi, 11, endpoint=False)
    radius = size * (0.8 + 0.42 * rng.random(11))
    return curve(np.stack([x + radius * np.cos(around), y + 0.72 * radius * np.sin(around)], 1))


def _conifer(rng: _Chance) -> Figure:
    high, outlines = rng.uniform(6.2, 7.6), [limb([(0.0, -0.15), (0.0, 3.0)], (0.34, 0.16))]
    layers = 13
    for layer in range(layers):
        part = layer / (layers - 1)
        top, wide = 0.9 + (high - 0.9) * (part + 0.12), 1.55 * (1 - part) ** 0.85 + 0.1
        low = top - 0.95 + 0.35 * part
        skew = rng.uniform(-0.12, 0.12)
        left, right = wide * rng.uniform(0.85, 1.12), wide * rng.uniform(0.85, 1.12)
        outlines.append(
            curve(
                [
                    (0.0, top),
                    (0.0, top),
                    (-left * 0.45, low + 0.35),
                    (-left, low + skew),
                    (-left, low + skew),
                    (-left * 0.4, low + 0.14),
                    (0.0, low + 0.05),
                    (right * 0.4, low + 0.14),
                    (right, low - skew),
                    (right, low - skew),
                    (right * 0.45, low + 0.35),
                ]
            )
        )
    return Figure(tuple(_parts(outlines)))


def balloon(rng: _Chance) -> Figure:
    """Return a hot-air balloon with its stripes, and often more of them far behind."""
    parts: list[Part] = []
    others = ((-3.2, 1.7, 0.34), (2.7, 2.5, 0.24), (3.6, -0.2, 0.42))
    for x, y, size in others[: int(rng.integers(1, 4))]:
        side = 1 if rng.random() < 0.5 else -1
        small = Figure(tuple(_one_balloon(rng))).moved(by=(x * side, y), scale=size)
        parts += small.parts
    return Figure((*parts, *_one_balloon(rng)), where="sky")


def _one_balloon(rng: _Chance) -> list[Part]:
    side = [(0.0, 3.55), (0.55, 3.45), (1.08, 3.05), (1.26, 2.4), (1.05, 1.65), (0.62, 0.98), (0.3, 0.55), (0.3, 0.55)]
    envelope = curve([*side, *[(-x, y) for x, y in reversed(side[1:])]])
    stripes = []
    for low, high in ((-0.86, -0.5), (-0.18, 0.18), (0.5, 0.86)):
        near = [(x * high, y) for x, y in side]
        stripes.append(curve([near[0], *near, *[(x * low, y) for x, y in reversed(side[1:])]]))
    if rng.random() < 0.5:
        stripes = [
            curve(
                [
                    (-1.22, 2.1),
                    (-1.22, 2.1),
                    (0.0, 1.92),
                    (1.22, 2.1),
                    (1.22, 2.1),
                    (1.25, 2.6),
                    (1.25, 2.6),
                    (0.0, 2.42),
                    (-1.25, 2.6),
                    (-1.25, 2.6),
                ]
            )
        ]
    ropes = [limb([(s * 0.28, 0.56), (s * 0.17, 0.12)], (0.022, 0.022)) for s in (-1, 1)]
    basket = curve(
        [(-0.2, 0.12), (-0.2, 0.12), (-0.17, -0.2), (-0.1, -0.22), (0.1, -0.22), (0.17, -0.2), (0.2, 0.12), (0.2, 0.12)]
    )
    flame = Part(oval(0.0, 0.47, 0.06, 0.12), "lamp")
    return [Part(envelope, "cloth"), *_parts(stripes, "second"), *_parts([*ropes, basket]), flame]
