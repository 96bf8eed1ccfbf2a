"""The channel of a Zalo Official Account: put together from its parts, and how a reply is sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

import structlog
from fastapi import APIRouter

from channels.base import Address, Part, PushChannel, Reply
from channels.errors import MediaError, SendLater, SendUnknown
from channels.media import MediaStore
from channels.splitting import split
from channels.zalo_oa import codes
from channels.zalo_oa.account import Account, is_configured
from channels.zalo_oa.api import ZaloApi
from channels.zalo_oa.errors import NoToken, ZaloRefused, ZaloUnanswered, ZaloUnreachable
from channels.zalo_oa.events import ANONYMOUS
from channels.zalo_oa.grants import CHANNEL
from channels.zalo_oa.quota import sent_since
from channels.zalo_oa.render import TEXT, plain, render
from channels.zalo_oa.uploads import Uploads
from channels.zalo_oa.webhook import Webhook
from channels.zalo_oa.windows import Windows
from troly.clock import now

if TYPE_CHECKING:
    from channels.registry import Parts
    from channels.store import Store

log = structlog.get_logger("zalo_oa")

MEDIA_HOSTS = ("zdn.vn", "zadn.vn", "zalo.me", "zaloapp.com", "zaloplatforms.com")
"""Where Zalo keeps what citizens send, for about half an hour."""
MEDIA_LIMIT = 10_000_000
_PREPARING = 9.0
"""Seconds for fetching and uploading; with a request less than channels/sender.py gives the call."""


class ZaloOaChannel(PushChannel):
    """Citizens of one Official Account."""

    name: ClassVar[str] = CHANNEL
    # Zalo takes 4,000 requests a minute of an app, uploads included.
    per_second: ClassVar[float] = 50.0
    per_chat_second: ClassVar[float] = 3.0

    def __init__(
        self, account: Account, webhook: Webhook, windows: Windows, store: Store, media: MediaStore
    ) -> None:
        """Opens no connection."""
        self._account = account
        self._api: ZaloApi = account.api
        self._webhook = webhook
        self._windows = windows
        self._store = store
        self._media = media
        self._uploads = Uploads(account.api, media)
        self._lists = True
        self._keeping: asyncio.Task[None] | None = None

    def router(self) -> APIRouter:
        """The webhook."""
        return self._webhook.router()

    async def start(self) -> None:
        """Begin to keep the access token fresh."""
        self._keeping = asyncio.create_task(self._account.tokens.keep())

    async def stop(self) -> None:
        """End it; a refresh under way is waited for."""
        if self._keeping:
            self._keeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeping
        await self._account.tokens.settle()

    async def typing(self, conversation_id: str, on: bool) -> None:
        """Zalo shows citizens no such thing."""

    async def collect(self, media: dict[str, Any]) -> bytes | None:
        """A picture, recording or file, fetched from Zalo while its address lives. Raises MediaError."""
        if media.get("kind") not in ("image", "voice", "video", "file") or not media.get("url"):
            return None
        content, mime = await self._media.download(media["url"], hosts=MEDIA_HOSTS, limit_bytes=MEDIA_LIMIT)
        media.setdefault("mime", mime)
        return content

    def render(self, reply: Reply) -> Sequence[Part]:
        """One message for each part, image or file."""
        return render(reply)

    async def send(self, address: Address, part: Part) -> str | None:
        """Send one part; gives Zalo's message id. Raises as PushChannel.send() says."""
        count = 0
        if self._windows.free_messages and address.last_inbound_at:
            count = await sent_since(self._store, address.conversation_id, address.last_inbound_at)
        self._windows.check(address, now(), count)
        try:
            answer = await self._deliver(_recipient(address.external_id), part)
        except ZaloRefused as error:
            raise codes.outcome(error.code, now()) from None
        except NoToken as error:
            raise SendLater(f"token_{error.reason}", seconds=error.seconds, counts=False) from None
        except ZaloUnreachable as error:
            raise SendLater(error.reason, seconds=error.seconds, counts=error.counts) from None
        except ZaloUnanswered as error:
            raise SendUnknown(error.reason) from None
        message_id = answer.get("message_id")
        return message_id if isinstance(message_id, str) else None

    async def _deliver(self, recipient: dict[str, str], part: Part) -> dict[str, Any]:
        kind = part["kind"]
        if "anonymous_id" in recipient:
            message = part.get("instead") or part["message"]
            return await self._deliver_text(recipient, plain(message, choices=kind != "list"))
        if kind in ("image", "file"):
            return await self._deliver_attachment(recipient, part)
        if kind == "list" and not self._lists:
            return await self._api.message(recipient, part["instead"])
        try:
            return await self._api.message(recipient, part["message"])
        except ZaloRefused as error:
            if kind != "list" or error.code not in codes.UNSUPPORTED:
                raise
        log.warning("zalo_oa_lists_refused", hint="from now on choices are buttons with numbers")
        self._lists = False
        return await self._api.message(recipient, part["instead"])

    async def _deliver_text(self, recipient: dict[str, str], text: str) -> dict[str, Any]:
        """To a visitor without an account, who can be sent text only."""
        answer: dict[str, Any] = {}
        for piece in split(text, TEXT):
            answer = await self._api.message(recipient, {"text": piece})
        return answer

    async def _deliver_attachment(self, recipient: dict[str, str], part: Part) -> dict[str, Any]:
        text = {"text": part["text"]} if part["text"] else {}
        reason, started = "", time.monotonic()
        for again in (False, True):
            try:
                async with asyncio.timeout(_PREPARING):
                    attachment = await self._uploads.attachment(part["kind"], part["url"], again=again)
            except (MediaError, TimeoutError) as error:
                reason = str(error) or "slow"
                break
            except ZaloRefused as error:
                if error.code == codes.RATE_LIMIT or error.code in codes.TOKEN:
                    raise
                reason = f"error_{error.code}"
                break
            try:
                return await self._api.message(recipient, text | {"attachment": attachment})
            except ZaloRefused as error:
                reason = f"error_{error.code}"
                if error.code in codes.UNSUPPORTED:
                    break
                if error.code != codes.ATTACHMENT or time.monotonic() - started > 1:
                    raise
        log.warning("zalo_oa_attachment_not_sent", kind=part["kind"], reason=reason)
        return await self._api.message(recipient, part["instead"])


def build(parts: Parts) -> ZaloOaChannel | None:
    """The channel; None when ZALO_OA_APP_ID is empty. Raises SettingError when a secret is missing."""
    settings = parts.settings
    if not is_configured(settings):
        return None
    account = Account.of(settings, parts.store, parts.keyring, parts.http)
    webhook = Webhook(
        reception=parts.reception,
        app_id=settings.zalo_oa_app_id,
        oa_id=settings.zalo_oa_id,
        secret=settings.zalo_oa_secret_key.get_secret_value(),
    )
    windows = Windows(
        paid=settings.zalo_oa_paid_window,
        free_messages=settings.zalo_oa_free_messages,
        hold_at_night=settings.zalo_oa_night == "hold",
    )
    return ZaloOaChannel(account, webhook, windows, parts.store, parts.media)


def _recipient(external_id: str) -> dict[str, str]:
    if not external_id.startswith(ANONYMOUS):
        return {"user_id": external_id}
    conversation, _, visitor = external_id.removeprefix(ANONYMOUS).partition(":")
    return {"anonymous_id": visitor, "conversation_id": conversation}
