"""The authors' sentences in the order and the form in which the components learn them."""

from __future__ import annotations

from pathlib import Path

from bot.understanding import data
from troly.settings import ROOT

BRACKETS = str.maketrans("[]", "()")
"""What square brackets become, which Rasa's own files would read as entity marks."""


def sentences(root: Path = ROOT / "nlu_data") -> list[tuple[str, str, str]]:
    """(intent, language, text) of every sentence, each once, ordered by intent and language.

    Seeded augmentation (bot/understanding/augment.py) runs inside the intent classifier: Rasa would take ten
    times as long to hand on 25,000 copies as they take to make, and the other components must not learn them.
    """
    found = [(one.intent, one.language, one.text.strip().translate(BRACKETS)) for one in data.sentences(root)]
    # The sort is stable: within a file the authors' order stays.
    return sorted(dict.fromkeys(found), key=lambda one: one[:2])
