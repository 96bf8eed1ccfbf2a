"""Sends each change to the assistant's webhook, signed, as a province's system would."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import structlog
from pydantic import BaseModel, Field

log = structlog.get_logger(__name__)

_PAUSES = (0.2, 1.0, 5.0)


class Hook(BaseModel):
    """Where to call and with which key; an empty address: nowhere."""

    url: str = ""
    secret: str = Field(default="", repr=False)


class WebhookSender:
    """Calls the webhook in the background; a call that fails is repeated a few times, then given up."""

    def __init__(self, hook: Hook | None = None) -> None:
        self.hook = hook or Hook()
        self._calls: set[asyncio.Task[None]] = set()

    def __call__(self, change: dict[str, Any]) -> None:
        """Tell of one entry of the feed."""
        if self.hook.url:
            task = asyncio.get_running_loop().create_task(self._tell(self.hook, change))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    async def _tell(self, hook: Hook, change: dict[str, Any]) -> None:
        body = json.dumps({"changes": [change]}).encode()
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            for pause in (*_PAUSES, None):
                try:
                    answer = await client.post(hook.url, content=body, headers=signed(body, hook.secret))
                    if answer.status_code < 300:
                        return
                    reason = str(answer.status_code)
                except httpx.HTTPError as error:
                    reason = type(error).__name__
                if pause is not None:
                    await asyncio.sleep(pause)
        log.warning("webhook given up", reason=reason)


def signed(body: bytes, secret: str, at: int | None = None) -> dict[str, str]:
    """The headers of a call: when it was made, and HMAC-SHA256 over that moment, a dot and the body."""
    moment = str(int(time.time()) if at is None else at)
    digest = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Portal-Timestamp": moment,
        "X-Portal-Signature": f"v1={digest}",
    }
