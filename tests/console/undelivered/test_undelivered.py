"""Staff see which messages nobody could answer and which replies a platform did not take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from console.undelivered import query
from troly.tables.delivery import Inbox, Outbox

AT = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)


async def parked(office: Any, number: int, reason: str, **values: Any) -> str:
    identity: str = await office.talk(
        {"text": "<script>alert(1)</script>", "reply": "xin lỗi"}, id=f"c{number:04}", at=AT
    )
    async with office.store.write() as connection:
        change = {"state": "parked", "error": reason, "finished_at": AT + timedelta(minutes=number)}
        mine = Inbox.conversation_id == identity
        await connection.execute(update(Inbox).where(mine).values(**(change | values)))
    return identity


async def test_a_parked_message_is_a_line_with_its_reason_and_its_conversation(each_office: Any) -> None:
    await parked(each_office, 1, "status_502", attempts=5)
    await each_office.talk({"text": "chào", "reply": "chào"}, id="fine")
    client = await each_office.staff("reviewer")
    page = (await client.get("/console/undelivered")).text
    assert "/console/conversations/c0001" in page and "status_502" in page and "fine" not in page
    assert "Bộ phận trả lời báo lỗi." in page and "(1)" in page
    assert "<script>alert" not in page


async def test_a_reply_that_the_platform_refused_is_in_the_other_list(each_office: Any) -> None:
    await each_office.talk({"text": "chào", "reply": "chào"}, id="refused", channel="zalo_oa", at=AT)
    async with each_office.store.write() as connection:
        mine = Outbox.conversation_id == "refused"
        await connection.execute(update(Outbox).where(mine).values(state="failed", error="window"))
    client = await each_office.staff("reviewer")
    assert "refused" not in (await client.get("/console/undelivered")).text
    page = (await client.get("/console/undelivered?kind=unsent")).text
    assert "/console/conversations/refused" in page and "quá thời gian" in page


async def test_pages_meet_without_gap_or_repetition_and_bad_places_begin_anew(each_office: Any) -> None:
    for number in range(query.SIZE + 3):
        await parked(each_office, number, "timeout", finished_at=AT)
    async with each_office.store.read() as connection:
        first = await query.find(connection, "unanswered")
        second = await query.find(connection, "unanswered", first.older or "")
        again = await query.find(connection, "unanswered", "2026~'; DROP TABLE inbox")
    seen = [row.conversation_id for row in first.rows + second.rows]
    assert len(seen) == len(set(seen)) == query.SIZE + 3 and second.older is None
    assert again == first
