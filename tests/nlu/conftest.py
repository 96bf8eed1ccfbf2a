"""Models to measure, and figures that the run prints at its end."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from troly.settings import ROOT

TRAINING_SECONDS = 900
_SAID = pytest.StashKey[list[str]]()
Report = dict[str, Any]
Measure = Callable[[Path, Sequence[Path]], Report]


@pytest.fixture(scope="session")
def complete_model(
    reference: Path, tmp_path_factory: pytest.TempPathFactory, bare_environment: dict[str, str]
) -> Path:
    """A model as it is deployed: the whole catalogue and, where it runs, the default encoder."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # where all workers find it
    models, data = folder / "complete" / "models", folder / "complete" / "data"
    data.mkdir(parents=True, exist_ok=True)
    catalogue = reference / "data" / "portal_details.jsonl.gz"
    with (folder / "complete" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(models.glob("*.json")):  # written last
            named = {"DATA_DIR": data, "MODEL_DIR": models, "DEMO_CATALOGUE": catalogue}
            _troly(bare_environment, named, ["train"])
    (model,) = models.glob("*.tar.gz")
    return model


@pytest.fixture(scope="session")
def measure(tmp_path_factory: pytest.TempPathFactory, bare_environment: dict[str, str]) -> Measure:
    """Evaluates files with a model, as the command does, and gives the report."""

    def run(model: Path, files: Sequence[Path]) -> Report:
        folder = tmp_path_factory.mktemp("report")
        named = {"DATA_DIR": model.parent.parent / "data", "MODEL_DIR": model.parent}
        arguments = ["evaluate", *map(str, files), "--model", str(model), "--report", str(folder)]
        _troly(bare_environment, named, arguments)
        report: Report = json.loads((folder / "evaluation.json").read_text("utf-8"))
        return report

    return run


@pytest.fixture
def converse(
    reference: Path, complete_model: Path, tmp_path: Path, bare_environment: dict[str, str]
) -> Callable[[Path], Report]:
    """Plays dialogues through the whole stack, as the command does, and gives the report."""

    def run(file: Path) -> Report:
        catalogue = reference / "data" / "portal_details.jsonl.gz"
        named = {
            "DATA_DIR": tmp_path / "data",
            "MODEL_DIR": complete_model.parent,
            "DEMO_CATALOGUE": catalogue,
        }
        _troly(bare_environment, named, ["converse", str(file), "--report", str(tmp_path / "report.json")])
        report: Report = json.loads((tmp_path / "report.json").read_text("utf-8"))
        return report

    return run


def _troly(environment: dict[str, str], named: dict[str, Path], arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "troly", *arguments],
        env=environment | {name: str(value) for name, value in named.items()},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TRAINING_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Prints a line at the end of the run, whether or not the test passes."""
    return request.config.stash.setdefault(_SAID, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Understanding, in figures."""
    said = config.stash.get(_SAID, [])
    if said:
        terminalreporter.section("understanding")
        for line in said:
            terminalreporter.write_line(line)
