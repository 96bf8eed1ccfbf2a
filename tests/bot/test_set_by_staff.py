"""Thresholds from the console reach a running assistant within seconds, and nothing else does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from bot.understanding import set_by_staff
from bot.understanding.certainty import Evidence
from bot.understanding.finding import decided
from bot.understanding.knobs import FINDER, SCOPE
from bot.understanding.set_by_staff import STAFF, SetByStaff, within
from troly.clock import now
from troly.database import engine
from troly.tables import Base
from troly.tables.controls import LIMITS, THRESHOLDS, Control


def test_the_console_shows_the_numbers_that_were_measured() -> None:
    usual = {name: limit.usual for name, limit in LIMITS.items()}
    assert usual == {
        "answer": FINDER.answer,
        "answer_english": FINDER.answer_english,
        "found": FINDER.found,
        "reject": SCOPE.reject,
    }
    assert all(limit.least < limit.usual < limit.most for limit in LIMITS.values())


def test_nobody_who_does_not_watch_is_changed() -> None:
    assert SetByStaff().finder(FINDER) is FINDER and SetByStaff().reject() == SCOPE.reject


def test_a_change_is_seen_soon_and_a_reset_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(set_by_staff, "SECONDS", 0.2)
    database = f"sqlite:///{tmp_path / 'troly.db'}"
    made = engine(database)
    Base.metadata.create_all(made)
    row = {"name": THRESHOLDS, "set_by": "an", "set_at": now()}
    with made.begin() as connection:
        connection.execute(insert(Control).values(**row, value={"answer": 0.9, "reject": 0.5}))
    staff = SetByStaff()
    staff.watch(database)
    changed = staff.finder(FINDER)
    assert (changed.answer, changed.answer_english, changed.sure) == (0.9, FINDER.answer_english, 0.9)
    assert staff.reject() == 0.5
    with made.begin() as connection:
        connection.execute(update(Control).values(value={"answer": 2.0, "found": 0.8, "other": 1}))
    _until(lambda: staff.finder(FINDER).found == 0.8)
    assert staff.finder(FINDER).answer == FINDER.answer
    with made.begin() as connection:
        connection.execute(delete(Control))
    _until(lambda: staff.finder(FINDER) == FINDER)
    made.dispose()


@pytest.mark.parametrize("given", [None, [], "x", {"answer": "0.9"}, {"answer": 0.1}, {"answer": None}])
def test_what_is_no_number_within_bounds_counts_for_nothing(given: object) -> None:
    assert within(given) == {}


def _until(condition: object) -> None:
    end = time.monotonic() + 3
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_finder_decides_by_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def decide() -> str:
        return decided("vi", Evidence(), 0.85, 0.9, STAFF.finder(FINDER))

    assert decide() == "answer"
    monkeypatch.setattr(STAFF, "_numbers", {"answer": 0.9})
    assert decide() == "choose"
    monkeypatch.setattr(STAFF, "_numbers", {"answer": 0.9, "found": 0.95})
    assert decide() == "not_found"
