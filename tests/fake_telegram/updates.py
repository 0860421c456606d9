"""What the bot has not heard yet: kept until it acknowledges, told by long poll or by webhook."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from aiogram import methods, types

from tests.fake_telegram.wire import NotDone

if TYPE_CHECKING:
    from tests.fake_telegram.server import FakeTelegram

#: only told to those who list them
UNASKED = {"chat_member", "message_reaction", "message_reaction_count"}

LONGEST_POLL_S = 50.0
MOST_CONNECTIONS = 40  # at once to a webhook that says nothing else (Bot API, setWebhook)


class Updates:
    """The row of updates of one bot."""

    def __init__(self, telegram: FakeTelegram) -> None:
        self._telegram = telegram
        self.next_id = random.randrange(100_000_000, 900_000_000)  #: set it lower to jump down
        self.pending: list[types.Update] = []
        self.told: list[types.Update] = []  #: everything that ever was put in
        self.withheld: list[types.Update] = []  #: what allowed_updates kept away
        self.retry_s = 0.02  #: first wait after a webhook that failed; doubles (1 s in the real one)
        self.hook: methods.SetWebhook | None = None
        self.hook_failures: list[str] = []
        self.acknowledged_s: dict[int, float] = {}  #: by update id: seconds between its way out and its acknowledgement
        self._allowed: set[str] | None = None
        self._sent: dict[int, float] = {}  #: when an id first went out
        self._held: list[types.Update] | None = None
        self._poll = 0
        self._lanes: dict[object, asyncio.Task[None]] = {}
        self._connections = asyncio.Semaphore(MOST_CONNECTIONS)
        self._client: aiohttp.ClientSession | None = None

    def add(self, **event: Any) -> types.Update:
        """Put one event in, under the next id."""
        update = types.Update(update_id=self.next_id, **event)
        self.next_id += 1
        kind = next(iter(event))
        allowed = kind in self._allowed if self._allowed else kind not in UNASKED
        if not allowed:
            self.withheld.append(update)
            return update
        self.told.append(update)
        self._put(update)
        return update

    def repeat(self, update: types.Update | None = None) -> types.Update:
        """Tell an update (the last one) once more under the same id, acknowledged or not."""
        update = update or self.told[-1]
        self._sent.pop(update.update_id, None)
        self._put(update)
        return update

    @contextlib.contextmanager
    def reordered(self) -> Iterator[None]:
        """Hold back what is told meanwhile and tell it in the reverse order at the end."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            for update in reversed(held):
                self._put(update)

    def _put(self, update: types.Update) -> None:
        if self._held is not None:
            self._held.append(update)
            return
        self.pending.append(update)
        self._telegram.changed()
        self._push(update)

    async def poll(self, asked: methods.GetUpdates) -> list[types.Update]:
        """Answer getUpdates: a later poll ends this one."""
        if self.hook:
            raise NotDone(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        if asked.allowed_updates is not None:
            self._allowed = set(asked.allowed_updates)
        self._acknowledge(asked.offset or 0)
        self._poll += 1
        poll = self._poll
        self._telegram.changed()
        await self._telegram.waits_until(
            lambda: self.pending or poll != self._poll or self.hook, min(asked.timeout or 0, LONGEST_POLL_S)
        )
        if poll != self._poll:
            raise NotDone(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        told = self.pending[: min(asked.limit or 100, 100)]
        self._note_sent(told)
        return told

    def end_polls(self) -> None:
        self._poll += 1
        self._telegram.changed()

    def _acknowledge(self, offset: int) -> None:
        if offset < 0:
            self.pending = self.pending[offset:]
        else:  # ids may have jumped down: what never went out is not acknowledged by a number
            self._forget([u for u in self.pending if u.update_id < offset and u.update_id in self._sent])

    def _note_sent(self, updates: list[types.Update]) -> None:
        for update in updates:
            self._sent.setdefault(update.update_id, time.monotonic())

    def _forget(self, heard: list[types.Update]) -> None:
        for update in heard:
            self.acknowledged_s[update.update_id] = time.monotonic() - self._sent[update.update_id]
        gone = {id(update) for update in heard}
        self.pending = [update for update in self.pending if id(update) not in gone]

    def set_hook(self, asked: methods.SetWebhook | None, *, drop: bool) -> None:
        """Push from now on, or no longer."""
        if drop:
            self.pending.clear()
        self.hook = asked if asked and asked.url else None
        if asked and asked.allowed_updates is not None:
            self._allowed = set(asked.allowed_updates)
        self._connections = asyncio.Semaphore(asked.max_connections or MOST_CONNECTIONS if asked else MOST_CONNECTIONS)
        self._telegram.changed()
        self.wake()

    def hook_info(self) -> types.WebhookInfo:
        return types.WebhookInfo(
            url=self.hook.url if self.hook else "",
            has_custom_certificate=False,
            pending_update_count=len(self.pending),
            max_connections=self.hook.max_connections or MOST_CONNECTIONS if self.hook else None,
            allowed_updates=sorted(self._allowed) if self._allowed else None,
            last_error_message=self.hook_failures[-1] if self.hook_failures else None,
        )

    def wake(self) -> None:
        """Go on pushing what is left over."""
        for update in self.pending:
            self._push(update)

    def _push(self, update: types.Update) -> None:
        """Start a lane for the chat of this update, where there is none: order is kept within a chat."""
        lane = _lane(update)
        if self.hook and lane not in self._lanes:
            self._lanes[lane] = asyncio.ensure_future(self._push_lane(lane))

    async def _push_lane(self, lane: object) -> None:
        wait = self.retry_s
        while self.hook and (update := next((u for u in self.pending if _lane(u) == lane), None)):
            async with self._connections:
                failure = await self._post(self.hook, update)
            if failure:
                self.hook_failures.append(failure)
                self._telegram.changed()
                await asyncio.sleep(wait)
                wait = min(wait * 2, 60.0)
            else:
                wait = self.retry_s
                self._forget([update])
                self._telegram.changed()
        self._lanes.pop(lane, None)

    async def _post(self, hook: methods.SetWebhook, update: types.Update) -> str | None:
        if urlsplit(hook.url).hostname not in ("127.0.0.1", "localhost"):
            self._telegram.failures.append(f"a webhook outside loopback: {hook.url}")
            return "not loopback"
        headers = {"X-Telegram-Bot-Api-Secret-Token": hook.secret_token} if hook.secret_token else {}
        self._client = self._client or aiohttp.ClientSession()
        self._note_sent([update])
        body = update.model_dump(mode="json", by_alias=True, exclude_none=True)
        try:
            async with self._client.post(hook.url, json=body, headers=headers) as answer:
                words = await answer.read()
        except aiohttp.ClientError as error:
            return f"{type(error).__name__} at {time.time():.0f}"
        if b"method" in words and answer.ok:
            self._telegram.failures.append(f"a method in the answer to a webhook is not done here: {words[:200]!r}")
        return None if 200 <= answer.status < 300 else f"Wrong response from the webhook: {answer.status}"

    async def close(self) -> None:
        """Let go of polls, pushes and connections."""
        self.end_polls()
        lanes = list(self._lanes.values())
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        self._lanes.clear()
        if self._client:
            await self._client.close()
            self._client = None


def _lane(update: types.Update) -> object:
    for event in (update.message, update.edited_message, update.channel_post, update.edited_channel_post):
        if event:
            return event.chat.id
    return update.callback_query.from_user.id if update.callback_query else 0
