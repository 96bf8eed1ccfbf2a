"""Controls: what staff switched, whom it was told, broadcasts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013_controls"
down_revision = "0012_answers"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _conversation(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["conversation_id"],
        ["conversation.id"],
        name=op.f(f"fk_{table}_conversation_id_conversation"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    op.create_table(
        "control",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("set_by", sa.String(length=60), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_control")),
    )
    op.create_table(
        "control_told",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _conversation("control_told"),
        sa.PrimaryKeyConstraint("conversation_id", "what", name=op.f("pk_control_told")),
    )
    op.create_table(
        "broadcast",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("text_vi", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
    )
    running = sa.text("state = 'running'")
    op.create_index(
        "ix_broadcast_running", "broadcast", ["id"], sqlite_where=running, postgresql_where=running
    )
    op.create_table(
        "broadcast_target",
        sa.Column("broadcast_id", BIG_ID, nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["broadcast_id"],
            ["broadcast.id"],
            name=op.f("fk_broadcast_target_broadcast_id_broadcast"),
            ondelete="CASCADE",
        ),
        _conversation("broadcast_target"),
        sa.PrimaryKeyConstraint("broadcast_id", "conversation_id", name=op.f("pk_broadcast_target")),
    )
    op.create_index("ix_broadcast_target_conversation_id", "broadcast_target", ["conversation_id"])
    op.create_table(
        "broadcast_refusal",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _conversation("broadcast_refusal"),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_broadcast_refusal")),
    )


def downgrade() -> None:
    for name in ("broadcast_refusal", "broadcast_target", "broadcast", "control_told", "control"):
        op.drop_table(name)
