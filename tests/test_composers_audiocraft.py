"""audiocraft's MusicGen in the product's own environment, on models of a few thousand weights that the tests make."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline import backends
from pipeline.backends import Session
from pipeline.composers.audiocraft import NEEDED, RATE, THEME_S, _Row, _sounds
from pipeline.errors import Cancelled, OverLimit, Refused, Unavailable
from pipeline.generated.orders import Melody, Order, Sound

needs_audiocraft = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in NEEDED),
    reason="audiocraft is not installed (make audiocraft)",
)

WORDS = ("<pad>", "</s>", "<unk>", "calm", "sea", "slow", "piano", "strings", "low", "drums", "at", "120", "bpm")
CALM = Order("calm sea slow piano", 1.0, 7, 90, "D minor")
DRUMS = Order("low drums", 1.6, 8, 120, "D minor")
STRINGS = Order("slow strings at 120 bpm", 1.2, 9, 120, "D minor")


def a_model(folder: Path, *, channels: int = 1, melody: bool = False) -> Path:
    """Save a MusicGen with random weights as transformers lays it out: 25 frames a second, 64 tokens."""
    import torch
    import transformers as t
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    words = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    names = {"unk_token": "<unk>", "pad_token": "<pad>", "eos_token": "</s>"}
    text = t.T5Config(vocab_size=16, d_model=16, d_kv=4, d_ff=16, num_layers=1, num_heads=4)
    codec = t.EncodecConfig(
        target_bandwidths=[0.6], sampling_rate=RATE, num_filters=4, upsampling_ratios=[16, 10, 8], codebook_size=64,
        codebook_dim=16, hidden_size=16, num_lstm_layers=1, use_causal_conv=False,
    )  # fmt: skip
    decoder_class = t.MusicgenMelodyDecoderConfig if melody else t.MusicgenDecoderConfig
    decoder = decoder_class(
        vocab_size=64, num_hidden_layers=2, ffn_dim=64, num_attention_heads=4, hidden_size=32,
        num_codebooks=4 * channels, audio_channels=channels, pad_token_id=64, bos_token_id=64,
    )  # fmt: skip
    parts = {"text_encoder": text.to_dict(), "audio_encoder": codec.to_dict(), "decoder": decoder.to_dict()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        if melody:
            config = t.MusicgenMelodyConfig(**parts, num_chroma=12, chroma_length=235)
            model = t.MusicgenMelodyForConditionalGeneration(config)
        else:
            model = t.MusicgenForConditionalGeneration(t.MusicgenConfig(**parts))
        for tensor in model.decoder.parameters():
            if tensor.ndim > 1:
                torch.nn.init.normal_(tensor, std=0.3)  # else it says the same whatever it hears
        for layer in model.audio_encoder.quantizer.layers:
            layer.codebook.embed.normal_()  # they are empty before they are trained
    model.save_pretrained(folder)
    t.PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=512, **names).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a maker of models that makes each once."""
    folder = tmp_path_factory.mktemp("models")
    made: dict[str, Path] = {}

    def model(**kind: Any) -> Path:
        name = "tiny" + "".join(f"-{key}{value}" for key, value in kind.items())
        if name not in made:
            made[name] = a_model(folder / name, **kind)
        return made[name]

    return model


def an_engine(folder: Path) -> Any:
    return backends.composer(f"audiocraft:{folder}")


def play(folder: Path, *orders: Order) -> list[Sound]:
    return list(an_engine(folder).play(orders, Session()))


def opened(folder: Path) -> Any:
    import torch

    from pipeline.craft.model import open_model

    return open_model(folder, device="cpu", dtype=torch.float32)


@needs_audiocraft
def test_orders_become_sound_of_their_length(models: Callable[..., Path]):
    folder = models()
    engine = an_engine(folder)
    assert engine.name == "audiocraft:tiny"
    sounds = engine.play([CALM, DRUMS, STRINGS], Session())
    assert [sound.shape for sound in sounds] == [(32_000, 1), (51_200, 1), (38_400, 1)]
    assert all(sound.dtype == np.float32 and np.isfinite(sound).all() and sound.std() > 1e-4 for sound in sounds)


