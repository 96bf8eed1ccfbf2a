"""`troly channel status|set-webhook|test telegram`: what is done, and what is said when it cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from channels.telegram import admin
from tests.fakes.telegram import FakeTelegram, chat_of
from troly.errors import SettingError, UsageError

Served = Callable[..., Any]


@pytest.fixture
async def settings_with(
    fake: FakeTelegram, serve: Callable[..., Any], telegram_settings: Callable[..., Any]
) -> Any:
    """Makes settings for a Telegram that is up."""
    async with serve(fake.app) as url:
        yield lambda **given: telegram_settings(url, **given)


async def test_the_webhook_is_set_with_its_secret_and_the_menu_in_both_languages(
    settings_with: Served, fake: FakeTelegram
) -> None:
    await admin.set_webhook(settings_with(), "https://troly.example.vn/")
    assert fake.webhook["url"] == "https://troly.example.vn/webhooks/telegram"
    assert fake.webhook["secret_token"] == fake.secret
    assert "callback_query" in json.loads(fake.webhook["allowed_updates"])
    assert [each["command"] for each in fake.commands["vi"]] == [
        "start",
        "procedure",
        "status",
        "office",
        "guide",
        "life",
        "report",
        "staff",
        "lang",
        "help",
        "data",
        "delete",
    ]
    assert fake.commands[""] == fake.commands["vi"] != fake.commands["en"]


async def test_the_whole_address_may_be_given(settings_with: Served, fake: FakeTelegram) -> None:
    await admin.set_webhook(settings_with(), "https://troly.example.vn/webhooks/telegram")
    assert fake.webhook["url"] == "https://troly.example.vn/webhooks/telegram"


async def test_with_polling_the_webhook_is_removed(settings_with: Served, fake: FakeTelegram) -> None:
    fake.webhook = {"url": "https://troly.example.vn/webhooks/telegram"}
    await admin.set_webhook(settings_with(telegram_mode="polling"), "")
    assert fake.webhook == {}


@pytest.mark.parametrize("url", ["http://a.vn", "https://a.vn:8000", "https://", "a.vn", "https://a.vn:x"])
async def test_an_address_that_telegram_does_not_call_is_refused_before_it_is_asked(
    telegram_settings: Callable[..., Any], url: str
) -> None:
    settings = telegram_settings("https://api.telegram.org")
    with pytest.raises(UsageError, match=r"^PUBLIC_URL: "):
        await admin.set_webhook(settings, url)


async def test_a_missing_secret_is_told(settings_with: Served) -> None:
    with pytest.raises(SettingError, match=r"^TELEGRAM_SECRET: "):
        await admin.set_webhook(settings_with(telegram_secret=""), "https://a.vn")


async def test_the_status_names_the_bot_and_what_is_wrong(settings_with: Served, fake: FakeTelegram) -> None:
    settings = settings_with(public_url="https://troly.example.vn")
    found = await admin.status(settings)
    assert found["bot"] == "@tro_ly_thu_bot (Trợ Lý thử)"
    assert found["webhook"] == "none"
    assert "set-webhook" in found["problem"]
    await admin.set_webhook(settings, settings.public_url)
    assert "problem" not in await admin.status(settings)
    assert "PUBLIC_URL" in (await admin.status(settings_with(public_url="https://new.example.vn")))["problem"]
    assert "polling" in (await admin.status(settings_with(telegram_mode="polling")))["problem"]


async def test_a_test_message_arrives(settings_with: Served, fake: FakeTelegram) -> None:
    fake.group(chat_of("An"))
    await admin.test(settings_with(), str(chat_of("An")))
    assert "tin nhắn thử" in fake.replies("An")[0].text


async def test_a_test_message_that_cannot_arrive_says_why(settings_with: Served, fake: FakeTelegram) -> None:
    with pytest.raises(UsageError, match=r"^chat: .*must write to the bot first"):
        await admin.test(settings_with(), "5")
    fake.group(6)
    fake.blocked.add(6)
    with pytest.raises(UsageError, match=r"^chat: .*blocked"):
        await admin.test(settings_with(), "6")
    with pytest.raises(UsageError, match=r"^chat: is a number"):
        await admin.test(settings_with(), "@an")


async def test_a_refused_token_names_the_setting_and_never_shows_itself(
    settings_with: Served, fake: FakeTelegram
) -> None:
    other = "123456789:AAanotherTokenThatTelegramRefuses"
    for call in (
        admin.status(settings_with(telegram_token=other)),
        admin.test(settings_with(telegram_token=other), "1"),
    ):
        with pytest.raises(UsageError, match=r"^TELEGRAM_TOKEN: ") as caught:
            await call
        assert other not in str(caught.value)


async def test_a_telegram_that_does_not_answer_names_its_address(
    telegram_settings: Callable[..., Any],
) -> None:
    with pytest.raises(UsageError, match=r"^TELEGRAM_API: http://127.0.0.1:9 does not answer"):
        await admin.status(telegram_settings("http://127.0.0.1:9"))
