"""Replicate: predictions created, followed and cancelled; the one file that knows its client and its errors.

A prediction never runs on when nobody waits for it: it is cancelled when the wait ends for whatever reason, and carries
a deadline for the case that this process dies. Its id is written down first, so that the next run of the same job
follows it instead of paying for a second one.

Where Replicate can reach us, it says by itself that a prediction has ended. Whoever hears that (bot/ended.py) leaves a
note in the folder `Vendors.replicate_notes`: it turns `<id>.awaited` into `<id>.ended`. A note is not believed, it only
makes us look at once.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from pipeline.errors import OverLimit, Refused, Unavailable
from pipeline.fetched import TOO_LARGE, Check, fetch
from pipeline.purse import PaidFor, paid_for

if TYPE_CHECKING:
    from replicate.client import Client
    from replicate.prediction import Prediction

    from pipeline.backends import Vendors

URL = "https://api.replicate.com"
TIMEOUT = httpx.Timeout(30.0, connect=10.0)  # seconds for each step of a request

POLL_S = (0.25, 3.0)  # between two looks at a prediction, growing: Flux schnell takes a second, Kling minutes
SLICE_S = 0.1  # of a wait, before somebody may cancel
MISSED_LOOKS = 5  # in a row, before the prediction counts as lost
DEADLINE_SLACK_S = 60.0  # that Replicate lets a prediction run on after us: it cancels what we no longer can
THROTTLED_S = 5.0  # to wait where Replicate does not say how long; accounts with little credit get six calls a minute

ENDED = ("succeeded", "failed", "canceled")

ID = re.compile(r"[a-z0-9]{10,40}")  # of a prediction; nothing else becomes the name of a file
WEBHOOK = ["completed"]  # the one event that is asked for: a prediction has come to its end

#: how Replicate's models say that their filter has refused something
FILTERED = re.compile(r"nsfw|safety|sensitive|moderat|flagged|inappropriate|risk control|E005", re.IGNORECASE)

TOKEN_HINT = "Put a valid Replicate token into the settings: replicate.com/account/api-tokens."
LATER_HINT = "Try again later, or choose another engine."


class _Refusal(Exception):
    """An answer that is none: the status, what it says, and for how long to stay away."""

    def __init__(self, status: int, detail: str, retry_after: float | None) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after


class _Transport(httpx.HTTPTransport):
    """Says at once what was refused: the client's own would sleep here for as long as the other side tells it to."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["timeout"] = TIMEOUT.as_dict()  # uploads ask for none at all
        answer = super().handle_request(request)
        if answer.status_code < 400:
            return answer
        try:
            answer.read()
            said = answer.json()
        except (ValueError, httpx.HTTPError):
            said = {}
        finally:
            answer.close()
        said = said if isinstance(said, dict) else {}
        after = said.get("retry_after", answer.headers.get("Retry-After", ""))
        raise _Refusal(answer.status_code, str(said.get("detail", "")), _seconds(after))


