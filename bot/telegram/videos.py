"""Tracks become music videos: what lies together in a chat goes to the desk; an answer to one changes it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from aiogram import Bot
from aiogram.types import Message

from bot.attached import TRACKS, suffix_of
from bot.buttons import Press, Reply
from bot.desk import Asked, Desk, Person
from bot.telegram import files
from bot.telegram.albums import Place
from bot.telegram.clips import Sent, clip_in
from bot.telegram.files import Limits
from bot.telegram.inbox import FRONT
from bot.telegram.messenger import Address, keyboard
from bot.telegram.requests import Requests, Source, is_ours, link_in, press_under, topic_of
from bot.telegram.rights import named, writer
from bot.telegram.tracks import Piece, board_in, paper_in, track_in, visual_in
from bot.text import chat as text
from bot.treatments import LYRICS_FROM
from jobs.job import Beside, ReplyTo
from pipeline.errors import UserError
from pipeline.lyrics import decode_lyrics, read_lyrics
from storage.records import Records
from storage.tables import JobRow

log = structlog.get_logger(__name__)

#: the word behind the command that has the music made as well
_SONG = re.compile(r"\s*song\b[\s:,]*", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """What a message wants a music video of."""

    words: str
    source: Source | None  #: of the track; None: a song is made
    lyrics: Sent | None = None
    sung: str = ""  #: lyrics in the message that is answered
    visual: Sent | None = None


class VideoRequests:
    """Takes tracks to the desk, and what is said to previews and films of them."""

    def __init__(self, bot: Bot, desk: Desk, records: Records, allowed: Limits, requests: Requests) -> None:
        self._bot, self._desk, self._records, self._allowed, self._requests = bot, desk, records, allowed, requests

    async def take(self, message: Message, words: str, place: Place, *, update: str, commanded: bool) -> bool:
        """Answer a music video or ask for one, whichever a message does; return whether it did either."""
        speaks = place.first or commanded or paper_in(message) or board_in(message)  # for its album, if it has one
        if speaks and await self.answer(message, words, commanded=commanded):
            return True
        return await self.ask(message, words, place, update=update, commanded=commanded)

    # ---- a new one ----

    async def ask(self, message: Message, words: str, place: Place, *, update: str, commanded: bool) -> bool:
        """Ask for a music video where a track, or the wish for one, is found; what is refused is told in the chat.

        In an album each track asks for its own, with the words, the lyrics and the picture that lie beside it.
        """
        if track_in(message) is None and any(map(track_in, place.messages)):
            return True
        language = await self._requests.language(message)
        wanted = self._wanted(message, words, place.messages, language, commanded=commanded)
        if wanted is None or not (place.first or commanded or track_in(message)):
            return wanted is not None
        try:
            await self._submit(message, wanted, language, update=update)
        except UserError as error:
            log.info("track_refused", chat=named(message.chat.id), code=error.code, problem=error.sentence)
            await self._requests.say(message, text.problem(error, language))
        return True

    def _wanted(
        self, message: Message, words: str, album: Sequence[Message], language: str, *, commanded: bool
    ) -> Wanted | None:
        """Gather what lies together: the message, its album, and what it answers."""
        replied = message.reply_to_message
        pieces: list[Piece] = [message, *album, *(one for one in (replied, message.external_reply) if one)]
        lyrics = next(filter(None, map(paper_in, pieces)), None)
        sung = self._sung(replied) if commanded and replied and lyrics is None else ""
        if found := self._source(message, pieces, track_in, language):
            foreign = (one for one in pieces if one is not replied or not is_ours(replied, self._bot.id))
            return Wanted(words, found, lyrics, sung, next(filter(None, map(visual_in, foreign)), None))
        if commanded and (song := _SONG.match(words)):
            words = words[song.end() :]
            return Wanted(words, None, lyrics, sung) if words.strip() or lyrics or sung else None
        if commanded and (found := self._source(message, pieces, clip_in, language)):  # a film, for its sound
            return Wanted(words, found, lyrics, sung)
        if commanded or _leads_to_sound(link_in(message)):
            linked = self._requests.from_links(message, words)
            return Wanted(linked[1], linked[0], lyrics, sung) if linked else None
        return None

    def _source(
        self, message: Message, pieces: Sequence[Piece], find: Callable[[Piece], Sent | None], language: str
    ) -> Source | None:
        """Return where the first file of a kind is; the answer will hang under it."""
        for piece in pieces:
            if found := find(piece):
                under = piece.message_id if isinstance(piece, Message) else message.message_id
                return self._requests.from_chat(found, under, language)
        return None

    def _sung(self, replied: Message) -> str:
        """Return the lyrics that were written before, and are now answered to."""
        words = replied.text or ""
        lines = sum(bool(line.strip()) for line in words.splitlines())
        return words if lines >= LYRICS_FROM and not is_ours(replied, self._bot.id) else ""

    async def _submit(self, message: Message, wanted: Wanted, language: str, *, update: str) -> None:
        """Take it to the desk. Raises UserError."""
        chat = named(message.chat.id)
        lyrics = await self._read(wanted.lyrics, language) if wanted.lyrics else wanted.sung
        request = self._desk.wanted(wanted.words, lyrics, song=wanted.source is None)
        source = wanted.source or Source(_writing(f"{wanted.words}\n\n{lyrics}"), message.message_id)
        beside: dict[Beside, Callable[[Path], Awaitable[None]]] = {}
        if wanted.visual:
            beside["visual"] = self._requests.from_chat(wanted.visual, message.message_id, language).fetch
        await self._desk.submit(
            Asked(
                source=f"{chat}:{message.message_id}:video",
                person=writer(message),
                reply_to=Address(message.chat.id, source.message, topic_of(message)).written(language),
                request=replace(request, target="telegram", most_bytes=self._allowed.most_out),
                fetch=source.fetch,
                size=source.size,
                update=(FRONT, update),
                beside=beside,
            )
        )

    async def _read(self, paper: Sent, language: str) -> str:
        lyrics = decode_lyrics(await files.read(self._bot, paper, language))
        read_lyrics(lyrics)  # raises for a file that is empty, where no words would only mean no lyrics
        return lyrics

    # ---- one that is there ----

    async def answer(self, message: Message, words: str, *, commanded: bool = False) -> bool:
        """Change a music video of the writer's that a message answers to; False where it does nothing of the kind.

        Words and lyrics make a new plan, so does an edited storyboard; the bare command asks for other pictures.
        """
        replied = message.reply_to_message
        row = await self._video_under(replied) if replied else None
        person = writer(message)
        if replied is None or row is None or row.person != person.id or track_in(message):
            return False
        if message.edit_date is not None:  # what it said before was obeyed
            return True
        if not (commanded or words.strip() or paper_in(message) or board_in(message)):
            return False
        language = await self._requests.language(message)
        reply_to = Address(message.chat.id, replied.message_id, topic_of(message)).written(language)
        try:
            reply = await self._changed(message, words, person, reply_to, row)
        except UserError as error:
            reply = Reply(text.problem(error, language))
        await self._requests.say(message, reply.text, keyboard(reply.buttons))
        return True

    async def _video_under(self, message: Message) -> JobRow | None:
        """Return the job of the preview or film of a music video."""
        press = press_under(message)
        row = await self._records.job(press.job) if press else None
        return row if row is not None and row.request.get("treatment") else None

    async def _changed(self, message: Message, words: str, person: Person, reply_to: ReplyTo, row: JobRow) -> Reply:
        if board := board_in(message):
            edited = await files.read(self._bot, board, reply_to.language)
            return await self._desk.replay(person, reply_to, edited, job=row.id)
        paper = paper_in(message)
        lyrics = await self._read(paper, reply_to.language) if paper else ""
        if not words.strip() and not lyrics:
            return await self._desk.press(person, Press("board", row.id), reply_to)
        return await self._desk.sing(person, reply_to, words, lyrics, job=row.id)


def _leads_to_sound(url: str | None) -> bool:
    """Whether what is behind a link is called like a sound file."""
    return suffix_of(re.split(r"[?#]", url or "")[0]) in TRACKS


def _writing(words: str) -> Callable[[Path], Awaitable[None]]:
    """Return what writes the words of a song that has no track yet: they are the upload then."""

    async def fetch(to: Path) -> None:
        to.write_text(words.strip(), encoding="utf-8", errors="replace")

    return fetch
