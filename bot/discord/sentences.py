"""Sentences that only Discord needs; all others are in bot/text/chat.py."""

from __future__ import annotations

from bot.text.languages import speak


def say(sentence: str) -> str:
    """Mark a sentence that is said later, so that the test of the languages finds it."""
    return sentence


#: the name of the entry in a message's menu
MENU = say("Score this clip")

# What stands beside a command and its options while somebody types.
COMMANDS = {
    "score": say("Give a silent clip its music"),
    "ratings": say("The means of all ratings, for the owner"),
}
OPTIONS = {
    "clip": say("The clip, a video or a GIF"),
    "style": say("Leave it out and the picture decides"),
    "mood": say("A word such as wistful; leave it out and the picture decides"),
    "length": say("How long the direction for each cue is"),
    "takes": say("How many versions"),
    "wish": say("In your own words: warm and hopeful, no drums"),
    "state": say("on, silent-only or off"),
    "language": say("Which language I speak"),
}


def not_fetched(language: str) -> str:
    return speak(language).say("Discord did not hand over the clip.")


def again(language: str) -> str:
    return speak(language).say("Please try again.")


def no_clip(language: str) -> str:
    return speak(language).say("There is no clip in this message.")


def no_clip_hint(language: str) -> str:
    return speak(language).say("Choose one with a video or a GIF, or use /score with a file.")


def by_dm(language: str) -> str:
    """Warn that the channel will be closed to us by then."""
    return speak(language).say(
        "This will take longer than Discord lets me write here, where I am not a member: the result comes to you as a "
        "direct message."
    )


def lost(language: str) -> str:
    """Own up to a request that died with the process that had it in hand."""
    return speak(language).say(
        "I was started anew while I took your clip, and it did not arrive. Please send it again."
    )


def away(language: str) -> str:
    return speak(language).say("My records cannot be reached just now. Please try again in a few minutes.")


def no_content(language: str) -> str:
    """Say why auto-score cannot work."""
    return speak(language).say(
        "Auto-score cannot work here: the owner of this bot has not let it read messages. "
        "Use /score or the menu of a message instead."
    )


def not_here(language: str) -> str:
    return speak(language).say("Auto-score needs me to be a member of this server.")


def rating_title(language: str) -> str:
    return speak(language).say("Rate the music")
