"""The run of tests/faults/messages.py, small: the numbers of the full one are for a quiet machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.messages import Plan, is_right, lines, run

SMALL = Plan(
    messages=300,
    citizens=40,
    seconds=15.0,
    rasa_away=1.0,
    portal_away=4.0,
    gateway_away=0.5,
    webhooks=60,
    rounds=1,
    patience=150.0,
)


def _check(database: str, redis: str, folder: Path) -> None:
    figures = run(SMALL, database=database, redis=redis, folder=folder, report=print)
    print("\n".join(lines(figures)))
    assert is_right(figures), figures["verdict"]
    verdict = figures["verdict"]
    assert verdict["written"] == SMALL.messages + SMALL.webhooks + SMALL.citizens
    assert verdict["repeated_and_recorded"] <= verdict["recorded_as_perhaps_repeated"]
    assert verdict["brought_again"] > 0
    assert len(figures["faults"]) == 5


@pytest.mark.postgres
@pytest.mark.redis
def test_two_gateways_lose_and_double_nothing_under_faults(
    postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    _check(postgres_url, redis_url, tmp_path)


def test_one_gateway_on_sqlite_loses_and_doubles_nothing_under_faults(tmp_path: Path) -> None:
    _check(f"sqlite:///{tmp_path / 'run.db'}", "", tmp_path)


def test_a_run_that_lost_something_is_not_right() -> None:
    fine = {
        "lost": 0,
        "doubled": 0,
        "citizens_out_of_order": 0,
        "parked": 0,
        "refused_as_malformed": 0,
        "two_of_one_citizen_at_once_in_rasa": 0,
    }
    assert is_right({"verdict": fine})
    for name in fine:
        assert not is_right({"verdict": fine | {name: 1}}), name
