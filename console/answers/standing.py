"""How things stand: what is live, what is proposed, what was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.answers.kinds import Content, Item
from console.errors import Missing
from troly.answers.live import retired
from troly.tables.answers import DRAFT, AnswerRelease, AnswerVersion

_HISTORY = 100

Version = Row[Any]
"""A row of answer_version."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a thing stands: what is live, what is proposed."""

    release: int
    """The last release's id; 0: never changed."""
    live: Version | None
    """None: as shipped."""
    draft: Version | None

    @property
    def retired(self) -> bool:
        """Whether it is taken off now."""
        return self.live is not None and retired(self.live.content)

    @property
    def retires(self) -> bool:
        """Whether the draft would take it off."""
        return self.draft is not None and retired(self.draft.content)

    def content(self, item: Item) -> Content:
        """What citizens read now."""
        return self.live.content if self.live and self.live.content else item.content

    def proposed(self, item: Item) -> Content:
        """What the draft would make of it; without one what is live."""
        return (self.draft.content or item.content) if self.draft else self.content(item)


async def standing(connection: AsyncConnection, kind: str, key: str) -> Standing:
    """How one thing stands."""
    table = AnswerVersion.__table__
    release = (
        await connection.execute(
            select(AnswerRelease.id, AnswerRelease.version)
            .where(AnswerRelease.kind == kind, AnswerRelease.key == key)
            .order_by(AnswerRelease.id.desc())
            .limit(1)
        )
    ).first()
    version = release.version if release else None
    rows = await connection.execute(
        select(table).where(
            AnswerVersion.kind == kind,
            AnswerVersion.key == key,
            or_(AnswerVersion.state == DRAFT, AnswerVersion.id == version),
        )
    )
    found = {row.state == DRAFT: row for row in rows}
    return Standing(release.id if release else 0, found.get(False), found.get(True))


async def drafts(connection: AsyncConnection, kind: str | None = None) -> Sequence[Version]:
    """What waits for approval, the oldest first."""
    query = select(AnswerVersion.__table__).where(AnswerVersion.state == DRAFT).order_by(AnswerVersion.id)
    return (await connection.execute(query.where(AnswerVersion.kind == kind) if kind else query)).all()


async def waiting(connection: AsyncConnection) -> int:
    """How many drafts wait for approval."""
    query = select(func.count()).select_from(AnswerVersion).where(AnswerVersion.state == DRAFT)
    return int(await connection.scalar(query) or 0)


async def history(connection: AsyncConnection, kind: str, key: str) -> Sequence[Version]:
    """The versions of a thing, the newest first."""
    rows = await connection.execute(
        select(AnswerVersion.__table__)
        .where(AnswerVersion.kind == kind, AnswerVersion.key == key)
        .order_by(AnswerVersion.id.desc())
        .limit(_HISTORY)
    )
    return rows.all()


async def version_of(connection: AsyncConnection, kind: str, key: str, version: int) -> Version:
    """One version of this thing. Raises Missing."""
    row = (
        await connection.execute(
            select(AnswerVersion.__table__).where(
                AnswerVersion.id == version, AnswerVersion.kind == kind, AnswerVersion.key == key
            )
        )
    ).first()
    if row is None:
        raise Missing("answers.no_version")
    return row
