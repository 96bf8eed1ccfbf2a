"""Figures: what is counted ahead."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015_figures"
down_revision = "0014_handover_desk"
branch_labels = None
depends_on = None

UNMET = sa.text("status in ('not_found', 'out_of_scope', 'error', 'none')")


def upgrade() -> None:
    op.create_table(
        "figure",
        sa.Column("span", sa.String(length=5), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("span", "kind", "channel", "language", "day", "name", name=op.f("pk_figure")),
    )
    op.create_index("ix_figure_day", "figure", ["day"])
    op.create_table(
        "figure_span",
        sa.Column("span", sa.String(length=5), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("span", "day", name=op.f("pk_figure_span")),
    )

    op.create_index(
        "ix_review_item_unmet",
        "review_item",
        ["at", "group_id"],
        sqlite_where=UNMET,
        postgresql_where=UNMET,
    )


def downgrade() -> None:
    op.drop_index("ix_review_item_unmet", "review_item")
    for name in ("figure_span", "figure"):
        op.drop_table(name)
