"""Accounts: made, changed and shut out by admins, who cannot lock themselves out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from console.access import sessions


def first_password(page: str) -> str:
    found = re.search(r'id="fresh">([a-z0-9-]{23})<', page)
    assert found, page
    return found[1]


async def test_a_new_account_gets_a_password_that_is_shown_once(each_office: Any) -> None:
    admin = await each_office.staff("admin", name="quan-tri")
    form = {"name": "Mai", "display_name": "Trần Mai", "unit": "Hồng Gai", "role": ["officer", "reviewer"]}
    page = (await each_office.post(admin, "/staff", form)).text
    password = first_password(page)
    assert password not in (await admin.get("/console/staff")).text
    assert password not in str(await each_office.rows(text("SELECT * FROM audit_line")))
    client = each_office.browser()
    token = re.findall(r'name="csrf" value="(\w+)"', (await client.get("/console/sign-in")).text)[0]
    response = await client.post(
        "/console/sign-in", data={"csrf": token, "name": "mai", "password": password}
    )
    assert response.headers["location"].startswith("/console/sign-in/enrol")
    (line,) = await each_office.rows(
        text("SELECT actor, target, after FROM audit_line WHERE action = 'account_added'")
    )
    assert (line.actor, line.target) == ("quan-tri", "staff:mai")
    assert '"roles": ["officer", "reviewer"]' in line.after


@pytest.mark.parametrize(
    "form",
    [
        {"name": "Tên có dấu", "role": "officer"},
        {"name": "a", "role": "officer"},
        {"name": "mai", "role": []},
        {"name": "mai", "role": "king"},
        {"name": "quan-tri", "role": "officer"},
        {"name": "x' OR '1'='1", "role": "officer"},
    ],
)
async def test_an_account_that_makes_no_sense_is_refused_and_the_form_kept(
    office: Any, form: dict[str, Any]
) -> None:
    admin = await office.staff("admin", name="quan-tri")
    response = await office.post(admin, "/staff", {"display_name": "Trần Mai", **form})
    assert response.status_code in (409, 422)
    assert 'value="Trần Mai"' in response.text
    assert len(await office.rows(text("SELECT 1 FROM staff_user"))) == 1


async def test_other_roles_sign_an_account_out_everywhere(office: Any) -> None:
    admin = await office.staff("admin")
    mai = await office.staff("reviewer", name="mai")
    (user,) = await office.rows(text("SELECT id FROM staff_user WHERE name = 'mai'"))
    same = {"display_name": "Mai Mới", "unit": "", "role": "reviewer"}
    await office.post(admin, f"/staff/{user.id}", same)
    assert (await mai.get("/console/")).status_code == 200
    await office.post(admin, f"/staff/{user.id}", {**same, "role": "editor"})
    assert (await mai.get("/console/")).status_code == 303


async def test_a_disabled_account_is_out_at_once_and_can_come_back(office: Any) -> None:
    admin, mai = await office.staff("admin"), await office.staff("reviewer", name="mai")
    (user,) = await office.rows(text("SELECT id FROM staff_user WHERE name = 'mai'"))
    value = mai.cookies[sessions.COOKIE]
    await office.post(admin, f"/staff/{user.id}/disable", {"off": "1"})
    assert (await mai.get("/console/")).status_code == 303
    await office.post(admin, f"/staff/{user.id}/disable", {"off": "0"})
    mai.cookies.set(sessions.COOKIE, value, domain="troly.example", path="/")
    assert (await mai.get("/console/")).status_code == 303, "the old session stays ended"


async def test_a_new_password_ends_sessions_and_one_time_codes(office: Any) -> None:
    admin, mai = await office.staff("admin"), await office.staff("reviewer", name="mai")
    (user,) = await office.rows(text("SELECT id FROM staff_user WHERE name = 'mai'"))
    page = (await office.post(admin, f"/staff/{user.id}/reset")).text
    assert first_password(page)
    assert (await mai.get("/console/")).status_code == 303
    (row,) = await office.rows(text("SELECT totp_secret, must_change FROM staff_user WHERE name = 'mai'"))
    assert (row.totp_secret, bool(row.must_change)) == (None, True)


async def test_the_last_admin_stays_and_nobody_shuts_out_themselves(office: Any) -> None:
    admin = await office.staff("admin", name="quan-tri")
    (user,) = await office.rows(text("SELECT id FROM staff_user"))
    less = {"display_name": "x", "role": "editor"}
    assert (await office.post(admin, f"/staff/{user.id}", less)).status_code == 409
    for path in ("disable", "reset"):
        assert (await office.post(admin, f"/staff/{user.id}/{path}", {"off": "1"})).status_code == 409
    assert (await admin.get("/console/staff")).status_code == 200


async def test_nobody_but_an_admin_makes_an_admin(office: Any) -> None:
    editor = await office.staff("editor", name="mai")
    (user,) = await office.rows(text("SELECT id FROM staff_user"))
    response = await office.post(editor, f"/staff/{user.id}", {"display_name": "x", "role": "admin"})
    assert response.status_code == 403
    assert [row.role for row in await office.rows(text("SELECT role FROM staff_grant"))] == ["editor"]


async def test_the_language_of_the_pages_is_the_accounts(office: Any) -> None:
    client = await office.staff("admin")
    assert "Nhật ký" in (await client.get("/console/audit")).text
    response = await office.post(client, "/account/language", {"language": "en", "next": "/audit"})
    page = (await client.get(response.headers["location"])).text
    assert '<html lang="en">' in page and "Audit" in page and "Nhật ký" not in page
