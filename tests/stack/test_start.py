"""Starting, stopping, and starting again."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from running import HEALTH, NAMES, Running, is_alive, until


def test_all_four_processes_answer_and_the_addresses_are_printed(stack: Running) -> None:
    assert {name: stack.answers(name) for name in NAMES} == dict.fromkeys(NAMES, True)
    assert set(stack.children()) == set(NAMES)
    state = httpx.get(f"{stack.url}/readyz", trust_env=False).json()
    assert state["status"] == "ready" and set(state["checks"].values()) == {"up"}
    assert f"{stack.url}/" in stack.output and f"{stack.url}/console/" in stack.output
    for path in ("/", "/console/"):
        page = httpx.get(stack.url + path, trust_env=False, follow_redirects=True)
        assert page.status_code == 200 and page.headers["content-type"].startswith("text/html"), path


def test_only_the_addresses_are_told_to_who_starts_it(stack: Running) -> None:
    before_ready = stack.output.partition("Press Ctrl-C")[0]
    strange = [line for line in before_ready.splitlines() if "Warning" in line or "Traceback" in line]
    assert not strange


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads Linux's list of listening ports")
def test_nothing_listens_beyond_this_machine(stack: Running) -> None:
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text("ascii").splitlines()[1:]:
            address, state = line.split()[1], line.split()[3]
            host, port = address.split(":")
            if state == "0A" and int(port, 16) in stack.ports.values():
                listening.add((host, int(port, 16)))
    assert listening == {("0100007F", port) for port in stack.ports.values()}


@pytest.mark.parametrize("name", NAMES)
def test_the_health_addresses_are_those_of_the_supervisor(stack: Running, name: str) -> None:
    address = f"http://127.0.0.1:{stack.ports[name]}{HEALTH[name]}"
    assert httpx.get(address, trust_env=False).status_code == 200


def test_it_starts_again_with_what_it_had_and_leaves_no_process(
    prepare: Callable[..., Running], tmp_path: Path
) -> None:
    running = prepare(tmp_path / "program", with_data=False)
    models = sorted((tmp_path / "program" / "models").glob("*.tar.gz"))
    running.start()
    try:
        assert "Copying" in running.output
        with running.visitor("vi") as visitor:
            assert visitor.say("đăng ký khai sinh").answer["procedure_code"] == "1.001193"
            first = running.children()
            # What Ctrl-C sends; the children are in sessions of their own and must be told.
            running.process.send_signal(signal.SIGINT)
            assert running.process.wait(60) == 0
            assert "Stopped." in running.output and "Traceback" not in running.output
            assert not [name for name, pid in first.items() if is_alive(pid)]
            running.start()
            assert "Copying" not in running.output and "raining" not in running.output
            assert sorted((tmp_path / "program" / "models").glob("*.tar.gz")) == models
            # The conversation, the signing key and what the assistant remembers are the same.
            assert len(visitor.transcript()) == 3
            assert visitor.say("thế lệ phí thì sao?").about == ("1.001193", "fee")
        second = running.children()
        assert set(second) == set(NAMES)
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait(30)
        until(lambda: not any(map(is_alive, second.values())), "the children end with their parent")
        for port in running.ports.values():
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0
    finally:
        running.end()
