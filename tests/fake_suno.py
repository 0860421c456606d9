"""A server of the suno-api kind on loopback, with the faults that the real ones have.

Each song goes through `steps`, one at each look: "submitted", "queued", "streaming", "complete", or "error".
"""

from __future__ import annotations

import io
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import soundfile

from tests.loopback import Answer, Asked, Loopback


class FakeSuno:
    """Two songs are made for every order, as Suno does."""

    def __init__(self) -> None:
        self.steps = ["submitted", "streaming", "complete"]
        self.trouble = ""
        self.refuse: list[Answer] = []  #: what an order is answered with first
        self.lost: list[Answer] = []  #: what a look is answered with first
        self.limit = Answer({"credits_left": 50, "period": "day", "monthly_limit": 50, "monthly_usage": 0})
        self.sound = Answer(a_song(), headers={"Content-Type": "audio/mpeg"})
        self.orders: list[dict[str, Any]] = []
        self.looks = 0
        self._loopback = Loopback(self._answer)

    @property
    def url(self) -> str:
        return self._loopback.url

    @property
    def asked(self) -> list[Asked]:
        return self._loopback.asked

    def __enter__(self) -> FakeSuno:
        self._loopback.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loopback.__exit__(kind, error, trace)

    def _answer(self, asked: Asked) -> Answer:
        url = urlsplit(asked.path)
        match asked.method, url.path:
            case "GET", "/api/get_limit":
                return self.limit
            case "POST", "/api/custom_generate" | "/api/generate":
                if self.refuse:
                    return self.refuse.pop(0)
                self.orders.append({"path": url.path, **asked.json})
                return Answer([self._told(f"song-{number}", 0) for number in (1, 2)])
            case "GET", "/api/get":
                if self.lost:
                    return self.lost.pop(0)
                self.looks += 1
                ids = parse_qs(url.query)["ids"][0].split(",")
                return Answer([self._told(name, self.looks) for name in ids])
            case "GET", "/sound.mp3":
                return self.sound
        return Answer({"error": "Not Found"}, 404)

    def _told(self, name: str, looks: int) -> dict[str, Any]:
        status = self.steps[min(looks, len(self.steps) - 1)]
        heard = status in ("streaming", "complete")
        return {
            "id": name,
            "title": "A song",
            "image_url": "",
            "lyric": "",
            "audio_url": f"{self.url}/sound.mp3" if heard else "",
            "video_url": "",
            "created_at": "2026-01-01T00:00:00.000Z",
            "model_name": "chirp-v3-5",
            "status": status,
            "error_message": self.trouble if status == "error" else None,
        }


def a_song() -> bytes:
    """Return a second of a tone, as MP3."""
    tone = 0.3 * np.sin(np.arange(48_000) * 2 * np.pi * 440 / 48_000)
    out = io.BytesIO()
    soundfile.write(out, tone, 48_000, format="MP3")
    return out.getvalue()
