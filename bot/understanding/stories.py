"""Stories told before a question ("em ở Móng Cái muốn sang bên kia, làm sổ thông hành ở đâu"): the last words
decide which question it is. Copies of short questions behind stories of other sentences teach that. Seeded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from zlib import crc32

from bot.understanding.data import Sentence

ABOUT_PROCEDURES = re.compile(r"^ask_(?!merged|digital|capab)")
"""The intents that ask about a procedure; who tells a story before one of them could ask another."""
_LAST_CLAUSE = re.compile(r"^(?P<story>.+?)[,.]\s+(?P<question>[^,.]+)$")
_STORY = range(4, 26)
_QUESTION = range(1, 9)
"""Words of a story, and of a question that may stand behind any story."""
_JOINTS = {"vi": (", ", ". ", " thì ", " "), "en": (", ", ". ", " and ", " ")}
_DRAWERS = 64


class Stories:
    """What people tell before they ask, by language, and what they ask then."""

    def __init__(self, sentences: Sequence[Sentence], asks: Callable[[str, str], bool]) -> None:
        """`asks` tells whether something asks in a text of a language."""
        self._asks = asks
        self.drawers: dict[tuple[str, int], list[str]] = {}
        """All stories, by language and the drawer that each lies in."""
        for sentence in sentences:
            if ABOUT_PROCEDURES.match(sentence.intent) and (story := self._story(sentence)):
                drawer = crc32(story.encode()) % _DRAWERS
                self.drawers.setdefault((sentence.language, drawer), []).append(story)

    def _story(self, sentence: Sentence) -> str | None:
        """What a sentence tells before it asks, or the whole of one that asks nothing."""
        split = _LAST_CLAUSE.match(sentence.text)
        for told in (split["story"] if split else "", sentence.text.rstrip(".!")):
            if len(told.split()) in _STORY and not self._asks(told, sentence.language):
                return told
        return None

    def copies(self, sentence: Sentence, random: Random, number: int) -> list[str]:
        """The question of `sentence` behind `number` stories; none where it asks nothing by itself.

        A new sentence changes few of the copies of others: each looks into one of many drawers.
        """
        if not ABOUT_PROCEDURES.match(sentence.intent):
            return []
        split = _LAST_CLAUSE.match(sentence.text)
        question = split["question"] if split else sentence.text
        if len(question.split()) not in _QUESTION or not self._asks(question, sentence.language):
            return []
        found = [self.drawers.get((sentence.language, random.randrange(_DRAWERS))) for _ in range(number)]
        question = question[0].lower() + question[1:]
        joints = _JOINTS.get(sentence.language, (", ",))
        return [random.choice(stories) + random.choice(joints) + question for stories in found if stories]
