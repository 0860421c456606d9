"""Nothing that a person wrote is mark-up, a link or a ping in a message of ours, and no message is too long."""

from __future__ import annotations

import pytest

from bot.discord.messenger import _captioned
from bot.discord.words import TEXT_MOST, worded
from bot.text import chat, measured
from jobs.deliveries import Parcel
from jobs.job import CueLine, Film, Outcome, ReplyTo, Request

INVISIBLE = "\u200b"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("*a* _b_ ~~c~~ `d` ||e||", r"\*a\* \_b\_ \~\~c\~\~ \`d\` \|\|e\|\|"),
        ("> quoted\n# large\n-# small\n  - listed", "\\> quoted\n\\# large\n\\-# small\n  \\- listed"),
        ("a > b # c - d", "a > b # c - d"),
        (r"\*", r"\\\*"),
        ("[here](https://evil.example)", rf"\[here](https:{INVISIBLE}//evil.example)"),
        ("HTTPS://evil.example/**a**", rf"HTTPS:{INVISIBLE}//evil.example/\*\*a\*\*"),
        ("<https:/evil/__a__>", r"\<https:/evil/\_\_a\_\_>"),
        ("discord.gg/abc Discord.com/invite/abc", f"discord{INVISIBLE}.gg/abc Discord{INVISIBLE}.com/invite/abc"),
        ("@everyone @here", f"@{INVISIBLE}everyone @{INVISIBLE}here"),
        ("<@123456789012345678>", f"\\<@{INVISIBLE}123456789012345678>"),
        ("<:x:1> <t:1:R> </score:1> <#1>", r"\<:x:1> \<t:1:R> \</score:1> \<#1>"),
    ],
)  # fmt: skip
def test_what_people_write_is_shown_as_they_wrote_it(said: str, shown: str) -> None:
    assert worded(said) == shown


def test_our_own_link_works_and_no_other() -> None:
    link = "https://films.example/a_b_c?by=*x*"
    assert worded(f"_x_ https://evil.example\n{link}", link=link).endswith(f"\n{link}")
    assert "https://evil" not in worded(f"_x_ https://evil.example\n{link}", link=link)


def test_long_texts_are_cut() -> None:
    assert len(worded("*" * 3000)) <= TEXT_MOST


@pytest.mark.parametrize("language", ["en", "de"])
def test_all_that_is_said_by_itself_has_room(language: str) -> None:
    for text in (chat.usage(language, front="discord"), chat.privacy(language, keep_days=30)):
        assert not worded(text).endswith("…")


def test_the_mark_stays_under_a_caption_full_of_markup() -> None:
    """The marks that keep mark-up from working take room as well."""
    cues = tuple(CueLine(f"1m{n}", n, n + 1.0, "*_~`|" * 8, 84.0, "D minor") for n in range(40))
    film = Film(*["key"] * 1, bytes=1, seconds=40.0, width=1, height=1, copied=True, thumbnail="", music="", song="",
                stems="", midi=None, sheet="", cues=cues, style="epic", seed=1, hit_rate=1.0, cuts=3)  # fmt: skip
    parcel = Parcel("", "abcdefghijkm", "result", ReplyTo("discord", "discord:1"), None, Request(),
                    Outcome("films", films=(film,)), file=lambda key: None)  # type: ignore[arg-type, return-value]  # fmt: skip
    text, rows = _captioned(parcel, film, "en")
    shown = worded(text)
    assert chat.MACHINE_MADE.split("(")[0] in shown
    assert "1m0" in shown
    assert 1000 < measured.units(shown) <= TEXT_MOST
    assert rows
