"""What Alembic runs: the revisions that a store lacks, on the connection that it was given."""

from __future__ import annotations

from alembic import context

from gridmend.runtime.users.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
)
with context.begin_transaction():
    context.run_migrations()
