"""Whole conversations through all processes: the project's own dialogues keep their floors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

DIALOGUES = Path(__file__).parents[1] / "dialogues"
FLOORS: dict[str, dict[str, float]] = yaml.safe_load((DIALOGUES / "floors.yml").read_text("utf-8"))


def test_every_language_has_its_floors() -> None:
    assert {path.stem for path in DIALOGUES.glob("*.jsonl")} == set(FLOORS)


@pytest.mark.parametrize("language", sorted(FLOORS))
def test_dialogues_keep_their_floors(
    language: str, converse: Callable[[Path], dict[str, Any]], say: Callable[[str], None]
) -> None:
    """On the whole catalogue, where it lies beside the project."""
    totals = converse(DIALOGUES / f"{language}.jsonl")["totals"]
    for name, floor in FLOORS[language].items():
        figure = totals[name]
        say(f"dialogues {language}: {name} {figure['value']:.3f} of n {figure['n']}")
        assert figure["value"] >= floor, (name, figure)
