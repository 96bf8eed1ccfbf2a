"""Verification, batches and the feed of changes, over both status services of the demo portal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portal.client import PortalClient
from portal.demo.schema import ApplicationData
from portal.errors import NoStatusService, PortalUnavailable
from portal.owner import Factor
from troly.errors import SettingError
from troly.settings import Settings

CODE = "H49.08-251105-0312"
pytestmark = pytest.mark.parametrize("kind", ["igate", "lgsp"])


def advance(running: Any, code: str = CODE) -> None:
    httpx.post(f"{running.url}/demo/applications/{code}/advance", trust_env=False).raise_for_status()


def change(running: Any, code: str = CODE, **what: Any) -> None:
    address = f"{running.url}/demo/applications/{code}/change"
    httpx.post(address, json=what, trust_env=False).raise_for_status()


async def test_the_portal_decides_who_the_owner_is(demo: Any, kind: str) -> None:
    client = demo().client(status_kind=kind)
    for right in (Factor("identity", "0077"), Factor("phone", "0900000077")):
        shown = await client.verify(CODE, right)
        assert shown is not None and (shown.code, shown.owner) == (CODE, "Nguyễn T** B** M**")
    for wrong in (Factor("identity", "0078"), Factor("phone", "0900000078")):
        assert await client.verify(CODE, wrong) is None
    assert await client.verify("H49.08-251105-9999", Factor("identity", "0077")) is None
    await client.aclose()


async def test_the_owner_sees_messages_and_the_fee_and_nobodys_whole_name(
    demo: Any, application: Callable[..., ApplicationData], kind: str
) -> None:
    owed = {"amount": 50000, "note": "Lệ phí", "how": "Nộp trên Cổng."}
    history = [{"status": 1, "at": "2025-11-05T08:00:00", "note": "Đã gửi."}, {"status": 2, "note": ""}]
    running = demo(None, [application(CODE, status=6, fee_due=owed, history=history)])
    change(running, message="Mời nộp tiền.")
    client = running.client(status_kind=kind)
    shown = await client.verify(CODE, Factor("phone", "0900000077"))
    assert shown is not None and shown.fee_due is not None
    assert (shown.fee_due.amount, shown.pay_how) == (50000, "Nộp trên Cổng.")
    assert [message.text for message in shown.messages] == ["Đã gửi.", "Mời nộp tiền."]
    assert all(message.at for message in shown.messages)
    assert not [part for part in ("Bí Mật", "000190000077", "0900000077") if part in repr(shown)]
    await client.aclose()


def asked(running: Any) -> int:
    """How many questions the demo portal was put."""
    total: int = httpx.get(f"{running.url}/demo/requests", trust_env=False).json()["total"]
    return total


async def test_several_are_asked_for_with_one_question(
    demo: Any, application: Callable[..., ApplicationData], kind: str
) -> None:
    codes = [f"H49.08-251105-{number:04d}" for number in range(1, 61)]
    running = demo(None, [application(code) for code in codes])
    client = running.client(status_kind=kind)
    await client.get_application(codes[0])
    before = asked(running)
    found = await client.get_applications([*codes[:49], "H49.08-251105-9999"])
    assert list(found) == codes[:49]
    assert asked(running) == before + 1
    await client.aclose()


async def test_the_feed_tells_what_changed_since_and_nothing_twice(
    demo: Any, application: Callable[..., ApplicationData], kind: str
) -> None:
    running = demo(None, [application(CODE), application("H49.08-251105-0313")])
    client = running.client(status_kind=kind)
    advance(running, "H49.08-251105-0313")
    begin = await client.changes("", "")
    assert begin.codes == () and not begin.reset  # what was before the first question is nobody's news
    same = await client.changes(begin.cursor, begin.etag)
    assert (same.codes, same.cursor, same.etag) == ((), begin.cursor, begin.etag)
    advance(running)
    change(running, due_in_days=9)
    page = await client.changes(begin.cursor, begin.etag)
    assert page.codes == (CODE,) and not page.more
    assert (await client.changes(page.cursor, page.etag)).codes == ()
    assert (await client.changes("0-99", "")).reset
    await client.aclose()


async def test_failures_of_these_questions_have_reasons(demo: Any, kind: str) -> None:
    running = demo()
    client = running.client(status_kind=kind, portal_timeout=0.5)
    await client.get_application(CODE)
    for mode, reason in (
        ("html", "protocol"),
        ("garbage", "protocol"),
        ("wrong_types", "protocol"),
        ("huge", "protocol"),
        ("hang", "timeout"),
    ):
        running.fail(mode)
        for ask in (
            client.verify(CODE, Factor("identity", "0077")),
            client.get_applications([CODE]),
            client.changes("", ""),
        ):
            with pytest.raises(PortalUnavailable) as caught:
                await ask
            assert caught.value.reason in (reason, "breaker")
    await client.aclose()


async def test_a_service_without_these_features_says_so_and_is_asked_one_by_one(demo: Any, kind: str) -> None:
    running = demo()
    url = running.url if kind == "igate" else f"{running.url}/lgsp/service"
    token = "" if kind == "igate" else f"{running.url}/lgsp/login"
    client = running.client(
        status_kind=kind,
        status_url=url,
        status_token_url=token,
        status_client_id="demo",
        status_client_secret="demo",
    )
    assert not any(client.offers(feature) for feature in ("verify", "changes", "batch"))
    assert client.batch == 1
    assert list(await client.get_applications([CODE])) == [CODE]
    assert await client.get_applications(["H49.08-251105-9999"]) == {}
    with pytest.raises(NoStatusService):
        await client.verify(CODE, Factor("identity", "0077"))
    await client.aclose()


def test_an_unknown_feature_is_named(kind: str) -> None:
    config = Settings(
        _env_file=None,  # type: ignore[call-arg]
        status_kind=kind,  # type: ignore[arg-type]
        portal_url="http://127.0.0.1:9",
        status_url="http://127.0.0.1:9",
        status_features="verify, teleport",
    )
    with pytest.raises(SettingError, match="STATUS_FEATURES: teleport"):
        PortalClient.from_settings(config)


async def test_the_look_up_by_code_still_shows_nothing_of_the_owner(demo: Any, kind: str) -> None:
    client = demo().client(status_kind=kind)
    found = await client.get_applications([CODE])
    assert "Bí Mật" not in json.dumps(found[CODE].to_dict(), ensure_ascii=False)
    await client.aclose()
