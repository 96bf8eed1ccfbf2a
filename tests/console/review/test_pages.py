"""The pages of review: lists, search, odd addresses, who may what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from console.review import procedures
from console.review.filling import fill
from troly.clock import now
from troly.tables.catalogue import CatalogueProcedure
from troly.tables.review import ReviewItem, ReviewLabel

INJECTION = "' OR 1=1; DROP TABLE review_item; --"


async def queue(office: Any, *texts: str, **turn: Any) -> list[Any]:
    """Messages in the queue."""
    for words in texts:
        values = {"status": "not_found", "intent": "ask_fee"} | turn
        await office.talk({"text": words, "turn": values}, at=now() - timedelta(minutes=30))
    await fill(office.store, office.settings, pause=timedelta(0))
    return list(await office.rows(select(ReviewItem.__table__).order_by(ReviewItem.id)))


async def test_the_list_shows_what_matters_most_first_with_reasons_and_counts(each_office: Any) -> None:
    await queue(each_office, "phí nuôi ong")
    await queue(each_office, "xin phép thả diều", "xin phép thả diều ạ", rating=-1, intent="ask_procedure")
    client = await each_office.staff("reviewer")
    page = (await client.get("/console/review")).text
    assert page.index("xin phép thả diều") < page.index("phí nuôi ong")
    assert "bị chê" in page
    only = (await client.get("/console/review?reason=thumb_down")).text
    assert "xin phép thả diều" in only
    assert "phí nuôi ong" not in only


async def test_hostile_messages_and_addresses_are_only_text(office: Any) -> None:
    (item,) = await queue(office, f"<script>alert(1)</script> {INJECTION}")
    client = await office.staff("admin")
    for path in (
        "/review",
        f"/review/groups/{item.group_id}",
        "/review/history",
        "/review/proposals",
        f"/review?reason={INJECTION}&list={INJECTION}&after={INJECTION}",
        f"/review/groups/{item.group_id}?q={INJECTION}&list={INJECTION}",
        f"/review/history?before={INJECTION}",
        f"/review/procedures?q={INJECTION}",
    ):
        response = await client.get(f"/console{path}")
        assert response.status_code == 200, path
        assert "<script>alert" not in response.text
    assert (await client.get("/console/review/groups/999999")).status_code == 404
    assert (await client.get("/console/review/groups/x")).status_code == 404
    answer = await office.post(
        client, f"/review/groups/{item.group_id}/label", {"verdict": "right", "item": INJECTION}
    )
    assert answer.status_code == 409
    assert (await office.post(client, "/review/undo", {"batch": INJECTION})).status_code == 404
    assert await office.rows(select(ReviewLabel.id)) == []


async def test_whoever_may_only_look_at_figures_sees_no_messages(office: Any) -> None:
    (item,) = await queue(office, "phí nuôi ong")
    for role in ("analyst", "officer"):
        client = await office.staff(role)
        assert (await client.get("/console/review")).status_code == 403
        assert (await client.get(f"/console/review/groups/{item.group_id}")).status_code == 403
        answer = await office.post(
            client, f"/review/groups/{item.group_id}/label", {"verdict": "right", "item": str(item.id)}
        )
        assert answer.status_code == 403


async def test_a_form_without_its_token_labels_nothing(office: Any) -> None:
    (item,) = await queue(office, "phí nuôi ong")
    client = await office.staff("reviewer")
    answer = await client.post(
        f"/console/review/groups/{item.group_id}/label", data={"verdict": "right", "item": str(item.id)}
    )
    assert answer.status_code == 403
    assert await office.rows(select(ReviewLabel.id)) == []


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("khai sinh", "1.001193"),
        ("KHAI SI", "1.001193"),
        ("birth registration", "1.001193"),
        ("1.0011", "1.001193"),
        ("giấy phép xây nhà", "1.013225"),
        ("zzz", None),
        ("", None),
    ],
)
async def test_procedures_are_found_by_names_codes_and_beginnings(
    each_office: Any, typed: str, code: str | None
) -> None:
    rows = [
        ("1.001193", "Thủ tục đăng ký khai sinh", "Birth registration", None, None),
        ("1.013225", "Cấp giấy phép xây dựng nhà ở riêng lẻ", None, None, None),
        ("3.000001", "Khai sinh ở tỉnh khác", None, "ha noi", None),
        ("3.000002", "Khai sinh đã bãi bỏ", None, None, now()),
    ]
    async with each_office.store.write() as connection:
        for one, name, english, province, gone in rows:
            await connection.execute(
                insert(CatalogueProcedure).values(
                    id=one,
                    code=one,
                    name=name,
                    folded_name=name,
                    name_en=english,
                    field="",
                    type="STANDARD",
                    levels=[],
                    province=province,
                    content_hash="",
                    list_hash="",
                    detail={},
                    as_of=now(),
                    withdrawn_at=gone,
                )
            )
    index = await procedures.index(each_office.store, "Tỉnh Quảng Ninh")
    found = [row.code for row in index.search(typed)]
    assert found[:1] == ([code] if code else [])
    assert not {"3.000001", "3.000002"} & set(found)
