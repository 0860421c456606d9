"""MusicGen on one's own machine: `musicgen` (small), `musicgen:medium`, `musicgen:stereo-large`, a folder with a model.

All cues of a sheet are one batch, and still one piece: the opening phrase of the first cue is made before the others,
and all cues continue it together, each under its own prompt; then the phrase is cut off again everywhere but from the
first. So the cues share sound, tempo and material, while a decode step is paid once for all of them: with eight cues
that is about a quarter of what they cost one after the other. What it costs: three seconds are made alone, and every
cue has to hear them. What it does not do: a cue does not know how the one before has ended.

`musicgen:small+chain` does: there each cue continues the last seconds of the one before. It takes as long as all cues
one after the other. More words of that kind, in any order: `+bf16` (half the memory and up to twice as fast on
processors that have bfloat16; other music than without), `+guidance=5` (how closely prompts are followed, 1 to 10),
`+temperature=0.9` (0 to 2; 0 is always the likeliest).

A melody checkpoint plays by its prompts alone. The weights are under CC-BY-NC 4.0; those of a folder have a licence of
their own.
"""

from __future__ import annotations

import importlib.util
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pipeline import shelf
from pipeline.backends import Session, Vendors
from pipeline.cuesheet import CueSheet
from pipeline.errors import OverLimit, Refused, Unavailable
from pipeline.generated.orders import Order, Sound
from pipeline.music import Recording
from pipeline.purse import Purse
from pipeline.weights import choose, locate

if TYPE_CHECKING:
    from pipeline.generated.decoder import Decoder
    from pipeline.generated.sampling import Sampling

T = TypeVar("T")

NEEDED = ("torch", "transformers")
INSTALL = "pip install '.[models]'"

THEME_S = 3.0  # that cues have in common, or that one hands to the next: a bar or two
MOST_CUES = 16  # in one batch; more only wait longer for the first, and each takes 150 MB (small) to 600 MB (large)

GUIDANCE, TEMPERATURE = (1.0, 10.0), (0.0, 2.0)


@dataclass(frozen=True)
class Settings:
    """What the words after a model's name choose."""

    chain: bool = False
    bf16: bool = False
    guidance: float = 3.0
    temperature: float = 1.0


@dataclass(frozen=True)
class _Model:
    """A checkpoint in memory."""

    tokenizer: Any
    text: Any  # transformers' model, without its decoder
    decoder: Decoder
    device: str

    @property
    def frame_rate(self) -> int:
        return int(self.text.audio_encoder.config.frame_rate)


@dataclass(frozen=True)
class _Wish:
    """One cue to be made."""

    prompt: str
    frames: int  # that come after the prime
    seed: int
    prime: Any  # (codebooks, frames) that it continues
    whole: bool = False  # whether the prime is part of the cue


class MusicGen:
    """Plays all cues in one batch; the model is loaded with the first sheet and kept on the shelf."""

    def __init__(self, variant: str, vendors: Vendors) -> None:
        """Raises Unavailable where a package or the weights are missing, Refused for a model that is none."""
        name, self._settings = read_variant(variant)
        self._weights = choose("composer", "musicgen", name, vendors)
        self.name = self._weights.name + variant.removeprefix(name)
        self.licence, self.commercial = self._weights.licence, self._weights.commercial
        if missing := next((package for package in NEEDED if importlib.util.find_spec(package) is None), None):
            raise Unavailable(f"MusicGen needs the Python package {missing!r}, which is not installed.", hint=INSTALL)
        self._folder = locate(self._weights, vendors)
        self.rate = _read_rate(self._folder)
        self._vendors = vendors
        # of the last piece, by the purse of its job: what each prompt has continued
        self._primes: tuple[Purse, dict[str, Any]] | None = None

    def compose(self, sheet: CueSheet, session: Session) -> Recording:
        from pipeline.generated.performed import record

        return record(sheet, self, session)

    def play(self, orders: Sequence[Order], session: Session) -> list[Sound]:
        """Play orders as one piece; those of a job's piece that are played again continue what they did before.

        Raises Unavailable, OverLimit, Cancelled.
        """
        if not orders:
            return []
        device = shelf.device(self._vendors)
        dtype = _dtype(device, self._settings)
        key = ("musicgen", str(self._folder), device, str(dtype))
        held = self._weights.memory_bytes * (2 if str(dtype) == "torch.float32" else 1)
        with shelf.borrow(key, lambda: _open(self._folder, device, dtype), bytes=held, device=device) as model:
            before = self._primes[1] if self._primes and self._primes[0] is session.purse else {}
            if orders[0].prompt in before:
                plan = [_wish(model, order, before.get(order.prompt)) for order in orders]
                tell = _counter(session, sum(wish.frames for wish in plan))
                return _perform(model, plan, self._settings, tell)
            play = _play_chain if self._settings.chain else _play_together
            sounds, primes = play(model, orders, self._settings, session)
        self._primes = session.purse, primes
        return sounds


