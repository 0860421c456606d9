"""The OpenAI API on loopback: what goes out, what every fault ends in, and what is booked."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from pipeline.backends import Session, Vendors
from pipeline.completions import (
    DEAREST,
    FREE,
    IMAGES_MOST,
    PRICES,
    Account,
    Price,
    Request,
    complete,
    open_account,
    price_of,
)
from pipeline.errors import Cancelled, OverLimit, Refused, Unavailable, UserError
from pipeline.purse import Purse
from tests.fake_openai import KEY, FakeOpenAI, completion, question_of, trouble
from tests.loopback import Answer, Asked

PRICE = Price(0.25, 2.0)
USED = (1000, 500)
USED_USD = pytest.approx(0.00125)
SECRET = "the vendor's own words, with sk-live-8f2"
AT_ONCE = {"retry-after-ms": "1"}


class Form(BaseModel):
    words: str

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})


REQUEST = Request("Say something.", {"seen": "a beach"}, Form, "poem", 4000)
RESERVED_USD = pytest.approx(0.0081, abs=2e-4)  # for 4000 tokens at the most


@pytest.fixture
def vendor() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(lambda asked: {"words": "the sea"}) as server:
        yield server


def an_account(vendor: FakeOpenAI, **how: Any) -> Account:
    account = open_account("", Vendors(openai_key=KEY, openai_url=vendor.url))
    return replace(account, **({"price": PRICE, "timeout_s": 5.0} | how))


def test_what_is_asked_and_answered(vendor: FakeOpenAI):
    purse = Purse(1.0)
    said = complete(an_account(vendor), replace(REQUEST, images=[b"\xff\xd8one", b"\xff\xd8two"]), Session(purse=purse))
    assert said == {"words": "the sea"}
    (asked,) = vendor.asked
    sent = asked.json
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert sent["model"] == "gpt-5-mini"
    assert sent["max_completion_tokens"] == 4000
    assert sent["response_format"]["json_schema"]["strict"] is True
    assert sent["response_format"]["json_schema"]["schema"] == Form.model_json_schema()
    system, user = sent["messages"]
    assert system == {"role": "system", "content": "Say something."}
    assert question_of(asked) == {"seen": "a beach"}
    shown = [part["image_url"] for part in user["content"][1:]]
    assert [one["detail"] for one in shown] == ["low", "low"]
    assert [base64.b64decode(one["url"].partition("base64,")[2]) for one in shown] == [b"\xff\xd8one", b"\xff\xd8two"]
    assert purse.spent_usd == USED_USD
    assert [entry.what for entry in purse.entries] == ["The poem by gpt-5-mini"] * 2


CUT = Answer(b"{}", headers={"Content-Length": "500", "Connection": "close"})


@pytest.mark.parametrize(
    ("answers", "kind", "said", "spent", "asked"),
    [
        ([trouble(429, SECRET, **AT_ONCE)] * 3, Unavailable, "has no room for this key", 0, 3),
        ([trouble(500, SECRET, **AT_ONCE)] * 3, Unavailable, "is down", 0, 3),
        ([trouble(503, SECRET, **AT_ONCE)] * 3, Unavailable, "is down", 0, 3),
        ([trouble(401, SECRET)], Unavailable, "does not take the key", 0, 1),
        ([trouble(403, SECRET)], Unavailable, "does not let this key", 0, 1),
        ([trouble(404, SECRET)], Unavailable, "does not know the model", 0, 1),
        ([trouble(400, SECRET)], Unavailable, "did not take the request", 0, 1),
        ([trouble(302, SECRET, Location="/v1/elsewhere")], Unavailable, "did not take the request", 0, 1),
        ([completion(None, refusal=SECRET, usage=USED)], Refused, "would not write this poem", USED_USD, 1),
        ([completion("", finish="content_filter", usage=USED)], Refused, "would not write", USED_USD, 1),
        ([completion('{"words": "the', finish="length", usage=USED)], Refused, "cut off", USED_USD, 1),
        ([completion(None, refusal=SECRET)], Refused, "would not write", RESERVED_USD, 1),
        ([Answer({"choices": []})], Refused, "was no poem", RESERVED_USD, 1),
        ([Answer({"usage": {"prompt_tokens": -9, "completion_tokens": 1}})], Refused, "was no", RESERVED_USD, 1),
        ([Answer(b"<html>bad gateway</html>")], Refused, "was no poem", RESERVED_USD, 1),
        ([Answer(b"[" * 100_000)], Refused, "was no poem", RESERVED_USD, 1),
        ([Answer(b" " * 2_100_000)], Refused, "far too long", RESERVED_USD, 1),
        ([CUT], Unavailable, "broke off", RESERVED_USD, 1),
    ],
)  # fmt: skip
def test_every_fault_ends_in_a_sentence_and_in_the_book(
    vendor: FakeOpenAI, answers: list[Answer], kind: type[UserError], said: str, spent: Any, asked: int
):
    vendor.refuse, purse = list(answers), Purse(1.0)
    with pytest.raises(kind, match=said) as failure:
        complete(an_account(vendor), REQUEST, Session(purse=purse))
    assert failure.value.hint
    assert "vendor's own" not in f"{failure.value.sentence} {failure.value.hint}"
    assert KEY not in f"{failure.value!r} {failure.value.__cause__!r}"
    assert purse.spent_usd == spent
    assert len(vendor.asked) == asked


@pytest.mark.parametrize("status", [429, 500])
def test_who_is_busy_or_down_is_asked_again(vendor: FakeOpenAI, status: int):
    vendor.refuse, purse = [trouble(status, "later", **AT_ONCE)] * 2, Purse(1.0)
    assert complete(an_account(vendor), REQUEST, Session(purse=purse)) == {"words": "the sea"}
    assert len(vendor.asked) == 3
    assert purse.spent_usd == USED_USD


@pytest.mark.parametrize("after", [{"retry-after": "100"}, {"retry-after-ms": "1e9"}, {"retry-after": "inf"}])
def test_who_wants_to_be_left_alone_for_long_is(vendor: FakeOpenAI, after: dict[str, str]):
    vendor.refuse, begun = [trouble(429, "later", **after)], time.monotonic()
    with pytest.raises(Unavailable, match="no room") as failure:
        complete(an_account(vendor), REQUEST, Session(purse=Purse(1.0)))
    assert time.monotonic() - begun < 3
    assert len(vendor.asked) == 1
    assert failure.value.retry_after
    assert failure.value.retry_after >= 100


def test_an_error_of_any_size_is_not_read(vendor: FakeOpenAI):
    vendor.refuse = [Answer(b"x" * 50_000_000, 400)]
    with pytest.raises(Unavailable, match="did not take the request"):
        complete(an_account(vendor), REQUEST, Session(purse=Purse(1.0)))


def test_what_is_slow_may_have_to_be_paid(vendor: FakeOpenAI):
    vendor.sleep_s, purse = 5.0, Purse(1.0)
    with pytest.raises(Unavailable, match="took too long"):
        complete(an_account(vendor, timeout_s=0.3), REQUEST, Session(purse=purse))
    assert purse.spent_usd == RESERVED_USD
    assert len(vendor.asked) == 1


def test_an_answer_that_hangs_in_the_middle_is_left(vendor: FakeOpenAI):
    vendor.refuse, purse = [Answer(b"{", headers={"Content-Length": "500"})], Purse(1.0)
    with pytest.raises(Unavailable, match="broke off"):
        complete(an_account(vendor, timeout_s=0.3), REQUEST, Session(purse=purse))
    assert purse.spent_usd == RESERVED_USD


def test_who_hangs_up_without_a_word_is_not_asked_twice(vendor: FakeOpenAI):
    def says(asked: dict[str, Any]) -> None:
        raise ConnectionAbortedError

    vendor.says, purse = says, Purse(1.0)
    with pytest.raises(Unavailable, match="broke off"):
        complete(an_account(vendor), REQUEST, Session(purse=purse))
    assert len(vendor.asked) == 1, "it may have been at work, and would be paid twice"
    assert purse.spent_usd == RESERVED_USD


def test_nobody_there_costs_nothing():
    account = replace(open_account("", Vendors(openai_key=KEY)), url="http://127.0.0.1:9/v1", retries=1)
    purse = Purse(1.0)
    with pytest.raises(Unavailable, match="cannot be reached"):
        complete(account, REQUEST, Session(purse=purse))
    assert account.price == PRICES["gpt-5-mini"]
    assert purse.spent_usd == 0


def test_without_a_word_on_its_use_the_reserve_stays(vendor: FakeOpenAI):
    vendor.usage, purse = None, Purse(1.0)
    complete(an_account(vendor), REQUEST, Session(purse=purse))
    assert purse.spent_usd == RESERVED_USD


def test_more_than_was_reserved_is_booked_too(vendor: FakeOpenAI):
    vendor.usage, purse = (1000, 1_000_000), Purse(1.0)
    complete(an_account(vendor), REQUEST, Session(purse=purse))
    assert purse.spent_usd == pytest.approx(2.00025)
    with pytest.raises(OverLimit):
        complete(an_account(vendor), REQUEST, Session(purse=purse))


def test_beyond_the_cap_nobody_is_asked(vendor: FakeOpenAI):
    purse = Purse(0.005)
    with pytest.raises(OverLimit, match=r"The poem by gpt-5-mini costs \$0\.008, and \$0\.005 of \$0\.005 are left"):
        complete(an_account(vendor), REQUEST, Session(purse=purse))
    assert vendor.asked == []
    assert purse.spent_usd == 0


def test_it_is_in_the_book_before_anybody_is_asked(vendor: FakeOpenAI, tmp_path: Path):
    book = tmp_path / "ledger.jsonl"
    seen: list[float] = []

    def says(asked: dict[str, Any]) -> dict[str, Any]:
        seen.append(Purse(1.0, book=book).spent_usd)
        return {"words": "the sea"}

    vendor.says = says
    complete(an_account(vendor), REQUEST, Session(purse=Purse(1.0, book=book)))
    assert seen == [RESERVED_USD]
    assert Purse(1.0, book=book).spent_usd == USED_USD


def test_who_cancels_is_not_held_up_and_may_have_to_pay(vendor: FakeOpenAI):
    vendor.sleep_s, purse = 5.0, Purse(1.0)

    def report(stage: str, done: float, total: float) -> None:
        if vendor.asked:
            raise Cancelled("Cancelled.")

    begun = time.monotonic()
    with pytest.raises(Cancelled):
        complete(an_account(vendor), REQUEST, Session(report, purse))
    assert time.monotonic() - begun < 3
    assert purse.spent_usd == RESERVED_USD


@pytest.mark.parametrize("key", ["sk-\n7", "sk-é", "sk 7", "sk\x007"])
def test_a_key_that_is_none_never_leaves(vendor: FakeOpenAI, key: str):
    account = an_account(vendor, key=key)
    with pytest.raises(Refused, match="signs in it") as failure:
        complete(account, REQUEST, Session(purse=Purse(1.0)))
    assert vendor.asked == []
    assert key not in repr(account) + repr(failure.value)


@pytest.mark.parametrize("images", [[b"x"] * (IMAGES_MOST + 1), [b"x" * 20_000_000]])
def test_too_many_pictures_never_leave(vendor: FakeOpenAI, images: list[bytes]):
    with pytest.raises(Refused, match="pictures"):
        complete(an_account(vendor), replace(REQUEST, images=images), Session(purse=Purse(10.0)))
    assert vendor.asked == []


def test_an_answer_in_a_fence_is_read(vendor: FakeOpenAI):
    vendor.says = lambda asked: completion('Here you are:\n```json\n{"words": "the sea"}\n```')
    assert complete(an_account(vendor), REQUEST, Session(purse=Purse(1.0))) == {"words": "the sea"}


def test_a_server_of_ones_own_is_free_and_needs_no_key(vendor: FakeOpenAI):
    vendor.key = "none"
    account = open_account("llama", Vendors(openai_url=vendor.url))
    assert account.price == FREE
    assert complete(account, REQUEST, Session()) == {"words": "the sea"}
    vendor.refuse = [trouble(404, "x")]
    with pytest.raises(Unavailable, match="The model's server does not know the model"):
        complete(account, REQUEST, Session())


def test_without_key_and_server_there_is_no_account():
    with pytest.raises(Unavailable, match="no key") as failure:
        open_account("", Vendors())
    assert "OPENAI_API_KEY" in failure.value.hint


@pytest.mark.parametrize(
    ("model", "url", "price"),
    [
        ("gpt-5-mini", "https://api.openai.com/v1", PRICES["gpt-5-mini"]),
        ("gpt-5-mini-2025-08-07", "https://api.openai.com/v1", PRICES["gpt-5-mini"]),
        ("gpt-4o-2024-11-20", "https://eu.api.openai.com/v1", PRICES["gpt-4o"]),
        ("gpt-9", "https://api.openai.com/v1", DEAREST),
        ("gpt-5-mini-turbo", "https://api.openai.com/v1", DEAREST),
        ("gpt-4o", "https://mine.openai.azure.com/openai/v1", PRICES["gpt-4o"]),
        ("gpt-4o", "http://127.0.0.1:8000/v1", FREE),
        ("gpt-4o", "http://openai.com.local/v1", FREE),
    ],
)
def test_what_a_model_costs(model: str, url: str, price: Price):
    assert price_of(model, url) == price


def test_a_foreign_tongue_is_reserved_for_in_full(vendor: FakeOpenAI):
    """A token of Chinese is one character; the estimate must not fall below it."""
    purse, asked = Purse(1.0), replace(REQUEST, question={"seen": "海" * 30_000}, tokens=1)
    vendor.usage = None
    complete(an_account(vendor), asked, Session(purse=purse))
    assert purse.spent_usd >= 30_000 * PRICE.read / 1e6


def test_what_was_asked_is_seen_once(vendor: FakeOpenAI):
    """Nothing of one request is kept for the next: neither connection nor words."""
    account = an_account(vendor)
    for number in range(3):
        complete(account, replace(REQUEST, question={"number": number}), Session(purse=Purse(1.0)))
    said: list[Asked] = vendor.asked
    assert [question_of(one) for one in said] == [{"number": 0}, {"number": 1}, {"number": 2}]
