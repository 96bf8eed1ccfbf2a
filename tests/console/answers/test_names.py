"""Names of procedures: found, taught at once, taken back; personal data and clashes are stopped."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, text

from troly.clock import now
from troly.tables.catalogue import CatalogueProcedure
from troly.text import fold

CODE, OTHER = "1.001193", "1.000689"
PAGE = f"/answers/names/{CODE}"


@pytest.fixture
async def town(each_office: Any) -> Any:
    """A console with two procedures in the catalogue."""
    names = {CODE: "Thủ tục đăng ký khai sinh", OTHER: "Đăng ký khai sinh kết hợp nhận cha, mẹ, con"}
    async with each_office.store.write() as connection:
        for code, name in names.items():
            await connection.execute(
                insert(CatalogueProcedure).values(
                    id=f"id-{code}",
                    code=code,
                    name=name,
                    folded_name=fold(name),
                    name_en=None,
                    field="Hộ tịch",
                    type="STANDARD",
                    levels=[],
                    content_hash="x",
                    list_hash="x",
                    detail={},
                    as_of=now(),
                )
            )
    return each_office


async def learned(office: Any) -> list[tuple[Any, ...]]:
    rows = await office.rows(
        text(
            "SELECT procedure_code, language, name, author, removed_at IS NULL AS live "
            "FROM learned_name ORDER BY id"
        )
    )
    return [(*row[:4], bool(row[4])) for row in rows]


async def test_a_name_is_taught_found_and_taken_back(town: Any) -> None:
    lan = await town.staff("editor", name="lan")
    found = (await lan.get("/console/answers/names?text=khai+sinh")).text
    assert found.index(CODE) < found.index(OTHER), "the shortest name first"
    given = {"name": "  làm giấy  cho em bé mới chào đời ", "language": "vi"}
    response = await town.post(lan, PAGE, given)
    assert response.status_code == 303 and "done_name" in response.headers["location"]
    name = "làm giấy cho em bé mới chào đời"
    assert await learned(town) == [(CODE, "vi", name, "lan", True)]
    assert CODE in (await lan.get("/console/answers/names?text=be+moi+chao+doi")).text
    assert CODE in (await lan.get("/console/answers/names")).text, "taught last"
    assert (await town.post(lan, PAGE, given)).status_code == 409, "it is known"
    (row,) = await town.rows(text("SELECT id FROM learned_name"))
    assert (await town.post(lan, f"/answers/names/{OTHER}/remove", {"id": row.id})).status_code == 404
    assert (await town.post(lan, f"{PAGE}/remove", {"id": row.id})).status_code == 303
    assert [one[4] for one in await learned(town)] == [False]
    assert (await town.post(lan, f"{PAGE}/remove", {"id": row.id})).status_code == 404
    lines = await town.rows(text("SELECT action, before, after FROM audit_line ORDER BY sequence"))
    assert [line.action for line in lines] == ["name_taught", "name_taken_back"]
    assert "chào đời" not in str(lines), "the words stay out of the audit"


async def test_another_procedures_name_is_added_only_knowingly(town: Any) -> None:
    lan = await town.staff("editor", name="lan")
    given = {"name": "khai sinh kèm nhận cha xyz", "language": "vi"}
    await town.post(lan, f"/answers/names/{OTHER}", given)
    response = await town.post(lan, PAGE, given)
    assert response.status_code == 409 and OTHER in response.text and 'name="anyway"' in response.text
    assert (await town.post(lan, PAGE, given | {"anyway": "1"})).status_code == 303
    assert [row[0] for row in await learned(town)] == [OTHER, CODE]
    shipped = await town.post(lan, f"/answers/names/{OTHER}", {"name": "khai sinh", "language": "vi"})
    assert shipped.status_code == 409


@pytest.mark.parametrize(
    "given",
    [
        {"name": "a", "language": "vi"},
        {"name": "?!?", "language": "vi"},
        {"name": "giấy " * 40, "language": "vi"},
        {"name": "<b>giấy</b> khai", "language": "vi"},
        {"name": "giấy {code}", "language": "vi"},
        {"name": "giấy của bé", "language": "ko"},
        {"name": "giấy của số 0912345678", "language": "vi"},
    ],
)
async def test_a_name_that_cannot_be_used_is_refused(town: Any, given: dict[str, str]) -> None:
    lan = await town.staff("editor", name="lan")
    response = await town.post(lan, PAGE, given)
    assert response.status_code == 422
    assert await learned(town) == []
    assert "<b>giấy" not in response.text


async def test_words_that_are_tested_are_not_taught(town: Any) -> None:
    from troly.learning import hold_out

    lan = await town.staff("editor", name="lan")
    async with town.store.write() as connection:
        await hold_out(connection, "cháu mới sinh chưa có giấy", "vi", "ask_procedure", CODE, "mai")
    response = await town.post(lan, PAGE, {"name": "Cháu mới sinh, chưa có giấy!", "language": "vi"})
    assert response.status_code == 409 and "bộ kiểm tra" in response.text


async def test_searching_cannot_break_out(town: Any) -> None:
    lan = await town.staff("editor")
    for words in ("' OR 1=1 --", "%", "_____", '"><script>'):
        response = await lan.get("/console/answers/names", params={"text": words})
        assert response.status_code == 200 and "<script>'" not in response.text
        assert CODE not in response.text.split('<div class="table">')[1], words
    assert (await lan.get("/console/answers/names/9.999999")).status_code == 404
    reviewer = await town.staff("reviewer")
    assert (await town.post(reviewer, PAGE, {"name": "giấy", "language": "vi"})).status_code == 403
