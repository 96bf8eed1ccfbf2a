"""What the command line asks of the platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from channels.zalo_bot import admin
from tests.fakes.base import serving
from tests.fakes.zalo_bot import FakeZaloBot, chat_of
from troly.errors import SettingError, TrolyError, UsageError
from troly.settings import Settings


@pytest.fixture
def configured(
    fake: FakeZaloBot, make_settings: Callable[..., Settings]
) -> Iterator[Callable[..., Settings]]:
    """Settings for the served platform."""
    with serving(fake.app) as url:
        named = {name.lower(): value for name, value in fake.settings(url).items()}
        yield lambda **given: make_settings(**(named | given))


async def test_the_status_says_which_bot_it_is_and_what_is_missing(
    configured: Callable[..., Settings],
) -> None:
    found = await admin.status(configured())
    assert (found["bot"], found["mode"], found["webhook"]) == ("bot.tro-ly-thu", "webhook", "none")
    assert "set-webhook zalo_bot" in found["problem"]


async def test_a_webhook_is_set_with_the_secret_and_removed(
    fake: FakeZaloBot, configured: Callable[..., Settings]
) -> None:
    settings = configured(public_url="https://troly.example.vn")
    assert (
        await admin.set_webhook(settings, settings.public_url) == "https://troly.example.vn/webhooks/zalo-bot"
    )
    assert fake.webhook == ("https://troly.example.vn/webhooks/zalo-bot", fake.secret)
    found = await admin.status(settings)
    assert found["webhook"] == "https://troly.example.vn/webhooks/zalo-bot"
    assert "problem" not in found
    assert "webhook_since" in found
    elsewhere = await admin.status(configured(public_url="https://other.example.vn"))
    assert "not this gateway's" in elsewhere["problem"]
    polling = configured(zalo_bot_mode="polling")
    assert "set-webhook zalo_bot" in (await admin.status(polling))["problem"]
    assert await admin.set_webhook(polling, "") == ""
    assert "problem" not in await admin.status(polling)
    assert fake.webhook is None


async def test_an_address_with_a_path_is_taken_as_it_is(
    fake: FakeZaloBot, configured: Callable[..., Settings]
) -> None:
    await admin.set_webhook(configured(), "https://troly.example.vn/a/zalo-bot")
    assert fake.webhook and fake.webhook[0] == "https://troly.example.vn/a/zalo-bot"


@pytest.mark.parametrize("url", ["http://troly.example.vn", "troly.example.vn", "https://", "http://["])
async def test_an_address_that_zalo_cannot_call_is_refused_before_it_is_asked(
    url: str, fake: FakeZaloBot, configured: Callable[..., Settings]
) -> None:
    with pytest.raises(UsageError, match="https://"):
        await admin.set_webhook(configured(), url)
    assert fake.calls == []


async def test_a_test_message_arrives(fake: FakeZaloBot, configured: Callable[..., Settings]) -> None:
    assert await admin.test(configured(), chat_of("lan"))
    assert fake.replies("lan")[0].text == admin.TEST_TEXT


async def test_a_test_to_nobody_says_so(configured: Callable[..., Settings]) -> None:
    with pytest.raises(TrolyError, match="sendMessage"):
        await admin.test(configured(), "nobody")


@pytest.mark.parametrize("token", ["", "1:wrong", "with space", "a/b", "a\nb"])
async def test_a_token_that_cannot_be_right_is_named(token: str, configured: Callable[..., Settings]) -> None:
    with pytest.raises(SettingError, match="ZALO_BOT_TOKEN") as caught:
        await admin.status(configured(zalo_bot_token=token))
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "short", "x" * 257, "mật khẩu dài"])
async def test_a_secret_that_zalo_would_not_take_is_named(
    secret: str, configured: Callable[..., Settings]
) -> None:
    with pytest.raises(SettingError, match="ZALO_BOT_SECRET"):
        await admin.set_webhook(configured(zalo_bot_secret=secret), "https://troly.example.vn")


async def test_a_platform_that_is_away_is_told_as_such(make_settings: Callable[..., Settings]) -> None:
    settings = make_settings(zalo_bot_token="1:a", zalo_bot_api="http://127.0.0.1:1")
    with pytest.raises(TrolyError, match="ZALO_BOT_API"):
        await admin.status(settings)
