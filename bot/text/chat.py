"""Every sentence that a person reads in a chat, in their language: plain text, no mark-up of any network.

Words that came from a person or out of a file go through bot.text.plain.plain. `language` is "en", "de", ...
English stands here; the other languages in locales/*.po, where a test sees to it that no sentence is missing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from bot.buttons import Button, Press, Reply, Rows
from bot.text import videos
from bot.text.languages import LANGUAGES, Speech, speak
from bot.text.measured import CAPTION_MOST, about, clipped, clock, mark, units
from bot.text.plain import plain
from jobs.job import ENDED, CueLine, Film, Outcome, Request
from jobs.standing import Status
from pipeline.cuesheet import PROMPT_LENGTHS, STYLES
from pipeline.errors import UserError

TOAST_MOST = 200  # https://core.telegram.org/bots/api#answercallbackquery
NOTES_MOST = 300  # of the caption, for remarks about the clip

BAR = 10  # blocks
FULL, EMPTY = "▰", "▱"

#: moods that stand under a result; one for each region of feeling, all known to pipeline.spotting.wishes
MOODS = ("joyful", "hopeful", "calm", "dreamy", "sad", "mysterious", "tense", "epic")

#: the study's four questions, on five points (1 not at all, 5 very much)
QUESTIONS = ("richness", "fitness", "humanness", "fondness")


MOOD_WORDS = (
    mark("joyful"), mark("cheerful"), mark("uplifting"), mark("excited"), mark("energetic"), mark("triumphant"),
    mark("hopeful"), mark("tender"), mark("warm"), mark("calm"), mark("serene"), mark("dreamy"), mark("nostalgic"),
    mark("wistful"), mark("melancholic"), mark("lonely"), mark("mournful"), mark("dark"), mark("mysterious"),
    mark("tense"), mark("ominous"), mark("anxious"), mark("angry"), mark("aggressive"), mark("dramatic"),
    mark("intense"), mark("powerful"), mark("adventurous"),
    mark("confident"), mark("cool"), mark("neutral"), mark("sad"), mark("epic"),
)  # fmt: skip

STYLE_WORDS = (
    mark("cinematic"), mark("ambient"), mark("electronic"), mark("folk"), mark("lofi"), mark("playful"), mark("epic"),
)  # fmt: skip

# What the stages do, by the names that Progress has.
STAGES = {
    "clip": mark("Opening the clip"),
    "scenes": mark("Watching it, finding the cuts"),
    "cues": mark("Planning the cues"),
    "music": mark("Composing and playing"),
    "mix": mark("Mixing"),
    "film": mark("Making the film"),
    **videos.STAGES,
}

LEFT = mark("The clip is left as it is.")

LENGTHS = {"simple": mark("Simple"), "brief": mark("Brief"), "long": mark("Long")}

ASKED_OF_RATERS = {
    "richness": mark("Richness: how full and varied is the music?"),
    "fitness": mark("Fitness: how well does it go with the picture?"),
    "humanness": mark("Humanness: how much does it sound made by people?"),
    "fondness": mark("Fondness: how much do you like it?"),
}
RATED = {
    "richness": mark("Richness"),
    "fitness": mark("Fitness"),
    "humanness": mark("Humanness"),
    "fondness": mark("Fondness"),
}

COMMANDS = {
    "score": mark("Score the clip that you reply to"),
    "musicvideo": mark("Make a music video of the track that you reply to"),
    "shift": mark("Move the lyrics of a music video, such as +0.4"),
    "redraw": mark("Draw one shot of a music video anew"),
    "takes": mark("Your last films here"),
    "queue": mark("How your clips stand"),
    "cancel": mark("Stop your clips here"),
    "settings": mark("Style, mood and takes for this chat"),
    "autoscore": mark("Score every silent clip posted here"),
    "language": mark("Choose the language"),
    "help": mark("How it works"),
    "privacy": mark("What is kept, and for how long"),
    "forgetme": mark("Remove everything of yours"),
    "start": mark("Say hello"),
}


# ---- how a job stands ----


def status(status: Status, language: str) -> str:
    """Say where a job stands: place in the queue, stage, a bar, the time left."""
    say = speak(language)
    if status.state == "waiting":
        return _lines(_place(status.place, say), _left(status.left_s, say))
    if status.state == "asking":
        return (
            videos.waiting(language) if status.video else say("The clip has sound of its own. What shall become of it?")
        )
    if status.state in ENDED:
        return say(_ENDINGS[status.state])
    if status.state != "running" or status.progress is None:
        return _lines(say("It is your turn: starting."), _left(status.left_s, say))
    doing = say(STAGES.get(status.progress.stage, STAGES["clip"]))
    if status.takes > 1:
        doing = say("{doing} (take {take} of {takes})", doing=doing, take=status.progress.take, takes=status.takes)
    return _lines(doing, bar(status.progress.share), _left(status.left_s, say))


_ENDINGS = {
    "succeeded": mark("Done."),
    "failed": mark("This did not work."),
    "canceled": mark("Canceled."),
    "expired": mark("This has waited too long and was let go."),
}


def bar(share: float) -> str:
    """Draw a bar of blocks and the percentage; a job that is at work never shows 100 %."""
    share = min(0.99, max(0.0, share))
    full = round(share * BAR)
    return f"{FULL * full}{EMPTY * (BAR - full)} {share * 100:.0f} %"


def _place(place: int | None, say: Speech) -> str:
    if place is None:
        return say("Waiting for its turn.")
    return say("Waiting: you are next.") if place <= 1 else say("Waiting: number {place} in the queue.", place=place)


def _left(seconds: float | None, say: Speech) -> str:
    return say("{time} left", time=about(seconds, say.language)) if seconds is not None else ""


def status_buttons(status: Status, language: str) -> Rows:
    if status.state == "asking":
        return videos.preview_buttons(status.job, language) if status.video else _sound_buttons(status.job, language)
    if status.state in ENDED:
        return ()
    return ((Button(speak(language).say("Cancel"), Press("cancel", status.job), "danger"),),)


# ---- the result ----


def caption(film: Film, *, take: int, takes: int, language: str, most: int = CAPTION_MOST) -> str:
    """Return the cue list and what was measured, in at most `most` UTF-16 units (Telegram counts so).

    What does not fit goes line by line: remarks first, then the last cues. The mark of the machine stays.
    """
    if film.facts is not None:
        return videos.caption(film, language, most=most)
    say = speak(language)
    notes = "\n".join(plain(say.again(note)) for note in film.notes)
    said = clipped(mark_of_machine(language), most)
    told = notes if units(notes) <= NOTES_MOST else ""
    for more in (_which(film, take, takes, say), _hits(film, say), told, _played(film, say)):
        if more and units(longer := f"{more}\n{said}") <= most:
            said = longer
    listed = _listed([_cue(cue, say) for cue in film.cues], most - units(said) - 2, say)
    return f"{listed}\n\n{said}" if listed else said


MACHINE_MADE = mark("Music composed by a machine (Reelscore)")  # EU AI Act, article 50: said wherever the film goes


def mark_of_machine(language: str, *, video: bool = False) -> str:
    return speak(language).say(videos.MACHINE_MADE if video else MACHINE_MADE)


def _cue(cue: CueLine, say: Speech) -> str:
    return say(
        "{number}  {start}-{end}  {mood}, {tempo} bpm, {key}",
        number=plain(cue.number),
        start=clock(cue.start),
        end=clock(max(1.0, cue.end)),  # as a player shows it
        mood=plain(say(cue.mood)),
        tempo=round(cue.tempo),
        key=plain(cue.key),
    )


def _listed(lines: Sequence[str], room: int, say: Speech) -> str:
    """Return as many whole lines as there is room for, and how many were left out."""
    for kept in range(len(lines), 0, -1):
        more = len(lines) - kept
        rest = [say.many("and {count} more cue", "and {count} more cues", more)] if more else []
        text = "\n".join([*lines[:kept], *rest])
        if units(text) <= room:
            return text
    return ""


def _hits(film: Film, say: Speech) -> str:
    if film.hit_rate is None or not film.cuts:
        return ""
    return say.many(
        "{hits} of {count} cut met by the music",
        "{hits} of {count} cuts met by the music",
        film.cuts,
        hits=round(film.hit_rate * film.cuts),
    )


def _played(film: Film, say: Speech) -> str:
    """Say who has played where it was not the orchestra, and what may not be done with the music."""
    if film.composer in ("", "orchestra"):
        return ""
    played = say("Played by {composer}.", composer=plain(film.composer))
    return played if film.commercial else " ".join((played, say("Not for commercial use.")))


def _which(film: Film, take: int, takes: int, say: Speech) -> str:
    style = plain(say(film.style))
    if takes > 1:
        return say("{style}, take {take} of {takes}, seed {seed}", style=style, take=take, takes=takes, seed=film.seed)
    return say("{style}, seed {seed}", style=style, seed=film.seed)


def result_buttons(job: str, request: Request, language: str, *, take: int = 1) -> Rows:
    """Return what can be done with a film; `take` is its number where the job has several."""
    if request.treatment:
        return videos.result_buttons(job, request, language)
    say = speak(language)

    def button(label: str, action: Any, value: str = "") -> Button:
        return Button(label, _press(action, job, value, take))

    composer = (button(say("Composer"), "composer"),) if len(request.offered) > 1 else ()
    return (
        (button(say("Another take"), "take"), button(say("Mood"), "mood"), button(say("Prompt length"), "length")),
        (button(say("Slower"), "tempo", "down"), button(say("Faster"), "tempo", "up"), *composer),
        (button(say("Music"), "song"), button(say("Stems"), "stems"), button(say("Notes (MIDI)"), "midi")),
        (button(say("Cue sheet"), "sheet"), button(say("Full quality"), "file"), button(say("Rate it"), "rate")),
    )


def mood_buttons(job: str, request: Request, language: str, *, take: int = 1) -> Rows:
    say = speak(language)
    buttons = [
        Button(say(mood).capitalize(), _press("mood", job, mood, take), _chosen(mood == request.brief.mood))
        for mood in MOODS
    ]
    return (*_rows(buttons, 4), (_back(job, say, take),))


def length_buttons(job: str, request: Request, language: str, *, take: int = 1) -> Rows:
    say = speak(language)
    buttons = tuple(
        Button(
            say(LENGTHS[length]), _press("length", job, length, take), _chosen(length == request.brief.prompt_length)
        )
        for length in PROMPT_LENGTHS
    )
    return (buttons, (_back(job, say, take),))


def composer_buttons(job: str, request: Request, language: str, *, take: int = 1) -> Rows:
    say = speak(language)
    buttons = [
        Button(
            composer_name(name, language),
            _press("composer", job, str(number), take),
            _chosen(name == request.crew.composer),
        )
        for number, name in enumerate(request.offered, 1)
    ]
    return (*_rows(buttons, 2), (_back(job, say, take),))


def composer_name(name: str, language: str) -> str:
    return speak(language).say("Built-in orchestra") if name == "orchestra" else plain(name)


def rating_buttons(job: str, asked: str, language: str, *, take: int = 1) -> Rows:
    """Return one of the four questions as buttons; the first row says it in full when it is pressed."""
    say = speak(language)
    points = tuple(Button(str(n), _press("rate", job, f"{asked}={n}", take)) for n in range(1, 6))
    head = Button(say("{question} (1-5)", question=say(RATED[asked])), _press("rate", job, asked, take))
    return ((head,), points, (_back(job, say, take),))


def _press(action: Any, job: str, value: str, take: int) -> Press:
    return Press(action, job, f"{value}@{take}" if take > 1 else value)


def _chosen(is_it: bool) -> Any:
    return "primary" if is_it else "plain"


def _back(job: str, say: Speech, take: int) -> Button:
    return Button(say("Back"), _press("back", job, "", take))


def _rows(buttons: Sequence[Button], wide: int) -> Rows:
    return tuple(tuple(buttons[at : at + wide]) for at in range(0, len(buttons), wide))


def question(job: str, outcome: Outcome, language: str) -> Reply:
    """Ask what shall become of the clip's own sound, or whether to make what the preview shows."""
    if outcome.preview is not None:
        return Reply(videos.preview(outcome.preview, language), videos.preview_buttons(job, language))
    say = speak(language)
    return Reply(say("The clip has sound of its own. What shall become of it?"), _sound_buttons(job, language))


