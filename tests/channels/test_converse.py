"""Dialogues are played over HTTP and every difference is named. The gateway is a scripted one."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from channels.commands import chat, converse
from channels.public_api import Talk, code_of
from troly.errors import TrolyError


class ScriptedGateway:
    """Speaks the public API; `script` maps a text or payload to a list of replies, or to (status, body)."""

    def __init__(self) -> None:
        self.script: dict[str, Any] = {}
        self.conversations: list[list[str]] = []
        self.tokens: list[str] = []
        self.languages: list[str | None] = []
        self.client_ids: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, content, headers = outer.answer(self.path, body, self.headers.get("Authorization"))
                payload = json.dumps(content).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str, body: dict[str, Any], token: str | None) -> tuple[int, Any, dict[str, str]]:
        if path == "/api/v1/conversations":
            self.conversations.append([])
            self.languages.append(body.get("language"))
            identity = str(len(self.conversations))
            return 200, {"conversation_id": identity, "token": identity, "greeting": [reply("Hello")]}, {}
        assert path == "/api/v1/messages?wait=true"
        self.tokens.append(str(token))
        self.client_ids.append(body["client_id"])
        said = body.get("text") or body["payload"]
        self.conversations[-1].append(said)
        outcome = self.script[said]
        if isinstance(outcome, Iterator):
            outcome = next(outcome)
        if isinstance(outcome, tuple):
            return outcome
        return 200, {"replies": outcome}, {"X-Token": f"renewed-{len(self.tokens)}"}


def reply(text: str, buttons: tuple[str, ...] = (), **answer: Any) -> dict[str, Any]:
    """A reply as the API gives it; `answer` fills the answer record, none without a status."""
    listed = [{"title": payload, "payload": payload} for payload in buttons]
    record = {"procedure_code": None, "aspect": None, "sources": [], **answer} if "status" in answer else None
    return {
        "id": "1",
        "text": text,
        "language": "vi",
        "buttons": listed,
        "links": [],
        "from": "bot",
        "answer": record,
    }


FEE = {
    "status": "answered",
    "intent": "ask_fee",
    "procedure_code": "1.001193",
    "aspect": "fee",
    "language": "vi",
}
CHOICES = tuple(f'/ask_fee{{"procedure_code": "{code}"}}' for code in ("1.001193", "2.000528"))


@pytest.fixture
def gateway() -> Iterator[ScriptedGateway]:
    made = ScriptedGateway()
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


Run = Callable[..., tuple[Result, dict[str, Any]]]


@pytest.fixture
def run(gateway: ScriptedGateway, tmp_path: Path) -> Run:
    """Play one dialogue of (user, expect) turns; the command's result and its report."""

    def play(*turns: tuple[str, dict[str, Any]]) -> tuple[Result, dict[str, Any]]:
        listed = [{"user": user, "expect": expect, "note": ""} for user, expect in turns]
        path = tmp_path / "dialogues.jsonl"
        path.write_text(json.dumps({"id": "d1", "lang": "vi", "turns": listed}), encoding="utf-8")
        report = tmp_path / "report.json"
        result = CliRunner().invoke(converse, [str(path), "--url", gateway.url, "--report", str(report)])
        return result, json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}

    return play


def differing(report: dict[str, Any], turn: int = 0) -> set[str]:
    return {check["name"] for check in report["dialogues"][0]["turns"][turn]["checks"] if not check["right"]}


def test_a_right_turn_is_right_in_everything_compared(gateway: ScriptedGateway, run: Run) -> None:
    gateway.script["phí?"] = [reply("Miễn phí.", **FEE)]
    expect = {"intent": "ask_fee", "procedure": ["1.001193"], "aspect": "fee", "language": "vi"}
    result, report = run(("phí?", expect))
    assert result.exit_code == 0
    assert " 1 ok        phí?" in result.output
    assert report["totals"]["turns right"] == pytest.approx(
        {"value": 1.0, "right": 1, "n": 1, "low": 0.2065, "high": 1.0}, abs=1e-4
    )
    assert report["totals"]["application_code right"]["n"] == 0
    assert "turns right              100.0% (1 of 1, 95% 20.7%–100.0%)" in result.output


