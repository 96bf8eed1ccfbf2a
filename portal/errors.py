"""What can go wrong when the public service portal is asked."""

from __future__ import annotations

from typing import Literal

from troly.errors import TrolyError, UsageError

Reason = Literal["timeout", "connection", "server", "breaker", "protocol"]


class PortalError(TrolyError):
    """Base of all errors of the portal."""


class PortalUnavailable(PortalError):
    """The portal gives no usable answer now; the same question may succeed later.

    reason: timeout (too slow), connection (not reachable), server (5xx, or 429 after the retries),
    breaker (not asked, because it failed moments ago), protocol (see PortalProtocolError).
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Reason = reason


class PortalProtocolError(PortalUnavailable):
    """The portal answered, but not in its format: HTML instead of JSON, a wrong shape, too much."""

    def __init__(self, message: str) -> None:
        super().__init__("protocol", message)


class NoStatusService(PortalUnavailable):
    """No application-status service is connected; STATUS_URL names it."""

    def __init__(self) -> None:
        super().__init__("connection", "no application-status service; set STATUS_URL")


class NoReportService(PortalUnavailable):
    """No service for field reports is connected; REPORT_URL names it."""

    def __init__(self) -> None:
        super().__init__("connection", "no report service; set REPORT_URL")


class PortalRejected(PortalError):
    """The portal refused the question (4xx); asking again the same way is of no use."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class NotFound(PortalError):
    """The portal knows no such procedure or application."""


class RecordError(PortalError):
    """A record of the portal or of a catalogue file cannot be read; the message says why."""


class DataErrors(PortalError, UsageError):
    """The demo portal's data has mistakes; all of them, each as `path: reason`."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors
