"""What happens between a reply and the citizen, and what each of Zalo's answers means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog

from channels.base import Address, Reply
from channels.errors import ChatClosed, SendError, SendLater, SendRefused, SendUnknown
from channels.zalo_oa import ZaloOaChannel
from tests.fakes.base import Failure, Shown, serving
from tests.fakes.zalo_oa import FakeZaloOa, user_of
from troly.clock import now

Make = Callable[..., Reply]
Deliver = Callable[[Reply], Any]
TEXT = {"kind": "text", "message": {"text": "Chào Anh/Chị"}}


async def test_a_reply_arrives_and_its_id_is_known(fake: FakeZaloOa, deliver: Deliver, reply: Make) -> None:
    ids = await deliver(reply("Phí: 8.000 đồng", buttons=["Giấy tờ"], links={"Nguồn": "https://a.vn"}))
    assert fake.replies("lan") == [Shown("Phí: 8.000 đồng", ["Giấy tờ"], ["https://a.vn"])]
    assert len(ids) == 1 and ids[0]
    assert fake.violations == []


async def test_a_pressed_button_names_its_reply(
    fake: FakeZaloOa, deliver: Deliver, reply: Make, reception: Any
) -> None:
    await deliver(reply("Chọn", buttons=["Lệ phí", "Giấy tờ"]))
    await fake.press("lan", 2)
    assert reception.received[-1].button == "b:7:1"


async def test_a_row_of_a_list_is_pressed_like_a_button(
    fake: FakeZaloOa, deliver: Deliver, reply: Make, reception: Any
) -> None:
    titles = ["Đăng ký khai sinh có yếu tố nước ngoài (cấp xã)", "Đăng ký lại khai sinh", "Khai sinh"]
    await deliver(reply("Chọn", buttons=titles))
    assert fake.replies("lan")[-1].buttons[1] == "Đăng ký lại khai sinh"
    await fake.press("lan", 3)
    assert reception.received[-1].button == "b:7:2"


async def test_where_lists_are_refused_choices_become_numbered_buttons_for_good(
    fake: FakeZaloOa, deliver: Deliver, reply: Make, reception: Any
) -> None:
    fake.lists = False
    made = reply("Chọn", buttons=["Đăng ký khai sinh có yếu tố nước ngoài (cấp xã)", "B", "C"])
    with structlog.testing.capture_logs() as logs:
        await deliver(made)
        await deliver(made)
    assert [shown.buttons[:1] for shown in fake.replies("lan") if shown.buttons] == [
        ["1. Đăng ký khai sinh có yếu tố nước ngoài (cấp xã)"]
    ] * 2
    refused = [body for _, body in fake.calls if "list" in str(body)]
    assert len(refused) == 1
    assert [line["event"] for line in logs].count("zalo_oa_lists_refused") == 1
    await fake.press("lan", 2)
    assert reception.received[-1].button == "b:7:1"


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [
        (-213, ChatClosed, "not_follower"),
        (-217, ChatClosed, "blocked"),
        (-227, ChatClosed, "inactive"),
        (-230, ChatClosed, "window"),
        (-232, ChatClosed, "window"),
        (-244, ChatClosed, "restricted"),
        (-201, SendRefused, "invalid"),
        (-204, SendRefused, "account_deleted"),
        (-205, SendRefused, "account_unknown"),
        (-212, SendRefused, "api_not_registered"),
        (-219, SendRefused, "app_removed"),
        (-218, SendRefused, "free_messages"),
        (-32, SendLater, "rate_limit"),
        (-224, SendLater, "error_-224"),
        (-99999, SendLater, "error_-99999"),
        (17, SendLater, "error_17"),
    ],
)
async def test_each_error_code_is_handled_as_its_table_says(
    fake: FakeZaloOa, channel: ZaloOaChannel, lan: Address, code: int, error: type[SendError], reason: str
) -> None:
    fake.refuse(code)
    with pytest.raises(error) as caught:
        await channel.send(lan, TEXT)
    assert type(caught.value) is error
    assert caught.value.reason == reason
    assert fake.replies("lan") == []
    await channel.send(lan, TEXT)
    assert len(fake.replies("lan")) == 1, "nothing of it is remembered"


async def test_an_unknown_code_counts_as_a_try_and_a_rate_limit_does_not(
    fake: FakeZaloOa, channel: ZaloOaChannel, lan: Address
) -> None:
    for code, counts in ((-99999, True), (-32, False), (-234, False)):
        fake.refuse(code)
        with pytest.raises(SendLater) as caught:
            await channel.send(lan, TEXT)
        assert caught.value.counts is counts


async def test_codes_that_an_operator_can_mend_name_the_fix(
    fake: FakeZaloOa, channel: ZaloOaChannel, lan: Address
) -> None:
    fake.refuse(-212)
    with structlog.testing.capture_logs() as logs, pytest.raises(SendRefused):
        await channel.send(lan, TEXT)
    [line] = [line for line in logs if line["event"] == "zalo_oa_refused"]
    assert line["log_level"] == "error"
    assert "Đăng ký sử dụng API" in line["fix"]


async def test_a_refused_token_is_renewed_once_and_the_reply_sent(
    fake: FakeZaloOa, channel: ZaloOaChannel, lan: Address
) -> None:
    await channel.send(lan, TEXT)
    before = len(fake.oauth.spent)
    for code in (-216, -220):
        fake.refuse(code)
        await channel.send(lan, TEXT)
    assert len(fake.oauth.spent) == before + 2
    assert len(fake.replies("lan")) == 3


async def test_a_token_refused_again_after_renewal_is_not_renewed_on_and_on(
    fake: FakeZaloOa, channel: ZaloOaChannel, lan: Address
) -> None:
    await channel.send(lan, TEXT)
    before = len(fake.oauth.spent)
    fake.refuse(-216, times=2)
    with pytest.raises(SendLater) as caught:
        await channel.send(lan, TEXT)
    assert (caught.value.reason, caught.value.counts) == ("token", False)
    assert len(fake.oauth.spent) == before + 1


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("429", SendLater),
        ("500", SendUnknown),
        ("timeout", SendUnknown),
        ("blocked", ChatClosed),
        ("drop_after_send", SendUnknown),
    ],
)
async def test_over_a_real_connection_failures_are_told_apart(
    fake: FakeZaloOa,
    make_channel: Callable[..., ZaloOaChannel],
    http: httpx.AsyncClient,
    lan: Address,
    what: Failure,
    error: type[SendError],
) -> None:
    with serving(fake.app) as url:
        async with httpx.AsyncClient(trust_env=False) as real:
            channel = make_channel(url=url)
            channel._api._http = real
            channel._account.oauth._http = real
            await channel.send(lan, TEXT)
            fake.fail(what)
            with pytest.raises(error):
                await channel.send(lan, TEXT)
    assert len(fake.replies("lan")) == (2 if what == "drop_after_send" else 1)


async def test_a_platform_that_is_off_is_surely_not_reached(
    make_channel: Callable[..., ZaloOaChannel], channel: ZaloOaChannel, lan: Address
) -> None:
    await channel.send(lan, TEXT)
    off = make_channel(url="http://127.0.0.1:9")
    async with httpx.AsyncClient(trust_env=False) as real:
        off._api._http = real
        with pytest.raises(SendLater) as caught:
            await off.send(lan, TEXT)
    assert (caught.value.reason, caught.value.counts) == ("ConnectError", True)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"<html>", SendUnknown),
        (200, b"[]", SendUnknown),
        (200, b'{"message":"ok"}', SendUnknown),
        (500, b'{"error":-217,"message":"x"}', ChatClosed),
        (500, b'{"error":"-217"}', ChatClosed),
        (503, b"", SendUnknown),
        (429, b"", SendLater),
        (404, b"<html>", SendLater),
        (302, b"", SendLater),
    ],
)
async def test_the_body_counts_and_the_status_only_without_it(
    channel: ZaloOaChannel, lan: Address, status: int, body: bytes, error: type[SendError]
) -> None:
    await channel.send(lan, TEXT)
    answer = httpx.MockTransport(lambda _: httpx.Response(status, content=body, headers={"location": "/x"}))
    async with httpx.AsyncClient(transport=answer) as other:
        channel._api._http = other
        with pytest.raises(error):
            await channel.send(lan, TEXT)


async def test_an_error_status_with_a_good_body_is_a_success(channel: ZaloOaChannel, lan: Address) -> None:
    await channel.send(lan, TEXT)
    good = b'{"error":0,"data":{"message_id":"m"}}'
    async with httpx.AsyncClient(
        transport=httpx.MockTransport(lambda _: httpx.Response(500, content=good))
    ) as other:
        channel._api._http = other
        assert await channel.send(lan, TEXT) == "m"


async def test_when_the_minutes_requests_are_used_up_nothing_is_sent(
    fake: FakeZaloOa, channel: ZaloOaChannel, lan: Address
) -> None:
    await channel.send(lan, TEXT)
    fake.remain = 4
    await channel.send(lan, TEXT)
    calls = len(fake.calls)
    with pytest.raises(SendLater) as caught:
        await channel.send(lan, TEXT)
    assert len(fake.calls) == calls
    assert caught.value.reason == "rate_limit"
    assert caught.value.counts is False
    assert caught.value.seconds is not None and 0 < caught.value.seconds <= 62


async def test_a_visitor_without_an_account_is_sent_text(
    fake: FakeZaloOa, channel: ZaloOaChannel, reply: Make, reception: Any
) -> None:
    await fake.write("anonymous 1", "Xin chào")
    address = Address("c" * 32, reception.received[-1].external_id, now())
    titles = ["Đăng ký khai sinh có yếu tố nước ngoài (cấp xã)", "B", "C"]
    links = {"Nguồn": "https://a.vn"}
    for made in (
        reply("Chọn", buttons=["Lệ phí"], links=links),
        reply("", buttons=titles),
        reply("Xem", image="https://a.vn/1.png"),
    ):
        for part in channel.render(made):
            await channel.send(address, part)
    texts = [shown.text for shown in fake.replies("anonymous 1")]
    assert texts[0] == "Chọn\n• Lệ phí\n• Nguồn: https://a.vn"
    assert texts[2] == "1. Đăng ký khai sinh có yếu tố nước ngoài (cấp xã)\n2. B\n3. C"
    assert texts[3] == "Xem\nXem hình ảnh: https://a.vn/1.png"
    assert fake.violations == []


async def test_windows_are_checked_before_zalo_is_asked(
    fake: FakeZaloOa, make_channel: Callable[..., ZaloOaChannel], channel: ZaloOaChannel, lan: Address
) -> None:
    for hours, paid, closed in ((47, False, False), (49, False, True), (49, True, False), (169, True, True)):
        older = Address(lan.conversation_id, user_of("lan"), now() - timedelta(hours=hours))
        asked = make_channel(zalo_oa_paid_window=paid, zalo_oa_night="send")
        calls = len(fake.calls)
        if closed:
            with pytest.raises(ChatClosed):
                await asked.send(older, TEXT)
            assert len(fake.calls) == calls
        else:
            await asked.send(older, TEXT)
