"""What `reelscore models` says."""

from __future__ import annotations

MODELS = (
    "List the engines: what each needs, what may be done with what it makes, its size, memory and speed.\n\n"
    "Those of Reelscore's own need nothing. Models need their packages (pip install '.\\[models]') and weights, which "
    "are fetched only when you ask: one pinned commit of each, safetensors only, into the folder that REELSCORE_MODELS "
    "names. Hosted ones need a key."
)
MODELS_EXAMPLES = (
    "[bold]Examples[/bold]\n\n"
    "  reelscore models\n\n"
    "  reelscore models fetch musicgen:small blip2\n\n"
    "  reelscore score clip.mp4 --captioner blip2 --composer musicgen:small"
)
FETCH = (
    "Fetch the weights of models from the Hugging Face hub.\n\n"
    "Stopped and started again, it goes on after the files that are whole."
)
NAMES = "Such as musicgen:small, composer/musicgen:small, or blip2 for the usual one of its kind."
REVISION = "Another commit than the pinned one, 40 digits; it is written down and used from then on."
AS_JSON = "Print the list as JSON."

COLUMNS = ("Engine", "State", "Commercial use", "Size", "Memory", "Speed")
KINDS = {
    "captioner": "Captioners, who look at the scenes",
    "writer": "Writers, who direct",
    "composer": "Composers",
    "aligner": "Aligners, who put lyrics in time",
    "director": "Directors of music videos",
    "illustrator": "Illustrators",
    "animator": "Animators",
    "singer": "Singers",
}
READY = "ready"
NEEDS_PACKAGES = "needs {install}"
NEEDS_WEIGHTS = "not fetched"
NEEDS_SETTING = "needs {names}"
OR = " or "
COMMERCIAL = {True: "yes", False: "no", None: "see its terms"}
NOTHING = "-"
WEIGHS = "{size} to fetch, {memory} of memory"
ABOUT = "Sizes, memory and speed are rough. Licences in full: reelscore models --json"
FOLDER = "Weights lie in {folder}."
DEFAULT_FOLDER = "Weights lie where Hugging Face's tools keep them; REELSCORE_MODELS names another folder."

FETCHING = "Fetching {name}"
FETCHES = "{name}: {repository}, about {size}. {licence}"
FETCHED = "{name} is on this machine, commit {commit}."
TAKEN = "That commit was not pinned before: it is the one that the hub has today, and it is used from now on."
STOPPED = "Stopped. What is whole stays; the same command goes on after it."
NOTHING_NAMED = "No model is named."
NO_WEIGHTS = "The {kind} {name!r} needs no weights."
NOT_KNOWN = "There is no model named {name!r}."
KNOWN = "Known: {names}."
ONE_REVISION = "A commit belongs to one model, and several are named."
ONE_REVISION_HINT = "Fetch them one by one."
SIZE = "{gigabytes:.1f} GB"
