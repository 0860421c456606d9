"""Flux on one's own GPU, by diffusers: `flux_local` (schnell), `flux_local:dev`, or a folder with a model in it."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import shelf
from pipeline.backends import Report, Vendors
from pipeline.errors import OverLimit, Refused, Unavailable
from pipeline.pictures import Layer, Painting, roomy
from pipeline.storyboard import Picture, StyleSheet
from pipeline.weights import Weights, choose, locate

NEEDED = ("torch", "diffusers", "transformers", "accelerate")
INSTALL = "pip install '.[models]'"

INDEX = "model_index.json"  # as diffusers saves it

PIXELS = 1024 * 1024  # of a drawing: what the model was trained on; larger ones repeat themselves
GRID = 16  # pixels: the sides of a drawing are multiples of it

#: bytes of GPU memory that it takes when its parts lie there one at a time, and when it is streamed through layer by
#: layer; whole it takes what the catalogue says (24 GB of transformer, 10 GB of text encoders)
PARTS_BYTES, LAYERS_BYTES = 26 * 10**9, 4 * 10**9

DEPTH = 0.5  # of the one layer


OWN_LICENCE = "Drawn by a Flux model of your own: its licence says what may be done with the pictures."


class FluxLocal:
    """Draws one sheet of about a megapixel, scaled to the frame; the model is loaded with the first picture."""

    price_usd = 0.0
    seconds = 15.0
    at_once = 1  # they would only wait for the same GPU

    def __init__(self, variant: str, vendors: Vendors) -> None:
        """Raises Unavailable where a package or the weights are missing, Refused for a model that is none."""
        self._weights = _find_model(variant, vendors)
        self.name = self._weights.name
        is_own = Path(self._weights.repository).is_absolute()
        self.licence = OWN_LICENCE if is_own else self._weights.licence
        self.commercial = self._weights.commercial
        if missing := next((name for name in NEEDED if importlib.util.find_spec(name) is None), None):
            raise Unavailable(
                f"Drawing on your own machine needs the Python package {missing!r}, which is not installed.",
                hint=INSTALL,
            )
        self._folder = Path(self._weights.repository) if is_own else locate(self._weights, vendors)
        self._vendors = vendors

    def draw(self, picture: Picture, style: StyleSheet, *, size: tuple[int, int], to: Path, report: Report) -> Painting:
        """Draw a picture; the prompt has the style in it already, and the same seed gives the same picture."""
        report("pictures", 0, 1)
        device = shelf.device(self._vendors)
        takes = _share(self._weights, device)
        key = ("flux_local", str(self._folder), device, takes)
        with shelf.borrow(key, lambda: _open_model(self._folder, device, takes), bytes=takes, device=device) as pipe:
            sheet = _draw(pipe, picture, drawn_size(size), report)
        file = to / "picture.png"
        file.write_bytes(cv2.imencode(".png", _cover(sheet, roomy(size)))[1].tobytes())
        return Painting((Layer(file, DEPTH),), self.name, self.licence)


def drawn_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size of the drawing for a frame: its shape, about a megapixel, on the model's grid."""
    scale = min(1.0, math.sqrt(PIXELS / (size[0] * size[1])))
    width, height = (max(GRID, round(side * scale / GRID) * GRID) for side in size)
    return width, height


def _find_model(variant: str, vendors: Vendors) -> Weights:
    try:
        found = choose("illustrator", "flux_local", variant, vendors)
        if found.revision or json.loads((Path(found.repository) / INDEX).read_bytes())["_class_name"] == "FluxPipeline":
            return found
        reason = None
    except (OSError, ValueError, LookupError, TypeError, Refused) as exc:
        reason = exc  # none of ours; a class of its own would be somebody else's program
    raise Refused(
        "There is no such Flux model.", hint=f"Known: schnell, dev, or the whole path of a folder with a {INDEX}."
    ) from reason


def _share(weights: Weights, device: str) -> int:
    """Return the bytes of a device's memory that the model may have, of the three ways in which it runs."""
    whole = weights.memory_on(device)
    if not device.startswith("cuda") or (room := shelf.room(device)) >= whole:
        return whole
    return PARTS_BYTES if room >= PARTS_BYTES else LAYERS_BYTES


def _open_model(folder: Path, device: str, takes: int) -> Any:
    """Load the model and put it where it fits; raises Unavailable."""
    import torch
    from diffusers import FluxPipeline
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    try:
        pipe = FluxPipeline.from_pretrained(str(folder), dtype=dtype, use_safetensors=True, local_files_only=True)
    except (OSError, ValueError, LookupError, RuntimeError) as exc:  # whatever is missing, it is one of these
        raise Unavailable("The Flux model could not be loaded.", hint="Is it whole? Fetch it again.") from exc
    pipe.set_progress_bar_config(disable=True)
    if takes == PARTS_BYTES:
        pipe.enable_model_cpu_offload(device=device)
    elif takes == LAYERS_BYTES:
        pipe.enable_sequential_cpu_offload(device=device)
    else:
        pipe.to(device)
    return pipe


def _draw(pipe: Any, picture: Picture, size: tuple[int, int], report: Report) -> NDArray[np.uint8]:
    """Return the drawing, (H, W, 3) uint8 BGR."""
    import torch

    guided = bool(pipe.transformer.config.guidance_embeds)  # dev is, schnell is not
    steps = 28 if guided else 4

    def told(_: Any, step: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
        report("pictures", step + 1, steps)
        return kept

    try:
        drawn = pipe(
            picture.prompt,
            width=size[0],
            height=size[1],
            num_inference_steps=steps,
            guidance_scale=3.5 if guided else 0.0,
            max_sequence_length=512 if guided else 256,
            generator=torch.Generator("cpu").manual_seed(picture.seed),  # the same noise on every machine
            output_type="np",
            callback_on_step_end=told,
        ).images[0]
    except torch.OutOfMemoryError as exc:
        raise OverLimit(
            "The GPU has too little memory for the picture.", hint="Free some of it, or choose flux."
        ) from exc
    return np.ascontiguousarray(np.rint(np.clip(drawn, 0, 1) * 255).astype(np.uint8)[..., ::-1])


def _cover(sheet: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut the drawing down to the shape of a size, and scale it."""
    height, width = sheet.shape[:2]
    scale = min(width / size[0], height / size[1])
    across, down = round(size[0] * scale), round(size[1] * scale)
    left, top = (width - across) // 2, (height - down) // 2
    cut = sheet[top : top + down, left : left + across]
    return np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_LANCZOS4), np.uint8)


def load(variant: str, vendors: Vendors) -> FluxLocal:
    return FluxLocal(variant, vendors)
