"""/delete asks first, erases when it is confirmed, and in a group only by whom it was asked."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from tests.fakes.telegram import FakeTelegram, chat_of
from troly.clock import now
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation


async def test_delete_asks_with_two_buttons_and_erases_nothing_yet(bench: Any, fake: FakeTelegram) -> None:
    assert (await fake.write("An", "/delete")).status_code == 200
    (asked,) = fake.replies("An")
    assert "xóa toàn bộ" in asked.text
    assert asked.buttons == ["Xóa hết", "Không xóa"]
    assert (bench.reception.erased, bench.reception.received) == ([], [])


async def test_confirming_erases_and_shows_what_was_chosen(bench: Any, fake: FakeTelegram) -> None:
    await fake.write("An", "/delete")
    assert (await fake.press("An", 1)).status_code == 200
    await bench.settle()
    assert bench.reception.erased == [str(chat_of("An"))]
    (asked,) = fake.replies("An")
    assert asked.text.endswith("✓ Xóa hết")
    assert asked.buttons == []
    assert len(fake.answered) == 1


async def test_declining_erases_nothing(bench: Any, fake: FakeTelegram) -> None:
    await fake.write("An", "/delete")
    await fake.press("An", 2)
    await bench.settle()
    assert bench.reception.erased == []
    assert fake.replies("An")[0].text.endswith("✓ Không xóa")
    assert bench.reception.received == []


async def test_an_erasure_that_failed_is_delivered_again(bench: Any, fake: FakeTelegram) -> None:
    await fake.write("An", "/delete")
    bench.reception.fault = ConnectionError()
    assert (await fake.press("An", 1)).status_code == 503
    await bench.settle()
    assert fake.replies("An")[0].buttons == ["Xóa hết", "Không xóa"]


async def test_another_member_of_the_group_cannot_confirm(bench: Any, fake: FakeTelegram) -> None:
    group = fake.group()
    await fake.deliver(fake.update("message", fake.message("An", text="/delete@tro_ly_thu_bot", chat=group)))
    ((_, message),) = fake._messages.items()
    data = message["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    await fake.press_data("Bình", data, message)
    await bench.settle()
    assert bench.reception.erased == []
    assert "Chỉ người đã gõ /delete" in fake.answered[0][1]["text"]
    await fake.press_data("An", data, message)
    assert bench.reception.erased == [str(group["id"])]


@pytest.mark.parametrize(("what", "status"), [("500", 503), ("429", 503), ("token", 503), ("blocked", 200)])
async def test_when_the_question_cannot_be_asked_the_wish_is_not_lost(
    bench: Any, fake: FakeTelegram, what: Any, status: int
) -> None:
    fake.fail(what)
    assert (await fake.write("An", "/delete", message_id="m")).status_code == status


async def test_the_question_is_in_the_language_that_the_conversation_speaks(
    bench: Any, fake: FakeTelegram
) -> None:
    people = bench.channel._intake._people
    external = str(chat_of("An"))
    async with people.store.write() as connection:
        row = {"id": "c1", "channel": "telegram", "language": "en", "last_message": 0, "last_event": 0}
        await connection.execute(insert(Conversation).values(created_at=now(), active_at=now(), **row))
        await connection.execute(
            insert(AddressRow).values(
                conversation_id="c1",
                lookup=people.keyring.hash("telegram", external),
                external_id=people.keyring.encrypt(external),
            )
        )
    await fake.write("An", "/delete")
    assert fake.replies("An")[0].buttons == ["Erase everything", "Keep it"]
    assert await people.external_id("c1") == external
    assert await people.external_id("c2") is None
