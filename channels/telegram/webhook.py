"""The route that Telegram calls: secret first, then the update, and 200 once it is stored."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from channels.seldom import Seldom
from channels.telegram.intake import NotNow

log = structlog.get_logger("telegram")

PATH = "/webhooks/telegram"
_HEADER = "X-Telegram-Bot-Api-Secret-Token"


def make_router(secret: str, deal: Callable[[Any], Awaitable[None]]) -> APIRouter:
    """`secret` empty: polling, and nobody may call; `deal` takes one update as Telegram wrote it."""
    router = APIRouter()
    refused = Seldom(log, "telegram_wrong_secret")

    @router.post(PATH, include_in_schema=False)
    async def receive(request: Request) -> Response:
        given = request.headers.get(_HEADER, "").encode("utf-8", "replace")
        # compare_digest takes as long for any wrong secret.
        if not hmac.compare_digest(given, secret.encode()) or not secret:
            refused.warning()
            return Response(status_code=403)
        try:
            update = json.loads(await request.body())
        except (ValueError, RecursionError):
            return Response(status_code=400)
        if not isinstance(update, dict) or type(update.get("update_id")) is not int:
            return Response(status_code=400)
        try:
            await deal(update)
        except (NotNow, SQLAlchemyError, OSError) as error:
            # Telegram repeats what was not answered with 200.
            log.error("telegram_not_stored", error=type(error).__name__)
            return Response(status_code=503, headers={"Retry-After": "5"})
        return Response(status_code=200)

    return router
