"""The table of faults names tests that are there."""

from __future__ import annotations

import shlex

import pytest

from tests.faults.table import FAULTS, Fault, line, play
from troly.settings import ROOT


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_line_names_tests_that_are_there_and_stands_in_the_docs(fault: Fault) -> None:
    words = shlex.split(fault.tests)
    paths = words[: words.index("-k")] if "-k" in words else words
    for path in paths:
        assert (ROOT / path).exists(), path
    if "-k" in words:
        text = (ROOT / paths[0]).read_text("utf-8")
        assert words[-1] in "".join(part for part in text.splitlines() if "def test_" in part)
    described = (ROOT / "docs" / "faults.md").read_text("utf-8")
    assert line(fault) in described, "run: python -m tests.faults.table"


def test_a_test_that_fails_is_shown_as_failed() -> None:
    outcome, _ = play(Fault("x", "y", "tests/project/no_such_file.py"))
    assert outcome.startswith("**failed**")
