"""How a job ends when its own work has nothing to say: the sentences of the dispatcher and the worker.

They stand here in English, whole and without figures, so that bot/text can translate each by an exact match.
"""

from __future__ import annotations

from jobs.job import Outcome

CANCELED = Outcome("sentence", sentence="This was cancelled.", code="cancelled")
CRASHED = Outcome(
    "sentence",
    sentence="This clip has stopped the work twice, so it was given up.",
    hint="Export it again as MP4 or trim it a little, and send that.",
    code="crashed",
)
BROKEN = Outcome(
    "sentence",
    sentence="Something went wrong here, and it is not your fault.",
    hint="It was noted. Try again later, or with another clip.",
    code="bug",
)
TOO_SLOW = Outcome(
    "sentence",
    sentence="This clip took longer than one job may take.",
    hint="Send a shorter clip, or ask for fewer takes.",
    code="over_limit",
)
EXPIRED = Outcome(
    "sentence",
    sentence="This clip has waited for a day and its turn did not come.",
    hint="Send it again when it is quieter here.",
    code="expired",
)
UNANSWERED = Outcome(
    "sentence",
    sentence="Nobody has said what to do with the clip's own sound, so nothing was made.",
    hint="Send the clip again and choose.",
    code="expired",
)
NO_UPLOAD = Outcome(
    "sentence",
    sentence="The clip is not here any more.",
    hint="Send it again.",
    code="gone",
)
NO_STORE = Outcome(
    "sentence",
    sentence="The film could not be put away: the store does not answer.",
    hint="Try again later.",
    code="unavailable",
)

ENDINGS = (CANCELED, CRASHED, BROKEN, TOO_SLOW, EXPIRED, UNANSWERED, NO_UPLOAD, NO_STORE)
