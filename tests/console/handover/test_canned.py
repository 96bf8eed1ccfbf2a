"""Canned answers: own and everyone's, in the citizen's language, with places that are filled."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from console.handover import hours
from tests.console.handover.test_desk import asked
from troly.settings import Settings

GIVEN = {
    "title": "Chào",
    "text_vi": "Tôi là {ten_can_bo}, {don_vi}. Làm việc {gio_lam_viec}.",
    "text_en": "I am {ten_can_bo}. Open {gio_lam_viec}.",
}


async def test_an_answer_is_filled_in_the_citizens_language(stack: Any, counter: Any) -> None:
    officer = await counter.staff("officer", name="lan")
    added = await counter.post(officer, "/handover/canned", GIVEN | {"common": "1"})
    assert added.status_code == 303
    _, number = await asked(stack)
    await counter.post(officer, f"/handover/{number}/claim")
    page = (await officer.get(f"/console/handover/{number}")).text
    assert "Tôi là Lan, . Làm việc thứ Hai–thứ Sáu 07:30–11:30, 13:30–17:00." in page
    async with counter.store.write() as connection:
        await connection.execute(text("UPDATE conversation SET language = 'en'"))
    page = (await officer.get(f"/console/handover/{number}", params={"canned": "1"})).text
    assert ">I am Lan. Open Monday–Friday 07:30–11:30, 13:30–17:00.</textarea>" in page


async def test_each_official_has_their_own_and_all_have_the_common_ones(office: Any) -> None:
    lan, minh = await office.staff("officer", name="lan"), await office.staff("officer", name="minh")
    await office.post(lan, "/handover/canned", GIVEN | {"title": "của Lan"})
    await office.post(lan, "/handover/canned", GIVEN | {"title": "của mọi người", "common": "1"})
    page = (await minh.get("/console/handover/canned")).text
    assert "của mọi người" in page and "của Lan" not in page
    assert (await office.post(minh, "/handover/canned/1", GIVEN)).status_code == 404
    assert (await office.post(minh, "/handover/canned/1/remove")).status_code == 404
    assert (await office.post(minh, "/handover/canned/2", GIVEN | {"common": "1"})).status_code == 303
    assert (await office.post(lan, "/handover/canned/1/remove")).status_code == 303
    actions = [row[0] for row in await office.rows(text("SELECT action FROM audit_line ORDER BY sequence"))]
    assert actions == ["canned_added", "canned_added", "canned_changed", "canned_removed"]


@pytest.mark.parametrize(
    "wrong", [{"title": ""}, {"text_vi": " "}, {"text_vi": "x" * 2001}, {"text_en": "Hi {name}"}]
)
async def test_what_cannot_be_kept_is_said_and_not_lost(office: Any, wrong: dict[str, str]) -> None:
    officer = await office.staff("officer", name="lan")
    refused = await office.post(officer, "/handover/canned", GIVEN | wrong)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text and "new-title" in refused.text
    assert await office.rows(text("SELECT count(*) FROM canned_answer")) == [(0,)]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1-5 07:30-11:30 13:30-17:00", "thứ Hai–thứ Sáu 07:30–11:30, 13:30–17:00"),
        ("1-5 08:00-17:00; 6 08:00-11:00", "thứ Hai–thứ Sáu 08:00–17:00; thứ Bảy 08:00–11:00"),
    ],
)
def test_hours_in_words(written: str, said: str) -> None:
    assert hours.in_words(Settings(_env_file=None, office_hours=written), "vi") == said
