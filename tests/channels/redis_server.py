"""A Redis server that a test may kill and start again on the same port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import pytest

STARTUP_SECONDS = 10


class RedisServer:
    """Empty at each start."""

    def __init__(self, program: str) -> None:
        """Not started yet."""
        self._program = program
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Returns when it answers."""
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            [self._program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + STARTUP_SECONDS
        while not self._answers():
            assert time.monotonic() < end, "redis-server did not start"
            time.sleep(0.02)
        return self

    def kill(self) -> None:
        """At once, as when the machine dies."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Connections stay open and nothing answers, as behind a broken network."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It answers again."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(number)
            self._process.wait(STARTUP_SECONDS)
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A started server; where the program is missing the test is skipped, as tests/conftest.py does."""
    program = shutil.which("redis-server")
    if program is None:
        what = "redis-server is not installed (Debian: apt-get install redis-server)"
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail(f"{what} (REQUIRE_ALL is set)")
        pytest.skip(what)
    server = RedisServer(program).start()
    try:
        yield server
    finally:
        server.kill()
