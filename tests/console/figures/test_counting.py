"""Days are counted once, the same after erasing, and read back for any period, channel and language."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text

from console.figures import overview, reading, rolling
from console.figures.counting import MONTHLY, count_day
from console.figures.period import Choice
from troly import erasure
from troly.clock import VIETNAM, today
from troly.tables import counts
from troly.tables.conversations import Conversation, Rating
from troly.tables.counts import Count
from troly.tables.figures import ALL, Figure, FigureSpan
from troly.tables.handover import Handover


def at(days: int, hour: int = 10) -> datetime:
    """An hour of a day so many days ago, in Vietnam."""
    day = today().date() - timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=VIETNAM)


def ago(days: int) -> date:
    return today().date() - timedelta(days=days)


async def talk(
    office: Any, moment: datetime, *turns: dict[str, Any], channel: str = "web", **more: Any
) -> str:
    """A conversation, counted as delivery counts it."""
    identity: str = await office.talk(
        *({"text": "a", "turn": turn} for turn in turns), channel=channel, at=moment
    )
    happened = [Count(channel, turns[0].get("language", "vi"), "conversation", day=moment)]
    for turn in turns:
        language = turn.get("language", "vi")
        happened.append(
            Count(
                channel,
                language,
                "turn",
                turn.get("intent", "ask_fee"),
                turn.get("status", "answered"),
                moment,
            )
        )
        if code := turn.get("procedure_code"):
            happened.append(Count(channel, language, "procedure", code, turn.get("aspect", ""), moment))
    async with office.store.write() as connection:
        await counts.add(connection, happened)
    return identity


async def day_of(office: Any, day: date) -> Counter[Any]:
    async with office.store.read() as connection:
        return await count_day(connection, day)


async def rated(office: Any, identity: str, scale: str, value: int, moment: datetime) -> None:
    async with office.store.write() as connection:
        await connection.execute(
            insert(Rating).values(
                conversation_id=identity, target="conversation", scale=scale, value=value, created_at=moment
            )
        )


async def test_a_day_is_counted_for_each_channel_and_language_and_for_all(each_office: Any) -> None:
    await talk(
        each_office, at(1),
        {"status": "answered", "procedure_code": "1.001193", "aspect": "fee", "commune": "Hồng Gai",
         "ms": 1200},
        {"status": "not_found", "ms": 90_000},
    )  # fmt: skip
    await talk(each_office, at(1), {"status": "answered", "language": "en"}, channel="telegram")
    figures = await day_of(each_office, ago(1))
    assert figures["status", ALL, ALL, "answered"] == 2
    assert figures["status", "web", "vi", "answered"] == 1
    assert figures["status", "telegram", ALL, "answered"] == 1
    assert figures["status", ALL, "en", "answered"] == 1
    assert figures["conversation", ALL, ALL, ""] == 2
    assert figures["person", ALL, ALL, ""] == 2
    assert figures["procedure", ALL, ALL, "1.001193"] == figures["aspect", ALL, ALL, "fee"] == 1
    assert figures["commune", "web", ALL, "Hồng Gai"] == 1
    assert (figures["took", "web", ALL, "2"], figures["took", "web", ALL, "more"]) == (1, 1)
    assert not await day_of(each_office, ago(2)) and not await day_of(each_office, ago(0))


async def test_midnight_is_vietnams(office: Any) -> None:
    await talk(office, at(1, hour=0), {})
    await talk(office, at(1, hour=23), {})
    assert (await day_of(office, ago(1)))["conversation", ALL, ALL, ""] == 2


async def test_erasing_changes_no_figure(each_office: Any) -> None:
    office = each_office
    first = await talk(office, at(3), {"commune": "Hạ Long", "ms": 400}, {"status": "handed_over"})
    await rated(office, first, "stars", 5, at(3))
    async with office.store.write() as connection:
        await connection.execute(
            insert(Handover).values(
                conversation_id=first, state="closed", asked_at=at(3), claimed_at=at(3) + timedelta(minutes=4)
            )
        )
    before = await day_of(office, ago(3))
    assert before["wait", ALL, ALL, "300"] == before["handover", ALL, ALL, "closed"] == 1
    assert before["rating", ALL, ALL, "good"] == 1
    async with office.store.write() as connection:
        await erasure.erase(connection, first)
    assert await day_of(office, ago(3)) == before


async def test_people_are_counted_once_in_a_period_and_on_each_day(each_office: Any) -> None:
    office = each_office
    regular = await talk(office, at(9), {})
    await talk(office, at(2), {})
    async with office.store.write() as connection:
        for number, days in ((5, 5), (6, 2), (7, 2)):
            await connection.execute(
                text(
                    "INSERT INTO turn "
                    "(conversation_id, number, message_id, at, channel, language, status, ms) "
                    "SELECT conversation_id, :number, message_id, :at, channel, language, status, ms "
                    "FROM turn WHERE conversation_id = :id AND number = 1"
                ).bindparams(number=number, id=regular, at=_stored(office, at(days)))
            )
    await rolling.count(office.store)
    async with office.store.read() as connection:

        async def people(first: int, last: int) -> tuple[int, int]:
            return await reading.people(connection, ago(first), ago(last), (ALL, ALL), {})

        assert await people(9, 1) == (2, 2)
        assert await people(6, 1) == (2, 1)
        assert await people(5, 3) == (1, 0)
        assert await people(2, 2) == (2, 1)
        made = await reading.course(connection, Choice("days", ago(9), ago(1)), {})
    assert made.people == {ago(9): 1, ago(5): 1, ago(2): 2}


def _stored(office: Any, moment: datetime) -> Any:
    from datetime import UTC

    if "postgresql" in office.settings.database:
        return moment
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


async def test_finished_days_and_months_are_kept_and_what_goes_later_stays_counted(each_office: Any) -> None:
    office = each_office
    for days in (1, 40, 75, 100):
        await talk(office, at(days), {"procedure_code": "1.1", "aspect": "fee"}, {"status": "clarify"})
    assert await rolling.count(office.store) == 100
    async with office.store.read() as connection:
        months = list(await connection.scalars(select(FigureSpan.day).where(FigureSpan.span == "month")))
        assert months and all(month.day == 1 for month in months)
        live = await rolling.today_of(office.store)
        long = Choice("days", ago(100), ago(0))
        sums = await reading.sums(connection, long.start, long.end, (ALL, ALL), MONTHLY, live)
        assert sums["status"] == {"answered": 4, "clarify": 4}
        assert sums["procedure"] == {"1.1": 4}
        course = await reading.course(connection, long, live)
        assert sum(course.of("conversation")) == 4 and long.by_month
        # By day from days alone: the same.
        by_day = Choice("days", ago(80), ago(0))
        assert sum((await reading.course(connection, by_day, live)).of("status")) == 6
    async with office.store.write() as connection:
        for identity in (await connection.scalars(select(Conversation.id))).all():
            await erasure.erase(connection, identity)
    async with office.store.write() as connection:
        await connection.execute(delete(FigureSpan))
        await connection.execute(delete(Figure))
    await rolling.count(office.store)
    async with office.store.read() as connection:
        again = await reading.sums(connection, long.start, long.end, (ALL, ALL), MONTHLY, live)
    assert again == sums


async def test_a_day_is_counted_again_while_it_settles_and_then_left_alone(office: Any) -> None:
    await talk(office, at(30), {})
    await rolling.count(office.store)
    async with office.store.read() as connection:
        assert await rolling.due(connection) == rolling.Due([], [])
    async with office.store.write() as connection:
        # As if counted the day after.
        for days in (30, 3):
            await connection.execute(
                text("UPDATE figure_span SET counted_at = :at WHERE span = 'day' AND day = :day").bindparams(
                    at=_stored(office, at(days - 1)), day=ago(days).isoformat()
                )
            )
    async with office.store.read() as connection:
        assert await rolling.due(connection) == rolling.Due([], [ago(30), ago(3)])


async def test_today_is_counted_live(each_office: Any) -> None:
    office = each_office
    rolling.forget_today(office.store)
    await talk(office, at(0, hour=0), {"status": "answered"}, {"status": "refused"})
    facts = await overview.read(office.store, Choice.read({"period": "7"}))
    assert facts.now["status"] == {"answered": 1, "refused": 1}
    assert facts.people == (1, 1)
    assert overview.outcomes(facts.now["status"])["rejected"] == 1


@pytest.mark.parametrize("many", [0, 2, 12])
async def test_pages_wait_for_few_days_and_count_many_behind(office: Any, many: int) -> None:
    if many:
        await talk(office, at(many), {})
    waiting = await rolling.up_to_date(office.store)
    assert waiting == (many if many > rolling.AT_ONCE else 0)
    if task := rolling._running.get(office.store):
        await task
    assert await rolling.up_to_date(office.store) == 0
    async with office.store.read() as connection:
        assert (await rolling.due(connection)).missing == []
