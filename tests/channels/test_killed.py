"""A real gateway process, killed between each two steps: nothing is lost, nothing is answered twice.

Except where no platform can tell whether a message was shown: there it is shown exactly once more, and
the outbox says so (docs/adr/0006). The steps are in tests/faults/steps.py.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from tests.channels.talks import PLATFORMS, Talk, TalkOf, WebTalk
from tests.conftest import unused_port
from tests.faults.nursery import Child, Nursery
from tests.faults.steps import ON_ITS_WAY, STEPS, Step, held
from troly.clock import now
from troly.database import engine
from troly.tables import Base
from troly.tables.delivery import Inbox, Outbox

PATIENCE = 40.0
"""Seconds until a test gives up; other programs may use the machine at the same time."""

# Leases longer than any stall of the machine: how one ends is what `World.expire` is for.
# They look for work so seldom that only what a step wakes is under way when the process dies.
DELIVERY = {"lease": 30.0, "attempt": 20.0, "poll": 1.0, "pauses": [0.05] * 4, "outage_pause": 0.05}
SENDER = {"lease": 30.0, "attempt": 20.0, "poll": 1.0, "pauses": [0.05] * 3, "unknown_pauses": [0.05] * 2}

PART = "Điều {}: " + "giấy tờ cần nộp và nơi nộp, " * 60
LONG = "\n\n".join(PART.format(number) for number in range(1, 8))

TABLES = ("conversation", "inbox", "outbox", "address", "media", "rating")

NOT_SHARED = ("token renewed, not stored", "first token to be fetched, not asked")

CELLS = [
    pytest.param(channel, name, id=f"{channel}-{name}")
    for channel in ("telegram", "web", "zalo_bot", "zalo_oa")
    for name, step in STEPS.items()
    if channel in step.on
]


class World:
    """A database, the platforms, a Rasa, and gateway processes on fixed ports."""

    def __init__(
        self,
        nursery: Nursery,
        rasa: Any,
        folder: Path,
        database: str,
        settings: dict[str, object],
        ports: list[int],
    ) -> None:
        self.rasa = rasa
        self.ports = ports
        self.folder = folder
        self.settings = settings
        self.running: dict[int, Child] = {}
        self._nursery = nursery
        self._armed = folder / "armed"
        self._engine = engine(database)
        rasa.behave = self._answer

    def close(self) -> None:
        """End the processes."""
        for child in self.running.values():
            child.kill()
        self._engine.dispose()

    async def start(self, port: int) -> None:
        """A gateway; returns when it answers."""
        await self.spawn(port)
        async with httpx.AsyncClient(trust_env=False) as http:
            await self.until(lambda: self._answers(http, port), "the gateway answers")

    async def spawn(self, port: int) -> None:
        """A gateway; returns before it answers."""
        child = await asyncio.to_thread(
            self._nursery.start,
            self.settings | {"gateway_port": port},
            armed=self._armed,
            log=self.folder / f"gateway-{port}.log",
            delivery=DELIVERY,
            sender=SENDER,
        )
        self.running[port] = child

    async def _answers(self, http: httpx.AsyncClient, port: int) -> bool:
        assert self.running[port].status is None, self.log(port)
        try:
            return (await http.get(f"http://127.0.0.1:{port}/healthz")).status_code == 200
        except httpx.TransportError:
            return False

    def log(self, port: int) -> str:
        """The end of what the gateway wrote."""
        return (self.folder / f"gateway-{port}.log").read_text("utf-8", "replace")[-3000:]

    def arm(self, name: str) -> None:
        """Whoever comes to this step dies there."""
        written = self._armed.with_suffix(".new")
        written.write_text(name, "utf-8")
        written.rename(self._armed)

    async def dead(self) -> int:
        """The port whose gateway has died, once one has."""
        found: list[int] = []

        async def one() -> bool:
            found.extend(port for port, child in self.running.items() if child.status is not None)
            return bool(found)

        await self.until(one, "a gateway comes to the step")
        assert self.running[found[0]].killed, self.log(found[0])
        return found[0]

    async def stop(self, port: int) -> None:
        """Tell the gateway to end, as an operator does."""
        child = self.running[port]
        os.kill(child.pid, signal.SIGTERM)

        async def ended() -> bool:
            return child.status is not None

        await self.until(ended, "the gateway ends")

    def expire(self, *, pauses: bool = False) -> None:
        """The leases of the dead are over, and with `pauses` those as well."""
        with self._engine.begin() as connection:
            for table in (Inbox, Outbox):
                held = sa.true() if pauses else table.claim.is_not(None)
                connection.execute(
                    sa.update(table).where(table.state == "waiting", held).values(due_at=now())
                )

    async def settled(self) -> None:
        """Until nothing waits, neither for an answer nor to be sent."""

        async def nothing() -> bool:
            return not any(
                self.one(sa.select(sa.func.count()).where(table.state == "waiting"))
                for table in (Inbox, Outbox)
            )

        await self.until(nothing, "nothing waits")

    def one(self, query: Any) -> Any:
        """A number from the database."""
        with self._engine.connect() as connection:
            return connection.scalar(query)

    def counts(self) -> dict[str, int]:
        """Rows of each table about citizens, and how often a reply may have been repeated."""
        counts = {table: self.one(sa.text(f"SELECT count(*) FROM {table}")) for table in TABLES}
        return counts | {"repeated": self.one(sa.select(sa.func.coalesce(sa.func.sum(Outbox.repeated), 0)))}

    def states(self) -> set[str]:
        """In which states messages and replies are."""
        with self._engine.connect() as connection:
            return {
                state
                for table in (Inbox, Outbox)
                for state in connection.scalars(sa.select(table.state).distinct())
                if state is not None
            }

    async def until(self, fact: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for the fact."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await fact():  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"never: {what}\n" + "\n".join(map(self.log, self.running))) from None

    async def _answer(self, sender: str, message: str, _seen: int) -> list[dict[str, Any]] | None:
        if self._armed.exists() and self._armed.read_text("utf-8") == "Rasa thinks":
            await asyncio.sleep(5 * ON_ITS_WAY)
        if message == "kể hết":
            return [
                {"recipient_id": sender, "text": LONG},
                {
                    "recipient_id": sender,
                    "custom": {"language": "vi", "links": [], "answer": {"status": "answered"}},
                },
            ]
        return None


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Starts gateways quickly."""
    with Nursery() as made:
        yield made


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables."""
    file = tmp_path_factory.mktemp("killed") / "empty.db"
    made = engine(f"sqlite:///{file}")
    Base.metadata.create_all(made)
    made.dispose()
    return file


@pytest.fixture(scope="module")
def matrix(request: pytest.FixtureRequest) -> Iterator[dict[tuple[str, str], str]]:
    """What became of each cell; printed at the end."""
    found: dict[tuple[str, str], str] = {}
    yield found
    _print(request, "one gateway, SQLite", found)


@pytest.fixture(scope="module")
def shared_matrix(request: pytest.FixtureRequest) -> Iterator[dict[tuple[str, str], str]]:
    """The same for two gateways."""
    found: dict[tuple[str, str], str] = {}
    yield found
    _print(request, "two gateways, PostgreSQL", found)


def _print(request: pytest.FixtureRequest, title: str, found: dict[tuple[str, str], str]) -> None:
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    if reporter and capture and found:
        with capture.global_and_fixture_disabled():
            reporter.write_line("")
            for line in lines(title, found):
                reporter.write_line(line)


def lines(title: str, found: dict[tuple[str, str], str]) -> list[str]:
    """The matrix as a table: how often the citizen saw what was under way when the process was killed."""
    channels = sorted({channel for channel, _ in found})
    names = [name for name in STEPS if any((channel, name) in found for channel in channels)]
    width = max(map(len, [title, *names]))
    head = f"{title:{width}}  " + "  ".join(f"{channel:>9}" for channel in channels)
    rows = [
        f"{name:{width}}  " + "  ".join(f"{found.get((channel, name), '–'):>9}" for channel in channels)
        for name in names
    ]
    repeated = sum(cell.startswith("2") for cell in found.values())
    total = (
        f"{len(found)} kills: lost 0, doubled 0; {repeated} times the platform could not tell: shown twice"
    )
    return [head, *rows, total]


@asynccontextmanager
async def _world(
    nursery: Nursery,
    rasa: Any,
    serve: Any,
    folder: Path,
    database: str,
    channel: str,
    ports: list[int],
) -> AsyncIterator[tuple[World, Talk]]:
    settings: dict[str, object] = {
        "data_dir": folder,
        "database_url": database,
        "secret_key": "a key for tests",
        "messages_per_minute": 100_000,
        "conversations_per_hour": 100_000,
        "rasa_url": rasa.url,
        "actions_url": "http://127.0.0.1:9",
        "portal_port": 9,
        "zalo_oa_night": "send",
    }
    world = World(nursery, rasa, folder, database, settings, ports)
    try:
        if channel == "web":
            yield world, WebTalk(ports)
            return
        platform: Any = PLATFORMS[channel]()
        talk = TalkOf(platform, ports)
        async with serve(platform.app) as address:
            settings |= {name.lower(): value for name, value in platform.settings(address).items()}
            yield world, talk
        assert platform.violations == []
    finally:
        world.close()


async def _play(world: World, talk: Talk, name: str, citizen: str) -> str:
    """One kill: what the citizen does meets it, another gateway goes on. Gives how often it was shown."""
    step = STEPS[name]
    before = world.counts()
    if step.acts not in ("first", "first token"):
        await talk.write(citizen, "mở đầu")
        await world.settled()
    act = await talk.prepared(citizen, step.acts)
    if step.acts == "token":
        talk.platform.fail("token")
    if step.acts != "first token":
        world.arm(name)
    doing = asyncio.create_task(act())
    port = await world.dead()
    if held(name) or len(world.ports) == 1:
        world.expire()
    await world.start(port)
    async with asyncio.timeout(PATIENCE):
        await doing
    if name == "token renewed, not stored":
        await _authorized_again(world, talk, port)
    await world.settled()
    if step.acts == "erase":
        assert world.counts() == before
        return await _farewells(talk, citizen, step)
    await talk.write(citizen, "tiếp theo")
    await world.settled()
    assert world.states() <= {"done", "sent"}
    if talk.name != "web":
        assert world.counts()["repeated"] - before["repeated"] == step.repeated
    return _judged(await talk.shown(citizen), step)


async def _authorized_again(world: World, talk: Talk, port: int) -> None:
    """Zalo gave the new pair to a process that died: nobody has it, and an operator has to help."""

    async def alarmed() -> bool:
        return "zalo_oa_token_lost" in world.log(port)

    await world.until(alarmed, "the operator is told")
    await world.stop(port)
    talk.platform.oauth.refresh = "a new one from the operator"
    world.settings["zalo_oa_refresh_token"] = "a new one from the operator"
    world.expire(pauses=True)  # what cannot be sent without a token is tried once a minute
    await world.start(port)


def _judged(shown: list[str], step: Step) -> str:
    notices = sum("/delete" in text for text in shown)
    if step.acts == "long":
        said = "\n".join(shown)
        counts = [said.count(f"Điều {number}:") for number in range(1, 8)]
        assert set(counts) <= {1, step.shown} and max(counts) == step.shown, counts
        assert shown[-1].startswith("echo: tiếp theo")
        return str(step.shown)
    firsts = [text.splitlines()[0] for text in shown]
    answers = [line for line in firsts if line in ("echo: quan trọng", "echo: tiếp theo")]
    assert answers == ["echo: quan trọng"] * step.shown + ["echo: tiếp theo"], shown
    if step.acts == "first":
        # The privacy notice is the first thing that is sent: it is what is in doubt.
        assert notices == 1 + step.repeated, shown
        return str(notices)
    return str(step.shown)


async def _farewells(talk: Talk, citizen: str, step: Step) -> str:
    if talk.name == "web":
        return "1"
    said = sum("Tôi đã xóa toàn bộ" in text for text in await talk.shown(citizen))
    # Where the wish comes again after all was forgotten, nobody knows of the first one.
    assert said == step.shown or (said == 2 and step is STEPS["erased, not acknowledged"])
    return str(said)


@pytest.mark.parametrize(("channel", "name"), CELLS)
async def test_killed_at(
    channel: str,
    name: str,
    nursery: Nursery,
    template: Path,
    matrix: dict[tuple[str, str], str],
    rasa: Any,
    serve: Any,
    free_port: int,
    tmp_path: Path,
) -> None:
    """One cell: one gateway on SQLite, killed there, and its successor."""
    shutil.copy(template, tmp_path / "test.db")
    database = f"sqlite:///{tmp_path / 'test.db'}"
    async with _world(nursery, rasa, serve, tmp_path, database, channel, [free_port]) as (world, talk):
        if STEPS[name].acts == "first token":
            world.arm(name)  # there is one as soon as a gateway has started
            await world.spawn(free_port)
        else:
            await world.start(free_port)
            await _token_fetched(world, talk)
        matrix[channel, name] = await _play(world, talk, name, "Lan")


async def _token_fetched(world: World, talk: Talk) -> None:
    """Zalo's first token is there: what is killed is meant to be something else."""

    async def fetched() -> bool:
        return talk.name != "zalo_oa" or any("token_renewed" in world.log(port) for port in world.running)

    await world.until(fetched, "the first token is fetched")


@pytest.mark.postgres
@pytest.mark.parametrize("channel", ["telegram", "web", "zalo_bot", "zalo_oa"])
async def test_one_of_two_gateways_killed_at_each_step(
    channel: str,
    nursery: Nursery,
    shared_matrix: dict[tuple[str, str], str],
    rasa: Any,
    serve: Any,
    postgres_url: str,
    tmp_path: Path,
) -> None:
    """Two gateways share the work on PostgreSQL; whichever comes to the step dies, the other goes on."""
    made = engine(postgres_url)
    Base.metadata.create_all(made)
    made.dispose()
    ports = [unused_port(), unused_port()]
    async with _world(nursery, rasa, serve, tmp_path, postgres_url, channel, ports) as (world, talk):
        for port in ports:
            await world.start(port)
        await _token_fetched(world, talk)
        for number, (name, step) in enumerate(STEPS.items()):
            # These two need a gateway that starts, or all of them started again.
            if channel in step.on and name not in NOT_SHARED:
                shared_matrix[channel, name] = await _play(world, talk, name, f"Người thứ {number}")
