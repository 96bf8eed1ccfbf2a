"""POST /webhooks/zalo: verified on the raw bytes, stored, answered 200. Zalo waits two seconds for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from channels.reception import Reception
from channels.zalo_oa.events import (
    Event,
    Ignored,
    Joined,
    Left,
    Message,
    Withdrawn,
    parse,
    read,
    timestamp_of,
)
from channels.zalo_oa.grants import CHANNEL
from channels.zalo_oa.signature import is_signed
from troly.clock import now

log = structlog.get_logger("zalo_oa")

PATH = "/webhooks/zalo"
AUTHORIZED = f"{PATH}/authorized"
_AUTHORIZED_TEXT = (
    "Ứng dụng đã được cấp quyền. Sao chép giá trị sau «code=» trên thanh địa chỉ và đưa cho "
    "quản trị hệ thống trong vòng 10 phút.\n"
    'The app is authorized. Copy the value after "code=" in the address bar and give it to the system\'s '
    "administrator within 10 minutes:\n\n"
    "    troly channel authorize zalo_oa\n"
)
_NAMES = 200


@dataclass
class Webhook:
    """What arrives from Zalo for one account."""

    reception: Reception
    app_id: str
    oa_id: str
    secret: str
    counts: Counter[str] = field(default_factory=Counter)
    """How often what was turned away or ignored came, by name."""

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route(PATH, self.receive, methods=["POST"])
        router.add_api_route(PATH, _reachable, methods=["GET", "HEAD"])
        router.add_api_route(AUTHORIZED, _authorized, methods=["GET"])
        return router

    async def receive(self, request: Request) -> Response:
        """200 for what is stored or deliberately ignored, 403 unsigned, 400 no event, 503 not stored."""
        raw = await request.body()
        given = request.headers.get("x-zevent-signature")
        if given is None and raw.strip() == b"{}":
            # Zalo's console tries the address with an empty object before it saves it.
            return PlainTextResponse("ok")
        body = parse(raw)
        if not is_signed(
            raw,
            given,
            prefixes=(self.app_id, self.oa_id),
            moment=timestamp_of(body or {}),
            told=request.headers.get("x-zevent-timestamp"),
            secret=self.secret,
        ):
            self._count("signature_missing" if given is None else "signature_wrong")
            return PlainTextResponse("signature", 403)
        if body is None:
            self._count("no_object")
            return PlainTextResponse("no event", 400)
        if retry := request.headers.get("num_retry"):
            log.info("zalo_oa_redelivered", retry=retry[:4])
        events = read(body, raw, now(), self.oa_id)
        try:
            for event in events:
                await self._take(event)
        except HTTPException:
            raise
        except Exception as error:  # whatever kept it from being stored: Zalo has to bring it again
            log.error("zalo_oa_not_stored", error=type(error).__name__, exc_info=True)
            return PlainTextResponse("not stored", 503, {"Retry-After": "5"})
        return PlainTextResponse("ok")

    async def _take(self, event: Event) -> None:
        match event:
            case Message(received):
                await self.reception.receive(CHANNEL, received)
            case Joined(external_id):
                await self.reception.joined(CHANNEL, external_id)
            case Left(external_id):
                await self.reception.left(CHANNEL, external_id)
            case Withdrawn(external_id):
                await self.reception.erase(CHANNEL, external_id)
            case Ignored(name, expected):
                self._count(name if expected else f"unknown:{name}", quiet=expected)

    def _count(self, name: str, *, quiet: bool = False) -> None:
        """Count, and log the 1st, 10th, 100th… of a kind: anyone can make us see them."""
        name = name if name in self.counts or len(self.counts) < _NAMES else "others"
        self.counts[name] += 1
        count = self.counts[name]
        if str(count).strip("0") == "1":
            (log.debug if quiet else log.warning)("zalo_oa_ignored", event_name=name, count=count)


async def _reachable() -> Response:
    return PlainTextResponse("ok")


async def _authorized() -> Response:
    """Where Zalo sends the administrator's browser; the code in the address is never read here."""
    return PlainTextResponse(
        _AUTHORIZED_TEXT, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )
