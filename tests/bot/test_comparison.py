"""Two runs are compared message by message: what changed, and whether chance alone would do it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.comparison import compare, lines
from bot.comparison_page import comparison_page
from bot.evaluate import evaluate, write
from bot.labelled import Record
from bot.measures import Outcome, groups
from troly.errors import UsageError
from troly.settings import settings


def outcome(number: int, intent: str, code: str = "1.1", decision: str = "answer", **labels: Any) -> Outcome:
    known = {"file": "f", "id": str(number), "text": f"message {number}", "language": "vi", "variant": "typo"}
    record = Record(**{**known, "intents": ("ask_fee",), "procedures": ("1.1",), **labels})
    parsed = {
        "language": "vi",
        "intent": {"name": intent, "confidence": 0.5},
        "procedures": [{"code": code, "name": "n", "score": 0.5}],
        "procedure_decision": decision,
    }
    return Outcome(record, parsed, 1.0)


def report(folder: Path, outcomes: Sequence[Outcome]) -> Path:
    write(folder, list(groups(outcomes)), outcomes, [], {"model": folder.name})
    return folder / "evaluation.json"


def run(intents: str, code: str = "1.1") -> list[Outcome]:
    """A letter a message: "+" is right."""
    return [outcome(i, "ask_fee" if one == "+" else "greet", code) for i, one in enumerate(intents)]


def test_gained_and_lost_messages_are_counted_and_tested(tmp_path: Path) -> None:
    first, second = report(tmp_path / "a", run("++++------")), report(tmp_path / "b", run("+++-++++++"))
    found = compare(first, second)
    intent = next(one for one in found.differences if one.figure == "intent accuracy")
    assert (intent.first.right, intent.second.right, intent.second.n) == (4, 9, 10)
    assert [pair[1].record.id for pair in intent.gained] == ["4", "5", "6", "7", "8", "9"]
    assert [pair[1].record.id for pair in intent.lost] == ["3"]
    assert intent.p == pytest.approx(0.125)
    assert intent.verdict == ""
    assert [len(one) for one in (found.mended, found.broken, found.otherwise)] == [6, 1, 0]


def test_what_chance_would_hardly_do_is_called_better_or_worse(tmp_path: Path) -> None:
    first, second = report(tmp_path / "a", run("+" + "-" * 6)), report(tmp_path / "b", run("+" * 7))
    assert compare(first, second).differences[0].verdict == "better"
    assert compare(second, first).differences[0].verdict == "worse"


def test_fewer_false_answers_are_better(tmp_path: Path) -> None:
    def asked(decision: str) -> list[Outcome]:
        labels = {"intents": ("out_of_scope",), "procedures": ()}
        return [outcome(i, "out_of_scope", decision=decision, **labels) for i in range(6)]

    found = compare(report(tmp_path / "a", asked("answer")), report(tmp_path / "b", asked("none")))
    (false,) = [one for one in found.differences if one.figure == "false answers out of scope"][:1]
    assert (len(false.gained), len(false.lost), false.verdict) == (0, 6, "better")


def test_a_neutral_figure_is_neither_better_nor_worse(tmp_path: Path) -> None:
    first = [outcome(i, "ask_fee", decision="choose") for i in range(8)]
    second = [outcome(i, "ask_fee", decision="answer") for i in range(8)]
    found = compare(report(tmp_path / "a", first), report(tmp_path / "b", second))
    (direct,) = [one for one in found.differences if one.figure == "answered directly"][:1]
    assert len(direct.gained) == 8 and direct.p < 0.05 and direct.verdict == ""


def test_direct_answers_are_tested_over_messages_that_both_answered(tmp_path: Path) -> None:
    first = [
        outcome(0, "ask_fee", "1.1"),
        outcome(1, "ask_fee", "1.9"),
        outcome(2, "ask_fee", "1.9", "choose"),
    ]
    second = [outcome(0, "ask_fee", "1.9"), outcome(1, "ask_fee", "1.1"), outcome(2, "ask_fee", "1.1")]
    found = compare(report(tmp_path / "a", first), report(tmp_path / "b", second))
    (direct,) = [one for one in found.differences if one.figure == "direct answers right"][:1]
    assert (direct.first.n, direct.second.n) == (2, 3)
    assert [len(direct.gained), len(direct.lost)] == [1, 1]


def test_only_the_same_messages_are_compared_and_by_the_newer_labels(tmp_path: Path) -> None:
    first = [outcome(0, "ask_fee"), outcome(1, "greet"), outcome(2, "ask_fee", text="reworded")]
    second = [outcome(0, "ask_fee"), outcome(1, "greet", intents=("greet",)), outcome(2, "ask_fee")]
    found = compare(report(tmp_path / "a", first), report(tmp_path / "b", second))
    assert (len(found.pairs), found.unpaired, found.relabelled) == (2, (1, 1), 1)
    assert found.broken == found.mended == []
    assert "1 relabelled" in "\n".join(lines(found))


def test_groups_in_which_nothing_changed_are_left_out(tmp_path: Path) -> None:
    first = [outcome(0, "ask_fee", variant="typo"), outcome(1, "greet", variant="mixed")]
    second = [outcome(0, "ask_fee", variant="typo"), outcome(1, "ask_fee", variant="mixed")]
    found = compare(report(tmp_path / "a", first), report(tmp_path / "b", second))
    shown = {one.group for one in found.differences if one.figure == "intent accuracy"}
    assert shown == {"f", "f · vi · mixed"}


def test_runs_without_a_message_in_common_are_refused(tmp_path: Path) -> None:
    first, second = report(tmp_path / "a", run("+")), report(tmp_path / "b", [outcome(7, "ask_fee")])
    with pytest.raises(UsageError, match="no message in common"):
        compare(first, second)


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.usefixtures("own_folder")
def test_the_command_prints_the_table_and_the_messages(tmp_path: Path) -> None:
    first, second = report(tmp_path / "a", run("-+-")), report(tmp_path / "b", run("+--"))
    result = CliRunner().invoke(evaluate, ["--compare", str(first), str(second)])
    assert result.exit_code == 0, result.output
    said = result.output
    assert "3 messages in both; 0 only in A, 0 only in B" in said
    assert "  intent accuracy                33.3%   33.3%       1     1  1.000\n" in said
    assert "Mended (1)\n  0: message 0\n    A greet 0.50, vi, answer 1.1\n    B ask_fee 0.50" in said
    assert "Broken (1)\n  1: message 1" in said
    assert (tmp_path / "data" / "evaluation" / "comparison.html").is_file()


def test_the_page_stands_alone_and_shows_messages_as_text(tmp_path: Path) -> None:
    nasty = "<script>alert(1)</script>"
    first = report(tmp_path / "a", [outcome(0, "ask_fee", text=nasty)])
    second = report(tmp_path / "b", [outcome(0, "greet", text=nasty)])
    page = comparison_page(compare(first, second))
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page
    assert "http" not in page and "src=" not in page and "href=" not in page
    assert "Broken (1)" in page and "prefers-color-scheme: dark" in page and "width=device-width" in page


def test_the_report_of_a_run_names_its_model(tmp_path: Path) -> None:
    path = report(tmp_path / "a", run("+"))
    assert json.loads(path.read_text("utf-8"))["model"] == {"model": "a"}
    assert ", a, 20" in compare(path, path).titles[0]
