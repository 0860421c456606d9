"""A Replicate on loopback: predictions, files and what they make, with the faults that the real one has.

    with FakeReplicate() as replicate:
        vendors = Vendors(replicate_token="r8_test", replicate_url=replicate.url)

Each prediction goes through `steps` ("starting", "processing", "succeeded"), one at each look. MusicGen's are made by
`a_tune`, and what has webhooks is told of by `a_call`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import itertools
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import cv2
import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import signal

from tests.loopback import Answer, Asked, Loopback

TOKEN = "r8_test"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"only for tests of webhooks").decode()
MUSIC_RATE = 32_000  # Hz of what MusicGen makes


@dataclass
class Prediction:
    id: str
    model: str
    input: dict[str, Any]
    steps: list[str]
    cancel_after: str
    error: str | None = None
    webhook: str = ""
    events: list[str] | None = None
    predict_s: float | None = None
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
        self.predict_s: float | None = None  #: that predictions say to have taken
        self.refuse: list[Answer] = []  #: what creating is answered with first
        self.lost: list[Answer] = []  #: what looking is answered with first
        self.output: Callable[[Prediction], Any] = lambda made: [f"{self.url}/output/{made.id}"]
        self.content: Callable[[Prediction], Answer] = lambda made: Answer(self.made(made))
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
            if asked.path == "/v1/predictions" and asked.method == "POST":
                return self.refuse.pop(0) if self.refuse else self._create(asked.json["version"], asked)
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
        name, steps, wish = f"prediction{next(self._ids):06d}", list(self.steps), asked.json
        after = asked.headers.get("cancel-after", "")
        webhook, events = wish.get("webhook", ""), wish.get("webhook_events_filter")
        made = Prediction(name, model, wish["input"], steps, after, self.error, webhook, events, self.predict_s)
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
            "metrics": {}
            if made.predict_s is None or made.status == "processing"
            else {"predict_time": made.predict_s},
            "urls": {"get": f"{self.url}/v1/predictions/{made.id}", "cancel": ""},
        }

    def made(self, made: Prediction) -> bytes:
        """Return the picture or the music of a prediction."""
        if "model_version" not in made.input:
            return a_picture(made.input)
        return a_tune(made.input, self.file(made.input["input_audio"]) if made.input.get("continuation") else b"")

    def file(self, address: str) -> bytes:
        """Return what was uploaded under an address, without the form around it."""
        whole = self.files[address.rpartition("/")[2]]
        return whole.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]


def a_call(prediction: str, *, secret: str = WEBHOOK_SECRET, at: float | None = None) -> tuple[dict[str, str], bytes]:
    """Return headers and body with which Replicate says that a prediction has ended, signed as it signs them."""
    body = json.dumps({"id": prediction, "status": "succeeded", "output": "https://replicate.delivery/x.wav"}).encode()
    stamp = str(int(time.time() if at is None else at))
    signed = hmac.new(
        base64.b64decode(secret.removeprefix("whsec_")), f"msg_1.{stamp}.".encode() + body, hashlib.sha256
    )
    signature = "v1," + base64.b64encode(signed.digest()).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}, body


def a_tune(wish: dict[str, Any], given: bytes = b"") -> bytes:
    """Play notes that the seed says for as long as is asked; what was given comes first, as MusicGen does it."""
    seconds, rng = wish["duration"], np.random.default_rng(wish["seed"])
    before = soundfile.read(io.BytesIO(given), dtype="float32", always_2d=True)[0] if given else None
    had = np.zeros((0, 2), np.float32) if before is None else signal.resample_poly(before, 2, 3)
    wanted = max(0, round(seconds * MUSIC_RATE) - len(had))
    channels = 2 if wish["model_version"].startswith("stereo") else 1
    new = np.repeat(_notes(wanted, rng), 2, axis=1)
    level = 0.5 if given else 1.0  # another one each time, as after its normalizing
    tune = level * np.concatenate([had, new])[:, :channels]
    file = io.BytesIO()
    soundfile.write(file, tune, MUSIC_RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def _notes(samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return plucked notes, two a second, as (samples, 1)."""
    step = MUSIC_RATE // 2
    hertz = np.repeat(220 * 2 ** (rng.integers(0, 13, samples // step + 1) / 12), step)[:samples]
    within = np.arange(samples) % step / MUSIC_RATE
    return np.asarray(0.5 * np.sin(2 * np.pi * hertz * within) * np.exp(-4 * within), np.float32)[:, None]


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
