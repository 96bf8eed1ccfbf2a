"""Similar messages come together, others stay apart, and ten thousand of them take seconds."""

from __future__ import annotations

import random
import time

import pytest

from console.review.grouping import Groups, Rarity
from console.review.known import known


@pytest.fixture(scope="module")
def rarity() -> Rarity:
    """As the project's sentences have it."""
    return known().rarity


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("phi lam can cuoc", "phi lam can cuoc", True),
        ("lam lai can cuoc bi mat o dau", "lam lai can cuoc bi mat o dau a", True),
        ("xin giay phep nuoi ong lay mat o vuon", "xin giay phep nuoi ong lay mta o vuon", True),
        ("birth certificate for my baby", "birth certifcate for my baby", True),
        ("phi lam can cuoc", "phi lam ho chieu", False),
        ("dang ky khai sinh", "dang ky ket hon", False),
        ("how much is a passport", "how much is a driving licence", False),
        ("给新生儿办出生证明", "给新生儿办出生证明吧", True),
        ("给新生儿办出生证明", "护照多少钱", False),
    ],
)
def test_similar_messages_come_together(rarity: Rarity, first: str, second: str, together: bool) -> None:
    groups = Groups(rarity)
    groups.add(1, first, "vi|ask_fee|")
    assert (groups.like(second, "vi|ask_fee|") == 1) is together
    assert groups.like(second, "vi|ask_place|") is None


def test_ten_thousand_messages_are_grouped_in_seconds(rarity: Rarity) -> None:
    chance = random.Random(1)
    sentences = sorted(known().sentences)
    groups = Groups(rarity)
    started = time.process_time()
    for number in range(10_000):
        text = f"{chance.choice(sentences)} {chance.choice(['a', 'nhe', 'voi', ''])}".strip()
        if groups.like(text) is None:
            groups.add(number, text)
    assert time.process_time() - started < 30
    assert len(groups) < 8_000
