"""The Hugging Face hub on loopback: what its client asks for a model's list of files and for the files themselves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tests.loopback import Answer, Asked, Loopback

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SMALL = 200  # bytes: files above it are kept by hash, as the hub does with large ones


@dataclass
class Hub:
    """One repository with one commit."""

    repository: str
    files: dict[str, bytes]
    commit: str = COMMIT
    refuses: int = 0  #: a status that is answered instead
    code: str = ""  #: what the hub says with it, such as GatedRepo
    torn: set[str] = field(default_factory=set)  #: files that arrive with a wrong byte

    def open(self) -> Loopback:
        return Loopback(self.answer)

    def answer(self, asked: Asked) -> Answer:
        if self.refuses:
            return Answer({"error": "no"}, self.refuses, {"X-Error-Code": self.code, "X-Error-Message": "no"})
        path = unquote(urlsplit(asked.path).path)
        if path.startswith(f"/api/models/{self.repository}/revision/"):
            return Answer(self._told())
        _, _, rest = path.partition(f"/{self.repository}/resolve/")
        commit, _, name = rest.partition("/")
        if commit != self.commit or name not in self.files:
            return Answer({"error": "no"}, 404, {"X-Error-Code": "EntryNotFound"})
        return self._sent(name, head=asked.method == "HEAD")

    def _told(self) -> dict[str, object]:
        siblings = [
            {"rfilename": name, "size": len(held)}
            | ({"lfs": {"sha256": _sha256(held), "size": len(held), "pointerSize": 1}} if len(held) > SMALL else {})
            for name, held in self.files.items()
        ]
        return {"id": self.repository, "modelId": self.repository, "sha": self.commit, "siblings": siblings}

    def _sent(self, name: str, *, head: bool) -> Answer:
        held = self.files[name]
        headers = {
            "ETag": f'"{_sha256(held)}"',
            "X-Repo-Commit": self.commit,
            "X-Linked-Size": str(len(held)),
            "Content-Length": str(len(held)),
            "Content-Type": "application/octet-stream",
        }
        if name in self.torn:
            held = held[:-1] + bytes([held[-1] ^ 1])
        return Answer(b"" if head else held, 200, headers)


def _sha256(held: bytes) -> str:
    return hashlib.sha256(held).hexdigest()


def safetensors(**shapes: int) -> bytes:
    """Return a safetensors file with a row of so many float32 zeros under each name."""
    head: dict[str, object] = {}
    at = 0
    for name, count in shapes.items():
        head[name] = {"dtype": "F32", "shape": [count], "data_offsets": [at, at + 4 * count]}
        at += 4 * count
    raw = json.dumps(head).encode()
    return len(raw).to_bytes(8, "little") + raw + bytes(at)
