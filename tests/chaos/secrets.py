"""Secrets with a mark, and one failure of the real programs after another; then all that is left is looked through."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sqlite3
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from aiohttp import web
from redis.asyncio import Redis as Client

from bot.settings import BotSettings
from jobs import logs, redis_server
from jobs.queue import Bell
from jobs.settings import names
from pipeline.errors import UserError
from storage.blobs import Blobs
from storage.records import Caps, NewDelivery, NewJob, Records
from tests.chaos.bar import Bar
from tests.chaos.front import ROOT, Bot, emptied, free_port
from tests.fake_discord import FakeDiscord, Fault
from tests.fake_telegram import FakeTelegram, User
from tests.servers import Redis
from tests.telegram_stage import Stage, silent_clip

PATHS = 30  # failure paths that were asked for
PATIENCE_S = 120.0  # a program may be slow to start on a busy machine

log = structlog.get_logger()


@dataclass
class Planted:
    """The secrets; each holds a mark that nothing else has."""

    telegram: str = field(default_factory=lambda: f"4242424242:AA{_mark()}x")
    discord: str = field(default_factory=lambda: f"OTAwOTAwOTAwOTAwOTAwOTAw.Gaaaaa.{_mark()}")
    openai: str = field(default_factory=lambda: f"sk-proj-{_mark()}")
    replicate: str = field(default_factory=lambda: f"r8_{_mark()}")
    redis: str = field(default_factory=lambda: _mark())
    postgresql: str = field(default_factory=lambda: _mark())
    s3: str = field(default_factory=lambda: _mark())
    webhook: str = field(default_factory=lambda: _mark())
    interaction: str = ""  #: Discord gives it
    paths: list[tuple[str, bool]] = field(default_factory=list)  #: what was gone through, and whether it did happen

    def marks(self) -> dict[str, bytes]:
        """Return what to look for, by the secret's name."""
        values = {name: value for name, value in vars(self).items() if isinstance(value, str) and value}
        return {
            name: value[-32:].encode() if name != "interaction" else value.encode() for name, value in values.items()
        }

    def went(self, name: str, happened: object) -> None:
        self.paths.append((name, bool(happened)))

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """Return an environment with all of them in it."""
        known = names(BotSettings)
        return {
            **{name: value for name, value in os.environ.items() if name not in known},
            "PYTHONPATH": str(ROOT),
            "OMP_NUM_THREADS": "1",
            "TELEGRAM_BOT_TOKEN": self.telegram,
            "DISCORD_BOT_TOKEN": self.discord,
            "OPENAI_API_KEY": self.openai,
            "REPLICATE_API_TOKEN": self.replicate,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": self.s3,
            "AWS_REGION": "eu-central-1",
            "REELSCORE_WEBHOOK_SECRET": self.webhook,
            "REELSCORE_DATA": str(home / "data"),
            "REELSCORE_LOG_LEVEL": "debug",
            **more,
        }


def _mark() -> str:
    return secrets.token_hex(16)


async def bars(size: float, *, bare: bool) -> list[Bar]:
    """Go through the failures, with a small size only those that need no program but one bot; then look everywhere."""
    planted = Planted()
    with emptied() as home:
        with _logged(home / "own.log", planted, bare=bare):
            _settings(planted, home)
            await _stores(planted)
            told = await _telegram(planted, home / "telegram", bare=bare)
            if size >= 0.5:
                rest = await asyncio.gather(
                    _programs(planted, home / "programs"),
                    _discord(planted, home / "discord"),
                    _worker(planted, home / "worker"),
                )
                told += [words for each in rest for words in each]
        found = _looked_through(home, told, planted)
        places = sum(path.is_file() for path in home.rglob("*")) + len(told)
    missing = [name for name, happened in planted.paths if not happened]
    count = len(planted.paths) - len(missing)
    said = f"{len(found)} found after {count} failure paths, in {places} files and messages"
    said += f": {', '.join(found[:6])}" if found else ""
    said += f"; did not happen: {', '.join(missing)}" if missing else ""
    met = not found and not missing and count >= PATHS * min(1.0, size)
    return [Bar(f"{len(planted.marks())} secrets planted", f"found nowhere, after {PATHS} failure paths", said, met)]


# ---- looking ----


def _looked_through(home: Path, told: list[bytes], planted: Planted) -> list[str]:
    """Return where something was found: files byte by byte, databases as they are dumped, messages to the chats."""
    found = []
    for name, mark in planted.marks().items():
        for path in sorted(home.rglob("*")):
            if path.is_file() and mark in _content(path, raw=name != "interaction"):
                found.append(f"{name} in {path.relative_to(home)}")
        found += [f"{name} in a message" for words in told if mark in words]
    return found


def _content(path: Path, *, raw: bool) -> bytes:
    """Read a file. An interaction's token is of use for minutes: for it the rows count, not what SQLite leaves."""
    is_database = path.suffix == ".db"
    dump = b""
    if is_database:
        with contextlib.closing(sqlite3.connect(path)) as database:
            dump = "\n".join(database.iterdump()).encode()
    if not raw and (is_database or path.name.endswith((".db-wal", ".db-shm"))):
        return dump
    return dump + path.read_bytes()


@contextlib.contextmanager
def _logged(path: Path, planted: Planted, *, bare: bool) -> Iterator[None]:
    """Let this process log into a file as the programs do; with `bare` nothing is taken out of the lines."""
    real = logs.redact
    if bare:
        logs.redact = lambda line: line
    settings = [planted.telegram, planted.discord, planted.openai, planted.replicate, planted.redis]
    try:
        with path.open("w") as stream:
            logs.start_logs("json", "debug", secrets=[*settings, planted.postgresql, planted.s3], stream=stream)
            try:
                yield
            finally:
                logs.start_logs(level="error")
    finally:
        logs.redact = real


# ---- settings and stores, in this process ----


def _settings(planted: Planted, home: Path) -> None:
    """Mistype the settings: a secret in the wrong place, or in a shape that is refused."""
    wrong = {
        "a token without its number": {"TELEGRAM_BOT_TOKEN": planted.telegram.replace(":", "-")},
        "a token with a word before it": {"DISCORD_BOT_TOKEN": f"Bot {planted.discord}"},
        "a token under another name": {"REELSCORE_TELEGRAM_TOKEN": planted.telegram},
        "a token for an owner": {"REELSCORE_OWNERS": planted.telegram},
        "a token for a number": {"REELSCORE_SLOTS": planted.discord},
        "a password in the address of the Bot API": {"REELSCORE_TELEGRAM_API": f"http://me:{planted.s3}@example.org"},
        "a Redis address of another kind": {"REDIS_URL": f"http://:{planted.redis}@localhost"},
        "a Redis password as a user": {"REDIS_URL": f"redis://{planted.redis}@redis.example.org"},
        "a webhook secret that is too odd": {
            "REELSCORE_WEBHOOK_URL": "https://x.org/a", "REELSCORE_WEBHOOK_SECRET": f"{planted.webhook} !",
        },
        "a webhook without TLS": {
            "REELSCORE_WEBHOOK_URL": "http://x.org/a", "REELSCORE_WEBHOOK_SECRET": planted.webhook,
        },
        "a token for a format": {"REELSCORE_LOG_FORMAT": planted.openai},
    }  # fmt: skip
    told = []
    for name, values in wrong.items():
        before = dict(os.environ)
        os.environ.update(values)
        try:
            BotSettings.read(None)
        except UserError as error:
            told += [*traceback.format_exception(error), error.hint, repr(error)]
            planted.went(name, True)
        else:
            planted.went(name, False)
        finally:
            os.environ.clear()
            os.environ.update(before)
    (home / "settings.txt").write_text("\n".join(told))


async def _stores(planted: Planted) -> None:
    """Find database, Redis and bucket away, or with another password."""
    shut = free_port()
    with Redis() as redis:
        await _set_password(redis, _mark())
        wrong = f"unix://:{planted.redis}@{redis.socket}"
        await _fails(planted, "Redis: another password", lambda: Bell(wrong).ping())
        await _fails(planted, "Redis: another password, inspected", lambda: redis_server.inspect(wrong))
    away = f"redis://:{planted.redis}@127.0.0.1:{shut}"
    await _fails(planted, "Redis: away", lambda: Bell(away).ping())
    await _fails(planted, "Redis: no address", lambda: _bell(f"redis://:{planted.redis}@localhost:port"))
    database = f"postgresql://reelscore:{planted.postgresql}@127.0.0.1:{shut}/records"
    await _fails(planted, "database: away", lambda: Records.open(database))
    odd = f"mysql://reelscore:{planted.postgresql}@127.0.0.1/records"
    await _fails(planted, "database: of another kind", lambda: Records.open(odd))
    async with _bucket(planted) as blobs:
        await _fails(planted, "bucket: refuses", lambda: blobs.put_bytes("job/upload", b"clip"))


async def _bell(url: str) -> None:
    Bell(url)


async def _set_password(redis: Redis, password: str) -> None:
    async with Client.from_url(redis.url) as client:
        await client.config_set("requirepass", password)


@contextlib.asynccontextmanager
async def _bucket(planted: Planted) -> AsyncIterator[Blobs]:
    """Give a bucket whose server says that the signature is wrong."""

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=403, text="<Error><Code>SignatureDoesNotMatch</Code></Error>")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port := free_port()).start()
    named = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": planted.s3, "AWS_REGION": "eu-central-1"}
    before = dict(os.environ)
    os.environ.update(named, AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}")
    try:
        yield Blobs("s3://films")
    finally:
        os.environ.clear()
        os.environ.update(before)
        await runner.cleanup()


async def _fails(planted: Planted, name: str, act: Callable[[], Awaitable[object]]) -> None:
    """Do what has to fail; its error is logged as a program would log it, and its words as well."""
    try:
        await act()
    except Exception as error:
        log.exception("it broke", path=name)
        log.warning("in words", problem=repr(error), text=str(error))
        planted.went(name, True)
    else:
        planted.went(name, False)


# ---- a bot on Telegram ----


async def _telegram(planted: Planted, home: Path, *, bare: bool) -> list[bytes]:
    """Break everything round one bot; return what its chats were told."""
    (home / "blobs").mkdir(parents=True)
    url = f"http://127.0.0.1:{(port := free_port())}/hook"
    with Redis(home) as redis:
        await _set_password(redis, planted.redis)
        async with FakeTelegram(token=planted.telegram) as telegram:
            env = planted.environment(
                home,
                DISCORD_BOT_TOKEN="",
                REDIS_URL=f"unix://:{planted.redis}@{redis.socket}",
                DATABASE_URL=f"sqlite:///{home}/records.db",
                BLOB_URL=str(home / "blobs"),
                REELSCORE_WEBHOOK_URL=url,
                REELSCORE_WEBHOOK_PORT=str(port),
            )
            records = await Records.open(f"sqlite:///{home}/records.db")
            stage = Stage(telegram, records, Blobs(str(home / "blobs")))
            bot = Bot(telegram.url, env, home / "log", bare="redaction" if bare else "", brisk=True)
            try:
                await _meets(planted, stage, bot, redis, url)
            finally:
                await bot.stop()
                await records.close()
            calls = [call for call in telegram.calls if call.method != "setWebhook"]  # Telegram is told the secret
            return [str(call.fields).encode() + b"".join(up.data for up in call.uploads.values()) for call in calls]


