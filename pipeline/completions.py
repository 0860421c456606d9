"""Chat completions with a schema: OpenAI itself, or any server that speaks its API; the one file that knows its client.

What is asked goes out as data: the task is ours and the system message, all that a clip, a caption or a person says is
JSON in the user message. What comes back is one JSON object, which the caller validates field by field.
Money is reserved before a request for the longest answer that it allows, and settled by the usage that the answer
tells. What may have to be paid stays booked: an answer that broke off, was too long, or did not come in time.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import ssl
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import httpx2
import openai
from pydantic import BaseModel, Field, ValidationError

from pipeline.backends import Session, Vendors
from pipeline.errors import Refused, Unavailable

OPENAI_URL = "https://api.openai.com/v1"

TIMEOUT_S = 120.0  # of a request with all its tries; 24 pictures take a small model 20-40 s
CONNECT_S = 10.0
RETRIES = 2
WAIT_MOST_S = 20.0  # where a server asks for more than this, it is not asked again
CHECK_EVERY_S = 0.25  # while an answer is waited for
ANSWER_MOST = 2_000_000  # bytes of one answer; beyond it somebody is playing with us
IMAGES_MOST, IMAGES_MOST_BYTES = 48, 12_000_000  # of one request

LATER_HINT = "What is built in does the work until it is back."
ANOTHER_HINT = "Try again, or choose another model."

_Made = TypeVar("_Made")
_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Price:
    """What a model's tokens cost, in US dollars for a million."""

    read: float
    written: float  #: with what a model thinks to itself

    def usd(self, read: int, written: int) -> float:
        return (self.read * read + self.written * written) / 1e6


#: developers.openai.com/api/docs/pricing, standard tier, as of August 2026; cached input counts as any other
PRICES = {
    "gpt-5.5": Price(5.0, 30.0),
    "gpt-5.4": Price(2.5, 15.0),
    "gpt-5.4-mini": Price(0.75, 4.5),
    "gpt-5.4-nano": Price(0.2, 1.25),
    "gpt-5.2": Price(1.75, 14.0),
    "gpt-5.1": Price(1.25, 10.0),
    "gpt-5": Price(1.25, 10.0),
    "gpt-5-mini": Price(0.25, 2.0),
    "gpt-5-nano": Price(0.05, 0.4),
    "gpt-4.1": Price(2.0, 8.0),
    "gpt-4.1-mini": Price(0.4, 1.6),
    "gpt-4.1-nano": Price(0.1, 0.4),
    "gpt-4o": Price(2.5, 10.0),
    "gpt-4o-mini": Price(0.15, 0.6),
    "o3": Price(2.0, 8.0),
    "o4-mini": Price(1.1, 4.4),
}
DEAREST = Price(30.0, 180.0)  # of a model that is not in the table: it is not the cap that shall be wrong
FREE = Price(0.0, 0.0)  # of a server of one's own
BOUGHT = ("openai.com", "azure.com")  # whose servers are nobody's own

BYTES_A_TOKEN = 3  # of a request; English has four, Chinese characters have three and are a token each
IMAGE_TOKENS = 2_900  # of a small still in low detail: the most that any model counts (gpt-4o-mini)


@dataclass(frozen=True)
class Account:
    """Who is asked, by which model, and what that costs."""

    key: str = field(repr=False)
    url: str
    model: str
    price: Price
    timeout_s: float = TIMEOUT_S
    retries: int = RETRIES

    @property
    def vendor(self) -> str:
        return "OpenAI" if _is_bought(self.url) else "The model's server"


@dataclass(frozen=True)
class Request:
    """What is asked: our own task, foreign words as data, and the form of the answer."""

    task: str
    question: Mapping[str, Any]
    form: type[BaseModel]
    name: str  #: what is written, in a word or two: "storyboard"
    tokens: int  #: that the answer may have, with what the model thinks to itself
    images: Sequence[bytes] = ()  #: JPEG, small
    stage: str = "cues"  #: that is reported while the answer is waited for


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    choices: Annotated[list[_Choice], Field(min_length=1)]


class _Usage(BaseModel):
    prompt_tokens: Annotated[int, Field(ge=0)]
    completion_tokens: Annotated[int, Field(ge=0)]


class _Used(BaseModel):
    usage: _Usage


