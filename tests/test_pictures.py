"""Each picture is drawn and filmed once, whatever happens on the way, and never beyond the purse."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline import backends, replicated
from pipeline.backends import Illustrator, Report
from pipeline.checkpoint import Checkpoints
from pipeline.errors import Cancelled, Refused, Unavailable, UserError
from pipeline.pictures import (
    Drawn,
    Layer,
    MovingPicture,
    Painting,
    animate_pictures,
    draw_pictures,
    engine_of,
    estimate_usd,
    flatten,
    roomy,
)
from pipeline.purse import PaidFor, Purse
from pipeline.storyboard import Chart, Picture, Section, Shot, Storyboard, StyleSheet
from tests.fake_replicate import TOKEN, FakeReplicate

SIZE = (60, 80)
Failing = Callable[[Picture], UserError | None]


def a_board(pictures: int = 5, *, shots: int = 8) -> Storyboard:
    names = [f"p{number:02d}" for number in range(1, pictures + 1)]
    chart = Chart(shots * 2.0, False, None, (), (), (0.0,), None, (), (Section("verse", 0.0, shots * 2.0, 0.5, 0),))
    return Storyboard(
        title="",
        artist="",
        chart=chart,
        lines=(),
        style=StyleSheet("film grain"),
        pictures=tuple(Picture(name, f"picture {name}", "sea") for name in names),
        shots=tuple(Shot(n + 1, 2.0 * n, 2.0 * n + 2, names[n % pictures], action=f"act {n}") for n in range(shots)),
    )


class Brush:
    """An illustrator of one colour that counts what it is asked for."""

    licence = "free"

    def __init__(
        self, name: str, *, usd: float = 0.0, at_once: int = 2, failing: Failing = lambda _: None, slow_s: float = 0.0
    ) -> None:
        self.name, self.price_usd, self.at_once = name, usd, at_once
        self.failing, self.slow_s = failing, slow_s
        self.asked: list[str] = []
        self.threads: set[int] = set()
        self.at_work = self.most_at_work = 0

    def draw(self, picture: Picture, style: StyleSheet, *, size: tuple[int, int], to: Path, report: Report) -> Painting:
        assert not list(to.iterdir())
        self.asked.append(picture.name)
        self.threads.add(threading.get_ident())
        self.at_work += 1
        self.most_at_work = max(self.at_work, self.most_at_work)
        try:
            until = time.monotonic() + self.slow_s
            report("pictures", 0, 1)
            while time.monotonic() < until:
                time.sleep(0.01)
                report("pictures", 0, 1)
            (to / "begun").touch()
            if error := self.failing(picture):
                raise error
            (to / "begun").unlink()
            return a_painting(to, self.name, len(self.name), usd=self.price_usd)
        finally:
            self.at_work -= 1


class Crank:
    """An animator that makes a file."""

    name, licence, at_once = "crank", "free", 2

    def __init__(self, *, failing: Failing = lambda _: None) -> None:
        self.asked: list[tuple[str, str]] = []
        self.failing = failing

    def price_usd(self, shot: Shot) -> float:
        return 0.25 if shot.length < 7 else 0.5

    def move(
        self, painting: Painting, shot: Shot, *, size: tuple[int, int], to: Path, report: Report
    ) -> MovingPicture | None:
        self.asked.append((shot.picture, shot.action))
        if error := self.failing(Picture(shot.picture, "", "sea")):
            raise error
        (to / "film.mp4").write_bytes(b"film")
        return MovingPicture(to / "film.mp4", self.name, self.licence, self.price_usd(shot))


def a_painting(folder: Path, name: str, shade: int, *, usd: float = 0.0) -> Painting:
    file = folder / "picture.png"
    file.write_bytes(bytes(cv2.imencode(".png", np.full((8, 6, 3), shade, np.uint8))[1]))
    return Painting((Layer(file, 0.5),), name, "free", usd)


def no_report(stage: str, done: float, total: float) -> None:
    pass


def draw(
    folder: Path,
    bought: Illustrator,
    *,
    board: Storyboard | None = None,
    purse: Purse | None = None,
    paint: Brush | None = None,
    report: Report = no_report,
) -> Drawn:
    return draw_pictures(
        board or a_board(),
        size=SIZE,
        illustrator=bought,
        fallback=paint or Brush("painted"),
        folder=folder / "pictures",
        purse=purse or Purse(5.0),
        checkpoints=Checkpoints(folder),
        report=report,
    )


def down(picture: Picture) -> Unavailable:
    return Unavailable("Replicate could not be reached.", hint="Try again later.")


def test_each_picture_is_drawn_once_side_by_side_in_a_folder_of_its_own(tmp_path: Path):
    bought, purse = Brush("flux", usd=0.5, at_once=3, slow_s=0.05), Purse(5.0)
    told: list[tuple[str, float, float]] = []
    drawn = draw(tmp_path, bought, purse=purse, report=lambda *said: told.append(said))
    assert list(drawn.pictures) == ["p01", "p02", "p03", "p04", "p05"]
    assert sorted(bought.asked) == list(drawn.pictures)
    assert bought.most_at_work == 3
    assert drawn.pictures["p02"].layers[0].file == tmp_path / "pictures" / "p02" / "picture.png"
    assert not drawn.notes
    assert purse.spent_usd == pytest.approx(2.5)
    assert told[0] == ("pictures", 0, 5)
    assert told[-1] == ("pictures", 5, 5)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


def test_nothing_is_drawn_twice_and_the_money_is_counted_once(tmp_path: Path):
    first = draw(tmp_path, Brush("flux", usd=0.5))
    again, purse = Brush("flux", usd=0.5), Purse(5.0)
    assert draw(tmp_path, again, purse=purse) == first
    assert not again.asked
    assert purse.spent_usd == pytest.approx(2.5)


def test_a_changed_picture_alone_is_drawn_anew(tmp_path: Path):
    board = a_board()
    draw(tmp_path, Brush("flux"), board=board)
    changed = board.with_pictures(tuple(replace(one, seed=9) if one.name == "p03" else one for one in board.pictures))
    again = Brush("flux")
    draw(tmp_path, again, board=changed)
    assert again.asked == ["p03"]


def test_sketches_in_another_folder_do_not_push_the_pictures_out(tmp_path: Path):
    draw(tmp_path, Brush("flux"))
    sketch = Brush("painted")
    draw_pictures(
        a_board(),
        size=(30, 40),
        illustrator=sketch,
        fallback=sketch,
        folder=tmp_path / "sketches",
        purse=Purse(0.0),
        checkpoints=Checkpoints(tmp_path),
        report=no_report,
    )
    again = Brush("flux")
    draw(tmp_path, again)
    assert not again.asked
    assert len(sketch.asked) == 5


def test_a_picture_that_was_tampered_with_is_drawn_anew(tmp_path: Path):
    drawn = draw(tmp_path, Brush("flux"))
    drawn.pictures["p04"].layers[0].file.write_bytes(b"torn")
    again = Brush("flux")
    draw(tmp_path, again)
    assert again.asked == ["p04"]


def test_who_cancels_stops_all_of_them_at_once_and_nothing_is_kept_that_is_not_whole(tmp_path: Path):
    bought = Brush("flux", slow_s=30.0)

    def report(stage: str, done: float, total: float) -> None:
        if bought.asked:
            raise Cancelled("Cancelled.")

    began = time.monotonic()
    with pytest.raises(Cancelled):
        draw(tmp_path, bought, report=report)
    assert time.monotonic() - began < 5
    assert bought.at_work == 0
    assert len(bought.asked) <= 2
    again = Brush("flux")
    draw(tmp_path, again)
    assert len(again.asked) == 5


def test_only_the_thread_that_asked_speaks_to_the_report(tmp_path: Path):
    heard: set[int] = set()
    bought = Brush("flux", slow_s=0.05)
    draw(tmp_path, bought, report=lambda *_: heard.add(threading.get_ident()))
    assert heard == {threading.get_ident()}
    assert not heard & bought.threads


def test_a_refused_picture_is_painted_and_one_note_says_so(tmp_path: Path):
    def failing(picture: Picture) -> UserError | None:
        return Refused("Replicate's filter refused it.") if picture.name in ("p02", "p04") else None

    bought, purse = Brush("flux", usd=0.5, failing=failing), Purse(5.0)
    drawn = draw(tmp_path, bought, purse=purse)
    assert drawn.notes == ("2 of 5 pictures were painted by the built-in illustrator: Replicate's filter refused it.",)
    assert [engine_of(drawn.pictures[name])[0] for name in ("p01", "p02")] == ["flux", "painted"]
    assert purse.spent_usd == pytest.approx(1.5)
    assert len(bought.asked) == 5
    assert not (tmp_path / "pictures" / "p02" / "begun").exists()
    kept = draw(tmp_path, Brush("flux", usd=0.5))
    assert kept == drawn


def test_a_vendor_that_is_down_is_not_asked_for_every_picture(tmp_path: Path):
    bought, purse = Brush("flux", usd=0.5, at_once=1, failing=down), Purse(5.0)
    drawn = draw(tmp_path, bought, board=a_board(12, shots=12), purse=purse)
    assert len(bought.asked) == 2
    assert drawn.notes == ("All 12 pictures were painted by the built-in illustrator: Replicate could not be reached.",)
    assert purse.spent_usd == 0


def test_a_failure_now_and_then_does_not_end_it(tmp_path: Path):
    def failing(picture: Picture) -> UserError | None:
        return down(picture) if picture.name in ("p01", "p03", "p05") else None

    bought = Brush("flux", at_once=1, failing=failing)
    drawn = draw(tmp_path, bought)
    assert len(bought.asked) == 5
    assert drawn.notes[0].startswith("3 of 5 pictures were painted")


def test_beyond_the_cap_nothing_is_bought(tmp_path: Path):
    bought, purse = Brush("flux", usd=0.5, at_once=4), Purse(1.2)
    drawn = draw(tmp_path, bought, purse=purse)
    assert len(bought.asked) == 2
    assert purse.spent_usd == pytest.approx(1.0)
    assert drawn.notes[0].startswith("3 of 5 pictures were painted by the built-in illustrator: A picture costs $0.50")


def test_what_was_paid_for_and_lost_is_not_given_back_even_after_a_restart(tmp_path: Path):
    lost = Brush("flux", usd=0.5, failing=lambda one: PaidFor("It was lost.") if one.name == "p01" else None)
    purse = Purse(5.0)
    drawn = draw(tmp_path, lost, purse=purse)
    assert purse.spent_usd == pytest.approx(2.5)
    assert drawn.notes == ("1 of 5 pictures was painted by the built-in illustrator: It was lost.",)
    later = Purse(5.0)
    draw(tmp_path, Brush("flux", usd=0.5), purse=later)
    assert later.spent_usd == pytest.approx(2.5)


def test_what_the_painter_cannot_do_is_an_error(tmp_path: Path):
    with pytest.raises(Unavailable):
        draw(tmp_path, Brush("flux", failing=down), paint=Brush("painted", failing=down))
    with pytest.raises(Unavailable):
        draw(tmp_path, Brush("painted", failing=down))


def test_a_bug_is_shown_as_one_and_ends_the_others(tmp_path: Path):
    def failing(picture: Picture) -> UserError | None:
        raise ZeroDivisionError

    bought = Brush("flux", failing=failing)
    with pytest.raises(ZeroDivisionError):
        draw(tmp_path, bought)
    assert bought.at_work == 0


KILLED = """
import sys
from pathlib import Path
from pipeline import backends
from pipeline.checkpoint import Checkpoints
from pipeline.pictures import draw_pictures
from pipeline.purse import Purse
from tests.test_pictures import SIZE, a_board

