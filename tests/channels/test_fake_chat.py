"""Chatting through a platform's stand-in in the terminal, with a real gateway behind it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from channels import fake_chat
from tests.fakes.base import Shown
from troly.errors import UsageError

PLATFORMS = ("telegram", "zalo_oa", "zalo_bot")


def typed(*lines: str) -> Callable[[], str]:
    """Gives the lines one after the other, then the end."""
    left = iter(lines)

    def ask() -> str:
        try:
            return next(left)
        except StopIteration:
            raise EOFError from None

    return ask


@pytest.fixture
def gateway_for(start: Any, rasa: Any, free_port: int) -> Callable[..., Any]:
    """Starts a gateway with the settings that a stand-in tells."""

    def starting(platform: Any, port: int) -> Any:
        named = platform.settings(f"http://127.0.0.1:{port}")
        return start(rasa_url=rasa.url, **{name.lower(): value for name, value in named.items()})

    return starting


@pytest.mark.parametrize("name", PLATFORMS)
async def test_one_can_write_and_press_a_button(
    name: str, gateway_for: Any, rasa: Any, free_port: int
) -> None:
    platform = fake_chat.load(name, "")
    said: list[str] = []
    async with gateway_for(platform, free_port) as stack:
        platform.gateway = str(stack.http.base_url)
        await fake_chat.chat(platform, free_port, typed("Lệ phí khai sinh?", "#1"), said.append)
    assert rasa.messages() == ["Lệ phí khai sinh?", '/ask_fee{"procedure_code":"1.001193"}']
    text = "\n".join(said)
    assert "Trợ Lý: echo: Lệ phí khai sinh?" in text
    assert "#1 Lệ phí" in text or "1. Lệ phí" in text
    assert "https://example.test/1.001193" in text
    assert "no answer" not in text


@pytest.mark.parametrize("name", PLATFORMS)
async def test_a_second_run_is_not_taken_for_the_first(
    name: str, gateway_for: Any, rasa: Any, free_port: int
) -> None:
    for text in ("một", "hai"):
        platform = fake_chat.load(name, "")
        said: list[str] = []
        async with gateway_for(platform, free_port) as stack:
            platform.gateway = str(stack.http.base_url)
            await fake_chat.chat(platform, free_port, typed(text), said.append)
        assert any(f"echo: {text}" in line for line in said)
    assert rasa.messages() == ["một", "hai"]


async def test_an_answer_that_comes_late_is_shown_all_the_same(
    gateway_for: Any, rasa: Any, free_port: int
) -> None:
    rasa.delay = 1.0
    platform = fake_chat.load("zalo_bot", "")
    said: list[str] = []
    lines = typed("một")

    def ask() -> str:
        try:
            return lines()
        except EOFError:
            time.sleep(1.5)  # the citizen thinks
            raise

    async with gateway_for(platform, free_port) as stack:
        platform.gateway = str(stack.http.base_url)
        await fake_chat.chat(platform, free_port, ask, said.append)
    assert any("echo: một" in line for line in said)


async def test_a_gateway_without_the_channel_is_told(start: Any, rasa: Any, free_port: int) -> None:
    said: list[str] = []
    async with start(rasa_url=rasa.url) as stack:
        platform = fake_chat.load("zalo_bot", str(stack.http.base_url))
        await fake_chat.chat(platform, free_port, typed("một", "#7"), said.append)
    assert not any("no answer yet" in line for line in said)
    assert any("does not have this channel" in line for line in said)
    assert any("no reply offers" in line for line in said)


async def test_a_taken_port_is_named(free_port: int) -> None:
    platform = fake_chat.load("zalo_bot", "")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        with pytest.raises(UsageError, match="--port"):
            await fake_chat.chat(platform, free_port, typed(), lambda _: None)


def test_without_the_source_the_fix_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(fake_chat, "ROOT", tmp_path)
    with pytest.raises(UsageError, match="clone"):
        fake_chat.load("zalo_bot", "")


def test_a_message_is_shown_with_all_that_it_has() -> None:
    shown = Shown("Một\nhai", ["Có", "Không"], ["https://a.vn"], "https://a.vn/1.png")
    assert list(fake_chat.lines(shown)) == [
        "Trợ Lý: Một",
        "  hai",
        "  #1 Có",
        "  #2 Không",
        "  → https://a.vn",
        "  [picture: https://a.vn/1.png]",
        "",
    ]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Answers come at once here: no need to wait long for more."""
    kept, fake_chat._QUIET_SECONDS = fake_chat._QUIET_SECONDS, 0.2
    yield
    fake_chat._QUIET_SECONDS = kept