def open_account(variant: str, vendors: Vendors) -> Account:
    """Return the account to ask; `variant` is the model's name, else the vendors' choice. Raises Unavailable."""
    if not vendors.openai_key and not vendors.openai_url:
        raise Unavailable(
            "There is no key for OpenAI.", hint="Put one into the settings (OPENAI_API_KEY), or use what is built in."
        )
    url, model = vendors.openai_url or OPENAI_URL, variant or vendors.openai_model
    return Account(vendors.openai_key, url, model, price_of(model, url))


def price_of(model: str, url: str = OPENAI_URL) -> Price:
    """Return what a model costs at an address: as in the table, dated names too; nothing at a server of one's own."""
    if not _is_bought(url):
        return FREE
    name, _, dated = model.partition("-20")  # "gpt-5-mini-2025-08-07"
    return PRICES.get(model) or (PRICES.get(name) if dated else None) or DEAREST


def _is_bought(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == name or host.endswith(f".{name}") for name in BOUGHT)


def complete(account: Account, request: Request, session: Session) -> dict[str, Any]:
    """Return the JSON object that the model answers with; nothing in it was validated yet.

    Raises OverLimit before anything is spent, Unavailable where the server fails, Refused where the model will not or
    says no JSON, and what `session.report` raises: it is told before anything is spent, and while an answer is waited
    for.
    """
    session.report(request.stage, 0, 1)
    if not account.key.isascii() or not account.key.isprintable() or " " in account.key:
        raise Refused("The OpenAI key has signs in it that no key has.", hint="Copy it anew.")
    if len(request.images) > IMAGES_MOST or sum(map(len, request.images)) > IMAGES_MOST_BYTES:
        raise Refused("These are more pictures than one request takes.", hint="Send fewer or smaller ones.")
    return _read(_buy(account, request, session), account, request)


def fitting(form: type[_Model], said: Any) -> _Model | None:
    """Return a part of an answer where it is what was asked for."""
    try:
        return form.model_validate(said)
    except ValidationError:
        return None


def nonsense(account: Account, request: Request) -> Refused:
    """What to raise for an answer that is of no use."""
    return Refused(f"{account.vendor}'s answer was no {request.name}.", hint=ANOTHER_HINT)


def _buy(account: Account, request: Request, session: Session) -> bytes:
    """Reserve, ask, and settle by what the answer says that it has cost."""
    messages, form = _messages(request), _form(request)
    most = account.price.usd(_tokens(messages, form, len(request.images)), request.tokens)
    what = f"The {request.name} by {account.model}"
    with session.purse.lend(most, what):
        line = _Line(timeout=httpx2.Timeout(None, connect=CONNECT_S), follow_redirects=False, verify=_trust())
        posting = _post(account, line, messages=messages, response_format=form, max_completion_tokens=request.tokens)
        try:
            body = asyncio.run(_waited(posting, account, line, lambda: session.report(request.stage, 0.0, 1.0)))
        except BaseException:
            if not line.owed:
                session.purse.give_back(most, what)
            raise
        used = fitting(_Used, _json(body))
        if used is not None:
            cost = account.price.usd(used.usage.prompt_tokens, used.usage.completion_tokens)
            session.purse.settle(most, cost, what)
    return body


@functools.cache
def _trust() -> ssl.SSLContext:
    """The certificates of the world, read once: that takes longer than all the rest of a request on loopback."""
    return httpx2.create_ssl_context()


def _messages(request: Request) -> list[dict[str, Any]]:
    text = json.dumps(request.question, ensure_ascii=False)
    shown = [
        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{_base64(jpeg)}", "detail": "low"}}
        for jpeg in request.images
    ]
    content = [{"type": "text", "text": text}, *shown] if shown else text
    return [{"role": "system", "content": request.task}, {"role": "user", "content": content}]


def _form(request: Request) -> dict[str, Any]:
    schema = {"name": request.name.replace(" ", "_"), "strict": True, "schema": request.form.model_json_schema()}
    return {"type": "json_schema", "json_schema": schema}


def _tokens(messages: Sequence[Mapping[str, Any]], form: Mapping[str, Any], images: int) -> int:
    """How many tokens a request has at most."""
    told = [part["text"] for part in messages[1]["content"][:1]] if images else [messages[1]["content"]]
    said = sum(len(text.encode("utf-8", "replace")) for text in (messages[0]["content"], *told, json.dumps(form)))
    return said // BYTES_A_TOKEN + images * IMAGE_TOKENS


def _base64(jpeg: bytes) -> str:
    return base64.b64encode(jpeg).decode("ascii")


