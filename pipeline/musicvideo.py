"""The other main path: a track gets its pictures. Start reading here; the stages are called in order on this page.

A job leaves a folder that tells its story:

    sound.wav, cover.jpg   the track's sound as it was listened to, and the picture in its tags
    storyboard.json        the plan; edit it and play it again
    sketches/p01/          each picture as the embedded illustrator sketches it, for the contact sheet
    stills/p01.jpg         the same in one piece
    contact.jpg            all shots on one page
    pictures/p01/          each picture as it is in the film, in layers where it has some
    motion/p01/            the same filmed, where an animator was asked for
    certificate.json       what was measured on the finished film

A broken-off job is taken up again from where pipeline/checkpoint.py has kept it: no picture is drawn twice. An edited
storyboard that is played again takes over from the earlier folder whatever was not changed in it (`earlier`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2

from pipeline import backends
from pipeline.backends import Crew, Report, Session, Vendors
from pipeline.checkpoint import Checkpoints
from pipeline.clip import sum_up
from pipeline.contactsheet import draw_contact_sheet
from pipeline.cutcertificate import CutCertificate, certify
from pipeline.door.targets import Target, limit_bytes
from pipeline.edit import cut_film
from pipeline.errors import BadLyrics, BadSheet, OverLimit, Refused
from pipeline.film import container
from pipeline.folder import job_folder, taken_up
from pipeline.lyrics import Lyrics, fit_lines, read_lyrics, shifted
from pipeline.pictures import Material, Painting, animate_pictures, draw_pictures, engine_of, estimate_usd, flatten
from pipeline.portfolio import adopt, keep_portfolio
from pipeline.purse import Purse
from pipeline.sections import find_sections
from pipeline.shots import break_down
from pipeline.storyboard import Chart, Line, Picture, Section, Storyboard, Treatment, size_of
from pipeline.track import Track, TrackLimits, open_track
from pipeline.visuals import OWN, SUPPLIED, is_titled, is_whole, loop_film, supply, whole_board

#: what `report` is told, in this order
STAGES = ("track", "sections", "lyrics", "storyboard", "pictures", "motion", "edit")

MACHINE_MADE = "Pictures made by a machine (Reelscore)"  # EU AI Act, article 50(2): marked in the film itself

BOOK = "storyboard.jsonl"  # in the job's folder: what the storyboard has cost; each picture's price is kept with it

SIDE = 1080  # pixels, the shorter side of the film
SKETCH_SIDE = 270  # of the sketches on the contact sheet
SKETCH_S = 0.5  # of a supplied clip: only its first frame is on the sheet
STILL_QUALITY = 90  # of JPEG's 100

SAME_LENGTH_S = 0.05  # an edited storyboard must be of a track of this length

EDIT_S = 1.0  # seconds of work on a second of film, 1080x1920 at 30 frames, on two cores
COPIED_SHARE = 0.02  # of that, where one turn's packets are copied again and again
TURN_S = 10.0  # of work on the turn itself
REDRAWN = 7919  # between the seeds of one drawing and the next of the same picture

UNREAD = "The lyrics in the track's tags cannot be used; the film has none."
UNSHOWN = "There are more pictures than the track has room for; the last ones are not shown."
NO_TRACK = "There is neither a track nor a wish for a song."
NO_TRACK_HINT = "Give a sound file, or ask for a song to be made."


@dataclass(frozen=True)
class Ordered:
    """All that is wanted of a music video but where it goes."""

    track: Path | None  #: None: a song is made first
    treatment: Treatment = field(default_factory=Treatment)
    crew: Crew = field(default_factory=Crew)
    visuals: tuple[Path, ...] = ()  #: one is looped through the whole film, several take the pictures' places
    edited: str | bytes | None = None  #: the text of a storyboard to be played instead of planning anew
    earlier: Path | None = None  #: the folder of an earlier film, whose pictures are taken over where they fit
    target: Target = "none"
    most_bytes: int | None = None  #: of the film, in place of the target's own limit
    limits: TrackLimits = field(default_factory=TrackLimits)


@dataclass(frozen=True)
class Plan:
    """What is decided before anything is drawn."""

    track: Track
    board: Storyboard
    timed: bool  #: whether the client gave the lyrics' times
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Sketch:
    """What is shown before money or minutes are spent."""

    plan: Plan
    contact: Path
    usd: float  #: what the film will cost at most
    seconds: float  #: that the making is likely to take


@dataclass(frozen=True)
class MusicVideo:
    """What is delivered."""

    film: Path
    folder: Path
    plan: Plan
    contact: Path
    stills: tuple[Path, ...]  #: JPEGs of the pictures, in the order in which they are first shown
    certificate: CutCertificate
    portfolio: tuple[Path, ...]  #: files of the pictures that were bought, for another film of the same storyboard
    notes: tuple[str, ...]


def sketch(
    ordered: Ordered,
    *,
    folder: Path,
    vendors: Vendors | None = None,
    resume: bool = False,
    report: Report = lambda stage, done, total: None,
) -> Sketch:
    """Plan the film and draw its contact sheet, which costs nothing; `make_video` goes on in the same folder.

    Raises UserError; nothing is left behind then, unless with `resume`.
    """
    vendors = vendors or Vendors()
    _hire(ordered.crew, vendors)  # refuses what is not there, before the work
    with taken_up(folder) if resume else job_folder(folder, films=()):
        plan = _plan(ordered, folder, vendors, report)
        contact, _ = _draw_contact_sheet(ordered, plan.board, folder, report)
        return Sketch(plan, contact, *_price(ordered, plan.board, vendors))


def make_video(
    ordered: Ordered,
    *,
    to: Path,
    folder: Path,
    vendors: Vendors | None = None,
    resume: bool = False,
    report: Report = lambda stage, done, total: None,
) -> MusicVideo:
    """Give the track its pictures and write the film to `to`.

    `folder` must not hold another job. Raises UserError; nothing is left behind then. With `resume` it may hold a
    broken-off run of this job, or its sketch: what is finished there is taken over, and the folder stays.
    """
    vendors = vendors or Vendors()
    _hire(ordered.crew, vendors)
    container(to.suffix)
    with _part(to) as part, taken_up(folder) if resume else job_folder(folder, films=()):
        plan = _plan(ordered, folder, vendors, report)
        contact, stills = _draw_contact_sheet(ordered, plan.board, folder, report)
        shoot = _loop if _is_looped(ordered, plan.board) else _shoot
        made = shoot(ordered, plan, part, folder, vendors, report)
        certificate = certify(part, plan.board, plan.track, engines=made.engines, usd=made.usd)
        (folder / "certificate.json").write_text(certificate.to_json(), encoding="utf-8")
        os.replace(part, to)
        report("edit", 1, 1)
        notes = (*plan.notes, *made.notes)
        return MusicVideo(to, folder, plan, contact, stills, certificate, made.portfolio, notes)


# ---- the plan ----


def _plan(ordered: Ordered, folder: Path, vendors: Vendors, report: Report) -> Plan:
    """Listen to the track and write the storyboard."""
    report("track", 0, 1)
    treatment = ordered.treatment
    path = ordered.track or _sing(ordered, folder, vendors, report)
    heard = Checkpoints(folder, of=(sum_up(path), ordered.limits))
    track = heard.once("track", Track, open_track, path, folder, limits=ordered.limits)
    report("track", track.duration, track.duration)
    planned = heard.beside(treatment, ordered.crew, ordered.edited, tuple(map(sum_up, ordered.visuals)))
    plan = planned.once("plan", Plan, _decide, ordered, track, heard, folder, vendors, report)
    (folder / "storyboard.json").write_text(plan.board.to_json(), encoding="utf-8")
    report("storyboard", 1, 1)
    return plan


def _decide(ordered: Ordered, track: Track, heard: Checkpoints, folder: Path, vendors: Vendors, report: Report) -> Plan:
    treatment = ordered.treatment
    if ordered.edited is not None:
        board = revised(_fitting(Storyboard.from_json(ordered.edited), track), treatment)
        return Plan(track, board, timed=False, notes=(*track.notes, *board.notes))
    lyrics, unread = _lyrics(treatment, track)
    looped = len(ordered.visuals) == 1
    if looped and (lyrics is None or lyrics.timed != "no"):
        chart = _plain_chart(track)  # nothing depends on what is heard
    else:
        report("sections", 0, 1)
        chart = heard.once("chart", Chart, find_sections, track)
    report("lyrics", 0, 1)
    lines: tuple[Line, ...] = ()
    if lyrics is not None:
        lines = backends.aligner(ordered.crew.aligner).align(lyrics, chart, track)
        lines = shifted(lines, treatment.shift, duration=track.duration)
    report("storyboard", 0, 1)
    title = track.title or (lyrics.title if lyrics else "")
    artist = track.artist or (lyrics.artist if lyrics else "")
    if looped:
        board = whole_board(chart, lines, treatment, title=title, artist=artist)
    else:
        board = break_down(chart, lines, treatment, title=title, artist=artist)
        session = Session(report, _open_purse(folder, vendors))
        board = backends.director(ordered.crew.director, vendors).direct(board, session)
    room = (UNSHOWN,) if len(ordered.visuals) > len(board.pictures) else ()
    unsung = (*lyrics.notes, *fit_lines(lyrics.lines, track.duration)[1]) if lyrics else ()
    notes = (*track.notes, *unread, *unsung, *board.notes, *room)
    return Plan(track, board, timed=lyrics is not None and lyrics.timed != "no", notes=notes)


def _sing(ordered: Ordered, folder: Path, vendors: Vendors, report: Report) -> Path:
    """Have a song made where there is no track."""
    treatment = ordered.treatment
    if not treatment.lyrics.strip() and not treatment.wish.strip():
        raise Refused(NO_TRACK, hint=NO_TRACK_HINT)
    asked = Checkpoints(folder, of=(treatment.lyrics or treatment.wish, ordered.crew.singer))
    place = folder / "song"
    place.mkdir(exist_ok=True)

    def sing() -> _Song:
        singer = backends.singer(ordered.crew.singer, vendors)
        return _Song(singer.sing(treatment, to=place, report=report))

    return asked.once("song", _Song, sing).path


@dataclass(frozen=True)
class _Song:
    path: Path


def _lyrics(treatment: Treatment, track: Track) -> tuple[Lyrics | None, tuple[str, ...]]:
    """Read the client's lyrics, or those in the track's tags, of which it is a remark when they are none."""
    if treatment.lyrics.strip():
        return read_lyrics(treatment.lyrics), ()
    if not track.lyrics.strip():
        return None, ()
    try:
        return read_lyrics(track.lyrics), ()
    except (BadLyrics, OverLimit):
        return None, (UNREAD,)


def _plain_chart(track: Track) -> Chart:
    whole = Section("instrumental", 0.0, track.duration, 0.5, 0)
    return Chart(track.duration, False, None, (), (), (0.0,), None, (), (whole,))


def _fitting(board: Storyboard, track: Track) -> Storyboard:
    """Refuse a storyboard that was made for another track."""
    if abs(board.chart.duration - track.duration) > SAME_LENGTH_S:
        raise BadSheet(
            f"The storyboard is {board.chart.duration:.2f} s long, the track {track.duration:.2f} s.",
            hint="Play an edited storyboard with the track that it was made for.",
        )
    return board


def revised(board: Storyboard, treatment: Treatment) -> Storyboard:
    """Return a storyboard as it is wanted now: other titles or shape, lyrics moved, single pictures drawn anew.

    What would need another plan (wish, look, lyrics, pace, seed) stays as the board has it.
    """
    before = board.treatment
    lines = shifted(board.lines, treatment.shift - before.shift, duration=board.chart.duration)
    now = replace(
        before,
        titles=treatment.titles,
        shape=treatment.shape,
        frame_rate=treatment.frame_rate,
        shift=treatment.shift,
        redraws=treatment.redraws,
        loop=treatment.loop,
        bottom_crop_percent=treatment.bottom_crop_percent,
    )
    pictures = tuple(_redrawn(picture, before, now) for picture in board.pictures)
    return replace(board, lines=lines, treatment=now, pictures=pictures)


def _redrawn(picture: Picture, before: Treatment, now: Treatment) -> Picture:
    times = now.redraws.get(picture.name, 0) - before.redraws.get(picture.name, 0)
    return replace(picture, seed=(picture.seed + max(0, times) * REDRAWN) % 2**31)


# ---- the pictures and the film ----


@dataclass(frozen=True)
class _Made:
    """What the film was made of."""

    engines: Sequence[tuple[str, str]]  #: name and licence
    usd: float
    portfolio: tuple[Path, ...]
    notes: tuple[str, ...]


def _hire(crew: Crew, vendors: Vendors) -> None:
    """Load every engine by name; raises Refused and Unavailable."""
    backends.aligner(crew.aligner)
    for hire, name in (
        (backends.director, crew.director),
        (backends.illustrator, crew.illustrator),
        (backends.animator, crew.animator),
        (backends.singer, crew.singer),
    ):
        hire(name, vendors)


def _draw_contact_sheet(
    ordered: Ordered, board: Storyboard, folder: Path, report: Report
) -> tuple[Path, tuple[Path, ...]]:
    """Sketch each picture small, by the embedded illustrator; return the page with all shots, and the stills."""
    size = size_of(board.treatment.shape, SKETCH_SIDE)
    place = folder / "sketches"
    drawn: Mapping[str, Material]
    if ordered.visuals:
        drawn = supply(board, ordered.visuals, size=size, folder=place, report=_unheard(report), until=SKETCH_S)
    else:
        illustrator = backends.illustrator("painted")
        drawn = draw_pictures(
            board,
            size=size,
            illustrator=illustrator,
            fallback=illustrator,
            folder=place,
            purse=Purse(0.0),
            checkpoints=Checkpoints(folder),
            report=_unheard(report),
        ).pictures
    shelf = folder / "stills"
    shelf.mkdir(exist_ok=True)
    stills = {}
    for name in dict.fromkeys(shot.picture for shot in board.shots):
        stills[name] = cv2.imencode(".jpg", flatten(drawn[name]), [cv2.IMWRITE_JPEG_QUALITY, STILL_QUALITY])[
            1
        ].tobytes()
        (shelf / f"{name}.jpg").write_bytes(stills[name])
    contact = draw_contact_sheet(board, stills, folder / "contact.jpg")
    return contact, tuple(shelf / f"{name}.jpg" for name in stills)


def _shoot(ordered: Ordered, plan: Plan, to: Path, folder: Path, vendors: Vendors, report: Report) -> _Made:
    """Draw the pictures, film them where that was asked for, and cut the film."""
    board, size = plan.board, size_of(plan.board.treatment.shape, SIDE)
    if ordered.visuals:
        until = plan.track.duration
        drawn = _Drawn(
            supply(board, ordered.visuals, size=size, folder=folder / "pictures", report=report, until=until),
            usd=_open_purse(folder, vendors).spent_usd,
        )
    else:
        drawn = _drawn(ordered, board, size, folder, vendors, report)
    cut_film(
        board,
        drawn.material,
        plan.track,
        to=to,
        size=size,
        most_bytes=limit_bytes(ordered.target, ordered.most_bytes),
        comment=MACHINE_MADE,
        report=report,
    )
    portfolio = keep_portfolio(board, drawn.pictures, drawn.material, size=size, folder=folder)
    engines = [engine_of(drawn.material[name]) for name in sorted(drawn.material)]
    return _Made(engines, drawn.usd, portfolio, drawn.notes)


def _open_purse(folder: Path, vendors: Vendors) -> Purse:
    """Return the film's money, less what its storyboard has cost so far."""
    return Purse(vendors.most_usd, book=folder / BOOK)


