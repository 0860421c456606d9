"""ACE-Step 1.5 by diffusers, with a pipeline of a few thousand weights that the tests make."""

from __future__ import annotations

import importlib.util
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import backends
from pipeline.backends import Session
from pipeline.composers import ace_step
from pipeline.errors import Cancelled, OverLimit, Refused, Unavailable
from pipeline.generated.orders import Order, Sound
from tests.needs import needs_models

CALM = Order("calm sea, slow piano", 2.0, 7, 90.4, "D minor")
STRINGS = Order("low strings", 3.0, 8, 90, "D minor")
WALTZ = Order("a waltz", 2.0, 9, 120, "F lydian", meter="3/4")


def a_model(folder: Path, *, turbo: bool = True) -> Path:
    """Save a pipeline with random weights as diffusers lays it out: 25 latents a second, at 48 kHz."""
    import torch
    from diffusers import (
        AceStepPipeline,
        AceStepTransformer1DModel,
        AutoencoderOobleck,
        FlowMatchEulerDiscreteScheduler,
    )
    from diffusers.pipelines.ace_step import AceStepConditionEncoder
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3Model

    said = f"<pad> <|endoftext|> <unk> {CALM.prompt} {STRINGS.prompt} {WALTZ.prompt} bpm 90 120 D F minor major 3 4 : -"
    known = {word: number for number, word in enumerate(dict.fromkeys(said.replace(",", "").split()))}
    words = Tokenizer(WordLevel(known, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    warnings.filterwarnings("ignore", ".*weight_norm.*", FutureWarning)  # diffusers' own affair; pytest puts it back
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8, "intermediate_size": 32}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = AceStepConditionEncoder(
            hidden_size=16, text_hidden_dim=16, timbre_hidden_dim=1, num_lyric_encoder_hidden_layers=1,
            num_timbre_encoder_hidden_layers=1, **heads,
        )  # fmt: skip
        encoder.silence_latent.normal_(std=0.1)
        AceStepPipeline(
            vae=AutoencoderOobleck(
                encoder_hidden_size=2, downsampling_ratios=[30, 16, 4], channel_multiples=[1, 1, 1],
                decoder_channels=4, decoder_input_channels=1, audio_channels=2, sampling_rate=48_000,
            ),
            text_encoder=Qwen3Model(
                Qwen3Config(vocab_size=len(known), hidden_size=16, num_hidden_layers=1, max_position_embeddings=512,
                            **heads)
            ),
            tokenizer=PreTrainedTokenizerFast(
                tokenizer_object=words, unk_token="<unk>", pad_token="<pad>", eos_token="<|endoftext|>"
            ),
            transformer=AceStepTransformer1DModel(
                hidden_size=16, num_hidden_layers=2, in_channels=3, audio_acoustic_hidden_dim=1, is_turbo=turbo,
                **heads,
            ),
            condition_encoder=encoder,
            scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
        ).save_pretrained(folder, safe_serialization=True)  # fmt: skip
    return folder


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch):
    """Let it make two seconds where it makes ten at least."""
    monkeypatch.setattr(ace_step, "LEAST_S", 2.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_model(tmp_path_factory.mktemp("models") / "tiny-ace")


def an_engine(folder: Path) -> Any:
    return backends.composer(f"ace_step:{folder}")


def play(folder: Path, *orders: Order) -> list[Sound]:
    return list(an_engine(folder).play(orders, Session()))


def spied(monkeypatch: pytest.MonkeyPatch, most: int = 100) -> list[dict[str, Any]]:
    """Note what the pipeline is asked for; more stretches at once than `most` do not fit into memory."""
    import torch
    from diffusers import AceStepPipeline

    asked: list[dict[str, Any]] = []
    plain = AceStepPipeline.__call__

    def spy(self: Any, prompt: list[str], lyrics: list[str], **fields: Any) -> Any:
        asked.append({"prompt": prompt, "lyrics": lyrics, **fields})
        if len(prompt) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return plain(self, prompt, lyrics, **fields)

    monkeypatch.setattr(AceStepPipeline, "__call__", spy)
    return asked


@needs_models
def test_orders_become_stereo_of_their_length(model: Path):
    engine = an_engine(model)
    assert (engine.name, engine.rate) == ("ace_step:tiny-ace", 48_000)
    sounds = engine.play([CALM, STRINGS, WALTZ], Session())
    assert [sound.shape for sound in sounds] == [(96_000, 2), (144_000, 2), (96_000, 2)]
    assert all(sound.dtype == np.float32 and np.isfinite(sound).all() and sound.std() > 1e-3 for sound in sounds)
    assert engine.machine == "cpu, float32"
    assert not engine.cheap


@needs_models
def test_tempo_key_meter_and_length_are_fields(model: Path, monkeypatch: pytest.MonkeyPatch):
    asked = spied(monkeypatch)
    play(model, CALM, STRINGS, WALTZ)
    assert [call["prompt"] for call in asked] == [[CALM.prompt], [STRINGS.prompt], [WALTZ.prompt]]
    fields = [(call["bpm"], call["keyscale"], call["timesignature"], call["audio_duration"]) for call in asked]
    assert fields == [(90, "D minor", "4", 2), (90, "D minor", "4", 3), (120, "F major", "3", 2)]
    assert all(call["lyrics"] == ["[Instrumental]"] and call["vocal_language"] == "unknown" for call in asked)
    assert all(call["num_inference_steps"] == 8 and call["guidance_scale"] == 1 for call in asked)


@pytest.mark.parametrize(
    ("order", "fields"),
    [
        (Order("", 9, 1, 20, "Bb dorian", "6/8"), (30, "Bb minor", "6")),
        (Order("", 9, 1, 310, "C# mixolydian", "7/8"), (300, "Db major", "")),
    ],
)
def test_what_it_does_not_know_becomes_the_nearest(order: Order, fields: tuple[int, str, str]):
    assert tuple(ace_step._fields(order).values()) == fields


@needs_models
def test_a_seed_gives_the_same_sound_whatever_is_drawn_elsewhere(model: Path):
    import torch

    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = play(model, CALM, STRINGS)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    again = play(model, CALM, STRINGS)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    (other,) = play(model, Order(CALM.prompt, 2.0, 70, 90, "D minor"))
    assert not np.allclose(first[0], other, atol=1e-3)


@needs_models
def test_the_others_hear_the_first_and_share_batches(model: Path, monkeypatch: pytest.MonkeyPatch):
    asked = spied(monkeypatch)
    engine, session = an_engine(model), Session()
    more = Order("low strings", 3.5, 10, 90, "D minor")
    sounds = engine.play([CALM, STRINGS, WALTZ, more], session)
    assert [call["prompt"] for call in asked] == [[CALM.prompt], [more.prompt, STRINGS.prompt], [WALTZ.prompt]]
    assert asked[0]["reference_audio"] is None
    assert all(np.array_equal(call["reference_audio"].numpy().T, sounds[0]) for call in asked[1:])
    assert [len(sound) / 48_000 for sound in sounds] == [2, 3, 2, 3.5]

    engine.play([WALTZ], session)  # once more, in the same job: of the same piece
    assert np.array_equal(asked[3]["reference_audio"].numpy().T, sounds[0])
    engine.play([WALTZ], Session())
    assert asked[4]["reference_audio"] is None


@needs_models
def test_a_reference_is_heard(model: Path):
    (alone,) = play(model, STRINGS)
    _, after = play(model, CALM, STRINGS)
    assert not np.allclose(alone, after, atol=1e-4)


@needs_models
def test_what_is_shorter_than_it_makes_is_cut_from_it(model: Path, monkeypatch: pytest.MonkeyPatch):
    asked = spied(monkeypatch)
    monkeypatch.setattr(ace_step, "LEAST_S", 4.0)
    assert [len(sound) for sound in play(model, CALM)] == [96_000]
    assert asked[0]["audio_duration"] == 4


@needs_models
def test_what_is_longer_than_it_makes_goes_on(model: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ace_step, "MOST_S", 4.0)
    monkeypatch.setattr(ace_step, "TAIL_S", 1.0)
    asked, told = spied(monkeypatch), []
    long = Order(CALM.prompt, 8.0, 7, 90, "D minor")
    session = Session(lambda stage, done, total: told.append((done, total)))
    (sound,) = an_engine(model).play([long], session)
    assert len(sound) == 8 * 48_000
    assert [call["audio_duration"] for call in asked] == [4, 4, 2]
    assert [call.get("repainting_start") for call in asked] == [None, 1, 1]
    source = asked[1]["src_audio"].numpy().T
    assert np.array_equal(source[:40_000], sound[3 * 48_000 : 3 * 48_000 + 40_000])  # up to the seam
    assert not source[48_000:].any()
    assert np.isfinite(sound).all()
    assert all(sound[at : at + 48_000].std() > 1e-3 for at in range(0, len(sound), 48_000))
    assert told[-1] == (24, 24)


@needs_models
def test_each_step_is_told_and_may_cancel(model: Path):
    told: list[float] = []

    def report(stage: str, done: float, total: float) -> None:
        assert stage == "music"
        told.append(done / total)
        if len(told) == 4:
            raise Cancelled("Cancelled.")

    engine = an_engine(model)
    with pytest.raises(Cancelled):
        engine.play([CALM, STRINGS], Session(report))
    assert told == [0, 1 / 16, 2 / 16, 3 / 16]
    sounds = engine.play([CALM, STRINGS], Session(report))  # nothing of the broken-off one is left in the model
    assert told[-1] == 1
    assert all(np.array_equal(one, other) for one, other in zip(sounds, play(model, CALM, STRINGS), strict=True))


@needs_models
def test_a_batch_halves_itself_where_memory_is_short(model: Path, monkeypatch: pytest.MonkeyPatch):
    same_words = [Order(STRINGS.prompt, 2.0, seed, 90, "D minor") for seed in range(3)]
    whole = play(model, *same_words)
    with monkeypatch.context() as short:
        asked = spied(short, most=1)
        halved = play(model, *same_words)
    assert [len(call["prompt"]) for call in asked] == [1, 2, 1, 1]
    assert all(np.allclose(one, other, atol=1e-3) for one, other in zip(whole, halved, strict=True))
    spied(monkeypatch, most=0)
    with pytest.raises(OverLimit, match="too little memory") as refusal:
        play(model, CALM)
    assert "GiB" not in f"{refusal.value.sentence} {refusal.value.hint}"


@needs_models
def test_a_plain_model_takes_its_own_steps_and_guidance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import torch

    asked, folder = spied(monkeypatch), a_model(tmp_path / "base", turbo=False)
    before = torch.get_rng_state()
    (sound,) = play(folder, CALM)
    assert torch.equal(torch.get_rng_state(), before)  # loading draws nothing from it either
    assert (asked[0]["num_inference_steps"], asked[0]["guidance_scale"]) == (50, 7)
    assert sound.std() > 1e-3


@needs_models
@pytest.mark.parametrize("fault", ["cut off", "a tensor less", "a part less", "pickled"])
def test_a_model_that_is_not_whole_gets_a_sentence(model: Path, tmp_path: Path, fault: str):
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    if fault == "cut off":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif fault == "a tensor less":
        tensors = load_file(weights)
        del tensors["layers.0.mlp.down_proj.weight"]
        save_file(tensors, weights, metadata={"format": "pt"})
    elif fault == "a part less":
        shutil.rmtree(folder / "vae")
    else:
        weights.rename(weights.with_name("diffusion_pytorch_model.bin"))
    with pytest.raises(Unavailable, match=r"could not be loaded|not whole"):
        play(folder, CALM)


@needs_models
def test_a_pipeline_of_another_class_is_refused(tmp_path: Path):
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "SomebodysPipeline"}))
    (tmp_path / "model.safetensors").touch()
    with pytest.raises((Refused, Unavailable)):
        an_engine(tmp_path)


def test_a_missing_package_names_the_cure(monkeypatch: pytest.MonkeyPatch):
    plain = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None if name == "diffusers" else plain(name))
    with pytest.raises(Unavailable, match="needs the Python package") as refusal:
        backends.composer("ace_step")
    assert refusal.value.hint == "pip install '.[models]'"


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(Refused) as refusal:
        backends.composer("ace_step:huge")
    assert "turbo" in refusal.value.hint
