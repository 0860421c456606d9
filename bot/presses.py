"""Presses: what each button does, if it is this person's to press."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import structlog

from bot.asked import Person, without_moods
from bot.buttons import Action, Press, Reply, Rows
from bot.intake import FAMILY, UPLOAD, Intake, deliveries
from bot.text import chat as text
from bot.text.languages import known
from jobs.job import ENDED, OUTCOME, REPLY_TO, REQUEST, Beside, Film, Outcome, OwnSound, ReplyTo, Request, new_id
from pipeline.cuesheet import PROMPT_LENGTHS, Brief
from pipeline.errors import Refused, UserError
from storage.errors import Full, Missing
from storage.records import NewDelivery, NewJob
from storage.tables import JobRow, RatingRow

log = structlog.get_logger()

FASTER, SLOWER = 1.12, 0.89  # two presses and two back end where they began, to 1 %
TEMPO_LEAST, TEMPO_MOST = 30.0, 240.0  # pipeline.cuesheet.Bpm

#: what is said of a clip that somebody wants left alone after all
LEFT = Outcome("sentence", sentence=text.LEFT, code="cancelled")


class Presses(Intake):
    """The part of the desk that obeys buttons."""

    actions: ClassVar[dict[Action, Callable[[Any, Pressed], Awaitable[Reply]]]]

    async def press(self, person: Person, press: Press, reply_to: ReplyTo) -> Reply:
        """Do what a button says, if it is this person's to press.

        That is the job's owner, or an admin where the job is a channel's.

        What it makes (another take, the stems) arrives through the outbox at `reply_to`, in whose language it speaks.
        """
        language = known(reply_to.language)
        row = await self._records.job(press.job)
        if row is None:
            return Reply(text.job_gone(language), alert=True)
        if not may_press(person, row, reply_to.chat):
            return Reply(text.not_yours(language), alert=True)
        pressed = Pressed(person, press, reply_to, row)
        try:
            return await self.actions[press.action](self, pressed)
        except UserError as error:
            return Reply(text.problem(error, language), alert=True)

    async def _take(self, pressed: Pressed) -> Reply:
        """Another take: a seed that no other take of this clip has."""
        family = [REQUEST.validate_python(row.request) for row in await self._family(pressed.row)]
        seed = max(request.brief.seed + request.takes for request in family)
        return await self._again(pressed, replace(pressed.brief, seed=seed))

    async def _mood(self, pressed: Pressed) -> Reply:
        if not pressed.choice:
            return Reply(text.pick_mood(pressed.language), pressed.rows(text.mood_buttons))
        if pressed.choice not in text.MOODS:
            return Reply(text.no_film(pressed.language), alert=True)
        brief = replace(pressed.brief, mood=pressed.choice, wish=without_moods(pressed.brief.wish))
        return await self._again(pressed, brief, reseed=True)

    async def _length(self, pressed: Pressed) -> Reply:
        if not pressed.choice:
            return Reply(text.pick_length(pressed.language), pressed.rows(text.length_buttons))
        if pressed.choice not in PROMPT_LENGTHS:
            return Reply(text.no_film(pressed.language), alert=True)
        return await self._again(pressed, replace(pressed.brief, prompt_length=pressed.choice), reseed=True)

    async def _composer(self, pressed: Pressed) -> Reply:
        """Have the same film played by somebody else of those who were offered with it."""
        offered = [name for name in pressed.request.offered if name in self._offered]
        if not pressed.choice:
            return Reply(text.pick_composer(pressed.language), pressed.rows(text.composer_buttons))
        chosen = int(pressed.choice) - 1 if pressed.choice.isdecimal() else -1
        name = dict(enumerate(pressed.request.offered)).get(chosen)
        if name not in offered:
            return Reply(text.composer_gone(pressed.language), alert=True)
        crew = replace(pressed.request.crew, composer=name)
        request = replace(pressed.request, crew=crew, brief=pressed.brief, takes=1)
        return await self._add(pressed, request, reseed=True)

    async def _tempo(self, pressed: Pressed) -> Reply:
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

    async def _file(self, pressed: Pressed) -> Reply:
        """The film as a document; where its picture was encoded for the place, once more without the place's limits."""
        if pressed.film.copied:
            return await self._send(pressed)
        for job in await self._family(pressed.row):
            if job.source.startswith(pressed.button) and film_in(job, 1):
                return await self._send(replace(pressed, row=job, press=Press("file", job.id)))
        request = replace(pressed.request, target="none", most_bytes=None, takes=1, brief=pressed.brief)
        return await self._add(pressed, request, what="file")

    async def _send(self, pressed: Pressed) -> Reply:
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

    async def _rate(self, pressed: Pressed) -> Reply:
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

    async def _sound(self, pressed: Pressed) -> Reply:
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

    async def _cancel(self, pressed: Pressed) -> Reply:
        stopped = await self._stop(pressed.row.id)
        await self._wake()
        return Reply(
            text.canceled(1, pressed.language) if stopped else text.ended_already(pressed.language), buttons=()
        )

    async def _back(self, pressed: Pressed) -> Reply:
        """Show a film's own buttons; in a list of films, nothing else says which one they are about."""
        if pressed.row.state == "asking":
            return Reply("", pressed.rows(text.asking_buttons))
        film = film_in(pressed.row, pressed.press.take)
        named = text.film_name(film, pressed.language) if film else ""
        return Reply(named, pressed.rows(text.result_buttons))

    async def _again(self, pressed: Pressed, brief: Brief, *, reseed: bool = False) -> Reply:
        return await self._add(pressed, replace(pressed.request, brief=brief, takes=1), reseed=reseed)

    async def _add(
        self,
        pressed: Pressed,
        request: Request,
        *,
        what: str = "result",
        reseed: bool = False,
        beside: Mapping[Beside, str] | None = None,
    ) -> Reply:
        """Make another job of the same clip or track; `beside` are the keys of what lies beside its upload.

        Its source is the button and how many jobs of that button have ended: a double click is one job, while the
        same wish can be made again later. With `reseed` such a later one gets another seed, else it would be the same.
        """
        row = pressed.row
        twins = [job for job in await self._family(row) if job.source.startswith(pressed.button)]
        ended = sum(job.state in ENDED for job in twins)
        if reseed:
            request = replace(request, brief=replace(request.brief, seed=request.brief.seed + ended))
        job = new_id()
        besides: dict[Beside, str] = dict(beside or {})
        if "visual" in request.beside:
            besides["visual"] = f"{row.id}/visual"
        request, upload = _with_song(row, replace(request, beside=tuple(besides)))
        try:
            for name, key in ((UPLOAD, upload), *besides.items()):
                await self._blobs.copy(key, f"{job}/{name}")
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
                deliveries(job, pressed.reply_to, takes=1, what=what),
                caps=self._caps,
            )
        except Missing:
            await self._blobs.remove(job)
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
        buttons = pressed.rows(text.result_buttons) if pressed.press.action in ("mood", "length", "composer") else None
        return Reply(text.on_its_way(pressed.press.action, pressed.language, again=not new), buttons)

    async def _family(self, row: JobRow) -> list[JobRow]:
        """Return all jobs of the same clip: the first one and those that buttons made of it."""
        first = row.parent or row.id
        jobs = await self._records.jobs_of(person=row.person, most=FAMILY)
        found = {job.id: job for job in jobs if first in (job.id, job.parent)}
        return list({**found, row.id: row}.values())

    async def _keep_rating(self, person: Person, row: JobRow | None, answers: dict[str, int]) -> Reply:
        language = await self.language(person)
        if row is None or film_in(row, 1) is None:
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


