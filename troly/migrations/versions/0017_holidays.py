"""The portal's holidays, and which messages hold a number that is to be masked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_holidays"
down_revision = "0016_undelivered"
branch_labels = None
depends_on = None

_MARKED = sa.text("identifying")


def upgrade() -> None:
    op.create_table(
        "holiday_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_holiday_year")),
    )
    op.add_column("inbox", sa.Column("identifying", sa.Boolean(), server_default=sa.false(), nullable=False))
    # Whatever may hold a number is looked at once by the gateway, which finds out.
    inbox = sa.table("inbox", sa.column("text"), sa.column("identifying"))
    digits = ("GLOB", "*[0-9][0-9]*[0-9]*") if _is_sqlite() else ("~", "[0-9][0-9].*[0-9]")
    may_hold = sa.or_(inbox.c.text.op(digits[0])(digits[1]), inbox.c.text.like("%@%"))
    op.execute(inbox.update().where(may_hold).values(identifying=sa.true()))
    op.create_index("ix_inbox_identifying", "inbox", ["id"], sqlite_where=_MARKED, postgresql_where=_MARKED)


def downgrade() -> None:
    op.drop_index("ix_inbox_identifying", "inbox")
    op.drop_column("inbox", "identifying")
    op.drop_table("holiday_year")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
