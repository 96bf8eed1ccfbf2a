"""Stock Rasa for a measurement: its project, its training, and its processes on free ports."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

import httpx

from channels.stack import free_ports, last_words, stop, stopped_by_sigterm
from troly.errors import TrolyError
from troly.settings import ROOT

_STORE = "bot.stock.store.StockTrackerStore"
_READY_SECONDS = 420.0
_TELL_SECONDS = 20.0
_KEPT = 3
"""Trained projects that are kept; each is 50 to 100 MB."""

_STEP = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) INFO .* - (Starting to train|Finished training) component '(\w+)'"
)
_BY_EPOCH = ("DIETClassifier", "UnexpecTEDIntentPolicy", "TEDPolicy")


@dataclass(frozen=True, slots=True)
class Training:
    """How long a training took. `before`: in an earlier run, of the same project."""

    seconds: float
    epochs: int
    parts: Mapping[str, float]
    """Seconds of each component."""
    before: bool = False

    def with_epochs(self, epochs: int) -> float:
        """Estimate for another number of epochs: what is learned by epochs takes as much longer."""
        by_epoch = sum(self.parts.get(name, 0.0) for name in _BY_EPOCH)
        return self.seconds + by_epoch * (epochs / self.epochs - 1)


@dataclass(frozen=True, slots=True)
class Project:
    """Written by bot/stock; `greeting` is what it answers to a greeting."""

    folder: Path
    greeting: str
    epochs: int


def write(base: Path, epochs: int, per_intent: int | None = None) -> Project:
    """Write the stock project from our data. Raises TrolyError with what went wrong."""
    command = [sys.executable, "-m", "bot.stock", str(base.absolute()), "--epochs", str(epochs)]
    if per_intent is not None:
        command += ["--per-intent", str(per_intent)]
    done = subprocess.run(  # noqa: S603 - our own program, no shell
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise TrolyError(f"the stock project could not be written: {done.stderr.strip()[-300:]}")
    made = json.loads(done.stdout)
    _forget_others(base)
    return Project(Path(made["folder"]), made["greeting"], epochs)


def train(project: Project, report: Callable[[str], None], limit: float) -> Training:
    """`rasa train`, unless this very project was trained before; then what it took that time.

    Raises TrolyError when it fails or takes longer than `limit` seconds.
    """
    record = project.folder / "training.json"
    if record.is_file():
        return Training(**json.loads(record.read_text(encoding="utf-8")) | {"before": True})
    # Components that an interrupted training left would make this one look quicker.
    shutil.rmtree(project.folder / ".rasa", ignore_errors=True)
    log = project.folder / "train.log"
    command = [sys.executable, "-m", "rasa", "train", "--fixed-model-name", "stock"]
    report(f"Training stock Rasa, {project.epochs} epochs (log: {log}) …")
    began = perf_counter()
    with _running(command, project.folder, {}, log) as process:
        while process.poll() is None:
            if perf_counter() > began + limit:
                raise TrolyError(
                    f"stock Rasa was not trained within {limit / 60:.0f} minutes; allow more with "
                    "--training-minutes, or try --epochs 10"
                )
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_TELL_SECONDS)
                continue
            report(f"  {perf_counter() - began:.0f} s: {_state(log)}")
    seconds = perf_counter() - began
    if process.returncode != 0 or not (project.folder / "models" / "stock.tar.gz").is_file():
        raise TrolyError(f"stock Rasa could not be trained: {last_words(log)}; see {log}")
    made = Training(round(seconds, 1), project.epochs, _parts(log))
    record.write_text(json.dumps(asdict(made), indent=1) + "\n", encoding="utf-8")
    return made


@contextlib.contextmanager
def running(
    project: Project, environment: Mapping[str, str], report: Callable[[str], None]
) -> Iterator[tuple[str, list[int], float]]:
    """Rasa, its action server and the demo portal: Rasa's address, the processes, seconds until all answer.

    Raises TrolyError when they do not within seven minutes.
    """
    rasa, actions, portal = free_ports(3)
    folder = project.folder
    (folder / "rasa.db").unlink(missing_ok=True)
    store = {"type": _STORE, "dialect": "sqlite", "db": str(folder / "rasa.db")}
    endpoints = {"action_endpoint": {"url": f"http://127.0.0.1:{actions}/webhook"}, "tracker_store": store}
    # JSON is YAML.
    (folder / "endpoints.yml").write_text(json.dumps(endpoints, indent=1), encoding="utf-8")
    environment = {**environment, "PORTAL_PORT": str(portal)}
    modules = {
        "portal": (["troly", "serve", "--only", "portal"], portal, "/healthz"),
        "actions": (["rasa_sdk", "--actions", "bot.stock.actions", "-p", str(actions)], actions, "/health"),
        "rasa": (["rasa", "run", "-i", "127.0.0.1", "-p", str(rasa)], rasa, "/"),
    }
    report(f"Starting stock Rasa at http://127.0.0.1:{rasa} (logs: {folder}) …")
    began = perf_counter()
    with contextlib.ExitStack() as stack:
        processes = {
            name: stack.enter_context(
                _running([sys.executable, "-m", *module], folder, environment, folder / f"{name}.log")
            )
            for name, (module, _, _) in modules.items()
        }
        waiting = {name: f"http://127.0.0.1:{port}{path}" for name, (_, port, path) in modules.items()}
        _wait(processes, waiting, folder)
        seconds = perf_counter() - began
        yield f"http://127.0.0.1:{rasa}", [process.pid for process in processes.values()], seconds


@contextlib.contextmanager
def _running(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    usual = {
        "PYTHONPATH": str(ROOT), "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1", "PYTHONWARNINGS": "ignore",
        "SANIC_HOST": "127.0.0.1",  # rasa-sdk would listen everywhere
    }  # fmt: skip
    with stopped_by_sigterm(), log.open("wb") as output:
        # A session of its own: Ctrl-C reaches us alone, and we end it with all that it started.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            command,
            cwd=folder,
            env={**os.environ, **environment, **usual},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            stop(process)


def _wait(
    processes: Mapping[str, subprocess.Popen[bytes]], addresses: Mapping[str, str], folder: Path
) -> None:
    waiting = dict(addresses)
    deadline = perf_counter() + _READY_SECONDS
    with httpx.Client(timeout=3.0, trust_env=False) as http:
        while waiting:
            for name, address in list(waiting.items()):
                log = folder / f"{name}.log"
                if processes[name].poll() is not None:
                    raise TrolyError(f"stock {name} ended: {last_words(log)}; see {log}")
                if perf_counter() > deadline:
                    raise TrolyError(f"stock {name} is not ready: {last_words(log)}; see {log}")
                with contextlib.suppress(httpx.HTTPError):
                    if http.get(address).status_code == 200:
                        del waiting[name]
            time.sleep(0.1)


def _state(log: Path) -> str:
    """The last thing that a training said, such as "Epochs: 4/100"."""
    text = log.read_text(encoding="utf-8", errors="replace")[-2000:].replace("\r", "\n")
    spoken = [line.strip() for line in text.splitlines() if line.strip()]
    return spoken[-1][:100] if spoken else "begins"


def _parts(log: Path) -> dict[str, float]:
    """Seconds of each component, from the times that Rasa logs."""
    found: dict[str, float] = {}
    began: dict[str, datetime] = {}
    text = log.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")
    for moment, what, name in _STEP.findall(text):
        at = datetime.fromisoformat(moment)
        if what.startswith("Starting"):
            began[name] = at
        elif name in began:
            found[name] = found.get(name, 0.0) + (at - began[name]).total_seconds()
    return found


def _forget_others(base: Path) -> None:
    kept = sorted((path for path in base.iterdir() if path.is_dir()), key=lambda one: one.stat().st_mtime)
    for old in kept[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
