"""The desk: takes a request in and answers a press; the same for every front end, in neutral values.

A front end turns what its network says into Person, Place, Asked and Press, and turns a Reply into a message with
buttons. Limits, rights, keeping the upload, and the one transaction are here.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal, cast, get_args

import structlog

from bot.buttons import Action, Button, Press, Reply, Rows
from bot.text import chat as text
from bot.text.languages import LANGUAGES, known
from bot.text.plain import plain
from jobs.endings import CANCELED
from jobs.job import ENDED, OUTCOME, REPLY_TO, REQUEST, Film, Outcome, OwnSound, ReplyTo, Request, new_id
from jobs.standing import Status, line, standing
from pipeline.cuesheet import PROMPT_LENGTHS, STYLES, Brief
from pipeline.errors import OverLimit, Refused, UserError
from pipeline.spotting.wishes import MOOD_WORDS, understand
from storage.blobs import Blobs
from storage.errors import Full, Missing, StoreError
from storage.records import Caps, NewDelivery, NewJob, Records
from storage.tables import JobRow, RatingRow

__all__ = [
    "Action",
    "Asked",
    "Button",
    "ChatSettings",
    "Desk",
    "Person",
    "Press",
    "Reply",
    "Rows",
    "brief_of",
]

log = structlog.get_logger()

QUEUE = "cpu"  # every engine that ships plays on the processor
UPLOAD = "upload"  # the clip's name beside a job's other blobs

MOST_BYTES = 2 * 1024**3  # of a clip; the same as pipeline.clip.Limits.bytes, which a chat process never loads
WORDS_MOST = 1000  # characters of a wish: more than any prompt writer reads
SETTING_MOST = 40  # characters of a style or mood

FASTER, SLOWER = 1.12, 0.89  # two presses and two back end where they began, to 1 %
TEMPO_LEAST, TEMPO_MOST = 30.0, 240.0  # pipeline.cuesheet.Bpm

#: what is said of a clip that somebody wants left alone after all
LEFT = Outcome("sentence", sentence=text.LEFT, code="cancelled")

LISTED = 5  # films in /takes
FAMILY = 500  # jobs of a person that are looked through for other takes of a clip
EVERYTHING = 100_000  # jobs, when a person is forgotten
LET_GO_S = 6.0  # for their jobs to stop, which takes two, and for their placeholders to say so
LOOK_S = 0.1


Autoscore = Literal["off", "on", "silent-only"]


@dataclass(frozen=True)
class Person:
    id: str  #: "telegram:42"
    language: str = "en"  #: what their client says; their own choice in the records stands above it
    admin: bool = False  #: may change the chat's settings and cancel in it; asked of the network each time


@dataclass(frozen=True)
class Asked:
    """A clip that somebody wants scored."""

    source: str  #: "telegram:-100123:77": the same source makes one job only
    person: Person
    reply_to: ReplyTo
    request: Request
    fetch: Callable[[Path], Awaitable[None]]  #: writes the clip to a file; raises UserError
    size: int | None = None  #: bytes, as the network says
    auto: bool = False  #: nobody asked: auto-score. Nothing is said before the result is there
    update: tuple[str, str] | None = None  #: the update to be done with in the same transaction


@dataclass(frozen=True)
class ChatSettings:
    """What a chat's admins chose; words of people are kept short and plain."""

    autoscore: Autoscore = "off"
    style: str = ""
    mood: str = ""
    takes: int = 1
    language: str = ""


def brief_of(words: str, settings: ChatSettings | None = None) -> Brief:
    """Turn a person's words and the chat's settings into a brief; what the words say stands above the settings.

    A style that is none of the eight is handed on as a wish, where the spotting session reads it.
    """
    settings = settings or ChatSettings()
    wish = words.strip()[:WORDS_MOST]
    said = understand(Brief(wish=wish))
    style = next((style for style in STYLES if style == settings.style.lower()), None)
    if settings.style and style is None and said.brief.style is None:
        wish = f"{wish}. {settings.style}".lstrip(". ")
    chosen = style if said.brief.style is None else None
    return Brief(wish=wish, style=chosen, mood=settings.mood if said.mood is None else "")


