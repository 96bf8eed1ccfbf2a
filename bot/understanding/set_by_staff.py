"""Thresholds that staff changed in the console, which hold within seconds and without a restart.

Only a running assistant looks (bot/server.py); training, evaluation and tests act by knobs.py alone.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from time import monotonic
from typing import Any

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from bot.understanding.knobs import SCOPE, FinderThresholds
from troly.database import engine
from troly.tables.controls import LIMITS, THRESHOLDS, Control

log = structlog.get_logger("thresholds")

SECONDS = 2.0
"""Between looks, which run beside the messages."""


class SetByStaff:
    """The changed numbers; none until watch() was called."""

    def __init__(self) -> None:
        """Nothing is changed."""
        self._numbers: dict[str, float] = {}
        self._engine: Engine | None = None
        self._next = float("inf")
        self._busy = threading.Lock()

    def watch(self, database: str) -> None:
        """Look there from now on, the first time at once."""
        self._engine = engine(database)
        self._numbers = self._read()
        self._next = monotonic() + SECONDS

    def finder(self, usual: FinderThresholds) -> FinderThresholds:
        """The finder's thresholds to use now."""
        numbers = self._current()
        own = {name: numbers[name] for name in ("answer", "answer_english", "found") if name in numbers}
        if not own:
            return usual
        changed = replace(usual, **own)
        # Where the words alone are sure, they must be at least as sure as an answer has to be.
        return replace(changed, sure=max(changed.sure, changed.answer, changed.answer_english))

    def reject(self) -> float:
        """From which probability on a message is out of scope."""
        return self._current().get("reject", SCOPE.reject)

    def _current(self) -> dict[str, float]:
        if monotonic() >= self._next and self._busy.acquire(blocking=False):
            self._next = float("inf")  # until this look is over
            threading.Thread(target=self._look, daemon=True, name="thresholds-check").start()
        return self._numbers

    def _look(self) -> None:
        try:
            self._numbers = self._read()
        finally:
            self._next = monotonic() + SECONDS
            self._busy.release()

    def _read(self) -> dict[str, float]:
        if self._engine is None:
            return {}
        try:
            with self._engine.connect() as connection:
                given = connection.scalar(select(Control.value).where(Control.name == THRESHOLDS))
        except (SQLAlchemyError, OSError) as error:  # as they were
            log.warning("thresholds_unread", error=type(error).__name__)
            return self._numbers
        return within(given)


def within(given: Any) -> dict[str, float]:
    """The numbers that are within their bounds; whatever else stands there counts for nothing."""
    if not isinstance(given, dict):
        return {}
    return {
        name: float(given[name])
        for name, limit in LIMITS.items()
        if isinstance(given.get(name), int | float) and limit.least <= given[name] <= limit.most
    }


STAFF = SetByStaff()
