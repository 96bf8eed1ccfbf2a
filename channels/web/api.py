"""The public API: conversations, messages, transcript, erasure, rating."""

from __future__ import annotations

import asyncio
from time import monotonic, perf_counter
from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, Body, Query, Request, Response
from fastapi.responses import PlainTextResponse

from channels import conversations, erasing, inbox, outbox, sharing, texts, transcripts
from channels.base import Inbound, Outbound, Reply
from channels.broker import Subscription
from channels.edge import address_of
from channels.errors import ApiError, RasaError
from channels.gateway import Gateway
from channels.inbox import Accepted
from channels.limits import network
from channels.rasa import valid_payload
from channels.turnstile import Turnstile
from channels.web.events import NOTICES
from channels.web.forms import (
    TEXT_LIMIT,
    Acknowledged,
    Answered,
    Conversation,
    Incident,
    NewConversation,
    NewMessage,
    NewRating,
    Opened,
    Refusal,
    Said,
)
from channels.web.session import Credentials, GatewayParam, SessionParam
from troly.clock import VIETNAM, now
from troly.privacy import Keyring
from troly.tables.conversations import STAFF
from troly.tables.delivery import DONE, HELD, WAITING
from troly.text import clean

log = structlog.get_logger("web")

WAIT_SECONDS = 30.0
_GREETING_SECONDS = 4.0
_GREETINGS = Turnstile(16, each=4)
"""Greetings that Rasa makes at once: they do not wait in the inbox, where visitors share the workers."""

router = APIRouter(responses={status: {"model": Refusal} for status in (401, 413, 422, 429)})


@router.post("/conversations")
async def open_conversation(
    request: Request,
    gateway: GatewayParam,
    credentials: Credentials,
    body: Annotated[NewConversation | None, Body()] = None,
) -> Opened:
    """Begin a conversation.

    With the Bearer token of an earlier one that ran out less than 24 hours ago, that conversation goes
    on: same id, fresh token, no greeting.
    """
    if credentials and (session := gateway.tokens.read_renewable(credentials.credentials)):
        identity = session.conversation_id
        if await conversations.last_event(gateway.store, identity) is not None:
            return Opened(conversation_id=identity, token=gateway.tokens.issue(identity), greeting=[])
    await gateway.limits.conversation(address_of(request.scope))
    identity = conversations.new_id()
    language = (body and body.language) or None
    spoken = await _greet(gateway, identity, language, network(address_of(request.scope)))
    greeting = await conversations.begin(gateway.store, identity, "web", language, spoken)
    return Opened(conversation_id=identity, token=gateway.tokens.issue(identity), greeting=greeting)


async def _greet(gateway: Gateway, identity: str, language: str | None, visitor: str) -> list[Outbound]:
    if off := (await gateway.controls.now()).off_for("web"):
        return [off.said(language or gateway.settings.default_language)]
    try:
        async with asyncio.timeout(_GREETING_SECONDS), _GREETINGS.turn(visitor):
            return await gateway.rasa.send(
                identity,
                "/greet",
                channel="web",
                message_id=f"{identity}-greeting",
                language=language,
                seconds=_GREETING_SECONDS,
            )
    except (RasaError, TimeoutError) as error:
        reason = error.reason if isinstance(error, RasaError) else "no_turn"
        log.warning("greeting_without_rasa", reason=reason)
        return [texts.greeting(language or gateway.settings.default_language)]


@router.get("/incident")
async def incident(gateway: GatewayParam, response: Response) -> Incident:
    """What visitors should know before they ask; nothing most of the time."""
    response.headers["Cache-Control"] = "public, max-age=15"
    banner = (await gateway.controls.now()).banner
    return Incident(id=banner.id, text_vi=banner.vi, text_en=banner.en) if banner else Incident()


@router.post("/messages", status_code=202, responses={200: {"model": Answered}})
async def send_message(
    request: Request,
    gateway: GatewayParam,
    session: SessionParam,
    body: NewMessage,
    response: Response,
    wait: Annotated[
        bool, Query(description=f"Answer with the replies, within {WAIT_SECONDS:.0f} s.")
    ] = False,
) -> Acknowledged | Answered:
    """Send a text or a button's payload. 202: stored, the answer comes as events; 200 with ?wait=true.

    The same client_id twice is one message, the first one.
    """
    started = perf_counter()
    identity = session.conversation_id
    await gateway.limits.message(identity)
    message = _inbound(identity, body, gateway.keyring, address_of(request.scope))
    with gateway.broker.listen(identity) as subscription:
        accepted = await inbox.accept(gateway.store, message)
        if accepted is None:
            raise ApiError(401, "conversation_over")
        gateway.delivery.wake()
        seconds = perf_counter() - started
        gateway.metrics.acknowledged.observe(seconds)
        gateway.metrics.messages.labels(channel="web", result="new" if accepted.fresh else "repeated").inc()
        log.info(
            "received",
            conversation_id=identity,
            message_id=accepted.id,
            repeated=not accepted.fresh,
            ms=round(seconds * 1000, 1),
        )
        if wait and (replies := await _answer(gateway, accepted, subscription)):
            response.status_code = 200
            return Answered(replies=replies)
    return Acknowledged(message_id=accepted.id)


