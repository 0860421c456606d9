"""What a text encoder makes of prompts, as MusicGen's decoder hears it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from pipeline.generated.decoding import Condition

MOST_WORDS = 256  # tokens of a prompt, about 180 words; what is longer is cut


def hear_prompts(model: Any, tokenizer: Any, prompts: Sequence[str], *, device: str, dtype: Any) -> Condition:
    """Return the condition for prompts, one row for each, all encoded in one go.

    `model` is a MusicgenForConditionalGeneration or a MusicgenMelodyForConditionalGeneration. Melody checkpoints look
    at the padding of a prompt too, so there a row depends on how long the longest prompt of the batch is.
    """
    words = tokenizer(list(prompts), padding=True, truncation=True, max_length=MOST_WORDS, return_tensors="pt").to(
        device
    )
    mask = words["attention_mask"]
    with torch.inference_mode():
        states = model.text_encoder(input_ids=words["input_ids"], attention_mask=mask).last_hidden_state
        if hasattr(model, "enc_to_dec_proj"):
            states = model.enc_to_dec_proj(states)
        states = states * mask[..., None]
        if model.config.model_type == "musicgen_melody":
            return _before_music(model, states, mask, dtype)
        return Condition(states.to(dtype), mask.bool())


def _before_music(model: Any, states: Any, mask: Any, dtype: Any) -> Condition:
    """Put the melody that nobody has given before the prompts, as the model was taught to read it."""
    silence = torch.zeros(1, 1, model.config.num_chroma, device=states.device, dtype=states.dtype)
    silence[..., 0] = 1
    if hasattr(model, "audio_enc_to_dec_proj"):
        silence = model.audio_enc_to_dec_proj(silence)
    melody = silence.expand(len(states), model.config.chroma_length, -1)
    there = torch.ones(melody.shape[:2], dtype=torch.bool, device=mask.device)
    null = torch.cat([melody[0], torch.zeros_like(states[0])])
    return Condition(
        torch.cat([melody, states], dim=1).to(dtype), torch.cat([there, mask.bool()], dim=1), null=null.to(dtype)
    )
