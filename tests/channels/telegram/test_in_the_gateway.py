"""The channel in a whole gateway: a citizen writes on Telegram and is answered there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.fakes.base import Shown
from tests.fakes.telegram import FakeTelegram


@pytest.fixture(params=["webhook", "polling"])
async def telegram(
    request: pytest.FixtureRequest, start: Callable[..., Any], rasa: Any, serve: Callable[..., Any]
) -> AsyncIterator[FakeTelegram]:
    """A Telegram that is connected to a gateway with its Rasa."""
    fake = FakeTelegram(polling=request.param == "polling")
    async with serve(fake.app) as url:
        named = {name.lower(): value for name, value in fake.settings(url).items()}
        async with start(rasa_url=rasa.url, **named) as stack:
            fake.gateway = str(stack.http.base_url)
            yield fake
    assert fake.violations == []


async def shown(fake: FakeTelegram, citizen: str, count: int) -> list[Shown]:
    """What the citizen sees, once it is so much."""
    async with asyncio.timeout(10):
        while len(fake.replies(citizen)) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    return fake.replies(citizen)


async def test_a_citizen_is_told_about_privacy_once_and_answered(telegram: FakeTelegram, rasa: Any) -> None:
    await telegram.write("An", "Lệ phí <b>khai sinh</b>?")
    notice, answer = await shown(telegram, "An", 2)
    assert "Lệ phí" not in notice.text
    assert answer.text == "echo: Lệ phí <b>khai sinh</b>?\n\nNguồn"
    assert (answer.buttons, answer.links) == (["Lệ phí"], ["https://example.test/1.001193"])
    await telegram.write("An", "cảm ơn")
    assert len(await shown(telegram, "An", 3)) == 3
    assert telegram.typing


async def test_a_pressed_button_is_the_payload_that_was_offered(telegram: FakeTelegram, rasa: Any) -> None:
    await telegram.write("An", "khai sinh")
    await shown(telegram, "An", 2)
    await telegram.press("An", 1)
    replies = await shown(telegram, "An", 3)
    assert rasa.messages()[-1] == '/ask_fee{"procedure_code":"1.001193"}'
    assert replies[1].buttons == ["✓ Lệ phí"]


async def test_a_command_is_the_intent_and_a_typed_payload_is_words(
    telegram: FakeTelegram, rasa: Any
) -> None:
    await telegram.write("An", "/help")
    await telegram.write("An", "/restart")
    await shown(telegram, "An", 3)
    assert rasa.messages() == ["/ask_capabilities", "restart"]


async def test_the_first_language_is_that_of_the_app(telegram: FakeTelegram, rasa: Any) -> None:
    telegram.language_code = "en-GB"
    await telegram.write("Ann", "birth certificate")
    await shown(telegram, "Ann", 2)
    assert rasa.metadata[-1]["language_hint"] == "en"


async def test_a_voice_message_gets_an_honest_answer(telegram: FakeTelegram, rasa: Any) -> None:
    await telegram.send_media("An", "voice")
    replies = await shown(telegram, "An", 2)
    assert rasa.messages() == []
    assert "chưa" in replies[-1].text


async def test_an_erased_citizen_is_told_so_and_unknown_again(telegram: FakeTelegram, rasa: Any) -> None:
    await telegram.write("An", "khai sinh")
    await shown(telegram, "An", 2)
    await telegram.write("An", "/delete")
    await shown(telegram, "An", 3)
    await telegram.press("An", 1)
    replies = await shown(telegram, "An", 4)
    assert replies[2].text.endswith("✓ Xóa hết")
    await telegram.write("An", "khai tử")
    assert len(await shown(telegram, "An", 6)) == 6  # the privacy notice again, and the answer
    first, second = {sender for sender, _ in rasa.seen}, rasa.seen[-1][0]
    assert second in first  # the same chat is the same conversation again; nothing else is known of it


async def test_who_blocked_the_bot_is_sent_nothing_until_they_write_again(
    telegram: FakeTelegram, rasa: Any
) -> None:
    await telegram.write("An", "một")
    await shown(telegram, "An", 2)
    rasa.delay = 0.5
    await telegram.write("An", "khoan đã")
    await rasa.until(2)
    await telegram.block("An")
    await asyncio.sleep(1.0)
    sent = [body["text"] for name, body in telegram.calls if name == "sendMessage"]
    assert not [text for text in sent if "khoan đã" in text]
    rasa.delay = 0.0
    await telegram.block("An", yes=False)
    await telegram.write("An", "hai")
    assert (await shown(telegram, "An", 3))[-1].text.startswith("echo: hai")


async def test_answers_come_in_order_through_trouble(telegram: FakeTelegram, rasa: Any) -> None:
    telegram.retry_after = 1
    await telegram.write("An", "một")
    await shown(telegram, "An", 2)
    telegram.fail("429")
    telegram.fail("500")
    for text in ("hai", "ba"):
        await telegram.write("An", text)
    replies = await shown(telegram, "An", 4)
    assert [each.text.split("\n")[0] for each in replies[1:]] == ["echo: một", "echo: hai", "echo: ba"]
