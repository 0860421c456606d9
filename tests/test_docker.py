"""The compose files: names that the settings know, no token with a worker, and a way out for who needs one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.settings import BotSettings
from jobs.settings import SECRETS_OF_THE_BOT, names

DOCKER = Path(__file__).resolve().parents[1] / "docker"


def services(name: str) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with moto")
    found: dict[str, Any] = yaml.safe_load((DOCKER / name).read_text())["services"]
    return found


def test_the_settings_know_every_name_and_a_worker_sees_no_token() -> None:
    known, parts = names(BotSettings), services("compose.yaml")
    for part in ("bot", "worker-cpu"):
        ours = {name for name in parts[part]["environment"] if not name.startswith("AWS_")}
        assert ours <= known, ours - known
    assert not set(SECRETS_OF_THE_BOT) & set(parts["worker-cpu"]["environment"])
    assert set(SECRETS_OF_THE_BOT) <= set(parts["bot"]["environment"])


def test_workers_have_a_way_out_only_to_a_bucket() -> None:
    assert services("compose.yaml")["worker-cpu"]["networks"] == ["inside"]
    over = services("compose.s3.yaml")
    assert over["worker-cpu"]["networks"] == ["inside", "outside"]
    for part in over.values():
        assert part["environment"]["BLOB_URL"].startswith("${BLOB_URL:?")


def test_nothing_runs_as_root_or_with_rights_that_it_does_not_need() -> None:
    for name, part in services("compose.yaml").items():
        assert part["user"].partition(":")[0] not in ("", "0", "root"), name
        assert part["cap_drop"] == ["ALL"], name
        assert part["read_only"] is True, name


def test_models_are_read_from_a_folder_that_nobody_can_write_and_the_worker_stays_inside() -> None:
    over = services("compose.models.yaml")
    ours = {name for part in over.values() for name in part["environment"]}
    assert ours <= names(BotSettings), ours - names(BotSettings)
    assert over["worker-cpu"]["volumes"][0].endswith(":/models:ro")
    assert over["worker-cpu"]["environment"]["REELSCORE_MODELS"] == "/models"
    assert "networks" not in over["worker-cpu"]
