"""Tiny models that look at pictures, with weights of chance: the library's own classes, saved as it saves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

WORDS = (
    "a photo of in on at the by man woman dog beach sea forest city street sunset night morning rain car boat "
    "walking running dancing quiet dark bright calm tense people waves trees sky red blue green , . : ? two many "
    "moving Question Answer Short answer Which What Where How emotion does this picture convey happiness sadness "
    "disgust anger fear surprise or neutrality do feel happy sad disgusted angry afraid surprised neutral is mood "
    "was taken time day it"
)


def tokenizer(*, ends: bool = False, starts: bool = False) -> Any:
    """A tokenizer of whole words that adds `</s>` or `<s>` where it is told to."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    known = {word: number for number, word in enumerate(("<pad>", "</s>", "<s>", "<unk>", "<image>", *WORDS.split()))}
    made = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    single = f"{'<s> ' * starts}$A{' </s>' * ends}"
    made.post_processor = processors.TemplateProcessing(single=single, special_tokens=[("<s>", 2), ("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", bos_token="<s>", unk_token="<unk>"
    )


def save_blip2(folder: Path, speech: Literal["t5", "opt"] = "t5", *, seed: int = 1) -> Path:
    """BLIP-2 with 30 x 30 pixels, 4 queries, and a language model of two layers."""
    import torch
    from transformers import (
        Blip2Config,
        Blip2ForConditionalGeneration,
        Blip2QFormerConfig,
        Blip2VisionConfig,
        BlipImageProcessor,
        OPTConfig,
        T5Config,
    )

    words = tokenizer(ends=speech == "t5", starts=speech == "opt")
    small = {"vocab_size": len(words), "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}
    text = (
        T5Config(d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, decoder_start_token_id=0, **small)
        if speech == "t5"
        else OPTConfig(
            hidden_size=32, ffn_dim=48, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=256,
            word_embed_proj_dim=32, **small,
        )
    )  # fmt: skip
    config = Blip2Config(
        vision_config=Blip2VisionConfig(
            hidden_size=24, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, image_size=30,
            patch_size=6, initializer_range=0.2,
        ).to_dict(),
        qformer_config=Blip2QFormerConfig(
            vocab_size=64, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
            initializer_range=0.2,
        ).to_dict(),
        text_config=text.to_dict(),
        num_query_tokens=4,
        image_token_index=4,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Blip2ForConditionalGeneration(config)
        torch.nn.init.normal_(model.query_tokens)
        torch.nn.init.normal_(model.language_projection.weight, std=2.0)
    model.save_pretrained(folder, safe_serialization=True)
    words.save_pretrained(folder)
    BlipImageProcessor(size={"height": 30, "width": 30}).save_pretrained(folder)
    return folder


def save_clip(folder: Path, *, seed: int = 1, scale: float | None = None) -> Path:
    """CLIP with 32 x 32 pixels and 24 numbers for each picture; `scale`: what cosines are multiplied with."""
    import torch
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTextConfig, CLIPVisionConfig

    words = tokenizer(ends=True, starts=True)
    config = CLIPConfig(
        text_config=CLIPTextConfig(
            vocab_size=len(words), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=77, pad_token_id=0, bos_token_id=2, eos_token_id=1, projection_dim=24,
        ).to_dict(),
        vision_config=CLIPVisionConfig(
            hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=32,
            patch_size=8, projection_dim=24,
        ).to_dict(),
        projection_dim=24,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = CLIPModel(config)
        if scale:
            model.logit_scale.data.fill_(float(torch.tensor(scale).log()))
    model.save_pretrained(folder, safe_serialization=True)
    words.save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def spoil(folder: Path, name: str, value: object) -> None:
    """Change one entry of a saved configuration."""
    config = json.loads((folder / "config.json").read_bytes())
    (folder / "config.json").write_text(json.dumps({**config, name: value}))
