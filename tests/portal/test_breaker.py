"""The circuit breaker."""

from __future__ import annotations

import pytest

from portal.breaker import Breaker


class Clock:
    """A clock that the test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(threshold=3, pause=10, clock=clock)


def test_it_opens_after_failures_in_a_row_only(breaker: Breaker) -> None:
    for _ in range(2):
        breaker.failed()
    breaker.succeeded()
    for _ in range(2):
        breaker.failed()
    assert (breaker.state, breaker.allows()) == ("closed", True)
    breaker.failed()
    assert (breaker.state, not breaker.allows()) == ("open", True)


def test_after_the_pause_one_question_passes_and_a_success_closes_it(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        breaker.failed()
    clock.now += 10
    assert breaker.state == "half-open"
    assert [breaker.allows() for _ in range(3)] == [True, False, False]
    breaker.succeeded()
    assert (breaker.state, breaker.allows()) == ("closed", True)


def test_a_failed_probe_opens_it_for_another_pause(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        breaker.failed()
    clock.now += 10
    assert breaker.allows()
    breaker.failed()
    assert breaker.state == "open"
    clock.now += 9.9
    assert not breaker.allows()
    clock.now += 0.2
    assert breaker.allows()


def test_a_probe_that_was_given_up_does_not_block_for_ever(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        breaker.failed()
    clock.now += 10
    assert breaker.allows() and not breaker.allows()
    clock.now += 10
    assert breaker.allows()
