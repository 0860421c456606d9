"""ACE-Step 1.5 by diffusers: `ace_step` (XL turbo), `ace_step:turbo`, or a folder with such a pipeline in it.

Free for any use. Tempo, key, meter and length are fields of their own, which it was trained to keep to; words cannot
bring it to that. Stretches that agree in them, and in length by a quarter, are made in one batch. So that all of a
piece sounds like one band in one room, the first stretch is made alone and the others hear it as their reference for
timbre; themes they do not share, which keys and tempi of the sheet make up for. It makes 10 s to 10 min at once:
shorter ones are cut from 10 s, longer ones go on by having the silence after their own end painted over.
"""

from __future__ import annotations

import importlib.util
import json
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import shelf, weights
from pipeline.backends import Session, Vendors
from pipeline.errors import OverLimit, Refused, Unavailable
from pipeline.generated.halving import HINT, make_all
from pipeline.generated.orders import Order, Sound
from pipeline.keys import Key, read_key
from pipeline.purse import Purse

if TYPE_CHECKING:
    from pipeline.cuesheet import CueSheet
    from pipeline.music import Recording

NEEDED = ("torch", "diffusers", "transformers", "accelerate")
INSTALL = "pip install '.[models]'"

INDEX = "model_index.json"  # as diffusers saves it

RATE = 48_000  # Hz

LEAST_S, MOST_S = 10.0, 600.0  # of music made at once: what it was trained on
TAIL_S = 30.0  # of what there is, heard by what goes on from it
SEAM_S = 0.05  # over which what goes on takes over from its tail, which both have
ALIKE = 1.25  # times the shorter's length, up to which stretches share a batch: what is beyond is made for nothing
MOST_AT_ONCE = 8  # stretches in a batch, as many as its own program offers

SLOWEST, FASTEST = 30, 300  # beats per minute that it knows
#: its names of the meters that it knows; it chooses for others
METERS = {"2/2": "2", "2/4": "2", "3/4": "3", "4/4": "4", "6/8": "6"}
INSTRUMENTAL, NO_LANGUAGE = "[Instrumental]", "unknown"  # in place of lyrics

#: steps and guidance: those of the turbo checkpoints are distilled into few, the others need both
TURBO, PLAIN = (8, 1.0), (50, 7.0)
SHIFT = 3.0  # how much more of the steps goes to the beginnings of the picture: what turbo was distilled with

Tell = Callable[[int], None]  # is told how many steps more there are, of all stretches together


@dataclass(frozen=True)
class _Piece:
    """What was played as one, for what of it is played again."""

    reference: Sound | None = None
    prompts: frozenset[str] = frozenset()  #: of those that heard it


class AceStep:
    """Plays on this machine; the pipeline is loaded with the first order, and kept."""

    rate = RATE

    def __init__(self, variant: str, vendors: Vendors) -> None:
        """Raises Refused for an unknown variant, Unavailable where packages or weights are missing."""
        self._weights = weights.choose("composer", "ace_step", variant, vendors)
        if missing := next((name for name in NEEDED if importlib.util.find_spec(name) is None), None):
            raise Unavailable(f"ACE-Step needs the Python package {missing!r}, which is not installed.", hint=INSTALL)
        self._folder = weights.locate(self._weights, vendors)
        _refuse_another(self._folder)
        self._vendors = vendors
        self.machine = ""  # known when it has played
        self.name = f"ace_step:{Path(self._weights.variant).name}"
        self.licence, self.commercial = self._weights.licence, self._weights.commercial
        self._last: tuple[Purse, _Piece] | None = None  # that was played, by the purse of its job

    @property
    def cheap(self) -> bool:
        """Whether another take takes little time: seconds on a GPU, minutes on a processor."""
        return bool(self.machine) and not self.machine.startswith("cpu")

    def compose(self, sheet: CueSheet, session: Session) -> Recording:
        """Record every cue of the sheet; raises as the contract says."""
        from pipeline.generated.performed import record

        return record(sheet, self, session)

    def play(self, orders: Sequence[Order], session: Session) -> list[Sound]:
        """Return one sound for each order, as long as asked for, (n, 2) at 48 kHz.

        What belongs to a piece that this job has played hears the same reference.
        """
        if not orders:
            return []
        device = shelf.device(self._vendors)
        dtype = _dtype(device)
        self.machine = f"{device}, {str(dtype).removeprefix('torch.')}"
        room = self._weights.memory_bytes * (2 if device == "cpu" else 1)  # float32 there
        key = ("ace_step", str(self._folder), device)
        with shelf.borrow(key, lambda: _open(self._folder, device, dtype), bytes=room, device=device) as pipe:
            before = self._last[1] if self._last and self._last[0] is session.purse else _Piece()
            sounds, piece = _play(pipe, orders, before, session)
        self._last = session.purse, piece
        return sounds


