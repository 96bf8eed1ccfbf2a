"""What Zalo takes as a consultation message, checked to the letter, and how a phone shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.base import Shown

WORDS = {
    -32: "Your application reached limit call api",
    -100: "attachment_id was expired",
    -201: "Params is invalid",
    -210: "Parameter exceeds allowable limit",
    -213: "User has not followed OA",
    -216: "Access token is invalid",
    -217: "User has blocked invitation from OA",
    -218: "Out of quota receive",
    -220: "access_token is expired or removed",
    -230: "User has not interacted with the OA in the past 7 days",
    -232: "User has not interacted, or last interaction expired",
    -233: "message type is invalid or not support",
    -234: "This message cannot be sent at night (10:00PM - 6:00AM)",
    -244: "User has restricted this message type from your OA",
}


class Refused(Exception):
    """An error in the body; Zalo says it with HTTP status 200."""

    def __init__(self, code: int, why: str = "") -> None:
        """`why` is for whoever reads `violations`."""
        super().__init__(why or WORDS.get(code, "error"))
        self.code = code
        self.why = why


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to press, and what comes back as a text."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Screen:
    """A message as shown, and what its buttons do."""

    shown: Shown
    choices: list[Choice]
    attachment: str | None
    """The id of an uploaded image or file."""


def check(message: Any, *, lists: bool, text_only: bool = False) -> Screen:
    """The message as the citizen sees it. Raises Refused."""
    if not isinstance(message, dict) or not message:
        raise Refused(-201, "message must be an object")
    if unknown := set(message) - {"text", "attachment", "quote_message_id"}:
        raise Refused(-201, f"message.{sorted(unknown)[0]} is unknown")
    text = _string(message, "text", 2000, needed="attachment" not in message)
    attachment = message.get("attachment")
    if attachment is None:
        return Screen(Shown(text), [], None)
    if text_only:
        raise Refused(-233, "an anonymous visitor is sent text only")
    if not isinstance(attachment, dict) or set(attachment) != {"type", "payload"}:
        raise Refused(-201, "attachment must have type and payload")
    payload = attachment["payload"]
    if not isinstance(payload, dict):
        raise Refused(-201, "payload must be an object")
    if attachment["type"] == "file":
        if text:
            raise Refused(-201, "a file has no text")
        return Screen(Shown("", image="file"), [], _string(payload, "token", 1000))
    if attachment["type"] != "template":
        raise Refused(-233, f"type {attachment['type']}")
    match payload.get("template_type"):
        case None | "button":
            return _buttons(text, payload)
        case "media":
            return _media(text, payload)
        case "list" if lists:
            return _list(text, payload)
    raise Refused(-233, f"template_type {payload.get('template_type')}")


def _buttons(text: str, payload: dict[str, Any]) -> Screen:
    if not text:
        raise Refused(-201, "buttons need a text")
    _only(payload, {"template_type", "buttons"})
    choices, links = _pressable(payload.get("buttons"), needed=True)
    return Screen(Shown(text, [choice.title for choice in choices], links), choices, None)


def _list(text: str, payload: dict[str, Any]) -> Screen:
    if text:
        raise Refused(-201, "a list has no text")
    _only(payload, {"template_type", "elements", "buttons"})
    elements = payload.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 5:
        raise Refused(-210, "1 to 5 elements")
    choices, links, lines = [], [], []
    for element in elements:
        if not isinstance(element, dict):
            raise Refused(-201, "an element is an object")
        _only(element, {"title", "subtitle", "image_url", "default_action"})
        title, subtitle = _string(element, "title", 100), _string(element, "subtitle", 500, needed=False)
        action = element.get("default_action")
        if not isinstance(action, dict):
            raise Refused(-201, "default_action is missing")
        lines.append(f"{title} – {subtitle}" if subtitle else title)
        if action.get("type") == "oa.open.url":
            links.append(_address(action.get("url")))
        elif action.get("type") in ("oa.query.hide", "oa.query.show"):
            choices.append(Choice(lines[-1], _string(action, "payload", 1000)))
        else:
            raise Refused(-201, "default_action.type")
    more, addresses = _pressable(payload.get("buttons"), needed=False)
    choices += more
    shown = Shown("\n".join(lines), [choice.title for choice in choices], links + addresses)
    return Screen(shown, choices, None)


def _media(text: str, payload: dict[str, Any]) -> Screen:
    _only(payload, {"template_type", "elements"})
    elements = payload.get("elements")
    if not isinstance(elements, list) or len(elements) != 1 or not isinstance(elements[0], dict):
        raise Refused(-201, "one element")
    element = elements[0]
    _only(element, {"media_type", "attachment_id", "url"})
    if element.get("media_type") != "image":
        raise Refused(-201, "media_type")
    if ("url" in element) == ("attachment_id" in element):
        raise Refused(-201, "either url or attachment_id")
    if "url" in element:
        return Screen(Shown(text, image=_address(element["url"])), [], None)
    return Screen(Shown(text, image="uploaded"), [], _string(element, "attachment_id", 1000))


def _pressable(buttons: Any, *, needed: bool) -> tuple[list[Choice], list[str]]:
    if buttons is None and not needed:
        return [], []
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 5:
        raise Refused(-210, "1 to 5 buttons")
    choices, links = [], []
    for button in buttons:
        if not isinstance(button, dict):
            raise Refused(-201, "a button is an object")
        _only(button, {"type", "title", "payload", "image_icon"})
        title = _string(button, "title", 100)
        payload = button.get("payload")
        match button.get("type"):
            case "oa.query.hide" | "oa.query.show":
                choices.append(Choice(title, _string(button, "payload", 1000)))
            case "oa.open.url" if isinstance(payload, dict) and set(payload) == {"url"}:
                links.append(_address(payload["url"]))
            case "oa.open.phone" if isinstance(payload, dict) and set(payload) == {"phone_code"}:
                if not str(payload["phone_code"]).isdecimal():
                    raise Refused(-201, "phone_code has digits only")
                links.append(f"tel:{payload['phone_code']}")
            case kind:
                raise Refused(-201, f"button {kind}")
    return choices, links


def _only(given: dict[str, Any], allowed: set[str]) -> None:
    if unknown := set(given) - allowed:
        raise Refused(-201, f"{sorted(unknown)[0]} is unknown")


def _string(given: dict[str, Any], name: str, limit: int, *, needed: bool = True) -> str:
    value = given.get(name)
    if value is None and not needed:
        return ""
    # UTF-16 units, the strictest way to count.
    if not isinstance(value, str) or not value.strip() or len(value.encode("utf-16-le")) // 2 > limit:
        raise Refused(-201, f"{name} must have 1 to {limit} characters")
    return value


def _address(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 1000 or urlsplit(value).scheme not in ("http", "https"):
        raise Refused(-201, "url")
    return value