async def _meets(planted: Planted, stage: Stage, bot: Bot, redis: Redis, url: str) -> None:
    telegram = stage.telegram
    faults = [telegram.disturb("setMyCommands", "500"), telegram.disturb("setWebhook", "502")]
    bot.start(breaks=True)
    assert await telegram.waits_until(lambda: telegram.updates.hook, PATIENCE_S), bot.log.read_text()
    # a download is tried three times, and each of its calls of getFile three times
    faults += [telegram.disturb("getFile", "400")]
    faults += [telegram.disturb("getFile", how, times=9) for how in ("500", "drop before")]
    faults += [telegram.disturb("file", how, times=3) for how in ("400", "403", "500", "drop before", "drop after")]
    refused = [telegram.user(f"Refused {number}") for number in range(8)]
    for person in refused:
        await person.sends_clip(silent_clip())
    await refused[0].says("break this")
    unwelcome = [telegram.user(f"Unwelcome {number}") for number in range(8)]
    for number, how in enumerate(("403", "400", "500", "drop after")):
        faults.append(telegram.disturb("sendMessage", how, when=_to(unwelcome[number])))  # type: ignore[arg-type]
    for number, how in enumerate(("403", "413", "500", "drop after"), 4):
        times = 4 if how in ("500", "drop after") else 1
        faults.append(telegram.disturb("editMessageMedia", how, times=times, when=_to(unwelcome[number])))  # type: ignore[arg-type]
    planted.went("clips that are not fetched", await _answered(stage, refused))
    for person in unwelcome:
        await person.sends_clip(silent_clip())
    theirs = {f"telegram:{person.id}" for person in unwelcome}
    for _ in range(round(PATIENCE_S / 0.1)):
        rows = [row for row in await stage.jobs(0) if row.person in theirs]
        if len(rows) == len(theirs):
            break
        await asyncio.sleep(0.1)
    for row in rows:
        await stage.scores(row)
    await telegram.waits_until(lambda: all(fault.met for fault in faults), PATIENCE_S)
    for fault in faults:
        planted.went(f"{fault.method}: {fault.how}", fault.met)
    planted.went("a bug in a handler", await _said_in(bot.log, "update_broke"))
    planted.went("a bug in the apology for it", await _said_in(bot.log, "nobody_told"))
    await _posts(planted, url)
    await _without_stores(planted, stage, bot, redis)
    telegram.token = "4242424242:AAanotherOneIsNotASecretOfOurs1234567"
    await telegram.user("Late").says("hello")
    planted.went("the token is revoked", await _said_in(bot.log, "Unauthorized"))


def _to(person: User) -> Callable[[Any], bool]:
    return lambda call: bool(call.chat_id == person.id)


async def _answered(stage: Stage, people: list[User]) -> bool:
    return bool(await stage.telegram.waits_until(lambda: all(person.chat.from_bot for person in people), PATIENCE_S))


async def _said_in(path: Path, words: str, *, within_s: float = PATIENCE_S) -> bool:
    """Wait until a log says something."""
    for _ in range(round(within_s / 0.1)):
        if words in path.read_text(errors="replace"):
            return True
        await asyncio.sleep(0.1)
    return False


async def _posts(planted: Planted, url: str) -> None:
    """Post what Telegram would not: a wrong secret, none, a broken body, one that is too large."""
    header = "X-Telegram-Bot-Api-Secret-Token"
    tries = {
        "webhook: another secret": (403, {header: planted.webhook[:-1] + "_"}, b"{}"),
        "webhook: the secret elsewhere": (
            403,
            {"Authorization": f"Bearer {planted.webhook}"},
            planted.webhook.encode(),
        ),
        "webhook: no JSON": (400, {header: planted.webhook}, b'{"secret": "' + planted.webhook.encode()),
        "webhook: too large": (413, {header: planted.webhook}, b" " * (2 << 20)),
    }
    async with aiohttp.ClientSession() as session:
        for name, (status, headers, body) in tries.items():
            async with session.post(url, data=body, headers=headers) as answer:
                planted.went(name, answer.status == status)


async def _without_stores(planted: Planted, stage: Stage, bot: Bot, redis: Redis) -> None:
    """Take the blobs away, then Redis, which comes back without its password."""
    blobs = bot.log.parent / "blobs"
    aside = blobs.rename(blobs.with_name("aside"))
    blobs.write_bytes(b"")
    await stage.telegram.user("Storeless").sends_clip(silent_clip())
    planted.went("blobs: away", await _said_in(bot.log, "update_waits"))
    blobs.unlink()
    aside.rename(blobs)
    redis.kill()
    planted.went("Redis: killed", await _said_in(bot.log, "redis is away"))
    redis.start()


