"""A strict stand-in for the Zalo Bot Platform, with its citizens.

Strict where the platform is: tokens, lengths, kinds of values, the quota, one update a call. What it
refuses is also kept in `violations`, because a gateway should never send it.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections import deque
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.fakes.base import Failure, Shown, cut
from tests.fakes.zalo_bot_rules import URL, Broken, Refused, body_of, text_of

TOKEN = "1002003004005006:aFakeTokenOfTheZaloBotPlatform"
SECRET = "a-fake-webhook-secret"
WEBHOOK_PATH = "/webhooks/zalo-bot"
QUOTA = 3000
"""Messages a month on the free plan."""

_SENDING = ("sendMessage", "sendPhoto")


class FakeZaloBot:
    """One bot, its platform, and the citizens who write to it."""

    name = "zalo_bot"

    def __init__(
        self,
        gateway: str = "",
        *,
        token: str = TOKEN,
        secret: str = SECRET,
        quota: int = QUOTA,
        polling: bool = False,
    ) -> None:
        """With `polling` messages wait for getUpdates instead of going to the gateway's webhook."""
        self.gateway = gateway
        self.token = token
        self.secret = secret
        self.quota = quota
        self.polling = polling
        self.shape: Literal["flat", "wrapped"] = "flat"
        """How webhooks are written: flat as seen live, wrapped as documented."""
        self.errors_as_200 = False
        """Errors with HTTP status 200, told by the envelope alone."""
        self.hang = 2.0
        """Seconds of silence of a time-out, before the connection is cut."""
        self.transport: httpx.AsyncBaseTransport | None = None
        """Reaches the gateway in place of the network."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Each call with its body, also refused ones."""
        self.violations: list[str] = []
        self.typing: list[str] = []
        """The chats to which "typing" was shown."""
        self.webhook: tuple[str, str] | None = None
        """Address and secret as set by setWebhook."""
        self._shown: dict[str, list[Shown]] = {}
        self._updates: deque[dict[str, Any]] = deque()
        self._failures: deque[Failure] = deque()
        self._numbers = itertools.count(time.time_ns())  # a gateway remembers ids of earlier runs
        self.app = Starlette(routes=[Route("/bot{token}/{method}", self._serve, methods=["POST"])])

    # What the citizens do

    async def write(self, citizen: str, text: str, *, message_id: str | None = None) -> httpx.Response:
        """The citizen writes a text."""
        return await self.deliver("message.text.received", citizen, {"text": text}, message_id=message_id)

    async def press(self, citizen: str, button: int) -> httpx.Response:
        """The citizen types the number of an option that the last reply with options shows."""
        for shown in reversed(self.replies(citizen)):
            if re.search(rf"^{button}\. \S", shown.text, re.M):
                return await self.write(citizen, str(button))
        raise LookupError(f"no reply offers a number {button}")

    async def send_media(self, citizen: str, kind: str) -> httpx.Response:
        """The citizen sends an image, a sticker, a voice message, or anything else (unsupported)."""
        match kind:
            case "image":
                content = {"photo": "https://photo-stal-1.zdn.vn/fake/image.jpg", "caption": ""}
            case "sticker":
                content = {"sticker": "bfe458bf64fa8da4d4eb", "url": "https://zalo-api.zadn.vn/sticker"}
            case "voice":
                content = {"voice_url": "https://voice-aac-dl.zdn.vn/fake/voice.aac"}
            case _:
                kind, content = "unsupported", {}
        return await self.deliver(f"message.{kind}.received", citizen, content)

    async def raw(
        self, body: bytes, *, signed: bool = True, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Post exactly this to the webhook."""
        url, secret = self.webhook or (self.gateway.rstrip("/") + WEBHOOK_PATH, self.secret)
        sent = {"content-type": "application/json"}
        if signed:
            sent["X-Bot-Api-Secret-Token"] = secret
        async with httpx.AsyncClient(transport=self.transport, trust_env=False, timeout=30) as http:
            return await http.post(url, content=body, headers=sent | (headers or {}))

    async def deliver(
        self, event_name: str, citizen: str, content: dict[str, Any], *, message_id: str | None = None
    ) -> httpx.Response:
        """Tell the gateway of an event of the citizen's private chat; with polling, answers 202 at once."""
        chat = chat_of(citizen)
        self._shown.setdefault(chat, [])
        message = {
            "from": {"id": chat, "display_name": f"Công dân {citizen}", "is_bot": False},
            "chat": {"id": chat, "chat_type": "PRIVATE"},
            "message_id": message_id or f"{next(self._numbers):020x}",
            "message_type": "CHAT_MESSAGE",
            "date": int(time.time() * 1000),
        }
        event = {"event_name": event_name, "message": message | content}
        if self.polling:
            self._updates.append(event)
            return httpx.Response(202)
        body = event if self.shape == "flat" else {"ok": True, "result": event}
        return await self.raw(json.dumps(body, ensure_ascii=False).encode())

    # What they see, and what goes wrong

    def replies(self, citizen: str) -> list[Shown]:
        """What the citizen was shown."""
        return list(self._shown.get(chat_of(citizen), []))

    def fail(self, what: Failure, times: int = 1) -> None:
        """Let the next sends go wrong."""
        self._failures.extend([what] * times)

    def settings(self, url: str) -> dict[str, str]:
        """The gateway's settings for this bot, served at `url`."""
        return {
            "ZALO_BOT_TOKEN": self.token,
            "ZALO_BOT_SECRET": self.secret,
            "ZALO_BOT_MODE": "polling" if self.polling else "webhook",
            "ZALO_BOT_API": url,
        }

    # The platform

    async def _serve(self, request: Request) -> Response:
        method = request.path_params["method"]
        try:
            if request.path_params["token"] != self.token:
                raise Refused(401, "Unauthorized")
            body = await body_of(request, method)
            self.calls.append((method, body))
            if method in _SENDING and self._failures:
                await self._go_wrong(request, self._failures.popleft(), body)
            result = await self._do(method, body)
        except Broken as broken:
            return PlainTextResponse("Internal Server Error", broken.status)
        except Refused as refusal:
            if refusal.code == 400:
                self.violations.append(f"{method}: {refusal.description}")
            envelope = {"ok": False, "description": refusal.description, "error_code": refusal.code}
            if refusal.parameters:
                envelope["parameters"] = refusal.parameters
            return JSONResponse(envelope, 200 if self.errors_as_200 else refusal.code)
        return JSONResponse({"ok": True} if result is None else {"ok": True, "result": result})

    async def _go_wrong(self, request: Request, what: Failure, body: dict[str, Any]) -> None:
        match what:
            case "429":
                raise Refused(429, "Quota exceeded")
            case "500":
                raise Broken(500)
            case "token":
                raise Refused(401, "Unauthorized")
            case "blocked":
                raise Refused(403, "Forbidden: the user has blocked the bot")
            case "timeout":
                await asyncio.sleep(self.hang)
            case "drop_after_send":
                await self._do("sendPhoto" if "photo" in body else "sendMessage", body)
        cut(request._receive)
        raise Broken(500)

    async def _do(self, method: str, body: dict[str, Any]) -> Any:
        match method:
            case "getMe":
                return {
                    "id": self.token.partition(":")[0],
                    "account_name": "bot.tro-ly-thu",
                    "account_type": "BASIC",
                    "can_join_groups": False,
                }
            case "getUpdates":
                return await self._update(body)
            case "setWebhook":
                return self._set_webhook(body)
            case "deleteWebhook":
                self.webhook = None
            case "sendChatAction":
                chat = self._chat(body)
                if body["action"] != "typing":
                    raise Refused(400, "action is unknown")
                self.typing.append(chat)
                return None
            case "sendMessage" | "sendPhoto":
                return self._send(method, body)
        return {"url": self.webhook[0] if self.webhook else "", "updated_at": int(time.time() * 1000)}

    def _set_webhook(self, body: dict[str, Any]) -> dict[str, Any]:
        url, secret = body["url"], body["secret_token"]
        if not isinstance(url, str) or urlsplit(url).scheme != "https":
            raise Refused(400, "url must begin with https://")
        if not isinstance(secret, str) or not 8 <= len(secret) <= 256:
            raise Refused(400, "secret_token must have 8 to 256 characters")
        self.webhook = (url, secret)
        return {"url": url, "updated_at": int(time.time() * 1000)}

    async def _update(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.webhook:
            raise Refused(409, "getUpdates does not work while a webhook is set")
        end = time.monotonic() + float(body.get("timeout", 30))
        while not self._updates:
            if time.monotonic() >= end:
                raise Refused(408, "Request Timeout")
            await asyncio.sleep(0.02)
        return self._updates.popleft()  # told once: there is no offset with which to ask again

    def _send(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        chat = self._chat(body)
        if self.quota <= 0:
            raise Refused(429, "Quota exceeded")
        text = text_of(body, "text" if method == "sendMessage" else "caption")
        photo = body.get("photo")
        if method == "sendPhoto" and not (isinstance(photo, str) and URL.fullmatch(photo)):
            raise Refused(400, "photo must be an address")
        self.quota -= 1
        self._shown[chat].append(Shown(text, [], URL.findall(text), photo))
        return {"message_id": f"{next(self._numbers):020x}", "date": int(time.time() * 1000)}

    def _chat(self, body: dict[str, Any]) -> str:
        chat = body["chat_id"]
        if not isinstance(chat, str):
            raise Refused(400, "chat_id must be a string")
        if chat not in self._shown:
            raise Refused(400, "chat not found")
        return chat


def chat_of(citizen: str) -> str:
    """The platform's id of the citizen's private chat."""
    return f"{citizen.encode().hex():0<20}"


def create(gateway: str = "") -> FakeZaloBot:
    """A stand-in whose webhooks go to the gateway."""
    return FakeZaloBot(gateway)
