"""The processes of a run: gateways, a Rasa, PostgreSQL and Redis; each ends when the run does."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.conftest import (
    _postgres_answers,
    _postgres_program,
    _redis_answers,
    _unprivileged,
    _wait,
    unused_port,
)
from troly.settings import ROOT, Settings

PATIENCE = 60.0


class Program:
    """A program of ours with its port, killed and started again at will."""

    def __init__(self, name: str, command: list[str], port: int, health: str, folder: Path) -> None:
        self.name = name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.environment: dict[str, str] = {}
        self._command = command
        self._health = health
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def spawn(self) -> None:
        """Start it; returns before it answers."""
        ours = {name.upper() for name in Settings.model_fields}
        outer = {name: value for name, value in os.environ.items() if name not in ours}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=outer | {"PYTHONPATH": str(ROOT)} | self.environment,
                cwd=self._log.parent,  # where no .env lies
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def ready(self) -> None:
        """Until it answers."""
        async with httpx.AsyncClient(trust_env=False, timeout=5) as http, asyncio.timeout(PATIENCE):
            while True:
                assert self._process and self._process.poll() is None, self.log()
                try:
                    if (await http.get(self.url + self._health)).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    def cpu(self) -> float:
        """Seconds of CPU since its last start, from Linux's /proc; 0.0 elsewhere."""
        try:
            stat = Path(f"/proc/{self._process.pid if self._process else 0}/stat").read_text("ascii")
        except OSError:
            return 0.0
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def delayed(self) -> float:
        """Seconds that its main thread was ready to run and had no CPU, from Linux's /proc; 0.0 elsewhere."""
        try:
            stat = Path(f"/proc/{self._process.pid if self._process else 0}/schedstat").read_text("ascii")
        except OSError:
            return 0.0
        return int(stat.split()[1]) / 1e9

    def kill(self) -> None:
        """As kill -9."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int | None:
        """As a supervisor does: told to stop, killed when it takes too long. Gives its exit code."""
        if self._process is None or self._process.poll() is not None:
            return None
        self._process.terminate()
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def log(self) -> str:
        """All that it wrote."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""


def gateway(number: int, folder: Path, environment: Mapping[str, object]) -> Program:
    """The gateway as an operator starts it, with all the patience that it has by default."""
    port = unused_port()
    made = Program(
        f"gateway-{number}",
        [sys.executable, "-m", "troly", "serve", "--only", "gateway"],
        port,
        "/healthz",
        folder,
    )
    made.environment = {name.upper(): str(value) for name, value in environment.items()}
    made.environment["GATEWAY_PORT"] = str(port)
    return made


def rasa(folder: Path, name: str = "rasa") -> Program:
    """The scripted Rasa, or one of several."""
    port = unused_port()
    script = str(Path(__file__).with_name("rasa.py"))
    return Program(name, [sys.executable, script, str(port), str(folder)], port, "/status", folder)


@contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL database on a server of its own, with its usual safety."""
    initdb, program = _postgres_program("initdb"), _postgres_program("postgres")
    if initdb is None or program is None:
        raise FileNotFoundError(
            "PostgreSQL's programs are not installed (Debian: apt-get install postgresql)"
        )
    # A short path, since a socket's name has at most 107 bytes; and one that any user may enter.
    folder, user, port = Path(tempfile.mkdtemp(prefix="postgres-")), _unprivileged(), unused_port()
    if user is not None:
        shutil.chown(folder, user)
    try:
        subprocess.run(
            [initdb, "-D", folder / "data", "-U", "troly", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            user=user, cwd=folder, stdout=subprocess.DEVNULL, check=True,
        )  # fmt: skip
        command = [program, "-D", str(folder / "data"), "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
        command += ["-c", f"unix_socket_directories={folder}"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, user=user, cwd=folder, stdout=log, stderr=log)
        try:
            address = f"postgresql://troly@127.0.0.1:{port}/postgres"
            _wait(process, folder / "log", lambda: _postgres_answers(address.removesuffix("/postgres")))
            yield address
        finally:
            process.send_signal(signal.SIGINT)  # does not wait for clients, as SIGTERM would
            process.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def redis() -> Iterator[str]:
    """The address of an empty Redis of its own."""
    program = shutil.which("redis-server")
    if program is None:
        raise FileNotFoundError("redis-server is not installed (Debian: apt-get install redis-server)")
    port = unused_port()
    with tempfile.TemporaryDirectory(prefix="redis-") as name:
        log = Path(name) / "log"
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=name, stdout=output, stderr=output)
        try:
            _wait(process, log, lambda: _redis_answers(port))
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(20)