def asking_buttons(job: str, request: Request, language: str, *, take: int = 1) -> Rows:
    """Return the buttons of a question that is open."""
    return videos.preview_buttons(job, language) if request.treatment else _sound_buttons(job, language)


def _sound_buttons(job: str, language: str) -> Rows:
    say = speak(language)
    row = (
        Button(say("Keep it under the music"), Press("sound", job, "keep"), "primary"),
        Button(say("Replace it"), Press("sound", job, "replace")),
        Button(say("Leave the clip"), Press("sound", job, "leave")),
    )
    return tuple((button,) for button in row)


def sentence(outcome: Outcome, language: str) -> str:
    """Return sentence and hint of an outcome that is no film."""
    return _with_hint(outcome.sentence, outcome.hint, language)


def problem(error: UserError, language: str) -> str:
    """Return sentence and hint of an error."""
    return _with_hint(error.sentence, error.hint, language)


def _with_hint(sentence: str, hint: str, language: str) -> str:
    say = speak(language)
    return _lines(plain(say.again(sentence)), plain(say.again(hint)))


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)


# ---- what the front ends say by themselves ----


def greeting(language: str) -> str:
    say = speak(language)
    return say(
        "Hello! Send me a silent clip and I give it music, scene by scene.\n\n"
        "Words are optional: write what you wish for beside the clip, such as “warm and hopeful, no drums”.\n\n"
        "Send me a track, and I make the music video.\n\n"
        "/help shows more, /privacy says what is kept."
    )


