"""The weights of the decoder as the loop wants them."""

from __future__ import annotations

import importlib.util

import pytest

from tests.needs import needs_models

pytestmark = needs_models
if importlib.util.find_spec("torch"):
    import torch
    from torch.nn import functional

    from pipeline.generated import decoder as decoders
    from pipeline.generated.decoder import multiplies_bfloat16, pack, prepare, reads_packed
    from tests.tiny_musicgen import make_musicgen

    torch.set_num_threads(1)


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("rows", [1, 16, 300])
def test_a_packed_matrix_multiplies_as_a_plain_one(packed: bool, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if not packed:
        monkeypatch.setattr(decoders, "reads_packed", lambda dtype: False)
    chance = torch.Generator().manual_seed(0)
    weight, given = torch.randn(48, 32, generator=chance), torch.randn(rows, 32, generator=chance)
    plain = functional.linear(given, weight)
    torch.testing.assert_close(pack(weight)(given), plain, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(pack(weight, "gelu")(given), functional.gelu(plain), atol=1e-5, rtol=1e-5)


def test_half_precision_is_only_packed_where_the_processor_has_it() -> None:
    assert reads_packed(torch.float32)
    assert reads_packed(torch.bfloat16) == multiplies_bfloat16()
    assert not reads_packed(torch.float16)


def test_laying_out_can_give_up_the_original_as_it_goes() -> None:
    model = make_musicgen().decoder
    prepare(model, device="cpu", dtype=torch.float32)
    assert {weight.device.type for weight in model.parameters()} == {"cpu"}
    prepare(model, device="cpu", dtype=torch.float32, consume=True)
    assert {weight.device.type for weight in model.parameters()} == {"meta"}


def test_places_are_the_models_own_and_go_on_past_its_table() -> None:
    model = make_musicgen().decoder
    positions = model.model.decoder.embed_positions
    places = prepare(model, device="cpu", dtype=torch.float32).places
    assert torch.equal(places(100), positions.weights[:100])
    assert len(places(len(positions.weights) + 7)) == len(positions.weights) + 7


def test_other_activations_than_the_usual_one() -> None:
    model = make_musicgen().decoder
    model.config.activation_function = "relu"
    layer = prepare(model, device="cpu", dtype=torch.float32).layers[0]
    assert float(layer.widen(torch.randn(4, 32)).min()) == 0.0
