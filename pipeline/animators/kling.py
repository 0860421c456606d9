"""Kling by Replicate: image to video, bought by the second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2

from pipeline.backends import Report, Vendors
from pipeline.door.films import take_film
from pipeline.errors import Refused
from pipeline.pictures import MovingPicture, Painting, flatten
from pipeline.purse import paid_for
from pipeline.replicated import Replicate
from pipeline.storyboard import Shot

LIMIT_S = 900.0  # for one film: Kling takes two to five minutes, and more when many ask
FILM_BYTES = 200_000_000  # ten seconds of 1080p have 20 MB

LENGTHS_S = (5, 10)  # of a film, all that Kling makes
LONG_FROM_S = 7.0  # a shot of six loops a second of its five: another five would cost as much again

START_SIDE = 1920  # pixels, the longer side of the picture that is sent
START_QUALITY = 92  # of its JPEG: about 400 kB

NEGATIVE = "text, subtitles, watermark, distorted, flickering"
STILL = "subtle natural motion, slow cinematic camera"


@dataclass(frozen=True)
class Model:
    """One of the models: its name at Replicate, dollars for a second, and what it wants besides."""

    name: str
    usd_per_s: float
    options: tuple[tuple[str, object], ...] = ()


#: prices as on the models' own pages at replicate.com in November 2026, for a second of video
MODELS = {
    "v1.6-standard": Model("kwaivgi/kling-v1.6-standard", 0.05, (("cfg_scale", 0.5),)),
    "v1.6-pro": Model("kwaivgi/kling-v1.6-pro", 0.098, (("cfg_scale", 0.5),)),
    "v2.1-standard": Model("kwaivgi/kling-v2.1", 0.05, (("mode", "standard"),)),
    "v2.1-pro": Model("kwaivgi/kling-v2.1", 0.09, (("mode", "pro"),)),
    "v2.1-master": Model("kwaivgi/kling-v2.1-master", 0.28),
    "v2.5-turbo-pro": Model("kwaivgi/kling-v2.5-turbo-pro", 0.07),
}
USUAL = "v1.6-standard"


class Kling:
    """Films a painting for five or ten seconds."""

    licence = "Filmed by Kling at Replicate, whose terms allow commercial use of the films."
    seconds = 200.0
    at_once = 4

    def __init__(self, variant: str, vendors: Vendors) -> None:
        variant = variant or USUAL
        if variant not in MODELS:
            known = ", ".join(f"kling:{name}" for name in MODELS)
            raise Refused(f"There is no Kling named {variant!r} here.", hint=f"Known: {known}.")
        self._model = MODELS[variant]
        self._replicate = Replicate(vendors)
        self.name = f"kling:{variant}"

    def price_usd(self, shot: Shot) -> float:
        return round(self._model.usd_per_s * length_s(shot), 4)

    def move(self, painting: Painting, shot: Shot, *, size: tuple[int, int], to: Path, report: Report) -> MovingPicture:
        """Film a painting as the shot's action says. Raises as the contract says, PaidFor among it."""

        def check() -> None:
            report("motion", 0, 1)

        start = _write_start(painting, to / "start.jpg")
        inputs: dict[str, object] = {
            "prompt": shot.action or STILL,
            "negative_prompt": NEGATIVE,
            "duration": length_s(shot),
            **dict(self._model.options),
        }
        made = self._replicate.make(
            self._model.name,
            inputs,
            to / "made.bin",
            files={"start_image": start},
            seconds=LIMIT_S,
            most_bytes=FILM_BYTES,
            check=check,
        )
        try:
            with paid_for():
                film = take_film(made, to=to / "film.mp4")
        finally:
            made.unlink()
            start.unlink()
        return MovingPicture(film, self.name, self.licence, self.price_usd(shot))


def length_s(shot: Shot) -> int:
    """Return how many seconds are bought for a shot."""
    return LENGTHS_S[0] if shot.length < LONG_FROM_S else LENGTHS_S[1]


def _write_start(painting: Painting, to: Path) -> Path:
    """Write the first frame of the film: the painting as one sheet."""
    sheet = flatten(painting)
    height, width = sheet.shape[:2]
    scale = min(1.0, START_SIDE / max(height, width))
    small = cv2.resize(sheet, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    to.write_bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, START_QUALITY])[1].tobytes())
    return to


def load(variant: str, vendors: Vendors) -> Kling:
    return Kling(variant, vendors)
