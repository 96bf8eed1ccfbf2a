"""The list of conversations: every filter finds what it should and nothing else, on both databases."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from console.conversations import export, query, search
from console.conversations.filters import Filters
from troly.clock import now
from troly.tables.counts import DailyCount

OLD = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)


async def ids(office: Any, **filters: str) -> list[str]:
    async with office.store.read() as connection:
        page = await search.find(connection, Filters(**filters))
    return [hit.conversation_id for hit in page.hits]


async def fill(office: Any) -> None:
    await office.talk({"text": "lệ phí khai sinh"}, id="a", at=OLD)
    await office.talk(
        {"text": "làm lại căn cước", "turn": {"intent": "ask_documents", "confidence": 0.3}},
        {"text": "ở phường Hồng Gai", "turn": {"commune": "Hồng Gai", "status": "not_found"}},
        id="b",
        channel="zalo_oa",
    )
    await office.talk(
        {"text": "how much", "turn": {"language": "en", "confidence": 0.7, "procedure_code": "1.001193"}},
        {"text": "gặp cán bộ", "turn": {"status": "handed_over", "handed_over": True, "rating": -1}},
        id="c",
        channel="telegram",
    )
    await office.talk(
        {"payload": "/greet", "turn": {"confidence": None, "pressed": True, "rating": 1}}, id="d"
    )


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "dcba"),
        ({"channel": "zalo_oa"}, "b"),
        ({"language": "en"}, "c"),
        ({"intent": "ask_documents"}, "b"),
        ({"status": "not_found"}, "b"),
        ({"status": "answered"}, "dcba"),
        ({"sure": "low"}, "b"),
        ({"sure": "middle"}, "c"),
        ({"sure": "high"}, "cba"),
        ({"rating": "bad"}, "c"),
        ({"rating": "good"}, "d"),
        ({"rating": "any"}, "dc"),
        ({"procedure": "1.001193"}, "c"),
        ({"commune": "Hồng Gai"}, "b"),
        ({"handed": "1"}, "c"),
        ({"since": "2026-03-10", "until": "2026-03-10"}, "a"),
        ({"since": "2026-03-11"}, "dcb"),
        ({"until": "2026-03-09"}, ""),
        ({"text": "CĂN cước"}, "b"),
        ({"text": "can cuoc"}, "b"),
        ({"text": "cuoc can lam"}, "b"),
        ({"text": "kha"}, "a"),
        ({"text": "hong gai", "status": "not_found"}, "b"),
        ({"text": "hong gai", "status": "answered"}, ""),
        ({"text": "khai tử"}, ""),
        ({"tag": "xem lại"}, "a"),
        ({"flag": "wrong"}, "b"),
        ({"tag": "xem lại", "channel": "web", "text": "phi"}, "a"),
    ],
)
async def test_a_filter_finds_these_and_no_others(
    each_office: Any, filters: dict[str, str], found: str
) -> None:
    await fill(each_office)
    client = await each_office.staff("reviewer")
    await each_office.post(client, "/conversations/a/tags", {"tag": " Xem  lại "})
    await each_office.post(client, "/conversations/b/flags", {"kind": "wrong", "on": "1"})
    assert "".join(await ids(each_office, **filters)) == found


@pytest.mark.parametrize(
    "words",
    [
        "' OR 1=1 --",
        '"',
        "a* OR b",
        "NEAR(a b)",
        "x) UNION SELECT",
        "tử & !sinh",
        "🙂",
        "%_\\",
        "-",
        "(",
        ":*",
    ],
)
async def test_no_search_words_are_operators(each_office: Any, words: str) -> None:
    await fill(each_office)
    client = await each_office.staff("reviewer")
    for name in ("text", "intent", "procedure", "commune", "tag"):
        response = await client.get("/console/conversations", params={name: words})
        assert response.status_code == 200
        if name != "text" or re.search(r"[^\W_]", words):
            assert "/console/conversations/a#" not in response.text


@pytest.mark.parametrize("value", ["1 OR 1=1", "-5", "99999999999999999999999999", "x", "٣", ""])
async def test_a_strange_cursor_or_day_breaks_nothing(each_office: Any, value: str) -> None:
    await fill(each_office)
    client = await each_office.staff("reviewer")
    for name in ("before", "since", "until", "channel", "sure"):
        response = await client.get("/console/conversations", params={name: value})
        assert response.status_code in (200, 422)


async def test_pages_show_every_conversation_once_newest_first(each_office: Any) -> None:
    started = now() - timedelta(days=1)
    for number in range(23):
        at = started + timedelta(minutes=number)
        await each_office.talk({"text": "khai sinh"}, {"text": "khai tử"}, id=f"c{number:02}", at=at)
    await each_office.talk(*({"text": f"khai sinh {place}"} for place in range(30)), id="long")
    seen: list[str] = []
    cursor = None
    for _ in range(10):
        async with each_office.store.read() as connection:
            page = await search.find(connection, Filters(text="khai"), cursor, size=5)
        seen += [hit.conversation_id for hit in page.hits]
        cursor = page.older
        if cursor is None:
            break
    assert seen == ["long", *(f"c{number:02}" for number in reversed(range(23)))]


async def test_a_search_that_takes_long_says_how_far_it_came_and_goes_on(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_STEPS", (3, 3))
    monkeypatch.setattr(search, "_SECONDS", 0.0)
    monkeypatch.setattr(query, "RARE", 0)
    await office.talk({"text": "hiếm có", "turn": {"status": "error"}}, id="rare", at=OLD)
    for number in range(8):
        await office.talk({"text": "thường"}, id=f"n{number}")
    client = await office.staff("reviewer")
    page = (await client.get("/console/conversations?status=error")).text
    assert "mới tìm đến các lượt từ" in page and "/conversations/rare" not in page
    for _ in range(3):
        following = re.findall(r'href="(/console/conversations\?before=[^"]+)" rel="next"', page)
        if not following or "/conversations/rare#" in page:
            break
        page = (await client.get(following[0].replace("&amp;", "&"))).text
    assert "/conversations/rare#" in page


@pytest.mark.parametrize("rare", [0, 2, 4000])
@pytest.mark.parametrize("step", [1, 2, 20_000])
async def test_all_ways_of_searching_find_the_same(
    each_office: Any, monkeypatch: pytest.MonkeyPatch, rare: int, step: int
) -> None:
    monkeypatch.setattr(query, "RARE", rare)
    monkeypatch.setattr(query, "BATCH", 2)
    monkeypatch.setattr(search, "_STEPS", (step, step))
    monkeypatch.setattr(search, "_SECONDS", 60.0)
    for number in range(12):
        turn = {"status": "error" if number % 3 else "answered", "confidence": number / 12}
        words = "khai sinh" if number % 2 else "căn cước"
        await each_office.talk({"text": words, "turn": turn}, {"text": words}, id=f"c{number:02}")
    for filters, numbers in (
        ({"text": "khai"}, [11, 9, 7, 5, 3, 1]),
        ({"text": "khai", "status": "error"}, [11, 7, 5, 1]),
        ({"status": "error", "sure": "low"}, [5, 4, 2, 1]),
        ({"text": "zzz"}, []),
        ({"intent": "none", "text": "khai"}, []),
    ):
        found: list[str] = []
        cursor = None
        for _ in range(20):
            async with each_office.store.read() as connection:
                page = await search.find(connection, Filters(**filters), cursor, size=3)
            found += [hit.conversation_id for hit in page.hits]
            cursor = page.older
            if cursor is None:
                break
        assert found == [f"c{number:02}" for number in numbers], filters


async def test_what_citizens_wrote_is_masked_and_cannot_run(office: Any) -> None:
    nasty = "<script>alert(1)</script> tôi tên là Nguyễn Văn An 0912345678"
    await office.talk({"text": nasty, "reply": "<img src=x onerror=alert(1)>"}, id="x")
    client = await office.staff("reviewer")
    for path in ("/console/conversations", "/console/conversations/x"):
        page = (await client.get(path)).text
        assert "<script>alert" not in page and "<img src=x" not in page
        assert "&lt;script&gt;alert" in page
        assert "0912345678" not in page and "Văn An" not in page
        assert "[số điện thoại]" in page


async def test_nobody_can_look_for_a_citizens_number(each_office: Any) -> None:
    await each_office.talk({"text": "gọi tôi 0912345678 nhé"}, id="x")
    for words in ("0912345678", "0912", "0912 345"):
        assert await ids(each_office, text=words) == []
    assert await ids(each_office, text="gọi tôi") == ["x"]


async def test_erasing_a_conversation_takes_it_out_of_the_search(each_office: Any) -> None:
    await each_office.talk({"text": "khai sinh"}, id="x")
    client = await each_office.staff("reviewer")
    await each_office.post(client, "/conversations/x/notes", {"text": "một ghi chú"})
    async with each_office.store.write() as connection:
        await connection.execute(text("DELETE FROM conversation"))
    assert await ids(each_office, text="khai") == []
    for table in ("turn", "conversation_note"):
        assert await each_office.rows(text(f"SELECT 1 FROM {table}")) == []
    assert (await client.get("/console/conversations/x")).status_code == 404


async def test_filters_are_kept_for_oneself_alone(office: Any) -> None:
    lan, mai = await office.staff("reviewer"), await office.staff("reviewer")
    response = await office.post(
        lan, "/conversations/filters", {"name": "Chưa chắc", "sure": "low", "channel": "web"}
    )
    assert response.headers["location"].startswith("/console/conversations?channel=web&sure=low")
    assert "Chưa chắc" in (await lan.get("/console/conversations")).text
    assert "Chưa chắc" not in (await mai.get("/console/conversations")).text
    (row,) = await office.rows(text("SELECT id FROM saved_filter"))
    stolen = await office.post(mai, f"/conversations/filters/{row.id}/remove")
    assert stolen.status_code == 404
    assert len(await office.rows(text("SELECT 1 FROM saved_filter"))) == 1
    await office.post(lan, f"/conversations/filters/{row.id}/remove")
    assert await office.rows(text("SELECT 1 FROM saved_filter")) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "  =", "|", "%"])
async def test_no_cell_of_an_export_is_a_formula(office: Any, start: str) -> None:
    await office.talk({"text": f"{start}HYPERLINK('http://evil')", "reply": f"{start}1"}, id="x")
    client = await office.staff("editor")
    response = await office.post(client, "/conversations/export", {"format": "csv"})
    assert response.headers["content-type"].startswith("text/csv")
    assert response.content.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")))
    assert row["text"].startswith("'") and row["reply"].startswith("'")


async def test_an_export_holds_what_the_filters_say_masked_and_is_written_down(each_office: Any) -> None:
    await fill(each_office)
    await each_office.talk({"text": "số tôi 0912345678"}, id="e")
    client = await each_office.staff("editor", name="lan")
    form = {"format": "jsonl", "channel": "web", "text": ""}
    response = await each_office.post(client, "/conversations/export", form)
    rows = [json.loads(line) for line in response.text.splitlines()]
    assert [row["conversation_id"] for row in rows] == ["e", "d", "a"]
    assert rows[0]["text"] == "số tôi [số điện thoại]"
    assert rows[1]["text"] == "/greet" and rows[2]["reply"] == "Trả lời"
    assert rows[2]["at"] == "2026-03-10T10:00:01+07:00"
    (line,) = await each_office.rows(
        text("SELECT actor, after FROM audit_line WHERE action = 'conversations_exported'")
    )
    assert line.actor == "lan"
    assert json.loads(line.after) == {"format": "jsonl", "turns": 3, "filters": {"channel": "web"}}


async def test_an_export_that_is_too_large_is_refused(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MOST", 1)
    await fill(office)
    client = await office.staff("editor")
    response = await office.post(client, "/conversations/export", {"format": "csv"})
    assert response.status_code == 409 and "khoảng ngày ngắn hơn" in response.text
    assert await office.rows(text("SELECT 1 FROM audit_line WHERE action = 'conversations_exported'")) == []


async def test_an_export_of_several_pages_is_whole(office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_PAGE", 3)
    await office.talk(*({"text": f"câu {number}"} for number in range(10)), id="x")
    client = await office.staff("admin")
    response = await office.post(client, "/conversations/export", {"format": "jsonl"})
    assert [json.loads(line)["number"] for line in response.text.splitlines()] == list(range(10, 0, -1))


async def test_what_can_be_filtered_by_is_counted_once_a_minute(
    each_office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def offered() -> list[str]:
        async with each_office.store.read() as connection:
            return (await search.choices(connection))["intents"]

    async def occurs(name: str) -> None:
        row = {"day": now().date(), "channel": "web", "language": "vi", "kind": "turn", "name": name}
        async with each_office.store.write() as connection:
            await connection.execute(insert(DailyCount).values(**row, detail="answered", number=1))

    clock = 1_000.0
    monkeypatch.setattr(search, "monotonic", lambda: clock)
    await occurs("ask_fee")
    assert await offered() == ["ask_fee"]
    await occurs("ask_place")
    assert await offered() == ["ask_fee"]
    clock += 61
    assert await offered() == ["ask_fee", "ask_place"]
