"""What takes CPU from citizens waits for a quiet moment, but not for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from channels.upkeep import Upkeep, UpkeepOptions


class Still:
    """Stands for the desk: nobody waits."""

    async def look(self) -> None:
        """Nothing to see."""


@pytest.fixture(autouse=True)
def _nothing_old(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr("channels.upkeep.clock_jumps.mend", nothing)
    monkeypatch.setattr(Upkeep, "forget_old", nothing)


async def run(quiet: float, longest: float, seconds: float = 0.4) -> tuple[int, int]:
    """How often what cannot wait and what can was called, while citizens were still for `quiet` seconds."""
    called = {"minutely": 0, "patient": 0}

    async def count(name: str) -> None:
        called[name] += 1

    upkeep = Upkeep(
        None,  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
        Still(),  # type: ignore[arg-type]
        None,  # type: ignore[arg-type]
        UpkeepOptions(look=0.01, retention=0.6, quiet=5.0, longest=longest),
        minutely=[lambda: count("minutely")],
        patient=[lambda: count("patient")],
        quiet=lambda: quiet,
    )
    upkeep.start()
    await asyncio.sleep(seconds)
    await upkeep.stop()
    return called["minutely"], called["patient"]


async def test_while_citizens_write_it_waits() -> None:
    minutely, patient = await run(quiet=1.0, longest=60.0)
    assert minutely > 0
    assert patient == 0


async def test_in_a_quiet_moment_it_is_done() -> None:
    minutely, patient = await run(quiet=5.0, longest=60.0)
    assert 0 < patient <= minutely


async def test_it_does_not_wait_for_ever() -> None:
    minutely, patient = await run(quiet=0.0, longest=0.05)
    assert 0 < patient < minutely


async def test_the_gateway_knows_when_it_is_quiet(start: Any, rasa: Any) -> None:
    async with start(rasa_url=rasa.url) as stack:
        delivery = stack.gateway.delivery
        assert delivery.quiet() == float("inf")
        visitor = await stack.visitor()
        await visitor.send("chào", wait=True)
        async with asyncio.timeout(10):
            while delivery.quiet() == 0.0:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert delivery.quiet() < 10
