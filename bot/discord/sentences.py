"""Sentences that only Discord needs; all others are in bot/text/chat.py."""

from __future__ import annotations

from bot.text.languages import speak


def say(sentence: str) -> str:
    """Mark a sentence that is said later, so that the test of the languages finds it."""
    return sentence


#: the names of the entries in a message's menu
MENU = say("Score this clip")
VIDEO_MENU = say("Make a music video")

# What stands beside a command and its options while somebody types.
COMMANDS = {
    "score": say("Give a silent clip its music"),
    "ratings": say("The means of all ratings, for the owner"),
    "musicvideo": say("Give a track its pictures"),
    "shift": say("Move the lyrics of your last music video here"),
    "redraw": say("Have one shot of your last music video here drawn anew"),
    "storyboard": say("Play the storyboard of your last music video here, as you have edited it"),
}
OPTIONS = {
    "clip": say("The clip, a video or a GIF"),
    "style": say("Leave it out and the picture decides"),
    "mood": say("A word such as wistful; leave it out and the picture decides"),
    "length": say("How long the direction for each cue is"),
    "takes": say("How many versions"),
    "wish": say("In your own words: warm and hopeful, no drums"),
    "composer": say("Who plays; leave it out and the house decides"),
    "state": say("on, silent-only or off"),
    "language": say("Which language I speak"),
    "track": say("The track: a sound file or a voice message"),
    "lyrics": say("Its lyrics: a text file, an LRC or an SRT"),
    "picture": say("A picture or a clip to show in place of drawings"),
    "look": say("How it shall look: choose, or write something else"),
    "titles": say("How the lyrics are shown"),
    "shape": say("The shape of the film"),
    "seen": say("What shall be seen, in your own words"),
    "song": say("There is no track: make the music, too"),
    "seconds": say("How much later they shall come; with a minus, earlier"),
    "board": say("The storyboard.json, edited"),
    "shot": say("The number of the shot, as it stands under its picture"),
}


def not_fetched(language: str) -> str:
    return speak(language).say("Discord did not hand over the file.")


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
        "I was started anew while I took in what you sent, and it did not arrive. Please send it again."
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


# ---- music videos ----


def video_title(language: str) -> str:
    return speak(language).say(VIDEO_MENU)


def words_title(language: str) -> str:
    return speak(language).say("Other words")


def left_empty(language: str) -> str:
    return speak(language).say("What is left empty stays as it is.")


def lyrics_label(language: str) -> str:
    return speak(language).say("Lyrics")


def lyrics_text(language: str) -> str:
    return speak(language).say("A line for each line that is sung, or an LRC. Without any there are no titles.")


def wish_label(language: str) -> str:
    return speak(language).say("What shall be seen")


def wish_text(language: str) -> str:
    return speak(language).say("In your own words, such as: a red balloon over a city at night.")


def no_track(language: str) -> str:
    return speak(language).say("There is no track.")


def no_track_in(language: str) -> str:
    return speak(language).say("There is no track in this message.")


def not_a_track(language: str) -> str:
    return speak(language).say("That track is no sound file.")


def no_track_hint(language: str) -> str:
    return speak(language).say(
        "Give /musicvideo a sound file such as an MP3, or choose a message that has one. With “song” the music is "
        "made as well."
    )


def not_a_picture(language: str) -> str:
    return speak(language).say("That picture is neither a picture nor a clip.")


def not_a_picture_hint(language: str) -> str:
    return speak(language).say("Leave it out and the pictures are drawn.")


def lyrics_over(size: int, most: int, language: str) -> tuple[str, str]:
    """Refuse a lyrics file by its bytes alone."""
    say = speak(language).say
    return (
        say("The lyrics file has {size} kB; at most {most} kB are taken.", size=size // 1000, most=most // 1000),
        say("Send the words alone, as plain text."),
    )


def board_over(size: int, most: int, language: str) -> tuple[str, str]:
    """Refuse a storyboard by its bytes alone."""
    say = speak(language).say
    return (
        say("The storyboard has {size} kB; at most {most} kB are taken.", size=size // 1000, most=most // 1000),
        say("Change only a few fields of the storyboard.json that came with the film."),
    )


def form_lost(language: str) -> str:
    return speak(language).say("I was started anew while the form was open, and the track is not known any more.")


def form_lost_hint(language: str) -> str:
    return speak(language).say("Please give /musicvideo once more.")
