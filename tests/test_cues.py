"""The spotting session: shared cues, weighed hits, moods and styles, edited sheets."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from pipeline.cues import HEAVY, HEAVY_EVERY_S, SHORTEST_CUE_S, pick_style, reread, share_cues, spot, weigh_hits
from pipeline.cuesheet import EMOTIONS, Brief, CueSheet, HitPoint, Look, Scene
from pipeline.errors import BadSheet, Refused
from pipeline.keys import distance, read_key


def scenes_of(*lengths: float, seed: int = 1) -> list[Scene]:
    rng = random.Random(seed)
    scenes: list[Scene] = []
    for index, length in enumerate(lengths):
        start = scenes[-1].end if scenes else 0.0
        scenes.append(
            Scene(
                index, start, start + length, "start" if not index else "cut", rng.random(), Look(), f"shot {index}",
                rng.choice(EMOTIONS), rng.uniform(-0.8, 0.8), rng.uniform(-0.6, 0.8),
            )
        )  # fmt: skip
    return scenes


def a_sheet(*lengths: float, brief: Brief | None = None, seed: int = 1) -> CueSheet:
    scenes = scenes_of(*lengths, seed=seed)
    return spot(scenes, brief or Brief(), duration=scenes[-1].end, frame_rate=25)


@pytest.mark.parametrize("lengths", [(0.3,), (0.04, 0.04), (2, 1, 3, 2.5), (12, 14, 9), (1,) * 60, (400,)])
def test_cues_cover_the_clip(lengths: tuple[float, ...]):
    sheet = a_sheet(*lengths)
    assert sheet.cues[0].start == 0
    assert sheet.cues[-1].end == sum(scene.length for scene in sheet.scenes)
    assert sorted(index for cue in sheet.cues for index in cue.scenes) == list(range(len(lengths)))
    assert [cue.number for cue in sheet.cues] == [f"1m{n}" for n in range(1, len(sheet.cues) + 1)]


def test_short_scenes_share_a_cue():
    for seed in range(20):
        sheet = a_sheet(2, 1.5, 2, 3, 2, 2.5, 12, 1, seed=seed)
        assert all(cue.length >= SHORTEST_CUE_S for cue in sheet.cues)
        assert len(sheet.cues) < len(sheet.scenes)


def test_moods_that_differ_get_cues_of_their_own():
    calm, storm = scenes_of(9, 9)
    calm, storm = replace(calm, valence=0.5, arousal=-0.5), replace(storm, valence=-0.5, arousal=0.6)
    assert len(share_cues([calm, storm])) == 2
    assert len(share_cues([calm, replace(storm, valence=0.4, arousal=-0.4)])) == 1


def test_a_fade_closes_a_chapter():
    first, second = scenes_of(12, 12)
    first, second = replace(first, valence=0.1, arousal=0.0), replace(second, valence=0.3, arousal=0.2)
    assert len(share_cues([first, second])) == 1
    assert len(share_cues([first, replace(second, entry="fade")])) == 2


def test_every_cut_is_a_hit_of_its_cue():
    sheet = a_sheet(3, 4, 9, 2, 11)
    hits = [hit.time for cue in sheet.cues for hit in cue.hits if hit.kind == "cut"]
    assert hits == [scene.start for scene in sheet.scenes[1:]]
    for cue in sheet.cues:
        assert all(cue.start <= hit.time < cue.end for hit in cue.hits)


def test_landmarks_are_rare():
    scenes = [replace(scene, strength=1.0) for scene in scenes_of(*[3.0] * 20)]
    heavy = [hit.time for hit in weigh_hits(scenes) if hit.weight >= HEAVY]
    assert heavy
    assert all(after - before >= HEAVY_EVERY_S for before, after in pairwise(heavy))


def test_a_jolt_next_to_a_cut_is_part_of_it():
    first, second = scenes_of(4, 4)
    second = replace(second, jolts=(HitPoint(4.3, 1.0, "jolt"), HitPoint(6.5, 1.0, "jolt")))
    assert [hit.time for hit in weigh_hits([first, second])] == [4.0, 6.5]


def test_neighbouring_cues_are_in_related_keys():
    for seed in range(20):
        sheet = a_sheet(9, 11, 10, 12, brief=Brief(seed=seed), seed=seed)
        keys = [cue.key for cue in sheet.cues]
        assert all(distance(read_key(one), read_key(other)) <= 3 for one, other in pairwise(keys))


def test_the_brief_rules():
    brief = Brief(wish="no drums", style="folk", tempo=110, key="G major", intensity=0.9)
    sheet = a_sheet(9, 10, 9, brief=brief)
    for cue in sheet.cues:
        assert cue.style == "folk"
        assert cue.exclude == ("drums",)
        assert abs(cue.tempo / 110 - 1) < 0.06
    assert sheet.cues[0].key == "G major"
    assert sheet.cues[0].arousal > a_sheet(9, 10, 9).cues[0].arousal


def test_a_mood_in_words_moves_the_film():
    sad = a_sheet(10, 10, brief=Brief(mood="sad"))
    happy = a_sheet(10, 10, brief=Brief(mood="joyful"))
    assert all(one.valence < other.valence for one, other in zip(sad.cues, happy.cues, strict=True))
    assert "minor" in sad.cues[0].key or "phrygian" in sad.cues[0].key


def test_what_is_no_key_is_refused():
    with pytest.raises(Refused):
        a_sheet(9, brief=Brief(key="Q flat"))


def test_the_same_seed_spots_the_same_sheet():
    assert a_sheet(3, 8, 9, brief=Brief(seed=5)) == a_sheet(3, 8, 9, brief=Brief(seed=5))
    others = {a_sheet(3, 8, 9, brief=Brief(seed=seed)).cues[0].key for seed in range(8)}
    assert len(others) > 1


def test_pictures_find_their_style():
    def film(valence: float, arousal: float, **look: float) -> str:
        return pick_style([Scene(0, 0, 10, "start", look=Look(**look))], valence, arousal)  # type: ignore[arg-type]

    assert film(-0.6, 0.4) == "tense"
    assert film(-0.5, 0.8, motion=0.8) == "epic"
    assert film(0.6, 0.5, saturation=0.6, light=0.6) == "playful"
    assert film(0.2, -0.5, motion=0.1) == "ambient"
    assert len({film(v / 4, a / 4) for v in range(-3, 4) for a in range(-3, 4)}) >= 5


def test_an_untouched_sheet_is_the_same_again():
    sheet = a_sheet(3, 8, 9, 4)
    assert reread(sheet.to_json()) == sheet


def test_an_edited_tempo_lays_the_click_track_anew():
    sheet = a_sheet(20)
    raw = json.loads(sheet.to_json())
    raw["cues"][0]["tempo"] = 70
    again = reread(json.dumps(raw))
    assert abs(again.cues[0].tempo / 70 - 1) < 0.21
    assert again.cues[0].bars != sheet.cues[0].bars


def test_a_moved_cue_takes_its_hits_along():
    sheet = a_sheet(8, 3, 9)
    raw = json.loads(sheet.to_json())
    border = raw["cues"][0]["end"]
    for cue in raw["cues"]:
        cue["end"] = 9.5 if cue["end"] == border else cue["end"]
        cue["start"] = 9.5 if cue["start"] == border else cue["start"]
    again = reread(json.dumps(raw))
    assert sum(len(cue.hits) for cue in again.cues) == sum(len(cue.hits) for cue in sheet.cues)
    assert again.cues[0].bars[-1].end == pytest.approx(9.5)


def test_an_edited_mood_moves_the_music():
    sheet = a_sheet(9, 9)
    raw = json.loads(sheet.to_json())
    raw["cues"][0]["mood"] = "joyful"
    assert (reread(json.dumps(raw)).cues[0].valence, reread(json.dumps(raw)).cues[0].arousal) == (0.8, 0.55)
    raw["cues"][0]["valence"] = -0.9  # somebody who turns the dials means the dials
    assert reread(json.dumps(raw)).cues[0].valence == -0.9


def test_numbers_beyond_all_measure_do_no_harm():
    raw = a_sheet(9, 9).to_json()
    huge = "9" * 400
    with pytest.raises(BadSheet):
        reread(raw.replace('"time":', f'"time":{huge},"x":', 1))
    laid_anew = reread(raw.replace('"bpm":', f'"bpm":{huge},"x":', 1))
    assert all(30 <= bar.bpm <= 240 for cue in laid_anew.cues for bar in cue.bars)
    stray = json.loads(raw)
    stray["cues"][0]["scenes"] = [-99, 5000]
    assert reread(json.dumps(stray)).cues[0].start == 0


def test_many_hits_at_one_moment_are_one():
    raw = json.loads(a_sheet(20).to_json())
    raw["cues"][0]["hits"] = [{"time": 5.0 + i * 1e-5, "weight": 0.5, "kind": "cut"} for i in range(500)]
    assert len(reread(json.dumps(raw)).cues[0].hits) == 1


def test_a_key_that_is_none_is_refused_when_the_sheet_is_read():
    with pytest.raises(Refused):
        reread(a_sheet(9).to_json().replace('"key":', '"key":"H blues","x":', 1).replace('"x":', '"mood":', 1))


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"cues": [1]}', '{"cues": [{}]}', "\x00", '{"cues": 3}', "[" * 200_000]
)
def test_what_is_no_sheet_is_refused(text: str):
    with pytest.raises(BadSheet) as refusal:
        reread(text)
    assert refusal.value.hint
