"""Signing in with an OpenID provider, against one that is strict and one that lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import text

from console.access import provider as ours
from console.access import sessions
from tests.fakes.openid import CLIENT, ISSUER, SECRET, Provider
from troly.errors import SettingError
from troly.settings import Settings

REDIRECT = "https://troly.example/console/sso/done"


@pytest.fixture
def provider() -> Provider:
    return Provider(REDIRECT)


@pytest.fixture
async def with_provider(open_office: Callable[..., Any], database: str, provider: Provider) -> Any:
    office = open_office(
        database,
        public_url="https://troly.example",
        oidc_issuer=ISSUER,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_roles="mot-cua=officer, it=admin",
        oidc_name="Cổng cán bộ",
    )
    office.console.http._transport = httpx.MockTransport(provider)
    office.console.http._mounts = {}
    return office


async def come_back(client: httpx.AsyncClient, provider: Provider, after: str = "/conversations") -> Any:
    start = await client.get("/console/sso/start", params={"next": after})
    assert start.status_code == 303
    return await client.get(provider.authorize(start.headers["location"]))


async def test_somebody_whom_the_provider_knows_comes_in_with_the_roles_of_their_groups(
    with_provider: Any, provider: Provider
) -> None:
    client = with_provider.browser()
    assert "Đăng nhập bằng Cổng cán bộ" in (await client.get("/console/sign-in")).text
    response = await come_back(client, provider)
    assert response.headers["location"] == "/console/conversations"
    assert (await client.get("/console/conversations")).status_code == 200
    assert (await client.get("/console/staff")).status_code == 403
    (user,) = await with_provider.rows(text("SELECT name, display_name, password, subject FROM staff_user"))
    assert tuple(user) == ("lan.nguyen", "Nguyễn Thị Lan", None, f"{ISSUER}|42")
    provider.person["groups"] = ["it"]
    again = with_provider.browser()
    await come_back(again, provider)
    assert (await again.get("/console/staff")).status_code == 200
    assert (await client.get("/console/conversations")).status_code == 303, "other roles end other sessions"
    lines = await with_provider.rows(text("SELECT actor, action FROM audit_line ORDER BY sequence"))
    assert [tuple(line) for line in lines] == [
        ("openid", "account_added"),
        ("lan.nguyen", "signed_in"),
        ("openid", "account_changed"),
        ("lan.nguyen", "signed_in"),
    ]


async def test_two_people_of_the_same_name_are_two_accounts_and_no_local_one_is_taken_over(
    with_provider: Any, provider: Provider
) -> None:
    await with_provider.account("lan.nguyen", "admin")
    await come_back(with_provider.browser(), provider)
    provider.person["sub"] = "43"
    await come_back(with_provider.browser(), provider)
    users = await with_provider.rows(text("SELECT name, subject FROM staff_user ORDER BY name"))
    assert [tuple(user) for user in users] == [
        ("lan.nguyen", None),
        ("lan.nguyen-2", f"{ISSUER}|42"),
        ("lan.nguyen-3", f"{ISSUER}|43"),
    ]


async def refused(office: Any, client: httpx.AsyncClient, response: Any) -> None:
    assert response.status_code == 422
    assert sessions.COOKIE not in client.cookies
    assert await office.rows(text("SELECT 1 FROM staff_session")) == []


def set_claim(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(claims: dict[str, Any]) -> None:
        claims.pop(name) if value is None else claims.update({name: value})

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_claim("nonce", "another"),
        set_claim("nonce", None),
        set_claim("aud", "another"),
        set_claim("aud", None),
        set_claim("iss", "https://evil.example"),
        set_claim("exp", 1_000_000_000),
        set_claim("exp", None),
        set_claim("sub", None),
        set_claim("groups", ["nobody"]),
        set_claim("groups", None),
        set_claim("groups", {"it": True}),
    ],
)
async def test_a_token_that_does_not_fit_lets_nobody_in(
    with_provider: Any, provider: Provider, change: Callable[[dict[str, Any]], None]
) -> None:
    provider.change = change
    client = with_provider.browser()
    await refused(with_provider, client, await come_back(client, provider))


@pytest.mark.parametrize("forgery", ["another key", "our secret as key"])
async def test_a_token_that_somebody_else_signed_lets_nobody_in(
    with_provider: Any, provider: Provider, forgery: str
) -> None:
    if forgery == "another key":
        provider.signs_with = RSAKey.generate_key(2048, parameters={"kid": "k1"})
    else:
        provider.signs_with = OctKey.import_key(SECRET * 6)  # type: ignore[assignment]
        provider.header = {"alg": "HS256", "kid": "k1"}
    client = with_provider.browser()
    await refused(with_provider, client, await come_back(client, provider))


async def test_a_code_is_good_once_and_only_in_the_browser_that_began(
    with_provider: Any, provider: Provider
) -> None:
    victim, attacker = with_provider.browser(), with_provider.browser()
    start = await attacker.get("/console/sso/start")
    back = provider.authorize(start.headers["location"])
    await refused(with_provider, victim, await victim.get(back))
    await victim.get("/console/sso/start")
    await refused(with_provider, victim, await victim.get(back))
    assert (await attacker.get(back)).status_code == 303
    other = with_provider.browser()
    other.cookies.update(attacker.cookies)
    assert (await other.get(back)).status_code == 422


async def test_a_refusal_or_an_outage_of_the_provider_is_told(with_provider: Any, provider: Provider) -> None:
    client = with_provider.browser()
    start = await client.get("/console/sso/start")
    state = httpx.URL(start.headers["location"]).params["state"]
    response = await client.get("/console/sso/done", params={"state": state, "error": "access_denied"})
    await refused(with_provider, client, response)
    with_provider.console.http._transport = httpx.MockTransport(lambda _request: httpx.Response(502))
    away = await client.get("/console/sso/start")
    assert away.status_code == 422 and "chưa trả lời" in away.text


async def test_an_account_that_is_shut_out_here_stays_out(with_provider: Any, provider: Provider) -> None:
    await come_back(with_provider.browser(), provider)
    admin = await with_provider.staff("admin")
    (user,) = await with_provider.rows(text("SELECT id FROM staff_user WHERE subject IS NOT NULL"))
    await with_provider.post(admin, f"/staff/{user.id}/disable", {"off": "1"})
    client = with_provider.browser()
    assert (await come_back(client, provider)).status_code == 422
    assert sessions.COOKIE not in client.cookies


async def test_nobody_is_sent_elsewhere_by_the_provider(with_provider: Any, provider: Provider) -> None:
    response = await come_back(with_provider.browser(), provider, after="//evil.example")
    assert response.headers["location"] == "/console/"


async def test_without_a_provider_there_is_no_such_way(office: Any) -> None:
    client = office.browser()
    for path in ("/console/sso/start", "/console/sso/done?code=x&state=y"):
        assert (await client.get(path)).status_code == 422


@pytest.mark.parametrize("value", ["it", "it=king", "=admin"])
def test_a_mapping_of_groups_that_makes_no_sense_is_named(value: str) -> None:
    with pytest.raises(SettingError, match=r"^OIDC_ROLES: "):
        ours.mapping_of(Settings(_env_file=None, oidc_roles=value))


def test_a_group_may_have_an_equals_sign() -> None:
    settings = Settings(_env_file=None, oidc_roles="cn=it=admin")
    assert ours.mapping_of(settings) == {"cn=it": "admin"}
