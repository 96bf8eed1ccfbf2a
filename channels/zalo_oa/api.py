"""The only HTTP to Zalo's OpenAPI: judged by the body's `error`, never by the HTTP status."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable
from typing import Any, Literal

import httpx
import structlog

from channels.zalo_oa import codes
from channels.zalo_oa.errors import NoToken, ZaloRefused, ZaloUnanswered, ZaloUnreachable
from channels.zalo_oa.oauth import UNSENT
from channels.zalo_oa.tokens import Tokens
from channels.zalo_oa.windows import RateLimit

log = structlog.get_logger("zalo_oa")

_TIMEOUT = httpx.Timeout(8.0, connect=4.0)
_REQUEST = 8.0
"""Seconds for a whole request: the time-out above is for each silence within it."""
_TOKEN = 9.0
"""Seconds for getting a token, in a call: with a request less than channels/sender.py gives the call."""


class ZaloApi:
    """One account at openapi.zalo.me."""

    def __init__(self, http: httpx.AsyncClient, base: str) -> None:
        """Cannot be used before authorize()."""
        self._http = http
        self._base = base.rstrip("/")
        self._rate = RateLimit()
        self._tokens: Tokens | None = None

    def authorize(self, tokens: Tokens) -> None:
        """Where to get the access token."""
        self._tokens = tokens

    async def message(self, recipient: dict[str, str], message: dict[str, Any]) -> dict[str, Any]:
        """Send one consultation message; a visitor without an account is reached by the older path.

        Gives the answer's `data`. Raises SendLater, NoToken, ZaloRefused, ZaloUnreachable or
        ZaloUnanswered, as all calls do.
        """
        path = "/v2.0/oa/message" if "anonymous_id" in recipient else "/v3.0/oa/message/cs"
        return await self._call("POST", path, json={"recipient": recipient, "message": message})

    async def upload(self, kind: Literal["image", "file"], name: str, content: bytes, mime: str) -> str:
        """Upload an image (PNG or JPEG, 1 MB) or a file (5 MB); gives what a message names it by."""
        try:
            answer = await self._call(
                "POST", f"/v2.0/oa/upload/{kind}", files={"file": (name, content, mime)}
            )
        except ZaloUnanswered as error:
            # Uploaded twice does no harm: nobody is shown it.
            raise ZaloUnreachable(f"upload_{error.reason}") from None
        given = answer.get("attachment_id" if kind == "image" else "token")
        if not isinstance(given, str) or not given:
            raise ZaloUnreachable("upload_no_id")
        return given

    async def account(self, access_token: str) -> dict[str, Any]:
        """The name and package of the account that this access token is for."""
        return await self._request("GET", "/v2.0/oa/getoa", access_token)

    async def profile(self, user_id: str) -> dict[str, Any]:
        """What Zalo tells of a citizen, whose id is the account's own."""
        data = json.dumps({"user_id": user_id})
        return await self._call("GET", "/v3.0/oa/user/detail", params={"data": data})

    async def alive(self, access_token: str) -> bool:
        """Whether Zalo still takes this access token. Raises ZaloUnreachable or ZaloUnanswered."""
        try:
            await self.account(access_token)
        except ZaloRefused as error:
            if error.code in codes.TOKEN:
                return False
            raise ZaloUnanswered(f"error_{error.code}") from None
        return True

    async def _call(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        self._rate.check()
        if self._tokens is None:
            raise NoToken("missing", seconds=60.0)
        end = time.monotonic() + _TOKEN
        token = await _until(end, self._tokens.access())
        try:
            return await self._request(method, path, token, **content)
        except ZaloRefused as error:
            if error.code not in codes.TOKEN:
                raise
            log.info("zalo_oa_token_rejected", code=error.code)
        token = await _until(end, self._tokens.renew(token))
        return await self._request(method, path, token, **content)

    async def _request(self, method: str, path: str, token: str, **content: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(_REQUEST):
                response = await self._http.request(
                    method,
                    self._base + path,
                    headers={"access_token": token},
                    timeout=_TIMEOUT,
                    follow_redirects=False,
                    **content,
                )
        except UNSENT as error:
            raise ZaloUnreachable(type(error).__name__) from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise ZaloUnanswered(type(error).__name__) from None
        self._rate.seen(response.headers)
        return _judge(response)


def _judge(response: httpx.Response) -> dict[str, Any]:
    """The answer's `data`, or the error that it is."""
    try:
        body: Any = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict) and (code := _code(body.get("error"))) is not None:
        if code:
            _report(code)
            raise ZaloRefused(code)
        data = body.get("data")
        return data if isinstance(data, dict) else {}
    if response.status_code == 429:
        raise ZaloUnreachable("status_429", seconds=_retry_after(response), counts=False)
    if 300 <= response.status_code < 500:
        raise ZaloUnreachable(f"status_{response.status_code}")
    raise ZaloUnanswered(f"status_{response.status_code}")


def _code(given: Any) -> int | None:
    return int(given) if re.fullmatch(r"-?\d{1,6}", str(given)) else None


def _report(code: int) -> None:
    if fix := codes.FIXES.get(code):
        log.error("zalo_oa_refused", code=code, fix=fix)
    else:
        log.warning("zalo_oa_refused", code=code)


def _retry_after(response: httpx.Response) -> float:
    given = response.headers.get("retry-after", "")
    return min(float(given), 3600.0) if given.isdecimal() else 30.0


async def _until(end: float, token: Awaitable[str]) -> str:
    """The token, if it is there by `end`; a refresh that takes longer goes on without us."""
    try:
        async with asyncio.timeout(max(0.1, end - time.monotonic())):
            return await token
    except TimeoutError:
        raise NoToken("slow", seconds=2.0) from None
