"""Turns the authors' sentences into what citizens type: stripped, hurried and about any procedure. Seeded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from bot.understanding.data import Sentence
from bot.understanding.noise import reversed_shorthand, teencode, typos, unaccented
from bot.understanding.stories import ABOUT_PROCEDURES, Stories
from bot.understanding.tokens import APPLICATION_LIKE
from troly.text import fold

_SWAPS = {"vi": 2, "en": 3}
"""Copies of a sentence about another procedure: what is asked must not hang on what it is about."""
_STORIES = 2
"""Copies of a question behind a story."""
_ABOUT_AN_APPLICATION = {
    "check_application_status", "report_overdue", "subscribe_status", "unsubscribe_status", "talk_to_human",
}  # fmt: skip
_CODE = {"vi": "mã", "en": "code", "zh": "", "ko": "", "ja": ""}


@dataclass(frozen=True, slots=True)
class Row:
    """A training row; rows of one sentence share its group, so that calibration never sees a twin."""

    text: str
    intent: str
    group: int


def augment(
    sentences: Sequence[Sentence],
    plain: Mapping[str, str],
    names: Mapping[str, Sequence[str]],
    seed: int = 20260701,
    stories: Stories | None = None,
) -> list[Row]:
    """Every sentence, and copies of it: without marks, with teencode, with typos, about other procedures.

    `names` holds everyday names of procedures by language; one found in a sentence is exchanged for others.
    """
    shorthand = reversed_shorthand(plain)
    patterns = {language: _alternatives(found) for language, found in names.items() if found}
    rows: list[Row] = []
    for group, sentence in enumerate(sentences):
        # From its own text: a new sentence leaves the copies of all others as they are, and their features.
        random = Random(f"{seed} {sentence.language} {sentence.text}")  # noqa: S311 - repeatable, no secret
        versions = [sentence.text]
        if ABOUT_PROCEDURES.match(sentence.intent) and sentence.language in patterns:
            pattern, pool = patterns[sentence.language]
            versions += _about_others(sentence.text, pattern, pool, random, _SWAPS[sentence.language])
        if stories is not None:
            versions += stories.copies(sentence, random, _STORIES)
        if sentence.intent in _ABOUT_AN_APPLICATION and not APPLICATION_LIKE.search(sentence.text):
            # Whoever asks about an application may name it: a code alone must not decide the intent.
            versions.append(f"{sentence.text} {_CODE[sentence.language]} {_code(random)}".replace("  ", " "))
        written: list[str] = []
        for version in versions:
            written.append(version)
            if sentence.language == "vi":
                written.append(unaccented(version, random))
                written.append(teencode(version, shorthand, random))
            # Of the author's own words alone: typos in other names teach nothing more, and take time.
            if sentence.language in {"vi", "en"} and version == sentence.text:
                noisy = typos(version, random)
                written.append(unaccented(noisy, random) if random.random() < 0.4 else noisy)
        rows += [Row(text, sentence.intent, group) for text in dict.fromkeys(written)]
    return rows


def _code(random: Random) -> str:
    day = f"{random.randint(24, 26)}{random.randint(1, 12):02}{random.randint(1, 28):02}"
    return f"H{random.randint(10, 63)}.{random.randint(1, 60):02}-{day}-{random.randint(1, 2000):04}"


def _alternatives(names: Sequence[str]) -> tuple[re.Pattern[str], list[str]]:
    # Short names only: a whole situation ("vợ mới sinh cần làm gì") would bring a question of its own.
    pool = sorted({name for name in names if 2 <= len(name.split()) <= 7 and "?" not in name})
    longest = sorted({fold(name) for name in pool}, key=lambda name: (-len(name), name))
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)"), pool


def _about_others(
    text: str, pattern: re.Pattern[str], pool: Sequence[str], random: Random, copies: int
) -> list[str]:
    folded = fold(text)
    match = pattern.search(folded) if len(folded) == len(text) else None
    if match is None:
        return []
    return [text[: match.start()] + random.choice(pool) + text[match.end() :] for _ in range(copies)]
