"""Which language one message is written in, and whether it says so at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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
_SHORT = 8


@dataclass(slots=True)
class LanguageIdentifier:
    """Script, then Vietnamese letters, then the evidence of each word (positive: Vietnamese)."""

    words: dict[str, float] = field(default_factory=dict)
    grams: dict[str, float] = field(default_factory=dict)
    bias: float = 0.0
    hints: Mapping[str, float] = field(default_factory=dict)
    neutral: frozenset[str] = frozenset()

    @classmethod
    def train(
        cls, vietnamese: Iterable[str], english: Iterable[str], regularization: float = 4.0
    ) -> LanguageIdentifier:
        """Learns from sentences; Vietnamese ones are folded, because their letters decide before this."""
        import numpy as np
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LogisticRegression

        counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for label, sentences in ((True, vietnamese), (False, english)):
            for sentence in sentences:
                counts[label].update(dict.fromkeys(_words(sentence), 1))
        totals = {label: max(1, sum(counter.values())) for label, counter in counts.items()}
        rows: list[tuple[str, bool, float]] = [
            (word, label, (n / totals[label]) ** 0.5)
            for label, counter in counts.items()
            for word, n in counter.items()
        ]
        vocabulary: dict[str, int] = {}
        indices: list[int] = []
        starts = [0]
        for word, _, _ in rows:
            indices += [vocabulary.setdefault(gram, len(vocabulary)) for gram in _grams(word)]
            starts.append(len(indices))
        matrix = csr_matrix((np.ones(len(indices)), indices, starts), shape=(len(rows), len(vocabulary)))
        matrix.sum_duplicates()
        weights = np.array([row[2] for row in rows])
        labels = np.array([row[1] for row in rows])
        for label in (True, False):
            weights[labels == label] *= len(rows) / 2 / weights[labels == label].sum()
        model = LogisticRegression(C=regularization, solver="liblinear", max_iter=300)
        model.fit(matrix, labels, sample_weight=weights)
        grams = {
            gram: float(model.coef_[0][i]) for gram, i in vocabulary.items() if abs(model.coef_[0][i]) > 0.02
        }
        made = cls(grams=grams, bias=float(model.intercept_[0]))
        for word in dict.fromkeys(row[0] for row in rows):
            there, here = counts[True][word] / totals[True], counts[False][word] / totals[False]
            seen = float(np.log((there + 2e-5) / (here + 2e-5)))
            trust = min(1.0, (counts[True][word] + counts[False][word]) / 6)
            made.words[word] = round(trust * seen + (1 - trust) * made._shape(word), 3)
        return made

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
        evidence = self.evidence(text)
        words = _words(text, fold=False)
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
        return sum(self._word(word) for word in _words(text))

    def _word(self, word: str) -> float:
        if word in self.neutral or len(word) == 1:
            return 0.0
        known = self.words.get(word)
        if known is None:
            known = self._shape(word)
        if (hint := self.hints.get(word)) is not None:
            known = max(known, hint) if hint > 0 else min(known, hint)
        return max(-_CAP, min(_CAP, known))

    def _shape(self, word: str) -> float:
        return self.bias + sum(self.grams.get(gram, 0.0) for gram in _grams(word))

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe state."""
        return {
            "words": self.words,
            "grams": {gram: round(weight, 3) for gram, weight in self.grams.items()},
            "bias": self.bias,
            "hints": dict(self.hints),
            "neutral": sorted(self.neutral),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LanguageIdentifier:
        """The identifier that to_dict() described."""
        return cls(data["words"], data["grams"], data["bias"], data["hints"], frozenset(data["neutral"]))


def _words(text: str, fold: bool = True) -> list[str]:
    words = [
        word
        for word in re.findall(r"[^\W_]+(?:['’][a-z]+)?", text.lower())
        if not any(c.isdigit() for c in word)
    ]
    return [strip_accents(word) for word in words] if fold else words


def _grams(word: str) -> Sequence[str]:
    padded = f"<{word}>"
    return [padded[i : i + n] for n in (1, 2, 3, 4) for i in range(len(padded) - n + 1)]
