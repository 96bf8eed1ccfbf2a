"""One id that follows a message: from the webhook to Rasa, the actions, the portal, and back.

It is the message's own id, 32 hexadecimal digits, and so has the form of a trace id of W3C Trace Context
(https://www.w3.org/TR/trace-context/): other programs take it from the header `traceparent`. It says nothing
about a citizen. What visitors send is never taken for it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from structlog import contextvars

FIELD = "trace_id"
"""Its name in each line of the log."""

_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-[0-9a-f]{2}")

_asked: ContextVar[str | None] = ContextVar("asked_by", default=None)


@contextmanager
def follow(trace_id: str | None, asked_by: str | None = None) -> Iterator[None]:
    """Until the end of the block, lines of the log and requests to others carry this id.

    `asked_by` is the step of another process that this one is part of. Without a valid id nothing is carried.
    """
    valid = trace_id is not None and _ID.fullmatch(trace_id) is not None
    token = _asked.set(asked_by if valid else None)
    # An id may be left from what the same connection asked before.
    bound = contextvars.bind_contextvars(**{FIELD: trace_id}) if valid else {}
    left = None if valid else contextvars.get_contextvars().get(FIELD)
    if left:
        contextvars.unbind_contextvars(FIELD)
    try:
        yield
    finally:
        _asked.reset(token)
        if bound:
            contextvars.reset_contextvars(**bound)
        if left:
            contextvars.bind_contextvars(**{FIELD: left})


@contextmanager
def received(headers: Mapping[str, str]) -> Iterator[None]:
    """The same for a request that came from one of our own processes."""
    found = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    with follow(found[1] if found else None, found[2] if found else None):
        yield


def current() -> str | None:
    """The id of the message that is being worked on."""
    found: str | None = contextvars.get_contextvars().get(FIELD)
    return found


def asked_by() -> str | None:
    """The step of another process that this one is part of; 16 hexadecimal digits."""
    return _asked.get()


def headers() -> dict[str, str]:
    """What a request to the next process carries; nothing outside the work on a message."""
    found = current()
    if not found:
        return {}
    from troly import telemetry

    step = telemetry.span_id() or secrets.token_hex(8)
    return {"traceparent": f"00-{found}-{step}-01"}


def portal_headers() -> dict[str, str]:
    """The same for the portal, whose owner may search for the id in logs of their own."""
    found = current()
    return headers() | {"X-Request-Id": found} if found else {}
