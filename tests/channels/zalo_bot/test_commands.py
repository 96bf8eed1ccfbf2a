"""Commands that citizens type."""

from __future__ import annotations

import pytest

from channels.reception import Received
from channels.zalo_bot.commands import command_of
from troly.clock import now


def written(text: str | None) -> Received:
    """A message with this text."""
    return Received(external_id="a", message_id="1", received_at=now(), text=text)


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("/start", "/greet"),
        ("/START", "/greet"),
        ("/batdau", "/greet"),
        ("/help", "/ask_capabilities"),
        ("/lang", "/change_language"),
        ("/hoso", "/check_application_status"),
        ("/canbo", "/talk_to_human"),
        ("/phananh", "/report_issue"),
        ("/data", "/delete_my_data"),
    ],
)
def test_a_command_asks_for_its_intent(text: str, payload: str) -> None:
    assert command_of(written(text)) == (None, payload)


@pytest.mark.parametrize("text", ["/delete", "/xoa", "/Delete"])
def test_the_wish_to_be_forgotten(text: str) -> None:
    assert command_of(written(text)) == "erase"


def test_a_status_command_with_a_code_is_the_code() -> None:
    assert command_of(written("/status H49.08-251105-0312")) == ("H49.08-251105-0312", None)


@pytest.mark.parametrize(
    "text", [None, "", "/", "start", "/dance", "/start now", "/delete the road", '/greet{"a":1}', "/greet"]
)
def test_anything_else_is_words(text: str | None) -> None:
    assert command_of(written(text)) is None
