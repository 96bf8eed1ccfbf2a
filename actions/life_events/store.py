"""Checklists in the database: made, read and ticked by the conversation that they belong to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from actions import portal
from troly.clock import now
from troly.settings import settings
from troly.tables.checklists import Checklist


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored checklist."""

    id: str
    token: str
    content: dict[str, Any]

    @property
    def papers(self) -> list[dict[str, Any]]:
        """Its papers; number n is the n-th."""
        return list(self.content["papers"])

    @property
    def url(self) -> str:
        """Where it is fetched as PDF: without PUBLIC_URL a path, which the website's page completes."""
        return f"{settings().public_url.rstrip('/')}/checklists/{self.token}.pdf"


async def keep(conversation: str, language: str, content: dict[str, Any]) -> Kept:
    """Store a new checklist of a conversation."""
    made = Kept(secrets.token_hex(8), secrets.token_urlsafe(32), content)
    async with portal.engine().begin() as connection:
        await connection.execute(
            insert(Checklist).values(
                id=made.id,
                token=made.token,
                sender_id=conversation,
                language=language,
                content=content,
                created_at=now(),
                updated_at=now(),
            )
        )
    return made


async def find(conversation: str, identity: str) -> Kept | None:
    """The checklist with this id, if it is of this conversation."""
    async with portal.engine().connect() as connection:
        row = (
            await connection.execute(
                select(Checklist.id, Checklist.token, Checklist.content).where(
                    Checklist.id == identity, Checklist.sender_id == conversation
                )
            )
        ).first()
    return Kept(row.id, row.token, row.content) if row else None


async def tick(conversation: str, kept: Kept, number: int, *, done: bool) -> Kept:
    """Note that the citizen has paper `number` (1 is the first), or has it not."""
    papers = kept.papers
    if not 1 <= number <= len(papers):
        return kept
    papers[number - 1] = {**papers[number - 1], "done": done}
    content = {**kept.content, "papers": papers}
    async with portal.engine().begin() as connection:
        await connection.execute(
            update(Checklist)
            .where(Checklist.id == kept.id, Checklist.sender_id == conversation)
            .values(content=content, updated_at=now())
        )
    return Kept(kept.id, kept.token, content)
