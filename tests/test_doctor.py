"""The doctor: what it finds on this machine, and what two chat networks on loopback tell it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiohttp import web
from typer.testing import CliRunner

from bot import cli, doctor
from bot.doctor import Finding, examine, show, works
from bot.settings import BotSettings
from bot.text import terminal as text
from jobs import redis_server
from storage.records import Records
from tests.servers import Redis, needs_redis

TOKEN = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFa"
ALIAS = {"telegram_bot_token": "TELEGRAM_BOT_TOKEN", "discord_bot_token": "DISCORD_BOT_TOKEN"}
ALIAS |= {"redis_url": "REDIS_URL", "database_url": "DATABASE_URL", "blob_url": "BLOB_URL"}


@pytest.fixture
def data() -> Iterator[Path]:
    with TemporaryDirectory(prefix="rs-") as folder:
        yield Path(folder) / "data"


def settings(data: Path, **more: Any) -> BotSettings:
    return BotSettings(data=data, **{ALIAS.get(name, name): value for name, value in more.items()})


@asynccontextmanager
async def chats(answers: dict[str, tuple[int, Any]]) -> AsyncIterator[tuple[str, list[web.Request]]]:
    """Serve fixed answers by path on loopback; give its address and what was asked."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        status, body = answers.get(request.path, (404, {"ok": False}))
        return (
            web.json_response(body, status=status) if body is not None else web.Response(text="<html>", status=status)
        )

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def named(findings: list[Finding], name: str) -> list[Finding]:
    return [finding for finding in findings if finding.name == name]


async def test_a_bare_machine_is_well_and_nothing_is_made(data: Path) -> None:
    findings = await examine(settings(data))
    assert works(findings), findings
    assert not data.exists()
    assert {finding.name for finding in findings} >= {
        "Python", "ffmpeg", "Synthesizer", "Font", "Captioner", "Writer", "Composer", "Licence, music",
        "Licence, font", "Licence, weights", "Disk", "Redis", "Database", "Blobs",
    }  # fmt: skip
    for front in ("Telegram", "Discord"):
        (off,) = named(findings, front)
        assert off.state == "off"
        assert f"{front.upper()}_BOT_TOKEN" in off.said


async def test_a_good_telegram_token_is_named_with_privacy_and_limits(data: Path) -> None:
    me = {"username": "reel_bot", "can_join_groups": True, "can_read_all_group_messages": False}
    async with chats({f"/bot{TOKEN}/getMe": (200, {"ok": True, "result": me})}) as (api, _):
        found = await doctor._telegram(settings(data, telegram_bot_token=TOKEN, telegram_api=api))
    assert [finding.state for finding in found] == ["ok", "ok", "ok"]
    assert found[0].said == "@reel_bot"
    assert "2 GB" in found[2].said
    me |= {"can_join_groups": False, "can_read_all_group_messages": True}
    async with chats({f"/bot{TOKEN}/getMe": (200, {"ok": True, "result": me})}) as (api, _):
        found = await doctor._telegram(settings(data, telegram_bot_token=TOKEN, telegram_api=api))
    assert [finding.cure for finding in found if finding.state == "note"] == [
        text.NO_GROUPS_CURE,
        text.PRIVACY_OFF_CURE,
    ]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {"ok": False}), "does not know this token"),
        ((404, {"ok": False}), "does not know this token"),
        ((502, None), "status"),
        ((200, None), "status"),
        ((200, []), "status"),
    ],
)
async def test_a_bad_telegram_is_told_without_the_token(data: Path, answer: tuple[int, Any], said: str) -> None:
    async with chats({f"/bot{TOKEN}/getMe": answer}) as (api, _):
        (found,) = await doctor._telegram(settings(data, telegram_bot_token=TOKEN, telegram_api=api))
    assert found.state == "bad"
    assert said in found.said
    assert TOKEN not in repr(found)


async def test_nobody_there_is_told(data: Path) -> None:
    here = settings(data, telegram_bot_token=TOKEN, telegram_api="http://127.0.0.1:1", discord_bot_token="a.b.c",
                    discord_api="http://127.0.0.1:1")  # fmt: skip
    for check in (doctor._telegram, doctor._discord):
        (found,) = await check(here)
        assert (found.state, found.cure) == ("bad", text.AWAY_CURE)


