"""The camera's moves: in when the music builds, out at the end, up where it lifts; never twice the same in a row."""

from __future__ import annotations

from pipeline.orchestra.chance import dice
from pipeline.storyboard import Move, Section, Shot, Storyboard

RISE = 0.12  # of energy from a shot's start to its end, or into a part: it builds, or lifts
REACH_S = 6.0  # a shot so long goes as far as it may
STRONGEST, WEAKEST = 0.9, 0.2

_LIVELY: tuple[Move, ...] = ("push", "pan right", "pull", "pan left", "push", "tilt up")
_GENTLE: tuple[Move, ...] = ("drift", "push", "pan left", "pull", "pan right", "tilt down")


def find_moves(board: Storyboard) -> list[tuple[Move, float]]:
    """Return the move of each shot and how far it goes, 0-1; a picture that returns moves another way than before."""
    moves: list[tuple[Move, float]] = []
    last_of: dict[str, Move] = {}
    for i, shot in enumerate(board.shots):
        barred = {last_of.get(shot.picture), moves[-1][0] if moves else None}
        wanted = _wanted(board, i)
        cycle = _LIVELY if board.chart.energy_at(shot.start) > 0.55 else _GENTLE
        turn = i + dice(board.treatment.seed, "moves").randrange(6)
        choices = [*([wanted] if wanted else []), *(cycle[(turn + k) % len(cycle)] for k in range(len(cycle)))]
        free = [move for move in choices if move not in barred]
        move = wanted if wanted and i == len(board.shots) - 1 else free[0]
        last_of[shot.picture] = move
        moves.append((move, _strength(board, shot)))
    return moves


def _wanted(board: Storyboard, i: int) -> Move | None:
    """What the music asks for in this shot; None where anything is as good."""
    shot, chart = board.shots[i], board.chart
    if i == len(board.shots) - 1:
        return "pull"
    if i == 0:
        return "push"
    section = chart.section_at((shot.start + shot.end) / 2)
    if shot.start - 0.5 <= section.start and _lift(board, section) > RISE:
        return "tilt up"
    if chart.energy_at(shot.end) - chart.energy_at(shot.start) > RISE:
        return "push"
    if shot.end >= section.end - 0.5 and section.part in ("outro", "bridge"):
        return "pull"
    return None


def _lift(board: Storyboard, section: Section) -> float:
    """How much louder a section is than the one before it."""
    before = board.chart.section_at(max(0.0, section.start - 0.1))
    return section.energy - before.energy


def _strength(board: Storyboard, shot: Shot) -> float:
    """How far the camera goes: as far as time allows, farther when it is loud."""
    energy = board.chart.energy_at((shot.start + shot.end) / 2)
    reach = min(1.0, shot.length / REACH_S) * 0.5 + energy * 0.4
    return round(min(STRONGEST, max(WEAKEST, reach)), 2)
