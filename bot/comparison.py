"""Two evaluations of the same messages, compared one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.evaluation_report import read_report
from bot.measures import LOWER_IS_BETTER, NEUTRAL, SHARES, Outcome, groups
from bot.statistics import mcnemar
from troly.errors import UsageError
from troly.statistics import Share

Pair = tuple[Outcome, Outcome]
"""A message as the first and as the second run understood it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure in both runs, over a group of messages.

    `gained` and `lost` are the messages that count in one run only, among those over which both runs have the
    figure; `p` is McNemar's exact one over these.
    """

    group: str
    figure: str
    first: Share
    second: Share
    gained: tuple[Pair, ...]
    lost: tuple[Pair, ...]

    @property
    def p(self) -> float:
        """How likely a difference at least this large is by chance."""
        return mcnemar(len(self.gained), len(self.lost))

    @property
    def verdict(self) -> str:
        """ "better" or "worse" where chance is unlikely (p < .05), else "". Neutral figures have none."""
        if self.p >= 0.05 or self.figure in NEUTRAL:
            return ""
        more = len(self.gained) > len(self.lost)
        return "better" if more != (self.figure in LOWER_IS_BETTER) else "worse"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, and the messages whose faults changed."""

    titles: tuple[str, str]
    pairs: tuple[Pair, ...]
    unpaired: tuple[int, int]
    relabelled: int
    differences: tuple[Difference, ...]

    @property
    def mended(self) -> list[Pair]:
        """Messages that had a fault in the first run and have none in the second."""
        return [pair for pair in self.pairs if pair[0].faults and not pair[1].faults]

    @property
    def broken(self) -> list[Pair]:
        """Messages that had no fault in the first run and have one in the second."""
        return [pair for pair in self.pairs if pair[1].faults and not pair[0].faults]

    @property
    def otherwise(self) -> list[Pair]:
        """Messages that are wrong in both, each in another way."""
        return [
            pair
            for pair in self.pairs
            if pair[0].faults and pair[1].faults and said(pair[0]) != said(pair[1])
        ]


def compare(first: Path, second: Path) -> Comparison:
    """Compare two files evaluation.json. Messages are paired by file and id; both are judged by the second's
    labels. Raises UsageError where one is no report or nothing can be paired.
    """
    (stated_first, before), (stated_second, after) = read_report(first), read_report(second)
    known = {_key(outcome): outcome for outcome in before}
    pairs: list[Pair] = []
    relabelled = 0
    for outcome in after:
        earlier = known.get(_key(outcome))
        if earlier is None:
            continue
        relabelled += earlier.record != outcome.record
        again = Outcome(outcome.record, earlier.parsed, earlier.milliseconds, earlier.error)
        pairs.append((again, outcome))
    if not pairs:
        raise UsageError(f"{first} and {second} have no message in common (same file, id and text)")
    return Comparison(
        (_title(first, stated_first), _title(second, stated_second)),
        tuple(pairs),
        (len(before) - len(pairs), len(after) - len(pairs)),
        relabelled,
        tuple(_differences(pairs)),
    )


def said(outcome: Outcome) -> str:
    """What a run made of a message, in one line."""
    if outcome.error:
        return outcome.error
    parts = [f"{outcome.intent} {outcome.confidence:.2f}", str(outcome.parsed.get("language"))]
    parts.append(f"{outcome.decision} {outcome.codes[0]}" if outcome.codes else outcome.decision)
    if code := outcome.parsed.get("application_code"):
        parts.append(str(code))
    return ", ".join(parts)


def lines(found: Comparison, limit: int = 40) -> Iterator[str]:
    """For people: the differences of all messages together, then of groups where something changed."""
    yield f"A: {found.titles[0]}"
    yield f"B: {found.titles[1]}"
    yield (
        f"{len(found.pairs)} messages in both; {found.unpaired[0]} only in A, {found.unpaired[1]} only in B"
        + (f"; {found.relabelled} relabelled, judged by B's labels" if found.relabelled else "")
    )
    yield ""
    yield f"{'figure':<30} {'A':>7} {'B':>7} {'gained':>7} {'lost':>5} {'p':>6}"
    group = ""
    for one in found.differences:
        if one.group != group:
            group = one.group
            yield f"{group}:"
        yield (
            f"  {one.figure:<28} {one.first.value or 0:>7.1%} {one.second.value or 0:>7.1%} "
            f"{len(one.gained):>7} {len(one.lost):>5} {one.p:>6.3f} {one.verdict}".rstrip()
        )
    for title, members in (
        ("Mended", found.mended),
        ("Broken", found.broken),
        ("Wrong otherwise", found.otherwise),
    ):
        yield f"\n{title} ({len(members)})"
        for before, after in members[:limit]:
            yield f"  {after.record.id}: {after.record.text}"
            yield f"    A {said(before)}"
            yield f"    B {said(after)}"
        if len(members) > limit:
            yield f"  … and {len(members) - limit} more, on the page"


def _key(outcome: Outcome) -> tuple[str, str, str]:
    record = outcome.record
    return record.file, record.id, record.text


def _title(path: Path, stated: Mapping[str, object]) -> str:
    model = stated.get("model")
    name = model.get("model") if isinstance(model, Mapping) else None
    return f"{path}, {name or 'model unknown'}, {stated.get('made_at')}"


def _differences(pairs: Sequence[Pair]) -> Iterator[Difference]:
    earlier = {_key(after): before for before, after in pairs}
    found = list(groups([after for _, after in pairs]))
    for number, group in enumerate(found):
        members = [(earlier[_key(after)], after) for after in group.members]
        for name, (belongs, counts) in SHARES.items():
            both = [pair for pair in members if belongs(pair[0]) and belongs(pair[1])]
            first, second = ([pair[side] for pair in members if belongs(pair[side])] for side in (0, 1))
            gained = tuple(pair for pair in both if counts(pair[1]) and not counts(pair[0]))
            lost = tuple(pair for pair in both if counts(pair[0]) and not counts(pair[1]))
            if not second or (number and not gained and not lost):
                continue
            yield Difference(
                group.title,
                name,
                Share(sum(map(counts, first)), len(first)),
                Share(sum(map(counts, second)), len(second)),
                gained,
                lost,
            )
