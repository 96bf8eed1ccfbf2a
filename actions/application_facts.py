"""What is said of an application, as values for the response files. No personal data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from portal.changes import NO_APPOINTMENT
from portal.models import Application, FeeDue, Supplement
from troly.clock import VIETNAM, now


def moment(at: datetime | None) -> Any:
    """A point in time, by Vietnam's clock."""
    return {"date": at.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")} if at else ""


def day(at: datetime | None) -> Any:
    """A day, by Vietnam's calendar."""
    return {"date": at.astimezone(VIETNAM).strftime("%Y-%m-%d")} if at else ""


def due(application: Application) -> Any:
    """The date of the result, while it runs."""
    return "" if application.status in NO_APPOINTMENT else moment(application.due_at)


def days_late(application: Application) -> int:
    """Whole days since the due date, at least 1 once it has passed; 0 while it has not."""
    if application.due_at is None or application.status in NO_APPOINTMENT:
        return 0
    passed = now() - application.due_at
    return max(passed.days, 1) if passed.total_seconds() > 0 else 0


def on_time(application: Application) -> Any:
    """Said only of a due date that is known and still runs."""
    running = application.due_at is not None and application.status not in NO_APPOINTMENT
    return {"response": "label_not_late"} if running and not days_late(application) else ""


def remaining(application: Application) -> Any:
    """Days left, or days late."""
    if late := days_late(application):
        return {"response": "label_days_late", "count": late}
    if application.due_at is None or application.status in NO_APPOINTMENT:
        return ""
    left = (application.due_at.astimezone(VIETNAM).date() - now().astimezone(VIETNAM).date()).days
    return {"response": "label_days_left", "count": left} if left else {"response": "label_due_today"}


def supplement(wanted: Supplement | None) -> Any:
    """Which papers are wanted, and until when."""
    if wanted is None:
        return ""
    return {
        "response": "label_supplement",
        "documents": [{"response": "label_item", "value": name} for name in wanted.documents],
        "note": wanted.note,
        "by": moment(wanted.by),
    }


def fee_due(owed: FeeDue | None) -> Any:
    """What has to be paid now; no sum where the portal names none."""
    if owed is None:
        return ""
    amount = "" if owed.amount is None else {"money": owed.amount, "currency": "VND"}
    return {"response": "label_fee_due", "amount": amount, "note": owed.note}


def refusal(application: Application) -> Any:
    """Why the agency refused or stopped it."""
    return {"response": "label_refusal", "reason": application.refusal} if application.refusal else ""
