"""Logs: the job's id on each line, one line for an event, and no secret in any of them."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator

import pytest
import structlog

from jobs import logs
from jobs.logs import HIDDEN, hide, redact, start_logs

TELEGRAM = "123456789:AAF-" + "x7_K" * 8
DISCORD = "MTIzNDU2Nzg5MDEyMzQ1Njc4OQ" + ".GabcDE." + "q-_9" * 8
ODD = 'pa"ss\\wörd\u202e/&'

#: what gives itself away: (line, what must not be in it)
LOOKS = {
    "telegram": (f"GET /bot{TELEGRAM}/getMe", TELEGRAM),
    "telegram, escaped": (f"/bot{TELEGRAM.replace(':', '%3A')}/x", TELEGRAM.partition(":")[2]),
    "telegram, a file": (f"https://api.telegram.org/file/bot{TELEGRAM}/videos/file_0.mp4", TELEGRAM),
    "discord": (f"login with {DISCORD}!", DISCORD),
    "discord interaction": ("POST /webhooks/123456789012345678/" + "aW50" * 12 + "/messages", "aW50" * 12),
    "openai": ("key sk-proj-abcdefghijklmnopqrst failed", "sk-proj"),
    "replicate": ("r8_ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", "r8_"),
    "hugging face": ("hf_ABCDEFGHIJKLMNOPQRSTUVWXYZ", "hf_"),
    "redis": ("redis://:hunter2@host:6379/0 is down", "hunter2"),
    "redis, by name": ("rediss://worker:hunter2@host", "hunter2"),
    "postgres": ("postgresql+asyncpg://me:hunt:er2/3@db/x", "hunt:er2"),
    "postgres, an at sign": ("postgresql://me:hunt@er2@db/x", "er2"),
    "signed link": ("https://s3/x?X-Amz-Credential=AKIA1&X-Amz-Signature=beef0123&y=1", "beef0123"),
    "header": ("headers={'Authorization': 'Bot hunter2.abc'}", "hunter2"),
    "bearer": ("Authorization: Bearer hunter2", "hunter2"),
    "webhook secret": ("{'X-Telegram-Bot-Api-Secret-Token': 'hunter2hunter2'}", "hunter2"),
}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Put back what the set-up changes in this process."""
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook, sys.unraisablehook)
    show = warnings.showwarning
    levels = {name: logging.getLogger(name).level for name in logs._QUIETER}
    secrets, known = set(logs._secrets), logs._known
    yield
    logging.captureWarnings(False)
    warnings.showwarning = show
    root.handlers[:], root.level = handlers, level
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)
    logs._secrets.clear()
    logs._secrets.update(secrets)
    logs._known = known
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.fixture(params=["json", "console"])
def written(request: pytest.FixtureRequest) -> Callable[[], str]:
    stream = io.StringIO()
    start_logs(request.param, "debug", secrets=[ODD, "hunter2hunter2"], stream=stream)
    return stream.getvalue


@pytest.mark.parametrize(("line", "secret"), LOOKS.values(), ids=LOOKS)
def test_what_looks_like_a_secret_is_hidden(line: str, secret: str) -> None:
    assert secret not in redact(line)
    assert HIDDEN in redact(line)


