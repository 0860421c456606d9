"""The shelf: models of made-up sizes on a made-up card, with several threads."""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline import shelf
from pipeline.backends import Vendors
from pipeline.catalogue import CATALOGUE
from pipeline.errors import OverLimit, Refused
from tests.needs import needs_models

GB = 10**9


class Card:
    """16 GB that models take when they are made and give back when nobody knows them any more."""

    def __init__(self) -> None:
        self.whole, self.used, self.most, self.loads = 16 * GB, 0, 0, 0
        self._lock = threading.Lock()

    def free(self, device: str) -> int:
        return self.whole - self.used

    def take(self, size: int) -> None:
        with self._lock:
            self.used += size
            self.most = max(self.most, self.used)

    def loader(self, size: int) -> Callable[[], Model]:
        def load() -> Model:
            self.loads += 1
            return Model(self, size)

        return load


class Model:
    def __init__(self, card: Card, size: int) -> None:
        self._card, self._size = card, size
        card.take(size)

    def __del__(self) -> None:
        self._card.take(-self._size)

    @contextlib.contextmanager
    def at_work(self, size: int) -> Iterator[None]:
        self._card.take(size)
        try:
            yield
        finally:
            self._card.take(-size)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Iterator[Card]:
    """Give the shelf a card of its own, and clear the shelf before and after."""
    shelf.drop_others()
    card = Card()
    monkeypatch.setattr(shelf, "free_bytes", card.free)
    yield card
    shelf.drop_others()
    assert shelf.holds() == 0


def use(card: Card, name: str, size: int, work: int = 0) -> None:
    """Borrow a model of that size and take `work` more bytes with it."""
    with (
        shelf.borrow((name,), card.loader(size), bytes=size + work, device="cuda") as model,
        model.at_work(work),
    ):
        assert card.used <= card.whole


def test_a_model_is_loaded_once_and_lent_again(card: Card) -> None:
    with shelf.borrow(("a",), card.loader(GB), bytes=2 * GB, device="cuda") as first:
        pass
    with shelf.borrow(("a",), card.loader(GB), bytes=2 * GB, device="cuda") as second:
        assert second is first
    assert (card.loads, shelf.holds()) == (1, 1)


def test_the_one_used_longest_ago_goes_first(card: Card) -> None:
    for name in ("a", "b", "c"):
        use(card, name, 4 * GB)
    use(card, "a", 4 * GB)
    use(card, "d", 8 * GB)  # b has to go, and no other
    assert card.loads == 4
    use(card, "a", 4 * GB)
    use(card, "d", 8 * GB)
    assert card.loads == 4
    use(card, "b", 4 * GB)
    assert card.loads == 5


def test_captioner_and_composer_share_a_card_in_turn(card: Card) -> None:
    for _ in range(3):
        use(card, "captioner", 8 * GB, work=2 * GB)
        use(card, "composer", 7 * GB, work=4 * GB)
    assert card.most <= card.whole
    assert card.loads == 6  # they do not fit side by side
    shelf.drop_others()
    card.loads = 0
    for _ in range(3):
        use(card, "captioner", 5 * GB, work=2 * GB)
        use(card, "composer", 4 * GB, work=4 * GB)
    assert card.loads == 2  # these do: work is done in turn


def test_what_a_lent_model_will_take_at_work_is_kept_for_it(card: Card) -> None:
    use(card, "idle", 5 * GB)
    with shelf.borrow(("busy",), card.loader(4 * GB), bytes=10 * GB, device="cuda") as model:  # idle stays
        assert card.loads == 2
        use(card, "small", 3 * GB)  # idle has to go for it: 6 GB are promised
        with model.at_work(6 * GB):
            assert card.used <= card.whole
    assert card.loads == 3
    assert card.most <= card.whole


def test_what_does_not_fit_at_all_is_over_limit_and_loads_nothing(card: Card) -> None:
    use(card, "a", 4 * GB)
    with pytest.raises(OverLimit, match=r"about 20\.0 GB of memory, and 16\.0 GB are free") as caught:
        use(card, "huge", 20 * GB)
    assert "smaller" in caught.value.hint
    assert card.loads == 1
    with (
        shelf.borrow(("a",), card.loader(4 * GB), bytes=4 * GB, device="cuda"),
        pytest.raises(OverLimit),  # its own thread will not give it back meanwhile
    ):
        use(card, "b", 14 * GB)


def test_a_load_that_fails_leaves_nothing(card: Card) -> None:
    def fail() -> Model:
        raise OSError("torn")

    for _ in range(2):
        with (
            pytest.raises(OSError, match="torn"),
            shelf.borrow(("a",), fail, bytes=10 * GB, device="cuda"),
        ):
            pass
    assert shelf.holds() == 0
    use(card, "a", 16 * GB)


