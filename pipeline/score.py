"""The main path: a silent clip gets its music. Start reading here; the stages are called in order on this page.

A job leaves a folder that tells its story:

    picture.mp4          the locked picture, without sound and without anything of the client's but the picture
    scenes/000.jpg       one still for each scene
    cues.json            the cue sheet; edit it and play it again
    music/1m1.wav        each cue alone, as it was recorded
    stems/melody.wav     the parts of the whole film; their sum is the music
    music.wav            the music alone
    mix.wav              the music over the clip's own sound, where that was kept
    score.mid            the notes, with tempo map and markers
    certificate.json     what was measured on the finished film
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import soundfile

from pipeline import backends
from pipeline.backends import Composer, Crew, Report
from pipeline.certificate import Certificate, certify
from pipeline.clip import Aspect, Clip, Footage, Frame, Limits, Target, open_clip
from pipeline.cues import reread, spot
from pipeline.cuesheet import Brief, CueSheet
from pipeline.ear.sound import OwnSound, judge_sound
from pipeline.errors import BadSheet, Refused, UserError
from pipeline.film import container, marry
from pipeline.mix import Mix, lay
from pipeline.music import Audio, Recording, write_music, write_sound
from pipeline.scenes import find_scenes, key_stills, watch

Sound = Literal["auto", "keep", "replace"]

#: what `report` is told, in this order
STAGES = ("clip", "scenes", "cues", "music", "mix", "film")

MACHINE_MADE = "Music composed by a machine (Reelscore)"  # EU AI Act, article 50(2): marked in the film itself

KEPT_SOUND = "The clip has sound of its own; it was kept with the music. To leave it out, ask for it to be replaced."

CEILING_DBTP = -1.0  # of the finished film, after its codec; platforms' own codecs need that room
TRIES = 3  # low bitrates, for tight upload limits, overshoot a master that keeps the ceiling by itself

SAME_LENGTH_S = 0.05  # an edited cue sheet must be of a clip of this length, give or take a frame


@dataclass(frozen=True)
class Score:
    """What is delivered for one take."""

    film: Path
    folder: Path  #: the job's folder, or a take's folder inside it
    sheet: CueSheet
    certificate: Certificate
    stems: tuple[Path, ...]
    music: Path  #: the music alone, as it is in the film
    midi: Path | None
    copied: bool  #: whether the picture's packets are the client's own
    notes: tuple[str, ...] = ()  #: what the client should know


@dataclass(frozen=True)
class _Job:
    """What stays the same from take to take."""

    clip: Clip
    own: OwnSound | None
    folder: Path
    sound: Sound
    target: Target
    composer: Composer
    report: Report


def score(
    path: Path,
    *,
    to: Path,
    folder: Path,
    brief: Brief | None = None,
    takes: int = 1,
    sound: Sound = "auto",
    target: Target = "none",
    aspect: Aspect = "keep",
    detector: str = "adaptive",
    crew: Crew | None = None,
    edited: str | bytes | None = None,
    limits: Limits | None = None,
    report: Report = lambda stage, done, total: None,
) -> list[Score]:
    """Give the clip at `path` its music and write the film to `to`; one Score for each take.

    `edited` is the text of a cue sheet to be played instead of spotting anew. A second take's film has `-take-2` in its
    name, and its papers lie in `take-2/` of the folder. `folder` must not hold another job. `sound` says what happens
    to the clip's own: "auto" keeps it when there is any. Raises UserError; nothing is left behind then.
    """
    crew = crew or Crew()
    captioner, writer = backends.captioner(crew.captioner), backends.writer(crew.writer)
    composer = backends.composer(crew.composer)
    plan = reread(edited) if edited is not None else None
    container(to.suffix)  # refuses what could not be written, before the work
    with _job_folder(folder, films=(films := _films(to, takes))):
        report("clip", 0, 1)
        footage = open_clip(path, folder, limits=limits or Limits(), target=target, aspect=aspect)
        watched = watch(_counted(footage, report), detector=detector)
        clip = footage.clip
        container(to.suffix, clip)
        report("cues", 0, 1)
        if plan is None:
            scenes = find_scenes(watched, clip.duration)
            scenes = captioner.see(scenes, key_stills(scenes, footage.stills))
            sheet = spot(scenes, brief or Brief(), duration=clip.duration, frame_rate=clip.frame_rate)
        else:
            sheet = _fitting(plan, clip)
        sheet = _keep_own_words(sheet, writer.write(sheet))
        _keep_thumbnails(sheet, footage, folder / "scenes")
        own = judge_sound(clip.sound_path) if clip.sound_path else None
        report("cues", 1, 1)
        job = _Job(clip, own, folder, sound, target, composer, report)
        scores = [
            _record(job, replace(sheet, seed=sheet.seed + take), take, unfinished)
            for take, unfinished in enumerate(films)
        ]
        return [replace(made, film=made.film.replace(films[made.film])) for made in scores]


def _films(to: Path, takes: int) -> dict[Path, Path]:
    """Where each take's film is made, and the name that it gets when the whole job is done."""
    names = [to] + [to.with_name(f"{to.stem}-take-{take}{to.suffix}") for take in range(2, takes + 1)]
    return {to.with_name(f".{os.getpid()}-{number}.part{to.suffix}"): name for number, name in enumerate(names)}