def usage(language: str, *, front: str = "telegram") -> str:
    """Explain the whole bot with examples, in one message."""
    say = speak(language)
    discord = say("Use /score with a clip, or open the menu of a message that has one and choose “Score this clip”.")
    telegram = say(
        "Send a clip here: a video, a GIF, a video note, a file, or a link to one. In a group, reply to a clip with "
        "/score. Send it as a file to keep its full quality."
    )
    return "\n\n".join(
        (
            discord if front == "discord" else telegram,
            say(
                "Say what you wish for in your own words, or say nothing:\n"
                "• warm and hopeful, no drums\n"
                "• dark synthwave, 110 bpm\n"
                "• epic, in D minor, without choir"
            ),
            say(
                "You get the same picture with music: cues that change with the scenes, accents on the cuts. The "
                "buttons under it make another take, change mood and tempo, or send the music alone, the stems and "
                "the notes."
            ),
            say(
                "Who plays can be chosen where there is a choice: write composer:NAME among your words, or press "
                "Composer under a film."
            ),
            videos.usage(language, front=front),
            say(
                "/queue shows how your clips stand, /cancel stops them, /takes lists your last films. Admins of a "
                "group or channel: /settings and /autoscore."
            ),
        )
    )


def privacy(language: str, *, keep_days: float) -> str:
    """Say truthfully what is kept, for how long, and how to remove it."""
    say = speak(language)
    kept = say.many("{count} day", "{count} days", max(1, round(keep_days)))
    return "\n\n".join(
        (
            say(
                "What is kept: your clip and what was made of it (film, music, stems, notes), the words that you wrote "
                "to it, your id and the chat's id, the language you chose, and your ratings. A message to me is stored "
                "until it is worked through; after that only its number stays. Your name is not kept."
            ),
            say(
                "How long: {kept} after a job has ended. Then clip, films and words are removed by themselves.",
                kept=kept,
            ),
            say(
                "Who sees it: the music is made on the machines of whoever runs this bot. Your clips train nothing, "
                "and what the file tells about place and camera is not carried over into the film."
            ),
            say(
                "Where whoever runs this bot has set up engines of others (OpenAI, Replicate, Suno), the lyrics, "
                "wishes and pictures of a music video go to them; the preview names a price then. Of a clip, small "
                "stills, what is seen in them and your words may go to them; the clip itself does not."
            ),
            say(
                "/forgetme removes everything of yours at once, work in progress too. Messages that are already in a "
                "chat stay there until they are deleted there."
            ),
        )
    )