def test_a_borrower_that_fails_gives_back(card: Card) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        shelf.borrow(("a",), card.loader(GB), bytes=GB, device="cuda"),
    ):
        raise ZeroDivisionError
    assert shelf.drop_others() == 1
    gc.collect()
    assert card.used == 0


def test_room_is_what_there_would_be(card: Card) -> None:
    use(card, "a", 4 * GB)
    assert (card.free("cuda"), shelf.room("cuda")) == (12 * GB, 16 * GB)
    with shelf.borrow(("b",), card.loader(GB), bytes=3 * GB, device="cuda"):
        assert shelf.room("cuda") == 13 * GB


def test_who_ran_out_drops_the_others_and_keeps_its_own(card: Card) -> None:
    use(card, "a", 4 * GB)
    use(card, "b", 4 * GB)
    with shelf.borrow(("c",), card.loader(4 * GB), bytes=4 * GB, device="cuda"):
        assert shelf.drop_others("mps") == 0
        assert shelf.drop_others() == 2
        assert (shelf.holds(), card.used) == (1, 4 * GB)


def test_one_borrower_at_a_time_and_one_load_for_all(card: Card) -> None:
    inside, most, together = 0, 0, threading.Barrier(8)
    watch = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        together.wait()
        for _ in range(25):
            with shelf.borrow(("a",), card.loader(GB), bytes=GB, device="cuda"):
                with watch:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.0005)  # so that another one would come in
                with watch:
                    inside -= 1

    run_all([work] * 8)
    assert (most, card.loads) == (1, 1)


def test_threads_that_want_more_than_there_is_wait_for_each_other(card: Card) -> None:
    def work(number: int) -> Callable[[], None]:
        return lambda: [use(card, f"model {(number + turn) % 5}", 5 * GB, work=2 * GB) for turn in range(4)] and None

    run_all([work(number) for number in range(4)])
    assert card.most <= card.whole
    assert shelf.holds() <= 3


def test_waiting_has_an_end(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "WAIT_S", 0.05)
    said: list[str] = []

    def work() -> None:
        for name, size in (("a", GB), ("b", 14 * GB)):
            try:
                use(card, name, size)
            except OverLimit as error:
                said.append(error.sentence)

    with shelf.borrow(("a",), card.loader(4 * GB), bytes=4 * GB, device="cuda"):
        run_all([work])
    assert len(said) == 2
    use(card, "b", 14 * GB)


def run_all(works: list[Callable[[], None]]) -> None:
    """Run them side by side; what one raises is raised."""
    raised: list[BaseException] = []

    def careful(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=careful, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not raised
    assert not any(thread.is_alive() for thread in threads)


# ---- devices ----


def test_free_memory_is_read_from_the_machine_and_its_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").write_text(
        "MemTotal:  16000000 kB\nMemFree: 1 kB\nMemAvailable:  8000000 kB\nHugePages: 0\n"
    )
    monkeypatch.setattr(shelf, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(shelf, "CONTROL_GROUP", tmp_path)
    assert shelf.free_bytes("cpu") == 1024 * (8_000_000 - 1_600_000)
    for name, said in (("max", "max"), ("current", "0"), ("stat", "inactive_file 3000\n")):
        (tmp_path / f"memory.{name}").write_text(said)
    assert shelf.free_bytes("cpu") == 1024 * (8_000_000 - 1_600_000)
    (tmp_path / "memory.max").write_text("10000\n")
    (tmp_path / "memory.current").write_text("4000\n")
    assert shelf.free_bytes("cpu") == 10_000 - 4000 + 3000 - 1000
    monkeypatch.setattr(shelf, "MEMINFO", tmp_path / "none")
    monkeypatch.setattr(shelf, "CONTROL_GROUP", tmp_path / "none")
    assert shelf.free_bytes("mps") == shelf.UNKNOWN_BYTES


def test_a_processor_takes_twice_the_memory() -> None:
    for weights in CATALOGUE:
        assert weights.memory_on("cpu") == 2 * weights.memory_on("cuda:1")


@needs_models
def test_a_device_is_chosen_by_name_and_refused_where_it_is_not() -> None:
    import torch

    best = shelf.device(Vendors())
    assert best in {"cpu", "cuda", "mps"}
    assert shelf.device(Vendors(device=" CPU ")) == "cpu"
    assert shelf.dtype("cpu") is torch.float32
    assert shelf.dtype("cuda:0") is torch.float16
    for wrong in ("cuda:99", "tpu", "cpu:0"):
        with pytest.raises(Refused, match="no device") as caught:
            shelf.device(Vendors(device=wrong))
        assert "cpu" in caught.value.hint
