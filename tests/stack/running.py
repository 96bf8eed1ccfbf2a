"""`troly serve` as an operator runs it: its output, its ports, its children."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
from visitors import PATIENCE, Visitor

NAMES = ("portal", "actions", "rasa", "gateway")
HEALTH = {"portal": "/healthz", "actions": "/health", "rasa": "/status", "gateway": "/healthz"}


def until(fact: Callable[[], bool], what: str) -> None:
    """Wait for the fact."""
    deadline = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.1)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class Running:
    """The whole program, started in `folder` with its data there and nothing else from outside."""

    def __init__(self, folder: Path, environment: dict[str, str], **settings: object) -> None:
        self.folder = folder
        self.ports = _free_ports()
        self.url = f"http://127.0.0.1:{self.ports['gateway']}"
        ports = {f"{name.upper()}_PORT": port for name, port in self.ports.items()}
        given = {"DATA_DIR": folder / "data", "DEMO_CATALOGUE": "own", "ENCODER": "none"} | ports | settings
        self.environment = environment | {name: str(value) for name, value in given.items()}
        self._log = folder / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """`troly serve` itself."""
        assert self._process is not None, "not started"
        return self._process

    @property
    def output(self) -> str:
        """What it printed since its start."""
        return self._log.read_text("utf-8", "replace")

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "data" / "troly.db"

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "troly", "serve"],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def ready() -> bool:
            assert self.process.poll() is None, self.output[-3000:]
            return "Press Ctrl-C" in self.output

        try:
            until(ready, "ready")
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """Stop it as a service manager does, and whatever of it is left after that."""
        children = self.children()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        for pid in (self.process.pid, *children.values()):
            if is_alive(pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def children(self) -> dict[str, int]:
        """Process id by name."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                fields = (folder / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
                words = (folder / "cmdline").read_bytes().decode().split("\0")
                if int(fields[1]) == self.process.pid and fields[0] != "Z" and "--only" in words:
                    found[words[words.index("--only") + 1]] = int(folder.name)
        return found

    def answers(self, name: str) -> bool:
        """Whether the process is well."""
        try:
            address = f"http://127.0.0.1:{self.ports[name]}{HEALTH[name]}"
            return httpx.get(address, timeout=10, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def visitor(self, language: str | None = None) -> Visitor:
        """Someone who opens the page."""
        return Visitor(self.url, language)

    def portal(self, path: str, **body: object) -> httpx.Response:
        """Tell the demo portal something."""
        address = f"http://127.0.0.1:{self.ports['portal']}/demo/{path}"
        response = httpx.post(address, json=body, timeout=30, trust_env=False)
        assert response.status_code == 200, response.text
        return response


def _free_ports() -> dict[str, int]:
    with ExitStack() as stack:  # held open together, so that they differ
        sockets = [stack.enter_context(socket.socket()) for _ in NAMES]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in zip(NAMES, sockets, strict=True)}
