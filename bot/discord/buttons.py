"""Buttons, menus and the forms they open: made of the desk's rows, pressed back into its presses.

They are found by their custom_id alone, so those under a message of last week work after a restart. Every press goes
through the desk, which asks whether it is this person's to press.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, Self

import discord
from discord import ui

from bot.buttons import Button, Press, Reply, Rows
from bot.discord import sentences
from bot.discord.deferral import defer
from bot.discord.rights import Asking, person_of, reply_to
from bot.discord.videos import words_form
from bot.discord.words import NOBODY, worded
from bot.text import chat
from bot.text.languages import known
from pipeline.errors import Refused

# https://docs.discord.com/developers/components/reference: rows of a message, buttons of a row, letters of a label,
# of a form's label and of its description
ROWS, WIDE, LABEL, FORM_LABEL, FORM_TEXT = 5, 5, 80, 45, 100

FORM_S = 2.0  # after which a form is shown unasked: it has to be the first answer, within 3 s; its sending is asked for
FORM_OPEN_S = 900.0  # as long as the token of what opened it

Form = Literal["rate", "words"]
FORMS: dict[str, Form] = {"rate": "rate", "words": "words"}  #: that a press without a value opens

STYLES = {
    "plain": discord.ButtonStyle.secondary,
    "primary": discord.ButtonStyle.primary,
    "danger": discord.ButtonStyle.danger,
}


class PressButton(ui.DynamicItem[ui.Button[Any]], template=r"[a-z]+:[a-z0-9]{12}(:.{1,40})?"):
    """A button of the desk's; its custom_id is the packed press."""

    def __init__(self, label: str, custom_id: str, style: discord.ButtonStyle, *, row: int | None = None) -> None:
        super().__init__(ui.Button(label=label[:LABEL], custom_id=custom_id, style=style), row=row)

    @classmethod
    def of(cls, button: Button, *, row: int) -> PressButton:
        return cls(button.label, button.press.pack(), STYLES[button.style], row=row)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls("", match.string, discord.ButtonStyle.secondary)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await press(interaction, self.custom_id)


class MoodMenu(ui.DynamicItem[ui.Select[Any]], template=r"moods/[a-z0-9]{12}"):
    """The moods as a menu; what is chosen is a packed press."""

    def __init__(
        self, custom_id: str, buttons: Sequence[Button] = (), *, hint: str = "", row: int | None = None
    ) -> None:
        options = [
            discord.SelectOption(
                label=button.label[:LABEL], value=button.press.pack(), default=button.style == "primary"
            )
            for button in buttons
        ]
        super().__init__(ui.Select(custom_id=custom_id, options=options, placeholder=hint or None), row=row)

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls(match.string)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await press(interaction, self.item.values[0])


class ForgetButton(ui.DynamicItem[ui.Button[Any]], template=r"forgetme:(?P<sure>yes|no)"):
    """The answer to whether everything of a person shall go."""

    def __init__(self, label: str, sure: str, *, style: discord.ButtonStyle) -> None:
        super().__init__(ui.Button(label=label, custom_id=f"forgetme:{sure}", style=style))
        self.sure = sure == "yes"

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        return cls("", match["sure"], style=discord.ButtonStyle.secondary)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        async with interaction.client.telling(interaction):
            await defer(interaction, thinking=False)
            if self.sure:
                reply = await interaction.client.desk.forget(person_of(interaction))
                await interaction.edit_original_response(content=worded(reply.text), view=None)
            else:
                await interaction.delete_original_response()


LASTING = (PressButton, MoodMenu, ForgetButton)


# ---- from the desk's rows ----


def view_of(rows: Rows | None, language: str) -> ui.View | None:
    """Return the rows as Discord shows them; None where there are none."""
    if not rows:
        return None
    view = ui.View(timeout=None)
    for number, row in enumerate(_fitted(rows)):
        moods = [button for button in row if button.press.action == "mood" and button.press.choice]
        if moods:
            view.add_item(MoodMenu(f"moods/{moods[0].press.job}", moods, hint=chat.pick_mood(language), row=number))
        else:
            for button in row:
                view.add_item(PressButton.of(button, row=number))
    return view


