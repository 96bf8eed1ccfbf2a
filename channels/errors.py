"""What can go wrong between a citizen and the assistant."""

from __future__ import annotations


class ChannelError(Exception):
    """Base of the gateway's errors."""


class ApiError(ChannelError):
    """A request that is refused. `code` names the texts in channels/notices that say why."""

    def __init__(self, status: int, code: str, *, retry_after: float | None = None, **values: object) -> None:
        """`retry_after` in seconds becomes the Retry-After header; `values` fill the text."""
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.values = values


class RasaError(ChannelError):
    """No answer from Rasa; `reason` is one word for logs and for the parked message."""

    reason = "rasa"


class RasaUnreachable(RasaError):
    """Nothing was processed: Rasa is off or starting. Safe to try again for as long as it takes."""

    reason = "unreachable"


class RasaFailed(RasaError):
    """Rasa answered with an error, in another form, or too late; it may have processed the message."""

    def __init__(self, reason: str) -> None:
        """`reason` is timeout, connection, protocol, empty, or status_<number>."""
        super().__init__(reason)
        self.reason = reason


class MediaError(ChannelError):
    """What a citizen sent cannot be had: too large, gone, or at an address that we do not call."""


class SendError(ChannelError):
    """A reply that did not reach the platform; `reason` is one word or code for logs and the outbox."""

    def __init__(self, reason: str) -> None:
        """`reason` never holds a citizen's words, an id or a token."""
        super().__init__(reason)
        self.reason = reason


class SendLater(SendError):
    """Surely not delivered, and safe to send again: refused connection, rate limit, night hours."""

    def __init__(self, reason: str, *, seconds: float | None = None, counts: bool = True) -> None:
        """`seconds` until the platform takes it (None: our own backoff); `counts` False is no try."""
        super().__init__(reason)
        self.seconds = seconds
        self.counts = counts


class SendUnknown(SendError):
    """The platform may have delivered it: no answer in time, or an answer that makes no sense."""


class SendRefused(SendError):
    """The platform will never take this part: too long, malformed, quota of the chat used up."""


class ChatClosed(SendError):
    """The citizen blocked the account, left, or is out of the platform's window: nothing can be sent."""
