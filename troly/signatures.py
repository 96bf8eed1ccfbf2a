"""Signed calls from the portal: what both who signs and who checks compute."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from troly.clock import now

TOLERANCE = timedelta(minutes=5)
"""How far the portal's clock, or a call on its way, may be from our clock."""

SHORTEST_KEY = 32
"""Characters that PORTAL_WEBHOOK_SECRET must have at least."""


def signature(key: str, moment: str, body: bytes) -> str:
    """v1=<HMAC-SHA256 over the moment, a dot and the raw body>, in hexadecimal digits."""
    return "v1=" + hmac.new(key.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def moment_is_near(moment: str, at: datetime | None = None) -> bool:
    """Whether `moment` is seconds since 1970 and at most TOLERANCE from `at` (now)."""
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        return False
    return abs((at or now()).timestamp() - int(moment)) <= TOLERANCE.total_seconds()


def signature_is_good(key: str, moment: str, body: bytes, given: str, at: datetime | None = None) -> bool:
    """Whether `given` is the signature and the moment is near."""
    if not moment_is_near(moment, at):
        return False
    return hmac.compare_digest(signature(key, moment, body).encode(), given.encode("utf-8", "replace"))
