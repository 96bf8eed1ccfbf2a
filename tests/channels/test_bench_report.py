"""Percentiles are those of the textbook, and what is unknown is shown as unknown."""

import math

import pytest

from channels.bench import Load, Measured, Plan, Turn
from channels.bench_processes import Cost, Process, Snapshot
from channels.bench_report import Percentiles, Start, cpu_ms, document, lines, percentile, throughput

MACHINE = {"system": "Linux", "python": "3.11", "cpus": 2, "load_before": 0.5}

COST = Cost({"rasa": 0.6, "gateway": 0.3}, 12.0, 0.06, 3.0, ())


def load(**values: object) -> Load:
    usual: dict[str, object] = {
        "case": "plain",
        "title": "plain answer",
        "visitors": 8,
        "seconds": 10.0,
        "in_time": 50,
        "latencies": tuple(n / 1000 for n in range(1, 61)),
        "failures": {},
        "statuses": {"smalltalk": 60},
        "spent": COST,
        "used_up": False,
    }
    return Load(**(usual | values))  # type: ignore[arg-type]


def snapshot(*processes: Process) -> Snapshot:
    return Snapshot(dict(enumerate(processes)), 0.0, 0.0, 0.0)


def measured(*loads: Load, turns: tuple[Turn, ...] = (), snap: Snapshot | None = None) -> Measured:
    snap = snap or snapshot(Process("rasa", 1.0, 500_000_000, 400_000_000))
    return Measured(loads, turns, {}, snap, snap)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        (range(1, 102), 0.5, 51.0),
        (range(1, 102), 0.95, 96.0),
        (range(1, 102), 0.99, 100.0),
        (range(1, 102), 1.0, 101.0),
        ([15, 20, 35, 40, 50], 0.4, 29.0),
        ([1, 2, 3, 4], 0.5, 2.5),
        ([0.0, 1.0], 0.95, 0.95),
        ([7.0], 0.99, 7.0),
    ],
)
def test_percentiles_are_interpolated_between_neighbours(
    values: list[float], share: float, expected: float
) -> None:
    assert percentile(list(values), share) == pytest.approx(expected)


def test_the_order_of_latencies_does_not_matter_and_they_become_milliseconds() -> None:
    found = Percentiles.of([0.003, 0.001, 0.002])
    assert (found.p50, found.most) == (2.0, 3.0)


def test_nothing_measured_is_unknown_not_zero() -> None:
    assert math.isnan(Percentiles.of([]).p50)
    assert Percentiles.of([]).to_dict() == {"p50_ms": None, "p95_ms": None, "p99_ms": None, "max_ms": None}


def test_throughput_counts_only_answers_in_time_and_cost_every_message() -> None:
    one = load(failures={"status 500": 30})
    assert throughput(one) == 5.0
    assert cpu_ms(one, one.spent.total) == pytest.approx(900 / 90)


def test_json_holds_every_figure() -> None:
    turn = Turn(1000, "plain", "plain answer", (0.02, 0.04), {"empty reply": 1}, 20, COST)
    made = document(
        measured(load(failures={"status 500": 2}), turns=(turn,)),
        Start(7.25, None),
        Plan((8,), 10.0, (1000,)),
        MACHINE,
    )
    case = made["ours"]["cases"][0]
    assert (case["sent"], case["answered"], case["failed"]) == (62, 60, 2)
    assert (case["p50_ms"], case["max_ms"], case["per_second"]) == (30.5, 60.0, 5.0)
    assert case["cpu_ms_by_process"] == {"rasa": 9.677, "gateway": 4.839}
    assert case["other_cpus"] == 0.25
    assert made["ours"]["start"] == {
        "seconds": 7.25,
        "first_seconds": None,
        "cpu_seconds": {"rasa": 1.0},
    }
    assert made["ours"]["turns"][0]["p50_ms"] == 30.0
    assert made["ours"]["turns"][0]["cpu_ms"] == 45.0
    assert made["ours"]["memory"]["end"]["rss_together"] == 500_000_000
    assert made["ours"]["failed"] == 2


def test_the_table_shows_latency_cost_memory_turns_and_failures() -> None:
    turns = (
        Turn(10, "plain", "plain answer", (0.02,), {}, 20, COST),
        Turn(1000, "plain", "plain answer", (), {}, 0, None),
    )
    broken = load(title="needs the finder", latencies=(), in_time=0, failures={"empty reply": 4})
    processes = (
        Process("gateway", 1.0, 100_000_000, 60_000_000),
        Process("rasa", 1.0, 500_000_000, 460_000_000),
    )
    shown = "\n".join(
        lines(measured(load(), broken, turns=turns, snap=snapshot(*processes)), Start(7.25, 61.0), MACHINE)
    )
    rows = [row.split() for row in shown.splitlines()]
    assert "ready after 7.2 s; first start, with an empty database: 61.0 s" in shown
    assert "CPU seconds until then: gateway 1.0, rasa 1.0" in shown
    assert ["plain", "answer", "8", "60", "0", "30.5", "57.0", "59.4", "60.0", "5.0", "0.25"] in rows
    assert ["needs", "the", "finder", "8", "0", "4", "–", "–", "–", "–", "0.0", "0.25"] in rows
    assert ["CPU", "ms", "a", "message", "visitors", "gateway", "rasa", "together", "(client)"] in rows
    assert ["plain", "answer", "8", "5.0", "10.0", "15.0", "1.0"] in rows
    assert ["plain", "answer", "10", "1", "0", "20.0", "20.0", "20.0", "45.0", "0.25"] in rows
    unreached = [
        "plain",
        "answer",
        "1000",
        "0",
        "0",
        "–",
        "–",
        "–",
        "–",
        "–",
        "(not",
        "reached",
        "in",
        "time)",
    ]
    assert unreached in rows
    assert ["together", "600", "600"] in rows
    assert ["together,", "shared", "pages", "once", "520", "520"] in rows
    assert "FAILED: 4 messages\n  needs the finder, 8 visitors: 4 × empty reply" in shown


def test_a_process_that_ended_meanwhile_is_named() -> None:
    one = load(spent=Cost({"rasa": 0.1}, 10.0, 0.0, 0.0, ("rasa",)))
    assert "  plain answer: rasa ended meanwhile" in "\n".join(lines(measured(one), None, MACHINE))
