"""Reading Rasa's REST channel."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from channels.errors import RasaError, RasaFailed, RasaUnreachable
from channels.rasa import RasaClient, neutralize, read_replies, valid_payload


def client(answer: Any) -> RasaClient:
    """A client whose transport gives this answer, or raises it."""

    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    return RasaClient(httpx.AsyncClient(transport=httpx.MockTransport(handle)), "http://rasa/", seconds=1)


async def ask(answer: Any) -> Any:
    return await client(answer).send("c", "x", channel="web", message_id="m", language=None)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (httpx.ConnectError("x"), RasaUnreachable, "unreachable"),
        (httpx.ConnectTimeout("x"), RasaUnreachable, "unreachable"),
        (httpx.ReadTimeout("x"), RasaFailed, "timeout"),
        (httpx.RemoteProtocolError("x"), RasaFailed, "connection"),
        (httpx.Response(500), RasaFailed, "status_500"),
        (httpx.Response(404, json=[]), RasaFailed, "status_404"),
        (httpx.Response(200, text="<html>"), RasaFailed, "protocol"),
        ({"text": "x"}, RasaFailed, "protocol"),
        ([{"text": "x", "buttons": [{"title": "no payload"}]}], RasaFailed, "protocol"),
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
    assert await client(httpx.Response(200, json={})).ready(1) == [True]
    assert await client(httpx.Response(409)).ready(1) == [False]
    assert await client(httpx.ConnectError("x")).ready(1) == [False]
