"""Who gave an account its password; empty where its owner set it, as is taken of all before."""

from __future__ import annotations

import sqlalchemy as sql
from alembic import op

from gridmend.model.errors import GridmendError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    given_by = sql.Column("given_by", sql.Text, nullable=False, server_default="")
    op.add_column("user_accounts", given_by)


def downgrade() -> None:
    """Refuse: it would be forgotten which passwords others know."""
    raise GridmendError(
        "it would be forgotten which passwords others know",
        mend="go on with this Gridmend, or a later one",
    )
