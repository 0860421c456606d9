"""What the environment says about the chats, on top of queue and store; read by the bot alone, never by a worker."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from jobs.settings import JobSettings, Port, is_here
from pipeline.errors import Refused

FRONTS = ("telegram", "discord")

_OWNER = re.compile(r"(telegram|discord):\d{1,20}")
_TELEGRAM_TOKEN = re.compile(r"\d+:\S+")  # as aiogram has it; what stands behind the colon is Telegram's affair
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")  # the Bot API takes 1-256 of these; sixteen cannot be guessed


class BotSettings(JobSettings):
    """What a process that speaks to chat networks has to know."""

    telegram_bot_token: SecretStr | None = Field(None, validation_alias="TELEGRAM_BOT_TOKEN")
    discord_bot_token: SecretStr | None = Field(None, validation_alias="DISCORD_BOT_TOKEN")
    owners: Annotated[frozenset[str], NoDecode] = frozenset()  #: persons, such as "telegram:42"
    telegram_api: str | None = None  #: a local Bot API server's address; it takes files of 2 GB, the cloud 20 MB
    discord_api: str = "https://discord.com/api/v10"
    #: auto-score on Discord reads messages, which needs the Message Content intent, switched on in the developer portal
    discord_message_content: bool = False
    webhook_url: str | None = None  #: where Telegram sends updates; none: we ask for them
    webhook_secret: SecretStr | None = None
    webhook_host: str = "127.0.0.1"
    webhook_port: Port = 8443
    public_url: str | None = None  #: under which people reach this machine; none: no links to large films
    public_host: str = "127.0.0.1"  #: a proxy with a certificate stands before it
    public_port: Port = 8444

    @field_validator("owners", mode="before")
    @classmethod
    def _list(cls, words: Any) -> Any:
        return [word.strip() for word in words.split(",") if word.strip()] if isinstance(words, str) else words

    @field_validator("owners")
    @classmethod
    def _persons(cls, owners: frozenset[str]) -> frozenset[str]:
        if not all(_OWNER.fullmatch(owner) for owner in owners):
            raise ValueError("write telegram:NUMBER or discord:NUMBER, with commas between them")
        return owners

    @field_validator("telegram_bot_token", "discord_bot_token", mode="before")
    @classmethod
    def _trimmed(cls, token: Any) -> Any:
        return (token.strip() or None) if isinstance(token, str) else token

    @field_validator("telegram_bot_token")
    @classmethod
    def _telegram(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _TELEGRAM_TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("this is no token of @BotFather's, which looks like 123456789:AAF...")
        return token

    @field_validator("discord_bot_token")
    @classmethod
    def _discord(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch(r"[\w.-]+", token.get_secret_value()):
            raise ValueError("this is no bot token of the Discord developer portal, which has three parts with dots")
        return token

    @field_validator("telegram_api", "discord_api", "webhook_url", "public_url")
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
            raise ValueError("write an address such as https://example.org, without a password in it")
        return url.rstrip("/")

    def check(self) -> None:
        super().check()
        if self.webhook_url is not None:
            self._check_webhook(self.webhook_url)

    def _check_webhook(self, url: str) -> None:
        """Refuse a webhook that anybody could feed with updates of their own."""
        secret = self.webhook_secret.get_secret_value() if self.webhook_secret else ""
        if not _SECRET.fullmatch(secret):
            raise Refused(
                "REELSCORE_WEBHOOK_URL is set without a good REELSCORE_WEBHOOK_SECRET: anybody could send updates.",
                hint="Set it to 16-256 letters, digits, - and _, such as the output of: openssl rand -hex 32",
            )
        parts = urlsplit(url)
        if parts.scheme != "https" and self.telegram_api is None and not is_here(parts.hostname or ""):
            raise Refused(
                "REELSCORE_WEBHOOK_URL is not an https address, and Telegram calls no other.",
                hint="Put a proxy with a certificate before it, or set none: then updates are asked for.",
            )

    def token(self, front: str) -> SecretStr | None:
        return {"telegram": self.telegram_bot_token, "discord": self.discord_bot_token}[front]

    def fronts(self) -> list[str]:
        """Return the front ends whose token is set."""
        return [front for front in FRONTS if self.token(front)]