def _record(job: _Job, sheet: CueSheet, take: int, film: Path) -> Score:
    """Compose, mix, marry and certify one take."""
    folder = job.folder if take == 0 else job.folder / f"take-{take + 1}"
    folder.mkdir(exist_ok=True)
    (folder / "cues.json").write_text(sheet.to_json(), encoding="utf-8")
    recording = job.composer.compose(sheet, report=job.report)
    job.report("mix", 0, 1)
    own_sound, speech = _own_sound(job)
    mix = lay(recording, sheet, own_sound=own_sound, speech=speech)
    papers = write_music(recording, stems=mix.stems, music=mix.music, folder=folder)
    job.report("film", 0, 1)
    certificate = _marry(job, sheet, recording, _mixed(papers.music, mix, folder), film)
    (folder / "certificate.json").write_text(certificate.to_json(), encoding="utf-8")
    job.report("film", 1, 1)
    remark = (KEPT_SOUND,) if own_sound is not None else ()
    notes = (*job.clip.notes, *remark, *sheet.notes, *recording.notes)
    return Score(film, folder, sheet, certificate, papers.stems, papers.music, papers.midi, job.clip.copied, notes)


def _marry(job: _Job, sheet: CueSheet, recording: Recording, sound: Path, film: Path) -> Certificate:
    """Make the film and measure it; where the codec has overshot the ceiling, once more and that much softer."""
    cuts = [hit.time for cue in sheet.cues for hit in cue.hits if hit.kind != "jolt"]
    for _ in range(TRIES):
        marry(job.clip, sound, film, target=job.target, comment=MACHINE_MADE)
        certificate = certify(film, cuts, recording=recording, seed=sheet.seed, engine=recording.engine)
        over_db = certificate.true_peak - CEILING_DBTP
        if over_db <= 0:
            break
        samples, _ = soundfile.read(sound, dtype="float32", always_2d=True)
        sound = write_sound(sound.with_name("mix.wav"), samples * 10 ** (-(over_db + 0.1) / 20))
    return certificate


def _own_sound(job: _Job) -> tuple[Audio | None, tuple[tuple[float, float], ...]]:
    """The clip's own sound and where somebody speaks in it, when it shall stay under the music."""
    if job.sound == "replace" or job.own is None or job.own.kind == "silent" or job.clip.sound_path is None:
        return None, ()
    samples, _ = soundfile.read(job.clip.sound_path, dtype="float32", always_2d=True)
    return samples, job.own.speech


def _mixed(music: Path, mix: Mix, folder: Path) -> Path:
    """The film's sound as a file: the music itself, unless the clip's own sound lies under it."""
    return music if mix.film is mix.music else write_sound(folder / "mix.wav", mix.film)


def _counted(footage: Footage, report: Report) -> Iterator[Frame]:
    """Pass the frames on, telling now and then how far the one decode has come."""
    total = max(1, footage.frame_count)
    for frame in footage.frames():
        if frame.index % 24 == 0:
            report("scenes", min(frame.index, total), total)
        yield frame
    report("scenes", total, total)


def _fitting(sheet: CueSheet, clip: Clip) -> CueSheet:
    """Refuse a cue sheet that was made for another clip."""
    if abs(sheet.duration - clip.duration) > max(SAME_LENGTH_S, 1.5 / clip.frame_rate):
        raise BadSheet(
            f"The cue sheet is {sheet.duration:.2f} s long, the clip {clip.duration:.2f} s.",
            hint="Play an edited cue sheet with the clip that it was made for.",
        )
    return sheet


def _keep_own_words(sheet: CueSheet, written: CueSheet) -> CueSheet:
    """Put back the prompts that a person has put into the sheet in place of a writer's."""
    own = [bool(cue.prompt) and cue.prompt not in cue.prompts.values() for cue in sheet.cues]
    return written.with_cues(
        tuple(
            replace(new, prompt=old.prompt) if kept else new
            for old, new, kept in zip(sheet.cues, written.cues, own, strict=True)
        )
    )


def _keep_thumbnails(sheet: CueSheet, footage: Footage, folder: Path) -> None:
    """Write the middle still of each scene as `000.jpg` and so on."""
    folder.mkdir(exist_ok=True)
    for scene, stills in zip(sheet.scenes, key_stills(sheet.scenes, footage.stills), strict=True):
        if stills:
            (folder / f"{scene.index:03d}.jpg").write_bytes(stills[len(stills) // 2])


@contextmanager
def _job_folder(folder: Path, *, films: Iterable[Path]) -> Iterator[None]:
    """Make the job's folder; take it away again when a person's error or a cancellation ends the job.

    After a bug it stays, since it is the bug report. Unfinished films never stay.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(
            "The job's folder already holds another job.",
            hint="Name another folder, or move the old one away.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except (UserError, KeyboardInterrupt):
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        for film in films:
            film.unlink(missing_ok=True)
