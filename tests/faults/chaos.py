"""Processes killed at random while citizens ask: python -m tests.faults.chaos [--minutes 10] [--postgres] …

The whole program as an operator starts it (`troly serve`), with a model of the demo portal's own catalogue.
Visitors of the website ask one question after the other and wait for each answer; meanwhile kill -9 meets
the gateway, Rasa, the action server and the portal, one or two at a time. Then everything must be there: each
message once, with one answer, and that answer the one that was given before the first kill. Ends with 1 when
something was lost, doubled or answered wrongly. Everything is on loopback.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import click
import httpx
import sqlalchemy as sa

from tests.faults.processes import postgres
from troly.database import engine
from troly.settings import ROOT, Settings
from troly.tables.delivery import DONE, Inbox, Outbox

sys.path[:0] = [str(ROOT / "tests" / "stack")]

from running import NAMES, Running, is_alive  # noqa: E402

QUESTIONS = (
    "lệ phí đăng ký khai sinh là bao nhiêu",
    "đăng ký khai sinh cần giấy tờ gì",
    "đăng ký khai sinh mất bao lâu",
    "đăng ký kết hôn lệ phí bao nhiêu",
    "H49.33-250421-0001",
)
"""In one language, and each can be answered without what was said before. What is right is learned before the
first kill."""

PATIENCE = 180.0
_COPY = "portal_unavailable"
"""The status of what is told from the copy, with its date: as right as from the portal."""
_LOOKED_UP = "H49.33-250421-0001"


@dataclass
class Kill:
    """One process killed."""

    name: str
    at: float
    """Seconds since the start."""
    back: float | None = None
    """Seconds until a new process answered."""


@dataclass
class Asked:
    """One question of one visitor."""

    question: str
    client_id: str
    at: float
    seconds: float | None = None
    tries: int = 0


@dataclass
class Chaos:
    """One run against a program that is started."""

    running: Running
    seconds: float
    visitors: int = 4
    seed: int = 7
    pauses: tuple[float, float] = (8.0, 22.0)
    """Between kills, in seconds."""
    database: str = ""
    kills: list[Kill] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    right: dict[str, tuple[str, Any, frozenset[str]]] = field(default_factory=dict)
    never: list[str] = field(default_factory=list)
    _began: float = 0.0

    async def play(self, names: tuple[str, ...] = NAMES) -> dict[str, Any]:
        """All of it; gives the figures."""
        await asyncio.to_thread(self._learn)
        self._began = monotonic()
        talking = [asyncio.create_task(self._talk(number)) for number in range(self.visitors)]
        await self._kill(names)
        await asyncio.gather(*talking)
        return await asyncio.to_thread(self._figures)

    def _learn(self) -> None:
        for question in QUESTIONS:
            with self.running.visitor("vi") as visitor:
                turn = visitor.say(question)
                assert turn.status in ("answered", "clarify"), (question, turn)
                self.right[question] = (turn.status, turn.about, facts(turn.text))
                assert self.right[question][2], f"nothing to compare: {turn.text}"

    async def _kill(self, names: tuple[str, ...]) -> None:
        chance = random.Random(self.seed)
        waiting: list[asyncio.Task[None]] = []
        queue: list[str] = []
        end = self._began + self.seconds
        while True:
            await asyncio.sleep(chance.uniform(*self.pauses) / (1 if queue else 2))
            if monotonic() > end:
                break
            for _ in range(1 if chance.random() < 0.75 else 2):
                if not queue:  # each as often as the others, in no order
                    queue = chance.sample(names, len(names))
                name = queue.pop()
                pid = self.running.children().get(name)
                if pid is None:
                    continue
                os.kill(pid, signal.SIGKILL)
                self.kills.append(Kill(name, monotonic() - self._began))
                waiting.append(asyncio.create_task(self._back(self.kills[-1], pid)))
        await asyncio.gather(*waiting)

    async def _back(self, kill: Kill, pid: int) -> None:
        while monotonic() - self._began - kill.at < PATIENCE:
            await asyncio.sleep(0.2)
            if is_alive(pid):
                continue
            if await asyncio.to_thread(self.running.answers, kill.name):
                kill.back = monotonic() - self._began - kill.at
                return

    async def _talk(self, number: int) -> None:
        """A page: it sends a message until it is taken, and asks again until it is answered."""
        chance = random.Random(self.seed * 1000 + number)
        turn = number
        headers = {"X-Forwarded-For": f"10.7.{number // 250}.{number % 250 + 1}"}
        async with httpx.AsyncClient(
            base_url=self.running.url, timeout=40, trust_env=False, headers=headers
        ) as http:
            opened = await self._until_taken(http, "/api/v1/conversations", {"language": "vi"})
            http.headers["Authorization"] = f"Bearer {opened['token']}"
            while monotonic() - self._began < self.seconds + 3:
                question = QUESTIONS[turn % len(QUESTIONS)]
                turn += 1
                asked = Asked(question, uuid4().hex, monotonic())
                self.asked.append(asked)
                body = {"text": question, "client_id": asked.client_id}
                if await self._until_taken(http, "/api/v1/messages?wait=true", body, asked) is None:
                    self.never.append(asked.client_id)
                else:
                    asked.seconds = monotonic() - asked.at
                await asyncio.sleep(chance.uniform(0.2, 1.2))

    async def _until_taken(
        self, http: httpx.AsyncClient, path: str, body: dict[str, str], asked: Asked | None = None
    ) -> Any:
        end = monotonic() + PATIENCE
        while monotonic() < end:
            if asked:
                asked.tries += 1
            try:
                response = await http.post(path, json=body)
                if response.status_code == 200:
                    return response.json()
                assert response.status_code in (202, 429, 502, 503), (response.status_code, response.text)
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.4)
        return None

    def _figures(self) -> dict[str, Any]:
        lost, doubled, wrong, statuses = list(self.never), [], [], Counter[str]()
        answers = defaultdict(list)
        made = engine(self.database or f"sqlite:///{self.running.database}")
        try:
            with made.connect() as connection:
                rows = connection.execute(sa.select(Inbox.id, Inbox.message_id, Inbox.state)).all()
                for row in connection.execute(
                    sa.select(Outbox.inbox_id, Outbox.content)
                    .where(Outbox.kind == "reply")
                    .order_by(Outbox.id)
                ):
                    answers[row.inbox_id].append(row.content)
        finally:
            made.dispose()
        stored = defaultdict(list)
        for row in rows:
            stored[row.message_id.rpartition(":")[2]].append(row)
        for asked in self.asked:
            found = stored[asked.client_id]
            if len(found) != 1:
                (doubled if found else lost).append(f"{asked.client_id}: {len(found)} times in the inbox")
                continue
            said = answers[found[0].id]
            records = [content["answer"] for content in said if content.get("answer")]
            if found[0].state != DONE or not records:
                lost.append(f"{asked.client_id}: {found[0].state}, {len(records)} answers")
                continue
            if len(records) > 1:
                doubled.append(f"{asked.client_id}: {len(records)} answers")
            status = str(records[0]["status"])
            statuses[status] += 1
            usual, about, known = self.right[asked.question]
            text = "\n".join(content["text"] for content in said)
            if status == "error":
                continue  # an apology is no wrong answer; it is counted
            if status == _COPY and asked.question == _LOOKED_UP:
                continue  # of an application there is no copy
            told = (records[0]["procedure_code"], records[0]["aspect"])
            if status not in (usual, _COPY) or told != about or not known <= facts(text):
                wrong.append(f"{asked.question}: {status} {told} {text[:200]!r}")
        back = defaultdict(list)
        for kill in self.kills:
            back[kill.name].append(kill.back)
        took = sorted(asked.seconds for asked in self.asked if asked.seconds is not None)
        return {
            "seconds": round(monotonic() - self._began, 1),
            "database": "PostgreSQL" if self.database else "SQLite",
            "visitors": self.visitors,
            "messages": len(self.asked),
            "sent_again": sum(asked.tries > 1 for asked in self.asked),
            "kills": dict(Counter(kill.name for kill in self.kills)),
            "lost": len(lost),
            "doubled": len(doubled),
            "wrong": len(wrong),
            "not_back": sum(kill.back is None for kill in self.kills),
            "statuses": dict(statuses),
            "recovery_s": {name: _spread(times) for name, times in sorted(back.items())},
            "answer_s": _spread(took),
            "examples": {"lost": lost[:3], "doubled": doubled[:3], "wrong": wrong[:3]},
        }


def facts(text: str) -> frozenset[str]:
    """What an answer states: its lines with a number, without what only a copy has (its date) or links."""
    lines = (line.strip(" •-*") for line in text.splitlines())
    return frozenset(
        line for line in lines if re.search(r"\d", line) and not re.search(r"\d+/\d+/\d{4}|\d{4}\.$", line)
    )


def is_right(figures: dict[str, Any]) -> bool:
    """Whether the run showed no fault."""
    return not any(figures[name] for name in ("lost", "doubled", "wrong", "not_back"))


def _spread(seconds: Any) -> dict[str, float]:
    found = sorted(value for value in seconds if value is not None)
    if not found:
        return {"n": 0}
    return {"n": len(found), "median": round(statistics.median(found), 1), "max": round(found[-1], 1)}


@contextmanager
def program(folder: Path, model: Path, database: str = "", data: Path | None = None) -> Iterator[Running]:
    """The whole program with a model, started; no limits that visitors of a test would meet."""
    ours = {name.upper() for name in Settings.model_fields}
    outer = {name: value for name, value in os.environ.items() if name not in ours}
    outer["PYTHONPATH"] = str(ROOT)
    (folder / "models").mkdir(parents=True)
    shutil.copy(model, folder / "models")  # without its record, or `serve` might train anew
    if data and not database:
        (folder / "data").mkdir()
        for file in data.glob("troly.db*"):
            shutil.copy(file, folder / "data")
    running = Running(
        folder, outer, MODEL_DIR=folder / "models", DATABASE_URL=database, PORTAL_TIMEOUT=2,
        PORTAL_CACHE_SECONDS=0, MESSAGES_PER_MINUTE=1_000_000, CONVERSATIONS_PER_HOUR=1_000_000,
        LOOKUPS_PER_HOUR=1_000_000,
    )  # fmt: skip
    running.start()
    try:
        yield running
    finally:
        running.end()


def _trained(folder: Path) -> Path:
    ours = {name.upper() for name in Settings.model_fields}
    outer = {name: value for name, value in os.environ.items() if name not in ours}
    outer |= {"DATA_DIR": str(folder / "data"), "MODEL_DIR": str(folder / "models")}
    outer |= {"DEMO_CATALOGUE": "own", "ENCODER": "none", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "troly", "train"], env=outer, cwd=folder, check=True)
    return next((folder / "models").glob("*.tar.gz"))


@click.command()
@click.option("--minutes", default=10.0, help="How long to kill.")
@click.option("--visitors", default=4, help="At once.")
@click.option("--seed", default=7)
@click.option("--postgres", "on_postgres", is_flag=True, help="On a PostgreSQL of its own.")
@click.option(
    "--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Else one is trained."
)
@click.option(
    "--json", "output", type=click.Path(dir_okay=False, path_type=Path), help="Also write the figures."
)
def main(
    minutes: float, visitors: int, seed: int, on_postgres: bool, model: Path | None, output: Path | None
) -> None:
    """Kill processes at random and see whether anything is lost, doubled or wrong."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        (folder / "trained").mkdir()
        database = stack.enter_context(postgres()) if on_postgres else ""
        chosen = model or _trained(folder / "trained")
        data = None if model else folder / "trained" / "data"
        running = stack.enter_context(program(folder / "program", chosen, database, data))
        chaos = Chaos(running, minutes * 60, visitors, seed, database=database)
        figures = asyncio.run(chaos.play())
        if not is_right(figures):
            click.echo(running.output[-5000:], err=True)
    text = json.dumps(figures, ensure_ascii=False, indent=1)
    click.echo(text)
    if output:
        output.write_text(text + "\n", encoding="utf-8")
    sys.exit(0 if is_right(figures) else 1)


if __name__ == "__main__":
    main()
