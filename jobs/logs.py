"""Logs: one line for each event, ours and the libraries', with the job's id on it and no secret in it.

structlog and the standard library's loggers go through one formatter. The last thing that happens to a line, tracebacks
included, is that secrets are taken out: those that were registered, and whatever looks like one.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Literal, TextIO
from urllib.parse import quote, quote_plus

import structlog
from structlog.typing import EventDict, Processor

HIDDEN = "[hidden]"
SHORTEST = 6  # characters of a secret that is looked for by itself; a shorter one would take ordinary words along

#: what gives a secret away by its looks: (pattern, what stays)
_LOOKS: tuple[tuple[re.Pattern[str], str], ...] = (
    # Telegram: the bot's number, a colon that may be escaped in an address, 35 characters
    (re.compile(r"\d{3,}(?::|%3[Aa])[A-Za-z0-9_-]{35,}"), HIDDEN),
    # Discord: the bot's number in base64, a time, a signature
    (re.compile(r"[A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}"), HIDDEN),
    # Discord: the token in the address of a webhook or an interaction
    (re.compile(r"((?:webhooks|interactions)/\d{15,}/)[A-Za-z0-9_.-]{40,}"), rf"\g<1>{HIDDEN}"),
    # OpenAI, Replicate, Hugging Face
    (re.compile(r"\bsk-[A-Za-z0-9_-]{16,}|\br8_[A-Za-z0-9]{16,}|\bhf_[A-Za-z0-9]{16,}"), HIDDEN),
    # the password in an address; the last @ before the path ends it, or the last of all where no path would be
    (re.compile(r"(\b(?:redis|postgres)[a-z0-9+]*://[^\s/:@'\"]*:)[^\s'\"]+@", re.IGNORECASE), rf"\g<1>{HIDDEN}@"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@'\"]*:)[^\s/'\"]+@", re.IGNORECASE), rf"\g<1>{HIDDEN}@"),
    # signed links
    (re.compile(r"((?:X-Amz-Signature|X-Amz-Security-Token|X-Amz-Credential)=)[^&\s'\"]+"), rf"\g<1>{HIDDEN}"),
    # headers
    (re.compile(r"(Authorization['\"]?\s*[:=]\s*['\"]?(?:Bot|Bearer|Basic)\s+)[^\s'\",]+", re.I), rf"\g<1>{HIDDEN}"),
    (re.compile(r"(X-Telegram-Bot-Api-Secret-Token['\"]?\s*[:=,]\s*['\"]?)[^\s'\",)]+", re.I), rf"\g<1>{HIDDEN}"),
)

#: libraries that tell more than anybody wants to know
_QUIETER = {
    "aiogram.event": logging.WARNING,  # a line for each update
    "aiohttp.access": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "alembic": logging.WARNING,
    "arq": logging.WARNING,  # lines for each job, which the worker writes itself
    "asyncio": logging.WARNING,
    "botocore": logging.WARNING,
    "discord": logging.INFO,
    "sqlalchemy": logging.WARNING,
}

_secrets: set[str] = set()
_known: re.Pattern[str] | None = None
_guard = threading.Lock()


def hide(secrets: Iterable[str]) -> None:
    """Register secrets; from now on no line shows them, nor the spellings of JSON, Python and addresses."""
    global _known
    with _guard:
        for secret in secrets:
            if len(secret) >= SHORTEST:
                _secrets.update(_spellings(secret))
        longest_first = sorted(_secrets, key=len, reverse=True)
        _known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def _spellings(secret: str) -> set[str]:
    as_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {secret, repr(secret)[1:-1], quote(secret, safe=""), quote(secret), quote_plus(secret), *as_json}


def redact(line: str) -> str:
    """Return the line without secrets."""
    if _known is not None:
        line = _known.sub(HIDDEN, line)
    for looks, stays in _LOOKS:
        line = looks.sub(stays, line)
    return line


def start_logs(
    form: Literal["auto", "console", "json"] = "auto",
    level: str = "info",
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send every logger's lines to `stream` (stderr): for people on a terminal, else JSON. May be called again."""
    hide(secrets)
    stream = stream or sys.stderr
    console = form == "console" or (form == "auto" and stream.isatty())
    _set_structlog()
    handler = _Handler(stream)
    handler.setFormatter(_Redacting(_formatter(console=console, colours=console and stream.isatty())))
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old, _Handler):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, quietest in _QUIETER.items():
        logging.getLogger(name).setLevel(max(quietest, logging.getLevelName(level.upper())))
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda fate: _log_uncaught(fate.exc_type, fate.exc_value, fate.exc_traceback)
    sys.unraisablehook = lambda fate: _log_uncaught(fate.exc_type, fate.exc_value, fate.exc_traceback)


def _shared() -> list[Processor]:
    """What happens to every event before it is written, ours or a library's."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _set_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # a logger made at import time must not keep an earlier set-up
    )


def _formatter(*, console: bool, colours: bool) -> logging.Formatter:
    last: list[Processor]
    if console:
        # the library's own choice would show the values of all variables along with a traceback
        plainly = structlog.dev.plain_traceback
        last = [_on_one_line, structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plainly)]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_shared(), structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _on_one_line(_: Any, __: str, event: EventDict) -> EventDict:
    """Escape what would start a line of its own or command the terminal: words of people may be among the words."""
    for name, value in event.items():
        if isinstance(value, str) and name not in {"exception", "stack"} and not value.isprintable():
            # secrets first: with some of its characters escaped, one would not be found any more
            event[name] = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in redact(value))
    return event


class _Redacting(logging.Formatter):
    """Takes secrets out of what another formatter has made."""

    def __init__(self, made: logging.Formatter) -> None:
        super().__init__()
        self._made = made

    def format(self, record: logging.LogRecord) -> str:
        return redact(self._made.format(record))


class _Handler(logging.StreamHandler[TextIO]):
    """A handler of ours: one that is set up anew replaces it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  the library's own would print the arguments
        kind, error, _ = sys.exc_info()
        if isinstance(error, OSError | ValueError):  # the stream is closed or full: nothing can be said there
            return
        where = f"{record.pathname}:{record.lineno}"
        self.stream.write(redact(f"a log line of {record.name} at {where} could not be written: {kind}\n"))


def _log_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    told = (kind, error or kind(), trace)
    logging.getLogger("reelscore").critical("uncaught", exc_info=told)
