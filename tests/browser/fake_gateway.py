"""A stand-in for the gateway's public API that can be made to fail. Pages, headers and refusals are real."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from fastapi import FastAPI, Request
from replies import GREETING, answer, reply
from serving import Served
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse

from channels import sharing
from channels.edge import add_error_handlers, error_response
from channels.errors import ApiError
from channels.security import EmbedCors, SecurityHeaders
from channels.web import pages, uploads
from channels.web.forms import NewConversation, NewMessage, NewRating

PROVINCE = "Quảng Ninh"

PROVINCE = "Quảng Ninh"
_TEXT_LIMIT = 5000


@dataclass
class Talk:
    """One conversation as the fake keeps it."""

    id: str
    language: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[int | None, str, dict[str, Any]]] = field(default_factory=list)
    """(number, name, data); typing and tokens have no number and are not kept for later streams."""
    numbered: int = 0

    def say(self, content: dict[str, Any], name: str = "reply") -> dict[str, Any]:
        """Tell the citizen something, with the next number."""
        self.numbered += 1
        whole = content | {"id": str(self.numbered)}
        if name == "reply":
            self.lines.append(whole | {"at": _now()})
        self.events.append((self.numbered, name, whole))
        return whole


@dataclass
class Fault:
    """An answer given instead of the right one, `times` times."""

    method: str
    path: str
    times: int
    act: Callable[[], Response]
    after: bool = False
    """Do the work first, then answer wrongly: what a lost acknowledgement looks like."""


class FakeGateway:
    """The server and what tests may do to it."""

    def __init__(self, embed_origins: list[str] | None = None) -> None:
        """Starts in a thread of its own, on a free port."""
        self.talks: dict[str, Talk] = {}
        self.tokens: dict[str, str] = {}
        self.expired: set[str] = set()
        self.posts: list[dict[str, Any]] = []
        """Every message that arrived, repetitions too."""
        self.ratings: list[dict[str, Any]] = []
        self.photos: list[bytes] = []
        """Every photo that was taken in."""
        self.resumed_from: list[str | None] = []
        self.hosts: dict[str, str] = {}
        """Pages of this server that stand for a site: path -> HTML."""
        self.faults: list[Fault] = []
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.held = False
        self.incident: dict[str, str | None] = {"id": None, "text_vi": "", "text_en": ""}
        """What staff tell every visitor."""
        self.renew_next = False
        self.streams_allowed = True
        self._generation = 0
        self._served = Served(self._app(embed_origins or []))
        self.url = self._served.url

    def stop(self) -> None:
        """End the server."""
        self.drop_streams()
        self._served.stop()

    @property
    def talk(self) -> Talk:
        """The newest conversation."""
        return list(self.talks.values())[-1]

    @property
    def texts(self) -> list[str]:
        """What was taken in, in order, once each."""
        return [
            line.get("payload") or line["text"]
            for talk in self.talks.values()
            for line in talk.lines
            if line["from"] == "citizen"
        ]

    def fail(self, method: str, path: str, error: ApiError, *, times: int = 1, after: bool = False) -> None:
        """Refuse the next requests as the gateway would."""
        self.faults.append(Fault(method, path, times, lambda: error_response(error), after))

    def drop_streams(self) -> None:
        """Cut every event stream off in the middle."""
        self._generation += 1

    def expire(self) -> None:
        """No token is accepted any more."""
        self.expired |= set(self.tokens)

    def _app(self, embed_origins: list[str]) -> FastAPI:
        app = FastAPI(openapi_url=None)
        app.state.gateway = SimpleNamespace(settings=SimpleNamespace(province=PROVINCE))
        # All that the pages want of a gateway.
        app.state.gateway = SimpleNamespace(settings=SimpleNamespace(province=PROVINCE))
        api = "/api/v1"
        app.add_api_route(f"{api}/conversations", self._open, methods=["POST"], response_model=None)
        app.add_api_route(f"{api}/incident", self._incident, methods=["GET"], response_model=None)
        app.add_api_route(f"{api}/messages", self._message, methods=["POST"], response_model=None)
        app.add_api_route(f"{api}/events", self._events, methods=["GET"], response_model=None)
        app.add_api_route(f"{api}/conversation", self._transcript, methods=["GET"], response_model=None)
        app.add_api_route(f"{api}/conversation", self._erase, methods=["DELETE"], response_model=None)
        app.add_api_route(f"{api}/rating", self._rate, methods=["POST"], response_model=None)
        app.add_api_route(f"{api}/media", self._upload, methods=["POST"], response_model=None)
        app.add_api_route(f"{api}/media/{{name}}", self._photo, methods=["GET"], response_model=None)
        app.add_api_route("/host/{name}", self._host, methods=["GET"], response_model=None)
        app.include_router(pages.router)
        add_error_handlers(app)
        app.add_middleware(EmbedCors, embed_origins=embed_origins)
        app.add_middleware(SecurityHeaders, embed_origins=embed_origins)
        return app

    async def _host(self, name: str) -> Response:
        return HTMLResponse(self.hosts[name], headers={"Content-Security-Policy": "img-src 'self'"})

    def _fault(self, request: Request, *, after: bool) -> Response | None:
        for fault in self.faults:
            if (
                fault.after == after
                and fault.method == request.method
                and request.url.path.endswith(fault.path)
                and fault.times
            ):
                fault.times -= 1
                return fault.act()
        return None

    def _talk_of(self, request: Request) -> Talk:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            raise ApiError(401, "unauthorized")
        if token in self.expired:
            raise ApiError(401, "token_expired")
        if self.tokens[token] not in self.talks:
            raise ApiError(401, "conversation_over")
        if self.renew_next:
            self.renew_next = False
            self.expired.add(token)
            request.scope.setdefault("state", {})["fresh_token"] = self._token(self.tokens[token])
        return self.talks[self.tokens[token]]

    def _token(self, identity: str) -> str:
        token = f"token-{uuid.uuid4().hex}"
        self.tokens[token] = identity
        return token

    async def _incident(self) -> dict[str, str | None]:
        return self.incident

    async def _open(self, request: Request) -> Response:
        if refused := self._fault(request, after=False):
            return refused
        wished = NewConversation.model_validate_json(await request.body() or b"{}").language
        old = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens.get(old) in self.talks:
            identity = self.tokens[old]
            return JSONResponse({"conversation_id": identity, "token": self._token(identity), "greeting": []})
        talk = Talk(uuid.uuid4().hex, wished or "vi")
        self.talks[talk.id] = talk
        greeting = [talk.say(GREETING[talk.language])]
        return JSONResponse({"conversation_id": talk.id, "token": self._token(talk.id), "greeting": greeting})

    async def _message(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.posts.append(body)
        if refused := self._fault(request, after=False):
            return refused
        talk = self._talk_of(request)
        message = NewMessage.model_validate(body)
        if message.text is not None and len(message.text) > _TEXT_LIMIT:
            raise ApiError(413, "text_too_long", limit=_TEXT_LIMIT)
        if message.text is not None and not message.text.strip():
            raise ApiError(422, "empty_text")
        identity = self._take(talk, message)
        if refused := self._fault(request, after=True):
            return refused
        return JSONResponse({"message_id": identity}, 202)

    def _take(self, talk: Talk, message: NewMessage) -> str:
        for line in talk.lines:
            if line.get("client_id") == message.client_id:
                return str(line["id"])
        line = {
            "id": uuid.uuid4().hex,
            "from": "citizen",
            "at": _now(),
            "state": "waiting",
            "client_id": message.client_id,
        }
        line |= {"text": message.text or self._title(talk, message.payload or ""), "payload": message.payload}
        talk.lines.append(line)
        talk.events.append((None, "typing", {"on": True}))
        if not self.held:
            self.respond(talk, line)
        return str(line["id"])

    def _title(self, talk: Talk, payload: str) -> str:
        titles = {
            button["payload"]: button["title"] for line in talk.lines for button in line.get("buttons", ())
        }
        return titles.get(payload, "(bấm nút)")

    def respond(self, talk: Talk | None = None, line: dict[str, Any] | None = None) -> None:
        """Answer a message; by default the newest."""
        talk = talk or self.talk
        line = line or [each for each in talk.lines if each["from"] == "citizen"][-1]
        line["state"] = "done"
        said = line.get("payload") or line["text"]
        for content in self.answers.get(said, [reply(f"Trả lời: {said}", answer=answer())]):
            talk.say(content)
        talk.events.append((None, "typing", {"on": False}))

    async def _events(self, request: Request) -> Response:
        if refused := self._fault(request, after=False):
            return refused
        talk = self._talk_of(request)
        if not self.streams_allowed:
            raise ApiError(503, "unavailable")
        given = request.headers.get("last-event-id")
        self.resumed_from.append(given)
        return StreamingResponse(self._stream(talk, int(given or 0)), media_type="text/event-stream")

    async def _stream(self, talk: Talk, seen: int) -> AsyncIterator[str]:
        generation = self._generation
        yield "retry: 2000\n\n"
        place = 0
        fresh = len(talk.events)
        while generation == self._generation and not self._served.ending:
            while place < len(talk.events):
                number, name, data = talk.events[place]
                place += 1
                if number is None and place <= fresh:
                    continue
                if number is not None and number <= seen:
                    continue
                head = "" if number is None else f"id: {number}\n"
                yield f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
            if talk.id not in self.talks:
                yield 'event: notice\ndata: {"kind": "erased"}\n\n'
                return
            await asyncio.sleep(0.02)

    async def _transcript(self, request: Request) -> Response:
        if refused := self._fault(request, after=False):
            return refused
        talk = self._talk_of(request)
        if request.query_params.get("format") == "text":
            text = "\n".join(f"{line['from']}: {line['text']}" for line in talk.lines)
            return PlainTextResponse(
                text, headers={"Content-Disposition": 'attachment; filename="troly-test.txt"'}
            )
        lines = [
            {name: value for name, value in line.items() if name != "payload"}
            | {"media_id": sharing.photo_in(line.get("payload"))}
            for line in talk.lines
        ]
        found = {"conversation_id": talk.id, "language": talk.language, "created_at": _now()}
        return JSONResponse(found | {"last_event_id": str(talk.numbered), "messages": lines})

    async def _erase(self, request: Request) -> Response:
        if refused := self._fault(request, after=False):
            return refused
        del self.talks[self._talk_of(request).id]
        return Response(status_code=204)

    async def _rate(self, request: Request) -> Response:
        if refused := self._fault(request, after=False):
            return refused
        self._talk_of(request)
        body = await request.json()
        NewRating.model_validate(body)
        self.ratings.append(body)
        return Response(status_code=204)

    async def _upload(self, request: Request) -> Response:
        if refused := self._fault(request, after=False):
            return refused
        self._talk_of(request)
        self.photos.append(uploads._photo(request.headers["content-type"], await request.body()))
        name = f"{len(self.photos):064x}"
        return JSONResponse({"media_id": name, "payload": f'/share{{"photo": "{name}"}}'})

    async def _photo(self, request: Request, name: str) -> Response:
        self._talk_of(request)
        return Response(self.photos[int(name, 16) - 1], media_type="image/jpeg")


def _now() -> str:
    return datetime.now(UTC).isoformat()
