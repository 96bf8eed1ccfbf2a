"""`troly bench`: what the assistant costs and how quickly it answers."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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


def _numbers(most: int) -> Callable[[click.Context, click.Parameter, str], tuple[int, ...]]:
    """A reader of "1,8,16": ascending numbers up to `most`, each once."""

    def read(_context: click.Context, _option: click.Parameter, value: str) -> tuple[int, ...]:
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
    "--visitors", callback=_numbers(_MOST_VISITORS), default="1,8,16", show_default=True,
    help="Numbers of visitors who ask at the same time.",
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
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Also write all figures here."
)
def bench(
    visitors: tuple[int, ...],
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

    if not visitors:
        raise UsageError("--visitors: name at least one number, for example 1,16")
    plan = Plan(visitors, seconds, turns)
    machine = bench_report.machine()
    with _given(url, pid) if url else _own_stack() as running:
        measured = asyncio.run(_measure(running, plan, names))
    click.echo("\n".join(bench_report.lines(measured, running.start, machine)))
    if file:
        content = bench_report.document(measured, running.start, plan, machine)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if measured.failed:
        raise click.exceptions.Exit(1)


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
