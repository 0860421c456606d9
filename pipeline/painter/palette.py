"""The colours of one picture: its hour's, bent by weather and mood, and drawn into the family of the film's own five.

Colours are BGR float32, 0-1, as displayed; they are mixed and changed in Oklab, where steps look even and hues hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.painter.canvas import Colour
from pipeline.storyboard import Hour, Picture, StyleSheet, Weather


@dataclass(frozen=True)
class Palette:
    """What each colour is for."""

    zenith: Colour  #: the sky at the top
    sky: Colour  #: the sky half way down
    horizon: Colour  #: the sky where it meets the land
    glow: Colour  #: the air around the sun or moon
    light: Colour  #: sun, moon, lamps, lit edges: the lightest
    haze: Colour  #: what distant things melt into
    shade: Colour  #: middle ground in shadow
    ink: Colour  #: the foreground: the darkest
    accent: Colour  #: one small thing that stands out
    hour: Hour = "day"
    contrast: float = 1.0  #: 0.7-1.3, from arousal: how hard light and shade stand against each other

    def at(self, far: float, *, near: Colour | None = None) -> Colour:
        """Return the colour of land at a distance, 0 right here to 1 melted into the haze."""
        near = self.ink if near is None else near
        if far < 0.5:
            return mix(near, self.shade, far * 2)
        return mix(self.shade, self.haze, far * 2 - 1)

    def veiled(self, colour: Colour, far: float) -> Colour:
        """Return a thing's own colour as it looks from a distance, 0-1."""
        return mix(colour, self.haze, far)


# zenith, sky, horizon, glow, light, haze, shade, ink, accent
_ROWS: dict[Hour, tuple[str, ...]] = {
    "dawn": (
        "3b5b8c 8f9fc4 f6c7b0 ffdca8 fff3d6 d9b9bd 6a5f8a 1f2440 e8746a",
        "46769b a8c3c9 fbdcb4 ffc58a fff0cf d8d0c0 5b7489 1b2c3b ef8354",
        "4a4a87 9a86bd f4b9c0 ffd3a6 fff1dd d3aec6 5a4c86 1d1838 f07a8c",
        "2f6a7a 86b3ae f7d9b2 ffd08c fff2d2 bfcdbb 47757a 142b33 f2795a",
    ),
    "day": (
        "1f6fb8 5fa8dc d3ecf2 fff2cf fffaea b4d6e6 3f7090 12303a f2b134",
        "15708f 55b3bd e2f1dc fff0be fffbe6 b9dcd3 2f7377 0f2f30 ff7f50",
        "4f86b5 95bfd8 eef0e2 ffe9bd fff8e8 c6d8da 557f93 1c3540 d9594c",
        "2458a6 6f9fe0 f3e3d3 ffeac4 fffaf0 c9cfe0 4d6a9c 172548 ff6b6b",
    ),
    "dusk": (
        "5b2a57 c2434f ff9a4d ffc861 ffeeb0 e8825a 7a2a45 1c0e1f ffd166",
        "1f1f4f 6a3d8a f57d7a ffb56b ffe9c2 c7749a 4b2c66 120f2a ff5d8f",
        "12354a 3f7180 f3b06b ffc97a fff0c4 b99a7c 2b4a58 0b1a22 f26b3a",
        "2b1b4d 8c3a74 ff8c61 ffd07a fff0c8 d47a86 5a2860 150c28 7ae0d6",
    ),
    "night": (
        "060d24 10244d 2f5a86 9fc6e8 eef6ff 284d76 14294a 040814 ffd27a",
        "041720 0b3442 2c7076 a8e0d4 f0fff8 24595f 0d3340 020c10 ffb45e",
        "0d0828 2a1a5a 6a4a98 cdb6f0 fbf3ff 50397a 241a50 070416 7be0ff",
        "0a0f1e 1c2c48 4c6178 c9d4da fafcff 3c5066 1a2a40 05080f ff8f6b",
    ),
}

# how far each weather takes colours: towards grey, towards the haze, lightness of the sky, chroma
_AIR: dict[Weather, tuple[float, float, float]] = {  # grey, veil, lightness
    "clear": (0.0, 0.0, 0.0),
    "clouds": (0.18, 0.06, 0.0),
    "rain": (0.45, 0.22, -0.07),
    "snow": (0.38, 0.30, -0.02),
    "fog": (0.38, 0.48, -0.07),
    "storm": (0.45, 0.12, -0.14),
}


def palette(picture: Picture, style: StyleSheet, rng: np.random.Generator) -> Palette:
    """Return the colours of a picture; the hour says how light it is, a film's own colours to which hues all lean."""
    choice = int(rng.integers(len(_ROWS[picture.hour])))
    five = picture.palette or style.palette
    if len(five) >= 2:
        family = _family(five, style.palette, picture.hour)
        rows = [_from_row(row, picture.hour) for row in _ROWS[picture.hour]]
        base = _grounded(changed(min(rows, key=lambda row: _strange(row, family)), family.adopt), five[0])
        return _in_mood(_in_air(base, picture.weather, grey=0.8), 0.5 * picture.valence, 0.6 * picture.arousal)
    base = _from_row(_ROWS[picture.hour][choice], picture.hour)
    return _in_mood(_in_air(base, picture.weather, grey=1.0), picture.valence, picture.arousal)