def forget_question(language: str) -> str:
    return speak(language).say(
        "This removes everything of yours: clips, films, ratings, settings; what is being made is stopped. "
        "It cannot be undone. Shall I?"
    )


def yes(language: str) -> str:
    return speak(language).say("Yes, remove everything")


def no(language: str) -> str:
    return speak(language).say("No, keep it")


def forgotten(jobs: int, language: str) -> str:
    say = speak(language)
    if not jobs:
        return say("Done: nothing of yours is left here.")
    return say.many(
        "Done: {count} clip and everything made of it is removed. Nothing of yours is left here.",
        "Done: {count} clips and everything made of them are removed. Nothing of yours is left here.",
        jobs,
    )


def send_a_clip(language: str) -> str:
    """Answer a message that holds neither clip nor track."""
    return speak(language).say(
        "Send me a silent clip or a track: a video, a GIF, a sound file, or a link to one. /help shows more."
    )


def reply_to_a_clip(language: str) -> str:
    """Answer a /score that is no reply to a clip."""
    return speak(language).say("Reply with /score to a message that has a clip.")


def unknown_command(language: str) -> str:
    return speak(language).say("That is no command of mine. /help shows what there is.")


def admins_only(language: str) -> str:
    return speak(language).say("Only admins of this chat can do that.")


