"""BLIP-2: captions key frames and answers questions about them; `blip2` (Flan-T5), `blip2:opt-2.7b`, a folder.

A frame goes through the vision tower and the Q-Former once; what they give, 32 vectors, stands before every prompt, for
the Q-Former has not seen the prompt. One prompt at a time is put to as many frames as memory holds, so that nothing is
padded. Which emotion it is, the model is not left to say: the seven words are put into its mouth, and how likely each
one is beside a grey card tells.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import shelf
from pipeline.backends import Session, Vendors
from pipeline.cuesheet import EMOTIONS, Emotion, Reading, Scene
from pipeline.eye.answers import plain
from pipeline.eye.batches import in_batches
from pipeline.eye.emotions import weigh
from pipeline.eye.models import Opened, need_packages, open_model
from pipeline.eye.stills import Frames, grey_card, normalise, read_frames
from pipeline.readings import put_in
from pipeline.weights import choose, locate

FRAMES = 16  # at once; with a caption's five beams they take about 3 GB beside the weights in half precision
BEAMS = 5  # of a caption: the number its makers publish with
CAPTION_TOKENS, ANSWER_TOKENS = 30, 10

CAPTION = "a photo of"  # what both language models were taught to go on from
QUESTIONS = {
    "mood": "What is the mood of this picture?",
    "place": "Where was this picture taken?",
    "time_of_day": "What time of day is it in this picture?",
    "moving": "What is moving in this picture?",
}
#: the paper's emotion questions, over its seven; the second one is about people, whose faces tell more than places do
EMOTION_QUESTIONS = (
    "Which emotion does this picture convey: happiness, sadness, disgust, anger, fear, surprise or neutrality?",
    "How do the people in this picture feel: happy, sad, disgusted, angry, afraid, surprised or neutral?",
)
#: the words for each emotion that count as its answer
EMOTION_WORDS: dict[Emotion, tuple[str, ...]] = {
    "happiness": ("happiness", "happy"), "sadness": ("sadness", "sad"), "disgust": ("disgust", "disgusted"),
    "anger": ("anger", "angry"), "fear": ("fear", "afraid"), "surprise": ("surprise", "surprised"),
    "neutrality": ("neutrality", "neutral"),
}  # fmt: skip

Tell = Callable[[int], None]


@dataclass(frozen=True)
class Blip:
    """The model, and which of the two kinds of language model it speaks by."""

    opened: Opened
    encodes: bool  #: Flan-T5 reads the prompt with an encoder, OPT goes on from it

    @property
    def speech(self) -> Any:
        return self.opened.model.language_model


class Blip2Captioner:
    """Reads all frames of all scenes together; the model is loaded with the first ones."""

    def __init__(self, variant: str, vendors: Vendors) -> None:
        """Raises Refused for a model that is none, Unavailable where package or weights are missing."""
        self._weights = choose("captioner", "blip2", variant, vendors)
        need_packages("Reading pictures by BLIP-2")
        self._folder = locate(self._weights, vendors)
        self._vendors = vendors
        self.name = f"blip2:{Path(self._weights.variant).name}"
        self.licence, self.commercial = self._weights.licence, self._weights.commercial

    def see(self, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]], session: Session) -> list[Scene]:
        """Return the scenes with what was read in their stills; scenes that show nothing stay as they are."""
        session.report("cues", 0, 1)
        device, weights = shelf.device(self._vendors), self._weights
        key = ("blip2", str(self._folder), device)
        with shelf.borrow(
            key, lambda: open_blip(self._folder, device), bytes=weights.memory_on(device), device=device
        ) as blip:
            frames = read_frames(stills, side=blip.opened.side, squeezed=True)
            readings = read(blip, frames, by=self.name, session=session)
        return [put_in(scene, reading) if reading else scene for scene, reading in zip(scenes, readings, strict=True)]


def open_blip(folder: Path, device: str) -> Blip:
    """Open the model of a folder. Raises Unavailable."""
    dtype = shelf.dtype(device)
    opened = open_model(folder, kind="Blip2ForConditionalGeneration", device=device, dtype=_sound(dtype, folder))
    return Blip(opened, encodes=not opened.model.config.use_decoder_only_language_model)


def _sound(dtype: Any, folder: Path) -> Any:
    """Return the type of numbers that the language model can count in: T5 runs over float16's largest."""
    import torch

    try:
        kind = json.loads((folder / "config.json").read_bytes())["text_config"]["model_type"]
    except (OSError, ValueError, LookupError, TypeError):
        return dtype  # whatever is wrong there, opening will tell
    return torch.bfloat16 if kind == "t5" and dtype == torch.float16 else dtype


