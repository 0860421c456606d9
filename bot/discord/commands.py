"""The slash commands and the entry in a message's menu; each defers first and looks things up afterwards."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any, Literal, cast

import discord
from discord import app_commands
from discord.app_commands import Choice, Range, locale_str

from bot.asked import named_composer
from bot.buttons import Reply
from bot.discord import requests, sentences, videos
from bot.discord.address import named
from bot.discord.buttons import forget_view, view_of
from bot.discord.clips import clip_in, first_in, is_film
from bot.discord.deferral import defer
from bot.discord.rights import Asking, is_present, person_of, reply_to
from bot.discord.tracks import is_lyrics, is_track, is_visual, read_board
from bot.discord.videos import Wanted
from bot.discord.words import NOBODY, worded
from bot.text import chat
from bot.text import videos as text
from bot.text.languages import LANGUAGES, known, speak
from pipeline.cuesheet import PROMPT_LENGTHS, STYLES, PromptLength, Style
from pipeline.errors import Refused
from pipeline.storyboard import SHAPES, SHIFT_MOST_S, SHOTS_MOST, TITLES, Shape, Titles

WISH_MOST = 1000  # letters; bot.desk keeps as many
MOOD_MOST = 40
COMPOSER_MOST = 60
LOOK_MOST = 200
FREE = "free"  #: the choice that takes a setting back

EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
FOR_ALL = app_commands.AppInstallationType(guild=True, user=True)

_styles = [Choice(name=locale_str(style), value=style) for style in STYLES]
_lengths = [Choice(name=locale_str(chat.LENGTHS[length]), value=length) for length in PROMPT_LENGTHS]
_free = Choice(name=locale_str("as the picture asks"), value=FREE)
_titles = [Choice(name=locale_str(text.TITLE_WORDS[one]), value=one) for one in TITLES]
_shapes = [Choice(name=shape, value=shape) for shape in SHAPES]
_languages = [Choice(name=name, value=tag) for tag, name in LANGUAGES.items()]


def _does(name: str) -> locale_str:
    return locale_str({**chat.COMMANDS, **sentences.COMMANDS}[name])


def _options(*names: str) -> dict[str, locale_str]:
    return {name: locale_str(sentences.OPTIONS[name]) for name in names}


@app_commands.command(name="score", description=_does("score"))
@app_commands.describe(**_options("clip", "style", "mood", "length", "takes", "wish", "composer"))
@app_commands.choices(style=_styles, length=_lengths)
async def score(
    interaction: Asking,
    clip: discord.Attachment,
    style: str = "",
    mood: Range[str, 1, MOOD_MOST] = "",
    length: str = "",
    takes: Range[int, 1, 4] | None = None,
    wish: Range[str, 1, WISH_MOST] = "",
    composer: Range[str, 1, COMPOSER_MOST] = "",
) -> None:
    deferred = await defer(interaction)
    await requests.score(
        interaction,
        clip,
        source=named(interaction.id),
        wish=named_composer(composer, wish),
        style=cast("Style", style) or None,
        mood=mood,
        length=cast("PromptLength", length) or None,
        takes=takes,
        message=deferred,
    )


@app_commands.context_menu(name=locale_str(sentences.MENU))
async def score_this_clip(interaction: Asking, message: discord.Message) -> None:
    deferred = await defer(interaction)
    clip = clip_in(message)
    if clip is None:
        language = await _language(interaction)
        raise Refused(sentences.no_clip(language), hint=sentences.no_clip_hint(language))
    await requests.score(
        interaction,
        clip,
        source=f"{named(interaction.id)}:{message.id}",
        wish=message.content,
        message=deferred,
    )


@app_commands.command(name="musicvideo", description=_does("musicvideo"))
@app_commands.describe(**_options("track", "lyrics", "picture", "look", "titles", "shape", "song"))
@app_commands.describe(wish=locale_str(sentences.OPTIONS["seen"]))
@app_commands.choices(titles=_titles, shape=_shapes)
async def musicvideo(
    interaction: Asking,
    track: discord.Attachment | None = None,
    lyrics: discord.Attachment | None = None,
    picture: discord.Attachment | None = None,
    look: Range[str, 1, LOOK_MOST] = "",
    titles: str = "",
    shape: str = "",
    wish: Range[str, 1, WISH_MOST] = "",
    song: bool = False,
) -> None:
    wanted = Wanted(
        source=named(interaction.id),
        track=track,
        song=song,
        lyrics=lyrics,
        picture=picture,
        wish=wish,
        look=look,
        titles=cast("Titles", titles) or None,
        shape=cast("Shape", shape) or None,
    )
    await videos.begin(interaction, wanted)


@musicvideo.autocomplete("look")
async def _looks(interaction: Asking, typed: str) -> list[Choice[str]]:
    """Offer the looks that are drawn here; other words are taken as they are."""
    say = speak(known(interaction.locale.value))
    looks = [Choice(name=say(text.LOOK_WORDS[look]), value=look) for look in text.LOOKS]
    return [choice for choice in looks if typed.lower() in choice.name.lower()]


@app_commands.context_menu(name=locale_str(sentences.VIDEO_MENU))
async def make_a_music_video(interaction: Asking, message: discord.Message) -> None:
    """Take the track of a message, and what lies beside it."""
    track = first_in(message, is_track) or first_in(message, is_film)
    if track is None:
        language = known(interaction.locale.value)
        raise Refused(sentences.no_track_in(language), hint=sentences.no_track_hint(language))
    wanted = Wanted(
        source=f"{named(interaction.id)}:{message.id}",
        track=track,
        lyrics=first_in(message, is_lyrics),
        picture=first_in(message, lambda other: other is not track and is_visual(other)),
    )
    await videos.begin(interaction, wanted, posted=message.content)


@app_commands.command(name="shift", description=_does("shift"))
@app_commands.describe(**_options("seconds"))
async def shift(interaction: Asking, seconds: Range[float, -SHIFT_MOST_S, SHIFT_MOST_S]) -> None:
    await _defer(interaction)
    person, language = person_of(interaction), await _language(interaction)
    await _reply(interaction, await interaction.client.desk.shift(person, reply_to(interaction, language), seconds))


@app_commands.command(name="redraw", description=_does("redraw"))
@app_commands.describe(**_options("shot"))
async def redraw(interaction: Asking, shot: Range[int, 1, SHOTS_MOST]) -> None:
    await _defer(interaction)
    person, language = person_of(interaction), await _language(interaction)
    await _reply(interaction, await interaction.client.desk.redraw(person, reply_to(interaction, language), shot))


@app_commands.command(name="storyboard", description=_does("storyboard"))
@app_commands.describe(**_options("board"))
async def storyboard(interaction: Asking, board: discord.Attachment) -> None:
    await _defer(interaction)
    front, person, language = interaction.client, person_of(interaction), await _language(interaction)
    edited = await read_board(front.fetches, board, language)
    await _reply(interaction, await front.desk.replay(person, reply_to(interaction, language), edited))


@app_commands.command(name="takes", description=_does("takes"))
async def takes(interaction: Asking) -> None:
    await _defer(interaction)
    await _reply(interaction, await interaction.client.desk.takes(person_of(interaction), _chat(interaction)))


@app_commands.command(name="queue", description=_does("queue"))
async def queue(interaction: Asking) -> None:
    await _defer(interaction)
    await _reply(interaction, await interaction.client.desk.queue(person_of(interaction), _chat(interaction)))


@app_commands.command(name="cancel", description=_does("cancel"))
async def cancel(interaction: Asking) -> None:
    await _defer(interaction)
    await _reply(interaction, await interaction.client.desk.cancel(person_of(interaction), chat=_chat(interaction)))


@app_commands.command(name="settings", description=_does("settings"))
@app_commands.describe(**_options("style", "mood", "takes", "language"))
@app_commands.choices(style=[*_styles, _free], language=_languages)
async def settings(
    interaction: Asking,
    style: str = "",
    mood: Range[str, 1, MOOD_MOST] = "",
    takes: Range[int, 1, 4] | None = None,
    language: str = "",
) -> None:
    """Show what is set, or change what is named; "free" takes a style or mood back."""
    await _defer(interaction)
    desk, place = interaction.client.desk, _chat(interaction)
    kept = await desk.settings(place)
    wanted = replace(
        kept,
        style=_chosen(style, kept.style),
        mood=_chosen(mood, kept.mood),
        takes=takes or kept.takes,
        language=language or kept.language,
    )
    if any((style, mood, takes, language)):
        await _reply(interaction, await desk.set_settings(person_of(interaction), place, wanted))
        return
    spoken = await _language(interaction)
    shown = chat.settings(style=kept.style, mood=kept.mood, takes=kept.takes, language=spoken)
    await _say(interaction, f"{shown}\n{chat.autoscore(kept.autoscore, spoken)}")


@app_commands.command(name="autoscore", description=_does("autoscore"))
@app_commands.describe(**_options("state"))
@app_commands.default_permissions(manage_channels=True)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
async def autoscore(interaction: Asking, state: Literal["on", "silent-only", "off"]) -> None:
    await _defer(interaction)
    front, place = interaction.client, _chat(interaction)
    if state != "off" and not is_present(interaction):
        raise Refused(sentences.not_here(await _language(interaction)))
    if state != "off" and not front.intents.message_content:
        raise Refused(sentences.no_content(await _language(interaction)))
    wanted = replace(await front.desk.settings(place), autoscore=state)
    await _reply(interaction, await front.desk.set_settings(person_of(interaction), place, wanted))


@app_commands.command(name="language", description=_does("language"))
@app_commands.describe(**_options("language"))
@app_commands.choices(language=_languages)
async def language(interaction: Asking, language: str) -> None:
    await _defer(interaction)
    spoken = await interaction.client.desk.language(person_of(interaction), language)
    await _say(interaction, chat.language_set(spoken))


@app_commands.command(name="privacy", description=_does("privacy"))
async def privacy(interaction: Asking) -> None:
    await _defer(interaction)
    await _say(interaction, chat.privacy(await _language(interaction), keep_days=interaction.client.keep_days))


@app_commands.command(name="forgetme", description=_does("forgetme"))
async def forgetme(interaction: Asking) -> None:
    """Ask first: it cannot be undone."""
    await _defer(interaction)
    spoken = await _language(interaction)
    await _say(interaction, chat.forget_question(spoken), forget_view(spoken))


@app_commands.command(name="help", description=_does("help"))
async def usage(interaction: Asking) -> None:
    await _defer(interaction)
    await _say(interaction, chat.usage(await _language(interaction), front="discord"))


@app_commands.command(name="ratings", description=_does("ratings"))
async def ratings(interaction: Asking) -> None:
    await _defer(interaction)
    await _reply(interaction, await interaction.client.desk.means(person_of(interaction)))


def _chosen(word: str, kept: str) -> str:
    return "" if word == FREE else word or kept


COMMANDS: tuple[app_commands.Command[Any, Any, Any] | app_commands.ContextMenu, ...] = (
    score, score_this_clip, musicvideo, make_a_music_video, shift, redraw, storyboard, takes, queue, cancel, settings,
    autoscore, language, privacy, forgetme, usage, ratings,
)  # fmt: skip


async def _defer(interaction: Asking) -> None:
    await defer(interaction, ephemeral=True)


async def _language(interaction: Asking) -> str:
    return await interaction.client.desk.language(person_of(interaction))


def _chat(interaction: Asking) -> str:
    return named(interaction.channel_id or 0)


async def _reply(interaction: Asking, reply: Reply) -> None:
    await _say(interaction, reply.text, view_of(reply.buttons, known(interaction.locale.value)))


async def _say(interaction: Asking, text: str, view: discord.ui.View | None = None) -> None:
    await interaction.edit_original_response(content=worded(text), view=view, allowed_mentions=NOBODY)


class Tree(app_commands.CommandTree["Any"]):
    """All commands; what breaks in one is told to whoever called it."""

    def __init__(self, client: Any) -> None:
        super().__init__(client, allowed_contexts=EVERYWHERE, allowed_installs=FOR_ALL)
        for command in COMMANDS:
            self.add_command(command)

    async def on_error(self, interaction: Asking, error: app_commands.AppCommandError, /) -> None:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(interaction.client.telling(interaction))
            raise getattr(error, "original", error)


class Translations(app_commands.Translator):
    """Puts names and descriptions into the languages of our catalogues, when the commands are announced."""

    async def translate(
        self, string: locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        tag = locale.value.partition("-")[0]
        said = speak(tag)(string.message) if tag in LANGUAGES else string.message
        return said if said != string.message else None
