"""Unmet needs: what citizens wrote that nothing answered, in the groups of the review, growing ones first.

The groups and the messages without personal data are those of console/review; who may not read
conversations sees the words that the messages of a group share, and only where several people wrote them.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import case, func, select
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.store import Store
from console.figures.counting import midnight
from console.figures.period import Choice
from console.figures.tables import Column, Table
from console.figures.wording import Wording, grown
from console.review.filling import fill
from console.review.grouping import Groups, Rarity
from troly.settings import Settings
from troly.tables.figures import ALL
from troly.tables.review import UNMET, ReviewGroup, ReviewItem
from troly.text import fold

_WORD = re.compile(r"\w+")

log = structlog.get_logger("figures")

SHOWN = 50
"""Groups of the page; files have MOST."""
MOST = 300
_APART = 4
"""The review's groups that are looked at for each that is shown."""
_STEPS = 25
"""Steps of the review's filling behind a page."""
_AFTER = 0.5
"""Seconds by which the page is sent before."""
_EXAMPLES = 3
_LOOKED = 12
"""Messages of a group that are read for its words."""
_PEOPLE = 3
"""So many must have written a word before it is shown to whoever may not read conversations."""
_SHARED = 0.5

_filling: WeakKeyDictionary[Store, asyncio.Task[None]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Example:
    """A message, masked, and where it is."""

    text: str
    conversation_id: str
    turn_id: int | None


@dataclass(frozen=True, slots=True)
class Need:
    """Similar messages that nothing answered."""

    groups: tuple[int, ...]
    """Of the review, which keeps messages apart that were understood differently."""
    leader: str
    now: int
    before: int
    people: int
    rejected: int
    """Of the messages now, those that were taken for out of scope."""
    words: tuple[str, ...] = ()
    """What most of its messages share."""
    examples: tuple[Example, ...] = ()

    @property
    def growth(self) -> int:
        """How many more than before."""
        return self.now - self.before


async def read(store: Store, choice: Choice, *, may_read: bool, most: int = SHOWN) -> list[Need]:
    """The groups of a period."""
    async with store.read() as connection:
        found = await _groups(connection, choice, most * _APART)
    merged = (await asyncio.to_thread(merge, found))[:most] if found else []
    async with store.read() as connection:
        said = await _said(connection, choice, merged)
    made = []
    for number, need in enumerate(merged):
        messages = said.get(number, [])
        examples = _examples(messages) if may_read else ()
        made.append(replace(need, words=_shared(messages), examples=examples))
    return made


def fill_behind(store: Store, settings: Settings) -> None:
    """Have the newest messages join their groups, behind the page."""
    if (task := _filling.get(store)) is None or task.done():
        _filling[store] = asyncio.create_task(_fill(store, settings))


async def _fill(store: Store, settings: Settings) -> None:
    await asyncio.sleep(_AFTER)
    try:
        await fill(store, settings, steps=_STEPS)
    except Exception as error:  # the next look at a page tries again
        log.error("filling_failed", error=type(error).__name__, exc_info=True)


def merge(found: Sequence[Need]) -> list[Need]:
    """Put groups together whose first messages are alike, whatever they were taken for; growing ones first.

    Takes tenths of a second of the processor: call it in a thread.
    """
    # Rare among what was not answered: the review's own weights would be read from files first.
    groups, members = Groups(Rarity(need.leader for need in found)), dict[int, list[Need]]()
    for number, need in enumerate(found):
        like = groups.like(need.leader) if need.leader else None
        if like is None:
            like = number
            groups.add(number, need.leader)
        members.setdefault(like, []).append(need)
    made = [
        Need(
            tuple(group for need in some for group in need.groups),
            some[0].leader,
            *(sum(getattr(need, name) for need in some) for name in ("now", "before", "people", "rejected")),
        )
        for some in members.values()
    ]
    return sorted(
        (need for need in made if need.now), key=lambda need: (-need.growth, -need.now, need.groups)
    )


def table(needs: Sequence[Need], words: Wording) -> Table:
    """For a file: without any message."""
    return Table(
        "unmet",
        words.say("unmet"),
        [
            Column(words.say("unmet_words"), "text", "words"),
            Column(words.say("unmet_now"), name="now"),
            Column(words.say("unmet_before"), name="before"),
            Column(words.say("change"), "change", "change"),
            Column(words.say("people"), name="people"),
        ],
        [
            [" ".join(need.words) or words.say("unmet_few"), need.now, need.before,
             grown(need.now, need.before), need.people]
            for need in needs
        ],
    )  # fmt: skip


def _unmet(choice: Choice) -> list[Any]:
    # Written as in the index (troly/tables/review.py).
    made: list[Any] = [sql(f"review_item.{UNMET}")]
    for asked, column in zip(choice.only, (ReviewItem.channel, ReviewItem.language), strict=True):
        if asked != ALL:
            made.append(column == asked)
    return made


async def _groups(connection: AsyncConnection, choice: Choice, most: int) -> list[Need]:
    start, end = midnight(choice.start), midnight(choice.end + timedelta(days=1))
    first, last = choice.before
    is_now = ReviewItem.at >= start
    now = func.sum(case((is_now, 1), else_=0))
    before = func.sum(case((is_now, 0), (ReviewItem.at < midnight(last + timedelta(days=1)), 1), else_=0))
    rejected = func.sum(case((is_now & (ReviewItem.status == "out_of_scope"), 1), else_=0))
    people = func.count(func.distinct(case((is_now, ReviewItem.conversation_id))))
    counted = (
        select(
            ReviewItem.group_id,
            now.label("now"),
            before.label("before"),
            people.label("people"),
            rejected.label("rejected"),
        )
        .where(*_unmet(choice), ReviewItem.at >= midnight(first), ReviewItem.at < end)
        .group_by(ReviewItem.group_id)
        .order_by(func.count().desc(), ReviewItem.group_id.desc())
        .limit(most)
        .subquery()
    )
    rows = await connection.execute(
        select(counted, ReviewGroup.leader).join(ReviewGroup, ReviewGroup.id == counted.c.group_id)
    )
    made = [
        Need((row.group_id,), row.leader, int(row.now), int(row.before), int(row.people), int(row.rejected))
        for row in rows
    ]
    return sorted(made, key=lambda need: (-need.now - need.before, need.groups))


async def _said(connection: AsyncConnection, choice: Choice, needs: Sequence[Need]) -> dict[int, list[Any]]:
    """The newest messages of each need in the period, by its place."""
    place_of = {group: place for place, need in enumerate(needs) for group in need.groups}
    groups, found = list(place_of), dict[int, list[Any]]()
    for start in range(0, len(groups), 200):
        newest = func.row_number().over(partition_by=ReviewItem.group_id, order_by=ReviewItem.at.desc())
        ranked = (
            select(
                ReviewItem.group_id, ReviewItem.text, ReviewItem.folded, ReviewItem.conversation_id,
                ReviewItem.turn_id, newest.label("place"),
            )
            .where(
                *_unmet(choice),
                ReviewItem.group_id.in_(groups[start : start + 200]),
                ReviewItem.at >= midnight(choice.start),
                ReviewItem.at < midnight(choice.end + timedelta(days=1)),
                ReviewItem.conversation_id.is_not(None),
            )
            .subquery()
        )  # fmt: skip
        rows = await connection.execute(
            select(ranked).where(ranked.c.place <= _LOOKED).order_by(ranked.c.group_id, ranked.c.place)
        )
        for row in rows:
            found.setdefault(place_of[row.group_id], []).append(row)
    return found


def _shared(messages: Sequence[Any]) -> tuple[str, ...]:
    """The words of the group's newest message that most others have too, and several people wrote."""
    writers: dict[str, set[str]] = {}
    having: Counter[str] = Counter()
    for row in messages:
        for word in set(row.folded.split()):
            having[word] += 1
            writers.setdefault(word, set()).add(row.conversation_id)
    needed = max(2, _SHARED * len(messages))
    for row in messages:
        common = [
            word
            for word in dict.fromkeys(row.folded.split())
            if having[word] >= needed and len(writers[word]) >= _PEOPLE
        ]
        if common:
            written = _written(messages)
            return tuple(written.get(word, word) for word in common[:12])
    return ()


def _written(messages: Sequence[Any]) -> dict[str, str]:
    """Words as most people write them, with their accents."""
    seen = Counter(word for row in messages for word in _WORD.findall(row.text.lower()) if fold(word) != word)
    return {fold(word): word for word, _ in reversed(seen.most_common())}


def _examples(messages: Sequence[Any]) -> tuple[Example, ...]:
    found: dict[str, Example] = {}
    for row in messages:
        if row.text and row.folded not in found and len(found) < _EXAMPLES:
            found[row.folded] = Example(row.text, row.conversation_id, row.turn_id)
    return tuple(found.values())
