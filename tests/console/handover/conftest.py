"""A gateway with real delivery on a port, its console, and officials who are signed in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import Request, Response

from tests.channels.conftest import make_settings, push, rasa, remember, stack, start  # noqa: F401
from tests.console.conftest import Office

ASK = "cho gặp người"


def answering(status: str, said: str = "…", **record: Any) -> list[dict[str, Any]]:
    """What Rasa answers, with this record."""
    answer = {"status": status, "intent": "talk_to_human", "language": "vi", "sources": []} | record
    return [{"text": said}, {"custom": {"language": "vi", "links": [], "answer": answer}}]


class Understanding:
    """What /model/parse gives for a text."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gives: dict[str, dict[str, Any]] = {}

    async def __call__(self, request: Request) -> Response:
        said = (await request.json())["text"]
        self.asked.append(said)
        given = self.gives.get(said, {"intent": {"name": "greet"}})
        return Response(json.dumps(given), media_type="application/json")


@pytest.fixture
def understanding(rasa: Any) -> Understanding:  # noqa: F811
    """Rasa also understands without answering."""
    made = Understanding()
    rasa.app.add_api_route("/model/parse", made.__call__, methods=["POST"])
    return made


@pytest.fixture(autouse=True)
def speaking(rasa: Any) -> None:  # noqa: F811
    """Rasa asks for an official when it is asked to, and echoes otherwise."""
    said = {
        ASK: lambda: answering("handed_over", "đã báo"),
        "/tell_handover_expired": lambda: answering("answered", "không ai đến, để lại tin nhắn?"),
        "để lại tin": lambda: answering("answered", "đã ghi", handover={"wish": "message"}),
    }
    rasa.behave = lambda _sender, message, _seen: said[message]() if message in said else None


@pytest.fixture
async def counter(stack: Any) -> AsyncIterator[Office]:  # noqa: F811
    """The console of the gateway."""
    office = Office(stack.gateway.settings, stack.gateway.store, stack.app)
    yield office
    for client in office.clients:
        await client.aclose()
