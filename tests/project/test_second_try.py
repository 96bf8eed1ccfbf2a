"""A test against the clock is tried once more, and a run says so; all others fail at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import second_try

CONFTEST = """
import pytest
from tests import second_try

def pytest_collection_modifyitems(items):
    second_try.allow(items)

@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    session.exitstatus = second_try.judge(reporter, int(session.exitstatus))

def pytest_terminal_summary(terminalreporter):
    second_try.tell(terminalreporter)
"""

BY_CHANCE = """
import pytest
seen = set()

@pytest.mark.parametrize("number", range({count}))
def test_chance(number):
    first = number not in seen
    seen.add(number)
    assert not first
"""

ALWAYS = "def test_always():\n    assert False\n"


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str, str], tuple[int, str]]:
    (tmp_path / "conftest.py").write_text(CONFTEST, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")

    def _run(folder: str, text: str) -> tuple[int, str]:
        place = tmp_path / "tests" / folder
        place.mkdir(parents=True)
        (place / "test_it.py").write_text(text, "utf-8")
        root = Path(second_try.__file__).parents[1]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:schemathesis", "--import-mode=importlib", "tests"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    return _run


def test_chance_is_tried_again_and_named(run: Callable[[str, str], tuple[int, str]]) -> None:
    status, shown = run("channels", BY_CHANCE.format(count=1))
    assert status == 0, shown
    assert "tried again: 1" in shown
    assert "tests/channels/test_it.py::test_chance[0]" in shown


def test_what_fails_twice_has_failed(run: Callable[[str, str], tuple[int, str]]) -> None:
    status, shown = run("browser", ALWAYS)
    assert status == 1, shown


def test_where_lost_messages_are_counted_nothing_is_tried_again(
    run: Callable[[str, str], tuple[int, str]],
) -> None:
    status, shown = run("faults", BY_CHANCE.format(count=1))
    assert status == 1, shown
    assert "tried again" not in shown


def test_many_second_tries_are_a_failure(run: Callable[[str, str], tuple[int, str]]) -> None:
    status, shown = run("console", BY_CHANCE.format(count=second_try.MOST + 1))
    assert status == 1, shown
    assert "the run has failed" in shown
