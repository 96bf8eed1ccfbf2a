"""Another model answers from one message to the next; one that does not load changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from running import Running

from tests.faults.activations import activate, activations, serving
from troly import training
from troly.clock import now
from troly.database import async_engine


@pytest.fixture(scope="module")
def running(prepare: Callable[..., Running], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = prepare(
        tmp_path_factory.mktemp("activation"), MESSAGES_PER_MINUTE=1_000_000, CONVERSATIONS_PER_HOUR=1_000_000
    )
    made.start()
    yield made
    made.end()


def measured(running: Running, work: Callable[[Any], Any]) -> Any:
    async def run() -> Any:
        engine = async_engine(f"sqlite:///{running.database}")
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def test_no_message_is_lost_while_versions_change(running: Running) -> None:
    found = measured(running, lambda engine: activations(running, engine, 3, 3))
    assert found["lost"] == 0, found["why"]
    assert found["apologies"] == 0 == found["not_done_in_the_inbox"]
    assert found["messages"] > 10


@pytest.mark.parametrize("content", [None, b"no model at all"], ids=["missing", "broken"])
def test_a_version_that_does_not_load_is_withdrawn_and_the_one_before_answers(
    running: Running, content: bytes | None
) -> None:
    name = "broken" if content else "missing"
    if content:
        Path(running.folder / "models" / "broken.tar.gz").write_bytes(content)

    async def work(engine: Any) -> Any:
        async with engine.begin() as connection:
            before = await training.active(connection)
            await training.register(
                connection, name=name, path=f"{name}.tar.gz", made_at=now(), author="test"
            )
        await activate(engine, name)
        async with asyncio.timeout(60):
            while True:
                async with engine.connect() as connection:
                    last = await training.active(connection)
                if last.kind == "withdrawn":
                    break
                await asyncio.sleep(0.2)
        await serving(engine, before.version)
        return before, last

    before, last = measured(running, work)
    assert (last.version, last.reason) == (before.version, name)
    with running.visitor("vi") as visitor:
        assert visitor.say("chào bạn").status == "smalltalk"
