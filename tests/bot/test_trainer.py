"""Runs are started once, die visibly, can be stopped; old versions are deleted, never one in use."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import versions
from bot.pruning import prune
from bot.trainer import Trainer
from bot.training_run import Run
from troly import training
from troly.clock import now
from troly.database import async_engine
from troly.settings import Settings
from troly.tables import Base
from troly.tables.training import ModelVersion, TrainingRun


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data", model_dir=tmp_path / "models")


@pytest.fixture
async def engine(config: Settings) -> AsyncIterator[AsyncEngine]:
    made = async_engine(config.database)
    async with made.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield made
    await made.dispose()


async def queued(engine: AsyncEngine) -> int:
    async with engine.begin() as connection:
        run_id = await training.queue(connection, "lan")
    assert run_id is not None
    return run_id


async def row_of(engine: AsyncEngine, run_id: int) -> Any:
    async with engine.connect() as connection:
        query = select(TrainingRun.__table__).where(TrainingRun.id == run_id)
        return (await connection.execute(query)).one()


def program(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Has this Python code stand for every command that is started."""
    start = asyncio.create_subprocess_exec

    async def started(*_: Any, **named: Any) -> Any:
        return await start(sys.executable, "-c", code, **named)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", started)


async def test_of_two_processes_one_starts_the_run(
    engine: AsyncEngine, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[int] = []

    async def start(_: Trainer, run_id: int) -> None:
        started.append(run_id)

    monkeypatch.setattr(Trainer, "_start", start)
    run_id = await queued(engine)
    first, second = Trainer(config), Trainer(config)
    await asyncio.gather(first.look(), second.look())
    await first.look()
    await asyncio.sleep(0)
    assert started == [run_id]
    assert (await row_of(engine, run_id)).state == "running"
    await first._engine.dispose()
    await second._engine.dispose()


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "no_memory"),
        ("raise SystemExit(3)", "died"),
    ],
)
async def test_a_run_whose_process_ends_without_a_word_has_failed(
    engine: AsyncEngine, config: Settings, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    program(monkeypatch, "print('called 0912345678', flush=True);" + code)
    run_id = await queued(engine)
    trainer = Trainer(config)
    await trainer.look()
    await asyncio.gather(*trainer._waiting)
    row = await row_of(engine, run_id)
    assert (row.state, row.reason, row.log) == ("failed", reason, "called [phone]")
    await trainer._engine.dispose()


async def ready(engine: AsyncEngine, config: Settings) -> Run:
    run_id = await queued(engine)
    async with engine.begin() as connection:
        await connection.execute(update(TrainingRun).values(state="running", heartbeat_at=now()))
    config.model_dir.mkdir()
    (config.model_dir / "troly-1.tar.gz").write_bytes(b"")
    return Run(config, run_id, engine)


async def test_a_step_that_fails_ends_the_run_with_its_reason(
    engine: AsyncEngine, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versions, "serving_model", lambda _: config.model_dir / "troly-1.tar.gz")
    program(monkeypatch, "print('no data'); raise SystemExit(1)")
    run = await ready(engine, config)
    await run.go()
    row = await row_of(engine, run._id)
    assert (row.state, row.reason, row.version) == ("failed", "no_training", None)
    assert row.log == "== training\nno data" and "training" in row.seconds


async def test_a_run_that_is_stopped_ends_its_programs(
    engine: AsyncEngine, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.training_run.BEAT", 0.1)
    monkeypatch.setattr(versions, "serving_model", lambda _: config.model_dir / "troly-1.tar.gz")
    program(monkeypatch, "import time; time.sleep(60)")
    run = await ready(engine, config)
    going = asyncio.create_task(run.go())
    async with asyncio.timeout(20):
        for _ in range(200):
            if run._child is not None:
                break
            await asyncio.sleep(0.05)
        async with engine.begin() as connection:
            await connection.execute(update(TrainingRun).values(cancel_asked=True))
        await going
        assert run._child is not None and await run._child.wait() == -signal.SIGKILL
    row = await row_of(engine, run._id)
    assert (row.state, row.reason) == ("cancelled", "cancelled")


async def test_old_versions_are_deleted_and_never_one_in_use(engine: AsyncEngine, config: Settings) -> None:
    folder = config.model_dir / versions.VERSIONS
    folder.mkdir(parents=True)
    names = [f"troly-{number}" for number in range(6)]
    async with engine.begin() as connection:
        await training.set_plan(connection, keep=1)
        for number, name in enumerate(names):
            for suffix in (".tar.gz", ".json"):
                (folder / f"{name}{suffix}").write_bytes(b"x")
            path = f"{versions.VERSIONS}/{name}.tar.gz"
            moment = now().replace(year=2000 + number)
            await training.register(
                connection, name=name, path=path, made_at=moment, author="lan", run_id=number
            )
    for number, after in ((0, None), (1, 1)):
        async with engine.begin() as connection:
            assert await training.activate(connection, names[number], "activate", "lan", after=after)
    assert sorted(await prune(engine, config)) == ["troly-2", "troly-3", "troly-4"]
    left = sorted(path.name for path in folder.glob("*.tar.gz"))
    assert left == ["troly-0.tar.gz", "troly-1.tar.gz", "troly-5.tar.gz"]
    async with engine.connect() as connection:
        gone = await connection.scalars(select(ModelVersion.name).where(ModelVersion.pruned_at.is_not(None)))
        assert sorted(gone) == ["troly-2", "troly-3", "troly-4"]
    assert await prune(engine, config) == []
