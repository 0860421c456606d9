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
    costs.jsonl          what vendors were paid, where there were any

A broken-off job is taken up again from where pipeline/checkpoint.py has kept it: after the decode, after the cue sheet,
after the music of a take, and after the take.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import soundfile

from pipeline import crew as at_work
from pipeline.backends import Composer, Crew, Report, Session, Vendors
from pipeline.certificate import Certificate, certify
from pipeline.checkpoint import Checkpoints, KeptStill
from pipeline.clip import Aspect, Clip, Footage, Frame, Limits, Still, Target, open_clip, sum_up
from pipeline.cues import reread, spot
from pipeline.cuesheet import Brief, CueSheet, Scene
from pipeline.door.targets import limit_bytes
from pipeline.ear.sound import OwnSound, judge_sound
from pipeline.errors import BadSheet, Undecided
from pipeline.film import container, marry
from pipeline.folder import job_folder, taken_up
from pipeline.mix import Mix, lay
from pipeline.music import Audio, Papers, Recording, write_music, write_sound
from pipeline.purse import Purse
from pipeline.scenes import find_scenes, key_stills, watch
from pipeline.track import open_track
from pipeline.verdict import Verdict, best_first, judge_take

Sound = Literal["auto", "keep", "replace", "ask"]

#: what `report` is told, in this order
STAGES = ("clip", "scenes", "cues", "music", "mix", "film")

MACHINE_MADE = "Music composed by a machine (Reelscore)"  # EU AI Act, article 50(2): marked in the film itself

KEPT_SOUND = "The clip has sound of its own; it was kept with the music. To leave it out, ask for it to be replaced."

HAS_SOUND = "The clip has sound of its own."
HAS_SOUND_HINT = "Say whether to keep it under the music or to replace it."

CEILING_DBTP = -1.0  # of the finished film, after its codec; platforms' own codecs need that room
TRIES = 3  # low bitrates, for tight upload limits, overshoot a master that keeps the ceiling by itself

COSTS = "costs.jsonl"  # in the folder: the ledger of what vendors were paid
TEMP = "temp"  # in the folder: the temp track as it was read
TICKETS = ".tickets"  # in the folder: what was ordered at vendors' and may be followed by the next run

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
    usd: float = 0.0  #: what vendors were paid for it; the first take bears what all of them share
    verdict: Verdict | None = None  #: what it is worth beside the other takes; None where it is the only one


@dataclass(frozen=True)
class _Shot:
    """What the one decode has given."""

    clip: Clip
    scenes: tuple[Scene, ...]
    stills: tuple[Still | KeptStill, ...]
    own: OwnSound | None


@dataclass(frozen=True)
class _Played:
    """The music of a take as it was written, before it meets the picture."""

    papers: Papers
    sound: Path  #: the film's
    kept: bool  #: whether the clip's own sound is in it
    composer: str
    licence: str
    engine: str
    commercial: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Job:
    """What stays the same from take to take."""

    clip: Clip
    own: OwnSound | None
    folder: Path
    sound: Sound
    takes: int
    most_bytes: int | None
    composer: Composer
    session: Session

    @property
    def report(self) -> Report:
        return self.session.report


