"""Every sentence that a person reads in a chat, in their language: plain text, no mark-up of any network.

Words that came from a person or out of a file go through bot.text.plain.plain. `language` is "en", "de", ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.desk import Button, Reply
    from jobs.deliveries import Status
    from jobs.job import Film, Outcome, Request

Rows = tuple[tuple["Button", ...], ...]


def status(status: Status, language: str) -> str:
    """Say where a job stands: place in the queue, stage, a bar, the time left."""
    ...


def status_buttons(status: Status, language: str) -> Rows: ...


def caption(film: Film, *, take: int, takes: int, language: str, most: int = 1024) -> str:
    """Return the cue list and what was measured, in at most `most` UTF-16 units (Telegram counts so)."""
    ...


def result_buttons(job: str, request: Request, language: str) -> Rows: ...


def question(job: str, language: str) -> Reply:
    """Ask what shall become of the clip's own sound."""
    ...


def sentence(outcome: Outcome, language: str) -> str:
    """Return sentence and hint of an outcome that is no film."""
    ...
