"""Packages that others ask for again and again although they are not there."""

from __future__ import annotations

import sys
from importlib.util import find_spec


def remember(*names: str) -> None:
    """Let an import of a package that is not installed fail at once, as it would fail anyway.

    httpcore tries to import sniffio for each request, and Python looks through all folders each time: a tenth
    of what a request to Rasa costs.
    """
    for name in names:
        if name not in sys.modules and find_spec(name) is None:
            sys.modules[name] = None  # type: ignore[assignment]  # what Python itself puts there for "no"
