"""Groups, topics, channels: /score in reply, auto-score once, settings for admins, each asked about each time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fake_telegram import FakeTelegram
from tests.telegram_stage import Stage, clip_with_sound, silent_clip, staged, words_of


@pytest_asyncio.fixture
async def stage(telegram: FakeTelegram, tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(telegram, tmp_path) as running:
        yield running


@pytest.mark.parametrize("command", ["/score", "/score@reelscore_bot warm"])
async def test_score_in_reply_to_a_clip(stage: Stage, command: str) -> None:
    group, ada, ben = stage.telegram.group(), stage.telegram.user("Ada"), stage.telegram.user("Ben")
    clip = await ada.sends_clip(silent_clip(), chat=group)
    await ben.says(command, chat=group, reply_to=clip)

    row = await stage.job()

    assert (row.person, row.chat) == (f"telegram:{ben.id}", f"telegram:{group.id}")
    assert words_of([row]) == [command.partition(" ")[2]]
    assert (await group.waits_for()).reply_to is clip


async def test_score_under_a_clip_and_for_another_bot(stage: Stage) -> None:
    group, ada = stage.telegram.group(), stage.telegram.user()
    await ada.sends_clip(silent_clip(), chat=group, caption="/score@other_bot calm")
    await ada.sends_clip(silent_clip(), chat=group, caption="/score calm")
    await stage.jobs(1)
    await stage.settled()
    assert words_of([await stage.job()]) == ["calm"]


async def test_score_without_a_clip_says_how(stage: Stage) -> None:
    group, ada = stage.telegram.group(), stage.telegram.user()
    await ada.says("/score", chat=group)
    assert (await group.waits_for()).words == "Reply with /score to a message that has a clip."


async def test_talk_in_a_group_is_left_alone(stage: Stage) -> None:
    group, ada = stage.telegram.group(), stage.telegram.user()
    group.make_bot_admin()
    await ada.says("nice weather", chat=group)
    await ada.sends_clip(silent_clip(), chat=group)
    await stage.settled()
    assert not group.from_bot
    assert not await stage.records.jobs_of()


async def test_the_answer_stays_in_its_topic(stage: Stage) -> None:
    group, ada = stage.telegram.group(topics=True), stage.telegram.user()
    topic = group.topic("Trailers")
    clip = await ada.sends_clip(silent_clip(), chat=group, thread=topic)
    await ada.says("/score", chat=group, reply_to=clip)
    await stage.scores(await stage.job())
    film = await group.waits_for(lambda m: m.kind == "video")
    assert film.thread == topic
    await ada.says("/queue", chat=group, thread=topic)
    assert (await group.waits_for(lambda m: m.text)).thread == topic


async def test_a_topic_that_is_gone_does_not_lose_the_film(stage: Stage) -> None:
    group, ada = stage.telegram.group(topics=True), stage.telegram.user()
    topic = group.topic("Trailers")
    clip = await ada.sends_clip(silent_clip(), chat=group, thread=topic)
    stage.telegram.disturb("sendMessage", "400", times=1, description="Bad Request: message thread not found")
    await ada.says("/score", chat=group, reply_to=clip)
    await stage.scores(await stage.job())
    await group.waits_for(lambda m: m.kind == "video")


async def switch_on(stage: Stage, how: str = "on"):  # type: ignore[no-untyped-def]
    group, ada = stage.telegram.group(), stage.telegram.user("Ada")
    group.make_bot_admin()
    group.make_admin(ada)
    await ada.says(f"/autoscore {how}", chat=group)
    await group.waits_for()
    return group, ada


async def test_each_clip_is_scored_once_by_itself(stage: Stage) -> None:
    group, ada = await switch_on(stage)
    ben = stage.telegram.user("Ben")
    await ben.sends_clip(silent_clip(), chat=group, caption="hopeful")
    stage.telegram.updates.repeat()
    row = await stage.job()
    stage.telegram.updates.repeat()
    await stage.settled()
    assert (await stage.job()).person == f"telegram:{ben.id}"
    assert words_of([row]) == ["hopeful"]
    assert len(group.from_bot) == 1  # quiet until the film is there
    await stage.scores(row)
    film = await group.waits_for(lambda m: m.kind == "video")
    # whatever bears our buttons is ours, also where somebody forwards it or Telegram tells us of it again
    stage.telegram.updates.add(message=film.as_type())
    stage.telegram.updates.add(message=film.as_type().model_copy(update={"from_user": ada.as_type()}))
    await stage.settled()
    assert len(await stage.jobs(1)) == 1


async def test_silent_only_passes_over_clips_with_sound_without_a_word(stage: Stage) -> None:
    group, ada = await switch_on(stage, "silent-only")
    await ada.sends_clip(clip_with_sound(), chat=group)
    row = await stage.job()
    assert row.request["sound"] == "silent"


async def test_a_clip_that_is_too_large_for_autoscore_is_passed_over_in_silence(stage: Stage) -> None:
    group, ada = await switch_on(stage)
    await ada.sends_clip(bytes((20 << 20) + 1), "document", chat=group, name="a.mp4")
    await stage.settled()
    assert len(group.from_bot) == 1


@pytest.mark.parametrize("command", ["/autoscore on", "/settings style=epic"])
async def test_only_admins_choose_for_a_group(stage: Stage, command: str) -> None:
    group, eve = stage.telegram.group(), stage.telegram.user("Eve")
    await eve.says(command, chat=group)
    assert (await group.waits_for()).words == "Only admins of this chat can do that."
    assert (await stage.desk.settings(f"telegram:{group.id}")).autoscore == "off"

    group.make_admin(eve)
    await eve.says(command, chat=group)
    await group.waits_for(lambda m: "Only admins" not in m.words)
    group.unmake_admin(eve)
    await eve.says("/autoscore silent-only", chat=group)
    await group.waits_for(lambda m: "Only admins" in m.words and m is not group.from_bot[0])
    assert (await stage.desk.settings(f"telegram:{group.id}")).autoscore != "silent-only"


async def test_an_anonymous_admin_is_the_chat_and_a_stranger_channel_is_nobody(stage: Stage) -> None:
    group, ada = stage.telegram.group(), stage.telegram.user()
    group.make_admin(ada, anonymous=True)
    await ada.says("/autoscore on", chat=group)
    await stage.settled()
    assert (await stage.desk.settings(f"telegram:{group.id}")).autoscore == "on"

    other = stage.telegram.channel("Elsewhere")
    said = await ada.says("/queue", chat=group)
    as_channel = said.as_type().model_copy(update={"sender_chat": other.as_type(), "text": "/autoscore off"})
    stage.telegram.updates.add(message=as_channel.model_copy(update={"message_id": 999}))
    await stage.settled()
    assert (await stage.desk.settings(f"telegram:{group.id}")).autoscore == "on"


async def test_a_hidden_admins_buttons_obey_admins_of_that_chat_only(stage: Stage) -> None:
    group, ada, eve = stage.telegram.group(), stage.telegram.user("Ada"), stage.telegram.user("Eve")
    group.make_admin(ada, anonymous=True)
    clip = await ada.sends_clip(silent_clip(), chat=group)
    await ada.says("/score", chat=group, reply_to=clip)
    row = await stage.job()
    assert row.person == row.chat
    placeholder = await group.waits_for()
    assert (await eve.presses(placeholder, "cancel")).alert
    assert (await stage.job()).state == "waiting"
    assert not (await ada.presses(placeholder, "cancel")).alert
    assert (await stage.job()).state == "canceled"


async def test_a_channel_scores_its_posts_and_the_discussion_does_not_again(stage: Stage) -> None:
    discussion = stage.telegram.group("Talk")
    discussion.make_bot_admin()
    ada = stage.telegram.user()
    discussion.make_admin(ada)
    channel = stage.telegram.channel(discussion=discussion)
    channel.make_admin(ada)
    await channel.posts("/autoscore on")
    await ada.says("/autoscore on", chat=discussion)
    await channel.waits_for()
    await discussion.waits_for()
    await stage.settled()
    post = await channel.posts_clip(silent_clip(), caption="epic")
    await stage.settled()

    row = await stage.job()
    assert (row.person, row.chat) == (f"telegram:{channel.id}", f"telegram:{channel.id}")
    await stage.scores(row)
    film = await channel.waits_for(lambda m: m.kind == "video")
    assert film.reply_to is post
    stage.telegram.updates.add(channel_post=film.as_type())
    await stage.settled()
    assert len(await stage.jobs(1)) == 1
    stranger = stage.telegram.user("Eve")
    assert (await stranger.presses(film, "take")).alert
    assert not (await ada.presses(film, "take")).alert
    assert len(await stage.jobs(2)) == 2


async def test_the_chats_settings_stand_where_nobody_says_otherwise(stage: Stage) -> None:
    group, ada = stage.telegram.group(), stage.telegram.user()
    group.make_admin(ada)
    await ada.says("/settings style=epic mood=hopeful takes=2 language=de", chat=group)
    await group.waits_for()
    clip = await ada.sends_clip(silent_clip(), chat=group)
    await ada.says("/score", chat=group, reply_to=clip)
    row = await stage.job()
    assert (row.request["brief"]["style"], row.request["brief"]["mood"], row.request["takes"]) == ("epic", "hopeful", 2)
    assert (await stage.records.deliveries_of(row.id))[0].reply_to["language"] == "de"
    await ada.says("/settings style= mood=sad", chat=group)  # no style any more; it became the style "mood=sad"
    await group.waits_for(lambda m: "traurig" in m.words and "episch" not in m.words)
    await ada.says("/settings volume=11", chat=group)
    await group.waits_for(lambda m: "volume" in m.words)


async def test_a_group_that_becomes_a_supergroup_takes_its_jobs_along(stage: Stage) -> None:
    group, ada = stage.telegram.group(basic=True), stage.telegram.user()
    clip = await ada.sends_clip(silent_clip(), chat=group)
    await ada.says("/score", chat=group, reply_to=clip)
    await group.waits_for()
    new = group.migrate()
    await stage.settled()
    row = await stage.job()
    assert row.chat == f"telegram:{new.id}"
    await stage.scores(row)
    await new.waits_for(lambda m: m.kind == "video")
    assert len(new.videos) == 1


async def test_a_migration_that_is_learned_of_by_an_error_only(stage: Stage) -> None:
    group, ada = stage.telegram.group(basic=True), stage.telegram.user()
    clip = await ada.sends_clip(silent_clip(), chat=group)
    await ada.says("/score", chat=group, reply_to=clip)
    await group.waits_for()
    group.bot_status = "left"  # deaf, so that no service message comes
    new = group.migrate()
    new.bot_status = "member"
    await stage.scores(await stage.job())
    await new.waits_for(lambda m: m.kind == "video")
    assert len(new.videos) == 1


async def test_cancel_in_reply_stops_that_job_for_its_owner_and_admins(stage: Stage) -> None:
    group, ada, eve = stage.telegram.group(), stage.telegram.user("Ada"), stage.telegram.user("Eve")
    clip = await ada.sends_clip(silent_clip(), chat=group)
    await ada.says("/score", chat=group, reply_to=clip)
    placeholder = await group.waits_for()
    await eve.says("/cancel", chat=group)
    await eve.says("/cancel", chat=group, reply_to=placeholder)
    await stage.settled()
    assert (await stage.job()).state == "waiting"
    group.make_admin(eve)
    await eve.says("/cancel", chat=group, reply_to=placeholder)
    await stage.settled()
    assert (await stage.job()).state == "canceled"