def without_moods(wish: str) -> str:
    """Take the mood words out of a wish: somebody has asked for another mood than they first wrote."""
    bare = _MOODS_SAID.sub("", wish)
    return " ".join(_LEFT_OVER.sub("", bare).split()).strip(" ,;.")


_MOODS_SAID = re.compile(rf"(?<![\w-])(?:{'|'.join(MOOD_WORDS)})(?![\w-])", re.IGNORECASE)
#: an "and" or a comma that now joins nothing
_LEFT_OVER = re.compile(r"^[\s,;.]*(?:(?:and|but|or|&)\b[\s,;.]*)+|\s*(?:,|\b(?:and|but|or)\b|&)\s*(?=[,;.]|$)", re.I)


class Desk:
    """What every front end stands on."""

    def __init__(
        self,
        records: Records,
        blobs: Blobs,
        *,
        caps: Caps,
        ring: Callable[[], Awaitable[None]],
        folder: Path | None = None,
        most_bytes: int = MOST_BYTES,
        owners: Collection[str] = (),
    ) -> None:
        """`ring` wakes the dispatcher; that it fails is no fault, since the dispatcher looks by itself.

        Uploads pass through `folder` (the system's own when None). `owners` are the people who run the bot.
        """
        self._records, self._blobs = records, blobs
        self._caps, self._ring = caps, ring
        self._folder, self._most_bytes = folder, most_bytes
        self._owners = frozenset(owners)

    # ---- taking a clip in ----

    async def submit(self, asked: Asked) -> str:
        """Keep the upload and write job, delivery and update in one transaction; return the job's id.

        Raises UserError: too large, too many waiting (with an honest wait), nothing left behind. Raises
        storage.errors.Down as it is: the same update may be tried again.
        """
        language = known(asked.reply_to.language)
        self._refuse_large(asked.size or 0, language)
        job = new_id()
        try:
            await self._take_in(asked, job, language)
            row, new = await self._records.add_job(
                NewJob(
                    id=job,
                    source=asked.source,
                    queue=QUEUE,
                    person=asked.person.id,
                    chat=asked.reply_to.chat,
                    request=REQUEST.dump_python(asked.request, mode="json"),
                ),
                _deliveries(job, asked.reply_to, takes=asked.request.takes, quiet=asked.auto),
                caps=self._caps,
                update=asked.update,
            )
        except Full as limit:
            await self._blobs.remove(job)
            raise await self._over(limit, language, person=asked.person.id, chat=asked.reply_to.chat) from limit
        except BaseException:
            await asyncio.shield(self._undo(job))
            raise
        if not new:
            await self._blobs.remove(job)
            return row.id
        log.info("taken_in", job=job, front=asked.reply_to.front, auto=asked.auto)
        await self._wake()
        return job

    async def _take_in(self, asked: Asked, job: str, language: str) -> None:
        """Bring the clip from the network to the blob store."""
        with tempfile.TemporaryDirectory(prefix="reelscore-upload-", dir=self._folder) as place:
            path = Path(place) / UPLOAD
            await asked.fetch(path)
            self._refuse_large(path.stat().st_size, language)
            await self._blobs.put(f"{job}/{UPLOAD}", path)

    def _refuse_large(self, size: int, language: str) -> None:
        if size > self._most_bytes:
            sentence, hint = text.over_bytes(size, self._most_bytes, language)
            raise OverLimit(sentence, hint=hint)

    async def _undo(self, job: str) -> None:
        """Remove the upload of a job that was not written. Where that is not sure, it stays: the job may be there."""
        try:
            if await self._records.job(job) is None:
                await self._blobs.remove(job)
        except StoreError:
            log.warning("upload_left", job=job)

    async def _over(self, limit: Full, language: str, *, person: str, chat: str) -> OverLimit:
        """Say whose limit is reached, and when the next of the jobs that fill it is likely to be done."""
        mine = {"person": {"person": person}, "chat": {"chat": chat}}.get(limit.which, {})
        jobs = [job for job in await self._records.jobs_of(**mine, most=FAMILY) if job.state not in ENDED]
        times = [one.left_s for one in (await standing(self._records, jobs)).values() if one.left_s is not None]
        sentence, hint = text.full(limit.which, limit.most, min(times, default=None), language)
        return OverLimit(sentence, hint=hint)

    async def _wake(self) -> None:
        try:
            await self._ring()
        except Exception as error:  # whatever it is: the dispatcher looks by itself
            log.warning("ring_failed", problem=repr(error))

    # ---- buttons ----

    async def press(self, person: Person, press: Press, reply_to: ReplyTo) -> Reply:
        """Do what a button says, if it is this person's to press.

        That is the job's owner, or an admin where the job is a channel's.

        What it makes (another take, the stems) arrives through the outbox at `reply_to`, in whose language it speaks.
        """
        language = known(reply_to.language)
        row = await self._records.job(press.job)
        if row is None:
            return Reply(text.job_gone(language), alert=True)
        if not _may_press(person, row, reply_to.chat):
            return Reply(text.not_yours(language), alert=True)
        pressed = _Pressed(person, press, reply_to, row)
        try:
            return await _ACTIONS[press.action](self, pressed)
        except UserError as error:
            return Reply(text.problem(error, language), alert=True)

    async def _take(self, pressed: _Pressed) -> Reply:
        """Another take: a seed that no other take of this clip has."""
        family = [REQUEST.validate_python(row.request) for row in await self._family(pressed.row)]
        seed = max(request.brief.seed + request.takes for request in family)
        return await self._again(pressed, replace(pressed.brief, seed=seed))

    async def _mood(self, pressed: _Pressed) -> Reply:
        if not pressed.choice:
            return Reply(text.pick_mood(pressed.language), pressed.rows(text.mood_buttons))
        if pressed.choice not in text.MOODS:
            return Reply(text.no_film(pressed.language), alert=True)
        brief = replace(pressed.brief, mood=pressed.choice, wish=without_moods(pressed.brief.wish))
        return await self._again(pressed, brief, reseed=True)

    async def _length(self, pressed: _Pressed) -> Reply:
        if not pressed.choice:
            return Reply(text.pick_length(pressed.language), pressed.rows(text.length_buttons))
        if pressed.choice not in PROMPT_LENGTHS:
            return Reply(text.no_film(pressed.language), alert=True)
        return await self._again(pressed, replace(pressed.brief, prompt_length=pressed.choice), reseed=True)

    async def _tempo(self, pressed: _Pressed) -> Reply:
        now = _main_tempo(pressed.film)
        # A short clip has few tempos at which its bars end with it: what was asked for before counts where it is
        # further on than what came of it, so that another press does get to the next one.
        before = pressed.brief.tempo or now
        further = {"up": max(now, before) * FASTER, "down": min(now, before) * SLOWER}
        asked = further.get(pressed.choice, now)
        tempo = round(min(TEMPO_MOST, max(TEMPO_LEAST, asked)), 1)
        if tempo == round(now, 1):
            return Reply(text.tempo_at_end(pressed.language), alert=True)
        return await self._again(pressed, replace(pressed.brief, tempo=tempo), reseed=True)

    async def _file(self, pressed: _Pressed) -> Reply:
        """The film as a document; where its picture was encoded for the place, once more without the place's limits."""
        if pressed.film.copied:
            return await self._send(pressed)
        for job in await self._family(pressed.row):
            if job.source.startswith(pressed.button) and _film(job, 1):
                return await self._send(replace(pressed, row=job, press=Press("file", job.id)))
        request = replace(pressed.request, target="none", most_bytes=None, takes=1, brief=pressed.brief)
        return await self._add(pressed, request, what="file")

    async def _send(self, pressed: _Pressed) -> Reply:
        """Hand something of a finished film over in a message of its own; one at a time of each kind."""
        what = pressed.press.action
        if what == "midi" and pressed.film.midi is None:
            return Reply(text.no_notes(pressed.language), alert=True)
        if pressed.press.take > 1:
            what = f"{what}-{pressed.press.take}"  # type: ignore[assignment]
        sent = [row for row in await self._records.deliveries_of(pressed.row.id) if row.what == what]
        under_way = [row for row in sent if row.state not in ("sent", "dead")]
        number = len(sent) + (0 if under_way else 1)
        if not under_way:
            await self._records.add_delivery(
                NewDelivery(
                    id=f"{pressed.row.id}-{what}-{number}",
                    job=pressed.row.id,
                    front=pressed.reply_to.front,
                    reply_to=REPLY_TO.dump_python(pressed.reply_to, mode="json"),
                    what=what,
                    quiet=True,
                    state="due",
                )
            )
            await self._wake()
        return Reply(text.on_its_way(what, pressed.language, again=bool(under_way)))

    async def _rate(self, pressed: _Pressed) -> Reply:
        """Ask the four questions one after the other, and keep each answer as it comes."""
        asked, _, point = pressed.choice.partition("=")
        asked = asked or text.QUESTIONS[0]
        if asked not in text.QUESTIONS:
            return Reply(text.bad_rating(pressed.language), alert=True)
        if not point:
            reply = Reply(text.rating_question(asked, pressed.language), pressed.rating_rows(asked))
            return replace(reply, form="rate") if not pressed.choice else replace(reply, buttons=None, alert=True)
        answer = {asked: int(point) if point.isdigit() else 0}
        kept = await self._keep_rating(pressed.person, pressed.row, answer)
        following = text.QUESTIONS[text.QUESTIONS.index(asked) + 1 :]
        if kept.alert:
            return kept
        if not following:
            return Reply(text.rated(pressed.language), pressed.rows(text.result_buttons))
        return Reply(text.rating_question(following[0], pressed.language), pressed.rating_rows(following[0]))

    async def _sound(self, pressed: _Pressed) -> Reply:
        if pressed.choice not in ("keep", "replace", "leave"):
            return Reply(text.answered_already(pressed.language), alert=True)
        if pressed.row.state != "asking":
            return Reply(text.answered_already(pressed.language), buttons=())
        if pressed.choice == "leave":
            done = await self._stop(pressed.row.id, LEFT)
        else:
            request = replace(pressed.request, sound=cast("OwnSound", pressed.choice))
            done = await self._records.answer(pressed.row.id, REQUEST.dump_python(request, mode="json"))
        await self._wake()
        say = text.sound_chosen(pressed.choice, pressed.language) if done else text.answered_already(pressed.language)
        return Reply(say, buttons=())

    async def _cancel(self, pressed: _Pressed) -> Reply:
        stopped = await self._stop(pressed.row.id)
        await self._wake()
        return Reply(
            text.canceled(1, pressed.language) if stopped else text.ended_already(pressed.language), buttons=()
        )

    async def _back(self, pressed: _Pressed) -> Reply:
        """Show a film's own buttons; in a list of films, nothing else says which one they are about."""
        film = _film(pressed.row, pressed.press.take)
        named = text.film_name(film, pressed.language) if film else ""
        return Reply(named, pressed.rows(text.result_buttons))

    async def _again(self, pressed: _Pressed, brief: Brief, *, reseed: bool = False) -> Reply:
        return await self._add(pressed, replace(pressed.request, brief=brief, takes=1), reseed=reseed)

    async def _add(self, pressed: _Pressed, request: Request, *, what: str = "result", reseed: bool = False) -> Reply:
        """Make another job of the same clip.

        Its source is the button and how many jobs of that button have ended: a double click is one job, while the
        same wish can be made again later. With `reseed` such a later one gets another seed, else it would be the same.
        """
        row = pressed.row
        twins = [job for job in await self._family(row) if job.source.startswith(pressed.button)]
        ended = sum(job.state in ENDED for job in twins)
        if reseed:
            request = replace(request, brief=replace(request.brief, seed=request.brief.seed + ended))
        job = new_id()
        try:
            await self._blobs.copy(f"{row.id}/{UPLOAD}", f"{job}/{UPLOAD}")
            written, new = await self._records.add_job(
                NewJob(
                    id=job,
                    source=f"{pressed.button}{ended}",
                    queue=row.queue,
                    person=row.person,
                    chat=pressed.reply_to.chat,
                    request=REQUEST.dump_python(request, mode="json"),
                    parent=row.parent or row.id,
                    clip_s=row.clip_s,
                ),
                _deliveries(job, pressed.reply_to, takes=1, what=what),
                caps=self._caps,
            )
        except Missing:
            raise Refused(text.job_gone(pressed.language)) from None
        except Full as limit:
            await self._blobs.remove(job)
            chat = pressed.reply_to.chat
            raise await self._over(limit, pressed.language, person=row.person, chat=chat) from limit
        except BaseException:
            await asyncio.shield(self._undo(job))
            raise
        if not new:
            await self._blobs.remove(job)
        else:
            log.info("taken_in", job=job, parent=written.parent, action=pressed.press.action)
            await self._wake()
        buttons = pressed.rows(text.result_buttons) if pressed.press.action in ("mood", "length") else None
        return Reply(text.on_its_way(pressed.press.action, pressed.language, again=not new), buttons)

    async def _family(self, row: JobRow) -> list[JobRow]:
        """Return all jobs of the same clip: the first one and those that buttons made of it."""
        first = row.parent or row.id
        jobs = await self._records.jobs_of(person=row.person, most=FAMILY)
        found = {job.id: job for job in jobs if first in (job.id, job.parent)}
        return list({**found, row.id: row}.values())

    # ---- how things stand ----

    async def cancel(self, person: Person, *, job: str | None = None, chat: str | None = None) -> Reply:
        """Cancel one job, or all of this person's in the chat. Admins may cancel anybody's in their chat."""
        language = await self.language(person)
        if job is not None:
            row = await self._records.job(job)
            if row is None:
                return Reply(text.job_gone(language), alert=True)
            if row.person != person.id and not (person.admin and chat is not None and row.chat == chat):
                return Reply(text.not_yours_to_stop(language), alert=True)
            rows = [row]
        else:
            rows = await self._records.jobs_of(person=person.id, chat=chat, most=FAMILY)
        stopped = [row.id for row in rows if row.state not in ENDED and await self._stop(row.id)]
        if stopped:
            await self._wake()
        if job is not None and not stopped:
            return Reply(text.ended_already(language))
        return Reply(text.canceled(len(stopped), language))

    async def _stop(self, job: str, outcome: Outcome = CANCELED) -> bool:
        return await self._records.ask_cancel(job, outcome=OUTCOME.dump_python(outcome, mode="json"))

    async def queue(self, person: Person, chat: str) -> Reply:
        """Say how this person's jobs in this chat stand, and how long the queue is."""
        language = await self.language(person)
        jobs = await self._records.jobs_of(person=person.id, chat=chat, most=FAMILY)
        mine = await standing(self._records, [job for job in reversed(jobs) if job.state not in ENDED])
        whole = await line(self._records, QUEUE)
        waiting = len(whole.places)
        return Reply(text.queue(list(mine.values()), waiting, whole.left_s(place=waiting + 1), language))

    async def takes(self, person: Person, chat: str) -> Reply:
        """List the last films of this person in this chat, with buttons."""
        language = await self.language(person)
        films = [
            (job, film)
            for job in await self._records.jobs_of(person=person.id, chat=chat, most=10 * LISTED)
            if (film := _film(job, 1)) is not None
        ][:LISTED]
        buttons = tuple(
            (Button(f"{number}. {text.film_name(film, language)}", Press("back", job.id)),)
            for number, (job, film) in enumerate(films, 1)
        )
        return Reply(text.takes([film for _, film in films], language), buttons or None)

    async def status(self, job: str) -> Status | None:
        """Return how a job stands; None when it is not kept (any more)."""
        row = await self._records.job(job)
        return (await standing(self._records, [row]))[job] if row is not None else None

    # ---- what people and chats choose ----

    async def settings(self, chat: str) -> ChatSettings:
        row = await self._records.chat(chat)
        kept = {field.name: row.settings[field.name] for field in fields(ChatSettings) if field.name in row.settings}
        return ChatSettings(**{**kept, "autoscore": row.autoscore})

    async def set_settings(self, person: Person, chat: str, settings: ChatSettings) -> Reply:
        """Admins only; others are told so."""
        language = await self.language(person)
        if not person.admin:
            return Reply(text.admins_only(language), alert=True)
        wrong = _wrong_setting(settings)
        if wrong:
            return Reply(text.bad_setting(wrong, language), alert=True)
        kept = replace(settings, style=_short(settings.style), mood=_short(settings.mood))
        chosen = {name: value for name, value in asdict(kept).items() if name != "autoscore"}
        by = person.id if kept.autoscore != "off" else None
        await self._records.set_chat(chat, autoscore=kept.autoscore, autoscore_by=by, settings=chosen)
        language = kept.language or language
        described = text.settings(style=kept.style, mood=kept.mood, takes=kept.takes, language=language)
        lines = [text.settings_kept(language), described]
        if chat != person.id:  # alone with somebody every clip is scored anyhow
            lines.append(text.autoscore(kept.autoscore, language))
        return Reply("\n".join(lines))

    async def rate(self, person: Person, job: str, answers: dict[str, int]) -> Reply:
        """Keep what a form brings back: answers to the study's four questions (1-5), by the owner of the film alone."""
        row = await self._records.job(job)
        if row is not None and row.person != person.id:
            return Reply(text.not_yours(await self.language(person)), alert=True)
        return await self._keep_rating(person, row, answers)

    async def _keep_rating(self, person: Person, row: JobRow | None, answers: dict[str, int]) -> Reply:
        language = await self.language(person)
        if row is None or _film(row, 1) is None:
            return Reply(text.no_film(language), alert=True)
        if not answers or not set(answers) <= set(text.QUESTIONS) or not all(1 <= n <= 5 for n in answers.values()):
            return Reply(text.bad_rating(language), alert=True)
        request = REQUEST.validate_python(row.request)
        crew = request.crew
        configuration = f"{crew.captioner}/{crew.writer}/{crew.composer}/{request.brief.prompt_length}"
        rating = RatingRow(job=row.id, person=person.id, configuration=configuration, rated_at=0.0)
        for asked, point in answers.items():
            setattr(rating, asked, point)
        await self._records.rate(rating)
        return Reply(text.rated(language))

    async def means(self, person: Person) -> Reply:
        """Print the means per configuration like the paper's Table 1, for the owner of the bot."""
        language = await self.language(person)
        if person.id not in self._owners:
            return Reply(text.owners_only(language), alert=True)
        return Reply(text.means(await self._records.means(), language))

    async def language(self, person: Person, language: str = "") -> str:
        """Return the language to speak with this person; with `language`, keep their choice first."""
        if language:
            if language not in LANGUAGES:
                raise Refused(text.unknown_language(known(person.language)))
            await self._records.set_language(person.id, language)
            return language
        return known(await self._records.seen(person.id) or person.language)

    async def forget(self, person: Person) -> Reply:
        """Remove everything of a person: records, blobs, uploads; jobs at work are stopped."""
        language = await self.language(person)
        await self._let_go(person)
        # blobs first: were the rows gone and the store down, nobody would know any more what is to be removed
        jobs = {row.id for row in await self._records.jobs_of(person=person.id, most=EVERYTHING)}
        for job in jobs:
            await self._blobs.remove(job)
        forgotten = await self._records.forget(person.id)
        for job in forgotten:
            await self._blobs.remove(job)
        await self._wake()
        return Reply(text.forgotten(len(jobs | set(forgotten)), language))

    async def _let_go(self, person: Person) -> None:
        """Stop what is under way and wait a little, so that workers clear their folders and placeholders say so."""
        jobs = await self._records.jobs_of(person=person.id, most=EVERYTHING)
        stopped = [row.id for row in jobs if row.state not in ENDED and await self._stop(row.id)]
        if stopped:
            await self._wake()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LET_GO_S):
                for job in stopped:
                    while await self._is_under_way(job):
                        await asyncio.sleep(LOOK_S)

    async def _is_under_way(self, job: str) -> bool:
        row = await self._records.job(job)
        if row is None:
            return False
        told = [one.state in ("sent", "dead") for one in await self._records.deliveries_of(job)]
        return row.state not in ENDED or not all(told)


