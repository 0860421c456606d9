"""The decode loop, against transformers' own `generate` on the same weights."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from pipeline.errors import Cancelled
from tests.needs import needs_models

pytestmark = needs_models
if importlib.util.find_spec("torch"):
    import torch

    from pipeline.generated import decoding
    from pipeline.generated.conditions import hear_prompts
    from pipeline.generated.decoder import prepare
    from pipeline.generated.decoding import TELL, decode
    from pipeline.generated.sampling import Sampling
    from tests.tiny_musicgen import make_musicgen, make_tokenizer

    torch.set_num_threads(1)

PROMPTS = ("slow piano", "fast drums and strings with dark", "bright")
KINDS: dict[str, dict[str, bool]] = {
    "mono": {}, "stereo": {"stereo": True}, "melody": {"melody": True},
}  # fmt: skip


class Tiny:
    """A model, both ways."""

    def __init__(self, **kind: bool) -> None:
        self.model = make_musicgen(**kind)
        self.tokenizer = make_tokenizer()
        self.decoder = prepare(self.model.decoder, device="cpu", dtype=torch.float32)
        self.late = (self.decoder.codebooks - 1) // self.decoder.channels

    def nothing(self, rows: int) -> Any:
        return torch.zeros(rows, self.decoder.codebooks, 0, dtype=torch.long)

    def chances(self, rows: int, frames: int) -> list[Any]:
        return [
            torch.rand(frames + self.late, self.decoder.codebooks, generator=torch.Generator().manual_seed(row))
            for row in range(rows)
        ]

    def ours(
        self,
        frames: Sequence[int],
        sampling: Any,
        *,
        prompts: Sequence[str] = PROMPTS,
        known: Any = None,
        chances: Any = None,
        tell: Any = lambda frames: None,
    ) -> list[Any]:
        condition = hear_prompts(self.model, self.tokenizer, prompts, device="cpu", dtype=torch.float32)
        rows = len(prompts)
        known = self.nothing(rows) if known is None else known
        chances = chances or self.chances(rows, max(frames))
        made, broken = decode(self.decoder, condition, known, frames, chances, sampling, tell)
        assert broken == [False] * rows
        return made

    def plain(self, frames: int, guidance: float, known: Any = None) -> Any:
        """Return the greedy tokens of transformers, (rows, codebooks, frames); its codec is kept from using them up."""
        sides: list[Any] = []

        def keep(_: Any, codes: Any, **__: Any) -> Any:
            sides.append(codes[0])
            return SimpleNamespace(audio_values=torch.zeros(1, 1, 1))

        words = self.tokenizer(list(PROMPTS), padding=True, return_tensors="pt")
        more = {} if known is None else {"decoder_input_ids": known.reshape(-1, known.shape[-1])}
        with patch.object(type(self.model.audio_encoder), "decode", keep):
            self.model.generate(
                input_ids=words["input_ids"],
                attention_mask=words["attention_mask"],
                do_sample=False,
                guidance_scale=guidance,
                max_new_tokens=frames + self.late,
                **more,
            )
        if self.decoder.channels == 1:
            return sides[0]
        return torch.stack(sides, dim=2).flatten(1, 2)  # left and right alternate


@pytest.fixture(scope="module", params=list(KINDS))
def tiny(request: pytest.FixtureRequest) -> Tiny:
    return Tiny(**KINDS[request.param])


@pytest.fixture(scope="module")
def mono() -> Tiny:
    return Tiny()


@pytest.mark.parametrize("guidance", [3.0, 1.0])
def test_greedy_tokens_are_those_of_plain_generate(tiny: Tiny, guidance: float) -> None:
    theirs = tiny.plain(40, guidance)
    ours = tiny.ours([40] * 3, Sampling(guidance, temperature=0))
    assert torch.equal(torch.stack(ours), theirs)
    assert len(set(theirs.flatten().tolist())) > 4  # it does say something
    assert not torch.equal(theirs[0], theirs[1])  # and the prompt matters


@pytest.mark.parametrize("same", [True, False])
def test_music_that_is_known_is_continued_as_plain_generate_does(tiny: Tiny, same: bool) -> None:
    chance = torch.Generator().manual_seed(1)
    known = torch.randint(0, 64, (3, tiny.decoder.codebooks, 9), generator=chance)
    if same:  # then it is heard without a prompt only once
        known = known[:1].expand(3, -1, -1)
    theirs = tiny.plain(20, 3.0, known)
    ours = tiny.ours([20] * 3, Sampling(temperature=0), known=known)
    assert torch.equal(torch.stack(ours), theirs[..., 9:])


def test_a_row_does_not_depend_on_its_neighbours(mono: Tiny) -> None:
    chances = mono.chances(3, 40)
    together = mono.ours([40, 12, 30], Sampling(), chances=chances)
    assert [row.shape for row in together] == [(4, 40), (4, 12), (4, 30)]
    for row, frames in enumerate((40, 12, 30)):
        alone = mono.ours([frames], Sampling(), prompts=[PROMPTS[row]], chances=[chances[row]])
        assert torch.equal(alone[0], together[row])


def test_other_chances_are_other_music(mono: Tiny) -> None:
    one, other = mono.chances(2, 20)
    prompts = ["piano"]
    first = mono.ours([20], Sampling(), prompts=prompts, chances=[one])[0]
    assert torch.equal(mono.ours([20], Sampling(), prompts=prompts, chances=[one])[0], first)
    assert not torch.equal(mono.ours([20], Sampling(), prompts=prompts, chances=[other])[0], first)


def test_steps_that_could_not_be_captured_are_taken_one_by_one(mono: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a GPU runs, on a processor: fixed reach with a mask, the column in a tensor, the fallback of the capture."""
    plain = mono.ours([40, 12, 30], Sampling())
    tried = []

    def refuse(graph: Any) -> Any:
        tried.append(graph)
        raise RuntimeError("operation not permitted when stream is capturing")

    stream = SimpleNamespace(wait_stream=lambda other: None)
    stand_in = SimpleNamespace(
        current_stream=lambda device: stream,
        Stream=lambda device: stream,
        stream=lambda side: nullcontext(),
        CUDAGraph=lambda: SimpleNamespace(),
        graph=refuse,
        synchronize=lambda device: None,
    )
    monkeypatch.setattr(decoding, "captures", lambda device: True)
    monkeypatch.setattr(decoding, "REACH", 16)
    with monkeypatch.context() as only_here:
        only_here.setattr(torch, "cuda", stand_in)
        captured = mono.ours([40, 12, 30], Sampling())
    assert len(tried) == 5  # one for each 16 columns, and one more each time that a row leaves
    assert all(torch.equal(one, other) for one, other in zip(plain, captured, strict=True))


def test_every_frame_is_told_of_and_a_person_can_stop_it(mono: Tiny) -> None:
    told: list[int] = []
    mono.ours([25, 25], Sampling(), prompts=PROMPTS[:2], tell=told.append)
    assert sum(told) == 2 * (25 + mono.late)
    assert max(told) <= 2 * TELL

    def stop(_: int) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        mono.ours([25], Sampling(), prompts=PROMPTS[:1], tell=stop)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_numbers_that_break_down_are_told_and_draw_tokens_all_the_same(temperature: float) -> None:
    tiny = Tiny()
    condition = hear_prompts(tiny.model, tiny.tokenizer, PROMPTS, device="cpu", dtype=torch.float32)
    states = condition.states.clone()
    states[1] = float("nan")
    condition = replace(condition, states=states)
    chances = tiny.chances(3, 10)
    sampling = Sampling(temperature=temperature)
    made, broken = decode(tiny.decoder, condition, tiny.nothing(3), [10] * 3, chances, sampling, lambda _: None)
    assert broken == [False, True, False]
    assert all(((row >= 0) & (row < 64)).all() for row in made)
