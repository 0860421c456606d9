"""A Replicate on loopback: predictions, files and what they make, with the faults that the real one has.

    with FakeReplicate() as replicate:
        vendors = Vendors(replicate_token="r8_test", replicate_url=replicate.url)

Each prediction goes through `steps` ("starting", "processing", "succeeded"), one at each look.
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import cv2
import numpy as np

from tests.loopback import Answer, Asked, Loopback

TOKEN = "r8_test"


@dataclass
class Prediction:
    id: str
    model: str
    input: dict[str, Any]
    steps: list[str]
    cancel_after: str
    error: str | None = None
    cancelled: bool = False
    looks: int = 0
    created: float = field(default_factory=time.monotonic)

    @property
    def status(self) -> str:
        if self.cancelled:
            return "canceled"
        return self.steps[min(self.looks, len(self.steps) - 1)]


class FakeReplicate:
    """`picture` makes the output of image models from their inputs, `film` that of the others."""

    def __init__(self) -> None:
        self.steps = ["starting", "processing", "succeeded"]
        self.error: str | None = None
        self.refuse: list[Answer] = []  #: what creating is answered with first
        self.lost: list[Answer] = []  #: what looking is answered with first
        self.output: Callable[[Prediction], Any] = lambda made: [f"{self.url}/output/{made.id}"]
        self.content: Callable[[Prediction], Answer] = lambda made: Answer(a_picture(made.input))
        self.predictions: dict[str, Prediction] = {}
        self.files: dict[str, bytes] = {}
        self.deleted: list[str] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._loopback = Loopback(self._answer)

    @property
    def url(self) -> str:
        return self._loopback.url

    @property
    def asked(self) -> list[Asked]:
        return self._loopback.asked

    @property
    def running(self) -> list[Prediction]:
        return [made for made in self.predictions.values() if made.status in ("starting", "processing")]

    def __enter__(self) -> FakeReplicate:
        self._loopback.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loopback.__exit__(kind, error, trace)

    def _answer(self, asked: Asked) -> Answer:
        with self._lock:
            if found := re.fullmatch(r"/output/(\w+)", asked.path):
                return self.content(self.predictions[found[1]])
            if asked.headers.get("authorization") != f"Bearer {TOKEN}":
                return Answer({"title": "Unauthenticated", "detail": "You did not pass a valid token"}, 401)
            if asked.path == "/v1/files" and asked.method == "POST":
                return self._keep(asked)
            if found := re.fullmatch(r"/v1/files/(\w+)", asked.path):
                self.deleted.append(found[1])
                return Answer(b"", 204)
            if found := re.fullmatch(r"/v1/models/([\w.-]+/[\w.-]+)/predictions", asked.path):
                return self.refuse.pop(0) if self.refuse else self._create(found[1], asked)
            if found := re.fullmatch(r"/v1/predictions/(\w+)(/cancel)?", asked.path):
                return self._look(self.predictions.get(found[1]), cancel=bool(found[2]))
            return Answer({"detail": "Not found."}, 404)

    def _keep(self, asked: Asked) -> Answer:
        name = f"f{next(self._ids)}"
        self.files[name] = asked.body
        about = {"id": name, "name": name, "content_type": "image/jpeg", "size": len(asked.body), "etag": "e"}
        told = {"checksums": {}, "metadata": {}, "created_at": "2026-01-01T00:00:00Z", "expires_at": None}
        return Answer({**about, **told, "urls": {"get": f"{self.url}/v1/files/{name}"}}, 201)

    def _create(self, model: str, asked: Asked) -> Answer:
        name, steps = f"p{next(self._ids)}", list(self.steps)
        after = asked.headers.get("cancel-after", "")
        made = Prediction(name, model, asked.json["input"], steps, after, self.error)
        self.predictions[name] = made
        return Answer(self._told(made), 201)

    def _look(self, made: Prediction | None, *, cancel: bool) -> Answer:
        if self.lost and not cancel:
            return self.lost.pop(0)
        if made is None:
            return Answer({"detail": "Not found."}, 404)
        if cancel:
            made.cancelled = made.cancelled or made.status in ("starting", "processing")
        else:
            made.looks += 1
        return Answer(self._told(made))

    def _told(self, made: Prediction) -> dict[str, Any]:
        done = made.status == "succeeded"
        return {
            "id": made.id,
            "model": made.model,
            "version": "hidden",
            "status": made.status,
            "input": made.input,
            "output": self.output(made) if done else None,
            "error": made.error if made.status == "failed" else None,
            "logs": "",
            "urls": {"get": f"{self.url}/v1/predictions/{made.id}", "cancel": ""},
        }


def a_picture(inputs: dict[str, Any]) -> bytes:
    """Draw stripes of a colour that the seed says, in the asked shape, as the asked kind of file."""
    across, down = map(int, str(inputs.get("aspect_ratio", "1:1")).split(":"))
    width, height = (max(16, round(320 * side / max(across, down))) for side in (across, down))
    rng = np.random.default_rng(int(inputs.get("seed", 0)))
    sheet = np.empty((height, width, 3), np.uint8)
    sheet[:] = rng.integers(40, 255, 3, dtype=np.uint8)
    sheet[: height // 4] //= 2
    kind = str(inputs.get("output_format", "png"))
    return bytes(cv2.imencode(f".{kind}", sheet)[1])
