"""Vision models as transformers saves them: opened from a folder, nothing fetched, nothing run that lies there."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.errors import OverLimit, Unavailable

NEEDED = ("torch", "transformers")
INSTALL = "pip install '.[models]'"

#: of CLIP's training pictures, red, green, blue as shares of full light; BLIP-2 looks through CLIP's eyes
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Opened:
    """A model on its device, and what its pictures and words go through."""

    model: Any
    tokenizer: Any
    device: str
    dtype: Any
    side: int  #: of its square pictures, pixels
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    kept: dict[str, Any] = field(default_factory=dict)  #: what was made with it once for all, such as a vocabulary


def need_packages(what: str) -> None:
    """Raise Unavailable where torch or transformers is missing; imports neither."""
    if missing := next((name for name in NEEDED if importlib.util.find_spec(name) is None), None):
        raise Unavailable(f"{what} needs the Python package {missing!r}, which is not installed.", hint=INSTALL)


def open_model(folder: Path, *, kind: str, device: str, dtype: Any) -> Opened:
    """Open the model of a class of transformers, such as "CLIPModel".

    Raises Unavailable where files are missing, broken, or of another model (the library would make up missing weights),
    OverLimit where the device has no room for it.
    """
    import torch
    import transformers
    from safetensors import SafetensorError

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    cls = getattr(transformers, kind)
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = transformers.AutoConfig.from_pretrained(folder, **local)
        if not isinstance(config, cls.config_class):
            raise ValueError(f"{type(config).__name__} is not what {kind} needs")
        model, told = cls.from_pretrained(folder, dtype=dtype, use_safetensors=True, output_loading_info=True, **local)
        if told["missing_keys"]:
            raise ValueError("weights are missing")
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **local)
        _check_words(tokenizer, config.get_text_config().vocab_size)
        mean, deviation = _light(folder)
        model = model.eval().to(device)
    except (MemoryError, torch.OutOfMemoryError) as exc:
        raise OverLimit(
            "There is too little memory for the model that reads the pictures.",
            hint="Free some of it, choose a smaller model, or let it run on the processor.",
        ) from exc
    except (OSError, ValueError, LookupError, TypeError, RuntimeError, SafetensorError) as exc:
        raise Unavailable(
            "The model that reads the pictures could not be loaded.",
            hint="Its folder is not whole, or holds another model: fetch it again (reelscore models).",
        ) from exc
    model.requires_grad_(False)
    side = _side(model.config.vision_config.image_size)
    return Opened(model, tokenizer, device, dtype, side, mean, deviation)


def _check_words(tokenizer: Any, known: int) -> None:
    """Raise ValueError for a tokenizer that knows no words: of a folder without one the library makes an empty one."""
    ids = tokenizer("a photo of a dog", add_special_tokens=False)["input_ids"]
    if len(set(ids) - {tokenizer.unk_token_id}) < 2 or max(ids) >= known:
        raise ValueError("the words are not the model's")


def _side(size: Any) -> int:
    return int(size if isinstance(size, int) else size[0])


def _light(folder: Path) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation of the light in a model's pictures, as its folder says."""
    from transformers.image_processing_base import ImageProcessingMixin

    try:
        told, _ = ImageProcessingMixin.get_image_processor_dict(str(folder), local_files_only=True)
    except OSError:
        return MEAN, DEVIATION  # a folder without: then it is CLIP's
    told = told.get("image_processor", told)
    mean, deviation = (
        tuple(map(float, told.get(key, usual))) for key, usual in (("image_mean", MEAN), ("image_std", DEVIATION))
    )
    if len(mean) != 3 or len(deviation) != 3 or min(deviation) <= 0:
        raise ValueError("light of pictures that have no three colours")
    return mean, deviation
