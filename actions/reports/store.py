"""The table of reports, as the action server uses it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from actions import portal
from actions.reports.draft import Draft
from actions.turn import payload
from troly.clock import now, today
from troly.tables.delivery import enqueue
from troly.tables.reports import SENT, WAITING, Report

LEASE = timedelta(minutes=2)
"""For one try; another process may try after it."""

_RECEIPTS = 5


async def keep(draft: Draft, conversation_id: str) -> Report:
    """Store a report that the citizen confirmed; it is sent now by the caller, or later by the sender."""
    for left in range(_RECEIPTS, 0, -1):
        row: dict[str, Any] = {
            "id": uuid4().hex,
            "receipt": f"TL-{today():%y%m%d}-{secrets.randbelow(1_000_000):06}",
            "conversation_id": conversation_id,
            "kind": draft.kind,
            "category": draft.category or "other",
            "content": draft.text,
            "address": draft.address,
            "happened": draft.happened,
            "commune_code": draft.commune,
            "latitude": draft.latitude,
            "longitude": draft.longitude,
            "photos": list(draft.photos),
            "contact": draft.phone or None,
            "created_at": now(),
            "state": WAITING,
            "due_at": now() + LEASE,
            "attempts": 1,
            "status": "",
            "answer": "",
            "answered_by": "",
        }
        try:
            async with portal.engine().begin() as connection:
                await connection.execute(insert(Report).values(row))
        except IntegrityError:
            if left == 1:
                raise
            continue  # a receipt that was given today
        return Report(**row)
    raise AssertionError("unreachable")


async def change(report_id: str, *, if_due: datetime | None = None, **values: Any) -> bool:
    """Change a report that was not erased meanwhile; with `if_due` only where nobody else took it."""
    condition = [Report.id == report_id, Report.conversation_id.is_not(None)]
    if if_due is not None:
        condition.append(Report.due_at == if_due)
    async with portal.engine().begin() as connection:
        changed = await connection.execute(update(Report).where(*condition).values(**values))
    return bool(changed.rowcount)


async def move(report: Report, *, tell: str = "", **values: Any) -> None:
    """Take a report out of the state in which it was read, unless another process did; in the same
    transaction have the citizen told of the event `tell`, once."""
    async with portal.engine().begin() as connection:
        changed = await connection.execute(
            update(Report)
            .where(Report.id == report.id, Report.state == report.state, Report.conversation_id.is_not(None))
            .values(**values)
        )
        if tell and changed.rowcount:
            await enqueue(
                connection,
                str(report.conversation_id),
                f"notice:report:{report.id}:{tell}",
                payload("tell_report", report_id=report.id, report_event=tell),
            )


async def due(limit: int) -> list[Report]:
    """Reports to be sent or asked about, taken for this process until their lease is over."""
    async with portal.engine().connect() as connection:
        rows = (
            await connection.execute(
                select(Report.__table__)
                .where(
                    Report.state.in_([WAITING, SENT]),
                    Report.due_at <= now(),
                    Report.conversation_id.is_not(None),
                )
                .order_by(Report.due_at)
                .limit(limit)
            )
        ).mappings()
        found = [Report(**row) for row in rows]
    return [report for report in found if await change(report.id, if_due=report.due_at, due_at=now() + LEASE)]


async def of_code(code: str) -> Report | None:
    """The report with this receipt or ticket."""
    return await _one(or_(Report.receipt == code, Report.ticket == code))


async def by_id(report_id: str) -> Report | None:
    """The report with this id."""
    return await _one(Report.id == report_id)


async def latest(conversation_id: str) -> Report | None:
    """The newest report of a conversation."""
    return await _one(Report.conversation_id == conversation_id)


async def waiting() -> int:
    """How many reports the portal does not have yet."""
    async with portal.engine().connect() as connection:
        return int(
            await connection.scalar(select(func.count()).select_from(Report).where(Report.state == WAITING))
            or 0
        )


async def _one(*conditions: Any) -> Report | None:
    async with portal.engine().connect() as connection:
        row = (
            (
                await connection.execute(
                    select(Report.__table__).where(*conditions).order_by(Report.created_at.desc()).limit(1)
                )
            )
            .mappings()
            .first()
        )
    return Report(**row) if row else None


def closed(status: str) -> bool:
    """Whether nothing more is to come of this status."""
    return status in ("answered", "rejected")
