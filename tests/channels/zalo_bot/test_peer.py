"""An independent client, python-zalo-bot 0.1.9, drives our stand-in: it speaks what others understand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from zalo_bot import Bot
from zalo_bot.error import BadRequest, Forbidden, InvalidToken, NetworkError

from tests.fakes.base import serving
from tests.fakes.zalo_bot import FakeZaloBot, chat_of


@pytest.fixture
async def bot(fake: FakeZaloBot) -> AsyncIterator[Bot]:
    """Their client of our platform; it signs in when it begins."""
    with serving(fake.app) as url:
        async with Bot(fake.token, base_url=url) as started:
            yield started


async def test_it_knows_who_it_is(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.account_name, me.can_join_groups) == ("1002003004005006", "bot.tro-ly-thu", False)


async def test_it_receives_what_a_citizen_writes(bot: Bot, fake: FakeZaloBot) -> None:
    fake.polling = True
    await fake.write("lan", "Xin chào", message_id="m1")
    await fake.send_media("lan", "image")
    text = await bot.get_update(timeout=1)
    assert text is not None and text.message is not None
    assert (text.message.text, text.message.message_id) == ("Xin chào", "m1")
    assert (text.message.chat.id, text.message.chat.type) == (chat_of("lan"), "PRIVATE")
    assert text.effective_user is not None and text.effective_user.display_name == "Công dân lan"
    image = await bot.get_update(timeout=1)
    assert image is not None and image.message is not None and image.message.text is None


async def test_it_sees_an_empty_poll_as_408(bot: Bot) -> None:
    with pytest.raises(NetworkError, match="408"):
        await bot.get_update(timeout=0)


async def test_it_sends_a_text_a_photo_and_typing(bot: Bot, fake: FakeZaloBot) -> None:
    sent = await bot.send_message(chat_of("lan"), "Chào Anh/Chị")
    assert sent.message_id
    await bot.send_photo(chat_of("lan"), caption="Bản đồ", photo="https://a.vn/1.png")
    await bot.send_chat_action(chat_of("lan"), "typing")
    assert [(shown.text, shown.image) for shown in fake.replies("lan")] == [
        ("Chào Anh/Chị", None),
        ("Bản đồ", "https://a.vn/1.png"),
    ]
    assert fake.typing == [chat_of("lan")]


async def test_it_sets_reads_and_removes_a_webhook(bot: Bot, fake: FakeZaloBot) -> None:
    assert await bot._set_webhook_async("https://troly.example.vn/webhooks/zalo-bot", "12345678")
    assert (await bot._get_webhook_info_async()).url == "https://troly.example.vn/webhooks/zalo-bot"
    await bot._delete_webhook_async()
    assert (await bot._get_webhook_info_async()).url == ""


async def test_it_understands_our_refusals(bot: Bot, fake: FakeZaloBot) -> None:
    with pytest.raises(BadRequest):
        await bot.send_message(chat_of("lan"), "x" * 2001)
    with pytest.raises(BadRequest):
        await bot.send_message("nobody", "x")
    fake.fail("blocked")
    with pytest.raises(Forbidden):
        await bot.send_message(chat_of("lan"), "x")
    fake.quota = 0
    with pytest.raises(NetworkError, match="429"):
        await bot.send_message(chat_of("lan"), "x")


async def test_a_wrong_token_does_not_get_in(fake: FakeZaloBot) -> None:
    with serving(fake.app) as url, pytest.raises(InvalidToken):
        async with Bot("1:wrong", base_url=url):
            pass
