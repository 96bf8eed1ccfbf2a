"""The desk: canned answers, and who sees which conversation in full."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014_handover_desk"
down_revision = "0013_controls"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "canned_answer",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("owner", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("text_vi", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.String(length=60), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_answer")),
    )
    op.create_index("ix_canned_answer_owner", "canned_answer", ["owner"])
    op.create_table(
        "desk_reveal",
        sa.Column("handover_id", BIG_ID, nullable=False),
        sa.Column("officer", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["handover_id"],
            ["handover.id"],
            name=op.f("fk_desk_reveal_handover_id_handover"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("handover_id", "officer", name=op.f("pk_desk_reveal")),
    )


def downgrade() -> None:
    op.drop_table("desk_reveal")
    op.drop_table("canned_answer")