# ---- programs that end ----


async def _programs(planted: Planted, home: Path) -> list[bytes]:
    """Start the programs where nothing is as it should be; each has to end with a sentence."""
    home.mkdir()
    shut = free_port()
    with Redis() as redis, Redis() as locked:
        await _set_password(locked, _mark())
        async with FakeTelegram() as telegram, FakeDiscord("another.token.here") as discord:
            nowhere = {
                "REDIS_URL": f"redis://:{planted.redis}@127.0.0.1:{shut}",
                "DATABASE_URL": f"postgresql://reelscore:{planted.postgresql}@127.0.0.1:{shut}/records",
            }
            sound = {"REDIS_URL": redis.url, "DATABASE_URL": f"sqlite:///{home}/records.db"}
            wrong = {**sound, "REDIS_URL": f"unix://:{planted.redis}@{locked.socket}"}
            chats = {"REELSCORE_TELEGRAM_API": telegram.url, "REELSCORE_DISCORD_API": discord.api}
            silence = {"REELSCORE_TELEGRAM_API": f"http://127.0.0.1:{shut}"}
            proxy = {"HTTP_PROXY": f"http://me:{planted.s3}@127.0.0.1:{shut}", "NO_PROXY": ""}
            runs = {
                "doctor: everything broken": (["doctor"], nowhere | chats),
                "doctor: everything broken, as JSON": (["doctor", "--json"], nowhere | silence | proxy),
                "bot: Telegram does not know the token": (["bot", "telegram"], sound | chats),
                "bot: Discord does not know the token": (["bot", "discord"], sound | chats),
                "sync: Discord does not know the token": (["sync"], sound | chats),
                "bot: Redis is away": (["bot", "telegram"], nowhere | chats),
                "bot: Redis has another password": (["bot", "telegram"], wrong | chats),
                "worker: Redis has another password": (["worker"], wrong),
                "worker: the database is away": (["worker"], nowhere | {"REDIS_URL": redis.url}),
                "worker: the bucket's name is missing": (["worker"], sound | {"BLOB_URL": "s3://"}),
            }  # fmt: skip
            turns = asyncio.Semaphore(2)

            async def end(name: str, words: list[str], env: Mapping[str, str]) -> None:
                async with turns:
                    planted.went(name, await _ends(words, planted.environment(home, **env), home / "log"))

            await asyncio.gather(*(end(name, words, env) for name, (words, env) in runs.items()))
            return [str(call.fields).encode() for call in telegram.calls] + [
                str(call).encode() for call in discord.calls
            ]


async def _ends(words: list[str], env: Mapping[str, str], to: Path) -> bool:
    """Run a program; return whether it ended by itself, and not well."""
    with to.open("ab") as out:
        one = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", *words, cwd=to.parent, env=env, stdin=asyncio.subprocess.DEVNULL,
            stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        return await asyncio.wait_for(one.wait(), PATIENCE_S) > 0
    except TimeoutError:
        return False
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        await one.wait()


@contextlib.asynccontextmanager
async def _running(words: list[str], env: Mapping[str, str], to: Path) -> AsyncIterator[int]:
    """Keep a program running; yield its process id."""
    with to.open("ab") as out:
        one = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.cli", *words, cwd=to.parent, env=env, stdin=asyncio.subprocess.DEVNULL,
            stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        yield one.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(one.wait(), 15)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one.pid, signal.SIGKILL)
        await one.wait()


# ---- a bot on Discord ----


