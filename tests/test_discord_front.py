"""The front end on the wire: a loopback Discord that refuses, limits, drops answers and takes the token away."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import SecretStr

from bot.discord import front, sentences
from bot.settings import BotSettings
from bot.text import chat
from bot.text import videos as text
from jobs.deliveries import TOO_LARGE
from jobs.job import OUTCOME
from jobs.queue import Bell
from pipeline.ear.loudness import integrated
from pipeline.errors import Unavailable
from pipeline.film import decode_sound, picture_length, picture_size
from storage.records import Records
from tests.discord_stage import CLIP, CONTACT, FILM, TRACK
from tests.discord_wire import ORIGINAL, Wired, films, running, until, working
from tests.discord_wire import network as network  # fixtures
from tests.discord_wire import stage as stage
from tests.discord_wire import wire as wire
from tests.fake_discord import CHANNEL, FakeDiscord, Fault
from tests.media import MEDIA, ffmpeg, needs_media
from tests.servers import needs_redis
from tests.servers import redis_server as redis_server
from tests.servers import redis_url as redis_url
from tests.small_films import CHILD, SIDE

WAIT_S = 0.5
LRC = b"[00:00.50]Walking home tonight\n[00:02.00]neon in the rain\n[00:04.00]\xf0\x9f\x94\xa5\xf0\x9f\x8e\xb5\n"


@needs_media
@needs_redis
async def test_silent_clip_comes_back_with_music(wire: None, redis_url: str, tmp_path: Path) -> None:
    """Front end, Redis, dispatcher, worker and its child, as in operation."""
    bell = Bell(redis_url)
    async with FakeDiscord() as network, running(tmp_path, network, bell=bell) as stage:
        async with working(stage, bell, tmp_path):
            await network.score((MEDIA / "video" / "bikes_cinemascope.mp4").read_bytes(), wish="hopeful, no drums")
            await until(stage.jobs)
            assert await stage.rested(seconds=120) == ["sent"]
        row = await stage.job()
    await bell.close()
    assert (row.state, row.attempt) == ("succeeded", 1)
    (message,) = network.messages.values()
    (attachment,) = message["attachments"]
    assert attachment["filename"] == f"reelscore-{row.id}-result-1.mp4"
    assert "1m1" in message["content"]
    assert message["components"]
    progress = [body["content"] for body in network.called("PATCH", ORIGINAL) if "%" in body["content"]]
    assert progress
    film = tmp_path / "came back.mp4"
    film.write_bytes(network.files[attachment["filename"]])
    assert film.stat().st_size < 10_485_760
    lengths = picture_length(film)
    assert lengths.picture_end == pytest.approx(10.0, abs=0.05)
    assert lengths.sound_end == pytest.approx(10.0, abs=0.05)
    samples, rate = decode_sound(film)
    assert integrated(samples, rate) == pytest.approx(-14.0, abs=1.0)


@needs_media
@needs_redis
async def test_track_comes_back_as_a_music_video(wire: None, redis_url: str, tmp_path: Path) -> None:
    """The same with a track: its contact sheet first, and the film on Go."""
    bell, track = Bell(redis_url), MEDIA / "music" / "dubstep_loop.mp3"
    async with FakeDiscord() as network, running(tmp_path, network, bell=bell) as stage:
        async with working(stage, bell, tmp_path, child=CHILD):
            files = {
                "track": ("loop.mp3", "audio/mpeg", track.read_bytes()),
                "lyrics": ("words.lrc", "text/plain", LRC),
            }
            await network.give("musicvideo", files, {"wish": "neon city in the rain", "shape": "1:1"})
            await until(lambda: _shows(network, ".jpg"), 60.0)
            (message,) = network.messages.values()
            contact = network.files[message["attachments"][0]["filename"]]
            assert cv2.imdecode(np.frombuffer(contact, np.uint8), cv2.IMREAD_COLOR).shape[1] > 500
            assert "Shall I make it?" in message["content"]
            await network.click(message, "Go")
            await until(lambda: _shows(network, ".mp4"), 60.0)
            assert await stage.rested() == ["sent"]
        row = await stage.job()
    await bell.close()
    (film,) = OUTCOME.validate_python(row.outcome).films
    assert film.copied
    assert text.MACHINE_MADE in message["content"]
    came_back = tmp_path / "came back.mp4"
    came_back.write_bytes(network.files[message["attachments"][0]["filename"]])
    lengths = picture_length(came_back)
    assert picture_size(came_back) == (SIDE, SIDE)
    assert lengths.picture_end == pytest.approx(film.seconds, abs=1 / 30)
    assert _packets(came_back, tmp_path / "film.md5") == _packets(track, tmp_path / "track.md5")


async def test_clip_comes_back_on_the_wire(stage: Wired, network: FakeDiscord) -> None:
    await stage.scored()
    assert await stage.rested() == ["sent"]
    assert films(network) == [FILM]
    ((deferred,)) = network.called("POST", r"interactions/.*/callback")
    assert deferred["type"] == 5
    assert not [path for _, path, _ in network.calls if "commands" in path]  # never announced by starting


@pytest.mark.parametrize(("status", "code"), [(413, 0), (400, 40005)])
async def test_what_is_too_large_is_told(stage: Wired, network: FakeDiscord, status: int, code: int) -> None:
    network.faults.append(Fault("PATCH", ORIGINAL, status, {"code": code, "message": "too large"}, uploads=True))
    await stage.scored()
    await stage.rested()
    (message,) = network.messages.values()
    assert message["content"].startswith(TOO_LARGE)
    assert films(network) == []


async def test_answer_that_is_lost_makes_no_second_film(stage: Wired, network: FakeDiscord) -> None:
    network.faults.append(Fault("PATCH", ORIGINAL))  # of the placeholder
    network.faults.append(Fault("PATCH", ORIGINAL, uploads=True))
    await stage.scored()
    assert await stage.rested() == ["sent"]
    assert films(network) == [FILM]


@pytest.mark.parametrize("told_by", ["nonce", "look"])
async def test_late_film_whose_answer_is_lost_is_sent_once(
    told_by: str, stage: Wired, network: FakeDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token has died and the channel's answer is lost: the nonce, or a look, tells that the film is there."""
    network.unreadable, network.forgetful = told_by == "nonce", told_by == "look"
    monkeypatch.setattr("bot.discord.rights.TOKEN_S", 0.0)
    network.faults.append(Fault("POST", rf"channels/{CHANNEL}/messages"))
    job = await stage.scored()
    assert await stage.rested() == ["sent"]
    assert films(network) == [FILM]
    sent = network.called("POST", rf"channels/{CHANNEL}/messages")
    assert len(sent) == (2 if told_by == "nonce" else 1)
    assert {(body["nonce"], body["enforce_nonce"]) for body in sent} == {(f"{job}-result", True)}


