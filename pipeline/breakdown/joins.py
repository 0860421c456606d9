"""How a shot comes in: cut where the music strikes, faded where it is soft, dipped where it turns, seldom whipped."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pipeline.breakdown.passages import Passage
from pipeline.orchestra.chance import dice
from pipeline.storyboard import Chart, Pace, Transition

TURN = 0.25  # of energy lost from one passage to the next: the song turns
SOFT, LOUD = 0.4, 0.7
WHIP_TEMPO = 100.0  # beats per minute: under it a whip is faster than the music
WHIP_APART_S = 9.0  # between two whips; more of them is a slide show from a shop window
FADE_SHARE, FADE_MOST_S = 0.35, 1.2  # of the shorter neighbour
DIP_S, WHIP_S = 1.0, 0.3
LEAST_FADE_S = 0.2  # under it a fade is a blurred cut
CLOSES = ("bridge", "outro", "instrumental")  # parts that a dip leads to when the song comes down


@dataclass(frozen=True)
class Join:
    kind: Transition
    seconds: float = 0.0


@dataclass(frozen=True)
class Seam:
    """Two shots that meet, and where."""

    time: float
    before_s: float  #: length of the shot that ends
    after_s: float  #: length of the shot that begins
    left: Passage
    right: Passage  #: the same passage where the seam lies inside one
    whip_s: float  #: seconds since the last whip


def join(seam: Seam, chart: Chart, *, pace: Pace, seed: int) -> Join:
    """Return how the second shot comes in; never longer than half of either."""
    wanted = _turn(seam) if seam.left is not seam.right else _inside(seam, chart, pace=pace, seed=seed)
    shorter = min(seam.before_s, seam.after_s)
    seconds = {
        "crossfade": min(FADE_MOST_S, FADE_SHARE * shorter),
        "dip": min(DIP_S, 0.5 * shorter),
        "whip": min(WHIP_S, 0.5 * shorter),
        "cut": 0.0,
    }[wanted]
    return Join(wanted, math.floor(1000 * seconds) / 1000) if seconds >= LEAST_FADE_S else Join("cut")


def _turn(seam: Seam) -> Transition:
    """Into another passage: hard where the song rises, dipped where it comes down far or ends a part, else faded."""
    rise = seam.right.energy - seam.left.energy
    if seam.right.part == "chorus" or (rise > 0 and seam.right.energy > SOFT):
        return "cut"
    if rise < -TURN or (seam.right.part in CLOSES and seam.right.energy < LOUD and rise <= 0):
        return "dip"
    return "crossfade" if min(seam.left.energy, seam.right.energy) < LOUD else "cut"


def _inside(seam: Seam, chart: Chart, *, pace: Pace, seed: int) -> Transition:
    energy = (chart.energy_at(seam.time) + seam.right.energy) / 2
    chance = dice(seed, "join", round(seam.time, 3)).random()
    if not chart.rhythmic:
        return "crossfade" if energy < LOUD or chance < 0.6 else "cut"
    if energy < SOFT:
        return "crossfade" if chance < {"calm": 0.9, "normal": 0.7, "quick": 0.4}[pace] else "cut"
    if pace == "calm" and energy < LOUD:
        return "crossfade" if chance < 0.5 else "cut"
    fast = pace != "calm" and chart.tempo is not None and chart.tempo >= WHIP_TEMPO
    if fast and energy > LOUD and seam.right.part == "chorus" and seam.whip_s > WHIP_APART_S and chance < 0.25:
        return "whip"
    return "cut"
