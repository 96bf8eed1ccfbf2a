"""The stories again, through an engine that is not Rasa's."""

from __future__ import annotations

import sys
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from troly.clock import VIETNAM

sys.path.insert(0, str(Path(__file__).parent))

import test_stories as stories
from harness import Said, meet
from second_engine import Engine, Rules, for_agent

KNOWN_FAILURES: set[str] = set()
"""Stories that need what the second engine does not do; one that passes leaves the list."""


class Conversation:
    """One citizen talking to the second engine."""

    def __init__(self, engine: Engine, name: str, hint: str) -> None:
        self._engine = engine
        self._name = name
        self._hint = hint

    async def say(self, text: str) -> list[Said]:
        metadata = {"channel": "test", "language_hint": self._hint, "message_id": text[:20]}
        replies = await self._engine.answer(self._name, text, metadata)
        return [Said(one["text"], one.get("buttons", []), one["custom"]) for one in replies]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("language", "turns", "at", "failure"), stories._stories())
async def test_the_story_goes_the_same_way(
    agent: Any,
    language: str,
    turns: list[dict[str, Any]],
    at: str | None,
    failure: dict[str, Any] | None,
    portal_port: int,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    if at:
        moment = datetime.fromisoformat(at).replace(tzinfo=VIETNAM)
        for module in stories.CLOCKS:
            monkeypatch.setattr(f"{module}.now", lambda: moment)
    known = request.node.callspec.id in KNOWN_FAILURES
    name = uuid.uuid4().hex
    await meet(agent, name)
    try:
        with stories._failing(portal_port, failure):
            await stories._told(Conversation(for_agent(agent), name, language), language, turns)
    except AssertionError:
        if known:
            pytest.xfail("the second engine does not do this")
        raise
    assert not known, "it passes now: take it off the list"


def test_a_rule_of_a_new_kind_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "new.yml").write_text("rules:\n  - {rule: odd, steps: [{action: utter_greet}]}\n", "utf-8")
    with pytest.raises(ValueError, match="odd"):
        Rules.read(tmp_path)
