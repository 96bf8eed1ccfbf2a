"""The encoder's opinion on the intent: a linear head on sentence vectors, asked where n-grams are unsure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.understanding.intents import softmax


@dataclass(slots=True)
class EncoderHead:
    """Multinomial logistic regression on centred vectors."""

    labels: list[str]
    mean: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    @classmethod
    def train(cls, vectors: NDArray[np.float16], labels: Sequence[str], c: float = 4.0) -> EncoderHead:
        """Learns from one vector a sentence."""
        from sklearn.linear_model import LogisticRegression

        names = sorted(set(labels))
        full = vectors.astype(np.float32)
        mean = full.mean(axis=0)
        # e5's vectors lie close together (cosines of .75 and more): spread them for the regularizer.
        model = LogisticRegression(C=c, max_iter=120, tol=1e-3).fit((full - mean) * _SPREAD, np.array(labels))
        weights, bias = model.coef_, model.intercept_
        if len(names) == 2:
            weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
        return cls(names, mean, (weights.T * _SPREAD).astype(np.float32), bias.astype(np.float32))

    def probabilities(self, vector: NDArray[np.float32]) -> NDArray[np.float64]:
        """One probability a label, in the order of `labels`."""
        return softmax((vector - self.mean) @ self.weights + self.bias)


_SPREAD = 5.0
