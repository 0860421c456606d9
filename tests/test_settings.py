"""Settings: what is read, what is refused and with which words, and that a secret never shows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.settings import BotSettings
from jobs.settings import NAMES_OF_THE_BOT, PREFIX, SECRETS_OF_THE_BOT, JobSettings, VendorSettings, names, scrub
from pipeline.backends import Crew, Vendors
from pipeline.errors import Refused
from storage.records import Caps
from tests.settings_cases import CALLED, NONE, SIGNED, UNSAFE

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFa"


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = {*os.environ} & {*names(BotSettings)}
    for name in known | {name for name in os.environ if name.startswith(PREFIX)}:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_nothing_set_is_a_bot_in_its_folder(tmp_path: Path) -> None:
    settings = BotSettings.read()
    assert settings.data == tmp_path / "data"
    assert settings.redis == f"unix://{tmp_path}/data/redis/redis.sock" or settings.redis.startswith("unix:///tmp/")
    assert settings.database == f"sqlite:///{tmp_path}/data/reelscore.db"
    assert settings.blobs == f"{tmp_path}/data/blobs"
    assert settings.caps == Caps()
    assert settings.fronts() == []
    assert settings.health_port == 0
    assert settings.health_host == "127.0.0.1"


def test_the_environment_stands_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(
        f"TELEGRAM_BOT_TOKEN={TOKEN}\nREELSCORE_SLOTS=3\nREELSCORE_KEEP_DAYS=7\nDISCORD_BOT_TOKEN=\nSHELL_OF_OTHERS=1\n"
    )
    monkeypatch.setenv("REELSCORE_SLOTS", "5")
    monkeypatch.setenv("REELSCORE_OWNERS", "telegram:1, discord:2")
    settings = BotSettings.read()
    assert (settings.slots, settings.keep_days) == (5, 7)
    assert settings.owners == {"telegram:1", "discord:2"}
    assert settings.fronts() == ["telegram"], "a name without a value is not set"


def test_no_secret_ever_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2secret@127.0.0.1/0")
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter3secret@db/x")
    settings = BotSettings.read()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert TOKEN not in shown
    assert "hunter" not in shown
    assert settings.redis.startswith("redis://:hunter2secret@")
    assert {TOKEN, settings.redis, settings.database} <= set(settings.secrets())


@pytest.mark.parametrize(("environment", "sentence", "hint"), UNSAFE, ids=lambda case: str(case)[:40])
def test_what_is_misspelt_or_unsafe_is_refused(
    environment: dict[str, str], sentence: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Refused) as refused:
        BotSettings.read()
    assert sentence in refused.value.sentence
    assert hint in refused.value.hint
    said = refused.value.sentence + refused.value.hint
    assert "hunter" not in said, "what was typed may be a secret"
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


@pytest.mark.parametrize("environment", NONE, ids=lambda case: str(case)[:60])
def test_what_is_safe_is_taken(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    BotSettings.read()


def test_a_misspelt_name_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("reelscore_slot=2\n")
    with pytest.raises(Refused, match="reelscore_slot") as refused:
        JobSettings.read()
    assert "REELSCORE_SLOTS" in refused.value.hint


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(Refused, match=r"\.env"):
        JobSettings.read()


def test_a_worker_meets_the_names_of_the_bot_and_never_its_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {name for name in names(BotSettings) - names(JobSettings) if name.startswith(PREFIX)}
    assert own == NAMES_OF_THE_BOT
    monkeypatch.setenv("REELSCORE_OWNERS", "telegram:1")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    settings = JobSettings.read()
    assert not any("bot_token" in name for name in JobSettings.model_fields)
    assert TOKEN not in settings.secrets()
    environment = {**dict.fromkeys(SECRETS_OF_THE_BOT, TOKEN), "PATH": "/bin"}
    scrub(environment)
    assert environment == {"PATH": "/bin"}


def test_the_example_names_every_setting_and_no_other() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {
        line.removeprefix("#").partition("=")[0] for line in lines if "=" in line and " " not in line.split("=")[0]
    }
    assert named == names(BotSettings)


def test_the_example_can_be_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())
    assert BotSettings.read() == BotSettings.read(None)


def test_a_folder_of_somebody_else_gets_no_data(tmp_path: Path) -> None:
    settings = JobSettings.read()
    assert settings.make_data().stat().st_mode & 0o777 == 0o700
    (settings.data / "letter.txt").touch()
    with pytest.raises(Refused, match="other files"):
        settings.make_data()
    (settings.data / "redis").mkdir()
    assert settings.make_data() == tmp_path / "data"


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(Refused, match="cannot be used"):
        JobSettings.read().make_data()


def test_vendors_are_read_without_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hunter")
    monkeypatch.setenv("REELSCORE_MOST_USD", "0.5")
    monkeypatch.setenv("REDIS_URL", "redis://redis.example.org:6379")  # a worker would refuse it
    monkeypatch.setenv("REELSCORE_SLOTS", "hunter")
    vendors = VendorSettings.read().vendors
    assert (vendors.openai_key, vendors.most_usd, vendors.replicate_token) == ("sk-hunter", 0.5, "")
    assert "hunter" not in repr(vendors)
    monkeypatch.setenv("REELSCORE_MOST_EUR", "1")
    with pytest.raises(Refused, match="no setting REELSCORE_MOST_EUR"):
        VendorSettings.read()
    monkeypatch.delenv("REELSCORE_MOST_EUR")
    monkeypatch.setenv("REELSCORE_SUNO_URL", "hunter")
    with pytest.raises(Refused, match="REELSCORE_SUNO_URL: write an address"):
        VendorSettings.read()


def test_only_who_may_be_called_is_told_where_notes_are_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert JobSettings.read().vendors.replicate_notes == ""
    for name, value in (CALLED | {"REPLICATE_WEBHOOK_SECRET": SIGNED}).items():
        monkeypatch.setenv(name, value)
    settings = JobSettings.read()
    assert settings.vendors.replicate_webhook == "https://x.org/replicate"
    assert settings.vendors.replicate_notes == str(tmp_path / "data" / "webhooks")
    assert SIGNED in settings.secrets()
    assert SIGNED not in f"{settings!r} {settings.vendors!r}"
    assert VendorSettings.read().vendors.replicate_webhook == "", "at the terminal nobody listens"


def test_models_and_who_makes_the_music_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert VendorSettings.read().vendors == Vendors()
    for name, value in (
        ("MODELS", "weights"),
        ("DEVICE", " Cuda:1"),
        ("COMMERCIAL", "yes"),
        ("CAPTIONER", "blip2"),
        ("WRITER", "openai"),
        ("COMPOSER", "replicate"),
        ("COMPOSERS", "orchestra, musicgen:small,"),
    ):
        monkeypatch.setenv(f"{PREFIX}{name}", value)
    settings = JobSettings.read()
    vendors = settings.vendors
    assert (vendors.models, vendors.device, vendors.commercial) == (str(tmp_path / "weights"), "cuda:1", True)
    assert settings.crew == Crew("blip2", "openai", "replicate")
    assert settings.offered == ("orchestra", "musicgen:small")
