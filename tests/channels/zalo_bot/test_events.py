"""Reading events: both shapes of the body, every kind of message, and what is not for us."""

from __future__ import annotations

from typing import Any

import pytest

from channels.zalo_bot.events import NotAnEvent, read
from troly.clock import now

CITIZEN = "6ede9afa66b88fe6d6a9"


def event(kind: str = "text", *, chat: dict[str, Any] | None = None, **content: Any) -> dict[str, Any]:
    """An event as it was seen live."""
    message = {
        "message_id": "2d758cb5e222177a4e35",
        "chat": {"id": CITIZEN, "chat_type": "PRIVATE"} if chat is None else chat,
        "from": {"id": CITIZEN, "display_name": "Nguyễn Văn A", "is_bot": False},
        "date": 1750316131602,
    }
    return {"event_name": f"message.{kind}.received", "message": message | content}


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_text_is_read_from_both_shapes(wrapped: bool) -> None:
    body = event(text="xin chào")
    received = read({"ok": True, "result": body} if wrapped else body)
    assert received is not None
    assert (received.external_id, received.message_id) == (CITIZEN, "2d758cb5e222177a4e35")
    assert (received.text, received.media, received.button, received.payload) == (
        "xin chào",
        None,
        None,
        None,
    )
    assert received.display_name == "Nguyễn Văn A"
    assert abs((now() - received.received_at).total_seconds()) < 5, "our clock, not the platform's"


@pytest.mark.parametrize(
    ("kind", "content", "media"),
    [
        ("image", {"photo": "https://a.zdn.vn/1"}, {"kind": "image", "url": "https://a.zdn.vn/1"}),
        ("image", {"photo_url": "https://a.zdn.vn/1"}, {"kind": "image", "url": "https://a.zdn.vn/1"}),
        (
            "image",
            {"photo": "https://a.zdn.vn/1", "caption": "biên nhận"},
            {"kind": "image", "url": "https://a.zdn.vn/1", "caption": "biên nhận"},
        ),
        ("image", {}, {"kind": "image"}),
        ("sticker", {"sticker": "bfe4"}, {"kind": "sticker", "file_id": "bfe4"}),
        (
            "voice",
            {"voice_url": "https://a.zdn.vn/1.aac"},
            {"kind": "voice", "url": "https://a.zdn.vn/1.aac"},
        ),
        ("link", {"url": "https://example.vn"}, {"kind": "link", "url": "https://example.vn"}),
        ("unsupported", {}, {"kind": "unsupported"}),
        ("unsupported", {"text": "hidden"}, {"kind": "unsupported"}),
    ],
)
def test_other_messages_are_media(kind: str, content: dict[str, Any], media: dict[str, Any]) -> None:
    received = read(event(kind, **content))
    assert received is not None
    assert (received.text, received.media) == (None, media)


def test_a_link_with_words_is_a_text() -> None:
    received = read(event("link", text="xem https://example.vn", url="https://example.vn"))
    assert received is not None
    assert (received.text, received.media) == ("xem https://example.vn", None)


@pytest.mark.parametrize(
    "body",
    [
        event(text="x") | {"event_name": "message.reaction.received"},
        event(text="x") | {"event_name": "bot.added"},
        {"event_name": "message.text.received"},
        {"event_name": "message.text.received", "message": "x"},
        event(text="x", **{"from": {"id": CITIZEN, "is_bot": True}}),
        event(text="x", chat={"id": "group", "chat_type": "GROUP"}),
        event(text="x", chat={"id": "group"}),
        event(text="x", chat={}),
        event(text="x", **{"from": None}),
        event(text="   "),
        event(text=None),
        event(text=7),
    ],
)
def test_what_is_not_for_us_is_passed_over(body: dict[str, Any]) -> None:
    assert read(body) is None


def test_a_private_chat_without_its_type_is_known_by_the_citizens_id() -> None:
    received = read(event(text="x", chat={"id": CITIZEN}))
    assert received is not None
    assert received.external_id == CITIZEN


@pytest.mark.parametrize("body", [None, [], "x", 7, {}, {"ok": True}, {"result": []}, {"event_name": 7}])
def test_what_is_no_event_is_refused(body: object) -> None:
    with pytest.raises(NotAnEvent):
        read(body)


def test_numbers_as_ids_become_strings() -> None:
    received = read(event(text="x", message_id=12, chat={"id": 34, "chat_type": "PRIVATE"}))
    assert received is not None
    assert (received.external_id, received.message_id) == ("34", "12")


def test_a_message_without_an_id_is_known_again_by_its_content() -> None:
    first, again, other = (
        read(event(text=text, message_id=None)) for text in ("một \ud800", "một \ud800", "hai")
    )
    assert first and again and other
    assert first.message_id == again.message_id != other.message_id


def test_what_no_database_stores_is_taken_out() -> None:
    received = read(event(text="xin\x00 ch\u00e0o \ud83d"))
    assert received is not None
    assert received.text == "xin chào"
