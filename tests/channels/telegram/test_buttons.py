"""Pressed buttons: the choice comes in, the query is answered, the citizen sees what was pressed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from channels.base import Address, Button, Reply
from tests.fakes.telegram import FakeTelegram, chat_of

BUTTONS = [Button(title="Lệ phí", payload="/ask_fee"), Button(title="Hồ sơ", payload="/ask_documents")]


@pytest.fixture
async def asked(bench: Any, fake: FakeTelegram, address_of: Callable[[object], Address]) -> Any:
    """A bench whose citizen An was shown two buttons."""
    await fake.write("An", "khai sinh")
    reply = Reply(id="3", text="Anh/Chị cần gì?", language="vi", buttons=BUTTONS)
    await bench.say(address_of(chat_of("An")), reply)
    return bench


async def test_a_press_comes_in_as_the_buttons_reference(asked: Any, fake: FakeTelegram) -> None:
    assert (await fake.press("An", 2)).status_code == 200
    assert (asked.last.button, asked.last.text, asked.last.payload) == ("b:3:1", None, None)
    assert asked.last.external_id == str(chat_of("An"))


async def test_a_press_is_answered_and_shown_and_the_other_choices_stay(
    asked: Any, fake: FakeTelegram
) -> None:
    await fake.press("An", 1)
    await asked.settle()
    assert len(fake.answered) == 1
    assert fake.replies("An")[-1].buttons == ["✓ Lệ phí", "Hồ sơ"]
    await fake.press("An", 2)
    await asked.settle()
    assert fake.replies("An")[-1].buttons == ["✓ Lệ phí", "✓ Hồ sơ"]
    assert len(asked.reception.received) == 3


async def test_the_same_button_again_is_another_choice_and_marked_once(
    asked: Any, fake: FakeTelegram
) -> None:
    for _ in range(2):
        await fake.press("An", 1)
        await asked.settle()
    assert [each.button for each in asked.reception.received[1:]] == ["b:3:0", "b:3:0"]
    assert fake.replies("An")[-1].buttons == ["✓ Lệ phí", "Hồ sơ"]


async def test_a_press_delivered_twice_is_one_choice(asked: Any, fake: FakeTelegram) -> None:
    message = next(iter(fake._messages.values()))
    update = fake.update("callback_query", fake.query("An", "b:3:0", message))
    for _ in range(2):
        assert (await fake.deliver(update)).status_code == 200
        await asked.settle()
    assert len(asked.reception.received) == 2


async def test_a_press_too_old_to_be_answered_still_comes_in(asked: Any, fake: FakeTelegram) -> None:
    message = next(iter(fake._messages.values()))
    update = fake.update("callback_query", fake.query("An", "b:3:0", message))
    fake.forget_queries()
    assert (await fake.deliver(update)).status_code == 200
    await asked.settle()
    assert asked.last.button == "b:3:0"
    assert fake.answered == []


async def test_a_press_under_a_message_that_telegram_no_longer_shows_comes_in(
    asked: Any, fake: FakeTelegram
) -> None:
    gone = {"message_id": 5, "date": 0, "chat": {"id": chat_of("An"), "type": "private"}}
    assert (await fake.press_data("An", "b:3:0", gone)).status_code == 200
    assert (asked.last.button, asked.last.external_id) == ("b:3:0", str(chat_of("An")))


async def test_a_press_that_belongs_to_no_message_is_answered_with_an_explanation(
    asked: Any, fake: FakeTelegram
) -> None:
    assert (await fake.deliver(fake.update("callback_query", fake.query("An", "x", None)))).status_code == 200
    await asked.settle()
    ((_, said),) = fake.answered
    assert said["text"].startswith("Lựa chọn này không còn dùng được")
    assert len(asked.reception.received) == 1


async def test_a_press_that_cannot_be_stored_is_not_answered(asked: Any, fake: FakeTelegram) -> None:
    asked.reception.fault = ConnectionError()
    assert (await fake.press("An", 1)).status_code == 503
    await asked.settle()
    assert fake.answered == []


async def test_who_presses_too_often_is_told(asked: Any, fake: FakeTelegram) -> None:
    asked.reception.flooded = True
    assert (await fake.press("An", 1)).status_code == 200
    await asked.settle()
    assert "hơi nhanh" in fake.answered[0][1]["text"]
    assert fake.replies("An")[-1].buttons == ["Lệ phí", "Hồ sơ"]


async def test_the_webhook_does_not_wait_for_telegram(asked: Any, fake: FakeTelegram) -> None:
    await asked.channel.bot.request.shutdown()  # nothing can be called
    begun = time.monotonic()
    assert (await fake.press("An", 1)).status_code == 200
    assert time.monotonic() - begun < 20
