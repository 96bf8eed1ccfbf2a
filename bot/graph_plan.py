"""Rasa's graph of components, planned once: Rasa plans it anew, twice, for each message.

It also writes all inputs, the tracker included, into a debug line that nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphNode, GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner

_Plan = list[tuple[str, GraphNode, tuple[str, ...]]]
"""Each component's name, itself, and what it needs, in an order in which all that it needs comes before."""

_plans: WeakKeyDictionary[DaskGraphRunner, dict[tuple[str, ...], _Plan]] = WeakKeyDictionary()


def apply() -> None:
    """Let Rasa's runner use the plan, for serving: a training frees what it no longer needs, this does not.

    Calling it again changes nothing.
    """
    DaskGraphRunner.run = run


def run(
    self: DaskGraphRunner, inputs: dict[str, Any] | None = None, targets: list[str] | None = None
) -> dict[str, Any]:
    """As Rasa's: the outputs of `targets`, or of the graph's own, by name."""
    wanted = tuple(targets or self._graph_schema.target_names)
    of_runner = _plans.setdefault(self, {})
    plan = of_runner.get(wanted)
    if plan is None:
        schema: GraphSchema = self._graph_schema.minimal_graph_schema(list(wanted))
        plan = of_runner[wanted] = list(_ordered(self, schema))
    found: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
    try:
        for name, node, needs in plan:
            # What nobody provides stands for itself, as with Rasa: the component says that it misses it.
            found[name] = node(*(found.get(need, need) for need in needs))
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error
    return dict(found[name] for name in wanted)


def _ordered(
    runner: DaskGraphRunner, schema: GraphSchema
) -> Iterator[tuple[str, GraphNode, tuple[str, ...]]]:
    placed: set[str] = set()

    def place(name: str) -> Iterator[tuple[str, GraphNode, tuple[str, ...]]]:
        if name in placed or name not in schema.nodes:
            return
        placed.add(name)
        needs = tuple(schema.nodes[name].needs.values())
        for need in needs:
            yield from place(need)
        yield name, runner._instantiated_nodes[name], needs

    for name in schema.nodes:
        yield from place(name)