def read(blip: Blip, frames: Frames, *, by: str, session: Session) -> list[Reading | None]:
    """Return what each scene's frames show; None for a scene without any."""
    count = len(frames.pixels)
    if not count:
        return [None] * len(frames.of_scenes)
    shown = [index for index, rows in enumerate(frames.of_scenes) if rows]
    steps = [count] * 3 + [len(shown)] * len(QUESTIONS) + [count] * len(EMOTION_QUESTIONS)
    starts = [0, *accumulate(steps)]

    def telling(step: int) -> Tell:
        return lambda done: session.report("cues", starts[step] + done, starts[-1])

    seen = look(blip, frames.pixels, telling(0))
    captions = say(blip, seen, CAPTION, beams=BEAMS, most=CAPTION_TOKENS, tell=telling(1))
    best = choose_captions(blip, seen, captions, frames.of_scenes, telling(2))
    clearest = [best[index] for index in shown]
    answers = {
        what: say(blip, seen[clearest], ask(blip, question), beams=1, most=ANSWER_TOKENS, tell=telling(3 + number))
        for number, (what, question) in enumerate(QUESTIONS.items())
    }
    fits, grey = judge(blip, seen, [telling(3 + len(QUESTIONS) + number) for number in range(len(EMOTION_QUESTIONS))])
    readings: list[Reading | None] = [None] * len(frames.of_scenes)
    for number, index in enumerate(shown):
        readings[index] = Reading(
            by=by,
            caption=captions[best[index]],
            mood=answers["mood"][number],
            place=answers["place"][number],
            time_of_day=answers["time_of_day"][number],
            moving=answers["moving"][number],
            emotions=weigh(fits[list(frames.of_scenes[index])], grey),
        )
    return readings


def ask(blip: Blip, question: str) -> str:
    """Return a question as the language model was taught to take it."""
    return f"Question: {question} {'Short answer' if blip.encodes else 'Answer'}:"


def look(blip: Blip, pixels: NDArray[np.uint8], tell: Tell) -> Any:
    """Return what the vision tower and the Q-Former give for each frame: a (frames, queries, width) tensor."""
    import torch

    opened = blip.opened

    def see(first: int, end: int) -> Any:
        shown = torch.from_numpy(normalise(pixels[first:end], opened.mean, opened.deviation))
        with torch.inference_mode():
            found = opened.model.get_image_features(pixel_values=shown.to(opened.device, opened.dtype)).pooler_output
        tell(end)
        return found

    return torch.cat(in_batches(len(pixels), see, most=FRAMES))


def say(blip: Blip, seen: Any, prompt: str, *, beams: int, most: int, tell: Tell) -> list[str]:
    """Return what the model goes on to say after the same prompt, for each frame."""
    import torch
    from transformers import GenerationConfig

    texts = blip.opened.model.config.text_config
    ends = {blip.opened.tokenizer.eos_token_id, texts.eos_token_id, *_line_ends(blip)} - {None}
    config = GenerationConfig(
        num_beams=beams,
        max_new_tokens=most,
        do_sample=False,
        eos_token_id=sorted(ends),
        bos_token_id=texts.bos_token_id,
        pad_token_id=texts.pad_token_id,
        decoder_start_token_id=_start(blip) if blip.encodes else None,
    )

    def talk(first: int, end: int) -> list[str]:
        def at_each_word(ids: Any, scores: Any, **_: Any) -> Any:
            tell(first)  # the only way to stop a model that is speaking
            return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)

        before = _before(blip, seen[first:end], prompt)
        with torch.inference_mode():
            ids = blip.speech.generate(
                inputs_embeds=before,
                attention_mask=torch.ones(before.shape[:2], dtype=torch.long, device=before.device),
                generation_config=config,
                stopping_criteria=[at_each_word],
            )
        tell(end)
        return [_first_line(text) for text in blip.opened.tokenizer.batch_decode(ids, skip_special_tokens=True)]

    return [text for texts in in_batches(len(seen), talk, most=FRAMES) for text in texts]


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _line_ends(blip: Blip) -> list[int]:
    """Return the token that ends a line: OPT goes on with another question after it."""
    ids = [] if blip.encodes else blip.opened.tokenizer("\n", add_special_tokens=False)["input_ids"]
    return ids if len(ids) == 1 else []


def _start(blip: Blip) -> int:
    """Return the token that an answer of T5 begins with: its padding, where the configuration does not say."""
    texts = blip.opened.model.config.text_config
    start = getattr(texts, "decoder_start_token_id", None)
    return int(texts.pad_token_id if start is None else start)


def _before(blip: Blip, seen: Any, prompt: str) -> Any:
    """Return what comes before the answer: the frames' vectors, then the prompt's, (frames, length, width)."""
    import torch

    ids = torch.tensor([blip.opened.tokenizer(prompt)["input_ids"]], device=seen.device)
    words = blip.speech.get_input_embeddings()(ids).expand(len(seen), -1, -1)
    return torch.cat([seen.to(words.dtype), words], dim=1)


