"""Every backend that ships, hired with what it needs: vendors on loopback, models of a few thousand chance weights."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline import backends
from pipeline.backends import Kind, Vendors
from tests.bad_backends import a_film
from tests.fake_openai import KEY, FakeOpenAI
from tests.fake_replicate import TOKEN, FakeReplicate
from tests.fake_suno import FakeSuno
from tests.loopback import Answer

#: what a backend's packages are, as they are imported; without them it is skipped
PACKAGES = {
    "sphinx": ("pocketsphinx",),
    "audiocraft": ("audiocraft",),
    **dict.fromkeys(
        ("ace_step", "blip2", "clip", "flux_local", "musicgen"), ("torch", "transformers", "diffusers", "accelerate")
    ),
}


@contextmanager
def vendors() -> Iterator[Vendors]:
    """All vendors on loopback, at once."""
    with FakeReplicate() as replicate, FakeSuno() as songs, FakeOpenAI() as words:
        usual = replicate.content
        replicate.content = lambda made: Answer(a_film()) if "kling" in made.model else usual(made)
        yield Vendors(
            openai_key=KEY,
            openai_url=words.url,
            replicate_token=TOKEN,
            replicate_url=replicate.url,
            suno_url=songs.url,
        )


def hire(kind: Kind, name: str, given: Vendors, folder: Path) -> Any:
    """Return a backend that can work; skips the test where its packages are not installed."""
    missing = [package for package in PACKAGES.get(name, ()) if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if kind == "aligner":
        return backends.aligner(name)
    if name in MODELS:
        import torch

        torch.set_num_threads(1)
        name = f"{name}:{MODELS[name](folder / 'model')}"
    return getattr(backends, kind)(name, given)


def _blip2(folder: Path) -> Path:
    from tests.tiny_vision import save_blip2

    return save_blip2(folder)


def _clip(folder: Path) -> Path:
    from tests.tiny_vision import save_clip

    return save_clip(folder)


def _musicgen(folder: Path) -> Path:
    from tests.tiny_musicgen import save_musicgen

    return save_musicgen(folder)


def _ace_step(folder: Path) -> Path:
    from tests.test_composers_ace_step import a_model

    return Path(a_model(folder))


def _audiocraft(folder: Path) -> Path:
    from tests.test_composers_audiocraft import a_model

    return a_model(folder)


def _flux_local(folder: Path) -> Path:
    from tests.test_illustrators_flux_local import a_model

    return Path(a_model(folder, guided=False))


#: who makes a backend's tiny model
MODELS: dict[str, Callable[[Path], Path]] = {
    "ace_step": _ace_step,
    "audiocraft": _audiocraft,
    "blip2": _blip2,
    "clip": _clip,
    "flux_local": _flux_local,
    "musicgen": _musicgen,
}
