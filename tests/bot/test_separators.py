"""Lines between labels: the same on one core and on two, and where the second process dies."""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy.sparse import random as sparse

from bot.understanding import separators


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch) -> tuple:
    """Texts with five labels, each with a gram of its own."""
    monkeypatch.setattr(separators, "_MANY", 100)
    target = np.arange(300) % 5
    matrix = sparse(300, 40, density=0.2, random_state=1, dtype=np.float32).tolil()
    for row, label in enumerate(target):
        matrix[row, label] = 3.0
    return matrix.tocsr(), target, np.ones(300), 1.0, 0.1


def test_a_second_core_changes_nothing(task: tuple) -> None:
    weights, bias = separators.fitted(*task)
    beside, bias_beside = separators.fitted(*task, beside=True)
    assert np.array_equal(weights, beside)
    assert np.array_equal(bias, bias_beside)
    matrix, target = task[:2]
    assert ((matrix @ weights.astype(np.float32) + bias).argmax(axis=1) == target).mean() > 0.99


def test_a_copy_that_dies_loses_nothing(task: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    here, whole = os.getpid(), separators.fitted(*task)
    learn = separators._part

    def dies_elsewhere(*arguments: object) -> separators.Lines:
        if os.getpid() != here:
            os._exit(1)
        return learn(*arguments)

    monkeypatch.setattr(separators, "_part", dies_elsewhere)
    weights, bias = separators.fitted(*task, beside=True)
    assert np.array_equal(weights, whole[0])
    assert np.array_equal(bias, whole[1])


def test_two_labels_are_told_apart(task: tuple) -> None:
    matrix, target, *others = task
    weights, bias = separators.fitted(matrix, (target == 0).astype(int), *others)
    guessed = (matrix @ weights.astype(np.float32) + bias).argmax(axis=1)
    assert (guessed == (target == 0)).mean() > 0.99