def from_hex(text: str) -> Colour:
    """Return the colour of "#rrggbb"."""
    text = text.removeprefix("#")
    return np.array([int(text[place : place + 2], 16) / 255 for place in (4, 2, 0)], np.float32)


def to_hex(colour: Colour) -> str:
    """Return "#rrggbb" of a colour."""
    return "#" + "".join(f"{round(255 * float(part)):02x}" for part in colour[::-1])


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Return a colour between two, `share` of the way to the other."""
    lab = to_oklab(one) * (1 - share) + to_oklab(other) * share
    return from_oklab(lab)


def lighter(colour: Colour, amount: float) -> Colour:
    """Return the colour lighter (or darker, below 0) by an amount of Oklab lightness, 0-1."""
    lab = to_oklab(colour)
    lab[0] = np.clip(lab[0] + amount, 0, 1)
    return from_oklab(lab)


def vivid(colour: Colour, factor: float) -> Colour:
    """Return the colour with its chroma times `factor`."""
    return from_oklab(to_oklab(colour) * np.array([1, factor, factor]))


def turned(colour: Colour, degrees: float) -> Colour:
    """Return the colour with its hue turned."""
    light, green, blue = to_oklab(colour)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return from_oklab(np.array([light, green * cos - blue * sin, green * sin + blue * cos]))


def brightness(colour: Colour) -> float:
    """Return Oklab lightness, 0-1."""
    return float(to_oklab(colour)[0])


def ramp(stops: Sequence[tuple[float, Colour]], steps: int) -> NDArray[np.float32]:
    """Return (steps, 3) colours from the first stop's value to the last's, mixed in Oklab."""
    places = np.linspace(stops[0][0], stops[-1][0], steps)
    labs = np.stack([to_oklab(colour) for _, colour in stops])
    at = [value for value, _ in stops]
    lab = np.stack([np.interp(places, at, labs[:, axis]) for axis in range(3)], axis=-1)
    return from_oklab(lab)


_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)  # linear RGB to cone responses, after Ottosson's definition of Oklab
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LMS, _FROM_LAB = np.linalg.inv(_TO_LMS), np.linalg.inv(_TO_LAB)


def to_oklab(colour: ArrayLike) -> NDArray[np.float64]:
    """Return (..., 3) lightness, green-red, blue-yellow of BGR colours."""
    rgb = np.clip(np.asarray(colour, np.float64)[..., ::-1], 0, 1)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def from_oklab(lab: ArrayLike) -> NDArray[np.float32]:
    """Return BGR colours of Oklab ones, clipped to what a screen can show."""
    linear = np.clip((np.asarray(lab, np.float64) @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T, 0, 1)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.clip(rgb, 0, 1)[..., ::-1], np.float32)


def _from_row(row: str, hour: Hour) -> Palette:
    zenith, sky, horizon, glow, light, haze, shade, ink, accent = (from_hex(text) for text in row.split())
    return Palette(zenith, sky, horizon, glow, light, haze, shade, ink, accent, hour=hour)


#: of the way to the family's nearest hue; a family of one hue means it, and a night is blue before all else
_PULL, _NARROW_PULL, _NIGHT_PULL = 0.5, 0.85, 0.3
_NARROW = 0.92  # how much of a family's colour points one way (0-1) for that
_LIKE_LIGHT = 1.2  # radians of hue that a whole step of lightness counts: lights lean to lights, shadows to shadows
_ORDINARY = 0.07  # Oklab chroma of a family that leaves an hour as colourful as it is
_RICHEST = 1.4  # times as colourful as the hour is by itself, however gaudy the film's five are
_SICKLY = math.radians(108), math.radians(172)  # greens that no sky and no skin has unless they are asked for


@dataclass(frozen=True)
class _Family:
    """What the film's own colours do to all others."""

    hues: tuple[tuple[float, float], ...]  #: radians, and Oklab lightness; without those that are nearly grey
    pull: float  #: 0-1: how far hues lean to the nearest of these
    chroma: float  #: times as colourful; 0 for black and white
    lift: float  #: of Oklab lightness

    def turn(self, hue: float, light: float) -> float:
        """Return how far it is to the nearest of the family's hues that is about as light, radians."""
        ways = [(math.remainder(own - hue, math.tau), abs(its - light)) for own, its in self.hues]
        return min(ways, key=lambda way: abs(way[0]) + _LIKE_LIGHT * way[1], default=(0.0, 0.0))[0]

    def toward(self, hue: float, light: float) -> float:
        """Return where a hue leans; on its way it stops before a green that the family has not."""
        leant = hue + self.pull * self.turn(hue, light)
        if not sickly(leant) or any(sickly(own) for own, _ in self.hues):
            return leant
        return hue if sickly(hue) else min(_SICKLY, key=lambda edge: abs(math.remainder(edge - hue, math.tau)))

    def adopt(self, colour: Colour) -> Colour:
        """Return an hour's colour as this family has it."""
        light, green, blue = to_oklab(colour)
        # shadows never glow: they take no more colour than they have
        richer = self.chroma if self.chroma < 1 else 1 + (self.chroma - 1) * min(1.0, max(0.0, 2.5 * light - 0.75))
        hue, chroma = math.atan2(blue, green), math.hypot(green, blue) * richer
        hue = self.toward(hue, light)
        # the darkest and the lightest stay where they are: neither night nor sun is a matter of taste
        light += self.lift * 4 * light * (1 - light)
        return from_oklab(np.array([light, chroma * math.cos(hue), chroma * math.sin(hue)]))


