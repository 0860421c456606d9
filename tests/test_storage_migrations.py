"""The tables: models and migrations agree, many may open at once, and a newer release's tables are left alone."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import storage.migrations
from storage.records import Records
from storage.tables import Table

FOLDER = Path(storage.migrations.__file__).parent


async def test_models_and_migrations_agree(records: Records) -> None:
    def differences(connection: Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Table.metadata)

    async with records.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        await connection.execute(text("ALTER TABLE job ADD COLUMN surplus INTEGER"))
        assert [change[0] for change in await connection.run_sync(differences)] == ["remove_column"]  # it would see it
        await connection.rollback()


async def test_many_open_at_once_and_the_tables_are_made_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    opened = await asyncio.gather(*(Records.open(url) for _ in range(4)))
    assert await opened[0].store_updates("telegram", [("1", {})]) == 1
    assert len(await opened[3].updates("telegram")) == 1
    for records in opened:
        await records.close()


async def test_tables_of_a_newer_release_are_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    records = await Records.open(url)
    async with records._write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await records.close()
    records = await Records.open(url)
    assert await records.store_updates("telegram", [("1", {})]) == 1
    await records.close()


def test_each_version_can_be_installed_and_follows_the_one_before() -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert len(scripts) == len(list((FOLDER / "versions").glob("v*.py")))
    assert (FOLDER / "versions" / "__init__.py").is_file()  # so that they are in a wheel as a package
