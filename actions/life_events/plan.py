"""The plan for a life event: its procedures in order, with papers, fees and times from the records."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from actions import portal
from actions.life_events import papers, sums
from actions.life_events.files import Answers, Event, Item
from actions.life_events.papers import Paper
from actions.life_events.sums import Charge, Total
from actions.portal import Record
from actions.speech import procedure_source
from actions.values import duration
from portal.errors import NotFound, PortalError
from portal.models import Duration

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """A procedure to do, with its record."""

    item: Item
    record: Record
    charge: Charge
    time: Duration | None
    open_cases: bool
    """Its papers depend on a case that nobody asked about."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a life event calls for."""

    event: Event
    steps: tuple[Step, ...]
    papers: tuple[Paper, ...]
    total: Total
    slowest: int | None
    """Number of the step that takes longest."""
    absent: tuple[Item, ...]
    """Procedures that this portal does not list."""
    unreached: tuple[Item, ...]
    """Procedures whose record could not be had just now."""

    @property
    def is_copy(self) -> bool:
        """Whether a record is the stored copy, because the portal did not answer."""
        return any(step.record.is_copy for step in self.steps)

    @property
    def sources(self) -> list[dict[str, str]]:
        """Of every record, and of the editors' list."""
        return [procedure_source(step.record.procedure) for step in self.steps] + [dict(self.event.source)]


async def plan(event: Event, answers: Answers) -> Plan:
    """Fetch the records of what the answers call for, and add them up."""
    items = event.needed(answers)
    found = await asyncio.gather(*(_record(item) for item in items))
    steps = []
    for item, record in zip(items, found, strict=True):
        if isinstance(record, Record):
            procedure = record.procedure
            steps.append(
                Step(
                    item,
                    record,
                    sums.charge(procedure),
                    sums.longest(procedure),
                    papers.has_open_cases(procedure, item.case(answers)),
                )
            )
    return Plan(
        event=event,
        steps=tuple(steps),
        papers=tuple(papers.combined([(step.record.procedure, step.item.case(answers)) for step in steps])),
        total=sums.total([step.charge for step in steps]),
        slowest=sums.slowest([step.time for step in steps]),
        absent=_where(items, found, NotFound),
        unreached=_where(items, found, PortalError),
    )


def content(made: Plan) -> dict[str, Any]:
    """The plan as JSON, to be kept as a checklist and printed by the gateway. Names both languages."""
    return {
        "event": made.event.id,
        "title": dict(made.event.title),
        "steps": [
            {
                "title": dict(step.item.title),
                "code": step.record.procedure.code,
                "url": step.record.procedure.source_url,
                "linked": step.item.linked,
                "note": dict(step.item.note),
                "time": _time(step.time),
                "fee": [step.charge.low, step.charge.high],
                "fee_noted": step.charge.noted,
                "open_cases": step.open_cases,
                "as_of": step.record.procedure.as_of.date().isoformat(),
            }
            for step in made.steps
        ],
        "papers": [
            {
                "name": paper.name,
                "needed": list(paper.needed),
                "originals": paper.originals,
                "copies": paper.copies,
                "only_if": paper.only_if,
                "done": False,
            }
            for paper in made.papers
        ],
        "total": [made.total.low, made.total.high],
        "counted": made.total.counted,
        "missing": list(made.total.missing),
        "slowest": made.slowest,
        "source": dict(made.event.source),
    }


async def _record(item: Item) -> Record | PortalError:
    try:
        return await portal.procedure_record(item.code)
    except PortalError as error:
        log.info("no record for a life event", code=item.code, reason=type(error).__name__)
        return error


def _where(items: Iterable[Item], found: Iterable[Any], kind: type[PortalError]) -> tuple[Item, ...]:
    return tuple(
        item
        for item, record in zip(items, found, strict=True)
        if isinstance(record, PortalError) and (isinstance(record, NotFound) == (kind is NotFound))
    )


def _time(time: Duration | None) -> dict[str, Any]:
    if time is None or not duration(time):
        return {}
    if time.value is None or time.unit == "OTHER":
        return {"text": time.text}
    return {"count": time.value, "unit": time.unit.lower()}
