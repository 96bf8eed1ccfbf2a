"""`troly bench --against stock`: trains, starts and measures both, one after the other, on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from channels import bench_messages as messages
from channels import bench_stock
from channels.bench import Measured, Plan, measure
from channels.bench_comparison import Side
from channels.bench_messages import Case
from channels.bench_processes import children, snapshot
from channels.bench_report import Start
from channels.bench_rest import RestChannel
from channels.bench_visitors import PublicApi, Target
from channels.stack import apart, last_words, running_stack
from troly.errors import TrolyError
from troly.settings import ROOT, Settings

_DEEPEST = 300
"""Stock answers turn 1,000 in seconds, and would take most of an hour to get there."""

GOALS = {
    "throughput": ("≥", 10.0),
    "p95_portal": ("≤", 0.1),
    "memory": ("≤", 0.8),
    "start": ("≤", 0.2),
    "training": ("≤", 0.1),
    "turn_1000": ("≤", 1.3),
}
"""What is to be reached, as ratios of ours to stock's."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is compared: `epochs` and `minutes` of stock's training, `per_intent` of its sentences at most."""

    plan: Plan
    names: Sequence[str] = ()
    epochs: int = 100
    minutes: float = 120
    per_intent: int | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """Both, and how stock was trained."""

    ours: Side
    stock: Side
    training: bench_stock.Training


def compare(settings: Settings, wish: Wish, report: Callable[[str], None]) -> Compared:
    """Train and measure both. Raises TrolyError when one of them does not train or start."""
    folder = settings.data_dir.absolute() / "bench"
    project = bench_stock.write(folder / "stock", wish.epochs, wish.per_intent)
    training = bench_stock.train(project, report, wish.minutes * 60)
    home = folder / "against"
    shutil.rmtree(home, ignore_errors=True)
    config = settings.model_copy(update={"data_dir": home, "model_dir": home / "models", "database_url": ""})
    first = _train(config, home, report, "for the first time, with the catalogue's copy")
    again = _train(config, home, report, "again")
    codes = messages.national_codes(config.database)
    long = [messages.plain(), messages.portal_cached(codes)]
    cases = [*long, messages.portal(codes), messages.finder()]
    cases = [case for case in cases if case.texts and (not wish.names or case.name in wish.names)]
    ids = project.folder / "ids.json"
    ids.write_text(json.dumps(messages.national_ids(config.database)), encoding="utf-8")
    them = _measure_stock(project, settings, wish.plan, cases, long, report)
    us = _measure_ours(config, home, wish.plan, cases, long, report)
    return Compared(
        ours=Side(us[0], us[1], first, again),
        stock=Side(them[0], them[1], training.seconds, None),
        training=training,
    )


def _train(config: Settings, home: Path, report: Callable[[str], None], how: str) -> float:
    """`troly train` in `home`, from the command to its end, in seconds."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "train.log"
    report(f"Training ours {how} (log: {log}) …")
    began = perf_counter()
    with log.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "troly", "train"],
            cwd=ROOT,
            env=apart(config, home),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise TrolyError(f"ours could not be trained: {last_words(log)}; see {log}")
    return perf_counter() - began


def _measure_stock(
    project: bench_stock.Project,
    settings: Settings,
    plan: Plan,
    cases: Sequence[Case],
    long: Sequence[Case],
    report: Callable[[str], None],
) -> tuple[Measured, Start]:
    environment = {
        "DEMO_CATALOGUE": str(settings.demo_catalogue_file or "own"),
        "PORTAL_URL": "", "STATUS_URL": "", "HOST": "127.0.0.1",
        "DATA_DIR": str(project.folder / "data"), "STOCK_IDS": str(project.folder / "ids.json"),
    }  # fmt: skip
    with bench_stock.running(project, environment, report) as (_, _, first):
        pass
    marks = tuple(mark for mark in plan.turns if mark <= _DEEPEST)
    shorter = Plan(plan.visitors, plan.seconds, marks)
    # It has nothing to search with, and is not asked to: any answer counts.
    lenient = [_lenient(case) for case in cases]
    with bench_stock.running(project, environment, report) as (url, roots, seconds):
        target = RestChannel(url, project.greeting)
        measured = asyncio.run(_measure(target, shorter, lenient, long, roots, report))
    return measured, Start(seconds, first)


def _lenient(case: Case) -> Case:
    if case.name != "finder":
        return case
    return Case(case.name, case.title, case.texts, case.accepts | {"out_of_scope", "not_found"}, case.repeats)


def _measure_ours(
    config: Settings,
    home: Path,
    plan: Plan,
    cases: Sequence[Case],
    long: Sequence[Case],
    report: Callable[[str], None],
) -> tuple[Measured, Start]:
    began = perf_counter()
    with running_stack(config, home, report):
        first = perf_counter() - began
    before = set(children(os.getpid()))
    began = perf_counter()
    with running_stack(config, home, report) as url:
        seconds = perf_counter() - began
        roots = [pid for pid in children(os.getpid()) if pid not in before]
        measured = asyncio.run(_measure(PublicApi(url), plan, cases, long, roots, report))
    return measured, Start(seconds, first)


async def _measure(
    target: RestChannel | PublicApi,
    plan: Plan,
    cases: Sequence[Case],
    long: Sequence[Case],
    roots: Sequence[int],
    report: Callable[[str], None],
) -> Measured:
    async with target as opened:
        asked: Target = opened
        return await measure(asked, plan, cases, long, lambda: snapshot(roots), report)
