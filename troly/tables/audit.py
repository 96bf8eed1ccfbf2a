"""What staff did: a chain of lines that can be added to, and neither changed nor shortened unnoticed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, String, Text, event, insert
from sqlalchemy.orm import Mapped, mapped_column

from troly.tables.base import Base, JsonText, UtcDateTime, created_with

_BigId = BigInteger().with_variant(Integer, "sqlite")

GENESIS = "0" * 64
"""What stands before the first line."""


class AuditLine(Base):
    """One thing that somebody did. No word of a citizen: the line outlives their erasure."""

    __tablename__ = "audit_line"
    __table_args__ = (
        Index("ix_audit_line_actor", "actor", "sequence"),
        Index("ix_audit_line_action", "action", "sequence"),
        Index("ix_audit_line_target", "target", "sequence"),
        Index("ix_audit_line_at", "at"),
    )

    sequence: Mapped[int] = mapped_column(_BigId, primary_key=True, autoincrement=False)
    """1, 2, 3… without gaps."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(60))
    """The account's name; "command line" for the operator."""
    action: Mapped[str] = mapped_column(String(60))
    """In the past tense: conversation_revealed."""
    target: Mapped[str] = mapped_column(String(120))
    """kind:id."""
    before: Mapped[Any] = mapped_column(JsonText, nullable=True)
    after: Mapped[Any] = mapped_column(JsonText, nullable=True)
    previous: Mapped[str] = mapped_column(String(64))
    """The hash of the line before."""
    hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 over the rest (console/audit.py)."""


class AuditHead(Base):
    """The end of the chain: one row, which whoever adds a line holds until the line is committed."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(Text)


SQLITE_TRIGGERS = tuple(
    f"CREATE TRIGGER audit_line_no_{operation.lower()} BEFORE {operation} ON audit_line "
    "BEGIN SELECT RAISE(ABORT, 'the audit can only be added to'); END"
    for operation in ("UPDATE", "DELETE")
)
POSTGRESQL_TRIGGERS = (
    "CREATE OR REPLACE FUNCTION audit_line_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit can only be added to'; END $$",
    "CREATE TRIGGER audit_line_no_change BEFORE UPDATE OR DELETE ON audit_line "
    "FOR EACH ROW EXECUTE FUNCTION audit_line_refuse()",
    "CREATE TRIGGER audit_line_no_truncate BEFORE TRUNCATE ON audit_line "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_line_refuse()",
)
"""The same as in the migration, for databases that are made from the tables alone."""

created_with(AuditLine.__table__, "sqlite", SQLITE_TRIGGERS)
created_with(AuditLine.__table__, "postgresql", POSTGRESQL_TRIGGERS)


@event.listens_for(AuditHead.__table__, "after_create")
def _begin(table: Any, connection: Any, **_: Any) -> None:
    connection.execute(insert(table).values(id=1, sequence=0, hash=GENESIS))
