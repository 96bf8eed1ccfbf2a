"""The parts of one console, made once and handed to the routes."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from fastapi import Request

from channels.desk import Desk
from channels.store import Store
from troly.privacy import Keyring
from troly.settings import Settings


@dataclass(frozen=True, slots=True)
class Console:
    """What a route may need."""

    settings: Settings
    store: Store
    keyring: Keyring
    http: httpx.AsyncClient
    """For the OpenID provider, and for asking Rasa."""
    desk: Desk


def console_of(request: Request) -> Console:
    """The console that serves this request."""
    console: Console = request.app.state.console
    return console
