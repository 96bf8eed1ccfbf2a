"""F1 against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from bot.statistics import f1_by_label, macro_f1, mcnemar

PAIRS = [("fee", "fee"), ("fee", "place"), ("place", "place"), ("greet", "greet"), ("greet", "thank")]
PAIRS.append(("fee", "fee"))


def test_f1_of_each_label_by_hand() -> None:
    assert f1_by_label(PAIRS) == pytest.approx({"fee": 0.8, "place": 2 / 3, "greet": 2 / 3, "thank": 0.0})


def test_the_mean_is_that_of_scikit_learn() -> None:
    wanted, given = zip(*PAIRS, strict=True)
    assert macro_f1(PAIRS).value == pytest.approx(f1_score(wanted, given, average="macro"))


def test_the_interval_holds_the_value_and_shrinks_with_more_messages() -> None:
    few, many = macro_f1(PAIRS), macro_f1(PAIRS * 50)
    assert few.low is not None and few.high is not None and many.low is not None and many.high is not None
    assert many.value == few.value
    assert many.low < many.value < many.high
    assert many.high - many.low < few.high - few.low


def test_the_interval_is_about_right_for_a_known_case() -> None:
    # Two labels, 80 of 100 right both ways: close to the interval of a share of .80 (± .08 at n = 100).
    pairs = [("a", "a")] * 40 + [("a", "b")] * 10 + [("b", "b")] * 40 + [("b", "a")] * 10
    macro = macro_f1(pairs)
    assert macro.value == pytest.approx(0.8)
    assert macro.low == pytest.approx(0.72, abs=0.02) and macro.high == pytest.approx(0.88, abs=0.02)


def test_everything_right_is_one_without_doubt() -> None:
    macro = macro_f1([("a", "a"), ("b", "b")])
    assert (macro.value, macro.low, macro.high) == (1.0, 1.0, 1.0)


def test_no_messages_have_no_figure() -> None:
    assert macro_f1([]).to_dict() == {"value": None, "low": None, "high": None, "n": 0}


def test_the_same_messages_give_the_same_interval_in_any_order() -> None:
    order = np.random.default_rng(1).permutation(len(PAIRS))
    assert macro_f1([PAIRS[index] for index in order]) == macro_f1(PAIRS)


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    # By hand from the binomial distribution with p = 1/2.
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (3, 3, 1.0),
        (6, 0, 0.03125),
        (0, 6, 0.03125),
        (10, 2, 0.03857),
    ],
)
def test_a_difference_is_as_likely_as_the_binomial_distribution_says(
    gained: int, lost: int, p: float
) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p, abs=1e-4)


def test_a_difference_agrees_with_scipy() -> None:
    from scipy.stats import binomtest

    for gained, lost in ((7, 2), (100, 140), (500, 430)):
        assert mcnemar(gained, lost) == pytest.approx(binomtest(gained, gained + lost).pvalue)
