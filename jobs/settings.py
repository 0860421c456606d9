"""What the environment says about queue, store and work; read once, at the door, and handed on as values.

A bot is its folder: `.env` is read from the folder that a program is started in, and `data/` lies beside it. What the
environment says stands above `.env`. An unknown REELSCORE_* name is refused, since it is a typing error whose effect
would otherwise be silence.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Iterable, MutableMapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from jobs.redis_server import socket_of
from pipeline.backends import Crew, Kind, Vendors
from pipeline.backends import names as engines
from pipeline.errors import Refused
from storage.caps import Caps

PREFIX = "REELSCORE_"
ENV_FILE = Path(".env")

#: read by bot/settings.py; a worker that shares a `.env` with the bot meets these names and leaves them alone
NAMES_OF_THE_BOT = frozenset(
    f"{PREFIX}{name}"
    for name in (
        "DISCORD_API",
        "DISCORD_MESSAGE_CONTENT",
        "OWNERS",
        "PUBLIC_HOST",
        "PUBLIC_PORT",
        "PUBLIC_URL",
        "TELEGRAM_API",
        "WEBHOOK_HOST",
        "WEBHOOK_PORT",
        "WEBHOOK_SECRET",
        "WEBHOOK_URL",
    )
)
#: never left in the environment of a worker or of its children
SECRETS_OF_THE_BOT = ("TELEGRAM_BOT_TOKEN", "DISCORD_BOT_TOKEN", f"{PREFIX}WEBHOOK_SECRET")
#: read by libraries and not by us, and never to be logged either
SECRETS_OF_OTHERS = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)

#: what is in a data folder of ours; a folder that holds none of it is somebody else's
OURS = ("reelscore.db", "redis", "blobs", "jobs", "uploads", "webhooks", "run.log")

#: with which Replicate signs, as its client wants to have it
WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{20,}={0,2}")

Port = Annotated[int, Field(ge=0, le=65535)]


class VendorSettings(BaseSettings):
    """What engines that are bought or hosted need. Named in the environment REELSCORE_ and the field, or its alias."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        env_file_encoding="utf-8",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    openai_api_key: SecretStr | None = Field(None, validation_alias="OPENAI_API_KEY")
    openai_base_url: str = Field("", validation_alias="OPENAI_BASE_URL")  #: of a server that speaks the same
    openai_model: str = Vendors.openai_model
    replicate_api_token: SecretStr | None = Field(None, validation_alias="REPLICATE_API_TOKEN")
    replicate_base_url: str = Field("", validation_alias="REPLICATE_BASE_URL")
    suno_url: str = ""  #: of a self-hosted server of the suno-api kind
    most_usd: Annotated[float, Field(ge=0, le=10_000)] = Vendors.most_usd  #: that one film may cost
    models: Path | None = None  #: the folder with the weights of models; none: where Hugging Face's tools keep them
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d{1,2})?)$")] = Vendors.device  #: that models run on
    commercial: bool = Vendors.commercial  #: whether engines are refused whose weights may not be used commercially

    @field_validator("openai_base_url", "replicate_base_url", "suno_url")
    @classmethod
    def _vendor(cls, url: str) -> str:
        if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
            raise ValueError("write an address such as http://127.0.0.1:3000")
        return url.rstrip("/")

    @field_validator("models")
    @classmethod
    def _whole(cls, folder: Path | None) -> Path | None:
        return folder.expanduser().absolute() if folder else None

    @field_validator("device", mode="before")
    @classmethod
    def _small(cls, device: Any) -> Any:
        return device.strip().lower() if isinstance(device, str) else device

    @classmethod
    def read(cls, env_file: Path | None = ENV_FILE) -> Self:
        """Read environment and `.env`. Raises Refused with the name that is wrong, never with its value."""
        _check_names(cls, env_file)
        try:
            settings: Self = cast("Any", cls)(_env_file=env_file)
        except ValidationError as exc:
            raise _refusal(exc) from None  # its own text would quote what was typed, perhaps a token
        settings.check()
        return settings

    def check(self) -> None:
        """Refuse what would start, but not safely."""

    @property
    def vendors(self) -> Vendors:
        """What engines that are bought or hosted need, keys included."""
        return Vendors(
            openai_key=self.openai_api_key.get_secret_value() if self.openai_api_key else "",
            openai_url=self.openai_base_url,
            openai_model=self.openai_model,
            replicate_token=self.replicate_api_token.get_secret_value() if self.replicate_api_token else "",
            replicate_url=self.replicate_base_url,
            suno_url=self.suno_url,
            most_usd=self.most_usd,
            models=str(self.models or ""),
            device=self.device,
            commercial=self.commercial,
        )


