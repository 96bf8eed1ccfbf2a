"""Ours against stock Rasa: the ratios, and the table that shows both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from channels.bench import Load, Measured, Turn
from channels.bench_processes import Snapshot
from channels.bench_report import Percentiles, Start, cpu_ms, row, shown, throughput
from channels.bench_stock import Training

_EVERY_EPOCH = 100
"""What the documentation trains."""

_MIX = ("plain", "portal_cached", "portal")
"""What both answer alike; stock has nothing to search procedures with."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two assistants."""

    measured: Measured
    start: Start
    training: float
    """Seconds, the first time."""
    training_again: float | None


def ratios(ours: Side, stock: Side) -> dict[str, float | None]:
    """Ours divided by stock's; turn_1000 is ours at the last mark divided by ours at the first."""
    found = {
        "throughput": _mixed(ours.measured) / _mixed(stock.measured),
        "p95_portal": _p95(ours.measured, "portal") / _p95(stock.measured, "portal"),
        "p95_plain": _p95(ours.measured, "plain") / _p95(stock.measured, "plain"),
        "memory": memory(ours.measured) / memory(stock.measured),
        "start": ours.start.seconds / stock.start.seconds,
        "training": ours.training / stock.training,
        "turn_1000": growth(ours.measured),
    }
    return {name: None if math.isnan(value) else round(value, 4) for name, value in found.items()}


def each(ours: Measured, stock: Measured) -> list[dict[str, Any]]:
    """The ratios of every kind of message at every number of visitors."""
    found = []
    theirs = {(load.case, load.visitors): load for load in stock.loads}
    for load in ours.loads:
        if (load.case, load.visitors) not in theirs:
            continue
        other = theirs[load.case, load.visitors]
        a, b = Percentiles.of(load.latencies), Percentiles.of(other.latencies)
        values = {
            "p50": _divided(a.p50, b.p50),
            "p95": _divided(a.p95, b.p95),
            "p99": _divided(a.p99, b.p99),
            "throughput": _divided(throughput(load), throughput(other)),
            "cpu": _divided(cpu_ms(load, load.spent.total), cpu_ms(other, other.spent.total)),
        }
        made = {name: None if math.isnan(value) else round(value, 4) for name, value in values.items()}
        found.append({"case": load.case, "visitors": load.visitors, **made})
    return found


def memory(measured: Measured) -> float:
    """Bytes of all processes together after the load, shared pages counted once."""
    return _together(measured.at_end) or math.nan


def growth(measured: Measured) -> float:
    """How many times as long the turns at the last mark took as those at the first: the median, all kinds."""
    whole = [turn for turn in measured.turns if turn.spent is not None and turn.latencies]
    if not whole:
        return math.nan
    first, last = min(turn.mark for turn in whole), max(turn.mark for turn in whole)
    return _divided(_at(whole, last), _at(whole, first))


def lines(ours: Side, stock: Side, training: Training) -> Iterator[str]:
    """The table of both, for people."""
    theirs = {(load.case, load.visitors): load for load in stock.measured.loads}
    yield ""
    yield row("ours | stock | ratio", ("visitors", "p50 ms", "p95 ms", "p99 ms", "per s", "CPU ms"))
    for load in ours.measured.loads:
        other = theirs.get((load.case, load.visitors))
        if other is None:
            continue
        a, b = _figures(load), _figures(other)
        yield row(load.title, (str(load.visitors), *(shown(value) for value in a)))
        yield row("  stock", ("", *(shown(value) for value in b)))
        divided = (shown(_divided(x, y), 2) + "×" for x, y in zip(a, b, strict=True))
        yield row("  ratio", ("", *divided))
    yield from ("", row("", ("ours", "stock", "ratio")))
    pairs = {
        "start, seconds": (ours.start.seconds, stock.start.seconds),
        "training, seconds": (ours.training, stock.training),
        "memory, MB": (memory(ours.measured) / 1e6, memory(stock.measured) / 1e6),
        "answers a second, mixed": (_mixed(ours.measured), _mixed(stock.measured)),
    }
    for name, (a_one, b_one) in pairs.items():
        yield row(name, (shown(a_one), shown(b_one), shown(_divided(a_one, b_one), 2) + "×"))
    for mark in sorted({turn.mark for turn in ours.measured.turns}):
        a_at, b_at = _at(ours.measured.turns, mark) * 1000, _at(stock.measured.turns, mark) * 1000
        yield row(f"turn {mark}, p50 ms", (shown(a_at), shown(b_at), shown(_divided(a_at, b_at), 2) + "×"))
    again = "" if ours.training_again is None else f"; ours again: {ours.training_again:.0f} s"
    when = "measured in an earlier run, of the same project" if training.before else "measured now"
    yield f"stock's training: {training.epochs} epochs, {when}{again}"
    if training.epochs != _EVERY_EPOCH:
        yield (
            f"with the {_EVERY_EPOCH} epochs of the documentation it would take about "
            f"{training.with_epochs(_EVERY_EPOCH):.0f} s (estimate)"
        )


def ratio_lines(found: Mapping[str, float | None], goals: Mapping[str, tuple[str, float]]) -> Iterator[str]:
    """The seven ratios and whether each reaches its goal."""
    yield from ("", row("ratio", ("", "goal", "")))
    for name, value in found.items():
        if name not in goals or value is None:
            yield row(name, ("–" if value is None else f"{value:.3f}", "", ""))
            continue
        sign, goal = goals[name]
        reached = value >= goal if sign == "≥" else value <= goal
        yield row(name, (f"{value:.3f}", f"{sign} {goal:g}", "reached" if reached else "not reached"))


def _figures(load: Load) -> tuple[float, ...]:
    latency = Percentiles.of(load.latencies)
    return latency.p50, latency.p95, latency.p99, throughput(load), cpu_ms(load, load.spent.total)


def _mixed(measured: Measured) -> float:
    """Answers a second of equal parts plain and portal answers, at the largest number of visitors."""
    most = max((load.visitors for load in measured.loads), default=0)
    rates = [throughput(load) for load in measured.loads if load.visitors == most and load.case in _MIX]
    return len(rates) / sum(_divided(1.0, rate) for rate in rates) if rates else math.nan


def _p95(measured: Measured, case: str) -> float:
    """At the number of visitors in the middle (8 of 1, 8, 32)."""
    loads = sorted((load for load in measured.loads if load.case == case), key=lambda load: load.visitors)
    return Percentiles.of(loads[len(loads) // 2].latencies).p95 if loads else math.nan


def _at(turns: Any, mark: int) -> float:
    found = [latency for turn in turns if turn.mark == mark for latency in _latencies(turn)]
    return Percentiles.of(found).p50 / 1000


def _latencies(turn: Turn) -> tuple[float, ...]:
    return turn.latencies if turn.spent is not None else ()


def _together(snapshot: Snapshot) -> int:
    return sum(process.pss for process in snapshot.processes.values())


def _divided(value: float, by: float) -> float:
    return value / by if by else math.nan