@pytest.mark.parametrize(
    "line",
    [
        "http://example.org:8080/a@b and 12:34:56 and telegram:123456789 and a.b.c",
        "telegram:-1001234567890:77 file_id=BAACAgIAAxkBAAIB",
        "redis://localhost:6379/0",
        "job k3m9x2v7q8ra took 12.5 s at 2026-11-21T15:17:15.642679Z",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert redact(line) == line


def test_a_registered_secret_is_hidden_in_every_spelling() -> None:
    hide([ODD])
    from urllib.parse import quote, quote_plus

    for spelling in (ODD, json.dumps(ODD), json.dumps(ODD, ensure_ascii=False), repr(ODD), quote(ODD), quote_plus(ODD)):
        assert "ss" not in redact(f"<{spelling}>"), spelling


def test_a_short_word_is_not_taken_out_of_every_line() -> None:
    hide(["job"])
    assert redact("the job is done") == "the job is done"


def test_the_job_is_on_each_line_ours_or_a_librarys() -> None:
    stream = io.StringIO()
    start_logs("json", stream=stream)
    with structlog.contextvars.bound_contextvars(job="abc", update="7"):
        structlog.get_logger("jobs.worker").info("taken", attempt=2)
        logging.getLogger("discord.gateway").info("seen %s", "x", extra={"shard": 1})
    structlog.get_logger().info("after")
    ours, theirs, after = map(json.loads, stream.getvalue().splitlines())
    assert (ours["event"], ours["job"], ours["update"], ours["attempt"]) == ("taken", "abc", "7", 2)
    assert (theirs["event"], theirs["job"], theirs["shard"], theirs["logger"]) == (
        "seen x",
        "abc",
        1,
        "discord.gateway",
    )
    assert "job" not in after
    assert {"level", "timestamp", "logger"} <= ours.keys() & theirs.keys()


def _ours(words: str) -> None:
    structlog.get_logger("bot.desk").error("broke", words=words, many=[words], deep={"a": {words: 1}})


def _stdlib(words: str) -> None:
    for name in ("aiogram.dispatcher", "aiohttp.server", "discord.client", "arq.worker", "asyncio", "sqlalchemy.pool"):
        logging.getLogger(name).error("%s failed: %r", words, {"url": words}, extra={"detail": words})


def _exception(words: str) -> None:
    def inner() -> None:
        raise ValueError(f"first {words}")

    try:
        try:
            inner()
        except ValueError as exc:
            exc.add_note(f"note {words}")
            raise RuntimeError(f"second {words}") from exc
    except RuntimeError:
        structlog.get_logger("jobs.worker").exception("broke")
        logging.getLogger("aiogram.event").exception("Cause exception while process update")
        logging.getLogger("aiohttp.server").error("Error handling request", exc_info=True)


def _group(words: str) -> None:
    try:
        raise ExceptionGroup(f"several {words}", [OSError(5, words), KeyError(words)])
    except ExceptionGroup:
        structlog.get_logger().exception("broke")


def _uncaught(words: str) -> None:
    try:
        raise OSError(words)
    except OSError as exc:
        sys.excepthook(type(exc), exc, exc.__traceback__)

    def fail() -> None:
        raise OSError(words)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def _loop(words: str) -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_exception_handler({"message": words, "exception": OSError(words)})

    asyncio.run(main())


def _warned(words: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(words, stacklevel=1)
        logging.captureWarnings(False)


def _stack(words: str) -> None:
    logging.getLogger("arq").error(words, stack_info=True)


def _traceback_line(words: str) -> None:
    """A frame's own variables must not be shown along with it."""
    kept = words
    try:
        raise LookupError("no words here")
    except LookupError:
        structlog.get_logger().exception("broke", known=bool(kept))


@pytest.mark.parametrize(
    "path", [_ours, _stdlib, _exception, _group, _uncaught, _loop, _warned, _stack, _traceback_line]
)
def test_no_path_to_the_log_shows_a_secret(path: Callable[[str], None], written: Callable[[], str]) -> None:
    for words in (TELEGRAM, DISCORD, ODD, "redis://:hunter2hunter2@10.0.0.1/0"):
        path(words)
    said = written()
    assert said
    for part in (TELEGRAM, TELEGRAM.partition(":")[2], DISCORD, ODD, "ss\\w", "hunter2"):
        assert part not in said


def test_without_the_last_step_they_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "redact", lambda line: line)
    stream = io.StringIO()
    start_logs("json", stream=stream)
    _exception(TELEGRAM)
    assert TELEGRAM in stream.getvalue()


def test_a_line_that_cannot_be_made_does_not_print_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    start_logs("json", stream=stream)
    root = logging.getLogger()
    root.handlers[:] = [one for one in root.handlers if isinstance(one, logs._Handler)]  # pytest's own would raise
    root.error("%d jobs", TELEGRAM)
    assert TELEGRAM not in stream.getvalue() + capsys.readouterr().err
    assert "could not be written" in stream.getvalue()


def test_words_of_people_start_no_line_of_their_own(written: Callable[[], str]) -> None:
    structlog.get_logger().info("said", words='x\n{"event": "forged"}\x1b[31m')
    logging.getLogger("discord").info("said %s", "x\nforged")
    assert len(written().splitlines()) == 2
    assert "\x1b" not in written()


def test_a_second_set_up_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    start_logs("json", stream=first)
    start_logs("json", "warning", stream=second)
    structlog.get_logger().warning("once")
    structlog.get_logger().info("never")
    assert first.getvalue() == ""
    assert len(second.getvalue().splitlines()) == 1


def test_a_closed_stream_is_no_fault() -> None:
    stream = io.StringIO()
    start_logs("json", stream=stream)
    stream.close()
    structlog.get_logger().error("lost")
