"""Replies as the gateway makes them, in few words."""

from __future__ import annotations

from typing import Any

from channels.base import Answer, Button, Link, Reply, Source


def reply(text: str, *, language: str = "vi", **more: Any) -> dict[str, Any]:
    """A reply without an id, checked against the API's form."""
    checked = Reply(id="0", text=text, language=language, **more)
    return {name: value for name, value in checked.model_dump(mode="json").items() if name != "id"}


def answer(status: str = "answered", **more: Any) -> Answer:
    """An answer record; `sources` as (title, url, as_of)."""
    sources = [Source(title=title, url=url, as_of=as_of) for title, url, as_of in more.pop("sources", [])]
    return Answer(status=status, sources=sources, **more)


def buttons(*pairs: tuple[str, str]) -> list[Button]:
    """Buttons from (title, payload)."""
    return [Button(title=title, payload=payload) for title, payload in pairs]


def links(*pairs: tuple[str, str]) -> list[Link]:
    """Links from (title, url)."""
    return [Link(title=title, url=url) for title, url in pairs]


GREETING = {
    "vi": reply(
        "Chào Anh/Chị! Tôi là Trợ Lý, trợ lý ảo về thủ tục hành chính.\nAnh/Chị cần làm thủ tục gì?",
        buttons=buttons(("Hỏi thủ tục", "/ask_procedure"), ("Tra hồ sơ đã nộp", "/check_application_status")),
        answer=answer("smalltalk", intent="greet"),
    ),
    "en": reply(
        "Hello! I am the assistant for administrative procedures.\nWhat do you need to do?",
        language="en",
        buttons=buttons(
            ("Find a procedure", "/ask_procedure"), ("Check my application", "/check_application_status")
        ),
        answer=answer("smalltalk", intent="greet"),
    ),
}
