"""The tracker store: every event once, the end of the conversation quickly, and no failure hidden."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    Event,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot import assistant
from bot.tracker_store import WINDOW_TURNS, ConversationMoved, WindowedTrackerStore
from troly.database import async_engine
from troly.tables import Base
from troly.tables.tracker import TrackerEvent, TrackerSnapshot

LISTEN = ActionExecuted("action_listen")


@pytest.fixture(scope="module")
def domain() -> Domain:
    return Domain.from_dict(assistant.compile_domain())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine with empty tables on each database that we support."""
    url = f"sqlite:///{tmp_path / 'troly.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = async_engine(url)
    async with made.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield made
    await made.dispose()


@pytest.fixture
def store(engine: AsyncEngine, domain: Domain) -> WindowedTrackerStore:
    return WindowedTrackerStore(domain, engine=engine)


def turn(number: int, *between: Event) -> list[Event]:
    """The events of one turn as Rasa makes them."""
    said = UserUttered(f"câu {number}", intent={"name": "ask_fee", "confidence": 0.9})
    done = [ActionExecuted("action_answer_procedure"), BotUttered(f"đáp {number}"), LISTEN]
    return [said, *between, *done]


async def begin(store: WindowedTrackerStore, name: str) -> DialogueStateTracker:
    """A tracker as Rasa begins it: nothing is stored until the turn is over."""
    tracker: DialogueStateTracker = await store.get_or_create_tracker(name, append_action_listen=False)
    if not tracker.events:
        start = [ActionExecuted("action_session_start"), SessionStarted(), LISTEN]
        tracker.update_with_events(start, store.domain)
    return tracker


async def play(store: WindowedTrackerStore, name: str, *events: Event) -> DialogueStateTracker:
    """Load, add the events, save."""
    tracker = await begin(store, name)
    tracker.update_with_events(list(events), store.domain)
    await store.save(tracker)
    return tracker


async def rows(engine: AsyncEngine, table: Any = TrackerEvent, name: str | None = None) -> int:
    query = sa.select(sa.func.count()).select_from(table)
    if name is not None:
        query = query.where(table.sender_id == name)
    async with engine.connect() as connection:
        return int(await connection.scalar(query) or 0)


def state(tracker: DialogueStateTracker) -> dict[str, Any]:
    """What the dialogue depends on between two turns."""
    latest = tracker.latest_message
    return {
        "slots": tracker.current_slot_values(),
        "active_loop": tracker.active_loop_name,
        "rejected": tracker.is_active_loop_rejected if tracker.active_loop else None,
        "action": tracker.latest_action_name,
        "followup": tracker.followup_action,
        "text": latest.text if latest else None,
    }


def user_messages(tracker: DialogueStateTracker) -> list[str | None]:
    return [event.text for event in tracker.events if isinstance(event, UserUttered)]


async def loaded(store: WindowedTrackerStore, name: str = "c") -> DialogueStateTracker:
    tracker = await store.retrieve(name)
    assert tracker is not None
    return tracker


async def test_an_unknown_conversation_is_none(store: WindowedTrackerStore) -> None:
    assert await store.retrieve("unknown") is None
    assert await store.retrieve_full_tracker("unknown") is None
    assert await store.exists("unknown") is False
    assert list(await store.keys()) == []


async def test_a_new_conversation_is_stored_with_all_its_events(
    store: WindowedTrackerStore, engine: AsyncEngine
) -> None:
    await play(store, "c", *turn(1, SlotSet("procedure_code", "1.001193")))
    assert await rows(engine) == 3 + 5
    assert await store.exists("c") is True
    assert list(await store.keys()) == ["c"]
    tracker, full = await loaded(store), await store.retrieve_full_tracker("c")
    assert full is not None
    assert [event.type_name for event in full.events] == [
        *("action", "session_started", "action"),
        *("user", "slot", "action", "bot", "action"),
    ]
    assert list(tracker.events) == [event for event in full.events if event.type_name != "bot"]
    assert tracker.get_slot("procedure_code") == "1.001193"
    assert tracker.latest_action_name == "action_listen"


async def test_a_conversation_that_only_began_leaves_no_row(
    store: WindowedTrackerStore, engine: AsyncEngine
) -> None:
    await store.get_or_create_tracker("c", append_action_listen=False)
    assert await rows(engine) == await rows(engine, TrackerSnapshot) == 0