def choose_captions(
    blip: Blip, seen: Any, captions: Sequence[str], of_scenes: Sequence[Sequence[int]], tell: Tell
) -> list[int]:
    """Return for each scene the frame whose caption fits all of its frames best; -1 for a scene without frames."""
    offered: list[list[str]] = [[] for _ in captions]
    for rows in of_scenes:
        said = list(dict.fromkeys(captions[row] for row in rows if plain(captions[row], 2)))
        for row in rows:
            offered[row] += [caption for caption in said if len(said) > 1 and caption not in offered[row]]
    judged = [row for row, candidates in enumerate(offered) if candidates]
    found = fit(blip, seen[judged], CAPTION, [offered[row] for row in judged], mean=True, tell=tell) if judged else []
    fits = {row: dict(zip(offered[row], scores, strict=True)) for row, scores in zip(judged, found, strict=True)}
    tell(len(captions))

    def agreement(rows: Sequence[int], row: int) -> float:
        return sum(fits.get(other, {}).get(captions[row], -1e9) for other in rows)

    return [max(rows, key=lambda row: agreement(rows, row)) if rows else -1 for rows in of_scenes]


def judge(blip: Blip, seen: Any, tells: Sequence[Tell]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how likely each emotion is the answer, as logarithms: (frames, 7), and (7,) for a grey card."""
    import torch

    kept = blip.opened.kept
    if "grey" not in kept:
        kept["grey"] = look(blip, grey_card(blip.opened.side), lambda done: None)
    both = torch.cat([kept["grey"], seen])
    words = [word for emotion in EMOTIONS for word in EMOTION_WORDS[emotion]]
    means = np.zeros((len(both), len(EMOTIONS)))
    for question, tell in zip(EMOTION_QUESTIONS, tells, strict=True):
        found = fit(blip, both, ask(blip, question), [words] * len(both), tell=_less_one(tell))
        likely = np.array(found, np.float64).reshape(len(both), len(EMOTIONS), -1)
        means += np.logaddexp.reduce(likely, axis=2) / len(EMOTION_QUESTIONS)
    return means[1:], means[0]


def _less_one(tell: Tell) -> Tell:
    """Leave the grey card out of what is counted."""
    return lambda done: tell(done - 1)


def fit(
    blip: Blip, seen: Any, prompt: str, answers: Sequence[Sequence[str]], *, mean: bool = False, tell: Tell
) -> list[list[float]]:
    """Return the logarithm of how likely each frame's answers are after the prompt; of a token, on average, by `mean`.

    The prompt is read once for each frame, not once for each answer.
    """
    import torch

    def read_out(first: int, end: int) -> list[list[float]]:
        asked = answers[first:end]
        tokens, spoken = _tokens(blip, [answer for given in asked for answer in given])
        whose = torch.tensor([row for row, given in enumerate(asked) for _ in given], device=seen.device)
        with torch.inference_mode():
            logits = _hear(blip, _before(blip, seen[first:end], prompt), whose, tokens)
            likely = torch.log_softmax(logits.float(), dim=-1).gather(2, tokens[..., None])[..., 0] * spoken
            totals = likely.sum(1) / (spoken.sum(1) if mean else 1)
        tell(end)
        flat = iter(totals.tolist())
        return [[next(flat) for _ in given] for given in asked]

    most = max(1, FRAMES * 4 // max(map(len, answers), default=1))
    return [row for rows in in_batches(len(answers), read_out, most=most) for row in rows]


def _tokens(blip: Blip, answers: Sequence[str]) -> tuple[Any, Any]:
    """Return the tokens of answers, (answers, longest), and which of them are spoken and not filled up."""
    import torch

    tokenizer, device = blip.opened.tokenizer, blip.opened.device
    lead = "" if blip.encodes else " "  # after a colon OPT's words begin with their space
    ids = [tokenizer(lead + answer.strip(), add_special_tokens=False)["input_ids"] for answer in answers]
    if blip.encodes:
        ids = [[*words, blip.opened.model.config.text_config.eos_token_id] for words in ids]
    longest = max(1, *map(len, ids))
    tokens = torch.tensor([words + [0] * (longest - len(words)) for words in ids], device=device)
    spoken = torch.tensor([[1.0] * len(words) + [0.0] * (longest - len(words)) for words in ids], device=device)
    return tokens, spoken


def _hear(blip: Blip, before: Any, whose: Any, tokens: Any) -> Any:
    """Return the logits of every token of every answer, each after its own frame; (answers, longest, words)."""
    import torch

    mask = torch.ones(before.shape[:2], dtype=torch.long, device=before.device)
    if blip.encodes:
        read = blip.speech.get_encoder()(inputs_embeds=before, attention_mask=mask)
        read.last_hidden_state = read.last_hidden_state[whose]
        given = torch.cat([torch.full_like(tokens[:, :1], _start(blip)), tokens[:, :-1]], dim=1)
        return blip.speech(encoder_outputs=read, attention_mask=mask[whose], decoder_input_ids=given).logits
    read = blip.speech(inputs_embeds=before, attention_mask=mask, use_cache=True, logits_to_keep=1)
    first = read.logits[:, -1:][whose]
    if tokens.shape[1] == 1:
        return first
    cache = read.past_key_values
    cache.batch_select_indices(whose)
    given = tokens[:, :-1]
    wide = torch.cat([mask[whose], torch.ones_like(given)], dim=1)
    return torch.cat([first, blip.speech(input_ids=given, attention_mask=wide, past_key_values=cache).logits], dim=1)


def load(variant: str, vendors: Vendors) -> Blip2Captioner:
    return Blip2Captioner(variant, vendors)
