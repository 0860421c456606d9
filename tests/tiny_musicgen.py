"""Tiny MusicGen checkpoints with random weights, made with transformers' own classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

WORDS = ("slow", "fast", "piano", "strings", "drums", "dark", "bright", "calm", "tense", "in", "and", "with")

STEREO = {"num_codebooks": 8, "audio_channels": 2}


def save_musicgen(folder: Path, *, stereo: bool = False, melody: bool = False, seed: int = 0) -> Path:
    """Save a checkpoint with tokenizer as the real ones are saved; returns the folder."""
    make_musicgen(stereo=stereo, melody=melody, seed=seed).save_pretrained(folder, safe_serialization=True)
    make_tokenizer().save_pretrained(folder)
    return folder


def make_musicgen(*, stereo: bool = False, melody: bool = False, seed: int = 0) -> Any:
    """Make a model of two layers, whose sound has 4000 samples and 50 frames a second."""
    import torch
    from transformers import (
        EncodecConfig,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        MusicgenMelodyConfig,
        MusicgenMelodyDecoderConfig,
        MusicgenMelodyForConditionalGeneration,
        T5Config,
    )

    text = T5Config(vocab_size=32, d_model=16, d_kv=8, d_ff=24, num_layers=1, num_heads=2)
    audio = EncodecConfig(
        target_bandwidths=[1.2],
        sampling_rate=4000,
        audio_channels=1,
        num_filters=4,
        hidden_size=16,
        codebook_dim=16,
        codebook_size=64,
        upsampling_ratios=[5, 4, 2, 2],
        norm_type="weight_norm",
        use_causal_conv=False,
        num_lstm_layers=1,
        chunk_length_s=None,
    )
    shape: dict[str, Any] = {
        "vocab_size": 64,
        "hidden_size": 32,
        "ffn_dim": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "pad_token_id": 64,
        "bos_token_id": 64,
        **(STEREO if stereo else {}),
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if melody:
            config = MusicgenMelodyConfig(
                text_encoder=text.to_dict(),
                audio_encoder=audio.to_dict(),
                decoder=MusicgenMelodyDecoderConfig(**shape).to_dict(),
                num_chroma=12,
                chroma_length=6,
            )
            model = MusicgenMelodyForConditionalGeneration(config)
        else:
            config = MusicgenConfig(
                text_encoder=text.to_dict(),
                audio_encoder=audio.to_dict(),
                decoder=MusicgenDecoderConfig(**shape).to_dict(),
            )
            model = MusicgenForConditionalGeneration(config)
        _stir(model)
    model.generation_config.decoder_start_token_id = model.generation_config.pad_token_id = 64
    model.generation_config.bos_token_id = 64
    return model.eval()


def _stir(model: Any) -> None:
    """Make the weights large enough that what the model says depends on what it hears."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1 and not name.startswith("audio_encoder"):
                weight.normal_(std=weight.shape[-1] ** -0.5)
        for layer in model.audio_encoder.quantizer.layers:
            layer.codebook.embed.normal_()


def make_tokenizer() -> Any:
    """Make a tokenizer that knows a dozen words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    known = {word: number for number, word in enumerate(("<pad>", "</s>", "<unk>", *WORDS))}
    tokenizer = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", padding_side="right"
    )