folder, url = Path(sys.argv[1]), sys.argv[2]
draw_pictures(
    a_board(), size=SIZE,
    illustrator=backends.illustrator("flux", backends.Vendors(replicate_token="r8_test", replicate_url=url)),
    fallback=backends.illustrator("painted"), folder=folder / "pictures", purse=Purse(5.0),
    checkpoints=Checkpoints(folder), report=lambda *_: None,
)
"""


def test_a_worker_that_is_killed_orders_no_picture_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replicated, "POLL_S", (0.01, 0.02))
    with FakeReplicate() as server:
        server.steps = ["processing"]
        command = [sys.executable, "-c", KILLED, str(tmp_path), server.url]
        with subprocess.Popen(command, cwd=Path(__file__).parents[1]) as worker:
            until = time.monotonic() + 60
            while len(list(tmp_path.glob("pictures/*/*.ticket"))) < 4 and time.monotonic() < until:
                time.sleep(0.02)
            worker.kill()
        assert len(server.running) == 4
        for prediction in server.predictions.values():
            prediction.steps = ["processing", "succeeded"]
        server.steps = ["succeeded"]
        vendors = backends.Vendors(replicate_token=TOKEN, replicate_url=server.url)
        purse = Purse(5.0)
        drawn = draw(tmp_path, backends.illustrator("flux", vendors), purse=purse)
        assert not drawn.notes
        assert sorted(made.input["prompt"] for made in server.predictions.values()) == [
            f"picture {name}" for name in drawn.pictures
        ]
        assert purse.spent_usd == pytest.approx(5 * 0.003)
        assert {file.name for file in tmp_path.glob("pictures/*/*")} == {"picture.png"}


# ---- motion ----


def move(
    folder: Path, crank: Crank, drawn: Drawn, *, board: Storyboard | None = None, purse: Purse | None = None
) -> tuple[dict[str, object], tuple[str, ...]]:
    moved = animate_pictures(
        board or a_board(),
        drawn.pictures,
        size=SIZE,
        animator=crank,
        folder=folder / "motion",
        purse=purse or Purse(5.0),
        checkpoints=Checkpoints(folder),
        report=no_report,
    )
    return dict(moved.material), moved.notes


def test_each_picture_is_filmed_once_for_its_longest_shot(tmp_path: Path):
    board = a_board(2, shots=4)
    shots = list(board.shots)
    shots[1], shots[2] = replace(shots[1], end=3.0), replace(shots[2], start=3.0)  # p02, p01: 1 s and 3 s
    board = replace(board, shots=tuple(shots))
    drawn, crank, purse = draw(tmp_path, Brush("flux"), board=board), Crank(), Purse(5.0)
    material, notes = move(tmp_path, crank, drawn, board=board, purse=purse)
    assert sorted(crank.asked) == [("p01", "act 2"), ("p02", "act 3")]
    assert all(isinstance(one, MovingPicture) for one in material.values())
    assert not notes
    assert purse.spent_usd == pytest.approx(0.5)
    again, counted = Crank(), Purse(5.0)
    assert move(tmp_path, again, drawn, board=board, purse=counted)[0] == material
    assert not again.asked
    assert counted.spent_usd == pytest.approx(0.5)


def test_a_cut_that_moves_by_a_beat_buys_nothing_new_but_another_action_does(tmp_path: Path):
    board = a_board(2, shots=2)
    drawn = draw(tmp_path, Brush("flux"), board=board)
    move(tmp_path, Crank(), drawn, board=board)
    first, second = board.shots
    shifted = replace(board, shots=(replace(first, end=2.4, lyrics="la"), replace(second, start=2.4)))
    again = Crank()
    move(tmp_path, again, drawn, board=shifted)
    assert not again.asked
    retold = replace(board, shots=(replace(first, action="the boat sinks"), second))
    move(tmp_path, again, drawn, board=retold)
    assert again.asked == [("p01", "the boat sinks")]


def test_where_filming_fails_the_camera_moves_over_the_painting(tmp_path: Path):
    drawn = draw(tmp_path, Brush("flux"))
    crank = Crank(failing=lambda one: Refused("The filter refused it.") if one.name == "p02" else None)
    purse = Purse(0.6)
    material, notes = move(tmp_path, crank, drawn, purse=purse)
    assert material["p02"] is drawn.pictures["p02"]
    assert len([one for one in material.values() if isinstance(one, MovingPicture)]) == 2
    assert notes[0].startswith("3 of 5 pictures were filmed by the built-in camera: ")
    assert purse.spent_usd == pytest.approx(0.5)


def test_the_camera_costs_nothing_and_leaves_nothing(tmp_path: Path):
    drawn = draw(tmp_path, Brush("flux"))
    moved = animate_pictures(
        a_board(),
        drawn.pictures,
        size=SIZE,
        animator=backends.animator("camera"),
        folder=tmp_path / "motion",
        purse=Purse(0.0),
        checkpoints=Checkpoints(tmp_path),
        report=no_report,
    )
    assert moved.material == drawn.pictures
    assert not moved.notes
    assert not (tmp_path / "motion").exists()


def test_the_cost_is_told_before(tmp_path: Path):
    assert estimate_usd(a_board(), Brush("flux", usd=0.003), Crank()) == pytest.approx(5 * 0.253)


def test_layers_lie_over_each_other(tmp_path: Path):
    back = np.full((10, 12, 3), 200, np.uint8)
    glass = np.zeros((10, 12, 4), np.uint8)
    glass[5:] = (0, 100, 0, 128)
    layers = []
    for depth, sheet in enumerate((back, glass)):
        file = tmp_path / f"{depth}.png"
        file.write_bytes(bytes(cv2.imencode(".png", sheet)[1]))
        layers.append(Layer(file, float(depth)))
    flat = flatten(Painting(tuple(layers), "painted", "free"))
    assert flat.dtype == np.uint8
    assert flat[2, 3].tolist() == [200, 200, 200]
    assert flat[7, 3].tolist() == [100, 150, 100]


def test_a_picture_has_room_on_all_sides():
    assert roomy((1080, 1920)) == (1296, 2304)
