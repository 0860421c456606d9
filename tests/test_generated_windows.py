"""Music that is longer than a window."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Any

import pytest

from tests.needs import needs_models

pytestmark = needs_models
if importlib.util.find_spec("torch"):
    import torch

    from pipeline.generated import windows
    from pipeline.generated.conditions import hear_prompts
    from pipeline.generated.decoder import prepare
    from pipeline.generated.sampling import Sampling
    from pipeline.generated.windows import extend
    from tests.tiny_musicgen import make_musicgen, make_tokenizer

    torch.set_num_threads(1)

PROMPTS = ("slow piano", "fast drums", "bright")


@pytest.fixture(scope="module")
def model() -> Any:
    return make_musicgen()


@pytest.fixture(autouse=True)
def _short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "WINDOW_S", 0.6)  # 30 frames
    monkeypatch.setattr(windows, "KEPT_S", 0.2)


def play(model: Any, frames: Sequence[int], *, known: int = 0, rows: Sequence[int] = (0, 1, 2)) -> list[Any]:
    prompts = [PROMPTS[row] for row in rows]
    decoder = prepare(model.decoder, device="cpu", dtype=torch.float32)
    made, broken = extend(
        decoder,
        hear_prompts(model, make_tokenizer(), prompts, device="cpu", dtype=torch.float32),
        torch.full((len(rows), 4, known), 5),
        frames,
        [torch.Generator().manual_seed(row) for row in rows],
        Sampling(),
        frame_rate=50,
        tell=lambda _: None,
    )
    assert not any(broken)
    return made


def test_every_row_gets_as_many_frames_as_it_wants(model: Any) -> None:
    assert [row.shape for row in play(model, [75, 30, 31])] == [(4, 75), (4, 30), (4, 31)]
    assert [row.shape for row in play(model, [75, 3, 31], known=6)] == [(4, 75), (4, 3), (4, 31)]


def test_a_row_is_the_same_alone_and_beside_longer_ones(model: Any) -> None:
    together = play(model, [75, 40, 20])
    for row, frames in enumerate((75, 40, 20)):
        assert torch.equal(play(model, [frames], rows=[row])[0], together[row])


def test_no_window_is_longer_than_what_the_model_was_trained_on(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[int, list[int]]] = []
    decode = windows.decode

    def watch(decoder: Any, condition: Any, known: Any, frames: list[int], *more: Any) -> Any:
        heard.append((known.shape[-1], frames))
        return decode(decoder, condition, known, frames, *more)

    monkeypatch.setattr(windows, "decode", watch)
    made = play(model, [75, 40, 20], known=6)
    assert heard == [(6, [24, 24, 20]), (10, [20, 16]), (10, [20]), (10, [11])]
    assert made[0].shape[-1] == 75


def test_a_window_continues_the_end_of_the_one_before(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    contexts: list[Any] = []
    decode = windows.decode

    def watch(decoder: Any, condition: Any, known: Any, *more: Any) -> Any:
        contexts.append(known)
        return decode(decoder, condition, known, *more)

    monkeypatch.setattr(windows, "decode", watch)
    made = play(model, [50], rows=[0])[0]
    assert torch.equal(contexts[1][0], made[:, 20:30])
