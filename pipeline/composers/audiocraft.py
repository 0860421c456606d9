"""MusicGen by audiocraft, Meta's own program for it: `audiocraft` (small), `audiocraft:melody`, or a folder.

The weights are those of the composer `musicgen`. What this one has of its own is the melody of a temp track, by the
melody checkpoints: that of the session, of which each order gets its stretch, or an order's own. The opening of the
first stretch is made alone, and all of them go on from it together, so that they are one piece; what follows a melody
is held together by that. Text in a batch is padded as audiocraft does it, which is heard, faintly: a stretch that is
made among others is not to the sample what it would be alone.
"""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from pipeline import shelf, weights
from pipeline.backends import Session, Vendors
from pipeline.errors import Refused, Unavailable
from pipeline.generated.halving import make_all
from pipeline.generated.orders import Melody, Order, Sound
from pipeline.purse import Purse

if TYPE_CHECKING:
    from pipeline.cuesheet import CueSheet
    from pipeline.music import Recording

NEEDED = ("torch", "transformers", "einops", "julius", "omegaconf", "audiocraft")
INSTALL = "make audiocraft, or: pip install '.[models,audiocraft]' && pip install --no-deps audiocraft==1.3.0"

RATE = 32_000  # Hz; of every MusicGen

THEME_S = 3.0  # that all stretches go on from: a bar or two, a tenth of what it hears at once
SLIDE = 0.6  # of what it hears at once, that it slides on by when it has come to the end: audiocraft's own 18 of 30 s
MOST_AT_ONCE = 16  # stretches in a batch; more only wait longer for the first

#: how tokens are drawn: what MusicGen was published with
GUIDANCE, TEMPERATURE, LIKELIEST = 3.0, 1.0, 250

Tell = Callable[[int], None]  # is told how many frames more there are, of all rows together


@dataclass(frozen=True)
class _Row:
    """An order in a batch."""

    order: Order
    theme: Any  #: (codebooks, frames) that it goes on from; None: it begins by itself
    whole: bool = False  #: whether the theme is its own opening


@dataclass(frozen=True)
class _Piece:
    """What was played as one, for what of it is played again."""

    theme: Any = None
    prompts: frozenset[str] = frozenset()  #: of those that went on from the theme


class Audiocraft:
    """Plays on this machine; the model is loaded with the first order, and kept."""

    rate = RATE

    def __init__(self, variant: str, vendors: Vendors) -> None:
        """Raises Refused for an unknown variant, Unavailable where packages or weights are missing."""
        self._weights = weights.choose("composer", "audiocraft", variant, vendors)
        if missing := next((name for name in NEEDED if importlib.util.find_spec(name) is None), None):
            raise Unavailable(
                f"The composer 'audiocraft' needs the Python package {missing!r}, which is not installed.", hint=INSTALL
            )
        self._folder = weights.locate(self._weights, vendors)
        self.follows_melody = _hears_melodies(self._folder)
        self._vendors = vendors
        self.machine = ""  # known when it has played
        self.name = f"audiocraft:{Path(self._weights.variant).name}"
        self.licence, self.commercial = self._weights.licence, self._weights.commercial
        self._last: tuple[Purse, _Piece] | None = None  # that was played, by the purse of its job

    def compose(self, sheet: CueSheet, session: Session) -> Recording:
        """Record every cue of the sheet; raises as the contract says."""
        from pipeline.generated.performed import record

        return record(sheet, self, session)

    def play(self, orders: Sequence[Order], session: Session) -> list[Sound]:
        """Return one sound for each order, as long as asked for, (n, 1 or 2) at 32 kHz.

        What belongs to a piece that this job has played goes on from the same opening. A sound whose numbers were none
        is all NaN. Raises Refused where there is a melody and the model hears none.
        """
        from pipeline.craft.model import open_model

        device = shelf.device(self._vendors)
        dtype = shelf.dtype(device)
        self.machine = f"{device}, {str(dtype).removeprefix('torch.')}"
        room = self._weights.memory_bytes * (2 if device == "cpu" else 1)  # float32 there
        key = ("audiocraft", str(self._folder), device)

        def load() -> Any:
            return open_model(self._folder, device=device, dtype=dtype)

        with shelf.borrow(key, load, bytes=room, device=device) as model:
            led = _led(orders, session.temp)
            _refuse_unheard(model, led)
            before = self._last[1] if self._last and self._last[0] is session.purse else _Piece()
            sounds, piece = _play(model, led, before, session)
        self._last = session.purse, piece
        return sounds


def _hears_melodies(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / "config.json").read_bytes())["model_type"] == "musicgen_melody")
    except (OSError, ValueError, LookupError, TypeError):
        return False  # what it is instead is said when it is opened


def _led(orders: Sequence[Order], temp: Path | None) -> list[Order]:
    """Give each order that has no melody of its own its stretch of the temp track, where it has one."""
    if temp is None:
        return list(orders)
    sound, rate = soundfile.read(temp, dtype="float32", always_2d=True)
    track = Melody(sound, rate)
    return [
        order if order.melody else replace(order, melody=track.between(order.start, order.start + order.seconds))
        for order in orders
    ]


