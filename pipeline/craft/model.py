"""audiocraft's MusicGen with the weights of a transformers checkpoint.

audiocraft's own releases are pickles, which may run anything when they are opened; they are not opened here. The same
weights are published as safetensors for transformers, under other names: here audiocraft's classes are built after
that checkpoint's config and take its tensors by their names. So one folder serves both engines, and both make the same
tokens of it. The text encoder and EnCodec are transformers' own in audiocraft too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.craft.draws import take_draws
from pipeline.craft.standins import part
from pipeline.errors import Unavailable

WINDOW_S = 30.0  # what all of them were trained on; longer music is made by sliding on

#: samples (as a power of two) in a window of the chroma that the melody model was trained on
CHROMA_EXPONENT = 14

#: transformers' names of tensors, and audiocraft's
_RENAMED = (
    (r"^model\.decoder\.embed_tokens\.", "emb."),
    (r"^model\.decoder\.layers\.", "transformer.layers."),
    (r"^model\.decoder\.layer_norm\.", "out_norm."),
    (r"^lm_heads\.", "linears."),
    (r"\.encoder_attn_layer_norm\.", ".norm_cross."),
    (r"\.encoder_attn\.", ".cross_attention."),
    (r"\.self_attn_layer_norm\.", ".norm1."),
    (r"\.final_layer_norm\.", ".norm2."),
    (r"\.fc1\.", ".linear1."),
    (r"\.fc2\.", ".linear2."),
)
_PROJECTION = re.compile(r"^(?P<attention>.*)\.(?P<which>[qkv])_proj\.weight$")

_CLASSES = {"musicgen": "MusicgenForConditionalGeneration", "musicgen_melody": "MusicgenMelodyForConditionalGeneration"}


def open_model(folder: Path, *, device: str, dtype: Any) -> Any:
    """Return a MusicGen of audiocraft's from a folder with transformers' config, tokenizer and safetensors.

    Text encoder and EnCodec stay in float32, as in audiocraft. Raises Unavailable where the folder is not whole.
    """
    import torch
    from safetensors import SafetensorError

    try:
        with torch.random.fork_rng(devices=[]):  # building draws numbers that the weights then take the place of
            return _built(folder, device, dtype)
    except (OSError, ValueError, LookupError, RuntimeError, TypeError, SafetensorError) as exc:
        raise Unavailable(
            "The weights could not be loaded into audiocraft.",
            hint="They have to be those of a MusicGen as transformers saves it, with model.safetensors; is it whole?",
        ) from exc


def _built(folder: Path, device: str, dtype: Any) -> Any:
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    model_class = getattr(transformers, _CLASSES[json.loads((folder / "config.json").read_bytes())["model_type"]])
    options = {"local_files_only": True, "trust_remote_code": False}
    checkpoint, told = model_class.from_pretrained(
        folder, use_safetensors=True, dtype="auto", output_loading_info=True, **options
    )
    if told["missing_keys"]:  # it would make them up
        raise ValueError("weights are missing")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
    lm = _language_model(checkpoint, _words(checkpoint, tokenizer, device)).to(device=device, dtype=dtype).eval()
    model = part("models.musicgen").MusicGen(folder.name, _codec(checkpoint, device), lm, max_duration=WINDOW_S)
    half = device != "cpu" and dtype != torch.float32
    autocast = part("utils.autocast").TorchAutocast
    model.autocast = autocast(enabled=True, device_type=model.device.type, dtype=dtype) if half else autocast(False)
    take_draws(part("utils.utils"))
    return model


def _codec(checkpoint: Any, device: str) -> Any:
    """Return EnCodec as audiocraft knows it; a stereo model has each codebook twice, left and right."""
    encodec = part("models.encodec")
    codec = encodec.HFEncodecCompressionModel(checkpoint.audio_encoder.float().to(device))
    if checkpoint.decoder.config.audio_channels == 2:
        codec = encodec.InterleaveStereoCompressionModel(codec)
    return codec.eval()


def _language_model(checkpoint: Any, words: Any) -> Any:
    import torch

    conditioners, patterns = part("modules.conditioners"), part("modules.codebooks_patterns")
    config, channels = checkpoint.decoder.config, checkpoint.decoder.config.audio_channels
    listening = {"description": words}
    melodic = checkpoint.config.model_type == "musicgen_melody"
    if melodic:
        listening["self_wav"] = _melody(checkpoint, words.device)
    fused = {"cross": [], "prepend": list(listening)} if melodic else {"cross": list(listening), "prepend": []}
    with torch.device("meta"):  # nothing is laid out until the weights are there
        lm = part("models.lm").LMModel(
            patterns.DelayedPatternProvider(
                config.num_codebooks, delays=[number // channels for number in range(config.num_codebooks)]
            ),
            conditioners.ConditioningProvider(listening, device=words.device),
            conditioners.ConditionFuser({**fused, "sum": [], "input_interpolate": []}),
            n_q=config.num_codebooks,
            card=config.vocab_size,
            dim=config.hidden_size,
            num_heads=config.num_attention_heads,
            num_layers=config.num_hidden_layers,
            hidden_scale=config.ffn_dim / config.hidden_size,
            activation=config.activation_function,
            norm_first=True,
            bias_ff=False,
            bias_attn=False,
            bias_proj=False,
            causal=True,
            custom=True,
            cross_attention=not melodic,
        )
    lm.load_state_dict(_renamed(checkpoint), strict=True, assign=True)
    return lm


def _renamed(checkpoint: Any) -> dict[str, Any]:
    """Return the decoder's tensors under audiocraft's names; q, k and v of an attention are one there."""
    import torch

    tensors = dict(_plainly_renamed(checkpoint.decoder.state_dict()))
    listening = {"description": "enc_to_dec_proj", "self_wav": "audio_enc_to_dec_proj"}
    for condition, name in listening.items():
        if projection := getattr(checkpoint, name, None):
            for kind, tensor in projection.state_dict().items():
                tensors[f"condition_provider.conditioners.{condition}.output_proj.{kind}"] = tensor
    for name in [name for name in tensors if name.endswith(".q_proj.weight")]:
        attention = name.removesuffix(".q_proj.weight")
        parted = [tensors.pop(f"{attention}.{which}_proj.weight") for which in "qkv"]
        tensors[f"{attention}.in_proj_weight"] = torch.cat(parted)
    return tensors


def _plainly_renamed(tensors: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, tensor in tensors.items():
        for pattern, new in _RENAMED:
            name = re.sub(pattern, new, name)
        yield name, tensor


def _words(checkpoint: Any, tokenizer: Any, device: str) -> Any:
    """Return audiocraft's reader of prompts with this checkpoint's T5, which its own would fetch by name."""
    conditioners = part("modules.conditioners")
    encoder = checkpoint.text_encoder.float().to(device).eval()
    words = object.__new__(conditioners.T5Conditioner)
    conditioners.TextConditioner.__init__(words, encoder.config.d_model, checkpoint.decoder.config.hidden_size)
    words.device, words.name, words.finetune = device, "t5", False
    words.word_dropout, words.normalize_text = 0.0, False
    words.autocast = part("utils.autocast").TorchAutocast(enabled=False)
    words.t5_tokenizer = tokenizer
    vars(words)["t5"] = encoder  # not a part of the language model's own weights
    return words


def _melody(checkpoint: Any, device: str) -> Any:
    """Return audiocraft's listener to a melody, which hears the whole sound.

    Its own first takes drums and bass out with Demucs, whose weights are pickles. Without that a loud bass draws the
    melody down to itself: a temp track without drums serves best.
    """
    conditioners = part("modules.conditioners")
    config = checkpoint.config
    rate = config.audio_encoder.sampling_rate
    melody = object.__new__(conditioners.ChromaStemConditioner)
    size = checkpoint.decoder.config.hidden_size
    conditioners.WaveformConditioner.__init__(melody, dim=config.num_chroma, output_dim=size, device=device)
    extractor = part("modules.chroma").ChromaExtractor(
        rate, n_chroma=config.num_chroma, radix2_exp=CHROMA_EXPONENT, argmax=True
    )
    melody.chroma = extractor.to(device)
    melody.autocast = part("utils.autocast").TorchAutocast(enabled=False)
    melody.sample_rate, melody.duration, melody.chroma_len = rate, WINDOW_S, config.chroma_length
    melody.match_len_on_eval, melody._use_masking = True, False
    melody.eval_wavs = melody.cache = None
    melody._get_stemmed_wav = _whole
    return melody


def _whole(wave: Any, sample_rate: int) -> Any:
    return wave
