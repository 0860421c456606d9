"""A film's money."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.errors import BadMedia, Cancelled, OverLimit
from pipeline.purse import PaidFor, Purse, dollars, paid_for


def test_nothing_beyond_the_cap_is_reserved():
    purse = Purse(1.0, spent_usd=0.2)
    purse.reserve(0.5, "A picture")
    with pytest.raises(OverLimit, match=r"A picture costs \$0\.50, and \$0\.30 of \$1\.00 are left\.") as refusal:
        purse.reserve(0.5, "A picture")
    assert refusal.value.hint
    assert purse.spent_usd == pytest.approx(0.7)
    purse.give_back(0.5)
    purse.reserve(0.8, "All that is left")
    assert purse.spent_usd == pytest.approx(1.0)


def test_twenty_times_five_cents_are_a_dollar():
    purse = Purse(1.0)
    for _ in range(20):
        purse.reserve(0.05, "A picture")
    with pytest.raises(OverLimit):
        purse.reserve(0.003, "A picture")


def test_the_cap_holds_whoever_spends():
    purse = Purse(5.0)

    def spend(_: int) -> bool:
        try:
            purse.reserve(0.01, "A picture")
        except OverLimit:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        spent = sum(pool.map(spend, range(2000)))
    assert spent == 500
    assert purse.spent_usd == pytest.approx(5.0)


def test_what_was_spent_earlier_is_counted_even_over_the_cap():
    purse = Purse(0.1)
    purse.count(0.3)
    assert purse.spent_usd == pytest.approx(0.3)
    with pytest.raises(OverLimit, match=r"\$0 of|\$0\.00 of"):
        purse.reserve(0.003, "A picture")


def test_what_costs_nothing_is_always_there():
    Purse(0.0).reserve(0.0, "A picture")


@pytest.mark.parametrize(("usd", "said"), [(0, "$0.00"), (0.003, "$0.003"), (0.25, "$0.25"), (12, "$12.00")])
def test_amounts_are_said_as_people_write_them(usd: float, said: str):
    assert dollars(usd) == said


def test_what_breaks_after_it_was_paid_for_says_so():
    with pytest.raises(PaidFor, match="damaged") as failure, paid_for():
        raise BadMedia("It is damaged.", hint="Try again.")
    assert failure.value.hint == "Try again."
    with pytest.raises(Cancelled), paid_for():
        raise Cancelled("Cancelled.")


def test_who_needs_what_may_come_back_waits_for_it():
    """A picture was painted by the built-in illustrator now and then, though the one before it had cost nothing."""
    purse, got = Purse(0.5), []

    def buy() -> None:
        with purse.lend(0.4, "The second"):
            got.append(purse.spent_usd)

    with purse.lend(0.4, "The first"):
        second = threading.Thread(target=buy)
        second.start()
        second.join(0.1)
        assert got == []
        purse.give_back(0.4)
    second.join(5)
    assert got == [pytest.approx(0.4)]
    with pytest.raises(OverLimit), purse.lend(0.4, "The third"):
        pass
