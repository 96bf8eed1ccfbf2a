"""The supervisor: restarts what dies, stops everything together, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from troly.errors import UsageError
from troly.processes import Process, StartError, Supervisor, require_free_port, serve_command

# Answers 200 with its process id.
_SERVER = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Id(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())

    def log_message(self, *_):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Id).serve_forever()
"""

_PATIENCE = 20.0


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def server(name: str, port: int | None = None) -> Process:
    number = port or unused_port()
    command = [sys.executable, "-c", _SERVER, str(number)]
    return Process(name, command, number, f"http://127.0.0.1:{number}/")


def script(name: str, code: str) -> Process:
    port = unused_port()
    return Process(name, [sys.executable, "-c", code], port, f"http://127.0.0.1:{port}/")


async def process_id(process: Process, other_than: int | None = None) -> int:
    """The id of the process that answers, once it is another one than `other_than`."""
    deadline = time.monotonic() + _PATIENCE
    async with httpx.AsyncClient(trust_env=False) as client:
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                found = int((await client.get(process.health)).text)
                if found != other_than:
                    return found
            await asyncio.sleep(0.05)
    raise AssertionError(f"{process.name} does not answer")


def is_alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def until(fact: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not fact():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.05)


@asynccontextmanager
async def running(*processes: Process) -> AsyncIterator[tuple[Supervisor, list[str]]]:
    """A supervisor whose processes are ready, and the lines that it reports."""
    lines: list[str] = []
    ready = asyncio.Event()
    supervisor = Supervisor(processes, lines.append)
    task = asyncio.create_task(supervisor.run(ready.set, timeout=_PATIENCE))
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield supervisor, lines
    finally:
        waiting.cancel()
        supervisor.stop()
        await asyncio.wait_for(task, _PATIENCE)


async def test_it_is_ready_once_every_process_answers() -> None:
    first, second = server("first"), server("second")
    async with running(first, second) as (_, lines):
        assert await process_id(first) != await process_id(second)
        assert lines == []


async def test_a_killed_process_is_started_again_and_the_others_stay() -> None:
    first, second = server("first"), server("second")
    async with running(first, second) as (_, lines):
        killed, untouched = await process_id(first), await process_id(second)
        os.kill(killed, signal.SIGKILL)
        assert await process_id(first, other_than=killed) != killed
        assert await process_id(second) == untouched
        assert len(lines) == 1
        assert lines[0].startswith("first ended (signal SIGKILL); starting it again in ")


async def test_a_process_that_dies_at_once_is_started_again_ever_more_slowly() -> None:
    lines: list[str] = []
    supervisor = Supervisor([script("broken", "raise SystemExit(3)")], lines.append)
    task = asyncio.create_task(supervisor.run(lambda: None, timeout=_PATIENCE))
    await until(lambda: len(lines) == 2, "it is started again")
    supervisor.stop()
    await asyncio.wait_for(task, _PATIENCE)
    pauses = [float(line.rpartition(" in ")[2].removesuffix(" s")) for line in lines]
    assert pauses == [1.0, 2.0]
    assert "exit code 3" in lines[0]


async def test_stop_ends_every_process() -> None:
    first, second = server("first"), server("second")
    async with running(first, second) as (supervisor, _):
        numbers = [await process_id(first), await process_id(second)]
        supervisor.stop()
        await until(lambda: not any(map(is_alive, numbers)), "both end")


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
async def test_stop_while_processes_are_being_started_leaves_none(steps: int) -> None:
    first = server("first")
    supervisor = Supervisor([first], lambda _: None)
    task = asyncio.create_task(supervisor.run(lambda: None, timeout=_PATIENCE))
    for _ in range(steps):  # so that some fall between the start and the moment at which it is known
        await asyncio.sleep(0)
    supervisor.stop()
    await asyncio.wait_for(task, _PATIENCE)
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(first.health)


async def test_a_process_starts_when_the_one_before_it_answers() -> None:
    first = server("first")
    code = f"""
import urllib.request
urllib.request.urlopen({first.health!r}, timeout=5)  # else it ends at once, and is told of
{_SERVER}"""
    port = unused_port()
    command = [sys.executable, "-c", code, str(port)]
    second = Process("second", command, port, f"http://127.0.0.1:{port}/", after="first")
    async with running(second, first) as (_, lines):
        assert await process_id(second)
        assert lines == []


async def test_a_process_does_not_wait_for_ever_for_the_one_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("troly.processes._IN_TURN", 0.2)
    started = tmp_path / "started"
    silent = script("silent", "import time; time.sleep(60)")
    code = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(60)"
    second = replace(script("second", code), after="silent")
    supervisor = Supervisor([silent, second], lambda _: None)
    task = asyncio.create_task(supervisor.run(lambda: pytest.fail("never ready"), timeout=_PATIENCE))
    await until(started.exists, "the second starts")
    supervisor.stop()
    await asyncio.wait_for(task, _PATIENCE)


