"""A few seconds of what `python -m tests.faults.fuzz` does for as long as one likes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import fuzz, fuzz_doors


@pytest.fixture(scope="module")
def doors() -> Iterator[None]:
    with fuzz_doors.serving():
        yield


@pytest.mark.parametrize("name", [name for name in fuzz.TARGETS if name not in fuzz_doors.TARGETS])
def test_whatever_is_read_is_read_in_bounded_time(name: str) -> None:
    fuzz.run(name, fuzz.examples(name))


@pytest.mark.parametrize("name", fuzz_doors.TARGETS)
def test_whatever_is_sent_is_answered_or_refused(doors: None, name: str) -> None:
    fuzz.run(name, fuzz.examples(name))
