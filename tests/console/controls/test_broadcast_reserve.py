"""A broadcast leaves of Zalo's messages what answers need, says so, and goes on when staff wish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from channels import metering
from channels.base import Button, Reply
from channels.broadcasting import audience, reserve
from channels.broadcasting.running import BroadcastOptions, Broadcasts
from channels.telegram.rendering import render as telegram
from channels.zalo_bot.rendering import render as zalo_bot
from channels.zalo_oa.render import render as zalo_oa
from console.controls.switches import MESSAGE
from tests.channels.scripted import settled
from tests.console.conftest import Office
from tests.fakes.base import serving
from tests.fakes.zalo_bot import FakeZaloBot
from tests.fakes.zalo_oa import FakeZaloOa, user_of
from troly.clock import now
from troly.settings import Settings
from troly.tables.conversations import Conversation
from troly.tables.delivery import Outbox

WORDS = {"vi": "Sáng mai bộ phận một cửa nghỉ.", "en": "Closed tomorrow.", "days": "7"}
QUICK = BroadcastOptions(any_hour=True, busy=timedelta(0))
PEOPLE = ("lan", "mai", "nam", "tuấn")


@pytest.fixture
def talking(start: Any, rasa: Any) -> Callable[..., Any]:
    """Starts a gateway for a stand-in to which four citizens have written: (gateway's office, stack)."""

    @asynccontextmanager
    async def starting(fake: Any, **given: Any) -> AsyncIterator[tuple[Office, Any]]:
        with serving(fake.app) as url:
            named = {name.lower(): value for name, value in fake.settings(url).items()}
            async with start(rasa_url=rasa.url, **(named | given)) as stack:
                await stack.gateway.broadcasts.stop()
                fake.gateway = str(stack.http.base_url)
                for who in PEOPLE:
                    await fake.write(who, "một")
                await settled(stack.gateway)
                office = Office(stack.gateway.settings, stack.gateway.store, stack.app)
                yield office, stack
                for client in office.clients:
                    await client.aclose()

    return starting


def told(fake: Any) -> int:
    """How many were told."""
    return sum(any(WORDS["vi"] in shown.text for shown in fake.replies(who)) for who in PEOPLE)


async def run(stack: Any, steps: int = 6) -> None:
    """What a gateway does within some seconds."""
    working = Broadcasts(stack.gateway.store, stack.gateway.desk, stack.gateway.settings, QUICK)
    for _ in range(steps):
        async with stack.gateway.store.write() as connection:
            await connection.execute(text("DELETE FROM lease"))
        await working.step()
    await settled(stack.gateway)


async def state(office: Office) -> str:
    ((found,),) = await office.rows(text("SELECT state FROM broadcast"))
    return str(found)


async def test_the_month_is_not_used_up_answers_go_on_and_staff_continue_in_the_next(talking: Any) -> None:
    fake = FakeZaloBot(quota=24)
    async with talking(fake, zalo_bot_monthly_messages=24, broadcast_reserve=0.5) as (office, stack):
        used = 24 - fake.quota
        assert used == 8, "the privacy notice and an answer, for each of four"
        admin = await office.staff("admin", name="an")
        form = WORDS | {"channel": "zalo_bot"}
        # 24 in the month, 12 kept, 8 used: 4 left. Two of them go to answers.
        for who in PEOPLE[:2]:
            await fake.write(who, "hai")
        await settled(stack.gateway)
        preview = (await office.post(admin, "/controls/broadcasts/preview", form)).text
        assert "Sẽ gửi cho 2 cuộc trò chuyện" in preview
        assert "đã dùng 10 / 24, để dành 12" in preview and "không đủ" in preview
        assert (await office.post(admin, "/controls/broadcasts", form)).status_code == 303
        await run(stack)
        assert (told(fake), await state(office), fake.quota) == (2, "reserve", 12)
        page = (await admin.get("/console/controls/broadcasts")).text
        assert "2 / 4" in page and "Dừng vì hạn mức Zalo" in page and "Chưa gửi 2 người" in page
        # What is kept is there for answers.
        for who in PEOPLE:
            await fake.write(who, "ba")
        await settled(stack.gateway)
        assert all(fake.replies(who)[-1].text.startswith("echo: ba") for who in PEOPLE)
        assert fake.quota == 8
        early = await office.post(admin, "/controls/broadcasts/1/resume")
        assert early.status_code == 409 and "đã hết" in early.text
        # The next month: what was counted belongs to the last one.
        async with office.store.write() as connection:
            await connection.execute(text("UPDATE daily_count SET day = '2026-01-15' WHERE kind = 'called'"))
        assert (await office.post(admin, "/controls/broadcasts/1/resume")).status_code == 303
        await run(stack)
        assert (told(fake), await state(office)) == (4, "done")
        actions = [row[0] for row in await office.rows(text("SELECT action FROM audit_line"))]
        assert actions == ["broadcast_begun", "broadcast_resumed"]
        again = await office.post(admin, "/controls/broadcasts/1/resume")
        assert again.status_code == 409


async def test_other_channels_are_told_to_the_end_before_the_reserve_ends_it(talking: Any) -> None:
    fake = FakeZaloBot()
    async with talking(fake, zalo_bot_monthly_messages=9, broadcast_reserve=0.5) as (office, stack):
        visitor = await stack.visitor()
        await visitor.ask("một")
        admin = await office.staff("admin", name="an")
        await office.post(admin, "/controls/broadcasts", WORDS | {"channel": ["web", "zalo_bot"]})
        await run(stack)
        said = [line["text"] for line in (await visitor.transcript())["messages"]]
        assert WORDS["vi"] in said
        assert (told(fake), await state(office)) == (0, "reserve")


async def test_when_zalo_itself_says_that_nothing_is_left_the_broadcast_ends(talking: Any) -> None:
    fake = FakeZaloOa()
    async with talking(fake) as (office, stack):
        admin = await office.staff("admin", name="an")
        fake.refuse(-211, 1)  # an answer's message, before the broadcast
        await fake.write("lan", "hai")
        await settled(stack.gateway)
        await office.post(admin, "/controls/broadcasts", WORDS | {"channel": "zalo_oa"})
        await run(stack)
        assert (told(fake), await state(office)) == (0, "reserve")
        preview = await office.post(admin, "/controls/broadcasts/preview", WORDS | {"channel": "zalo_oa"})
        assert "Zalo báo đã hết" in preview.text
    assert fake.violations == []


async def test_while_the_bot_is_refused_the_broadcast_waits_and_goes_on(talking: Any) -> None:
    fake = FakeZaloBot()
    async with talking(fake) as (office, stack):
        admin = await office.staff("admin", name="an")
        quota, fake.quota = fake.quota, 0
        await fake.write("lan", "hai")
        async with asyncio.timeout(5):
            while not await office.rows(text("SELECT 1 FROM outbox WHERE error = 'quota'")):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await office.post(admin, "/controls/broadcasts", WORDS | {"channel": "zalo_bot"})
        working = Broadcasts(stack.gateway.store, stack.gateway.desk, stack.gateway.settings, QUICK)
        assert await working.step() == 0
        assert (told(fake), await state(office)) == (0, "running")
        fake.quota = quota
        await settled(stack.gateway, 15)
        await run(stack)
        assert (told(fake), await state(office)) == (4, "done")


async def test_free_messages_of_a_citizen_are_left_for_answers_and_each_reason_is_told(talking: Any) -> None:
    fake = FakeZaloOa()
    fake.free_messages = 4
    async with talking(fake, zalo_oa_free_messages=4, broadcast_reserve=0.5) as (office, stack):
        admin = await office.staff("admin", name="an")
        lan, _, nam, tuan = (stack.gateway.keyring.hash("zalo_oa", user_of(who)) for who in PEOPLE)
        # Each was sent two since they wrote, and two are kept: nobody is left. Lan and Nam had only one.
        async with office.store.write() as connection:
            for one in (lan, nam):
                await connection.execute(
                    text("UPDATE outbox SET created_at = :at WHERE conversation_id = :id AND number = 1"),
                    {"at": "2026-01-01 00:00:00", "id": one},
                )
            await connection.execute(
                text("UPDATE address SET closed_at = :at WHERE conversation_id = :id"),
                {"at": now().isoformat(" "), "id": nam},
            )
            await connection.execute(
                text("UPDATE address SET last_inbound_at = :at WHERE conversation_id = :id"),
                {"at": (now() - timedelta(hours=49)).isoformat(" "), "id": tuan},
            )
        (reach,) = await forecast(office, ["zalo_oa"])
        assert (reach.now, reach.why) == (1, {"closed": 1, "window": 1, "allowance": 1})
        preview = (
            await office.post(admin, "/controls/broadcasts/preview", WORDS | {"channel": "zalo_oa"})
        ).text
        for reason in ("đã chặn", "quá thời hạn Zalo", "để dành trả lời"):
            assert reason in preview
        await office.post(admin, "/controls/broadcasts", WORDS | {"channel": "zalo_oa"})
        await run(stack)
        assert (told(fake), await state(office)) == (1, "done")
        assert any(WORDS["vi"] in shown.text for shown in fake.replies("lan"))
    assert fake.violations == []


async def forecast(office: Office, channels: list[str]) -> list[audience.Reach]:
    async with office.store.read() as connection:
        return await audience.forecast(connection, office.settings, channels, 7)


async def test_who_left_before_their_turn_is_not_told_and_the_result_says_how_many(talking: Any) -> None:
    fake = FakeZaloBot()
    async with talking(fake) as (office, stack):
        admin = await office.staff("admin", name="an")
        await office.post(admin, "/controls/broadcasts", WORDS | {"channel": "zalo_bot"})
        async with office.store.write() as connection:
            await connection.execute(text("UPDATE address SET closed_at = :at"), {"at": now().isoformat(" ")})
        await run(stack)
        assert (told(fake), await state(office)) == (0, "done")
        page = (await admin.get("/console/controls/broadcasts")).text
        assert "0 / 4" in page and "4 người không gửi được nữa" in page


async def test_what_was_sent_is_counted_as_zalo_counts_it_also_of_those_who_were_erased(
    talking: Any, rasa: Any
) -> None:
    fake = FakeZaloBot()
    async with talking(fake) as (office, stack):
        await fake.write("lan", "/xoa")
        await settled(stack.gateway)
        assert reserve_of(await allowance(office)) == 3000 - fake.quota == 9, "the farewell too"
        rasa.behave = lambda sender, *_: [{"recipient_id": sender, "text": "Một câu dài. " * 300}]
        fake.fail("drop_after_send")
        await fake.write("mai", "hai")
        await settled(stack.gateway, 15)
        assert len(fake.replies("mai")) == 2 + 3, "two parts, one of them twice"
        assert reserve_of(await allowance(office)) == 3000 - fake.quota == 12
        fake.fail("500", 2)
        await fake.write("nam", "hai")
        await settled(stack.gateway, 15)
        assert reserve_of(await allowance(office)) == 3000 - fake.quota == 14


def reserve_of(found: reserve.Allowance | None) -> int:
    assert found is not None
    return found.used


async def allowance(office: Office, channel: str = "zalo_bot") -> reserve.Allowance | None:
    async with office.store.read() as connection:
        return await reserve.allowance(connection, office.settings, channel, now())


async def test_what_waits_is_counted_and_channels_that_nobody_counts_are_not(each_office: Any) -> None:
    office = each_office
    moment = now()
    async with office.store.write() as connection:
        for channel in ("zalo_bot", "telegram"):
            await connection.execute(
                insert(Conversation).values(
                    id=channel.ljust(32, "0"), channel=channel, created_at=moment, active_at=moment
                )
            )
            await connection.execute(
                insert(Outbox).values(
                    conversation_id=channel.ljust(32, "0"), number=1, kind="reply", content={},
                    created_at=moment, channel=channel, state="waiting", due_at=moment,
                )
            )  # fmt: skip
            await metering.called(connection, channel)
            await metering.called(connection, channel)
    found = await allowance(office)
    assert found == reserve.Allowance(month=3000, used=3, kept=1500, refused=False, held=False)
    assert found.left == 1497
    assert await allowance(office, "telegram") is None
    assert await office.rows(text("SELECT channel, number FROM daily_count")) == [("zalo_bot", 2)]
    assert [one.channel for one in await forecast(office, ["web", "zalo_oa", "zalo_bot"])] == [
        "web",
        "zalo_oa",
        "zalo_bot",
    ]


@pytest.mark.parametrize(
    ("share", "free", "paid", "kept", "most"),
    [(0.5, 8, False, 1500, 4), (0.0, 8, False, 0, 8), (1.0, 8, False, 3000, 0), (0.4, 5, False, 1200, 3),
     (0.5, 8, True, 1500, None), (0.5, 0, False, 1500, None)],
)  # fmt: skip
def test_the_reserve_is_a_share_rounded_up(
    share: float, free: int, paid: bool, kept: int, most: int | None
) -> None:
    settings = Settings(
        _env_file=None, broadcast_reserve=share, zalo_oa_free_messages=free, zalo_oa_paid_window=paid
    )
    assert reserve.kept_of(settings, reserve.month_of(settings, "zalo_bot")) == kept
    assert reserve.free_for_broadcasts(settings) == most


@pytest.mark.parametrize(
    ("utc", "first", "next_first", "days"),
    [
        ("2026-11-30T16:59:59", "2026-11-01", "2026-12-01", 30),
        ("2026-11-30T17:00:00", "2026-12-01", "2027-01-01", 1),  # the month begins at midnight in Vietnam
        ("2026-12-31T17:00:00", "2027-01-01", "2027-02-01", 1),
    ],
)
def test_a_month_is_a_month_in_vietnam(utc: str, first: str, next_first: str, days: int) -> None:
    moment = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert (str(reserve.begun(moment)), str(reserve.renewed(moment))) == (first, next_first)
    assert len(reserve._days(moment)) == days


def test_the_longest_broadcast_is_one_message_on_every_channel() -> None:
    stop = Button(title="Không nhận thông báo chung", payload="/stop_broadcasts")
    reply = Reply(id="1", text="Đ" * MESSAGE, language="vi", buttons=[stop])
    assert [len(list(render(reply))) for render in (telegram, zalo_oa, zalo_bot)] == [1, 1, 1]
