"""What citizens ask about: procedures, aspects, fields of procedures, communes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.store import Store
from console.figures import reading, rolling
from console.figures.counting import WIDE
from console.figures.period import Choice
from console.figures.reading import Sums
from console.figures.tables import Column, Table
from console.figures.wording import Wording, grown, part
from console.rendering import link
from troly.tables.catalogue import CatalogueProcedure

TOP = 20
"""Rows on the page; files have all."""
KINDS = ("procedure", "aspect", "field", "commune")
"""The tables."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Named:
    """What the catalogue says of a procedure."""

    name: str
    name_en: str | None
    field: str

    def title(self, language: str) -> str:
        """In the reader's language, as far as it is there."""
        return (language == "en" and self.name_en) or self.name


@dataclass(frozen=True, slots=True)
class Topics:
    """What was asked about, then and before."""

    now: Sums
    before: Sums
    known: dict[str, Named]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked about."""
        return not any(sum(self.now[kind].values()) for kind in WIDE)


async def read(store: Store, choice: Choice) -> Topics:
    """Read what was asked about in a period."""
    live = await rolling.today_of(store)
    async with store.read() as connection:
        now = await reading.sums(connection, choice.start, choice.end, choice.only, WIDE, live)
        before = await reading.sums(connection, *choice.before, choice.only, WIDE, live)
        known = await names(connection, {*now["procedure"], *before["procedure"]})
    return Topics(now, before, known)


async def names(connection: AsyncConnection, codes: Collection[str]) -> dict[str, Named]:
    """What the catalogue says of these procedures; those that are not withdrawn win."""
    found: dict[str, Named] = {}
    wanted = sorted(codes)
    for place in range(0, len(wanted), _AT_ONCE):
        rows = await connection.execute(
            select(
                CatalogueProcedure.code,
                CatalogueProcedure.name,
                CatalogueProcedure.name_en,
                CatalogueProcedure.field,
            )
            .where(CatalogueProcedure.code.in_(wanted[place : place + _AT_ONCE]))
            .order_by(CatalogueProcedure.withdrawn_at.is_(None), CatalogueProcedure.id)
        )
        found |= {row.code: Named(row.name, row.name_en, row.field) for row in rows}
    return found


def fields(counted: Counter[str], known: dict[str, Named], words: Wording) -> Counter[str]:
    """Questions about procedures by the procedures' field."""
    made: Counter[str] = Counter()
    for code, number in counted.items():
        made[known[code].field if code in known and known[code].field else words.say("no_field")] += number
    return made


def tables(topics: Topics, choice: Choice, words: Wording, *, may_open: bool = False) -> dict[str, Table]:
    """One table a kind, the most asked about first."""
    made = [
        _procedures(topics, choice, words, may_open=may_open),
        _ranked(
            "aspect",
            words,
            _renamed(topics.now["aspect"], words),
            _renamed(topics.before["aspect"], words),
        ),
        _ranked(
            "field",
            words,
            fields(topics.now["procedure"], topics.known, words),
            fields(topics.before["procedure"], topics.known, words),
        ),
        _ranked("commune", words, topics.now["commune"], topics.before["commune"]),
    ]
    return {table.name: table for table in made}


def _procedures(topics: Topics, choice: Choice, words: Wording, *, may_open: bool) -> Table:
    now, before = topics.now["procedure"], topics.before["procedure"]
    whole = sum(now.values())
    rows = [
        [
            code,
            topics.known[code].title(words.language) if code in topics.known else "",
            number,
            part(number, whole),
            grown(number, before[code]),
        ]
        for code, number in ordered(now)
    ]
    only = {"since": choice.start.isoformat(), "until": choice.end.isoformat()}
    return Table(
        "procedure",
        words.say("table_procedure"),
        [
            Column(words.say("code"), "text", "code"),
            Column(words.say("head_procedure"), "text", "procedure"),
            Column(words.say("number"), name="number"),
            Column(words.say("share"), "share", "share"),
            Column(words.say("change"), "change", "change"),
        ],
        rows,
        bar=2,
        links={code: link("/conversations", procedure=code, **only) for code, _ in ordered(now)[:TOP]}
        if may_open
        else {},
    )


def _ranked(kind: str, words: Wording, now: Counter[str], before: Counter[str]) -> Table:
    whole = sum(now.values())
    return Table(
        kind,
        words.say(f"table_{kind}"),
        [
            Column(words.say(f"head_{kind}"), "text", kind),
            Column(words.say("number"), name="number"),
            Column(words.say("share"), "share", "share"),
            Column(words.say("change"), "change", "change"),
        ],
        [[name, number, part(number, whole), grown(number, before[name])] for name, number in ordered(now)],
        bar=1,
    )


def _renamed(counted: Counter[str], words: Wording) -> Counter[str]:
    made: Counter[str] = Counter()
    for name, number in counted.items():
        made[words.named("aspect_", name) if name else words.say("unknown")] += number
    return made


def ordered(counted: Counter[str]) -> list[tuple[str, int]]:
    """The most first, then by name."""
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))