def read_variant(variant: str) -> tuple[str, Settings]:
    """Return the model's name and the settings after it. Raises Refused for a setting out of its range."""
    settings = Settings()
    while word := re.search(r"\+(chain|bf16|guidance=(\d+(?:\.\d+)?)|temperature=(\d+(?:\.\d+)?))$", variant):
        variant = variant[: word.start()]
        if word[1] in ("chain", "bf16"):
            settings = replace(settings, **{word[1]: True})
        elif word[2]:
            settings = replace(settings, guidance=_within(float(word[2]), GUIDANCE, "guidance"))
        else:
            settings = replace(settings, temperature=_within(float(word[3]), TEMPERATURE, "temperature"))
    return variant, settings


def _within(value: float, bounds: tuple[float, float], name: str) -> float:
    if not bounds[0] <= value <= bounds[1]:
        raise Refused(f"MusicGen's {name} is {bounds[0]:g} to {bounds[1]:g}.", hint="The defaults are 3 and 1.")
    return value


def _read_rate(folder: Path) -> int:
    """Read what rate a checkpoint plays at, in Hz. Raises Refused where it is no MusicGen."""
    try:
        config = json.loads((folder / "config.json").read_bytes())
        if config["model_type"] in ("musicgen", "musicgen_melody"):
            return int(config["audio_encoder"].get("sampling_rate", 32_000))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass  # none of ours
    raise Refused("That folder holds no MusicGen.", hint="Its config.json has to say musicgen or musicgen_melody.")


def _dtype(device: str, settings: Settings) -> Any:
    """Return the type that the decoder's weights are kept in."""
    import torch

    from pipeline.generated.decoder import multiplies_bfloat16

    if device == "cpu":
        if settings.bf16 and not multiplies_bfloat16():
            raise Unavailable("This processor has no bfloat16 of its own.", hint="Leave +bf16 out.")
        return torch.bfloat16 if settings.bf16 else torch.float32
    if device.startswith("cuda") and torch.cuda.is_bf16_supported():
        return torch.bfloat16  # half the bytes without the overflows of float16
    return shelf.dtype(device)


def _open(folder: Path, device: str, dtype: Any) -> _Model:
    """Load a checkpoint. Raises Unavailable where it is not whole, OverLimit where there is no room for it."""
    import torch
    import transformers
    from safetensors import SafetensorError
    from transformers.utils import logging

    from pipeline.generated.decoder import prepare

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    kind = json.loads((folder / "config.json").read_bytes())["model_type"]
    name = "MusicgenForConditionalGeneration" if kind == "musicgen" else "MusicgenMelodyForConditionalGeneration"
    offline = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **offline)
        model, told = getattr(transformers, name).from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **offline
        )
        if told["missing_keys"]:  # they would be filled with noise
            raise Unavailable("The MusicGen model is not whole.", hint="Fetch it again.")
        model.eval()
        decoder = prepare(model.decoder, device=device, dtype=dtype, consume=True)
        del model.decoder
        return _Model(tokenizer, model.to(device), decoder, device)
    except (OSError, ValueError, LookupError, RuntimeError, SafetensorError) as exc:
        if _is_out_of_memory(exc):
            raise OverLimit("There is too little memory for the MusicGen model.", hint="Take a smaller one.") from exc
        raise Unavailable("The MusicGen model could not be loaded.", hint="Is it whole? Fetch it again.") from exc


