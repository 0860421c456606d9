"""The OpenAI client against aimock, a mock of the API by others: what they take for OpenAI's behaviour suits ours.

Runs where node is and `npm install --ignore-scripts @copilotkit/aimock@1.43.0` has been done here, for all users, or in
a folder of NODE_PATH; nothing is downloaded by the tests.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from pipeline.backends import Session, Vendors
from pipeline.completions import Account, Price, open_account
from pipeline.errors import Refused, Unavailable, UserError
from pipeline.purse import Purse
from pipeline.writers import rules
from pipeline.writers.openai import OpenAI
from tests.fake_openai import BRIEF, a_direction
from tests.test_cues import a_sheet

NODE = shutil.which("node")
SHELVES = [
    Path("node_modules"),
    *(Path(NODE).resolve().parents[1].glob("lib/node_modules") if NODE else ()),
    *map(Path, filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep))),
]
PROGRAM = next(filter(Path.is_file, (shelf / "@copilotkit/aimock/dist/cli.js" for shelf in SHELVES)), None)

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="aimock is not here: npm install --ignore-scripts @copilotkit/aimock@1.43.0"
)

SHEET = rules.load().write(a_sheet(9, 11, 10, 12))
DIRECTIONS = json.dumps({"directions": [a_direction(cue.number, i) for i, cue in enumerate(SHEET.cues)]})
PRICE = Price(0.25, 2.0)


def a_refusal(status: int) -> dict[str, object]:
    return {"error": {"message": "no", "type": "x", "code": "x"}, "status": status}


FIXTURES = {
    "good": {"content": DIRECTIONS},
    "torn": {"content": DIRECTIONS[:300]},
    "talkative": {"content": "Certainly! Here is your score."},
    "busy": a_refusal(429),
    "down": a_refusal(500),
    "strict": a_refusal(400),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    assert NODE
    assert PROGRAM
    fixtures = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    told = [{"match": {"model": model}, "response": response} for model, response in FIXTURES.items()]
    fixtures.write_text(json.dumps({"fixtures": told}))
    command = [NODE, str(PROGRAM), "--fixtures", str(fixtures), "--port", "0", "--strict"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout
        try:
            yield next(found[0] for line in server.stdout if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        finally:
            server.terminate()


def an_account(url: str, model: str) -> Account:
    return replace(open_account(model, Vendors(openai_url=f"{url}/v1")), price=PRICE, retries=1)


def test_a_sheet_is_directed(url: str):
    purse = Purse(1.0)
    sheet = OpenAI(an_account(url, "good")).write(SHEET, Session(purse=purse))
    assert [cue.prompt for cue in sheet.cues] == [BRIEF] * len(SHEET.cues)
    assert sheet.notes == ()
    assert 0 < purse.spent_usd < 0.01, "by the usage that it tells"


@pytest.mark.parametrize(
    ("model", "kind", "said", "paid"),
    [
        ("torn", Refused, "was no music direction", True),
        ("talkative", Refused, "was no music direction", True),
        ("busy", Unavailable, "has no room", False),
        ("down", Unavailable, "is down", False),
        ("strict", Unavailable, "did not take the request", False),
        ("unknown", Unavailable, "is down", False),
    ],
)
def test_a_fault_ends_in_a_sentence_and_in_the_book(
    url: str, model: str, kind: type[UserError], said: str, *, paid: bool
):
    purse = Purse(1.0)
    with pytest.raises(kind, match=said):
        OpenAI(an_account(url, model)).write(SHEET, Session(purse=purse))
    assert (purse.spent_usd > 0) is paid


@pytest.mark.parametrize(
    ("chaos", "kind", "said"),
    [
        ({"dropRate": 1}, Unavailable, "is down"),
        ({"malformedRate": 1}, Refused, "was no music direction"),
        ({"disconnectRate": 1}, Unavailable, "broke off"),
    ],
)
def test_chaos_ends_in_a_sentence(url: str, chaos: dict[str, int], kind: type[UserError], said: str):
    httpx.post(f"{url}/__aimock/chaos", json=chaos).raise_for_status()
    try:
        with pytest.raises(kind, match=said):
            OpenAI(an_account(url, "good")).write(SHEET, Session(purse=Purse(1.0)))
    finally:
        httpx.delete(f"{url}/__aimock/chaos").raise_for_status()
