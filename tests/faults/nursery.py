"""Real gateway processes that start quickly: forked from a process that has read all the code.

`python nursery.py` reads one JSON object a line and starts a gateway for each; it tells of each process
that it was started and how it ended. Nursery is its other side.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent.parent
_LOOK = 0.02


class Child:
    """One gateway process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.status: int | None = None
        """As os.waitpid() has it, once the process has ended."""

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    @property
    def killed(self) -> bool:
        """Whether it ended by kill -9."""
        return self.status is not None and os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) == 9


class Nursery(contextlib.AbstractContextManager["Nursery"]):
    """Starts gateways; leaving it ends those that still run."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            text=True,
        )
        self._children: dict[int, Child] = {}
        self._born = threading.Semaphore(0)
        self._newest = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(20)
        self._reader.join(5)

    def start(
        self,
        settings: Mapping[str, object],
        *,
        armed: Path,
        log: Path,
        delivery: Mapping[str, object],
        sender: Mapping[str, object],
    ) -> Child:
        """A gateway with these settings; it dies at the step that the file `armed` names (steps.py)."""
        asked = {
            "settings": {name: str(value) for name, value in settings.items()},
            "armed": str(armed),
            "log": str(log),
            "delivery": dict(delivery),
            "sender": dict(sender),
        }
        assert self._process.stdin
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        assert self._born.acquire(timeout=60), "the nursery does not answer"
        return self._children[self._newest]

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told = json.loads(line)
            if "ended" in told:
                self._children[told["ended"]].status = told["status"]
            else:
                self._newest = told["started"]
                self._children[self._newest] = Child(self._newest)
                self._born.release()


def _main() -> None:
    import channels.app
    import channels.telegram
    import channels.zalo_bot
    import channels.zalo_oa  # noqa: F401 - read before the first fork, so that no gateway reads it again

    waiting, alive = b"", set()
    while True:
        readable, _, _ = select.select([0], [], [], _LOOK)
        if readable:
            given = os.read(0, 65536)
            if not given:
                break
            *lines, waiting = (waiting + given).split(b"\n")
            for line in lines:
                pid = os.fork()
                if pid == 0:
                    _child(json.loads(line))
                alive.add(pid)
                _tell(started=pid)
        while alive:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            alive.discard(pid)
            _tell(ended=pid, status=status)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _tell(**values: int) -> None:
    os.write(1, json.dumps(values).encode() + b"\n")


def _child(asked: dict[str, Any]) -> None:
    status = 1
    try:
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for old, new in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(old, new)
        _serve(asked)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _serve(asked: dict[str, Any]) -> None:
    import functools
    from datetime import timedelta

    from channels import app
    from channels.base import PushChannel
    from channels.options import DeliveryOptions, SenderOptions
    from channels.zalo_oa import tokens, turns
    from tests.faults.steps import install
    from troly.settings import Settings

    def options(name: str) -> dict[str, Any]:
        return {key: tuple(v) if isinstance(v, list) else v for key, v in asked[name].items()}

    install(Path(asked["armed"]))
    app.create_app = functools.partial(  # type: ignore[assignment]
        app.create_app, sender_options=SenderOptions(**options("sender"))
    )
    for channel in PushChannel.__subclasses__():
        channel.per_second = channel.per_chat_second = 100_000.0
    # A minute and a half in truth, for which no test waits.
    tokens.SETTLE = timedelta(seconds=0.3)  # type: ignore[attr-defined]
    turns.LEASE = timedelta(seconds=0.3)
    app.run(Settings(_env_file=None, **asked["settings"]), options=DeliveryOptions(**options("delivery")))


if __name__ == "__main__":
    _main()
