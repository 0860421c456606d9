"""As many at once as memory holds."""

from __future__ import annotations

import pytest

from pipeline import shelf
from pipeline.errors import OverLimit
from pipeline.eye.batches import in_batches


@pytest.mark.parametrize(
    "failure", [MemoryError(), RuntimeError("CUDA out of memory. Tried"), RuntimeError("can't allocate memory")]
)
def test_what_memory_does_not_hold_is_halved(failure: Exception) -> None:
    tried = []

    def work(first: int, end: int) -> range:
        tried.append(end - first)
        if end - first > 3:
            raise failure
        return range(first, end)

    made = in_batches(11, work, most=8)
    assert [number for part in made for number in part] == list(range(11))
    assert tried == [8, 4, 2, 2, 2, 2, 2, 1]


def test_nothing_is_done_for_nothing() -> None:
    assert in_batches(0, lambda first, end: pytest.fail("asked"), most=4) == []


def test_one_that_is_too_much_alone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    dropped = iter([1, 0])
    monkeypatch.setattr(shelf, "drop_others", lambda: next(dropped))
    tried = []

    def work(first: int, end: int) -> None:
        tried.append(first)
        raise MemoryError

    with pytest.raises(OverLimit) as caught:
        in_batches(3, work, most=1)
    assert tried == [0, 0]  # again after the others were put away
    assert caught.value.hint


def test_any_other_failure_is_a_failure() -> None:
    def work(first: int, end: int) -> None:
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        in_batches(3, work, most=2)
