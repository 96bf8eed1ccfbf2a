"""What has changed on an application, of all that its followers want to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from portal.models import Application, FeeDue, Supplement
from troly.clock import VIETNAM, now

Kind = Literal["changed", "appointment", "found"]

NO_APPOINTMENT = frozenset({3, 7, 8, 9, 10})
"""National statuses after which no due date runs any more."""

LAST = frozenset({3, 7, 8, 10})
"""National statuses after which nothing more will come. 9 is not: the result waits to be handed over."""

UNSEEN = 0
"""In place of a national status: followed while the portal did not answer, and never looked up since."""

_TOLD = ("status", "supplement", "fee_due", "refusal")


def compare(before: dict[str, Any], after: dict[str, Any]) -> Kind | None:
    """What two states (Application.to_dict) differ in; None for nothing worth a message.

    changed: the status, or what the citizen has to do; appointment: only the day of the result; found: it is
    looked up for the first time.
    """
    if before.get("status") == UNSEEN:
        return None if after["status"] == UNSEEN else "found"
    if any(before.get(name) != after.get(name) for name in _TOLD):
        return "changed"
    if after["status"] in NO_APPOINTMENT:
        return None
    return "appointment" if _day(before.get("due_at")) != _day(after.get("due_at")) else None


def appointment(application: Application) -> datetime | None:
    """The date on which the result is due, while it runs."""
    return None if application.status in NO_APPOINTMENT else application.due_at


def unseen(code: str) -> Application:
    """An application of which nothing is known but its code."""
    nothing: dict[str, Any] = dict.fromkeys(
        ("procedure_code", "procedure_name", "status_text", "agency", "channel", "refusal", "source_url"), ""
    )
    unknown: dict[str, Any] = dict.fromkeys(
        ("applied_at", "accepted_at", "due_at", "completed_at", "supplement", "fee_due")
    )
    return Application(code=code, status=UNSEEN, as_of=now(), **nothing, **unknown)


def restored(state: dict[str, Any]) -> Application:
    """The application that to_dict() wrote. Raises KeyError or ValueError for anything else."""
    values = dict(state)
    for name in ("applied_at", "accepted_at", "due_at", "completed_at", "as_of"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    if wanted := values["supplement"]:
        by = datetime.fromisoformat(wanted["by"]) if wanted["by"] else None
        values["supplement"] = Supplement(tuple(wanted["documents"]), wanted["note"], by)
    if owed := values["fee_due"]:
        values["fee_due"] = FeeDue(**owed)
    return Application(**values)


def _day(moment: str | None) -> str:
    return datetime.fromisoformat(moment).astimezone(VIETNAM).date().isoformat() if moment else ""
