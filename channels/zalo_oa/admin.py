"""What `troly channel … zalo_oa` does: look, explain, authorize, test."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import httpx

from channels.errors import ChannelError, SendError
from channels.store import Store
from channels.texts import say
from channels.zalo_oa import oauth
from channels.zalo_oa.account import Account, is_configured
from channels.zalo_oa.codes import FIXES
from channels.zalo_oa.errors import NoToken, ZaloRefused
from channels.zalo_oa.grants import Grant, seed_hash
from channels.zalo_oa.tokens import FIX
from channels.zalo_oa.webhook import AUTHORIZED, PATH
from troly.clock import VIETNAM, now
from troly.database import async_engine
from troly.errors import UsageError
from troly.privacy import Keyring
from troly.settings import Settings

_SETUP = "docs/connecting-zalo-oa.md"


async def status(settings: Settings) -> dict[str, str]:
    """What is known about the connection, as name -> words. Asks Zalo for the account's name."""
    if not is_configured(settings):
        return {"configured": f"no; set ZALO_OA_APP_ID, see {_SETUP}"}
    async with _account(settings) as account:
        grant = await account.grants.read()
        told = {
            "app": settings.zalo_oa_app_id,
            "webhook": _address(settings, PATH),
            "token": _token_words(grant, bool(settings.zalo_oa_refresh_token.get_secret_value())),
            "free messages in 48 h": str(settings.zalo_oa_free_messages or "no limit"),
            "paid window (48 h to 7 days)": "yes" if settings.zalo_oa_paid_window else "no",
            "at night": settings.zalo_oa_night,
        }
        if grant is None or not grant.usable(now()):
            return told | {"account": "unknown without a token; the running gateway gets one"}
        try:
            # With the stored token as it is: looking must not spend the refresh token.
            found = await account.api.account(grant.access)
        except ChannelError as error:
            return told | {"account": _words(error)}
        name, number = str(found.get("name", "?")), str(found.get("oaid") or found.get("oa_id") or "?")
        told["account"] = f"{name} ({number}), package {found.get('package_name', '?')}"
        if settings.zalo_oa_id and number not in ("?", settings.zalo_oa_id):
            told["problem"] = f"ZALO_OA_ID is {settings.zalo_oa_id}, but the token belongs to {number}"
        return told


async def set_webhook(settings: Settings, url: str) -> None:
    """Zalo takes the webhook's address on its pages only: raises UsageError that says where."""
    address = url.rstrip("/") if url.rstrip("/").endswith(PATH) else url.rstrip("/") + PATH
    raise UsageError(
        "Zalo has no call for this: on developers.zalo.me open the app, Webhook, and paste "
        f"{address} there, then switch on the user events; {_SETUP} has the steps"
    )


async def authorize_url(settings: Settings) -> tuple[str, str]:
    """(address, verifier): where an administrator of the account gives its consent, and what authorize()
    needs afterwards.

    The callback and the code challenge of the address have to stand on the app's page "Official Account
    → Thiết lập chung"; both are always the same for an app. Raises UsageError.
    """
    _require(settings)
    verifier = oauth.verifier(settings.zalo_oa_app_secret.get_secret_value())
    async with _account(settings) as account:
        address = account.oauth.permission_url(
            _address(settings, AUTHORIZED), oauth.challenge(verifier), secrets.token_urlsafe(12)
        )
    return address, verifier


async def authorize(settings: Settings, code: str, verifier: str = "") -> None:
    """Trade the code (10 minutes, once) for the first pair of tokens and store it; gateways find it there.

    `verifier` as authorize_url() gave it; empty: the app's own. Raises UsageError.
    """
    _require(settings)
    verifier = verifier.strip() or oauth.verifier(settings.zalo_oa_app_secret.get_secret_value())
    seed = settings.zalo_oa_refresh_token.get_secret_value().strip()
    async with _account(settings) as account:
        try:
            pair = await account.oauth.exchange(code.strip(), verifier)
        except ChannelError as error:
            raise UsageError(f"Zalo gave no token: {_words(error)}; get a new code and try again") from None

        def put(grant: Grant | None) -> Grant:
            grant = grant or Grant(refresh="")
            # What stands in .env is older than this grant and must not take its place.
            if seed and seed_hash(seed) not in grant.seeds:
                grant = grant.taken_over(seed)
            return grant.renewed(pair, now())

        await account.grants.change(put)


async def test(settings: Settings, user_id: str) -> None:
    """Send a test message to a follower (their id in this account). Raises UsageError saying why not."""
    _require(settings)
    async with _account(settings) as account:
        try:
            await account.api.message(
                {"user_id": user_id}, {"text": say("zalo_oa_test", settings.default_language)}
            )
        except ChannelError as error:
            raise UsageError(f"not sent: {_words(error)}") from None


@asynccontextmanager
async def _account(settings: Settings) -> AsyncIterator[Account]:
    engine = async_engine(settings.database, hide_parameters=True)
    try:
        async with httpx.AsyncClient(trust_env=False) as http:
            yield Account.of(settings, Store(engine), Keyring.from_settings(settings), http)
    finally:
        await engine.dispose()


def _require(settings: Settings) -> None:
    if not is_configured(settings):
        raise UsageError(f"ZALO_OA_APP_ID: is empty; see {_SETUP}")


def _address(settings: Settings, path: str) -> str:
    return (settings.public_url.rstrip("/") or "https://<PUBLIC_URL>") + path


def _token_words(grant: Grant | None, seeded: bool) -> str:
    if grant is None:
        return "none yet; ZALO_OA_REFRESH_TOKEN will be used" if seeded else f"none; {FIX}"
    if grant.failure:
        return f"{grant.failure}; {FIX}"
    if not grant.usable(now()):
        return "ended; the running gateway renews it"
    return f"valid until {_local(grant.expires_at)}, renewed {_local(grant.refreshed_at)}"


def _local(moment: datetime | None) -> str:
    return moment.astimezone(VIETNAM).strftime("%Y-%m-%d %H:%M") if moment else "?"


def _words(error: ChannelError) -> str:
    if isinstance(error, ZaloRefused):
        return FIXES.get(error.code, f"Zalo answered with error {error.code}")
    if isinstance(error, NoToken):
        return f"no access token ({error.reason}); {FIX}"
    return error.reason if isinstance(error, SendError) else str(error)