def score(
    path: Path,
    *,
    to: Path,
    folder: Path,
    brief: Brief | None = None,
    takes: int = 1,
    sound: Sound = "auto",
    target: Target = "none",
    most_bytes: int | None = None,
    aspect: Aspect = "keep",
    detector: str = "adaptive",
    crew: Crew | None = None,
    vendors: Vendors | None = None,
    edited: str | bytes | None = None,
    temp: Path | None = None,
    insist: bool = True,
    limits: Limits | None = None,
    resume: bool = False,
    report: Report = lambda stage, done, total: None,
) -> list[Score]:
    """Give the clip at `path` its music and write the film to `to`; one Score for each take, the best first.

    `edited` is the text of a cue sheet to be played instead of spotting anew. `temp` is a temp track, music that the
    clip was cut to: a composer that can follows its melody, any other is refused. `sound` says what happens to the
    clip's own: "auto" keeps it when there is any, "ask" raises Undecided then. `most_bytes` of a film stand in place of
    the target's own limit. Of the stage "clip" `report` is told the clip's seconds.

    A second take's film has `-take-2` in its name, and its papers lie in `take-2/` of the folder. Where a chosen engine
    fails at its work, the embedded one does it, and the score's notes say so; without `insist` also where the chosen
    one cannot work here at all.

    `folder` must not hold another job. Raises UserError; nothing is left behind then. With `resume` it may hold a
    broken-off run of this job: what is finished there is taken over, and the folder stays whatever happens.
    """
    crew, brief, limits, vendors = crew or Crew(), brief or Brief(), limits or Limits(), vendors or Vendors()
    hired = at_work.hire(crew, vendors, temp=temp is not None, insist=insist)
    plan = reread(edited) if edited is not None else None
    container(to.suffix)  # refuses what could not be written, before the work
    films = _films(to, takes, resume=resume)
    with taken_up(folder) if resume else job_folder(folder, films=films):
        report("clip", 0, 1)
        footage = open_clip(path, folder, limits=limits, target=target, most_bytes=most_bytes, aspect=aspect)
        report("clip", footage.duration, footage.duration)
        asked = (brief, crew, target, most_bytes, aspect, detector, edited, limits, sum_up(temp) if temp else None)
        checkpoints = (
            Checkpoints(folder, of=(sum_up(path), folder.absolute(), to.absolute(), *asked))
            if resume
            else Checkpoints(None)
        )
        melody = _temp_track(temp, folder)
        shot = checkpoints.once("clip", _Shot, _decode, footage, checkpoints, report, detector=detector)
        container(to.suffix, shot.clip)
        if sound == "ask" and shot.own is not None and shot.own.kind != "silent":
            raise Undecided(HAS_SOUND, hint=HAS_SOUND_HINT)
        report("cues", 0, 1)
        session = Session(report, Purse(vendors.most_usd, book=folder / COSTS), _tickets(folder), melody)
        sheet = checkpoints.once("cues", CueSheet, _spot, shot, brief, plan, hired, session)
        _keep_thumbnails(sheet, shot.stills, folder / "scenes")
        report("cues", 1, 1)
        job = _Job(shot.clip, shot.own, folder, sound, takes, limit_bytes(target, most_bytes), hired.composer, session)
        scores: list[Score] = []
        for take, film in enumerate(films):
            seeded = replace(sheet, seed=sheet.seed + take)
            kept = checkpoints.beside(sound, seeded)
            made = kept.once(f"take-{take + 1}", Score, _record, job, kept, seeded, take, film)
            scores.append(replace(made, usd=session.purse.spent_usd - sum(before.usd for before in scores)))
            report("film", 1, 1)
        with suppress(OSError):  # of a composer that keeps its pieces there it is not empty
            (folder / TICKETS).rmdir()
        done = [replace(made, film=made.film.replace(films[made.film])) for made in scores]
        verdicts = [made.verdict for made in done if made.verdict]
        return [done[place] for place in best_first(verdicts)] if len(verdicts) > 1 else done


def _temp_track(temp: Path | None, folder: Path) -> Path | None:
    """Take a temp track through the door; return its sound, 48 kHz stereo WAV from the film's first frame on."""
    if temp is None:
        return None
    place = folder / TEMP
    place.mkdir(exist_ok=True)
    return open_track(temp, place).sound


def _tickets(folder: Path) -> Path:
    """Make the place for what engines have ordered elsewhere."""
    tickets = folder / TICKETS
    tickets.mkdir(exist_ok=True)
    return tickets


def _films(to: Path, takes: int, *, resume: bool) -> dict[Path, Path]:
    """Where each take's film is made, and the name that it gets when the whole job is done.

    A job that may be taken up again has each film under its own name at once.
    """
    names = [to] + [to.with_name(f"{to.stem}-take-{take}{to.suffix}") for take in range(2, takes + 1)]
    if resume:
        return {name: name for name in names}
    return {to.with_name(f".{os.getpid()}-{number}.part{to.suffix}"): name for number, name in enumerate(names)}


