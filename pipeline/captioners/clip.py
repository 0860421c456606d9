"""CLIP: says which words of a list fit the picture, and how well; `clip` (ViT-B/32), `clip:vit-l-14`, a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.backends import Session, Vendors
from pipeline.cuesheet import EMOTIONS, Emotion, Reading, Scene
from pipeline.eye.emotions import softmax, weigh
from pipeline.eye.likeness import Vectors, borrow_clip, embed_pictures, embed_sentences, scale
from pipeline.eye.models import Opened, need_packages
from pipeline.eye.stills import grey_card, read_frames
from pipeline.eye.vocabulary import ACTING, EMOTION_SENTENCES, GROUPS, TIMES, Group, tag
from pipeline.readings import put_in
from pipeline.weights import choose, locate

#: by how much of a share the best phrase of a group must beat the sentences that say there is none, to be said at all
MARGIN = 0.15
#: of a share: a phrase this likely is worth a tag even where it is not the best of its group
TAG = 0.2


@dataclass(frozen=True)
class Vocabulary:
    """The words as the model sees them: vectors of length one."""

    groups: tuple[Vectors, ...]  #: for each group its phrases, then what stands for none of them
    emotions: Vectors  #: (7, d)
    grey: NDArray[np.float64]  #: how well each emotion fits a grey card, (7,), in logits
    scale: float


class ClipCaptioner:
    """Tags, emotion and a caption put together from tags; all frames of all scenes go through the model together."""

    def __init__(self, variant: str, vendors: Vendors) -> None:
        """Raises Refused for a model that is none, Unavailable where package or weights are missing."""
        self._weights = choose("captioner", "clip", variant, vendors)
        need_packages("Reading pictures by CLIP")
        locate(self._weights, vendors)
        self._vendors = vendors
        self.name = f"clip:{Path(self._weights.variant).name}"
        self.licence, self.commercial = self._weights.licence, self._weights.commercial

    def see(self, scenes: Sequence[Scene], stills: Sequence[Sequence[bytes]], session: Session) -> list[Scene]:
        """Return the scenes with what was read in their stills; scenes that show nothing stay as they are."""
        session.report("cues", 0, 1)
        with borrow_clip(self._weights, self._vendors) as clip:
            frames = read_frames(stills, side=clip.side, squeezed=False)
            if not len(frames.pixels):
                return list(scenes)
            words = clip.kept["vocabulary"] = clip.kept.get("vocabulary") or embed_vocabulary(clip)
            seen = embed_pictures(clip, frames.pixels, lambda done: session.report("cues", done, len(frames.pixels)))
        return [
            put_in(scene, read(seen[list(rows)], words, by=self.name)) if rows else scene
            for scene, rows in zip(scenes, frames.of_scenes, strict=True)
        ]


def embed_vocabulary(clip: Opened) -> Vocabulary:
    """Have the model read every phrase and every emotion's sentences, and look at a grey card."""
    told = [[sentence.format(phrase) for sentence in g.sentences] for g in GROUPS for phrase in g.phrases]
    told += [[sentence] for g in GROUPS for sentence in g.neither]
    told += [list(EMOTION_SENTENCES[emotion]) for emotion in EMOTIONS]
    flat = embed_sentences(clip, [sentence for sentences in told for sentence in sentences])
    means = _means(flat, [len(sentences) for sentences in told])
    phrases, neither, emotions = np.split(
        means, np.cumsum([sum(len(g.phrases) for g in GROUPS), sum(len(g.neither) for g in GROUPS)])
    )
    parts = np.split(phrases, np.cumsum([len(g.phrases) for g in GROUPS])[:-1])
    rest = np.split(neither, np.cumsum([len(g.neither) for g in GROUPS])[:-1])
    grey = embed_pictures(clip, grey_card(clip.side), lambda done: None) @ emotions.T * scale(clip)
    return Vocabulary(
        tuple(np.concatenate(pair) for pair in zip(parts, rest, strict=True)),
        emotions,
        grey[0].astype(float),
        scale(clip),
    )


def _means(vectors: Vectors, counts: Sequence[int]) -> Vectors:
    """Return the mean direction of each run of vectors."""
    starts = np.cumsum([0, *counts[:-1]])
    sums = np.add.reduceat(vectors, starts, axis=0)
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12), np.float32)


def read(frames: Vectors, words: Vocabulary, *, by: str) -> Reading:
    """Return what the frames of one scene, (n, d) of length one, show."""
    scene = frames.mean(axis=0)
    scene = scene / max(float(np.linalg.norm(scene)), 1e-12)
    shares = [softmax(words.scale * (vectors @ scene).astype(float)) for vectors in words.groups]
    said = {group.name: pick(group, share) for group, share in zip(GROUPS, shares, strict=True)}
    emotions: dict[Emotion, float] = weigh(words.scale * (frames @ words.emotions.T), words.grey)
    return Reading(
        by=by,
        caption=compose(said),
        mood=said["mood"],
        place=tag(said["place"]),
        time_of_day=TIMES.get(said["light"], ""),
        moving=said["activity"],
        tags=pick_tags(shares),
        emotions=emotions,
    )


def pick(group: Group, shares: NDArray[np.float64]) -> str:
    """Return the phrase that fits best, empty where it does not clearly beat what stands for none of them."""
    best = int(shares[: len(group.phrases)].argmax())
    clearly = shares[best] >= shares[len(group.phrases) :].sum() + MARGIN
    return group.phrases[best] if clearly else ""


def pick_tags(shares: Sequence[NDArray[np.float64]]) -> tuple[str, ...]:
    """Return the tags of all groups, the likeliest first."""
    likely = [
        (float(share), phrase)
        for group, of_group in zip(GROUPS, shares, strict=True)
        for phrase, share in zip(group.phrases, of_group, strict=False)
        if share >= max(TAG, float(of_group[len(group.phrases) :].sum()))
    ]
    return tuple(dict.fromkeys(tag(phrase) for _, phrase in sorted(likely, reverse=True)))


def compose(said: dict[str, str]) -> str:
    """Return a caption in plain words of what was picked; empty where neither subject nor place was."""
    subject, place = said["subject"], said["place"]
    if not subject and not place:
        return ""
    activity = said["activity"] if subject in ACTING else ""
    shown = [subject, activity, place] if subject else [place.partition(" ")[2]]
    return " ".join(words for words in [*shown, said["weather"], said["light"]] if words)


def load(variant: str, vendors: Vendors) -> ClipCaptioner:
    return ClipCaptioner(variant, vendors)
