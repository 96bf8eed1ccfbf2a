"""Neither tokens and secrets nor what citizens are and write appear in a log or an error."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

import httpx
import pytest
import structlog

from channels.base import Address
from channels.errors import SendError
from channels.zalo_oa import ZaloOaChannel
from tests.fakes.base import Failure, serving
from tests.fakes.zalo_oa import APP_SECRET, REFRESH_TOKEN, SECRET, FakeZaloOa, user_of
from troly.clock import now

FAILURES: tuple[Failure, ...] = ("429", "500", "timeout", "token", "blocked", "drop_after_send")
WORDS = "Con tôi sinh ngày 5 tháng 3"


async def test_nothing_secret_is_logged(
    fake: FakeZaloOa,
    make_channel: Callable[..., ZaloOaChannel],
    channel: ZaloOaChannel,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")  # another channel may have silenced it
    errors: list[str] = []
    part = {"kind": "text", "message": {"text": WORDS}}
    with structlog.testing.capture_logs() as logs, serving(fake.app) as url:
        async with httpx.AsyncClient(trust_env=False) as real:
            speaking = make_channel(url=url)
            speaking._api._http = speaking._account.oauth._http = real
            await fake.write("lan", WORDS)
            await fake.raw(WORDS.encode())
            await fake.raw(WORDS.encode(), signed=False)
            address = Address("c" * 32, user_of("lan"), now())
            await speaking.send(address, part)
            for what in FAILURES:
                fake.fail(what)
                errors += await _error(speaking, address, part)
            for lapse in ("refused", "lost_answer", "500"):
                fake.oauth.lapses.append(lapse)
                fake.fail("token")
                errors += await _error(speaking, address, part)
    said = "\n".join([*errors, repr(logs), caplog.text, *(repr(record.args) for record in caplog.records)])
    assert len(errors) >= 14, "errors were looked at"
    assert "HTTP Request: POST" in caplog.text, "httpx was heard"
    secrets = (fake.oauth.access, fake.oauth.refresh, REFRESH_TOKEN, SECRET, APP_SECRET, *fake.oauth.spent)
    for secret in (*secrets, WORDS, user_of("lan")):
        assert secret not in said


async def _error(channel: ZaloOaChannel, address: Address, part: dict[str, object]) -> list[str]:
    try:
        await channel.send(address, part)
    except SendError as error:
        return [repr(error), "".join(traceback.format_exception(error))]
    return []
