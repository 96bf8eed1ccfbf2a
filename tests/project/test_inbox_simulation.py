"""The simulation behind ADR 8 says what the ADR says."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from troly.settings import ROOT

FILE = ROOT / "docs" / "adr" / "inbox_simulation.py"


@pytest.fixture(scope="module")
def simulation() -> ModuleType:
    specification = importlib.util.spec_from_file_location("inbox_simulation", FILE)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_every_message_is_answered_once(simulation: ModuleType) -> None:
    messages = simulation.arrivals(50)
    for kind in (simulation.inbox, simulation.serial, simulation.lanes):
        assert len(kind(messages)) == len(messages)


def test_a_conversation_is_answered_one_at_a_time_whatever_is_free(simulation: ModuleType) -> None:
    alone = [(0.0, 7, 1.0, 0.0), (0.0, 7, 1.0, 0.0), (0.0, 8, 1.0, 0.0)]
    assert sorted(simulation.simulate(alone, lambda _: 0, {0: 10})) == [1.0, 1.0, 2.0]


def test_without_slow_answers_and_crowds_all_kinds_are_quick(simulation: ModuleType) -> None:
    messages = simulation.arrivals(20, slow_share=0.0)
    for kind in (simulation.inbox, simulation.serial, simulation.lanes):
        assert simulation.at(kind(messages), 0.95) < 0.3


def test_a_slow_portal_holds_up_whole_partitions_that_work_one_by_one(simulation: ModuleType) -> None:
    messages = simulation.arrivals(100)
    assert simulation.at(simulation.serial(messages), 0.95) > 1
    assert simulation.at(simulation.lanes(messages), 0.95) < 0.5
    assert simulation.at(simulation.inbox(messages), 0.95) < 0.5


def test_the_inbox_ends_where_its_database_ends(simulation: ModuleType) -> None:
    most = 1 / simulation.DATABASE_SECONDS
    assert simulation.at(simulation.inbox(simulation.arrivals(0.8 * most)), 0.95) < 1
    assert simulation.at(simulation.inbox(simulation.arrivals(1.5 * most)), 0.95) > 3


def test_it_is_short(simulation: ModuleType) -> None:
    assert len(FILE.read_text("utf-8").splitlines()) < 150