def broke(language: str, *, job: str = "") -> str:
    """Say that something broke on our side; the job's id lets the owner find it in the logs."""
    say = speak(language)
    if job:
        return say("Something broke on our side. It is noted under {job}; please try again.", job=job)
    return say("Something broke on our side. It is noted; please try again.")


def too_large(most_bytes: int, language: str) -> str:
    """Say that the network hands us no file of that size, and what the ways out are."""
    return speak(language).say(
        "This place hands me files of at most {most} MB.\nSend a shorter or smaller clip, or a link to it.",
        most=most_bytes // 1_000_000,
    )


def language_question(language: str) -> str:
    return speak(language).say("Which language shall I speak?")


def language_set(language: str) -> str:
    return speak(language).say("I speak English now.")


def languages() -> dict[str, str]:
    """Return what can be chosen: {"en": "English", ...}."""
    return dict(LANGUAGES)


def commands(language: str) -> dict[str, str]:
    """Return what each command does, by its name."""
    say = speak(language)
    return {name: say(does) for name, does in COMMANDS.items()}


def autoscore(state: str, language: str) -> str:
    """Say what becomes of clips that are posted in a chat."""
    say = speak(language)
    return {
        "off": say("Auto-score is off: clips are scored when somebody asks for it."),
        "on": say("Auto-score is on: every clip posted here gets music."),
        "silent-only": say("Auto-score is on for silent clips; clips with sound are left alone."),
    }[state]


def autoscore_usage(language: str) -> str:
    return speak(language).say("Write /autoscore on, /autoscore silent-only or /autoscore off.")


def settings(*, style: str, mood: str, takes: int, language: str) -> str:
    """List what a chat's admins chose."""
    say = speak(language)
    free = say("as the picture asks")
    return _lines(
        say("Style: {style}", style=plain(say(style)) if style else free),
        say("Mood: {mood}", mood=plain(say(mood)) if mood else free),
        say("Takes: {takes}", takes=takes),
    )


def settings_usage(language: str) -> str:
    return speak(language).say(
        "To change it, write for instance: /settings style=epic mood=hopeful takes=2 language=de\n"
        "Styles are {styles}. “style=” with nothing after it takes a style back.",
        styles=", ".join(STYLES),
    )


