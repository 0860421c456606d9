"""Models in memory: loaded once, kept for the next use, put away when another one needs the room.

    with shelf.borrow(("musicgen", folder, device), load, bytes=weights.memory_on(device), device=device) as model:
        ...

A model has one borrower at a time; the others wait. So does who needs room that another thread's borrowed models take.
Of those that nobody has borrowed, the one that was used longest ago goes first. Threads may share the shelf, a process
has one.
"""

from __future__ import annotations

import contextlib
import gc
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pipeline.backends import Vendors
from pipeline.errors import OverLimit, Refused

__all__ = ["borrow", "device", "drop_others", "dtype", "free_bytes", "holds", "ran_out", "room"]

T = TypeVar("T")

WAIT_S = 600.0  # for a model, or for room, that another thread has; then the job gives up
KEPT_FREE = 0.1  # of a machine's memory, which others need as well; of a card's less, where only models lie
KEPT_FREE_CARD = 0.03
UNKNOWN_BYTES = 8 * 10**9  # free, where nothing tells
MEMINFO = Path("/proc/meminfo")
CONTROL_GROUP = Path("/sys/fs/cgroup")  # a container's own limit


@dataclass
class _Model:
    """One model on the shelf."""

    made: Any
    bytes: int  #: that it takes while it works
    device: str
    held: int = 0  #: of these, what it was seen to take by itself
    owner: int = 0  #: the thread that has borrowed it; 0: none
    used: float = field(default_factory=time.monotonic)


_models: dict[tuple[object, ...], _Model] = {}
_loading: dict[str, int] = {}  # devices that a model is being loaded on, and the bytes that it will take at work
_changed = threading.Condition()


@contextlib.contextmanager
def borrow(key: tuple[object, ...], load: Callable[[], T], *, bytes: int, device: str) -> Iterator[T]:  # noqa: A002
    """Lend the model of that key, loaded where it is not there yet; `bytes` is what it takes while it works, about.

    A thread must not borrow a model that it has borrowed already. Raises what `load` raises, and OverLimit where there
    is no room for it even when everything else is put away, or no end of waiting for it.
    """
    model = _take(key, load, bytes, device)
    try:
        yield model.made
    finally:
        with _changed:
            model.owner, model.used = 0, time.monotonic()
            _changed.notify_all()


def drop_others(device: str = "") -> int:
    """Put away every model that nobody has borrowed, and return how many: for who ran out of memory at work."""
    with _changed:
        idle = [key for key, model in _models.items() if not model.owner and device in {"", model.device}]
        for key in idle:
            _drop(key)
        _clear()
        return len(idle)


def ran_out(exc: BaseException) -> bool:
    """Whether it is for memory: torch says so by class on a GPU, by its words on a processor."""
    words = str(exc).lower()
    return isinstance(exc, MemoryError) or "out of memory" in words or "allocate memory" in words


def room(device: str) -> int:
    """Return the bytes that there would be on a device with every model put away that nobody has borrowed."""
    with _changed:
        return _room(device) + sum(kept.held for kept in _models.values() if not kept.owner and kept.device == device)


def holds() -> int:
    """Return how many models lie in memory."""
    with _changed:
        return len(_models)


# ---- lending ----


def _take(key: tuple[object, ...], load: Callable[[], Any], size: int, at: str) -> _Model:
    """Return the model as this thread's own, for now."""
    deadline = time.monotonic() + WAIT_S
    with _changed:
        while True:
            model = _models.get(key)
            if model.owner if model else at in _loading:  # one load at a time, or it could not be seen what it takes
                _wait(deadline)
            elif _make_room(model, size, at):
                break
            else:
                _wait(deadline)
        if model is not None:
            model.owner, model.bytes = threading.get_ident(), size
            return model
        _loading[at] = size
    return _load(key, load, size, at)


