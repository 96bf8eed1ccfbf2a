"""The first page of figures: how much, how well, how long, and how the portal did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels.store import Store
from console.figures import reading, rolling
from console.figures.charts import Chart, Series, chart
from console.figures.counting import NARROW
from console.figures.period import Choice
from console.figures.reading import Course, Sums
from console.figures.sample import Sample, sample
from console.figures.tables import Column, Table
from console.figures.wording import Wording, grown, part
from troly.tables.figures import MORE, TIMES, WAITS

OUTCOMES: dict[str, tuple[str, ...]] = {
    "answered": ("answered",),
    "asked_back": ("clarify", "form"),
    "rejected": ("not_found", "out_of_scope", "refused"),
    "handed_over": ("handed_over",),
    "portal": ("portal_unavailable",),
    "failed": ("error", "none"),
    "greeted": ("smalltalk",),
}
"""What became of messages, in words of staff: the statuses of answers that each takes together."""
SHOWN = ("answered", "asked_back", "rejected", "handed_over")
"""Those that are charted."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the page and the report tell of a period."""

    course: Course
    now: Sums
    before: Sums
    people: tuple[int, int]
    people_before: tuple[int, int]
    sample: Sample
    sample_before: Sample

    @property
    def is_empty(self) -> bool:
        """Whether nobody wrote, then or before."""
        return not any(self.now["status"].values()) and not any(self.now["conversation"].values())


@dataclass(frozen=True, slots=True)
class Tile:
    """A number that stands out."""

    name: str
    value: str
    change: str = ""
    note: str = ""


async def read(store: Store, choice: Choice) -> Facts:
    """Read the facts of a period; today's part is at most twenty seconds old."""
    live = await rolling.today_of(store)
    async with store.read() as connection:
        course = await reading.course(connection, choice, live)
        before = await reading.sums(connection, *choice.before, choice.only, NARROW, live)
        return Facts(
            course,
            course.sums(),
            before,
            await reading.people(connection, choice.start, choice.end, choice.only, live),
            await reading.people(connection, *choice.before, choice.only, live),
            await sample(connection, choice.start, choice.end, choice.only),
            await sample(connection, *choice.before, choice.only),
        )


def outcomes(statuses: Mapping[str, int]) -> Counter[str]:
    """Messages by what became of them."""
    return Counter({name: sum(statuses.get(one, 0) for one in kept) for name, kept in OUTCOMES.items()})


def tiles(facts: Facts, words: Wording) -> list[Tile]:
    """The numbers at the top."""
    messages, messages_before = _total(facts.now, "status"), _total(facts.before, "status")
    conversations, earlier = _total(facts.now, "conversation"), _total(facts.before, "conversation")
    made = [
        Tile("conversations", words.number(conversations), words.change(grown(conversations, earlier))),
        Tile("messages", words.number(messages), words.change(grown(messages, messages_before))),
        Tile(
            "people",
            words.number(facts.people[0]),
            words.change(grown(facts.people[0], facts.people_before[0])),
            words.say("people_new", n=words.number(facts.people[1])),
        ),
    ]
    now, before = outcomes(facts.now["status"]), outcomes(facts.before["status"])
    for name in ("answered", "handed_over"):
        made.append(_share_tile(name, part(now[name], messages), part(before[name], messages_before), words))
    made.append(_estimate(facts, words))
    good, bad = (facts.now["rating"][name] for name in ("good", "bad"))
    was_good, was_bad = (facts.before["rating"][name] for name in ("good", "bad"))
    rated = _total(facts.now, "rating")
    made.append(
        _share_tile(
            "good",
            part(good, good + bad),
            part(was_good, was_good + was_bad),
            words,
            words.say("of_ratings", n=words.number(rated)),
        )
    )
    return made


def _share_tile(name: str, value: float | None, before: float | None, words: Wording, note: str = "") -> Tile:
    moved = None if value is None or before is None else value - before
    return Tile(name, words.share(value), words.points(moved), note)


