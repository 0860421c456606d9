"""MusicGen on one's own machine: `musicgen` (small), `musicgen:medium`, `musicgen:stereo-large`, a folder with a model.

All cues of a sheet are one batch, and still one piece: the opening phrase of the first cue is made before the others,
and all cues continue it together, each under its own prompt; then the phrase is cut off again everywhere but from the
first. So the cues share sound, tempo and material, while a decode step is paid once for all of them: for eight cues
a processor needs about a quarter of what eight steps take, and about a third after ten seconds. What it costs: three
seconds are made alone, and every cue has to hear them. What it does not do: a cue does not know how the one before has
ended.

`musicgen:small+chain` does: there each cue continues the last seconds of the one before. It takes as long as all cues
one after the other. More words of that kind, in any order: `+bf16` (half the memory and half as fast again on
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
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import shelf
from pipeline.backends import Session, Vendors
from pipeline.cuesheet import CueSheet
from pipeline.errors import OverLimit, Refused, Unavailable
from pipeline.generated.halving import HINT, make_all
from pipeline.generated.orders import Order, Sound
from pipeline.music import Recording
from pipeline.purse import Purse
from pipeline.weights import choose, locate

if TYPE_CHECKING:
    from pipeline.generated.decoder import Decoder

NEEDED = ("torch", "transformers")
INSTALL = "pip install '.[models]'"

THEME_S = 3.0  # that cues have in common, or that one hands to the next: a bar or two
MOST_CUES = 16  # in one batch: from there on a step takes as much longer as there are more
WINDOW_S = 30.0  # that are looked back upon at most (pipeline/generated/windows.py)
SOUND_BYTES = 200 * 10**6  # that a cue takes while it becomes sound

BROKEN = "The music of MusicGen came out broken."
BROKEN_HINT = "Leave +bf16 out, take another model, or another composer."

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

    @property
    def frame_bytes(self) -> int:
        """What has to be kept of each frame while a cue is made: keys and values, with the prompt and without."""
        return int(4 * len(self.decoder.layers) * self.decoder.width * self.decoder.dtype.itemsize)


@dataclass(frozen=True)
class _Wish:
    """One cue to be made."""

    prompt: str
    frames: int  # that come after the prime
    seed: int
    prime: Any  # (codebooks, frames) that it continues
    whole: bool = False  # whether the prime is part of the cue


@dataclass(frozen=True)
class _Piece:
    """What was played as one, for what of it is played again."""

    purse: Purse  # of its job, which stays the same from call to call
    cues: int
    primes: dict[str, Any]  # what each prompt has continued


@dataclass(frozen=True)
class _Making:
    """What stays the same while a piece is made."""

    model: _Model
    settings: Settings
    tell: Callable[[int], None]  # is told how many frames more there are, over all cues


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
        self.machine = ""  # known when it has played
        self._piece: _Piece | None = None  # the last one

    @property
    def cheap(self) -> bool:
        """Whether another take takes little time: seconds on a GPU, minutes on a processor."""
        return bool(self.machine) and not self.machine.startswith("cpu")

    def compose(self, sheet: CueSheet, session: Session) -> Recording:
        """Record every cue of the sheet; raises as the contract says."""
        from pipeline.generated.performed import record

        return record(sheet, self, session)

    def play(self, orders: Sequence[Order], session: Session) -> list[Sound]:
        """Return one sound for each order, as long as asked for, at the model's own rate, in one channel or two.

        What this job orders again of its piece continues what it did before. Raises Unavailable, OverLimit, Cancelled.
        """
        if not orders:
            return []
        device = shelf.device(self._vendors)
        dtype = _dtype(device, self._settings)
        self.machine = f"{device}, {str(dtype).removeprefix('torch.')}"
        key = ("musicgen", str(self._folder), device, str(dtype))
        held = self._weights.memory_bytes * (2 if self.machine.endswith("float32") else 1)
        with shelf.borrow(key, lambda: _open(self._folder, device, dtype), bytes=held, device=device) as model:
            whole = sum(_wish(model, order).frames for order in orders)
            made = _Making(model, self._settings, _counter(session, whole))
            piece = self._piece if self._piece and self._piece.purse is session.purse else None
            if piece and len(orders) < piece.cues:
                return _perform(made, [_wish(model, order, piece.primes.get(order.prompt)) for order in orders])
            play = _play_chain if self._settings.chain else _play_together
            sounds, primes = play(made, [_wish(model, order) for order in orders])
        self._piece = _Piece(session.purse, len(orders), primes)
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

    from pipeline.generated.codec import settle
    from pipeline.generated.decoder import prepare

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    kind = json.loads((folder / "config.json").read_bytes())["model_type"]
    name = "MusicgenForConditionalGeneration" if kind == "musicgen" else "MusicgenMelodyForConditionalGeneration"
    offline = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **offline)
        with torch.random.fork_rng(devices=[]):  # what is about to be filled is first drawn by chance, by all's chance
            model, told = getattr(transformers, name).from_pretrained(
                folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **offline
            )
        if told["missing_keys"]:  # they would be filled with noise
            raise Unavailable("The MusicGen model is not whole.", hint="Fetch it again.")
        model.eval()
        decoder = prepare(model.decoder, device=device, dtype=dtype, consume=True)
        del model.decoder
        settle(model.audio_encoder)
        return _Model(tokenizer, model.to(device), decoder, device)
    except (OSError, ValueError, LookupError, TypeError, MemoryError, RuntimeError, SafetensorError) as exc:
        if shelf.ran_out(exc):
            raise OverLimit("There is too little memory for the MusicGen model.", hint=HINT) from exc
        raise Unavailable("The MusicGen model could not be loaded.", hint="Is it whole? Fetch it again.") from exc


def _play_together(making: _Making, wishes: Sequence[_Wish]) -> tuple[list[Sound], dict[str, Any]]:
    """Let all cues continue the opening of the first, as one batch; return that opening by their prompts, too."""
    first, *others = wishes
    if not others:
        return _perform(making, wishes), {}
    opening = max(1, min(round(THEME_S * making.model.frame_rate), first.frames // 2))
    theme = _make_all(making, _generate, [replace(first, frames=opening, seed=first.seed ^ 1)])[0]
    goes_on = replace(first, prime=theme, frames=max(1, first.frames - opening), whole=True)
    sounds = _perform(making, [goes_on, *(replace(wish, prime=theme) for wish in others)])
    return sounds, {wish.prompt: theme for wish in others if wish.prompt != first.prompt}


def _play_chain(making: _Making, wishes: Sequence[_Wish]) -> tuple[list[Sound], dict[str, Any]]:
    """Let each cue continue the end of the one before; return these ends by the prompts that continued them, too."""
    kept = round(THEME_S * making.model.frame_rate)
    sounds: list[Sound] = []
    primes: dict[str, Any] = {}
    tail = wishes[0].prime
    for wish in wishes:
        wish = replace(wish, prime=tail)
        codes = _make_all(making, _generate, [wish])
        sounds += _sound(making, [wish], codes)
        primes.setdefault(wish.prompt, tail)
        tail = codes[0][:, -kept:]
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
        done = min(done + more, frames)  # what is made again after running out of memory does not count twice
        session.report("music", done, frames)

    return tell


def _perform(making: _Making, wishes: Sequence[_Wish]) -> list[Sound]:
    """Make cues in batches as large as memory allows; those of a batch continue equally long primes."""
    sounds: dict[int, Sound] = {}
    for length in dict.fromkeys(wish.prime.shape[-1] for wish in wishes):
        alike = [number for number, wish in enumerate(wishes) if wish.prime.shape[-1] == length]
        made = _make_all(making, _generate_sound, [wishes[number] for number in alike])
        sounds.update(zip(alike, made, strict=True))
    return [sounds[number] for number in range(len(wishes))]


def _make_all(
    making: _Making, make: Callable[[_Making, Sequence[_Wish]], list[Any]], wishes: Sequence[_Wish]
) -> list[Any]:
    """Make as many at once as there is room for; a processor's memory does not say when it is full, so it is asked."""
    device = making.model.device
    longest = min(WINDOW_S * making.model.frame_rate, max(wish.prime.shape[-1] + wish.frames for wish in wishes))
    room = shelf.free_bytes(device) // (making.model.frame_bytes * math.ceil(longest) + SOUND_BYTES)
    return make_all(lambda some: make(making, some), wishes, at_once=max(1, min(MOST_CUES, room)), device=device)


