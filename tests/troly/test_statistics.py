"""Shares and their intervals against published values."""

import pytest

from troly.statistics import Share, wilson


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [
        # R: prop.test(k, n, correct = FALSE); the first is the example of Newcombe (1998), table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_the_interval_has_the_published_values(right: int, n: int, low: float, high: float) -> None:
    assert wilson(right, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("right", "n"), [(0, 0), (3, 2), (-1, 4)])
def test_impossible_shares_have_no_interval(right: int, n: int) -> None:
    with pytest.raises(ValueError, match="no interval"):
        wilson(right, n)


def test_a_share_of_nothing_is_no_number() -> None:
    empty = Share(0, 0)
    assert empty.value is None and empty.interval is None
    assert empty.to_dict() == {"value": None, "right": 0, "n": 0, "low": None, "high": None}


def test_shares_add_up_and_read_well() -> None:
    assert Share(3, 4) + Share(4, 4) == Share(7, 8)
    assert str(Share(7, 8)) == "87.5% (7 of 8, 95% 52.9%–97.8%)"
