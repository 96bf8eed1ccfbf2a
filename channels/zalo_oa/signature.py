"""Zalo's webhook signature: a plain SHA-256 (not an HMAC) over app id, raw body, timestamp and secret.

`X-ZEvent-Signature: mac=<hex>`, with or without `mac=`. Zalo documents the app id in front and the
body's timestamp; working receivers were also seen with the account's id in front and with the timestamp
of the header X-ZEvent-Timestamp. All of them need the secret, so each is accepted.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

_SIGNATURE = re.compile(r"\s*(?:mac\s*=\s*)?([0-9a-fA-F]{64})\s*")
# Digits only: a signed body always ends with "}", so no part of it can be passed off as a timestamp.
_TIMESTAMP = re.compile(r"[0-9]{1,20}")


def signature(prefix: str, raw: bytes, timestamp: str, secret: str) -> str:
    """The hex digest that Zalo puts after `mac=`."""
    return hashlib.sha256(
        prefix.encode() + raw + timestamp.encode("utf-8", "replace") + secret.encode()
    ).hexdigest()


def is_signed(
    raw: bytes, given: str | None, *, prefixes: Iterable[str], moment: str, told: str | None, secret: str
) -> bool:
    """Whether `given`, the header's value, signs these bytes. False without a header or a secret.

    `prefixes` are the ids that may stand in front, `moment` is the body's timestamp, `told` the one of
    the header X-ZEvent-Timestamp.
    """
    found = _SIGNATURE.fullmatch(given or "")
    if not found or not secret:
        return False
    sent = found[1].lower()
    moments = {moment} | ({told} if told and _TIMESTAMP.fullmatch(told) else set())
    matches = [
        hmac.compare_digest(signature(prefix, raw, stamp, secret), sent)
        for prefix in {name for name in prefixes if name}
        for stamp in moments
    ]
    return any(matches)
