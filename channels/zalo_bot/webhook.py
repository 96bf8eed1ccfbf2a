"""The route that the platform calls with each event."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable

import structlog
from fastapi import APIRouter, Request, Response

from channels.reception import Received
from channels.seldom import Seldom
from channels.zalo_bot.events import read

log = structlog.get_logger("zalo_bot")

PATH = "/webhooks/zalo-bot"
HEADER = "X-Bot-Api-Secret-Token"


def make_router(secret: str, take: Callable[[Received], Awaitable[None]]) -> APIRouter:
    """Answers 200 when the message is stored (or is none for us), 401 without the secret, 400 for no event.

    When the database is away, the edge answers 503.
    """
    router = APIRouter()
    refused = Seldom(log, "wrong_secret")

    @router.post(PATH, include_in_schema=False)
    async def webhook(request: Request) -> Response:
        given = request.headers.get(HEADER, "")
        # Bytes: compare_digest refuses strings outside ASCII, and anybody can send those.
        if not hmac.compare_digest(given.encode("latin-1"), secret.encode()):
            refused.warning()
            return Response(status_code=401)
        try:
            received = read(json.loads(await request.body()))
        except (ValueError, RecursionError):
            log.warning("no_event")
            return Response(status_code=400)
        if received:
            await take(received)
        return Response(status_code=200)

    return router
