"""When Zalo lets an account write to a citizen: 48 hours free, 7 days paid, and not everything at night."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.base import Address
from channels.errors import ChatClosed, SendLater, SendRefused
from troly.clock import VIETNAM

FREE = timedelta(hours=48)
PAID = timedelta(days=7)
LIVE = timedelta(minutes=30)
"""So long after the citizen wrote, a reply is an answer in a running conversation."""

_NIGHT_BEGINS, _NIGHT_ENDS = 22, 6


def seconds_until_morning(moment: datetime) -> float | None:
    """Seconds until 6:00 in Vietnam when `moment` lies between 22:00 and 6:00 there, else None."""
    local = moment.astimezone(VIETNAM)
    if _NIGHT_ENDS <= local.hour < _NIGHT_BEGINS:
        return None
    morning = local.replace(hour=_NIGHT_ENDS, minute=0, second=0, microsecond=0)
    if local.hour >= _NIGHT_BEGINS:
        morning += timedelta(days=1)
    return (morning - local).total_seconds()


@dataclass(frozen=True, slots=True)
class Windows:
    """The rules of one account, asked before each call."""

    paid: bool
    """Whether the account pays for messages after the first 48 hours."""
    free_messages: int
    """How many are free in the 48 hours after the citizen's last message; 0: no limit."""
    hold_at_night: bool
    """Whether what the citizen did not just ask for waits for the morning."""

    def check(self, address: Address, moment: datetime, sent: int = 0) -> None:
        """Raise ChatClosed, SendRefused or SendLater when the account must not write to them now.

        `sent`: messages since the citizen last wrote.
        """
        wrote = address.last_inbound_at
        if wrote is None:
            # Following and opening the chat let the account write as well; Zalo knows until when.
            return
        age = moment - wrote
        if age > PAID:
            raise ChatClosed("window")
        if age > FREE and not self.paid:
            raise ChatClosed("paid_window")
        if self.free_messages and not self.paid and sent >= self.free_messages:
            raise SendRefused("free_messages")
        if self.hold_at_night and age > LIVE and (wait := seconds_until_morning(moment)):
            raise SendLater("night", seconds=wait, counts=False)


class RateLimit:
    """Zalo counts an app's requests by the minute and says how many remain: X-RateLimit-Remain."""

    RESERVE = 5
    """Left for the other gateway processes of the same app."""

    def __init__(self) -> None:
        """Nothing is held back at first."""
        self._until = 0.0

    def seen(self, headers: Mapping[str, str]) -> None:
        """Take note of an answer's headers."""
        remain = headers.get("x-ratelimit-remain", "")
        if remain.isdecimal() and int(remain) <= self.RESERVE:
            self._until = time.monotonic() + 60 - time.time() % 60

    def check(self) -> None:
        """Raise SendLater while the minute's requests are used up."""
        if (wait := self._until - time.monotonic()) > 0:
            raise SendLater("rate_limit", seconds=wait + 1, counts=False)