def _play_together(
    model: _Model, orders: Sequence[Order], settings: Settings, session: Session
) -> tuple[list[Sound], dict[str, Any]]:
    """Let all cues continue the opening of the first, as one batch."""
    wishes = [_wish(model, order) for order in orders]
    if len(orders) == 1:
        return _perform(model, wishes, settings, _counter(session, wishes[0].frames)), {}
    first = wishes[0]
    opening = max(1, min(round(THEME_S * model.frame_rate), first.frames // 2))
    tell = _counter(session, sum(wish.frames for wish in wishes))
    theme = _generate_or_refuse(model, replace(first, frames=opening, seed=first.seed ^ 1), settings, tell)
    follows = [replace(wish, prime=theme) for wish in wishes[1:]]
    goes_on = replace(first, prime=theme, frames=max(1, first.frames - opening), whole=True)
    sounds = _perform(model, [goes_on, *follows], settings, tell)
    return sounds, {wish.prompt: theme for wish in follows if wish.prompt != first.prompt}


def _play_chain(
    model: _Model, orders: Sequence[Order], settings: Settings, session: Session
) -> tuple[list[Sound], dict[str, Any]]:
    """Let each cue continue the end of the one before."""
    wishes = [_wish(model, order) for order in orders]
    tell = _counter(session, sum(wish.frames for wish in wishes))
    kept = round(THEME_S * model.frame_rate)
    sounds: list[Sound] = []
    primes: dict[str, Any] = {}
    tail = wishes[0].prime
    for wish in wishes:
        wish = replace(wish, prime=tail)
        codes = _generate_or_refuse(model, wish, settings, tell)
        sounds += _sound(model, [wish], [codes])
        if sounds[1:]:
            primes.setdefault(wish.prompt, tail)
        tail = codes[:, -kept:]
    primes.pop(wishes[0].prompt, None)
    return sounds, primes


def _wish(model: _Model, order: Order, prime: Any = None) -> _Wish:
    import torch

    nothing = torch.zeros(model.decoder.codebooks, 0, dtype=torch.long)
    frames = max(1, math.ceil(order.seconds * model.frame_rate - 1e-6))
    return _Wish(order.prompt, frames, order.seed, nothing if prime is None else prime)


def _counter(session: Session, frames: int) -> Callable[[int], None]:
    """Return what counts the frames that were made and tells the session how many of all they are."""
    done = 0
    session.report("music", 0, frames)

    def tell(more: int) -> None:
        nonlocal done
        done = min(done + more, frames)  # what is made again after running out of memory is not counted twice
        session.report("music", done, frames)

    return tell


def _perform(model: _Model, wishes: Sequence[_Wish], settings: Settings, tell: Callable[[int], None]) -> list[Sound]:
    """Make cues in batches as large as memory allows, all of a batch continuing equally long primes."""

    def make(some: Sequence[_Wish]) -> list[Sound]:
        return _sound(model, some, _generate(model, some, settings, tell))

    sounds: dict[int, Sound] = {}
    for length in dict.fromkeys(wish.prime.shape[-1] for wish in wishes):
        alike = [number for number, wish in enumerate(wishes) if wish.prime.shape[-1] == length]
        for start in range(0, len(alike), MOST_CUES):
            rows = alike[start : start + MOST_CUES]
            sounds.update(zip(rows, in_batches(make, [wishes[row] for row in rows]), strict=True))
    return [sounds[number] for number in range(len(wishes))]


def in_batches(make: Callable[[Sequence[Any]], list[T]], wanted: Sequence[Any]) -> list[T]:
    """Make all at once; where memory runs out, each half for itself. Raises OverLimit when one alone does not fit."""
    try:
        return make(wanted)
    except (MemoryError, RuntimeError) as exc:
        if not _is_out_of_memory(exc):
            raise
        if len(wanted) == 1:
            raise OverLimit(
                "There is too little memory for MusicGen.", hint="Take a smaller model, or close what else uses it."
            ) from exc
    _free_memory()  # out here, where nothing holds what the failed batch has held
    half = -(-len(wanted) // 2)
    return in_batches(make, wanted[:half]) + in_batches(make, wanted[half:])


def _is_out_of_memory(exc: BaseException) -> bool:
    import torch

    words = ("not enough memory", "out of memory", "can't allocate memory")
    return isinstance(exc, MemoryError | torch.OutOfMemoryError) or any(word in str(exc).lower() for word in words)


def _free_memory() -> None:
    import torch

    shelf.drop_others()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _generate_or_refuse(model: _Model, wish: _Wish, settings: Settings, tell: Callable[[int], None]) -> Any:
    return in_batches(lambda some: _generate(model, some, settings, tell), [wish])[0]


def _generate(model: _Model, wishes: Sequence[_Wish], settings: Settings, tell: Callable[[int], None]) -> list[Any]:
    """Return the tokens of each cue, (codebooks, frames); where numbers broke down, those of a second try.

    Raises Unavailable when they break down again.
    """
    codes, broken = _extend(model, wishes, settings, tell)
    again = [row for row, fault in enumerate(broken) if fault]
    if again:
        others = [replace(wishes[row], seed=wishes[row].seed ^ 2) for row in again]
        second, still = _extend(model, others, settings, tell)
        if any(still):
            raise Unavailable(
                "MusicGen's numbers broke down.", hint="Leave +bf16 out, take another model, or another composer."
            )
        for row, new in zip(again, second, strict=True):
            codes[row] = new
    return codes


def _extend(
    model: _Model, wishes: Sequence[_Wish], settings: Settings, tell: Callable[[int], None]
) -> tuple[list[Any], list[bool]]:
    import torch

    from pipeline.generated.conditions import hear_prompts
    from pipeline.generated.windows import extend

    prompts = [wish.prompt for wish in wishes]
    decoder = model.decoder
    return extend(
        decoder,
        hear_prompts(model.text, model.tokenizer, prompts, device=model.device, dtype=decoder.dtype),
        torch.stack([wish.prime for wish in wishes]),
        [wish.frames for wish in wishes],
        [torch.Generator().manual_seed(wish.seed % 2**63) for wish in wishes],
        _sampling(settings),
        frame_rate=model.frame_rate,
        tell=tell,
    )


def _sampling(settings: Settings) -> Sampling:
    from pipeline.generated.sampling import Sampling

    return Sampling(settings.guidance, settings.temperature)


def _sound(model: _Model, wishes: Sequence[_Wish], codes: Sequence[Any]) -> list[Sound]:
    """Decode all cues at once, each with its prime so that it does not begin out of nothing; then cut that off."""
    import torch

    from pipeline.generated.codec import decode_sounds

    rows = [torch.cat([wish.prime, made], dim=1) for wish, made in zip(wishes, codes, strict=True)]
    sounds = decode_sounds(model.text.audio_encoder, rows, channels=model.decoder.channels)
    if not all(np.isfinite(sound).all() for sound in sounds):
        raise Unavailable("MusicGen's numbers broke down.", hint="Take another model, or another composer.")
    cut = []
    for wish, row, sound in zip(wishes, rows, sounds, strict=True):
        first = 0 if wish.whole else wish.prime.shape[-1] * (len(sound) // row.shape[-1])
        cut.append(sound[first:])
    return cut


def load(variant: str, vendors: Vendors) -> MusicGen:
    return MusicGen(variant, vendors)