def _inbound(identity: str, body: NewMessage, keyring: Keyring, address: str) -> Inbound:
    text = payload = None
    if body.text is not None:
        if len(body.text) > TEXT_LIMIT:
            raise ApiError(413, "text_too_long", limit=TEXT_LIMIT)
        text = clean(body.text)
        if not text:
            raise ApiError(422, "empty_text")
    else:
        payload = body.payload or ""
        if not valid_payload(payload):
            raise ApiError(422, "bad_payload")
    return Inbound(
        channel="web",
        conversation_id=identity,
        # Client ids are unique only within their conversation.
        message_id=f"{identity}:{body.client_id}",
        received_at=now(),
        text=text,
        payload=payload,
        visitor=keyring.hash("address", network(address)),
        seal=keyring.encrypt,
    )


async def _answer(gateway: Gateway, accepted: Accepted, subscription: Subscription) -> list[Reply]:
    """Wait for the answer to the message; empty when that takes too long."""
    deadline = monotonic() + WAIT_SECONDS
    look = not accepted.fresh
    with gateway.awaited.answer_to(accepted.id) as given:
        while True:
            # An answer and the end of its message are one transaction: what is there is all of it.
            state = await inbox.state_of(gateway.store, accepted.id) if look else WAITING
            if look and (replies := await outbox.replies_to(gateway.store, accepted.id)):
                return replies
            left = deadline - monotonic()
            # What is for staff has no answer of the assistant's, nor has any message while it is off.
            if left <= 0 or state in (HELD, DONE):
                return []
            # Also look by oneself: the answer may come from another process.
            signal = await subscription.next(min(left, 2.0))
            if signal in ("closing", "erased"):
                return []
            if given:
                return given
            look = signal in ("new", None)


@router.get("/conversation", response_model=Conversation, responses={200: {"content": {"text/plain": {}}}})
async def transcript(
    gateway: GatewayParam,
    session: SessionParam,
    format: Annotated[Literal["json", "text"], Query(description="text: a file to download")] = "json",
) -> Conversation | Response:
    """What was said so far."""
    found = await conversations.read(gateway.store, session.conversation_id)
    if found is None:
        raise ApiError(401, "conversation_over")
    if format == "text":
        name = f"troly-{now().astimezone(VIETNAM):%Y%m%d-%H%M}.txt"
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        return PlainTextResponse(transcripts.as_text(found), headers=disposition)
    return Conversation(
        conversation_id=found.conversation_id,
        answers=_answering(found.handover),
        language=found.language,
        created_at=found.created_at,
        last_event_id=str(found.last_event),
        messages=[_said(found, line) for line in found.lines],
    )


def _answering(handover: str | None) -> Literal["bot", "waiting", "staff"]:
    if handover == STAFF:
        return "staff"
    return "waiting" if handover else "bot"


def _said(found: conversations.Transcript, line: conversations.CitizenLine | outbox.Event) -> Said:
    if isinstance(line, outbox.Event):
        more = {"at": line.created_at, "notice": NOTICES.get(line.kind)}
        return Said.model_validate(line.reply.model_dump() | more)
    return Said.model_validate(
        {
            "id": line.id,
            "from": "citizen",
            "at": line.at,
            "text": found.said(line),
            "media_id": sharing.photo_in(line.payload),
            "client_id": line.platform_id.partition(":")[2],
            "state": line.state,
        }
    )


@router.delete("/conversation", status_code=204)
async def erase(gateway: GatewayParam, session: SessionParam) -> None:
    """Forget the conversation: messages, replies, ratings, and what the assistant remembers."""
    if not await erasing.erase(gateway.store, gateway.media, session.conversation_id):
        raise ApiError(401, "conversation_over")
    await gateway.broker.publish(session.conversation_id, "erased")
    log.info("erased", conversation_id=session.conversation_id)


@router.post("/rating", status_code=204)
async def rate(gateway: GatewayParam, session: SessionParam, body: NewRating) -> None:
    """Rate a reply, the answer to a message, or the conversation; a new rating replaces an old one."""
    thumb = isinstance(body.value, str)
    await conversations.rate(
        gateway.store,
        session.conversation_id,
        reply_id=body.reply_id,
        message_id=body.message_id,
        scale="thumb" if thumb else "stars",
        value=int(body.value == "up") if isinstance(body.value, str) else body.value,
        reason=body.reason,
        comment=clean(body.comment),
    )
