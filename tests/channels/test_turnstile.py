"""One visitor's many do not stand before another's one."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from channels import photos, sharing
from channels.turnstile import Turnstile


class Crowd:
    """Visitors who go in and stay until they are let out."""

    def __init__(self, at_once: int, each: int) -> None:
        self.stile = Turnstile(at_once, each)
        self.inside: list[str] = []
        self.most: Counter[str] = Counter()
        self._exits: dict[str, asyncio.Event] = {}

    def come(self, name: str) -> asyncio.Task[None]:
        """`name` is the visitor and a number."""
        self._exits[name] = asyncio.Event()
        return asyncio.create_task(self._visit(name))

    async def go(self, name: str) -> None:
        """Let one out, and see who comes in."""
        self._exits[name].set()
        await asyncio.sleep(0.001)

    async def _visit(self, name: str) -> None:
        async with self.stile.turn(name[0]):
            self.inside.append(name)
            at_once = Counter(one[0] for one in self.inside)
            self.most |= at_once + Counter({"all": len(self.inside)})
            try:
                await self._exits[name].wait()
            finally:
                self.inside.remove(name)


async def test_one_visitor_gets_a_part_and_the_others_the_rest() -> None:
    crowd = Crowd(4, each=3)
    tasks = [crowd.come(name) for name in ("a1", "a2", "a3", "a4", "b1", "c1")]
    await asyncio.sleep(0)
    assert crowd.inside == ["a1", "a2", "a3", "b1"]
    await crowd.go("a1")
    assert crowd.inside == ["a2", "a3", "b1", "c1"], "who has least goes first, though a4 came before"
    for name in ("a2", "a3", "b1", "c1", "a4"):
        await crowd.go(name)
    await asyncio.gather(*tasks)
    assert crowd.inside == [] and crowd.most == {"a": 3, "b": 1, "c": 1, "all": 4}


async def test_who_gives_up_waiting_or_is_cut_off_inside_leaves_the_place_to_others() -> None:
    crowd = Crowd(1, each=1)
    first, second, third = (crowd.come(name) for name in ("a1", "b1", "c1"))
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()  # at the same moment: nobody must be called who is gone
    await asyncio.sleep(0.001)
    assert crowd.inside == ["c1"]
    await crowd.go("c1")
    await third
    assert not crowd.stile._waiting and not crowd.stile._inside


@pytest.mark.parametrize("seed", range(10))
async def test_whoever_is_cut_off_at_whatever_moment_no_place_is_lost(seed: int) -> None:
    chance, stile, inside = random.Random(seed), Turnstile(3, each=2), Counter[str]()

    async def visit(name: str) -> None:
        async with stile.turn(name):
            inside[name] += 1
            try:
                assert inside.total() <= 3 and inside[name] <= 2
                for _ in range(chance.randint(0, 3)):
                    await asyncio.sleep(0)
            finally:
                inside[name] -= 1

    tasks = []
    for _ in range(200):
        tasks.append(asyncio.create_task(visit(chance.choice("abc"))))
        await asyncio.sleep(0)
        if chance.random() < 0.4:
            chance.choice(tasks).cancel()
    async with asyncio.timeout(5):
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(end) for end in ends} == {type(None), asyncio.CancelledError}
    assert not stile._waiting and not stile._inside


async def test_everybody_comes_in_some_time() -> None:
    stile, served = Turnstile(2, each=1), Counter[str]()

    async def visit(name: str) -> None:
        async with stile.turn(name):
            await asyncio.sleep(0)
            served[name] += 1

    await asyncio.gather(*(visit(name) for name in "aaaaaaaaaabbbccd"))
    assert served == {"a": 10, "b": 3, "c": 2, "d": 1}


async def test_one_address_is_greeted_four_at_a_time(start: Any, rasa: Any) -> None:
    rasa.delay = 0.05
    async with start(rasa_url=rasa.url) as stack:
        visitors = await asyncio.gather(*(stack.visitor() for _ in range(12)))
    assert rasa.most_at_once == 4 and all(visitor.greeting for visitor in visitors)


async def test_photos_of_one_visitor_are_read_one_after_the_other(
    start: Any, rasa: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most = 0, Counter[str]()

    async def read(content: bytes) -> photos.Found:
        nonlocal at_once
        at_once += 1
        most[content.decode()] = max(most[content.decode()], at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        return photos.PersonalCard()

    monkeypatch.setattr(photos, "read", read)
    async with start(rasa_url=rasa.url) as stack:

        async def send(kind: str, visitor: str) -> None:
            await sharing.keep_photo(stack.gateway.media, kind.encode(), "c", visitor)

        await asyncio.gather(*(send("alone", "a") for _ in range(4)))
        await asyncio.gather(*(send("beside", visitor) for visitor in "aabbcc"))
    assert most == {"alone": 1, "beside": 2}
