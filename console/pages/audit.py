"""The audit, for admins."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from fastapi import Request
from sqlalchemy import select
from starlette.responses import Response

from console import audit, texts
from console.parts import console_of
from console.permissions import Permission
from console.rendering import render
from console.routing import Routes
from console.visits import visit_of
from troly.clock import VIETNAM
from troly.tables.audit import AuditLine

routes = Routes()

_SIZE = 50


@routes.get("/audit", needs=Permission.AUDIT_READ)
async def lines(request: Request) -> Response:
    """The newest lines first, filtered by who, what, about what and when."""
    asked = request.query_params
    filters = {
        name: asked.get(name, "").strip()[:120] for name in ("actor", "action", "target", "from", "to")
    }
    before = asked.get("before", "")
    query = select(AuditLine.__table__).order_by(AuditLine.sequence.desc()).limit(_SIZE + 1)
    for name, column in (
        ("actor", AuditLine.actor),
        ("action", AuditLine.action),
        ("target", AuditLine.target),
    ):
        if filters[name]:
            query = query.where(column == filters[name])
    if start := _day(filters["from"]):
        query = query.where(AuditLine.at >= start)
    if end := _day(filters["to"]):
        query = query.where(AuditLine.at < end + timedelta(days=1))
    if before.isascii() and before.isdigit():
        query = query.where(AuditLine.sequence < int(before[:18]))
    async with console_of(request).store.read() as connection:
        found = (await connection.execute(query)).all()
        actions = list(
            await connection.scalars(select(AuditLine.action).distinct().order_by(AuditLine.action))
        )
        length, digest = await audit.head_of(connection)
    language = visit_of(request).language

    def name_of(action: str) -> str:
        key = f"audit.actions.{action}"
        return texts.say(language, key) if texts.knows(key) else action

    return render(
        request,
        "audit/list.html",
        lines=found[:_SIZE],
        older=found[_SIZE - 1].sequence if len(found) > _SIZE else None,
        filters=filters,
        actions_named=[(action, name_of(action)) for action in actions],
        action_text=name_of,
        length=length,
        digest=digest,
    )


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), VIETNAM)
    except ValueError:
        return None