async def test_a_turn_appends_only_its_own_events(store: WindowedTrackerStore, engine: AsyncEngine) -> None:
    await play(store, "c", *turn(0))
    for number in range(1, 12):
        before = await rows(engine)
        await play(store, "c", *turn(number))
        assert await rows(engine) - before == 4
    assert await rows(engine, TrackerSnapshot) == 1


async def test_saving_again_without_news_writes_nothing(
    store: WindowedTrackerStore, engine: AsyncEngine
) -> None:
    tracker = await play(store, "c", *turn(1))
    before = await rows(engine)
    await store.save(tracker)
    await store.save(await loaded(store))
    assert await rows(engine) == before


async def test_two_saves_in_one_turn_store_each_event_once(
    store: WindowedTrackerStore, engine: AsyncEngine
) -> None:
    for number in range(WINDOW_TURNS + 3):
        tracker = await begin(store, "c")
        first, *rest = turn(number)
        tracker.update(first, store.domain)
        await store.save(tracker)
        tracker.update_with_events(rest, store.domain)
        await store.save(tracker)
    full = await store.retrieve_full_tracker("c")
    assert full is not None
    assert user_messages(full) == [f"câu {number}" for number in range(WINDOW_TURNS + 3)]
    assert await rows(engine) == len(full.events) == 3 + 4 * (WINDOW_TURNS + 3)


async def test_turns_are_counted(store: WindowedTrackerStore, engine: AsyncEngine) -> None:
    for number in range(7):
        await play(store, "c", *turn(number))
    async with engine.connect() as connection:
        snapshot = (await connection.execute(sa.select(TrackerSnapshot))).one()
        last = await connection.scalar(sa.select(sa.func.max(TrackerEvent.id)))
    assert snapshot.turns == 7
    assert snapshot.last_event_id == last


async def test_after_300_turns_only_the_last_are_loaded(store: WindowedTrackerStore) -> None:
    begun = (
        SlotSet("language", "en"),
        ActiveLoop("application_form"),
        SlotSet("requested_slot", "application_code"),
    )
    await play(store, "c", *turn(0, *begun))
    tracker = await begin(store, "c")
    for number in range(1, 300):
        tracker.update_with_events(turn(number, SlotSet("procedure_code", f"1.{number:06d}")), store.domain)
    await store.save(tracker)
    found = await loaded(store)
    assert user_messages(found) == [f"câu {number}" for number in range(300 - WINDOW_TURNS, 300)]
    assert found.get_slot("language") == "en"
    assert found.get_slot("procedure_code") == "1.000299"
    assert found.get_slot("requested_slot") == "application_code"
    assert found.active_loop_name == "application_form"
    full = await store.retrieve_full_tracker("c")
    assert full is not None
    assert len(user_messages(full)) == 300
    assert state(found) == state(full)


async def test_a_slot_that_was_emptied_long_ago_stays_empty(store: WindowedTrackerStore) -> None:
    await play(store, "c", *turn(0, SlotSet("procedure_code", "1.001193"), SlotSet("aspect", "fee")))
    await play(store, "c", *turn(1, SlotSet("procedure_code", None)))
    for number in range(2, 9):
        await play(store, "c", *turn(number))
    found = await loaded(store)
    assert found.get_slot("procedure_code") is None
    assert found.get_slot("aspect") == "fee"


async def test_a_loop_that_ended_within_the_window_is_not_active_again(store: WindowedTrackerStore) -> None:
    await play(store, "c", *turn(0, ActiveLoop("application_form")))
    for number in range(1, 8):
        await play(store, "c", *turn(number))
    assert (await loaded(store)).active_loop_name == "application_form"
    await play(store, "c", *turn(8, ActiveLoop(None)))
    assert (await loaded(store)).active_loop_name is None


async def test_a_turn_with_very_many_events_is_still_loaded_with_its_state(
    store: WindowedTrackerStore,
) -> None:
    await play(store, "c", *turn(0, SlotSet("language", "en")))
    many = [ActionExecuted("action_answer_procedure"), BotUttered("đáp")] * 100
    await play(store, "c", *turn(1, SlotSet("aspect", "fee"), *many))
    found = await loaded(store)
    assert (found.get_slot("language"), found.get_slot("aspect")) == ("en", "fee")
    assert found.latest_action_name == "action_listen"