def _generate_sound(making: _Making, wishes: Sequence[_Wish]) -> list[Any]:
    return _sound(making, wishes, _generate(making, wishes))


def _generate(making: _Making, wishes: Sequence[_Wish]) -> list[Any]:
    """Return the tokens of each cue, (codebooks, frames); where numbers broke down, those of a second try.

    Raises Unavailable when they break down again.
    """
    codes, broken = _extend(making, wishes)
    if again := [row for row, fault in enumerate(broken) if fault]:
        second, still = _extend(making, [replace(wishes[row], seed=wishes[row].seed ^ 2) for row in again])
        if any(still):
            raise Unavailable(BROKEN, hint=BROKEN_HINT)
        for row, new in zip(again, second, strict=True):
            codes[row] = new
    return codes


def _extend(making: _Making, wishes: Sequence[_Wish]) -> tuple[list[Any], list[bool]]:
    import torch

    from pipeline.generated.conditions import hear_prompts
    from pipeline.generated.sampling import Sampling
    from pipeline.generated.windows import extend

    model, prompts = making.model, [wish.prompt for wish in wishes]
    return extend(
        model.decoder,
        hear_prompts(model.text, model.tokenizer, prompts, device=model.device, dtype=model.decoder.dtype),
        torch.stack([wish.prime for wish in wishes]),
        [wish.frames for wish in wishes],
        [torch.Generator().manual_seed(wish.seed % 2**63) for wish in wishes],
        Sampling(making.settings.guidance, making.settings.temperature),
        frame_rate=model.frame_rate,
        tell=making.tell,
    )


def _sound(making: _Making, wishes: Sequence[_Wish], codes: Sequence[Any]) -> list[Sound]:
    """Decode all cues at once, each with its prime so that it does not begin out of nothing; then cut that off."""
    import torch

    from pipeline.generated.codec import decode_sounds

    rows = [torch.cat([wish.prime, made], dim=1) for wish, made in zip(wishes, codes, strict=True)]
    sounds = decode_sounds(making.model.text.audio_encoder, rows, channels=making.model.decoder.channels)
    if not all(np.isfinite(sound).all() for sound in sounds):
        raise Unavailable(BROKEN, hint=BROKEN_HINT)
    cut = []
    for wish, row, sound in zip(wishes, rows, sounds, strict=True):
        first = 0 if wish.whole else wish.prime.shape[-1] * (len(sound) // row.shape[-1])
        cut.append(sound[first:])
    return cut


def load(variant: str, vendors: Vendors) -> MusicGen:
    return MusicGen(variant, vendors)
