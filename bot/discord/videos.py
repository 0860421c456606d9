"""Tracks become music videos: what the command and the menu give, the form that asks for lyrics, the desk's request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import discord
from discord import ui

from bot.buttons import Press
from bot.desk import Asked
from bot.discord import requests, sentences
from bot.discord.address import named
from bot.discord.clips import is_film
from bot.discord.deferral import defer, noted
from bot.discord.rights import Asking, is_present, person_of, reply_to
from bot.discord.tracks import is_track, is_visual, read_attached
from bot.discord.words import NOBODY, worded
from bot.text.languages import known
from bot.treatments import treatment_of
from jobs.job import Request
from pipeline.errors import Refused, UserError
from pipeline.storyboard import WORDS_MOST, Shape, Titles

FORM = "musicvideo/"  # how the custom_id of a form begins
WORDS_FORM = "words:"  # of one for a music video that is there: a packed press
FORM_OPEN_S = 3600.0  # that the library knows a form; the values are read from the interaction
FORMS_MOST = 500  # that are open at once; nobody is told when one is closed
LYRICS_MOST = 4000  # characters of a text input: https://docs.discord.com/developers/components/reference#text-input


@dataclass(frozen=True)
class Wanted:
    """What somebody has given for a music video."""

    source: str
    track: discord.Attachment | None = None  #: None: a song is made
    song: bool = False
    lyrics: discord.Attachment | None = None
    picture: discord.Attachment | None = None
    wish: str = ""
    sung: str = ""  #: lyrics that were written into the form
    look: str = ""
    titles: Titles | None = None
    shape: Shape | None = None


async def begin(interaction: Asking, wanted: Wanted, *, posted: str = "") -> None:
    """Start where it is known what shall be sung or seen, else show the form; raises UserError.

    `posted` are the words of the message that has the track: what the form says before anybody writes into it.
    """
    _refuse_strange(wanted, known(interaction.locale.value))
    if wanted.lyrics or wanted.wish:
        await make(interaction, wanted, message=await defer(interaction))
        return
    forms, name = interaction.client.forms, f"{FORM}{interaction.id}"
    forms[name] = wanted
    while len(forms) > FORMS_MOST:
        del forms[next(iter(forms))]
    await interaction.response.send_modal(track_form(name, known(interaction.locale.value), posted=posted))


def _refuse_strange(wanted: Wanted, language: str) -> None:
    """Raise Refused where it is plain already that something was given which is not what it should be."""
    if wanted.track is None and not wanted.song:
        raise Refused(sentences.no_track(language), hint=sentences.no_track_hint(language))
    if wanted.track and not (is_track(wanted.track) or is_film(wanted.track)):
        raise Refused(sentences.not_a_track(language), hint=sentences.no_track_hint(language))
    if wanted.picture and not is_visual(wanted.picture):
        raise Refused(sentences.not_a_picture(language), hint=sentences.not_a_picture_hint(language))


async def make(interaction: Asking, wanted: Wanted, *, message: int | None) -> None:
    """Take a track to the desk for somebody who waits; `message` is the deferred answer. Raises UserError."""
    front, person = interaction.client, person_of(interaction)
    async with noted(interaction, message) as update:
        settings = await front.desk.settings(named(interaction.channel_id or 0))
        language = await requests.language_of(front, person, settings, shared=interaction.guild_id is not None)
        sung = await read_attached(front.fetches, wanted.lyrics, language) if wanted.lyrics else wanted.sung
        request = front.desk.wanted(wanted.wish, sung, song=wanted.track is None)
        fetch = front.fetches.of(wanted.track, language) if wanted.track else _words(f"{wanted.wish}\n\n{sung}")
        job = await front.desk.submit(
            Asked(
                source=wanted.source,
                person=person,
                reply_to=reply_to(interaction, language, message=message),
                request=_treated(request, wanted, most_bytes=interaction.filesize_limit),
                fetch=fetch,
                size=wanted.track.size if wanted.track else None,
                update=update,
                beside={"visual": front.fetches.of(wanted.picture, language)} if wanted.picture else {},
            )
        )
    if not is_present(interaction):
        await requests.warn(interaction, job, language)


def _treated(request: Request, wanted: Wanted, *, most_bytes: int) -> Request:
    """Put the options over what the words have asked for."""
    chosen: dict[str, Any] = {"look": wanted.look.strip(), "titles": wanted.titles, "shape": wanted.shape}
    assert request.treatment is not None
    treatment = replace(request.treatment, **{name: value for name, value in chosen.items() if value})
    return replace(request, treatment=treatment, target="discord", most_bytes=most_bytes)


def _words(words: str) -> Callable[[Path], Awaitable[None]]:
    """Return what writes the words of a song that has no track yet: they are the upload then."""

    async def fetch(to: Path) -> None:
        to.write_text(words.strip(), encoding="utf-8", errors="replace")

    return fetch


# ---- the form ----


def track_form(custom_id: str, language: str, *, posted: str = "") -> ui.Modal:
    """Return the form that asks what is sung and what shall be seen; both may be left empty."""
    wish, lyrics = _read(posted)
    return _form(custom_id, sentences.video_title(language), language, wish=wish, lyrics=lyrics)


def words_form(custom_id: str, language: str, filled: Mapping[str, str]) -> ui.Modal:
    """Return the same form for a music video that is there: what is left empty stays as it is."""
    lyrics = filled.get("lyrics", "")
    return _form(
        custom_id,
        sentences.words_title(language),
        language,
        wish=filled.get("wish", ""),
        lyrics=lyrics if len(lyrics) <= LYRICS_MOST else "",  # cut off, they would be others
        hint=sentences.left_empty(language),
    )


def _form(custom_id: str, title: str, language: str, *, wish: str, lyrics: str, hint: str | None = None) -> ui.Modal:
    form = ui.Modal(title=title, custom_id=custom_id, timeout=FORM_OPEN_S)
    sung: ui.TextInput[Any] = ui.TextInput(
        custom_id="lyrics",
        style=discord.TextStyle.paragraph,
        required=False,
        max_length=LYRICS_MOST,
        default=lyrics or None,
        placeholder=hint,
    )
    seen: ui.TextInput[Any] = ui.TextInput(
        custom_id="wish", required=False, max_length=WORDS_MOST, default=wish or None, placeholder=hint
    )
    form.add_item(
        ui.Label(text=sentences.lyrics_label(language), description=sentences.lyrics_text(language), component=sung)
    )
    form.add_item(
        ui.Label(text=sentences.wish_label(language), description=sentences.wish_text(language), component=seen)
    )
    return form


def _read(posted: str) -> tuple[str, str]:
    """Part the words of a message into what shall be seen and what is sung, as far as they fit into the form."""
    try:
        treatment = treatment_of(posted)
    except UserError:
        return "", ""
    if not treatment.lyrics:
        return " ".join(posted.split())[:WORDS_MOST], ""
    return treatment.wish, treatment.lyrics if len(treatment.lyrics) <= LYRICS_MOST else ""


async def take_form(interaction: Asking) -> None:
    """Start what a form brings back. What was given with one that was opened before a restart is not known any more."""
    data: Mapping[str, Any] = dict(interaction.data or {})
    forms, name = interaction.client.forms, str(data.get("custom_id", ""))
    async with interaction.client.telling(interaction):
        deferred = await defer(interaction, ephemeral=name not in forms)
        wanted = forms.pop(name, None)  # only now: one that was not acknowledged in time may be sent again
        if wanted is None:
            language = await interaction.client.desk.language(person_of(interaction))
            raise Refused(sentences.form_lost(language), hint=sentences.form_lost_hint(language))
        wish, sung = _written(data)
        await make(interaction, replace(wanted, wish=wish, sung=sung), message=deferred)


async def take_words(interaction: Asking) -> None:
    """Take other words or lyrics for a music video; its button is the form's name, so a restart does no harm."""
    data: Mapping[str, Any] = dict(interaction.data or {})
    async with interaction.client.telling(interaction):
        await defer(interaction, ephemeral=True)
        person, desk = person_of(interaction), interaction.client.desk
        pressed = Press.unpack(str(data.get("custom_id", "")))
        there = reply_to(interaction, await desk.language(person))
        reply = await desk.sing(person, there, *_written(data), job=pressed.job)
        await interaction.edit_original_response(content=worded(reply.text), allowed_mentions=NOBODY)


def _written(data: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a form says shall be seen, and what is sung."""
    written = dict(_inputs(data.get("components", ())))
    return written.get("wish", ""), written.get("lyrics", "")


def _inputs(components: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """Yield name and text of each input; a label or a row holds it."""
    for component in components:
        inner = component.get("component")
        yield from _inputs([inner] if inner else component.get("components", ()))
        if "value" in component:
            yield str(component["custom_id"]), str(component["value"])