def _decode(footage: Footage, checkpoints: Checkpoints, report: Report, *, detector: str) -> _Shot:
    """Go through the clip's frames, once and for all."""
    watched = watch(_counted(footage, report), detector=detector)
    clip = footage.clip
    own = judge_sound(clip.sound_path) if clip.sound_path else None
    return _Shot(clip, tuple(find_scenes(watched, clip.duration)), checkpoints.stills(footage.stills), own)


def _spot(shot: _Shot, brief: Brief, plan: CueSheet | None, hired: at_work.Hired, session: Session) -> CueSheet:
    """Write the cue sheet, unless a person has edited one."""
    clip = shot.clip
    if plan is None:
        stills = key_stills(shot.scenes, shot.stills)
        scenes, notes = at_work.see(shot.scenes, stills, hired.captioner, session)
        sheet = replace(spot(scenes, brief, duration=clip.duration, frame_rate=clip.frame_rate), notes=notes)
        return at_work.write(sheet, hired.writer, session)
    return _keep_own_words(plan, at_work.rewrite(_fitting(plan, clip), hired.writer, session))


def _record(job: _Job, checkpoints: Checkpoints, sheet: CueSheet, take: int, film: Path) -> Score:
    """Compose, mix, marry and certify one take."""
    folder = job.folder if take == 0 else job.folder / f"take-{take + 1}"
    folder.mkdir(exist_ok=True)
    (folder / "cues.json").write_text(sheet.to_json(), encoding="utf-8")
    played = checkpoints.once(f"music-{take + 1}", _Played, _play, job, sheet, folder)
    job.report("film", 0, 1)
    certificate = _marry(job, sheet, played, film)
    (folder / "certificate.json").write_text(certificate.to_json(), encoding="utf-8")
    remark = (KEPT_SOUND,) if played.kept else ()
    notes = (*job.clip.notes, *remark, *sheet.notes, *played.notes)
    papers = played.papers
    return Score(
        film, folder, sheet, certificate, papers.stems, papers.music, papers.midi, job.clip.copied, notes,
        verdict=_judge(papers.music, sheet, certificate) if job.takes > 1 else None,
    )  # fmt: skip


def _judge(music: Path, sheet: CueSheet, certificate: Certificate) -> Verdict:
    samples, _ = soundfile.read(music, dtype="float32", always_2d=True)
    return judge_take(samples, sheet, certificate)


def _play(job: _Job, sheet: CueSheet, folder: Path) -> _Played:
    """Have the sheet played, mix it and write it down."""
    recording = at_work.compose(sheet, job.composer, job.session)
    job.report("mix", 0, 1)
    own_sound, speech = _own_sound(job)
    mix = lay(recording, sheet, own_sound=own_sound, speech=speech)
    papers = write_music(recording, stems=mix.stems, music=mix.music, folder=folder)
    sound, kept = _mixed(papers.music, mix, folder), own_sound is not None
    return _Played(
        papers,
        sound,
        kept,
        recording.composer,
        recording.licence,
        recording.engine,
        recording.commercial,
        recording.notes,
    )


def _marry(job: _Job, sheet: CueSheet, played: _Played, film: Path) -> Certificate:
    """Make the film and measure it; where the codec has overshot the ceiling, once more and that much softer."""
    cuts = [hit.time for cue in sheet.cues for hit in cue.hits if hit.kind != "jolt"]
    recording = Recording(played.composer, played.licence, (), commercial=played.commercial)
    sound = played.sound
    for _ in range(TRIES):
        marry(job.clip, sound, film, most_bytes=job.most_bytes, comment=MACHINE_MADE)
        certificate = certify(film, cuts, recording=recording, seed=sheet.seed, engine=played.engine)
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


def _keep_thumbnails(sheet: CueSheet, taken: Sequence[Still | KeptStill], folder: Path) -> None:
    """Write the middle still of each scene as `000.jpg` and so on."""
    folder.mkdir(exist_ok=True)
    for scene, stills in zip(sheet.scenes, key_stills(sheet.scenes, taken), strict=True):
        if stills:
            (folder / f"{scene.index:03d}.jpg").write_bytes(stills[len(stills) // 2])
