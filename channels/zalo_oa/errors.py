"""What can go wrong with Zalo, before it is said in the words of channels/errors.py."""

from __future__ import annotations

from channels.errors import ChannelError


class ZaloError(ChannelError):
    """Base of the errors of this channel."""


class ZaloRefused(ZaloError):
    """Zalo answered with an error: surely not done."""

    def __init__(self, code: int) -> None:
        """`code` is the body's `error`; Zalo's own words stay out, they may repeat ours."""
        super().__init__(f"error {code}")
        self.code = code


class ZaloUnreachable(ZaloError):
    """The request never left, or was turned away unread: surely not done."""

    def __init__(self, reason: str, *, seconds: float | None = None, counts: bool = True) -> None:
        """`seconds` until Zalo wants to be asked again, where it said so; `counts` as a try."""
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds
        self.counts = counts


class ZaloUnanswered(ZaloError):
    """Sent, and no answer that can be understood: it may have been done."""

    def __init__(self, reason: str) -> None:
        """`reason` is one word for logs."""
        super().__init__(reason)
        self.reason = reason


class NoToken(ZaloError):
    """There is no usable access token now; `reason` says why, `seconds` when to look again."""

    def __init__(self, reason: str, *, seconds: float) -> None:
        """Whoever waits for a token waits; nothing was sent."""
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds
