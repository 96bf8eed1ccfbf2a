"""The stand-in is as strict as Telegram: what it lets pass, Telegram would take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.fakes.telegram import FakeTelegram, chat_of
from tests.fakes.telegram_html import CannotParse, parse


@pytest.fixture
async def call(fake: FakeTelegram, serve: Callable[..., Any]) -> Any:
    """Calls a method; gives the status and the description, or the result."""
    fake.message("An")
    async with serve(fake.app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as http:

        async def calling(method: str, *, token: str = fake.token, **body: Any) -> tuple[int, Any]:
            response = await http.post(f"/bot{token}/{method}", json=body)
            content = response.json()
            assert content["ok"] is (response.status_code == 200)
            return response.status_code, content.get("result") or content["description"]

        yield calling


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ({"text": "a" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": " "}, "message text is empty"),
        ({"text": "<p>x</p>", "parse_mode": "HTML"}, "Unsupported start tag"),
        ({"text": "1 < 2", "parse_mode": "HTML"}, "can't parse entities"),
        ({"text": "x", "chat_id": 5}, "chat not found"),
        ({"text": "x", "message_thread_id": 4}, "message thread not found"),
        ({"text": "x", "made_up": 4}, "does not know made_up"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "đ" * 33}]]}},
            "BUTTON_DATA",
        ),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "", "callback_data": "a"}]]}},
            "unallowed",
        ),
    ],
)
async def test_a_bad_message_is_refused(
    call: Any, fake: FakeTelegram, body: dict[str, Any], description: str
) -> None:
    status, said = await call("sendMessage", **({"chat_id": chat_of("An")} | body))
    assert status == 400
    assert description in said
    assert len(fake.violations) == 1


async def test_a_caption_is_shorter_than_a_text(call: Any) -> None:
    photo = {"chat_id": chat_of("An"), "photo": "https://a.vn/a.png"}
    assert (await call("sendPhoto", caption="a" * 1024, **photo))[0] == 200
    assert (await call("sendPhoto", caption="a" * 1025, **photo))[0] == 400


async def test_tokens_methods_and_webhooks_are_checked(call: Any, fake: FakeTelegram) -> None:
    assert (await call("getMe", token="123456789:AAanotherTokenThatTelegramRefuses"))[0] == 401
    assert (await call("getMe", token="nonsense"))[0] == 404
    assert (await call("makeCoffee"))[0] == 404
    fake.any_address = False
    assert (await call("setWebhook", url="http://a.vn"))[0] == 400
    assert (await call("setWebhook", url="https://a.vn", secret_token="a b"))[0] == 400
    assert (await call("setWebhook", url="https://a.vn", secret_token="a-b"))[0] == 200
    assert (await call("getUpdates"))[0] == 409


async def test_a_blocked_bot_and_an_old_query_are_refused(call: Any, fake: FakeTelegram) -> None:
    fake.blocked.add(chat_of("An"))
    status, said = await call("sendMessage", chat_id=chat_of("An"), text="x")
    assert (status, said) == (403, "Forbidden: bot was blocked by the user")
    assert (await call("answerCallbackQuery", callback_query_id="1"))[0] == 400


async def test_updates_are_given_until_a_later_one_is_asked_for(call: Any, fake: FakeTelegram) -> None:
    fake.polling = True
    await fake.write("An", "một")
    await fake.write("An", "hai")
    _, first = await call("getUpdates")
    assert [each["message"]["text"] for each in first] == ["một", "hai"]
    _, second = await call("getUpdates", offset=first[0]["update_id"] + 1)
    assert [each["message"]["text"] for each in second] == ["hai"]


def test_html_is_read_as_telegram_reads_it() -> None:
    parsed = parse(
        'a &lt;b&gt; &amp; &quot;c&quot; &nbsp; <b>d</b> <a href="https://e.vn/?a=1&amp;b=2">f</a>'
    )
    assert parsed.text == 'a <b> & "c" &nbsp; d f'
    assert parsed.links == ["https://e.vn/?a=1&b=2"]
    for wrong in ("<b>", "</b>", "<b><i></b></i>", "<script>", "<a>x</a>", "<", "a <3"):
        with pytest.raises(CannotParse):
            parse(wrong)
