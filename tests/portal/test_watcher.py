"""Following applications: each change is told once to each follower, and the portal is asked politely."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from portal import watch_store
from portal.errors import PortalUnavailable
from portal.following import MOST, Following
from portal.models import Application, Supplement
from portal.owner import Changes
from portal.watcher import Budget, Watcher, WatchOptions, due_days
from troly.clock import VIETNAM, now
from troly.holidays import Calendar, Day
from troly.hours import OfficeHours
from troly.tables.channels import AddressRow
from troly.tables.conversations import Conversation
from troly.tables.delivery import FAILED, SENT, Inbox, Outbox
from troly.tables.notices import Notice, PortalChange, Subscription, WatchedApplication

sys.path.insert(0, str(Path(__file__).parent))
from following import make_database, meet, open_database, told

CODE = "H49.33-250421-0001"
HOURS = OfficeHours.parse("1-5 07:30-11:30 13:30-17:00", Calendar.of([Day(date(2026, 9, 2), "Quốc khánh")]))
EAGER = WatchOptions(interval=600.0, patience=0.0, upkeep=0.0, first_pause=30.0, lost_after=3)


class FakePortal:
    """A status service whose applications a test changes; counts the questions."""

    def __init__(self, features: tuple[str, ...] = ("batch",)) -> None:
        self.features = features
        self.applications: dict[str, Application] = {}
        self.questions: list[Any] = []
        self.pages: list[Changes] = []
        self.broken = False

    @property
    def batch(self) -> int:
        return 50 if "batch" in self.features else 1

    def offers(self, feature: str) -> bool:
        return feature in self.features

    async def get_applications(self, codes: list[str]) -> dict[str, Application]:
        self._ask(list(codes))
        return {code: self.applications[code] for code in codes if code in self.applications}

    async def changes(self, cursor: str, etag: str) -> Changes:
        self._ask(f"changes {cursor} {etag}".strip())
        return self.pages.pop(0) if self.pages else Changes((), cursor, etag, more=False)

    def _ask(self, question: Any) -> None:
        self.questions.append(question)
        if self.broken:
            raise PortalUnavailable("server", "down")


def application(code: str = CODE, **stated: Any) -> Application:
    nothing: dict[str, Any] = dict.fromkeys(Application.__slots__, "")
    times = dict.fromkeys(("applied_at", "accepted_at", "due_at", "completed_at"))
    more = {"code": code, "status": 4, "supplement": None, "fee_due": None, "as_of": now()}
    return Application(**nothing | times | more | stated)


class Place:
    """A database, a portal and a watcher of both."""

    def __init__(self, engine: AsyncEngine, portal: FakePortal) -> None:
        self.engine = engine
        self.portal = portal
        self.following = Following(engine, minutes=0)
        self.options = EAGER

    def watcher(self, **options: Any) -> Watcher:
        return Watcher(self.engine, self.portal, HOURS, replace(self.options, **options))  # type: ignore[arg-type]

    async def follow(self, name: str, found: Application) -> str:
        self.portal.applications[found.code] = found
        return await self.following.begin(name, found)

    def change(self, code: str = CODE, **what: Any) -> None:
        self.portal.applications[code] = replace(self.portal.applications[code], **what)

    async def step(self, watcher: Watcher | None = None) -> int:
        """Everything is due, and is looked at once."""
        async with self.engine.begin() as connection:
            await connection.execute(update(WatchedApplication).values(due_at=now()))
        return await (watcher or self.watcher()).step()

    async def told(self) -> list[tuple[str, str, str, int]]:
        return await told(self.engine)

    async def watched(self) -> list[str]:
        async with self.engine.connect() as connection:
            return list(await connection.scalars(select(WatchedApplication.code)))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    engine = open_database(make_database(tmp_path / "watch.db"))
    await meet(engine, "an", "binh", "chi")
    yield Place(engine, FakePortal())
    await engine.dispose()


async def test_every_follower_is_told_of_a_change_once(place: Place) -> None:
    assert [await place.follow(name, application()) for name in ("an", "binh")] == ["started", "started"]
    watcher = place.watcher()
    assert await place.step(watcher) == 0
    place.change(status=5, supplement=Supplement(("Bản sao căn cước",), "", None))
    assert [await place.step(watcher), await place.step(watcher), await place.step()] == [2, 0, 0]
    assert sorted(await place.told()) == [("an", CODE, "changed", 5), ("binh", CODE, "changed", 5)]
    place.change(status=4, supplement=None)
    await place.step(watcher)
    place.change(status=5)
    await place.step(watcher)
    assert [status for name, _, _, status in await place.told() if name == "an"] == [5, 4, 5]


async def test_two_watchers_that_saw_the_same_change_tell_it_once(place: Place) -> None:
    await place.follow("an", application())
    place.change(status=9)
    first, second = place.watcher(), place.watcher()
    known, _ = await watch_store.due(place.engine, 10)
    assert await asyncio.gather(first._look_at(known), second._look_at(known)) in ([1, 0], [0, 1])
    assert len(await place.told()) == 1


async def test_only_one_process_watches_at_a_time_and_another_follows_when_it_dies(place: Place) -> None:
    assert await watch_store.lead(place.engine, "one", 0.3)
    assert not await watch_store.lead(place.engine, "two", 0.3)
    assert await watch_store.lead(place.engine, "one", 0.3)
    await asyncio.sleep(0.35)
    assert await watch_store.lead(place.engine, "two", 0.3)
    assert not await watch_store.lead(place.engine, "one", 0.3)


async def test_a_new_due_date_is_told_but_not_one_that_no_longer_counts(place: Place) -> None:
    due = datetime(2026, 8, 3, 17, tzinfo=VIETNAM)
    await place.follow("an", application(due_at=due))
    watcher = place.watcher()
    place.change(due_at=due + timedelta(hours=1))
    assert await place.step(watcher) == 0
    place.change(due_at=due + timedelta(days=2), as_of=now(), status_text="khác")
    assert await place.step(watcher) == 1
    assert await place.told() == [("an", CODE, "appointment", 4)]


@pytest.mark.parametrize("status", [3, 7, 8, 10])
async def test_following_ends_by_itself_with_the_last_status(place: Place, status: int) -> None:
    await place.follow("an", application())
    place.change(status=status)
    watcher = place.watcher()
    assert await place.step(watcher) == 1
    assert await place.following.of("an") == [] and await place.watched() == []
    place.change(status=4)
    assert await place.step(watcher) == 0
    assert await place.follow("an", application()) == "started"


async def test_a_result_that_waits_is_followed_until_it_is_handed_over(place: Place) -> None:
    await place.follow("an", application())
    place.change(status=9)
    await place.step()
    assert [one.status for one in await place.following.of("an")] == [9]


async def test_who_begins_to_follow_brings_the_news_to_those_who_already_do(place: Place) -> None:
    await place.follow("an", application())
    await place.follow("binh", application(status=5))
    assert await place.told() == [("an", CODE, "changed", 5)]
    assert await place.step() == 0


async def test_a_conversation_follows_each_application_once_and_not_too_many(place: Place) -> None:
    assert await place.follow("an", application()) == "started"
    assert await place.follow("an", application()) == "already"
    for number in range(2, MOST + 1):
        assert await place.follow("an", application(f"H49.33-250421-{number:04d}")) == "started"
    assert await place.follow("an", application("H49.33-250421-9999")) == "full"
    assert await place.follow("nobody", application()) == "gone"
    assert await place.following.end("an", CODE) == 1
    assert await place.following.end("an", CODE) == 0
    assert await place.following.end("an") == MOST - 1
    assert await place.following.of("an") == []


async def test_nobody_is_told_after_ending_or_erasing(place: Place) -> None:
    await place.follow("an", application())
    await place.follow("binh", application())
    await place.following.end("an")
    async with place.engine.begin() as connection:
        await connection.execute(Conversation.__table__.delete().where(Conversation.id == "binh"))
    place.change(status=9)
    assert await place.step() == 0
    assert await place.told() == []
    assert place.portal.questions == [] and await place.watched() == []


async def test_many_are_asked_for_together_and_never_more_often_than_allowed(place: Place) -> None:
    for number in range(120):
        await place.follow(("an", "binh", "chi")[number % 3], application(f"H49.33-250421-{number:04d}"))
    async with place.engine.begin() as connection:  # past the limit of ten for one citizen
        rows = [
            {
                "code": f"H49.33-250422-{number:04d}",
                "state": application().to_dict(),
                "changed_at": now(),
                "due_at": now(),
            }
            for number in range(120)
        ]
        await connection.execute(insert(WatchedApplication), rows)
        await connection.execute(
            insert(Subscription),
            [
                {"id": f"s{row['code']}", "conversation_id": "chi", "code": row["code"], "created_at": now()}
                for row in rows
            ],
        )
    place.portal.applications |= {row["code"]: application(row["code"]) for row in rows}
    watcher = place.watcher(interval=600, per_minute=20)
    await watcher.step()
    assert [len(question) for question in place.portal.questions] == [50, 50]
    await watcher.step()
    assert len(place.portal.questions) == 2
    await place.watcher(interval=600).step()
    assert [len(question) for question in place.portal.questions] == [50, 50, 50]
    await place.watcher(interval=600).step()
    assert len(place.portal.questions) == 3  # all were seen within the interval


async def test_without_batches_they_are_asked_for_one_by_one(place: Place) -> None:
    place.portal.features = ()
    for number in range(3):
        await place.follow("an", application(f"H49.33-250421-000{number}"))
    await place.watcher(interval=600).step()
    assert [len(question) for question in place.portal.questions] == [1, 1, 1]


async def test_a_lone_one_waits_a_little_for_others(place: Place) -> None:
    await place.follow("an", application())
    await place.watcher(patience=60).step()
    assert place.portal.questions == []


async def test_after_errors_the_portal_is_left_alone_ever_longer(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("portal.watcher.monotonic", lambda: clock[0])
    await place.follow("an", application())
    place.portal.broken = True
    watcher = place.watcher(per_minute=6000)
    asked = []
    for _ in range(400):
        before = len(place.portal.questions)
        await watcher.step()
        asked += [clock[0]] * (len(place.portal.questions) - before)
        clock[0] += 5
    assert [later - earlier for earlier, later in pairwise(asked)][:6] == [
        30, 60, 120, 240, 300, 300,
    ]  # fmt: skip
    place.portal.broken = False
    place.change(status=9)
    clock[0] += 300
    assert await watcher.step() == 1


async def test_a_lost_application_is_said_to_be_lost_once(place: Place) -> None:
    await place.follow("an", application())
    place.portal.applications.clear()
    watcher = place.watcher()
    assert [await place.step(watcher) for _ in range(4)] and [
        kind for _, _, kind, _ in await place.told()
    ] == ["lost"]
    assert await place.following.of("an") == []


# --- What the portal tells by itself ---


async def test_what_the_feed_names_is_looked_up_at_once_and_the_place_is_kept(place: Place) -> None:
    place.portal.features = ("batch", "changes")
    for number in range(5):
        await place.follow("an", application(f"H49.33-250421-000{number}"))
    async with place.engine.begin() as connection:
        await connection.execute(update(WatchedApplication).values(due_at=now() + timedelta(days=1)))
    place.change("H49.33-250421-0003", status=9)
    place.portal.pages = [
        Changes((), "c1", "e1", more=False),
        Changes(("H49.33-250421-0003", "H49.99-250421-0001"), "c2", "e2", more=False),
    ]
    watcher = place.watcher(feed=0.0, patience=60)
    assert [await watcher.step(), await watcher.step(), await watcher.step()] == [0, 1, 0]
    assert place.portal.questions == ["changes", "changes c1 e1", ["H49.33-250421-0003"], "changes c2 e2"]
    assert await watch_store.place(place.engine) == ("c2", "e2")


async def test_a_feed_that_lost_our_place_makes_everything_be_looked_up(place: Place) -> None:
    place.portal.features = ("batch", "changes")
    await place.follow("an", application())
    async with place.engine.begin() as connection:
        await connection.execute(update(WatchedApplication).values(due_at=now() + timedelta(days=1)))
    place.change(status=9)
    place.portal.pages = [Changes((), "new", "", more=False, reset=True)]
    assert await place.watcher(feed=0.0, patience=60).step() == 1


async def test_what_the_webhook_stored_is_looked_up_at_once(place: Place) -> None:
    await place.follow("an", application())
    async with place.engine.begin() as connection:
        await connection.execute(update(WatchedApplication).values(due_at=now() + timedelta(days=1)))
        await connection.execute(insert(PortalChange).values(id="x", code=CODE, received_at=now()))
    place.change(status=9)
    watcher = place.watcher(patience=60)
    assert [await watcher.step(), await watcher.step()] == [1, 0]


# --- Reminders, repetitions ---


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2026, 7, 20), [date(2026, 7, 21)]),
        (date(2026, 7, 24), [date(2026, 7, 25), date(2026, 7, 26), date(2026, 7, 27)]),
        (date(2026, 7, 25), []),
        (date(2026, 9, 1), [date(2026, 9, 2), date(2026, 9, 3)]),
    ],
)
def test_one_is_reminded_on_the_last_working_day_before(today: date, days: list[date]) -> None:
    assert due_days(HOURS, today) == days


async def test_a_reminder_comes_once_and_not_on_the_day_of_subscribing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monday = datetime(2026, 7, 20, 9, tzinfo=VIETNAM)
    await place.follow("an", application(due_at=monday + timedelta(days=1)))
    await place.follow("binh", application(due_at=monday + timedelta(days=1)))
    async with place.engine.begin() as connection:
        began = {"an": monday - timedelta(days=3), "binh": monday - timedelta(hours=1)}
        for name, at in began.items():
            await connection.execute(
                update(Subscription).where(Subscription.conversation_id == name).values(created_at=at)
            )
    monkeypatch.setattr("portal.watcher.now", lambda: monday.replace(hour=6))
    watcher = place.watcher()
    assert await watcher.step() == 0  # nobody is written to before eight
    monkeypatch.setattr("portal.watcher.now", lambda: monday)
    assert [await watcher.step(), await watcher.step()] == [1, 0]
    assert await place.told() == [("an", CODE, "reminder", 4)]


async def _refused(
    place: Place, error: str, *, wrote_again: bool, repeated: int = 0, state: str = FAILED
) -> None:
    """An's notice was answered, and then the platform did this with the answer."""
    await meet(place.engine, "zalo", channel="zalo_oa")
    await place.follow("zalo", application())
    place.change(status=9)
    await place.watcher().step()
    moment = now()
    async with place.engine.begin() as connection:
        await connection.execute(
            insert(AddressRow).values(
                conversation_id="zalo",
                lookup="zalo",
                external_id="x",
                last_inbound_at=moment + timedelta(hours=1 if wrote_again else -1),
            )
        )
        inbox_id = await connection.scalar(select(Inbox.id).where(Inbox.conversation_id == "zalo"))
        await connection.execute(
            insert(Outbox).values(
                conversation_id="zalo",
                number=1,
                kind="reply",
                inbox_id=inbox_id,
                content={},
                created_at=moment,
                channel="zalo_oa",
                state=state,
                error=error,
                repeated=repeated,
            )
        )


