"""Twenty activations while citizens write, and the time from a label to a better answer, with figures.

    python tests/faults/activations.py MODEL [--activations 20] [--rate 4] [--learn]

MODEL is a model of `troly train` on the demo portal's own catalogue with ENCODER=none. The whole program is
started in a folder of its own; a copy of the model is the other version. With --learn it also teaches an
example, has a version trained through the console's tables, activates it and asks again.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import httpx
from sqlalchemy import text

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "stack")]

from running import Running  # noqa: E402

from troly import training  # noqa: E402
from troly.clock import now  # noqa: E402
from troly.database import async_engine  # noqa: E402
from troly.learning import teach_example  # noqa: E402
from troly.settings import Settings  # noqa: E402

PATIENCE = 120.0
QUESTIONS = (
    "lệ phí khai sinh bao nhiêu",
    "đăng ký tạm trú cần gì",
    "chào bạn",
    "how much is a birth certificate",
)
TAUGHT, MEANS = "vụ này đi tong nhiêu cành ông giáo", "ask_fee"


class Load:
    """Citizens who write one message after the other and wait for each answer."""

    def __init__(self, base: str) -> None:
        self.seconds: list[float] = []
        self.lost: list[str] = []
        self.apologies = 0
        self._base = base
        self._stop = False

    async def talk(self, number: int, pause: float) -> None:
        address = f"10.9.{number // 250}.{number % 250 + 1}"
        async with httpx.AsyncClient(base_url=self._base, timeout=90, trust_env=False,
                                     headers={"X-Forwarded-For": address}) as http:  # fmt: skip
            token = (await http.post("/api/v1/conversations", json={"language": "vi"})).json()["token"]
            http.headers["Authorization"] = f"Bearer {token}"
            turn = 0
            while not self._stop:
                asked, started = QUESTIONS[(number + turn) % len(QUESTIONS)], time.perf_counter()
                turn += 1
                body = {"text": asked, "client_id": f"m{number}-{turn}"}
                answer = await http.post("/api/v1/messages", json=body, params={"wait": "true"})
                while answer.status_code == 202 and time.perf_counter() - started < PATIENCE:
                    answer = await http.post("/api/v1/messages", json=body, params={"wait": "true"})
                replies = answer.json().get("replies") if answer.status_code == 200 else None
                if not replies:
                    self.lost.append(f"{answer.status_code} {answer.text[:80]}")
                else:
                    self.apologies += any((r.get("answer") or {}).get("status") == "error" for r in replies)
                    self.seconds.append(time.perf_counter() - started)
                await asyncio.sleep(pause)

    def stop(self) -> None:
        self._stop = True


async def serving(engine: Any, name: str, patience: float = 120.0) -> None:
    """Until the process answers with this version."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        async with engine.connect() as connection:
            found = await training.instances(connection)
        if found and all(one.version == name and one.state == "serving" for one in found):
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(name)


async def activate(engine: Any, name: str) -> None:
    async with engine.begin() as connection:
        current = await training.active(connection)
    async with engine.begin() as connection:
        assert await training.activate(connection, name, "activate", "test", after=current.id)


async def activations(running: Running, engine: Any, number: int, citizens: int) -> dict[str, Any]:
    async with engine.connect() as connection:
        first = (await training.active(connection)).version
    shutil.copy(running.folder / "models" / f"{first}.tar.gz", running.folder / "models" / "other.tar.gz")
    async with engine.begin() as connection:
        await training.register(connection, name="other", path="other.tar.gz", made_at=now(), author="test")
    load = Load(running.url)
    talking = [asyncio.create_task(load.talk(one, 0.5)) for one in range(citizens)]
    await asyncio.sleep(10)
    calm, took, names = len(load.seconds), [], [first, "other"]
    for turn in range(number):
        started, wanted = time.perf_counter(), names[(turn + 1) % 2]
        await activate(engine, wanted)
        await serving(engine, wanted)
        took.append(time.perf_counter() - started)
        click.echo(f"activation {turn + 1}: {took[-1]:.1f} s, {len(load.seconds)} answers", err=True)
        await asyncio.sleep(1)
    load.stop()
    await asyncio.gather(*talking)
    async with engine.connect() as connection:
        waiting = await connection.scalar(text("SELECT count(*) FROM inbox WHERE state <> 'done'"))
        states = (await connection.execute(text("SELECT state, count(*) FROM inbox GROUP BY state"))).all()
    return {
        "activations": number,
        "seconds_each": spread(took),
        "messages": len(load.seconds) + len(load.lost),
        "lost": len(load.lost),
        "why": load.lost[:3],
        "apologies": load.apologies,
        "not_done_in_the_inbox": waiting,
        "inbox": dict(tuple(row) for row in states),
        "answer_seconds_before": spread(load.seconds[:calm]),
        "answer_seconds_meanwhile": spread(load.seconds[calm:]),
    }


