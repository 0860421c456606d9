"""What is said about music videos in a chat: the preview and its buttons, the film's caption, answers to presses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.buttons import Button, Press, Rows
from bot.text.languages import Speech, speak
from bot.text.measured import CAPTION_MOST, about, clipped, clock, mark, units
from bot.text.plain import plain
from jobs.job import Facts, Film, Preview, Request
from pipeline.storyboard import SHAPES, TITLES, Shape

# What the stages do, by the names that Progress has.
STAGES = {
    "track": mark("Opening the track"),
    "sections": mark("Listening to it: tempo, key, form"),
    "lyrics": mark("Putting the lyrics in time"),
    "storyboard": mark("Writing the storyboard"),
    "pictures": mark("Drawing the pictures"),
    "motion": mark("Making them move"),
    "edit": mark("Cutting the film"),
}

#: what the embedded illustrator's hands are called; any other words may be written as well
LOOKS = ("painted", "watercolour", "paper", "anime", "neon", "noir", "pastel")
LOOK_WORDS = {
    "painted": mark("Painted"),
    "watercolour": mark("Watercolour"),
    "paper": mark("Cut paper"),
    "anime": mark("Anime"),
    "neon": mark("Neon"),
    "noir": mark("Noir"),
    "pastel": mark("Pastel"),
}
TITLE_WORDS = {
    "line": mark("Line by line"),
    "karaoke": mark("Karaoke"),
    "pop": mark("Word by word"),
    "none": mark("No lyrics"),
}
PART_WORDS = {
    "intro": mark("intro"),
    "verse": mark("verse"),
    "chorus": mark("chorus"),
    "bridge": mark("bridge"),
    "instrumental": mark("instrumental"),
    "outro": mark("outro"),
}

MACHINE_MADE = mark("Pictures made by a machine (Reelscore)")  # EU AI Act, article 50: said wherever the film goes

NOTES_MOST = 400  # UTF-16 units of remarks
PARTS_MOST = 24  # parts that are listed


# ---- before it is made ----


def preview(shown: Preview, language: str, *, most: int = CAPTION_MOST) -> str:
    """Say what was heard and planned, what it costs and how long it takes, in at most `most` UTF-16 units."""
    say = speak(language)
    asked = say("Shall I make it?")
    said = [_title(shown.facts, say), _heard(shown.facts, say), _planned(shown.facts, say), _price(shown, say)]
    notes = clipped("\n".join(plain(say.again(note)) for note in shown.notes), NOTES_MOST)
    whole = "\n".join(line for line in (*said, notes) if line)
    return f"{clipped(whole, most - units(asked) - 2)}\n\n{asked}"


def _title(facts: Facts, say: Speech) -> str:
    named = [plain(words) for words in (facts.title, facts.artist) if words]
    return clipped(" \u2013 ".join(named), 160)


def _heard(facts: Facts, say: Speech) -> str:
    tempo = say("{tempo} bpm", tempo=round(facts.tempo)) if facts.tempo else say("no steady beat, cut to its phrases")
    heard = ", ".join([clock(facts.seconds), tempo, *([plain(facts.key)] if facts.key else [])])
    parts = [say(PART_WORDS[part]) for part, _, _ in facts.parts[:PARTS_MOST] if part in PART_WORDS]
    return f"{heard}\n{' · '.join(parts)}" if len(parts) > 1 else heard


def _planned(facts: Facts, say: Speech) -> str:
    shots = say.many("{count} shot", "{count} shots", len(facts.shown))
    pictures = say.many("{count} picture", "{count} pictures", facts.pictures)
    lines = [say.many("{count} line of lyrics", "{count} lines of lyrics", facts.lines)] if facts.lines else []
    look = [plain(clipped(facts.look, 80))] if facts.look else []
    return ", ".join([shots, pictures, *lines, *look])


def _price(shown: Preview, say: Speech) -> str:
    takes = say("It takes {time}.", time=about(shown.seconds, say.language))
    if shown.usd <= 0:
        return say("{takes} It costs nothing.", takes=takes)
    return say("{takes} It costs up to ${usd}.", takes=takes, usd=f"{max(0.01, shown.usd):.2f}")


def waiting(language: str) -> str:
    return speak(language).say("The plan is ready. Shall I make the film?")


def preview_buttons(job: str, language: str) -> Rows:
    say = speak(language)
    return (
        (Button(say("Go"), Press("go", job), "primary"), Button(say("Change"), Press("change", job))),
        (Button(say("Cancel"), Press("cancel", job), "danger"),),
    )


# ---- what can be changed ----


def change_buttons(job: str, request: Request, language: str, *, take: int = 1) -> Rows:
    """Return what can be changed before and after; "back" leads to the buttons that were there."""
    say = speak(language)
    return (
        (Button(say("Other pictures"), Press("board", job)), Button(say("Look"), Press("look", job))),
        (
            Button(say("Other words"), Press("words", job)),
            Button(say("Lyrics as"), Press("titles", job)),
            Button(say("Shape"), Press("shape", job)),
        ),
        (
            Button(say("Lyrics earlier"), Press("shift", job, "earlier")),
            Button(say("Lyrics later"), Press("shift", job, "later")),
        ),
        (_back(job, say),),
    )


def look_buttons(job: str, request: Request, language: str, *, take: int = 1) -> Rows:
    say, now = speak(language), request.treatment.look if request.treatment else ""
    looks = [Button(say(LOOK_WORDS[look]), Press("look", job, look), _chosen(look == now)) for look in LOOKS]
    return (*_rows(looks, 3), (_back(job, say),))


def titles_buttons(job: str, request: Request, language: str, *, take: int = 1) -> Rows:
    say, now = speak(language), request.treatment.titles if request.treatment else ""
    styles = [Button(say(TITLE_WORDS[one]), Press("titles", job, one), _chosen(one == now)) for one in TITLES]
    return (*_rows(styles, 2), (_back(job, say),))


def shape_buttons(job: str, request: Request, language: str, *, take: int = 1) -> Rows:
    say, now = speak(language), request.treatment.shape if request.treatment else ""
    shapes = [Button(one, Press("shape", job, packed(one)), _chosen(one == now)) for one in SHAPES]
    return (*_rows(shapes, 4), (_back(job, say),))


def packed(shape: Shape) -> str:
    """Return a shape as a button carries it: "9x16"."""
    return shape.replace(":", "x")


def _chosen(is_it: bool) -> Any:
    return "primary" if is_it else "plain"


def _back(job: str, say: Speech) -> Button:
    return Button(say("Back"), Press("back", job))


def _rows(buttons: Sequence[Button], wide: int) -> Rows:
    return tuple(tuple(buttons[at : at + wide]) for at in range(0, len(buttons), wide))


def pick(what: str, language: str) -> str:
    say = speak(language)
    return {
        "change": say("What shall be different?"),
        "look": say("Which look shall it have?"),
        "titles": say("How shall the lyrics be shown?"),
        "shape": say("Which shape shall it have?"),
    }[what]


def say_words(language: str) -> str:
    return speak(language).say("Answer this message with other lyrics, or with what shall be seen.")


def as_before(language: str) -> str:
    """Answer other words that are the same as before."""
    return speak(language).say("Nothing is different from before.")


def going(language: str) -> str:
    return speak(language).say("I am making it.")


def planning_anew(language: str) -> str:
    return speak(language).say("A new plan is on its way.")


def made_anew(language: str, *, again: bool) -> str:
    say = speak(language)
    return say("That is on its way already.") if again else say("The film with that change is on its way.")


# ---- the result ----


def caption(film: Film, language: str, *, most: int = CAPTION_MOST) -> str:
    """Return what the film is, in at most `most` UTF-16 units; the mark of the machine stays."""
    say, facts = speak(language), film.facts
    assert facts is not None
    machine = say(MACHINE_MADE)
    said = [_title(facts, say), _heard(facts, say), _planned(facts, say), _on_beat(film, say), _cost(film, say)]
    notes = clipped("\n".join(plain(say.again(note)) for note in film.notes), NOTES_MOST)
    whole = "\n".join(line for line in (*said, notes) if line)
    return f"{clipped(whole, most - units(machine) - 2)}\n\n{machine}"


def _on_beat(film: Film, say: Speech) -> str:
    if film.hit_rate is None or not film.cuts:
        return ""
    hits = round(film.hit_rate * film.cuts)
    return say.many("{hits} of {count} cut on a beat", "{hits} of {count} cuts on a beat", film.cuts, hits=hits)


def _cost(film: Film, say: Speech) -> str:
    return say("It has cost ${usd}.", usd=f"{max(0.01, film.usd):.2f}") if film.usd > 0 else ""


def result_buttons(job: str, request: Request, language: str, *, take: int = 1) -> Rows:
    say = speak(language)
    return (
        (Button(say("Other pictures"), Press("board", job)), Button(say("Change"), Press("change", job))),
        (Button(say("Storyboard"), Press("sheet", job)), Button(say("Full quality"), Press("file", job))),
    )


def film_name(film: Film, language: str) -> str:
    """Name a music video in a few words."""
    say, facts = speak(language), film.facts
    assert facts is not None
    named = _title(facts, say) or say("Music video")
    return say("{described}, {length}, seed {seed}", described=named, length=clock(film.seconds), seed=film.seed)


# ---- commands ----


def reply_to_a_track(language: str) -> str:
    """Answer a /musicvideo that has no track."""
    return speak(language).say(
        "Reply with /musicvideo to a sound file, and write the lyrics below the command or what shall be seen.\n"
        "Lyrics may also come as a text file, an LRC or an SRT. /musicvideo song makes the music as well."
    )


def paper_too_large(size: int, most: int, language: str) -> tuple[str, str]:
    """Return (sentence, hint) for a file of lyrics, or a storyboard, that is none by its size."""
    say = speak(language)
    return (
        say("The text file has {size} MB; at most {most} MB are read.", size=-(-size // 10**6), most=most // 10**6),
        say("Send only what is sung in this track."),
    )


def no_video(language: str) -> str:
    """Answer a /shift or /redraw where there is no music video to change."""
    return speak(language).say("There is no music video of yours here to change. Reply to one, or make one first.")


def shift_usage(language: str) -> str:
    return speak(language).say("Write for instance /shift +0.4 to have the lyrics come 0.4 seconds later.")


def redraw_usage(most: int, language: str) -> str:
    return speak(language).say(
        "Write for instance /redraw 3 to have the picture of shot 3 drawn anew; there are {most} shots.", most=most
    )


def shifted(seconds: float, language: str) -> str:
    say = speak(language)
    if seconds >= 0:
        return say("The lyrics come {seconds} s later than they were found.", seconds=f"{seconds:.2f}")
    return say("The lyrics come {seconds} s earlier than they were found.", seconds=f"{-seconds:.2f}")


def redrawn(shot: int, language: str) -> str:
    return speak(language).say("Shot {shot} is drawn anew; the other pictures stay.", shot=shot)


def usage(language: str, *, front: str = "telegram") -> str:
    """Explain music videos with examples."""
    say = speak(language)
    telegram = say(
        "It goes the other way round, too: send a track, or reply to one with /musicvideo, and I make the music video. "
        "Lyrics below the command, as a text file, an LRC or an SRT appear as titles; other words say what shall be "
        "seen. Some more words are understood: 16:9, 1:1, karaoke, no titles, look: anime."
    )
    discord = say(
        "It goes the other way round, too: give /musicvideo a track, or open the menu of a message that has one and "
        "choose “Make a music video”. Lyrics that you write into the form, a text file, an LRC or an SRT appear as "
        "titles. Some more words are understood: 16:9, 1:1, karaoke, no titles, look: anime."
    )
    return "\n".join(
        (
            discord if front == "discord" else telegram,
            say("You see all shots first. /shift +0.4 moves the lyrics, /redraw 3 draws one shot anew."),
        )
    )
