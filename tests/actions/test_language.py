"""The language is changed when asked, and honestly refused where there is none."""

from __future__ import annotations

from typing import Any

import pytest

from actions.language import ActionChangeLanguage


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_a_language_that_we_speak_is_taken_and_confirmed_in_it(act: Any, language: str) -> None:
    outcome = await act(ActionChangeLanguage(), "change_language", entities={"requested_language": language})
    assert outcome.said["response"] == "utter_language_changed"
    assert outcome.said["language"] == language
    assert outcome.slots == {"language": language}


async def test_another_language_is_refused(act: Any) -> None:
    outcome = await act(ActionChangeLanguage(), "change_language", entities={"requested_language": "ko"})
    assert outcome.said["answer"] == {"status": "refused"}
    assert outcome.slots == {}


async def test_without_a_language_it_asks_which(act: Any) -> None:
    outcome = await act(ActionChangeLanguage(), "change_language")
    assert outcome.said["response"] == "utter_ask_language"
    assert outcome.said["answer"] == {"status": "clarify"}
