"""Understanding does not fall below the figures of floors.yml on the project's own held-out sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.measures import LOWER_IS_BETTER, NEUTRAL, SHARES
from troly.settings import ROOT

HERE = Path(__file__).parent
FLOORS: dict[str, dict[str, dict[str, float]]] = yaml.safe_load((HERE / "floors.yml").read_text("utf-8"))
MEASURED = HERE.parent / "messages" / "measured"
OUTSIDE = ROOT.parent / "shared" / "eval"


def title(group: dict[str, Any]) -> str:
    return " · ".join(part for part in (group["file"], group["language"], group["variant"]) if part)


def broken(report: dict[str, Any], floors: dict[str, dict[str, float]]) -> Iterator[str]:
    """Every figure beyond its bound, in words."""
    groups = {title(group): group["figures"] for group in report["groups"]}
    for name, bounds in floors.items():
        for figure, bound in bounds.items():
            found = groups[name][figure]
            assert found["value"] is not None, f"{name}: no records for {figure}"
            lower = figure in LOWER_IS_BETTER
            if found["value"] > bound if lower else found["value"] < bound:
                wanted = f"{'≤' if lower else '≥'} {bound}"
                yield f"{name}: {figure} {found['value']:.3f} of n {found['n']}, not {wanted}"


def summary(report: dict[str, Any]) -> Iterator[str]:
    """The main figures of each group, a line each."""
    names = ("intent accuracy", "recall@1", "recall@5", "direct answers right", "language right")
    for group in report["groups"]:
        figures = group["figures"]
        shown = [
            f"{name} {one['value']:.3f} ({one['low']:.2f}–{one['high']:.2f}, n {one['n']})"
            for name in names
            if (one := figures[name])["n"]
        ]
        yield f"{title(group)}: " + "; ".join(shown)


def test_every_bound_is_one_of_a_figure_that_is_good_or_bad() -> None:
    known = SHARES.keys() - NEUTRAL
    for sets in FLOORS.values():
        for bounds in sets.values():
            assert bounds.keys() <= known
            assert all(0 <= bound <= 1 for bound in bounds.values())


def test_a_figure_beyond_its_bound_is_named() -> None:
    figures = {"recall@1": {"value": 0.5, "n": 4}, "in scope but rejected": {"value": 0.5, "n": 4}}
    report = {"groups": [{"file": "nlu", "language": "vi", "variant": "", "figures": figures}]}
    assert list(broken(report, {"nlu · vi": {"recall@1": 0.5, "in scope but rejected": 0.5}})) == []
    found = list(broken(report, {"nlu · vi": {"recall@1": 0.6, "in scope but rejected": 0.4}}))
    assert found == [
        "nlu · vi: recall@1 0.500 of n 4, not ≥ 0.6",
        "nlu · vi: in scope but rejected 0.500 of n 4, not ≤ 0.4",
    ]


@pytest.mark.parametrize("which", sorted(FLOORS))
def test_understanding_keeps_its_floors(
    which: str,
    measure: Callable[..., dict[str, Any]],
    request: pytest.FixtureRequest,
    say: Callable[[str], None],
) -> None:
    bare = which == "without_encoder"
    model = request.getfixturevalue("trained_model" if bare else "complete_model")
    report = measure(model, sorted(MEASURED.glob("*.jsonl")) if which == "measured" else [HERE])
    for line in summary(report):
        say(f"{which}: {line}")
    assert list(broken(report, FLOORS[which])) == []


@pytest.mark.shared
@pytest.mark.skipif(
    not list(OUTSIDE.glob("*.jsonl")), reason="the outside messages are not beside the project"
)
def test_the_outside_messages_are_measured_and_reported(
    measure: Callable[..., dict[str, Any]], complete_model: Path, say: Callable[[str], None]
) -> None:
    """A report without floors: nothing may be set on these messages."""
    files = [path for path in sorted(OUTSIDE.glob("*.jsonl")) if "dialogue" not in path.name]
    report = measure(complete_model, files)
    assert report["records"] > 0
    for line in summary(report):
        say(f"outside: {line}")
