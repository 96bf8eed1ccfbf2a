"""The sentences of a training in the order and the form in which the components learn them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bot import learned_examples
from bot.understanding import data
from troly.settings import ROOT

BRACKETS = str.maketrans("[]", "()")
"""What square brackets become, which Rasa's own files would read as entity marks."""


def sentences(root: Path = ROOT / "nlu_data") -> list[tuple[str, str, str]]:
    """(intent, language, text) of every sentence, each once, ordered by intent and language: the authors',
    and the examples that staff accepted (learned_examples.copied).

    Seeded augmentation (bot/understanding/augment.py) runs inside the intent classifier: Rasa would take ten
    times as long to hand on 25,000 copies as they take to make, and the other components must not learn them.
    """
    authored = [(one.intent, one.language, one.text.strip()) for one in data.sentences(root)]
    if learned := learned_examples.current():
        authored = learned_examples.joined(authored, learned)
    found = [(intent, language, text.translate(BRACKETS)) for intent, language, text in authored]
    # The sort is stable: within a file the authors' order stays.
    return sorted(dict.fromkeys(found), key=lambda one: one[:2])


def fingerprint(found: list[tuple[str, str, str]]) -> str:
    """Changes when a sentence does."""
    digest = hashlib.sha256()
    for one in found:
        digest.update("\t".join(one).encode() + b"\n")
    return digest.hexdigest()[:32]
