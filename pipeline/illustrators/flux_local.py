"""Flux on one's own GPU, by diffusers: `flux_local` (schnell), `flux_local:dev`, or a folder with a model in it."""

from __future__ import annotations

import importlib.util
import json
import math
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.backends import Report, Vendors
from pipeline.errors import OverLimit, Refused, Unavailable
from pipeline.pictures import Layer, Painting, roomy
from pipeline.storyboard import Picture, StyleSheet

NEEDED = ("torch", "diffusers", "transformers", "accelerate")
INSTALL = "pip install '.[models]'"

INDEX = "model_index.json"  # as diffusers saves it

PIXELS = 1024 * 1024  # of a drawing: what the model was trained on; larger ones repeat themselves
GRID = 16  # pixels: the sides of a drawing are multiples of it

#: bytes of free GPU memory from which all of the model lies there (24 GB of transformer, 10 GB of text encoders), and
#: from which one part at a time does; under that it is streamed through, layer by layer
WHOLE_BYTES, PARTS_BYTES = 36 * 10**9, 26 * 10**9

DEPTH = 0.5  # of the one layer


@dataclass(frozen=True)
class Model:
    """Where a model lies, and what may be done with what it draws."""

    place: str
    licence: str


MODELS = {
    "schnell": Model(
        "black-forest-labs/FLUX.1-schnell",
        "Drawn by FLUX.1 [schnell] on your own machine: Apache 2.0, free for any use.",
    ),
    "dev": Model(
        "black-forest-labs/FLUX.1-dev",
        "Drawn by FLUX.1 [dev] on your own machine: its licence lets you run the model for non-commercial purposes.",
    ),
}
OWN_LICENCE = "Drawn by a Flux model of your own: its licence says what may be done with the pictures."


class FluxLocal:
    """Draws one sheet of about a megapixel, scaled to the frame; the model is loaded with the first picture."""

    price_usd = 0.0
    seconds = 15.0
    at_once = 1  # they would only wait for the same GPU

    def __init__(self, variant: str) -> None:
        """Raises Unavailable where a package is missing, Refused for a model that is none."""
        variant = variant or "schnell"
        self._model = _find_model(variant)
        self.name = f"flux_local:{variant if variant in MODELS else Path(variant).name}"
        self.licence = self._model.licence
        if missing := next((name for name in NEEDED if importlib.util.find_spec(name) is None), None):
            raise Unavailable(
                f"Drawing on your own machine needs the Python package {missing!r}, which is not installed.",
                hint=INSTALL,
            )
        self._lock = threading.Lock()
        self._pipe: Any = None

    def draw(self, picture: Picture, style: StyleSheet, *, size: tuple[int, int], to: Path, report: Report) -> Painting:
        """Draw a picture; the prompt has the style in it already, and the same seed gives the same picture."""
        with self._lock:
            report("pictures", 0, 1)
            if self._pipe is None:
                self._pipe = _open_model(self._model.place)
            sheet = _draw(self._pipe, picture, drawn_size(size), report)
        file = to / "picture.png"
        file.write_bytes(cv2.imencode(".png", _cover(sheet, roomy(size)))[1].tobytes())
        return Painting((Layer(file, DEPTH),), self.name, self.licence)


def drawn_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size of the drawing for a frame: its shape, about a megapixel, on the model's grid."""
    scale = min(1.0, math.sqrt(PIXELS / (size[0] * size[1])))
    width, height = (max(GRID, round(side * scale / GRID) * GRID) for side in size)
    return width, height


def _find_model(variant: str) -> Model:
    if variant in MODELS:
        return MODELS[variant]
    folder = Path(variant)
    try:
        if folder.is_absolute() and json.loads((folder / INDEX).read_bytes())["_class_name"] == "FluxPipeline":
            return Model(str(folder), OWN_LICENCE)
    except (OSError, ValueError, LookupError, TypeError):
        pass  # none of ours; a class of its own would be somebody else's program
    raise Refused(
        "There is no such Flux model.",
        hint=f"Known: {', '.join(MODELS)}, or the whole path of a folder with a {INDEX}.",
    )


def _open_model(place: str) -> Any:
    """Load the model and put it where it fits; raises Unavailable."""
    import torch
    from diffusers import FluxPipeline
    from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    try:
        pipe = FluxPipeline.from_pretrained(place, dtype=dtype, use_safetensors=True)
    except (OSError, ValueError, LookupError, RuntimeError) as exc:  # whatever is missing, it is one of these
        raise Unavailable(
            "The Flux model could not be loaded.",
            hint=f"Is it on this machine? Fetch it first: hf download {place}" if "FLUX" in place else "Is it whole?",
        ) from exc
    pipe.set_progress_bar_config(disable=True)
    free = torch.cuda.mem_get_info()[0] if device == "cuda" else WHOLE_BYTES
    if free >= WHOLE_BYTES:
        return pipe.to(device)
    if free >= PARTS_BYTES:
        pipe.enable_model_cpu_offload()
    else:
        pipe.enable_sequential_cpu_offload()
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
    return FluxLocal(variant)
