"""Alembic's entry: runs inside the transaction that `registry.database` opened, with a version table of its own."""

from alembic import context

from registry.tables import METADATA

VERSION_TABLE = "tatara_schema"

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, version_table=VERSION_TABLE
)
context.run_migrations()
