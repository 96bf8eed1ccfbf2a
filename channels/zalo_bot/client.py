"""The only HTTP to the Zalo Bot Platform: one POST a method, the token in the path."""

from __future__ import annotations

import logging
import re
from typing import Any

import httpx

from channels.zalo_bot.errors import NoAnswer, NotReached, Refusal

SECONDS = 15.0
"""For one call, long polling aside."""

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_TOKEN_IN_PATH = re.compile(r"(/bot)[^/\s?]+(?=/)")


class RedactTokens(logging.Filter):
    """Takes tokens out of addresses of the form /bot<token>/method; httpx logs every address at INFO."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record through."""
        message = record.getMessage()
        redacted = _TOKEN_IN_PATH.sub(r"\1…", message)
        if redacted != message:
            record.msg, record.args = redacted, ()
        return True


def redact_tokens() -> None:
    """Keep tokens out of httpx's log, whatever its level; safe to repeat."""
    logger = logging.getLogger("httpx")
    if not any(isinstance(each, RedactTokens) for each in logger.filters):
        logger.addFilter(RedactTokens())


class ZaloBotClient:
    """Calls methods of one bot."""

    def __init__(self, http: httpx.AsyncClient, base: str, token: str) -> None:
        """`base` is the platform's address without the token."""
        redact_tokens()
        self._http = http
        self._base = base.rstrip("/")
        self._token = token

    async def call(self, method: str, body: dict[str, Any] | None = None, *, seconds: float = SECONDS) -> Any:
        """The `result` of the method, None where the platform gives none.

        Raises NotReached, NoAnswer or Refusal. Errors of httpx are not chained to them: they hold the
        address, and with it the token.
        """
        try:
            response = await self._http.post(
                f"{self._base}/bot{self._token}/{method}",
                json=body or {},
                timeout=httpx.Timeout(seconds, connect=min(seconds, 5.0)),
                follow_redirects=False,
            )
        except _NOT_SENT as error:
            raise NotReached(type(error).__name__) from None
        except httpx.InvalidURL:
            raise NotReached("invalid_address") from None
        except httpx.HTTPError as error:
            raise NoAnswer(type(error).__name__) from None
        return _result(response)


def _result(response: httpx.Response) -> Any:
    """The envelope decides, the HTTP status only where there is no envelope: 200 may carry a refusal."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict) and body.get("ok") is True:
        return body.get("result")
    if isinstance(body, dict) and body.get("ok") is False:
        code = body.get("error_code")
        code = code if type(code) is int else response.status_code
        raise Refusal(code, retry_after=_retry_after(response, body))
    if response.status_code >= 300 and response.status_code != 504:
        raise Refusal(response.status_code, retry_after=_retry_after(response, {}))
    raise NoAnswer(f"protocol_{response.status_code}")


def _retry_after(response: httpx.Response, body: dict[str, Any]) -> float | None:
    parameters = body.get("parameters")
    for value in (
        parameters.get("retry_after") if isinstance(parameters, dict) else None,
        response.headers.get("retry-after"),
    ):
        try:
            seconds = float(value or "")
        except (TypeError, ValueError):
            continue
        if 0 <= seconds <= 31 * 86400:
            return seconds
    return None
