"""Field reports: what is not there, who may ask, a report that is sent (when asked for) and sent again."""

from __future__ import annotations

import secrets
from dataclasses import replace

from portal.adapters.reports import PATH, ReportService
from portal.check.findings import Findings
from portal.check.shapes import ISO, TEXT, Field, faults
from portal.check.wire import Heard
from portal.errors import NotFound, PortalError, PortalRejected
from portal.reports import NewReport, Photo
from troly.clock import now

_NO_SUCH_CODE = "PA-200101-9999"
_WORDS = "Thử kết nối: xin bỏ qua phản ánh này. (A test of the connection: please ignore.)"
_TICKET = (
    Field("code", TEXT, required=True),
    Field("status", TEXT, required=True),
    Field("agency", TEXT),
    Field("answer", TEXT),
    Field("updatedAt", ISO, required=True),
)
# One grey pixel.
_JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300"
    + "10" * 64
    + "ffc0000b080001000101011100ffc40014000100000000000000000000000000000003"
    + "ffc40014100100000000000000000000000000000000ffda0008010100003f0037ffd9"
)


async def check(found: Findings, http: Heard, *, token: str, send: bool) -> None:
    """Ask the report service; `send` makes a real ticket there, marked as a test."""
    service = ReportService(http, token)
    name = "reports.unknown"
    fix = "answer 404 to a ticket that does not exist; see REPORT_TOKEN for 401"
    try:
        await service.find(_NO_SUCH_CODE)
    except NotFound:
        found.passed(name, "404")
    except PortalError as error:
        found.failed(name, str(error), fix)
    else:
        found.failed(name, f"{_NO_SUCH_CODE} is answered with a ticket", fix)
    await _stranger(found, http, token)
    if not send:
        found.skipped("reports.send", "makes a ticket at the portal; ask for it with --send-report")
        return
    await _sent(found, http, service, token)


async def _stranger(found: Findings, http: Heard, token: str) -> None:
    name = "reports.without_token"
    if not token:
        found.skipped(name, "no REPORT_TOKEN is set")
        return
    fix = "answer 401 or 403 without a good token: reports carry phone numbers"
    try:
        await http.json("GET", f"{PATH}/{_NO_SUCH_CODE}", headers={"Authorization": "Bearer wrong"})
    except PortalRejected as error:
        good = error.status in (401, 403)
        found.judged(name, [] if good else [f"answered {error.status}"], "refused", fix)
    except PortalError as error:
        found.failed(name, str(error), fix)
    else:
        found.failed(name, "answered as if it were allowed", fix)


async def _sent(found: Findings, http: Heard, service: ReportService, token: str) -> None:
    report = _report()
    ticket = await found.tried("reports.send", service.create(report))
    if ticket is None:
        return
    raw = (http.value or {}).get("data")
    found.judged("reports.send", faults(raw, _TICKET), f"ticket {ticket.code}", "send these fields in data")
    name = "reports.sent_again"
    again = await found.tried(name, service.create(report))
    if again is not None:
        wrong = [f"{again.code} beside {ticket.code}"] if again.code != ticket.code else []
        fix = "one Idempotency-Key is one ticket: answers get lost, and we send again"
        found.judged(name, wrong, "the same ticket for the same Idempotency-Key", fix)
    name = "reports.follow"
    followed = await found.tried(name, service.find(ticket.code))
    if followed is not None:
        wrong = [] if followed.code == ticket.code else [f"answered with {followed.code}"]
        found.judged(name, wrong, f"status {followed.status}", "answer with the ticket that was asked for")
    name = "reports.refused"
    fix = "answer 400 or 422 to a report without content: 5xx is sent again for hours, 200 is taken for sent"
    try:
        await service.create(replace(report, key=secrets.token_hex(16), content=""))
    except PortalRejected as error:
        found.passed(name, f"a report without content is answered {error.status}")
    except PortalError as error:
        found.failed(name, str(error), fix)
    else:
        found.failed(name, "a report without content gets a ticket", fix)


def _report() -> NewReport:
    return NewReport(
        key=secrets.token_hex(16),
        receipt=f"TL-{now():%y%m%d}-000000",
        kind="report",
        category="other",
        content=_WORDS,
        address="",
        happened="",
        commune_code="",
        commune="",
        latitude=None,
        longitude=None,
        phone=None,
        photos=(Photo("photo-1.jpg", "image/jpeg", _JPEG),),
        created_at=now(),
    )