async def _discord(planted: Planted, home: Path) -> list[bytes]:
    """Let the token of an interaction fail, and then the bot's own."""
    (home / "blobs").mkdir(parents=True)
    with Redis() as redis:
        async with FakeDiscord(planted.discord) as discord:
            env = planted.environment(
                home,
                REDIS_URL=redis.url,
                DATABASE_URL=f"sqlite:///{home}/records.db",
                BLOB_URL=str(home / "blobs"),
                REELSCORE_DISCORD_API=discord.api,
            )
            records = await Records.open(f"sqlite:///{home}/records.db")
            stage = Stage(FakeTelegram(), records, Blobs(str(home / "blobs")))
            try:
                async with _running(["bot", "discord"], env, home / "log"):
                    await _interrupted(planted, discord, stage, home / "log")
            finally:
                await records.close()
            return [json.dumps(body).encode() for _, _, body in discord.calls]


async def _interrupted(planted: Planted, discord: FakeDiscord, stage: Stage, to: Path) -> None:
    planted.went("Discord: ready", await _said_in(to, "discord_ready"))
    gone = {"code": 50027, "message": "Invalid Webhook Token"}
    faults = [Fault("PATCH", r"webhooks/.*", 500), Fault("PATCH", r"webhooks/.*", 401, gone)]
    discord.faults.extend(faults)
    _, planted.interaction = await discord.score(silent_clip().read_bytes())
    (row,) = await stage.jobs(1, seconds=PATIENCE_S)
    discord.faults.append(Fault("PATCH", r".*", 403, {"code": 50001, "message": "Missing Access"}))
    await stage.scores(row)
    for _ in range(round(PATIENCE_S / 0.2)):
        states = {one.state for one in await stage.records.deliveries_of(row.id)}
        if states <= {"sent", "dead"}:
            break
        await asyncio.sleep(0.2)
    planted.went("Discord: the interaction is over", states <= {"sent", "dead"})
    for fault in faults:
        planted.went(f"Discord: {fault.status} to the interaction", fault not in discord.faults)
    discord.close_with = 4004
    await discord.disconnect(4004)
    planted.went("Discord: the token is revoked", await _said_in(to, "does not take the bot's token"))


# ---- a worker ----


async def _worker(planted: Planted, home: Path) -> list[bytes]:
    """Give a worker a clip that is none, one that is not there, and kill the child of a third."""
    (home / "blobs").mkdir(parents=True)
    with Redis() as redis:
        env = planted.environment(
            home,
            REDIS_URL=redis.url,
            DATABASE_URL=f"sqlite:///{home}/records.db",
            BLOB_URL=str(home / "blobs"),
        )
        records = await Records.open(f"sqlite:///{home}/records.db")
        blobs = Blobs(str(home / "blobs"))
        try:
            async with _running(["worker", "cpu"], env, home / "log") as worker:
                await blobs.put_bytes("garbage/upload", b"\0\0\0\x18ftypmp42" + secrets.token_bytes(4096))
                for name in ("garbage", "missing"):
                    await _order(records, name)
                for name in ("garbage", "missing"):
                    planted.went(f"worker: a clip that is {name}", await _ended(records, name))
                planted.went("worker: a child is killed", await _child_killed(worker, home / "environ"))
                planted.went("worker: tells nobody but its log", await _said_in(home / "log", "event"))
        finally:
            await records.close()
    return []


async def _order(records: Records, job: str) -> None:
    new = NewJob(id=job, source=job, queue="cpu", person="telegram:1", chat="telegram:1", request={})
    await records.add_job(new, NewDelivery(id=job, job=job, front="telegram", reply_to={}), caps=Caps())


async def _ended(records: Records, job: str) -> bool:
    for _ in range(round(PATIENCE_S / 0.2)):
        row = await records.job(job)
        if row is not None and row.outcome:
            return True
        await asyncio.sleep(0.2)
    return False


async def _child_killed(worker: int, to: Path) -> bool:
    """Keep what the children of a worker see of the environment, to be looked through; then kill them."""
    for _ in range(round(PATIENCE_S / 0.2)):
        children = Path(f"/proc/{worker}/task/{worker}/children").read_text().split()
        if children:
            to.write_bytes(b"".join(Path(f"/proc/{child}/environ").read_bytes() for child in children))
            for child in children:
                os.kill(int(child), signal.SIGKILL)
            return True
        await asyncio.sleep(0.2)
    return False