async def test_structured_slots_and_vietnamese_text_come_back_as_they_were(
    store: WindowedTrackerStore, engine: AsyncEngine
) -> None:
    choices = [{"title": {"vi": "Có", "en": "Yes"}, "intent": "ask_fee", "procedure_code": "1.1", "case": 2}]
    await play(store, "c", *turn(0, SlotSet("choices", choices)))
    for number in range(1, 8):
        await play(store, "c", *turn(number))
    assert (await loaded(store)).get_slot("choices") == choices
    async with engine.connect() as connection:
        raw = await connection.scalar(
            sa.text("SELECT data FROM tracker_event WHERE type = 'user' ORDER BY id LIMIT 1")
        )
    assert "câu 0" in raw
    assert json.loads(raw)["text"] == "câu 0"


@pytest.mark.parametrize("seed", range(4))
async def test_the_window_gives_the_state_of_the_whole_conversation(
    store: WindowedTrackerStore, seed: int
) -> None:
    """Any sequence of turns: what is loaded is in the state in which a complete replay ends."""
    dice = random.Random(seed)
    kinds: list[list[Event]] = [
        [],
        [],
        [SlotSet("procedure_code", "1.001193"), SlotSet("aspect", "fee")],
        [SlotSet("aspect", "documents")],
        [SlotSet("choices", [{"title": "a"}])],
        [SlotSet("choices", None)],
        [ActiveLoop("application_form"), SlotSet("requested_slot", "application_code")],
        [ActiveLoop(None), SlotSet("requested_slot", None)],
        [UserUtteranceReverted(), LISTEN],
        [AllSlotsReset()],
        [ActionExecuted("action_session_start"), SessionStarted(), SlotSet("language", "vi"), LISTEN],
        [
            ActionExecuted("action_restart"),
            Restarted(),
            ActionExecuted("action_session_start"),
            SessionStarted(),
            LISTEN,
        ],
    ]
    weights = [6, 6, 3, 3, 3, 3, 3, 2, 1, 1, 1, 1]
    for number in range(30):
        between = dice.choices(kinds, weights)[0]
        await play(store, "c", *turn(number, *between))
        full = await store.retrieve_full_tracker("c")
        assert full is not None
        assert state(await loaded(store)) == state(full), number


async def test_a_new_session_begins_without_the_old_turns_but_with_carried_slots(
    store: WindowedTrackerStore,
) -> None:
    for number in range(6):
        await play(store, "c", *turn(number, SlotSet("language", "en"), SlotSet("aspect", "fee")))
    again = [ActionExecuted("action_session_start"), SessionStarted(), SlotSet("language", "en"), LISTEN]
    await play(store, "c", *again, *turn(6))
    found = await loaded(store)
    applied = [event.text for event in found.applied_events() if isinstance(event, UserUttered)]
    assert applied == ["câu 6"]
    assert (found.get_slot("language"), found.get_slot("aspect")) == ("en", None)


async def test_an_erased_conversation_begins_anew(store: WindowedTrackerStore, engine: AsyncEngine) -> None:
    await play(store, "c", *turn(0, SlotSet("language", "en")))
    await play(store, "other", *turn(0))
    async with engine.begin() as connection:
        for table in (TrackerEvent, TrackerSnapshot):
            await connection.execute(sa.delete(table).where(table.sender_id == "c"))
    assert await store.retrieve("c") is None
    await play(store, "c", *turn(1))
    found = await loaded(store)
    assert user_messages(found) == ["câu 1"]
    assert found.get_slot("language") is None
    assert await rows(engine, name="other") == 7


async def test_a_database_without_tables_is_an_error_and_not_an_empty_conversation(
    store: WindowedTrackerStore, engine: AsyncEngine
) -> None:
    tracker = await play(store, "c", *turn(0))
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
    with pytest.raises(DBAPIError):
        await store.retrieve("c")
    with pytest.raises(DBAPIError):
        await store.get_or_create_tracker("c")
    tracker.update_with_events(turn(1), store.domain)
    with pytest.raises(DBAPIError):
        await store.save(tracker)


