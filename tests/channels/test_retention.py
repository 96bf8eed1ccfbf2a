"""What is older than the operator allows is forgotten, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select

from channels import retention
from channels.media import MediaStore
from channels.retention import Forgotten
from channels.store import Store
from troly import commands
from troly.clock import now
from troly.database import async_engine, engine
from troly.tables.channels import MediaRow
from troly.tables.conversations import Conversation
from troly.tables.counts import DailyCount
from troly.tables.delivery import Inbox, Outbox
from troly.tables.reports import Report
from troly.tables.tracker import TrackerEvent, TrackerSnapshot
from troly.tables.verification import VerificationAttempt


class Archive:
    """A database with conversations of several ages."""

    def __init__(self, settings: Any, store: Store, media: MediaStore, folder: Path) -> None:
        self.settings, self.store, self.media, self.folder = settings, store, media, folder
        self._made = engine(settings.database)

    def put(self, name: str, *, begun: int, active: int, said: tuple[int, ...] = ()) -> None:
        """A conversation that began and was active so many days ago, with messages of these ages."""
        moment = now()
        with self._made.begin() as connection:
            connection.execute(
                insert(Conversation).values(
                    id=name,
                    channel="web",
                    language="vi",
                    created_at=moment - timedelta(days=begun),
                    active_at=moment - timedelta(days=active),
                )
            )
            for number, days in enumerate(said, start=1):
                at = moment - timedelta(days=days)
                same = {"conversation_id": name, "number": number}
                connection.execute(
                    insert(Inbox).values(
                        id=f"{name}{number}",
                        channel="web",
                        message_id=f"{name}{number}",
                        text=f"tin {number}",
                        received_at=at,
                        state="done",
                        due_at=at,
                        **same,
                    )
                )
                connection.execute(
                    insert(Outbox).values(kind="reply", content={"text": "đáp"}, created_at=at, **same)
                )
                connection.execute(
                    insert(TrackerEvent).values(
                        sender_id=name, type="user", timestamp=at.timestamp(), data={"text": f"tin {number}"}
                    )
                )

    def run(self, statement: Any) -> list[Any]:
        with self._made.begin() as connection:
            result = connection.execute(statement)
            return list(result.scalars()) if result.returns_rows else []

    def names(self) -> set[str]:
        return set(self.run(select(Conversation.id)))


@pytest.fixture
async def archive(make_settings: Callable[..., Any], tmp_path: Path) -> Any:
    """An archive with RETENTION_DAYS=90 and RETENTION_DAYS_WITH_REPORT=365."""
    settings = make_settings()
    database = async_engine(settings.database)
    store = Store(database)
    async with httpx.AsyncClient() as http:
        yield Archive(settings, store, MediaStore(store, http, settings), tmp_path / "media")
    await database.dispose()


async def test_conversations_without_activity_go_after_90_days(archive: Archive) -> None:
    archive.put("old", begun=200, active=91, said=(200, 91))
    archive.put("young", begun=89, active=89, said=(89,))
    expected = await retention.count_old(archive.store, archive.settings)
    assert expected == Forgotten(conversations=1)
    assert archive.names() == {"old", "young"}
    assert await retention.forget_old(archive.store, archive.media, archive.settings) == expected
    assert archive.names() == {"young"}
    assert archive.run(select(TrackerEvent.sender_id)) == ["young"]
    assert archive.run(select(DailyCount.name).where(DailyCount.kind == "erased")) == ["retention"]
    assert await retention.forget_old(archive.store, archive.media, archive.settings) == Forgotten()


async def test_one_with_a_report_goes_after_365_days(archive: Archive) -> None:
    for name, active in (("reported", 200), ("settled", 366)):
        archive.put(name, begun=400, active=active, said=(active,))
        archive.run(
            insert(Report).values(
                id=name,
                receipt=name,
                conversation_id=name,
                kind="report",
                category="roads",
                content="ổ gà",
                photos=[],
                contact="encrypted",
                created_at=now(),
                state="sent",
                due_at=now(),
            )
        )
    forgotten = await retention.forget_old(archive.store, archive.media, archive.settings)
    assert (forgotten.conversations, forgotten.messages) == (1, 0)
    assert archive.names() == {"reported"}
    assert archive.run(select(Report.contact).where(Report.conversation_id.is_(None))) == [None]


async def test_one_that_goes_on_loses_its_old_part(archive: Archive) -> None:
    archive.put("loyal", begun=300, active=0, said=(300, 100, 10, 0))
    kept = await archive.media.keep(b"OggS old", "audio/ogg", conversation_id="loyal")
    archive.run(MediaRow.__table__.update().values(created_at=now() - timedelta(days=100)))
    expected = Forgotten(messages=2, replies=2, media=1)
    assert await retention.count_old(archive.store, archive.settings) == expected
    assert await retention.forget_old(archive.store, archive.media, archive.settings) == expected
    assert archive.run(select(Inbox.text)) == ["tin 3", "tin 4"]
    assert not kept.path.exists()


async def test_rasa_keeps_what_it_needs_to_go_on(archive: Archive) -> None:
    """The tracker store takes a conversation with few events for a whole one and leaves its slots unread."""
    archive.put("loyal", begun=300, active=0, said=tuple(range(300, 200, -1)))
    archive.run(
        insert(TrackerSnapshot).values(sender_id="loyal", slots={"language": "vi"}, last_event_id=100)
    )
    await retention.forget_old(archive.store, archive.media, archive.settings)
    left = archive.run(select(TrackerEvent.id).order_by(TrackerEvent.id))
    assert left == list(range(37, 101))  # the newest 64


async def test_a_waiting_message_is_never_forgotten(archive: Archive) -> None:
    archive.put("stuck", begun=300, active=0, said=(100,))
    archive.run(Inbox.__table__.update().values(state="waiting"))
    await retention.forget_old(archive.store, archive.media, archive.settings)
    assert archive.run(select(Inbox.text)) == ["tin 1"]


async def test_many_are_forgotten_in_small_steps(archive: Archive) -> None:
    for number in range(450):
        archive.put(f"c{number:03}", begun=100, active=95)
    steps: list[int] = []
    await retention.forget_old(archive.store, archive.media, archive.settings, steps.append)
    assert steps == [200, 400, 450] and archive.names() == set()


async def test_gateways_take_turns_and_one_does_it_in_an_hour(start: Any) -> None:
    async with start() as one, start() as two:
        assert await one.gateway.upkeep.forget_old()
        assert not await two.gateway.upkeep.forget_old()
        assert not await one.gateway.upkeep.forget_old()


def test_the_command_says_how_much_and_forgets_only_when_told(
    make_settings: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings()
    monkeypatch.setattr("troly.commands.settings", lambda: settings)
    with engine(settings.database).begin() as connection:
        long_ago = now() - timedelta(days=100)
        connection.execute(
            insert(Conversation).values(id="old", channel="web", created_at=long_ago, active_at=long_ago)
        )
    said = [CliRunner().invoke(commands.db, ["retention", *more]) for more in (["--dry-run"], [], [])]
    assert [result.exit_code for result in said] == [0, 0, 0], said
    assert [result.stdout.splitlines()[-1][:30] for result in said] == [
        "1 conversations would be forgo",
        "1 conversations were forgotten",
        "0 conversations were forgotten",
    ]


async def test_attempts_to_prove_an_application_go_after_90_days(archive: Archive) -> None:
    same = {"conversation": "c" * 32, "visitor": None, "code": "d" * 32, "outcome": "refused"}
    ages = [timedelta(days=91), timedelta(days=90, minutes=1), timedelta(days=89), timedelta()]
    async with archive.store.write() as connection:
        rows = [{**same, "at": now() - age} for age in ages]
        await connection.execute(insert(VerificationAttempt), rows)
    await retention.forget_old(archive.store, archive.media, archive.settings)
    async with archive.store.read() as connection:
        left = (await connection.scalars(select(VerificationAttempt.at))).all()
    assert len(left) == 2
    assert min(left) > now() - timedelta(days=90)