@pytest.mark.parametrize(
    ("expect", "name"),
    [
        ({"intent": "ask_place"}, "intent"),
        ({"procedure": ["1.000894"]}, "procedure"),
        ({"procedure": []}, "procedure"),
        ({"aspect": "place"}, "aspect"),
        ({"language": "en"}, "language"),
        ({"application_code": "H49.08-251105-0312"}, "application_code"),
    ],
)
def test_what_differs_is_named_and_does_not_fail_the_command(
    gateway: ScriptedGateway, run: Run, expect: dict[str, Any], name: str
) -> None:
    gateway.script["phí?"] = [reply("Miễn phí.", **FEE)]
    result, report = run(("phí?", expect))
    assert result.exit_code == 0
    assert differing(report) == {name}
    assert f"{name}: expected" in result.output and "differs" in result.output


def test_nothing_is_compared_where_nothing_is_expected(gateway: ScriptedGateway, run: Run) -> None:
    gateway.script["ok"] = [reply("Vâng.", **{**FEE, "status": "smalltalk"})]
    _, report = run(("ok", {"intent": None, "procedure": None, "aspect": None, "application_code": None}))
    assert report["dialogues"][0]["turns"][0]["checks"] == []
    assert report["dialogues"][0]["right"] is True


def test_asking_back_with_the_right_one_among_the_choices_is_accepted(
    gateway: ScriptedGateway, run: Run
) -> None:
    gateway.script["phí?"] = [reply("Cái nào?", CHOICES, status="clarify", intent="ask_fee", language="vi")]
    _, report = run(
        ("phí?", {"procedure": ["2.000528"], "aspect": "fee"}),
        ("phí?", {"procedure": ["1.000894"], "aspect": "fee"}),
    )
    assert differing(report, 0) == set()
    assert differing(report, 1) == {"procedure"}


def test_buttons_of_an_answer_are_no_choice(gateway: ScriptedGateway, run: Run) -> None:
    gateway.script["phí?"] = [reply("Miễn phí.", CHOICES, **FEE)]
    _, report = run(("phí?", {"procedure": ["2.000528"]}))
    assert differing(report) == {"procedure"}


def test_a_number_word_in_another_sentence_takes_nothing(gateway: ScriptedGateway, run: Run) -> None:
    gateway.script["phí?"] = [reply("Cái nào?", CHOICES, status="clarify", intent="ask_fee", language="vi")]
    outside = {"status": "out_of_scope", "intent": "out_of_scope", "language": "en"}
    gateway.script["Last: the weather?"] = [reply("…", **outside)]
    _, report = run(("phí?", {}), ("Last: the weather?", {"intent": "out_of_scope", "procedure": None}))
    assert differing(report, 1) == set()


def test_the_second_of_a_list_must_be_the_second_that_was_shown(gateway: ScriptedGateway, run: Run) -> None:
    gateway.script["phí?"] = [reply("Cái nào?", CHOICES, status="clarify", intent="ask_fee", language="vi")]
    gateway.script["cái thứ 2"] = [reply("…", **{**FEE, "procedure_code": "2.000528"})]
    gateway.script["số 1"] = [reply("…", **{**FEE, "procedure_code": "2.000528"})]
    taking = {"intent": "ask_fee", "procedure": None}
    _, report = run(("phí?", {}), ("cái thứ 2", taking), ("phí?", {}), ("số 1", taking), ("số 1", taking))
    assert differing(report, 1) == set()
    assert "procedure" in {check["name"] for check in report["dialogues"][0]["turns"][1]["checks"]}
    assert differing(report, 3) == {"procedure"}
    assert differing(report, 4) == set(), "no list was shown just before: not compared"


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ([], "no reply with text"),
        ([reply(" ", **FEE)], "no reply with text"),
        ([reply("a")], "0 answer records instead of one"),
        ([reply("a", **FEE), reply("b", **FEE)], "2 answer records instead of one"),
        ([reply("a", **{**FEE, "status": "puzzled"})], "unknown status puzzled"),
        (
            (422, {"error": {"code": "empty_text", "message_en": "The message is empty."}}, {}),
            "422 empty_text: The",
        ),
        ((500, "?", {}), "status 500"),
    ],
)
def test_an_unanswered_turn_fails_the_command_and_counts_as_wrong(
    gateway: ScriptedGateway, run: Run, outcome: Any, reason: str
) -> None:
    gateway.script["phí?"] = outcome
    gateway.script["ok"] = [reply("Vâng.", status="smalltalk", intent="affirm")]
    result, report = run(("phí?", {"intent": "ask_fee"}), ("ok", {"intent": "affirm"}))
    assert result.exit_code == 1
    assert "NO ANSWER" in result.output and reason in result.output
    assert report["totals"]["turns answered"]["right"] == 1
    assert report["totals"]["intent right"]["right"] == 1, "the turn after it was still played"