async def test_stop_while_a_process_waits_for_its_turn_starts_it_no_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("troly.processes._IN_TURN", 600.0)
    started = tmp_path / "started"
    silent = script("silent", "import time; time.sleep(60)")
    second = replace(
        script("second", f"import pathlib; pathlib.Path({str(started)!r}).touch()"), after="silent"
    )
    supervisor = Supervisor([silent, second], lambda _: None)
    task = asyncio.create_task(supervisor.run(lambda: pytest.fail("never ready"), timeout=_PATIENCE))
    await asyncio.sleep(0.3)
    supervisor.stop()
    await asyncio.wait_for(task, _PATIENCE)
    assert not started.exists()


async def test_a_process_that_does_not_finish_in_time_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("troly.processes.STOP_SECONDS", 0.3)
    stubborn = server("stubborn")
    code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{_SERVER}"
    process = Process(
        "stubborn", [sys.executable, "-c", code, str(stubborn.port)], stubborn.port, stubborn.health
    )
    async with running(process) as (supervisor, _):
        number = await process_id(process)
        supervisor.stop()
        await until(lambda: not is_alive(number), "it is killed")


async def test_exit_code_2_ends_everything_with_a_usage_error() -> None:
    good, wrong = server("good"), script("wrong", "raise SystemExit(2)")
    supervisor = Supervisor([good, wrong], lambda _: None)
    with pytest.raises(UsageError, match=r"^wrong cannot start with these settings"):
        await asyncio.wait_for(
            supervisor.run(lambda: pytest.fail("never ready"), timeout=_PATIENCE), _PATIENCE
        )
    require_free_port("127.0.0.1", good.port, "GOOD_PORT")


async def test_exit_code_2_of_a_process_that_ran_before_stops_no_other(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    one, good = server("one"), server("good")
    code = f"import os, sys\nif os.path.exists({str(broken)!r}): raise SystemExit(2)\n{_SERVER}"
    changed = Process("changed", [sys.executable, "-c", code, str(one.port)], one.port, one.health)
    async with running(changed, good) as (_, lines):
        broken.touch()
        untouched, killed = await process_id(good), await process_id(changed)
        os.kill(killed, signal.SIGKILL)
        await until(lambda: any("exit code 2" in line for line in lines), "it is tried again")
        broken.unlink()
        assert await process_id(changed, other_than=killed)
        assert await process_id(good) == untouched


async def test_what_is_not_ready_in_time_is_named_and_all_are_stopped() -> None:
    good, silent = server("good"), script("silent", "import time; time.sleep(60)")
    supervisor = Supervisor([good, silent], lambda _: None)
    with pytest.raises(StartError, match=r"^not ready after 2 s: silent; see the lines above$"):
        await supervisor.run(lambda: pytest.fail("never ready"), timeout=2)
    require_free_port("127.0.0.1", good.port, "GOOD_PORT")


def test_a_port_in_use_names_the_setting(free_port: int) -> None:
    require_free_port("127.0.0.1", free_port, "GATEWAY_PORT")
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        with pytest.raises(
            UsageError, match=rf"^GATEWAY_PORT: port {free_port} is in use; .*set GATEWAY_PORT to"
        ):
            require_free_port("127.0.0.1", free_port, "GATEWAY_PORT")
    require_free_port("127.0.0.1", free_port, "GATEWAY_PORT")


def test_an_address_that_this_machine_lacks_is_not_called_in_use(free_port: int) -> None:
    # 192.0.2.0/24 is reserved for documentation: no machine has it.
    with pytest.raises(
        UsageError, match=rf"^GATEWAY_PORT: cannot listen on 192\.0\.2\.1 port {free_port} .*HOST"
    ):
        require_free_port("192.0.2.1", free_port, "GATEWAY_PORT")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_killed_parent_leaves_no_child(tmp_path: Path) -> None:
    child = server("child")
    parent = tmp_path / "parent.py"
    parent.write_text(
        textwrap.dedent(
            f"""
            import asyncio
            from troly.processes import Process, Supervisor

            child = Process("child", {list(child.command)!r}, {child.port}, {child.health!r})
            asyncio.run(Supervisor([child], print).run(lambda: None))
            """
        ),
        encoding="utf-8",
    )
    process = subprocess.Popen([sys.executable, str(parent)])
    try:
        number = asyncio.run(process_id(child))
        process.kill()
        process.wait(_PATIENCE)
        asyncio.run(until(lambda: not is_alive(number), "the child ends with its parent"))
    finally:
        process.kill()
        process.wait(_PATIENCE)


def test_one_process_alone_is_started_by_this_python() -> None:
    assert serve_command("rasa") == [sys.executable, "-m", "troly", "serve", "--only", "rasa"]
