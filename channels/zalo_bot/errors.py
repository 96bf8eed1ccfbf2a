"""How a call to the Zalo Bot Platform can fail. No message holds an address: the token is in it."""

from __future__ import annotations

from channels.errors import ChannelError


class CallError(ChannelError):
    """Base of the three; `reason` is one word or code for logs."""

    def __init__(self, reason: str) -> None:
        """Without the address and without the citizen's words."""
        super().__init__(reason)
        self.reason = reason


class NotReached(CallError):
    """The platform has not seen the call."""


class NoAnswer(CallError):
    """The platform may have done it: no answer in time, or one that makes no sense."""


class Refusal(CallError):
    """The platform said no, and so did nothing."""

    def __init__(self, code: int, *, retry_after: float | None = None) -> None:
        """`code` as the platform says it, else the HTTP status; `retry_after` in seconds where it says so."""
        super().__init__(f"error_{code}")
        self.code = code
        self.retry_after = retry_after
