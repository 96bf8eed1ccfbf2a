"""`troly bench`: what the assistant costs and how quickly it answers."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from troly.errors import UsageError
from troly.settings import settings

if TYPE_CHECKING:
    from channels.bench import Measured, Plan
    from channels.bench_report import Start

_MOST_VISITORS = 512
_MOST_TURNS = 100_000
_STDOUT = Path("-")


_Reader = Callable[[click.Context, click.Parameter, str | None], tuple[int, ...] | None]


def _numbers(most: int) -> _Reader:
    """A reader of "1,8,16": ascending numbers up to `most`, each once."""

    def read(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, ...] | None:
        if value is None:
            return None
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all(part.isdecimal() and 1 <= int(part) <= most for part in parts):
            raise click.BadParameter(f"{value!r}: comma-separated numbers from 1 to {most}")
        return tuple(sorted({int(part) for part in parts}))

    return read


@dataclass(frozen=True, slots=True)
class _Running:
    """What is measured: its address, its database, its processes, and how long it took to start."""

    url: str
    database: str
    roots: Sequence[int]
    start: Start | None


@click.command()
@click.option(
    "--against", type=click.Choice(["stock"]),
    help="Compare with Rasa as its documentation sets it up (docs/benchmark.md): both are trained, started "
    "and measured, one after the other.",
)  # fmt: skip
@click.option(
    "--epochs", type=click.IntRange(1), default=100, show_default=True,
    help="Of stock Rasa's training; fewer for a quick try.",
)  # fmt: skip
@click.option(
    "--training-minutes", type=click.FloatRange(0.1), default=120, show_default=True,
    help="How long stock Rasa may train before the comparison is given up.",
)  # fmt: skip
@click.option("--per-intent", type=click.IntRange(2), hidden=True)
@click.option(
    "--visitors", callback=_numbers(_MOST_VISITORS),
    help="Numbers of visitors who ask at the same time.  [default: 1,8,16; compared: 1,8,32]",
)  # fmt: skip
@click.option(
    "--case", "names", type=click.Choice(["plain", "portal_cached", "portal", "finder"]), multiple=True,
    help="Only this kind of message (may be repeated).",
)  # fmt: skip
@click.option(
    "--seconds", type=click.FloatRange(0.1, 600), default=10.0, show_default=True,
    help="For each kind of message at each number of visitors.",
)  # fmt: skip
@click.option(
    "--turns", callback=_numbers(_MOST_TURNS), default="10,300,1000", show_default=True,
    help="Turns of one long conversation that are looked at; empty for none.",
)  # fmt: skip
@click.option(
    "--url", help="A running gateway on this machine; without it the whole stack is started and ended."
)
@click.option(
    "--pid",
    type=click.IntRange(1),
    help="With --url: the process whose CPU and memory count, with its children.",
)
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), is_flag=False, flag_value=str(_STDOUT),
    help="Also write all figures here; without a FILE, to standard output.",
)  # fmt: skip
def bench(
    against: str | None,
    epochs: int,
    training_minutes: float,
    per_intent: int | None,
    visitors: tuple[int, ...] | None,
    names: tuple[str, ...],
    seconds: float,
    turns: tuple[int, ...],
    url: str | None,
    pid: int | None,
    file: Path | None,
) -> None:
    """Measure latency, throughput, CPU and memory through the public API, with durable delivery.

    Ends with 0 when every message was answered, 1 otherwise.
    """
    from channels import bench_report
    from channels.bench import Plan

    if visitors is None:
        visitors = (1, 8, 32) if against else (1, 8, 16)
    if not visitors:
        raise UsageError("--visitors: name at least one number, for example 1,16")
    plan = Plan(visitors, seconds, turns)
    if against:
        if url:
            raise UsageError("--url: both assistants are started here; leave it out with --against")
        _compare(plan, names, epochs, training_minutes, per_intent, file)
        return
    machine = bench_report.machine()
    with _given(url, pid) if url else _own_stack() as running:
        measured = asyncio.run(_measure(running, plan, names))
    click.echo("\n".join(bench_report.lines(measured, running.start, machine)), err=file == _STDOUT)
    if file:
        _write(file, bench_report.document(measured, running.start, plan, machine))
    if measured.failed:
        raise click.exceptions.Exit(1)


def _compare(
    plan: Plan, names: Sequence[str], epochs: int, minutes: float, per_intent: int | None, file: Path | None
) -> None:
    from channels import bench_comparison, bench_report
    from channels.bench_against import GOALS, Wish, compare

    machine = bench_report.machine()
    found = compare(settings(), Wish(plan, names, epochs, minutes, per_intent), _tell)
    ours, stock = found.ours, found.stock
    ratios = bench_comparison.ratios(ours, stock)
    titles = (("STOCK RASA", stock), ("OURS", ours))
    lines = [
        line
        for title, side in titles
        for line in ("", title, *bench_report.lines(side.measured, side.start, machine))
    ]
    lines += bench_comparison.lines(ours, stock, found.training)
    lines += bench_comparison.ratio_lines(ratios, GOALS)
    click.echo("\n".join(lines), err=file == _STDOUT)
    if file:
        document = bench_report.document(ours.measured, ours.start, plan, machine)
        document["ours"] |= {"training": {"first": ours.training, "again": ours.training_again}}
        document["stock"] = bench_report.figures(stock.measured, stock.start)
        document["stock"] |= {"training": asdict(found.training)}
        each = bench_comparison.each(ours.measured, stock.measured)
        _write(file, {"ratios": ratios, "goals": GOALS, "each": each, **document})
    if ours.measured.failed:
        raise click.exceptions.Exit(1)


def _write(file: Path, content: object) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    if file == _STDOUT:
        click.echo(text, nl=False)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


async def _measure(running: _Running, plan: Plan, names: Sequence[str]) -> Measured:
    from channels import bench_messages as messages
    from channels.bench import measure
    from channels.bench_processes import snapshot
    from channels.bench_visitors import PublicApi

    codes = messages.national_codes(running.database)
    long = [messages.plain(), messages.portal_cached(codes)]
    cases = [
        case for case in (*long, messages.portal(codes), messages.finder()) if not names or case.name in names
    ]
    if not codes and any(case.name == "portal" for case in cases):
        _tell("no copy of the catalogue to take codes from: portal answers without a cache hit are left out")
        cases = [case for case in cases if case.name != "portal"]
    async with PublicApi(running.url) as target:
        return await measure(target, plan, cases, long, lambda: snapshot(running.roots), _tell)


@contextlib.contextmanager
def _own_stack() -> Iterator[_Running]:
    from channels.bench_processes import children
    from channels.bench_report import Start
    from channels.stack import running_stack

    config = settings()
    folder = config.data_dir / "bench"
    database = config.model_copy(update={"data_dir": folder, "database_url": ""}).database
    first = None
    marker = folder / "started"
    if not marker.exists():
        # What is compared is a start as it happens every day; the very first one is told besides.
        began = perf_counter()
        with running_stack(config, folder, _tell):
            first = perf_counter() - began
        marker.touch()
    before = set(children(os.getpid()))
    began = perf_counter()
    with running_stack(config, folder, _tell) as url:
        seconds = perf_counter() - began
        roots = [pid for pid in children(os.getpid()) if pid not in before]
        yield _Running(url, database, roots, Start(seconds, first))


@contextlib.contextmanager
def _given(url: str, pid: int | None) -> Iterator[_Running]:
    if not _is_loopback(url):
        raise UsageError(f"--url: {url} is not on this machine; only http://127.0.0.1:PORT is measured")
    yield _Running(url, settings().database, [pid] if pid else [], None)


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tell(line: str) -> None:
    click.echo(line, err=True)
