"""audiocraft itself, imported beside libraries of today.

audiocraft 1.3.0 names torch 2.1, xformers, torchaudio, spaCy, PyAV and what its training needs; making music needs next
to nothing of them. While it is imported, what is missing stands in `sys.modules` as a few lines of ours; afterwards
it is taken out again, so that nobody else, transformers for one, finds a library that is not there. What really is
installed is used as it is.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

_LOCK = threading.Lock()

#: audiocraft's training; importing it would take in a dozen more libraries
TRAINING = "audiocraft.solvers"


def import_audiocraft() -> Any:
    """Return the package. Raises ModuleNotFoundError naming what is missing beside what is stood in for."""
    with _LOCK:
        if "audiocraft" not in sys.modules:
            _let_others_ask()
            with _standing_in():
                _import_whole()
        return sys.modules["audiocraft"]


def part(name: str) -> Any:
    """Return a module of audiocraft's, such as "modules.conditioners"."""
    import_audiocraft()
    return importlib.import_module(f"audiocraft.{name}")


def _let_others_ask() -> None:
    """Have the libraries that look for others look now, and remember what they found."""
    from transformers import EncodecModel, RobertaTokenizer, T5EncoderModel, T5Tokenizer  # noqa: F401


def _import_whole() -> None:
    try:
        importlib.import_module("audiocraft")
    except BaseException:
        for name in [name for name in sys.modules if name.partition(".")[0] == "audiocraft"]:
            del sys.modules[name]
        raise


@contextmanager
def _standing_in() -> Iterator[None]:
    absent = {name: made for name, made in _stand_ins().items() if _is_missing(name.partition(".")[0])}
    sys.modules.update(absent)
    try:
        yield
    finally:
        for name in absent:
            sys.modules.pop(name, None)


def _is_missing(package: str) -> bool:
    return package == "audiocraft" or importlib.util.find_spec(package) is None


def _stand_ins() -> dict[str, ModuleType]:
    """Return by name what audiocraft imports and does not need to make music, in the few lines that it does need."""
    distrib = _module("flashy.distrib", broadcast_tensors=_leave)
    ops = _module("xformers.ops", unbind=_unbind)
    transforms = _module("torchaudio.transforms", Spectrogram=_spectrogram_class())
    compression = _module(f"{TRAINING}.compression", CompressionSolver=object)
    return {
        "av": _module("av"),
        "flashy": _module("flashy", distrib=distrib),
        "flashy.distrib": distrib,
        "num2words": _module("num2words", num2words=str),
        "spacy": _module("spacy", load=_load_words),
        "torchaudio": _module("torchaudio", transforms=transforms),
        "torchaudio.transforms": transforms,
        "xformers": _module("xformers", ops=ops),
        "xformers.ops": ops,
        TRAINING: _module(TRAINING, compression=compression),
        f"{TRAINING}.compression": compression,
    }


def _module(name: str, **holding: Any) -> ModuleType:
    module = ModuleType(name, "Stands in for a library that is not installed.")
    module.__spec__ = importlib.util.spec_from_loader(name, None)
    module.__path__ = []
    vars(module).update(holding)
    return module


def _leave(tensors: Any, src: int = 0) -> None:
    """Nothing is sent to other machines: there is one."""


def _unbind(tensor: Any, dim: int) -> Any:
    return tensor.unbind(dim)


def _load_words(language: str) -> Any:
    """Return a reader that parts a text into its words; only audiocraft's own untrained model reads with it."""
    del language
    return lambda text: [SimpleNamespace(text=word, lemma_=word.lower(), is_stop=False) for word in text.split()]


def _spectrogram_class() -> Any:
    """Return a class whose objects turn sound (..., n) into power spectra (..., bins, frames) of unit window energy."""
    import torch

    module_class: Any = torch.nn.Module

    class Spectrogram(module_class):  # type: ignore[misc]
        def __init__(self, n_fft: int, win_length: int, hop_length: int, **fixed: Any) -> None:
            """Takes what audiocraft asks for, and nothing else: centred, windowed, squared, normalized."""
            super().__init__()
            if fixed != {"power": 2, "center": True, "pad": 0, "normalized": True}:
                raise NotImplementedError("another spectrogram than that of chroma")
            self.n_fft, self.win_length, self.hop_length = n_fft, win_length, hop_length
            self.register_buffer("window", torch.hann_window(win_length), persistent=False)

        def forward(self, wave: Any) -> Any:
            window: Any = self.window
            spectrum = torch.stft(
                wave.reshape(-1, wave.shape[-1]),
                self.n_fft,
                self.hop_length,
                self.win_length,
                window,
                return_complex=True,
            )
            power = spectrum.abs().square() / window.square().sum()
            return power.reshape(*wave.shape[:-1], *power.shape[-2:])

    return Spectrogram