@pytest.mark.parametrize(
    ("state", "error", "wrote_again", "repeated", "again"),
    [
        (FAILED, "-230", True, 0, 1),
        (FAILED, "-230", False, 0, 0),
        (FAILED, "unknown:timeout", True, 0, 0),
        (FAILED, "-230", True, 1, 0),
        (SENT, "", True, 0, 0),
    ],
)
async def test_a_refused_notice_is_told_with_the_citizens_next_message_unless_it_may_have_arrived(
    place: Place, state: str, error: str, wrote_again: bool, repeated: int, again: int
) -> None:
    await _refused(place, error, wrote_again=wrote_again, repeated=repeated, state=state)
    watcher = place.watcher()
    assert [await watcher.step(), await watcher.step()] == [again, 0]
    async with place.engine.connect() as connection:
        rows = list(await connection.scalars(select(Inbox.message_id).where(Inbox.conversation_id == "zalo")))
        (notice_id,) = await connection.scalars(select(Notice.id))
    assert rows == [f"notice:{notice_id}", f"notice:{notice_id}:again"][: 1 + again]


def test_the_budget_holds_in_every_minute() -> None:
    clock = [0.0]
    budget = Budget(30, clock=lambda: clock[0])
    taken = []
    for _ in range(6000):
        taken += [clock[0]] if budget.take() else []
        clock[0] += 0.1
    assert sum(at < 1 for at in taken) == 3
    assert 28 <= max(sum(at <= other < at + 60 for other in taken) for at in taken) <= 30
    assert len(taken) >= 27 * 10


