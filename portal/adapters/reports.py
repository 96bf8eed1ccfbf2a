"""The report service: one POST that makes a ticket, one GET that follows it (docs/services/field-reports.md).

No public system has a documented interface for field reports; this is the one that we ask an integrator
for, and that the demo portal has.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import quote

from portal.adapters.values import iso, text
from portal.errors import NotFound, PortalProtocolError, PortalRejected, PortalUnavailable
from portal.http import Http
from portal.reports import REPORT_STATUSES, NewReport, Ticket

PATH = "/api/v1/reports"


class ReportService:
    """Sends reports and asks what became of them. Raises the errors of portal.errors."""

    def __init__(self, http: Http, token: str = "") -> None:
        """token: of REPORT_TOKEN, sent as a Bearer token where there is one."""
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def create(self, report: NewReport) -> Ticket:
        """Make a ticket; the same report again gives the same ticket."""
        headers = {**self._headers, "Idempotency-Key": report.key}
        return _ticket(await self._asked("POST", PATH, body=_wire(report), headers=headers))

    async def find(self, code: str) -> Ticket:
        """The ticket with this code. Raises NotFound."""
        try:
            return _ticket(await self._asked("GET", f"{PATH}/{quote(code, safe='')}", headers=self._headers))
        except PortalRejected as error:
            if error.status != 404:
                raise
            raise NotFound(f"no report {code}") from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _asked(self, method: str, path: str, **options: Any) -> Any:
        try:
            return await self._http.json(method, path, **options)
        except PortalRejected as error:
            if error.status in (401, 403):
                # Our token is wrong or expired: the report is good, and can be sent once that is mended.
                raise PortalUnavailable("server", f"REPORT_TOKEN was refused ({error.status})") from None
            raise


def _wire(report: NewReport) -> dict[str, Any]:
    return {
        "reference": report.receipt,
        "kind": report.kind.upper(),
        "category": report.category,
        "content": report.content,
        "happened": report.happened or None,
        "place": {
            "address": report.address or None,
            "communeCode": report.commune_code or None,
            "commune": report.commune or None,
            "latitude": report.latitude,
            "longitude": report.longitude,
        },
        "contact": {"phone": report.phone} if report.phone else None,
        "photos": [
            {"name": photo.name, "type": photo.mime, "data": b64encode(photo.content).decode("ascii")}
            for photo in report.photos
        ],
        "createdAt": report.created_at.isoformat(timespec="seconds"),
    }


def _ticket(answer: Any) -> Ticket:
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise PortalProtocolError("the report service's answer has no data")
    code, status = text(data.get("code")), text(data.get("status")).lower()
    if not code or status not in REPORT_STATUSES:
        raise PortalProtocolError("the report service's answer has no code or no known status")
    return Ticket(
        code=code,
        status=status,  # type: ignore[arg-type]
        agency=text(data.get("agency")),
        answer=text(data.get("answer")),
        changed_at=iso(data.get("updatedAt")),
    )