@needs_audiocraft
def test_a_stereo_model_plays_in_stereo(models: Callable[..., Path]):
    (sound,) = play(models(channels=2), CALM)
    assert sound.shape == (32_000, 2)
    assert not np.allclose(sound[:, 0], sound[:, 1])


@needs_audiocraft
def test_a_seed_gives_the_same_sound_whatever_is_drawn_elsewhere(models: Callable[..., Path]):
    import torch

    folder = models()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = play(folder, CALM, DRUMS)
    assert torch.equal(torch.get_rng_state(), before)  # nor does it draw from what others draw from
    torch.manual_seed(6)
    again = play(folder, CALM, DRUMS)
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    (other,) = play(folder, Order(CALM.prompt, 1.0, 70, 90, "D minor"))
    assert not np.array_equal(first[0], other)


@needs_audiocraft
@pytest.mark.parametrize("kind", [{}, {"channels": 2}, {"melody": True}], ids=["mono", "stereo", "melody"])
def test_the_same_weights_give_the_same_tokens_as_in_transformers(models: Callable[..., Path], kind: dict[str, Any]):
    import torch
    import transformers

    folder, frames = models(**kind), 30
    model = opened(folder)
    model.set_generation_params(use_sampling=False, duration=(frames + 0.5) / model.frame_rate, cfg_coef=3.0)
    _, ours = model.generate([CALM.prompt], return_tokens=True)

    melodic = kind.get("melody")
    plain_class = getattr(transformers, f"Musicgen{'Melody' if melodic else ''}ForConditionalGeneration")
    plain = plain_class.from_pretrained(folder)
    plain.generation_config.decoder_start_token_id = 64
    heard: list[Any] = []
    decode = plain.audio_encoder.decode
    plain.audio_encoder.decode = lambda codes, *rest, **more: (heard.append(codes[0]), decode(codes, *rest, **more))[1]
    asked = transformers.AutoTokenizer.from_pretrained(folder)([CALM.prompt], return_tensors="pt")
    plain.generate(
        input_ids=asked.input_ids,
        attention_mask=asked.attention_mask,
        do_sample=False,
        guidance_scale=3.0,
        max_new_tokens=frames + 3,
    )
    theirs = torch.stack(heard, 2).flatten(1, 2)  # left and right of a stereo model are decoded one after the other
    assert len(ours.unique()) > 10
    assert torch.equal(ours, theirs)


def spied(monkeypatch: pytest.MonkeyPatch, most: int = 100) -> list[tuple[int, Any, Any]]:
    """Note what audiocraft is asked for: rows, what they go on from, what came; more rows than `most` do not fit."""
    import torch
    from audiocraft.models import MusicGen

    asked: list[tuple[int, Any, Any]] = []
    plain = MusicGen._generate_tokens

    def spy(self: Any, attributes: Any, prompt: Any, progress: bool) -> Any:
        if len(attributes) > most:
            asked.append((len(attributes), prompt, None))
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        tokens = plain(self, attributes, prompt, progress)
        asked.append((len(attributes), prompt, tokens))
        return tokens

    monkeypatch.setattr(MusicGen, "_generate_tokens", spy)
    return asked