def _refuse_unheard(model: Any, orders: Sequence[Order]) -> None:
    if model.sample_rate != RATE:
        raise Unavailable(f"The model plays at {model.sample_rate} Hz, so it is no MusicGen.", hint="Choose another.")
    if any(order.melody for order in orders) and "self_wav" not in model.lm.condition_provider.conditioners:
        raise Refused("This model follows no melody.", hint="Choose audiocraft:melody, or leave the temp track away.")


def _play(model: Any, orders: Sequence[Order], before: _Piece, session: Session) -> tuple[list[Sound], _Piece]:
    """Play those that follow a melody, then the others, all of them going on from one opening."""
    free = [order for order in orders if order.melody is None]
    tell = _counter(session, sum(_frames(model, order.seconds) for order in orders))
    rows = [_Row(order, None) for order in orders]
    piece = before
    if free and before.theme is not None and free[0].prompt in before.prompts:
        rows = [_Row(order, None if order.melody else before.theme) for order in orders]
    elif len(free) > 1:
        theme = _opening(model, free[0], tell)
        rows = [_Row(order, None if order.melody else theme, order is free[0]) for order in orders]
        piece = _Piece(theme, frozenset(order.prompt for order in free[1:]) - {free[0].prompt})
    sounds: dict[int, Sound] = {}
    for primed in (False, True):
        places = [place for place, row in enumerate(rows) if (row.theme is not None) == primed]
        made = _sounds(model, [rows[place] for place in places], tell)
        sounds.update(zip(places, made, strict=True))
    return [sounds[place] for place in range(len(orders))], piece


def _opening(model: Any, order: Order, tell: Tell) -> Any:
    """Return what all stretches have in common, (codebooks, frames): the first one's opening, half of it at most."""
    opening = replace(order, seconds=min(THEME_S, order.seconds / 2), seed=order.seed ^ 1)
    row = _Row(opening, None)
    return make_all(lambda rows: list(_tokens(model, rows, tell)[0]), [row], at_once=1, device=str(model.device))[0]


def _sounds(model: Any, rows: Sequence[_Row], tell: Tell) -> list[Sound]:
    def make(some: Sequence[_Row]) -> list[Sound]:
        tokens, sound = _tokens(model, some, tell)
        waves = model.generate_audio(tokens)
        waves[~sound] = math.nan
        return [_cut(model, row, wave) for row, wave in zip(some, waves, strict=True)]

    return make_all(make, rows, at_once=MOST_AT_ONCE, device=str(model.device))


def _cut(model: Any, row: _Row, wave: Any) -> Sound:
    """Return (n, channels) of a wave (channels, n): as long as asked for, and without a theme of another stretch."""
    first = 0 if row.whole or row.theme is None else round(row.theme.shape[-1] * RATE / model.frame_rate)
    wave = wave[:, first : first + math.ceil(row.order.seconds * RATE)]
    return np.ascontiguousarray(wave.float().cpu().numpy().T)


def _tokens(model: Any, rows: Sequence[_Row], tell: Tell) -> tuple[Any, Any]:
    """Return tokens (rows, codebooks, frames) with the themes in them, and which rows had only numbers (rows)."""
    from pipeline.craft.draws import drawing

    theme = rows[0].theme
    before = 0 if theme is None else theme.shape[-1]
    frames = max(_frames(model, row.order.seconds) + (0 if row.whole else before) for row in rows)
    _ask_for(model, frames, lambda more: tell(more * len(rows)))
    prompts, melodies = [row.order.prompt for row in rows], _heard(model, [row.order for row in rows])
    attributes, _ = model._prepare_tokens_and_attributes(prompts, None, melodies)
    with drawing([row.order.seed % 2**63 for row in rows], model.device) as draws:
        prompt = None if theme is None else theme[None].expand(len(rows), -1, -1)
        return model._generate_tokens(attributes, prompt, True), draws.sound


def _ask_for(model: Any, frames: int, tell: Tell) -> None:
    """Tell the model how long, how, and whom to tell."""
    model.set_generation_params(
        top_k=min(LIKELIEST, model.lm.card),
        temperature=TEMPERATURE,
        cfg_coef=GUIDANCE,
        duration=(frames + 0.5) / model.frame_rate,  # it rounds down
        extend_stride=SLIDE * model.max_duration,
    )
    model.set_custom_progress_callback(lambda done, of: tell(1))


def _counter(session: Session, frames: int) -> Tell:
    """Return what counts the frames that were made and tells the session how many of all they are."""
    done = 0
    session.report("music", 0, frames)

    def tell(more: int) -> None:
        nonlocal done
        done = min(done + more, frames)  # shorter ones wait for the longest, and what failed is made again
        session.report("music", done, frames)

    return tell


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


def load(variant: str, vendors: Vendors) -> Audiocraft:
    return Audiocraft(variant, vendors)
