"""The public API: what it gives, and what it refuses."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as some
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

BUTTON = '/ask_fee{"procedure_code":"1.001193"}'


def code(response: httpx.Response, status: int) -> str:
    """The code of a refusal, after checking that it is one in both languages."""
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["message_vi"] and error["message_en"] and error["message_vi"] != error["message_en"]
    return str(error["code"])


def token_aged(conversation_id: str, seconds: float, key: str = "a key for tests") -> dict[str, str]:
    """Headers with a token made so long ago."""

    class Past(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time() - seconds)

    made = URLSafeTimedSerializer(key, salt="troly.conversation", signer=Past).dumps(conversation_id)
    return {"Authorization": f"Bearer {made}"}


def rows(tmp_path: Path, query: str) -> list[Any]:
    with sqlite3.connect(tmp_path / "test.db") as connection:
        return connection.execute(query).fetchall()


# Conversations and tokens


async def test_the_assistant_greets_in_a_new_conversation(stack: Any, rasa: Any) -> None:
    opened = (await stack.http.post("/api/v1/conversations", json={"language": "en"})).json()
    assert set(opened) == {"conversation_id", "token", "greeting"}
    assert [reply["text"] for reply in opened["greeting"]] == ["echo: /greet"]
    assert rasa.seen == [(opened["conversation_id"], "/greet")]


@pytest.mark.parametrize(("language", "word"), [("vi", "Chào"), ("en", "Hello"), (None, "Chào")])
async def test_without_rasa_the_gateway_greets_with_the_main_buttons(
    start: Any, language: str | None, word: str
) -> None:
    async with start() as stack:
        response = await stack.http.post("/api/v1/conversations", json={"language": language})
        (greeting,) = response.json()["greeting"]
        assert greeting["text"].startswith(word)
        assert len(greeting["buttons"]) == 8
        assert greeting["answer"]["status"] == "smalltalk"


async def test_a_conversation_can_be_opened_without_a_body(stack: Any) -> None:
    assert (await stack.http.post("/api/v1/conversations")).status_code == 200


async def test_the_client_cannot_choose_the_conversation_id(stack: Any) -> None:
    visitor = await stack.visitor(conversation_id="mine", id="mine", sender="mine")
    assert re.fullmatch("[0-9a-f]{32}", visitor.id)


@pytest.mark.parametrize("path", ["/api/v1/conversation", "/api/v1/events"])
@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic dTpw", "Bearer", "Bearer ế"])
async def test_without_a_valid_token_nothing_is_shown(stack: Any, path: str, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode()}
    response = await stack.http.get(path, headers=headers)
    assert code(response, 401) == "unauthorized"
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_token_signed_with_another_key_is_refused(stack: Any) -> None:
    visitor = await stack.visitor()
    forged = token_aged(visitor.id, 0, key="another key")
    assert code(await stack.http.get("/api/v1/conversation", headers=forged), 401) == "unauthorized"


async def test_a_token_is_renewed_when_more_than_half_its_life_is_gone(stack: Any) -> None:
    visitor = await stack.visitor()
    fresh = await stack.http.get("/api/v1/conversation", headers=token_aged(visitor.id, 29 * 60))
    assert "x-token" not in fresh.headers
    stale = await stack.http.get("/api/v1/conversation", headers=token_aged(visitor.id, 31 * 60))
    renewed = {"Authorization": f"Bearer {stale.headers['x-token']}"}
    again = await stack.http.get("/api/v1/conversation", headers=renewed)
    assert again.status_code == 200 and "x-token" not in again.headers


async def test_an_expired_token_opens_nothing_but_can_be_exchanged_for_24_hours(stack: Any) -> None:
    visitor = await stack.visitor()
    late, too_late = token_aged(visitor.id, 24 * 3600), token_aged(visitor.id, 26 * 3600)
    assert code(await stack.http.get("/api/v1/conversation", headers=late), 401) == "token_expired"
    again = (await stack.http.post("/api/v1/conversations", headers=late)).json()
    assert again["conversation_id"] == visitor.id and again["greeting"] == []
    headers = {"Authorization": f"Bearer {again['token']}"}
    assert (await stack.http.get("/api/v1/conversation", headers=headers)).status_code == 200
    new = (await stack.http.post("/api/v1/conversations", headers=too_late)).json()
    assert new["conversation_id"] != visitor.id and new["greeting"]


# Messages


async def test_a_button_shows_its_title_in_the_transcript(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor()
    await visitor.ask("khai sinh")
    assert (await visitor.send(payload=BUTTON, wait=True)).status_code == 200
    assert rasa.messages()[-1] == BUTTON
    said = [line["text"] for line in (await visitor.transcript())["messages"] if line["from"] == "citizen"]
    assert said == ["khai sinh", "Lệ phí"]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "ask_fee",
        "/",
        "/ask fee",
        "/ask_fee{",
        "/ask_fee[1]",
        '/ask_fee{"a":1} and more',
        "/restart",
        "/session_start",
        "/back{}",
        "EXTERNAL: x",
        "/a@0.9{}",
        '/x{"a":"\u202e"}',
        '/x{"a":"' + "b" * 512 + '"}',
        "/x" + '{"a":' * 200 + "1" + "}" * 200,
        '/x{"a":{"b":1}}',
        '/x{"a":[1]}',
        '/x{"a":"\\ud800"}',
        '/x{"a":"\\u0000"}',
        '/x{"a":NaN}',
    ],
)
async def test_what_is_no_payload_is_refused(stack: Any, payload: str) -> None:
    visitor = await stack.visitor()
    assert code(await visitor.send(payload=payload), 422) == "bad_payload"


@pytest.mark.parametrize("text", ["", "  \n", "\u200b\u202e\u0000", "\ufeff"])
async def test_a_message_without_content_is_refused(stack: Any, text: str) -> None:
    visitor = await stack.visitor()
    assert code(await visitor.send(text), 422) == "empty_text"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("👍🏽", "👍🏽"),
        ("khai\u202e sinh\u0000", "khai sinh"),
        ("le\u0302\u0323 phi\u0301", "lệ phí"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("'; DROP TABLE inbox; --", "'; DROP TABLE inbox; --"),
        ("{{7*7}} ${7*7}", "{{7*7}} ${7*7}"),
    ],
)
async def test_odd_texts_are_cleaned_and_answered(stack: Any, rasa: Any, text: str, seen: str) -> None:
    visitor = await stack.visitor()
    assert await visitor.ask(text) == f"echo: {seen}"
    assert rasa.messages() == [seen]


async def test_the_limit_of_a_text_is_named(stack: Any) -> None:
    visitor = await stack.visitor()
    assert (await visitor.send("a" * 5000)).status_code == 202
    response = await visitor.send("a" * 10_000)
    assert code(response, 413) == "text_too_long"
    assert "5000" in response.json()["error"]["message_vi"]


async def test_a_large_body_is_refused_with_and_without_a_length(stack: Any) -> None:
    visitor = await stack.visitor()
    body = json.dumps({"text": "a", "client_id": "c", "more": "x" * 70_000}).encode()
    headers = visitor.headers | {"Content-Type": "application/json"}
    whole = await stack.http.post("/api/v1/messages", content=body, headers=headers)
    assert code(whole, 413) == "body_too_large"

    async def chunks() -> Any:
        for start in range(0, len(body), 8192):
            yield body[start : start + 8192]

    piecewise = await stack.http.post("/api/v1/messages", content=chunks(), headers=headers)
    assert code(piecewise, 413) == "body_too_large"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"text": "a"}',
        b'{"client_id": "c"}',
        b'{"text": "a", "payload": "/a", "client_id": "c"}',
        b'{"text": 5, "client_id": "c"}',
        b'{"text": ["a"], "client_id": "c"}',
        b'{"text": "a", "client_id": 5}',
        b'{"text": "a", "client_id": ""}',
        b'{"text": "a", "client_id": "a b"}',
        b'{"text": "a\\ud800", "client_id": "c"}',
        b'{"text": "a", "client_id": "\\udfff"}',
        b"\xff\xfe{",
        b'{"text": "\xc3\x28", "client_id": "c"}',
        b"[" * 60_000,
        b'{"text": ' + b"9" * 20_000 + b', "client_id": "c"}',
    ],
)
async def test_a_malformed_body_is_refused(stack: Any, body: bytes) -> None:
    visitor = await stack.visitor()
    headers = visitor.headers | {"Content-Type": "application/json"}
    response = await stack.http.post("/api/v1/messages", content=body, headers=headers)
    assert code(response, 422) == "invalid"


async def test_a_body_that_is_not_json_is_refused(stack: Any) -> None:
    visitor = await stack.visitor()
    form = await stack.http.post("/api/v1/messages", data={"text": "a"}, headers=visitor.headers)
    assert code(form, 422) == "invalid"


async def test_an_unknown_language_is_refused(stack: Any) -> None:
    assert code(await stack.http.post("/api/v1/conversations", json={"language": "xx"}), 422) == "invalid"


async def test_unknown_addresses_and_methods_are_refused_in_the_same_form(stack: Any) -> None:
    assert code(await stack.http.get("/api/v1/nothing"), 404) == "not_found"
    assert code(await stack.http.put("/api/v1/messages"), 405) == "method_not_allowed"


@budget(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=some.one_of(
        some.binary(max_size=200),
        some.recursive(
            some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
            lambda inner: (
                some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=9), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        some.fixed_dictionaries(
            {"client_id": some.text(max_size=5) | some.just("c")},
            optional={
                "text": some.text() | some.none() | some.integers(),
                "payload": some.from_regex(r"/[a-z_]+(\{.*\})?", fullmatch=True) | some.text(),
            },
        ),
    ),
    path=some.sampled_from(["messages", "messages", "messages", "conversations", "rating"]),
)
def test_no_body_whatsoever_breaks_the_api(body: Any, path: str, fuzzed: Any) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = fuzzed(path, content)
    assert response.status_code in (200, 202, 204, 401, 413, 422), response.text
    if response.status_code >= 400:
        assert response.json()["error"]["code"]


@pytest.fixture
def fuzzed(make_settings: Any) -> Any:
    """Posts to an application in a loop of its own (hypothesis runs outside of the test's loop)."""
    from channels.app import create_app

    with asyncio.Runner() as runner:
        app = create_app(make_settings())
        http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway")
        opened = runner.run(http.post("/api/v1/conversations")).json()
        headers = {"Authorization": f"Bearer {opened['token']}", "Content-Type": "application/json"}

        def post(path: str, content: bytes) -> httpx.Response:
            return runner.run(http.post(f"/api/v1/{path}", content=content, headers=headers))

        yield post
        runner.run(app.state.gateway.engine.dispose())


# Limits


async def test_fifty_messages_at_once_are_limited_and_nobody_else_suffers(start: Any, rasa: Any) -> None:
    async with start(rasa_url=rasa.url, messages_per_minute=20) as stack:
        loud, quiet = await stack.visitor(), await stack.visitor()
        responses = await asyncio.gather(*(loud.send("x") for _ in range(50)))
        accepted = [response for response in responses if response.status_code == 202]
        refused = [response for response in responses if response.status_code == 429]
        assert len(accepted) == 20 and len(refused) == 30
        assert code(refused[0], 429) == "rate_limited"
        assert 1 <= int(refused[0].headers["retry-after"]) <= 60
        assert await quiet.ask("tôi chỉ hỏi một câu") == "echo: tôi chỉ hỏi một câu"
        assert len(await loud.answers(20)) == 20


async def test_new_conversations_are_limited_by_address_behind_a_trusted_proxy(start: Any) -> None:
    async with start(conversations_per_hour=2) as stack:

        async def opened(address: str) -> int:
            headers = {"X-Forwarded-For": f"203.0.113.99, {address}"}
            return (await stack.http.post("/api/v1/conversations", headers=headers)).status_code

        assert [await opened("198.51.100.1") for _ in range(3)] == [200, 200, 429]
        assert await opened("198.51.100.2") == 200


async def test_an_untrusted_proxy_cannot_invent_addresses(start: Any) -> None:
    async with start(conversations_per_hour=2, trusted_proxies="10.0.0.0/8") as stack:
        statuses = [
            (
                await stack.http.post(
                    "/api/v1/conversations", headers={"X-Forwarded-For": f"198.51.100.{last}"}
                )
            ).status_code
            for last in range(3)
        ]
        assert statuses == [200, 200, 429]


# Events


async def test_replies_and_typing_arrive_as_events(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor()
    rasa.delay = 0.1
    seen = []
    async with visitor.events("1") as events:
        await visitor.send("một")
        async for event in events:
            seen.append((event["event"], event.get("id"), event["data"].get("on", event["data"].get("text"))))
            if seen[-1][0] == "typing" and seen[-1][2] is False:
                break
    assert seen == [("typing", None, True), ("reply", "2", "echo: một"), ("typing", None, False)]


async def test_a_stream_resumes_after_the_last_event_without_loss_or_repetition(
    stack: Any, rasa: Any
) -> None:
    visitor = await stack.visitor()
    received: list[tuple[str, str]] = []
    sending = asyncio.create_task(_send_all(visitor, 30))
    last = "0"
    while len(received) < 31:
        async with asyncio.timeout(10), visitor.events(last) as events:
            async for event in events:
                if event["event"] == "reply":
                    last = event["id"]
                    received.append((event["id"], event["data"]["text"]))
                    if len(received) % 4 == 0 or len(received) == 31:
                        break  # the connection is lost
    await sending
    assert [int(number) for number, _ in received] == list(range(1, 32))
    assert [text for _, text in received[1:]] == [f"echo: câu {number}" for number in range(30)]


async def _send_all(visitor: Any, count: int) -> None:
    for number in range(count):
        await visitor.send(f"câu {number}")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("given_id", [None, "", "nonsense", "-3", "9" * 30, "²"])
async def test_without_a_usable_last_event_id_the_stream_begins_at_the_beginning(
    stack: Any, given_id: str | None
) -> None:
    visitor = await stack.visitor()
    visitor.headers |= {} if given_id is None else {"Last-Event-ID": given_id.encode()}
    async with visitor.events() as events:
        async for event in events:
            assert event["id"] == "1"
            break


async def test_an_id_of_the_future_does_not_hide_what_comes(stack: Any) -> None:
    visitor = await stack.visitor()
    async with visitor.events("5000") as events:
        await visitor.send("một")
        async for event in events:
            if event["event"] == "reply":
                assert event["id"] == "2"
                break


async def test_a_silent_stream_is_kept_alive(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from channels.web import events

    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    visitor = await stack.visitor()
    async with visitor.http.stream("GET", "/api/v1/events", headers=visitor.headers) as response:
        assert response.headers["x-accel-buffering"] == "no"
        beats = 0
        async for line in response.aiter_lines():
            beats += line.startswith(":")
            if beats == 2:
                break


async def test_a_long_stream_renews_the_token(stack: Any) -> None:
    visitor = await stack.visitor()
    visitor.headers = token_aged(visitor.id, 40 * 60)
    async with visitor.events("1") as events:
        async for event in events:
            assert event["event"] == "notice" and event["data"]["kind"] == "token"
            headers = {"Authorization": f"Bearer {event['data']['token']}"}
            assert (await stack.http.get("/api/v1/conversation", headers=headers)).status_code == 200
            break


async def test_erasing_ends_the_stream(stack: Any) -> None:
    visitor = await stack.visitor()
    async with visitor.events("1") as events:
        await stack.http.delete("/api/v1/conversation", headers=visitor.headers)
        assert [event["data"] async for event in events] == [{"kind": "erased"}]


async def test_too_many_streams_of_one_conversation_are_refused(stack: Any) -> None:
    visitor = await stack.visitor()
    subscriptions = [stack.gateway.broker.listen(visitor.id) for _ in range(16)]
    for subscription in subscriptions:
        subscription.__enter__()
    response = await stack.http.get("/api/v1/events", headers=visitor.headers)
    assert code(response, 429) == "rate_limited"
    assert response.headers["retry-after"] == "5"


async def test_an_answer_that_is_waited_for_is_the_one_that_is_stored(stack: Any, rasa: Any) -> None:
    visitor = await stack.visitor()
    handed = await visitor.send("lệ phí", wait=True, client_id="one")
    read = await visitor.send("lệ phí", wait=True, client_id="one")
    assert handed.status_code == read.status_code == 200
    assert handed.json() == read.json()
    assert handed.json()["replies"][0]["from"] == "bot"
    assert rasa.messages(visitor.id) == ["lệ phí"]


async def test_an_answer_from_another_process_is_found_in_the_outbox(
    stack: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack.gateway.awaited, "give", lambda *_: None)
    visitor = await stack.visitor()
    assert await visitor.ask("lệ phí") == "echo: lệ phí"


async def test_waiting_too_long_gives_the_message_id(
    stack: Any, rasa: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels.web import api

    monkeypatch.setattr(api, "WAIT_SECONDS", 0.1)
    visitor = await stack.visitor()
    rasa.delay = 0.3
    response = await visitor.send("lâu", wait=True)
    assert response.status_code == 202
    assert re.fullmatch("[0-9a-f]{32}", response.json()["message_id"])
    assert await visitor.answers(1) == ["echo: lâu"]


# Transcript, erasure, rating


async def test_the_transcript_has_both_sides_in_order(stack: Any) -> None:
    visitor = await stack.visitor()
    await visitor.ask("một")
    await visitor.ask("hai")
    found = await visitor.transcript()
    assert [(line["from"], line["text"]) for line in found["messages"]] == [
        ("bot", "echo: /greet"),
        ("citizen", "một"),
        ("bot", "echo: một"),
        ("citizen", "hai"),
        ("bot", "echo: hai"),
    ]
    assert found["last_event_id"] == found["messages"][-1]["id"] == "3"
    assert found["messages"][1]["client_id"] == "c1" and found["messages"][1]["state"] == "done"
    assert found["messages"][2]["answer"]["status"] == "answered"


async def test_the_transcript_can_be_kept_as_a_file_with_local_times(stack: Any) -> None:
    visitor = await stack.visitor()
    await visitor.ask("lệ phí?")
    response = await stack.http.get("/api/v1/conversation?format=text", headers=visitor.headers)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="troly-[\d-]+\.txt"', response.headers["content-disposition"])
    lines = response.text.splitlines()
    assert re.fullmatch(r"\[\d\d/\d\d \d\d:\d\d:\d\d\] Anh/Chị: lệ phí\?", lines[4])
    assert re.fullmatch(r"\[\d\d/\d\d \d\d:\d\d:\d\d\] Trợ lý: echo: lệ phí\?", lines[5])
    assert lines[6] == "  Nguồn: https://example.test/1.001193"
    assert "số giấy tờ Anh/Chị tự viết ở chỗ khác cũng được che" in lines[-1]


async def test_erasing_forgets_everything_and_ends_the_session(
    stack: Any, remember: Any, tmp_path: Path
) -> None:
    visitor, other = await stack.visitor(), await stack.visitor()
    await visitor.ask("một")
    await stack.http.post("/api/v1/rating", json={"value": "up"}, headers=visitor.headers)
    remember(visitor.id)
    remember(other.id)
    assert (await stack.http.delete("/api/v1/conversation", headers=visitor.headers)).status_code == 204
    for table in ("inbox", "rating"):
        assert rows(tmp_path, f"SELECT count(*) FROM {table}") == [(0,)]
    for table in ("tracker_event", "tracker_snapshot"):
        assert rows(tmp_path, f"SELECT sender_id FROM {table}") == [(other.id,)]
    for method, path in (("GET", "conversation"), ("GET", "events"), ("DELETE", "conversation")):
        response = await stack.http.request(method, f"/api/v1/{path}", headers=visitor.headers)
        assert code(response, 401) == "conversation_over"
    assert code(await visitor.send("còn đó không?"), 401) == "conversation_over"
    rating = await stack.http.post("/api/v1/rating", json={"value": 1}, headers=visitor.headers)
    assert code(rating, 401) == "conversation_over"
    assert (await other.transcript())["messages"]


@pytest.mark.parametrize(
    ("value", "stored"), [(1, ("stars", 1)), (5, ("stars", 5)), ("up", ("thumb", 1)), ("down", ("thumb", 0))]
)
async def test_a_rating_is_stored_and_the_last_one_counts(
    stack: Any, tmp_path: Path, value: Any, stored: tuple[str, int]
) -> None:
    visitor = await stack.visitor()
    await visitor.ask("một")
    for given_value in (3, value):
        body = {"reply_id": "2", "value": given_value, "comment": "tốt\u202e"}
        response = await stack.http.post("/api/v1/rating", json=body, headers=visitor.headers)
        assert response.status_code == 204
    assert rows(tmp_path, "SELECT target, scale, value, comment FROM rating") == [("reply:2", *stored, "tốt")]


async def test_a_message_or_the_whole_conversation_can_be_rated(stack: Any, tmp_path: Path) -> None:
    visitor = await stack.visitor()
    message_id = (await visitor.send("một")).json()["message_id"]
    for body in ({"message_id": message_id, "value": "up"}, {"value": 4}):
        response = await stack.http.post("/api/v1/rating", json=body, headers=visitor.headers)
        assert response.status_code == 204
    assert rows(tmp_path, "SELECT target FROM rating ORDER BY id") == [
        (f"message:{message_id}",),
        ("conversation",),
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"value": 0}, "invalid"),
        ({"value": 6}, "invalid"),
        ({"value": True}, "invalid"),
        ({"value": "5"}, "invalid"),
        ({}, "invalid"),
        ({"value": 1, "comment": "x" * 1001}, "invalid"),
        ({"value": 1, "reply_id": "x"}, "invalid"),
        ({"value": 1, "reply_id": "999999999"}, "unknown_target"),
        ({"value": 1, "message_id": "0" * 32}, "unknown_target"),
    ],
)
async def test_a_rating_of_nothing_or_with_no_known_value_is_refused(
    stack: Any, tmp_path: Path, body: dict[str, Any], expected: str
) -> None:
    visitor = await stack.visitor()
    response = await stack.http.post("/api/v1/rating", json=body, headers=visitor.headers)
    assert code(response, 422) == expected
    assert rows(tmp_path, "SELECT count(*) FROM rating") == [(0,)]


async def test_ratings_of_other_conversations_are_refused(stack: Any) -> None:
    one, two = await stack.visitor(), await stack.visitor()
    message_id = (await one.send("một")).json()["message_id"]
    response = await stack.http.post(
        "/api/v1/rating", json={"message_id": message_id, "value": 1}, headers=two.headers
    )
    assert code(response, 422) == "unknown_target"
