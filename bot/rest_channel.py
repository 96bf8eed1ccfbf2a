"""Rasa's REST channel as the gateway needs it: a failure is a failure, and a reply stays in one piece."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import structlog
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, json

from bot.components import encoding
from troly import telemetry, trace

log = structlog.get_logger(__name__)


class Replies(CollectingOutputChannel):
    """Collects the replies of a turn; Rasa's own cuts a text at each empty line."""

    async def send_text_message(self, recipient_id: str, text: str, **kwargs: Any) -> None:
        await self._persist_message(self._message(recipient_id, text=text))


class GatewayInput(RestInput):
    """POST /webhooks/rest/webhook, with status 500 where Rasa would answer 200 and an empty list."""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes of the channel."""
        routes = Blueprint("gateway_input", "bot.rest_channel")

        @routes.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            body = request.json
            replies = Replies()
            message = UserMessage(
                body["message"],
                replies,
                body["sender"],
                input_channel=self.name(),
                metadata=body.get("metadata"),
            )
            encoding.message_came()
            started = perf_counter()
            with trace.received(request.headers), telemetry.span("rasa"):
                return await answered(message, replies, started)

        async def answered(message: UserMessage, replies: Replies, started: float) -> HTTPResponse:
            try:
                await on_new_message(message)
            except Exception as error:  # the outer edge: the gateway tries again and tells the citizen
                log.exception("turn failed", conversation_id=message.sender_id, error=type(error).__name__)
                return json({"error": "the turn failed"}, status=500)
            if not replies.messages:
                # Rasa goes on after an action that failed; the citizen would read nothing.
                log.error("turn without a reply", conversation_id=message.sender_id)
                return json({"error": "no reply"}, status=500)
            log.info("understood", ms=round((perf_counter() - started) * 1000))
            return json(replies.messages)

        return routes
