"""People in pictures, without faces: walkers, dancers, couples; poses by chance, clothes as the wardrobe has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from pipeline.painter.curves import Figure, Outline, Part, Tone, curve, limb, moved, oval
from pipeline.painter.wardrobe import Wardrobe, Wear

_Joints = list[tuple[float, float]]

_ARM = (0.052, 0.044, 0.032, 0.026)
_LEG = (0.105, 0.07, 0.042)
_MELT = 0.006  # heights of a person: armpits and necks become round, fingers stay


@dataclass(frozen=True)
class _Body:
    """A posed body and where clothes hold on to it."""

    outlines: tuple[Outline, ...]
    head: tuple[float, float]
    hand: tuple[float, float]
    shoulder: float
    profile: bool
    sleeves: tuple[Outline, ...] = ()  #: its arms, as a coat covers them


@dataclass(frozen=True)
class _Dance:
    """The joints of a dancer: arms are shoulder, elbow, hand; legs are hip, knee, ankle, toe."""

    head: tuple[float, float]
    neck: tuple[float, float]
    hip: tuple[float, float]
    arms: tuple[_Joints, _Joints]
    legs: tuple[_Joints, _Joints]
    skirt: _Joints


_DANCES = (
    _Dance(  # arabesque
        (0.05, 0.90),
        (0.03, 0.84),
        (-0.03, 0.54),
        ([(0.02, 0.79), (0.14, 0.86), (0.30, 0.95)], [(0.0, 0.79), (-0.13, 0.80), (-0.27, 0.84)]),
        (
            [(-0.02, 0.53), (-0.01, 0.29), (0.0, 0.06), (0.02, 0.0)],
            [(-0.04, 0.54), (-0.25, 0.60), (-0.45, 0.70), (-0.53, 0.735)],
        ),
        [(0.03, 0.58), (0.09, 0.46), (-0.02, 0.41), (-0.16, 0.44), (-0.27, 0.52), (-0.22, 0.62), (-0.08, 0.61)],
    ),
    _Dance(  # leap
        (0.06, 1.02),
        (0.045, 0.96),
        (0.0, 0.66),
        ([(0.04, 0.91), (0.16, 1.0), (0.27, 1.10)], [(0.03, 0.91), (-0.12, 0.94), (-0.26, 0.97)]),
        (
            [(0.02, 0.65), (0.24, 0.64), (0.44, 0.58), (0.53, 0.55)],
            [(-0.02, 0.65), (-0.23, 0.57), (-0.43, 0.56), (-0.52, 0.585)],
        ),
        [(0.05, 0.71), (0.17, 0.66), (0.21, 0.57), (0.08, 0.52), (-0.08, 0.53), (-0.20, 0.53), (-0.14, 0.64)],
    ),
    _Dance(  # on the toes, arms in a ring
        (0.0, 0.965),
        (0.0, 0.90),
        (0.0, 0.59),
        ([(0.075, 0.86), (0.15, 1.0), (0.055, 1.14)], [(-0.075, 0.86), (-0.15, 1.0), (-0.055, 1.14)]),
        (
            [(0.035, 0.58), (0.03, 0.33), (0.012, 0.09), (0.012, 0.0)],
            [(-0.035, 0.58), (-0.135, 0.40), (-0.02, 0.29), (0.012, 0.25)],
        ),
        [(0.06, 0.64), (0.18, 0.53), (0.27, 0.45), (0.10, 0.425), (-0.10, 0.425), (-0.27, 0.45), (-0.18, 0.53)],
    ),
    _Dance(  # a turn, the dress flying
        (-0.02, 0.925),
        (-0.01, 0.86),
        (0.01, 0.54),
        ([(0.085, 0.81), (0.20, 0.87), (0.31, 0.99)], [(-0.085, 0.81), (-0.19, 0.73), (-0.30, 0.67)]),
        (
            [(0.035, 0.53), (0.05, 0.29), (0.03, 0.06), (0.04, 0.0)],
            [(-0.03, 0.53), (-0.07, 0.31), (-0.17, 0.13), (-0.21, 0.08)],
        ),
        [
            (0.06, 0.60),
            (0.17, 0.47),
            (0.34, 0.37),
            (0.26, 0.29),
            (0.10, 0.30),
            (-0.07, 0.26),
            (-0.28, 0.30),
            (-0.38, 0.42),
            (-0.20, 0.49),
        ],
    ),
    _Dance(  # a sway of the hip, one arm high
        (0.055, 0.915),
        (0.03, 0.855),
        (-0.05, 0.53),
        ([(0.10, 0.80), (0.19, 0.93), (0.13, 1.08)], [(-0.07, 0.82), (-0.17, 0.72), (-0.10, 0.60)]),
        (
            [(-0.01, 0.52), (0.07, 0.29), (0.05, 0.06), (0.09, 0.02)],
            [(-0.07, 0.52), (-0.11, 0.28), (-0.13, 0.05), (-0.16, 0.02)],
        ),
        [(0.0, 0.60), (0.06, 0.50), (0.10, 0.33), (-0.02, 0.30), (-0.15, 0.32), (-0.15, 0.48), (-0.10, 0.60)],
    ),
)
_TURNING = _DANCES[3]


def walker(rng: np.random.Generator, *, wet: bool = False, wardrobe: Wardrobe | None = None) -> Figure:
    """Return somebody who walks, or stands and looks into the picture; `wet` gives an umbrella."""
    profile, left = (bool(rng.random() < share) for share in (0.45, 0.5))
    looks = wardrobe.chance if wardrobe else rng
    woman = _is_woman(looks, wardrobe)
    body = _striding(rng, woman) if profile else _standing(rng, woman)
    parts = [*_parts(body.outlines), *_clothes(looks, body, woman, wardrobe)]
    if wet or (wardrobe and wardrobe.worn == "umbrella"):
        dome, *rest = _umbrella(rng, body)
        parts += [Part(dome, _cloth(wardrobe, "umbrella")), *_parts(rest)]
    return Figure(tuple(parts), _MELT).moved(flip=left)


def dancer(rng: np.random.Generator, *, wardrobe: Wardrobe | None = None) -> Figure:
    """Return a dancer in one of a few poses."""
    pose = _DANCES[int(rng.integers(len(_DANCES)))]
    looks = wardrobe.chance if wardrobe else rng
    skirt = bool(looks.random() < 0.8)
    worn = _cloth(wardrobe, "dress", "jacket", "coat")
    parts = _dancing(looks, pose, skirt=skirt or worn != "ink", worn=worn)
    return Figure(tuple(parts), _MELT).moved(flip=bool(rng.random() < 0.5))


def couple(rng: np.random.Generator, *, wardrobe: Wardrobe | None = None) -> Figure:
    """Return two people: hand in hand, leaning on each other, or dancing; a colour is hers."""
    kind = int(rng.integers(3))
    looks = wardrobe.chance if wardrobe else rng
    worn = _cloth(wardrobe, "coat", "dress", "jacket")
    parts = _partners(looks, worn) if kind == 2 else _side_by_side(rng, looks, worn, leaning=kind == 1)
    return Figure(tuple(parts), _MELT).moved(flip=bool(rng.random() < 0.5))


def _is_woman(looks: np.random.Generator, wardrobe: Wardrobe | None) -> bool:
    by_chance = bool(looks.random() < 0.5)
    return by_chance if wardrobe is None or wardrobe.woman is None else wardrobe.woman


def _cloth(wardrobe: Wardrobe | None, *wears: Wear) -> Tone:
    """Return what a garment is painted as: the named colour is that of what is worn, or of all where that is unsaid."""
    if wardrobe is None or wardrobe.colour is None:
        return "ink"
    return "cloth" if (wardrobe.worn is None and wears != ("umbrella",)) or wardrobe.worn in wears else "ink"


def _parts(outlines: Iterable[Outline], tone: Tone = "ink") -> list[Part]:
    return [Part(outline, tone) for outline in outlines]


def _shift(parts: list[Part], by: float, *, scale: float = 1.0, turn: float = 0.0) -> list[Part]:
    return [Part(moved(part.outline, (by, 0.0), scale, turn, False), part.tone) for part in parts]


def _standing(rng: np.random.Generator, woman: bool, *, arms: bool = True) -> _Body:
    """Pose somebody who is seen from behind, the weight on one leg."""
    wide, hip = (0.084, 0.076) if woman else (0.098, 0.072)
    lean, bend = rng.uniform(-0.014, 0.014), rng.uniform(0.005, 0.035)
    half = [(wide * 0.42, 0.838), (wide * 0.9, 0.808), (wide + 0.014, 0.77), (0.078, 0.65), (hip + 0.018, 0.53)]
    torso = [*half, (0.05, 0.47), (-0.05, 0.47), *[(-x, y) for x, y in reversed(half)]]
    outlines = [
        oval(lean * 1.5, 0.928, 0.043, 0.057),
        limb([(lean * 1.4, 0.90), (lean, 0.81)], (0.05, 0.062)),
        curve(torso),
        limb([(-0.045, 0.52), (-0.05, 0.29), (-0.05, 0.045)], _LEG),
        limb([(0.045, 0.52), (0.058 + bend, 0.29), (0.055 + bend, 0.045)], _LEG),
        limb([(-0.05, 0.035), (-0.062, 0.02)], (0.05, 0.042)),
        limb([(0.055 + bend, 0.035), (0.072 + bend, 0.02)], (0.05, 0.042)),
    ]
    hand = (wide + 0.006, 0.45)
    if arms:
        right = [(wide - 0.004, 0.775), (wide + 0.016, 0.64), (wide + 0.012, 0.51), hand]
        outlines += [limb(right, _ARM), limb([(-x, y) for x, y in right], _ARM)]
    return _Body(tuple(outlines), (lean * 1.5, 0.928), hand, wide, False, tuple(outlines[-2:]) if arms else ())


def _striding(rng: np.random.Generator, woman: bool) -> _Body:
    """Pose somebody who walks to the right, seen from the side."""
    pace = rng.uniform(0.85, 1.12)
    outlines = [
        oval(0.022, 0.925, 0.046, 0.06, -0.1),
        limb([(0.012, 0.90), (0.0, 0.80)], (0.05, 0.06)),
        limb([(0.0, 0.80), (0.004, 0.67), (-0.004, 0.53)], (0.105 if woman else 0.122, 0.092, 0.115)),
        limb([(0.0, 0.52), (0.105 * pace, 0.30), (0.15 * pace, 0.055)], _LEG),
        limb([(0.15 * pace, 0.035), (0.205 * pace, 0.035)], (0.042, 0.028)),
        limb([(-0.005, 0.52), (-0.025, 0.29), (-0.16 * pace, 0.10)], _LEG),
        limb([(-0.165 * pace, 0.095), (-0.125 * pace, 0.022)], (0.042, 0.03)),
        limb([(-0.005, 0.785), (-0.075 * pace, 0.655), (-0.07 * pace, 0.53), (-0.055 * pace, 0.48)], _ARM),
        limb([(0.0, 0.785), (0.05 * pace, 0.645), (0.125 * pace, 0.545), (0.155 * pace, 0.515)], _ARM),
    ]
    return _Body(tuple(outlines), (0.022, 0.925), (0.15 * pace, 0.52), 0.06, True, tuple(outlines[-2:]))


def _clothes(looks: np.random.Generator, body: _Body, woman: bool, wardrobe: Wardrobe | None) -> list[Part]:
    """Dress a body: coat, dress, jacket or backpack; hair, hat or hood."""
    wind = float(looks.choice((-1.0, 1.0)))  # as often from every side: chance goes on the same
    wind = -1.0 if body.profile else wind
    by_chance = _worn(looks, woman)
    worn = by_chance if wardrobe is None or wardrobe.worn in (None, "umbrella") else wardrobe.worn
    tone = _cloth(wardrobe, "coat", "dress", "jacket", "backpack")
    garments: dict[Wear | None, Callable[[], Outline]] = {
        "coat": lambda: _coat(looks, body, wind),
        "dress": lambda: _dress(looks, wind),
        "jacket": lambda: _jacket(body),
        "backpack": lambda: _backpack(-0.095 if body.profile else 0.0),
    }
    parts = [Part(garments[worn](), tone)]
    if tone != "ink" and worn in ("coat", "jacket"):
        parts += _parts(body.sleeves, tone)
    if woman:
        parts.append(Part(_hair(looks, body.head, wind)))
    elif looks.random() < 0.3:
        parts += _parts(_hat(body.head))
    return parts


def _worn(looks: np.random.Generator, woman: bool) -> Wear:
    wear = float(looks.random())
    if wear < 0.4 or (not woman and wear < 0.55):
        return "coat"
    return "dress" if wear < 0.65 and woman else "backpack" if wear < 0.85 else "jacket"


def _coat(rng: np.random.Generator, body: _Body, wind: float) -> Outline:
    blown, low, wide = rng.uniform(0.02, 0.10) * wind, rng.uniform(0.20, 0.34), body.shoulder
    left, right = (-0.125 + blown * 0.7, low + 0.02), (0.125 + blown, low + 0.03)
    hem = [left, left, (-0.03 + blown, low - 0.015), (0.05 + blown, low + 0.008), right, right]
    down = [(-0.035, 0.85), (-wide - 0.012, 0.80), (-wide - 0.012, 0.66), (-0.085, 0.56)]
    up = [(0.09, 0.56), (wide + 0.012, 0.66), (wide + 0.012, 0.80), (0.035, 0.85)]
    return curve([*down, *hem, *up])


def _jacket(body: _Body) -> Outline:
    wide = body.shoulder
    side = [(0.04, 0.862), (wide + 0.005, 0.81), (wide + 0.02, 0.66), (0.108, 0.47), (0.108, 0.47)]
    return curve([*side, *[(-x, y) for x, y in reversed(side)]])


def _dress(rng: np.random.Generator, wind: float) -> Outline:
    blown, low = rng.uniform(0.0, 0.14) * wind, rng.uniform(0.16, 0.30)
    left, right = (-0.16 + blown * 0.8, low), (0.17 + blown * 1.4, low + 0.012)
    hem = [
        left,
        left,
        (-0.07 + blown, low - 0.03),
        (0.03 + blown, low + 0.008),
        (0.11 + blown, low - 0.02),
        right,
        right,
    ]
    waist = [(-0.055, 0.66), (-0.085, 0.54), (-0.15 + blown * 0.6, low + 0.05)]
    return curve([*waist, *hem, (0.12 + blown, low + 0.1), (0.085, 0.54), (0.055, 0.66)])


def _hair(rng: np.random.Generator, head: tuple[float, float], wind: float) -> Outline:
    (x, y), blown, low = head, rng.uniform(0.0, 0.12) * wind, rng.uniform(0.70, 0.80)
    left = [(-0.03, y + 0.05), (-0.054, y), (-0.056, y - 0.08), (-0.05 + blown * 0.7, low)]
    right = [(0.05 + blown * 0.9, low + 0.01), (0.055, y - 0.07), (0.054, y), (0.03, y + 0.05)]
    return curve([(x + dx, dy) for dx, dy in (*left, (blown, low - 0.03), *right, (0.0, y + 0.063))])


def _hat(head: tuple[float, float]) -> list[Outline]:
    x, y = head
    brim = limb([(x - 0.085, y + 0.022), (x, y + 0.03), (x + 0.085, y + 0.022)], (0.014, 0.022, 0.014))
    crown = [(-0.05, 0.03), (-0.046, 0.082), (-0.015, 0.088), (0.015, 0.084), (0.046, 0.085), (0.05, 0.03)]
    return [brim, curve([(x + dx, y + dy) for dx, dy in crown])]


def _backpack(x: float) -> Outline:
    side = [(0.062, 0.79), (0.07, 0.70), (0.066, 0.585)]
    left = [(-dx, y) for dx, y in side]
    return curve([(x + dx, y) for dx, y in (*left, (0.0, 0.57), *reversed(side), (0.0, 0.815))])


def _umbrella(rng: np.random.Generator, body: _Body) -> list[Outline]:
    x, hand = body.head[0] + 0.03, (body.hand[0] * 0.5 + 0.03, 0.68)
    side = [(0.27, 0.0), (0.27, 0.0), (0.22, 0.085), (0.11, 0.15)]
    under = [(-0.18, 0.018), (-0.09, 0.0), (-0.09, 0.0), (0.0, 0.02), (0.09, 0.0), (0.09, 0.0), (0.18, 0.018)]
    dome = curve([*[(-dx, y) for dx, y in side], (0.0, 0.17), *reversed(side), *reversed(under)])
    parts = [
        moved(dome, (x, 0.985), 1.0, rng.uniform(-0.16, 0.16), False),
        limb([(x, 1.0), (x, 1.175)], (0.012, 0.009)),
        limb([(x, 1.1), ((x + hand[0]) / 2, 0.86), hand], (0.011, 0.011, 0.013)),
        limb([(body.shoulder * 0.9, 0.785), (body.shoulder + 0.05, 0.67), hand], (0.055, 0.045, 0.034)),
    ]
    return parts


def _dancing(looks: np.random.Generator, pose: _Dance, *, skirt: bool, worn: Tone = "ink") -> list[Part]:
    (hx, hy), (nx, ny), (px, py) = pose.head, pose.neck, pose.hip
    waist = ((nx + px) / 2, (ny + py) / 2 - 0.01)
    body = [
        oval(hx, hy, 0.042, 0.057, -float(np.arctan2(hx - nx, hy - ny))),
        limb([(hx, hy - 0.03), (nx, ny - 0.03)], (0.036, 0.045)),
        limb([pose.arms[0][0], (nx, ny - 0.035), pose.arms[1][0]], (0.05, 0.06, 0.05)),
        *[limb(arm, (0.045, 0.034, 0.018)) for arm in pose.arms],
        *[limb(leg, (0.10, 0.068, 0.04, 0.018)) for leg in pose.legs],
    ]
    dress = [limb([(nx, ny - 0.06), waist, pose.hip], (0.125, 0.085, 0.125))]
    if skirt:
        dress.append(curve(pose.skirt))
    parts = [*_parts(body), *_parts(dress, worn)]
    if looks.random() < 0.5:
        return [*parts, Part(oval(hx - 0.035, hy + 0.045, 0.026, 0.026))]  # a bun
    side = -1 if looks.random() < 0.7 else 1
    flying = [(hx, hy + 0.02), (hx + 0.07 * side, hy), (hx + 0.13 * side, hy - 0.06), (hx + 0.19 * side, hy - 0.07)]
    return [*parts, Part(limb(flying, (0.08, 0.06, 0.04, 0.006)))]


def _partners(looks: np.random.Generator, worn: Tone) -> list[Part]:
    """Return a dancer and who leads her."""
    her = _shift(_dancing(looks, _TURNING, skirt=True, worn=worn), -0.13)
    leader = _standing(looks, False, arms=False)
    his = _shift(_parts([*leader.outlines, _jacket(leader)]), 0.23, scale=1.05)
    lead = limb([(0.14, 0.82), (0.14, 0.91), (0.18, 1.0)], (0.055, 0.042, 0.026))
    hold = limb([(0.33, 0.82), (0.25, 0.70), (0.06, 0.68)], (0.055, 0.046, 0.03))
    return [*her, *his, Part(lead), Part(hold)]


def _side_by_side(rng: np.random.Generator, looks: np.random.Generator, worn: Tone, *, leaning: bool) -> list[Part]:
    one, other = _standing(rng, True), _standing(rng, False)
    gap, tilt = (0.135, -0.045) if leaning else (0.2, 0.0)
    dress = bool(looks.random() < 0.65)
    hers = [*_parts(one.outlines), Part(_dress(looks, -1.0) if dress else _jacket(one), worn)]
    hers.append(Part(_hair(looks, one.head, float(looks.choice((-1.0, 1.0))))))
    his = _parts([*other.outlines, _coat(looks, other, 1.0) if looks.random() < 0.5 else _jacket(other)])
    if leaning:
        touch = limb([(0.11, 0.80), (-0.03, 0.72), (-0.19, 0.70)], (0.055, 0.05, 0.032))
    else:
        touch = limb([(-0.09, 0.46), (0.0, 0.44), (0.07, 0.46)], (0.034, 0.038, 0.034))
    left = _shift(hers, -gap, scale=0.94, turn=tilt)
    right = _shift(his, gap * 0.92, scale=1.02, turn=-tilt * 0.6)
    return [*left, *right, Part(touch)]