# ---- the desk's answers ----


def full(which: str, most: int, wait_s: float | None, language: str) -> tuple[str, str]:
    """Return (sentence, hint) for a limit that is reached, with an honest wait where one is known."""
    say = speak(language)
    sentences = {
        "person": say.many(
            "You have {count} clip waiting already; more are not taken.",
            "You have {count} clips waiting already; more are not taken.",
            most,
        ),
        "chat": say.many(
            "This chat has {count} clip waiting already; more are not taken.",
            "This chat has {count} clips waiting already; more are not taken.",
            most,
        ),
        "queue": say.many(
            "The queue is full: {count} clip is waiting.", "The queue is full: {count} clips are waiting.", most
        ),
        "day": say.many(
            "You have asked for {count} clip within a day; that is the limit.",
            "You have asked for {count} clips within a day; that is the limit.",
            most,
        ),
    }
    if which == "day":
        return sentences["day"], say("Come back tomorrow.")
    if wait_s is None:
        return sentences[which], say("Try again later, or cancel some with /cancel.")
    return sentences[which], say("Try again in {time}.", time=about(wait_s, language))


def over_bytes(size: int, most: int, language: str) -> tuple[str, str]:
    say = speak(language)
    return (
        say("The file has {size} MB; at most {most} MB are taken.", size=math.ceil(size / 1e6), most=int(most / 1e6)),
        say("Send a shorter or smaller clip."),
    )


def not_yours(language: str) -> str:
    return speak(language).say("These buttons belong to whoever asked for the film. Send a clip of your own!")


def not_yours_to_stop(language: str) -> str:
    return speak(language).say("Somebody else asked for this film. Only they and the admins of this chat can stop it.")


def job_gone(language: str) -> str:
    return speak(language).say("This job is no longer kept here. Send the clip again.")


def no_film(language: str) -> str:
    return speak(language).say("There is no film to do that with.")


def no_notes(language: str) -> str:
    return speak(language).say("There are no notes of this music.")


def on_its_way(what: str, language: str, *, again: bool) -> str:
    """Answer a press that made something; `again` when it was under way already."""
    say = speak(language)
    if again:
        return say("That is on its way already.")
    return {
        "take": say("Another take is on its way."),
        "mood": say("The same film in another mood is on its way."),
        "length": say("A take from prompts of that length is on its way."),
        "tempo": say("The same film at another tempo is on its way."),
        "composer": say("The same film with another composer is on its way."),
        "file": say("The film in full quality is on its way."),
    }.get(what, say("On its way."))


def pick_mood(language: str) -> str:
    return speak(language).say("Which mood shall it be?")


def pick_length(language: str) -> str:
    return speak(language).say("How long a prompt shall each cue get?")


def pick_composer(language: str) -> str:
    return speak(language).say("Who shall play?")


def composer_gone(language: str) -> str:
    return speak(language).say("That composer is not here any more.")


def unknown_composer(named: str, offered: Sequence[str], language: str) -> tuple[str, str]:
    say = speak(language)
    sentence = say("There is no composer named {name} here.", name=plain(named))
    return sentence, say("There are: {names}.", names=", ".join(plain(name) for name in offered))


def tempo_at_end(language: str) -> str:
    return speak(language).say("That is as far as the tempo goes.")


def rating_question(asked: str, language: str) -> str:
    say = speak(language)
    return say("{question} 1 is not at all, 5 is very much.", question=say(ASKED_OF_RATERS[asked]))


def rated(language: str) -> str:
    return speak(language).say("Thank you! Your answers are kept.")


def bad_rating(language: str) -> str:
    return speak(language).say("Answer with a number from 1 to 5.")


def rating_labels(language: str) -> dict[str, str]:
    """Return the four questions in full, by their names: for a network that has forms."""
    say = speak(language)
    return {asked: say(words) for asked, words in ASKED_OF_RATERS.items()}


def sound_chosen(choice: str, language: str) -> str:
    say = speak(language)
    return {
        "keep": say("The clip's own sound stays under the music."),
        "replace": say("The music replaces the clip's own sound."),
        "leave": say(LEFT),
    }[choice]


