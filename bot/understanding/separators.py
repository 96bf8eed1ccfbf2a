"""One line between each label and all others, found on two cores; the same on any number of them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Lines = tuple[NDArray[np.float16], NDArray[np.float32]]
"""Weights and biases of labels."""

_PARTS = 2
"""Parts of the labels that are learned apart, which costs one label more ("any other") each. On two cores 34
labels take 11.4 s as a whole, 7.0 s in two parts, 12.3 s one by one."""
_MANY = 10_000
"""Rows from which a copy of the process is worth it."""


def fitted(
    matrix: Any,
    target: NDArray[Any],
    weights: NDArray[Any],
    c: float,
    tolerance: float,
    beside: bool = False,
) -> Lines:
    """Linear support vectors, each label against the rest.

    `matrix`: sparse, one row a text. `target`: the number of each row's label, from 0 without gaps.
    `weights`: one a row. `beside`: use a second core, which a process of one thread may. Gives one column of
    weights and one bias a label.
    """
    labels = int(target.max()) + 1
    number = _PARTS if len(target) >= _MANY else 1
    parts = [np.arange(start, labels, number) for start in range(number)]

    def learn(part: NDArray[Any]) -> Lines:
        return _part(matrix, target, weights, part, c, tolerance)

    found = _beside(learn, parts) if beside and number > 1 else map(learn, parts)
    coefficients = np.zeros((matrix.shape[1], labels), dtype=np.float16)
    bias = np.zeros(labels, dtype=np.float32)
    for part, (part_coefficients, part_bias) in zip(parts, found, strict=True):
        coefficients[:, part], bias[part] = part_coefficients.T, part_bias
    return coefficients, bias


def _beside(learn: Callable[[NDArray[Any]], Lines], parts: Sequence[NDArray[Any]]) -> list[Lines]:
    """The first part here, the last in a copy of this process; here as well where the copy fails.

    No threads: liblinear's random numbers are one state for all threads of a process. No pool of processes:
    its workers would live on where this process is killed; the copy ends with its part.
    """
    first, last = parts
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    copy = context.Process(target=lambda: sender.send(learn(last)), daemon=True)
    copy.start()
    sender.close()
    mine = learn(first)
    try:
        return [mine, receiver.recv()]
    except EOFError:
        return [mine, learn(last)]
    finally:
        copy.join()


def _part(
    matrix: Any, target: NDArray[Any], weights: NDArray[Any], part: NDArray[Any], c: float, tolerance: float
) -> Lines:
    """One row of coefficients and one bias for each label of `part`."""
    from sklearn.svm import LinearSVC

    other = target.max() + 1
    seen = np.where(np.isin(target, part), target, other)
    svc = LinearSVC(C=c, dual=True, random_state=0, tol=tolerance).fit(matrix, seen, sample_weight=weights)
    coefficients, bias = svc.coef_, svc.intercept_
    if len(svc.classes_) == 2:
        coefficients, bias = np.vstack([-coefficients, coefficients]), np.concatenate([-bias, bias])
    return coefficients[: len(part)].astype(np.float16), bias[: len(part)].astype(np.float32)