def _estimate(facts: Facts, words: Wording) -> Tile:
    share, before = facts.sample.share, facts.sample_before.share
    interval = share.interval
    if interval is None:
        return Tile("correct", "–", "", words.say("sample_none"))
    note = words.say(
        "sample_interval",
        low=words.share(interval[0]),
        high=words.share(interval[1]),
        n=words.number(share.n),
    )
    moved = None if before.value is None or share.value is None else share.value - before.value
    return Tile("correct", words.share(share.value), words.points(moved), note)


def charts(facts: Facts, choice: Choice, words: Wording) -> dict[str, Chart]:
    """The charts, by the name of the table that stands beside each."""
    course, days, monthly = facts.course, facts.course.columns, choice.by_month
    channels = sorted(facts.now["channel"], key=lambda name: -facts.now["channel"][name])
    messages = [Series(_channel(words, name), course.of("channel", name)) for name in channels]
    used = [
        Series(words.say("people"), [course.people.get(day, 0) for day in days]),
        Series(words.say("conversations"), course.of("conversation")),
    ]
    shares = [Series(words.say(f"outcome_{name}"), _shares(course, name)) for name in SHOWN]
    portal = [Series(words.say("portal_up"), _portal(course))]

    def drawn(name: str, series: list[Series], kind: str = "lines", *, shares: bool = False) -> Chart:
        title = words.say(f"{name}_by")
        return chart(name, title, days, series, words, kind=kind, shares=shares, by_month=monthly)

    return {
        "messages": drawn("messages", messages, "stacked"),
        "people": drawn("people", used),
        "outcomes": drawn("outcomes", shares, shares=True),
        "portal": drawn("portal", portal, shares=True),
    }


def tables(facts: Facts, choice: Choice, words: Wording) -> dict[str, Table]:
    """The tables: those beside the charts, then those that stand alone."""
    course = facts.course
    days = course.columns
    kind = "month" if choice.by_month else "day"
    when = Column(words.say(kind), kind, kind)
    channels = sorted(facts.now["channel"], key=lambda name: -facts.now["channel"][name])
    total = course.of("status")
    counted = [course.of("channel", name) for name in channels]
    made = [
        Table(
            "messages",
            words.say("messages_by"),
            [
                when,
                Column(words.say("messages"), name="messages"),
                *(Column(_channel(words, name), name=name) for name in channels),
            ],
            list(zip(days, total, *counted, strict=True)),
        ),
        Table(
            "people",
            words.say("people_by"),
            [
                when,
                Column(words.say("people"), name="people"),
                Column(words.say("conversations"), name="conversations"),
            ],
            list(
                zip(
                    days,
                    [course.people.get(day, 0) for day in days],
                    course.of("conversation"),
                    strict=True,
                )
            ),
        ),
        Table(
            "outcomes",
            words.say("outcomes_by"),
            [when, *(Column(words.say(f"outcome_{name}"), "share", name) for name in SHOWN)],
            list(zip(days, *(_shares(course, name) for name in SHOWN), strict=True)),
        ),
        Table(
            "portal",
            words.say("portal_by"),
            [
                when,
                Column(words.say("portal_needed"), name="needed"),
                Column(words.say("portal_away"), name="unavailable"),
                Column(words.say("portal_up"), "share", "available"),
            ],
            list(zip(days, _needed(course), _away(course), _portal(course), strict=True)),
        ),
        _compared("status", words, outcomes(facts.now["status"]), outcomes(facts.before["status"])),
        _compared("channel", words, facts.now["channel"], facts.before["channel"]),
        _compared("language", words, facts.now["language"], facts.before["language"]),
        _compared("rating", words, facts.now["rating"], facts.before["rating"], ("good", "middle", "bad")),
        _compared("handover", words, facts.now["handover"], facts.before["handover"]),
        _classes("wait", words, facts.now["wait"], WAITS),
        _classes("took", words, facts.now["took"], TIMES),
        _sample_table(facts.sample, words),
    ]
    return {table.name: table for table in made}


