"""Times words by listening for them with PocketSphinx; its English model is in the package.

The client's words are the truth: nothing is recognised, it is only asked when each of them is sung. All words of a
stretch are laid over it in one go, in their order, so that the second chorus cannot be found in the first.
"""

from __future__ import annotations

import unicodedata

import numpy as np
import soundfile
from numpy.typing import NDArray
from pocketsphinx import Decoder
from scipy import ndimage, signal

from pipeline.errors import BadMedia
from pipeline.lyrics import Lyrics, Verse, fit_lines
from pipeline.singing.anchors import Stretch, find_stretches, hold_heard
from pipeline.singing.karaoke import time_words
from pipeline.singing.places import place_lines
from pipeline.singing.syllables import guess_language, split_words
from pipeline.singing.voice import STEP_S, hear_voice
from pipeline.storyboard import Chart, Line
from pipeline.track import Track

_RATE = 16_000  # Hz, what the model was trained on
_FRAMES = 100  # per second
_PAD_S = 0.5  # of silence at both ends: without it the first and last words are lost
_NOISE = 20.0  # of 32768: digital silence is nothing that the model knows
_SEED = 1
_BEAM = 1e-100  # how unlikely a path may become and be kept: at 1e-60 a song with instruments loses the way
_WORD_BEAM = 1e-80
_SILENT, _SILENT_S = 0.12, 3.0  # where so little sounds like a voice for so long, words are not looked for