@dataclass(frozen=True)
class _Drawn:
    """What the shots are made of, what that has cost, and what went otherwise than was wished."""

    material: Mapping[str, Material]
    pictures: Mapping[str, Painting] = field(default_factory=dict)  #: before they were filmed
    usd: float = 0.0
    notes: tuple[str, ...] = ()


def _drawn(
    ordered: Ordered, board: Storyboard, size: tuple[int, int], folder: Path, vendors: Vendors, report: Report
) -> _Drawn:
    checkpoints = Checkpoints(folder)
    purse = Purse(vendors.most_usd, spent_usd=_open_purse(folder, vendors).spent_usd)
    illustrator = backends.illustrator(ordered.crew.illustrator, vendors)
    animator = backends.animator(ordered.crew.animator, vendors)
    if ordered.earlier is not None:
        adopt(
            ordered.earlier,
            board,
            size=size,
            illustrator=illustrator,
            animator=animator,
            folder=folder,
            checkpoints=checkpoints,
        )
    drawn = draw_pictures(
        board,
        size=size,
        illustrator=illustrator,
        fallback=backends.illustrator("painted"),
        folder=folder / "pictures",
        purse=purse,
        checkpoints=checkpoints,
        report=report,
    )
    moved = animate_pictures(
        board,
        drawn.pictures,
        size=size,
        animator=animator,
        folder=folder / "motion",
        purse=purse,
        checkpoints=checkpoints,
        report=report,
    )
    return _Drawn(moved.material, drawn.pictures, purse.spent_usd, (*drawn.notes, *moved.notes))


