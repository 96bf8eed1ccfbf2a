"""Every message of a measurement is counted once, as answered or with the reason why it failed."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

import channels.bench as bench_module
import channels.bench_visitors as visitors_module
from channels.bench import WINDOW, Turn, measure_load, measure_turns
from channels.bench_commands import bench
from channels.bench_messages import Case
from channels.bench_processes import Process, Snapshot, snapshot
from channels.bench_visitors import Outcome, PublicApi, Visitor
from troly.clock import now
from troly.database import engine
from troly.errors import TrolyError, UsageError
from troly.settings import settings
from troly.tables import Base
from troly.tables.catalogue import CatalogueProcedure

GREETING = "xin chào"
CODES = [f"1.00{number:04}" for number in range(60)]


def reply(text: str = "Vâng.", **answer: Any) -> dict[str, Any]:
    return {"id": "1", "text": text, "buttons": [], "answer": answer or None}


class FakeGateway:
    """Speaks the public API. `behave` gives (status, body) for a text; by default what each case expects."""

    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.client_ids: list[str] = []
        self.opened = 0
        self.behave: Callable[[str], Any] = self.usual
        self.opening: tuple[int, Any] | None = None
        self.renewed = ""
        self.hang = Event()
        lock = Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one packet: apart, the second waits for an acknowledgement

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    status, content = outer.answer(self.path, body, self.headers.get("Authorization", ""))
                if status == 0:
                    outer.hang.wait(20)
                    self.close_connection = True
                    return
                payload = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                if outer.renewed:
                    self.send_header("X-Token", outer.renewed)
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @staticmethod
    def usual(text: str) -> tuple[int, Any]:
        return 200, {"replies": [reply(status="smalltalk" if text == GREETING else "answered")]}

    def answer(self, path: str, body: dict[str, Any], token: str) -> tuple[int, Any]:
        if path == "/api/v1/conversations":
            self.opened += 1
            return self.opening or (200, {"token": str(self.opened), "greeting": []})
        assert path == "/api/v1/messages?wait=true"
        self.texts.append((token, body["text"]))
        self.client_ids.append(body["client_id"])
        outcome: tuple[int, Any] = self.behave(body["text"])
        return outcome


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    made = FakeGateway()
    thread = Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.hang.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The database of the settings, with a catalogue of CODES and some that must not be asked for."""
    address = f"sqlite:///{tmp_path / 'troly.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", address)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    made = engine(address)
    Base.metadata.create_all(made)
    rows = [procedure(code) for code in CODES]
    rows.append(procedure("1.999998", province="quang ninh"))
    rows.append(procedure("1.999999", withdrawn_at=now()))
    rows.append(procedure("BTP-277"))
    with made.begin() as connection:
        connection.execute(CatalogueProcedure.__table__.insert(), rows)
    made.dispose()
    yield address
    settings.cache_clear()


def procedure(code: str, **values: Any) -> dict[str, Any]:
    texts = dict.fromkeys(("name", "folded_name", "field", "type", "content_hash", "list_hash"), "x")
    row = {"id": code, "code": code, "levels": [], "detail": {}, "as_of": now(), **texts}
    return row | {"name_en": None, "province": None, "updated_at": None, "withdrawn_at": None} | values


Run = Callable[..., tuple[Result, dict[str, Any]]]


@pytest.fixture
def run(gateway: FakeGateway, tmp_path: Path) -> Run:
    """The command against the fake gateway; its result and its JSON."""

    def call(*arguments: str, visitors: str = "1", turns: str = "") -> tuple[Result, dict[str, Any]]:
        file = tmp_path / "out" / "bench.json"
        options = ["--url", gateway.url, "--json", str(file), "--seconds", "0.2"]
        result = CliRunner().invoke(bench, [*options, "--visitors", visitors, "--turns", turns, *arguments])
        return result, json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}

    return call