async def test_a_watcher_survives_a_database_that_is_away(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await place.follow("an", application())
    place.change(status=9)
    kept, failures = watch_store.lead, []

    async def lead(*arguments: Any) -> bool:
        if len(failures) < 2:
            failures.append(1)
            raise OSError("away")
        return await kept(*arguments)

    monkeypatch.setattr("portal.watch_store.lead", lead)
    running = asyncio.create_task(place.watcher(tick=0.02).run())
    async with asyncio.timeout(10):
        while not await place.told():  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.02)
    running.cancel()
    assert failures == [1, 1]


# --- Agreed to while the portal did not answer ---


async def test_what_was_agreed_to_while_the_portal_was_down_is_looked_up_and_told_once(place: Place) -> None:
    assert await place.following.begin_unseen("an", CODE) == ("started", 0)
    assert [one.status for one in await place.following.of("an")] == [0]
    place.portal.broken = True
    watcher = place.watcher(first_pause=0.0)
    assert await place.step(watcher) == 0
    place.portal.broken = False
    place.portal.applications[CODE] = application(status=4)
    assert [await place.step(watcher), await place.step(watcher)] == [1, 0]
    assert await place.told() == [("an", CODE, "found", 4)]
    place.change(status=6)
    assert await place.step(watcher) == 1


