"""Learns which words and letters speak for Vietnamese and which for English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from bot.understanding.language import LanguageIdentifier, grams_of, words_of


def train_identifier(
    vietnamese: Iterable[str], english: Iterable[str], regularization: float = 4.0
) -> LanguageIdentifier:
    """Learns from sentences; Vietnamese ones are folded, because their letters decide before this."""
    import numpy as np
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for label, sentences in ((True, vietnamese), (False, english)):
        for sentence in sentences:
            counts[label].update(dict.fromkeys(words_of(sentence), 1))
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
        indices += [vocabulary.setdefault(gram, len(vocabulary)) for gram in grams_of(word)]
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
    made = LanguageIdentifier(grams=grams, bias=float(model.intercept_[0]))
    known: dict[str, float] = {}
    for word in dict.fromkeys(row[0] for row in rows):
        there, here = counts[True][word] / totals[True], counts[False][word] / totals[False]
        seen = float(np.log((there + 2e-5) / (here + 2e-5)))
        trust = min(1.0, (counts[True][word] + counts[False][word]) / 6)
        known[word] = round(trust * seen + (1 - trust) * made.shape(word), 3)
    return replace(made, words=known)
