"""How well sentences fit pictures, by CLIP: cosines between the two.

`rank` is what the paper's P_desc needs: three frames of each scene against a list of descriptions, ranked by cosine;
P_desc is the share of videos whose best description is the right one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline import shelf
from pipeline.backends import Session, Vendors
from pipeline.errors import Refused
from pipeline.eye.batches import in_batches
from pipeline.eye.models import Opened, need_packages, open_model
from pipeline.eye.stills import normalise, read_still
from pipeline.weights import Weights, choose, locate

PICTURES, SENTENCES = 32, 256  # at once; 32 pictures of ViT-L/14 at 336 pixels take about 3 GB at work

Vectors = NDArray[np.float32]


@contextmanager
def borrow_clip(weights: Weights, vendors: Vendors) -> Iterator[Opened]:
    """Lend the model from the shelf."""
    device = shelf.device(vendors)
    folder = locate(weights, vendors)

    def load() -> Opened:
        return open_model(folder, kind="CLIPModel", device=device, dtype=shelf.dtype(device))

    with shelf.borrow(("clip", str(folder), device), load, bytes=weights.memory_on(device), device=device) as clip:
        yield clip


def rank(
    frames: Sequence[bytes],
    descriptions: Sequence[str],
    *,
    variant: str = "",
    vendors: Vendors | None = None,
    session: Session | None = None,
) -> Vectors:
    """Return the cosine of every frame (JPEG, a row) with every description (a column), (frames, descriptions).

    Of a description the first 77 tokens count. Raises Refused for an empty list, Unavailable without the model.
    """
    if not frames or not descriptions:
        raise Refused("There is nothing to rank.", hint="Give at least one frame and one description.")
    vendors, session = vendors or Vendors(), session or Session()
    need_packages("Ranking descriptions by CLIP")
    with borrow_clip(choose("captioner", "clip", variant, vendors), vendors) as clip:
        pixels = np.stack([read_still(jpeg, side=clip.side, squeezed=False) for jpeg in frames])
        pictures = embed_pictures(clip, pixels, lambda done: session.report("cues", done, len(frames)))
        return np.asarray(pictures @ embed_sentences(clip, descriptions).T, np.float32)


def best_description(ranking: Vectors) -> int:
    """Return the column that fits a video's frames best: the highest mean of cosines, the first of equal ones."""
    return int(ranking.mean(axis=0, dtype=np.float64).argmax())


def p_desc(rankings: Sequence[Vectors], right: Sequence[int]) -> float:
    """Return the paper's P_desc, 0-1: the share of videos whose best description is the right one."""
    if not rankings:
        raise Refused("There is nothing to count.", hint="Give the ranking of at least one video.")
    return sum(best_description(ranking) == column for ranking, column in zip(rankings, right, strict=True)) / len(
        rankings
    )


def embed_pictures(clip: Opened, pixels: NDArray[np.uint8], tell: Callable[[int], None]) -> Vectors:
    """Return (pictures, d) of length one for (pictures, side, side, 3) RGB; `tell` hears how many are done."""
    import torch

    def see(first: int, end: int) -> Vectors:
        shown = torch.from_numpy(normalise(pixels[first:end], clip.mean, clip.deviation))
        with torch.inference_mode():
            found = clip.model.get_image_features(pixel_values=shown.to(clip.device, clip.dtype)).pooler_output
        tell(end)
        return _unit(found)

    return np.concatenate(in_batches(len(pixels), see, most=PICTURES))


def embed_sentences(clip: Opened, sentences: Sequence[str]) -> Vectors:
    """Return (sentences, d) of length one."""
    import torch

    def read(first: int, end: int) -> Vectors:
        words = clip.tokenizer(
            list(sentences[first:end]),
            padding=True,
            truncation=True,
            max_length=clip.model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        ).to(clip.device)
        with torch.inference_mode():
            found = clip.model.get_text_features(
                input_ids=words["input_ids"], attention_mask=words["attention_mask"]
            ).pooler_output
        return _unit(found)

    return np.concatenate(in_batches(len(sentences), read, most=SENTENCES))


def scale(clip: Opened) -> float:
    """Return what the model multiplies cosines with before it takes shares of them; 100 as it was trained."""
    return float(clip.model.logit_scale.exp())


def _unit(found: Any) -> Vectors:
    vectors = found.float().cpu().numpy()
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
