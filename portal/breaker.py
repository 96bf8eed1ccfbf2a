"""A circuit breaker: a dead portal is asked once in a while, not by every citizen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Opens after `threshold` failures in a row; after `pause` seconds lets one question through.

    If that one succeeds the breaker closes, else it stays open for another `pause`.
    """

    def __init__(
        self, threshold: int = 5, pause: float = 15.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._threshold = threshold
        self._pause = pause
        self._clock = clock
        self._failures = 0
        self._opened_at: float | None = None
        self._probe_at: float | None = None

    @property
    def state(self) -> State:
        """closed: questions pass; open: none passes; half-open: the next one is the probe."""
        if self._opened_at is None:
            return "closed"
        return "half-open" if self._clock() - self._opened_at >= self._pause else "open"

    def allows(self) -> bool:
        """Whether to ask now. In the half-open state only the first caller gets True."""
        state = self.state
        if state == "closed":
            return True
        if state == "open":
            return False
        # A probe that never reports back (its task was cancelled) is given up after a pause.
        if self._probe_at is not None and self._clock() - self._probe_at < self._pause:
            return False
        self._probe_at = self._clock()
        return True

    def succeeded(self) -> None:
        """The portal answered, be it with a refusal."""
        self._failures = 0
        self._opened_at = self._probe_at = None

    def failed(self) -> None:
        """The portal did not answer, or not in its own words."""
        self._failures += 1
        if self._failures >= self._threshold or self._opened_at is not None:
            self._opened_at = self._clock()
        self._probe_at = None
