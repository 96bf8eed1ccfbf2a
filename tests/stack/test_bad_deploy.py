"""A model that breaks the assistant when it is loaded: the one before goes on answering."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import signal
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from running import Running, until

from tests.faults.activations import activate
from troly import training
from troly.clock import now
from troly.database import async_engine

_BIRTH = ("1.001193", "fee")


@pytest.fixture(scope="module")
def running(prepare: Callable[..., Running], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = prepare(
        tmp_path_factory.mktemp("bad-deploy"), MESSAGES_PER_MINUTE=1_000_000, CONVERSATIONS_PER_HOUR=1_000_000
    )
    made.start()
    yield made
    made.end()


def _in_database(running: Running, work: Callable[[Any], Any]) -> Any:
    async def run() -> Any:
        engine = async_engine(f"sqlite:///{running.database}")
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def _deploy(running: Running, name: str) -> str:
    """Activate a version; the name of the one before."""

    async def work(engine: Any) -> str:
        async with engine.begin() as connection:
            before = await training.active(connection)
            await training.register(
                connection, name=name, path=f"{name}.tar.gz", made_at=now(), author="test", counts={}
            )
        await activate(engine, name)
        return str(before.version)

    return str(_in_database(running, work))


def _active(running: Running) -> tuple[str, str, str]:
    async def work(engine: Any) -> tuple[str, str, str]:
        async with engine.connect() as connection:
            last = await training.active(connection)
        return last.version, last.kind, last.reason

    found: tuple[str, str, str] = _in_database(running, work)
    return found


def _state(running: Running) -> str:
    async def work(engine: Any) -> str:
        async with engine.connect() as connection:
            found = await training.instances(connection)
        return str(found[0].state) if found else ""

    return str(_in_database(running, work))


def _with_a_missing_class(model: Path, target: Path) -> None:
    """A whole archive of a model that names a component that this program does not have."""
    changed = 0
    with tarfile.open(model) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            content = old.extractfile(member)
            data = content.read() if content else b""
            if Path(member.name).name == "metadata.json":
                text = json.dumps(json.loads(data)).replace("bot.components.", "bot.components_gone.")
                changed, data = data.count(b"bot.components."), text.encode()
                member.size = len(data)
            new.addfile(member, io.BytesIO(data) if content else None)
    assert changed, "the model is as it was"


def test_a_version_that_cannot_be_loaded_leaves_the_one_before_answering(running: Running) -> None:
    models = running.folder / "models"
    pid = running.children()["rasa"]
    (good,) = models.glob("*.tar.gz")
    _with_a_missing_class(good, models / "unloadable.tar.gz")
    with running.visitor("vi") as visitor:
        before = _deploy(running, "unloadable")
        while _active(running)[1] != "withdrawn":
            assert visitor.say("lệ phí đăng ký khai sinh là bao nhiêu").about == _BIRTH
        assert _active(running) == (before, "withdrawn", "load")
        assert visitor.say("lệ phí đăng ký khai sinh là bao nhiêu").about == _BIRTH
    assert running.children()["rasa"] == pid, "it never stopped answering"


def test_a_version_that_ends_the_process_while_it_loads_is_withdrawn_after_two_tries(
    running: Running,
) -> None:
    models = running.folder / "models"
    before = _active(running)[0]
    shutil.copy(models / f"{before}.tar.gz", models / "deadly.tar.gz")
    with running.visitor("vi") as visitor:
        assert visitor.say("đăng ký khai sinh").status == "answered"
        _deploy(running, "deadly")
        for _ in range(2):  # as a model does that needs more memory than there is
            until(lambda: _state(running) == "loading", "it loads")
            pid = running.children()["rasa"]
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: running.children().get("rasa") not in (None, pid), "it starts again")
        assert visitor.post({"text": "lệ phí bao nhiêu"}, wait=False).status_code == 202
        until(lambda: running.answers("rasa"), "it answers")
        assert _active(running) == (before, "withdrawn", "crashed")
        assert visitor.until_answered("lệ phí bao nhiêu").about == _BIRTH
