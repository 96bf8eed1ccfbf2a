"""Two gateways and two Rasas on one PostgreSQL and one Redis; one Rasa is killed and comes back."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from channels.rendezvous import ranked
from tests.faults import processes
from tests.faults.processes import Program
from troly.database import engine
from troly.tables import Base

VISITORS = 16
MESSAGES = 12
PATIENCE = 90.0


class Visitor:
    """Someone who writes faster than answers come, through whichever gateway is next."""

    def __init__(self, http: httpx.AsyncClient, gateways: list[Program]) -> None:
        self.http = http
        self.gateways = gateways
        self.id = ""
        self._headers: dict[str, str] = {}

    async def open(self) -> None:
        response = await self.http.post(f"{self.gateways[0].url}/api/v1/conversations", json={})
        response.raise_for_status()
        self.id = response.json()["conversation_id"]
        self._headers = {"Authorization": f"Bearer {response.json()['token']}"}

    async def write(self, number: int) -> None:
        gateway = self.gateways[number % len(self.gateways)]
        body = {"client_id": f"c{number}", "text": f"tin {number} của tôi"}
        response = await self.http.post(f"{gateway.url}/api/v1/messages", json=body, headers=self._headers)
        assert response.status_code == 202, response.text

    async def answers(self) -> list[str]:
        response = await self.http.get(f"{self.gateways[1].url}/api/v1/conversation", headers=self._headers)
        lines = response.json()["messages"]
        return [line["text"] for line in lines if line["from"] == "bot" and line["text"].startswith("đáp")]


def turns(folder: Path) -> dict[str, list[tuple[float, float, int, int]]]:
    """For each conversation its turns in order of time: (began, ended, number of the message, port)."""
    found = defaultdict(list)
    for file in folder.glob("turns-*"):
        for line in file.read_text("utf-8").splitlines():
            sender, began, ended, number = line.split()
            if int(number):
                port = int(file.name.removeprefix("turns-"))
                found[sender].append((float(began), float(ended), int(number), port))
    return {sender: sorted(those) for sender, those in found.items()}


@pytest.mark.postgres
@pytest.mark.redis
async def test_a_rasa_that_is_killed_loses_nothing_and_gets_its_conversations_back(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    made = engine(postgres_url)
    Base.metadata.create_all(made)
    made.dispose()
    rasas = [processes.rasa(tmp_path, f"rasa-{number}") for number in (1, 2)]
    environment: dict[str, Any] = {
        "DATABASE_URL": postgres_url,
        "REDIS_URL": redis_url,
        "DATA_DIR": tmp_path / "data",
        "SECRET_KEY": "a key for this test",
        "RASA_URL": ", ".join(rasa.url for rasa in rasas),
        "ACTIONS_URL": "http://127.0.0.1:9",
        "MESSAGES_PER_MINUTE": 100_000,
        "CONVERSATIONS_PER_HOUR": 100_000,
    }
    gateways = [processes.gateway(number, tmp_path, environment) for number in (1, 2)]
    try:
        for program in (*rasas, *gateways):
            program.spawn()
        for program in (*rasas, *gateways):
            await program.ready()
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http, asyncio.timeout(PATIENCE):
            visitors = [Visitor(http, gateways) for _ in range(VISITORS)]
            for visitor in visitors:
                await visitor.open()
            await _written(visitors, range(1, MESSAGES // 3 + 1))
            rasas[0].kill()
            await _written(visitors, range(MESSAGES // 3 + 1, MESSAGES + 1))
            ready = (await http.get(f"{gateways[0].url}/readyz")).json()
            assert ready["checks"]["rasa"] == "up" and ready["checks"]["rasa_1"] == "down"
            await _answered(visitors, MESSAGES)
            rasas[0].spawn()
            await rasas[0].ready()
            for gateway in gateways:
                await _all_up(http, gateway)
            await _written(visitors, [MESSAGES + 1])
            await _answered(visitors, MESSAGES + 1)
    finally:
        for program in (*gateways, *rasas):
            program.kill()
    _check(turns(tmp_path), rasas, visitors)
    assert not (tmp_path / "overlaps").exists()


async def _written(visitors: list[Visitor], numbers: Any) -> None:
    for number in numbers:
        await asyncio.gather(*(visitor.write(number) for visitor in visitors))


async def _answered(visitors: list[Visitor], count: int) -> None:
    """Each message once, in order."""
    wanted = [f"đáp {number}" for number in range(1, count + 1)]
    for visitor in visitors:
        while len(found := await visitor.answers()) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        assert found == wanted


async def _all_up(http: httpx.AsyncClient, gateway: Program) -> None:
    while "down" in [  # noqa: ASYNC110
        state
        for name, state in (await http.get(f"{gateway.url}/readyz")).json()["checks"].items()
        if name.startswith("rasa")
    ]:
        await asyncio.sleep(0.1)


def _check(turns: dict[str, Any], rasas: list[Program], visitors: list[Visitor]) -> None:
    addresses = [rasa.url for rasa in rasas]
    moved = 0
    for visitor in visitors:
        those = turns[visitor.id]
        for (_, ended, _, _), (began, *_) in pairwise(those):
            assert began >= ended, "a conversation was at two workers at once"
        home = int(ranked(visitor.id, addresses)[0].rpartition(":")[2])
        ports = {port for *_, port in those}
        if home == rasas[1].port:
            assert ports == {home}, "it moved without need"
        else:
            moved += len(ports) == 2
            assert those[-1][2:] == (MESSAGES + 1, home), "it did not come back"
    assert moved > VISITORS / 8
