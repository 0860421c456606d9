"""Which token is drawn."""

from __future__ import annotations

import importlib.util
import math

import pytest

from tests.needs import needs_models

pytestmark = needs_models
if importlib.util.find_spec("torch"):
    import torch

    from pipeline.generated.sampling import Sampling, draw, guide


def logits(*shares: float) -> torch.Tensor:
    return torch.tensor(shares).log()[None, None]


def drawn(numbers: torch.Tensor, chance: float, **how: float) -> int:
    tokens, _ = draw(numbers, torch.tensor([[chance]]), Sampling(**how))
    return int(tokens[0, 0])


def test_each_token_is_drawn_as_often_as_it_is_likely() -> None:
    numbers = logits(0.1, 0.6, 0.3)
    chances = torch.linspace(0.0005, 0.9995, 1000)
    found = [drawn(numbers, float(chance)) for chance in chances]
    assert [found.count(token) for token in range(3)] == pytest.approx([100, 600, 300], abs=2)


def test_only_the_likeliest_are_drawn() -> None:
    assert {drawn(logits(0.1, 0.6, 0.3), chance / 50, top_k=2) for chance in range(50)} == {1, 2}


def test_temperature_0_is_always_the_likeliest_and_a_low_one_nearly() -> None:
    assert {drawn(logits(0.1, 0.6, 0.3), chance / 50, temperature=0) for chance in range(50)} == {1}
    assert drawn(logits(0.1, 0.6, 0.3), 0.95, temperature=0.2) == 1


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_the_ends_of_chance_are_tokens_too(chance: float) -> None:
    assert drawn(logits(0.1, 0.6, 0.3), chance) in (0, 1)


@pytest.mark.parametrize("number", [math.nan, math.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_what_is_no_number_is_never_drawn_and_told(number: float, temperature: float) -> None:
    numbers = torch.zeros(2, 1, 3)
    numbers[0, 0, 1] = number
    tokens, broken = draw(numbers, torch.tensor([[0.5], [0.5]]), Sampling(temperature=temperature))
    assert tokens[0, 0] != 1
    assert broken.tolist() == [True, False]


def test_rows_without_any_number_still_give_a_token() -> None:
    tokens, broken = draw(torch.full((1, 4, 8), math.nan), torch.full((1, 4), 0.5), Sampling())
    assert ((tokens >= 0) & (tokens < 8)).all()
    assert broken.all()


def test_guidance_pushes_away_from_what_is_likely_without_the_prompt() -> None:
    both = torch.tensor([[1.0, 2.0], [1.0, 1.0]])
    assert guide(both, 3.0).tolist() == [[1.0, 4.0]]
    assert guide(both, 1.0).tolist() == [[1.0, 2.0]]
