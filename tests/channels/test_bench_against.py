"""The comparison from end to end, small: stock Rasa is trained and measured, and nothing is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from troly.settings import ROOT

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(
        not os.environ.get("FULL_SIZE"), reason="trains a stock Rasa, ten minutes: FULL_SIZE=1"
    ),
]

_SMALL = [
    "--against", "stock", "--epochs", "2", "--per-intent", "6", "--visitors", "1,2", "--seconds", "1",
    "--turns", "3,10", "--case", "plain", "--case", "portal",
]  # fmt: skip


def start(folder: Path, *more: str) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "DATA_DIR": str(folder / "data"),
        "MODEL_DIR": str(folder / "models"),
        "DATABASE_URL": "",
        "DEMO_CATALOGUE": "own",
        "ENCODER": "none",
    }
    command = [sys.executable, "-m", "troly", "bench", *_SMALL, *more]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def processes_of(folder: Path) -> list[int]:
    """Ids of the processes whose environment names the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder / "data").encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def wait_until_gone(folder: Path) -> list[int]:
    for _ in range(100):
        if not (left := processes_of(folder)):
            return []
        time.sleep(0.1)
    return left


def test_both_are_trained_and_measured_and_the_second_run_trains_stock_no_more(tmp_path: Path) -> None:
    file = tmp_path / "comparison.json"
    program = start(tmp_path, "--json", str(file))
    output, told = program.communicate(timeout=1800)
    assert file.is_file(), told
    found = json.loads(file.read_text(encoding="utf-8"))
    assert set(found["ratios"]) == {
        "throughput", "p95_portal", "p95_plain", "memory", "start", "training", "turn_1000",
    }  # fmt: skip
    # Two epochs teach stock little: its answers may be wrong ones, its speed and size are known all the same.
    assert all(found["ratios"][name] > 0 for name in ("memory", "start", "training", "turn_1000"))
    assert found["ours"]["failed"] == 0, output
    assert {"rasa", "rasa_sdk", "portal"} == set(found["stock"]["memory"]["end"]["rss"])
    training = found["stock"]["training"]
    assert training["epochs"] == 2 and training["seconds"] > 0 and training["parts"]["DIETClassifier"] > 0
    assert not training["before"]
    assert "estimate" in output and "with the 100 epochs" in output
    assert wait_until_gone(tmp_path) == []

    program = start(tmp_path, "--turns", "")
    deadline = time.monotonic() + 300
    assert program.stderr is not None
    for line in program.stderr:
        assert "Training stock" not in line and time.monotonic() < deadline
        if "Starting stock Rasa" in line:
            break
    time.sleep(3)
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=60)
    assert program.returncode != 0
    assert wait_until_gone(tmp_path) == [], "Ctrl-C leaves nothing behind"