def _compared(
    kind: str,
    words: Wording,
    now: Mapping[str, int],
    before: Mapping[str, int],
    order: Sequence[str] = (),
) -> Table:
    """A kind's names with their numbers, their shares, and how they moved."""
    names = order or sorted({*now, *before}, key=lambda name: (-now.get(name, 0), name))
    whole = sum(now.values())
    rows: list[list[Any]] = [
        [
            name_of(words, kind, name),
            now.get(name, 0),
            part(now.get(name, 0), whole),
            grown(now.get(name, 0), before.get(name, 0)),
        ]
        for name in names
        if now.get(name, 0) or before.get(name, 0)
    ]
    return Table(
        kind,
        words.say(f"table_{kind}"),
        [
            Column(words.say(f"head_{kind}"), "text", kind),
            Column(words.say("number"), name="number"),
            Column(words.say("share"), "share", "share"),
            Column(words.say("change"), "change", "change"),
        ],
        rows,
        bar=1,
    )


def _classes(kind: str, words: Wording, counted: Mapping[str, int], ends: Sequence[int]) -> Table:
    """How many took how long at most, summed up from the shortest."""
    whole, so_far = sum(counted.values()), 0
    rows: list[list[Any]] = []
    for end in [*map(str, ends), MORE]:
        so_far += counted.get(end, 0)
        text = words.say("longer") if end == MORE else lasting(words, int(end))
        rows.append([text, counted.get(end, 0), part(so_far, whole)])
        if so_far == whole:
            break
    return Table(
        kind,
        words.say(f"table_{kind}"),
        [
            Column(words.say("up_to"), "text", "up_to"),
            Column(words.say("number"), name="number"),
            Column(words.say("so_far"), "share", "share_so_far"),
        ],
        rows if whole else [],
        bar=1,
    )


def lasting(words: Wording, seconds: int) -> str:
    """3 seconds, 5 minutes, 4 hours."""
    if seconds < 60:
        return words.say("seconds", n=seconds)
    if seconds < 3600:
        return words.say("minutes", n=seconds // 60)
    return words.say("hours", n=seconds // 3600)


def _sample_table(found: Sample, words: Wording) -> Table:
    names = ("right", "wrong", "unsure", "waiting")
    rows = [[words.say(f"sample_{name}"), getattr(found, name)] for name in names] if found.drawn else []
    columns = [Column(words.say("head_sample"), "text", "answer"), Column(words.say("number"), name="number")]
    note = words.say("sample_early") if found.is_early else ""
    return Table("sample", words.say("table_sample"), columns, rows, bar=1, note=note)


def name_of(words: Wording, kind: str, name: str) -> str:
    """What one of our names is called."""
    if kind == "channel":
        return _channel(words, name)
    if kind == "language":
        return words.named("conversations.language_", name) if name else words.say("unknown")
    return words.named(f"{'outcome' if kind == 'status' else kind}_", name)


def _channel(words: Wording, name: str) -> str:
    return words.named("conversations.channel_", name)


def _shares(course: Course, name: str) -> list[float | None]:
    parts = [course.of("status", status) for status in OUTCOMES[name]]
    return [
        part(sum(column), whole)
        for column, whole in zip(zip(*parts, strict=True), course.of("status"), strict=True)
    ]


def _needed(course: Course) -> list[int]:
    """Messages for whose answer the portal was asked, as far as the answer tells."""
    return [sum(pair) for pair in zip(course.of("status", "answered"), _away(course), strict=True)]


def _away(course: Course) -> list[int]:
    return course.of("status", "portal_unavailable")


def _portal(course: Course) -> list[float | None]:
    return [
        None if not needed else 1 - away / needed
        for needed, away in zip(_needed(course), _away(course), strict=True)
    ]


def _total(sums: Sums, kind: str) -> int:
    return sum(sums[kind].values())
