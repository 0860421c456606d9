"""A song without a singer: the embedded composer plays the form of the lyrics, with one chorus that comes again.

It is planned as a cue sheet without a picture: each section is a cue in one key and one tempo, laid in whole bars.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from pipeline import backends
from pipeline.backends import Report, Session, Vendors
from pipeline.cues import name_mood, spot
from pipeline.cuesheet import Bar, Brief, Cue, CueSheet, HitPoint, Look, Scene
from pipeline.errors import Refused
from pipeline.imagery.lexicon import find_motifs, find_tongues
from pipeline.lyrics import Lyrics, Verse, read_lyrics
from pipeline.mix import lay
from pipeline.music import Recording, write_sound
from pipeline.spotting.wishes import understand
from pipeline.storyboard import Part, Treatment

Form = list[tuple[Part, int]]  #: sections in order, with their bars

BEATS = 4  # in a bar
SHORTEST_S, LONGEST_S = 60.0, 150.0
LINE_BARS = 2  # of song for a line
LEAST_BARS, MOST_BARS = 4, 16  # of a section

#: by part: what it adds to the song's arousal, how far the music steps forward, and the weight of its first beat
LIFT: dict[Part, tuple[float, float, float]] = {
    "intro": (-0.25, 0.25, 0.0),
    "verse": (-0.08, 0.45, 0.4),
    "chorus": (0.25, 0.8, 0.75),
    "bridge": (-0.15, 0.4, 0.45),
    "instrumental": (0.1, 0.6, 0.5),
    "outro": (-0.1, 0.5, 0.5),
}
MOOD = (0.25, 0.1)  # valence and arousal where neither wish nor lyrics say anything
FRAME_RATE = 25.0  # of no picture: a cue sheet has one


class Orchestra:
    """Plays the accompaniment that the lyrics would be sung to."""

    name = "orchestra"
    licence = "The music is yours: written and played by Reelscore's own orchestra, free for any use."

    def sing(self, treatment: Treatment, *, to: Path, report: Report) -> Path:
        """Return `song.wav`: 60 to 150 seconds at -14 LUFS, longer the more there is to sing; the words stay unsung."""
        lyrics = read_lyrics(treatment.lyrics) if treatment.lyrics.strip() else None
        sheet = plan_song(treatment, lyrics)
        recording = backends.composer().compose(sheet, Session(lambda _, done, total: report("track", done, total)))
        return write_sound(to / "song.wav", lay(one_chorus(recording, sheet), sheet).music)


def plan_song(treatment: Treatment, lyrics: Lyrics | None) -> CueSheet:
    """Return the cue sheet of the song; cues are named after their sections: "2 verse"."""
    song = _song(treatment, lyrics)
    bar_s = 60.0 * BEATS / song.tempo
    form = fit_form(read_form(lyrics), bar_s)
    cues: list[Cue] = []
    scenes: list[Scene] = []
    at = 0
    for number, (part, bars) in enumerate(form):
        start, end = at * bar_s, (at + bars) * bar_s
        cue = _section(song, part, number, start, end, bars)
        cues.append(cue)
        scenes.append(_unseen(cue, number))
        at += bars
    return CueSheet(at * bar_s, FRAME_RATE, treatment.seed, tuple(scenes), tuple(cues), _brief(treatment))


def _brief(treatment: Treatment) -> Brief:
    return Brief(wish=treatment.wish, seed=treatment.seed)


def _song(treatment: Treatment, lyrics: Lyrics | None) -> Cue:
    """Return a cue that has the style, mood, key and tempo of the whole song."""
    brief = _brief(treatment)
    valence, arousal = _mood(lyrics)
    scene = Scene(0, 0.0, 30.0, entry="start", valence=valence, arousal=arousal)
    song = spot([scene], brief, duration=30.0, frame_rate=FRAME_RATE).cues[0]
    return replace(song, tempo=float(round(understand(brief).brief.tempo or song.tempo)))


def _mood(lyrics: Lyrics | None) -> tuple[float, float]:
    """Return the mean (valence, arousal) of what the words call up."""
    text = "\n".join(line.text for line in lyrics.lines) if lyrics else ""
    moods = [motif.mood for motif in find_motifs(text, find_tongues(text)) if any(motif.mood)]
    if not moods:
        return MOOD
    return sum(v for v, _ in moods) / len(moods), sum(a for _, a in moods) / len(moods)


def _section(song: Cue, part: Part, number: int, start: float, end: float, bars: int) -> Cue:
    rise, intensity, weight = LIFT[part]
    bar_s = (end - start) / bars
    arousal = round(min(1.0, max(-1.0, song.arousal + rise)), 3)
    return replace(
        song,
        number=f"{number + 1} {part}",
        start=start,
        end=end,
        scenes=(number,),
        arousal=arousal,
        mood=name_mood(song.valence, arousal),
        intensity=intensity,
        bars=tuple(Bar(start + bar * bar_s, BEATS, 60.0 * BEATS / bar_s) for bar in range(bars)),
        hits=(HitPoint(start, weight, "cut"),) if weight else (),
    )


def _unseen(cue: Cue, number: int) -> Scene:
    """Return the scene that a section would have, were there a picture."""
    return Scene(
        number,
        cue.start,
        cue.end,
        entry="cut" if number else "start",
        look=Look(motion=cue.intensity, light=cue.intensity),
        emotion=cue.emotion,
        valence=cue.valence,
        arousal=cue.arousal,
    )


def read_form(lyrics: Lyrics | None) -> Form:
    """Return the sections that the lyrics ask for, each chorus as long as the longest; the marks go before a guess."""
    if lyrics is None:
        return [("verse", 8), ("chorus", 8), ("verse", 8), ("chorus", 8), ("bridge", 8), ("chorus", 8)]
    stanzas = [list(lines) for _, lines in groupby(lyrics.lines, key=lambda line: (line.stanza, line.part))]
    parts = [_part(lines) for lines in stanzas]
    if not any(lines[0].part for lines in stanzas):
        sung = Counter(_words(lines) for lines in stanzas)
        parts = ["chorus" if sung[_words(lines)] > 1 else "verse" for lines in stanzas]
    form = [(part, _bars(lines)) for part, lines in zip(parts, stanzas, strict=True)]
    if "chorus" not in parts:
        form = [section for verse in form for section in (verse, ("chorus", 8))]
    longest = max(bars for part, bars in form if part == "chorus")
    return [(part, longest if part == "chorus" else bars) for part, bars in form]


def _part(lines: Sequence[Verse]) -> Part:
    """Return the section that a mark means: "verse 2" is a verse."""
    kind = lines[0].part.split(" ")[0].removeprefix("post-")
    return next((part for part in LIFT if part == kind), "verse")


def _words(lines: Sequence[Verse]) -> str:
    return " ".join(line.text.casefold() for line in lines)


def _bars(lines: Sequence[Verse]) -> int:
    bars = LEAST_BARS * round(LINE_BARS * len(lines) / LEAST_BARS)
    return min(MOST_BARS, max(LEAST_BARS, bars))


def fit_form(form: Form, bar_s: float) -> Form:
    """Put an intro and an outro around the sections, and bring the whole to 60-150 seconds."""
    inner = [section for section in form if section[0] not in ("intro", "outro")] or [("chorus", 8)]
    frame = 2 * LEAST_BARS

    def seconds() -> float:
        return (frame + sum(bars for _, bars in inner)) * bar_s

    while seconds() > LONGEST_S and any(bars > LEAST_BARS for _, bars in inner):
        longest = max(bars for _, bars in inner)
        inner = [(part, bars // 2 if bars == longest else bars) for part, bars in inner]
    while seconds() > LONGEST_S and len(inner) > 2:
        del inner[len(inner) // 2]  # the first verse and the last chorus stay
    while seconds() < SHORTEST_S:
        chorus = next((bars for part, bars in inner if part == "chorus"), 8)
        inner += [("instrumental", 8), ("chorus", chorus)] if inner[-1][0] == "chorus" else [("chorus", chorus)]
    return [("intro", LEAST_BARS), *inner, ("outro", LEAST_BARS)]


def one_chorus(recording: Recording, sheet: CueSheet) -> Recording:
    """Return the recording with every chorus as the last one was played: what comes again shall be known again."""
    choruses = {cue.number: cue.start for cue in sheet.cues if cue.number.endswith(" chorus")}
    takes = {take.cue: take for take in recording.takes}
    last = next((number for number in reversed(choruses) if number in takes), "")
    if not last:
        return recording
    again = {
        number: replace(takes[last], cue=number, start=takes[last].start + start - choruses[last])
        for number, start in choruses.items()
    }
    return replace(recording, takes=tuple(again.get(take.cue, take) for take in recording.takes))


def load(variant: str, vendors: Vendors) -> Orchestra:
    if variant:
        raise Refused("There is only one built-in orchestra.", hint="Say: orchestra.")
    return Orchestra()
