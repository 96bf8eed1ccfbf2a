"""Sending: what the citizen sees, and what each failure of Telegram means for the reply."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from channels.base import Address, Button, Link, Reply
from channels.errors import ChatClosed, SendError, SendLater, SendRefused, SendUnknown
from tests.fakes.telegram import FakeTelegram, chat_of

AddressOf = Callable[[object], Address]
HELLO = Reply(id="1", text="Lệ phí < 10.000 & miễn phí cho trẻ em", language="vi")


@pytest.fixture
async def an(bench: Any, fake: FakeTelegram, address_of: AddressOf) -> Address:
    """The citizen An, who has written."""
    await fake.write("An", "chào")
    return address_of(chat_of("An"))


async def test_a_reply_arrives_with_its_links_and_buttons(
    bench: Any, fake: FakeTelegram, an: Address
) -> None:
    link = Link(title="Nguồn", url="https://dichvucong.gov.vn/x?a=1&b=2")
    buttons = [Button(title="Lệ phí", payload="/ask_fee")]
    (number,) = await bench.say(an, HELLO.model_copy(update={"links": [link], "buttons": buttons}))
    (shown,) = fake.replies("An")
    assert shown.text == "Lệ phí < 10.000 & miễn phí cho trẻ em\n\nNguồn"
    assert (shown.buttons, shown.links) == (["Lệ phí"], [link.url])
    assert int(number) > 0


async def test_a_long_reply_arrives_in_order(bench: Any, fake: FakeTelegram, an: Address) -> None:
    paragraphs = [f"{number} " + "đ" * 1500 for number in range(7)]
    await bench.say(an, HELLO.model_copy(update={"text": "\n\n".join(paragraphs)}))
    shown = [each.text for each in fake.replies("An")]
    assert shown == ["\n\n".join(paragraphs[at : at + 2]) for at in range(0, 7, 2)]


async def test_a_picture_arrives_with_its_caption(bench: Any, fake: FakeTelegram, an: Address) -> None:
    await bench.say(an, HELLO.model_copy(update={"image": "https://example.vn/a.png"}))
    (shown,) = fake.replies("An")
    assert (shown.text, shown.image) == (HELLO.text, "https://example.vn/a.png")


async def test_when_the_picture_cannot_be_fetched_the_text_arrives_all_the_same(
    bench: Any, fake: FakeTelegram, an: Address
) -> None:
    fake.photos_load = False
    await bench.say(an, HELLO.model_copy(update={"image": "https://example.vn/a.png"}))
    await bench.say(an, HELLO.model_copy(update={"image": "https://example.vn/a.png", "text": " "}))
    shown = fake.replies("An")
    assert [each.text for each in shown] == [HELLO.text, "Xem hình"]
    assert shown[1].links == ["https://example.vn/a.png"]
    fake.violations.clear()


@pytest.mark.parametrize(
    ("what", "kind", "reason"),
    [
        ("429", SendLater, "rate_limited"),
        ("500", SendLater, "server"),
        ("token", SendLater, "token"),
        ("timeout", SendUnknown, "connection_lost"),
        ("drop_after_send", SendUnknown, "connection_lost"),
        ("blocked", ChatClosed, "blocked"),
    ],
)
async def test_each_failure_is_told_as_what_it_means(
    bench: Any, fake: FakeTelegram, an: Address, what: Any, kind: type[SendError], reason: str
) -> None:
    fake.fail(what)
    with pytest.raises(kind) as caught:
        await bench.say(an, HELLO)
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    await bench.say(an, HELLO)
    assert len(fake.replies("An")) == (2 if what == "drop_after_send" else 1)


async def test_a_silent_telegram_leaves_it_open_whether_the_reply_arrived(
    bench: Any, fake: FakeTelegram, an: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.hang = 1.0
    monkeypatch.setattr(bench.channel.bot.request._client, "timeout", 0.1)
    fake.fail("timeout")
    with pytest.raises(SendUnknown) as caught:
        await bench.say(an, HELLO)
    assert caught.value.reason == "timeout"


async def test_the_pause_that_telegram_asks_for_is_kept(bench: Any, fake: FakeTelegram, an: Address) -> None:
    fake.retry_after = 37
    fake.fail("429")
    with pytest.raises(SendLater) as caught:
        await bench.say(an, HELLO)
    assert (caught.value.seconds, caught.value.counts) == (37.0, True)


async def test_a_refused_token_costs_the_reply_no_try_and_names_the_setting(
    bench: Any, fake: FakeTelegram, an: Address, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.fail("token")
    with pytest.raises(SendLater) as caught:
        await bench.say(an, HELLO)
    assert not caught.value.counts
    said = capsys.readouterr()
    assert "TELEGRAM_TOKEN" in said.out + said.err


async def test_nobody_listening_is_surely_not_delivered(
    bench_on: Callable[..., Any], address_of: AddressOf
) -> None:
    async with bench_on(url="http://127.0.0.1:9") as bench:
        with pytest.raises(SendLater) as caught:
            await bench.say(address_of(1), HELLO)
    assert caught.value.reason == "connection"


async def test_a_machine_between_that_answers_in_html_leaves_it_open(
    bench_on: Callable[..., Any], address_of: AddressOf, serve: Callable[..., Any]
) -> None:
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    for status in (502, 200):
        answer = HTMLResponse("<h1>Bad Gateway</h1>", status)
        gateway = Starlette(routes=[Route("/{path:path}", lambda _: answer, methods=["POST"])])  # noqa: B023
        async with serve(gateway) as url, bench_on(url=url) as bench:
            with pytest.raises(SendUnknown):
                await bench.say(address_of(1), HELLO)


async def test_an_answer_in_an_unknown_form_leaves_it_open_and_shows_no_token(
    bench_on: Callable[..., Any], address_of: AddressOf, serve: Callable[..., Any], fake: FakeTelegram
) -> None:
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    answer = JSONResponse({"ok": True, "result": {"message_id": 1, "chat": "another form"}})
    newer = Starlette(routes=[Route("/{path:path}", lambda _: answer, methods=["POST"])])
    async with serve(newer) as url, bench_on(url=url) as bench:
        with pytest.raises(SendUnknown) as caught:
            await bench.say(address_of(1), HELLO)
        assert caught.value.reason == "protocol"
        assert caught.value.__suppress_context__
        assert fake.token not in repr(bench.channel.bot)


async def test_a_chat_that_telegram_does_not_know_is_closed(
    bench: Any, fake: FakeTelegram, address_of: AddressOf
) -> None:
    for chat in (5, "no number"):
        with pytest.raises(ChatClosed):
            await bench.say(address_of(chat), HELLO)
    fake.violations.clear()


async def test_what_telegram_never_takes_is_refused(bench: Any, fake: FakeTelegram, an: Address) -> None:
    for text, reason in (("<b>", "markup"), ("a" * 4097, "too_long"), ("", "empty")):
        with pytest.raises(SendRefused) as caught:
            await bench.channel.send(an, {"method": "sendMessage", "text": text})
        assert caught.value.reason == reason
    with pytest.raises(SendRefused):
        part = {"method": "sendMessage", "text": "a", "buttons": [[["A", "đ" * 33]]]}
        await bench.channel.send(an, part)
    fake.violations.clear()


async def test_a_group_that_became_a_supergroup_is_followed(
    bench: Any, fake: FakeTelegram, address_of: AddressOf
) -> None:
    fake.group(-100777)
    fake.moved[-5] = -100777
    await bench.say(address_of(-5), HELLO)
    await bench.say(address_of("-5/3"), HELLO)
    assert [each.text for each in fake.shown(-100777)] == [HELLO.text] * 2


async def test_an_answer_in_a_forum_goes_to_its_topic(
    bench: Any, fake: FakeTelegram, address_of: AddressOf
) -> None:
    fake.forums.add(fake.group()["id"])
    await bench.say(address_of(f"{fake.group()['id']}/4"), HELLO)
    assert fake.calls[-1][1]["message_thread_id"] == "4"


async def test_typing_is_shown_while_an_answer_is_made_and_again_after_some_seconds(
    bench: Any, fake: FakeTelegram, an: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    from channels.telegram import typing_note

    monkeypatch.setattr(typing_note, "AGAIN", 0.02)

    async def external_id(_conversation: str) -> str:
        return an.external_id

    monkeypatch.setattr(type(bench.channel._typing._people), "external_id", lambda _, c: external_id(c))
    await bench.channel.typing("c" * 32, True)
    await bench.channel.typing("c" * 32, True)
    async with asyncio.timeout(5):
        while len(fake.typing) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await bench.channel.typing("c" * 32, False)
    await asyncio.sleep(0.05)
    seen = len(fake.typing)
    await asyncio.sleep(0.1)
    assert len(fake.typing) == seen <= typing_note.MOST


async def test_typing_that_cannot_be_shown_disturbs_nothing(bench: Any, fake: FakeTelegram) -> None:
    await bench.channel.typing("nobody", True)
    await bench.channel.typing("nobody", False)
    assert fake.typing == []


async def test_what_a_citizen_sent_is_fetched(bench: Any, fake: FakeTelegram) -> None:
    await fake.send_media("An", "image")
    assert await bench.channel.collect(bench.last.media) == b"bytes"


async def test_what_is_too_large_gone_or_no_file_is_not_fetched(
    bench: Any, fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    from channels.telegram import files

    collect = bench.channel.collect
    assert await collect({"kind": "location", "latitude": 1.0}) is None
    fake.files["f"] = b"x" * 100
    monkeypatch.setattr(files, "SIZE_LIMIT", 99)
    assert await collect({"kind": "file", "file_id": "f", "size": 100}) is None
    assert fake.calls == []
    assert await collect({"kind": "file", "file_id": "f"}) is None
    assert await collect({"kind": "file", "file_id": "gone"}) is None
    fake.violations.clear()
