"""Rasa's graph of components, planned once: Rasa plans it anew, twice, for each message.

It also writes all inputs, the tracker included, into a debug line that nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from rasa.engine.exceptions import GraphComponentException, GraphRunError
from rasa.engine.graph import GraphNode, GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.exceptions import RasaException


class _Step(NamedTuple):
    """A component and what it needs: for each parameter the name of what provides it, component or input.

    `ready`: it is made already and nothing watches its runs, as always while serving; it is called directly.
    """

    name: str
    node: GraphNode
    needs: tuple[tuple[str, str], ...]
    ready: bool


_Plan = list[_Step]
"""In an order in which all that a component needs comes before it."""

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
    found: dict[str, Any] = dict(inputs or {})
    try:
        for step in plan:
            found[step.name] = _output(step, found)
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error
    return {name: found[name] for name in wanted}


def _output(step: _Step, found: dict[str, Any]) -> Any:
    node = step.node
    if step.ready:
        try:
            wanted = {parameter: found[provider] for parameter, provider in step.needs}
        except KeyError:
            pass  # the component says what it misses
        else:
            try:
                return node._fn(node._component, **wanted)
            except RasaException:
                raise
            except Exception as error:
                raise GraphComponentException(
                    f"Error running graph component for node {step.name}."
                ) from error
    # What nobody provides stands for itself, as with Rasa.
    given = ((name, found[name]) if name in found else name for _, name in step.needs)
    return node(*given)[1]


def _ordered(runner: DaskGraphRunner, schema: GraphSchema) -> Iterator[_Step]:
    placed: set[str] = set()

    def place(name: str) -> Iterator[_Step]:
        if name in placed or name not in schema.nodes:
            return
        placed.add(name)
        needs = tuple(schema.nodes[name].needs.items())
        for _, need in needs:
            yield from place(need)
        node = runner._instantiated_nodes[name]
        yield _Step(name, node, needs, node._eager and not node._hooks)

    for name in schema.nodes:
        yield from place(name)