def _fitted(rows: Rows) -> list[tuple[Button, ...]]:
    """Join the moods, which become a menu, and break what is too wide; no more rows than there is room for."""
    moods = tuple(button for row in rows for button in row if button.press.action == "mood" and button.press.choice)
    rest = [tuple(button for button in row if button not in moods) for row in rows]
    broken = [row[at : at + WIDE] for row in rest for at in range(0, len(row), WIDE)]
    return ([moods] if moods else []) + broken[: ROWS - bool(moods)]


def forget_view(language: str) -> ui.View:
    view = ui.View(timeout=None)
    view.add_item(ForgetButton(chat.yes(language), "yes", style=discord.ButtonStyle.danger))
    view.add_item(ForgetButton(chat.no(language), "no", style=discord.ButtonStyle.secondary))
    return view


# ---- pressed ----


async def press(interaction: Asking, packed: str) -> None:
    """Do what a button says; acknowledged before anything is looked up."""
    async with interaction.client.telling(interaction):
        try:
            pressed = Press.unpack(packed)
        except Refused:
            await defer(interaction, thinking=False)
            raise
        form = FORMS.get(pressed.action)
        if form and not pressed.choice:
            await _show_form(interaction, pressed, form)
            return
        await defer(interaction, thinking=False)
        person = person_of(interaction)
        reply = await interaction.client.desk.press(person, pressed, reply_to(interaction, known(person.language)))
        await _answer(interaction, reply)


async def _answer(interaction: Asking, reply: Reply) -> None:
    language = known(interaction.locale.value)
    if reply.buttons is not None:
        with contextlib.suppress(discord.NotFound):  # the message was deleted meanwhile: what was asked for goes on
            await interaction.edit_original_response(view=view_of(reply.buttons, language))
    if reply.text:
        await interaction.followup.send(worded(reply.text), ephemeral=True, allowed_mentions=NOBODY)


async def _show_form(interaction: Asking, pressed: Press, form: Form) -> None:
    """Open a form. A desk that is slow is not waited for: it is asked again when the form comes back."""
    person, desk = person_of(interaction), interaction.client.desk
    reply, language = Reply(form=form), known(person.language)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FORM_S):
            reply = await desk.press(person, pressed, reply_to(interaction, language))
            language = await desk.language(person)
    if reply.form == "rate":
        await interaction.response.send_modal(rating_form(pressed, language))
    elif reply.form == "words":
        await interaction.response.send_modal(words_form(pressed.pack(), language, reply.filled))
    else:
        await interaction.response.send_message(worded(reply.text), ephemeral=True, allowed_mentions=NOBODY)


def rating_form(pressed: Press, language: str) -> ui.Modal:
    """Return the four questions as menus of five points."""
    form = ui.Modal(title=sentences.rating_title(language), custom_id=pressed.pack(), timeout=FORM_OPEN_S)
    for asked, question in chat.rating_labels(language).items():
        name, _, rest = question.partition(":")
        points = [discord.SelectOption(label=str(point), value=str(point)) for point in range(1, 6)]
        menu: ui.Select[Any] = ui.Select(custom_id=asked, options=points, required=True)
        form.add_item(ui.Label(text=name[:FORM_LABEL], description=rest.strip()[:FORM_TEXT] or None, component=menu))
    return form


async def rate(interaction: Asking) -> None:
    """Keep what a form brings back; it is read from the interaction, so one that was opened before a restart counts."""
    data: dict[str, Any] = dict(interaction.data or {})
    async with interaction.client.telling(interaction):
        await defer(interaction, ephemeral=True)
        pressed = Press.unpack(str(data.get("custom_id", "")))
        answers = {asked: int(point) for asked, point in _points(data.get("components", ())) if point.isdecimal()}
        reply = await interaction.client.desk.rate(person_of(interaction), pressed.job, answers)
        await interaction.edit_original_response(content=worded(reply.text))


def _points(components: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for component in components:
        inner = component.get("component")
        yield from _points([inner] if inner else component.get("components", ()))
        if component.get("values"):
            yield str(component["custom_id"]), str(component["values"][0])
