"""Every error that a person may see.

    UserError            a sentence to show, `.hint` what to do about it, `.code` for programs
    ├── BadMedia         the file is not what it should be: no picture or no sound in it, broken, of another kind
    ├── BadSheet         an edited cue sheet or storyboard that does not hold together
    ├── BadLyrics        lyrics that are none: empty, no text
    ├── OverLimit        too long, too large, too many pixels, too much time or memory
    │   └── DoesNotFit   the film cannot be made small enough for where it shall go; without that limit it can be made
    ├── Refused          asked for something that is not done here, or that does not exist
    ├── Undecided        the person has to say first what happens to the clip's own sound
    ├── Unavailable      a tool, model or vendor is missing or down; `.retry_after` seconds where known
    └── Cancelled        the person asked for it to stop

Foreign errors become these in the one file that knows the foreigner. Anything else that escapes is a bug and is
shown as one.
"""

from __future__ import annotations

from typing import ClassVar


class UserError(Exception):
    """A sentence for the person, with a hint what to do and a code for programs."""

    code: ClassVar[str] = "error"

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class BadMedia(UserError):
    """The file is not a clip, a track or a picture that can be used."""

    code = "bad_media"


class BadSheet(UserError):
    """An edited cue sheet or storyboard that does not hold together."""

    code = "bad_sheet"


class BadLyrics(UserError):
    """Lyrics that cannot be read as any."""

    code = "bad_lyrics"


class OverLimit(UserError):
    """More seconds, pixels, frames, bytes, time or memory than is allowed."""

    code = "over_limit"


class DoesNotFit(OverLimit):
    """A film that cannot be made small enough for where it shall go."""


class Undecided(UserError):
    """A question that has to be answered before the work can go on."""

    code = "undecided"


class Refused(UserError):
    """Something that is not done here, or an option that does not exist."""

    code = "refused"


class Unavailable(UserError):
    """A tool, model or vendor is missing or down."""

    code = "unavailable"

    def __init__(self, sentence: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(sentence, hint=hint)
        self.retry_after = retry_after


class Cancelled(UserError):
    """The person asked for it to stop."""

    code = "cancelled"