async def test_whoever_agreed_is_told_when_another_looks_it_up_first(place: Place) -> None:
    await place.following.begin_unseen("an", CODE)
    assert await place.follow("binh", application()) == "started"
    assert await place.told() == [("an", CODE, "found", 4)]


async def test_a_code_that_the_portal_never_had_is_told_at_once(place: Place) -> None:
    await place.following.begin_unseen("an", CODE)
    assert await place.step() == 0
    assert await place.told() == [("an", CODE, "lost", 0)]
    assert await place.watched() == [] and await place.following.of("an") == []


async def test_of_what_others_follow_the_last_look_is_known(place: Place) -> None:
    await place.follow("binh", application(status=5))
    assert await place.following.begin_unseen("an", CODE) == ("started", 5)
    assert await place.step() == 0


async def test_a_second_wish_and_too_many_are_refused_as_ever(place: Place) -> None:
    assert await place.following.begin_unseen("an", CODE) == ("started", 0)
    assert await place.following.begin_unseen("an", CODE) == ("already", 0)
    for number in range(2, MOST + 1):
        await place.following.begin_unseen("an", f"H49.33-250421-{number:04d}")
    assert (await place.following.begin_unseen("an", "H49.33-250421-0099"))[0] == "full"
    assert await place.following.begin_unseen("nobody", CODE) == ("gone", 0)