class JobSettings(VendorSettings):
    """What a worker has to know."""

    #: redis://, rediss:// or unix://; none: the server that `reelscore run` starts in the data folder
    redis_url: SecretStr | None = Field(None, validation_alias="REDIS_URL")
    #: sqlite:///path or postgresql://...; none: a file in the data folder
    database_url: SecretStr | None = Field(None, validation_alias="DATABASE_URL")
    #: a folder or s3://bucket/prefix; none: a folder in the data folder
    blob_url: str | None = Field(None, validation_alias="BLOB_URL")
    data: Path = Path("data")

    slots: Annotated[int, Field(ge=1, le=64)] | None = None  #: jobs at once in this worker; none: by its processors
    drain_s: Annotated[float, Field(ge=0, le=3600)] = 25.0  #: that running jobs may go on for after SIGTERM
    keep_days: Annotated[float, Field(gt=0)] = 30.0  #: uploads, films and records of jobs that have ended

    queue_waiting: Annotated[int, Field(ge=1)] = Caps.queue_waiting
    person_waiting: Annotated[int, Field(ge=1)] = Caps.person_waiting
    chat_waiting: Annotated[int, Field(ge=1)] = Caps.chat_waiting
    person_a_day: Annotated[int, Field(ge=1)] = Caps.person_a_day

    #: what the chats have films made by: pipeline/captioners, writers, composers
    captioner: str = Crew.captioner
    writer: str = Crew.writer
    composer: str = Crew.composer
    composers: str = ""  #: that people may choose besides, with commas between them: "musicgen:small, ace_step"
    #: and music videos: pipeline/aligners, directors, illustrators, animators, singers
    aligner: str = Crew.aligner
    director: str = Crew.director
    illustrator: str = Crew.illustrator
    animator: str = Crew.animator
    singer: str = Crew.singer

    log_format: Literal["auto", "console", "json"] = "auto"  #: auto: for people on a terminal, JSON elsewhere
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    health_host: str = "127.0.0.1"
    health_port: Port = 0  #: 0: no health server. `reelscore run` gives its worker the next one

    replicate_webhook: str = (
        ""  #: under which Replicate reaches /replicate of the worker's health server; none: polling
    )
    replicate_webhook_secret: SecretStr | None = Field(None, validation_alias="REPLICATE_WEBHOOK_SECRET")

    @field_validator("data")
    @classmethod
    def _absolute(cls, data: Path) -> Path:
        return data.expanduser().absolute()

    @field_validator("log_format", "log_level", mode="before")
    @classmethod
    def _lower(cls, word: Any) -> Any:
        return word.lower() if isinstance(word, str) else word

    def check(self) -> None:
        if self.redis_url is not None:
            _check_redis(self.redis_url.get_secret_value())
        for field in fields(Crew):
            _check_engine(field.name, getattr(self, field.name))
        for name in self.offered:
            _check_engine("composer", name)
        if self.replicate_webhook:
            self._check_replicate()

    def _check_replicate(self) -> None:
        """Refuse a webhook that anybody could call, and one that nobody listens to."""
        secret = self.replicate_webhook_secret.get_secret_value() if self.replicate_webhook_secret else ""
        at = urlsplit(self.replicate_webhook)
        if at.scheme != "https" or not at.hostname or at.username is not None:
            raise Refused(
                "REELSCORE_REPLICATE_WEBHOOK is not an https address, and Replicate calls no other.",
                hint="Write the public address of a proxy that leads to /replicate of the worker's health server.",
            )
        if not WEBHOOK_SECRET.fullmatch(secret):
            raise Refused(
                "REELSCORE_REPLICATE_WEBHOOK is set without a good REPLICATE_WEBHOOK_SECRET: anybody could call.",
                hint="Ask Replicate for it: GET https://api.replicate.com/v1/webhooks/default/secret.",
            )
        if not self.health_port:
            raise Refused(
                "REELSCORE_REPLICATE_WEBHOOK is set, but nothing listens.",
                hint="Set REELSCORE_HEALTH_PORT: that server takes the calls.",
            )

    @property
    def webhooks(self) -> Path:
        """The folder for notes of what has ended at vendors'."""
        return self.data / "webhooks"

    @property
    def vendors(self) -> Vendors:
        notes = str(self.webhooks) if self.replicate_webhook else ""
        return replace(super().vendors, replicate_webhook=self.replicate_webhook, replicate_notes=notes)

    @property
    def redis(self) -> str:
        """The address of Redis, with its password."""
        return self.redis_url.get_secret_value() if self.redis_url else f"unix://{socket_of(self.data)}"

    @property
    def database(self) -> str:
        return self.database_url.get_secret_value() if self.database_url else f"sqlite:///{self.data / 'reelscore.db'}"

    @property
    def blobs(self) -> str:
        return self.blob_url or str(self.data / "blobs")

    @property
    def caps(self) -> Caps:
        return Caps(self.queue_waiting, self.person_waiting, self.chat_waiting, self.person_a_day)

    @property
    def offered(self) -> tuple[str, ...]:
        """The composers that people may choose besides the usual one."""
        return tuple(filter(None, (name.strip() for name in self.composers.split(","))))

    @property
    def crew(self) -> Crew:
        """Who makes films and music videos in the chats."""
        return Crew(
            captioner=self.captioner,
            writer=self.writer,
            composer=self.composer,
            aligner=self.aligner,
            director=self.director,
            illustrator=self.illustrator,
            animator=self.animator,
            singer=self.singer,
        )

    def secrets(self) -> list[str]:
        """Return what must never be logged: every secret setting, and what libraries read by themselves."""
        own = [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)]
        return [*own, *filter(None, (os.environ.get(name) for name in SECRETS_OF_OTHERS))]

    def make_data(self) -> Path:
        """Make the data folder, for us alone. Raises Refused for a folder that is somebody else's or is locked."""
        try:
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            there = {path.name for path in self.data.iterdir()}
        except OSError as exc:
            raise Refused(
                f"The data folder {self.data} cannot be used: {exc.strerror}.",
                hint=f"Name another one with {PREFIX}DATA.",
            ) from exc
        if there and not there & set(OURS):
            raise Refused(
                f"The folder {self.data} holds other files, so no data are put there.",
                hint=f"Name an empty or a new folder with {PREFIX}DATA.",
            )
        if not os.access(self.data, os.W_OK | os.X_OK):
            raise Refused(f"Nothing can be written in {self.data}.", hint=f"Name another folder with {PREFIX}DATA.")
        return self.data


def names(settings: type[BaseSettings]) -> set[str]:
    """Return the names in the environment that a class of settings reads."""
    prefix = settings.model_config.get("env_prefix", "")
    return {str(field.validation_alias or f"{prefix}{name}".upper()) for name, field in settings.model_fields.items()}


def scrub(environment: MutableMapping[str, str], also: Iterable[str] = ()) -> None:
    """Take the chat tokens out of an environment."""
    for name in (*SECRETS_OF_THE_BOT, *also):
        environment.pop(name, None)


def _check_names(settings: type[BaseSettings], env_file: Path | None) -> None:
    known = {name for name in names(settings) | names(JobSettings) | NAMES_OF_THE_BOT if name.startswith(PREFIX)}
    for name in sorted({*os.environ, *_names_in(env_file)}):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.0)
            raise Refused(f"There is no setting {name}.", hint=f"The nearest one is {near[0]}.")


def _names_in(env_file: Path | None) -> set[str]:
    if env_file is None or not env_file.is_file():
        return set()
    try:
        return set(dotenv_values(env_file, interpolate=False))
    except (OSError, UnicodeDecodeError):
        raise Refused(f"The file {env_file} cannot be read.", hint="It is UTF-8 text, one NAME=value a line.") from None


def _refusal(exc: ValidationError) -> Refused:
    """Name each setting that is wrong and what it wants to be."""
    wrong = exc.errors(include_url=False, include_context=False, include_input=False)
    lines = [f"{_named(one['loc'])}: {_plain(one['msg'])}." for one in wrong]
    return Refused("A setting is not right. " + " ".join(lines), hint="Change it in the environment or in .env.")


def _named(place: tuple[int | str, ...]) -> str:
    name = str(place[0]) if place else ""
    return name if name.isupper() else f"{PREFIX}{name}".upper()


def _plain(message: str) -> str:
    words = message.removeprefix("Value error, ").rstrip(".")
    return words[:1].lower() + words[1:]


def _check_engine(kind: str, name: str) -> None:
    """Refuse an engine that nobody has written; whether it can work here is seen when it has to."""
    known = [*engines(cast("Kind", kind)), *(["auto"] if kind == "director" else [])]
    if name.partition(":")[0] not in known:
        raise Refused(
            f"{PREFIX}{kind.upper()}: there is no such {kind}.",
            hint=f"Known: {', '.join(known)}. Change it in the environment or in .env.",
        )


def _check_redis(url: str) -> None:
    """Refuse an address that is none, and a foreign server that would take orders from anybody."""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise Refused(
            "REDIS_URL is not the address of a Redis server.",
            hint="It looks like redis://:password@host:6379/0, rediss://... or unix:///path/to/socket.",
        )
    if parts.scheme != "unix" and not parts.password and not is_here(parts.hostname or "localhost"):
        raise Refused(
            "REDIS_URL names a server on another host without a password: whoever reaches it could order jobs.",
            hint="Give the server a password (requirepass) and write redis://:password@host:6379/0.",
        )


def is_here(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
