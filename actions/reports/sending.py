"""Brings reports to the portal and follows them until they are answered.

The first try is made while the citizen waits. Whatever that comes to, the report is stored before; a loop of
the action server tries again, always with the same key, so that the portal makes one ticket of it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog

from actions import portal
from actions.reports import photos, store
from actions.reports.contact import keyring
from portal.errors import NotFound, PortalError, PortalRejected
from portal.reports import NewReport, Ticket
from troly.clock import now
from troly.errors import SettingError
from troly.settings import settings
from troly.tables.reports import CLOSED, REFUSED, SENT, WAITING, Report
from troly.units.directory import directory

log = structlog.get_logger(__name__)

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_EVERY = 5.0
_BATCH = 20
_WHILE_THE_CITIZEN_WAITS = 8.0


async def send_now(report: Report) -> Ticket | None:
    """Try once while the citizen waits; None where it is left to the loop. Raises PortalRejected."""
    try:
        async with asyncio.timeout(_WHILE_THE_CITIZEN_WAITS):
            return await _send(report)
    except TimeoutError:
        await store.change(report.id, due_at=now() + _FIRST_PAUSE, error="timeout")
        return None


async def run() -> None:
    """Send and follow until cancelled."""
    while True:
        try:
            await work()
        except Exception as error:  # the edge of the loop: the database may be away for a while
            log.error("reports_loop", error=type(error).__name__)
        await asyncio.sleep(_EVERY)


async def work() -> int:
    """Do what is due; gives how many reports were taken."""
    taken = await store.due(_BATCH)
    for report in taken:
        if report.state == WAITING:
            await _late(report)
        else:
            await _follow(report)
    return len(taken)


async def _send(report: Report, tell: str = "") -> Ticket | None:
    try:
        ticket = await portal.client().create_report(await _new(report))
    except PortalRejected:
        await store.move(report, tell=tell, state=REFUSED, error="rejected")
        raise
    except (PortalError, SettingError) as error:
        # SettingError: a key of the encryption is missing; the report waits until it is back.
        pause = min(_FIRST_PAUSE * 2 ** min(report.attempts - 1, 10), _LONGEST_PAUSE)
        reason = getattr(error, "reason", type(error).__name__)
        log.warning("report_not_sent", report=report.id, reason=reason, attempts=report.attempts)
        await store.change(
            report.id, due_at=now() + pause, attempts=report.attempts + 1, error=str(reason)[:80]
        )
        return None
    await store.move(report, tell=tell, ticket=ticket.code, **_stands(ticket))
    return ticket


async def _late(report: Report) -> None:
    """Send what could not be sent at once; the citizen hears of it."""
    with suppress(PortalRejected):
        await _send(report, tell="sent")


async def _follow(report: Report) -> None:
    """Ask what became of a ticket; that it was answered is told once."""
    try:
        ticket = await portal.client().get_report(str(report.ticket))
    except PortalError as error:
        pause = _LONGEST_PAUSE if isinstance(error, NotFound) else _pause()
        await store.change(report.id, due_at=now() + pause, error=type(error).__name__)
        return
    await store.move(report, tell=ticket.status if store.closed(ticket.status) else "", **_stands(ticket))


def _stands(ticket: Ticket) -> dict[str, Any]:
    """How it stands at the portal, as columns of the report."""
    return {
        "state": CLOSED if store.closed(ticket.status) else SENT,
        "status": ticket.status,
        "answer": ticket.answer,
        "answered_by": ticket.agency,
        "changed_at": ticket.changed_at,
        "due_at": now() + _pause(),
        "error": None,
    }


def _pause() -> timedelta:
    return timedelta(minutes=settings().report_follow_minutes)


async def _new(report: Report) -> NewReport:
    commune = directory().communes.get(report.commune_code)
    return NewReport(
        key=report.id,
        receipt=report.receipt,
        kind="complaint" if report.kind == "complaint" else "report",
        category=report.category,
        content=report.content,
        address=report.address,
        happened=report.happened,
        commune_code=report.commune_code,
        commune=commune.name if commune else "",
        latitude=report.latitude,
        longitude=report.longitude,
        phone=keyring().decrypt(report.contact) if report.contact else None,
        photos=await photos.read(report.photos or []),
        created_at=report.created_at,
    )
