"""Discord on loopback: its gateway and as much of its REST API as the bot uses, with faults on the wire.

Answers bear exactly `application/json`: with a charset discord.py takes JSON for text.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

BOT, APPLICATION, GUILD, CHANNEL, ANN = 900, 900, 100, 200, 300
DIRECT, ELSEWHERE = 201, 101  # Ann's conversation with the bot; a server where only she has it installed
LOADING = 1 << 7  # of a message that stands for a deferred answer
ME = {"id": str(BOT), "username": "reelscore", "discriminator": "0", "avatar": None, "bot": True}
USER = {"id": str(ANN), "username": "ann", "discriminator": "0", "avatar": None}
EVERYTHING = str((1 << 53) - 1)


@dataclass
class Fault:
    """What one request meets: a refusal, or a connection that breaks after the call was performed."""

    method: str
    path: str
    status: int = 0  #: 0: performed, then the connection breaks
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    uploads: bool = False  #: only a request that carries a file


class FakeDiscord:
    """A server with one guild, one channel and Ann; `async with FakeDiscord(token) as discord`."""

    def __init__(self, token: str = "token.of.tests") -> None:
        self.token = token
        self.messages: dict[int, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.faults: deque[Fault] = deque()
        self.identified: list[dict[str, Any]] = []
        self.unreadable = self.forgetful = False  #: the bot may not read the channel; nonces are not known any more
        self.dead: set[str] = set()  #: tokens that have lived for 15 minutes
        self.tier = 0  #: of the server's boosts
        self.refused_at: list[float] = []  #: when a 429 was given
        self.fetched: list[str] = []
        self.times: list[float] = []  #: of the calls, on the loop's clock
        self.forms: dict[str, dict[str, Any]] = {}  #: that an interaction was answered with, by its token
        self._responses: dict[str, int] = {}
        self._pressed: dict[str, int] = {}  #: the message whose button an interaction comes from
        self._nonces: dict[tuple[str, str], int] = {}
        self._numbers = itertools.count(1000)
        self._sockets: set[web.WebSocketResponse] = set()
        self.close_with: int | None = None  #: the gateway turns the next one away with this code

    async def __aenter__(self) -> FakeDiscord:
        app = web.Application(client_max_size=200_000_000)
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_route("*", "/api/{path:.*}", self._api)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    # ---- what a test does ----

    async def score(
        self,
        clip: bytes,
        *,
        name: str = "clip.mp4",
        kind: str = "video/mp4",
        size: int | None = None,
        takes: int = 1,
        limit: int = 10_485_760,
        guild: int = GUILD,
        locale: str = "en-GB",
        user: int = ANN,
        **options: str,
    ) -> tuple[str, str]:
        """Give /score with a clip; return the interaction's id and token."""
        how = {"limit": limit, "guild": guild, "locale": locale, "user": user}
        return await self.give("score", {"clip": (name, kind, clip)}, {**options, "takes": takes}, size=size, **how)

    async def give(
        self,
        command: str,
        files: dict[str, tuple[str, str, bytes]],
        options: dict[str, str | int],
        *,
        size: int | None = None,
        **how: Any,
    ) -> tuple[str, str]:
        """Give a command with files by their options (name, type, bytes); return the interaction's id and token."""
        resolved = {}
        given: list[dict[str, Any]] = []
        for option, (name, kind, content) in files.items():
            number = str(next(self._numbers))
            self.files[f"{number}.{option}"] = content
            resolved[number] = {
                "id": number, "filename": name, "size": len(content) if size is None else size, "content_type": kind,
                "url": f"http://127.0.0.1:{self.port}/files/{number}.{option}", "proxy_url": "",
            }  # fmt: skip
            given.append({"name": option, "type": 11, "value": number})
        for option, value in options.items():
            given.append({"name": option, "type": 4 if isinstance(value, int) else 3, "value": value})
        data = {"id": "1", "name": command, "type": 1, "options": given, "resolved": {"attachments": resolved}}
        return await self._interact(2, data, **how)

    async def click(self, message: dict[str, Any], label: str, **how: Any) -> tuple[str, str]:
        """Press the button under a message that bears the label."""
        buttons = [button for row in message["components"] for button in row["components"]]
        custom_id = next(button["custom_id"] for button in buttons if button["label"] == label)
        data = {"custom_id": custom_id, "component_type": 2}
        return await self._interact(3, data, message=message, **how)

    async def submit(self, token: str, values: dict[str, str], **how: Any) -> tuple[str, str]:
        """Send back the form that an interaction was answered with, its inputs filled."""
        inputs = [
            {"type": 18, "component": {"type": 4, "custom_id": name, "value": value}} for name, value in values.items()
        ]
        data = {"custom_id": self.forms[token]["custom_id"], "components": inputs}
        return await self._interact(5, data, **how)

    async def _interact(
        self,
        kind: int,
        data: dict[str, Any],
        *,
        limit: int = 10_485_760,
        guild: int = GUILD,
        locale: str = "en-GB",
        user: int = ANN,
        message: dict[str, Any] | None = None,
    ) -> tuple[str, str]:
        """Have somebody use the bot; return the interaction's id and token."""
        number = str(next(self._numbers))
        token = f"interaction-token-{number}"
        asker = {**USER, "id": str(user)}
        if message is not None:
            self._pressed[token] = int(message["id"])
        await self._dispatch(
            "INTERACTION_CREATE",
            {
                "id": number, "application_id": str(APPLICATION), "type": kind, "token": token, "version": 1,
                "guild_id": str(guild), "channel_id": str(_channel(guild)["id"]), "channel": _channel(guild),
                "locale": locale,
                "member": {"user": asker, "roles": [], "flags": 0, "permissions": EVERYTHING, "joined_at": None,
                           "deaf": False, "mute": False},
                "app_permissions": EVERYTHING, "entitlements": [], "authorizing_integration_owners": {},
                "context": 0, "attachment_size_limit": limit, "data": data,
                **({"message": message} if message else {}),
            },
        )  # fmt: skip
        return number, token

    async def disconnect(self, code: int) -> None:
        for socket in list(self._sockets):
            await socket.close(code=code)

    def called(self, method: str, path: str) -> list[dict[str, Any]]:
        return [body for verb, where, body in self.calls if verb == method and re.fullmatch(path, where)]

    # ---- the gateway ----

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 30_000}})
        with contextlib.suppress(ConnectionError):
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                said = json.loads(message.data)
                if said["op"] == 1:
                    await socket.send_json({"op": 11})
                elif said["op"] == 2:
                    await self._identify(socket, said["d"])
                elif said["op"] == 6:
                    await socket.send_json({"op": 0, "s": 1, "t": "RESUMED", "d": {}})
        self._sockets.discard(socket)
        return socket

    async def _identify(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        self.identified.append(said)
        if self.close_with or said["token"] != self.token:
            await socket.close(code=self.close_with or 4004)
            return
        ready = {
            "v": 10, "user": ME, "guilds": [{"id": str(GUILD), "unavailable": True}], "session_id": "s",
            "resume_gateway_url": f"ws://127.0.0.1:{self.port}/gateway",
            "application": {"id": str(APPLICATION), "flags": 0},
        }  # fmt: skip
        await socket.send_json({"op": 0, "s": 1, "t": "READY", "d": ready})
        await socket.send_json({"op": 0, "s": 2, "t": "GUILD_CREATE", "d": {**_guild(), "premium_tier": self.tier}})

    async def _dispatch(self, event: str, data: dict[str, Any]) -> None:
        for socket in self._sockets:
            await socket.send_json({"op": 0, "s": 3, "t": event, "d": data})

    # ---- the REST API ----

    async def _file(self, request: web.Request) -> web.Response:
        self.fetched.append(request.match_info["name"])
        return web.Response(body=self.files[request.match_info["name"]])

    async def _api(self, request: web.Request) -> web.Response:
        path, (body, uploads) = request.match_info["path"], await _read(request)
        self.calls.append((request.method, path, body))
        self.times.append(asyncio.get_running_loop().time())
        met = (it for it in self.faults if it.method == request.method and re.fullmatch(it.path, path))
        fault = next((it for it in met if uploads or not it.uploads), None)
        if fault:
            self.faults.remove(fault)
            if fault.status:
                if fault.status == 429:
                    self.refused_at.append(self.times[-1])
                return _json(fault.body, status=fault.status, headers=fault.headers)
        if refusal := self._refusal(request.method, path):
            return refusal
        by_bot = request.headers.get("Authorization") == f"Bot {self.token}"
        if not by_bot and not path.startswith(("webhooks/", "interactions/")):
            return _json({"code": 0, "message": "401: Unauthorized"}, status=401)
        answer = self._do(request.method, path, body, uploads)
        if fault:
            assert request.transport is not None
            request.transport.abort()
        return _json({"code": 10008, "message": "Unknown"}, status=404) if answer is None else _json(answer)

    def _refusal(self, method: str, path: str) -> web.Response | None:
        """Say no to tokens that have died, to a second acknowledgement, and where the bot is no member."""
        parts = path.split("/")
        if self.unreadable and method == "GET" and parts[0] == "channels":
            return _json({"code": 50001, "message": "Missing Access"}, status=403)
        if parts[0] == "webhooks" and parts[2] in self.dead:
            return _json({"code": 50027, "message": "Invalid Webhook Token"}, status=401)
        if parts[0] == "interactions" and parts[2] in self._responses:
            return _json({"code": 40060, "message": "Interaction has already been acknowledged."}, status=400)
        if parts[0] == "channels" and int(parts[1]) not in (CHANNEL, DIRECT):
            return _json({"code": 50001, "message": "Missing Access"}, status=403)
        return None

    def _do(self, method: str, path: str, body: dict[str, Any], uploads: dict[str, bytes]) -> Any:
        parts = path.split("/")
        match method, parts:
            case "GET", ["users", "@me"]:
                return ME
            case "GET", ["oauth2", "applications", "@me"]:
                return {"id": str(APPLICATION), "name": "reelscore", "flags": 0, "description": "", "icon": None,
                        "bot_public": True, "bot_require_code_grant": False, "verify_key": "", "owner": ME,
                        "team": None}  # fmt: skip
            case "PUT", ["applications", _, "commands"]:
                return [
                    {"description": "", **command, "id": str(number), "application_id": parts[1], "version": "1"}
                    for number, command in enumerate(json.loads(body["list"]))
                ]
            case "POST", ["interactions", number, token, "callback"]:
                message = self._answer(token, body)
                self._responses[token] = message
                return {"interaction": {"id": number, "type": 2, "response_message_id": str(message)}}
            case "POST", ["users", "@me", "channels"]:
                return {"id": str(DIRECT), "type": 1, "recipients": [USER]}
            case "POST", ["channels", channel, "messages"]:
                known = self._nonces.get((channel, body.get("nonce", ""))) if body.get("enforce_nonce") else None
                number_ = known or self._write(int(channel), body, uploads)
                if not self.forgetful:
                    self._nonces[channel, str(body.get("nonce"))] = number_
                return self.messages[number_]
            case "POST", ["webhooks", _, token]:
                number_ = self._responses[token]
                if self.messages[number_]["flags"] & LOADING:  # the first follow-up takes its place
                    self._change(number_, body, uploads)
                else:
                    number_ = self._write(CHANNEL, body, uploads, flags=int(body.get("flags", 0)))
                return self.messages[number_]
            case "GET", ["channels", channel, "messages"]:
                there = (number for number, message in self.messages.items() if message["channel_id"] == channel)
                return [self.messages[number] for number in sorted(there, reverse=True)]
            case "GET" | "PATCH", ["channels" | "webhooks", *_, "messages", last]:
                number_ = self._responses.get(parts[2], 0) if last == "@original" else int(last)
                if number_ not in self.messages:
                    return None
                if method == "PATCH":
                    self._change(number_, body, uploads)
                return self.messages[number_]
        return None

    def _answer(self, token: str, body: dict[str, Any]) -> int:
        """Take the first answer to an interaction: a message that is thought about, its own message, a form, words."""
        said = body.get("data", {})
        if body["type"] == 9:
            self.forms[token] = said
        if body["type"] in (6, 9):
            return self._pressed.get(token, 0)
        return self._write(CHANNEL, said, {}, flags=LOADING if body["type"] == 5 else said.get("flags", 0))

    def _write(self, channel: int, body: dict[str, Any], uploads: dict[str, bytes], *, flags: int = 0) -> int:
        number = next(self._numbers)
        self.messages[number] = {
            "id": str(number), "channel_id": str(channel), "author": ME, "content": "", "attachments": [], "embeds": [],
            "timestamp": "2026-01-01T00:00:00+00:00", "edited_timestamp": None, "tts": False, "components": [],
            "mention_everyone": False, "mentions": [], "mention_roles": [], "pinned": False, "type": 0,
            "nonce": body.get("nonce"), "flags": flags,
        }  # fmt: skip
        if body:
            self._change(number, body, uploads)
        return number

    def _change(self, number: int, body: dict[str, Any], uploads: dict[str, bytes]) -> None:
        message = self.messages[number]
        message["flags"] &= ~LOADING
        message.update({key: body[key] for key in ("content", "components") if body.get(key) is not None})
        if "attachments" not in body:
            return
        message["attachments"] = []
        for name, content in uploads.items():
            self.files[name] = content
            message["attachments"].append(
                {"id": str(next(self._numbers)), "filename": name, "size": len(content),
                 "url": f"http://127.0.0.1:{self.port}/files/{name}", "proxy_url": ""}
            )  # fmt: skip


async def _read(request: web.Request) -> tuple[dict[str, Any], dict[str, bytes]]:
    if not request.content_type.startswith("multipart/"):
        said = await request.text()
        read = json.loads(said) if said else {}
        return (read, {}) if isinstance(read, dict) else ({"list": said}, {})
    form = await request.post()
    files = {one.filename: one.file.read() for one in form.values() if isinstance(one, web.FileField)}
    return json.loads(str(form["payload_json"])), files


def _json(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    as_json = {**(headers or {}), "Content-Type": "application/json"}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=as_json)


def _channel(guild: int = GUILD) -> dict[str, Any]:
    number = CHANNEL if guild == GUILD else CHANNEL + guild
    return {"id": str(number), "type": 0, "name": "clips", "position": 0, "permission_overwrites": [],
            "guild_id": str(guild), "permissions": EVERYTHING}  # fmt: skip


def _guild() -> dict[str, Any]:
    everyone = {"id": str(GUILD), "name": "@everyone", "permissions": EVERYTHING, "position": 0, "color": 0,
                "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
                "hoist": False, "managed": False, "mentionable": False, "flags": 0}  # fmt: skip
    return {
        "id": str(GUILD), "name": "guild", "owner_id": str(ANN), "roles": [everyone], "emojis": [], "features": [],
        "channels": [_channel()], "threads": [], "member_count": 2, "large": False, "unavailable": False,
        "members": [{"user": ME, "roles": [], "flags": 0, "joined_at": None, "deaf": False, "mute": False}],
        "voice_states": [], "presences": [], "stage_instances": [], "stickers": [], "guild_scheduled_events": [],
        "soundboard_sounds": [], "premium_tier": 0, "preferred_locale": "en-US", "verification_level": 0,
        "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0, "nsfw_level": 0,
        "system_channel_flags": 0, "afk_timeout": 300, "premium_progress_bar_enabled": False,
    }  # fmt: skip
