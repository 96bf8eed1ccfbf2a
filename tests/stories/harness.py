"""Plays a conversation through Rasa's agent, our generator, store and actions, in one process.

Only the portal is reached over HTTP (the demo portal on loopback); the action server is called as its
own code, with the JSON that Rasa would send.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection
from sqlalchemy import insert

from bot.action_endpoint import PooledEndpoint
from bot.rest_channel import Replies


class InProcessActions(PooledEndpoint):
    """An action endpoint that runs the actions here, through rasa-sdk's executor."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1/webhook", enable_selective_domain=True)
        self._executor = ActionExecutor()
        self._executor.register_package("actions")

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        from rasa.utils.endpoints import ClientResponseError

        call = json.loads(json.dumps(kwargs["json"]))
        try:
            result = await self._executor.run(call)
        except ActionExecutionRejection as declined:
            body = json.dumps({"error": str(declined), "action_name": declined.action_name})
            raise ClientResponseError(400, "declined", body) from None
        return result.model_dump() if hasattr(result, "model_dump") else result


@dataclass
class Said:
    """One reply: its text, its buttons, and the structure beside it."""

    text: str
    buttons: list[dict[str, str]] = field(default_factory=list)
    custom: dict[str, Any] = field(default_factory=dict)

    @property
    def answer(self) -> dict[str, Any] | None:
        """The answer record."""
        return self.custom.get("answer")


class Conversation:
    """One citizen talking."""

    def __init__(self, agent: Any, name: str, language_hint: str | None = None) -> None:
        self._agent = agent
        self._name = name
        self._hint = language_hint

    async def say(self, text: str) -> list[Said]:
        """Send a message (or a button's payload) and return the replies."""
        channel = Replies()
        metadata = {"channel": "test", "language_hint": self._hint, "message_id": text[:20]}
        await self._agent.handle_message(
            UserMessage(text, channel, self._name, input_channel="rest", metadata=metadata)
        )
        replies: list[Said] = []
        for item in channel.messages:
            if "custom" in item:
                replies[-1].custom = item["custom"]
            else:
                replies.append(Said(item.get("text", ""), item.get("buttons", [])))
        return replies

    async def ask(self, text: str) -> Said:
        """Send a message that has exactly one reply."""
        replies = await self.say(text)
        assert len(replies) == 1, replies
        return replies[0]

    async def tracker(self) -> Any:
        """The stored tracker."""
        return await self._agent.tracker_store.retrieve(self._name)


async def meet(agent: Any, name: str) -> None:
    """Store the conversation, as the gateway does before Rasa hears of it."""
    from troly.clock import now
    from troly.tables.conversations import Conversation as Row

    async with agent.tracker_store._engine.begin() as connection:
        values = {"id": name, "channel": "web", "created_at": now(), "active_at": now()}
        await connection.execute(insert(Row).values(values))


async def load(model: Path, settings: Any, store: Any) -> Any:
    """The agent of bot/server.py with in-process actions."""
    from bot import patches, server
    from troly import log

    patches.apply()
    log.configure("error", process="stories")
    agent = await server.load_agent(model, settings, store)
    endpoint = InProcessActions()
    agent.action_endpoint = endpoint
    agent.processor.action_endpoint = endpoint
    return agent
