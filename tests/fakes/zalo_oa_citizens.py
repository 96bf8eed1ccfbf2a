"""The citizens of a Zalo Official Account, and how its platform tells the gateway of them."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.fakes.base import Shown
from tests.fakes.zalo_oa_oauth import TokenService
from tests.fakes.zalo_oa_rules import Choice

APP_ID = "3608465248940903967"
OA_ID = "388613280878808645"
SECRET = "fakeOaSecretKeyOfTheWebhook"
APP_SECRET = "fakeAppSecretOfTheTokenService"
REFRESH_TOKEN = "fake-first-refresh-token"
WEBHOOK_PATH = "/webhooks/zalo"

_ANONYMOUS = "anonymous "


@dataclass
class User:
    """A citizen as the account sees them."""

    follows: bool = False
    blocked: bool = False
    interacted: float | None = None
    """By the platform's clock."""
    shown: list[Shown] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    """Of the last message that had any."""
    since: int = 0
    """Messages sent since they last wrote."""


class Citizens:
    """Those who write to one account."""

    def __init__(self, gateway: str, oauth: TokenService) -> None:
        """Webhooks go to the gateway at this address; the clock is the token service's."""
        self.gateway = gateway
        self.oauth = oauth
        self.prefix = "mac="
        self.retry_pauses: tuple[float, ...] = (0.05, 0.1)
        """Before a webhook that found nobody is sent again; in truth 30 s to 1 h."""
        self.transport: httpx.AsyncBaseTransport | None = None
        """Reaches the gateway in place of the network."""
        self.media_url = "https://photo-stal-1.zdn.vn"
        """Where citizens' pictures lie; the fake's own address to have them fetched."""
        self._users: dict[str, User] = {}
        self._numbers = itertools.count(time.time_ns())  # a gateway remembers ids of earlier runs

    async def write(self, citizen: str, text: str, *, message_id: str | None = None) -> httpx.Response:
        """The citizen writes a text."""
        return await self.say(citizen, "text", {"text": text}, message_id=message_id)

    async def press(self, citizen: str, button: int) -> httpx.Response:
        """The citizen presses the n-th choice of the last reply that has any."""
        choices = self._user(citizen).choices
        if not 1 <= button <= len(choices):
            raise LookupError(f"no reply offers a button {button}")
        return await self.write(citizen, choices[button - 1].payload)

    async def send_media(self, citizen: str, kind: str) -> httpx.Response:
        """The citizen sends an image, gif, voice, video, sticker, file, location, link or contact."""
        event, payload = _media(kind, self.media_url)
        attachment = {"type": "link" if event == "business_card" else event, "payload": payload}
        return await self.say(citizen, event, {"attachments": [attachment]})

    async def say(
        self, citizen: str, kind: str, content: dict[str, Any], *, message_id: str | None = None
    ) -> httpx.Response:
        """An event user_send_<kind>; a citizen whose name begins with "anonymous " has no account."""
        user = self._user(citizen)
        user.interacted, user.since = self.oauth.now(), 0
        message = content | {"msg_id": message_id or f"{next(self._numbers):020x}"}
        who = "user"
        if citizen.startswith(_ANONYMOUS):
            who, message = "anonymous", message | {"conversation_id": f"c{user_of(citizen)}"}
        return await self.deliver(
            {
                "event_name": f"{who}_send_{kind}",
                "sender": {"id": user_of(citizen)},
                "recipient": {"id": OA_ID},
                "user_id_by_app": f"5{user_of(citizen)}",
                "message": message,
            }
        )

    async def follow(self, citizen: str, *, follows: bool = True) -> httpx.Response:
        """The citizen follows the account, or does not any more."""
        user = self._user(citizen)
        user.follows, user.blocked = follows, not follows
        user.interacted = self.oauth.now() if follows else user.interacted
        event = {"event_name": "follow" if follows else "unfollow", "follower": {"id": user_of(citizen)}}
        return await self.deliver(event | {"oa_id": OA_ID, "source": "oa_profile"})

    async def deliver(self, event: dict[str, Any]) -> httpx.Response:
        """Tell the gateway of an event; again when nobody answers 200."""
        moment = str(int(self.oauth.now() * 1000))
        body = json.dumps({"app_id": APP_ID, **event, "timestamp": moment}, ensure_ascii=False).encode()
        for number, pause in enumerate((*self.retry_pauses, None)):
            try:
                response = await self.raw(body, headers={"num_retry": str(number)} if number else None)
            except httpx.TransportError:
                if pause is None:
                    raise
            else:
                if response.status_code in (200, 400, 403) or pause is None:
                    return response
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def raw(
        self, body: bytes, *, signed: bool = True, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Post exactly this to the webhook, signed as Zalo does: with the body's timestamp, if it has one."""
        sent = {"content-type": "application/json"}
        if signed:
            sent["X-ZEvent-Signature"] = self.prefix + sign(body)
        url = self.gateway.rstrip("/") + WEBHOOK_PATH
        async with httpx.AsyncClient(transport=self.transport, trust_env=False, timeout=30) as http:
            return await http.post(url, content=body, headers=sent | (headers or {}))

    def replies(self, citizen: str) -> list[Shown]:
        """What the citizen was shown."""
        return list(self._user(citizen).shown)

    def _user(self, citizen: str) -> User:
        return self._users.setdefault(user_of(citizen), User())


def user_of(citizen: str) -> str:
    """The citizen's id in this account: digits, more than a float can hold."""
    return str(10**18 + int.from_bytes(hashlib.sha256(citizen.encode()).digest()[:7], "big"))


def sign(body: bytes) -> str:
    """Zalo's signature of a body."""
    try:
        moment = json.loads(body, parse_int=str, parse_float=str, parse_constant=str)["timestamp"]
    except (ValueError, KeyError, TypeError, RecursionError):
        moment = ""
    stamp = moment.encode("utf-8", "replace") if isinstance(moment, str) else b""
    return hashlib.sha256(APP_ID.encode() + body + stamp + SECRET.encode()).hexdigest()


def _media(kind: str, base: str) -> tuple[str, dict[str, Any]]:
    url = f"{base}/media/{kind}"
    match kind:
        case "voice" | "audio":
            return "audio", {"url": url}
        case "location":
            return "location", {"coordinates": {"latitude": "20.9517", "longitude": "107.0748"}}
        case "file":
            file = {"url": url, "name": "don.pdf", "size": "1024", "checksum": "d41d8c", "type": "pdf"}
            return "file", file
        case "sticker":
            return "sticker", {"id": "1234", "url": url}
        case "link":
            return "link", {"url": "https://example.test/a", "description": "Một trang", "thumbnail": url}
        case "contact":
            card = json.dumps({"phone": "84901234567", "qrCodeUrl": url})
            return "business_card", {"description": card, "thumbnail": url, "url": url}
    return kind, {"url": url, "thumbnail": url}