async def test_discord_is_asked_as_a_bot_and_for_the_intent(data: Path) -> None:
    answers = {"/users/@me": (200, {"username": "reel"}), "/applications/@me": (200, {"flags": 0})}
    async with chats(answers) as (api, asked):
        here = settings(data, discord_bot_token="a.b.c", discord_api=api, discord_message_content=True)
        good, lacking = await doctor._discord(here)
        assert (good.said, lacking.cure) == ("reel", text.NO_INTENT_CURE)
        assert {request.headers["Authorization"] for request in asked} == {"Bot a.b.c"}
        answers["/applications/@me"] = (200, {"flags": 1 << 19})
        assert [finding.state for finding in await doctor._discord(here)] == ["ok"]
        answers["/users/@me"] = (401, {})
        (bad,) = await doctor._discord(here)
        assert bad.cure == text.BAD_DISCORD_CURE


async def test_what_is_down_or_badly_set_up_is_found(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    here = settings(
        data,
        redis_url="redis://:hunter2@127.0.0.1:1/0",
        database_url="postgresql://me:hunter2@127.0.0.1:1/x",
        blob_url=str(tmp_path / "file" / "blobs"),
    )
    findings = [*await doctor._careful(doctor._redis, here), *await doctor._database(here), *await doctor._blobs(here)]
    assert [finding.state for finding in findings] == ["bad"] * 3
    assert all(finding.cure for finding in findings)
    assert "hunter2" not in repr(findings)


@pytest.mark.parametrize(
    ("version", "state", "said"),
    [("9999", "note", "newer"), ("NULL", "ok", "first start"), (None, "ok", "up to date")],
)
async def test_tables_are_looked_at_and_left_alone(
    version: str | None, state: str, said: str, tmp_path: Path, data: Path
) -> None:
    here = settings(data, database_url=f"sqlite:///{tmp_path}/r.db", blob_url=str(tmp_path / "blobs"))
    (found,) = await doctor._database(here)
    assert "first start" in found.said
    await doctor._blobs(here)
    assert list(tmp_path.iterdir()) == [], "nothing was made"
    await (await Records.open(here.database)).close()
    with closing(sqlite3.connect(tmp_path / "r.db")) as connection, connection:
        if version is not None:
            connection.execute("DELETE FROM alembic_version")
        if version == "9999":
            connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    before = (tmp_path / "r.db").read_bytes()
    (found,) = await doctor._database(here)
    assert (found.state, said in found.said) == (state, True)
    assert (tmp_path / "r.db").read_bytes() == before


@needs_redis
async def test_a_redis_that_forgets_is_told(data: Path) -> None:
    with Redis() as server:
        assert [finding.state for finding in await doctor._redis(settings(data, redis_url=server.url))] == ["ok"]
    with Redis(appends=False) as forgetful:
        found = await doctor._redis(settings(data, redis_url=forgetful.url))
    assert [(finding.state, finding.cure) for finding in found[1:]] == [("note", text.NO_AOF_CURE)]


async def test_a_missing_redis_server_is_told(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_server.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(data))
    (found,) = await doctor._careful(doctor._redis, settings(data))
    assert (found.state, found.cure) == ("bad", redis_server.NO_PROGRAM_HINT)


async def test_a_check_that_breaks_is_a_finding(data: Path) -> None:
    async def _odd_check(_: BotSettings) -> list[Finding]:
        raise KeyError("hunter2")

    (found,) = await doctor._careful(_odd_check, settings(data))
    assert (found.name, found.state) == ("Odd check", "bad")
    assert "hunter2" not in found.said


def test_the_table_and_the_json_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [Finding("Disk", "ok", "much"), Finding("Redis", "bad", "gone", "start it")]
    show(findings, as_json=False)
    said = capsys.readouterr().out
    assert "MISSING Redis  gone" in said
    assert "-> start it" in said
    assert text.NOT_WELL in said
    show(findings, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "works": False,
        "findings": [
            {"name": "Disk", "state": "ok", "said": "much", "cure": ""},
            {"name": "Redis", "state": "bad", "said": "gone", "cure": "start it"},
        ],
    }


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("note", 0), ("off", 0), ("bad", 2)])
def test_the_exit_code_says_whether_all_works(
    state: doctor.State, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def one(_: BotSettings) -> list[Finding]:
        return [Finding("One", state, "x")]

    monkeypatch.setattr(doctor, "CHECKS", (one,))
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(cli.app, ["doctor"]).exit_code == code
