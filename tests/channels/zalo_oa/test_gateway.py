"""A citizen on Zalo and a whole gateway between them and Rasa."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.fakes.base import Shown, serving
from tests.fakes.zalo_oa import FakeZaloOa

Shows = Callable[..., Any]


@pytest.fixture
async def zalo(fake: FakeZaloOa, start: Callable[..., Any], rasa: Any) -> AsyncIterator[FakeZaloOa]:
    """The platform, connected with a running gateway."""
    with serving(fake.app) as url:
        given = {name.lower(): value for name, value in fake.settings(url).items()}
        async with start(rasa_url=rasa.url, **given) as stack:
            fake.gateway = str(stack.http.base_url)
            fake.media_url = url
            yield fake
    assert fake.violations == []


async def shown(fake: FakeZaloOa, citizen: str, count: int, seconds: float = 10) -> list[Shown]:
    """What the citizen was shown, once it is so many messages."""
    async with asyncio.timeout(seconds):
        while len(fake.replies(citizen)) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return fake.replies(citizen)


async def test_a_question_is_answered_with_the_privacy_notice_before_it(zalo: FakeZaloOa) -> None:
    assert (await zalo.write("lan", "Xin chào")).status_code == 200
    notice, answer = await shown(zalo, "lan", 2)
    assert "/delete" in notice.text
    assert answer == Shown("echo: Xin chào", ["Lệ phí"], ["https://example.test/1.001193"])


async def test_a_pressed_button_says_what_it_stands_for(zalo: FakeZaloOa, rasa: Any) -> None:
    await zalo.write("lan", "Xin chào")
    await shown(zalo, "lan", 2)
    await zalo.press("lan", 1)
    await shown(zalo, "lan", 3)
    assert rasa.messages()[-1] == '/ask_fee{"procedure_code":"1.001193"}'


async def test_a_redelivery_is_answered_once(zalo: FakeZaloOa, rasa: Any) -> None:
    for _ in range(3):
        assert (await zalo.write("lan", "Xin chào", message_id="same")).status_code == 200
    await shown(zalo, "lan", 2)
    await asyncio.sleep(0.2)
    assert rasa.messages() == ["Xin chào"]
    assert len(zalo.replies("lan")) == 2


async def test_following_is_welcomed_and_leaving_is_respected(zalo: FakeZaloOa) -> None:
    await zalo.follow("lan")
    await shown(zalo, "lan", 2)
    await asyncio.sleep(0.3)  # choices that do not fit come in a message of their own
    welcome = len(zalo.replies("lan"))
    await zalo.follow("lan", follows=False)
    await zalo.follow("lan")
    await asyncio.sleep(0.3)
    assert len(zalo.replies("lan")) == welcome, "welcome is said once"


async def test_a_token_that_ended_delays_nobody(zalo: FakeZaloOa) -> None:
    await zalo.write("lan", "một")
    await shown(zalo, "lan", 2)
    zalo.oauth.access = "replaced elsewhere"
    await zalo.write("lan", "hai")
    assert (await shown(zalo, "lan", 3))[-1].text == "echo: hai"


async def test_the_wish_to_be_forgotten_is_confirmed_and_done(zalo: FakeZaloOa, rasa: Any) -> None:
    await zalo.write("lan", "Xin chào")
    await shown(zalo, "lan", 2)
    await zalo.write("lan", "#xoa")
    assert len(await shown(zalo, "lan", 3)) == 3
    assert "#xoa" not in rasa.messages()


async def test_a_picture_gets_an_honest_answer(zalo: FakeZaloOa, rasa: Any) -> None:
    assert (await zalo.send_media("lan", "image")).status_code == 200
    assert len(await shown(zalo, "lan", 2)) >= 2


async def test_a_visitor_without_an_account_is_answered(zalo: FakeZaloOa) -> None:
    await zalo.write("anonymous 1", "Xin chào")
    assert (await shown(zalo, "anonymous 1", 2))[-1].text.startswith("echo: Xin chào")
