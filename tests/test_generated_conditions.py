"""What prompts say to the decoder."""

from __future__ import annotations

import importlib.util

from tests.needs import needs_models

pytestmark = needs_models
if importlib.util.find_spec("torch"):
    import torch

    from pipeline.generated.conditions import MOST_WORDS, hear_prompts
    from tests.tiny_musicgen import make_musicgen, make_tokenizer

    torch.set_num_threads(1)


def test_prompts_of_any_length_are_heard_at_once() -> None:
    model, tokenizer = make_musicgen(), make_tokenizer()
    condition = hear_prompts(model, tokenizer, ["piano", "slow dark strings"], device="cpu", dtype=torch.float32)
    assert condition.states.shape == (2, 4, 32)
    assert condition.words.sum(dim=1).tolist() == [2, 4]
    assert not condition.states[0, 2:].any()
    alone = hear_prompts(model, tokenizer, ["piano"], device="cpu", dtype=torch.float32)
    torch.testing.assert_close(alone.states[0], condition.states[0, :2])


def test_a_prompt_without_end_is_cut() -> None:
    endless = "piano and " * 1000
    condition = hear_prompts(make_musicgen(), make_tokenizer(), [endless], device="cpu", dtype=torch.float32)
    assert condition.words.shape == (1, MOST_WORDS)


def test_a_melody_checkpoint_hears_that_there_is_no_melody() -> None:
    model = make_musicgen(melody=True)
    condition = hear_prompts(model, make_tokenizer(), ["piano"], device="cpu", dtype=torch.float32)
    assert condition.states.shape == (1, 6 + 2, 32)
    assert condition.null is not None
    assert torch.equal(condition.null[:6], condition.states[0, :6])
    assert not condition.null[6:].any()


def test_some_of_the_rows() -> None:
    condition = hear_prompts(
        make_musicgen(), make_tokenizer(), ["piano", "slow", "fast"], device="cpu", dtype=torch.float32
    )
    some = condition.of([2, 0])
    assert torch.equal(some.states, condition.states[[2, 0]])
