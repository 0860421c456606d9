"""Things made side by side: bounded, in order, and stopped together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from pipeline import abreast
from pipeline.abreast import make_abreast
from pipeline.errors import Cancelled, Unavailable


def test_so_many_are_made_at_once_and_no_more():
    gate, running, most = threading.Barrier(3, timeout=5), [], []

    def make(number: int, check: Callable[[], None]) -> int:
        running.append(number)
        most.append(len(running))
        gate.wait()
        running.remove(number)
        return number * number

    told: list[int] = []
    made = make_abreast(range(6), make, at_once=3, told=told.append)
    assert made == {number: number * number for number in range(6)}
    assert list(made) == list(range(6))
    assert max(most) == 3
    assert told[0] == 0
    assert told[-1] == 6
    assert told == sorted(told)


def test_what_one_raises_stops_the_others():
    began, stopped = threading.Event(), []

    def make(name: str, check: Callable[[], None]) -> None:
        if name == "bad":
            began.wait(5)
            raise Unavailable("Down.")
        began.set()
        try:
            while True:
                check()
                time.sleep(0.005)
        except Cancelled:
            stopped.append(name)
            raise

    with pytest.raises(Unavailable, match="Down"):
        make_abreast(["long", "bad", "never begun"], make, at_once=2, told=lambda done: None)
    assert stopped[0] == "long"


def test_what_the_listener_raises_stops_all(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(abreast, "LOOK_S", 0.01)
    began = threading.Event()

    def make(name: str, check: Callable[[], None]) -> None:
        began.set()
        while True:
            check()
            time.sleep(0.005)

    def told(done: int) -> None:
        if began.is_set():
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        make_abreast(["one", "other"], make, at_once=2, told=told)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("abreast")]


def test_nothing_to_do_is_done():
    assert make_abreast([], lambda name, check: name, at_once=4, told=lambda done: None) == {}
