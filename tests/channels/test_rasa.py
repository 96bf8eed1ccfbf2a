"""Reading Rasa's REST channel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from channels.errors import RasaError, RasaFailed, RasaUnreachable
from channels.rasa import RasaClient, neutralize, read_replies, valid_payload
from channels.rasa_wire import Late, NotReached, Refused, Wire, WireError


class Told(Wire):
    """Gives this answer, or raises it."""

    def __init__(self, answer: Any) -> None:
        super().__init__()
        self._answer = answer

    async def post(
        self, address: str, body: object, seconds: float, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        status = await self.status(address, seconds)
        content = self._answer[1] if isinstance(self._answer, tuple) else json.dumps(self._answer).encode()
        return status, content

    async def status(self, address: str, seconds: float) -> int:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer[0] if isinstance(self._answer, tuple) else 200


def client(answer: Any) -> RasaClient:
    return RasaClient("http://rasa/", seconds=1, wire=Told(answer))


async def ask(answer: Any) -> Any:
    return await client(answer).send("c", "x", channel="web", message_id="m", language=None)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (Refused(), RasaUnreachable, "unreachable"),
        (NotReached(), RasaUnreachable, "unreachable"),
        (Late(), RasaFailed, "timeout"),
        (WireError(), RasaFailed, "connection"),
        ((500, b""), RasaFailed, "status_500"),
        ((404, b"[]"), RasaFailed, "status_404"),
        ((200, b"<html>"), RasaFailed, "protocol"),
        ({"text": "x"}, RasaFailed, "protocol"),
        ([{"text": "x", "buttons": [{"title": "no payload"}]}], RasaFailed, "protocol"),
        ((200, b"\xff"), RasaFailed, "protocol"),
        ([], RasaFailed, "empty"),
        ([{"recipient_id": "c"}], RasaFailed, "empty"),
        ([{"custom": {"language": "vi"}}], RasaFailed, "empty"),
    ],
)
async def test_each_failure_has_its_kind_and_reason(answer: Any, kind: type[RasaError], reason: str) -> None:
    with pytest.raises(RasaError) as caught:
        await ask(answer)
    assert type(caught.value) is kind and caught.value.reason == reason


def test_structure_belongs_to_the_text_before_it() -> None:
    items = [
        {"text": "one"},
        {
            "custom": {
                "language": "en",
                "links": [{"title": "t", "url": "u"}],
                "answer": {"status": "clarify"},
            }
        },
        {"text": "two", "image": "https://x/y.png"},
    ]
    one, two = read_replies(items, "vi")
    assert (one.language, one.links[0].url, one.answer and one.answer.status) == ("en", "u", "clarify")
    assert (two.language, two.links, two.answer, two.image) == ("vi", [], None, "https://x/y.png")


@pytest.mark.parametrize("custom", [{"answer": {"status": "great"}}, {"links": [5]}, "text", {"language": 5}])
def test_a_malformed_record_does_not_cost_the_text(custom: Any) -> None:
    (reply,) = read_replies([{"text": "one"}, {"custom": custom}], "vi")
    assert (reply.text, reply.answer) == ("one", None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/greet", "greet"),
        ("  // x", "x"),
        ("／a", "a"),
        ("a/b", "a/b"),
        ("1/2", "1/2"),
        ("/", "?"),
        ("", ""),
    ],
)
def test_no_text_reaches_rasa_as_a_command(text: str, expected: str) -> None:
    assert neutralize(text) == expected


@pytest.mark.parametrize(
    ("payload", "valid"),
    [
        ("/affirm", True),
        ('/inform{"choice":2}', True),
        ('/inform{"procedure":"Đăng ký khai sinh"}', True),
        ("/inform{}", True),
        ("/inform[]", False),
        ("/Inform", False),
        ("/inform{'choice':2}", False),
        ("/restart", False),
        ("/restart_form", True),
        ("//inform", False),
        ("/inform\n", False),
        ("/" + "a" * 65, False),
    ],
)
def test_only_names_with_json_objects_are_payloads(payload: str, valid: bool) -> None:
    assert valid_payload(payload) is valid


async def test_rasa_is_ready_when_it_has_a_model() -> None:
    assert await client((200, b"{}")).ready(1) == [True]
    assert await client((409, b"")).ready(1) == [False]
    assert await client(Refused()).ready(1) == [False]
