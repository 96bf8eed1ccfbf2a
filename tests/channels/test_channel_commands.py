"""`troly channel`: what an operator reads, and which fix is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from channels.channel_commands import channel
from tests.fakes.base import serving
from tests.fakes.zalo_bot import FakeZaloBot, chat_of
from troly.database import engine
from troly.settings import Settings, settings
from troly.tables import Base

Call = Callable[..., Result]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Call]:
    """Calls `troly channel …` with exactly these settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)

    def calling(*arguments: str, input: str | None = None, **given: str) -> Result:
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        return CliRunner().invoke(channel, arguments, input=input)

    yield calling
    settings.cache_clear()


@pytest.fixture
def fake() -> Iterator[tuple[FakeZaloBot, dict[str, str]]]:
    """A served platform, and the settings for it."""
    made = FakeZaloBot()
    made._shown[chat_of("lan")] = []
    with serving(made.app) as url:
        yield made, made.settings(url)


def test_without_settings_all_but_the_website_is_off(call: Call) -> None:
    done = call("status")
    assert done.exit_code == 0
    assert "web\n  page: http://127.0.0.1:8000/" in done.output
    for variable in ("TELEGRAM_TOKEN", "ZALO_OA_APP_ID", "ZALO_BOT_TOKEN"):
        assert f"off: {variable} is empty" in done.output


def test_a_webhook_is_set_and_then_shown(call: Call, fake: Any) -> None:
    platform, named = fake
    before = call("status", "zalo_bot", PUBLIC_URL="https://troly.example.vn", **named)
    assert before.exit_code == 1
    assert "problem: no webhook is set" in before.output
    assert call("set-webhook", "zalo_bot").exit_code == 0
    assert platform.webhook[0] == "https://troly.example.vn/webhooks/zalo-bot"
    after = call("status", "zalo_bot")
    assert after.exit_code == 0
    assert "webhook: https://troly.example.vn/webhooks/zalo-bot" in after.output
    assert named["ZALO_BOT_TOKEN"] not in after.output
    assert named["ZALO_BOT_SECRET"] not in after.output


def test_with_polling_the_webhook_is_removed(call: Call, fake: Any) -> None:
    platform, named = fake
    platform.webhook = ("https://old.example.vn", "12345678")
    assert call("set-webhook", "zalo_bot", **(named | {"ZALO_BOT_MODE": "polling"})).exit_code == 0
    assert platform.webhook is None


def test_a_test_message_is_sent(call: Call, fake: Any) -> None:
    platform, named = fake
    assert call("test", "zalo_bot", chat_of("lan"), **named).exit_code == 0
    assert len(platform.replies("lan")) == 1


@pytest.mark.parametrize(
    ("arguments", "given", "fix"),
    [
        (("set-webhook", "zalo_bot"), {"ZALO_BOT_TOKEN": "1:a"}, "PUBLIC_URL"),
        (("set-webhook", "zalo_bot", "--url", "https://a.vn"), {}, "ZALO_BOT_TOKEN"),
        (("test", "telegram", "1"), {}, "TELEGRAM_TOKEN"),
        (("test", "zalo_oa", "1"), {}, "ZALO_OA_APP_ID"),
        (("authorize", "zalo_oa"), {}, "ZALO_OA_APP_ID"),
        (("fake", "zalo_oa", "--polling"), {}, "--polling"),
    ],
)
def test_what_is_missing_is_named(
    arguments: tuple[str, ...], given: dict[str, str], fix: str, call: Call
) -> None:
    done = call(*arguments, **given)
    assert done.exit_code != 0
    assert str(done.exception).startswith(fix), done.exception


def test_a_broken_platform_is_a_problem_of_that_channel_only(call: Call) -> None:
    done = call("status", ZALO_BOT_TOKEN="1:a", ZALO_BOT_SECRET="12345678", ZALO_BOT_API="http://127.0.0.1:1")
    assert done.exit_code == 1
    assert "zalo_bot\n  problem: ZALO_BOT_API" in done.output
    assert "web\n" in done.output


def test_an_official_account_is_authorized_by_its_administrator(call: Call, tmp_path: Path) -> None:
    """The address that is shown leads to a consent; its code is traded for access that is then used."""
    import httpx

    from tests.fakes.zalo_oa import create

    platform = create()
    database = f"sqlite:///{tmp_path / 'test.db'}"
    made = engine(database)
    Base.metadata.create_all(made)
    made.dispose()
    with serving(platform.app) as url:
        named = platform.settings(url) | {"DATABASE_URL": database, "DATA_DIR": str(tmp_path)}
        named |= {"PUBLIC_URL": "https://troly.example.vn", "ZALO_OA_REFRESH_TOKEN": ""}
        shown = call("authorize", "zalo_oa", input="\n", **named)
        address = next(line.strip() for line in shown.output.splitlines() if "/v4/oa/permission" in line)
        ended = httpx.get(address, trust_env=False).headers["location"]
        assert ended.startswith("https://troly.example.vn/webhooks/zalo")
        done = call("authorize", "zalo_oa", "--code", ended)
        assert done.exit_code == 0, done.exception
        found = call("status", "zalo_oa")
        assert "token: valid until" in found.output
        assert found.exit_code == 0, found.output
