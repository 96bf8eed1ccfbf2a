"""Training: runs and model versions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011_training"
down_revision = "0010_review"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "training_run",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.String(length=80), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("progress", sa.Float(), nullable=False),
        sa.Column("seconds", sa.Text(), nullable=True),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("heartbeat_at", TIME, nullable=True),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=True),
        sa.Column("baseline", sa.String(length=80), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_run")),
    )
    op.create_index("ix_training_run_state", "training_run", ["state"])
    op.create_table(
        "model_version",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("path", sa.String(length=200), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("run_id", BIG_ID, nullable=True),
        sa.Column("files", sa.String(length=16), nullable=False),
        sa.Column("data", sa.String(length=32), nullable=False),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.Column("figures", sa.Text(), nullable=True),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("broken_stories", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("pruned_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_model_version")),
    )
    op.create_table(
        "model_activation",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("previous", sa.String(length=80), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_activation")),
    )
    op.create_table(
        "model_instance",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=True),
        sa.Column("wanted", sa.String(length=80), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=300), nullable=False),
        sa.Column("files", sa.String(length=16), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_model_instance")),
    )
    op.create_table(
        "training_plan",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("keep", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_plan")),
    )


def downgrade() -> None:
    for name in ("training_plan", "model_instance", "model_activation", "model_version", "training_run"):
        op.drop_table(name)
