"""A song by a self-hosted server of the suno-api kind: ordered, waited for, fetched; told in our words when it fails.

The server speaks for somebody's own account at Suno, so what goes wrong is mostly that account: no credits left, its
cookie too old, a captcha that it could not solve. The shape of its calls: https://github.com/gcui-art/suno-api
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from pipeline.backends import Report, Vendors
from pipeline.errors import BadLyrics, OverLimit, Refused, Unavailable, UserError
from pipeline.fetched import Check, fetch
from pipeline.lyrics import read_lyrics
from pipeline.storyboard import Treatment

LIMIT_S = 600.0  # for one song: Suno takes one to three minutes
POLL_S = (3.0, 15.0)  # between two looks, growing: every look is one at Suno's own server
SLICE_S = 0.1  # of a wait, before somebody may cancel
MISSED_LOOKS = 5  # in a row, before the server counts as gone
SOUND_BYTES = 60_000_000  # four minutes of MP3 have 8 MB
TIMEOUT = httpx.Timeout(90.0, connect=10.0)  # seconds: the server opens a browser for a captcha before it answers

LYRICS_MOST = 3000  # characters that Suno takes
TAGS_MOST = 200
TITLE_MOST = 80

DONE, BROKEN = "complete", "error"

SETUP_HINT = "Start a suno-api server and put its address into the settings."
LATER_HINT = "Try again later, or let the built-in orchestra play."
SERVER_HINT = "Whoever runs the server must put a fresh SUNO_COOKIE into it, and may have to make one song by hand."

NO_CREDITS = "The account behind the song server has no credits left."
NO_CREDITS_HINT = "Wait for the next day's credits, or let the built-in orchestra play."

#: what the server's own words mean, first match first
MEANINGS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r"captcha", re.IGNORECASE),
        "Suno asks for a captcha that the song server could not solve.",
        SERVER_HINT,
    ),
    (
        re.compile(r"session id|cookie|unauthori[sz]ed|token|code 401|code 403", re.IGNORECASE),
        "The song server is not signed in at Suno any more.",
        SERVER_HINT,
    ),
    (
        re.compile(r"credit|quota|payment|code 402", re.IGNORECASE),
        NO_CREDITS,
        NO_CREDITS_HINT,
    ),
    (
        re.compile(r"too many|rate limit|code 429", re.IGNORECASE),
        "Suno is busy with this account's songs.",
        LATER_HINT,
    ),
)
FILTERED = re.compile(r"moderat|policy|copyright|not allowed|inappropriate|flagged|artist name", re.IGNORECASE)


@dataclass(frozen=True)
class _Song:
    """What the server knows of a song."""

    id: str
    status: str
    sound: str  #: its address; "" while there is none
    trouble: str


class Suno:
    """Sings the client's lyrics, or what it makes of the wish where there are none."""

    name = "suno"
    licence = "Sung by Suno through your own server: what may be done with the song is up to that account's plan."

    def __init__(self, vendors: Vendors) -> None:
        """Raises Unavailable when no server is set up."""
        if not vendors.suno_url:
            raise Unavailable("No server for songs is set up.", hint=SETUP_HINT)
        self._url = vendors.suno_url.rstrip("/")

    def sing(self, treatment: Treatment, *, to: Path, report: Report) -> Path:
        """Return `song.mp3`, or whatever the server has made under that name; the track's door will look at it."""

        def check() -> None:
            report("track", 0, 1)

        order = write_order(treatment)
        path = "/api/custom_generate" if order["prompt"] else "/api/generate"
        if not order["prompt"]:
            order = {"prompt": treatment.wish[:TAGS_MOST], "make_instrumental": False, "wait_audio": False}
        check()
        with httpx.Client(base_url=self._url, timeout=TIMEOUT, transport=httpx.HTTPTransport(retries=1)) as client:
            self._refuse_without_credits(client)
            songs = _songs(_ask(client, "POST", path, json=order))
            song = _wait(client, [one.id for one in songs], check)
        return fetch(song.sound, to / "song.mp3", home=self._url, most_bytes=SOUND_BYTES, check=check)

    def _refuse_without_credits(self, client: httpx.Client) -> None:
        """Raise before a song is ordered that could not be paid; of whatever else is wrong the order will tell."""
        try:
            told = _ask(client, "GET", "/api/get_limit")
        except UserError:
            return
        left = told.get("credits_left") if isinstance(told, dict) else None
        if isinstance(left, int | float) and left <= 0:
            raise Unavailable(NO_CREDITS, hint=NO_CREDITS_HINT)


