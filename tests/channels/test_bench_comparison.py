"""The ratios are ours divided by stock's, and what is unknown stays unknown."""

import json

import pytest

from channels.bench import Load, Measured, Turn
from channels.bench_against import GOALS
from channels.bench_comparison import Side, each, growth, lines, ratio_lines, ratios
from channels.bench_processes import Cost, Process, Snapshot
from channels.bench_report import Start
from channels.bench_stock import Training

CASES = ("plain", "portal_cached", "portal", "finder")


def load(case: str, visitors: int, milliseconds: float, rate: float) -> Load:
    spent = Cost({"rasa": 0.02}, 10.0, 0.0, 0.0, ())
    return Load(case, case, visitors, 10.0, int(rate * 10), (milliseconds / 1000,) * 20, {}, {}, spent, False)


def turn(mark: int, milliseconds: float, *, reached: bool = True) -> Turn:
    spent = Cost({"rasa": 0.1}, 1.0, 0.0, 0.0, ()) if reached else None
    return Turn(mark, "plain", "plain", (milliseconds / 1000,) * 5, {}, 20, spent)


def side(factor: float, *turns: Turn, memory: int = 1_000_000_000) -> Side:
    loads = [load(case, visitors, 10.0 * factor, 100 / factor) for case in CASES for visitors in (1, 8, 32)]
    snapshot = Snapshot({1: Process("rasa", 0.0, 2 * memory, memory)}, 0.0, 0.0, 0.0)
    return Side(
        Measured(tuple(loads), turns, {}, snapshot, snapshot), Start(5.0 * factor, None), 40.0 * factor, 30.0
    )


def test_every_ratio_is_ours_divided_by_stocks() -> None:
    found = ratios(
        side(1.0, turn(10, 20), turn(300, 22), turn(1000, 24), memory=800_000_000),
        side(10.0, turn(10, 200), turn(300, 1200)),
    )
    assert found == {
        "throughput": 10.0,
        "p95_portal": 0.1,
        "p95_plain": 0.1,
        "memory": 0.8,
        "start": 0.1,
        "training": 0.1,
        "turn_1000": 1.2,
    }
    json.dumps(found, allow_nan=False)


def test_throughput_is_of_equal_parts_at_the_most_visitors_without_the_search() -> None:
    ours, stock = side(1.0), side(1.0)
    slower = [
        load(one.case, one.visitors, 10, 1.0 if one.case == "finder" else 50.0) for one in ours.measured.loads
    ]
    mixed = [
        load("plain", 32, 10, 150.0) if (one.case, one.visitors) == ("plain", 32) else one for one in slower
    ]
    measured = Measured(tuple(mixed), (), {}, ours.measured.at_start, ours.measured.at_end)
    found = ratios(Side(measured, ours.start, 1.0, None), stock)
    assert found["throughput"] == pytest.approx(3 / (1 / 150 + 1 / 50 + 1 / 50) / 100, abs=1e-4)


def test_a_turn_that_was_not_reached_is_no_turn() -> None:
    assert growth(side(1.0, turn(10, 20), turn(300, 30), turn(1000, 9, reached=False)).measured) == 1.5
    assert ratios(side(1.0), side(1.0))["turn_1000"] is None


def test_each_case_is_compared_at_each_number_of_visitors() -> None:
    found = each(side(1.0).measured, side(4.0).measured)
    assert [(one["case"], one["visitors"]) for one in found] == [(c, v) for c in CASES for v in (1, 8, 32)]
    assert all(one["p50"] == one["p99"] == 0.25 and one["throughput"] == 4.0 for one in found)


def test_the_tables_show_both_and_whether_a_goal_is_reached() -> None:
    ours, stock = side(1.0, turn(10, 20), turn(1000, 60)), side(20.0, turn(10, 200))
    shown = "\n".join(lines(ours, stock, Training(800.0, 10, {"DIETClassifier": 600.0, "RulePolicy": 30.0})))
    assert "stock's training: 10 epochs, measured now; ours again: 30 s" in shown
    assert "about 6200 s (estimate)" in shown
    rows = [row.split() for row in shown.splitlines()]
    assert ["plain", "32", "10.0", "10.0", "10.0", "100.0", "1.0"] in rows
    assert ["stock", "200.0", "200.0", "200.0", "5.0", "1.0"] in rows
    assert ["ratio", "0.05×", "0.05×", "0.05×", "20.00×", "1.00×"] in rows
    goals = [row.split() for row in ratio_lines(ratios(ours, stock), GOALS)]
    assert ["throughput", "20.000", "≥", "10", "reached"] in goals
    assert ["turn_1000", "3.000", "≤", "1.3", "not", "reached"] in goals


def test_a_training_of_the_documentations_epochs_needs_no_estimate() -> None:
    shown = "\n".join(lines(side(1.0), side(2.0), Training(800.0, 100, {}, before=True)))
    assert "estimate" not in shown and "measured in an earlier run" in shown
