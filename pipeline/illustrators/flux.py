"""Flux by Replicate: text to image, bought by the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from pipeline.backends import Report, Vendors
from pipeline.door.stills import take_still
from pipeline.errors import Refused
from pipeline.pictures import Layer, Painting, roomy
from pipeline.purse import paid_for
from pipeline.replicated import Replicate
from pipeline.storyboard import Picture, StyleSheet

LIMIT_S = 120.0  # for one picture: schnell takes one or two seconds, dev ten, a cold start a minute
IMAGE_BYTES = 30_000_000  # a PNG of one megapixel has 2 MB

#: what the models draw, width to height
ASPECTS = ("1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21")

DEPTH = 0.5  # of the one layer


@dataclass(frozen=True)
class Model:
    """One of the models: its name at Replicate, dollars for a picture, and what may be done with it."""

    name: str
    usd: float
    licence: str
    options: tuple[tuple[str, object], ...] = ()


#: prices as on the models' own pages at replicate.com in November 2026
MODELS = {
    "schnell": Model(
        "black-forest-labs/flux-schnell",
        0.003,
        "Drawn by FLUX.1 [schnell] at Replicate: Apache 2.0, free for any use.",
        (("num_inference_steps", 4),),
    ),
    "dev": Model(
        "black-forest-labs/flux-dev",
        0.025,
        "Drawn by FLUX.1 [dev] at Replicate, whose terms allow commercial use of the pictures.",
        (("num_inference_steps", 28), ("guidance", 3.5)),
    ),
}


class Flux:
    """Draws one sheet of about a megapixel, scaled to the frame."""

    seconds = 6.0
    at_once = 4

    def __init__(self, variant: str, vendors: Vendors) -> None:
        variant = variant or "schnell"
        if variant not in MODELS:
            known = ", ".join(f"flux:{name}" for name in MODELS)
            raise Refused(f"There is no Flux named {variant!r} here.", hint=f"Known: {known}.")
        self._model = MODELS[variant]
        self._replicate = Replicate(vendors)
        self.name = f"flux:{variant}"
        self.licence = self._model.licence
        self.price_usd = self._model.usd

    def draw(self, picture: Picture, style: StyleSheet, *, size: tuple[int, int], to: Path, report: Report) -> Painting:
        """Draw a picture; the prompt has the style in it already. Raises as the contract says, PaidFor among it."""

        def check() -> None:
            report("pictures", 0, 1)

        made = self._replicate.make(
            self._model.name,
            self._inputs(picture, size),
            to / "made.bin",
            seconds=LIMIT_S,
            most_bytes=IMAGE_BYTES,
            check=check,
        )
        try:
            with paid_for():
                sheet = take_still(made, to=to / "picture.png", size=roomy(size))
        finally:
            made.unlink()
        return Painting((Layer(sheet, DEPTH),), self.name, self.licence, self.price_usd)

    def _inputs(self, picture: Picture, size: tuple[int, int]) -> dict[str, object]:
        return {
            "prompt": picture.prompt,
            "aspect_ratio": nearest_aspect(size),
            "seed": picture.seed,
            "num_outputs": 1,
            "megapixels": "1",
            "output_format": "png",
            "go_fast": False,  # the quick way gives another picture for the same seed
            **dict(self._model.options),
        }


def nearest_aspect(size: tuple[int, int]) -> str:
    """Return the shape among those that Flux draws that is nearest to a size."""

    def apart(aspect: str) -> float:
        width, height = map(int, aspect.split(":"))
        return abs(math.log(width / height * size[1] / size[0]))

    return min(ASPECTS, key=apart)


def load(variant: str, vendors: Vendors) -> Flux:
    return Flux(variant, vendors)
