"""Password, one-time code, recovery codes, throttling, sessions, forged forms."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import text, update

from console.access import codes, passwords, sessions, throttle
from console.errors import Invalid, TooOften
from troly.clock import now
from troly.tables.staff import StaffSession, StaffThrottle, StaffUser

PASSWORD = "một câu ngắn dễ nhớ"
NEW = "chiều nay trời mưa to"


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
    assert found, page
    return found[1]


async def submit(client: Any, path: str, **data: str) -> Any:
    """Open a page and send its form."""
    page = await client.get(f"/console{path}")
    return await client.post(f"/console{path}", data={"csrf": csrf(page.text), **data})


async def enrolled(office: Any, client: Any, name: str = "lan") -> tuple[str, list[str]]:
    """Sign in for the first time and set up one-time codes; gives the secret and the recovery codes."""
    await submit(client, "/sign-in", name=name, password=PASSWORD)
    page = (await client.get("/console/sign-in/enrol")).text
    secret = re.findall(r'id="secret">([A-Z2-7 ]+)<', page)[0].replace(" ", "")
    done = await client.post(
        "/console/sign-in/enrol", data={"csrf": csrf(page), "code": pyotp.TOTP(secret).now()}
    )
    return secret, re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", done.text)


async def test_the_first_sign_in_sets_up_codes_and_later_ones_ask_for_them(each_office: Any) -> None:
    await each_office.account("lan")
    client = each_office.browser()
    secret, recovery = await enrolled(each_office, client)
    assert len(set(recovery)) == 10
    assert (await client.get("/console/")).status_code == 200
    other = each_office.browser()
    response = await submit(other, "/sign-in", name=" LAN ", password=PASSWORD, next="/audit?actor=lan")
    assert response.headers["location"] == "/console/sign-in/code?next=%2Faudit%3Factor%3Dlan"
    assert (await other.get("/console/")).status_code == 303
    app = pyotp.TOTP(secret)
    used = await submit(other, "/sign-in/code", code=app.now(), next="/")
    assert used.status_code == 422, "the code of the enrolment is used up"
    later = app.at(int(time.time()) + 30)
    done = await submit(other, "/sign-in/code", code=f" {later[:3]} {later[3:]} ", next="/audit?actor=lan")
    assert done.headers["location"] == "/console/audit?actor=lan"
    assert (await other.get("/console/")).status_code == 200
    lines = await each_office.rows(text("SELECT action FROM audit_line ORDER BY sequence"))
    assert [line.action for line in lines] == ["two_factor_set_up", "signed_in", "signed_in"]


async def test_what_the_database_keeps_signs_nobody_in(office: Any) -> None:
    await office.account("lan")
    client = office.browser()
    secret, recovery = await enrolled(office, client)
    cookie = client.cookies[sessions.COOKIE]
    stored = str(await office.rows(text("SELECT * FROM staff_user")))
    stored += str(await office.rows(text("SELECT * FROM staff_session")))
    for kept_secret in (secret, PASSWORD, cookie, *recovery):
        assert kept_secret not in stored


async def test_a_recovery_code_replaces_the_phone_once(office: Any) -> None:
    await office.account("lan")
    _, recovery = await enrolled(office, office.browser())
    for attempt, status in ((recovery[3].upper(), 303), (recovery[3], 422), (recovery[4], 303)):
        client = office.browser()
        await submit(client, "/sign-in", name="lan", password=PASSWORD)
        assert (await submit(client, "/sign-in/code", code=attempt, next="/")).status_code == status
    used = await office.rows(text("SELECT after FROM audit_line WHERE action = 'recovery_code_used'"))
    assert [row.after for row in used] == ['{"left": 9}', '{"left": 8}']


async def test_a_recovery_code_that_is_sent_many_times_at_once_counts_once(each_office: Any) -> None:
    await each_office.account("lan")
    _, recovery = await enrolled(each_office, each_office.browser())
    forms = []
    for _ in range(3):
        client = each_office.browser()
        await submit(client, "/sign-in", name="lan", password=PASSWORD)
        page = await client.get("/console/sign-in/code")
        forms.append((client, csrf(page.text)))
    answers = await asyncio.gather(
        *(
            client.post("/console/sign-in/code", data={"csrf": token, "code": recovery[0]})
            for client, token in forms
        )
    )
    assert sorted(answer.status_code for answer in answers) == [303, 422, 422]


async def test_a_wrong_name_a_wrong_password_and_a_disabled_account_look_alike(office: Any) -> None:
    await office.account("lan")
    off = await office.account("mai")
    async with office.store.write() as connection:
        await connection.execute(update(StaffUser).where(StaffUser.id == off).values(disabled_at=now()))
    pages = [
        await submit(office.browser(), "/sign-in", name=name, password=password)
        for name, password in (("lan", "x"), ("nobody", PASSWORD), ("mai", PASSWORD))
    ]
    assert {page.status_code for page in pages} == {422}
    assert len({re.findall(r'role="alert">(.*?)<', page.text)[0] for page in pages}) == 1


async def test_success_forgives_the_account_and_one_attempt_of_the_network(each_office: Any) -> None:
    keys = throttle.keys_of(each_office.console.keyring, "lan", "192.0.2.1")
    for _ in range(3):
        await throttle.admit(each_office.store, keys)
    await throttle.forgive(each_office.store, *keys)
    left = await each_office.rows(text("SELECT key, failures FROM staff_throttle"))
    assert [tuple(row) for row in left] == [(keys[1].value, 2)]


@pytest.mark.parametrize(
    ("failures", "seconds"), [(3, 0), (4, 1), (5, 2), (8, 16), (12, 256), (13, 300), (60, 300)]
)
async def test_the_pause_doubles_up_to_five_minutes(
    office: Any, monkeypatch: pytest.MonkeyPatch, failures: int, seconds: int
) -> None:
    account, _net = throttle.keys_of(office.console.keyring, "lan", "192.0.2.1")
    moment = now()
    monkeypatch.setattr(throttle, "now", lambda: moment)
    await throttle.admit(office.store, (account,))
    async with office.store.write() as connection:
        await connection.execute(
            update(StaffThrottle).values(failures=failures - 1, until=moment - timedelta(seconds=1))
        )
    await throttle.admit(office.store, (account,))
    (row,) = await office.rows(text("SELECT failures FROM staff_throttle"))
    assert row.failures == failures
    if seconds:
        with pytest.raises(TooOften) as caught:
            await throttle.admit(office.store, (account,))
        assert caught.value.values["seconds"] == seconds
    else:
        await throttle.admit(office.store, (account,))


async def test_a_throttled_visitor_reads_how_long_to_wait_even_with_the_right_password(office: Any) -> None:
    await office.account("lan")
    for _ in range(4):
        await submit(office.browser(), "/sign-in", name="lan", password="wrong")
    async with office.store.write() as connection:
        await connection.execute(update(StaffThrottle).values(until=now() + timedelta(seconds=40)))
    response = await submit(office.browser(), "/sign-in", name="lan", password=PASSWORD)
    assert response.status_code == 429
    assert 35 <= int(response.headers["retry-after"]) <= 40
    assert await office.rows(text("SELECT 1 FROM staff_session")) == []


async def test_many_guesses_at_once_are_no_more_than_a_few(each_office: Any) -> None:
    keys = throttle.keys_of(each_office.console.keyring, "lan", "192.0.2.1")
    results = await asyncio.gather(
        *(throttle.admit(each_office.store, keys) for _ in range(30)), return_exceptions=True
    )
    admitted = [result for result in results if result is None]
    # On a slow machine the first short pauses are over before the last guess.
    assert 4 <= len(admitted) <= 6
    assert all(isinstance(result, TooOften) for result in results if result is not None)


async def test_a_planted_session_or_visitor_cookie_is_worth_nothing_after_signing_in(office: Any) -> None:
    await office.account("lan")
    client = office.browser()
    await client.get("/console/sign-in")
    client.cookies.set(sessions.COOKIE, "planted-by-an-attacker", domain="troly.example", path="/")
    values = [client.cookies[sessions.STRANGER]]
    _, recovery = await enrolled(office, client)
    values.append("planted-by-an-attacker")
    attacker = office.browser()
    for value in values:
        attacker.cookies.set(sessions.COOKIE, value, domain="troly.example", path="/")
        assert (await attacker.get("/console/")).status_code == 303
    assert client.cookies[sessions.COOKIE] not in values
    assert (await client.get("/console/")).status_code == 200
    assert recovery


async def test_each_step_gives_a_new_session_and_ends_the_old_one(office: Any) -> None:
    await office.account("lan")
    client = office.browser()
    await submit(client, "/sign-in", name="lan", password=PASSWORD)
    half = client.cookies[sessions.COOKIE]
    page = (await client.get("/console/sign-in/enrol")).text
    secret = re.findall(r'id="secret">([A-Z2-7 ]+)<', page)[0].replace(" ", "")
    await client.post("/console/sign-in/enrol", data={"csrf": csrf(page), "code": pyotp.TOTP(secret).now()})
    full = client.cookies[sessions.COOKIE]
    assert half != full
    spy = office.browser()
    spy.cookies.set(sessions.COOKIE, half, domain="troly.example", path="/")
    assert (await spy.get("/console/sign-in/enrol")).status_code == 303
    response = await office.post(
        client, "/account/password", {"old": PASSWORD, "password": NEW, "again": NEW}
    )
    assert response.headers["location"].startswith("/console/account?done=")
    spy.cookies.set(sessions.COOKIE, full, domain="troly.example", path="/")
    assert (await spy.get("/console/")).status_code == 303
    assert (await client.get("/console/")).status_code == 200


async def test_the_cookie_is_for_this_host_over_tls_and_for_no_script(office: Any) -> None:
    await office.account("lan")
    response = await submit(office.browser(), "/sign-in", name="lan", password=PASSWORD)
    (cookie,) = [
        value for value in response.headers.get_list("set-cookie") if value.startswith(f"{sessions.COOKIE}=")
    ]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert parts == {"httponly", "path=/", "samesite=lax", "secure"}
    assert sessions.COOKIE.startswith("__Host-")


@pytest.mark.parametrize(
    "change",
    [{"seen_at": timedelta(minutes=31)}, {"expires_at": timedelta(seconds=1)}],
    ids=["idle", "absolute"],
)
async def test_a_session_ends_when_nobody_works_and_at_the_end_of_the_day(
    office: Any, change: dict[str, timedelta]
) -> None:
    client = await office.staff("admin")
    assert (await client.get("/console/")).status_code == 200
    async with office.store.write() as connection:
        values = {name: now() - ago for name, ago in change.items()}
        await connection.execute(update(StaffSession).values(**values))
    response = await client.get("/console/audit?actor=x")
    assert response.headers["location"] == "/console/sign-in?next=%2Faudit%3Factor%3Dx"


async def test_working_keeps_a_session_alive(office: Any) -> None:
    client = await office.staff("admin")
    async with office.store.write() as connection:
        await connection.execute(update(StaffSession).values(seen_at=now() - timedelta(minutes=29)))
    await client.get("/console/")
    (row,) = await office.rows(text("SELECT seen_at FROM staff_session"))
    assert str(row.seen_at) > str((now() - timedelta(minutes=1)).replace(tzinfo=None))


async def test_signing_out_ends_the_session_on_the_server(office: Any) -> None:
    client = await office.staff("reviewer")
    value = client.cookies[sessions.COOKIE]
    response = await office.post(client, "/sign-out")
    assert response.headers["location"] == "/console/sign-in"
    client.cookies.set(sessions.COOKIE, value, domain="troly.example", path="/")
    assert (await client.get("/console/")).status_code == 303


@pytest.mark.parametrize(
    "forged",
    [
        {"data": {}},
        {"data": {"csrf": "0" * 64}},
        {"data": {}, "headers": {"x-csrf-token": ""}},
        {"headers": {"origin": "https://evil.example"}, "right": True},
        {"headers": {"sec-fetch-site": "cross-site"}, "right": True},
        {"headers": {"sec-fetch-site": "same-site"}, "right": True},
        {"headers": {"origin": "null"}, "right": True},
    ],
)
async def test_a_forged_form_does_nothing(office: Any, forged: dict[str, Any]) -> None:
    client = await office.staff("admin")
    token = csrf((await client.get("/console/account")).text)
    data = {"csrf": token} if forged.get("right") else forged.get("data", {})
    response = await client.post(
        "/console/account/language", data={**data, "language": "en"}, headers=forged.get("headers")
    )
    assert response.status_code == 403
    assert [row.language for row in await office.rows(text("SELECT language FROM staff_user"))] == ["vi"]


async def test_the_form_of_another_session_is_refused(office: Any) -> None:
    lan, mai = await office.staff("admin"), await office.staff("admin")
    stolen = csrf((await mai.get("/console/account")).text)
    response = await lan.post("/console/account/language", data={"csrf": stolen, "language": "en"})
    assert response.status_code == 403


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "x", "/\nx", ""]
)
async def test_nobody_is_sent_elsewhere_after_signing_in(office: Any, target: str) -> None:
    client = await office.staff("admin")
    response = await client.get("/console/sign-in", params={"next": target})
    assert response.headers["location"] == "/console/"


async def test_whoever_got_a_password_has_to_choose_another(open_office: Any, database: str) -> None:
    office = open_office(database, staff_two_factor="optional")
    await office.account("lan", must_change=True)
    client = office.browser()
    first = await submit(client, "/sign-in", name="lan", password=PASSWORD)
    assert first.headers["location"].startswith("/console/sign-in/password")
    assert (await client.get("/console/")).status_code == 303
    same = await submit(client, "/sign-in/password", password=PASSWORD, again=PASSWORD)
    assert same.status_code == 422
    differ = await submit(client, "/sign-in/password", password=NEW, again=NEW + "x")
    assert differ.status_code == 422
    done = await submit(client, "/sign-in/password", password=NEW, again=NEW)
    assert done.headers["location"] == "/console/"
    again = await submit(office.browser(), "/sign-in", name="lan", password=NEW)
    assert again.headers["location"] == "/console/"


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaaaa", "password1234", "lan.nguyen123", "x" * 201]
)
def test_easy_passwords_are_refused(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.check_choice(password, "lan.nguyen")


def test_a_suggested_password_is_accepted_and_never_the_same() -> None:
    made = {passwords.suggested() for _ in range(20)}
    assert len(made) == 20
    for password in made:
        passwords.check_choice(password, "lan")


def test_a_code_is_taken_half_a_minute_early_or_late_and_only_as_six_digits() -> None:
    secret = codes.new_secret()
    app = pyotp.TOTP(secret)
    moment = 1_800_000_015.0
    assert [codes.step_of(secret, app.at(moment + shift), moment) for shift in (-30, 0, 30)] == [
        int(moment) // 30 + step for step in (-1, 0, 1)
    ]
    assert codes.step_of(secret, app.at(moment + 90), moment) is None
    assert codes.step_of(secret, "٠١٢٣٤٥", moment) is None
    assert codes.step_of(secret, "", moment) is None


async def test_a_connection_without_tls_is_warned_of(office: Any) -> None:
    client = office.browser()
    page = await client.get("http://troly.example/console/sign-in")
    assert "https://" in page.text and "told warn" in page.text
    assert "told warn" not in (await client.get("/console/sign-in")).text


async def test_no_page_is_kept_by_browsers_or_framed(office: Any) -> None:
    client = await office.staff("admin")
    for path in ("/console/", "/console/sign-in", "/console/nothing"):
        response = await client.get(path)
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert "unsafe" not in response.headers["content-security-policy"]
        assert response.headers["cache-control"] == "no-store"
