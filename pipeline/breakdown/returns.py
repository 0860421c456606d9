"""Which picture each shot shows: a chorus has the same pictures each time, in the same order; a verse has its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pipeline.breakdown.passages import Passage

FEWEST, MOST = 6, 60
SECONDS_EACH = 10.0  # of a short track, for each picture beyond the fewest
SHORT_S, SHORT_MOST, LONG_S = 180.0, 24, 1200.0  # three minutes have 24 pictures, twenty have MOST
#: pictures that a chorus and another part have before the rest is shared out, as far as there are enough
PLENTY = ((4, 2), (4, 1), (2, 1), (1, 1))
CHORUS_WEIGHT = 1.5  # it is what people remember
EAGER = 0.6  # below 1: new pictures come sooner in a passage, the later ones find room to return
THRICE = 3  # a chorus that comes so often ends elsewhere the last time: with one picture that is new
LONG_ENOUGH = 6  # shots of a chorus for that


def count_pictures(duration: float) -> int:
    """Return how many different pictures a film of so many seconds may have."""
    if duration <= SHORT_S:
        return min(SHORT_MOST, FEWEST + int(duration / SECONDS_EACH))
    return min(MOST, SHORT_MOST + int((duration - SHORT_S) / (LONG_S - SHORT_S) * (MOST - SHORT_MOST)))


def share_pictures(passages: Sequence[Passage], counts: Sequence[int], *, most: int) -> list[list[int]]:
    """Return for each passage the numbers of its shots' pictures, from 0 up; `counts` has its number of shots."""
    groups: dict[str, list[int]] = {}
    for i, passage in enumerate(passages):
        groups.setdefault(passage.group, []).append(i)
    shots = {group: max(counts[i] for i in members) for group, members in groups.items()}
    weights = {group: _weight([passages[i] for i in members]) for group, members in groups.items()}
    last = next((at[-1] for at in groups.values() if len(at) >= THRICE and counts[at[-1]] >= LONG_ENOUGH), None)
    given = _allot(shots, weights, most - (last is not None))
    orders = {group: _walk(shots[group], given[group]) for group in groups}
    shown = [orders[passage.group][: counts[i]] for i, passage in enumerate(passages)]
    if last is not None:
        shown[last] = [*shown[last][:-2], most, shown[last][-1]]
    return _renumbered(_apart(passages, shown))


def _allot(shots: Mapping[str, int], weights: Mapping[str, float], most: int) -> dict[str, list[int]]:
    """Give each group pictures by how long it is seen; one that has a single picture borrows its neighbour's last."""
    counts = next((counts for each in PLENTY if sum((counts := _at_least(shots, *each)).values()) <= most), None)
    if counts is None:  # more groups than pictures: they share
        return {group: [i * 2 % max(1, most - 1) + k for k in range(min(2, most))] for i, group in enumerate(shots)}
    spare = most - sum(counts.values())
    share = spare / (sum(weights.values()) or 1.0)
    for group in sorted(shots, key=lambda group: -weights[group]):
        more = min(shots[group] - counts[group], round(share * weights[group]), spare)
        counts[group] += more
        spare -= more
    numbers = iter(range(most))
    given = {group: [next(numbers) for _ in range(count)] for group, count in counts.items()}
    return {group: own if len(own) > 1 else [*own, *_borrowed(group, given)] for group, own in given.items()}


def _at_least(shots: Mapping[str, int], chorus: int, other: int) -> dict[str, int]:
    return {group: min(chorus if group.startswith("chorus") else other, count) for group, count in shots.items()}


def _borrowed(group: str, given: Mapping[str, list[int]]) -> list[int]:
    """The last picture of the part before that is no chorus, else of the one after."""
    names = list(given)
    at = names.index(group)
    near = [name for name in (*reversed(names[:at]), *names[at + 1 :]) if not name.startswith("chorus")]
    return given[near[0]][-1:] if near else [given[name][-1] for name in names if name != group][:1]


def _weight(members: Sequence[Passage]) -> float:
    seconds = sum(passage.length for passage in members) / math.sqrt(len(members))
    return seconds * (CHORUS_WEIGHT if members[0].part == "chorus" else 1.0)


def _walk(shots: int, pictures: Sequence[int]) -> list[int]:
    """Spread pictures over shots: new ones come evenly, in between returns the one that was away longest."""
    order: list[int] = []
    away: list[int] = []  # those that have been seen, the longest away first
    for shot in range(shots):
        due = max(min(2, len(pictures)), math.ceil(len(pictures) * ((shot + 1) / shots) ** EAGER - 1e-9))
        number = pictures[len(away)] if len(away) < due else away.pop(0)
        away.append(number)
        order.append(number)
    return order


def _apart(passages: Sequence[Passage], shown: Sequence[list[int]]) -> list[list[int]]:
    """Exchange the first two pictures of a passage, but of no chorus, where the one before ends on the first."""
    last, done = -1, []
    for passage, row in zip(passages, shown, strict=True):
        if passage.part != "chorus" and len(row) > 1 and row[0] == last:
            other = {row[0]: row[1], row[1]: row[0]}
            row = [other.get(number, number) for number in row]
        done.append(row)
        last = row[-1]
    return done


def _renumbered(shown: Sequence[Sequence[int]]) -> list[list[int]]:
    """Number the pictures as they first come."""
    numbers: dict[int, int] = {}
    for row in shown:
        for number in row:
            numbers.setdefault(number, len(numbers))
    return [[numbers[number] for number in row] for row in shown]