def sickly(hue: float) -> bool:
    """Return whether a hue in Oklab, radians, is a green that needs a reason."""
    return _SICKLY[0] < hue % math.tau < _SICKLY[1]


def _family(five: Sequence[str], whole: Sequence[str], hour: Hour) -> _Family:
    """Return what five colours do; they lift as far as they are lighter than the whole film's."""
    labs = np.stack([to_oklab(from_hex(text)) for text in five])
    chroma = np.hypot(labs[:, 1], labs[:, 2])
    strength = float(chroma.mean())
    hues = tuple(
        (math.atan2(blue, green), float(light))
        for (light, green, blue), own in zip(labs, chroma, strict=True)
        if own > max(0.015, 0.4 * strength)
    )
    whole_light = float(np.mean([brightness(from_hex(text)) for text in whole])) if whole else float(labs[:, 0].mean())
    one_way = float(np.hypot(*labs[:, 1:].sum(axis=0)) / max(chroma.sum(), 1e-6))
    return _Family(
        hues,
        _NARROW_PULL if one_way > _NARROW else _NIGHT_PULL if hour == "night" else _PULL,
        min(_RICHEST, (strength / _ORDINARY) ** 0.6) if hues else 0.0,
        float(labs[:, 0].mean()) - whole_light,
    )


def _grounded(base: Palette, darkest: str) -> Palette:
    """Return the palette with a foreground nearly as dark as the family's darkest."""
    sink = min(0.0, brightness(from_hex(darkest)) - brightness(base.ink))
    return replace(base, ink=lighter(base.ink, 0.7 * sink))


def _strange(row: Palette, family: _Family) -> float:
    """How far an hour's colours are from a family's, the colourful ones above all."""
    far = whole = 0.0
    for colour in (row.zenith, row.sky, row.horizon, row.haze, row.shade):
        light, green, blue = to_oklab(colour)
        chroma = math.hypot(green, blue)
        far += chroma * abs(family.turn(math.atan2(blue, green), light))
        whole += chroma
    return far / whole - 3.0 * whole / 5  # among kin the more colourful one


def changed(palette: Palette, change: Callable[[Colour], Colour]) -> Palette:
    """Return a palette with each of its colours changed."""
    return replace(
        palette,
        zenith=change(palette.zenith),
        sky=change(palette.sky),
        horizon=change(palette.horizon),
        glow=change(palette.glow),
        light=change(palette.light),
        haze=change(palette.haze),
        shade=change(palette.shade),
        ink=change(palette.ink),
        accent=change(palette.accent),
    )


def _in_air(base: Palette, weather: Weather, *, grey: float) -> Palette:
    """Return the palette under a weather; `grey` scales how much colour it costs."""
    dull, veil, lift = _AIR[weather]
    dull *= grey
    if base.hour == "night":
        lift = min(lift, 0.02) * 0.5

    def air(colour: Colour, lifted: float = 1.0) -> Colour:
        return lighter(vivid(colour, 1 - dull), lift * lifted)

    haze = air(mix(base.haze, base.horizon, 0.3))
    thick = {"rain": 0.35, "snow": 0.45, "fog": 0.6, "storm": 0.25, "clouds": 0.12}.get(weather, 0.0)
    return replace(
        base,
        zenith=mix(air(base.zenith), haze, thick * 0.7),
        sky=mix(air(base.sky), haze, thick),
        horizon=mix(air(base.horizon), haze, thick),
        glow=mix(air(base.glow, 0.5), haze, thick * 0.5),
        haze=haze,
        shade=mix(air(base.shade, 0.6), haze, veil),
        ink=mix(base.ink, haze, veil * 0.18),
        accent=vivid(base.accent, 1 - dull * 0.3),
    )


def _in_mood(base: Palette, valence: float, arousal: float) -> Palette:
    """Return the palette in a mood: sad is cooler and paler, wild is harder and more colourful."""
    chroma = 1 + 0.22 * valence + 0.24 * arousal
    warmth = np.array([0.0, 0.010, 0.022]) * valence
    contrast = 1 + 0.15 * arousal

    def mood(colour: Colour) -> Colour:
        lab = to_oklab(colour)
        lab[0] = np.clip(0.5 + (lab[0] - 0.5) * contrast + 0.015 * valence, 0.04, 0.99)
        return from_oklab(lab * np.array([1, chroma, chroma]) + warmth * (0.3 + lab[0]))

    light = base.light  # lamps and suns are what they are
    return replace(changed(base, mood), light=light, contrast=1 + 0.3 * arousal)
