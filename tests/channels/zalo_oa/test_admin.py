"""What an operator is told and can do: look, authorize, test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from channels.zalo_oa import admin, build
from channels.zalo_oa.oauth import challenge, verifier
from tests.fakes.base import serving
from tests.fakes.zalo_oa import APP_SECRET, OA_ID, FakeZaloOa, user_of
from troly.errors import SettingError, UsageError
from troly.settings import Settings

Make = Callable[..., Settings]


@pytest.fixture
async def settings(fake: FakeZaloOa, zalo_settings: Make) -> AsyncIterator[Settings]:
    """With the platform on a real port."""
    with serving(fake.app) as url:
        yield zalo_settings(url=url, public_url="https://troly.example.vn/")


async def consent(settings: Settings) -> tuple[str, str]:
    """An administrator opens the address and says yes; gives the code and the verifier."""
    url, secret = await admin.authorize_url(settings)
    async with httpx.AsyncClient(trust_env=False) as browser:
        back = await browser.get(url)
    assert back.status_code == 302, back.text
    landed = urlsplit(back.headers["location"])
    assert f"{landed.scheme}://{landed.netloc}" == "https://troly.example.vn"
    assert landed.path == "/webhooks/zalo/authorized"
    return parse_qs(landed.query)["code"][0], secret


async def test_authorizing_brings_the_first_pair(settings: Settings, fake: FakeZaloOa) -> None:
    fake.oauth.callback = "https://troly.example.vn/webhooks/zalo/authorized"
    code, secret = await consent(settings)
    await admin.authorize(settings, f" {code}\n", secret)
    told = await admin.status(settings)
    assert told["token"].startswith("valid until")
    assert OA_ID in told["account"]
    assert "problem" not in told
    assert fake.oauth.asked == [], "the seed in .env is older and not used any more"


async def test_a_code_works_once_and_needs_its_verifier(settings: Settings) -> None:
    code, secret = await consent(settings)
    with pytest.raises(UsageError, match="-14011"):
        await admin.authorize(settings, code, "x" * 43)
    code, _ = await consent(settings)
    await admin.authorize(settings, code)
    with pytest.raises(UsageError, match="-14010"):
        await admin.authorize(settings, code, secret)


async def test_after_authorizing_the_seed_of_the_settings_stays_unused(
    settings: Settings, fake: FakeZaloOa
) -> None:
    await fake_write(fake)
    code, secret = await consent(settings)
    await admin.authorize(settings, code, secret)
    await admin.test(settings, user_of("lan"))
    assert fake.oauth.asked == []
    assert "thử" in fake.replies("lan")[0].text


async def test_looking_spends_nothing(settings: Settings, fake: FakeZaloOa) -> None:
    told = await admin.status(settings)
    assert told["token"] == "none yet; ZALO_OA_REFRESH_TOKEN will be used"
    assert told["webhook"] == "https://troly.example.vn/webhooks/zalo"
    assert fake.oauth.asked == [] and fake.calls == []


async def test_another_account_than_the_settings_name_is_a_problem(
    settings: Settings, fake: FakeZaloOa, zalo_settings: Make
) -> None:
    code, secret = await consent(settings)
    await admin.authorize(settings, code, secret)
    other = zalo_settings(url=settings.zalo_oa_api, zalo_oa_id="1")
    assert OA_ID in (await admin.status(other))["problem"]


async def test_a_test_message_says_why_it_failed(settings: Settings) -> None:
    with pytest.raises(UsageError, match="-201"):
        await admin.test(settings, "1")


async def test_without_settings_each_command_names_the_variable(make_settings: Make) -> None:
    empty = make_settings()
    assert "ZALO_OA_APP_ID" in (await admin.status(empty))["configured"]
    for call in (admin.authorize_url(empty), admin.authorize(empty, "c", "v"), admin.test(empty, "1")):
        with pytest.raises(UsageError, match="ZALO_OA_APP_ID"):
            await call


@pytest.mark.parametrize("name", ["zalo_oa_secret_key", "zalo_oa_app_secret"])
def test_half_a_configuration_is_refused_by_name(zalo_settings: Make, name: str) -> None:
    with pytest.raises(SettingError, match=name.upper()):
        admin.is_configured(zalo_settings(**{name: ""}))


def test_an_app_id_that_is_no_number_is_refused(zalo_settings: Make) -> None:
    with pytest.raises(SettingError, match="ZALO_OA_APP_ID"):
        admin.is_configured(zalo_settings(zalo_oa_app_id="my app"))


def test_without_settings_there_is_no_channel(make_settings: Make) -> None:
    from types import SimpleNamespace
    from typing import Any

    parts: Any = SimpleNamespace(settings=make_settings())
    assert build(parts) is None


@pytest.mark.parametrize("url", ["https://troly.example.vn", "https://troly.example.vn/webhooks/zalo/"])
async def test_the_webhook_is_pasted_by_hand(zalo_settings: Make, url: str) -> None:
    with pytest.raises(UsageError, match=r"paste https://troly\.example\.vn/webhooks/zalo there"):
        await admin.set_webhook(zalo_settings(), url)


def test_the_verifier_is_the_same_each_time_and_43_characters() -> None:
    assert verifier(APP_SECRET) == verifier(APP_SECRET) != verifier("other")
    assert len(verifier(APP_SECRET)) == len(challenge("x" * 43)) == 43


def test_the_challenge_is_that_of_rfc_7636() -> None:
    example = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(example) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def fake_write(fake: FakeZaloOa) -> None:
    user = fake._user("lan")
    user.follows, user.interacted = True, fake.oauth.now()
