"""The time is aware, in UTC for storage and in Vietnam's zone for citizens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from troly import clock


def test_now_is_aware_and_in_utc() -> None:
    moment = clock.now()
    assert moment.tzinfo is UTC
    assert abs(datetime.now(UTC) - moment) < timedelta(seconds=5)


def test_today_is_the_same_moment_seven_hours_ahead() -> None:
    today = clock.today()
    assert today.utcoffset() == timedelta(hours=7)
    assert abs(clock.now() - today) < timedelta(seconds=5)


def test_vietnam_has_the_next_date_from_five_in_the_afternoon_utc() -> None:
    evening = datetime(2026, 7, 18, 17, 0, tzinfo=UTC)
    assert evening.astimezone(clock.VIETNAM).date().isoformat() == "2026-07-19"