def _refuse_another(folder: Path) -> None:
    try:
        if json.loads((folder / INDEX).read_bytes())["_class_name"] == "AceStepPipeline":
            return
    except (OSError, ValueError, LookupError, TypeError):
        pass  # none of ours; a class of its own would be somebody else's program
    raise Refused("That folder holds no ACE-Step.", hint=f"Its {INDEX} has to be that of diffusers' AceStepPipeline.")


def _dtype(device: str) -> Any:
    """Return the type that the weights are kept in: where there is bfloat16, that, which they were trained in."""
    import torch

    if device.startswith("cuda") and torch.cuda.is_bf16_supported():
        return torch.bfloat16
    return shelf.dtype(device)


def _open(folder: Path, device: str, dtype: Any) -> Any:
    """Load a pipeline. Raises Unavailable where it is not whole, OverLimit where there is no room for it."""
    import torch
    from diffusers import AceStepPipeline
    from diffusers.utils import logging
    from safetensors import SafetensorError

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        # what is about to be filled with weights is first drawn by the chance that all share
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*weight_norm.*", FutureWarning)  # diffusers' own affair
            pipe = AceStepPipeline.from_pretrained(
                folder, dtype=dtype, use_safetensors=True, local_files_only=True, trust_remote_code=False
            )
        pipe.set_progress_bar_config(disable=True)
        pipe.vae.enable_tiling()  # or the sound of minutes would be decoded at once
        if pipe.sample_rate != RATE:
            raise ValueError(f"it plays at {pipe.sample_rate} Hz")
        return pipe.to(device)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, SafetensorError) as exc:
        if shelf.ran_out(exc):
            raise OverLimit("There is too little memory for ACE-Step.", hint=HINT) from exc
        raise Unavailable("ACE-Step could not be loaded.", hint="Is it whole? Fetch it again.") from exc


def _play(pipe: Any, orders: Sequence[Order], before: _Piece, session: Session) -> tuple[list[Sound], _Piece]:
    """Play the first one, and then the others with it for their reference."""
    steps = sum(_passes(order.seconds) for order in orders) * _recipe(pipe)[0]
    tell = _counter(session, steps)
    if before.reference is not None and orders[0].prompt in before.prompts:
        return _all(pipe, orders, before.reference, tell), before
    first, *others = orders
    (reference,) = _all(pipe, [first], None, tell)
    if not others or not np.isfinite(reference).all():  # what is broken is nobody's reference
        return [reference, *_all(pipe, others, None, tell)], _Piece()
    piece = _Piece(reference, frozenset(order.prompt for order in others) - {first.prompt})
    return [reference, *_all(pipe, others, reference, tell)], piece


def _all(pipe: Any, orders: Sequence[Order], reference: Sound | None, tell: Tell) -> list[Sound]:
    sounds: dict[int, Sound] = {}
    for places in _batches(orders):
        batch = [orders[place] for place in places]
        sounds.update(zip(places, _made(pipe, batch, reference, tell), strict=True))
    return [sounds[place] for place in range(len(orders))]


def _batches(orders: Sequence[Order]) -> Iterator[list[int]]:
    """Yield the places of orders that can be made at once: what is one field for all of a batch is the same."""
    longest_first = sorted(range(len(orders)), key=lambda place: -orders[place].seconds)
    while longest_first:
        longest = orders[longest_first[0]]
        alike = [place for place in longest_first if _are_alike(longest, orders[place])]
        longest_first = [place for place in longest_first if place not in alike]
        yield alike


def _are_alike(longest: Order, other: Order) -> bool:
    near = max(LEAST_S, longest.seconds) <= ALIKE * max(LEAST_S, other.seconds)
    return near and _fields(longest) == _fields(other)


def _fields(order: Order) -> dict[str, Any]:
    """Return what an order says beside its words, as ACE-Step takes it."""
    key = read_key(order.key)
    return {
        "bpm": min(FASTEST, max(SLOWEST, round(order.tempo))),
        "keyscale": str(Key(key.tonic, "minor" if key.dark else "major")),  # it knows no other modes
        "timesignature": METERS.get(order.meter, ""),
    }