class Replicate:
    """An account at Replicate."""

    def __init__(self, vendors: Vendors) -> None:
        """Raises Unavailable when there is no token."""
        if not vendors.replicate_token:
            raise Unavailable("Replicate is not set up: there is no token.", hint=TOKEN_HINT)
        self._token = vendors.replicate_token
        self._url = (vendors.replicate_url or URL).rstrip("/")
        notes = bool(vendors.replicate_webhook and vendors.replicate_notes)
        self._webhook = {"webhook": vendors.replicate_webhook, "webhook_events_filter": WEBHOOK} if notes else {}
        self._notes = Path(vendors.replicate_notes) if notes else None

    def make(
        self,
        model: str,
        inputs: Mapping[str, object],
        to: Path,
        *,
        files: Mapping[str, Path] | None = None,
        seconds: float,
        most_bytes: int,
        check: Check,
        work_s: float = math.inf,
        worked: Callable[[float], None] = lambda seconds: None,
    ) -> Path:
        """Have a model work, and fetch the first file that it made; `files` are uploaded as inputs of their own.

        `model` is "owner/name", or "owner/name:version" for what is not one of Replicate's own. It is waited for so
        many `seconds`, of which the model may work for `work_s`; `worked` hears for how long it has, however it ended,
        and for how long one that an earlier run has left in vain.
        Raises Unavailable, Refused, OverLimit, PaidFor once it costs money, and what `check` raises.
        """
        ticket = to.with_suffix(".ticket")
        of = _fingerprint(model, inputs, files or {})
        with self._client(seconds) as client, contextlib.ExitStack() as lent:
            until = time.monotonic() + seconds
            prediction = _known(client, ticket, of)
            if prediction and prediction.status in ("failed", "canceled"):  # which has cost what it has cost
                worked(_Watch(client, prediction).worked_s)
                prediction = None
            if prediction is None:
                urls = {name: lent.enter_context(_lend(client, file)) for name, file in (files or {}).items()}
                prediction = _create(client, model, {**inputs, **urls}, self._webhook, until, check)
            watch = _Watch(client, prediction)
            try:
                ticket.write_text(json.dumps({"of": of, "id": prediction.id}), encoding="utf-8")
                with _awaited(self._notes, prediction.id) as ended:
                    _follow(watch, until, work_s, ended, check)
                address = _judge(watch.prediction)
            except BaseException:
                watch.cancel()
                ticket.unlink(missing_ok=True)
                raise
            finally:
                worked(watch.worked_s)
        with paid_for():
            made = self._fetch(address, to, most_bytes, check)
        ticket.unlink(missing_ok=True)
        return made

    @contextlib.contextmanager
    def _client(self, seconds: float) -> Iterator[Client]:
        from replicate.client import Client

        with _Transport(retries=1) as transport:
            headers = {"Cancel-After": f"{seconds + DEADLINE_SLACK_S:.0f}s"}
            yield Client(self._token, base_url=self._url, timeout=TIMEOUT, transport=transport, headers=headers)

    def _fetch(self, address: str, to: Path, most_bytes: int, check: Check) -> Path:
        if not address.startswith("data:"):
            return fetch(address, to, home=self._url, most_bytes=most_bytes, check=check)
        try:
            made = base64.b64decode(address.partition(",")[2], validate=True)
        except binascii.Error:
            raise Unavailable("Replicate's answer cannot be read.", hint=LATER_HINT) from None
        if len(made) > most_bytes:
            raise OverLimit(TOO_LARGE, hint=LATER_HINT)
        to.write_bytes(made)
        return to


