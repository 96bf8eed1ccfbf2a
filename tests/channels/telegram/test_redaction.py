"""The token, which stands in every address of Telegram's API, is in no log line."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from channels.base import Address, Reply
from channels.errors import SendError
from channels.telegram.redaction import Redaction, install, redact
from tests.fakes.telegram import TOKEN, FakeTelegram, chat_of

LIBRARIES = ("httpx", "httpcore", "telegram")


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """All that any library logs, at its most talkative."""
    install()
    levels = {name: logging.getLogger(name).level for name in (*LIBRARIES, "")}
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield stream
    logging.getLogger().removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


async def test_no_token_is_logged_whatever_goes_wrong(
    everything_logged: io.StringIO,
    bench: Any,
    fake: FakeTelegram,
    address_of: Callable[[object], Address],
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in LIBRARIES:  # made talkative again after the channel had silenced them
        logging.getLogger(name).setLevel(logging.DEBUG)
    await fake.send_media("An", "image")
    await bench.channel.collect(bench.last.media)
    reply = Reply(id="1", text="chào", language="vi")
    await bench.say(address_of(chat_of("An")), reply)
    for what in ("429", "500", "token", "timeout", "drop_after_send", "blocked"):
        fake.fail(what)  # type: ignore[arg-type]
        with pytest.raises(SendError) as caught:
            await bench.say(address_of(chat_of("An")), reply)
        logging.getLogger("any").error("failed", exc_info=caught.value)
    await fake.press_data("An", "b:1:0", fake.message("An", text="?"))
    await bench.settle()
    said = capsys.readouterr()
    logged = everything_logged.getvalue() + said.out + said.err
    # Zalo's channel, where the process has it too, takes the same addresses apart and writes "…".
    assert re.search("/bot(<token>|…)/sendMessage", logged)
    assert re.search("/file/bot(<token>|…)/photos/", logged)
    assert TOKEN not in logged
    assert TOKEN.partition(":")[2] not in logged


def test_a_traceback_of_httpx_is_redacted(everything_logged: io.StringIO) -> None:
    try:
        raise httpx.InvalidURL(f"https://api.telegram.org/bot{TOKEN}/getMe")
    except httpx.InvalidURL:
        logging.getLogger("httpx").exception("failed: %s", f"/bot{TOKEN}/getMe")
    logged = everything_logged.getvalue()
    assert re.search("failed: /bot(<token>|…)/getMe", logged)
    assert "InvalidURL" in logged
    assert TOKEN not in logged


def test_an_encoded_token_is_redacted_and_times_are_not() -> None:
    assert redact(f"/bot{TOKEN.replace(':', '%3A')}/x") == "/bot<token>/x"
    assert (
        redact("12:30, H49.12-251103-0047, id 123456789:short")
        == "12:30, H49.12-251103-0047, id 123456789:short"
    )


def test_the_libraries_are_silent_below_a_warning_and_installing_twice_adds_nothing() -> None:
    install()
    install()
    assert all(logging.getLogger(name).level == logging.WARNING for name in LIBRARIES)
    filters = logging.getLogger("httpx").filters
    assert sum(isinstance(each, Redaction) for each in filters) == 1
