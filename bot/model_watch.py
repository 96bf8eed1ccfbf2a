"""The Rasa process follows the active model: loads another beside the one that answers, then changes over.

A turn belongs to the agent it began with, and the change is one assignment: no message is lost, none waits
longer than the loading slows this process. What does not load is withdrawn, and the model before stays.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from bot import trainer, versions
from bot.train import files_fingerprint
from bot.versions import ModelBroken
from troly import collector, training
from troly.clock import now
from troly.database import async_engine
from troly.errors import UsageError
from troly.settings import Settings
from troly.tables.training import ModelInstance

log = structlog.get_logger("model")

LOOK = 1.0
"""Seconds between two looks at which version is wanted."""
_TRIES = 2
"""Starts that may end while a model is being loaded, before that model is withdrawn."""
_PROBE = "lệ phí đăng ký khai sinh là bao nhiêu"


def _settle() -> None:
    """Let go of the model before, and look no more at what the new one consists of.

    A model is millions of objects, which Python would otherwise look through every few hundred messages.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be written down now is no reason to stop answering."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        log.warning("model_watch", error=type(error).__name__, said=str(error)[:200])


class Watch:
    """Loads models for one Rasa process."""

    def __init__(self, app: Any, settings: Settings) -> None:
        """`app.ctx.agent` is what answers."""
        self._app = app
        self._settings = settings
        self._engine = async_engine(settings.database, hide_parameters=True)
        self._name = f"{socket.gethostname()}:{settings.rasa_port}"[:120]
        self._files = files_fingerprint()
        self._version = ""
        self._refused = 0
        """The activation that this process could not follow."""
        self._locks: Any = None
        self._endpoint: Any = None
        self._seen = 0.0

    async def begin(self) -> None:
        """Load the first model. One that does not load, or twice ended the process, is withdrawn.

        Raises UsageError where none loads.
        """
        if await self._died_loading():
            await self._withdraw("crashed")
        for _ in range(3):
            model = versions.serving_model(self._settings)
            await self._note("loading", wanted=versions.name_of(model), tried=True)
            try:
                self._app.ctx.agent = await self._loaded(model)
            except ModelBroken as broken:
                log.error("model_refused", model=model.name, reason=str(broken))
                if not await self._withdraw(broken.reason):
                    break
                continue
            self._version = versions.name_of(model)
            with _told():
                async with self._engine.begin() as connection:
                    await versions.adopt(connection, model, self._settings)
            await self._note("serving")
            collector.resume()
            return
        raise UsageError(f"no model in {self._settings.model_dir}/ can be loaded: run `troly train`")

    async def run(self) -> None:
        """Follow for ever."""
        while True:
            try:
                await self._look()
            except (SQLAlchemyError, OSError) as error:  # the database is away; it comes back
                log.warning("model_watch", error=type(error).__name__)
            await asyncio.sleep(LOOK)

    async def close(self) -> None:
        """Give connections back."""
        agent = getattr(self._app.ctx, "agent", None)
        if agent is not None:
            await agent.tracker_store.close()
            await agent.action_endpoint.close()
        with _told():
            async with self._engine.begin() as connection:
                table = ModelInstance.__table__
                await connection.execute(table.delete().where(table.c.name == self._name))  # type: ignore[attr-defined]
        await self._engine.dispose()

    async def _look(self) -> None:
        async with self._engine.connect() as connection:
            wanted = await training.active(connection)
            row = await training.version(connection, wanted.version) if wanted else None
        loop = asyncio.get_running_loop()
        if wanted is None or wanted.version == self._version or wanted.id == self._refused:
            if loop.time() - self._seen > 5:
                await self._note("failed" if wanted and wanted.id == self._refused else "serving")
            return
        if row is None:
            return
        await self._note("loading", wanted=wanted.version, tried=True)
        try:
            if row.files and row.files != self._files:
                raise ModelBroken("other_program")
            await self._change(self._settings.model_dir / row.path)
        except ModelBroken as broken:
            log.error("model_refused", model=wanted.version, reason=str(broken))
            self._refused = wanted.id
            await self._note("failed", wanted=wanted.version, error=broken.reason)
            await self._withdraw(broken.reason)
            return
        self._version = wanted.version
        await self._note("serving")
        log.info("model_changed", model=wanted.version)

    async def _change(self, model: Path) -> None:
        await asyncio.to_thread(versions.check_file, model)
        agent = await self._loaded(model)
        self._app.ctx.agent = agent
        await asyncio.to_thread(_settle)

    async def _loaded(self, model: Path) -> Any:
        """An agent that has understood a sentence. Raises ModelBroken."""
        from rasa.core.lock_store import InMemoryLockStore

        from bot.action_endpoint import PooledEndpoint
        from bot.server import load_agent
        from bot.tracker_store import WindowedTrackerStore

        self._locks = self._locks or InMemoryLockStore()
        if self._endpoint is None:
            address = f"{self._settings.actions}/webhook"
            self._endpoint = PooledEndpoint(address, enable_selective_domain=True)
        old = getattr(self._app.ctx, "agent", None)
        store = WindowedTrackerStore(engine=old.tracker_store.engine if old else None)
        try:
            agent = await load_agent(model, self._settings, store, locks=self._locks, endpoint=self._endpoint)
            understood = await agent.parse_message(_PROBE)
        except Exception as error:  # whatever a broken model does, the one before goes on
            raise ModelBroken("load", type(error).__name__) from error
        if not (understood.get("intent") or {}).get("name"):
            raise ModelBroken("silent")
        return agent

    async def _died_loading(self) -> bool:
        with _told():
            async with self._engine.connect() as connection:
                query = select(ModelInstance.__table__).where(ModelInstance.name == self._name)
                row = (await connection.execute(query)).first()
                wanted = await training.active(connection)
            return bool(
                row and wanted and row.state == "loading" and row.attempts >= _TRIES
                and row.wanted == wanted.version
            )  # fmt: skip
        return False

    async def _withdraw(self, reason: str) -> bool:
        """Have the version before answer again; False where there is none."""
        with _told():
            async with self._engine.begin() as connection:
                wanted = await training.active(connection)
                if wanted is None or not wanted.previous:
                    return False
                return await training.activate(
                    connection, wanted.previous, "withdrawn", "troly serve", reason, after=wanted.id
                )
        return False

    async def _note(self, state: str, *, wanted: str = "", error: str = "", tried: bool = False) -> None:
        """Tell staff what this process has loaded."""
        self._seen = asyncio.get_running_loop().time()
        table = ModelInstance.__table__
        values: dict[str, Any] = {
            "name": self._name, "state": state, "version": self._version or None, "files": self._files,
            "seen_at": now(),
        }  # fmt: skip
        changed: dict[str, Any] = dict(values)
        if state == "serving":
            changed |= {"attempts": 0, "error": "", "wanted": None}
        if wanted:
            changed |= {"wanted": wanted, "error": error, "since": now()}
        with _told():
            async with self._engine.begin() as connection:
                dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
                first = values | {
                    "wanted": wanted or None,
                    "error": error,
                    "since": now(),
                    "attempts": int(tried),
                }
                if tried:
                    changed["attempts"] = table.c.attempts + 1
                await connection.execute(
                    dialect.insert(table)
                    .values(first)
                    .on_conflict_do_update(index_elements=["name"], set_=changed)
                )


def attach(app: Any, settings: Settings) -> None:
    """Have a Rasa application load the active model, follow it, and start trainings that staff ask for."""

    async def begin(app: Any, _loop: Any) -> None:
        app.ctx.watch = Watch(app, settings)
        await app.ctx.watch.begin()

    async def follow(app: Any, _loop: Any) -> None:
        app.add_task(app.ctx.watch.run(), name="model")
        app.add_task(trainer.Trainer(settings).run(), name="trainer")

    async def end(app: Any, _loop: Any) -> None:
        await app.ctx.watch.close()

    app.register_listener(begin, "before_server_start")
    app.register_listener(follow, "after_server_start")
    app.register_listener(end, "after_server_stop")
