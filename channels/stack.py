"""Starts the whole assistant for a measurement, apart from any other that runs, and ends it afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import httpx

from troly.errors import TrolyError, UsageError
from troly.settings import Settings

_READY_SECONDS = 420.0
"""The first start of all may copy the catalogue and train."""

_STOP_SECONDS = 20.0
_NO_LIMIT = "1000000"


@contextlib.contextmanager
def running_stack(
    settings: Settings,
    folder: Path,
    report: Callable[[str], None],
    *,
    program: Path | None = None,
    patience: float = _READY_SECONDS,
) -> Iterator[str]:
    """Run `troly serve` on free ports with its data in `folder`; yields the gateway's address once ready.

    The demo portal stands in for the real one; the model is that of the settings. Raises TrolyError with
    the last words of the log when it does not become ready within `patience` seconds.
    """
    program = program or Path(sys.executable).parent / "troly"
    if not program.is_file():
        raise UsageError(f"there is no {program}; install the project into this environment: make install")
    folder.mkdir(parents=True, exist_ok=True)
    environment = apart(settings, folder)
    url = f"http://127.0.0.1:{environment['GATEWAY_PORT']}"
    log = folder / "serve.log"
    with stopped_by_sigterm(), log.open("wb") as output:
        # A session of its own, so that stopping it reaches whatever it started and nothing else.
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            [program, "serve"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            report(f"Starting the assistant at {url} (log: {log}) …")
            _wait(process, url, log, patience)
            yield url
        finally:
            stop(process)


def apart(settings: Settings, folder: Path) -> dict[str, str]:
    """The environment of an assistant with free ports and its data in `folder`."""
    ports = dict(
        zip(("GATEWAY_PORT", "RASA_PORT", "ACTIONS_PORT", "PORTAL_PORT"), free_ports(4), strict=True)
    )
    # An empty variable also overrules the .env file: nothing here may reach a real service or database.
    nowhere = (
        "DATABASE_URL", "REDIS_URL", "RASA_URL", "ACTIONS_URL", "PORTAL_URL", "STATUS_URL",
        "STATUS_TOKEN_URL", "PUBLIC_URL",
    )  # fmt: skip
    return {
        **os.environ,
        **dict.fromkeys(nowhere, ""),
        **{name: str(port) for name, port in ports.items()},
        "HOST": "127.0.0.1",
        "DATA_DIR": str(folder.absolute()),
        "MODEL_DIR": str(settings.model_dir.absolute()),
        "MESSAGES_PER_MINUTE": _NO_LIMIT,
        "CONVERSATIONS_PER_HOUR": _NO_LIMIT,
    }


def free_ports(number: int) -> list[int]:
    """Ports that were free a moment ago; all held open together, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _wait(process: subprocess.Popen[bytes], url: str, log: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    state = "no answer"
    with httpx.Client(timeout=3.0, trust_env=False) as http:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise TrolyError(f"troly serve ended with {process.returncode}: {last_words(log)}")
            with contextlib.suppress(httpx.HTTPError, ValueError, KeyError, TypeError):
                state = http.get(f"{url}/readyz").json()["status"]
            if state == "ready":
                return
            time.sleep(0.25)
    raise TrolyError(f"not ready after {patience:.0f} s ({state}): {last_words(log)}; see {log}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and all of its session: first asked, then killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)


def last_words(log: Path) -> str:
    """The last line of a log: mostly why a process ended."""
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


@contextlib.contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """A time limit around this command ends it with SIGTERM: the processes must not outlive it."""

    def leave(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
