"""One second try for tests that race real programs against real clocks; docs/adr/0011 says why."""

from __future__ import annotations

from pathlib import Path

import pytest

AGAINST_THE_CLOCK = {"browser", "channels", "console", "portal", "stack", "stories"}
"""Folders of tests. Not `faults`: a message lost once in ten runs is what is looked for there."""

MOST = 3
"""Second tries in one run. More are no chance."""


def may_try_again(item: pytest.Item) -> bool:
    """Whether a failure of the test may be the machine's."""
    folders = Path(item.nodeid.split("::", 1)[0]).parts[:-1]
    return len(folders) > 1 and folders[1] in AGAINST_THE_CLOCK


def allow(items: list[pytest.Item]) -> None:
    """Mark the tests that may be tried again."""
    for item in items:
        if may_try_again(item) and item.get_closest_marker("flaky") is None:
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=1))


def judge(reporter: pytest.TerminalReporter, exit_status: int) -> int:
    """The run's exit status: many second tries are a failure."""
    too_many = len(_tried_again(reporter)) > MOST
    return int(pytest.ExitCode.TESTS_FAILED) if too_many and not exit_status else exit_status


def tell(reporter: pytest.TerminalReporter) -> None:
    """Name the tests that were tried again."""
    if names := _tried_again(reporter):
        reporter.section(f"tried again: {len(names)}, each a fault to be found")
        for name in names:
            reporter.line(name)
        if len(names) > MOST:
            reporter.line(f"More than {MOST}: the run has failed.", red=True)


def _tried_again(reporter: pytest.TerminalReporter) -> list[str]:
    return [report.nodeid for report in reporter.stats.get("rerun", [])]
