"""The route that Telegram calls: who may, what is answered, and that nothing crashes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from channels.telegram import build
from channels.telegram.channel import TelegramChannel
from channels.telegram.client import make_bot
from tests.fakes.telegram import FakeTelegram, chat_of
from troly.errors import SettingError, UsageError


def body(**content: Any) -> bytes:
    return json.dumps({"update_id": 1} | content).encode()


async def test_a_message_is_answered_with_200_once_it_is_stored(bench: Any, fake: FakeTelegram) -> None:
    assert (await fake.write("An", "Làm khai sinh ở đâu?")).status_code == 200
    assert bench.last.text == "Làm khai sinh ở đâu?"


async def test_a_redelivery_has_the_same_id(bench: Any, fake: FakeTelegram) -> None:
    for _ in range(2):
        assert (await fake.write("An", "chào", message_id="m1")).status_code == 200
    assert len(bench.reception.received) == 1


@pytest.mark.parametrize("header", [None, "", "another-secret-of-16", "a-fake-webhook-secre", "ôi"])
async def test_without_the_secret_nothing_is_read(bench: Any, fake: FakeTelegram, header: str | None) -> None:
    headers = {} if header is None else {"X-Telegram-Bot-Api-Secret-Token": header.encode()}
    response = await fake.raw(body(message=fake.message("An", text="x")), signed=False, headers=headers)
    assert response.status_code == 403
    assert bench.reception.received == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"update_id": "1"}', b"\xff", b"[" * 100_000])
async def test_what_is_no_update_is_a_bad_request(bench: Any, fake: FakeTelegram, content: bytes) -> None:
    assert (await fake.raw(content)).status_code == 400


@pytest.mark.parametrize("fault", [OperationalError("x", {}, Exception()), ConnectionError(), TimeoutError()])
async def test_what_cannot_be_stored_is_to_be_delivered_again(
    bench: Any, fake: FakeTelegram, fault: Exception
) -> None:
    bench.reception.fault = fault
    assert (await fake.write("An", "chào", message_id="m1")).status_code == 503
    bench.reception.fault = None
    assert (await fake.write("An", "chào", message_id="m1")).status_code == 200
    assert bench.last.text == "chào"


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"poll": {"id": "1"}},
        {"message": {}},
        {"message": None},
        {"channel_post": {"message_id": 1, "date": 0, "chat": {"id": -1, "type": "channel", "title": "x"}}},
        {"message_reaction": {"chat": {"id": 1, "type": "private"}, "message_id": 1, "date": 0}},
        {"something_new_of_2031": {"id": 1}},
        {"my_chat_member": {"chat": {}}},
        {"callback_query": {"id": "1"}},
    ],
)
async def test_an_update_that_we_do_not_know_is_accepted_and_ignored(
    bench: Any, fake: FakeTelegram, content: dict[str, Any]
) -> None:
    assert (await fake.raw(body(**content))).status_code == 200
    assert bench.reception.received == []


async def test_a_channels_post_is_ignored(bench: Any, fake: FakeTelegram) -> None:
    channel = {"id": -1009, "type": "channel", "title": "Báo"}
    post = {"message_id": 1, "date": 0, "chat": channel, "sender_chat": channel, "text": "@tro_ly_thu_bot"}
    for kind in ("channel_post", "edited_channel_post", "message"):
        assert (await fake.deliver(fake.update(kind, post))).status_code == 200
    assert bench.reception.received == []


async def test_a_text_beside_something_that_the_library_cannot_read_is_still_read(
    bench: Any, fake: FakeTelegram
) -> None:
    quoted = fake.message("An", poll={"id": "1", "form": "of another year"})
    message = fake.message("An", text="như trên", reply_to_message=quoted)
    assert (await fake.deliver(fake.update("message", message))).status_code == 200
    assert bench.last.text == "như trên"


@pytest.mark.parametrize(
    "kind", ["image", "voice", "audio", "video", "file", "sticker", "location", "contact", "poll"]
)
async def test_every_kind_of_message_comes_in(bench: Any, fake: FakeTelegram, kind: str) -> None:
    assert (await fake.send_media("An", kind)).status_code == 200
    assert bench.last.media["kind"] == ("unsupported" if kind == "poll" else kind)


async def test_while_polling_the_webhook_takes_nothing(
    bench_on: Callable[..., Any], fake: FakeTelegram
) -> None:
    async with bench_on(telegram_mode="polling", telegram_secret=""):
        for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": ""}):
            assert (await fake.raw(body(), signed=False, headers=headers)).status_code == 403


async def test_in_a_group_the_bots_name_is_asked_of_telegram_first(
    bench_on: Callable[..., Any], fake: FakeTelegram
) -> None:
    message = fake.message("An", text="@tro_ly_thu_bot chào", chat=fake.group())
    async with bench_on(url="http://127.0.0.1:9") as bench:
        # Telegram cannot be reached: it will deliver again.
        assert (await fake.deliver(fake.update("message", message))).status_code == 503
    async with bench_on() as bench:
        assert (await fake.deliver(fake.update("message", message))).status_code == 200
        assert bench.last.text == "chào"
        await fake.deliver(fake.update("message", message))
    assert [name for name, _ in fake.calls] == ["getMe"]


async def test_leaving_and_coming_back_are_told(bench: Any, fake: FakeTelegram) -> None:
    chat = str(chat_of("An"))
    await fake.block("An")
    assert (bench.reception.left_chats, bench.reception.joined_chats) == ([chat], [])
    await fake.block("An", yes=False)
    assert bench.reception.joined_chats == [chat]


async def test_a_group_that_adds_the_bot_is_not_spoken_to_before_it_speaks(
    bench: Any, fake: FakeTelegram
) -> None:
    for status in ("member", "administrator"):
        await fake.deliver(fake.membership("An", status, fake.group()))
    assert bench.reception.joined_chats == []
    await fake.deliver(fake.membership("An", "left", fake.group()))
    assert bench.reception.left_chats == ["-1001234567890"]


def test_without_a_token_there_is_no_channel(make_settings: Callable[..., Any]) -> None:
    class Parts:
        settings = make_settings()

    assert build(Parts()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["", "short", "with spaces in it, long", "ăăăăăăăăăăăăăăăăăăăă", "x" * 257])
def test_a_webhook_needs_a_secret_that_telegram_takes(
    telegram_settings: Callable[..., Any], wrong: str
) -> None:
    class Parts:
        settings = telegram_settings("http://127.0.0.1:9", telegram_secret=wrong)
        http = store = keyring = reception = None

    with pytest.raises(SettingError, match=r"^TELEGRAM_SECRET: "):
        TelegramChannel(Parts())  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["", "98765", "abc:AAfakeTokenOfTheBotPlatform_x-0123", "123:short"])
def test_what_is_no_token_is_told_by_the_settings_name(
    telegram_settings: Callable[..., Any], wrong: str
) -> None:
    with pytest.raises(UsageError, match=r"^TELEGRAM_TOKEN: ") as caught:
        make_bot(telegram_settings("http://127.0.0.1:9", telegram_token=wrong))
    assert not wrong or wrong not in str(caught.value)
