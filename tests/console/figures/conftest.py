"""What pages of figures do behind themselves is over before a test's database goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from console.figures import rolling, unmet


@pytest.fixture(autouse=True)
async def settled(open_office: Any) -> AsyncIterator[None]:
    """Wait for counting and filling."""
    yield
    tasks = [*rolling._running.values(), *unmet._filling.values()]
    here = asyncio.get_running_loop()
    await asyncio.gather(*(task for task in tasks if not task.done() and task.get_loop() is here))
