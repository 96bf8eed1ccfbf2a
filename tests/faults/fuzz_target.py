"""Targets of fuzzing: functions that Hypothesis calls with what strategies make, as often as one likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

Target = Callable[[settings], None]
"""Makes examples within these bounds; raises what the function raised for one of them."""


def fuzzed(**strategies: SearchStrategy[Any]) -> Callable[[Callable[..., None]], Target]:
    """Makes a target of a function."""

    def target(function: Callable[..., None]) -> Target:
        def run(bounds: settings) -> None:
            bounds(given(**strategies)(function))()

        run.__doc__ = function.__doc__
        return run

    return target
