"""The watcher is killed in the middle of its work, and every change is still told exactly once.

A few hundred subscriptions here; FULL_SIZE=1 takes the 10,000 subscriptions and 500 changes that one machine
has to bear, and prints the figures (docs/services/notices.md quotes them).
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, insert, select

sys.path.insert(0, str(Path(__file__).parent))
from following import make_database, meet, open_database, told

from portal.client import PortalClient
from portal.watch_store import waiting
from troly.settings import ROOT
from troly.tables.delivery import Inbox
from troly.tables.notices import Subscription, WatchedApplication

FULL = bool(os.environ.get("FULL_SIZE"))
SUBSCRIPTIONS, CHANGES = (10_000, 500) if FULL else (300, 60)
PER_MINUTE = 60 if FULL else 600
SECONDS = 900 if FULL else 90

# As python -m portal.watch runs it; where time matters, less patient.
_IMPATIENT = """
import asyncio
from portal import watch
from portal.watcher import WatchOptions
from troly.settings import settings

asyncio.run(watch.run(settings(), WatchOptions(per_minute=600, tick=0.1, lease=2.0, feed=0.5)))
"""
COMMAND = [sys.executable, "-m", "portal.watch"] if FULL else [sys.executable, "-c", _IMPATIENT]


class Watching:
    """The watcher as a process of its own."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                COMMAND,
                env=self._environment,
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        assert self.process is not None and self.process.poll() is None, self._log.read_text("utf-8")[-2000:]
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@asynccontextmanager
async def watching(environment: dict[str, str], log: Path) -> AsyncIterator[Watching]:
    one = Watching(environment, log)
    try:
        yield one
    finally:
        if one.process and one.process.poll() is None:
            one.process.kill()
            one.process.wait()


async def subscribe(url: str, client: PortalClient, codes: list[str]) -> None:
    """Everybody follows one application, as it stands now."""
    engine = open_database(url)
    names = [f"conversation-{number}" for number in range(len(codes))]
    moment = datetime.now(UTC) - timedelta(days=1)
    states: dict[str, Any] = {}
    for first in range(0, len(codes), client.batch):
        states |= await client.get_applications(codes[first : first + client.batch])
    for first in range(0, len(codes), 500):
        await meet(engine, *names[first : first + 500])
    async with engine.begin() as connection:
        await connection.execute(
            insert(Subscription),
            [
                {"id": f"s{number}", "conversation_id": name, "code": code, "created_at": moment}
                for number, (name, code) in enumerate(zip(names, codes, strict=True))
            ],
        )
        await connection.execute(
            insert(WatchedApplication),
            [
                {
                    "code": code,
                    "state": states[code].to_dict(),
                    "changed_at": moment,
                    "due_at": moment + timedelta(days=2),
                }
                for code in codes
            ],
        )
    await engine.dispose()


async def until(condition: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "it takes too long"
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("way", ["feed", "poll"] if FULL else ["feed"])
async def test_every_change_is_told_exactly_once_although_the_watcher_is_killed(
    demo: Any, application: Any, tmp_path: Path, bare_environment: dict[str, str], way: str
) -> None:
    codes = [f"H49.{10 + number // 5000}-250421-{number % 5000:04d}" for number in range(SUBSCRIPTIONS)]
    running = demo(None, [application(code) for code in codes])
    url = make_database(tmp_path / "killed.db")
    client = running.client()
    await subscribe(url, client, codes)
    named = {
        "DATABASE_URL": url,
        "PORTAL_PORT": str(running.port),
        "DATA_DIR": str(tmp_path),
        "NOTICE_REQUESTS_PER_MINUTE": str(PER_MINUTE),
    }
    if way == "poll":  # a service that can be asked for several, and tells nothing by itself
        named |= {
            "PORTAL_URL": running.url,
            "STATUS_URL": running.url,
            "STATUS_FEATURES": "batch",
            "STATUS_CLIENT_ID": "demo",
            "STATUS_CLIENT_SECRET": "demo",
            "NOTICE_POLL_MINUTES": "10",
        }
    engine = open_database(url)
    expected = Counter(random.Random(7).sample(codes, CHANGES))

    async def count() -> int:
        async with engine.connect() as connection:
            return await connection.scalar(select(func.count()).select_from(Inbox)) or 0

    async with httpx.AsyncClient(base_url=running.url, trust_env=False) as http:

        async def change(some: list[str]) -> None:
            for code in some:
                (await http.post(f"/demo/applications/{code}/advance")).raise_for_status()

        async def asked() -> int:
            total: int = (await http.get("/demo/requests")).json()["total"]
            return total

        async with watching(bare_environment | named, tmp_path / "watch.log") as watcher:
            watcher.start()
            if way == "feed":
                await until(lambda: _feed_was_read(engine), 30)
            begun, before = time.monotonic(), await asked()
            todo = list(expected)
            await change(todo[: CHANGES // 2])
            if way == "poll":
                await _everything_due(engine)

            async def some() -> bool:
                return await count() >= CHANGES // 10

            await until(some, SECONDS)
            watcher.kill()
            at_kill = await count()
            watcher.start()
            await change(todo[CHANGES // 2 :])
            if way == "poll":
                await _everything_due(engine)

            async def all_told() -> bool:
                return await count() >= CHANGES and (way == "feed" or not await waiting(engine))

            await until(all_told, SECONDS)
            took, questions = time.monotonic() - begun, await asked() - before
            watcher.kill()
            watcher.start()
            await asyncio.sleep(3)
    found = await told(engine)
    assert Counter(code for _, code, _, _ in found) == expected
    assert len(found) == await count() == CHANGES
    assert {f"conversation-{codes.index(code)}" for code in expected} == {name for name, _, _, _ in found}
    assert questions <= PER_MINUTE * (took / 60 + 2)
    print(
        f"\n{way}: {SUBSCRIPTIONS} subscriptions, {CHANGES} changes, killed after {at_kill} were told: "
        f"{len(found)} told in {took:.0f} s with {questions} questions to the portal "
        f"({questions / took * 60:.0f} a minute)"
    )
    await client.aclose()
    await engine.dispose()


async def _feed_was_read(engine: Any) -> bool:
    from portal.watch_store import place

    return (await place(engine))[0] != ""


async def _everything_due(engine: Any) -> None:
    from sqlalchemy import update

    async with engine.begin() as connection:
        await connection.execute(update(WatchedApplication).values(due_at=datetime.now(UTC)))
