"""The server: loopback HTTP in front of people, chats and files that a test moves."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import json
import socket
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiogram import Bot, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiohttp import web
from pydantic import BaseModel

from tests.fake_telegram.answers import Answers
from tests.fake_telegram.chats import Chat, Press, User, clip_of
from tests.fake_telegram.faults import Fault, Floodgate, How, Rates
from tests.fake_telegram.files import Kind, Store, Stored, Upload
from tests.fake_telegram.updates import Updates
from tests.fake_telegram.wire import Call, NotDone, Violation, model_of, read_form

T = TypeVar("T")

TOKEN = "4242424242:AAtheLoopbackServerKnowsThisTokenOnly"
MOST_UPLOAD = 50 << 20  # bytes (Bot API, sending files)
MOST_UPLOAD_LOCAL = 2000 << 20  # bytes (Bot API, using a local server)
NGINX_413 = "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n</html>\r\n"
NGINX_502 = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>\r\n"

#: reading a chat is not slowed down by Telegram's flood control
UNCOUNTED = ("get", "answer", "set", "delete", "leave", "log", "close")


class FakeTelegram:
    """A Bot API server on 127.0.0.1 for one bot.

    `failures` collects what no client of the Bot API may send; a test that ends with one in it has found a fault.
    """

    def __init__(self, *, token: str = TOKEN, local: bool = False, username: str = "reelscore_bot") -> None:
        self.token = token
        self.local = local
        self.me = types.User(
            id=int(token.split(":")[0]),
            is_bot=True,
            first_name="Reelscore",
            username=username,
            can_join_groups=True,
            can_read_all_group_messages=False,
            supports_inline_queries=False,
        )
        self.privacy = True  #: in groups the bot sees commands and replies to it only
        self.press_life_s = 15.0  #: a press has to be answered within
        self.upload_limit = MOST_UPLOAD_LOCAL if local else MOST_UPLOAD  #: bytes
        self.too_large: How = "413"  #: or "413 html", as the proxy in front answers
        self.chats: dict[int, Chat] = {}
        self.users: dict[int, User] = {}
        self.presses: dict[str, Press] = {}
        self.commands: dict[tuple[str, str], dict[str, str]] = {}  #: by scope and language
        self.store = Store()
        self.updates = Updates(self)
        self.failures: list[str] = []
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.gate = Floodgate()
        self.port = 0
        self._answers = Answers(self)
        self._runner: web.AppRunner | None = None
        self._waiters: set[asyncio.Event] = set()
        self._ids = itertools.count(7_000_000_001)
        self._message_ids = itertools.count(1)
        self._people = itertools.count(1001)
        self._groups = itertools.count(1_500_000_001)
        self._folder = tempfile.TemporaryDirectory(prefix="telegram-") if local else None
        self._dying: asyncio.Task[None] | None = None

    # -- life ----------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> FakeTelegram:
        await self.revive()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.die()
        if self._folder:
            self._folder.cleanup()

    async def revive(self) -> None:
        """Listen, on the same port as before; chats, files and updates are what they were."""
        if self._dying:
            await asyncio.wait([self._dying])
            self._dying = None
        if self._runner:
            return
        app = web.Application(client_max_size=1 << 32)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        app.router.add_get("/file/bot{token}/{path:.+}", self._download)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        await web.SockSite(runner, listening).start()
        self._runner = runner
        self.updates.wake()

    async def die(self) -> None:
        """Break every connection and listen no longer."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for site in list(runner.sites):
            await site.stop()
        for connection in list(runner.server.connections if runner.server else ()):
            if connection.transport:
                connection.transport.abort()
        await self.updates.close()
        await runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> TelegramAPIServer:
        """Where aiogram finds this server."""
        return TelegramAPIServer.from_base(self.url, is_local=self.local)

    def bot(self) -> Bot:
        """Return aiogram's bot for this server; close its session."""
        return Bot(self.token, session=AiohttpSession(api=self.api))

    # -- people and places ---------------------------------------------------------------------------------------

    def user(self, name: str = "Ada", *, language: str | None = "en", started: bool = True) -> User:
        """Return a new person; `started=False` has never written to the bot."""
        user = User(self, next(self._people), name, language)
        user.started = started
        self.users[user.id] = user
        self.chats[user.chat.id] = user.chat
        return user

    def group(self, title: str = "Edit room", *, topics: bool = False, basic: bool = False) -> Chat:
        """Return a new supergroup (or a basic group, which can be migrated) that the bot is a plain member of."""
        id_ = -next(self._people) * 1000 if basic else self.new_group_id()
        chat = Chat(self, id_, "group" if basic else "supergroup", title)
        chat.topics = {} if topics else None
        self.chats[id_] = chat
        return chat

    def channel(self, title: str = "Trailers", *, discussion: Chat | None = None) -> Chat:
        """Return a new channel with the bot among its admins."""
        chat = Chat(self, self.new_group_id(), "channel", title)
        chat.bot_status = "administrator"
        chat.discussion = discussion
        self.chats[chat.id] = chat
        return chat

    def find_chat(self, chat_id: int | str) -> Chat | None:
        if isinstance(chat_id, str):
            named = [chat for chat in self.chats.values() if chat.username and f"@{chat.username}" == chat_id]
            return named[0] if named else None
        return self.chats.get(chat_id)

    def new_id(self) -> int:
        return next(self._ids)

    def next_message_id(self) -> int:
        return next(self._message_ids)

    def new_group_id(self) -> int:
        return -1_000_000_000_000 - next(self._groups)

    def clip(self, clip: Path | bytes, as_: Kind | None, name: str | None) -> dict[str, Any]:
        return clip_of(self, clip, as_, name)

    # -- waiting -------------------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Wake everybody who waits for something."""
        for waiter in self._waiters:
            waiter.set()

    async def waits_until(self, found: Callable[[], T], seconds: float = 10.0) -> T:
        """Return what `found` returns as soon as it is true, or what it returns at the end of the time."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while not (value := found()):
                        await waiter.wait()
                        waiter.clear()
                    return value
            return found()
        finally:
            self._waiters.discard(waiter)

    # -- faults and what was counted -----------------------------------------------------------------------------

    def disturb(
        self,
        method: str,
        how: How,
        *,
        times: int = 1,
        when: Callable[[Call], bool] | None = None,
        seconds: float = 0.0,
        retry_after: int = 1,
        description: str = "",
    ) -> Fault:
        """Let the next calls of a method ("*": of any; "file": downloads) meet a fault."""
        fault = Fault(method, how, times, when, seconds, retry_after, description)
        self.faults.append(fault)
        return fault

    def limit(self, rates: Rates | None = None) -> None:
        """Switch Telegram's flood control on."""
        self.gate.rates = rates or Rates()

    @property
    def count(self) -> Counter[str]:
        """How often each method was called."""
        return Counter(call.method for call in self.calls)

    @property
    def calls_in_wait(self) -> list[Call]:
        """Calls made while Telegram had said to wait."""
        return [call for call in self.calls if call.in_wait]

    def calls_of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def calls_with(self, *planted: str) -> list[Call]:
        """Find the calls that held one of these strings anywhere: fields, names of files, bytes of files."""
        return [call for call in self.calls if any(call.holds(one) for one in planted)]

    # -- files on disk, as a local server has them ---------------------------------------------------------------

    def on_disk(self, stored: Stored) -> str:
        assert self._folder
        path = Path(self._folder.name, stored.path)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(stored.data)
        return str(path)

    def from_disk(self, url: str) -> Upload:
        path = Path(urlsplit(url).path)
        if not path.is_file():
            raise NotDone(400, "Bad Request: invalid file HTTP URL specified: file not found")
        return Upload(path.read_bytes(), path.name)

    # -- HTTP ----------------------------------------------------------------------------------------------------

    async def _download(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _refusal(NotDone(401, "Unauthorized"))
        call = Call("file", {"path": request.match_info["path"]})
        self.calls.append(call)
        fault = next((fault for fault in self.faults if fault.meets(call)), None)
        if fault and (answer := await self._before(fault, call, request)):
            return answer
        stored = self.store.by_path.get(call.fields["path"])
        if stored is None or self.local:
            return _refusal(NotDone(404, "Not Found"))
        if fault and fault.how == "drop after":  # in the middle of the file
            answer = web.StreamResponse(headers={"Content-Length": str(len(stored.data))})
            await answer.prepare(request)
            await answer.write(stored.data[: len(stored.data) // 2])
            self._drop(request)
            return answer
        return await self._after(
            fault, request, web.Response(body=stored.data, content_type="application/octet-stream")
        )

    async def _call(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            return _refusal(NotDone(401, "Unauthorized"))
        call = Call(request.match_info["method"])
        self.calls.append(call)
        self.changed()
        try:
            size = await read_form(request, call, limit=self.upload_limit)
        except Exception as error:
            if request.transport and not request.transport.is_closing():  # else the bot went away while it spoke
                self.failures.append(f"{call.method}: a body that cannot be read: {error!r}")
            call.status = 400
            self.changed()
            return _refusal(NotDone(400, "Bad Request: can't read the request"))
        call.uploads = {name: Upload(self.store.once(up.data), up.name) for name, up in call.uploads.items()}
        answer = self._too_large() if size > self.upload_limit else await self._answer(request, call)
        call.status = answer.status
        self.changed()
        return answer

    async def _answer(self, request: web.Request, call: Call) -> web.Response:
        fault = None
        try:
            asked = call.asked = model_of(call)
            self._check_wait(call)
            fault = next((fault for fault in self.faults if fault.meets(call)), None)
            if fault and (early := await self._before(fault, call, request)):
                return early
            self._count(call)
            answer = _success(await self._do(call, asked))
        except Violation as violation:
            self.failures.append(str(violation))
            answer = _refusal(NotDone(400, f"Bad Request: {violation}"))
        except NotDone as refusal:
            answer = _refusal(refusal)
        except Exception:
            self.failures.append(f"this server broke at {call.method}:\n{traceback.format_exc()}")
            answer = _refusal(NotDone(500, "Internal Server Error"))
        return await self._after(fault, request, answer)

    async def _do(self, call: Call, asked: Any) -> Any:
        do = getattr(self._answers, asked.__api_method__, None)
        if do is None:
            raise Violation(f"{call.method}: this server does not do that")
        result = do(asked)
        return await result if inspect.isawaitable(result) else result

    def _check_wait(self, call: Call) -> None:
        seconds = self.gate.wait(call.method)
        if call.chat_id is not None and not call.method.startswith("get"):
            seconds = max(seconds, self.gate.wait(call.chat_id))
        if seconds:
            call.in_wait = True
            raise NotDone(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)

    def _count(self, call: Call) -> None:
        chat = self.chats.get(call.chat_id) if call.chat_id is not None else None
        if chat is None or call.method.startswith(UNCOUNTED) or call.method == "sendChatAction":
            return
        if seconds := self.gate.count(chat.id, group=chat.type != "private"):
            raise NotDone(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)

    async def _before(self, fault: Fault, call: Call, request: web.Request) -> web.Response | None:
        match fault.how:
            case "drop before":
                self._drop(request)
                return web.Response()
            case "flood":
                self.gate.shut(call.chat_id if call.chat_id is not None else call.method, fault.retry_after)
                words = f"Too Many Requests: retry after {fault.retry_after}"
                return _refusal(NotDone(429, words, retry_after=fault.retry_after))
            case "500":
                return _refusal(NotDone(500, fault.description or "Internal Server Error"))
            case "502":
                return web.Response(status=502, text=NGINX_502, content_type="text/html")
            case "413" | "413 html":
                return _too_large(fault.how)
            case "400":
                return _refusal(NotDone(400, fault.description or "Bad Request: what was asked for"))
            case "403":
                return _refusal(NotDone(403, fault.description or "Forbidden: bot was blocked by the user"))
        return None

    async def _after(self, fault: Fault | None, request: web.Request, answer: web.Response) -> web.Response:
        match fault.how if fault else None:
            case "drop after":
                self._drop(request)
            case "delay":
                assert fault
                await asyncio.sleep(fault.seconds)
            case "die after":
                self._drop(request)
                self._dying = asyncio.ensure_future(self.die())
        return answer

    def _drop(self, request: web.Request) -> None:
        if request.transport:
            request.transport.abort()

    def _too_large(self) -> web.Response:
        return _too_large(self.too_large)


def _success(result: Any) -> web.Response:
    body = [_plain(one) for one in result] if isinstance(result, list) else _plain(result)
    return web.json_response({"ok": True, "result": body})


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", by_alias=True, exclude_none=True) if isinstance(value, BaseModel) else value


def _refusal(refusal: NotDone) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return web.Response(status=refusal.code, text=json.dumps(body), content_type="application/json")


def _too_large(how: How) -> web.Response:
    if how == "413 html":
        return web.Response(status=413, text=NGINX_413, content_type="text/html")
    return _refusal(NotDone(413, "Request Entity Too Large"))
