"""Which channels a deployment has."""

from __future__ import annotations

from typing import Any

import pytest

from channels import registry
from channels.app import create_app
from channels.base import Channel, PushChannel

SETTINGS: dict[str, dict[str, str]] = {
    "telegram": {
        "telegram_token": "123456789:AAabcdefghijklmnopqrstuvwxyz",
        "telegram_secret": "a-secret-of-telegram",
    },
    "zalo_oa": {
        "zalo_oa_app_id": "1",
        "zalo_oa_id": "2",
        "zalo_oa_secret_key": "a",
        "zalo_oa_app_secret": "b",
        "zalo_oa_refresh_token": "c",
    },
    "zalo_bot": {"zalo_bot_token": "1:AA", "zalo_bot_secret": "a-long-secret"},
}
PATHS = {
    "telegram": "/webhooks/telegram",
    "zalo_oa": "/webhooks/zalo",
    "zalo_bot": "/webhooks/zalo-bot",
}


def channels(make_settings: Any, **given: str) -> dict[str, Channel]:
    return dict(create_app(make_settings(**given)).state.gateway.channels)


def test_without_settings_there_is_the_website_only(make_settings: Any) -> None:
    assert list(channels(make_settings)) == ["web"]


@pytest.mark.parametrize("name", SETTINGS)
def test_a_channel_is_there_when_it_is_configured(make_settings: Any, name: str) -> None:
    built = channels(make_settings, **SETTINGS[name])
    assert list(built) == ["web", name]
    channel = built[name]
    assert isinstance(channel, PushChannel) and channel.name == name
    assert PATHS[name] in {route.path for route in channel.router().routes}  # type: ignore[attr-defined]


def test_every_line_of_the_registry_names_its_channel(make_settings: Any) -> None:
    everything = {key: value for given in SETTINGS.values() for key, value in given.items()}
    built = channels(make_settings, **everything)
    assert list(built) == list(registry.CHANNELS)
    assert {name: channel.name for name, channel in built.items()} == {name: name for name in built}


async def test_a_channel_that_is_not_configured_has_no_webhook(stack: Any) -> None:
    for path in PATHS.values():
        assert (await stack.http.post(path, content=b"{}")).status_code == 404
