"""Presses and commands about music videos: go on from a preview, change something, move the lyrics, redraw a shot."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from bot.asked import Person
from bot.buttons import Action, Press, Reply
from bot.intake import FAMILY
from bot.presses import Pressed, Presses, film_in, may_press
from bot.text import chat
from bot.text import videos as text
from bot.text.languages import known
from bot.treatments import treatment_of
from jobs.job import OUTCOME, REQUEST, Beside, Film, ReplyTo, Request
from pipeline.errors import Refused, UserError
from pipeline.storyboard import SHAPES, SHIFT_MOST_S, TITLES, Storyboard, Treatment
from storage.tables import JobRow

NUDGE_S = 0.2  # of one press on "earlier" or "later": three frames of a hasty eye
REDRAWS_MOST = 1000  # pipeline.storyboard.Treatment.redraws
ROOMY = 0.75  # of the bytes that a place takes: a film with less of them was not made smaller for it


Said = TypeVar("Said")


class Videos(Presses):
    """The part of the desk that knows music videos."""

    def wanted(self, words: str, lyrics: str = "", *, song: bool = False) -> Request:
        """Return the request for a music video that the words and lyrics ask for; raises BadLyrics, OverLimit.

        It is shown before it is made. `song`: there is no track, one is to be made.
        """
        return Request(treatment=treatment_of(words, lyrics), song=song, go=False, crew=self._crew)

    async def _go(self, pressed: Pressed) -> Reply:
        """Make what the preview has shown."""
        if pressed.row.state != "asking":
            return Reply(chat.answered_already(pressed.language), buttons=())
        done = await self._answered(pressed, replace(pressed.request, go=True))
        return Reply(text.going(pressed.language) if done else chat.answered_already(pressed.language), buttons=())

    async def _change(self, pressed: Pressed) -> Reply:
        return Reply(text.pick("change", pressed.language), pressed.rows(text.change_buttons))

    async def _board(self, pressed: Pressed) -> Reply:
        """Plan anew: a seed that no other film of this track has."""
        family = [REQUEST.validate_python(row.request) for row in await self._family(pressed.row)]
        seeds = [request.treatment.seed for request in family if request.treatment]
        return await self._remake(pressed, replace(_treatment(pressed), seed=max(seeds) + 1, redraws={}))

    async def _look(self, pressed: Pressed) -> Reply:
        if not pressed.choice:
            return Reply(text.pick("look", pressed.language), pressed.rows(text.look_buttons))
        if pressed.choice not in text.LOOKS:
            return Reply(chat.no_film(pressed.language), alert=True)
        return await self._remake(pressed, replace(_treatment(pressed), look=pressed.choice))

    async def _titles(self, pressed: Pressed) -> Reply:
        if not pressed.choice:
            return Reply(text.pick("titles", pressed.language), pressed.rows(text.titles_buttons))
        titles = next((one for one in TITLES if one == pressed.choice), None)
        if titles is None:
            return Reply(chat.no_film(pressed.language), alert=True)
        return await self._remake(pressed, replace(_treatment(pressed), titles=titles), same_plan=True)

    async def _shape(self, pressed: Pressed) -> Reply:
        if not pressed.choice:
            return Reply(text.pick("shape", pressed.language), pressed.rows(text.shape_buttons))
        shape = next((one for one in SHAPES if text.packed(one) == pressed.choice), None)
        if shape is None:
            return Reply(chat.no_film(pressed.language), alert=True)
        return await self._remake(pressed, replace(_treatment(pressed), shape=shape), same_plan=True)

    async def _words(self, pressed: Pressed) -> Reply:
        """Ask for other words or lyrics, which `sing` takes."""
        treatment = _treatment(pressed)
        said = {"wish": treatment.wish, "lyrics": treatment.lyrics}
        return Reply(text.say_words(pressed.language), alert=True, form="words", filled=said)

    async def _shift(self, pressed: Pressed) -> Reply:
        steps = {"earlier": -NUDGE_S, "later": NUDGE_S}
        return await self._shifted(pressed, steps.get(pressed.choice, 0.0))

    async def _shifted(self, pressed: Pressed, seconds: float) -> Reply:
        treatment = _treatment(pressed)
        shift = round(max(-SHIFT_MOST_S, min(SHIFT_MOST_S, treatment.shift + seconds)), 3)
        made = await self._remake(pressed, replace(treatment, shift=shift), same_plan=True)
        return made if made.alert else replace(made, text=f"{text.shifted(shift, pressed.language)}\n{made.text}")

    async def _file(self, pressed: Pressed) -> Reply:
        """The film as a document; one that was made smaller for the place once more, from the same pictures."""
        request, film = pressed.request, pressed.film
        if request.treatment is None:
            return await super()._file(pressed)
        if request.most_bytes is None or film.bytes <= ROOMY * request.most_bytes:
            return await self._send(pressed)
        request = replace(request, target="none", most_bytes=None, takes=1, go=True)
        return await self._add(pressed, request, what="file", beside=_plan_of(film))

    # ---- commands ----

    async def shift(self, person: Person, reply_to: ReplyTo, seconds: float, *, job: str | None = None) -> Reply:
        """Move the lyrics of a music video: of this job, or of this person's last one in the chat.

        Seconds add up over several shifts. What it makes arrives through the outbox at `reply_to`.
        """
        pressed = await self._meant(person, reply_to, job, "shift", f"{seconds:+.3f}")
        return await self._obeyed(pressed, self._shifted, seconds) if pressed else _none(reply_to)

    async def redraw(self, person: Person, reply_to: ReplyTo, shot: int, *, job: str | None = None) -> Reply:
        """Have the picture of one shot drawn anew, and no other; as `shift` in all else."""
        pressed = await self._meant(person, reply_to, job, "board", f"redraw={shot}")
        return await self._obeyed(pressed, self._redrawn, shot) if pressed else _none(reply_to)

    async def _redrawn(self, pressed: Pressed, shot: int) -> Reply:
        pictures = _shots(pressed)
        if not 1 <= shot <= len(pictures):
            return Reply(text.redraw_usage(len(pictures), pressed.language), alert=True)
        treatment, picture = _treatment(pressed), pictures[shot - 1]
        times = min(REDRAWS_MOST, treatment.redraws.get(picture, 0) + 1)
        wanted = replace(treatment, redraws={**treatment.redraws, picture: times})
        made = await self._remake(pressed, wanted, same_plan=True)
        return made if made.alert else replace(made, text=f"{text.redrawn(shot, pressed.language)}\n{made.text}")

    async def sing(self, person: Person, reply_to: ReplyTo, words: str, lyrics: str, *, job: str) -> Reply:
        """Take other words or lyrics for a music video that somebody answers to."""
        pressed = await self._meant(person, reply_to, job, "board", f"words={zlib.crc32((words + lyrics).encode()):x}")
        return await self._obeyed(pressed, self._sung, (words, lyrics)) if pressed else _none(reply_to)

    async def _sung(self, pressed: Pressed, said: tuple[str, str]) -> Reply:
        before = _treatment(pressed)
        treatment = treatment_of(*said, base=before)
        if treatment == before:
            return Reply(text.as_before(pressed.language), alert=True)
        return await self._remake(pressed, treatment)

    async def replay(self, person: Person, reply_to: ReplyTo, board: bytes, *, job: str | None = None) -> Reply:
        """Plan a film anew by a storyboard that a person has edited; one that is not usable is refused at once."""
        pressed = await self._meant(person, reply_to, job, "board", f"edited={zlib.crc32(board):x}")
        return await self._obeyed(pressed, self._replayed, board) if pressed else _none(reply_to)

    async def _replayed(self, pressed: Pressed, board: bytes) -> Reply:
        edited = Storyboard.from_json(board)
        key = f"{pressed.row.id}/edited-{zlib.crc32(board):x}.json"
        await self._blobs.put_bytes(key, board)
        film = film_in(pressed.row, 1)
        beside: dict[Beside, str] = {**(_plan_of(film) if film else {}), "storyboard": key}
        request = replace(pressed.request, treatment=edited.treatment, takes=1, go=False)
        return await self._add(pressed, request, beside=beside)

    async def _meant(
        self, person: Person, reply_to: ReplyTo, job: str | None, action: Action, value: str
    ) -> Pressed | None:
        """Find the music video that a command is about, as if a button under it were pressed."""
        rows = (
            [await self._records.job(job)]
            if job
            else await self._records.jobs_of(person=person.id, chat=reply_to.chat, most=FAMILY)
        )
        for row in rows:
            if row is not None and may_press(person, row, reply_to.chat) and _is_video(row):
                return Pressed(person, Press(action, row.id, value), reply_to, row)
        return None

    async def _obeyed(self, pressed: Pressed, obey: Callable[[Pressed, Said], Awaitable[Reply]], said: Said) -> Reply:
        try:
            return await obey(pressed, said)
        except UserError as error:
            return Reply(chat.problem(error, pressed.language), alert=True)

    # ---- what comes of it ----

    async def _remake(self, pressed: Pressed, treatment: Treatment, *, same_plan: bool = False) -> Reply:
        """Plan a preview anew, or make another film; with `same_plan` from the storyboard and pictures of the first."""
        request = replace(pressed.request, treatment=treatment, takes=1)
        if pressed.row.state == "asking":
            if not same_plan:  # what was edited by hand was the plan before
                request = replace(request, beside=tuple(name for name in request.beside if name == "visual"))
            done = await self._answered(pressed, replace(request, go=False))
            say = text.planning_anew if done else chat.answered_already
            return Reply(say(pressed.language), buttons=())
        film = pressed.film  # raises Refused where there is none
        beside = _plan_of(film) if same_plan else {}
        return await self._add(pressed, replace(request, go=same_plan), beside=beside)

    async def _answered(self, pressed: Pressed, request: Request) -> bool:
        done = await self._records.answer(pressed.row.id, REQUEST.dump_python(request, mode="json"))
        await self._wake()
        return done


Videos.actions = {
    **Presses.actions,
    "file": Videos._file,
    "go": Videos._go,
    "change": Videos._change,
    "board": Videos._board,
    "look": Videos._look,
    "titles": Videos._titles,
    "shape": Videos._shape,
    "words": Videos._words,
    "shift": Videos._shift,
}


def _treatment(pressed: Pressed) -> Treatment:
    treatment = pressed.request.treatment
    if treatment is None:
        raise Refused(chat.no_film(pressed.language))
    return treatment


def _plan_of(film: Film) -> dict[Beside, str]:
    """Return the keys of what another film of the same plan goes on from."""
    return {"storyboard": film.sheet, **({"pictures": film.pictures} if film.pictures else {})}


def _is_video(row: JobRow) -> bool:
    """Whether it is a music video that can be changed: shown, or made."""
    return bool(row.request.get("treatment")) and (row.state == "asking" or film_in(row, 1) is not None)


def _shots(pressed: Pressed) -> tuple[str, ...]:
    """Return the name of each shot's picture."""
    outcome = OUTCOME.validate_python(pressed.row.outcome) if pressed.row.outcome else None
    shown = outcome.preview if outcome and outcome.preview else film_in(pressed.row, 1)
    return shown.facts.shown if shown and shown.facts else ()


def _none(reply_to: ReplyTo) -> Reply:
    return Reply(text.no_video(known(reply_to.language)), alert=True)
