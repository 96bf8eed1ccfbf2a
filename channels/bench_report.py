"""How a measurement is told: a table for people, JSON for comparisons."""

from __future__ import annotations

import math
import os
import platform
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.bench import WINDOW, Load, Measured, Plan, Turn
from channels.bench_processes import Cost, Snapshot
from troly.clock import now

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of latencies, in milliseconds, interpolated between the neighbours; nan of nothing."""

    p50: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Percentiles:
        """From latencies in seconds, in any order."""
        ordered = sorted(seconds)
        return cls(*(percentile(ordered, share) * 1000 for share in (0.5, 0.95, 0.99, 1.0)))

    def to_dict(self) -> dict[str, float | None]:
        """JSON: p50_ms, p95_ms, p99_ms, max_ms; None of nothing."""
        names = ("p50_ms", "p95_ms", "p99_ms", "max_ms")
        values = (self.p50, self.p95, self.p99, self.most)
        return {name: _number(value) for name, value in zip(names, values, strict=True)}


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from the command to ready; `first` with an empty data directory, None where that was not so."""

    seconds: float
    first: float | None


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which this share of the ordered values lies, interpolated; nan of nothing."""
    if not ordered:
        return math.nan
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def machine() -> dict[str, Any]:
    """What it was measured on, and how busy that was before."""
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def document(measured: Measured, start: Start | None, plan: Plan, on: Mapping[str, Any]) -> dict[str, Any]:
    """Everything as JSON. Another assistant of the same run stands beside "ours"."""
    return {
        "made_at": now().isoformat(timespec="seconds"),
        "machine": dict(on),
        "plan": {"visitors": plan.visitors, "seconds": plan.seconds, "turns": plan.turns},
        "ours": figures(measured, start),
    }


def figures(measured: Measured, start: Start | None) -> dict[str, Any]:
    """All that was measured of one assistant, as JSON."""
    return {
        "start": _start(start, measured.at_start) if start else None,
        "cases": [_load(load) for load in measured.loads],
        "turns": [_turn(turn) for turn in measured.turns],
        "turn_failures": dict(measured.turn_failures),
        "memory": {"start": _memory(measured.at_start), "end": _memory(measured.at_end)},
        "failed": measured.failed,
    }


def _start(start: Start, ready: Snapshot) -> dict[str, Any]:
    return {
        "seconds": round(start.seconds, 2),
        "first_seconds": _number(start.first),
        "cpu_seconds": {process.name: _number(process.cpu) for process in ready.processes.values()},
    }


def _load(load: Load) -> dict[str, Any]:
    spent = load.spent
    return {
        "case": load.case,
        "visitors": load.visitors,
        "sent": load.sent,
        "answered": len(load.latencies),
        "failed": sum(load.failures.values()),
        "failures": dict(load.failures),
        "statuses": dict(load.statuses),
        **Percentiles.of(load.latencies).to_dict(),
        "seconds": round(load.seconds, 2),
        "used_up": load.used_up,
        "per_second": _number(throughput(load)),
        "cpu_ms": _number(cpu_ms(load, spent.total)),
        "cpu_ms_by_process": {name: _number(cpu_ms(load, value)) for name, value in spent.by_name.items()},
        "client_cpu_ms": _number(cpu_ms(load, spent.client)),
        "other_cpus": _number(other_cpus(load.spent)),
        "lost_processes": spent.lost,
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "turn": turn.mark,
        "case": turn.case,
        "answered": len(turn.latencies),
        "failures": dict(turn.failures),
        "reached": turn.spent is not None,
        **Percentiles.of(turn.latencies).to_dict(),
        "cpu_ms": _number(turn_cpu_ms(turn)),
        "other_cpus": _number(other_cpus(turn.spent)),
    }


def _memory(snapshot: Snapshot) -> dict[str, Any]:
    running = snapshot.processes.values()
    return {
        "rss": {process.name: process.rss for process in running},
        "rss_together": sum(process.rss for process in running),
        "pss_together": sum(process.pss for process in running),
    }


def throughput(load: Load) -> float:
    """Answers a second."""
    return load.in_time / load.seconds if load.seconds else math.nan


def cpu_ms(load: Load, seconds: float) -> float:
    """These CPU seconds as milliseconds a message; nan where nothing was sent or nothing watched."""
    return seconds * 1000 / load.sent if load.sent and load.spent.by_name else math.nan


def turn_cpu_ms(turn: Turn) -> float:
    """CPU milliseconds a message at these turns, all kinds together; nan where that was not watched."""
    watched = turn.spent and turn.spent.by_name and turn.messages
    return turn.spent.total * 1000 / turn.messages if turn.spent and watched else math.nan


def other_cpus(spent: Cost | None) -> float:
    """How many CPUs other programs kept busy meanwhile."""
    return spent.others / spent.seconds if spent and spent.seconds else math.nan


def lines(measured: Measured, start: Start | None, on: Mapping[str, Any]) -> Iterator[str]:
    """The tables for people."""
    yield f"{on['system']}, {on['cpus']} CPUs, load {on['load_before']} before"
    if start:
        first = "" if start.first is None else f"; first start, with an empty database: {start.first:.1f} s"
        yield f"ready after {start.seconds:.1f} s{first}"
        spent = [f"{process.name} {process.cpu:.1f}" for process in measured.at_start.processes.values()]
        yield f"CPU seconds until then: {', '.join(spent) or 'unknown'}"
    yield from _load_lines(measured.loads)
    yield from _cost_lines(measured.loads)
    yield from _turn_lines(measured.turns)
    yield from _memory_lines(measured)
    yield from _failure_lines(measured)


def _load_lines(loads: Sequence[Load]) -> Iterator[str]:
    heads = ("visitors", "answered", "failed", "p50 ms", "p95 ms", "p99 ms", "max ms", "per s", "others")
    yield from ("", row("messages", heads))
    for load in loads:
        latency = Percentiles.of(load.latencies)
        times = (latency.p50, latency.p95, latency.p99, latency.most, throughput(load))
        counts = (load.visitors, len(load.latencies), sum(load.failures.values()))
        cells = [*map(str, counts), *map(shown, times), shown(other_cpus(load.spent), 2)]
        yield row(load.title, cells) + (" (all asked)" if load.used_up else "")
    yield "others: CPUs that other programs kept busy; figures taken beside much of it compare badly"
    answers: dict[str, Counter[str]] = {}
    for load in loads:
        answers.setdefault(load.title, Counter()).update(load.statuses)
    for title, statuses in answers.items():
        if len(statuses) > 1:
            listed = ", ".join(f"{number} {status}" for status, number in statuses.most_common())
            yield f"answers to {title}: {listed}"


def _cost_lines(loads: Sequence[Load]) -> Iterator[str]:
    names = sorted({name for load in loads for name in load.spent.by_name})
    if not names:
        yield from ("", "CPU and memory are unknown; name the process with --pid")
        return
    yield from ("", row("CPU ms a message", ("visitors", *names, "together", "(client)")))
    for load in loads:
        spent = load.spent
        parts = (*(spent.by_name.get(name, 0.0) for name in names), spent.total, spent.client)
        yield row(load.title, (str(load.visitors), *(shown(cpu_ms(load, part)) for part in parts)))


def _turn_lines(turns: Sequence[Turn]) -> Iterator[str]:
    if not turns:
        return
    heads = ("turn", "answered", "failed", "p50 ms", "p95 ms", "max ms", "CPU ms", "others")
    yield from ("", row(f"{WINDOW} turns of a conversation", heads))
    for turn in turns:
        latency = Percentiles.of(turn.latencies)
        counts = (turn.mark, len(turn.latencies), sum(turn.failures.values()))
        figures = (latency.p50, latency.p95, latency.most, turn_cpu_ms(turn))
        cells = [*map(str, counts), *map(shown, figures), shown(other_cpus(turn.spent), 2)]
        yield row(turn.title, cells) + ("" if turn.spent else " (not reached in time)")


def _memory_lines(measured: Measured) -> Iterator[str]:
    start, end = measured.at_start.processes, measured.at_end.processes
    if not end:
        return
    yield from ("", row("memory in MB", ("at start", "at end")))
    for pid, process in end.items():
        cells = ("–" if pid not in start else _megabytes(start[pid].rss), _megabytes(process.rss))
        yield row(process.name, cells)
    for name, kind in (("together", "rss"), ("together, shared pages once", "pss")):
        sums = (sum(getattr(one, kind) for one in found.values()) for found in (start, end))
        yield row(name, [_megabytes(one) for one in sums])


def _failure_lines(measured: Measured) -> Iterator[str]:
    found = [(f"{load.title}, {load.visitors} visitors", load.failures) for load in measured.loads]
    found.append(("the long conversation", measured.turn_failures))
    listed = [f"  {place}: {number} × {word}" for place, words in found for word, number in words.items()]
    lost = [f"  {load.title}: {name} ended meanwhile" for load in measured.loads for name in load.spent.lost]
    if listed or lost:
        yield from ("", f"FAILED: {measured.failed} messages", *listed, *lost)


def row(name: str, cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"{name:<28}" + "".join(f" {cell:>8}" for cell in cells)


def shown(value: float, places: int = 1) -> str:
    """A number for people; a dash for what is unknown."""
    return "–" if math.isnan(value) else f"{value:.{places}f}"


def _megabytes(size: float) -> str:
    return f"{size / _MEGABYTE:.0f}"


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, 3)
