"""Alembic's door: runs the versions on the connection that storage.migrations hands it."""

from __future__ import annotations

from alembic import context

from storage.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,  # SQLite can, where the driver does not commit by itself
    render_as_batch=True,  # SQLite changes a column by copying its table
)
with context.begin_transaction():
    context.run_migrations()
