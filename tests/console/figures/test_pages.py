"""The pages of figures: what they show, to whom, in which language, and what is taken out of them."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from console.figures import rolling, unmet
from console.figures.period import Choice
from troly.clock import VIETNAM, now, today
from troly.tables import counts
from troly.tables.audit import AuditLine
from troly.tables.catalogue import CatalogueProcedure
from troly.tables.counts import Count
from troly.tables.review import ReviewGroup, ReviewItem

ATTACK = "<script>alert(1)</script>"


def moment(days: int) -> datetime:
    day = today().date() - timedelta(days=days)
    return datetime(day.year, day.month, day.day, 9, tzinfo=VIETNAM)


async def counted(office: Any, days: int, *happened: tuple[Any, ...], channel: str = "web") -> None:
    """Write figures of a day as delivery does: (kind, name, detail, number)."""
    async with office.store.write() as connection:
        await counts.add(
            connection,
            [
                Count(channel, "vi", kind, name, detail, moment(days), number)
                for kind, name, detail, number in happened
            ],
        )
    rolling.forget_today(office.console.store)


async def reviewed(office: Any, folded: str, days: int, **values: Any) -> None:
    """A message in the queue of the review."""
    async with office.store.write() as connection:
        group = await connection.execute(
            insert(ReviewGroup)
            .values(leader=folded, kind=values.pop("kind", "vi||"))
            .returning(ReviewGroup.id)
        )
        group_id = group.scalar_one()
        for writer in values.pop("writers", ("a",)):
            await connection.execute(
                insert(ReviewItem).values(
                    **{
                        "group_id": group_id, "message_id": f"{folded[:8]}{days}{writer}{group_id}"[:32],
                        "conversation_id": writer, "at": moment(days), "channel": "web", "language": "vi",
                        "text": values.get("text", folded), "folded": folded, "status": "not_found",
                        "reasons": 1,
                    }
                    | values
                )
            )  # fmt: skip


async def take(office: Any, client: Any, path: str, **data: Any) -> Any:
    return await office.post(client, path, data)


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


async def test_without_conversations_pages_say_so_kindly(each_office: Any) -> None:
    client = await each_office.staff("analyst")
    for path, said in (
        ("/figures", "Chưa có hội thoại nào"),
        ("/figures/topics", "chưa có ai hỏi"),
        ("/figures/unmet", "Không có nhu cầu nào bị bỏ lỡ"),
        ("/figures/open", "Chưa có tháng nào kết thúc"),
    ):
        answer = await client.get(f"/console{path}")
        assert answer.status_code == 200 and said in answer.text, path


async def test_the_overview_tells_numbers_and_how_they_moved(each_office: Any) -> None:
    office = each_office
    await counted(
        office, 2,
        ("conversation", "", "", 1000), ("turn", "ask_fee", "answered", 1500),
        ("turn", "ask_fee", "clarify", 300),
        ("turn", "", "not_found", 150), ("turn", "", "handed_over", 50), ("rating", "thumb", "1", 9),
        ("rating", "stars", "1", 1), ("person", "", "", 700),
    )  # fmt: skip
    await counted(office, 40, ("conversation", "", "", 800), ("turn", "ask_fee", "answered", 1000))
    await rolling.count(office.store)
    client = await office.staff("analyst")
    page = (await client.get("/console/figures?period=30")).text
    for said in ("1.000", "+25,0%", "2.000", "+100,0%", "75,0%", "−25,0 điểm %", "90,0%", "700"):
        assert said in page, said
    assert 'style="' not in page and "<script>" not in page
    client.cookies.set("troly_language", "en")
    other = (await client.get("/console/figures?period=30&channel=telegram")).text
    assert "Chưa có hội thoại nào" in other


async def test_numbers_are_written_as_each_language_writes_them(office: Any) -> None:
    await counted(office, 1, ("turn", "ask_fee", "answered", 12345), ("conversation", "", "", 1))
    client = await office.staff("analyst")
    assert "12.345" in (await client.get("/console/figures")).text
    await office.post(client, "/account/language", {"language": "en"})
    page = (await client.get("/console/figures")).text
    assert "12,345" in page and "Answered" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("period=days&since=2026-13-01&until=2026-11-01", "Ngày chưa đúng"),
        ("period=days&since=2020-01-01&until=2026-11-01", "nhiều nhất 731 ngày"),
        ("period=days&since=2026-11-02&until=2026-11-01", "trước ngày kết thúc"),
        ("period=month&month=x", "Tháng chưa đúng"),
        ("period=month&month=2999-01", "chưa đến"),
    ],
)
async def test_a_period_without_sense_is_told(office: Any, query: str, said: str) -> None:
    client = await office.staff("analyst")
    answer = await client.get(f"/console/figures?{query}")
    assert answer.status_code == 422 and said in answer.text


@pytest.mark.parametrize(
    "query", ["period=days&since=2026-11-01&until=2999-01-01", "channel='; DROP TABLE figure"]
)
async def test_what_makes_some_sense_is_shown(office: Any, query: str) -> None:
    client = await office.staff("analyst")
    assert (await client.get(f"/console/figures?{query}")).status_code == 200


async def test_topics_have_names_fields_and_links_for_readers_only(office: Any) -> None:
    await counted(
        office,
        1,
        ("procedure", "1.001193", "fee", 6),
        ("procedure", "9.9", ATTACK, 2),
        ("commune", ATTACK, "", 1),
    )
    async with office.store.write() as connection:
        await connection.execute(
            insert(CatalogueProcedure).values(
                id="1", code="1.001193", name="Đăng ký khai sinh", folded_name="dang ky khai sinh",
                name_en="Birth registration", field="Hộ tịch", type="", levels=[], content_hash="",
                list_hash="", detail={}, as_of=now(),
            )
        )  # fmt: skip
    page = (await (await office.staff("reviewer")).get("/console/figures/topics")).text
    assert "Đăng ký khai sinh" in page and "Hộ tịch" in page and "Chưa rõ lĩnh vực" in page
    assert "procedure=1.001193" in page and ATTACK not in page and "&lt;script&gt;" in page
    page = (await (await office.staff("analyst")).get("/console/figures/topics")).text
    assert "procedure=1.001193" not in page


async def test_correct_answers_are_estimated_from_the_sample(each_office: Any) -> None:
    office = each_office
    await counted(office, 1, ("turn", "", "answered", 10), ("conversation", "", "", 1))
    for number in range(10):
        answer = "right" if number < 8 else "wrong"
        await reviewed(
            office, f"cau {number}", 1, sampled=True, answer=answer, state="done", status="answered"
        )
    await reviewed(office, "cau khac", 1, sampled=False, answer="wrong", state="done")
    client = await office.staff("analyst")
    page = (await client.get("/console/figures")).text
    assert "80,0%" in page and "49,0% đến 94,3%, 10 câu" in page and "chưa chắc chắn" not in page
    for number in range(4):
        await reviewed(office, f"cho {number}", 1, sampled=True)
    assert "chưa chắc chắn" in (await client.get("/console/figures")).text


async def test_unmet_needs_come_growing_first_and_alike_ones_together(each_office: Any) -> None:
    office = each_office
    await reviewed(office, "dang ky flycam o dau", 2, writers=("a", "b", "c", "d"))
    await reviewed(office, "dang ky flycam o dau the", 3, writers=("e", "f"), kind="vi|ask_place|")
    await reviewed(office, "ban ve so", 2, writers=("a",))
    await reviewed(office, "ban ve so", 40, writers=("a", "b", "c"))
    await reviewed(office, "da tra loi", 2, status="answered")
    needs = await unmet.read(office.store, Choice.read({"period": "30"}), may_read=True)
    assert [(need.leader, need.now, need.before, need.people) for need in needs] == [
        ("dang ky flycam o dau", 6, 0, 6),
        ("ban ve so", 1, 3, 1),
    ]
    assert needs[0].words[:3] == ("dang", "ky", "flycam") and needs[1].words == ()
    await reviewed(office, "dang ky flycam o dau", 1, text="Đăng ký flycam ở đâu", writers=("g", "h", "i"))
    needs = await unmet.read(office.store, Choice.read({"period": "30"}), may_read=False)
    assert needs[0].words[:3] == ("đăng", "ký", "flycam") and needs[0].examples == ()


async def test_examples_are_shown_once_each_the_newest_first(office: Any) -> None:
    await reviewed(office, "dang ky flycam o dau", 2, writers=("a", "b"))
    await reviewed(office, "dang ky flycam o dau the", 3, writers=("c",))
    needs = await unmet.read(office.store, Choice.read({"period": "30"}), may_read=True)
    assert [one.text for one in needs[0].examples] == ["dang ky flycam o dau", "dang ky flycam o dau the"]


async def test_who_may_not_read_conversations_sees_only_what_several_people_wrote(office: Any) -> None:
    await reviewed(
        office, "con toi bi benh hiem", 2, text=f"con tôi bị bệnh hiếm {ATTACK}", writers=("a", "b")
    )
    await reviewed(office, "dang ky flycam", 2, writers=("a", "b", "c"))
    page = (await (await office.staff("analyst")).get("/console/figures/unmet")).text
    assert "benh hiem" not in page and "bệnh hiếm" not in page and "dang ky flycam" in page
    page = (await (await office.staff("reviewer")).get("/console/figures/unmet")).text
    assert "bệnh hiếm &lt;script&gt;" in page and "/console/conversations/a" in page
    analyst = await office.staff("analyst")
    taken = await take(office, analyst, "/figures/csv", table="unmet")
    assert taken.status_code == 200 and "hiem" not in taken.text and "flycam" in taken.text


async def test_each_table_is_taken_out_as_csv_and_written_down(each_office: Any) -> None:
    office = each_office
    await counted(
        office, 1, ("turn", "x", "answered", 3), ("turn", "x", "error", 1), ("procedure", "1.1", "fee", 2),
        ("commune", "=HYPERLINK(1)", "", 1), ("conversation", "", "", 1),
    )  # fmt: skip
    client = await office.staff("analyst", name="mai")
    page = (await client.get("/console/figures")).text
    for name in ("messages", "people", "outcomes", "portal", "status", "channel", "language"):
        assert f'value="{name}"' in page
        answer = await take(office, client, "/figures/csv", table=name, period="7")
        assert answer.status_code == 200 and len(rows(answer.content)) > 1, name
    messages = rows((await take(office, client, "/figures/csv", table="messages", period="7")).content)
    assert messages[0] == ["day", "messages", "web"] and len(messages) == 8
    assert messages[-2] == [(today().date() - timedelta(days=1)).isoformat(), "4", "4"]
    communes = rows((await take(office, client, "/figures/csv", table="commune")).content)
    assert communes[1][0] == "'=HYPERLINK(1)"
    assert (await take(office, client, "/figures/csv", table="nothing")).status_code == 422
    lines = await office.rows(select(AuditLine.actor, AuditLine.action, AuditLine.after))
    taken = [row for row in lines if row.action == "figures_exported"]
    assert (
        taken[0].actor == "mai" and taken[0].after["table"] == "messages" and taken[0].after["period"] == "7"
    )


async def test_only_who_may_take_out_sees_the_buttons_and_gets_files(office: Any) -> None:
    await counted(office, 1, ("turn", "x", "answered", 3))
    client = await office.staff("officer")
    assert "/figures/csv" not in (await client.get("/console/figures")).text
    for path in ("/figures/csv", "/figures/report", "/figures/open"):
        assert (await take(office, client, path, table="messages")).status_code == 403
    assert (await client.post("/console/figures/csv", data={"table": "messages"})).status_code == 403


async def test_the_report_is_a_pdf_with_the_months_figures(office: Any) -> None:
    await counted(
        office, 0, ("turn", "x", "answered", 30),
        ("procedure", "1.001193", "fee", 12), ("conversation", "", "", 9),
        ("commune", "phường Hồng Gai", "", 3),
    )  # fmt: skip
    client = await office.staff("analyst")
    answer = await take(office, client, "/figures/report", month=f"{today():%Y-%m}")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF") and len(answer.content) > 20_000


async def test_open_data_is_of_finished_months_and_leaves_small_numbers_out(each_office: Any) -> None:
    office = each_office
    month = (today().date().replace(day=1) - timedelta(days=1)).replace(day=1)
    days = (today().date() - month).days - 3
    await counted(
        office, days, ("turn", "x", "answered", 30), ("turn", "x", "error", 2), ("turn", "x", "smalltalk", 7),
        ("procedure", "1.1", "fee", 20), ("procedure", "1.2", "fee", 1), ("procedure", "1.3", "form", 8),
        ("commune", "Cô Tô", "", 2), ("conversation", "", "", 9),
    )  # fmt: skip
    client = await office.staff("analyst")
    await rolling.count(office.store)
    page = (await client.get("/console/figures/open")).text
    assert f"{month:%m/%Y}" in page
    answer = await take(office, client, "/figures/open", month=f"{month:%Y-%m}", format="json")
    lists = json.loads(answer.content)["lists"]
    numbers = {name: {row["key"]: row["number"] for row in found} for name, found in lists.items()}
    assert numbers["totals"]["messages"] == 39
    assert numbers["outcomes"] == {"answered": 30, "failed": None, "greeted": None}
    assert numbers["procedures"] == {"1.1": 20, "1.2": None, "1.3": None}
    assert numbers["fields"] == {"Chưa rõ lĩnh vực": 20}
    assert numbers["communes"] == {"Cô Tô": None}
    content = (await take(office, client, "/figures/open", month=f"{month:%Y-%m}", format="csv")).content
    assert rows(content)[0] == ["month", "list", "key", "label", "number", "left_out"]
    assert [f"{month:%Y-%m}", "procedures", "1.2", "1.2", "", "true"] in rows(content)
    meant = rows((await take(office, client, "/figures/open", format="dictionary")).content)
    assert {row[1] for row in meant} >= set(numbers) | {"left_out"}
    assert (
        await take(office, client, "/figures/open", month=f"{today():%Y-%m}", format="csv")
    ).status_code == 422


async def test_pages_tell_while_older_days_are_being_counted(office: Any) -> None:
    await counted(office, 20, ("turn", "x", "answered", 3))
    client = await office.staff("analyst")
    assert "Còn 20 ngày cũ" in (await client.get("/console/figures")).text
    await rolling._running[office.console.store]
    assert "đang được đếm" not in (await client.get("/console/figures")).text
    assert await office.rows(text("SELECT count(*) FROM figure WHERE span = 'day'")) != [(0,)]
