"""MusicGen by audiocraft, Meta's own program for it: `audiocraft` (small), `audiocraft:melody`, or a folder.

The weights are those of the composer `musicgen`. What this one has of its own is the melody of a temp track, by the
melody checkpoints: give it to the orders, or to all of a film's as `temp_track`. The first stretch is made alone and
the others together, each going on from the first one's last seconds, so that all of them are one piece; what follows a
melody is held together by that. Text in a batch is padded as audiocraft does it, which is heard, faintly: a stretch
that is made among others is not to the sample what it would be alone.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import shelf, weights
from pipeline.backends import Session, Vendors
from pipeline.errors import OverLimit, Refused, Unavailable
from pipeline.generated.orders import Melody, Order, Sound

if TYPE_CHECKING:
    from pipeline.cuesheet import CueSheet
    from pipeline.music import Recording

NEEDED = ("torch", "transformers", "einops", "julius", "omegaconf", "audiocraft")
INSTALL = "make audiocraft, or: pip install '.[models,audiocraft]' && pip install --no-deps audiocraft==1.3.0"

RATE = 32_000  # Hz; of every MusicGen

PRIME_S = 4.0  # of the first stretch that the others go on from: two bars at 120, a seventh of what it hears at once
MOST_AT_ONCE = 8  # stretches in a batch; more make each step slower as fast as they save steps
TOLD_EACH = 10  # steps: a fifth of a second of music

#: how tokens are drawn: what MusicGen was published with
GUIDANCE, TEMPERATURE, LIKELIEST = 3.0, 1.0, 250

Told = Callable[[float], None]  # how much of it is done, 0..1


class Audiocraft:
    """Plays on this machine; the model is loaded with the first order, and kept."""

    rate = RATE
    temp_track: Melody | None = None  #: what the film was cut to, from its first frame on; melody checkpoints follow it

    def __init__(self, variant: str, vendors: Vendors) -> None:
        """Raises Refused for an unknown variant, Unavailable where packages or weights are missing."""
        self._weights = weights.choose("composer", "audiocraft", variant, vendors)
        if missing := next((name for name in NEEDED if importlib.util.find_spec(name) is None), None):
            raise Unavailable(
                f"The composer 'audiocraft' needs the Python package {missing!r}, which is not installed.", hint=INSTALL
            )
        self._folder = weights.locate(self._weights, vendors)
        self._vendors = vendors
        self.name = f"audiocraft:{Path(self._weights.variant).name}"
        self.licence = self._weights.licence
        self.commercial = self._weights.commercial

    def compose(self, sheet: CueSheet, session: Session) -> Recording:
        """Record every cue of the sheet; raises as the contract says."""
        from pipeline.generated.performed import record

        return record(sheet, self, session)

    def play(self, orders: Sequence[Order], session: Session) -> list[Sound]:
        """Return one sound for each order, as long as asked for, (n, 1 or 2) at 32 kHz.

        A row whose numbers were none is all NaN. Raises Refused where there is a melody and the model hears none.
        """
        from pipeline.craft.model import open_model

        device = shelf.device(self._vendors)

        def load() -> Any:
            return open_model(self._folder, device=device, dtype=shelf.dtype(device))

        room = self._weights.memory_bytes * (2 if device == "cpu" else 1)  # float32 there
        key = ("audiocraft", str(self._folder), device)
        with shelf.borrow(key, load, bytes=room, device=device) as model:
            led = [self._led(order) for order in orders]
            _refuse_unheard(model, led)
            return _played(model, led, lambda done: session.report("music", done * len(orders), len(orders)))

    def _led(self, order: Order) -> Order:
        """Give an order without a melody its stretch of the temp track."""
        if self.temp_track is None or order.melody is not None:
            return order
        return replace(order, melody=self.temp_track.between(order.start, order.start + order.seconds))


def _refuse_unheard(model: Any, orders: Sequence[Order]) -> None:
    if model.sample_rate != RATE:
        raise Unavailable(f"The model plays at {model.sample_rate} Hz.", hint="That is no MusicGen; choose another.")
    if any(order.melody for order in orders) and "self_wav" not in model.lm.condition_provider.conditioners:
        raise Refused("This model follows no melody.", hint="Choose audiocraft:melody, or leave the temp track away.")


def _played(model: Any, orders: Sequence[Order], told: Told) -> list[Sound]:
    """Play the first one that has no melody together with those that have, then the others as its continuation."""
    free = [number for number, order in enumerate(orders) if order.melody is None]
    led = [number for number, order in enumerate(orders) if order.melody is not None]
    first = sorted(led + free[:1])
    groups = [(first[at : at + MOST_AT_ONCE], False) for at in range(0, len(first), MOST_AT_ONCE)]
    groups += [(free[at : at + MOST_AT_ONCE], True) for at in range(1, len(free), MOST_AT_ONCE)]
    sounds: dict[int, Sound] = {}
    theme = None
    for number, (group, primed) in enumerate(groups):
        batch = [orders[index] for index in group]
        share = _between(told, number / len(groups), (number + 1) / len(groups))
        made = _halving(model, batch, theme if primed else None, share)
        for index, (tokens, sound) in zip(group, made, strict=True):
            sounds[index] = sound
            if free and index == free[0]:
                theme = tokens[:, : _frames(model, orders[index].seconds)][:, -_frames(model, PRIME_S) :]
    told(1.0)
    return [sounds[number] for number in range(len(orders))]


def _halving(model: Any, batch: Sequence[Order], prime: Any, told: Told) -> list[tuple[Any, Sound]]:
    """Make a batch, in two halves where the device has no room for all of it; raises OverLimit where for none."""
    import torch

    try:
        return _made(model, batch, prime, told)
    except torch.OutOfMemoryError as exc:
        if len(batch) == 1 and not shelf.drop_others():
            raise OverLimit(
                "The device has too little memory for the music.",
                hint="Free some of it, choose a smaller model, or REELSCORE_DEVICE=cpu.",
            ) from exc
    if len(batch) == 1:
        return _halving(model, batch, prime, told)
    half = len(batch) // 2
    first = _halving(model, batch[:half], prime, _between(told, 0, 0.5))
    return first + _halving(model, batch[half:], prime, _between(told, 0.5, 1))


def _made(model: Any, batch: Sequence[Order], prime: Any, told: Told) -> list[tuple[Any, Sound]]:
    """Return tokens (codebooks, frames) and sound of each order, what they went on from cut off."""
    from pipeline.craft.draws import drawing

    before = 0 if prime is None else prime.shape[-1]
    frames = before + max(_frames(model, order.seconds) for order in batch)
    _ask_for(model, frames, told)
    attributes, _ = model._prepare_tokens_and_attributes([order.prompt for order in batch], None, _heard(model, batch))
    with drawing([order.seed for order in batch], model.device) as draws:
        prompt = None if prime is None else prime[None].expand(len(batch), -1, -1)
        tokens = model._generate_tokens(attributes, prompt, True)
    waves = model.generate_audio(tokens)[..., round(before * RATE / model.frame_rate) :]
    waves[~draws.sound] = math.nan
    sounds = [
        np.ascontiguousarray(wave[:, : math.ceil(order.seconds * RATE)].float().cpu().numpy().T)
        for wave, order in zip(waves, batch, strict=True)
    ]
    return list(zip(tokens[..., before:], sounds, strict=True))


def _ask_for(model: Any, frames: int, told: Told) -> None:
    """Tell the model how long, how, and whom to tell."""
    model.set_generation_params(
        top_k=min(LIKELIEST, model.lm.card),
        temperature=TEMPERATURE,
        cfg_coef=GUIDANCE,
        duration=(frames + 0.5) / model.frame_rate,  # it rounds down
    )

    def tell(done: int, _: int) -> None:
        if done % TOLD_EACH == 0:
            told(min(1.0, done / frames))

    model.set_custom_progress_callback(tell)


def _heard(model: Any, batch: Sequence[Order]) -> list[Any] | None:
    """Return the melodies as audiocraft takes them, (channels, samples) at its own rate, None where there is none."""
    if all(order.melody is None for order in batch):
        return None
    return [order.melody and _melody(order.melody, model.audio_channels) for order in batch]


def _melody(melody: Melody, channels: int) -> Any:
    import torch

    from pipeline.craft.standins import part

    wave = torch.from_numpy(np.ascontiguousarray(melody.sound.T))
    return part("data.audio_utils").convert_audio(wave, melody.rate, RATE, channels)


def _frames(model: Any, seconds: float) -> int:
    return math.ceil(seconds * float(model.frame_rate))


def _between(told: Told, low: float, high: float) -> Told:
    return lambda done: told(low + done * (high - low))


def load(variant: str, vendors: Vendors) -> Audiocraft:
    return Audiocraft(variant, vendors)
