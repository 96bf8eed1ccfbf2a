"""The words of a procedure's record by which it is found, beside its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def searchable(detail: Mapping[str, Any]) -> str:
    """What a stored record (Procedure.to_dict) says of conditions, papers, steps and results, as one text.

    Fees, times, agencies and legal bases are left out: thousands of procedures share them.
    """
    return "\n".join(filter(None, _parts(detail)))


def _parts(detail: Mapping[str, Any]) -> Iterator[str]:
    yield detail["name"]
    yield detail["field"]
    yield detail["requirements"]
    yield from detail["results"]
    for case in detail["cases"]:
        yield case["name"]
        for document in case["documents"]:
            yield document["name"]
    for step in detail["steps"]:
        yield step["name"]
        yield step["text"]
