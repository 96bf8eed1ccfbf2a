"""What becomes of a reply when the platform says no, says nothing, or breaks."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest
import structlog

from channels.base import Address
from channels.errors import ChatClosed, SendError, SendLater, SendRefused, SendUnknown
from channels.zalo_bot.client import ZaloBotClient
from channels.zalo_bot.errors import NoAnswer
from channels.zalo_bot.sending import QUOTA_SECONDS, Sending
from tests.fakes.base import serving
from tests.fakes.zalo_bot import FakeZaloBot

TEXT = {"method": "sendMessage", "text": "Xin chào"}


async def failure(sending: Sending, lan: Address, part: dict[str, Any] | None = None) -> SendError:
    """How sending fails."""
    with pytest.raises(SendError) as caught:
        await sending.send(lan.external_id, part or TEXT)
    return caught.value


async def test_a_sent_text_has_the_platforms_id(sending: Sending, fake: FakeZaloBot, lan: Address) -> None:
    assert await sending.send(lan.external_id, TEXT)
    assert [shown.text for shown in fake.replies("lan")] == ["Xin chào"]


async def test_a_photo_is_sent_by_its_address(sending: Sending, fake: FakeZaloBot, lan: Address) -> None:
    assert await sending.send(lan.external_id, {"method": "sendPhoto", "photo": "https://a.vn/1.png"})
    assert fake.replies("lan")[0].image == "https://a.vn/1.png"


@pytest.mark.parametrize("as_200", [False, True])
@pytest.mark.parametrize(
    ("what", "kind", "reason"),
    [
        ("token", SendLater, "token"),
        ("429", SendLater, "quota"),
        ("blocked", ChatClosed, "blocked"),
        ("500", SendLater, "error_500"),
    ],
)
async def test_a_refusal_means_the_same_with_any_http_status(
    as_200: bool,
    what: Any,
    kind: type[SendError],
    reason: str,
    sending: Sending,
    fake: FakeZaloBot,
    lan: Address,
) -> None:
    fake.errors_as_200 = as_200
    fake.fail(what)
    error = await failure(sending, lan)
    assert (type(error), error.reason) == (kind, reason)
    assert fake.replies("lan") == []
    assert await sending.send(lan.external_id, TEXT)


async def test_what_the_platform_will_never_take_is_given_up(
    sending: Sending, fake: FakeZaloBot, lan: Address
) -> None:
    error = await failure(sending, lan, {"method": "sendMessage", "text": "x" * 2001})
    assert (type(error), error.reason) == (SendRefused, "error_400")
    assert fake.violations


async def test_a_refused_token_loses_no_reply_and_names_the_setting(
    sending: Sending, fake: FakeZaloBot, lan: Address
) -> None:
    fake.fail("token", 12)
    with structlog.testing.capture_logs() as logs:
        errors = [await failure(sending, lan) for _ in range(12)]
    assert all(isinstance(error, SendLater) and not error.counts for error in errors)
    pauses = [error.seconds for error in errors if isinstance(error, SendLater)]
    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses[-1] == 300
    assert all("ZALO_BOT_TOKEN" in line["fix"] for line in logs)
    assert await sending.send(lan.external_id, TEXT)
    fake.fail("token")
    again = await failure(sending, lan)
    assert isinstance(again, SendLater)
    assert again.seconds == 1


async def test_an_exhausted_month_is_waited_for_a_day_and_then_given_up(
    client: ZaloBotClient, fake: FakeZaloBot, lan: Address
) -> None:
    clock = [0.0]
    sending = Sending(client, lambda: clock[0])
    fake.quota = 1
    await sending.send(lan.external_id, TEXT)
    for clock[0] in (10.0, 3600.0, 10 + QUOTA_SECONDS):
        error = await failure(sending, lan)
        assert isinstance(error, SendLater)
        assert not error.counts
        assert error.seconds and error.seconds <= 900
    clock[0] = 11 + QUOTA_SECONDS
    assert isinstance(await failure(sending, lan), SendRefused)
    fake.quota = 1
    assert await sending.send(lan.external_id, TEXT), "a new month"
    clock[0] += 1
    assert isinstance(await failure(sending, lan), SendLater), "counted from its first refusal again"


@pytest.mark.parametrize(
    ("response", "kind", "reason"),
    [
        (httpx.Response(200, text="<html>"), SendUnknown, "protocol_200"),
        (httpx.Response(200, json=[1]), SendUnknown, "protocol_200"),
        (httpx.Response(200, json={"result": {}}), SendUnknown, "protocol_200"),
        (httpx.Response(504, text="gateway time-out"), SendUnknown, "protocol_504"),
        (httpx.Response(408, json={"ok": False, "error_code": 408}), SendUnknown, "error_408"),
        (httpx.Response(502, text="bad gateway"), SendLater, "error_502"),
        (httpx.Response(302, headers={"location": "https://login.test"}), SendLater, "error_302"),
        (httpx.Response(404, json={"ok": False, "description": "?"}), SendLater, "error_404"),
        (httpx.Response(200, json={"ok": False, "error_code": -7}), SendLater, "error_-7"),
        (httpx.Response(200, json={"ok": False, "error_code": True}), SendLater, "error_200"),
        (httpx.Response(413, text="too large"), SendRefused, "error_413"),
    ],
)
async def test_answers_that_are_not_documented(
    response: httpx.Response, kind: type[SendError], reason: str, lan: Address
) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response)) as http:
        error = await failure(Sending(ZaloBotClient(http, "http://platform.test", "1:a")), lan)
    assert (type(error), error.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("more", "seconds"),
    [
        ({"json": {"ok": False, "error_code": 429, "parameters": {"retry_after": 7}}}, 7),
        ({"json": {"ok": False, "error_code": 429}, "headers": {"retry-after": "9"}}, 9),
        ({"text": "slow down", "headers": {"retry-after": "9"}}, 9),
        ({"json": {"ok": False, "error_code": 429}, "headers": {"retry-after": "soon"}}, 1),
        ({"json": {"ok": False, "error_code": 429, "parameters": {"retry_after": "nan"}}}, 1),
    ],
)
async def test_the_platforms_word_for_how_long_is_kept(
    more: dict[str, Any], seconds: float, lan: Address
) -> None:
    response = httpx.Response(429, **more)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: response)) as http:
        error = await failure(Sending(ZaloBotClient(http, "http://platform.test", "1:a")), lan)
    assert isinstance(error, SendLater)
    assert error.seconds == seconds


async def test_a_sent_message_whose_id_is_missing_counts_as_sent(lan: Address) -> None:
    answer = httpx.MockTransport(lambda _: httpx.Response(200, json={"ok": True}))
    async with httpx.AsyncClient(transport=answer) as http:
        assert await Sending(ZaloBotClient(http, "http://platform.test", "1:a")).send("x", TEXT) is None


async def test_a_platform_that_is_not_there_has_seen_nothing(lan: Address) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    async with httpx.AsyncClient(trust_env=False) as http:
        error = await failure(Sending(ZaloBotClient(http, address, "1:a")), lan)
    assert (type(error), error.reason) == (SendLater, "ConnectError")


async def test_over_real_connections_silence_and_a_cut_leave_it_unknown(
    fake: FakeZaloBot, lan: Address
) -> None:
    with serving(fake.app) as url:
        async with httpx.AsyncClient(trust_env=False) as http:
            client = ZaloBotClient(http, url, fake.token)
            sending = Sending(client)
            fake.fail("drop_after_send")
            error = await failure(sending, lan)
            assert (type(error), len(fake.replies("lan"))) == (SendUnknown, 1), "delivered all the same"
            fake.fail("timeout")
            started = asyncio.get_running_loop().time()
            with pytest.raises(NoAnswer, match="ReadTimeout"):
                await client.call("sendMessage", {"chat_id": lan.external_id, "text": "x"}, seconds=0.3)
            assert asyncio.get_running_loop().time() - started < 15
            assert len(fake.replies("lan")) == 1, "not delivered"
