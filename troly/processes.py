"""Starts our processes, restarts one that dies, and stops them all together."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from troly.errors import TrolyError, UsageError

STOP_SECONDS = 10.0
"""How long a process may take to finish its work before it is killed."""

_QUICK_DEATH = 5.0
_LONGEST_PAUSE = 30.0
_LOOK = 0.1
_IN_TURN = 5.0


@dataclass(frozen=True)
class Process:
    """One of our processes: how it is started and where it answers once it is ready."""

    name: str
    command: Sequence[str]
    port: int
    health: str
    environment: Mapping[str, str] = field(default_factory=dict)
    after: str = ""
    """At the first start it lets this process become ready before it, for some seconds at most."""


class StartError(TrolyError):
    """A process did not become ready."""


def require_free_port(host: str, port: int, variable: str) -> None:
    """Raise UsageError naming the setting when another program listens on the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise UsageError(
                    f"{variable}: cannot listen on {host} port {port} ({error.strerror}); "
                    f"see HOST and {variable}"
                ) from None
            raise UsageError(
                f"{variable}: port {port} is in use; stop the program that uses it, "
                f"or set {variable} to a free port"
            ) from None


class Supervisor:
    """Runs processes until stopped. Tells what happens through `report` (one line a time)."""

    def __init__(self, processes: Sequence[Process], report: Callable[[str], None]) -> None:
        self._processes = processes
        self._report = report
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._ready = {process.name: asyncio.Event() for process in processes}
        self._was_ready = False
        self._failure: TrolyError | None = None

    async def run(self, on_ready: Callable[[], None], timeout: float = 180.0) -> None:  # noqa: ASYNC109
        """Start everything, call on_ready once all answer, and keep it running until stop().

        Raises StartError when a process is not ready within `timeout` seconds, UsageError when one
        declares that its settings are wrong.
        """
        keepers = [asyncio.create_task(self._keep(process)) for process in self._processes]
        try:
            ready = asyncio.create_task(self._wait_ready(timeout))
            stopped = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([ready, stopped], return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                ready.result()
                self._was_ready = True
                on_ready()
                await stopped
            ready.cancel()
        finally:
            self._stopping.set()
            for turn in self._ready.values():
                turn.set()
            await self._stop_all()
            await asyncio.gather(*keepers, return_exceptions=True)
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Ask all processes to finish."""
        self._stopping.set()

    async def _keep(self, process: Process) -> None:
        pause = 0.5
        if process.after in self._ready:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ready[process.after].wait(), _IN_TURN)
        while not self._stopping.is_set():
            started = time.monotonic()
            child = await asyncio.create_subprocess_exec(
                *process.command,
                env={**os.environ, **process.environment},
                start_new_session=True,
                preexec_fn=partial(end_with_parent, os.getpid()),
            )
            self._running[process.name] = child
            code = await child.wait()
            if self._stopping.is_set():
                return
            # The process has said on standard error which setting to mend. Later on it is the database
            # that is away, or a setting that was changed meanwhile: no reason to stop the others.
            if code == 2 and not self._was_ready:
                self._failure = UsageError(f"{process.name} cannot start with these settings (see above)")
                self._stopping.set()
                return
            pause = 0.5 if time.monotonic() - started > _QUICK_DEATH else min(pause * 2, _LONGEST_PAUSE)
            self._report(f"{process.name} ended ({_reason(code)}); starting it again in {pause:.1f} s")
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _wait_ready(self, timeout: float) -> None:  # noqa: ASYNC109  one text for all that wait
        # Only now, while the processes start: it takes as long as one of them takes to begin.
        import httpx

        deadline = time.monotonic() + timeout
        waiting = {process.name: process.health for process in self._processes}
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            while waiting:
                for name, health in list(waiting.items()):
                    with contextlib.suppress(httpx.HTTPError):
                        if (await client.get(health)).status_code == 200:
                            self._ready[name].set()
                            del waiting[name]
                if waiting and time.monotonic() > deadline:
                    late = ", ".join(waiting)
                    raise StartError(f"not ready after {timeout:.0f} s: {late}; see the lines above")
                if waiting:
                    await asyncio.sleep(_LOOK)

    async def _stop_all(self) -> None:
        alive = [child for child in self._running.values() if child.returncode is None]
        for child in alive:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)
        if not alive:
            return
        _, late = await asyncio.wait([asyncio.create_task(c.wait()) for c in alive], timeout=STOP_SECONDS)
        if late:
            for child in alive:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()


def serve_command(name: str) -> list[str]:
    """The command that runs one process alone in the foreground."""
    return [sys.executable, "-m", "troly", "serve", "--only", name]


def _reason(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"signal {signal.Signals(-code).name}"


def end_with_parent(parent: int) -> None:
    """Linux ends the child when its parent dies, so that a killed `serve` leaves no process behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)