def _loop(ordered: Ordered, plan: Plan, to: Path, folder: Path, vendors: Vendors, report: Report) -> _Made:
    """Loop the one picture or clip that was supplied through the whole film."""
    loop_film(
        ordered.visuals[0],
        plan.board,
        plan.track,
        to=to,
        folder=folder,
        most_bytes=limit_bytes(ordered.target, ordered.most_bytes),
        comment=MACHINE_MADE,
        report=report,
    )
    return _Made([(SUPPLIED, OWN)], 0.0, (), ())


def _is_looped(ordered: Ordered, board: Storyboard) -> bool:
    """Whether one supplied picture is the whole film; with an edited storyboard of shots it takes their places."""
    return len(ordered.visuals) == 1 and is_whole(board)


def _price(ordered: Ordered, board: Storyboard, vendors: Vendors) -> tuple[float, float]:
    """Return dollars, within the cap, and seconds that the film takes when every engine does its work."""
    seconds = board.chart.duration * EDIT_S
    if _is_looped(ordered, board) and not is_titled(board):
        return 0.0, TURN_S + seconds * COPIED_SHARE
    if ordered.visuals:
        return 0.0, seconds
    illustrator = backends.illustrator(ordered.crew.illustrator, vendors)
    animator = backends.animator(ordered.crew.animator, vendors)
    usd = estimate_usd(board, illustrator, animator)
    seconds += len(board.pictures) * (illustrator.seconds / illustrator.at_once + animator.seconds / animator.at_once)
    return min(vendors.most_usd, usd), seconds


def _unheard(report: Report) -> Report:
    """Let a report cancel, but not be shown: the sketches are no stage of their own."""
    return lambda stage, done, total: report("storyboard", 1, 1)


@contextmanager
def _part(to: Path) -> Iterator[Path]:
    """Lend a name beside the film for what is unfinished; nothing is left under it, nor by a run that was killed."""
    part = to.with_name(f".{to.stem}.part{to.suffix}")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)
