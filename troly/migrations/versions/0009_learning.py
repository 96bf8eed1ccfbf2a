"""What staff taught the assistant: examples, names of procedures, the living test set."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_learning"
down_revision = "0008_console"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LIVE = sa.text("removed_at is null")


def upgrade() -> None:
    op.create_table(
        "learned_example",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.String(length=600), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("intent", sa.String(length=80), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learned_example")),
    )
    op.create_index(
        "uq_learned_example_live",
        "learned_example",
        ["folded"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_table(
        "learned_name",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("procedure_code", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.String(length=600), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learned_name")),
    )
    op.create_index(
        "uq_learned_name_live",
        "learned_name",
        ["procedure_code", "folded"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_table(
        "held_out",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.String(length=600), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("intent", sa.String(length=80), nullable=False),
        sa.Column("procedure_code", sa.String(length=64), nullable=True),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_out")),
    )
    op.create_index(
        "uq_held_out_live", "held_out", ["folded"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )


def downgrade() -> None:
    for name in ("held_out", "learned_name", "learned_example"):
        op.drop_table(name)
