"""What the Zalo Bot Platform takes and what it refuses, as far as it is documented."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

URL = re.compile(r"https?://[^\s)]+")
FIELDS = {
    "getMe": (set(), set()),
    "getUpdates": (set(), {"timeout", "offset", "limit", "allowed_updates"}),
    "setWebhook": ({"url", "secret_token"}, set()),
    "deleteWebhook": (set(), set()),
    "getWebhookInfo": (set(), set()),
    "sendMessage": ({"chat_id", "text"}, {"parse_mode", "text_styles", "reply_to_message_id"}),
    "sendPhoto": ({"chat_id", "photo"}, {"caption", "reply_to_message_id"}),
    "sendChatAction": ({"chat_id", "action"}, set()),
}


class Refused(Exception):
    """What the platform answers instead of a result."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        """`parameters` become the envelope's."""
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


class Broken(Exception):
    """An answer without the platform's envelope."""

    def __init__(self, status: int) -> None:
        """`status` is HTTP's."""
        super().__init__(status)
        self.status = status


async def body_of(request: Request, method: str) -> dict[str, Any]:
    """The parameters of a call: JSON or a form. Raises Refused."""
    if method not in FIELDS:
        raise Refused(404, "Not Found")
    raw = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            raise Refused(400, "body is no JSON") from None
    else:
        body = dict(parse_qsl(raw.decode(), keep_blank_values=True))
    if not isinstance(body, dict):
        raise Refused(400, "body is no object")
    needed, allowed = FIELDS[method]
    if missing := needed - set(body):
        raise Refused(400, f"{sorted(missing)[0]} is missing")
    if unknown := set(body) - needed - allowed:
        raise Refused(400, f"{sorted(unknown)[0]} is unknown")
    return body


def text_of(body: dict[str, Any], name: str) -> str:
    """A text or caption within its limits. Raises Refused."""
    text = body.get(name)
    if text is None and name == "caption":
        return ""
    if not isinstance(text, str):
        raise Refused(400, f"{name} must be a string")
    # UTF-16 units, the strictest way to count.
    if not 1 <= len(text.encode("utf-16-le")) // 2 <= 2000 or not text.strip():
        raise Refused(400, f"{name} must have 1 to 2000 characters")
    return text
