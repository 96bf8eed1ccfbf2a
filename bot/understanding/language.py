"""Which language one message is written in, and whether it says so at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.understanding.borrowed import Borrowed
from bot.understanding.mashed import only_keys
from bot.understanding.spelling import Speller
from bot.understanding.syllables import vietnamese_shaped
from bot.understanding.tokens import CJK, LETTERS, URL
from troly.text import strip_accents

_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")
_VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉĩịọỏốồổỗộớờởỡợụủũứừửữựỳỵỷỹ]", re.IGNORECASE)
_CAP = 3.0
"""No single word decides a long message."""
_EVIDENCE = 2.0
"""The sum below which a message says nothing about its language."""
_HINT_OF_ENGLISH = 0.8
"""The same where no word could be Vietnamese."""
_MOST_MARKED = 2.5
"""One word in so many with Vietnamese letters makes a message Vietnamese, whatever the others are."""
_PARTICLES = frozenset({"nha", "nhé", "nhe", "ạ", "ad", "ơi", "oi", "hen", "nghen", "hả", "hihi"})
"""What Vietnamese put behind a short English phrase ("thank you nha"); no English word ends a sentence so."""
_NAME = 2
"""Words that are copied off a paper with their marks; whoever writes more of them so writes Vietnamese."""
_SHORT = 8
_LONG = 5
"""Letters from which on a slip of the keyboard is told from another word."""
_VOWEL = re.compile(r"[aeiouy]")


@dataclass(slots=True)
class LanguageIdentifier:
    """Script, then Vietnamese letters, then the evidence of each word (positive: Vietnamese)."""

    words: dict[str, float] = field(default_factory=dict)
    grams: dict[str, float] = field(default_factory=dict)
    bias: float = 0.0
    hints: Mapping[str, float] = field(default_factory=dict)
    neutral: frozenset[str] = frozenset()
    borrowed: Borrowed = field(default_factory=Borrowed)
    _english: Speller = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Slips of the keyboard are told by the English words that were seen."""
        self._english = Speller.train(
            word for word, said in self.words.items() if said <= -_EVIDENCE and len(word) >= _LONG
        )

    def identify(self, text: str) -> str | None:
        """vi, en, zh, ko, ja, other, or None where the message gives no evidence (ok, a number, a code)."""
        text = URL.sub(" ", text)
        letters = sum(len(run) for run in LETTERS.findall(text))
        if letters == 0:
            return None
        latin = len(_LATIN.findall(text))
        signs = len(CJK.findall(text))
        if signs * 3 >= letters:
            if _KANA.search(text):
                return "ja"
            return "ko" if len(_HANGUL.findall(text)) * 2 >= signs else "zh"
        if latin * 2 < letters:
            return "other"
        words = words_of(text, fold=False)
        if self.borrowed.only_names(text) and (len(words) <= _NAME or not _VIETNAMESE.search(text)):
            return None
        if self._english_around(text):
            return "en"
        evidence = sum(self._word(strip_accents(word)) for word in words)
        marked = sum(bool(_VIETNAMESE.search(word)) for word in words)
        # Marks that French or Spanish also have speak for Vietnamese, but do not decide alone.
        evidence += 1.5 * sum(not word.isascii() for word in words)
        if marked and (marked * _MOST_MARKED >= len(words) or evidence > -_EVIDENCE):
            return "vi"
        if evidence >= _EVIDENCE or (len(words) > 1 and len(words) <= _SHORT and words[-1] in _PARTICLES):
            return "vi"
        if evidence <= -_EVIDENCE:
            return "en"
        # A slip of the keyboard leaves little evidence, but hardly ever makes a Vietnamese syllable.
        foreign = not any(len(word) < 3 or vietnamese_shaped(strip_accents(word)) for word in words)
        return "en" if foreign and evidence <= -_HINT_OF_ENGLISH else None

    def evidence(self, text: str) -> float:
        """Sum over the words, each capped: above 2 Vietnamese, below -2 English."""
        return sum(self._word(word) for word in words_of(text))

    def _english_around(self, text: str) -> bool:
        """Whether what stands around Vietnamese names and greetings is English."""
        rest = self.borrowed.rest(text)
        if rest is None or rest[-1] in _PARTICLES or any(_VIETNAMESE.search(word) for word in rest):
            return False
        return sum(self._word(word) for word in rest if word not in self.borrowed.loans) <= -_EVIDENCE

    def _word(self, word: str) -> float:
        if word in self.neutral or len(word) == 1 or only_keys(word):
            return 0.0
        known = self.words.get(word)
        if known is None:
            known = self._unseen(word)
        if (hint := self.hints.get(word)) is not None:
            known = max(known, hint) if hint > 0 else min(known, hint)
        return max(-_CAP, min(_CAP, known))

    def _unseen(self, word: str) -> float:
        if not _VOWEL.search(word):
            return 0.0
        if len(word) >= _LONG and not vietnamese_shaped(word):
            meant = self._english.mend(word)
            if meant != word:
                return self.words.get(meant, 0.0) or self.shape(meant)
        return self.shape(word)

    def shape(self, word: str) -> float:
        """The evidence of a word by its letters alone."""
        return self.bias + sum(self.grams.get(gram, 0.0) for gram in grams_of(word))

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe state."""
        return {
            "words": self.words,
            "grams": {gram: round(weight, 3) for gram, weight in self.grams.items()},
            "bias": self.bias,
            "hints": dict(self.hints),
            "neutral": sorted(self.neutral),
            "borrowed": self.borrowed.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LanguageIdentifier:
        """The identifier that to_dict() described."""
        return cls(
            data["words"],
            data["grams"],
            data["bias"],
            data["hints"],
            frozenset(data["neutral"]),
            Borrowed.from_dict(data.get("borrowed", {})),
        )


def words_of(text: str, fold: bool = True) -> list[str]:
    """The words that tell a language, in lower case and, where `fold`, without marks."""
    words = [
        word
        for word in re.findall(r"[^\W_]+(?:['’][a-z]+)?", text.lower())
        if not any(c.isdigit() for c in word)
    ]
    return [strip_accents(word) for word in words] if fold else words


def grams_of(word: str) -> Sequence[str]:
    """The runs of one to four letters of a word with its edges."""
    padded = f"<{word}>"
    return [padded[i : i + n] for n in (1, 2, 3, 4) for i in range(len(padded) - n + 1)]
