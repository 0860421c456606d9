"""A job's folder: taken away where it would be in the way, kept where it tells something."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import BadMedia, Refused
from pipeline.folder import job_folder, taken_up


def test_it_is_made_and_stays(tmp_path: Path) -> None:
    with job_folder(tmp_path / "a" / "job", films=()):
        (tmp_path / "a" / "job" / "notes").write_text("kept")
    assert (tmp_path / "a" / "job" / "notes").exists()


def test_another_job_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "old").write_text("old")
    with pytest.raises(Refused, match="another job") as told, job_folder(tmp_path, films=()):
        pytest.fail("it was lent all the same")
    assert told.value.hint
    assert (tmp_path / "old").read_text() == "old"


@pytest.mark.parametrize(
    ("error", "stays"), [(BadMedia("No."), False), (KeyboardInterrupt(), False), (ZeroDivisionError(), True)]
)
def test_what_ends_it_decides_whether_it_stays(tmp_path: Path, error: BaseException, stays: bool) -> None:
    folder, film = tmp_path / "job", tmp_path / "film.part"

    def work() -> None:
        with job_folder(folder, films=[film]):
            film.write_bytes(b"half")
            (folder / "notes").write_text("what was going on")
            raise error

    with pytest.raises(type(error)):
        work()
    assert folder.exists() is stays
    assert not film.exists()


def test_a_broken_off_job_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "pictures" / ".bench-x1").mkdir(parents=True)
    (tmp_path / "pictures" / ".bench-x1" / "half").write_bytes(b"half")
    (tmp_path / "pictures" / "p01.png").write_bytes(b"whole")
    with taken_up(tmp_path):
        assert not (tmp_path / "pictures" / ".bench-x1").exists()
    assert (tmp_path / "pictures" / "p01.png").read_bytes() == b"whole"
