"""What a second of MusicGen costs on this machine: our decode loop against transformers' plain `generate`.

    python -m tests.bench.models [--size small] [--steps 50] [--rounds 3] [--batches 1 8] [--late 500] [--threads 2]
                                 [--bf16]

Random weights of the real size, made in memory: speed does not depend on the values, and nothing is fetched or saved.
Both ways start from the same prompts, draw by chance with guidance 3, and end with the sound; they take turns, so that
the ratio is the result. A step is 1/50 s of sound for every cue of the batch. The first lines are of the beginning of a
piece, where least is looked back upon. `late` is one step after so many others (10 s into a piece at 500), of which
`generate` copies all keys and values every time; of it only the decoder is timed there, without the rest of its loop.

On a processor the seconds are those that it has worked, over the threads: where others are at work beside it, threads
that wait for each other spoil any clock, and one thread (`--threads 1`) gives the fair ratio.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import torch

from pipeline.generated import decoding
from pipeline.generated.codec import decode_sounds, settle
from pipeline.generated.conditions import hear_prompts
from pipeline.generated.decoder import prepare
from pipeline.generated.decoding import Condition, decode
from pipeline.generated.sampling import Sampling

FRAME_RATE = 50  # steps for a second of sound

#: layers, width, heads of the published decoders
SIZES = {"small": (24, 1024, 16), "medium": (48, 1536, 24), "large": (48, 2048, 32)}

GPU_BYTES_A_SECOND = 4.3e12  # that an H200 reads; the floor is what one step has to read at least

PROMPT_WORDS = 40  # tokens of a prompt of some 30 words


def make_model(size: str) -> Any:
    """Return a MusicgenForConditionalGeneration with random weights."""
    from transformers import (
        EncodecConfig,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        T5Config,
        logging,
    )

    logging.set_verbosity_error()
    layers, width, heads = SIZES[size]
    config = MusicgenConfig(
        text_encoder=T5Config(d_model=768, d_kv=64, d_ff=3072, num_layers=12, num_heads=12).to_dict(),
        audio_encoder=EncodecConfig(
            sampling_rate=32_000,
            audio_channels=1,
            num_filters=64,
            upsampling_ratios=[8, 5, 4, 4],
            codebook_size=2048,
            target_bandwidths=[2.2],
            use_causal_conv=False,
            use_conv_shortcut=False,
        ).to_dict(),
        decoder=MusicgenDecoderConfig(
            num_hidden_layers=layers, hidden_size=width, ffn_dim=4 * width, num_attention_heads=heads
        ).to_dict(),
    )
    torch.manual_seed(0)
    model = MusicgenForConditionalGeneration(config).eval()
    model.generation_config.pad_token_id = model.generation_config.decoder_start_token_id = 2048
    model.generation_config.bos_token_id = 2048
    return model


class Words(dict[str, Any]):
    """The prompts as a tokenizer gives them."""

    def to(self, device: str) -> Words:
        return Words({name: value.to(device) for name, value in self.items()})


def draw_words(batch: int) -> Words:
    ids = torch.randint(3, 32_000, (batch, PROMPT_WORDS), generator=torch.Generator().manual_seed(batch))
    return Words(input_ids=ids, attention_mask=torch.ones_like(ids))


def play_plain(model: Any, words: Words, steps: int) -> None:
    """Let transformers do it all."""
    model.generate(**words, do_sample=True, top_k=250, guidance_scale=3.0, max_new_tokens=steps)


def play_ours(
    model: Any, codec: Any, decoder: Any, words: Words, steps: int, device: str, parts: dict[str, list[float]]
) -> None:
    """Do the same with the loop of the product, and note the seconds of its parts."""
    batch, frames = len(words["input_ids"]), steps - (decoder.codebooks - 1)
    clock = _clock(device)
    start = clock()
    condition = hear_prompts(model, lambda *_, **__: words, [""] * batch, device=device, dtype=decoder.dtype)
    heard = clock()
    nothing = torch.zeros(batch, decoder.codebooks, 0, dtype=torch.long)
    chances = [torch.rand(steps, decoder.codebooks) for _ in range(batch)]
    codes, _ = decode(decoder, condition, nothing, [frames] * batch, chances, Sampling(), lambda _: None)
    decoded = clock()
    decode_sounds(codec, codes, channels=decoder.channels)
    for name, seconds in (("prompts", heard - start), ("tokens", decoded - heard), ("sound", clock() - decoded)):
        parts.setdefault(name, []).append(seconds)


def measure_late(model: Any, decoder: Any, batch: int, heard: int, rounds: int, device: str) -> None:
    """Time steps after `heard` others; what was heard is noise, as it does not matter for the speed."""
    from transformers import DynamicCache, EncoderDecoderCache

    def hear(decoder: Any, condition: Any, run: Any, known: int, *, guided: bool) -> None:
        for cache in run.cache:
            cache.normal_()

    clock = _clock(device)
    width, steps, config = decoder.width, 5, model.config.decoder
    depth = width // decoder.attention_heads
    plain_model = model.decoder
    dtype = next(plain_model.parameters()).dtype
    states = torch.randn(2 * batch, PROMPT_WORDS, width, device=device, dtype=dtype)
    words = torch.ones(2 * batch, PROMPT_WORDS, dtype=torch.long, device=device)
    ids = torch.zeros(2 * batch * decoder.codebooks, 1, dtype=torch.long, device=device)
    known = torch.zeros(batch, decoder.codebooks, heard, dtype=torch.long)
    chances = [torch.rand(steps + decoder.codebooks, decoder.codebooks) for _ in range(batch)]
    condition = Condition(states[:batch].to(decoder.dtype), words[:batch].bool())
    spent: dict[str, list[float]] = {"plain": [], "ours": []}
    ticks: list[float] = []
    with torch.inference_mode():
        for _ in range(rounds):
            cache = EncoderDecoderCache(DynamicCache(config=config), DynamicCache(config=config))
            for layer in range(config.num_hidden_layers):
                keys = torch.randn(2 * batch, decoder.attention_heads, heard, depth, device=device, dtype=dtype)
                cache.self_attention_cache.update(keys, keys.clone(), layer)
            for step in range(steps + 1):
                start = clock()
                plain_model(
                    input_ids=ids,
                    encoder_hidden_states=states,
                    encoder_attention_mask=words,
                    past_key_values=cache,
                    use_cache=True,
                )
                if step:  # the first one reads the prompts
                    spent["plain"].append(clock() - start)
            del cache
            ticks.clear()
            with patch.object(decoding, "_hear", hear), patch.object(decoding, "TELL", 1):
                counts = [steps] * batch
                decode(decoder, condition, known, counts, chances, Sampling(), lambda _: ticks.append(clock()))
            spent["ours"] += [after - before for before, after in pairwise(ticks)]
    theirs, own = (1e3 * statistics.median(times) for times in spent.values())
    print(f"{batch:5}   late, after {heard}: {theirs:.1f} ms a step, ours {own:.1f}: {theirs / own:.2f}")  # noqa: T201


def _clock(device: str) -> Callable[[], float]:
    """Return what tells the seconds: those that the processor has worked, as others may be at work beside us."""

    def now() -> float:
        if device != "cuda":
            return time.process_time() / torch.get_num_threads()
        torch.cuda.synchronize()
        return time.perf_counter()

    return now


def measure(model: Any, decoder: Any, batch: int, steps: int, rounds: int, device: str) -> None:
    words = draw_words(batch).to(device)
    clock = _clock(device)
    codec = type(model.audio_encoder)(model.audio_encoder.config).eval()
    codec.load_state_dict(model.audio_encoder.state_dict())
    settle(codec.to(device, next(model.audio_encoder.parameters()).dtype))
    plain: list[float] = []
    parts: dict[str, list[float]] = {}
    play_ours(model, codec, decoder, words, 8, device, {})  # what is only made the first time
    play_plain(model, words, 8)
    for _ in range(rounds):
        start = clock()
        play_plain(model, words, steps)
        plain.append(clock() - start)
        play_ours(model, codec, decoder, words, steps, device, parts)
    ours = [sum(spent) for spent in zip(*parts.values(), strict=True)]
    ratios = [theirs / own for theirs, own in zip(plain, ours, strict=True)]
    seconds = batch * steps / FRAME_RATE
    theirs, own = statistics.median(plain), statistics.median(ours)
    print(  # noqa: T201
        f"{batch:5} {theirs / seconds:10.3f} {own / seconds:10.3f} {statistics.median(ratios):8.2f} "
        f"({min(ratios):.2f}-{max(ratios):.2f})   {1e3 * statistics.median(parts['tokens']) / steps:9.1f}   "
        + ", ".join(f"{name} {statistics.median(spent) / own:.0%}" for name, spent in parts.items())
    )


def floor_ms(model: Any, batch: int, steps: int, bytes_each: int) -> float:
    """Return the milliseconds that a step takes at least on a GPU: reading weights, keys and values once."""
    config = model.config.decoder
    width, layers = config.hidden_size, config.num_hidden_layers
    weights = layers * (4 + 2 + 8) * width**2 + config.num_codebooks * config.vocab_size * width
    cache = 2 * batch * layers * (steps / 2) * 2 * width
    return 1e3 * bytes_each * (weights + cache) / GPU_BYTES_A_SECOND


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--late", type=int, default=500, help="steps before the late ones; 0: none of these")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--bf16", action="store_true", help="our loop in bfloat16; on a GPU both ways are")
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(options.threads)
    half = options.bf16 or device == "cuda"
    model = make_model(options.size)
    decoder = prepare(model.decoder, device=device, dtype=torch.bfloat16 if half else torch.float32)
    if device == "cuda":
        model = model.to(device, torch.bfloat16)
    print(  # noqa: T201
        f"MusicGen {options.size}, random weights, {device}, {'bfloat16' if half else 'float32'} (ours), "
        f"{torch.get_num_threads()} threads of {os.cpu_count()}; {options.steps} steps, median of {options.rounds}"
    )
    print(f"{'cues':>5} {'generate':>10} {'ours':>10} {'ratio':>8}               {'ms/step':>9}   ours by part")  # noqa: T201
    print(f"{'':5} {'s of compute per s of sound':>21}")  # noqa: T201
    for batch in options.batches:
        if options.steps:
            measure(model, decoder, batch, options.steps, options.rounds, device)
        if options.late:
            measure_late(model, decoder, batch, options.late, options.rounds, device)
        if device == "cuda":
            print(f"      floor by bandwidth: {floor_ms(model, batch, options.steps, 2):.2f} ms/step")  # noqa: T201


if __name__ == "__main__":
    main()