@pytest.mark.parametrize("met", [Fault("PATCH", ORIGINAL, uploads=True), Fault("PATCH", ORIGINAL, 500, uploads=True)])
async def test_preview_whose_answer_is_lost_is_shown_once(met: Fault, stage: Wired, network: FakeDiscord) -> None:
    network.faults.append(replace(met))
    await stage.preview(await stage.asked_for_video())
    await until(lambda: _open(stage))
    assert films(network) == [CONTACT]
    (message,) = network.messages.values()
    assert "Shall I make it?" in message["content"]


async def test_preview_is_put_into_the_answer_by_the_bot_when_the_token_has_died(
    stage: Wired, network: FakeDiscord
) -> None:
    job = await stage.asked_for_video()
    network.dead |= set(network._responses)
    await stage.preview(job)
    await until(lambda: _open(stage))
    assert films(network) == [CONTACT]
    (message,) = network.messages.values()
    await network.click(message, "Go")
    await until(lambda: _waiting(stage))
    await stage.video(job)
    assert await stage.rested() == ["sent"]
    assert films(network)[-1] == FILM
    assert network.called("POST", rf"channels/{CHANNEL}/messages")[0]["nonce"] == f"{job}-result"


async def test_form_on_the_wire_brings_the_lyrics(stage: Wired, network: FakeDiscord) -> None:
    _, token = await network.give("musicvideo", {"track": (TRACK[0], "audio/mpeg", TRACK[1])}, {}, locale="de")
    await until(lambda: _true(network.forms))
    assert network.forms[token]["title"] == "Musikvideo machen"
    assert network.messages == {}
    await network.submit(token, {"lyrics": "la la\nwe go home", "wish": ""}, locale="de")
    await until(stage.jobs)
    treatment = (await stage.request()).treatment
    assert treatment is not None
    assert treatment.lyrics == "la la\nwe go home"
    await network.submit(token, {"lyrics": "again"})  # a form that is not known any more
    await until(lambda: _said(network, sentences.form_lost("en")))
    assert len(await stage.jobs()) == 1


async def test_limit_is_kept(stage: Wired, network: FakeDiscord) -> None:
    """While Discord wants to be left alone nothing is asked for there."""
    await stage.scored()
    assert await stage.rested() == ["sent"]
    wait = {"retry_after": WAIT_S, "message": "slow down", "global": False}
    headers = {"Via": "1.1 google", "Retry-After": str(WAIT_S)}
    network.faults.append(Fault("PATCH", ORIGINAL, 429, wait, headers))  # of the placeholder
    network.faults.append(Fault("PATCH", ORIGINAL, 429, wait, headers, uploads=True))
    await network.score(CLIP[1])
    await until(lambda: _count(stage, 2))
    await stage.film((await stage.jobs())[1].id)
    assert await stage.rested() == ["sent", "sent"]
    assert films(network) == [FILM, FILM]
    assert len(network.refused_at) == 2
    for at in network.refused_at:
        assert [time for time in network.times if at < time < at + WAIT_S - 0.05] == []