#: letters as they are mostly spoken, in the phones of the model (ARPABET); two letters go before one
_LETTERS = {
    "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "qu": "K W", "ck": "K", "ee": "IY", "oo": "UW", "ou": "AW",
    "ng": "NG", "a": "AA", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F", "g": "G", "h": "HH", "i": "IH", "j": "JH",
    "k": "K", "l": "L", "m": "M", "n": "N", "o": "OW", "p": "P", "q": "K", "r": "R", "s": "S", "t": "T", "u": "AH",
    "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
_VOWELS = {"i": "IY", "u": "UW"}
_SPOKEN = {
    "en": {"igh": "AY", "tion": "SH AH N"},
    "es": {"ch": "CH", "ll": "Y", "ñ": "N Y", "que": "K EH", "qui": "K IY", "gue": "G EH", "gui": "G IY", "ce": "S EH",
           "ci": "S IY", "j": "HH", "h": "", "z": "S", "v": "B", "ou": "OW UW"},
    "it": {"ch": "K", "gli": "L IY", "gn": "N Y", "ci": "CH IY", "ce": "CH EH",
           "gi": "JH IY", "ge": "JH EH", "z": "T S"},
    "pt": {"nh": "N Y", "lh": "L Y", "ch": "SH", "ç": "S", "j": "ZH", "ão": "AW N", "ou": "OW", "h": ""},
    "fr": {"eau": "OW", "au": "OW", "ou": "UW", "oi": "W AA", "ch": "SH", "j": "ZH", "ç": "S", "qu": "K", "gn": "N Y",
           "ai": "EH", "on": "OW N", "an": "AA N", "en": "AA N", "in": "EH N", "un": "AH N", "h": ""},
    "de": {"sch": "SH", "ch": "HH", "ei": "AY", "ie": "IY", "eu": "OY", "äu": "OY", "au": "AW", "z": "T S", "w": "V",
           "v": "F", "j": "Y", "ä": "EH", "ö": "ER", "ü": "UW", "ß": "S"},
}  # fmt: skip
_LATIN = "a b v g d ye yo zh z i y k l m n o p r s t u f h ts ch sh sh i e yu ya i yi ye g w".split()  # noqa: SIM905
_CYRILLIC = dict(zip("абвгдеёжзийклмнопрстуфхцчшщыэюяіїєґў", _LATIN, strict=True))


def load() -> SphinxAligner:
    return SphinxAligner()


class SphinxAligner:
    """Best with English; other languages are read out as they are written, Chinese is left to be spread."""

    def align(self, lyrics: Lyrics, chart: Chart, track: Track) -> tuple[Line, ...]:
        """Return the lines with times, in order; what cannot be heard is spread between what was."""
        lines, _ = fit_lines(lyrics.lines, chart.duration)
        if all(line.start is not None for line in lines):
            return time_words(lines, place_lines(lines, chart, np.zeros(0)), duration=chart.duration)
        voice = hear_voice(track.sound)
        heard: dict[tuple[int, int], tuple[float, float]] = {}
        places = place_lines(lines, chart, voice)
        for stretch in find_stretches(lines, places, duration=chart.duration):
            heard |= _listen(lines, stretch, _gated(_sound(track, stretch), voice, stretch.start))
        held = hold_heard(lines, heard, voice, places=places, chart=chart)
        return time_words(held, place_lines(held, chart, voice), duration=chart.duration)


def _sound(track: Track, stretch: Stretch) -> NDArray[np.float64]:
    """Return a stretch of the track as one channel at the model's rate."""
    try:
        with soundfile.SoundFile(track.sound) as file:
            begin = min(round(stretch.start * file.samplerate), file.frames)
            file.seek(begin)
            samples = file.read(round((stretch.end - stretch.start) * file.samplerate), always_2d=True)
            return np.asarray(signal.resample_poly(np.nan_to_num(samples).mean(axis=1), _RATE, file.samplerate))
    except soundfile.LibsndfileError as exc:
        raise BadMedia("The track's sound cannot be read.", hint="Send it again, as MP3 or WAV.") from exc


def _gated(mono: NDArray[np.float64], voice: NDArray[np.float64], start: float) -> NDArray[np.float64]:
    """Silence where for a while nothing sounds like a voice: or words would be found in an intro."""
    width = round(_SILENT_S / STEP_S)
    silent = ndimage.binary_opening(voice < _SILENT, np.ones(width))
    if not mono.size or not silent.any() or silent.all():
        return mono
    silent = ndimage.binary_erosion(silent, np.ones(5), border_value=1)  # soft consonants at its edges
    at = np.clip(((start + np.arange(len(mono)) / _RATE) / STEP_S).astype(int), 0, len(silent) - 1)
    return np.where(silent[at], 0.0, mono)


def _listen(
    lines: tuple[Verse, ...], stretch: Stretch, mono: NDArray[np.float64]
) -> dict[tuple[int, int], tuple[float, float]]:
    """Return when each word is sung, by line and word; empty when the model loses the way."""
    loudest = float(np.abs(mono).max(initial=0.0))
    if loudest <= 0:
        return {}
    decoder = Decoder(
        lm=None, samprate=_RATE, frate=_FRAMES, loglevel="FATAL", beam=_BEAM, pbeam=_BEAM, wbeam=_WORD_BEAM
    )
    names = _teach(decoder, lines, stretch)
    if not names:
        return {}
    silence = np.zeros(round(_PAD_S * _RATE))
    padded = np.concatenate([silence, mono * (30_000 / loudest), silence])
    padded += np.random.default_rng(_SEED).normal(0.0, _NOISE, len(padded))
    try:
        decoder.set_align_text(" ".join(names))
        decoder.start_utt()
        decoder.process_raw(np.clip(padded, -32768, 32767).astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
    except RuntimeError:  # the text does not fit into so little sound
        return {}
    heard = {}
    for segment in decoder.seg() or ():
        if where := names.get(segment.word.split("(")[0]):
            begin, end = segment.start_frame / _FRAMES - _PAD_S, (segment.end_frame + 1) / _FRAMES - _PAD_S
            heard[where] = (max(stretch.start, stretch.start + begin), max(stretch.start, stretch.start + end))
    return heard


def _teach(decoder: Decoder, lines: tuple[Verse, ...], stretch: Stretch) -> dict[str, tuple[int, int]]:
    """Teach the decoder the words of the stretch by names of ours, in order, but for those nobody can pronounce."""
    language = guess_language("\n".join(line.text for line in lines))
    names: dict[str, tuple[int, int]] = {}
    for at in range(stretch.first, stretch.behind):
        for index, word in enumerate(split_words(lines[at].text)):
            known = decoder.lookup_word(word.lower().replace("\u2019", "'")) if language in ("en", "") else None
            if phones := known or spell(word, language):
                name = f"w{at}x{index}"
                decoder.add_word(name, phones, update=False)
                names[name] = (at, index)
    return names


def spell(word: str, language: str) -> str:
    """Return how a word is probably spoken, in phones of the model; "" where its script says nothing of that."""
    latin = "".join(map(_latin, word.lower()))
    special = _SPOKEN.get(language, {})
    plain = language not in ("en", "")
    phones, at = [], 0
    while at < len(latin):
        for length in (4, 3, 2, 1):
            piece = latin[at : at + length]
            bare = "".join(char for char in unicodedata.normalize("NFD", piece) if unicodedata.category(char) != "Mn")
            spoken = special.get(piece)
            if spoken is None and len(bare) == length:
                spoken = (_VOWELS.get(bare) if plain else None) or _LETTERS.get(bare)
            if spoken is not None:
                break
        phones += (spoken or "").split()
        at += length
    return " ".join(phones[:40])


def _latin(char: str) -> str:
    """Return a letter of another alphabet as Latin letters; kana and Hangul have their sound in their name."""
    name = unicodedata.name(char, "").split(" ")
    if name[0] in ("HIRAGANA", "KATAKANA", "HANGUL") and len(name) > 2:
        return name[-1].lower()
    return _CYRILLIC.get(char, char)