class _Line(openai.DefaultAsyncHttpxClient):
    """The wire to a vendor: never asks again for what may have to be paid, and never reads what an error says."""

    owed = False  #: whether the one that was asked may want to be paid

    async def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        try:
            answer = await super().send(request, **how)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            raise  # nothing was sent
        except BaseException as exc:
            self.owed = True
            if isinstance(exc, httpx2.HTTPError):  # the client would try these once more
                raise openai.APIConnectionError(request=request) from None
            raise
        if answer.is_success:
            self.owed = True
            return answer
        await answer.aclose()
        headers = {name: answer.headers[name] for name in ("retry-after", "retry-after-ms") if name in answer.headers}
        if _wait(headers) > WAIT_MOST_S:
            headers["x-should-retry"] = "false"
        return httpx2.Response(answer.status_code, headers=headers, request=request)


def _wait(headers: Mapping[str, str]) -> float:
    """Seconds that a server asks to be left alone for, a day at most; 0 where it does not say."""
    thousandths = headers.get("retry-after-ms")
    try:
        seconds = float(thousandths) / 1000 if thousandths else float(headers.get("retry-after", 0))
    except ValueError:
        return 0.0
    return max(0.0, min(86_400.0, seconds))


async def _post(account: Account, line: _Line, **request: Any) -> bytes:
    body = b""
    async with (
        openai.AsyncOpenAI(
            api_key=account.key or "none", base_url=account.url, max_retries=account.retries, http_client=line
        ) as client,
        client.chat.completions.with_streaming_response.create(model=account.model, **request) as response,
    ):
        async for part in response.iter_bytes():
            body += part
            if len(body) > ANSWER_MOST:
                raise Refused(f"{account.vendor}'s answer was far too long.", hint=ANOTHER_HINT)
    return body


async def _waited(
    posting: Coroutine[Any, Any, _Made], account: Account, line: _Line, check: Callable[[], None]
) -> _Made:
    """Wait for an answer until the time is up, and let it be cancelled; foreign errors become ours."""
    task = asyncio.ensure_future(posting)
    try:
        async with asyncio.timeout(account.timeout_s):
            while not (await asyncio.wait({task}, timeout=CHECK_EVERY_S))[0]:
                check()
            return task.result()
    except openai.OpenAIError as exc:
        raise _ours(exc, account, line) from None  # its words may quote what we have sent
    except httpx2.HTTPError:
        raise _broken(account) from None
    except TimeoutError:
        late = Unavailable(f"{account.vendor} took too long.", hint=LATER_HINT)
        raise (_broken(account) if line.owed else late) from None
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _broken(account: Account) -> Unavailable:
    return Unavailable(f"{account.vendor} broke off in the middle of its answer.", hint=LATER_HINT)


#: what the client raises, the more special first, and what a person is told; nothing of its own words
_TROUBLES: tuple[tuple[type[openai.OpenAIError], str], ...] = (
    (openai.AuthenticationError, "does not take the key."),
    (openai.PermissionDeniedError, "does not let this key use the model."),
    (openai.RateLimitError, "has no room for this key: too many requests, or no credit."),
    (openai.NotFoundError, "does not know the model."),
    (openai.APIConnectionError, "cannot be reached."),
    (openai.InternalServerError, "is down."),
    (openai.OpenAIError, "did not take the request."),
)


def _ours(exc: openai.OpenAIError, account: Account, line: _Line) -> Unavailable:
    if line.owed:
        return _broken(account)
    sentence = next(sentence for kind, sentence in _TROUBLES if isinstance(exc, kind))
    after = _wait(exc.response.headers) if isinstance(exc, openai.APIStatusError) else 0.0
    return Unavailable(f"{account.vendor} {sentence}", hint=LATER_HINT, retry_after=after or None)


def _json(said: str | bytes) -> Any:
    try:
        return json.loads(said)
    except (ValueError, RecursionError):
        return None


def _read(body: bytes, account: Account, request: Request) -> dict[str, Any]:
    """Return what stands in the outermost braces of what a model has said; raises Refused where that is nothing."""
    try:
        choice = _Completion.model_validate_json(body).choices[0]
    except ValidationError:
        raise nonsense(account, request) from None
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise Refused(
            f"{account.vendor} would not write this {request.name}.", hint="Say what you wish for in other words."
        )
    if choice.finish_reason == "length":
        raise Refused(f"{account.vendor}'s answer was cut off.", hint=ANOTHER_HINT)
    said = choice.message.content or ""
    answer = _json(said[said.find("{") : said.rfind("}") + 1])
    if not isinstance(answer, dict):
        raise nonsense(account, request)
    return answer
