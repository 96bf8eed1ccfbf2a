"""What processes cost, from Linux's /proc: seconds of CPU and memory, each and together."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """One process: CPU seconds so far, resident bytes, and its share of them (shared pages divided)."""

    name: str
    cpu: float
    rss: int
    pss: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All watched processes by id, and the CPU seconds of the whole machine and of this program so far."""

    processes: Mapping[int, Process]
    machine: float
    own: float
    at: float
    """Seconds of a clock that only moves forward."""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds between two snapshots."""

    by_name: Mapping[str, float]
    seconds: float
    """Time that passed."""
    client: float
    """This program's own."""
    others: float
    """What this machine did besides, in seconds: a measurement among much of it is worth little."""
    lost: tuple[str, ...]
    """Processes that ended in between: their last seconds are missing here."""

    @property
    def total(self) -> float:
        """Of all watched processes together."""
        return sum(self.by_name.values())


def children(parent: int) -> list[int]:
    """The ids of the processes that this one has started."""
    return [pid for pid, above in _parents().items() if above == parent]


def snapshot(roots: Sequence[int]) -> Snapshot:
    """The processes `roots` and all below them; none of them where there is no /proc."""
    parents = _parents()
    watched = {pid for pid in roots if pid in parents}
    while below := {pid for pid, parent in parents.items() if parent in watched} - watched:
        watched |= below
    found = {pid: process for pid in sorted(watched) if (process := _read(pid))}
    own = os.times()
    return Snapshot(found, _machine_seconds(), own.user + own.system, perf_counter())


def cost(before: Snapshot, after: Snapshot) -> Cost:
    """What happened between the two."""
    spent: dict[str, float] = {}
    for pid, process in after.processes.items():
        earlier = before.processes.get(pid)
        spent[process.name] = spent.get(process.name, 0.0) + process.cpu - (earlier.cpu if earlier else 0.0)
    client = after.own - before.own
    lost = (process.name for pid, process in before.processes.items() if pid not in after.processes)
    others = after.machine - before.machine - client - sum(spent.values())
    return Cost(spent, after.at - before.at, client, max(0.0, others), tuple(lost))


def process_name(command: Sequence[str]) -> str:
    """What `troly serve` calls the process ("gateway"), or the module's or program's own name."""
    if "--only" in command[:-1]:
        return command[command.index("--only") + 1]
    if "serve" in command:
        return "serve"
    if "-m" in command[:-1]:
        return command[command.index("-m") + 1]
    return Path(command[0]).name if command and command[0] else "?"


def _parents() -> dict[int, int]:
    found = {}
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):  # it may end while we look
            found[int(folder.name)] = int(_stat(folder)[1])
    return found


def _read(pid: int) -> Process | None:
    folder = _PROC / str(pid)
    try:
        command = (folder / "cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
        stat = _stat(folder)
        cpu = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
        rss = int(stat[21]) * os.sysconf("SC_PAGE_SIZE")
        return Process(process_name(command), cpu, rss, _proportional(folder) or rss)
    except (OSError, ValueError, IndexError):
        return None


def _stat(folder: Path) -> list[str]:
    # The second field is the program's name in brackets, which may hold spaces and brackets.
    return (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def _proportional(folder: Path) -> int:
    with suppress(OSError, ValueError, IndexError):
        for line in (folder / "smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _machine_seconds() -> float:
    with suppress(OSError, ValueError):
        first = (_PROC / "stat").read_text(encoding="ascii").partition("\n")[0].split()
        user, nice, system, _idle, _wait, interrupt, soft = map(int, first[1:8])
        return (user + nice + system + interrupt + soft) / os.sysconf("SC_CLK_TCK")
    return 0.0
