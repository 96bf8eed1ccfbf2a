"""Server-Sent Events: replies as they come, resumable, so that a lost connection loses nothing.

Events: `reply` (data: Reply; id: its number), `notice` ({"kind": "delay", "staff_joined" or "handed_back",
"text", "buttons"?, …} with an id; {"kind": "token", "token"} and {"kind": "erased"} without), `typing`
({"on": bool}, without an id).
A stream without Last-Event-ID begins with the conversation's first event.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from time import monotonic
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from channels import conversations, inbox
from channels.edge import address_of
from channels.errors import ApiError
from channels.gateway import Gateway
from channels.outbox import Event, events_after
from channels.tokens import Session
from channels.web.forms import Refusal
from channels.web.session import GatewayParam, SessionParam

HEARTBEAT_SECONDS = 15.0
"""Proxies close connections that are silent for 30 to 60 s."""

_RECONNECT_MS = 2000
_STREAMS = 16
NOTICES: dict[str, Literal["staff_joined", "handed_back"]] = {
    "joined": "staff_joined",
    "returned": "handed_back",
}
"""Outbox kinds that say who answers from there on."""
_PAGE = 200

router = APIRouter(responses={status: {"model": Refusal} for status in (401, 429)})


@router.get(
    "/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}}
)
async def events(
    request: Request,
    gateway: GatewayParam,
    session: SessionParam,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Replies, typing and notices from Last-Event-ID on, then live."""
    newest = await conversations.last_event(gateway.store, session.conversation_id)
    if newest is None:
        raise ApiError(401, "conversation_over")
    if gateway.broker.listeners(session.conversation_id) >= _STREAMS:
        raise ApiError(429, "rate_limited", retry_after=5, seconds=5)
    given = (last_event_id or "").strip()
    seen = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0
    address = address_of(request.scope)
    gateway.limits.another_stream(address)
    return StreamingResponse(
        _stream(gateway, session, min(seen, newest), address),
        media_type="text/event-stream",
        # nginx would hold events back until its buffer is full.
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _stream(gateway: Gateway, session: Session, seen: int, address: str) -> AsyncIterator[str]:
    identity = session.conversation_id
    renew_at = monotonic() + max(0.0, gateway.tokens.half_life - session.age)
    # Listen first, read then: what is stored in between is read or signalled, or both.
    with (
        gateway.limits.streaming(address),
        gateway.broker.listen(identity) as subscription,
        gateway.metrics.streams.track_inprogress(),
    ):
        yield f"retry: {_RECONNECT_MS}\n\n"
        if await inbox.is_waiting(gateway.store, identity):
            yield _event("typing", {"on": True})
        while True:
            while page := await events_after(gateway.store, identity, seen, _PAGE):
                for event in page:
                    yield _stored(event)
                seen = page[-1].number
            if monotonic() >= renew_at:
                renew_at = monotonic() + gateway.tokens.half_life
                yield _event("notice", {"kind": "token", "token": gateway.tokens.issue(identity)})
            match await subscription.next(HEARTBEAT_SECONDS):
                case None:
                    yield ": still here\n\n"
                case "typing_on":
                    yield _event("typing", {"on": True})
                case "typing_off":
                    yield _event("typing", {"on": False})
                case "erased":
                    yield _event("notice", {"kind": "erased"})
                    return
                case "closing":
                    return


def _stored(event: Event) -> str:
    reply = event.reply.model_dump(mode="json")
    if event.kind == "reply":
        return _event("reply", reply, event.number)
    shown = ("id", "text", "language", *(["buttons"] if reply["buttons"] else []))
    notice = {"kind": NOTICES.get(event.kind, "delay")} | {name: reply[name] for name in shown}
    return _event("notice", notice, event.number)


def _event(name: str, data: dict[str, Any], number: int | None = None) -> str:
    # JSON escapes newlines, so the data is one line.
    identity = "" if number is None else f"id: {number}\n"
    return f"{identity}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