def write_order(treatment: Treatment) -> dict[str, Any]:
    """Return what Suno is asked for: the words with their marks, the wish as tags, a title."""
    lyrics = sung_words(treatment.lyrics)
    if len(lyrics) > LYRICS_MOST:
        raise OverLimit(
            f"These lyrics have {len(lyrics):,} characters; Suno sings {LYRICS_MOST:,}.",
            hint="Shorten them, or let the built-in orchestra play.",
        )
    first = next((row for row in lyrics.splitlines() if row and not row.startswith("[")), "")
    return {
        "prompt": lyrics,
        "tags": " ".join(treatment.wish.split())[:TAGS_MOST],
        "title": first[:TITLE_MOST],
        "make_instrumental": False,
        "wait_audio": False,
    }


def sung_words(given: str) -> str:
    """Return lyrics as Suno reads them: plain lines, a mark in brackets over each part, times left out."""
    if not given.strip():
        return ""
    rows: list[str] = []
    before: tuple[int, str] | None = None
    for line in read_lyrics(given).lines:
        if (line.stanza, line.part) != before:
            rows += [""] * bool(rows)
            rows += [f"[{line.part.capitalize()}]"] * bool(line.part)
            before = (line.stanza, line.part)
        rows.append(line.text)
    if not rows:
        raise BadLyrics("There is nothing to sing in these lyrics.", hint="Send some words.")
    return "\n".join(rows)


def _wait(client: httpx.Client, ids: Sequence[str], check: Check) -> _Song:
    """Look at the songs until one of them is complete; the first one that is, is taken."""
    until, pause, missed = time.monotonic() + LIMIT_S, POLL_S[0], 0
    while time.monotonic() < until:
        _sleep(pause, check)
        pause = min(1.3 * pause, POLL_S[1])
        try:
            songs, missed = _songs(_ask(client, "GET", "/api/get", params={"ids": ",".join(ids)})), 0
        except Unavailable:
            missed += 1
            if missed > MISSED_LOOKS:
                raise
            continue
        if done := next((song for song in songs if song.status == DONE and song.sound), None):
            return done
        if all(song.status == BROKEN for song in songs):
            raise _meaning(songs[0].trouble, "Suno could not make the song.")
    raise Unavailable("Suno was too slow.", hint=LATER_HINT)


def _songs(answer: object) -> list[_Song]:
    """Read the server's list of songs; raises Unavailable for what is none."""
    songs = [
        _Song(
            str(song["id"]),
            str(song.get("status", "")),
            str(song.get("audio_url") or ""),
            str(song.get("error_message") or ""),
        )
        for song in (answer if isinstance(answer, list) else [])
        if isinstance(song, dict) and song.get("id")
    ]
    if not songs:
        raise Unavailable("The song server's answer cannot be read.", hint=LATER_HINT)
    return songs


def _ask(client: httpx.Client, method: str, path: str, **how: Any) -> Any:
    """Return the server's answer; raises Unavailable or Refused in our words."""
    try:
        answer = client.request(method, path, **how)
        said = answer.json()
    except httpx.TimeoutException as exc:
        raise Unavailable("The song server does not answer.", hint=LATER_HINT) from exc
    except httpx.HTTPError as exc:
        raise Unavailable("The song server could not be reached.", hint=SETUP_HINT) from exc
    except ValueError as exc:
        raise Unavailable("The song server's answer cannot be read.", hint=LATER_HINT) from exc
    if answer.status_code < 400:
        return said
    trouble = str(said.get("error") or said.get("detail") or "") if isinstance(said, dict) else ""
    raise _meaning(f"{trouble} code {answer.status_code}", "The song server could not do it.")


def _meaning(trouble: str, otherwise: str) -> UserError:
    """Turn the server's words into ours; nothing of them is shown."""
    if FILTERED.search(trouble):
        return Refused("Suno refuses these words.", hint="Leave out names of artists, and whatever may offend.")
    for pattern, sentence, hint in MEANINGS:
        if pattern.search(trouble):
            return Unavailable(sentence, hint=hint)
    return Unavailable(otherwise, hint=LATER_HINT)


def _sleep(seconds: float, check: Check) -> None:
    """Wait, ready to be cancelled."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        check()
        time.sleep(min(SLICE_S, left))


def load(variant: str, vendors: Vendors) -> Suno:
    if variant:
        raise Refused("The song server has no variants.", hint="Say: suno.")
    return Suno(vendors)