def _made(pipe: Any, batch: Sequence[Order], reference: Sound | None, tell: Tell) -> list[Sound]:
    def make(some: Sequence[Order]) -> list[Sound]:
        return _generate(pipe, some, tell, reference=reference)

    at_once = [replace(order, seconds=min(order.seconds, MOST_S)) for order in batch]
    sounds = make_all(make, at_once, at_once=MOST_AT_ONCE, device=str(pipe.device))
    return [_prolonged(pipe, order, sound, reference, tell) for order, sound in zip(batch, sounds, strict=True)]


def _prolonged(pipe: Any, order: Order, sound: Sound, reference: Sound | None, tell: Tell) -> Sound:
    """Go on from the end of a sound until it is as long as asked for: silence after its tail is painted over."""
    while (missing_s := order.seconds - len(sound) / RATE) > 1 / RATE:
        tail = sound[-round(TAIL_S * RATE) :]
        heard_s = len(tail) / RATE
        more = replace(order, seconds=max(LEAST_S, min(MOST_S, heard_s + missing_s)), seed=order.seed + len(sound))
        silence = np.zeros((math.ceil(more.seconds * RATE) - len(tail), 2), np.float32)
        source = np.concatenate([tail, silence])

        def make(some: Sequence[Order], source: Sound = source, after_s: float = heard_s) -> list[Sound]:
            return _generate(pipe, some, tell, reference=reference, source=source, after_s=after_s)

        (painted,) = make_all(make, [more], at_once=1, device=str(pipe.device))
        sound = _seamed(sound, painted, len(tail))
    return np.ascontiguousarray(sound[: math.ceil(order.seconds * RATE)])


def _seamed(sound: Sound, painted: Sound, tail: int) -> Sound:
    """Return a sound and what goes on from its tail, one fading into the other where both have the same."""
    seam = min(tail, round(SEAM_S * RATE))
    rising = np.linspace(0, 1, seam, dtype=np.float32)[:, None]
    both = sound[-seam:] * (1 - rising) + painted[tail - seam : tail] * rising
    return np.concatenate([sound[:-seam], both, painted[tail:]])


def _generate(
    pipe: Any,
    orders: Sequence[Order],
    tell: Tell,
    *,
    reference: Sound | None = None,
    source: Sound | None = None,
    after_s: float = 0.0,
) -> list[Sound]:
    """Return the sounds of orders that agree in their fields; `source` is painted over from `after_s` on."""
    import torch

    steps, guidance = _recipe(pipe)
    seconds = max(LEAST_S, *(order.seconds for order in orders))
    task = {} if source is None else {"task_type": "repaint", "src_audio": _wave(source), "repainting_start": after_s}

    def told(_: Any, step: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
        tell(len(orders))
        return kept

    with _own_chance(orders[0].seed, pipe.device):
        waves = pipe(
            [order.prompt for order in orders],
            [INSTRUMENTAL] * len(orders),
            audio_duration=seconds,
            vocal_language=NO_LANGUAGE,
            num_inference_steps=steps,
            guidance_scale=guidance,
            shift=SHIFT,
            generator=[torch.Generator("cpu").manual_seed(order.seed % 2**63) for order in orders],
            reference_audio=None if reference is None else _wave(reference),
            callback_on_step_end=told,
            **_fields(orders[0]),
            **task,
        ).audios
    return [_cut(wave, order.seconds) for wave, order in zip(waves, orders, strict=True)]


def _recipe(pipe: Any) -> tuple[int, float]:
    return TURBO if pipe.is_turbo else PLAIN


@contextmanager
def _own_chance(seed: int, device: Any) -> Iterator[None]:
    """Let the pipeline draw what it draws from torch's global chance, that of what it hears, from a seed of its own."""
    import torch

    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed % 2**63)
        yield


def _wave(sound: Sound) -> Any:
    """Return (2, n) of a sound."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(sound.T))


def _cut(wave: Any, seconds: float) -> Sound:
    """Return (n, 2) of a wave (2, n) that may be longer."""
    return np.ascontiguousarray(wave[:, : math.ceil(seconds * RATE)].float().cpu().numpy().T)


def _passes(seconds: float) -> int:
    """Return how many times something is made for a stretch."""
    return 1 + max(0, math.ceil((seconds - MOST_S) / (MOST_S - TAIL_S)))


def _counter(session: Session, steps: int) -> Tell:
    """Return what counts the steps that were made and tells the session how many of all they are."""
    done = 0
    session.report("music", 0, steps)

    def tell(more: int) -> None:
        nonlocal done
        done = min(done + more, steps)  # what ran out of memory is made again
        session.report("music", done, steps)

    return tell


def load(variant: str, vendors: Vendors) -> AceStep:
    return AceStep(variant, vendors)
