"""A gateway with real delivery on a port, its console, and an administrator who is signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.channels.conftest import make_settings, push, rasa, stack, start  # noqa: F401
from tests.console.conftest import Office


@pytest.fixture
async def counter(stack: Any) -> AsyncIterator[Office]:  # noqa: F811
    """The console of the gateway."""
    await stack.gateway.broadcasts.stop()  # a test has its own
    office = Office(stack.gateway.settings, stack.gateway.store, stack.app)
    yield office
    for client in office.clients:
        await client.aclose()