def _load(key: tuple[object, ...], load: Callable[[], Any], size: int, at: str) -> _Model:
    before = free_bytes(at)
    try:
        made = load()
        model = _Model(made, size, at, max(0, before - free_bytes(at)), threading.get_ident())
    except BaseException:
        with _changed:
            del _loading[at]
            _clear()
            _changed.notify_all()
        raise
    with _changed:
        del _loading[at]
        _models[key] = model
        _changed.notify_all()
    return model


def _wait(deadline: float) -> None:
    if not _changed.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
        raise OverLimit("The model has been in use by other work for too long.", hint="Try again when that is done.")


def _make_room(model: _Model | None, size: int, at: str) -> bool:
    """Put away what it takes to make room; False: others have to give something back first. Raises OverLimit."""
    needed = size - (model.held if model else 0)
    while (free := _room(at)) < needed:
        idle = [key for key, kept in _models.items() if not kept.owner and kept.device == at and kept is not model]
        if not idle:
            break
        _drop(min(idle, key=lambda key: _models[key].used))
        _clear()
    if free >= needed:
        return True
    elsewhere = (kept.owner not in {0, threading.get_ident()} for kept in _models.values() if kept.device == at)
    if at in _loading or any(elsewhere):
        return False
    if model is not None:  # it is there already; whether the work fits will be seen
        return True
    raise OverLimit(
        f"The model needs about {size / 1e9:.1f} GB of memory, and {max(0, free) / 1e9:.1f} GB are free for it.",
        hint="Choose a smaller model, or free some memory.",
    )


def _room(at: str) -> int:
    """Return what is free on a device and not promised to anybody."""
    promised = _loading.get(at, 0)
    promised += sum(max(0, kept.bytes - kept.held) for kept in _models.values() if kept.owner and kept.device == at)
    return free_bytes(at) - promised


def _drop(key: tuple[object, ...]) -> None:
    del _models[key]
    gc.collect()


def _clear() -> None:
    """Give back what PyTorch keeps of memory that nobody uses."""
    if torch := sys.modules.get("torch"):
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if torch.backends.mps.is_available():
            torch.mps.empty_cache()


# ---- devices ----


def device(vendors: Vendors) -> str:
    """Return the device that models run on: the one that was chosen, else the best one here. Imports torch.

    Raises Refused for one that is none, or is not here.
    """
    import torch

    here = ["cpu", *(["mps"] if torch.backends.mps.is_available() else [])]
    if torch.cuda.is_available():
        here += ["cuda", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
    chosen = vendors.device.strip().lower() or "auto"
    if chosen == "auto":
        return next((name for name in ("cuda", "mps") if name in here), "cpu")
    if chosen not in here:
        raise Refused(f"There is no device {chosen!r} on this machine.", hint=f"Known: auto, {', '.join(here)}.")
    return chosen


def dtype(device: str) -> Any:
    """Return the torch type that weights are loaded in: half precision on a GPU, float32 on a processor."""
    import torch

    return torch.float32 if device == "cpu" else torch.float16


def free_bytes(device: str) -> int:
    """Return the bytes that models may take on a device now."""
    if device.startswith("cuda"):
        import torch

        free, whole = torch.cuda.mem_get_info(device)
        return int(free - KEPT_FREE_CARD * whole)
    return min(_free_of_machine(), _free_of_container())  # of a Mac the GPU's memory is the machine's


def _free_of_machine() -> int:
    try:
        said = dict(re.findall(r"(\w+): +(\d+) kB", MEMINFO.read_text()))
        return int(1024 * (int(said["MemAvailable"]) - KEPT_FREE * int(said["MemTotal"])))
    except (OSError, KeyError):  # no Linux
        return UNKNOWN_BYTES


def _free_of_container() -> int:
    """Return what the control group leaves, or no bound; what is only cached counts as free."""
    try:
        most, used = (int((CONTROL_GROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        said = dict(re.findall(r"(\w+) (\d+)", (CONTROL_GROUP / "memory.stat").read_text()))
        return int(most - used + int(said.get("inactive_file", 0)) - KEPT_FREE * most)
    except (OSError, ValueError):  # "max": there is none
        return sys.maxsize
