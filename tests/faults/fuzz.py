"""What strangers send, made up by a machine.

python -m tests.faults.fuzz --minutes 30              every target in turn, for as long
python -m tests.faults.fuzz --minutes 5 masking api   some of them
HYPOTHESIS_PROFILE=long pytest tests/faults/test_fuzz.py   50 times as many examples as in everyday tests

What fails is shrunk, printed, and kept in .hypothesis, where the next run begins with it.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
import traceback
from collections import Counter

import structlog
from hypothesis import HealthCheck, settings

from tests.faults import fuzz_doors, fuzz_portal, fuzz_words
from tests.faults.fuzz_target import Target

EVERYDAY = {"api": 100, "portal": 250}
"""Examples in everyday tests, where it is not the usual number."""
_USUAL = 150
_LONG = 50

TARGETS: dict[str, Target] = {**fuzz_words.TARGETS, **fuzz_portal.TARGETS, **fuzz_doors.TARGETS}


def examples(name: str) -> int:
    """How many a test makes."""
    times = _LONG if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 1
    return EVERYDAY.get(name, _USUAL) * times


def run(name: str, count: int) -> None:
    """Make `count` examples for a target. Raises what it raised."""
    # Time is measured by the targets themselves; the machine may be busy.
    TARGETS[name](settings(deadline=None, max_examples=count, suppress_health_check=list(HealthCheck)))


def main() -> int:
    """Run until the time is over; 1 when something failed."""
    parser = argparse.ArgumentParser(description="Fuzz what strangers reach.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("targets", nargs="*", help=f"of: {', '.join(TARGETS)}")
    given = parser.parse_args()
    names = given.targets or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    until = time.monotonic() + given.minutes * 60
    made: Counter[str] = Counter()
    failed: set[str] = set()
    with fuzz_doors.serving():
        while time.monotonic() < until:
            for name in names:
                if name in failed or time.monotonic() >= until:
                    continue
                try:
                    run(name, 500)
                except Exception:
                    failed.add(name)
                    traceback.print_exc()
                made[name] += 500
                print(f"{name}: {made[name]} examples{', FAILED' if name in failed else ''}", flush=True)
            if failed >= set(names):
                break
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
