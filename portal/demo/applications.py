"""Fictitious applications of the demo portal: how they move on, and the feed of their changes.

They carry the owner's name, number and phone, as the real ones do, so that the adapters have something to
protect, and so that an owner can be verified.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from portal.demo.schema import ApplicationData, FeeDueData, Moment, SupplementData
from troly.clock import VIETNAM, today

# What usually comes next; 3, 7, 8 and 10 are final.
_NEXT = {1: 2, 2: 4, 4: 9, 5: 4, 6: 4, 9: 10}


class Change(BaseModel):
    """What is to become of an application; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    status: int | None = Field(default=None, ge=1, le=10)
    due_in_days: int | None = None
    supplement: SupplementData | None = None
    fee_due: FeeDueData | None = None
    message: str = ""


class DemoApplication:
    """One application, whose status can move."""

    def __init__(self, data: ApplicationData, procedure_name: str, started: datetime) -> None:
        self.data = data
        self.procedure_name = procedure_name
        self.status = data.status
        self.applied = _moment(data.applied, data.applied_in_days, started, hour=8)
        self.accepted = _moment(data.accepted, data.accepted_in_days, started, hour=9)
        self.due = _moment(data.due, data.due_in_days, started, hour=17)
        self.completed = _moment(data.completed, data.completed_in_days, started, hour=16)
        self.fee_due = data.fee_due
        self.supplement = data.supplement
        self.supplement_by = _by(data.supplement, started)
        self._started = started
        self._said: list[tuple[datetime, str]] = []

    def advance(self) -> bool:
        """Move to the next status; False when the application is at its end."""
        if self.status not in _NEXT:
            return False
        self._stand_at(_NEXT[self.status])
        return True

    def change(self, wanted: Change) -> None:
        """Change what is named."""
        if wanted.supplement:
            self.supplement, self.supplement_by = wanted.supplement, _by(wanted.supplement, today())
        if wanted.fee_due:
            self.fee_due = wanted.fee_due
        if wanted.due_in_days is not None:
            self.due = _moment(None, wanted.due_in_days, today(), hour=17)
        if wanted.status:
            self._stand_at(wanted.status)
        if wanted.message:
            self._said.append((today(), wanted.message))

    def belongs_to(self, *, identity: str = "", phone: str = "") -> bool:
        """Whether the owner has this phone, or an identity number with these last four digits."""
        owner = self.data.owner
        by_number = secrets.compare_digest(identity.encode(), owner.id_number[-4:].encode())
        by_phone = secrets.compare_digest(phone.encode(), owner.phone.encode())
        return bool(identity and by_number) or bool(phone and by_phone)

    def messages(self) -> list[tuple[datetime | None, str]]:
        """What officers wrote, oldest first."""
        noted = [
            (_moment(event.at, event.at_in_days, self._started, hour=10), event.note)
            for event in self.data.history
            if event.note
        ]
        return [*noted, *self._said]

    def _stand_at(self, status: int) -> None:
        self.status = status
        if status == 2:
            self.accepted = self.accepted or today()
            self.due = self.due or today() + timedelta(days=5)
        if status >= 9:
            self.completed = self.completed or today()


class Applications:
    """All applications of the demo portal by code, and what changed since the start, numbered."""

    def __init__(self, data: Iterable[ApplicationData] = (), names: dict[str, str] | None = None) -> None:
        started = today()
        known = names or {}
        self._by_code = {
            item.code: DemoApplication(item, known.get(item.procedure, ""), started) for item in data
        }
        # Cursors of an earlier start must not mean anything now.
        self._epoch = secrets.token_hex(4)
        self._log: list[tuple[str, datetime]] = []
        self.told: Callable[[dict[str, Any]], None] | None = None
        """Called with each entry of the feed (the sender of webhooks)."""

    def __len__(self) -> int:
        return len(self._by_code)

    def find(self, code: str) -> DemoApplication | None:
        """The application with exactly this code."""
        return self._by_code.get(code.strip().upper())

    def codes(self) -> list[dict[str, Any]]:
        """Code and status of each."""
        return [{"code": code, "status": item.status} for code, item in sorted(self._by_code.items())]

    def changed(self, one: DemoApplication) -> None:
        """Put the application into the feed."""
        self._log.append((one.data.code, today()))
        if self.told:
            self.told(self._entry(len(self._log)))

    def changes(self, since: str, limit: int) -> dict[str, Any]:
        """The entries after a cursor; "" or a cursor of an earlier start: where the feed stands now."""
        epoch, _, place = since.partition("-")
        known = epoch == self._epoch and place.isdigit()
        first = min(int(place), len(self._log)) if known else len(self._log)
        last = min(first + limit, len(self._log))
        return {
            "changes": [self._entry(number) for number in range(first + 1, last + 1)],
            "next": f"{self._epoch}-{last}",
            "more": last < len(self._log),
            "reset": bool(since) and not known,
        }

    def _entry(self, number: int) -> dict[str, Any]:
        code, at = self._log[number - 1]
        return {"id": f"{self._epoch}-{number}", "code": code, "at": at.isoformat(timespec="seconds")}


def _by(supplement: SupplementData | None, started: datetime) -> datetime | None:
    return _moment(supplement.by, supplement.by_in_days, started, hour=17) if supplement else None


def _moment(stated: Moment | None, days: int | None, started: datetime, hour: int) -> datetime | None:
    if isinstance(stated, datetime):
        return stated if stated.tzinfo else stated.replace(tzinfo=VIETNAM)
    day: date | None = stated
    if day is None and days is not None:
        day = (started + timedelta(days=days)).date()
    return None if day is None else datetime.combine(day, time(hour), VIETNAM)
