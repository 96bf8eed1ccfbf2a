"""Compiles nlu_data/ into Rasa's training data: the authors' sentences; the copies are made when training."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from bot.understanding import data
from troly.settings import ROOT


def compile_sentences(root: Path = ROOT / "nlu_data") -> dict[str, Any]:
    """The sentences of all languages by intent. Rasa hands each block's language to the components.

    Seeded augmentation (bot/understanding/augment.py) runs inside the intent classifier: Rasa would read
    25,000 copies ten times slower than they are made, and the other components must not learn from them.
    """
    blocks: dict[tuple[str, str], list[str]] = defaultdict(list)
    for sentence in data.sentences(root):
        # Square brackets would be read as Rasa's entity marks.
        blocks[sentence.intent, sentence.language].append(sentence.text.translate(BRACKETS))
    return {
        "version": "3.1",
        "nlu": [
            {
                "intent": intent,
                "metadata": {"language": language},
                "examples": "".join(f"- {text}\n" for text in dict.fromkeys(texts)),
            }
            for (intent, language), texts in sorted(blocks.items())
        ],
    }


def write(folder: Path) -> None:
    """Write nlu.yml for Rasa's trainer into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(compile_sentences(), allow_unicode=True, sort_keys=False, width=1_000_000)
    (folder / "nlu.yml").write_text(text, encoding="utf-8")


BRACKETS = str.maketrans("[]", "()")
"""What square brackets become, which Rasa would read as entity marks."""