def _fingerprint(model: str, inputs: Mapping[str, object], files: Mapping[str, Path]) -> str:
    summed = hashlib.sha256(json.dumps([model, dict(inputs)], sort_keys=True).encode())
    for name, file in sorted(files.items()):
        summed.update(name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return summed.hexdigest()


def _known(client: Client, ticket: Path, of: str) -> Prediction | None:
    """Return the prediction of the same work that an earlier run has left, whatever has become of it."""
    try:
        kept = json.loads(ticket.read_bytes())
        if kept["of"] != of:
            return None
        return client.predictions.get(kept["id"])
    except (OSError, ValueError, LookupError, TypeError, httpx.HTTPError, _Refusal):
        return None


@contextlib.contextmanager
def _lend(client: Client, file: Path) -> Iterator[str]:
    """Upload a file of ours for as long as it is needed; yield its address."""
    with _ours(), file.open("rb") as source:
        lent = client.files.create(source, filename=file.name)
    try:
        yield lent.urls["get"]
    finally:
        with contextlib.suppress(httpx.HTTPError, _Refusal, ValueError):
            client.files.delete(lent.id)


def _create(
    client: Client, model: str, inputs: dict[str, Any], webhook: dict[str, Any], until: float, check: Check
) -> Prediction:
    """Create a prediction; where Replicate says to come again in a moment, do."""
    name, _, version = model.partition(":")
    while True:
        check()
        try:
            with _ours():
                if version:
                    return client.predictions.create(version, inputs, **webhook)
                return client.models.predictions.create(name, inputs, **webhook)
        except Unavailable as busy:
            if not isinstance(busy.__cause__, _Refusal) or busy.__cause__.status != 429:
                raise
            wait = busy.retry_after or THROTTLED_S
            if time.monotonic() + wait > until:
                raise
        _sleep(wait, check)


@dataclass
class _Watch:
    """A prediction as it was last seen, and since when it is at work."""

    client: Client
    prediction: Prediction
    looked: float = field(default_factory=time.monotonic)
    begun: float = math.inf  #: the last look at which it was not yet seen at work

    def __post_init__(self) -> None:
        self._saw(self.prediction)

    def look(self) -> None:
        with _ours():
            self._saw(self.client.predictions.get(self.prediction.id))

    def cancel(self) -> None:
        """Cancel it, as far as that is still possible."""
        with contextlib.suppress(httpx.HTTPError, _Refusal, ValueError):
            self._saw(self.client.predictions.cancel(self.prediction.id))

    def _saw(self, prediction: Prediction) -> None:
        if prediction.status == "processing":
            self.begun = min(self.begun, self.looked)
        self.prediction, self.looked = prediction, time.monotonic()

    @property
    def worked_s(self) -> float:
        """Seconds that the model has worked for: what Replicate says, or else as much as it can have been."""
        told = (self.prediction.metrics or {}).get("predict_time")
        if isinstance(told, int | float) and math.isfinite(told):
            return max(0.0, told)
        return max(0.0, time.monotonic() - self.begun)


@contextlib.contextmanager
def _awaited(notes: Path | None, prediction: str) -> Iterator[Path | None]:
    """Say that a prediction is waited for; yield the note that will lie there when it has ended."""
    if notes is None or not ID.fullmatch(prediction):
        yield None
        return
    awaited, ended = notes / f"{prediction}.awaited", notes / f"{prediction}.ended"
    try:
        with contextlib.suppress(OSError):  # a full disk: then it is only asked
            awaited.touch()
        yield ended
    finally:
        for note in (awaited, ended):
            note.unlink(missing_ok=True)


def _follow(watch: _Watch, until: float, work_s: float, ended: Path | None, check: Check) -> None:
    """Look at a prediction until it has ended, more seldom where a note will say so."""
    pause, missed = POLL_S[1 if ended else 0], 0
    while watch.prediction.status not in ENDED:
        if time.monotonic() > until or time.monotonic() - watch.begun > work_s:
            begun = watch.prediction.status == "processing"  # what was begun is charged for
            raise (PaidFor if begun else Unavailable)("Replicate was too slow.", hint=LATER_HINT)
        _sleep(pause, check, ended)
        pause = min(1.5 * pause, POLL_S[1])
        try:
            watch.look()
            missed = 0
        except (Unavailable, Refused) as exc:
            missed += 1
            if missed > MISSED_LOOKS:
                raise PaidFor(exc.sentence, hint=exc.hint) from exc


def _judge(prediction: Prediction) -> str:
    """Return the address of the first thing that a prediction has made."""
    if prediction.status == "failed":
        said = prediction.error or ""
        if FILTERED.search(said):
            raise Refused("Replicate's filter refused it.", hint="Say it in other words.")
        raise Unavailable("The model at Replicate failed.", hint=LATER_HINT)
    if prediction.status == "canceled":
        raise PaidFor("It was cancelled at Replicate.", hint=LATER_HINT)
    output = prediction.output
    first = output[0] if isinstance(output, list) and output else output
    if not first or not isinstance(first, str):
        raise PaidFor("The model at Replicate has made nothing.", hint=LATER_HINT)
    return first


def _sleep(seconds: float, check: Check, ended: Path | None = None) -> None:
    """Wait, ready to be cancelled, and until there is a note at most, which is taken away."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        check()
        if ended is not None and ended.exists():
            ended.unlink(missing_ok=True)
            return
        time.sleep(min(SLICE_S, left))
    check()


def _seconds(after: object) -> float | None:
    """Read what a server says about coming again, as seconds."""
    try:
        return min(max(float(str(after)), 0.0), 3600.0)
    except ValueError:
        return None


@contextlib.contextmanager
def _ours() -> Iterator[None]:
    """Turn the client's errors into ours; nothing of their text is shown."""
    try:
        yield
    except _Refusal as exc:
        raise _sentence(exc) from exc
    except httpx.TimeoutException as exc:
        raise Unavailable("Replicate does not answer.", hint=LATER_HINT) from exc
    except httpx.HTTPError as exc:
        raise Unavailable("Replicate could not be reached.", hint=LATER_HINT) from exc
    except (ValueError, TypeError, LookupError) as exc:
        raise Unavailable("Replicate's answer cannot be read.", hint=LATER_HINT) from exc


def _sentence(refusal: _Refusal) -> Unavailable | Refused:
    match refusal.status:
        case 401 | 403:
            return Unavailable("Replicate does not accept the token.", hint=TOKEN_HINT)
        case 402:
            return Unavailable("The account at Replicate has no credit left.", hint="Add credit at replicate.com.")
        case 404:
            return Unavailable("Replicate does not know the model any more.", hint="Choose another variant.")
        case 429:
            return Unavailable("Replicate is busy with our calls.", hint=LATER_HINT, retry_after=refusal.retry_after)
        case status if status >= 500:
            return Unavailable("Replicate is down.", hint=LATER_HINT, retry_after=refusal.retry_after)
    if FILTERED.search(refusal.detail):
        return Refused("Replicate's filter refused it.", hint="Say it in other words.")
    return Refused("Replicate does not take the request.", hint="Change the prompt, or choose another variant.")
