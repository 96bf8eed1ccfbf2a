"""Stands between the gateway and telegram-test-api 4.2.1, which differs from Telegram in small things.

It answers with `null` where Telegram answers `true`, gives dates in milliseconds, knows few methods,
sends no secret with its webhooks, never waits for updates, and leaves fields out of callback queries.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import parse_qsl

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_KNOWN = frozenset(
    (
        "getMe",
        "getUpdates",
        "setWebhook",
        "deleteWebhook",
        "sendMessage",
        "answerCallbackQuery",
        "editMessageReplyMarkup",
        "editMessageText",
    )
)


class Shim:
    """The app speaks Telegram's wire format; `peer` is the emulator's address."""

    def __init__(self, peer: str, http: httpx.AsyncClient) -> None:
        """`url`, where the app is served, has to be set before a webhook is."""
        self.url = ""
        self.methods: list[str] = []
        """What the gateway called, in order."""
        self.hook: dict[str, str] = {}
        self.answers: list[int] = []
        """The status with which the gateway answered each webhook."""
        self._peer = peer
        self._http = http
        self.app = Starlette(
            routes=[
                Route("/bot{token}/{method}", self._method, methods=["POST"]),
                Route("/hook", self._deliver, methods=["POST"]),
            ]
        )

    async def _method(self, request: Request) -> Response:
        token, method = request.path_params["token"], request.path_params["method"]
        body = dict(parse_qsl((await request.body()).decode()))
        self.methods.append(method)
        if method == "getWebhookInfo":
            info = {
                "url": self.hook.get("url", ""),
                "has_custom_certificate": False,
                "pending_update_count": 0,
            }
            return JSONResponse({"ok": True, "result": info})
        if method not in _KNOWN:
            return JSONResponse({"ok": True, "result": True})
        if method == "setWebhook":
            self.hook, body = body, {"url": f"{self.url}/hook"}
        response = await self._http.post(f"{self._peer}/bot{token}/{method}", json=body)
        answer = response.json()
        if method == "getUpdates":
            if not answer["result"]:
                await asyncio.sleep(0.05)
            answer["result"] = [_update(each) for each in answer["result"]]
        elif method == "getMe":
            answer["result"]["is_bot"] = True
        else:
            answer["result"] = _result(answer.get("result"))
        return JSONResponse(answer, response.status_code)

    async def _deliver(self, request: Request) -> Response:
        secret = {"X-Telegram-Bot-Api-Secret-Token": self.hook["secret_token"]}
        response = await self._http.post(self.hook["url"], json=_update(await request.json()), headers=secret)
        self.answers.append(response.status_code)
        return Response(status_code=response.status_code)


def _result(result: Any) -> Any:
    if isinstance(result, dict) and "date" in result:
        # The emulator repeats what it was sent, in the form in which it was sent.
        own = {"message_id", "chat", "text", "reply_markup"}
        return {name: result[name] for name in own & set(result)} | {"date": result["date"] // 1000}
    return True if result is None else result


def _update(update: dict[str, Any]) -> dict[str, Any]:
    query = update.get("callback_query")
    if query:
        known = {"message_id": 1, "date": int(time.time())}
        query = {"chat_instance": "1"} | query | {"message": known | query["message"]}
        return update | {"callback_query": query}
    return update
