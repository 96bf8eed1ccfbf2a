"""One training run: train, measure the current model and the candidate, play the stories, tell the database.

A light process of low priority that starts the heavy steps one after the other as commands, so that their
memory is given back, one that dies is noticed, and a wish to stop is heard at any moment.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import learned_examples, training_result, versions
from bot.pruning import prune
from bot.story_check import FOLDER as STORIES
from bot.story_check import Played
from bot.training_log import told
from bot.understanding import data
from troly import training
from troly.clock import now
from troly.database import async_engine
from troly.errors import TrolyError
from troly.learning import folded
from troly.settings import ROOT, Settings
from troly.tables.learning import HeldOut
from troly.tables.training import TrainingRun

PROJECT = ROOT / "tests" / "nlu"
BEAT = 2.0
NICE = 15
_EXPECTED = {"training": 60.0, "current": 20.0, "candidate": 20.0, "stories": 40.0}
"""Seconds of the stages, until a run has measured them."""


class StageFailed(TrolyError):
    """A step did not do its work; `reason` is a key of the console's texts."""

    def __init__(self, reason: str) -> None:
        """Names the reason."""
        super().__init__(reason)
        self.reason = reason


class Run:
    """One run."""

    def __init__(self, config: Settings, run_id: int, engine: AsyncEngine) -> None:
        """The row must be in the state running."""
        self._config = config
        self._id = run_id
        self._engine = engine
        self._expected = dict(_EXPECTED)
        self._stage, self._since = "data", time.monotonic()
        self._seconds: dict[str, float] = {}
        self._child: asyncio.subprocess.Process | None = None
        self._secrets: list[str] = []
        self._log = config.data_dir / "training" / f"run-{run_id}.steps.log"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._log.write_bytes(b"")

    async def go(self) -> None:
        """Do all of it, and leave its end in the database whatever happens."""
        work = asyncio.create_task(self._work())
        beat = asyncio.create_task(self._beat(work))
        try:
            await work
        except asyncio.CancelledError:
            await self._end("cancelled", "cancelled")
        except StageFailed as failure:
            await self._end("failed", failure.reason)
        except Exception as error:  # the outer edge: whatever it is, staff learn of it
            self._say(f"{type(error).__name__}: {error}")
            await self._end("failed", "error")
        finally:
            beat.cancel()
            self._kill()

    async def _work(self) -> None:
        note = await self._remembered()
        current = versions.serving_model(self._config).absolute()
        name = f"troly-{now():%Y%m%d-%H%M%S}-r{self._id}"
        candidate = (self._config.model_dir / versions.VERSIONS / f"{name}.tar.gz").absolute()
        with tempfile.TemporaryDirectory(prefix="troly-run-") as path:
            folder = Path(path)
            await self._command("training", "no_training", "train", "--candidate", name)
            sets, contaminated = await self._test_sets(folder)
            for stage, model in (("current", current), ("candidate", candidate)):
                if sets:
                    report = folder / stage
                    await self._command(
                        stage, "no_measure", "evaluate", *map(str, sets), "--model", str(model),
                        "--report", str(report), made=report / "evaluation.json",
                    )  # fmt: skip
            played, known = await self._stories(folder, current, candidate)
            found = training_result.result(folder / "current", folder / "candidate", played, known)
        found |= {"contaminated": contaminated, "project_there": PROJECT.is_dir()}
        await self._finish(name, candidate, versions.name_of(current), note, found)

    async def _remembered(self) -> str:
        """The note; how long the stages of the last run took; what no log may say."""
        async with self._engine.connect() as connection:
            note = await connection.scalar(select(TrainingRun.note).where(TrainingRun.id == self._id))
            last = await connection.scalar(
                select(TrainingRun.seconds)
                .where(TrainingRun.state == "done")
                .order_by(TrainingRun.id.desc())
                .limit(1)
            )
            held = await connection.scalars(select(HeldOut.text).where(HeldOut.removed_at.is_(None)))
            self._secrets = list(held)
        learned = await asyncio.to_thread(learned_examples.read, self._config)
        self._secrets += [text for _, _, text in learned.examples]
        self._expected |= {name: value for name, value in (last or {}).items() if name in self._expected}
        return str(note or "")

    async def _test_sets(self, folder: Path) -> tuple[list[Path], int]:
        """The files to measure with: the living test set, and the project's where it is there."""
        trained = {folded(one.text) for one in data.sentences(ROOT / "nlu_data")}
        async with self._engine.connect() as connection:
            rows = (
                await connection.execute(
                    select(HeldOut.__table__).where(HeldOut.removed_at.is_(None)).order_by(HeldOut.id)
                )
            ).all()
        asked = [row for row in rows if folded(row.text) not in trained]
        sets = [_living(folder / training_result.LIVING, asked)] if asked else []
        return sets + ([PROJECT] if PROJECT.is_dir() else []), len(rows) - len(asked)

    async def _stories(
        self, folder: Path, current: Path, candidate: Path
    ) -> tuple[list[Played] | None, list[str]]:
        """How the stories go with the candidate; where some fail, which of them fail with the current too."""
        if not STORIES.is_dir():
            return None, []
        played = await self._played(candidate, folder / "stories.json")
        if all(one.passed for one in played):
            return played, []
        before = await self._played(current, folder / "stories-before.json")
        return played, [one.story for one in before if not one.passed]

    async def _played(self, model: Path, file: Path) -> list[Played]:
        await self._command(
            "stories", "no_stories", "stories", "--model", str(model), "--json", str(file), made=file
        )
        return _read(file)

    async def _command(self, stage: str, reason: str, *arguments: str, made: Path | None = None) -> None:
        """One step as a command. Raises StageFailed, no_memory where the system killed it."""
        self._stage, self._since = stage, time.monotonic()
        self._say(f"== {stage}")
        with self._output() as log:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "troly", *arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
            code = await self._child.wait()
        self._seconds[stage] = round(self._seconds.get(stage, 0) + time.monotonic() - self._since, 1)
        if code == -signal.SIGKILL:
            raise StageFailed("no_memory")
        # An evaluation with a bad line ends with 1 and has measured all the same.
        if code and not (code == 1 and _there(made)):
            raise StageFailed(reason)

    async def _beat(self, work: asyncio.Task[None]) -> None:
        """Say every few seconds that the run lives and how far it is; hear a wish to stop."""
        while True:
            values = {
                "heartbeat_at": now(),
                "stage": self._stage,
                "progress": self._progress(),
                "seconds": self._seconds,
            }
            with suppress(Exception):  # a database that is away comes back; training goes on
                async with self._engine.begin() as connection:
                    row = (
                        await connection.execute(
                            update(TrainingRun)
                            .where(TrainingRun.id == self._id, TrainingRun.state == "running")
                            .values(**values)
                            .returning(TrainingRun.cancel_asked)
                        )
                    ).first()
                if row is None or row.cancel_asked:
                    work.cancel()
                    return
            await asyncio.sleep(BEAT)

    def _progress(self) -> float:
        """0 to 1, from how long the stages took the last time."""
        whole = sum(self._expected.values())
        done = sum(self._expected.get(name, 0) for name in self._seconds if name != self._stage)
        this = self._expected.get(self._stage, 0.0)
        passed = min(time.monotonic() - self._since, this * 0.95)
        return round(min(0.99, (done + passed) / whole), 3)

    async def _finish(self, name: str, model: Path, baseline: str, note: str, found: dict[str, Any]) -> None:
        stories = found["stories"]
        stated: Mapping[str, Any] = versions.about(model)
        async with self._engine.begin() as connection:
            ended = await training.end(
                connection, self._id, "done", stage="done", progress=1.0, result=found, version=name,
                baseline=baseline, seconds=self._seconds, heartbeat_at=now(),
            )  # fmt: skip
            if not ended:
                return
            by = await connection.scalar(select(TrainingRun.asked_by).where(TrainingRun.id == self._id))
            await training.register(
                connection, name=name, path=f"{versions.VERSIONS}/{model.name}", author=str(by), note=note,
                run_id=self._id, figures=_summary(found), verdict=found["verdict"],
                broken_stories=len(stories["broken"]) if stories else 0, **stated,
            )  # fmt: skip
        await prune(self._engine, self._config)

    async def _end(self, state: str, reason: str) -> None:
        self._kill()
        log = told(self._log, self._secrets)
        with suppress(Exception):
            async with self._engine.begin() as connection:
                await training.end(connection, self._id, state, reason, log=log, seconds=self._seconds)

    def _output(self) -> BinaryIO:
        return self._log.open("ab")

    def _say(self, line: str) -> None:
        with self._output() as log:
            log.write(f"{line}\n".encode())

    def _kill(self) -> None:
        if self._child and self._child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)


def _living(file: Path, rows: Sequence[Any]) -> Path:
    with file.open("w", encoding="utf-8") as out:
        for row in rows:
            codes = [row.procedure_code] if row.procedure_code else []
            record = {"id": f"held_out:{row.id}", "text": row.text, "lang": row.language,
                      "intent": row.intent, "variant": "living", "procedures": codes}  # fmt: skip
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    return file


def _read(file: Path) -> list[Played]:
    return [Played(**one) for one in json.loads(file.read_text(encoding="utf-8"))]


def _there(file: Path | None) -> bool:
    return file is not None and file.is_file()


def _summary(found: Mapping[str, Any]) -> dict[str, Any]:
    """The main figures of a version, for the list."""
    return {
        one["name"]: {figure["name"]: figure["candidate"] for figure in one["figures"][:2]}
        for one in found["sets"]
    } | ({"stories": [found["stories"]["passed"], found["stories"]["n"]]} if found["stories"] else {})


def run(config: Settings, run_id: int) -> None:
    """Do the run; the caller has set its state to running."""
    os.nice(NICE)

    async def main() -> None:
        engine = async_engine(config.database)
        try:
            await Run(config, run_id, engine).go()
        finally:
            await engine.dispose()

    asyncio.run(main())
