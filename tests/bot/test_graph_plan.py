"""The graph's components run as Rasa runs them, planned once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from pathlib import Path

import pytest
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage

from bot import graph_plan

_RASA_RUN = DaskGraphRunner.run
CALLS: list[str] = []


class Step(GraphComponent):
    """Puts its name around what it is given."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def create(
        cls, config: dict[str, Any], model_storage: Any, resource: Any, execution_context: Any
    ) -> Step:
        return cls(config["name"])

    def join(self, first: str, second: str = "") -> str:
        CALLS.append(self.name)
        if first == "break":
            raise RuntimeError("broken")
        return f"{self.name}({first}{second})"


@pytest.fixture(params=["rasa", "ours"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DaskGraphRunner]:
    """a -> b, a -> c, (b, c) -> d; e stands apart."""
    CALLS.clear()
    if request.param == "ours":
        graph_plan.apply()
    needs = {
        "d": {"first": "b", "second": "c"},
        "e": {"first": "text"},
        "c": {"first": "a"},
        "b": {"first": "a"},
        "a": {"first": "text"},
    }
    nodes = {
        name: SchemaNode(wants, Step, "create", "join", {"name": name}, eager=True, is_target=name == "d")
        for name, wants in needs.items()
    }
    schema = GraphSchema(nodes)
    yield DaskGraphRunner.create(schema, LocalModelStorage(tmp_path), ExecutionContext(schema))
    DaskGraphRunner.run = _RASA_RUN


def test_each_component_runs_once_after_what_it_needs(runner: DaskGraphRunner) -> None:
    for text in ("x", "y"):
        CALLS.clear()
        assert runner.run({"text": text}) == {"d": f"d(b(a({text}))c(a({text})))"}
        assert sorted(CALLS) == ["a", "b", "c", "d"] and CALLS[0] == "a" and CALLS[-1] == "d"


def test_only_what_a_target_needs_runs(runner: DaskGraphRunner) -> None:
    assert runner.run({"text": "x"}, targets=["b"]) == {"b": "b(a(x))"}
    assert CALLS == ["a", "b"]
    assert runner.run({"text": "x"}, targets=["e", "c"]) == {"e": "e(x)", "c": "c(a(x))"}
    assert runner.run({"text": "x"}, targets=["b"]) == {"b": "b(a(x))"}


def test_what_is_missing_and_what_breaks_are_errors(runner: DaskGraphRunner) -> None:
    with pytest.raises(GraphRunError):
        runner.run({}, targets=["b"])
    with pytest.raises(Exception, match=r"[Bb]roken|running"):
        runner.run({"text": "break"})
    assert runner.run({"text": "x"}, targets=["b"]) == {"b": "b(a(x))"}
