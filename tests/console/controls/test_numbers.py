"""Thresholds and days that staff changed: within bounds, read by the processes they are for, and reset."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from channels import retention
from channels.media import MediaStore
from troly.clock import now
from troly.tables.controls import LIMITS

THRESHOLDS = {"answer": "66", "answer_english": "80", "found": "65", "reject": "70"}


async def test_thresholds_are_kept_with_who_and_when_and_reset(each_office: Any) -> None:
    admin = await each_office.staff("admin", name="an")
    assert (await each_office.post(admin, "/controls/thresholds", THRESHOLDS)).status_code == 303
    page = (await admin.get("/console/controls")).text
    measured = f"Mức đã đo: {round(100 * LIMITS['answer'].usual)}%"
    assert 'value="66"' in page and "an ·" in page and measured in page
    (row,) = await each_office.rows(text("SELECT value, set_by FROM control"))
    assert '"answer": 0.66' in row[0] and row[1] == "an"
    await each_office.post(admin, "/controls/thresholds/reset")
    assert await each_office.rows(text("SELECT count(*) FROM control")) == [(0,)]
    lines = await each_office.rows(text("SELECT action, before FROM audit_line ORDER BY sequence"))
    assert [row[0] for row in lines] == ["thresholds_set", "thresholds_reset"]
    assert "0.66" in lines[1][1]


@pytest.mark.parametrize("wrong", [{"answer": "96"}, {"answer": "29"}, {"reject": ""}, {"found": "0.6"}])
async def test_a_threshold_outside_its_bounds_is_refused(office: Any, wrong: dict[str, str]) -> None:
    admin = await office.staff("admin", name="an")
    refused = await office.post(admin, "/controls/thresholds", THRESHOLDS | wrong)
    assert refused.status_code == 422 and "30" in refused.text
    assert await office.rows(text("SELECT count(*) FROM control")) == [(0,)]


async def test_fewer_days_forget_more(office: Any) -> None:
    await office.talk({"text": "cũ"}, id="a" * 32, at=now() - timedelta(days=40))
    await office.talk({"text": "mới"}, id="b" * 32, at=now() - timedelta(days=5))
    admin = await office.staff("admin", name="an")
    media = MediaStore(office.store, office.console.http, office.settings)
    await retention.forget_old(office.store, media, office.settings)
    assert len(await office.rows(text("SELECT id FROM conversation"))) == 2
    done = await office.post(admin, "/controls/retention", {"plain": "30", "with_report": "365"})
    assert done.status_code == 303
    await retention.forget_old(office.store, media, office.settings)
    assert await office.rows(text("SELECT id FROM conversation")) == [("b" * 32,)]
    for plain, with_report in (("6", "365"), ("90", "30"), ("90", "4000"), ("x", "365")):
        refused = await office.post(
            admin, "/controls/retention", {"plain": plain, "with_report": with_report}
        )
        assert refused.status_code == 422
