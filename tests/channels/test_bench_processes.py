"""CPU and memory are those of the processes that were started, and of nothing else."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from channels.bench_processes import Process, Snapshot, children, cost, process_name, snapshot

_BUSY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import sys; print(1, flush=True); sys.stdin.read()",
                          "--only", "rasa"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.readline()
while time.process_time() < 0.3:
    pass
child.communicate()
print("done", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _BUSY, "serve"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield process
    process.communicate()


def test_a_process_and_its_children_are_measured(parent: subprocess.Popen[str]) -> None:
    assert parent.stdin and parent.stdout
    child = int(parent.stdout.readline())
    assert parent.pid in children(os.getpid()) and children(parent.pid) == [child]
    before = snapshot([parent.pid])
    assert {pid: process.name for pid, process in before.processes.items()} == {
        parent.pid: "serve",
        child: "rasa",
    }
    assert all(1_000_000 < one.pss <= one.rss < 1_000_000_000 for one in before.processes.values())
    parent.stdin.write("\n")
    parent.stdin.flush()
    assert parent.stdout.readline() == "done\n"
    spent = cost(before, snapshot([parent.pid]))
    assert 0.1 < spent.by_name["serve"] < 0.5
    assert spent.lost == ("rasa",)
    assert spent.total == spent.by_name["serve"]


def test_no_root_is_no_process() -> None:
    assert snapshot([]).processes == {}
    assert snapshot([2**22 + 1]).processes == {}


def test_a_process_that_started_in_between_counts_whole_and_names_are_added_up() -> None:
    before = Snapshot({1: Process("rasa", 5.0, 0, 0), 2: Process("portal", 1.0, 0, 0)}, 100.0, 10.0, 50.0)
    after = Snapshot({1: Process("rasa", 6.0, 0, 0), 3: Process("rasa", 0.5, 0, 0)}, 104.0, 10.25, 60.0)
    spent = cost(before, after)
    assert spent.by_name == {"rasa": 1.5}
    assert (spent.seconds, spent.client, spent.others) == (10.0, 0.25, 2.25)
    assert spent.lost == ("portal",)


def test_this_programs_own_seconds_are_apart() -> None:
    before = snapshot([])
    until = time.process_time() + 0.1
    while time.process_time() < until:
        pass
    assert 0.05 < cost(before, snapshot([])).client < 1.0


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["/v/bin/python", "-m", "troly", "serve", "--only", "rasa"], "rasa"),
        (["/v/bin/python", "/v/bin/troly", "serve"], "serve"),
        (["/v/bin/python", "-m", "rasa", "run", "-p", "5005"], "rasa"),
        (["/usr/bin/redis-server", "*:6379"], "redis-server"),
        (["troly", "--only"], "troly"),
        ([""], "?"),
    ],
)
def test_a_process_is_called_what_it_serves(command: list[str], name: str) -> None:
    assert process_name(command) == name
