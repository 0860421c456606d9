"""An OpenAI on loopback: one chat completion with a schema, and the faults that the real one has.

It directs music videos, writes music directions and describes scenes, whatever it is asked for.

    with FakeOpenAI() as vendor:
        director = load("", Vendors(openai_key=KEY, openai_url=vendor.url))

`says` writes the answer from what was asked; `refuse` holds what is answered first instead, one each.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tests.loopback import Answer, Asked, Loopback

KEY = "sk-test-7f3a9c"


class FakeOpenAI:
    """Refuses whoever has another key, and a request without a strict schema."""

    def __init__(self, says: Callable[[dict[str, Any]], Any] | None = None) -> None:
        self.says = says or willing
        self.key = KEY
        self.refuse: list[Answer] = []
        self.usage: tuple[int, int] | None = (1000, 500)  #: tokens read and written; None: it does not say
        self.sleep_s = 0.0
        self.gone = threading.Event()  #: ends all sleep
        self._loop = Loopback(self._answer)

    @property
    def url(self) -> str:
        return f"{self._loop.url}/v1"

    @property
    def asked(self) -> list[Asked]:
        return self._loop.asked

    def __enter__(self) -> FakeOpenAI:
        self._loop.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gone.set()
        self._loop.__exit__(kind, error, trace)

    def _answer(self, asked: Asked) -> Answer:
        if self.sleep_s:
            self.gone.wait(self.sleep_s)
        if self.refuse:
            return self.refuse.pop(0)
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return trouble(401, "Incorrect API key provided: " + asked.headers.get("authorization", ""))
        if asked.method != "POST" or asked.path != "/v1/chat/completions":
            return trouble(404, "Unknown request URL")
        form = asked.json.get("response_format", {})
        if form.get("type") != "json_schema" or not form["json_schema"]["strict"]:
            return trouble(400, "no schema")
        said = self.says(question_of(asked))
        return said if isinstance(said, Answer) else completion(json.dumps(said), usage=self.usage)


def question_of(asked: Asked) -> Any:
    """What was asked as data."""
    content = asked.json["messages"][-1]["content"]
    return json.loads(content if isinstance(content, str) else content[0]["text"])


def completion(
    content: str | None,
    *,
    refusal: str | None = None,
    finish: str = "stop",
    usage: tuple[int, int] | None = None,
) -> Answer:
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
    said = {"id": "c1", "object": "chat.completion", "created": 1, "model": "fake", "choices": [choice]}
    if usage:
        tokens = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
        said["usage"] = tokens
    return Answer(said)


def trouble(status: int, message: str, **headers: str) -> Answer:
    return Answer({"error": {"message": message, "type": "x", "code": None, "param": None}}, status, headers)


def willing(asked: dict[str, Any]) -> dict[str, Any]:
    """What a willing model answers."""
    if "pictures" in asked:
        return a_storyboard(asked)
    if "cues" in asked:
        return {"directions": [a_direction(one["cue"], i) for i, one in enumerate(asked["cues"])]}
    return {"scenes": [a_description(one["scene"], i) for i, one in enumerate(asked["scenes"])]}


BRIEF = (
    "Hopeful chamber music for felt piano and solo cello, unhurried, over open fifths; a rising motif of three notes "
    "answers each new picture, and the last chord is left open for what follows."
)
LONG = (
    "Hopeful chamber music for felt piano and solo cello at walking pace. The piano keeps to broken chords in the "
    "middle register while the cello carries a rising motif of three notes; strings join late, quietly, the harmony "
    "turns to major, and everything thins out until one open chord remains."
)


def a_direction(cue: str, number: int = 0) -> dict[str, Any]:
    return {
        "cue": cue,
        "style": ("folk", "ambient", "epic")[number % 3],
        "instrumentation": ["felt piano", "solo cello", "warm strings"],
        "energy": 0.35,
        "tempo": (100, 66, 120)[number % 3],
        "key": ("D major", "B minor", "G lydian")[number % 3],
        "exclusions": ["drums"],
        "words": {"brief": BRIEF, "long": LONG},
    }


def a_description(scene: str, number: int = 0) -> dict[str, Any]:
    return {
        "scene": scene,
        "caption": ("a woman walks her dog along an empty beach", "a train crosses a high bridge in the rain")[
            number % 2
        ],
        "mood": ("wistful", "tense")[number % 2],
        "place": ("a beach", "a bridge")[number % 2],
        "time_of_day": "dusk",
        "moving": ("the waves", "a train")[number % 2],
        "tags": ["beach", "dog"] if number % 2 == 0 else ["train", "bridge"],
        "emotions": dict.fromkeys(("happiness", "disgust", "anger", "fear", "surprise"), 0.02)
        | {"sadness": 0.7, "neutrality": 0.2},
    }


def a_storyboard(asked: dict[str, Any]) -> dict[str, Any]:
    """What a willing model answers."""
    return {
        "style": {
            "look": "hand-tinted stop-motion miniatures",
            "cast": "a boy with a paper crown",
            "place": "a town of cardboard",
            "figure": "walker",
            "palette": ["#f0e0d0", "#101020", "#304060", "#a05030", "#d09060"],
        },
        "pictures": [a_picture(one["name"], i) for i, one in enumerate(asked["pictures"])],
    }


def a_picture(name: str, number: int = 0) -> dict[str, Any]:
    return {
        "name": name,
        "prompt": f"Scene {number}: a boy with a paper crown walks over the roofs of a small town in the evening light",
        "world": "city",
        "hour": "dusk",
        "weather": "clear",
        "figure": "walker",
        "framing": ("wide", "medium", "close")[number % 3],
        "valence": 0.2,
        "arousal": 0.4,
        "action": "Paper flags flutter in the wind.",
        "move": "drift",
    }