async def test_limit_that_holds_everywhere_is_kept(stage: Wired, network: FakeDiscord) -> None:
    wait = {"retry_after": WAIT_S, "message": "slow down", "global": True}
    headers = {"Via": "1.1 google", "Retry-After": str(WAIT_S), "X-RateLimit-Global": "true"}
    network.faults.append(Fault("PATCH", ORIGINAL, 429, wait, headers, uploads=True))
    await stage.scored()
    assert await stage.rested() == ["sent"]
    (at,) = network.refused_at
    assert [time for time in network.times if at < time < at + WAIT_S - 0.05] == []


async def test_clip_that_is_too_large_is_not_fetched(stage: Wired, network: FakeDiscord) -> None:
    await network.score(CLIP[1], size=300_000_000, locale="de")
    await until(lambda: _said(network))
    (message,) = network.messages.values()
    sentence, hint = chat.over_bytes(300_000_000, 200_000_000, "de")
    assert message["content"] == f"{sentence}\n{hint}"
    assert await stage.jobs() == []
    assert network.fetched == []
    assert await stage.records.updates("discord") == []


async def test_acknowledgement_whose_answer_is_lost_is_one(stage: Wired, network: FakeDiscord) -> None:
    network.faults.append(Fault("POST", r"interactions/.*/callback"))
    await stage.scored()
    assert await stage.rested() == ["sent"]
    assert films(network) == [FILM]
    assert len(network.messages) == 1


async def test_token_that_is_not_taken_is_said_at_once(tmp_path: Path, network: FakeDiscord) -> None:
    records = await Records.open(f"sqlite:///{tmp_path}/records.db")
    try:
        with pytest.raises(Unavailable, match="token"):
            await Wired(tmp_path, records, network, token="another.bad.token").run()
    finally:
        await records.close()
    assert len(network.calls) == 1


async def test_token_that_is_revoked_ends_it(tmp_path: Path, network: FakeDiscord) -> None:
    async def served_until_revoked() -> None:
        async with running(tmp_path, network):
            network.token = "a.new.one"
            await network.disconnect(4004)
            await asyncio.sleep(0.1)

    with pytest.raises(Unavailable, match="token"):
        await served_until_revoked()
    assert len(network.identified) == 1


async def test_intent_that_is_not_granted_is_said(tmp_path: Path, network: FakeDiscord) -> None:
    network.close_with = 4014
    records = await Records.open(f"sqlite:///{tmp_path}/records.db")
    try:
        with pytest.raises(Unavailable, match="read messages"):
            await Wired(tmp_path, records, network).run()
    finally:
        await records.close()


async def test_connection_that_breaks_is_taken_up_again(stage: Wired, network: FakeDiscord) -> None:
    await network.disconnect(1001)
    await until(lambda: _true(network._sockets))
    await asyncio.sleep(0.1)
    await stage.scored()
    assert await stage.rested() == ["sent"]


async def _shows(network: FakeDiscord, ending: str) -> bool:
    """Whether a file of that kind is under a message, and how it stands is not shown any more."""
    attached = [one["filename"] for message in network.messages.values() for one in message["attachments"]]
    return any(name.endswith(ending) for name in attached)


def _packets(sound: Path, to: Path) -> str:
    """Return a checksum of a sound's packets as they lie in the file."""
    ffmpeg("-i", sound, "-map", "0:a", "-c", "copy", "-f", "md5", to)
    return to.read_text()


async def _count(stage: Wired, jobs: int) -> bool:
    return len(await stage.jobs()) == jobs


async def _said(network: FakeDiscord, words: str = "") -> bool:
    return any(message["content"] and words in message["content"] for message in network.messages.values())


async def _open(stage: Wired) -> bool:
    """Whether the contact sheet is there, and answers are waited for."""
    asking = [row for row in await stage.deliveries() if row.state == "open"]
    return bool(asking) and bool(films(stage.network))


async def _waiting(stage: Wired) -> bool:
    return (await stage.job()).state == "waiting"


async def _true(value: Any) -> bool:
    return bool(value)


async def test_commands_are_announced_when_asked(network: FakeDiscord) -> None:
    settings = BotSettings(DISCORD_BOT_TOKEN=SecretStr(network.token), discord_api=network.api, _env_file=None)
    assert await front.sync(settings) == 17
    (announced,) = network.called("PUT", r"applications/\d+/commands")
    assert {command["name"] for command in json.loads(announced["list"])} >= {"score", "Score this clip", "forgetme"}


def test_least_intents() -> None:
    assert {name for name, wanted in front.intents(message_content=False) if wanted} == {"guilds"}
    more = {name for name, wanted in front.intents(message_content=True) if wanted}
    assert more == {"guilds", "guild_messages", "message_content"}