@dataclass(frozen=True)
class Pressed:
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
        film = film_in(self.row, self.press.take)
        if film is None:
            raise Refused(text.no_film(self.language))
        return film

    @property
    def brief(self) -> Brief:
        """What this very film was made from: its own seed where the job has several."""
        film = film_in(self.row, self.press.take)
        return replace(self.request.brief, seed=film.seed) if film else self.request.brief

    def rows(self, buttons: Callable[..., Rows]) -> Rows:
        return buttons(self.row.id, self.request, self.language, take=self.press.take)

    def rating_rows(self, asked: str) -> Rows:
        return text.rating_buttons(self.row.id, asked, self.language, take=self.press.take)


def _with_song(row: JobRow, request: Request) -> tuple[Request, str]:
    """Return the request and the key of its upload: a song that was made for a film is the next one's track.

    Other lyrics, or another wish where there are none, ask for another song.
    """
    before, film = REQUEST.validate_python(row.request), film_in(row, 1)
    if request.song and film and film.music and _sung(request) == _sung(before):
        return replace(request, song=False), film.music
    return request, f"{row.id}/{UPLOAD}"


def _sung(request: Request) -> str:
    return (request.treatment.lyrics or request.treatment.wish) if request.treatment else ""


def may_press(person: Person, row: JobRow, chat: str) -> bool:
    """The owner may; where a channel posted the clip, so may its admins, and only in that channel."""
    return row.person == person.id or (row.person == row.chat == chat and person.admin)


def film_in(row: JobRow, take: int) -> Film | None:
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


Presses.actions = {
    "take": Presses._take,
    "mood": Presses._mood,
    "length": Presses._length,
    "composer": Presses._composer,
    "tempo": Presses._tempo,
    "song": Presses._send,
    "stems": Presses._send,
    "midi": Presses._send,
    "sheet": Presses._send,
    "file": Presses._file,
    "rate": Presses._rate,
    "sound": Presses._sound,
    "cancel": Presses._cancel,
    "back": Presses._back,
}