def case_of(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(case for case in report["ours"]["cases"] if case["case"] == name)


def test_every_message_is_counted_and_every_visitor_has_a_conversation(
    gateway: FakeGateway, run: Run
) -> None:
    result, report = run(visitors="3,1", turns="1,5")
    assert result.exit_code == 0, result.output
    cases = report["ours"]["cases"]
    names = ("plain", "portal_cached", "portal", "finder")
    assert [(case["case"], case["visitors"]) for case in cases] == [(n, v) for n in names for v in (1, 3)]
    assert gateway.opened == 4 * (1 + 3) + 1
    warmed = 4 * (1 + 3) * 2
    long = 5 + WINDOW - 1
    assert sum(case["sent"] for case in cases) + warmed + long == len(gateway.texts)
    assert all(case["answered"] == case["sent"] > 0 and case["failures"] == {} for case in cases)
    assert all(0 < case["p50_ms"] <= case["p95_ms"] <= case["p99_ms"] <= case["max_ms"] for case in cases)
    assert all(case["per_second"] > 0 for case in cases)
    assert len(set(gateway.client_ids)) == len(gateway.client_ids)
    assert [(turn["turn"], turn["case"]) for turn in report["ours"]["turns"]] == [
        (1, "plain"), (1, "portal_cached"), (5, "plain"), (5, "portal_cached"),
    ]  # fmt: skip
    assert report["ours"]["failed"] == 0 and "FAILED" not in result.output


def test_no_procedure_is_asked_twice_without_the_cache_and_only_national_ones_in_force(
    gateway: FakeGateway, run: Run
) -> None:
    run(visitors="1,2")
    asked = [text for _, text in gateway.texts if text.startswith("Lệ phí")]
    usual = f"Lệ phí của thủ tục {CODES[0]} là bao nhiêu?"
    assert asked.count(usual) > 3, "the cache hit is one procedure again and again"
    others = [text for text in asked if text != usual]
    assert len(others) == len(set(others))
    assert {text.split()[5] for text in others} <= set(CODES)
    searched = [text for _, text in gateway.texts if "thì" in text]
    assert len(searched) == len(set(searched)) > 0, (
        "a sentence asked twice would come from the encoder's cache"
    )


def test_without_a_catalogue_that_case_is_left_out_and_said(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    settings.cache_clear()
    result, report = run()
    assert result.exit_code == 0
    assert [case["case"] for case in report["ours"]["cases"]] == ["plain", "portal_cached", "finder"]
    assert "without a cache hit are left out" in result.output


GOOD = {"replies": [reply(status="smalltalk")]}


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        ((500, b"oops"), "status 500"),
        ((429, {"error": {"code": "rate_limited"}}), "429 rate_limited"),
        ((200, {"replies": []}), "empty reply"),
        ((200, {"replies": [reply(" ", status="smalltalk")]}), "empty reply"),
        ((200, {"replies": [reply()]}), "0 answer records"),
        ((200, {"replies": [reply(status="smalltalk"), reply(status="smalltalk")]}), "2 answer records"),
        ((200, {"replies": [reply(status="error")]}), "answer error"),
        ((200, {"replies": [reply(status="portal_unavailable")]}), "answer portal_unavailable"),
        ((200, b"<html>"), "answer in another form"),
        ((200, {"replies": [3]}), "answer in another form"),
    ],
)
def test_what_is_no_right_answer_is_counted_by_its_reason(
    gateway: FakeGateway, run: Run, outcome: Any, word: str
) -> None:
    # Two messages go before the clock starts; the third and fifth are measured ones.
    numbers = iter(range(1, 1_000_000))
    gateway.behave = lambda text: (
        gateway.usual(text) if text != GREETING or next(numbers) not in (3, 5) else outcome
    )
    result, report = run()
    plain = case_of(report, "plain")
    failed = plain["failed"]  # on a busy machine the fifth may come after the end
    assert failed in (1, 2) and plain["failures"] == {word: failed}
    assert plain["answered"] == plain["sent"] - failed > 0
    assert case_of(report, "finder")["failures"] == {}
    assert report["ours"]["failed"] == failed
    assert f"plain answer, 1 visitors: {failed} × {word}\n" in result.output
    assert result.exit_code == 1