async def label_to_answer(running: Running, engine: Any) -> dict[str, Any]:
    """Teach one example, train, activate, ask; seconds from the label."""

    def understood() -> str:
        with running.visitor("vi") as visitor:
            return str(visitor.say(TAUGHT).answer["intent"])

    before, started = await asyncio.to_thread(understood), time.perf_counter()
    async with engine.begin() as connection:
        for words in (TAUGHT, "xì ra mấy lít vậy mậy", "vụ đó đi tong mấy cành vậy"):
            await teach_example(connection, words, "vi", MEANS, "test")
    async with engine.begin() as connection:
        run_id = await training.queue(connection, "test", "measured")
    stages: dict[str, float] = {}
    while True:
        async with engine.connect() as connection:
            query = text(
                "SELECT state, stage, reason, log, version, seconds FROM training_run WHERE id = :id"
            )
            row = (await connection.execute(query, {"id": run_id})).one()
        stages.setdefault(row.stage, round(time.perf_counter() - started, 1))
        if row.state not in training.OPEN:
            break
        await asyncio.sleep(0.5)
    assert row.state == "done", (row.reason, row.log)
    trained = time.perf_counter() - started
    await activate(engine, row.version)
    await serving(engine, row.version)
    after = await asyncio.to_thread(understood)
    async with engine.connect() as connection:
        made = await training.version(connection, row.version)
    return {
        "before": before,
        "after": after,
        "better": before != MEANS and after == MEANS,
        "seconds_to_compared_version": round(trained, 1),
        "seconds_to_better_answer": round(time.perf_counter() - started, 1),
        "stages_begin_at": stages,
        "stage_seconds": json.loads(row.seconds),
        "verdict": made.verdict,
        "broken_stories": made.broken_stories,
        "learned": made.counts["learned"],
    }


def spread(seconds: list[float]) -> dict[str, float]:
    found = sorted(seconds)
    if not found:
        return {"n": 0}
    return {
        "n": len(found),
        "p50": round(statistics.median(found), 2),
        "p95": round(found[min(len(found) - 1, int(0.95 * len(found)))], 2),
        "max": round(found[-1], 2),
    }


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--activations", "number", default=20, show_default=True)
@click.option("--citizens", default=6, show_default=True)
@click.option("--learn", is_flag=True)
def main(model: Path, number: int, citizens: int, learn: bool) -> None:
    """Lose nothing while the model changes."""
    ours = {name.upper() for name in Settings.model_fields}
    import os

    bare = {name: value for name, value in os.environ.items() if name not in ours}
    with tempfile.TemporaryDirectory(prefix="activations-") as path:
        folder = Path(path)
        (folder / "models").mkdir()
        # Without its record, or `serve` would train anew when a file was changed since.
        shutil.copy(model, folder / "models")
        running = Running(
            folder, bare, MODEL_DIR=folder / "models",
            MESSAGES_PER_MINUTE=1_000_000, CONVERSATIONS_PER_HOUR=1_000_000,
        )  # fmt: skip
        running.start()
        try:
            figures = asyncio.run(_measured(running, number, citizens, learn))
        finally:
            running.end()
    click.echo(json.dumps(figures, ensure_ascii=False, indent=1))
    wrong = figures.get("activating", {})
    if wrong.get("lost") or wrong.get("apologies") or not figures.get("learning", {}).get("better", True):
        raise click.exceptions.Exit(1)


async def _measured(running: Running, number: int, citizens: int, learn: bool) -> dict[str, Any]:
    engine = async_engine(f"sqlite:///{running.database}")
    try:
        figures: dict[str, Any] = {}
        if number:
            figures["activating"] = await activations(running, engine, number, citizens)
        if learn:
            figures["learning"] = await label_to_answer(running, engine)
        return figures
    finally:
        await engine.dispose()


if __name__ == "__main__":
    main()
