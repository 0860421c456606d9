"""A clip scored by models end to end, through the queue: BLIP-2 reads, a model behind the OpenAI API writes, MusicGen
plays. The models are tiny and have learnt nothing, so the music is noise; the film is measured like any other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.children import PERFORMANCE
from pipeline.backends import Vendors
from pipeline.certificate import Certificate
from pipeline.cuesheet import EMOTIONS, CueSheet
from pipeline.film import picture_length
from tests.fake_openai import KEY, FakeOpenAI, question_of
from tests.media import make_clip
from tests.needs import needs_models
from tests.servers import redis_server  # noqa: F401
from tests.test_jobs_worker import Shop, said, shop  # noqa: F401

WITHIN_S = 240.0  # on a machine that does ten other things; alone it takes twenty


@needs_models
async def test_two_clips_are_scored_by_models_that_are_loaded_once(shop: Shop, tmp_path: Path) -> None:  # noqa: F811
    from tests.tiny_musicgen import save_musicgen
    from tests.tiny_vision import save_blip2

    eye, player = save_blip2(tmp_path / "blip2"), save_musicgen(tmp_path / "musicgen")
    crew = {"captioner": f"blip2:{eye}", "writer": "openai", "composer": f"musicgen:{player}"}
    clip = make_clip(tmp_path / "clip.mp4", shots=("red", "blue", "green", "yellow"), shot_s=1.5)
    with FakeOpenAI() as vendor:
        shop.open(slots=2, child=PERFORMANCE, vendors=Vendors(openai_key=KEY, openai_url=vendor.url))
        jobs = [await shop.order(upload=clip, crew=crew) for _ in range(2)]
        rows = [await shop.until(job, "succeeded", "failed", within_s=WITHIN_S) for job in jobs]
        asked = [question_of(one) for one in vendor.asked]
    assert [row.state for row in rows] == ["succeeded", "succeeded"], [row.outcome for row in rows]
    assert len(asked) == 2, "one request for a whole sheet"
    films = [said(row).films[0] for row in rows]
    for film in films:
        sheet = CueSheet.from_json(await read(shop, film.sheet, tmp_path))
        assert film.certificate is not None
        certificate = Certificate.from_json(await read(shop, film.certificate, tmp_path))
        assert not any("could not" in note for note in film.notes), film.notes
        for scene in sheet.scenes:
            assert scene.measured
            assert scene.reading is not None
            assert scene.reading.by == "blip2:blip2"
            assert set(scene.reading.emotions) == set(EMOTIONS)
        assert all(cue.prompt and cue.instruments for cue in sheet.cues)
        assert (film.composer, film.commercial) == (certificate.composer, certificate.commercial)
        assert film.composer == "musicgen:musicgen"
        assert abs(certificate.length_error_ms) <= 1000 / 25
        assert certificate.ending == "decays"
        assert certificate.loudness == pytest.approx(-14.0, abs=1.0)
        assert certificate.true_peak <= -1.0
        assert certificate.cuts == 3
        path = tmp_path / f"{film.bytes}.mp4"
        await shop.blobs.get(film.film, path)
        assert picture_length(path).picture_end == pytest.approx(6.0, abs=0.05)


async def read(shop: Shop, key: str, folder: Path) -> bytes:  # noqa: F811
    await shop.blobs.get(key, folder / "read.json")
    text = (folder / "read.json").read_bytes()
    assert json.loads(text)
    return text
