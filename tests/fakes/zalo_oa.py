"""A strict stand-in for a Zalo Official Account, with the citizens who write to it.

Strict where the platform is: tokens that end, refresh tokens that work once, lengths, kinds of buttons,
windows of time, uploads. What it refuses as malformed is also kept in `violations`, because a gateway
should never send it.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import secrets
import zlib
from collections import deque
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.fakes.base import Failure, cut
from tests.fakes.zalo_oa_citizens import (
    APP_ID,
    APP_SECRET,
    OA_ID,
    REFRESH_TOKEN,
    SECRET,
    Citizens,
    User,
    sign,
    user_of,
)
from tests.fakes.zalo_oa_oauth import TokenService
from tests.fakes.zalo_oa_rules import WORDS, Refused, check

_HOUR = 3600.0
_RATE = 4000
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    + b"\x00\x00\x00\x0cIDAT"
    + (body := zlib.compress(b"\x00\x00\x80\x00"))
    + zlib.crc32(b"IDAT" + body).to_bytes(4, "big")
    + b"\x00\x00\x00\x00IEND\xaeB`\x82"
)
"""One green pixel."""


__all__ = ["APP_ID", "APP_SECRET", "OA_ID", "REFRESH_TOKEN", "SECRET", "FakeZaloOa", "sign", "user_of"]


class FakeZaloOa(Citizens):
    """One account, its app, its platform, and the citizens."""

    name = "zalo_oa"

    def __init__(self, gateway: str = "", *, refresh_token: str = REFRESH_TOKEN) -> None:
        """Webhooks go to the gateway at this address."""
        super().__init__(gateway, TokenService(APP_ID, APP_SECRET, OA_ID, refresh_token))
        self.lists = True
        """Whether the list template is taken."""
        self.free_messages = 0
        """Free messages after the citizen's last one; 0: no limit."""
        self.hang = 2.0
        """Seconds of silence of a time-out, before the connection is cut."""
        self.remain = _RATE
        """Requests that this minute still has."""
        self.calls: list[tuple[str, Any]] = []
        """Each call with its body, also refused ones."""
        self.violations: list[str] = []
        self.uploads: dict[str, float] = {}
        """Id -> when it ends."""
        self._failures: deque[Failure | int] = deque()
        self.app = Starlette(
            routes=[
                Route("/v3.0/oa/message/cs", self._message, methods=["POST"]),
                Route("/v2.0/oa/message", self._message, methods=["POST"]),
                Route("/v2.0/oa/upload/{kind}", self._upload, methods=["POST"]),
                Route("/v3.0/oa/user/detail", self._detail, methods=["GET"]),
                Route("/v2.0/oa/getoa", self._account, methods=["GET"]),
                Route("/v4/oa/access_token", self.oauth.token, methods=["POST"]),
                Route("/v4/oa/permission", self.oauth.permission, methods=["GET"]),
                Route("/media/{name}", _picture, methods=["GET"]),
            ]
        )

    # What goes wrong

    def fail(self, what: Failure, times: int = 1) -> None:
        """Let the next sends go wrong."""
        self._failures.extend([what] * times)

    def refuse(self, code: int, times: int = 1) -> None:
        """Let the next sends be refused with this error code."""
        self._failures.extend([code] * times)

    def later(self, hours: float) -> None:
        """Put the platform's clock forward."""
        self.oauth.skew += hours * _HOUR

    def settings(self, url: str) -> dict[str, str]:
        """The gateway's settings for this account, served at `url`."""
        return {
            "ZALO_OA_APP_ID": APP_ID,
            "ZALO_OA_ID": OA_ID,
            "ZALO_OA_SECRET_KEY": SECRET,
            "ZALO_OA_APP_SECRET": APP_SECRET,
            "ZALO_OA_REFRESH_TOKEN": self.oauth.refresh,
            "ZALO_OA_API": url,
            "ZALO_OA_AUTH": url,
        }

    # The platform

    async def _message(self, request: Request) -> Response:
        async def act() -> dict[str, Any]:
            body = await self._json(request)
            if self._failures:
                await self._go_wrong(request, self._failures.popleft(), body)
            return self._show(body, anonymous=request.url.path.startswith("/v2.0"))

        return await self._answer(request, act)

    async def _upload(self, request: Request) -> Response:
        async def act() -> dict[str, Any]:
            content = _file(request.headers.get("content-type", ""), await request.body())
            kind = request.path_params["kind"]
            if content is None:
                raise Refused(-201, "file is missing")
            self.calls.append((f"upload/{kind}", len(content)))
            if kind == "image" and not content.startswith((b"\x89PNG", b"\xff\xd8\xff")):
                raise Refused(-201, "an image is PNG or JPEG")
            if kind not in ("image", "file") or len(content) > (1_048_576 if kind == "image" else 5_242_880):
                raise Refused(-210, "too large")
            name = f"{kind}-{next(self._numbers)}"
            self.uploads[name] = self.oauth.now() + 7 * 24 * _HOUR
            return {"attachment_id" if kind == "image" else "token": name}

        return await self._answer(request, act)

    async def _detail(self, request: Request) -> Response:
        async def act() -> dict[str, Any]:
            try:
                user_id = json.loads(request.query_params["data"])["user_id"]
            except (KeyError, ValueError, TypeError):
                raise Refused(-201, "data") from None
            if user_id not in self._users:
                raise Refused(-201, "user_id is invalid!")
            follows = self._users[user_id].follows
            return {"user_id": user_id, "display_name": "Công dân", "user_is_follower": follows}

        return await self._answer(request, act)

    async def _account(self, request: Request) -> Response:
        async def act() -> dict[str, Any]:
            return {"oaid": OA_ID, "name": "Hành chính công (thử)", "package_name": "Nâng cao"}

        return await self._answer(request, act)

    async def _answer(self, request: Request, act: Any) -> Response:
        self.remain = max(0, self.remain - 1)
        headers = {"X-RateLimit-Limit": str(_RATE), "X-RateLimit-Remain": str(self.remain)}
        try:
            if code := self.oauth.problem(request.headers.get("access_token")):
                raise Refused(code)
            if self.remain == 0:
                raise Refused(-32)
            data = await act()
        except _Broken:
            return PlainTextResponse("Internal Server Error", 500)
        except Refused as refusal:
            if refusal.why:
                self.violations.append(f"{request.url.path}: {refusal.why}")
            words = {"error": refusal.code, "message": WORDS.get(refusal.code, str(refusal))}
            return JSONResponse(words, headers=headers)
        return JSONResponse({"data": data, "error": 0, "message": "Success"}, headers=headers)

    async def _json(self, request: Request) -> dict[str, Any]:
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Refused(-201, "content type")
        try:
            body = json.loads(await request.body())
        except ValueError:
            raise Refused(-201, "no JSON") from None
        self.calls.append((request.url.path, body))
        if not isinstance(body, dict) or set(body) != {"recipient", "message"}:
            raise Refused(-201, "a message has recipient and message")
        return body

    async def _go_wrong(self, request: Request, what: Failure | int, body: dict[str, Any]) -> None:
        match what:
            case int():
                raise Refused(what)
            case "429":
                raise Refused(-32)
            case "token":
                raise Refused(-216)
            case "blocked":
                raise Refused(-217)
            case "timeout":
                await asyncio.sleep(self.hang)
            case "drop_after_send":
                self._show(body, anonymous=request.url.path.startswith("/v2.0"))
        if what != "500":
            cut(request._receive)
        raise _Broken

    def _show(self, body: dict[str, Any], *, anonymous: bool) -> dict[str, Any]:
        user_id, user = self._recipient(body["recipient"], anonymous=anonymous)
        screen = check(body["message"], lists=self.lists, text_only=anonymous)
        if user.blocked:
            raise Refused(-217)
        if user.interacted is None:
            raise Refused(-213)
        if self.oauth.now() - user.interacted > 7 * 24 * _HOUR:
            raise Refused(-230)
        if self.free_messages and user.since >= self.free_messages:
            raise Refused(-218)
        if screen.attachment is not None:
            if screen.attachment not in self.uploads:
                raise Refused(-201, "attachment is unknown")
            if self.oauth.now() > self.uploads[screen.attachment]:
                raise Refused(-100)
        user.since += 1
        user.shown.append(screen.shown)
        user.choices = screen.choices or user.choices
        sent = {"message_id": f"{next(self._numbers):020x}", "sent_time": str(int(self.oauth.now() * 1000))}
        return sent | {"user_id": user_id}

    def _recipient(self, recipient: Any, *, anonymous: bool) -> tuple[str, User]:
        needed = {"anonymous_id", "conversation_id"} if anonymous else {"user_id"}
        if not isinstance(recipient, dict) or set(recipient) != needed:
            raise Refused(-201, "recipient")
        user_id = recipient["anonymous_id" if anonymous else "user_id"]
        if not isinstance(user_id, str) or user_id not in self._users:
            raise Refused(-201, "user_id is invalid!")
        if anonymous and recipient["conversation_id"] != f"c{user_id}":
            raise Refused(-201, "conversation_id is invalid!")
        return user_id, self._users[user_id]


class _Broken(Exception):
    pass


def _file(content_type: str, body: bytes) -> bytes | None:
    """The part "file" of a multipart body."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    for part in email.message_from_bytes(head + body, policy=email.policy.HTTP).iter_parts():
        if part.get_param("name", header="content-disposition") == "file" and part.get_filename():
            content: bytes = part.get_payload(decode=True)
            return content
    return None


async def _picture(_request: Request) -> Response:
    return Response(PNG, media_type="image/png")


def create(gateway: str = "") -> FakeZaloOa:
    """A stand-in whose webhooks go to the gateway; a refresh token of an earlier run is not good for it."""
    return FakeZaloOa(gateway, refresh_token=f"fake-{secrets.token_hex(8)}")
