"""Review: the queue, labels, confirmations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010_review"
down_revision = "0009_learning"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _sparse(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def upgrade() -> None:
    op.add_column("turn", sa.Column("second_intent", sa.String(length=80), nullable=True))
    op.create_table(
        "review_group",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("leader", sa.String(length=600), nullable=False),
        sa.Column("kind", sa.String(length=160), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_group")),
    )
    _sparse("ix_review_group_waiting", "review_group", ["rank", "id"], "waiting > 0")
    op.create_index("ix_review_group_seen_at", "review_group", ["seen_at"])
    op.create_table(
        "review_item",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("group_id", BIG_ID, nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=True),
        sa.Column("conversation_id", sa.String(length=64), nullable=True),
        sa.Column("turn_id", BIG_ID, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.String(length=600), nullable=False),
        sa.Column("intent", sa.String(length=80), nullable=True),
        sa.Column("second_intent", sa.String(length=80), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("procedure_code", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("reasons", sa.Integer(), nullable=False),
        sa.Column("sampled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("labelled_by", sa.String(length=80), nullable=True),
        sa.Column("answer", sa.String(length=8), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["review_group.id"],
            name=op.f("fk_review_item_group_id_review_group"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_item")),
    )
    op.create_index("uq_review_item_message_id", "review_item", ["message_id"], unique=True)
    op.create_index("ix_review_item_group_id", "review_item", ["group_id", "state"])
    op.create_index("ix_review_item_conversation_id", "review_item", ["conversation_id"])
    op.create_index("ix_review_item_folded", "review_item", ["folded"])
    _sparse("ix_review_item_sampled", "review_item", ["at"], "sampled")
    _sparse("ix_review_item_open", "review_item", ["state", "id"], "state in ('confirm', 'settle')")
    op.create_table(
        "review_label",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("item_id", BIG_ID, nullable=False),
        sa.Column("batch", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=8), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("intent", sa.String(length=80), nullable=True),
        sa.Column("procedure_code", sa.String(length=64), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["review_item.id"],
            name=op.f("fk_review_label_item_id_review_item"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_label")),
    )
    op.create_index("ix_review_label_item_id", "review_label", ["item_id"])
    op.create_index("ix_review_label_batch", "review_label", ["batch"])
    op.create_index("ix_review_label_author", "review_label", ["author", "id"])
    _sparse("ix_review_label_second", "review_label", ["id"], "stage = 'second'")
    _sparse("ix_review_label_new_intent", "review_label", ["id"], "verdict = 'new_intent'")
    op.create_table(
        "review_lesson",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("item_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("row_id", BIG_ID, nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["review_item.id"],
            name=op.f("fk_review_lesson_item_id_review_item"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_lesson")),
    )
    op.create_index("ix_review_lesson_item_id", "review_lesson", ["item_id"])
    op.create_index("ix_review_lesson_row_id", "review_lesson", ["kind", "row_id"])
    op.create_table(
        "review_cursor",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("turn_id", BIG_ID, nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_review_cursor")),
    )


def downgrade() -> None:
    for name in ("review_cursor", "review_lesson", "review_label", "review_item", "review_group"):
        op.drop_table(name)
    op.drop_column("turn", "second_intent")