@dataclass(frozen=True)
class _Pressed:
    """A press that may be obeyed, and the job that it is about."""

    person: Person
    press: Press
    reply_to: ReplyTo
    row: JobRow

    @property
    def language(self) -> str:
        return known(self.reply_to.language)

    @property
    def choice(self) -> str:
        return self.press.choice

    @property
    def button(self) -> str:
        """How the sources of all jobs begin that this button has made."""
        return f"{self.row.id}:{self.press.action}:{self.press.value}:"

    @property
    def request(self) -> Request:
        return REQUEST.validate_python(self.row.request)

    @property
    def film(self) -> Film:
        """The film under which the button stands; raises Refused where there is none."""
        film = _film(self.row, self.press.take)
        if film is None:
            raise Refused(text.no_film(self.language))
        return film

    @property
    def brief(self) -> Brief:
        """What this very film was made from: its own seed where the job has several."""
        film = _film(self.row, self.press.take)
        return replace(self.request.brief, seed=film.seed) if film else self.request.brief

    def rows(self, buttons: Callable[..., Rows]) -> Rows:
        return buttons(self.row.id, self.request, self.language, take=self.press.take)

    def rating_rows(self, asked: str) -> Rows:
        return text.rating_buttons(self.row.id, asked, self.language, take=self.press.take)


