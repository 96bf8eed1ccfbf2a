"""`troly db upgrade` under a gateway that answers: nobody waits for long, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from troly import migrate

BEFORE = "0013_controls"
"""An older schema with which the gateway of today still answers."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'upgraded.db'}"
    else:
        yield request.getfixturevalue("postgres_url")


async def test_the_tables_are_upgraded_while_citizens_write(start: Any, rasa: Any, url: str) -> None:
    await asyncio.to_thread(migrate.upgrade, url, BEFORE)
    async with start(rasa_url=rasa.url, database_url=url) as stack:
        visitors = [await stack.visitor() for _ in range(4)]
        stop, asked = asyncio.Event(), [0] * len(visitors)
        refused: list[int] = []

        async def write(number: int) -> None:
            while not stop.is_set():
                text = f"tin {asked[number] + 1}"
                response = await visitors[number].send(text, wait=True, client_id=f"k{asked[number]}")
                if response.status_code != 200:
                    refused.append(response.status_code)
                    continue  # the same again, as a page does
                assert response.json()["replies"][0]["text"] == f"echo: {text}"
                asked[number] += 1

        writing = [asyncio.create_task(write(number)) for number in range(len(visitors))]
        while min(asked) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await asyncio.to_thread(migrate.upgrade, url)
        done = min(asked)
        while min(asked) < done + 3:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        stop.set()
        await asyncio.gather(*writing)
        assert await asyncio.to_thread(migrate.current, url) == migrate.newest()
        assert refused == []
        for visitor, count in zip(visitors, asked, strict=True):
            lines = [line["text"] for line in (await visitor.transcript())["messages"]]
            assert [line for line in lines if line.startswith("echo: tin")] == [
                f"echo: tin {n + 1}" for n in range(count)
            ]
        assert rasa.overlaps == 0
