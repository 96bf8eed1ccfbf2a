"""Intent classification: sparse n-grams, a linear model, calibrated probabilities; at run time numpy only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.understanding.bags import Bags
from bot.understanding.features import grams, grams_of, wording
from bot.understanding.separators import fitted

_MIN_COUNT = 3
_MAX_GRAMS = 160_000
_REMEMBERED = 2_000
"""Short wordings whose probabilities are kept; citizens ask much in the same words."""
_SHORT = 40
"""Words, up to which a wording may come again."""
_TOLERANCE = 1.0
"""Of the optimizer. With 2.0 it takes a tenth less and as many of 3,058 messages of our own are right (2,837;
2,831), but of 602 out of scope 559 instead of 567 are rejected, and what is changes with each training; 0.5
(570) takes a fifth longer."""


@dataclass(slots=True)
class IntentModel:
    """A linear model over n-grams. `weights` has one row a gram, one column a label."""

    labels: list[str]
    vocabulary: dict[str, int]
    idf: NDArray[np.float32]
    weights: NDArray[np.float16]
    bias: NDArray[np.float32]
    temperature: float = 1.0
    _seen: Callable[[tuple[str, ...], bool], NDArray[np.float64]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Remembers what it was asked last; a model does not change once it is trained."""
        self._seen = lru_cache(_REMEMBERED)(self._of_wording)

    @classmethod
    def train(
        cls,
        texts: Sequence[str],
        labels: Sequence[str],
        groups: Sequence[int] | None = None,
        c: float = 1.0,
        temperature: float | None = None,
        bags: Bags | None = None,
        beside: bool = False,
    ) -> IntentModel:
        """Learns from texts (normalized).

        Texts of one group are copies of one sentence: they share its weight (by the square root of their
        number) and stay on one side when the probabilities are calibrated. A `temperature` measured before
        saves measuring it, which takes as long as the training itself. `bags` are the texts' grams where
        they are known already. `beside` uses a second core, which a process of one thread may.
        """
        bags = bags or Bags.of(grams(text) for text in texts)
        names = sorted(set(labels))
        model, matrix = cls._vectorizer(bags, names)
        number = {name: i for i, name in enumerate(names)}
        target = np.array([number[label] for label in labels])
        copies = Counter(groups or ())
        weights = (
            np.array([copies[group] ** -0.5 for group in groups or ()]) if groups else np.ones(len(texts))
        )
        weights /= weights.mean()
        if temperature is not None:
            model.temperature = temperature
        elif groups is not None and len(copies) > 20:
            model.temperature = _temperature(matrix, target, np.array(groups), weights, c)
        model.weights, model.bias = fitted(matrix, target, weights, c, _TOLERANCE, beside)
        model._prune()
        return model

    @classmethod
    def _vectorizer(cls, bags: Bags, names: list[str]) -> tuple[IntentModel, Any]:
        """A model that knows the grams and nothing else, and its sparse matrix of the bags."""
        from scipy.sparse import csr_matrix

        seen = np.bincount(bags.columns, minlength=len(bags.grams))
        kept = np.argsort(-seen, kind="stable")[:_MAX_GRAMS]
        kept = kept[seen[kept] >= _MIN_COUNT]
        vocabulary = {bags.grams[gram]: i for i, gram in enumerate(kept.tolist())}
        idf = (np.log((1 + len(bags)) / (1 + seen[kept])) + 1).astype(np.float32)
        empty = np.zeros((len(kept), len(names)), dtype=np.float16)
        model = cls(names, vocabulary, idf, empty, np.zeros(len(names), dtype=np.float32))

        place = np.full(len(bags.grams), -1, dtype=np.int32)
        place[kept] = np.arange(len(kept), dtype=np.int32)
        columns, rows = place[bags.columns], bags.row_of
        inside = columns >= 0
        columns, rows, values = columns[inside], rows[inside], bags.values[inside]
        values = values * idf[columns]
        lengths = np.sqrt(np.bincount(rows, values.astype(np.float64) ** 2, minlength=len(bags)))
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(bags)))])
        shape = (len(bags), len(kept))
        return model, csr_matrix(((values / lengths[rows]).astype(np.float32), columns, starts), shape=shape)

    def _vector(self, bag: Mapping[str, float]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        get = self.vocabulary.get
        pairs = [(i, value) for gram, value in bag.items() if (i := get(gram)) is not None]
        if not pairs:
            return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
        indices = np.fromiter((i for i, _ in pairs), dtype=np.int32, count=len(pairs))
        values = np.fromiter((v for _, v in pairs), dtype=np.float32, count=len(pairs)) * self.idf[indices]
        return indices, values / float(np.sqrt(values @ values))

    def _prune(self) -> None:
        """Forgets grams that hardly speak for any label, so that the model stays small."""
        strength = np.abs(self.weights.astype(np.float32)).max(axis=1) * self.idf
        keep = np.flatnonzero(strength >= 0.02)
        order = {int(old): new for new, old in enumerate(keep)}
        self.vocabulary = {gram: order[i] for gram, i in self.vocabulary.items() if i in order}
        self.idf, self.weights = self.idf[keep], self.weights[keep]

    def probabilities(self, text: str) -> NDArray[np.float64]:
        """One probability a label, in the order of `labels`; not to be written to."""
        words, asks = wording(text)
        return (self._seen if len(words) <= _SHORT else self._of_wording)(words, asks)

    def _of_wording(self, words: tuple[str, ...], asks: bool) -> NDArray[np.float64]:
        indices, values = self._vector(grams_of(words, asks))
        scores = self.bias + values @ self.weights.take(indices, axis=0).astype(np.float32)
        made = softmax(scores * self.temperature)
        made.flags.writeable = False
        return made

    def ranking(self, text: str) -> list[tuple[str, float]]:
        """Labels with their probabilities, most likely first."""
        return ranked(self.labels, self.probabilities(text))


def ranked(labels: Sequence[str], probabilities: NDArray[np.float64]) -> list[tuple[str, float]]:
    """Labels with their probabilities, most likely first."""
    values = probabilities.tolist()
    return [(labels[i], values[i]) for i in np.argsort(-probabilities, kind="stable").tolist()]


def softmax(scores: NDArray[Any]) -> NDArray[np.float64]:
    """Probabilities of scores along the last axis."""
    raised = np.exp(np.asarray(scores, dtype=np.float64) - scores.max(axis=-1, keepdims=True))
    made: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return made


def _temperature(
    matrix: Any, target: NDArray[Any], groups: NDArray[Any], weights: NDArray[Any], c: float
) -> float:
    """The factor on scores that makes probabilities honest, found on a fifth that the model does not see."""
    from sklearn.svm import LinearSVC

    held = groups % 5 == 0
    if len(set(target[~held])) < len(set(target)):
        return 4.0
    svc = LinearSVC(C=c, dual=True, random_state=0, tol=_TOLERANCE)
    scores = svc.fit(matrix[~held], target[~held], sample_weight=weights[~held]).decision_function(
        matrix[held]
    )
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1)
    rows = np.arange(len(scores))
    factors = np.geomspace(0.8, 12, 30)
    losses = [-np.log(softmax(scores * f)[rows, target[held]] + 1e-12).mean() for f in factors]
    return float(factors[int(np.argmin(losses))])
