"""The token is part of every address that is called, and appears in no log and no error."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import httpx
import pytest
import structlog

from channels.errors import SendError
from channels.zalo_bot.client import ZaloBotClient
from channels.zalo_bot.errors import CallError
from channels.zalo_bot.sending import Sending
from tests.fakes.base import Failure, serving
from tests.fakes.zalo_bot import FakeZaloBot, chat_of

LETTERS = "aFakeTokenOfTheZaloBotPlatform"

FAILURES: tuple[Failure, ...] = ("429", "500", "timeout", "token", "blocked", "drop_after_send")


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All that any library logs, at the lowest level."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


async def test_neither_logs_nor_errors_hold_the_token(
    fake: FakeZaloBot, everything: pytest.LogCaptureFixture
) -> None:
    fake.hang = 0.01
    errors: list[str] = []
    with structlog.testing.capture_logs() as logs, serving(fake.app) as url:
        async with httpx.AsyncClient(trust_env=False) as http:
            client = ZaloBotClient(http, url, fake.token)
            sending = Sending(client)
            await sending.send(chat_of("lan"), {"method": "sendMessage", "text": "x"})
            for what in FAILURES:
                fake.fail(what, 2)
                try:
                    await sending.send(chat_of("lan"), {"method": "sendMessage", "text": "x"})
                except SendError as error:
                    errors += [repr(error), "".join(traceback.format_exception(error)), _reachable(error)]
                try:
                    await client.call("sendMessage", {"chat_id": chat_of("lan"), "text": "x"})
                except CallError as error:
                    errors += [repr(error), "".join(traceback.format_exception(error)), _reachable(error)]
            for base in ("http://127.0.0.1:1", "nonsense", "http://[", "ftp://x"):
                try:
                    await ZaloBotClient(http, base, fake.token).call("getMe")
                except CallError as error:
                    errors += [repr(error), "".join(traceback.format_exception(error)), _reachable(error)]
    said = "\n".join([*errors, repr(logs), everything.text, *map(str, (r.args for r in everything.records))])
    assert len(errors) == 3 * (2 * len(FAILURES) + 4)
    assert "HTTP Request: POST" in everything.text, "httpx was heard"
    assert "/bot…/sendMessage" in everything.text
    assert LETTERS not in said


def _reachable(error: BaseException) -> str:
    """What a crash reporter would find behind an error: causes and what they carry."""
    found: list[Any] = []
    behind: BaseException | None = error
    while behind is not None:
        found += [repr(behind), repr(vars(behind))]
        behind = behind.__cause__ or (None if behind.__suppress_context__ else behind.__context__)
    return "\n".join(map(str, found))
