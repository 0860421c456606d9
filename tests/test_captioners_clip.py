"""CLIP through its real loading code, on a tiny model with weights of chance; what is picked, on numbers of our own."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import backends
from pipeline.backends import Session, Vendors
from pipeline.captioners import clip
from pipeline.cuesheet import EMOTIONS, Look, Scene
from pipeline.errors import Cancelled, Refused, Unavailable
from pipeline.eye.emotions import NEUTRAL, softmax, weigh
from pipeline.eye.vocabulary import ACTING, EMOTION_SENTENCES, GROUPS, SUBJECTS, TIMES, tag
from pipeline.spotting.wishes import MOOD_WORDS
from tests.needs import needs_models

if importlib.util.find_spec("torch"):
    import torch

    from tests.tiny_vision import save_blip2, save_clip

    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("clip"), scale=100)


def still(seed: int) -> bytes:
    blocks = np.random.default_rng(seed).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    return bytes(cv2.imencode(".jpg", cv2.resize(blocks, (320, 180)))[1])


def plain_still(level: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((180, 320, 3), level, np.uint8))[1])


def scene(index: int) -> Scene:
    words = "a dark view in blue, moving gently"
    look = Look(light=0.1, motion=0.3)
    return Scene(index, 4.0 * index, 4.0 * index + 4, look=look, caption=words, measured=words)


SCENES = [scene(0), scene(1), scene(2), scene(3)]
STILLS = [[still(1), still(2), still(3)], [plain_still(0)], [], [still(4)]]


def shares(group: int, **likely: float) -> NDArray[np.float64]:
    """Shares of a group: those named, the rest spread evenly."""
    of = GROUPS[group]
    count = len(of.phrases) + len(of.neither)
    spread = np.full(count, (1 - sum(likely.values())) / (count - len(likely)))
    for phrase, share in likely.items():
        spread[of.phrases.index(phrase.replace("_", " "))] = share
    return spread


@needs_models
def test_scenes_get_a_reading_and_keep_what_was_measured(folder: Path) -> None:
    captioner = backends.captioner(f"clip:{folder}")
    seen = captioner.see(SCENES, STILLS, Session())
    for number in (0, 3):
        reading = seen[number].reading
        assert reading is not None
        assert reading.by == captioner.name
        assert set(reading.emotions) == set(EMOTIONS)
        assert reading.tags
        blank = {"caption": "", "emotion": "neutrality", "valence": 0.0, "arousal": 0.0, "reading": None}
        assert replace(seen[number], **blank) == replace(SCENES[number], **blank)  # type: ignore[arg-type]
    assert seen[1:3] == SCENES[1:3]
    assert captioner.see(SCENES, STILLS, Session()) == seen


@needs_models
def test_the_words_are_read_once_for_all_clips(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import CLIPModel

    read, real = [], CLIPModel.get_text_features
    monkeypatch.setattr(
        CLIPModel,
        "get_text_features",
        lambda self, input_ids, **rest: read.append(len(input_ids)) or real(self, input_ids, **rest),
    )
    whole = save_clip(folder.parent / f"{folder.name}-again", scale=100)
    backends.captioner(f"clip:{whole}").see(SCENES, STILLS, Session())
    assert sum(read) == sum(len(group.phrases) * len(group.sentences) + len(group.neither) for group in GROUPS) + sum(
        map(len, EMOTION_SENTENCES.values())
    )
    read.clear()
    backends.captioner(f"clip:{whole}").see(SCENES, STILLS, Session())
    assert not read


@needs_models
def test_the_ranking_is_the_librarys_own(folder: Path) -> None:
    from transformers import CLIPModel, PreTrainedTokenizerFast
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    from pipeline.eye.likeness import rank

    frames = [bytes(cv2.imencode(".png", cv2.resize(_blocks(n), (64, 64)))[1]) for n in range(3)]
    descriptions = ["a dog on a beach", "night", " ".join(["a quiet city street at night in the rain"] * 20)]
    ours = rank(frames, descriptions, variant=str(folder))
    model, words = CLIPModel.from_pretrained(folder), PreTrainedTokenizerFast.from_pretrained(folder)
    pictures = [cv2.resize(_blocks(n), (64, 64))[..., ::-1] for n in range(3)]
    shown = CLIPImageProcessorPil.from_pretrained(folder)(
        images=[np.ascontiguousarray(picture) for picture in pictures], return_tensors="pt"
    )
    ids = words(descriptions, padding=True, truncation=True, max_length=77, return_tensors="pt")
    with torch.inference_mode():
        found = model(pixel_values=shown["pixel_values"], **{key: ids[key] for key in ("input_ids", "attention_mask")})
    theirs = found.logits_per_image.numpy() / 100
    assert ours.shape == (3, 3)
    assert np.abs(ours - theirs).max() < 0.01


def _blocks(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)


@needs_models
def test_every_frame_is_ranked_even_a_black_one(folder: Path) -> None:
    from pipeline.eye.likeness import rank

    told: list[tuple[str, float, float]] = []
    session = Session(report=lambda *step: told.append(step))
    ranking = rank([still(1), plain_still(0), still(1)], ["a", "dog"], variant=str(folder), session=session)
    assert ranking.shape == (3, 2)
    assert (np.abs(ranking) <= 1 + 1e-6).all()
    assert (ranking[0] == ranking[2]).all()
    assert told[-1] == ("cues", 3, 3)
    with pytest.raises(Refused):
        rank([], ["a"], variant=str(folder))


def test_a_videos_best_description_has_the_highest_mean_cosine() -> None:
    from pipeline.eye.likeness import best_description, p_desc

    three = np.array([[0.1, 0.3, 0.2], [0.2, 0.1, 0.3], [0.1, 0.1, 0.2]], np.float32)
    assert best_description(three) == 2
    assert p_desc([three, three, three[:1], three[1:]], [2, 0, 1, 2]) == 0.75
    with pytest.raises(Refused):
        p_desc([], [])


@needs_models
def test_without_memory_for_all_frames_they_go_in_smaller_batches(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import CLIPModel

    captioner = backends.captioner(f"clip:{folder}")
    roomy = captioner.see(SCENES, STILLS, Session())
    real = CLIPModel.get_image_features

    def narrow(self: Any, pixel_values: Any) -> Any:
        if len(pixel_values) > 1:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        return real(self, pixel_values=pixel_values)

    monkeypatch.setattr(CLIPModel, "get_image_features", narrow)
    for one, other in zip(captioner.see(SCENES, STILLS, Session()), roomy, strict=True):
        assert one.caption == other.caption
        assert one.valence == pytest.approx(other.valence, abs=2e-3)


@needs_models
def test_a_person_can_stop_it(folder: Path) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        backends.captioner(f"clip:{folder}").see(SCENES, STILLS, Session(report=stop))


@needs_models
def test_a_model_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        backends.captioner("clip:vit-z-99")
    assert "vit-b-32" in caught.value.hint
    with pytest.raises(Unavailable) as missing:
        backends.captioner("clip:vit-l-14", Vendors(models=str(tmp_path)))
    assert "clip:vit-l-14" in missing.value.hint
    with pytest.raises(Unavailable):
        backends.captioner(f"clip:{save_blip2(tmp_path / 'blip')}").see(SCENES, STILLS, Session())


def test_the_caption_is_made_of_what_clearly_fits() -> None:
    said = {
        "subject": "a woman", "activity": "dancing", "place": "on a beach", "weather": "", "light": "at sunset",
        "mood": "",
    }  # fmt: skip
    assert clip.compose(said) == "a woman dancing on a beach at sunset"
    assert clip.compose({**said, "subject": "a house"}) == "a house on a beach at sunset"
    assert clip.compose({**said, "subject": "", "weather": "in fog"}) == "a beach in fog at sunset"
    assert clip.compose({**said, "subject": "", "place": ""}) == ""


def test_a_phrase_is_said_only_if_it_beats_those_that_say_there_is_none() -> None:
    assert clip.pick(GROUPS[0], shares(0, a_dog=0.7)) == "a dog"
    assert clip.pick(GROUPS[0], shares(0)) == ""
    nothing = np.full(len(GROUPS[0].phrases) + len(GROUPS[0].neither), 1e-3)
    nothing[GROUPS[0].phrases.index("a dog")], nothing[-1] = 0.5, 0.45
    assert clip.pick(GROUPS[0], nothing) == ""


def test_tags_stand_in_order_of_their_shares() -> None:
    found = clip.pick_tags(
        [shares(0, a_dog=0.6, a_cat=0.3), shares(1), shares(2, on_a_beach=0.9), *map(shares, (3, 4, 5))]
    )
    assert found == ("beach", "dog", "cat")


def test_pictures_that_fit_nothing_better_than_a_grey_card_are_neutral() -> None:
    grey = np.array([3.0, 1.0, 5.0, 2.0, 4.0, 1.0, 2.0])
    even = weigh(np.stack([grey, grey]), grey)
    assert even["neutrality"] == pytest.approx(NEUTRAL)
    assert sum(even.values()) == pytest.approx(1, abs=1e-3)
    sad = weigh(grey + np.array([0, 3, 0, 0, 0, 0, 0]), grey)
    assert max(sad, key=lambda emotion: sad[emotion]) == "sadness"
    assert weigh(grey * np.nan, grey) == {}


def test_shares_are_shares() -> None:
    assert softmax(np.array([[1000.0, 0.0], [0.0, 0.0]])).tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_the_vocabulary_holds_together() -> None:
    phrases = [phrase for group in GROUPS for phrase in group.phrases]
    assert 180 <= len(phrases) <= 260
    assert all(len(set(map(tag, group.phrases))) == len(group.phrases) for group in GROUPS)
    assert all(sentence.count("{}") == 1 for group in GROUPS for sentence in group.sentences)
    assert all(group.neither and not any("{" in words for words in group.neither) for group in GROUPS)
    assert tuple(EMOTION_SENTENCES) == EMOTIONS
    assert len({len(set(sentences)) for sentences in EMOTION_SENTENCES.values()}) == 1
    assert set(SUBJECTS) >= ACTING
    lights = next(group for group in GROUPS if group.name == "light")
    moods = next(group for group in GROUPS if group.name == "mood")
    assert set(TIMES) <= set(lights.phrases)
    assert set(moods.phrases) <= set(MOOD_WORDS)
