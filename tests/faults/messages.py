"""Messages under faults: python -m tests.faults.messages [--sqlite] [--messages 5000] [--citizens 500] …

Real gateway processes with the patience that they have by default (two on PostgreSQL and Redis, or one on
SQLite), citizens on all four channels before strict stand-ins of the platforms, and a Rasa by script.
While they write, Rasa is killed twice, the portal does not answer for a while, platforms fail, and a
gateway is killed and started again. Then Rasa is stopped and webhooks are brought all the same. Ends by
itself, with 1 when a message was lost, doubled or answered out of order. Everything is on loopback.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import sqlalchemy as sa

from tests.faults import processes
from tests.faults.crowd import CHANNELS, Crowd
from tests.faults.processes import Program
from troly.database import engine
from troly.tables import Base
from troly.tables.delivery import FAILED, PARKED, WAITING, Inbox, Outbox

AFTERMATH = 30.0
"""Seconds after a fault in which answers may still be late: the longest lease is 25 s."""


@dataclass(frozen=True)
class Plan:
    """How much, how long (seconds), and how hard."""

    messages: int = 5000
    citizens: int = 500
    seconds: float = 420.0
    rasa_away: float = 5.0
    """Each of two times."""
    portal_away: float = 20.0
    gateway_away: float = 5.0
    webhooks: int = 1000
    """While Rasa is stopped, in each round."""
    rounds: int = 3
    rate: float = 25.0
    """Webhooks a second while Rasa is stopped."""
    patience: float = 300.0
    """Until all must be answered after the last message."""


class Run:
    """One run."""

    def __init__(
        self, plan: Plan, folder: Path, database: str, redis: str, report: Callable[[str], None]
    ) -> None:
        """Two gateways where there is a Redis."""
        self.plan = plan
        self.report = report
        self.folder = folder
        self._database = database
        self._redis = redis
        self._engine = engine(database)
        self._rasa = processes.rasa(folder)
        self._gateways: list[Program] = []
        self._ports: list[int] = []
        self.crowd = Crowd(plan.citizens, self._ports)
        self._disturbed: list[tuple[str, float, float]] = []
        self._began = 0.0
        self._delays: list[float] = []
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def play(self) -> dict[str, Any]:
        """All of it; gives the figures."""
        Base.metadata.create_all(self._engine)
        load = [os.getloadavg()[0]]
        watching = asyncio.create_task(self._watch())
        self._rasa.spawn()
        try:
            async with self.crowd.platforms_open() as settings:
                await self._rasa.ready()
                await self._start_gateways(settings)
                async with self.crowd.inside():
                    figures = await self._faults()
                    load.append(os.getloadavg()[0])
                    figures["rasa_stopped"] = await self._without_rasa()
                    load.append(os.getloadavg()[0])
                figures |= self._verdict()
            figures["gateways_stopped_with"] = [program.stop() for program in self._gateways]
        finally:
            watching.cancel()
            for program in (*self._gateways, self._rasa):
                program.kill()
            self._engine.dispose()
        figures["machine"] = {
            "cpus": os.cpu_count(),
            "load": [round(value, 1) for value in load],
            "own_delay_ms": _spread(self._delays),
        }
        return figures

    async def _watch(self) -> None:
        """How late this program itself is: what it measures of others cannot be more exact than that."""
        while True:
            due = perf_counter() + 0.05
            await asyncio.sleep(0.05)
            self._delays.append(perf_counter() - due)

    async def _start_gateways(self, platforms: dict[str, str]) -> None:
        environment: dict[str, object] = {
            "DATA_DIR": self.folder,
            "DATABASE_URL": self._database,
            "REDIS_URL": self._redis,
            "SECRET_KEY": "a key for tests",
            "RASA_URL": self._rasa.url,
            "ACTIONS_URL": "http://127.0.0.1:9",
            "PORTAL_PORT": 9,
            "MESSAGES_PER_MINUTE": 1_000_000,
            "CONVERSATIONS_PER_HOUR": 1_000_000,
            "ZALO_OA_NIGHT": "send",
            "LOG_LEVEL": "warning",
        }
        for number in range(2 if self._redis else 1):
            program = processes.gateway(number, self.folder, environment | platforms)
            self._gateways.append(program)
            program.spawn()
            await program.ready()
            self._ports.append(program.port)

    async def _faults(self) -> dict[str, Any]:
        plan, crowd = self.plan, self.crowd
        # The first messages of a process cost more; a gateway is started under load further below.
        warm = min(plan.citizens, 80)
        await crowd.write(warm, 6.0)
        await self._settled()
        crowd.entrance.seconds.clear()
        self.report(f"{plan.messages} messages of {plan.citizens} citizens in {plan.seconds:.0f} s …")
        self._began = perf_counter()
        writing = asyncio.create_task(crowd.write(plan.messages, plan.seconds))
        happening = asyncio.create_task(self._happen())
        await writing
        taken = perf_counter() - self._began
        await happening
        await self._settled()
        acknowledged = crowd.entrance.seconds.copy()
        waits = {
            number: crowd.answered[number] - moment
            for number, moment in crowd.written.items()
            if number in crowd.answered and number > warm
        }
        calm = {number: wait for number, wait in waits.items() if not self._was_disturbed(number)}
        return {
            "plan": plan.__dict__,
            "store": "PostgreSQL and Redis, two gateways" if self._redis else "SQLite, one gateway",
            "seconds": round(perf_counter() - self._began, 1),
            "written_within": round(taken, 1),
            "acknowledgement_ms": _spread(acknowledged),
            "not_acknowledged": dict(crowd.entrance.refused),
            "answer_ms": _spread(waits.values()),
            "answer_calm_ms": _spread(calm.values()),
            "answer_calm_by_channel_ms": {
                channel: _spread(wait for number, wait in calm.items() if crowd.channel_of[number] == channel)
                for channel in CHANNELS
            },
            "faults": [
                f"{name} at {start - self._began:.0f} s for {end - start:.0f} s"
                for name, start, end in self._disturbed
            ],
        }

    async def _happen(self) -> None:
        plan = self.plan
        async with asyncio.TaskGroup() as group:
            group.create_task(self._at(0.12, "Rasa killed", self._rasa, plan.rasa_away))
            group.create_task(self._portal(0.27))
            group.create_task(self._platforms(0.45))
            group.create_task(self._at(0.55, "gateway killed", self._gateways[0], plan.gateway_away))
            group.create_task(self._at(0.8, "Rasa killed", self._rasa, plan.rasa_away))

    async def _at(self, part: float, name: str, program: Program, away: float) -> None:
        await asyncio.sleep(part * self.plan.seconds)
        async with self._locks[program.name]:  # it may not have come back from the last time
            start = perf_counter()
            self.report(f"  {start - self._began:5.0f} s: {name}")
            await asyncio.to_thread(program.kill)
            await asyncio.sleep(away)
            program.spawn()
            await program.ready()
            self._disturbed.append((name, start, perf_counter()))

    async def _portal(self, part: float) -> None:
        await asyncio.sleep(part * self.plan.seconds)
        start, flag = perf_counter(), self.folder / "portal_down"
        self.report(f"  {start - self._began:5.0f} s: portal away")
        flag.touch()
        await asyncio.sleep(self.plan.portal_away)
        flag.unlink()
        self._disturbed.append(("portal away", start, perf_counter()))

    async def _platforms(self, part: float) -> None:
        await asyncio.sleep(part * self.plan.seconds)
        self.report(f"  {perf_counter() - self._began:5.0f} s: platforms fail")
        start = perf_counter()
        for what in ("429", "500", "timeout", "drop_after_send"):
            for platform in self.crowd.platforms.values():
                platform.fail(what, 2)
            await asyncio.sleep(1.0)
        self._disturbed.append(("platforms fail", start, perf_counter()))

    def _was_disturbed(self, number: int) -> bool:
        moment = self.crowd.written[number]
        return any(start - 1 <= moment <= end + AFTERMATH for _, start, end in self._disturbed)

    async def _without_rasa(self) -> dict[str, Any]:
        """Webhooks are acknowledged while nobody can answer; afterwards all are answered."""
        plan, seconds = self.plan, self.crowd.entrance.seconds
        rounds = []
        await asyncio.to_thread(self._rasa.kill)
        began, cpu = perf_counter(), sum(program.cpu() for program in self._gateways)
        delayed = sum(program.delayed() for program in self._gateways)
        for number in range(plan.rounds):
            self.report(f"Rasa is stopped: {plan.webhooks} webhooks (round {number + 1} of {plan.rounds}) …")
            seconds.clear()
            await self.crowd.write(plan.webhooks, plan.webhooks / plan.rate)
            rounds.append(_spread(seconds))
        spent = sum(program.cpu() for program in self._gateways) - cpu
        passed = perf_counter() - began
        delayed = sum(program.delayed() for program in self._gateways) - delayed
        self._rasa.spawn()
        await self._rasa.ready()
        start = perf_counter()
        await self._settled()
        names = rounds[0].keys()
        return {
            "acknowledgement_ms": {
                name: round(statistics.median(r[name] for r in rounds), 1) for name in names
            },
            "rounds": rounds,
            "cores_used_by_gateways": round(spent / passed, 2),
            "cores_that_gateways_waited_for": round(delayed / passed, 2),
            "all_answered_after_s": round(perf_counter() - start, 1),
        }

    async def _settled(self) -> None:
        """Until every message is answered and every answer sent, or patience ends."""
        end = perf_counter() + self.plan.patience
        while perf_counter() < end:
            await asyncio.sleep(0.5)
            if not await asyncio.to_thread(self._waiting):
                break
        await asyncio.sleep(2.0)  # the website's readers

    def _waiting(self) -> int:
        with self._engine.connect() as connection:
            return sum(
                connection.scalar(sa.select(sa.func.count()).where(table.state == WAITING)) or 0
                for table in (Inbox, Outbox)
            )

    def _verdict(self) -> dict[str, Any]:
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(Outbox.content, Outbox.repeated).where(Outbox.repeated > 0)
            ).all()
            failed = connection.execute(
                sa.select(Outbox.error, sa.func.count()).where(Outbox.state == FAILED).group_by(Outbox.error)
            ).all()
            parked = connection.scalar(sa.select(sa.func.count()).where(Inbox.state == PARKED))
        recorded: dict[int, int] = {}
        for content, repeated in rows:
            word, _, number = content["text"].partition(" ")
            if word == "đáp":
                recorded[int(number)] = repeated
        overlaps = self.folder / "overlaps"
        return {
            "failed_for": {str(error): count for error, count in failed},
            "verdict": self.crowd.verdict(recorded)
            | {
                "recorded_as_perhaps_repeated": len(rows),
                "parked": parked,
                # Given up after two repetitions, of which nobody knows whether they were seen.
                "failed_replies": sum(count for _, count in failed),
                "two_of_one_citizen_at_once_in_rasa": len(overlaps.read_text().split())
                if overlaps.exists()
                else 0,
                "refused_as_malformed": sum(
                    len(platform.violations) for platform in self.crowd.platforms.values()
                ),
            },
        }


def _spread(seconds: Any) -> dict[str, float]:
    """Median and tail in milliseconds."""
    found = sorted(seconds)
    if not found:
        return {"n": 0, "p50": 0.0, "p95": 0.0, "p99": 0.0, "max": 0.0}

    def at(part: float) -> float:
        return round(found[min(len(found) - 1, int(part * len(found)))] * 1000, 1)

    return {"n": len(found), "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1.0)}


def lines(figures: dict[str, Any]) -> list[str]:
    """The figures as a table."""
    out = [f"{figures['store']}; load of the machine {figures['machine']['load']}", *figures["faults"]]

    def row(name: str, spread: dict[str, float]) -> str:
        cells = "  ".join(f"{spread[key]:>9}" for key in ("n", "p50", "p95", "p99", "max"))
        return f"{name:38}  {cells}"

    out.append(f"{'milliseconds':38}  " + "  ".join(f"{key:>9}" for key in ("n", "p50", "p95", "p99", "max")))
    out.append(row("acknowledgement", figures["acknowledgement_ms"]))
    out.append(row("acknowledgement, Rasa stopped (median)", figures["rasa_stopped"]["acknowledgement_ms"]))
    stopped = figures["rasa_stopped"]
    out.append(
        f"  gateways then used {stopped['cores_used_by_gateways']} cores and were ready to run, without one, "
        f"for {stopped['cores_that_gateways_waited_for']} s a second"
    )
    out.append(row("own delay of the measuring program", figures["machine"]["own_delay_ms"]))
    out.append(row("answer, all", figures["answer_ms"]))
    out.append(row("answer, no fault within 30 s", figures["answer_calm_ms"]))
    out += [row(f"  {name}", spread) for name, spread in figures["answer_calm_by_channel_ms"].items()]
    out += [f"{name.replace('_', ' '):38}  {value:>9}" for name, value in figures["verdict"].items()]
    return out


def is_right(figures: dict[str, Any]) -> bool:
    """Whether nothing was lost, doubled, or out of order."""
    verdict = figures["verdict"]
    wrong = ("lost", "doubled", "citizens_out_of_order", "parked", "refused_as_malformed")
    return not any(verdict[name] for name in wrong) and not verdict["two_of_one_citizen_at_once_in_rasa"]


def run(
    plan: Plan, *, database: str, redis: str, folder: Path, report: Callable[[str], None]
) -> dict[str, Any]:
    """One run on this database; without Redis one gateway."""
    # A gateway that is killed cuts its requests off, at which servers within this program complain.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return asyncio.run(Run(plan, folder, database, redis, report).play())


@click.command()
@click.option("--sqlite", is_flag=True, help="One gateway on SQLite instead of two on PostgreSQL and Redis.")
@click.option("--messages", default=Plan.messages, show_default=True)
@click.option("--citizens", default=Plan.citizens, show_default=True)
@click.option("--seconds", default=Plan.seconds, show_default=True, help="In which they are written.")
@click.option("--webhooks", default=Plan.webhooks, show_default=True, help="Of a round without Rasa.")
@click.option("--rounds", default=Plan.rounds, show_default=True)
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Also write all figures here."
)
def main(
    sqlite: bool, messages: int, citizens: int, seconds: float, webhooks: int, rounds: int, file: Path | None
) -> None:
    """Lose nothing, double nothing, keep the order: under faults, with figures."""
    plan = Plan(messages=messages, citizens=citizens, seconds=seconds, webhooks=webhooks, rounds=rounds)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        database = f"sqlite:///{folder / 'run.db'}" if sqlite else stack.enter_context(processes.postgres())
        redis = "" if sqlite else stack.enter_context(processes.redis())
        figures = run(
            plan,
            database=database,
            redis=redis,
            folder=folder,
            report=lambda line: click.echo(line, err=True),
        )
    click.echo("\n".join(lines(figures)))
    if file:
        file.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if not is_right(figures):
        raise click.exceptions.Exit(1)


if __name__ == "__main__":
    main()
