"""The only HTTP to Rasa: its REST channel, read strictly."""

from __future__ import annotations

import json
import re
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError

from channels.base import Answer, Button, Link, Outbound, Seen
from channels.errors import RasaFailed, RasaUnreachable
from channels.rasa_wire import Late, NotReached, Refused, Wire, WireError
from channels.rasa_workers import RasaWorkers
from troly import trace
from troly.text import clean

log = structlog.get_logger("rasa")

# "/" and the letters that compatibility normalisation turns into it.
_SLASHES = re.compile(r"[\s/\uff0f\u2044\u2215]+")

# The name of an intent and the values of its entities. Rasa's own commands are not for citizens, nor
# are those that begin with tell_: the system sends these when it has something to tell.
_PAYLOAD = re.compile(r"/(?!restart\b|back\b|session_start\b|tell_)[a-z][a-z0-9_]{0,63}(\{.*\})?", re.DOTALL)
PAYLOAD_LIMIT = 512


def neutralize(text: str) -> str:
    """The text as it may go to Rasa, which takes a text that begins with "/" for an intent.

    The slashes are dropped rather than hidden behind a mark, because a later normalisation would
    drop the mark: "/greet" -> "greet".
    """
    if not _SLASHES.match(text):
        return text
    rest = _SLASHES.sub("", text, count=1)
    return rest or "?"


def valid_payload(payload: str) -> bool:
    """Whether this can be a button's payload: /name, or /name followed by a JSON object."""
    found = _PAYLOAD.fullmatch(payload) if len(payload) <= PAYLOAD_LIMIT else None
    if not found:
        return False
    try:
        values = json.loads(found[1] or "{}")
    except (ValueError, RecursionError):
        return False
    return isinstance(values, dict) and all(map(_is_plain, values.values())) and payload == clean(payload)


def _is_plain(value: object) -> bool:
    """A button's value is a word or a whole number; code behind it expects nothing nested.

    JSON can also write what no database stores: half a character, a zero character.
    """
    return value is None or isinstance(value, int) or (isinstance(value, str) and value == clean(value))


class _Custom(BaseModel):
    """What our response generator adds to a text."""

    language: str | None = None
    links: list[Link] | None = None
    answer: Answer | None = None
    seen: Seen | None = None
    secret: bool = False


class RasaClient:
    """Asks Rasa for the answer to one message."""

    def __init__(self, *bases: str, seconds: float, wire: Wire | None = None) -> None:
        """`bases`: the addresses of Rasa; `seconds` for a whole turn, unless send() is given another."""
        self._wire = wire or Wire()
        self.workers = RasaWorkers(self._wire, bases)
        self._seconds = seconds

    async def send(
        self,
        conversation_id: str,
        message: str,
        *,
        channel: str,
        message_id: str,
        language: str | None,
        seconds: float | None = None,
        visitor: str | None = None,
        secret: bool = False,
        photo: str | None = None,
    ) -> list[Outbound]:
        """The replies to a text or a payload, at least one.

        `visitor`: whom attempts are counted for; `secret`: the message must not be kept; `photo`: the
        stored one beside a text.
        Raises RasaUnreachable, RasaFailed.
        """
        metadata = {"channel": channel, "language_hint": language, "message_id": message_id}
        more = {"visitor": visitor} | ({"secret": True} if secret else {}) if visitor or secret else {}
        more |= {"photo": photo} if photo else {}
        body = {"sender": conversation_id, "message": message, "metadata": metadata | more}
        status, content = await self._posted(conversation_id, body, seconds or self._seconds)
        if status != 200:
            raise RasaFailed(f"status_{status}")
        try:
            items = json.loads(content)
        except ValueError:
            raise RasaFailed("protocol") from None
        replies = read_replies(items, language)
        if not replies:
            raise RasaFailed("empty")  # how a REST channel that is not ours reports an exception
        return replies

    async def _posted(self, conversation_id: str, body: object, seconds: float) -> tuple[int, bytes]:
        """What the conversation's worker says; the next one is asked only where nothing reached the first."""
        for worker in self.workers.for_conversation(conversation_id):
            try:
                return await self._wire.post(worker.webhook, body, seconds, trace.headers())
            except NotReached as error:
                if isinstance(error, Refused):
                    self.workers.unreachable(worker)
            except Late:
                raise RasaFailed("timeout") from None
            except WireError:
                raise RasaFailed("connection") from None
        raise RasaUnreachable

    async def close(self) -> None:
        """Close the connections."""
        await self._wire.close()

    async def ready(self, seconds: float) -> list[bool]:
        """For each Rasa whether it has a model loaded."""
        return await self.workers.look(seconds)


def read_replies(items: Any, language: str | None) -> list[Outbound]:
    """Replies from the REST channel's items; a `custom` item completes the item before it.

    Raises RasaFailed("protocol") for anything that is not such a list.
    """
    if not isinstance(items, list):
        raise RasaFailed("protocol")
    replies: list[Outbound] = []
    for item in items:
        if not isinstance(item, dict):
            raise RasaFailed("protocol")
        try:
            if item.get("text") or item.get("image"):
                replies.append(
                    Outbound(
                        text=item.get("text") or "",
                        language=language or "vi",
                        buttons=[Button.model_validate(button) for button in item.get("buttons") or []],
                        image=item.get("image"),
                    )
                )
        except (ValidationError, TypeError):
            raise RasaFailed("protocol") from None
        if custom := item.get("custom"):
            _complete(replies, custom)
    return replies


def _complete(replies: list[Outbound], custom: Any) -> None:
    """Add language, links and answer to the last reply; a malformed record must not cost the text."""
    if not replies or not isinstance(custom, dict):
        log.error("rasa_custom_malformed", reason="no text before it" if not replies else "not an object")
        return
    reply = replies[-1]
    try:
        record = _Custom.model_validate(custom)
    except ValidationError as error:
        fields = [".".join(map(str, found["loc"])) for found in error.errors()]
        log.error("rasa_custom_malformed", fields=fields)
        return
    reply.language = record.language or reply.language
    reply.links += record.links or []
    reply.answer = record.answer or reply.answer
    reply.seen = record.seen or reply.seen
    reply.secret = record.secret
