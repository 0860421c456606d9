"""What is there, what is missing, and how to get it: `reelscore doctor`.

Each check asks the thing itself: the token is tried, Redis is pinged, the tables are read. Nothing is changed; only
into a bucket a few bytes are written and taken away again, since a key that may read need not be one that may write.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from bot.text import terminal as text
from pipeline.errors import UserError

if TYPE_CHECKING:
    from bot.settings import BotSettings

State = Literal["ok", "off", "note", "bad"]  # off: not asked for; note: works, but could be better

TELEGRAM = "https://api.telegram.org"
CALL_S = 10.0  # for one question to a chat network
ROOM_BYTES, LEAST_BYTES = 5 * 1024**3, 512 * 1024**2  # one long job needs about 2 GB at its worst
MESSAGE_CONTENT = 1 << 18 | 1 << 19  # flags of a Discord application: intent granted, or granted as a small bot


@dataclass(frozen=True)
class Finding:
    """One line of the table."""

    name: str
    state: State
    said: str
    cure: str = ""


Check = Callable[["BotSettings"], Awaitable[list[Finding]]]


async def examine(settings: BotSettings) -> list[Finding]:
    """Run every check; one that breaks is a finding, too."""
    return [finding for check in CHECKS for finding in await _careful(check, settings)]


async def _careful(check: Check, settings: BotSettings) -> list[Finding]:
    name = check.__name__.lstrip("_").replace("_", " ").capitalize()
    try:
        return await check(settings)
    except UserError as error:
        return [Finding(name, "bad", error.sentence, error.hint)]
    except Exception as error:
        return [Finding(name, "bad", text.CHECK_BROKE.format(what=type(error).__name__))]


# ---- this machine ----


async def _python(_: BotSettings) -> list[Finding]:
    said = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    return [Finding("Python", "ok" if sys.version_info >= (3, 11) else "bad", said)]


async def _ffmpeg(_: BotSettings) -> list[Finding]:
    from pipeline.door.ffmpeg import find_ffmpeg

    return [Finding("ffmpeg", "ok", find_ffmpeg().name)]


async def _synthesizer(_: BotSettings) -> list[Finding]:
    from pipeline.orchestra import fonts, synth

    engine = await asyncio.to_thread(synth.engine_in_use)
    font = fonts.find_font()
    small = font.path.name == "TimGM6mb.sf2"
    return [
        Finding("Synthesizer", "ok", engine.partition(",")[0]),
        Finding("Font", "note" if small else "ok", font.path.name, text.BETTER_FONT if small else ""),
    ]


async def _engines(_: BotSettings) -> list[Finding]:
    """Load every backend that ships; one whose extra is missing is off."""
    from pipeline import backends

    found = []
    for kind, load in (
        ("captioner", backends.captioner),
        ("writer", backends.writer),
        ("composer", backends.composer),
    ):
        for name in backends.names(kind):  # type: ignore[arg-type]
            try:
                await asyncio.to_thread(load, name)
                found.append(Finding(kind.capitalize(), "ok", name))
            except UserError as error:
                found.append(Finding(kind.capitalize(), "off", f"{name}: {error.sentence}", error.hint))
    return found


async def _licences(settings: BotSettings) -> list[Finding]:
    from pipeline import backends
    from pipeline.orchestra.fonts import find_font

    composer, font = backends.composer(), find_font()
    return [
        Finding("Licence, music", "ok", composer.licence),
        Finding("Licence, font", "ok" if font.licence != "unknown" else "note", f"{font.path.name}: {font.licence}"),
        *_weights(settings),
    ]


def _weights(settings: BotSettings) -> list[Finding]:
    """Name the models whose weights are on this machine, and what may be done with what they make."""
    from pipeline.engines import look

    here = [row.weights for row in look(settings.vendors) if row.weights and row.here]
    return [Finding("Licence, weights", "ok", f"{one.name}: {one.licence}") for one in here] or [
        Finding("Licence, weights", "ok", text.NO_WEIGHTS)
    ]


async def _disk(settings: BotSettings) -> list[Finding]:
    place = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    free = shutil.disk_usage(place).free
    state: State = "ok" if free > ROOM_BYTES else "note" if free > LEAST_BYTES else "bad"
    said = text.FREE.format(free=free / 1024**3, place=settings.data)
    return [Finding("Disk", state, said, "" if state == "ok" else text.MORE_ROOM)]


# ---- what the parts share ----


async def _redis(settings: BotSettings) -> list[Finding]:
    from jobs import redis_server

    if settings.redis_url is None and not await redis_server.answers(redis_server.socket_of(settings.data)):
        program = redis_server.find_program()
        return [Finding("Redis", "ok", text.OWN_REDIS.format(program=program))]
    state = await redis_server.inspect(settings.redis)
    findings = [Finding("Redis", "ok", f"{state.version}, {state.ping_s * 1000:.1f} ms")]
    if not state.appends:
        findings.append(Finding("Redis", "note", text.NO_AOF, text.NO_AOF_CURE))
    if state.evicts:
        findings.append(Finding("Redis", "bad", text.EVICTS, text.EVICTS_CURE))
    return findings


async def _database(settings: BotSettings) -> list[Finding]:
    from storage.database import database_url
    from storage.errors import Down
    from storage.migrations import standing

    kind = urlsplit(settings.database).scheme.partition("+")[0]
    try:
        tables = await standing(database_url(settings.database))
    except (Down, ValueError) as error:
        return [Finding("Database", "bad", text.NO_STORE.format(why=error), text.NO_STORE_HINT)]
    return [Finding("Database", "note" if tables == "newer" else "ok", f"{kind}, {text.TABLES[tables]}")]


async def _blobs(settings: BotSettings) -> list[Finding]:
    from storage.blobs import Blobs, folder_of
    from storage.errors import StoreError

    try:
        if (folder := folder_of(settings.blobs)) is not None:
            return [_folder(folder)]
        await Blobs(settings.blobs).ping()
    except (StoreError, ValueError) as error:
        return [Finding("Blobs", "bad", text.NO_STORE.format(why=error), text.NO_STORE_HINT)]
    return [Finding("Blobs", "ok", settings.blobs)]


def _folder(folder: Path) -> Finding:
    """Say whether a folder for blobs can be written in, or made."""
    place = next(path for path in (folder, *folder.parents) if path.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        return Finding("Blobs", "bad", text.LOCKED.format(name=place), text.NO_STORE_HINT)
    return Finding("Blobs", "ok", str(folder) if place == folder else text.NEW_BLOBS.format(path=folder))


# ---- the chats ----


async def _telegram(settings: BotSettings) -> list[Finding]:
    token = settings.telegram_bot_token
    if token is None:
        return [Finding("Telegram", "off", text.HOW_TO_TELEGRAM)]
    url = f"{settings.telegram_api or TELEGRAM}/bot{token.get_secret_value()}/getMe"
    status, answer = await _get(url, {})
    if status in {401, 404}:
        return [Finding("Telegram", "bad", text.BAD_TOKEN.format(front="Telegram"), text.BAD_TELEGRAM_CURE)]
    if status != 200 or not isinstance(answer.get("result"), dict):
        return [Finding("Telegram", "bad", text.ODD_ANSWER.format(front="Telegram", status=status), text.AWAY_CURE)]
    me = answer["result"]
    findings = [Finding("Telegram", "ok", f"@{me.get('username', '?')}")]
    if not me.get("can_join_groups", True):
        findings.append(Finding("Telegram", "note", text.NO_GROUPS, text.NO_GROUPS_CURE))
    if me.get("can_read_all_group_messages"):
        findings.append(Finding("Telegram", "note", text.PRIVACY_OFF, text.PRIVACY_OFF_CURE))
    else:
        findings.append(Finding("Telegram", "ok", text.PRIVACY_ON))
    size = text.LOCAL_API if settings.telegram_api else text.CLOUD_API
    return [*findings, Finding("Telegram", "ok", size)]


async def _discord(settings: BotSettings) -> list[Finding]:
    token = settings.discord_bot_token
    if token is None:
        return [Finding("Discord", "off", text.HOW_TO_DISCORD)]
    headers = {"Authorization": f"Bot {token.get_secret_value()}"}
    status, me = await _get(f"{settings.discord_api}/users/@me", headers)
    if status == 401:
        return [Finding("Discord", "bad", text.BAD_TOKEN.format(front="Discord"), text.BAD_DISCORD_CURE)]
    if status != 200:
        return [Finding("Discord", "bad", text.ODD_ANSWER.format(front="Discord", status=status), text.AWAY_CURE)]
    findings = [Finding("Discord", "ok", str(me.get("username", "?")))]
    if settings.discord_message_content:
        _, application = await _get(f"{settings.discord_api}/applications/@me", headers)
        if not int(application.get("flags", 0)) & MESSAGE_CONTENT:
            findings.append(Finding("Discord", "bad", text.NO_INTENT, text.NO_INTENT_CURE))
    return findings


async def _get(url: str, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    """Ask a chat network; status 0 when nobody answers. The address may hold a token, so no error text goes on."""
    import aiohttp

    agent = {"User-Agent": "DiscordBot (https://pypi.org/project/reelscore, 0.1)"}  # Discord refuses others
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CALL_S), trust_env=True) as session,
            session.get(url, headers=agent | headers, allow_redirects=False) as response,
        ):
            answer = await response.json(content_type=None)
            return response.status, answer if isinstance(answer, dict) else {}
    except (aiohttp.ClientError, OSError, TimeoutError):
        return 0, {}
    except ValueError:
        return -1, {}


CHECKS: tuple[Check, ...] = (
    _python, _ffmpeg, _synthesizer, _engines, _licences, _disk, _redis, _database, _blobs, _telegram, _discord,
)  # fmt: skip


# ---- how it is shown ----


def works(findings: list[Finding]) -> bool:
    """Say whether all that is asked for is there."""
    return all(finding.state != "bad" for finding in findings)


def show(findings: list[Finding], *, as_json: bool) -> None:
    """Print the table, with what to do under each line that needs it."""
    import typer

    from bot.console import open_console, say

    if as_json:
        found = {"works": works(findings), "findings": [asdict(finding) for finding in findings]}
        typer.echo(json.dumps(found, indent=1))
        return
    console = open_console()
    wide = max(len(finding.name) for finding in findings)
    for finding in findings:
        style = {"ok": "", "off": "dim", "note": "yellow", "bad": "bold red"}[finding.state]
        say(console, f"{text.STATES[finding.state]:<8}{finding.name:<{wide}}  {finding.said}", style=style)
        if finding.cure:
            say(console, f"{'':<8}{'':<{wide}}  -> {finding.cure}", style=style)
    say(console, "")
    say(console, text.ALL_WELL if works(findings) else text.NOT_WELL, style="bold")
