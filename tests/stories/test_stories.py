"""Whole conversations, written as data: one file a subject, the same subjects in both languages."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from troly.clock import VIETNAM

sys.path.insert(0, str(Path(__file__).parent))

_FOLDER = Path(__file__).parent
_LANGUAGES = ("vi", "en")
CLOCKS = ("actions.person", "actions.offices", "actions.office_form")
"""Modules whose time is that of the story."""


def _stories() -> list[Any]:
    found = []
    for path in sorted(_FOLDER.glob("*/*.yml")):
        for story in yaml.safe_load(path.read_text(encoding="utf-8")):
            name = f"{path.parent.name}-{path.stem}-{story['story']}"
            told = (path.parent.name, story["turns"], story.get("at"), story.get("portal"))
            found.append(pytest.param(*told, id=name))
    return found


def test_both_languages_have_stories_about_the_same_subjects() -> None:
    subjects = [{path.name for path in (_FOLDER / language).glob("*.yml")} for language in _LANGUAGES]
    assert subjects[0] == subjects[1] != set()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("language", "turns", "at", "failure"), _stories())
async def test_the_story_goes_as_it_is_written(
    agent: Any,
    language: str,
    turns: list[dict[str, Any]],
    at: str | None,
    failure: dict[str, Any] | None,
    portal_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each turn says something and names what its answer record, words and buttons must hold.

    `at` is the time of a story in which office hours matter: 2026-11-23T09:00, in Vietnam; `portal` is what
    goes wrong at the demo portal (portal/demo/controls.py).
    """
    from harness import Conversation, meet

    if at:
        moment = datetime.fromisoformat(at).replace(tzinfo=VIETNAM)
        for module in CLOCKS:
            monkeypatch.setattr(f"{module}.now", lambda: moment)
    name = uuid.uuid4().hex
    await meet(agent, name)
    conversation = Conversation(agent, name, language_hint=language)
    with _failing(portal_port, failure):
        await _told(conversation, language, turns)


@contextmanager
def _failing(port: int, failure: dict[str, Any] | None) -> Iterator[None]:
    """The demo portal fails as told, until the story is over."""
    address = f"http://127.0.0.1:{port}/demo/fail"
    if failure:
        httpx.post(address, json=failure, trust_env=False).raise_for_status()
    try:
        yield
    finally:
        if failure:
            httpx.post(address, json={"mode": "off"}, trust_env=False).raise_for_status()


async def _told(conversation: Any, language: str, turns: list[dict[str, Any]]) -> None:
    for turn in turns:
        replies = await conversation.say(turn["say"])
        assert replies and all(reply.text for reply in replies), turn
        records = [reply.answer for reply in replies if reply.answer]
        assert len(records) == 1, (turn, replies)
        record = records[0]
        text = "\n".join(reply.text for reply in replies)
        shown = (turn, record, text)
        assert record["language"] == turn.get("language", language), shown
        for field in ("status", "intent", "aspect", "application_code"):
            if field in turn:
                assert record[field] == turn[field], shown
        if "procedure" in turn:
            assert record["procedure_code"] == turn["procedure"], shown
        if record["status"] == "answered" and record["procedure_code"]:
            assert record["sources"], shown
        for words in turn.get("has", []):
            assert words in text, shown
        titles = [button["title"] for reply in replies for button in reply.buttons]
        for title in turn.get("buttons", []):
            assert title in titles, (turn, titles)
        for title in turn.get("no_buttons", []):
            assert title not in titles, (turn, titles)
        for words in turn.get("lacks", []):
            assert words not in text, shown
