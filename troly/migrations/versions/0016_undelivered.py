"""The index for the console's list of replies that could not be sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016_undelivered"
down_revision = "0015_figures"
branch_labels = None
depends_on = None

FAILED = sa.text("state = 'failed'")


def upgrade() -> None:
    op.create_index(
        "ix_outbox_failed", "outbox", ["created_at"], sqlite_where=FAILED, postgresql_where=FAILED
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_failed", "outbox")
