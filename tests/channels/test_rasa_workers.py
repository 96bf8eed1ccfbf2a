"""Several Rasa processes: conversations stay with one, move when it is away, and come back."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping

import pytest

from channels import rasa_workers
from channels.errors import RasaFailed, RasaUnreachable
from channels.rasa import RasaClient
from channels.rasa_wire import Late, Refused, Wire, WireError

BASES = ["http://rasa-a", "http://rasa-b", "http://rasa-c"]
KEYS = [f"{number:032x}" for number in range(60)]


class Cluster(Wire):
    """Workers that are up, refuse connections, hang, fail or lack a model, as told."""

    def __init__(self) -> None:
        super().__init__()
        self.behaves = dict.fromkeys(("rasa-a", "rasa-b", "rasa-c"), "up")
        self.asked: list[tuple[str, str]] = []
        self.client = RasaClient(*BASES, seconds=1, wire=self)

    async def status(self, address: str, seconds: float) -> int:
        behaves = self._met(address)
        return 409 if behaves == "no model" else 200

    async def post(
        self, address: str, body: object, seconds: float, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        if self._met(address) == "dies":
            raise WireError
        host = address.split("/")[2]
        self.asked.append((host, json.dumps(body)))
        return 200, json.dumps([{"text": host}]).encode()

    def _met(self, address: str) -> str:
        behaves = self.behaves[address.split("/")[2]]
        if behaves == "refuses":
            raise Refused
        if behaves == "hangs":
            raise Late
        return behaves

    async def ask(self, key: str) -> str:
        replies = await self.client.send(key, "x", channel="web", message_id=key, language=None)
        return replies[0].text

    async def homes(self) -> dict[str, str]:
        return {key: await self.ask(key) for key in KEYS}


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


async def test_a_conversation_stays_with_its_worker_and_all_work(cluster: Cluster) -> None:
    first = await cluster.homes()
    assert await cluster.homes() == first
    assert min(Counter(first.values()).values()) > 10


async def test_a_refused_connection_moves_the_conversation_at_once_and_only_it(cluster: Cluster) -> None:
    before = await cluster.homes()
    cluster.behaves["rasa-b"] = "refuses"
    after = await cluster.homes()
    assert all(after[key] == home for key, home in before.items() if home != "rasa-b")
    assert "rasa-b" not in after.values()
    assert cluster.client.workers.states() == [True, False, True]


async def test_it_comes_back_when_its_worker_answers_again(cluster: Cluster) -> None:
    before = await cluster.homes()
    cluster.behaves["rasa-b"] = "refuses"
    await cluster.homes()
    cluster.behaves["rasa-b"] = "up"
    assert await cluster.client.ready(1) == [True, True, True]
    assert await cluster.homes() == before


async def test_one_that_was_asked_and_died_is_not_replaced_within_the_same_try(cluster: Cluster) -> None:
    """It may have understood the message; the delivery decides when to try again."""
    before = await cluster.homes()
    mine = next(key for key, home in before.items() if home == "rasa-b")
    cluster.behaves["rasa-b"] = "dies"
    cluster.asked.clear()
    with pytest.raises(RasaFailed):
        await cluster.ask(mine)
    assert cluster.asked == []


async def test_one_that_hangs_is_left_alone_after_two_looks(cluster: Cluster) -> None:
    cluster.behaves["rasa-b"] = "hangs"
    await cluster.client.ready(1)
    assert cluster.client.workers.states() == [True, True, True]
    await cluster.client.ready(1)
    assert cluster.client.workers.states() == [True, False, True]
    assert "rasa-b" not in (await cluster.homes()).values()


async def test_one_without_a_model_gets_no_conversations(cluster: Cluster) -> None:
    cluster.behaves["rasa-c"] = "no model"
    assert await cluster.client.ready(1) == [True, True, False]
    assert "rasa-c" not in (await cluster.homes()).values()


async def test_where_none_is_up_each_is_tried_before_giving_up(cluster: Cluster) -> None:
    cluster.behaves = dict.fromkeys(cluster.behaves, "refuses")
    await cluster.client.ready(1)
    with pytest.raises(RasaUnreachable):
        await cluster.ask(KEYS[0])
    cluster.behaves["rasa-a"] = "up"
    assert await cluster.ask(KEYS[0]) == "rasa-a"


async def test_they_are_looked_after_while_the_gateway_runs(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rasa_workers, "LOOK", 0.01)
    cluster.behaves["rasa-a"] = "refuses"
    cluster.client.workers.start()
    async with asyncio.timeout(5):
        while cluster.client.workers.states()[0]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        cluster.behaves["rasa-a"] = "up"
        while not cluster.client.workers.states()[0]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await cluster.client.workers.stop()


async def test_one_alone_is_always_asked(cluster: Cluster) -> None:
    alone = RasaClient(BASES[0], seconds=1, wire=cluster)
    alone.workers.start()
    assert alone.workers._watching is None
    cluster.behaves["rasa-a"] = "refuses"
    with pytest.raises(RasaUnreachable):
        await alone.send(KEYS[0], "x", channel="web", message_id="m", language=None)
    cluster.behaves["rasa-a"] = "up"
    assert await alone.send(KEYS[0], "x", channel="web", message_id="m", language=None)
