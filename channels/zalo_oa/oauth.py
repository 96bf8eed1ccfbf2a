"""Zalo's token service (OAuth v4 with PKCE): the only calls that spend a code or a refresh token."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

import httpx

from channels.zalo_oa.errors import ZaloRefused, ZaloUnanswered, ZaloUnreachable
from channels.zalo_oa.grants import Pair

_TIMEOUT = httpx.Timeout(20.0, connect=5.0)
# Nothing of the request has left when one of these is raised.
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_LIFE = 3600.0
"""Seconds assumed for an access token whose life is not told; it was an hour once."""


def verifier(app_secret: str) -> str:
    """The app's code verifier: 43 characters, the only length that Zalo takes.

    Always the same one: its challenge is entered on the app's page, and stays there.
    """
    return _base64url(hmac.new(app_secret.encode(), b"troly: zalo code verifier", hashlib.sha256).digest())


def challenge(code_verifier: str) -> str:
    """Its S256 challenge."""
    return _base64url(hashlib.sha256(code_verifier.encode()).digest())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


class OAuth:
    """One app at the token service."""

    def __init__(self, http: httpx.AsyncClient, base: str, app_id: str, app_secret: str) -> None:
        """`app_secret` is the app's secret key, not the account's."""
        self._http = http
        self._base = base.rstrip("/")
        self._app_id = app_id
        self._app_secret = app_secret

    def permission_url(self, redirect_uri: str, code_challenge: str, state: str) -> str:
        """Where an administrator of the account lets the app write in its name."""
        query = {
            "app_id": self._app_id,
            "redirect_uri": redirect_uri,
            "code_challenge": code_challenge,
            "state": state,
        }
        return f"{self._base}/v4/oa/permission?{urlencode(query)}"

    async def refresh(self, refresh_token: str) -> Pair:
        """A new pair; the refresh token is spent from then on, and the old access token is dead.

        Raises ZaloUnreachable (surely unspent), ZaloRefused, or ZaloUnanswered (perhaps spent).
        """
        return await self._ask({"refresh_token": refresh_token, "grant_type": "refresh_token"})

    async def exchange(self, code: str, code_verifier: str) -> Pair:
        """The first pair for an authorization code (10 minutes, once). Raises as refresh() does."""
        return await self._ask(
            {"code": code, "grant_type": "authorization_code", "code_verifier": code_verifier}
        )

    async def _ask(self, form: dict[str, str]) -> Pair:
        try:
            response = await self._http.post(
                f"{self._base}/v4/oa/access_token",
                data=form | {"app_id": self._app_id},
                headers={"secret_key": self._app_secret},
                timeout=_TIMEOUT,
            )
        except UNSENT as error:
            raise ZaloUnreachable(type(error).__name__) from None
        except httpx.HTTPError as error:
            raise ZaloUnanswered(type(error).__name__) from None
        if response.status_code == 429:
            raise ZaloUnreachable("status_429")
        try:
            body: Any = response.json()
        except ValueError:
            raise ZaloUnanswered(f"status_{response.status_code}") from None
        return _pair(body, response.status_code)


def _pair(body: Any, status: int) -> Pair:
    if not isinstance(body, dict):
        raise ZaloUnanswered(f"status_{status}")
    access, refresh = body.get("access_token"), body.get("refresh_token")
    if isinstance(access, str) and access and isinstance(refresh, str) and refresh:
        return Pair(access, refresh, _seconds(body.get("expires_in")))
    code = body.get("error")
    if isinstance(code, int) and code:
        raise ZaloRefused(code)
    raise ZaloUnanswered(f"status_{status}")


def _seconds(given: Any) -> float:
    """Zalo writes the seconds as a string."""
    try:
        seconds = float(given)
    except (TypeError, ValueError):
        return _LIFE
    return seconds if 0 < seconds < 1e8 else _LIFE
