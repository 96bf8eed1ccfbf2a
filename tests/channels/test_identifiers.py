"""Numbers that citizens write unasked are masked everywhere once nothing needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from channels.base import Inbound
from channels.conversations import rate
from channels.identifiers import mask_due
from channels.inbox import accept
from channels.store import Store
from troly.clock import now
from troly.database import async_engine, engine
from troly.privacy import MASK
from troly.settings import Settings
from troly.tables import Base
from troly.tables.conversations import Conversation, Rating
from troly.tables.delivery import DONE, HELD, WAITING, Inbox, Outbox
from troly.tables.tracker import TrackerEvent, TrackerSnapshot

PHONE, WRITTEN = "0912345678", "0912 345 678"
ID = "001090027195"
CODE = "H49.33-250421-0001"
SAID = f"em Lan, sđt {WRITTEN}, cccd {ID}, hồ sơ {CODE} đến đâu rồi"
MASKED = f"em Lan, sđt {MASK}, cccd {MASK}, hồ sơ {CODE} đến đâu rồi"


class Talk:
    """A database with one conversation in which a number was written."""

    def __init__(self, url: str) -> None:
        self.engine = async_engine(url)
        self.store = Store(self.engine)
        self.settings = Settings(_env_file=None, database_url=url)  # type: ignore[call-arg]

    async def begin(self, name: str = "c") -> None:
        values = {"id": name, "channel": "web", "created_at": now(), "active_at": now()}
        await self.run(insert(Conversation).values(last_message=0, last_event=0, **values))

    async def write(self, said: str = SAID, *, minutes: float = 0, name: str = "c", **more: Any) -> str:
        """The citizen writes so many minutes ago, and is answered; Rasa keeps what Rasa keeps."""
        at = now() - timedelta(minutes=minutes)
        message = Inbound("web", name, f"m{at.timestamp()}", at, text=said, **more)
        stored = await accept(self.store, message)
        assert stored
        await self.run(update(Inbox).where(Inbox.id == stored.id).values(state=DONE, finished_at=at))
        parsed = {
            "text": said,
            "text_normalized": said.lower(),
            "entities": [{"entity": "phone", "value": PHONE}],
        }
        user = {"event": "user", "text": said, "parse_data": parsed, "metadata": {"message_id": stored.id}}
        await self.event("user", at, user)
        await self.event("slot", at, {"event": "slot", "name": "report_emergency", "value": said})
        echo = {"text": f"Anh/Chị đã viết: 0912.345.678, {ID}; tổng đài 18001096"}
        await self.run(
            insert(Outbox).values(
                conversation_id=name, number=1 + int(at.timestamp()), kind="reply", inbox_id=stored.id,
                content=echo, created_at=at,
            )
        )  # fmt: skip
        await self.event("bot", at, {"event": "bot", **echo})
        return stored.id

    async def event(self, kind: str, at: Any, data: dict[str, Any], name: str = "c") -> None:
        row = {"sender_id": name, "type": kind, "timestamp": at.timestamp(), "data": data}
        await self.run(insert(TrackerEvent).values(**row))

    async def form(self, name: str | None, *, minutes: float = 0) -> None:
        """A form opens, or ends (None)."""
        at = now() - timedelta(minutes=minutes)
        await self.event("active_loop", at, {"event": "active_loop", "name": name})
        await self.run(delete(TrackerSnapshot))
        slots = {"report_emergency": SAID, "application_code": CODE}
        await self.run(
            insert(TrackerSnapshot).values(sender_id="c", slots=slots, active_loop=name, last_event_id=1)
        )

    async def run(self, statement: Any) -> Any:
        async with self.engine.begin() as connection:
            return await connection.execute(statement)

    async def mask(self) -> int:
        return await mask_due(self.store, self.settings)

    async def text(self) -> str | None:
        async with self.engine.connect() as connection:
            return await connection.scalar(select(Inbox.text))

    async def everything(self) -> str:
        """All that the tables of a conversation hold."""
        rows: list[Any] = []
        async with self.engine.connect() as connection:
            for table in ("inbox", "outbox", "tracker_event", "tracker_snapshot", "turn"):
                rows += (await connection.execute(text(f"SELECT * FROM {table}"))).all()
        return repr([tuple(row) for row in rows])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def talk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Talk]:
    """On both databases."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    made = engine(url)
    Base.metadata.create_all(made)
    made.dispose()
    one = Talk(url)
    await one.begin()
    yield one
    await one.engine.dispose()


def holds(stored: str) -> bool:
    return any(form in stored for form in (PHONE, WRITTEN, "0912.345.678", ID))


async def test_after_an_hour_they_are_masked_everywhere_and_the_rest_stays(talk: Talk) -> None:
    await talk.form(None, minutes=90)
    await talk.write(minutes=61)
    assert holds(await talk.everything())
    assert await talk.mask() == 1
    stored = await talk.everything()
    assert not holds(stored)
    assert await talk.text() == MASKED
    assert CODE in stored and "18001096" in stored and "em Lan" in stored
    assert await talk.mask() == 0