def test_an_honest_error_is_an_answer_but_not_a_right_one(gateway: ScriptedGateway, run: Run) -> None:
    gateway.script["phí?"] = [reply("Xin lỗi", status="error")]
    result, report = run(("phí?", {}))
    assert result.exit_code == 0
    assert differing(report) == {"status"}
    assert report["totals"]["turns right"]["right"] == 0


def test_each_dialogue_is_a_fresh_conversation_with_its_own_token(
    gateway: ScriptedGateway, tmp_path: Path
) -> None:
    gateway.script["a"] = [reply("b", status="smalltalk", intent="greet")]
    lines = [
        {"id": name, "lang": lang, "turns": [{"user": "a"}, {"user": "a"}]}
        for name, lang in (("1", "vi"), ("2", "ja"))
    ]
    path = tmp_path / "two.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert CliRunner().invoke(converse, [str(path), "--url", gateway.url]).exit_code == 0
    assert gateway.conversations == [["a", "a"], ["a", "a"]]
    assert gateway.languages == ["vi", None], "a conversation can only begin in a language that has answers"
    assert gateway.tokens == ["Bearer 1", "Bearer renewed-1", "Bearer 2", "Bearer renewed-3"]


def test_a_refusal_for_haste_is_waited_out_and_a_slow_answer_waited_for(gateway: ScriptedGateway) -> None:
    too_fast = (429, {"error": {"code": "rate_limited", "message_en": "fast"}}, {"Retry-After": "0"})
    accepted = (202, {"message_id": "1"}, {})
    gateway.script["a"] = iter([too_fast, accepted, [reply("b", status="smalltalk")]])
    with Talk(gateway.url) as talk:
        talk.begin()
        assert [one["text"] for one in talk.say("a").replies] == ["b"]
    assert len(set(gateway.client_ids)) == 1 and len(gateway.client_ids) == 3, "three tries, one message"


def test_patience_ends(gateway: ScriptedGateway) -> None:
    gateway.script["a"] = (
        429,
        {"error": {"code": "rate_limited", "message_en": "fast"}},
        {"Retry-After": "60"},
    )
    gateway.script["b"] = (202, {"message_id": "1"}, {})
    with Talk(gateway.url, patience=0.0) as talk:
        talk.begin()
        assert talk.say("a").refused == "429 rate_limited: fast"
        assert talk.say("b").refused.startswith("no answer within")


def test_no_gateway_is_said_in_one_line(free_port: int) -> None:
    with (
        Talk(f"http://127.0.0.1:{free_port}") as talk,
        pytest.raises(TrolyError, match=r"start it with: troly serve"),
    ):
        talk.begin()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ('/ask_fee{"procedure_code": "1.001193"}', "1.001193"),
        ('/inform{"choice": 2}', None),
        ("/greet", None),
        ("/broken{", None),
        ('/odd{"procedure_code": 1}', None),
    ],
)
def test_a_payload_names_its_procedure(payload: str, code: str | None) -> None:
    assert code_of(payload) == code


def test_chat_shows_buttons_and_sources_and_sends_what_was_typed(gateway: ScriptedGateway) -> None:
    source = {"title": "Cổng", "url": "https://example.vn/1", "as_of": "2025-11-05"}
    gateway.script["phí?"] = [reply("Miễn phí.\nNộp tại xã.", CHOICES, **FEE, sources=[source])]
    gateway.script["2"] = [reply("Anh/Chị cần gì?", status="clarify")]
    gateway.script[CHOICES[1]] = [reply("Cũng miễn phí.", **FEE)]
    gateway.script["?!"] = (422, {"error": {"code": "empty_text", "message_en": "The message is empty."}}, {})
    typed = "phí?\n?!\n#3\n#2\n\n2\n#1\n"
    result = CliRunner().invoke(chat, ["--lang", "en", "--url", gateway.url], input=typed)
    assert result.exit_code == 0
    assert gateway.languages == ["en"]
    assert gateway.conversations == [["phí?", "?!", CHOICES[1], "2"]]
    for shown in (
        "#2 presses button 2",
        "Trợ Lý: Miễn phí.\n  Nộp tại xã.",
        f"  #2 {CHOICES[1]}",
        "  Source: Cổng, as of 2025-11-05, https://example.vn/1",
        "[refused: 422 empty_text: The message is empty.]",
        "There is no button 3.",
        "There are no buttons here.",
    ):
        assert shown in result.output
