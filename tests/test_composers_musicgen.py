"""MusicGen through its real loading code, on tiny checkpoints with weights of chance."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import backends, shelf
from pipeline.backends import Session, Vendors
from pipeline.composers.musicgen import MOST_CUES, Settings, read_variant
from pipeline.errors import Cancelled, OverLimit, Refused, Unavailable
from pipeline.generated.orders import Order
from tests.needs import needs_models

if importlib.util.find_spec("torch"):
    import torch

    from pipeline.generated import windows
    from tests.tiny_musicgen import save_musicgen

    torch.set_num_threads(1)

RATE = 4000  # of the tiny ones

ORDERS = (
    Order("slow piano", 0.5, 1, 90.0, "C major"),
    Order("fast drums and strings", 0.31, 2, 120.0, "C major"),
    Order("dark strings", 0.7, 3, 90.0, "A minor"),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    to = tmp_path_factory.mktemp("musicgen")
    return {
        "mono": save_musicgen(to / "mono"),
        "stereo": save_musicgen(to / "stereo", stereo=True),
        "melody": save_musicgen(to / "melody", melody=True),
    }


@pytest.fixture(scope="module", autouse=True)
def _shelf() -> Any:
    yield
    shelf.drop_others()


@pytest.fixture
def _short_theme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.composers.musicgen.THEME_S", 0.2)  # 10 frames


def engine(folder: Path, words: str = "", **vendors: Any) -> Any:
    return backends.composer(f"musicgen:{folder}{words}", Vendors(**vendors))


def seconds(sounds: list[Any]) -> list[float]:
    return [len(sound) / RATE for sound in sounds]


# ---- loading ----


def test_words_after_the_name_are_settings() -> None:
    assert read_variant("small") == ("small", Settings())
    assert read_variant("small+chain+guidance=4.5") == ("small", Settings(chain=True, guidance=4.5))
    assert read_variant("/a+b/model+temperature=0+bf16") == ("/a+b/model", Settings(bf16=True, temperature=0.0))
    assert read_variant("/a/b+c") == ("/a/b+c", Settings())


@pytest.mark.parametrize("word", ["+guidance=0", "+guidance=11", "+temperature=2.5"])
def test_settings_have_bounds(word: str) -> None:
    with pytest.raises(Refused, match="MusicGen's"):
        backends.composer(f"musicgen:small{word}")


@needs_models
def test_what_is_not_known_or_not_here_is_said(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        backends.composer("musicgen:enormous")
    with pytest.raises(Unavailable) as caught:
        backends.composer("musicgen:small", Vendors(models=str(tmp_path)))
    assert "reelscore models fetch" in caught.value.hint


@needs_models
def test_what_may_be_done_with_it_is_known_before_it_is_loaded(folders: dict[str, Path]) -> None:
    assert not engine(folders["mono"]).commercial
    with pytest.raises(Refused, match="commercially"):
        engine(folders["mono"], commercial=True)


@needs_models
def test_another_models_folder_is_refused(tmp_path: Path, folders: dict[str, Path]) -> None:
    other = shutil.copytree(folders["mono"], tmp_path / "other")
    config = json.loads((other / "config.json").read_bytes())
    (other / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(Refused, match="no MusicGen"):
        engine(other)


@needs_models
@pytest.mark.parametrize("harm", ["cut", "missing"])
def test_a_broken_checkpoint_is_told_and_never_filled_with_noise(
    harm: str, tmp_path: Path, folders: dict[str, Path]
) -> None:
    from safetensors.torch import load_file, save_file

    broken = shutil.copytree(folders["mono"], tmp_path / "broken")
    weights = broken / "model.safetensors"
    if harm == "cut":
        weights.write_bytes(weights.read_bytes()[:-100])
    else:
        tensors = load_file(weights)
        del tensors["decoder.model.decoder.layers.1.fc1.weight"]
        save_file(tensors, weights, {"format": "pt"})
    with pytest.raises(Unavailable, match="MusicGen model"):
        engine(broken).play(ORDERS[:1], Session())


# ---- playing ----


@needs_models
@pytest.mark.parametrize("kind", ["mono", "stereo", "melody"])
@pytest.mark.usefixtures("_short_theme")
def test_each_kind_of_checkpoint_plays_each_order_as_long_as_asked(kind: str, folders: dict[str, Path]) -> None:
    composer = engine(folders[kind])
    assert composer.rate == RATE
    sounds = composer.play(ORDERS, Session())
    assert seconds(sounds) == pytest.approx([0.5, 0.32, 0.7])
    assert {sound.shape[1] for sound in sounds} == {2 if kind == "stereo" else 1}
    assert all(np.isfinite(sound).all() and np.abs(sound).max() > 0 for sound in sounds)


@needs_models
@pytest.mark.usefixtures("_short_theme")
@pytest.mark.parametrize("words", ["", "+chain"])
def test_a_seed_is_a_take(words: str, folders: dict[str, Path]) -> None:
    def play(first_seed: int) -> list[Any]:
        first = Order("slow piano", 0.5, first_seed, 90.0, "C major")
        return list(engine(folders["mono"], words).play([first, *ORDERS[1:]], Session()))

    one, same, other = play(1), play(1), play(9)
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])
    assert not np.array_equal(one[2], other[2])  # as it goes on from the first


@needs_models
@pytest.mark.usefixtures("_short_theme")
def test_all_cues_continue_the_opening_of_the_first(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    heard = watch_windows(monkeypatch)
    engine(folders["mono"]).play(ORDERS, Session())
    (opening_known, opening), (known, made) = heard
    assert opening_known.shape == (1, 4, 0)
    assert [row.shape[-1] for row in made] == [15, 16, 35]  # one batch; the first has ten frames already
    assert all(np.array_equal(row, opening[0]) for row in known)


@needs_models
@pytest.mark.usefixtures("_short_theme")
def test_in_a_chain_each_cue_continues_the_one_before(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = watch_windows(monkeypatch)
    sounds = engine(folders["mono"], "+chain").play(ORDERS, Session())
    assert seconds(sounds) == pytest.approx([0.5, 0.32, 0.7])
    assert [known.shape for known, _ in heard] == [(1, 4, 0), (1, 4, 10), (1, 4, 10)]
    assert np.array_equal(heard[2][0][0], heard[1][1][0][:, -10:])


@needs_models
@pytest.mark.usefixtures("_short_theme")
def test_what_a_job_orders_again_continues_what_it_did_before(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    composer, session = engine(folders["mono"]), Session()
    first = composer.play(ORDERS, session)
    heard = watch_windows(monkeypatch)
    [again] = composer.play(ORDERS[2:], session)
    assert heard[0][0].shape == (1, 4, 10)
    np.testing.assert_allclose(again, first[2], atol=1e-5)
    composer.play(ORDERS[2:], Session())  # another job
    assert heard[1][0].shape == (1, 4, 0)


@needs_models
def test_one_short_order_is_played_too(folders: dict[str, Path]) -> None:
    assert seconds(engine(folders["mono"]).play([Order("piano", 0.001, 1, 90.0, "C major")], Session())) == [0.02]
    assert engine(folders["mono"]).play([], Session()) == []


@needs_models
def test_progress_counts_all_cues_and_a_person_can_stop_it(folders: dict[str, Path]) -> None:
    told: list[tuple[str, float, float]] = []
    engine(folders["mono"]).play(ORDERS, Session(report=lambda *what: told.append(what)))
    assert {stage for stage, _, _ in told} == {"music"}
    assert {total for _, _, total in told} == {25 + 16 + 35}
    done = [done for _, done, _ in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 76)

    def stop(*_: object) -> None:
        if len(told) > 3:
            raise Cancelled("Stopped.")
        told.append(("", 0, 0))

    told.clear()
    with pytest.raises(Cancelled):
        engine(folders["mono"]).play(ORDERS, Session(report=stop))


@needs_models
@pytest.mark.usefixtures("_short_theme")
@pytest.mark.parametrize("words", ["", "+bf16"])
def test_settings_change_the_music_or_the_arithmetic(words: str, folders: dict[str, Path]) -> None:
    from pipeline.generated.decoder import multiplies_bfloat16

    if words == "+bf16" and not multiplies_bfloat16():
        with pytest.raises(Unavailable, match="bfloat16"):
            engine(folders["mono"], words).play(ORDERS, Session())
        return
    composer = engine(folders["mono"], f"{words}+guidance=1+temperature=0.5")
    sounds = composer.play(ORDERS, Session())
    assert seconds(sounds) == pytest.approx([0.5, 0.32, 0.7])
    assert composer.machine == ("cpu, bfloat16" if words else "cpu, float32")
    assert not composer.cheap


# ---- when it goes wrong ----


@needs_models
@pytest.mark.usefixtures("_short_theme")
@pytest.mark.parametrize("room", [2, 1, 0])
def test_a_batch_that_memory_does_not_hold_halves_itself(
    room: int, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [Order(f"piano {number}", 0.3, number, 90.0, "C major") for number in range(5)]
    plain = engine(folders["mono"]).play(orders, Session())
    sizes: list[int] = []
    decode = windows.decode

    def fail(decoder: Any, condition: Any, known: Any, *more: Any) -> Any:
        sizes.append(len(known))
        if len(known) > room:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: can't allocate memory")
        return decode(decoder, condition, known, *more)

    monkeypatch.setattr(windows, "decode", fail)
    if room == 0:
        with pytest.raises(OverLimit, match="too little memory"):
            engine(folders["mono"]).play(orders, Session())
        return
    sounds = engine(folders["mono"]).play(orders, Session())
    assert sizes[1:4] == [5, 2, 2 if room == 2 else 1]
    for one, other in zip(plain, sounds, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


@needs_models
def test_a_batch_is_no_larger_than_the_memory_that_is_free(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = watch_windows(monkeypatch)
    orders = [Order("piano", 0.1, number, 90.0, "C major") for number in range(MOST_CUES + 1)]
    engine(folders["mono"]).play(orders, Session())
    assert [len(known) for known, _ in heard] == [1, MOST_CUES, 1]
    heard.clear()
    free = shelf.free_bytes
    monkeypatch.setattr(shelf, "free_bytes", lambda device: min(free(device), 10**9))
    engine(folders["mono"]).play(orders[:7], Session())
    assert [len(known) for known, _ in heard] == [1, 4, 3]


@needs_models
@pytest.mark.parametrize("times", [1, 2])
def test_numbers_that_break_down_are_made_again_once_and_never_handed_on(
    times: int, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, left = windows.decode, times

    def spoil(*given: Any) -> Any:
        nonlocal left
        made, broken = decode(*given)
        left -= 1
        return made, [left >= 0] * len(broken)

    monkeypatch.setattr(windows, "decode", spoil)
    if times == 1:
        assert seconds(engine(folders["mono"]).play(ORDERS[:1], Session())) == [0.5]
        return
    with pytest.raises(Unavailable, match="came out broken"):
        engine(folders["mono"]).play(ORDERS[:1], Session())


@needs_models
def test_weights_that_are_no_numbers_end_in_a_sentence(tmp_path: Path, folders: dict[str, Path]) -> None:
    from safetensors.torch import load_file, save_file

    spoilt = shutil.copytree(folders["mono"], tmp_path / "spoilt")
    tensors = load_file(spoilt / "model.safetensors")
    tensors["decoder.model.decoder.layers.0.fc1.weight"].fill_(float("nan"))
    save_file(tensors, spoilt / "model.safetensors", {"format": "pt"})
    with pytest.raises(Unavailable, match="came out broken"):
        engine(spoilt).play(ORDERS[:1], Session())


def watch_windows(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, list[Any]]]:
    """Note what each batch knew and made."""
    heard: list[tuple[Any, list[Any]]] = []
    decode = windows.decode

    def watch(decoder: Any, condition: Any, known: Any, *more: Any) -> Any:
        made, broken = decode(decoder, condition, known, *more)
        heard.append((known, made))
        return made, broken

    monkeypatch.setattr(windows, "decode", watch)
    return heard
