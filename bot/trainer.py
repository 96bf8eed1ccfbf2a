"""Starts the training runs that staff or the plan ask for, each as a process of its own."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress

import structlog
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from bot.training_log import told
from troly import training
from troly.clock import now
from troly.database import async_engine
from troly.settings import Settings
from troly.tables.training import TrainingRun

log = structlog.get_logger("trainer")

LOOK = 2.0


class Trainer:
    """Of several Rasa processes, whichever claims a run first does it."""

    def __init__(self, settings: Settings) -> None:
        """Connects at run()."""
        self._settings = settings
        self._engine = async_engine(settings.database, hide_parameters=True)
        self._waiting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Look every few seconds, for ever."""
        try:
            while True:
                try:
                    await self.look()
                except (SQLAlchemyError, OSError) as error:  # what is away comes back
                    log.warning("trainer", error=type(error).__name__)
                await asyncio.sleep(LOOK)
        finally:
            await self._engine.dispose()

    async def look(self) -> None:
        """Close runs that died, begin tonight's, start the one that waits."""
        async with self._engine.begin() as connection:
            await training.bury(connection)
            await training.begin_by_plan(connection)
        async with self._engine.connect() as connection:
            wanted = await training.busy(connection)
        if wanted is None or wanted.state != "queued":
            return
        async with self._engine.begin() as connection:
            if wanted.cancel_asked:
                await training.end(connection, wanted.id, "cancelled", "cancelled")
                return
            claimed = await connection.execute(
                update(TrainingRun)
                .where(TrainingRun.id == wanted.id, TrainingRun.state == "queued")
                .values(state="running", stage="data", started_at=now(), heartbeat_at=now())
            )
        if claimed.rowcount:
            # A restart of this process must not end the run; it is found again in the database.
            task = asyncio.create_task(self._start(wanted.id))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    async def _start(self, run_id: int) -> None:
        folder = self._settings.data_dir / "training"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"run-{run_id}.log"
        with path.open("wb") as output:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "troly", "training", "run", str(run_id),
                stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
            code = await child.wait()
        reason = "no_memory" if code == -signal.SIGKILL else "died"
        with suppress(SQLAlchemyError):
            async with self._engine.begin() as connection:
                if await training.end(connection, run_id, "failed", reason, log=told(path, ())):
                    log.error("training_died", run=run_id, code=code)
