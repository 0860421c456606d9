"""Flux on one's own machine, with a model of a few thousand weights that the test builds."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import backends
from pipeline.errors import Cancelled, Refused, Unavailable
from pipeline.illustrators.flux_local import NEEDED, drawn_size
from pipeline.storyboard import SHAPES, Picture, StyleSheet, size_of

needs_models = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED),
    reason="the extra 'models' is not installed (torch, diffusers)",
)
PICTURE = Picture("p01", "a boat on a still lake", "sea", seed=5)
STYLE = StyleSheet("film grain")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a Flux (schnell's kind: without guidance) with random weights, as its own library lays it out."""
    return a_model(tmp_path_factory.mktemp("models") / "tiny-flux", guided=False)


def a_model(folder: Path, *, guided: bool) -> Path:
    import torch
    from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast, T5Config, T5EncoderModel

    torch.manual_seed(0)
    words = {word: number for number, word in enumerate(["<pad>", "</s>", "<unk>", "a", "boat", "on", "still", "lake"])}
    tokenizer = Tokenizer(WordLevel(words, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    names = {"unk_token": "<unk>", "pad_token": "<pad>", "eos_token": "</s>"}
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=guided,
    )
    clip = CLIPTextConfig(
        vocab_size=8, hidden_size=32, intermediate_size=37, num_hidden_layers=1, num_attention_heads=4,
        projection_dim=32, max_position_embeddings=77, bos_token_id=0, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    t5 = T5Config(vocab_size=8, d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4)
    vae = AutoencoderKL(
        block_out_channels=(8, 8), down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2, latent_channels=4, norm_num_groups=4, sample_size=32,
        use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.0609, scaling_factor=1.5,
    )  # fmt: skip
    FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=CLIPTextModel(clip),
        tokenizer=PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=77, **names),
        text_encoder_2=T5EncoderModel(t5),
        tokenizer_2=PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **names),
        transformer=transformer,
    ).save_pretrained(folder, safe_serialization=True)
    return folder


def draw(model: Path, to: Path, picture: Picture = PICTURE) -> NDArray[np.uint8]:
    illustrator = backends.illustrator(f"flux_local:{model}")
    to.mkdir()
    painting = illustrator.draw(picture, STYLE, size=(54, 96), to=to, report=lambda *_: None)
    assert painting.illustrator == "flux_local:tiny-flux"
    assert painting.licence
    (layer,) = painting.layers
    return np.asarray(cv2.imdecode(np.frombuffer(layer.file.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED))


@needs_models
def test_a_picture_is_drawn_and_the_same_seed_gives_the_same(model: Path, tmp_path: Path):
    one = draw(model, tmp_path / "1")
    assert one.shape == (115, 65, 3)
    assert one.std() > 1
    assert np.array_equal(one, draw(model, tmp_path / "2"))
    other = draw(model, tmp_path / "3", Picture("p01", PICTURE.prompt, "sea", seed=6))
    assert not np.array_equal(one, other)


@needs_models
def test_each_step_is_told_and_may_cancel(model: Path, tmp_path: Path):
    told: list[float] = []

    def report(stage: str, done: float, total: float) -> None:
        told.append(done / total)
        if done == 2:
            raise Cancelled("Cancelled.")

    illustrator = backends.illustrator(f"flux_local:{model}")
    with pytest.raises(Cancelled):
        illustrator.draw(PICTURE, STYLE, size=(54, 96), to=tmp_path, report=report)
    assert told == [0, 0.25, 0.5]
    assert not list(tmp_path.iterdir())


@needs_models
def test_a_guided_model_takes_its_own_number_of_steps(tmp_path: Path):
    told: list[float] = []
    illustrator = backends.illustrator(f"flux_local:{a_model(tmp_path / 'dev', guided=True)}")
    to = tmp_path / "out"
    to.mkdir()
    illustrator.draw(PICTURE, STYLE, size=(32, 32), to=to, report=lambda _, done, total: told.append(total))
    assert told[-1] == 28


@needs_models
def test_a_broken_model_gets_a_sentence(tmp_path: Path):
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline", "vae": ["diffusers", "AutoencoderKL"]}')
    with pytest.raises(Unavailable, match="could not be loaded"):
        backends.illustrator(f"flux_local:{tmp_path}").draw(
            PICTURE, STYLE, size=(32, 32), to=tmp_path, report=lambda *_: None
        )


def test_a_missing_package_names_the_cure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match="'torch'") as refusal:
        backends.illustrator("flux_local")
    assert refusal.value.hint == "pip install '.[models]'"


@pytest.mark.parametrize("variant", ["pro", "../models", "/nowhere", "/etc"])
def test_a_model_that_is_none_is_refused(variant: str):
    with pytest.raises(Refused, match="no such Flux model"):
        backends.illustrator(f"flux_local:{variant}")


@pytest.mark.parametrize("index", ["", "[]", "{}", '{"_class_name": ["mine", "FluxPipeline"]}'])
def test_a_folder_with_another_program_in_it_is_refused(tmp_path: Path, index: str):
    (tmp_path / "model_index.json").write_text(index)
    with pytest.raises(Refused, match="no such Flux model"):
        backends.illustrator(f"flux_local:{tmp_path}")


@pytest.mark.parametrize("shape", SHAPES)
def test_drawings_have_a_megapixel_in_the_films_shape(shape: str):
    size = size_of(shape)  # type: ignore[arg-type]
    width, height = drawn_size(size)
    assert width % 16 == height % 16 == 0
    assert 0.95 < width * height / 1024**2 < 1.06
    assert abs(width / height * size[1] / size[0] - 1) < 0.03
