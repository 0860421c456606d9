"""MusicGen's decoder as the decode loop wants it: the weights of transformers' own model, laid out once.

What attention asks with, looks up and reads are one product instead of three, the scale of attention is in the
weights, and the heads of all codebooks are one product. On a processor oneDNN gets each matrix in the order that it
reads fastest: at the few rows of a decode step that is three times as fast as MKL with the very same arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.nn import functional

Tensor = Any
Product = Callable[[Tensor], Tensor]

ROWS = 16  # that the layout of a matrix is made for: eight cues, each with and without its prompt


@dataclass(frozen=True)
class Cross:
    """How a layer looks at the prompt."""

    norm: Product
    ask: Product
    answers: Product  #: keys and values
    out: Product


@dataclass(frozen=True)
class Layer:
    """One layer of the decoder."""

    norm: Product
    qkv: Product
    out: Product
    cross: Cross | None  #: melody checkpoints have none: there the prompt stands before the music
    widen_norm: Product
    widen: Product  #: with the activation
    narrow: Product


@dataclass(frozen=True)
class Decoder:
    """All that the loop needs; nothing in it changes."""

    layers: tuple[Layer, ...] = field(repr=False)
    tokens: Tensor = field(repr=False)  #: (codebooks * (vocabulary + 1), width): what each token looks like
    places: Callable[[int], Tensor] = field(repr=False)  #: the first n positions, (n, width)
    norm: Product = field(repr=False)
    heads: Product = field(repr=False)
    width: int
    attention_heads: int
    codebooks: int
    channels: int
    vocabulary: int
    empty: int  #: the token of a place that holds none
    device: Any
    dtype: Any


def prepare(model: Any, *, device: str, dtype: Any, consume: bool = False) -> Decoder:
    """Lay out the weights of a MusicgenForCausalLM or a MusicgenMelodyForCausalLM.

    With `consume` each matrix of the model is given up as soon as it is laid out, so that memory holds it once.
    """
    config, inner = model.config, model.model.decoder

    def taken(module: Any) -> Any:
        weights = {name: weight.detach().to(device, dtype) for name, weight in module.named_parameters(recurse=False)}
        if consume:
            module.to("meta")
        return weights

    books = [taken(table)["weight"] for table in inner.embed_tokens]
    return Decoder(
        layers=tuple(_layer(layer, taken, config) for layer in inner.layers),
        tokens=torch.cat(books),
        places=_places(inner.embed_positions, device, dtype),
        norm=_norm(inner.layer_norm, taken),
        heads=pack(torch.cat([taken(head)["weight"] for head in model.lm_heads])),
        width=config.hidden_size,
        attention_heads=config.num_attention_heads,
        codebooks=config.num_codebooks,
        channels=config.audio_channels,
        vocabulary=config.vocab_size,
        empty=config.pad_token_id if config.pad_token_id is not None else config.vocab_size,
        device=torch.device(device),
        dtype=dtype,
    )


def pack(weight: Tensor, activation: str = "none") -> Product:
    """Return what multiplies with a matrix (out, in), and applies "gelu" where that is asked for."""
    if weight.device.type == "cpu" and reads_packed(weight.dtype):
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), ROWS)
        linear = torch.ops.mkldnn._linear_pointwise
        return lambda rows: linear(rows, packed, None, activation, [], "none")
    if activation == "gelu":
        return lambda rows: functional.gelu(functional.linear(rows, weight))
    return lambda rows: functional.linear(rows, weight)


def reads_packed(dtype: Any) -> bool:
    """Whether this processor and this build of torch multiply with packed matrices of that type."""
    if not (torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")):
        return False
    return dtype == torch.float32 or (dtype == torch.bfloat16 and multiplies_bfloat16())


def multiplies_bfloat16() -> bool:
    """Whether the processor has bfloat16 of its own; everywhere else it would be slower than float32."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported() and torch.cpu.get_capabilities().get("avx512_bf16"))


def _layer(layer: Any, taken: Callable[[Any], Any], config: Any) -> Layer:
    own, across = layer.self_attn, getattr(layer, "encoder_attn", None)
    scale = (config.hidden_size // config.num_attention_heads) ** -0.5
    ask, key, value = (taken(part)["weight"] for part in (own.q_proj, own.k_proj, own.v_proj))
    return Layer(
        norm=_norm(layer.self_attn_layer_norm, taken),
        qkv=pack(torch.cat([ask * scale, key, value])),
        out=pack(taken(own.out_proj)["weight"]),
        cross=None if across is None else _cross(layer, across, scale, taken),
        widen_norm=_norm(layer.final_layer_norm, taken),
        widen=_activated(taken(layer.fc1)["weight"], config.activation_function),
        narrow=pack(taken(layer.fc2)["weight"]),
    )


def _cross(layer: Any, across: Any, scale: float, taken: Callable[[Any], Any]) -> Cross:
    ask, key, value = (taken(part)["weight"] for part in (across.q_proj, across.k_proj, across.v_proj))
    return Cross(
        norm=_norm(layer.encoder_attn_layer_norm, taken),
        ask=pack(ask * scale),
        answers=pack(torch.cat([key, value])),
        out=pack(taken(across.out_proj)["weight"]),
    )


def _activated(weight: Tensor, activation: str) -> Product:
    if activation == "gelu":
        return pack(weight, "gelu")
    from transformers.activations import ACT2FN

    product, act = pack(weight), ACT2FN[activation]
    return lambda rows: act(product(rows))


def _norm(norm: Any, taken: Callable[[Any], Any]) -> Product:
    shape, eps, kept = norm.normalized_shape, norm.eps, taken(norm)
    return lambda rows: functional.layer_norm(rows, shape, kept["weight"], kept["bias"], eps)


def _places(positions: Any, device: str, dtype: Any) -> Callable[[int], Tensor]:
    """Return what gives the sinusoids of the first places, as many as the model was saved with or more."""

    def places(count: int) -> Tensor:
        table = positions.get_embedding(max(count, positions.num_positions), positions.embedding_dim)
        return table[:count].to(device, dtype)

    return places
