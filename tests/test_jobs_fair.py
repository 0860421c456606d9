"""Whose turn it is: nobody starves, and nobody waits behind another's two hundred clips."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.fair import left_s, next_up, place, places, turns, work_s
from storage.records import Waiting


def line(
    *jobs: tuple[str, str], in_flight: dict[str, int] | None = None, served: dict[str, float] | None = None
) -> Waiting:
    """Jobs as (id, person), in the order in which they came."""
    came = tuple((job, person, float(number), False) for number, (job, person) in enumerate(jobs))
    return Waiting(came, in_flight or {}, served or {})


MANY = [(f"a{number}", "A") for number in range(200)]


@pytest.mark.parametrize("at_work", [{}, {"A": 1}, {"A": 2, "B": 1}])
def test_two_hundred_jobs_in_front_cost_another_person_one_place(at_work: dict[str, int]) -> None:
    assert place(line(*MANY, ("b", "B"), in_flight=at_work), "b") in (1, 2)


def test_people_take_turns_and_each_one_s_oldest_comes_first() -> None:
    waiting = line(("a1", "A"), ("a2", "A"), ("a3", "A"), ("b1", "B"), ("c1", "C"), ("b2", "B"))
    assert list(turns(waiting)) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_has_fewer_at_work_comes_first() -> None:
    assert list(turns(line(("a", "A"), ("b", "B"), in_flight={"A": 1}))) == ["b", "a"]


def test_who_has_gone_unserved_longer_comes_first() -> None:
    assert list(turns(line(("a", "A"), ("b", "B"), served={"A": 90.0, "B": 50.0}))) == ["b", "a"]


def test_who_came_while_another_was_served_comes_first() -> None:
    waiting = Waiting((("a", "A", 10.0, False), ("b", "B", 60.0, False)), {}, {"A": 70.0})
    assert list(turns(waiting)) == ["b", "a"]


def test_new_people_do_not_pass_those_who_wait() -> None:
    waiting = Waiting((("a", "A", 10.0, False), ("n", "N", 60.0, False)), {}, {"A": 50.0})
    assert list(turns(waiting)) == ["a", "n"]


def test_nobody_gets_more_slots_than_is_set() -> None:
    assert next_up(line(*MANY), free=8, most_each=2) == ["a0", "a1"]
    assert next_up(line(*MANY, in_flight={"A": 2}), free=8, most_each=2) == []
    assert next_up(line(*MANY, ("b", "B"), in_flight={"A": 1}), free=8, most_each=2) == ["b", "a0"]


def test_no_slot_no_job() -> None:
    assert next_up(line(*MANY), free=0) == []


@given(st.lists(st.sampled_from("ABCDE"), max_size=60), st.dictionaries(st.sampled_from("ABCDE"), st.integers(0, 5)))
def test_every_job_has_one_place(people: list[str], at_work: dict[str, int]) -> None:
    waiting = line(*((f"{n}", person) for n, person in enumerate(people)), in_flight=at_work)
    assert sorted(places(waiting).values()) == list(range(1, len(people) + 1))
    assert list(places(waiting)) == list(turns(waiting))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from("ABCD"), min_size=1, max_size=12), st.integers(1, 4), st.integers(1, 3))
def test_nobody_starves(orders: list[str], slots: int, lasts: int) -> None:
    """Though new people fill all slots by themselves, for ever, each job of those who wait is begun."""
    clock = count()
    waiting: dict[str, tuple[str, float]] = {}
    at_work: list[tuple[int, str]] = []
    served: dict[str, float] = {}
    newcomer = count()
    for number, person in enumerate(orders):
        waiting[f"j{number}"] = (person, float(next(clock)))
    mine = set(waiting)
    for round_ in range(len(orders) * (len(orders) + 2) * lasts):
        if not mine & waiting.keys():
            return
        for _ in range(slots if round_ % lasts == 0 else 0):
            waiting[f"n{next(newcomer)}"] = (f"stranger {next(newcomer)}", float(next(clock)))
        for until, person in at_work:
            if until == round_:
                served[person] = float(next(clock))
        at_work = [(until, person) for until, person in at_work if until > round_]
        flying: dict[str, int] = {}
        for _, person in at_work:
            flying[person] = flying.get(person, 0) + 1
        seen = Waiting(tuple((job, person, at, False) for job, (person, at) in waiting.items()), flying, served)
        for job in next_up(seen, free=slots - len(at_work), most_each=2):
            person, _ = waiting.pop(job)
            served[person] = float(next(clock))
            at_work.append((round_ + lasts, person))
    raise AssertionError(f"{sorted(mine & waiting.keys())} starve")


PACE = [(10.0, 5.0), (12.0, 6.0), (60.0, 30.0), (58.0, 28.0)] * 5


def test_a_guess_is_made_from_clips_of_the_same_length() -> None:
    assert work_s(PACE, 11.0) in (5.0, 6.0)
    assert work_s(PACE, 60.0) in (28.0, 30.0)
    assert work_s([], 60.0) is None


def test_the_time_left_counts_what_is_in_front() -> None:
    pace = [(10.0, 20.0)] * 5
    assert left_s(pace, slots=2, shares=[0.5], place=1) == 20  # a slot is free
    assert left_s(pace, slots=1, shares=[0.5], place=1) == 30
    assert left_s(pace, slots=2, shares=[0.5, 0.5], place=3) == pytest.approx(50)
    assert left_s(pace, slots=2, share=0.75) == 5
    assert left_s([], slots=2, share=0.75) is None
    assert left_s(pace, slots=0, place=1) is None


def test_a_clip_longer_than_all_before_it_tells_by_its_own_pace() -> None:
    """Six minutes of film said "about 10 s left" for a minute and a half, by the pace of clips of ten seconds."""
    pace = [(10.0, 20.0)]
    assert left_s(pace, slots=1, clip_s=360.0, share=0.6, passed_s=150.0) == pytest.approx(100.0)
    assert left_s(pace, slots=1, clip_s=10.0, share=0.6, passed_s=3.0) == pytest.approx(8.0)  # taken up again
    assert left_s(pace, slots=1, clip_s=10.0, share=0.01, passed_s=3.0) == pytest.approx(19.8)
