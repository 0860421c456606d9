"""The wardrobe: what the cast's words say is worn, and it is held through the film."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.painter import people
from pipeline.painter.palette import from_hex, to_oklab
from pipeline.painter.sheets import sheets
from pipeline.painter.wardrobe import Wear, wardrobe
from pipeline.storyboard import Figure, Picture, StyleSheet

SIZE = (180, 240)


def style(cast: str, figure: Figure = "walker") -> StyleSheet:
    return StyleSheet("", cast=cast, figure=figure)


@pytest.mark.parametrize(
    ("words", "worn", "colour"),
    [
        ("a young man in a yellow raincoat", "coat", "f6c51d"),
        ("a young woman in a long red coat", "coat", "d3262b"),
        ("a young woman with a braided ponytail in a red jacket", "jacket", "d3262b"),
        ("a dancer in a flowing white dress", "dress", "f1efe8"),
        ("a blonde girl with blue eyes and brown hair", None, None),
        ("a girl with green eyes in a blue wool coat", "coat", "2c6fd1"),
        ("a child with a red umbrella", "umbrella", "d3262b"),
        ("ein Mädchen in einem roten Kleid", "dress", "d3262b"),
        ("a barefoot dancer in midnight blue", None, "2c6fd1"),
        ("an elderly couple in long coats", "coat", None),
        ("a dancer", None, None),
        ("", None, None),
    ],
)
def test_words_dress_the_cast(words: str, worn: Wear | None, colour: str | None) -> None:
    found = wardrobe(style(words), "walker")
    assert found.worn == worn
    if colour is None:
        assert found.colour is None
    else:
        assert found.colour is not None
        assert np.array_equal(found.colour, from_hex(colour))


def test_words_say_who_it_is() -> None:
    assert wardrobe(style("a young woman"), "walker").woman is True
    assert wardrobe(style("an old man"), "walker").woman is False
    assert wardrobe(style("a woman and a man"), "walker").woman is None
    assert wardrobe(style("a traveller"), "walker").woman is None


def test_who_is_not_the_cast_does_not_wear_its_clothes() -> None:
    assert wardrobe(style("a man in a yellow raincoat"), "car").colour is None


def test_what_nobody_said_is_held_too() -> None:
    one, again = (wardrobe(style("a traveller"), "walker") for _ in range(2))
    assert one.chance.random(4).tolist() == again.chance.random(4).tolist() == one.chance.random(4).tolist()
    assert one.seed != wardrobe(style("a stranger"), "walker").seed


def cloth(cast: str, seed: int) -> np.ndarray:
    """Return the mean Oklab colour of what a picture has more of than one whose cast wears no colour."""
    picture = Picture("p01", "", "desert", hour="day", figure="walker", framing="medium", seed=seed)
    layers, plain = (sheets(picture, style(words), size=SIZE) for words in (cast, "somebody"))
    figure, other = (
        next(a for a, b in zip(some, more, strict=True) if not np.array_equal(a.pixels, b.pixels))
        for some, more in ((layers, plain), (plain, layers))
    )
    lab = to_oklab(figure.pixels[..., :3] / np.float32(255))
    grey = to_oklab(other.pixels[..., :3] / np.float32(255))[other.pixels[..., 3] > 250]
    solid = lab[figure.pixels[..., 3] > 250]
    strong = solid[np.hypot(*solid.T[1:]) > np.hypot(*grey.T[1:]).max()]
    assert len(strong) > 0.15 * len(solid)
    return np.median(strong, axis=0)


@pytest.mark.parametrize("cast", ["a man in a yellow raincoat", "a woman in a red jacket"])
def test_the_colour_is_seen_and_the_same_in_every_picture(cast: str) -> None:
    wanted = wardrobe(style(cast), "walker").colour
    assert wanted is not None
    named = to_oklab(wanted)
    seen = [cloth(cast, seed) for seed in (1, 2, 5)]
    for colour in seen:
        cosine = colour[1:] @ named[1:] / np.linalg.norm(colour[1:]) / np.linalg.norm(named[1:])
        assert cosine > 0.95
        assert np.linalg.norm(colour - seen[0]) < 0.08


def test_somebody_is_dressed_alike_from_behind_and_from_the_side() -> None:
    """Whatever the pose, there are as many pieces of clothing, and the same ones are coloured."""
    for words in ("a girl with a red umbrella", "a traveller", "a woman in a red jacket"):
        held = wardrobe(style(words), "walker")
        figures = [people.walker(np.random.default_rng(seed), wardrobe=held) for seed in range(8)]
        assert len({tuple(part.tone for part in figure.parts if part.tone != "ink") for figure in figures}) == 1
        assert len({len(figure.parts) for figure in figures}) == 1