def test_failures_before_the_clock_starts_and_in_the_long_conversation_are_counted_too(
    gateway: FakeGateway, run: Run
) -> None:
    greetings = iter(range(1, 1_000_000))
    gateway.behave = lambda text: (
        (500, b"") if text == GREETING and next(greetings) == 1 else gateway.usual(text)
    )
    _, report = run()
    assert case_of(report, "plain")["failures"] == {"status 500": 1}

    gateway.behave = lambda text: (500, b"") if text == GREETING else gateway.usual(text)
    result, report = run(turns="1")
    assert report["ours"]["turn_failures"] == {"status 500": WINDOW // 2}
    assert "the long conversation: 10 × status 500" in result.output
    assert case_of(report, "plain")["p50_ms"] is None, "no answer, no latency"


def test_a_connection_that_breaks_is_a_failure(gateway: FakeGateway, run: Run) -> None:
    gateway.hang.set()
    gateway.behave = lambda text: (0, None) if text == GREETING else gateway.usual(text)
    result, report = run()
    assert set(case_of(report, "plain")["failures"]) == {"connection: RemoteProtocolError"}
    assert case_of(report, "plain")["answered"] == 0 and result.exit_code == 1


def test_an_answer_that_never_comes_ends_the_case_after_a_grace(
    gateway: FakeGateway, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_module, "GRACE", 0.1)
    numbers = iter(range(1, 1_000_000))
    gateway.behave = lambda text: (
        (0, None) if text == GREETING and next(numbers) == 4 else gateway.usual(text)
    )
    _, report = run()
    assert case_of(report, "plain")["failures"] == {"no answer in time": 1}
    assert case_of(report, "plain")["answered"] == 1


def test_a_slow_answer_is_waited_for_as_the_same_message(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = iter([(202, {"message_id": "1"}), (200, GOOD), (202, {"message_id": "2"})])
    gateway.behave = lambda _: next(outcomes)
    first = asked(gateway.url)
    assert (first.status, first.failure) == ("smalltalk", "")
    assert len(gateway.client_ids) == 2 and len(set(gateway.client_ids)) == 1
    monkeypatch.setattr(visitors_module, "PATIENCE", 0.0)
    assert asked(gateway.url).failure == "no answer in time"


def asked(url: str) -> Outcome:
    async def ask() -> Outcome:
        async with PublicApi(url) as api:
            return await (await api.visitor()).ask(GREETING)

    return asyncio.run(ask())


def test_one_kind_of_message_can_be_measured_alone(gateway: FakeGateway, run: Run) -> None:
    _, report = run("--case", "finder", "--case", "plain")
    assert [case["case"] for case in report["ours"]["cases"]] == ["plain", "finder"]
    assert not any("thủ tục" in text for _, text in gateway.texts)


def test_other_answers_to_a_search_are_shown_but_a_failure_of_the_service_is_one(
    gateway: FakeGateway, run: Run
) -> None:
    statuses = iter(["answered", "answered", "smalltalk", "clarify", "error", "portal_unavailable"])
    gateway.behave = lambda _: (200, {"replies": [reply(status=next(statuses, "answered"))]})
    result, report = run("--case", "finder")
    finder = case_of(report, "finder")
    assert finder["failures"] == {"answer error": 1, "answer portal_unavailable": 1}
    assert finder["statuses"]["smalltalk"] == finder["statuses"]["clarify"] == 1
    assert sum(finder["statuses"].values()) == finder["answered"]
    assert "answers to needs the finder: " in result.output and "1 smalltalk" in result.output


def test_each_visitor_keeps_its_own_conversation(gateway: FakeGateway, run: Run) -> None:
    run(visitors="2")
    assert {token for token, _ in gateway.texts} == {f"Bearer {number}" for number in range(1, 9)}


def test_a_gateway_that_opens_no_conversation_is_said_in_one_line(gateway: FakeGateway, run: Run) -> None:
    gateway.opening = (429, {"error": {"code": "too_many_conversations"}})
    result, _ = run()
    assert isinstance(result.exception, TrolyError)
    assert "429 too_many_conversations" in str(result.exception)
    assert "CONVERSATIONS_PER_HOUR" in str(result.exception)


def test_no_gateway_is_said_in_one_line(free_port: int) -> None:
    result = CliRunner().invoke(bench, ["--url", f"http://127.0.0.1:{free_port}"])
    assert isinstance(result.exception, TrolyError) and "start it with: troly serve" in str(result.exception)


def test_a_renewed_token_is_used_from_then_on(gateway: FakeGateway) -> None:
    async def ask_thrice() -> None:
        async with PublicApi(gateway.url) as api:
            visitor = await api.visitor()
            await visitor.ask("a")
            gateway.renewed = "fresh"
            await visitor.ask("b")
            await visitor.ask("c")

    asyncio.run(ask_thrice())
    assert gateway.texts == [("Bearer 1", "a"), ("Bearer 1", "b"), ("Bearer fresh", "c")]


@pytest.mark.parametrize(
    "url", ["https://troly.example.vn", "http://10.0.0.1:8000", "http://127.0.0.1.example.vn", "nonsense"]
)
def test_only_this_machine_is_measured(url: str) -> None:
    result = CliRunner().invoke(bench, ["--url", url])
    assert isinstance(result.exception, UsageError) and "not on this machine" in str(result.exception)


@pytest.mark.parametrize("numbers", ["0", "1,x", "-1", "1;2", "513", "1.5"])
def test_numbers_of_visitors_must_be_numbers(numbers: str) -> None:
    result = CliRunner().invoke(bench, ["--visitors", numbers])
    assert result.exit_code == 2 and "numbers from 1 to 512" in result.output


def test_no_visitors_at_all_are_refused() -> None:
    result = CliRunner().invoke(bench, ["--visitors", ""])
    assert isinstance(result.exception, UsageError) and "--visitors" in str(result.exception)


def test_cost_is_unknown_without_a_process_and_known_with_one(run: Run) -> None:
    result, report = run()
    assert case_of(report, "plain")["cpu_ms"] is None and "--pid" in result.output
    result, report = run("--pid", str(os.getpid()))
    plain = case_of(report, "plain")
    assert plain["cpu_ms"] > 0 and sum(plain["cpu_ms_by_process"].values()) == pytest.approx(
        plain["cpu_ms"], abs=0.01
    )
    memory = report["ours"]["memory"]["end"]
    assert memory["rss_together"] == sum(memory["rss"].values()) > 10_000_000
    assert 0 < memory["pss_together"] <= memory["rss_together"]


class Numbered:
    """Answers turn n after n seconds, as it says."""

    def __init__(self) -> None:
        self.turn = 0
        self.fails: set[int] = set()

    async def visitor(self) -> Visitor:
        return self

    async def ask(self, text: str) -> Outcome:
        self.turn += 1
        assert text == ("even" if self.turn % 2 == 0 else "odd")
        return Outcome(self.turn, failure="broken" if self.turn in self.fails else "")


def at(target: Numbered) -> Snapshot:
    return Snapshot({1: Process("rasa", float(target.turn), 0, 0)}, 0.0, 0.0, float(target.turn))


ALTERNATING = [
    Case("odd", "odd turns", ("odd",), frozenset(), repeats=True),
    Case("even", "even turns", ("even",), frozenset(), repeats=True),
]


async def test_the_turns_from_each_mark_on_are_looked_at() -> None:
    target = Numbered()
    target.fails = {5, 31, 32}
    turns, failures = await measure_turns(target, ALTERNATING, (10, 30), 60, lambda: at(target))
    assert target.turn == 30 + WINDOW - 1
    found = {(turn.mark, turn.case): turn.latencies for turn in turns}
    assert found[10, "odd"] == tuple(range(11, 30, 2))
    assert found[10, "even"] == tuple(range(10, 30, 2))
    assert found[30, "odd"] == tuple(range(33, 50, 2))
    assert found[30, "even"] == (30, *range(34, 50, 2))
    assert failures == {"broken": 3}
    assert [sum(turn.failures.values()) for turn in turns] == [0, 0, 1, 1]
    # One process, which spends a second of CPU on each turn.
    assert [turn.spent and turn.spent.total for turn in turns] == [WINDOW] * 4
    assert [turn.messages for turn in turns] == [WINDOW] * 4


async def test_a_case_ends_when_its_messages_are_used_up_and_says_so() -> None:
    target = Numbered()
    case = Case("few", "few messages", ["odd", "even"] * 5, frozenset())
    few = await measure_load(target, case, case.share(0, 1), 1, 60.0, lambda: snapshot([]))
    assert target.turn == 10
    assert few.latencies == tuple(range(3, 11)), "two of them before the clock started"
    assert few.used_up and few.seconds < 60 and few.in_time == 8 == few.sent


async def test_a_case_that_says_what_comes_first_spends_no_message_before_the_clock_starts(
    gateway: FakeGateway,
) -> None:
    case = Case("few", "few messages", ["a", "b", "c"], frozenset({"answered"}), warm_up=GREETING)
    async with PublicApi(gateway.url) as target:
        few = await measure_load(target, case, case.share(0, 1), 8, 60.0, lambda: snapshot([]))
    assert few.in_time == 3 and not few.failures
    assert [text for _, text in gateway.texts].count(GREETING) == 16


def test_measurements_of_one_case_share_its_messages() -> None:
    case = Case("few", "few messages", ["a", "b", "c", "d", "e"], frozenset())
    assert [list(case.share(index, 2)) for index in (0, 1)] == [["a", "c", "e"], ["b", "d"]]


async def test_turns_that_are_not_reached_in_time_say_so() -> None:
    turns, failures = await measure_turns(Numbered(), ALTERNATING, (10,), 0.0, lambda: snapshot([]))
    assert turns == (
        Turn(10, "odd", "odd turns", (), {}, 0, None),
        Turn(10, "even", "even turns", (), {}, 0, None),
    )
    assert failures == {}


_SERVE = """\
#!{python}
import json, os, subprocess, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
name = sys.argv[2] if "--only" in sys.argv else ""
if name:
    import time; time.sleep(600)
folder = os.environ["DATA_DIR"]
child = subprocess.Popen([sys.executable, __file__, "--only", "rasa"])
with open(os.path.join(folder, "starts"), "a") as file:
    file.write(f"{{os.getpid()}} {{child.pid}} {{os.environ['MESSAGES_PER_MINUTE']}}\\n")
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def answer(self, content):
        payload = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)
    def do_GET(self):
        self.answer({{"status": "ready"}})
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = "smalltalk" if body.get("text") == "xin chào" else "answered"
        replies = [{{"text": "a", "answer": {{"status": status}}}}]
        self.answer({{"token": "t", "greeting": [], "replies": replies}})
    def log_message(self, *arguments):
        pass
ThreadingHTTPServer(("127.0.0.1", int(os.environ["GATEWAY_PORT"])), Handler).serve_forever()
"""


def test_the_whole_stack_is_started_measured_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "troly"
    program.parent.mkdir()
    program.write_text(_SERVE.format(python=sys.executable), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    file = tmp_path / "bench.json"
    options = ["--visitors", "1", "--seconds", "0.1", "--turns", "", "--json", str(file)]
    result = CliRunner().invoke(bench, options)
    assert result.exit_code == 0, result.output
    report = json.loads(file.read_text(encoding="utf-8"))["ours"]
    assert set(report["memory"]["end"]["rss"]) == {"serve", "rasa"}
    assert set(case_of({"ours": report}, "plain")["cpu_ms_by_process"]) == {"serve", "rasa"}
    assert report["start"]["first_seconds"] > 0 and report["start"]["seconds"] > 0
    folder = tmp_path / "data" / "bench"
    assert len(starts(folder)) == 2, "with an empty data directory it is started once more, to measure that"
    CliRunner().invoke(bench, options)
    assert len(starts(folder)) == 3
    assert json.loads(file.read_text(encoding="utf-8"))["ours"]["start"]["first_seconds"] is None
    for start in starts(folder):
        *pids, limit = start.split()
        assert int(limit) >= 1_000_000
        assert all(soon_ended(int(pid)) for pid in pids)


def starts(folder: Path) -> list[str]:
    return (folder / "starts").read_text(encoding="ascii").splitlines()


def soon_ended(pid: int) -> bool:
    """A killed process may take a moment to go."""
    for _ in range(100):
        if ended(pid):
            return True
        time.sleep(0.1)
    return False


def ended(pid: int) -> bool:
    """Whether the process is gone, also where nobody has collected it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True
