"""Whatever comes in: a clear answer or a clear refusal, nothing executed, nothing lost for the others."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from running import Running
from visitors import Visitor

_BIRTH = "1.001193"

# What a citizen may send, and what must not be in the answer because it would show an evaluation.
_ANSWERED = {
    "4,900 characters": ("đăng ký khai sinh " * 272, ()),
    "4,900 times one letter": ("a" * 4900, ()),
    "4,900 digits": ("1" * 4900, ()),
    "4,900 brackets": ("(" * 4900, ()),
    "many lines": ("\n" * 1000 + "x" + "\n" * 1000 + "y", ()),
    "emoji only": ("😀😀👍🏽👨‍👩‍👧", ()),
    "flags only": ("🇻🇳🇻🇳", ()),
    "signs only": ("?!…---***", ()),
    "HTML": ("<script>alert(1)</script><img src=x onerror=alert(1)>", ("<script", "onerror")),
    "SQL": ("'; DROP TABLE conversation; DELETE FROM inbox; --", ()),
    "SQL in Vietnamese": ("lệ phí' OR '1'='1' UNION SELECT * FROM tracker_events --", ()),
    "Jinja": ("{{7*7}} {% for x in config %}{{x}}{% endfor %}", ("49",)),
    "format string": ("{0.__class__.__mro__}", ("class", "object")),
    "slot name": ("{language} {code} {title} {documents}", ()),
    "shell": ("$(touch /tmp/x) `id` ; reboot", ("uid=",)),
    "log lookup": ("${jndi:ldap://127.0.0.1:1/x}", ()),
    "printf": ("%s%n%d%x", ()),
    "YAML": ("!!python/object/apply:os.system ['id']", ("uid=",)),
    "control characters": ("lệ\x00 phí\x07\x1b[31m khai\x08 sinh\x7f\x9f", ("\x00", "\x07", "\x1b", "\x08")),
    "right-to-left override": ("\u202eđăng ký\u202c \u2066khai sinh\u2069", ("\u202e", "\u2066")),
    "zero width": ("đăng\u200b ký\u2060 khai\ufeff sinh", ("\u200b", "\u2060", "\ufeff")),
    "many marks": ("k" + "\u0301" * 400 + "hai sinh", ()),
    "unassigned": ("\U000e0001\ufdd0\uffff\U0010ffff", ()),
    "a JSON text": ('{"text": "x", "sender": "y"}', ()),
    "only a slash": ("/", ()),
    "Rasa's restart": ("/restart", ()),
    "Rasa's session start": ("/session_start", ()),
    "Rasa's back": ("/back", ()),
    "an action's name": ("/action_restart", ()),
    "a full-width slash": ("／restart", ()),
    "a hidden slash": ("\u2060/restart", ()),
    "slashes": ("////restart", ()),
    "an external event": ("EXTERNAL: /restart", ()),
}  # fmt: skip

_MESSAGE_LIMIT = "5000"

# body -> status, and what the refusal must name
_REFUSED = {
    "10,000 characters": ({"text": "x" * 10_000}, 413, _MESSAGE_LIMIT),
    "10,000 letters of many bytes": ({"text": "ộ" * 5001}, 413, _MESSAGE_LIMIT),
    "a large body": (b'{"text": "%s", "client_id": "1"}' % (b"a" * 70_000), 413, "64"),
    "empty": ({"text": ""}, 422, ""),
    "blank": ({"text": " \t\n\u00a0"}, 422, ""),
    "invisible": ({"text": "\u200b\u202e\u2060\ufeff\x00"}, 422, ""),
    "half a character": ({"text": "a\ud800b"}, 422, "text"),
    "the other half": ({"text": "\udfff"}, 422, "text"),
    "a number": ({"text": 5}, 422, "text"),
    "a truth": ({"text": True}, 422, "text"),
    "a list": ({"text": ["lệ phí"]}, 422, "text"),
    "an object": ({"text": {"$ne": None}}, 422, "text"),
    "nothing": ({}, 422, ""),
    "null": ({"text": None}, 422, ""),
    "text and payload": ({"text": "a", "payload": "/greet"}, 422, ""),
    "no client id": ({"text": "a", "client_id": ""}, 422, "client_id"),
    "a client id with a space": ({"text": "a", "client_id": "a b"}, 422, "client_id"),
    "no JSON": (b"text=a", 422, ""),
    "no UTF-8": (b'{"text": "\xff\xfe", "client_id": "1"}', 422, ""),
    "no body": (b"", 422, ""),
    "an array": (b"[]", 422, ""),
    "deeply nested": (b'{"text": ' * 5_000, 422, ""),
    "deeply nested, closed": (b'{"text": "a", "x": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", 422, ""),
    "not a number": (b'{"text": NaN, "client_id": "1"}', 422, "text"),
    "Rasa's restart as a payload": ({"payload": "/restart"}, 422, ""),
    "Rasa's session start as a payload": ({"payload": "/session_start"}, 422, ""),
    "a payload without a slash": ({"payload": "greet"}, 422, ""),
    "a payload with a rest": ({"payload": '/ask_fee{"a": 1} x'}, 422, ""),
    "a payload of another kind": ({"payload": {"intent": "greet"}}, 422, "payload"),
    "a long payload": ({"payload": "/ask_fee" + json.dumps({"procedure_code": "1" * 600})}, 422, ""),
    "a payload with a list": ({"payload": "/ask_fee[1]"}, 422, ""),
    "a payload in capitals": ({"payload": "/EXTERNAL"}, 422, ""),
    "a deeply nested payload": ({"payload": '/ask_fee{"a":' + "[" * 200 + "]" * 200 + "}"}, 422, ""),
    "an object in a payload": ({"payload": '/change_language{"requested_language": {"x": 1}}'}, 422, ""),
    "half a character in a payload": ({"payload": '/ask_fee{"procedure_code": "\\ud800"}'}, 422, ""),
    "a control character in a payload": ({"payload": '/ask_fee{"procedure_code": "\\u0000"}'}, 422, ""),
    "not a number in a payload": ({"payload": '/affirm{"ordinal": NaN}'}, 422, ""),
}  # fmt: skip

_PAYLOADS = {
    "/no_such_intent",
    "/nlu_fallback",
    "/inform",
    "/ask_fee",
    '/ask_fee{"procedure_code": "9.999999"}',
    '/ask_fee{"procedure_code": 1}',
    '/ask_fee{"procedure_code": null}',
    '/ask_fee{"procedure_code": ""}',
    '/ask_fee{"procedure_code": "{0.__class__}"}',
    '/ask_fee{"procedure_code": "\' OR 1=1 --"}',
    '/ask_documents{"procedure_code": "1.001193", "page": "-5", "case": "x"}',
    '/ask_documents{"procedure_code": "1.001193", "page": "99999999999999999999", "case": "-1"}',
    '/ask_fee{"choices": "x", "aspect": "y", "requested_slot": "z"}',
    '/affirm{"ordinal": 99999999999999999999999}',
    '/affirm{"ordinal": "x"}',
    '/greet{"language": "xx"}',
    '/greet{"language": 7}',
    '/change_language{"requested_language": "klingon"}',
    '/inform_application_code{"application_code": 5}',
    '/check_application_status{"application_code": "../../demo/applications"}',
    '/inform_application_code{"malformed_code": "{0.__class__}"}',
}


@pytest.fixture(scope="module")
def bystander(stack: Running) -> Iterator[Visitor]:
    """Someone who talks about birth registration meanwhile."""
    with stack.visitor("vi") as made:
        assert made.say("đăng ký khai sinh").about == (_BIRTH, "overview")
        yield made


@pytest.fixture(autouse=True)
def _nobody_else_notices(stack: Running, bystander: Visitor) -> Iterator[None]:
    children = stack.children()
    yield
    assert bystander.say("lệ phí bao nhiêu").about == (_BIRTH, "fee")
    assert stack.children() == children, "a process had to be started again"


@pytest.mark.parametrize(("text", "unwanted"), _ANSWERED.values(), ids=_ANSWERED)
def test_an_odd_text_is_answered_and_changes_nothing(
    visitor: Visitor, text: str, unwanted: tuple[str, ...]
) -> None:
    visitor.press(f'/ask_procedure{{"procedure_code": "{_BIRTH}"}}')
    turn = visitor.say(text)
    assert turn.status != "error", turn
    assert not [one for one in unwanted if one in turn.text], turn.text
    # Neither the conversation's memory nor the conversation itself was reset.
    assert visitor.say("mất bao nhiêu tiền vậy").answer["procedure_code"] == _BIRTH
    assert len(visitor.transcript()) >= 7


@pytest.mark.parametrize(("body", "status", "named"), _REFUSED.values(), ids=_REFUSED)
def test_what_cannot_be_answered_is_refused_in_both_languages(
    visitor: Visitor, body: dict[str, Any] | bytes, status: int, named: str
) -> None:
    response = visitor.post(body)
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert error["code"] and error["message_vi"] != error["message_en"]
    assert named in error["message_vi"] and named in error["message_en"]
    assert len(visitor.transcript()) == 1, "a refused message must not be kept"


@pytest.mark.parametrize("payload", sorted(_PAYLOADS))
def test_a_payload_that_no_button_has_is_answered(visitor: Visitor, payload: str) -> None:
    turn = visitor.press(payload)
    assert turn.status not in ("handed_over", "portal_unavailable")
    assert (turn.status == "error") == (payload == "/nlu_fallback"), turn
    assert "<class" not in turn.text and "__mro__" not in turn.text


def test_a_text_that_looks_like_a_payload_is_no_payload(visitor: Visitor) -> None:
    assert visitor.say('/change_language{"requested_language": "en"}x').status != "error"
    # A button's payload would be free of everything that the text is read for.
    turn = visitor.say('/inform_application_code{"application_code": "H49.33-250421-0001"}')
    assert turn.answer["application_code"] in (None, "H49.33-250421-0001")
    line = visitor.transcript()[-2]
    assert line["from"] == "citizen" and line["text"].startswith("/inform_application_code")


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKD"])
def test_letters_in_parts_are_the_same_letters(visitor: Visitor, form: str) -> None:
    turn = visitor.say(unicodedata.normalize(form, "Đăng ký khai sinh cần giấy tờ gì?"))
    assert turn.about == (_BIRTH, "documents") and turn.languages == {"vi"}


def test_unknown_addresses_and_methods_are_refused_in_the_same_form(stack: Running, visitor: Visitor) -> None:
    for method, path, status in [
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/api/v1/messages", 405),
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/webhooks/rest/webhook", 404),
    ]:
        response = visitor.http.request(method, path)
        assert response.status_code == status and set(response.json()) == {"error"}, (path, response.text)
    strange = {"Authorization": "Bearer x.y.z"}
    assert visitor.http.get("/api/v1/conversation", headers=strange).status_code == 401


def test_many_odd_messages_at_once_are_all_answered(stack: Running) -> None:
    texts = [text for text, _ in _ANSWERED.values()]

    def one(text: str) -> str:
        with stack.visitor() as made:
            return made.say(text).status

    with ThreadPoolExecutor(8) as pool:
        assert "error" not in set(pool.map(one, texts))