async def test_a_save_that_fails_in_the_middle_leaves_nothing_and_can_be_repeated(
    store: WindowedTrackerStore, engine: AsyncEngine
) -> None:
    tracker = await play(store, "c", *turn(0))
    before = await rows(engine)
    failures = [1]

    @sa.event.listens_for(engine.sync_engine, "before_cursor_execute")
    def _fail(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "tracker_snapshot" in statement and statement.startswith("UPDATE") and failures:
            failures.pop()
            raise ConnectionError("the database is gone")

    tracker.update_with_events(turn(1), store.domain)
    with pytest.raises(ConnectionError):
        await store.save(tracker)
    assert await rows(engine) == before
    await store.save(tracker)
    assert user_messages(await loaded(store)) == ["câu 0", "câu 1"]


async def test_conversations_at_once_do_not_mix(store: WindowedTrackerStore, engine: AsyncEngine) -> None:
    async def talk(name: str) -> None:
        for number in range(6):
            await play(store, name, *turn(number, SlotSet("aspect", f"{name} {number}")))

    names = [f"c{number}" for number in range(12)]
    await asyncio.gather(*map(talk, names))
    assert sorted(await store.keys()) == sorted(names)
    for name in names:
        found = await loaded(store, name)
        assert found.sender_id == name
        assert user_messages(found) == [f"câu {number}" for number in range(6 - WINDOW_TURNS, 6)]
        assert found.get_slot("aspect") == f"{name} 5"
        assert await rows(engine, name=name) == 3 + 5 * 6


@pytest.fixture
def fetched(engine: AsyncEngine) -> Iterator[list[int]]:
    """The number of rows that each statement fetched."""
    counts: list[int] = []

    def count(_c: Any, cursor: Any, *_: Any) -> None:
        counts.append(len(cursor._rows))  # both asynchronous drivers fetch all rows at once

    sa.event.listen(engine.sync_engine, "after_cursor_execute", count)
    yield counts
    sa.event.remove(engine.sync_engine, "after_cursor_execute", count)


async def test_the_rows_read_for_a_turn_do_not_grow_with_the_conversation(
    store: WindowedTrackerStore, fetched: list[int]
) -> None:
    read: dict[int, int] = {}
    for number in range(150):
        fetched.clear()
        await play(store, "c", *turn(number, SlotSet("aspect", "fee")))
        read[number] = sum(fetched)
    assert read[1] > 5  # the hook counts
    assert read[149] == read[60] <= 125


async def test_whether_a_conversation_exists_is_one_row(
    store: WindowedTrackerStore, fetched: list[int]
) -> None:
    for number in range(20):
        await play(store, "c", *turn(number))
    fetched.clear()
    assert await store.exists("c") is True
    assert sum(fetched) == 1


async def test_closing_gives_the_connections_back(store: WindowedTrackerStore, engine: AsyncEngine) -> None:
    await play(store, "c", *turn(0))
    assert engine.pool.checkedin() >= 1  # type: ignore[attr-defined]
    await store.close()
    assert engine.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_a_store_connects_to_nothing_when_it_is_made(tmp_path: Path, domain: Domain) -> None:
    WindowedTrackerStore(domain, engine=async_engine(f"sqlite:///{tmp_path / 'new.db'}"))
    assert not (tmp_path / "new.db").exists()


async def test_a_turn_that_comes_too_late_overwrites_nothing(
    store: WindowedTrackerStore, engine: AsyncEngine, domain: Domain
) -> None:
    """The gateway gave it up and asked another process, which was quicker."""
    await play(store, "c", *turn(0))
    late = await begin(store, "c")
    other = WindowedTrackerStore(domain, engine=engine)
    await play(other, "c", *turn(1, SlotSet("language", "en")))
    before = await rows(engine)
    late.update_with_events(turn(1, SlotSet("language", "vi")), store.domain)
    with pytest.raises(ConversationMoved):
        await store.save(late)
    assert await rows(engine) == before
    assert (await loaded(store)).get_slot("language") == "en"
    await play(store, "c", *turn(2))


async def test_two_processes_that_begin_a_conversation_at_once_leave_one_beginning(
    store: WindowedTrackerStore, engine: AsyncEngine, domain: Domain
) -> None:
    other = WindowedTrackerStore(domain, engine=engine)
    trackers = [await begin(one, "c") for one in (store, other)]
    for tracker in trackers:
        tracker.update_with_events(turn(1), domain)
    outcomes = await asyncio.gather(
        *(one.save(tracker) for one, tracker in zip((store, other), trackers, strict=True)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConversationMoved", "NoneType"]
    assert await rows(engine) == 3 + 4


async def test_a_conversation_read_whole_can_be_gone_on_with(
    store: WindowedTrackerStore, engine: AsyncEngine
) -> None:
    await play(store, "c", *turn(0))
    tracker = await store.retrieve_full_tracker("c")
    assert tracker is not None
    tracker.update_with_events(turn(1), store.domain)
    await store.save(tracker)
    assert await rows(engine) == 3 + 8
