"""The channels that there are, one line each; those without settings are not built."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import httpx

from channels.base import Channel
from channels.broker import Broker
from channels.media import MediaStore
from channels.reception import Reception
from channels.sender import Sender
from channels.store import Store
from troly.privacy import Keyring
from troly.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What a channel may use."""

    settings: Settings
    store: Store
    http: httpx.AsyncClient
    """For platforms: no proxy of the environment, no cookies, no redirects."""
    reception: Reception
    sender: Sender
    broker: Broker
    media: MediaStore
    keyring: Keyring


CHANNELS = {
    "web": "channels.web.channel",
    "telegram": "channels.telegram",
    "zalo_oa": "channels.zalo_oa",
    "zalo_bot": "channels.zalo_bot",
}
"""Name -> the module whose build(parts) makes the channel, or gives None when its settings are empty."""


def build(parts: Parts) -> dict[str, Channel]:
    """The channels of this deployment by name. Raises SettingError for one that is half configured."""
    built: dict[str, Channel] = {}
    for name, module in CHANNELS.items():
        channel: Channel | None = importlib.import_module(module).build(parts)
        if channel is not None:
            built[name] = channel
    return built
