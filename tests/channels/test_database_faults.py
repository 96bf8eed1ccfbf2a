"""The database restarts, fills its disk, or takes no writes: nothing that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from tests.faults.databases import Disk, Server, disk, server
from troly import log
from troly.database import engine
from troly.tables import Base
from troly.tables.delivery import DONE, Inbox, Outbox


@pytest.fixture(autouse=True)
def _short_logs(_logs_as_imported: None) -> None:
    """Hundreds of errors are expected; structlog's own way draws each as a picture, for a second."""
    log.configure("error", process="gateway")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as made:
        tables = engine(made.url)
        Base.metadata.create_all(tables)
        tables.dispose()
        yield made


class Writers:
    """Visitors who write until told to stop; each message again until it is acknowledged."""

    def __init__(self, stack: Any, number: int = 3) -> None:
        self.stack = stack
        self.acknowledged: list[tuple[str, str]] = []
        self.statuses: dict[int, int] = {}
        self._number = number
        self._stop = False

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        visitors = [await self.stack.visitor() for _ in range(self._number)]
        tasks = [asyncio.create_task(self._write(visitor)) for visitor in visitors]
        try:
            yield
        finally:
            self._stop = True
            await asyncio.gather(*tasks)

    async def acknowledges(self, more: int, seconds: float = 30) -> None:
        wanted = len(self.acknowledged) + more
        async with asyncio.timeout(seconds):
            while len(self.acknowledged) < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def _write(self, visitor: Any) -> None:
        number = 0
        while not self._stop:
            number += 1
            text, key = f"tin {number} của {visitor.id}", f"k{number}"
            while True:
                try:
                    status = (await visitor.send(text, client_id=key)).status_code
                except httpx.TransportError:
                    status = 0
                self.statuses[status] = self.statuses.get(status, 0) + 1
                if status in (200, 202):
                    self.acknowledged.append((visitor.id, key))
                    break
                assert status == 503, status
                if self._stop:
                    return
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.02)


async def _settled(url: str, seconds: float = 40) -> dict[str, int]:
    """Answers by message, once nothing waits."""
    made = engine(url)
    try:
        async with asyncio.timeout(seconds):
            while True:
                with made.connect() as connection:
                    open_ = connection.scalar(
                        sa.select(sa.func.count()).select_from(Inbox).where(Inbox.state != DONE)
                    )
                    if not open_:
                        rows = connection.execute(
                            sa.select(Inbox.message_id, sa.func.count(Outbox.id))
                            .outerjoin(Outbox, (Outbox.inbox_id == Inbox.id) & (Outbox.kind == "reply"))
                            .group_by(Inbox.message_id)
                        )
                        return {str(name): int(count) for name, count in rows}
                await asyncio.sleep(0.1)
    finally:
        made.dispose()


def _right(writers: Writers, answers: dict[str, int]) -> None:
    assert writers.acknowledged
    for visitor, key in writers.acknowledged:
        assert answers.pop(f"{visitor}:{key}") == 1, (visitor, key)
    # Stored, though nobody heard of it: the answer is there all the same, and once.
    assert set(answers.values()) <= {1}


def _patient(quick: Any) -> Any:
    from dataclasses import replace

    return replace(quick, pauses=(0.1, 0.3, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0), outage=600)


@pytest.mark.postgres
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["restarted", "lost its power"])
async def test_a_postgresql_that_comes_back_finds_every_acknowledged_message(
    start: Any, rasa: Any, postgres: Server, how: signal.Signals, quick: Any
) -> None:
    rasa.delay = 0.05
    async with start(_patient(quick), rasa_url=rasa.url, database_url=postgres.url) as stack:
        writers = Writers(stack)
        async with writers.writing():
            await writers.acknowledges(15)
            await asyncio.to_thread(postgres.stop, how)
            ready = await stack.http.get("/readyz")
            assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "down")
            assert (await stack.http.get("/healthz")).status_code == 200
            await asyncio.sleep(1.0)
            await asyncio.to_thread(postgres.start)
            await writers.acknowledges(15)
        _right(writers, await _settled(postgres.url))
        assert writers.statuses.get(503), "nobody noticed: then the test tests nothing"
        assert (await stack.http.get("/readyz")).json()["checks"]["database"] == "up"


@pytest.mark.postgres
async def test_a_read_only_postgresql_acknowledges_nothing_and_is_said_to_be_down(
    start: Any, rasa: Any, postgres: Server, quick: Any
) -> None:
    async with start(_patient(quick), rasa_url=rasa.url, database_url=postgres.url) as stack:
        writers = Writers(stack)
        async with writers.writing():
            await writers.acknowledges(10)
            await asyncio.to_thread(postgres.read_only, True)
            try:
                await asyncio.sleep(0.3)
                before = len(writers.acknowledged)
                ready = await stack.http.get("/readyz")
                assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "down")
                await asyncio.sleep(0.7)
                assert len(writers.acknowledged) == before
            finally:
                await asyncio.to_thread(postgres.read_only, False)
            await writers.acknowledges(10)
        _right(writers, await _settled(postgres.url))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Disk]:
    with disk(tmp_path / "disk", megabytes=4) as made:
        yield made


def _tables(url: str) -> None:
    made = engine(url)
    Base.metadata.create_all(made)
    made.dispose()


async def test_a_full_disk_acknowledges_nothing_and_loses_nothing(
    start: Any, rasa: Any, small: Disk, quick: Any
) -> None:
    url = f"sqlite:///{small.folder / 'troly.db'}"
    _tables(url)
    async with start(_patient(quick), rasa_url=rasa.url, database_url=url) as stack:
        writers = Writers(stack)
        async with writers.writing():
            await writers.acknowledges(10)
            small.fill()
            while not writers.statuses.get(503):  # noqa: ASYNC110 - pages of the log may still be free
                await asyncio.sleep(0.05)
            await asyncio.sleep(1.0)
            assert (await stack.http.get("/healthz")).status_code == 200
            small.free()
            await writers.acknowledges(10)
        _right(writers, await _settled(url))


async def test_a_read_only_sqlite_acknowledges_nothing_and_is_said_to_be_down(
    start: Any, rasa: Any, make_settings: Callable[..., Any], quick: Any
) -> None:
    async with start(_patient(quick), rasa_url=rasa.url) as stack:
        url = stack.gateway.settings.database
        engines = {stack.gateway.engine, stack.gateway.archive._engine}

        def only_read(on: bool) -> Callable[..., None]:
            def checkout(connection: Any, *_: Any) -> None:
                cursor = connection.cursor()
                cursor.execute(f"PRAGMA query_only={'ON' if on else 'OFF'}")
                cursor.close()

            return checkout

        writers = Writers(stack)
        async with writers.writing():
            await writers.acknowledges(10)
            for made in engines:
                sa.event.listen(made.sync_engine, "checkout", only_read(True))
            await asyncio.sleep(0.2)
            before = len(writers.acknowledged)
            ready = await stack.http.get("/readyz")
            assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "down")
            await asyncio.sleep(0.5)
            assert len(writers.acknowledged) == before and writers.statuses.get(503)
            for made in engines:
                sa.event.listen(made.sync_engine, "checkout", only_read(False))
            await writers.acknowledges(10)
        _right(writers, await _settled(url))
