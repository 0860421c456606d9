"""What can go wrong between a bot and Telegram, on order."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.fake_telegram.wire import Call

How = Literal[
    "drop before",  # the connection breaks; nothing was done
    "drop after",  # the call is done, then the connection breaks without an answer
    "delay",  # the answer comes `seconds` later, the call is done at once
    "flood",  # 429 with retry_after; nothing was done
    "500",
    "502",  # HTML of a proxy
    "413",  # too large, as JSON
    "413 html",
    "400",  # with `description`
    "403",
    "die after",  # the call is done, then the whole server is gone until `revive`
]  # fmt: skip


@dataclass(eq=False)
class Fault:
    """A fault that the next calls of a method meet."""

    method: str  #: as on the wire; "*" is any; "file" is a download
    how: How
    times: int = 1  #: how many calls meet it yet
    when: Callable[[Call], bool] | None = None
    seconds: float = 0.0  #: of a delay
    retry_after: int = 1  #: seconds, of a flood
    description: str = ""
    met: list[Call] = field(default_factory=list)  #: the calls that met it

    def meets(self, call: Call) -> bool:
        """Count this call in, if it is one that shall meet the fault."""
        if self.times <= 0 or self.method not in ("*", call.method) or not (self.when is None or self.when(call)):
            return False
        self.times -= 1
        self.met.append(call)
        return True


@dataclass
class Rates:
    """Telegram's limits as far as they are told: per chat with a burst, per minute in a group."""

    per_chat_s: float = 1.0  #: calls that come back per second
    burst: int = 5
    group_per_minute: int = 20


class Floodgate:
    """Counts calls per chat; a chat that had too many is shut until its wait is over."""

    def __init__(self) -> None:
        self.rates: Rates | None = None  #: None counts nothing
        self._open_at: dict[object, float] = {}
        self._level: dict[object, tuple[float, float]] = {}
        self._minute: dict[object, deque[float]] = defaultdict(deque)

    def shut(self, chat: object, seconds: float) -> None:
        self._open_at[chat] = max(self._open_at.get(chat, 0.0), time.monotonic() + seconds)

    def wait(self, chat: object) -> int:
        """Return whole seconds until this chat is open again; 0 when it is."""
        return max(0, math.ceil(self._open_at.get(chat, 0.0) - time.monotonic()))

    def count(self, chat: object, *, group: bool) -> int:
        """Count a call; return the seconds to wait when it was one too many."""
        if self.rates is None:
            return 0
        now = time.monotonic()
        tokens, at = self._level.get(chat, (float(self.rates.burst), now))
        tokens = min(self.rates.burst, tokens + (now - at) * self.rates.per_chat_s)
        minute = self._minute[chat]
        while minute and minute[0] <= now - 60:
            minute.popleft()
        wait = (1 - tokens) / self.rates.per_chat_s if tokens < 1 else 0.0
        if group and len(minute) >= self.rates.group_per_minute:
            wait = max(wait, minute[0] + 60 - now)
        if wait:
            self.shut(chat, math.ceil(wait))
            return math.ceil(wait)
        self._level[chat] = (tokens - 1, now)
        minute.append(now)
        return 0
