"""The golden path: what comes out of a silent clip, asserted on the finished files."""

from __future__ import annotations

import json
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from pipeline.backends import Crew
from pipeline.composers.orchestra import Orchestra
from pipeline.cuesheet import Brief, CueSheet
from pipeline.errors import BadMedia, BadSheet, Cancelled, DoesNotFit, Refused, Undecided, UserError
from pipeline.film import decode_sound, packet_hashes, picture_length
from pipeline.score import STAGES, Score, score
from pipeline.verdict import Verdict
from tests.media import MEDIA, ffmpeg, make_clip, needs_media

CUTS = (1.5, 3.0, 4.5)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clip")
    return make_clip(folder / "clip.mp4", shots=("navy", "orange", "darkgreen", "white"), shot_s=1.5)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("short") / "clip.mp4", shots=("navy", "orange"), shot_s=1.0)


@pytest.fixture(scope="module")
def scored(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Score:
    place = tmp_path_factory.mktemp("scored")
    (made,) = score(clip, to=place / "film.mp4", folder=place / "job")
    return made


def again(clip: Path, place: Path, **options: object) -> Score:
    return score(clip, to=place / "film.mp4", folder=place / "job", **options)[0]  # type: ignore[arg-type]


def test_the_picture_is_the_clients_own(clip: Path, scored: Score):
    assert scored.copied
    assert packet_hashes(scored.film) == packet_hashes(clip)


def test_the_film_ends_with_the_picture(scored: Score):
    lengths = picture_length(scored.film)
    assert lengths.picture_end == pytest.approx(6.0, abs=1e-3)
    assert abs(lengths.sound_end - lengths.picture_end) <= 1 / 24
    assert abs(scored.certificate.length_error_ms) <= 1000 / 24


def test_every_cut_is_found_and_hit(scored: Score):
    assert [scene.start for scene in scored.sheet.scenes[1:]] == pytest.approx(CUTS, abs=0.001)
    assert scored.certificate.cuts == len(CUTS)
    assert scored.certificate.hit == 1.0
    assert abs(scored.certificate.worst_ms or 0) <= 70


def test_loudness_and_peak_are_in_range(scored: Score):
    assert scored.certificate.loudness == pytest.approx(-14.0, abs=0.5)
    assert scored.certificate.true_peak <= -1.0
    assert scored.certificate.ending == "decays"


def test_the_folder_tells_the_story(scored: Score):
    folder = scored.folder
    assert CueSheet.from_json((folder / "cues.json").read_text()) == scored.sheet
    assert [path.name for path in sorted((folder / "scenes").iterdir())] == [f"{n:03d}.jpg" for n in range(4)]
    assert {path.parent.name for path in scored.stems} == {"stems"}
    assert (folder / "music" / "1m1.wav").exists()
    assert json.loads((folder / "certificate.json").read_text())["composer"] == "orchestra"
    assert not list(folder.rglob("*.part"))


def test_the_stems_are_the_whole_length_and_sound(scored: Score):
    assert len(scored.stems) >= 3
    for path in scored.stems:
        samples, rate = soundfile.read(path)
        assert (len(samples), rate) == (6 * 48_000, 48_000)
    assert any(np.abs(soundfile.read(path)[0]).max() > 0.01 for path in scored.stems)


def test_the_midi_follows_the_click_track(scored: Score):
    assert scored.midi is not None
    score_file = mido.MidiFile(scored.midi)
    assert score_file.length == pytest.approx(6.0, abs=1.0)
    assert sum(message.type == "note_on" for track in score_file.tracks for message in track) > 20


def test_stages_are_told_in_order(short: Path, tmp_path: Path):
    told: list[str] = []
    again(short, tmp_path, report=lambda stage, done, total: told.append(stage))
    assert tuple(dict.fromkeys(told)) == STAGES[STAGES.index(told[0]) :]
    assert told[-1] == "film"


def test_the_same_seed_gives_the_same_bytes(clip: Path, scored: Score, tmp_path: Path):
    twin = again(clip, tmp_path)
    assert twin.film.read_bytes() == scored.film.read_bytes()
    assert twin.music.read_bytes() == scored.music.read_bytes()


def test_takes_are_different_pieces_for_the_same_picture(short: Path, tmp_path: Path):
    takes = score(short, to=tmp_path / "film.mp4", folder=tmp_path / "job", takes=2)
    assert not list((tmp_path / "job").glob(".*")), "nothing of the work's own lies about"
    worth = [take.verdict.total for take in takes if take.verdict]
    assert worth == sorted(worth, reverse=True), "the best comes first"
    assert len(worth) == 2
    first, second = sorted(takes, key=lambda take: take.sheet.seed)
    assert first.film.name == "film.mp4"
    assert second.film.name == "film-take-2.mp4"
    assert second.folder == tmp_path / "job" / "take-2"
    assert first.midi is not None
    assert second.midi is not None
    assert first.midi.read_bytes() != second.midi.read_bytes()
    assert packet_hashes(first.film) == packet_hashes(second.film)


def test_the_take_that_is_worth_most_comes_first(short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    worth = iter([0.4, 0.9, 0.6])

    def judge(music: object, sheet: object, certificate: object) -> Verdict:
        return Verdict(next(worth), 1.0, 1.0, 1.0, 1.0, None, (), ())

    monkeypatch.setattr("pipeline.score.judge_take", judge)
    takes = score(short, to=tmp_path / "film.mp4", folder=tmp_path / "job", takes=3)
    assert [take.film.name for take in takes] == ["film-take-2.mp4", "film-take-3.mp4", "film.mp4"]
    assert [take.sheet.seed for take in takes] == [2, 3, 1]
    assert all(take.film.exists() for take in takes)


def test_an_edited_cue_sheet_is_played(clip: Path, scored: Score, tmp_path: Path):
    sheet = json.loads(scored.sheet.to_json())
    sheet["cues"][0].update(style="electronic", key="A minor", prompt="Chiptune, please.")
    edited = again(clip, tmp_path, edited=json.dumps(sheet))
    assert edited.sheet.cues[0].style == "electronic"
    assert edited.sheet.cues[0].prompt == "Chiptune, please."
    assert "electronic" in edited.sheet.cues[0].prompts["brief"]
    assert edited.music.read_bytes() != scored.music.read_bytes()
    untouched = score(clip, to=tmp_path / "b.mp4", folder=tmp_path / "b", edited=scored.sheet.to_json())[0]
    assert untouched.music.read_bytes() == scored.music.read_bytes()


def test_a_cue_sheet_of_another_clip_is_refused(scored: Score, tmp_path: Path):
    other = make_clip(tmp_path / "other.mp4", shots=("red",), shot_s=1)
    with pytest.raises(BadSheet, match=r"6\.00 s long, the clip 1\.00 s"):
        again(other, tmp_path, edited=scored.sheet.to_json())


def test_exclusions_are_obeyed(clip: Path, tmp_path: Path):
    made = again(clip, tmp_path, brief=Brief(style="epic", exclude=("drums", "brass")))
    assert made.midi is not None
    messages = [m for track in mido.MidiFile(made.midi).tracks for m in track]
    assert not any(m.type == "note_on" and m.channel == 9 for m in messages)
    assert not any(m.type == "program_change" and 56 <= m.program <= 63 for m in messages)


def test_own_sound_is_kept_or_replaced(clip: Path, tmp_path: Path):
    noisy = tmp_path / "noisy.mp4"
    ffmpeg("-i", clip, "-f", "lavfi", "-i", "sine=3000:d=6", "-c:v", "copy", "-c:a", "aac", "-shortest", noisy)

    def at_3khz(made: Score) -> float:
        samples, rate = decode_sound(made.film)
        spectrum = np.abs(np.fft.rfft(samples[: 5 * rate].mean(axis=1)))
        return float(spectrum[5 * 3000 - 5 : 5 * 3000 + 6].max() / np.median(spectrum[5 * 2000 : 5 * 4000]))

    kept = score(noisy, to=tmp_path / "kept.mp4", folder=tmp_path / "kept")[0]
    replaced = score(noisy, to=tmp_path / "replaced.mp4", folder=tmp_path / "replaced", sound="replace")[0]
    assert at_3khz(kept) > 20 * at_3khz(replaced)
    assert kept.certificate.loudness == pytest.approx(-14.0, abs=0.6)


@pytest.mark.parametrize(
    ("content", "error"), [(b"", BadMedia), (b"hello", BadMedia), (b"PK\x03\x04" + bytes(200), BadMedia)]
)
def test_bad_files_leave_nothing(content: bytes, error: type[Exception], tmp_path: Path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(content)
    with pytest.raises(error) as refusal:
        again(bad, tmp_path)
    assert refusal.value.hint  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == [bad]


@pytest.mark.parametrize("stage", ["scenes", "cues", "music", "mix", "film"])
def test_a_cancelled_job_leaves_nothing(short: Path, tmp_path: Path, stage: str):
    def report(now: str, done: float, total: float) -> None:
        if now == stage:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        again(short, tmp_path, report=report)
    assert list(tmp_path.iterdir()) == []


def test_stopping_in_the_second_take_leaves_nothing_of_the_first(short: Path, tmp_path: Path):
    films = 0

    def report(now: str, done: float, total: float) -> None:
        nonlocal films
        films += now == "film" and done == total
        if films == 1 and now == "mix":
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        score(short, to=tmp_path / "film.mp4", folder=tmp_path / "job", takes=2, report=report)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["film.webm", "film.avi", "film"])
def test_a_film_that_cannot_be_written_is_refused_before_composing(clip: Path, tmp_path: Path, name: str):
    told: list[str] = []
    with pytest.raises(Refused):
        score(clip, to=tmp_path / name, folder=tmp_path / "job", report=lambda stage, *_: told.append(stage))
    assert "music" not in told
    assert list(tmp_path.iterdir()) == []


def test_unknown_engines_are_refused_before_the_work(clip: Path, tmp_path: Path):
    told: list[str] = []
    with pytest.raises(Refused, match="no composer named 'kazoo'") as refusal:
        again(clip, tmp_path, crew=Crew(composer="kazoo"), report=lambda stage, done, total: told.append(stage))
    assert not told
    assert "orchestra" in refusal.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_another_job_is_left_alone(clip: Path, tmp_path: Path):
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "precious.txt").write_text("mine")
    with pytest.raises(Refused):
        again(clip, tmp_path)
    assert (tmp_path / "job" / "precious.txt").read_text() == "mine"


def test_when_everybody_is_excluded_a_sentence_says_so(clip: Path, tmp_path: Path):
    everybody = (
        *("drums", "percussion", "strings", "brass", "woodwinds", "piano", "keys", "organ", "synth", "guitar", "bells"),
        *("mallets", "bass", "choir", "harp", "melody", "pads", "effects", "accordion"),
    )
    with pytest.raises(UserError) as refusal:
        again(clip, tmp_path, brief=Brief(exclude=everybody))
    assert refusal.value.hint
    assert list(tmp_path.iterdir()) == []


@needs_media
@pytest.mark.parametrize(
    "name",
    ["newtonscradle.gif", "rotate_and_reflect.mp4", "hlg10_hevc.mp4", "square_vp9.webm", "goldeneye_vfr_drop3.mp4"],
)
def test_real_clips_of_every_kind(name: str, tmp_path: Path):
    made = again(MEDIA / "video" / name, tmp_path, sound="replace")
    lengths = picture_length(made.film)
    frame = 1 / made.sheet.frame_rate
    assert abs(lengths.sound_end - lengths.picture_end) <= frame + 1e-3
    assert made.certificate.ending == "decays"
    assert made.certificate.loudness == pytest.approx(-14.0, abs=0.5)
    assert made.certificate.true_peak <= -1.0


def resumed(clip: Path, place: Path, **options: object) -> tuple[list[Score], list[str]]:
    """Score in a folder that may hold a broken-off run; return the stages that were gone through as well."""
    told: list[str] = []
    stop = options.pop("stop", None)

    def report(stage: str, done: float, total: float) -> None:
        told.append(stage)
        if stop == (stage, told.count("film")):
            raise Cancelled("Stopped.")

    made = score(
        clip, to=place / "job" / "film.mp4", folder=place / "job", resume=True, report=report, **options  # type: ignore[arg-type]
    )  # fmt: skip
    return made, list(dict.fromkeys(told))


@pytest.fixture(scope="module")
def noisy(short: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("noisy") / "noisy.mp4"
    ffmpeg("-i", short, "-f", "lavfi", "-i", "sine=3000:d=2", "-c:v", "copy", "-c:a", "aac", "-shortest", path)
    return path


def test_a_finished_job_is_given_back_as_it_was(short: Path, tmp_path: Path):
    first, told = resumed(short, tmp_path, takes=2)
    assert told == list(STAGES)
    stamps = {path: path.stat() for path in (tmp_path / "job").rglob("*") if path.suffix in (".mp4", ".wav", ".mid")}
    second, told = resumed(short, tmp_path, takes=2)
    assert second == first
    assert told == ["clip", "cues", "film"]
    assert {path: path.stat() for path in stamps} == stamps
    assert not list((tmp_path / "job").rglob(".bench-*"))


@pytest.mark.parametrize(
    ("stop", "skipped"),
    [
        (("scenes", 0), set()),
        (("cues", 0), {"scenes"}),
        (("mix", 0), {"scenes"}),
        (("film", 1), {"scenes", "music", "mix"}),
    ],
)
def test_a_stopped_job_goes_on_from_there(short: Path, tmp_path: Path, stop: tuple[str, int], skipped: set[str]):
    with pytest.raises(Cancelled):
        resumed(short, tmp_path, stop=stop)
    (made,), told = resumed(short, tmp_path)
    assert set(told) == set(STAGES) - skipped
    straight = again(short, tmp_path / "straight")
    assert made.film.read_bytes() == straight.film.read_bytes()
    assert (made.sheet, made.certificate, made.notes) == (straight.sheet, straight.certificate, straight.notes)
    assert [path.read_bytes() for path in made.stems] == [path.read_bytes() for path in straight.stems]


@pytest.mark.parametrize("harmed", ["picture.mp4", ".checkpoints/clip.json", "film.mp4", ".checkpoints/take-1.json"])
def test_what_was_harmed_is_made_anew(short: Path, tmp_path: Path, harmed: str):
    (first,), _ = resumed(short, tmp_path)
    whole = first.film.read_bytes()
    (tmp_path / "job" / harmed).write_bytes(b"{")
    (made,), told = resumed(short, tmp_path)
    assert made == first
    assert made.film.read_bytes() == whole
    assert ("scenes" in told) is (harmed in ("picture.mp4", ".checkpoints/clip.json"))


def test_another_request_in_the_same_folder_is_not_mixed_up(short: Path, clip: Path, tmp_path: Path):
    resumed(short, tmp_path)
    (epic,), told = resumed(short, tmp_path, brief=Brief(style="epic"))
    assert told == list(STAGES)
    assert epic.sheet.brief.style == "epic"
    (longer,), told = resumed(clip, tmp_path, brief=Brief(style="epic"))
    assert told == list(STAGES)
    assert longer.sheet.duration == 6.0


def test_own_sound_is_asked_about_and_the_answer_needs_no_second_decode(noisy: Path, tmp_path: Path):
    for _ in range(2):
        with pytest.raises(Undecided) as question:
            resumed(noisy, tmp_path, sound="ask")
        assert question.value.hint
    (kept,), told = resumed(noisy, tmp_path, sound="keep")
    assert "scenes" not in told
    assert (kept.folder / "mix.wav").exists()
    (replaced,), told = resumed(noisy, tmp_path, sound="replace")
    assert "scenes" not in told
    assert replaced.notes != kept.notes
    assert replaced.film.read_bytes() == again(noisy, tmp_path / "straight", sound="replace").film.read_bytes()


def test_a_question_leaves_nothing_where_nobody_comes_back(noisy: Path, tmp_path: Path):
    with pytest.raises(Undecided):
        again(noisy, tmp_path, sound="ask")
    assert list(tmp_path.iterdir()) == []


def test_a_silent_clip_raises_no_question(short: Path, tmp_path: Path):
    assert again(short, tmp_path, sound="ask").film.exists()


def test_the_place_says_how_large_a_film_may_be(short: Path, tmp_path: Path):
    large = again(short, tmp_path / "large", target="discord", most_bytes=100_000_000)
    small = again(short, tmp_path / "small", target="discord", most_bytes=large.film.stat().st_size * 2 // 3)
    assert large.copied
    assert small.film.stat().st_size <= large.film.stat().st_size * 2 // 3
    with pytest.raises(DoesNotFit):
        again(short, tmp_path / "none", most_bytes=20_000)


def test_a_temp_track_that_is_none_is_told_before_the_clip_is_watched(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Orchestra, "follows_melody", True, raising=False)
    temp, place, told = tmp_path / "temp.wav", tmp_path / "out", list[str]()
    temp.write_text("La la la.")
    place.mkdir()
    with pytest.raises(UserError, match="not a sound file"):
        score(short, to=place / "a.mp4", folder=place / "a", temp=temp, report=lambda stage, *_: told.append(stage))
    assert set(told) == {"clip"}
    assert list(place.iterdir()) == []
