"""A film's money."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import BadMedia, Cancelled, OverLimit, Unavailable
from pipeline.purse import PaidFor, Purse, dollars, paid_for, read_book


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


def test_a_purse_with_a_book_goes_on_from_its_sum(tmp_path: Path):
    book = tmp_path / "ledger.jsonl"
    first = Purse(1.0, book=book)
    first.reserve(0.6, "A song")
    first.give_back(0.1, "A song")
    again = Purse(1.0, book=book)
    assert again.spent_usd == pytest.approx(0.5)
    assert [(entry.what, entry.usd) for entry in again.entries] == [("A song", 0.6), ("A song", -0.1)]
    assert again.entries == first.entries
    with pytest.raises(OverLimit):
        again.reserve(0.6, "Another song")
    again.reserve(0.5, "A shorter song")
    assert Purse(1.0, book=book).spent_usd == pytest.approx(1.0)


def test_a_killed_run_has_spent_what_it_reserved(tmp_path: Path):
    book = tmp_path / "ledger.jsonl"
    killed = (
        "import os, sys; from pathlib import Path; from pipeline.purse import Purse\n"
        "purse = Purse(1.0, book=Path(sys.argv[1]))\n"
        "with purse.lend(0.7, 'A song'): os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", killed, book], check=False).returncode == 9
    with pytest.raises(OverLimit), Purse(1.0, book=book).lend(0.7, "The same song"):
        pass


@pytest.mark.parametrize(
    "torn", [b'{"what": "A song", "us', b"\x00\x00\x00", b"[1]", b'{"what": 1, "usd": "much"}', b"7"]
)
def test_a_line_that_was_torn_off_costs_only_itself(tmp_path: Path, torn: bytes):
    book = tmp_path / "ledger.jsonl"
    Purse(1.0, book=book).reserve(0.3, "A song")
    with book.open("ab") as file:
        file.write(torn)
    again = Purse(1.0, book=book)
    assert again.spent_usd == pytest.approx(0.3)
    again.reserve(0.2, "Another song")
    assert Purse(1.0, book=book).spent_usd == pytest.approx(0.5), "a new line begins on a line of its own"


@pytest.mark.parametrize("usd", ["NaN", "Infinity", "-5"])
def test_a_book_never_makes_anybody_richer(tmp_path: Path, usd: str):
    book = tmp_path / "ledger.jsonl"
    book.write_text(f'{{"what": "x", "usd": {usd}, "at": ""}}\n')
    with pytest.raises(OverLimit):
        Purse(1.0, book=book).reserve(1.1, "A song")


def test_words_of_any_kind_are_one_line(tmp_path: Path):
    book = tmp_path / "ledger.jsonl"
    Purse(1.0, book=book).reserve(0.1, 'A "song"\n\u2028{"usd": -9}')
    assert len(book.read_bytes().splitlines()) == 1
    assert read_book(book)[0].what == 'A "song"\n\u2028{"usd": -9}'


def test_what_cannot_be_written_down_is_not_bought(tmp_path: Path):
    purse = Purse(1.0, book=tmp_path / "nowhere" / "ledger.jsonl")
    with pytest.raises(Unavailable, match="cannot be written down") as refusal:
        purse.reserve(0.1, "A song")
    assert refusal.value.hint
    assert purse.spent_usd == 0


def test_what_cannot_be_written_back_counts_as_spent(tmp_path: Path):
    place = tmp_path / "job"
    place.mkdir()
    purse = Purse(1.0, book=place / "ledger.jsonl")
    purse.reserve(0.5, "A song")
    place.rename(tmp_path / "gone")
    purse.give_back(0.5, "A song")
    assert purse.spent_usd == pytest.approx(0.5)
    purse.settle(0.5, 0.6, "A song")
    assert purse.spent_usd == pytest.approx(0.6)


def test_what_it_cost_stands_in_place_of_what_was_reserved():
    purse = Purse(1.0)
    purse.reserve(0.5, "A song")
    purse.settle(0.5, 0.2, "A song")
    assert purse.spent_usd == pytest.approx(0.2)
    purse.reserve(0.5, "Another song")
    purse.settle(0.5, 0.9, "Another song")
    assert purse.spent_usd == pytest.approx(1.1), "more than the cap, but it is spent"


def test_many_hands_write_one_book(tmp_path: Path):
    book = tmp_path / "ledger.jsonl"
    purse = Purse(0.1, book=book)

    def spend(number: int) -> None:
        with contextlib.suppress(OverLimit):
            purse.reserve(0.01, f"Song {number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(spend, range(40)))
    assert len(read_book(book)) == 10
    assert Purse(0.1, book=book).spent_usd == pytest.approx(purse.spent_usd) == pytest.approx(0.1)


def test_what_costs_nothing_is_no_entry(tmp_path: Path):
    Purse(0.0, book=tmp_path / "ledger.jsonl").reserve(0.0, "A song of one's own")
    assert not list(tmp_path.iterdir())