def answered_already(language: str) -> str:
    return speak(language).say("That has been answered already.")


def canceled(count: int, language: str) -> str:
    say = speak(language)
    if not count:
        return say("Nothing of yours is waiting or being made here.")
    return say.many("{count} clip is stopped.", "{count} clips are stopped.", count)


def ended_already(language: str) -> str:
    return speak(language).say("That has ended already.")


def queue(mine: Sequence[Status], waiting: int, wait_s: float | None, language: str) -> str:
    """Say how a person's jobs stand and how long the queue is."""
    say = speak(language)
    standing = [f"{number}. {_one_line(status(one, language))}" for number, one in enumerate(mine, 1)]
    whole = (
        say.many("{count} clip is waiting in all.", "{count} clips are waiting in all.", waiting)
        if waiting
        else say("Nobody is waiting.")
    )
    wait = say("A new clip would take {time}.", time=about(wait_s, language)) if wait_s is not None else ""
    return _lines(*(standing or [say("Nothing of yours is waiting or being made here.")]), f"{whole} {wait}".strip())


def _one_line(text: str) -> str:
    return ", ".join(line.rstrip(".") for line in text.splitlines())


def takes(films: Sequence[Film], language: str) -> str:
    """List a person's last films, newest first."""
    say = speak(language)
    if not films:
        return say("There are no films of yours here yet. Send me a silent clip!")
    lines = [f"{number}. {film_name(film, language)}" for number, film in enumerate(films, 1)]
    return _lines(say("Your last films here; choose one to do more with it:"), *lines)


def film_name(film: Film, language: str) -> str:
    """Name a film in a few words."""
    if film.facts is not None:
        return videos.film_name(film, language)
    say = speak(language)
    cue = film.cues[0] if film.cues else None
    words = dict.fromkeys(plain(say(word)) for word in (film.style, cue.mood if cue else "") if word)
    tempo = [say("{tempo} bpm", tempo=round(cue.tempo))] if cue else []
    described = ", ".join([*words, *tempo])
    return say("{described}, {length}, seed {seed}", described=described, length=clock(film.seconds), seed=film.seed)


def song_title(film: Film, language: str) -> str:
    """Name the music for a player."""
    say = speak(language)
    mood = film.cues[0].mood if film.cues else ""
    return plain(say("{style} score, {mood}", style=say(film.style), mood=say(mood))).capitalize()


def settings_kept(language: str) -> str:
    return speak(language).say("Saved.")


def nothing_removed(language: str) -> str:
    return speak(language).say("Good. Nothing was removed.")


def bad_setting(name: str, language: str) -> str:
    """Say what a setting may be, or that there is none of that name."""
    say = speak(language)
    if name == "takes":
        return say("Takes can be 1, 2, 3 or 4.")
    if name == "language":
        return unknown_language(language)
    return say("That is no setting that I know: {name}", name=plain(name)[:40])


def owners_only(language: str) -> str:
    return speak(language).say("Only the owner of this bot can see that.")


def means(rows: Sequence[dict[str, Any]], language: str) -> str:
    """Print the mean ratings of each configuration, like Table 1 of the paper."""
    say = speak(language)
    if not rows:
        return say("Nobody has rated anything yet.")
    return "\n\n".join([say("Means of the ratings, 1 to 5:"), *(_mean(row, say) for row in rows)])


def _mean(row: dict[str, Any], say: Speech) -> str:
    figures = (f"{say(RATED[asked])} {_figure(row.get(asked))}" for asked in QUESTIONS)
    heard = say.many("{count} answer", "{count} answers", int(row["answers"]))
    return f"{plain(row['configuration'])} ({heard})\n{' · '.join(figures)}"


def _figure(mean: float | None) -> str:
    return "-" if mean is None else f"{mean:.2f}"


def unknown_language(language: str) -> str:
    return speak(language).say("I do not speak that language. I speak: {known}", known=", ".join(LANGUAGES.values()))
