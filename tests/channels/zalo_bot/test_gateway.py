"""A whole gateway before the platform's stand-in, over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.fakes.base import Failure, Shown, serving
from tests.fakes.zalo_bot import FakeZaloBot, chat_of
from troly.errors import SettingError


async def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.fixture
def running(start: Any, rasa: Any) -> Callable[..., Any]:
    """Starts a gateway for a stand-in: `async with running(fake)`."""

    @asynccontextmanager
    async def starting(fake: FakeZaloBot, **given: Any) -> AsyncIterator[FakeZaloBot]:
        with serving(fake.app) as url:
            named = {name.lower(): value for name, value in fake.settings(url).items()}
            async with start(rasa_url=rasa.url, **(named | given)) as stack:
                fake.gateway = str(stack.http.base_url)
                yield fake

    return starting


def answers(fake: FakeZaloBot, citizen: str = "lan") -> list[Shown]:
    """What was said after the privacy notice, which comes first."""
    return fake.replies(citizen)[1:]


@pytest.mark.parametrize("polling", [False, True])
async def test_a_citizen_is_told_about_privacy_answered_and_may_choose_by_number(
    polling: bool, running: Any, rasa: Any
) -> None:
    async with running(FakeZaloBot(polling=polling)) as fake:
        assert (await fake.write("lan", "Lệ phí khai sinh?")).status_code in (200, 202)
        await until(lambda: answers(fake))
        (shown,) = answers(fake)
        assert shown.text.startswith("echo: Lệ phí khai sinh?")
        assert shown.links == ["https://example.test/1.001193"]
        assert "\n1. Lệ phí\n" in shown.text
        await fake.press("lan", 1)
        await until(lambda: len(answers(fake)) == 2)
        assert rasa.messages()[-1] == '/ask_fee{"procedure_code":"1.001193"}'
        await until(lambda: fake.typing)
        assert set(fake.typing) == {chat_of("lan")}
        assert fake.violations == []


async def test_a_redelivery_is_answered_once(running: Any, rasa: Any) -> None:
    async with running(FakeZaloBot()) as fake:
        for _ in range(3):
            assert (await fake.write("lan", "một", message_id="m1")).status_code == 200
        await fake.write("lan", "hai")
        await until(lambda: len(answers(fake)) == 2)
        assert rasa.messages() == ["một", "hai"]


async def test_with_the_wrong_secret_nothing_is_stored(running: Any, rasa: Any) -> None:
    async with running(FakeZaloBot()) as fake:
        secret, fake.secret = fake.secret, "another-secret"
        assert (await fake.write("lan", "một")).status_code == 401
        fake.secret = secret
        await fake.write("lan", "hai")
        await until(lambda: answers(fake))
        assert rasa.messages() == ["hai"]


@pytest.mark.parametrize("what", ["429", "500", "token"])
async def test_no_reply_is_lost_or_doubled_when_the_platform_refuses_for_a_while(
    what: Failure, running: Any
) -> None:
    async with running(FakeZaloBot()) as fake:
        fake.fail(what, 2)
        await fake.write("lan", "một")
        await fake.write("lan", "hai")
        await until(lambda: len(answers(fake)) == 2, 20)
        assert [shown.text.split("\n")[0] for shown in answers(fake)] == ["echo: một", "echo: hai"]


async def test_media_get_an_honest_answer(running: Any, rasa: Any) -> None:
    async with running(FakeZaloBot()) as fake:
        for kind in ("sticker", "voice", "file"):
            assert (await fake.send_media("lan", kind)).status_code == 200
        await until(lambda: len(answers(fake)) == 3)
        assert rasa.messages() == []


async def test_a_citizen_is_forgotten_on_request(running: Any) -> None:
    async with running(FakeZaloBot()) as fake:
        await fake.write("lan", "một")
        await until(lambda: answers(fake))
        await fake.write("lan", "/xoa")
        await until(lambda: len(answers(fake)) == 2)
        await fake.write("lan", "hai")
        await until(lambda: len(answers(fake)) == 4)
        said = [shown.text for shown in fake.replies("lan")]
        assert said[3] == said[0], "the privacy notice again: nobody remembers"


async def test_a_gateway_does_not_start_half_configured(running: Any) -> None:
    fake = FakeZaloBot(secret="short")
    with pytest.raises(SettingError, match="ZALO_BOT_SECRET"):
        async with running(fake):
            pass


async def test_with_polling_there_is_no_webhook(running: Any) -> None:
    async with running(FakeZaloBot(polling=True)) as fake:
        assert (await fake.raw(b"{}")).status_code in (404, 405)
