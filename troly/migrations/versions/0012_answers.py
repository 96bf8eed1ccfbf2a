"""Answers: drafts and what is live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_answers"
down_revision = "0011_training"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("state = 'draft'")


def upgrade() -> None:
    op.create_table(
        "answer_version",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("base", BIG_ID, nullable=True),
        sa.Column("restores", BIG_ID, nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=60), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_version")),
    )
    op.create_index("ix_answer_version_thing", "answer_version", ["kind", "key", "id"])
    op.create_index(
        "uq_answer_version_draft",
        "answer_version",
        ["kind", "key"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_table(
        "answer_release",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("version", BIG_ID, nullable=True),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"],
            ["answer_version.id"],
            name=op.f("fk_answer_release_version_answer_version"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_release")),
    )
    op.create_index("ix_answer_release_thing", "answer_release", ["kind", "key", "id"])


def downgrade() -> None:
    for name in ("answer_release", "answer_version"):
        op.drop_table(name)
