"""Measures an assistant under load: latency, throughput and cost, by kind of message and visitors."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product, repeat
from time import perf_counter

from channels.bench_messages import Case
from channels.bench_processes import Cost, Snapshot, cost
from channels.bench_visitors import Outcome, Target, Visitor

WINDOW = 20
"""Turns from each mark on that are measured together."""

_WARM = 2
"""Messages of each visitor before the clock starts: the first of a conversation costs more."""

GRACE = 15.0
"""Seconds for messages on their way when the time is over."""

_AFTER_FAILURE = 0.1
"""Seconds: refusals come quickly, and a storm of them would be measured instead."""

_TURN_FACTOR = 20
"""The long conversation may take this many times the time of one case."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: numbers of visitors, seconds for each case, turns of the long conversation."""

    visitors: tuple[int, ...]
    seconds: float
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of message at one number of visitors. Latencies in seconds, of answered messages only."""

    case: str
    title: str
    visitors: int
    seconds: float
    in_time: int
    """Answers that came while the clock ran: what throughput is made of."""
    latencies: tuple[float, ...]
    failures: Mapping[str, int]
    statuses: Mapping[str, int]
    """Of the answers: a case whose messages are often misunderstood is another case."""
    spent: Cost
    used_up: bool
    """The messages were used up before the time was."""

    @property
    def sent(self) -> int:
        """Messages that were answered or failed."""
        return len(self.latencies) + sum(self.failures.values())


@dataclass(frozen=True, slots=True)
class Turn:
    """One kind of message at the turns from `mark` on, in one long conversation."""

    mark: int
    case: str
    title: str
    latencies: tuple[float, ...]
    failures: Mapping[str, int]
    messages: int
    """Of all kinds in these turns: what the cost was spent on."""
    spent: Cost | None
    """None where the last of these turns was not reached in time."""


@dataclass(frozen=True, slots=True)
class Measured:
    """All that was measured of one assistant."""

    loads: tuple[Load, ...]
    turns: tuple[Turn, ...]
    turn_failures: Mapping[str, int]
    """Of the whole long conversation."""
    at_start: Snapshot
    at_end: Snapshot

    @property
    def failed(self) -> int:
        """Messages that were not answered as they should be."""
        return sum(sum(load.failures.values()) for load in self.loads) + sum(self.turn_failures.values())


async def measure(
    target: Target,
    plan: Plan,
    cases: Sequence[Case],
    long: Sequence[Case],
    watch: Callable[[], Snapshot],
    report: Callable[[str], None],
) -> Measured:
    """Every case at every number of visitors, then one long conversation that takes turns with `long`.

    Raises TrolyError when no conversation can be opened.
    """
    at_start = watch()
    loads: list[Load] = []
    for case in cases:
        for index, visitors in enumerate(plan.visitors):
            report(f"{case.title}, {visitors} at once …")
            texts = case.share(index, len(plan.visitors))
            loads.append(await measure_load(target, case, texts, visitors, plan.seconds, watch))
    turns: tuple[Turn, ...] = ()
    failures: Mapping[str, int] = {}
    if plan.turns:
        report(f"one conversation to turn {max(plan.turns)} …")
        turns, failures = await measure_turns(target, long, plan.turns, plan.seconds * _TURN_FACTOR, watch)
    return Measured(tuple(loads), turns, failures, at_start, watch())


async def measure_load(
    target: Target,
    case: Case,
    texts: Iterator[str],
    visitors: int,
    seconds: float,
    watch: Callable[[], Snapshot],
) -> Load:
    """`visitors` conversations, each sending its next message when the last one is answered."""
    people = await asyncio.gather(*(target.visitor() for _ in range(visitors)))
    failures: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    first = repeat(case.warm_up) if case.warm_up else texts
    for _ in range(_WARM):
        for outcome in await asyncio.gather(
            *(one.ask(text) for one, text in zip(people, first, strict=False))
        ):
            failures.update(filter(None, [outcome.failure]) if case.warm_up else _failure(case, outcome))
    before = watch()
    started = perf_counter()
    done: list[tuple[float, float]] = []

    async def visit(person: Visitor) -> None:
        while perf_counter() < started + seconds and (text := next(texts, None)) is not None:
            outcome = await person.ask(text)
            if failure := _failure(case, outcome):
                failures.update(failure)
                await asyncio.sleep(_AFTER_FAILURE)
            else:
                done.append((perf_counter() - started, outcome.seconds))
                statuses[outcome.status] += 1

    tasks = [asyncio.create_task(visit(person)) for person in people]
    finished, late = await asyncio.wait(tasks, timeout=seconds + GRACE)
    failures["no answer in time"] += len(late)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    for task in finished:
        task.result()
    elapsed = perf_counter() - started
    spent = cost(before, watch())
    used_up = elapsed < seconds
    clock = elapsed if used_up else seconds
    return Load(
        case=case.name,
        title=case.title,
        visitors=visitors,
        seconds=clock,
        in_time=sum(at <= clock for at, _ in done),
        latencies=tuple(latency for _, latency in done),
        failures=+failures,
        statuses=statuses,
        spent=spent,
        used_up=used_up,
    )


async def measure_turns(
    target: Target,
    cases: Sequence[Case],
    marks: Sequence[int],
    seconds: float,
    watch: Callable[[], Snapshot],
) -> tuple[tuple[Turn, ...], Mapping[str, int]]:
    """One conversation in which the cases take turns; WINDOW turns from each mark on are looked at.

    It ends after `seconds`. Also gives the failures of all its turns.
    """
    person = await target.visitor()
    texts = [case.share(0, 1) for case in cases]
    # Turn 1 is outcome 0.
    windows = {mark: range(mark - 1, mark - 1 + WINDOW) for mark in marks}
    edges = {edge for window in windows.values() for edge in (window.start, window.stop)}
    seen: dict[int, Snapshot] = {}
    outcomes: list[Outcome] = []
    deadline = perf_counter() + seconds
    while True:
        number = len(outcomes)
        if number in edges:
            seen[number] = watch()
        text = next(texts[number % len(cases)], None)
        if number >= max(edges) or perf_counter() >= deadline or text is None:
            break
        outcomes.append(await person.ask(text))
    turns = []
    for (mark, window), (index, case) in product(windows.items(), enumerate(cases)):
        own = [outcomes[n] for n in window if n % len(cases) == index and n < len(outcomes)]
        whole = window.start in seen and window.stop in seen
        turns.append(
            Turn(
                mark=mark,
                case=case.name,
                title=case.title,
                latencies=tuple(outcome.seconds for outcome in own if not _failure(case, outcome)),
                failures=Counter(word for outcome in own for word in _failure(case, outcome)),
                messages=sum(n < len(outcomes) for n in window),
                spent=cost(seen[window.start], seen[window.stop]) if whole else None,
            )
        )
    failures = Counter(
        word for n, outcome in enumerate(outcomes) for word in _failure(cases[n % len(cases)], outcome)
    )
    return tuple(turns), failures


def _failure(case: Case, outcome: Outcome) -> list[str]:
    failure = outcome.failure or case.failure(outcome.status)
    return [failure] if failure else []
