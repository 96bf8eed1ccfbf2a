"""The gateway as a process of its own: killed, and told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from troly.settings import Settings

PROGRAM = """
from channels.app import run
from channels.delivery import DeliveryOptions
from troly.settings import settings
run(settings(), options=DeliveryOptions(lease=1.0, poll=0.1))
"""


@pytest.fixture
def launch(make_settings: Callable[..., Settings], rasa: Any, free_port: int) -> Any:
    """Starts the process on one port and database, again and again."""
    given = make_settings()
    environment = os.environ | {
        "DATA_DIR": str(given.data_dir),
        "DATABASE_URL": given.database,
        "SECRET_KEY": "a key for tests",
        "GATEWAY_PORT": str(free_port),
        "RASA_URL": rasa.url,
    }

    @asynccontextmanager
    async def launching() -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, env=environment)
        try:
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{free_port}", timeout=20, trust_env=False
            ) as http:
                async with asyncio.timeout(30):
                    while not await _answers(http):
                        assert process.returncode is None
                        await asyncio.sleep(0.05)
                yield process, http
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    return launching


async def _answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).status_code == 200
    except httpx.HTTPError:
        return False


async def _open(http: httpx.AsyncClient) -> dict[str, str]:
    opened = (await http.post("/api/v1/conversations")).json()
    return {"Authorization": f"Bearer {opened['token']}"}


async def test_a_process_killed_in_the_middle_of_a_turn_loses_and_doubles_nothing(
    launch: Any, rasa: Any
) -> None:
    async with launch() as (process, http):
        headers = await _open(http)
        rasa.delay = 5
        for number in range(3):
            body = {"text": f"câu {number}", "client_id": str(number)}
            response = await http.post("/api/v1/messages", json=body, headers=headers)
            assert response.status_code == 202
        await rasa.until(1)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    rasa.delay = 0
    async with launch() as (_process, http):
        # The client did not hear of the last acknowledgement, say, and sends again.
        body = {"text": "câu 2", "client_id": "2"}
        answer = await http.post("/api/v1/messages?wait=true", json=body, headers=headers)
        assert [reply["text"] for reply in answer.json()["replies"]] == ["echo: câu 2"]
        lines = (await http.get("/api/v1/conversation", headers=headers)).json()["messages"]
        said = [line["text"] for line in lines if line["from"] == "bot"]
        assert said == ["echo: /greet", "echo: câu 0", "echo: câu 1", "echo: câu 2"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_told_to_stop_ends_at_once_though_a_stream_is_open(launch: Any, number: int) -> None:
    async with launch() as (process, http):
        headers = await _open(http)
        async with http.stream("GET", "/api/v1/events", headers=headers) as response:
            lines = response.aiter_lines()
            await anext(lines)
            began = time.monotonic()
            process.send_signal(number)
            async for _ in lines:  # ends properly, not by a broken connection
                pass
        await process.wait()
        assert time.monotonic() - began < 30