@needs_audiocraft
def test_all_of_them_go_on_from_the_opening_of_the_first(models: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    asked = spied(monkeypatch)
    long = Order(CALM.prompt, 2 * THEME_S + 1, 7, 90, "D minor")
    engine, session = an_engine(models()), Session()
    sounds = engine.play([long, DRUMS, STRINGS], session)
    (one, none, theme), (three, heard, played) = asked
    assert (one, none, three) == (1, None, 3)
    assert theme.shape[-1] == heard.shape[-1] == round(THEME_S * 25)
    assert (heard == theme).all()
    assert (played[..., : theme.shape[-1]] == theme).all()
    assert [len(sound) for sound in sounds] == [7 * RATE, 51_200, 38_400]  # of the others it is cut off

    (again,) = engine.play([STRINGS], session)  # one of them once more, in the same job: of the same piece
    assert (asked[2][1] == theme).all()
    assert len(again) == 38_400
    engine.play([STRINGS], Session())
    assert asked[3][1] is None


@needs_audiocraft
def test_what_is_longer_than_it_hears_slides_on(models: Callable[..., Path]):
    model = opened(models())
    model.max_duration = 4.0  # instead of 30
    (sound,) = _sounds(model, [_Row(Order(CALM.prompt, 7.0, 7, 90, "D minor"), None)], lambda more: None)
    assert len(sound) == 7 * RATE
    assert all(sound[at : at + RATE].std() > 1e-4 for at in range(0, 7 * RATE, RATE))


@needs_audiocraft
def test_a_temp_track_leads_the_melody(models: Callable[..., Path]):
    folder = models(melody=True)
    t = np.arange(3 * RATE) / RATE
    low, high = (np.sin(2 * np.pi * hertz * t).astype(np.float32)[:, None] for hertz in (220.0, 311.1))
    plain, led, led_again, otherwise = (
        play(folder, Order(CALM.prompt, 1.0, 7, 90, "D minor", melody=melody))[0]
        for melody in (None, Melody(low, RATE), Melody(low, RATE), Melody(high, RATE))
    )
    assert np.array_equal(led, led_again)
    assert not np.array_equal(plain, led)
    assert not np.array_equal(led, otherwise)


@needs_audiocraft
def test_each_order_gets_its_stretch_of_the_temp_track(models: Callable[..., Path], tmp_path: Path):
    t = np.arange(2 * RATE) / RATE
    track = np.where(t < 1, np.sin(2 * np.pi * 220 * t), np.sin(2 * np.pi * 311.1 * t)).astype(np.float32)[:, None]
    temp = tmp_path / "temp.wav"
    soundfile.write(temp, track, RATE, subtype="FLOAT")
    folder = models(melody=True)
    engine, session = an_engine(folder), Session(temp=temp)
    assert engine.follows_melody
    assert not an_engine(models()).follows_melody
    (led,) = engine.play([replace(CALM, start=1.0)], session)
    (same,) = play(folder, replace(CALM, melody=Melody(track[RATE:], RATE)))
    (after,) = engine.play([replace(CALM, start=2.5)], session)
    (plain,) = play(folder, CALM)
    assert np.array_equal(led, same)
    assert np.array_equal(after, plain)


@needs_audiocraft
def test_a_model_that_hears_no_melody_says_so(models: Callable[..., Path]):
    led = Order(CALM.prompt, 1.0, 7, 90, "D minor", melody=Melody(np.zeros((RATE, 1), np.float32), RATE))
    with pytest.raises(Refused, match="no melody") as refusal:
        play(models(), led)
    assert "audiocraft:melody" in refusal.value.hint


@needs_audiocraft
def test_it_is_told_how_far_it_is_and_may_be_cancelled(models: Callable[..., Path]):
    told: list[float] = []

    def report(stage: str, done: float, total: float) -> None:
        assert stage == "music"
        told.append(done / total)
        if len(told) == 3 and told[-1] < 1:
            raise Cancelled("Cancelled.")

    engine = an_engine(models())
    with pytest.raises(Cancelled):
        engine.play([CALM, DRUMS], Session(report))
    sounds = engine.play([CALM, DRUMS], Session(report))  # nothing of the broken-off one is left in the model
    assert told[3:] == sorted(told[3:])
    assert told[-1] == 1
    fresh = play(models(), CALM, DRUMS)
    assert all(np.array_equal(one, other) for one, other in zip(sounds, fresh, strict=True))


@needs_audiocraft
def test_a_batch_halves_itself_where_memory_is_short(models: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    same_words = [Order(DRUMS.prompt, 0.4, seed, 120, "D minor") for seed in range(5)]
    whole = play(models(), *same_words)
    with monkeypatch.context() as short:
        asked = spied(short, most=2)
        halved = play(models(), *same_words)
    assert [rows for rows, _, _ in asked] == [1, 5, 2, 2, 1]
    assert all(np.allclose(one, other, atol=1e-5) for one, other in zip(whole, halved, strict=True))
    spied(monkeypatch, most=0)
    with pytest.raises(OverLimit, match="too little memory") as refusal:
        play(models(), CALM)
    assert "GiB" not in f"{refusal.value.sentence} {refusal.value.hint}"


@needs_audiocraft
def test_numbers_that_are_none_are_not_passed_off_as_music(models: Callable[..., Path]):
    import torch

    model = opened(models())
    with torch.no_grad():
        model.lm.linears[2].weight.fill_(float("nan"))
    (sound,) = _sounds(model, [_Row(CALM, None)], lambda more: None)
    assert np.isnan(sound).all()


@needs_audiocraft
def test_what_stood_in_for_other_libraries_is_gone():
    from pipeline.craft.standins import import_audiocraft

    package = import_audiocraft()
    assert package.__version__ == "1.3.0"
    for name in ("av", "flashy", "num2words", "spacy", "torchaudio", "xformers", "audiocraft.solvers"):
        assert name not in sys.modules or importlib.util.find_spec(name)
    import transformers.utils as asked

    assert asked.is_torchaudio_available() == bool(importlib.util.find_spec("torchaudio"))


@needs_audiocraft
def test_the_spectrum_is_that_of_librosa():
    librosa = pytest.importorskip("librosa")
    import torch

    from pipeline.craft.standins import _spectrogram_class

    wave = np.random.default_rng(0).standard_normal(9000).astype(np.float32)
    fixed = {"power": 2, "center": True, "pad": 0, "normalized": True}
    ours = _spectrogram_class()(1024, 1024, 256, **fixed)(torch.from_numpy(wave)[None, None])
    window = np.hanning(1025)[:-1]
    theirs = np.abs(librosa.stft(wave, n_fft=1024, hop_length=256, window=window, pad_mode="reflect")) ** 2
    assert np.allclose(ours[0, 0].numpy(), theirs / (window**2).sum(), rtol=1e-3, atol=1e-4)


@needs_audiocraft
def test_its_own_untrained_model_plays_too():
    from pipeline.craft.standins import part

    model = part("models.musicgen").MusicGen.get_pretrained("debug", device="cpu")
    model.set_generation_params(duration=0.4)
    assert model.generate(["a calm sea, 3 drums"]).shape == (1, 1, 12_800)


@needs_audiocraft
def test_a_release_of_pickles_is_not_opened(models: Callable[..., Path], tmp_path: Path):
    """audiocraft's own format is refused, beside a config of today's too, and nothing in it is run."""
    ran = tmp_path / "ran"
    pickled = f"cposix\nsystem\n(S'touch {ran}'\ntR.".encode()
    for name in ("state_dict.bin", "compression_state_dict.bin", "pytorch_model.bin"):
        (tmp_path / name).write_bytes(pickled)
    with pytest.raises(Refused):
        an_engine(tmp_path)
    (tmp_path / "config.json").write_bytes((models() / "config.json").read_bytes())
    with pytest.raises(Unavailable, match="is not whole"):
        play(tmp_path, CALM)
    with pytest.raises(Unavailable, match="could not be loaded"):
        opened(tmp_path)
    assert not ran.exists()


@needs_audiocraft
@pytest.mark.parametrize("fault", ["another", "cut off", "a tensor less"])
def test_a_folder_that_is_not_whole_gets_a_sentence(models: Callable[..., Path], tmp_path: Path, fault: str):
    from safetensors.numpy import load_file, save_file

    folder = tmp_path / "model"
    shutil.copytree(models(), folder)
    weights = folder / "model.safetensors"
    if fault == "another":
        (folder / "config.json").write_text('{"model_type": "t5"}')
    elif fault == "cut off":
        weights.write_bytes(weights.read_bytes()[:-1000])
    else:
        tensors = load_file(weights)
        del tensors["decoder.lm_heads.0.weight"]
        save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(Unavailable, match="could not be loaded"):
        opened(folder)


def test_a_missing_package_names_the_cure(monkeypatch: pytest.MonkeyPatch):
    plain = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None if name == "audiocraft" else plain(name))
    with pytest.raises(Unavailable, match="needs the Python package") as refusal:
        backends.composer("audiocraft:small")
    assert "make audiocraft" in refusal.value.hint


def test_an_unknown_model_is_refused_by_name():
    with pytest.raises(Refused) as refusal:
        backends.composer("audiocraft:huge")
    assert "small" in refusal.value.hint