async def test_a_number_between_chinese_signs_is_masked_too(talk: Talk) -> None:
    await talk.write(f"我的电话是{PHONE}谢谢", minutes=61)
    assert await talk.mask() == 1
    assert await talk.text() == f"我的电话是{MASK}谢谢"
    stored = await talk.everything()
    assert not any(form in stored for form in (PHONE, WRITTEN, "0912.345.678"))


async def test_before_the_hour_they_stay(talk: Talk) -> None:
    await talk.write(minutes=55)
    assert await talk.mask() == 0 and await talk.text() == SAID


async def test_when_a_service_has_ended_they_go_at_once(talk: Talk) -> None:
    await talk.form("report_form", minutes=5)
    await talk.write(minutes=4)
    assert await talk.mask() == 0, "the form still needs what was written"
    assert await talk.text() == SAID and SAID in await talk.everything()
    await talk.form(None, minutes=1)
    assert await talk.mask() == 1
    assert not holds(await talk.everything())


async def test_what_is_written_after_the_end_of_a_service_waits_for_its_own_hour(talk: Talk) -> None:
    await talk.form("report_form", minutes=9)
    await talk.form(None, minutes=5)
    await talk.write(minutes=1)
    assert await talk.mask() == 0


async def test_a_form_that_was_left_long_ago_is_no_reason_to_keep_them(talk: Talk) -> None:
    await talk.write(minutes=13 * 60)
    await talk.form("report_form", minutes=13 * 60)
    await talk.run(update(Conversation).values(active_at=now() - timedelta(hours=11)))
    assert await talk.mask() == 0
    await talk.run(update(Conversation).values(active_at=now() - timedelta(hours=13)))
    assert await talk.mask() == 1
    assert not holds(await talk.everything())


@pytest.mark.parametrize("state", ["waiting", "staff"])
async def test_while_an_official_is_asked_or_answers_they_stay(talk: Talk, state: str) -> None:
    await talk.write(minutes=300)
    await talk.run(update(Inbox).values(state=HELD))
    await talk.run(update(Conversation).values(handover=state))
    assert await talk.mask() == 0
    await talk.run(update(Conversation).values(handover=None))
    assert await talk.mask() == 1


async def test_a_message_that_waits_for_its_answer_and_those_before_it_are_left_alone(talk: Talk) -> None:
    await talk.write(minutes=300)
    await talk.write("còn đây", minutes=0)
    await talk.run(update(Inbox).where(Inbox.text == "còn đây").values(state=WAITING))
    assert await talk.mask() == 0
    await talk.run(update(Inbox).values(state=DONE))
    assert await talk.mask() == 1


async def test_an_answer_that_is_still_to_be_sent_is_sent_as_it_was_written(talk: Talk) -> None:
    await talk.write(minutes=300)
    await talk.run(update(Outbox).values(state=WAITING, channel="zalo_oa"))
    assert await talk.mask() == 0


async def test_a_shared_contact_is_masked_and_a_shared_place_is_not(talk: Talk) -> None:
    contact, place = (
        f'/share{{"phone": "{PHONE}"}}',
        '/share{"latitude": "20.957", "longitude": "107.048212345"}',
    )
    await talk.write("", minutes=61, payload=contact)
    await talk.write("", minutes=62, payload=place)
    assert await talk.mask() == 1
    stored = await talk.everything()
    assert PHONE not in stored and "107.048212345" in stored


async def test_what_must_not_be_kept_at_all_is_not_marked(talk: Talk) -> None:
    """It is encrypted, and masked with its answer."""
    await talk.run(update(Conversation).values(awaits_secret=True))
    sealed = "gAAAAABn" + ID + "=="
    await talk.write(SAID, minutes=300, seal=lambda _text: sealed)
    async with talk.engine.connect() as connection:
        assert not await connection.scalar(select(Inbox.identifying))


async def test_many_are_masked_in_one_run_and_another_process_may_run_too(talk: Talk) -> None:
    for number in range(130):
        await talk.begin(f"c{number}")
        at = now() - timedelta(hours=2)
        await accept(talk.store, Inbound("web", f"c{number}", f"x{number}", at, text=f"gọi {PHONE}"))
    await talk.run(update(Inbox).values(state=DONE))
    assert await mask_due(talk.store, talk.settings, most=1) == 100, "no more than begun with"
    assert await talk.mask() == 30
    assert await talk.mask() == 0
    assert PHONE not in await talk.everything()


@pytest.mark.parametrize("hours", [0, 24])
async def test_the_operator_sets_the_hours(talk: Talk, hours: int) -> None:
    talk.settings = talk.settings.model_copy(update={"identifier_hours": hours})
    await talk.write(minutes=61)
    assert await talk.mask() == (1 if hours == 0 else 0)


async def test_a_comment_on_a_rating_is_kept_without_them(talk: Talk) -> None:
    about = {"reply_id": None, "message_id": None, "scale": "stars", "value": 2}
    await rate(talk.store, "c", **about, comment=f"gọi lại cho tôi {WRITTEN} nhé")  # type: ignore[arg-type]
    async with talk.engine.connect() as connection:
        assert await connection.scalar(select(Rating.comment)) == f"gọi lại cho tôi {MASK} nhé"