_ACTIONS: dict[Action, Callable[[Desk, _Pressed], Awaitable[Reply]]] = {
    "take": Desk._take,
    "mood": Desk._mood,
    "length": Desk._length,
    "tempo": Desk._tempo,
    "song": Desk._send,
    "stems": Desk._send,
    "midi": Desk._send,
    "sheet": Desk._send,
    "file": Desk._file,
    "rate": Desk._rate,
    "sound": Desk._sound,
    "cancel": Desk._cancel,
    "back": Desk._back,
}


def _may_press(person: Person, row: JobRow, chat: str) -> bool:
    """The owner may; where a channel posted the clip, so may its admins, and only in that channel."""
    return row.person == person.id or (row.person == row.chat == chat and person.admin)


def _deliveries(
    job: str, reply_to: ReplyTo, *, takes: int, quiet: bool = False, what: str = "result"
) -> Sequence[NewDelivery]:
    """One message for each film; only the first shows how the work stands."""
    address = REPLY_TO.dump_python(reply_to, mode="json")
    first = NewDelivery(f"{job}-{what}", job, reply_to.front, address, what=what, quiet=quiet)
    others = (f"take-{number}" for number in range(2, takes + 1))
    return [first, *(NewDelivery(f"{job}-{name}", job, reply_to.front, address, name, quiet=True) for name in others)]


def _film(row: JobRow, take: int) -> Film | None:
    if row.state != "succeeded" or row.outcome is None:
        return None
    films = OUTCOME.validate_python(row.outcome).films
    return films[take - 1] if take <= len(films) else None


def _main_tempo(film: Film) -> float:
    """The tempo that rules the longest part of the film."""
    seconds: dict[float, float] = {}
    for cue in film.cues:
        seconds[cue.tempo] = seconds.get(cue.tempo, 0.0) + cue.end - cue.start
    return max(seconds, key=lambda tempo: seconds[tempo])


def _wrong_setting(settings: ChatSettings) -> str:
    """Return the name of a setting that has no such value."""
    wrong = {
        "autoscore": settings.autoscore not in get_args(Autoscore),
        "takes": not 1 <= settings.takes <= 4,
        "language": settings.language not in ("", *LANGUAGES),
    }
    return next((name for name, is_wrong in wrong.items() if is_wrong), "")


def _short(words: str) -> str:
    return plain(" ".join(words.split()))[:SETTING_MOST]
