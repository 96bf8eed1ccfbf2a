"""When Zalo lets the account write: 48 hours, 7 days, nights, quotas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from channels.base import Address
from channels.errors import ChatClosed, SendError, SendLater, SendRefused
from channels.store import Store
from channels.zalo_oa import ZaloOaChannel
from channels.zalo_oa.codes import outcome
from channels.zalo_oa.windows import Windows, seconds_until_morning
from tests.fakes.zalo_oa import FakeZaloOa, user_of
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.delivery import Outbox

DAY = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)  # 15:00 in Vietnam
NIGHT = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)  # 23:00 in Vietnam


def windows(**more: Any) -> Windows:
    return Windows(**({"paid": False, "free_messages": 0, "hold_at_night": True} | more))


def wrote(moment: datetime, **ago: float) -> Address:
    return Address("c" * 32, "1", moment - timedelta(**ago))


@pytest.mark.parametrize(
    ("utc", "seconds"),
    [
        ("2026-11-20T14:59:59", None),  # 21:59:59
        ("2026-11-20T15:00:00", 8 * 3600),  # 22:00
        ("2026-11-20T16:59:59", 6 * 3600 + 1),
        ("2026-11-20T17:00:00", 6 * 3600),  # midnight
        ("2026-11-20T22:59:59", 1),
        ("2026-11-20T23:00:00", None),  # 6:00
    ],
)
def test_the_night_ends_at_six_in_vietnam(utc: str, seconds: float | None) -> None:
    assert seconds_until_morning(datetime.fromisoformat(utc).replace(tzinfo=UTC)) == seconds


def test_a_message_refused_at_night_waits_for_the_morning() -> None:
    error = outcome(-234, NIGHT)
    assert isinstance(error, SendLater)
    assert (error.seconds, error.counts) == (7 * 3600, False)
    by_day = outcome(-234, DAY)
    assert isinstance(by_day, SendLater) and by_day.seconds == 30, "Zalo's clock may differ from ours"


@pytest.mark.parametrize(
    ("rules", "ago", "expected"),
    [
        ({}, {"hours": 48}, None),
        ({}, {"hours": 48, "seconds": 1}, ChatClosed),
        ({"paid": True}, {"days": 7}, None),
        ({"paid": True}, {"days": 7, "seconds": 1}, ChatClosed),
    ],
)
def test_windows_after_the_citizens_last_message(
    rules: dict[str, Any], ago: dict[str, float], expected: type[SendError] | None
) -> None:
    if expected is None:
        windows(**rules).check(wrote(DAY, **ago), DAY)
        return
    with pytest.raises(expected):
        windows(**rules).check(wrote(DAY, **ago), DAY)


def test_an_answer_is_sent_at_night_and_a_notice_waits() -> None:
    windows().check(wrote(NIGHT, minutes=29), NIGHT)
    with pytest.raises(SendLater) as caught:
        windows().check(wrote(NIGHT, minutes=31), NIGHT)
    assert (caught.value.seconds, caught.value.counts) == (7 * 3600, False)
    windows(hold_at_night=False).check(wrote(NIGHT, minutes=31), NIGHT)
    windows().check(wrote(DAY, hours=5), DAY)


def test_who_followed_and_never_wrote_is_left_to_zalo() -> None:
    windows().check(Address("c" * 32, "1", None), NIGHT)


def test_the_free_messages_are_counted_unless_more_are_paid_for() -> None:
    windows(free_messages=8).check(wrote(DAY, hours=1), DAY, sent=7)
    with pytest.raises(SendRefused, match="free_messages"):
        windows(free_messages=8).check(wrote(DAY, hours=1), DAY, sent=8)
    windows(free_messages=8, paid=True).check(wrote(DAY, hours=1), DAY, sent=8)
    windows().check(wrote(DAY, hours=1), DAY, sent=1000)


async def test_free_messages_are_counted_over_all_processes_since_the_citizen_wrote(
    fake: FakeZaloOa,
    channel: ZaloOaChannel,
    make_channel: Callable[..., ZaloOaChannel],
    store: Store,
    lan: Address,
) -> None:
    before, after = now() - timedelta(hours=2), now()
    async with store.write() as connection:
        conversation = {"id": lan.conversation_id, "channel": "zalo_oa", "created_at": before}
        await connection.execute(insert(Conversation).values(**conversation, active_at=before))
        rows = [
            {
                "conversation_id": lan.conversation_id,
                "number": number,
                "kind": "reply",
                "content": {},
                "created_at": moment,
                "parts_sent": 2,
            }
            for number, moment in enumerate((before, after, after), start=1)
        ]
        await connection.execute(insert(Outbox), rows)
    address = Address(lan.conversation_id, user_of("lan"), after - timedelta(seconds=1))
    part = {"kind": "text", "message": {"text": "Chào"}}
    await make_channel(zalo_oa_free_messages=5).send(address, part)
    with pytest.raises(SendRefused, match="free_messages"):
        await make_channel(zalo_oa_free_messages=4).send(address, part)
    await make_channel(zalo_oa_free_messages=0).send(address, part)
