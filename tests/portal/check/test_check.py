"""troly portal check: a good system passes, and each way of being wrong is found under its name."""

from __future__ import annotations

import asyncio
import copy
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from portal.check.status import Sample
from portal.demo.controls import WAF_PAGE
from portal.owner import Factor
from troly.clock import today

CODE = "H49.08-251105-0312"
SAMPLE = Sample(CODE, Factor("identity", "0077"))
LIST = "list-all-public-formality-by-citizen"
DETAIL = "get-formality-by-citizen"
KEY = "k" * 32


async def post(url: str, body: Any = None) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        (await client.post(url, json=body)).raise_for_status()


@pytest.mark.parametrize("kind", ["igate", "lgsp"])
async def test_the_demo_portal_passes_everything(system: Any, kind: Any) -> None:
    found = await system.check(
        "national", kind, "reports", "holidays", sample=SAMPLE, send_report=True, procedure="1.000002"
    )
    assert found.failed() == {}
    skipped = {finding.name for finding in found.all if finding.verdict == "SKIPPED"}
    assert skipped == {"changes.entry", "reports.without_token"}


async def test_a_change_that_comes_through_the_feed_passes(system: Any) -> None:
    checking = asyncio.create_task(system.check("lgsp", sample=SAMPLE, wait=20))
    await asyncio.sleep(1.5)
    await post(f"{system.url}/demo/applications/{CODE}/advance")
    assert (await checking).verdict("changes.entry") == "PASS"


def _in_rows(change: Callable[[list[dict[str, Any]]], None]) -> Callable[..., Any]:
    def spoil(path: str, _status: int, value: Any) -> Any:
        if LIST in path and value["data"]["items"]:
            value = copy.deepcopy(value)
            change(value["data"]["items"])
        return value

    return spoil


def _in_detail(change: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    def spoil(path: str, _status: int, value: Any) -> Any:
        if DETAIL in path and value["data"]:
            value = copy.deepcopy(value)
            change(value["data"])
        return value

    return spoil


def _at(part: str, answer: Any) -> Callable[..., Any]:
    return lambda path, _status, value: answer if part in path else value


class _Looping:
    """Gives the same page for ever."""

    def __init__(self) -> None:
        self.first: Any = None

    def __call__(self, path: str, _status: int, value: Any) -> Any:
        if LIST not in path or len(value["data"]["items"]) <= 50:
            return value
        self.first = self.first or value
        return self.first


@pytest.mark.parametrize(
    ("spoil", "name", "said"),
    [
        (_at(LIST, WAF_PAGE.encode()), "procedures.list", "not JSON"),
        (_at(LIST, b'{"code": "OK", "data": {"items": [{"id"'), "procedures.list", "not JSON"),
        (_at(LIST, {"code": "ERROR", "data": None}), "procedures.list", "'ERROR' instead of OK"),
        (_at(LIST, {"code": "OK", "data": {"rows": []}}), "procedures.list", "no items"),
        (_at(LIST, (302, {})), "procedures.list", "redirection"),
        (_at(LIST, (503, {})), "procedures.list", "503"),
        (_in_rows(lambda rows: rows[0].pop("name")), "procedures.list", "name is missing"),
        (_in_rows(lambda rows: rows[0].update(categories="a")), "procedures.list", "categories is 'a'"),
        (_in_rows(lambda rows: rows.extend(rows)), "procedures.list", "40 rows"),
        (_Looping(), "procedures.paging", "page 2 repeats 200 rows"),
        (
            lambda path, _s, v: {**v, "data": {**v["data"], "lastId": None}} if LIST in path else v,
            "procedures.paging",
            "names no lastId",
        ),
        (
            lambda path, _s, v: (
                {**v, "data": {**v["data"], "lastId": "x"}} if LIST in path and v["data"]["items"] else v
            ),
            "procedures.paging",
            "page 2",
        ),
        (_at(DETAIL, {"code": "OK", "data": {}}), "procedures.detail", "no id, code, name"),
        (
            _in_detail(lambda data: data.pop("executionMethods")),
            "procedures.detail",
            "executionMethods is missing",
        ),
        (
            _in_detail(lambda data: data["executionMethods"][0]["fees"][0].update(value="tám nghìn")),
            "procedures.detail",
            "executionMethods[].fees[].value is 'tám nghìn', not a number",
        ),
        (
            _in_detail(lambda data: data["executionMethods"][0].update(submissionMethod="Trực tiếp")),
            "procedures.detail",
            "submissionMethod is 'Trực tiếp'",
        ),
        (_in_detail(lambda data: data.update(updatedAt=1_770_000_000)), "procedures.detail", "updatedAt is"),
        (_in_detail(lambda data: data.update(isWard="1")), "procedures.detail", "isWard is '1'"),
        (
            lambda path, status, v: (200, {"code": "OK", "data": None}) if status == 400 else v,
            "procedures.unknown",
            "no data",
        ),
    ],
)
async def test_what_is_wrong_with_procedures_is_found(system: Any, spoil: Any, name: str, said: str) -> None:
    found = await system.spoiled(spoil).check("national")
    assert said in found.failed()[name], found.failed()


def _in_application(at: str, change: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    def spoil(path: str, _status: int, value: Any) -> Any:
        if isinstance(value, dict) and value.get(at):
            value = copy.deepcopy(value)
            for item in value[at]:
                change(item)
        return value

    return spoil


def _in_feed(change: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    def spoil(path: str, status: int, value: Any) -> Any:
        if "/changes" in path and status == 200:
            value = copy.deepcopy(value)
            change(value)
        return value

    return spoil


def _to_strangers(path: str, status: int, value: Any) -> Any:
    return (200, {"content": [{"code": CODE}]}) if status == 401 and "/dvc" in path else value


def _gone(path: str, _status: int, value: Any) -> Any:
    return (404, {}) if value == {"content": []} else value


def _telling(path: str, _status: int, value: Any) -> Any:
    if "/verify" in path and value == {"content": []}:
        _telling.count += 1  # type: ignore[attr-defined]
        return {"content": [], "message": f"{_telling.count}"}  # type: ignore[attr-defined]
    return value


_telling.count = 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("spoil", "name", "said"),
    [
        (_at("/token", {"error": "x"}), "status.look_up", "no token"),
        (_at("/token", (401, {})), "status.look_up", "refused STATUS_CLIENT_ID"),
        (_at("/dvc?", WAF_PAGE.encode()), "status.look_up", "not JSON"),
        (_at("/dvc?", {"content": None}), "status.look_up", "no content"),
        (_at("/dvc?", {"content": []}), "status.look_up", f"no application {CODE}"),
        (_in_application("content", lambda item: item.pop("agency")), "status.look_up", "agency is missing"),
        (
            _in_application("content", lambda item: item.update(appliedDate="05/11/2025")),
            "status.look_up",
            "appliedDate is '05/11/2025', not a time as",
        ),
        (
            _in_application(
                "content",
                lambda item: item.update(dossierStatus={"name": "Lạ"}, dossierTaskStatus={"name": "Lạ"}),
            ),
            "status.words",
            "'Lạ / Lạ' is not known",
        ),
        (_to_strangers, "status.without_login", "as if it were allowed"),
        (_to_strangers, "status.wrong_token", "as if it were allowed"),
        (lambda _p, status, v: (403, {}) if status == 401 else v, "status.wrong_token", "answered 403"),
        (_gone, "status.unknown", "404"),
        (_at("/batch", {"content": []}), "status.batch", f"{CODE} is not among"),
        (_at("/batch", (413, {})), "status.batch", "413"),
        (_at("/verify", {"content": []}), "verify.right", "not accepted"),
        (_at("/verify", {"content": [{"code": CODE}]}), "verify.wrong", "with the application"),
        (
            _in_application("content", lambda item: item.pop("applicant")),
            "verify.right",
            "applicant.data.fullname is missing",
        ),
        (_telling, "verify.alike", "answered differently"),
        (_in_feed(lambda feed: feed.pop("next")), "changes.start", "no next"),
        (
            _in_feed(lambda feed: feed.update(changes=[{"id": "1", "code": CODE}])),
            "changes.start",
            "1 changes",
        ),
        (
            lambda path, status, v: (
                (200, {"changes": [], "next": "a", "more": False}) if "/changes" in path else v
            ),
            "changes.etag",
            "answered 200",
        ),
        (_in_feed(lambda feed: feed.update(reset=False)), "changes.reset", "reset"),
    ],
)
async def test_what_is_wrong_with_applications_is_found(
    system: Any, spoil: Any, name: str, said: str
) -> None:
    found = await system.spoiled(spoil).check("igate", sample=SAMPLE)
    assert said in found.failed()[name], found.failed()


@pytest.mark.parametrize(
    ("spoil", "name", "said"),
    [
        (_at("/login", {"session": "", "error_code": -1}), "status.look_up", "login was refused"),
        (_at("/service", {"error_code": -9}), "status.look_up", "error -9"),
        (_at("/service", {"error_code": 0}), "status.look_up", "no result list"),
        (
            _in_application("result", lambda item: item.update(NgayNopHoSo="2025-11-05")),
            "status.look_up",
            "NgayNopHoSo is '2025-11-05', not a time as 20260105170000",
        ),
        (_in_application("result", lambda item: item.update(TrangThaiHoSo="77")), "status.words", "'77'"),
        (
            lambda _p, _s, v: {"error_code": 0, "result": []} if v.get("error_code") == -1 else v,
            "status.without_login",
            "as if it were allowed",
        ),
    ],
)
async def test_what_is_wrong_with_an_lgsp_is_found(system: Any, spoil: Any, name: str, said: str) -> None:
    found = await system.spoiled(spoil).check("lgsp", sample=SAMPLE)
    assert said in found.failed()[name], found.failed()


@pytest.mark.parametrize(
    ("spoil", "name", "said"),
    [
        (lambda _p, status, v: (200, {"data": None}) if status == 404 else v, "reports.unknown", "no data"),
        (lambda _p, status, v: (500, {}) if status == 404 else v, "reports.unknown", "500"),
        (_at("/reports", (201, {"data": {"code": "A", "status": "NEW"}})), "reports.send", "no known status"),
        (lambda _p, status, v: (500, {}) if status == 400 else v, "reports.refused", "500"),
    ],
)
async def test_what_is_wrong_with_reports_is_found(system: Any, spoil: Any, name: str, said: str) -> None:
    found = await system.spoiled(spoil).check("reports", send_report=True)
    assert said in found.failed()[name], found.failed()


async def test_two_tickets_for_one_key_are_found(system: Any) -> None:
    numbers = iter(range(100))

    def spoil(_path: str, status: int, value: Any) -> Any:
        return {"data": {**value["data"], "code": f"PA-{next(numbers)}"}} if status == 201 else value

    found = await system.spoiled(spoil).check("reports", send_report=True)
    assert found.failed()["reports.sent_again"] == "PA-1 beside PA-0"


async def test_a_report_service_that_anybody_may_read_is_found(system: Any) -> None:
    found = await system.check("reports", settings={"report_token": "right"})
    assert "answered 404" in found.failed()["reports.without_token"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"holidays": []}, "no data"),
        ({"data": [{"date": "01/01/2026", "name": "Tết"}]}, "not as 2027-01-01"),
        ({"data": [{"date": "2020-08-19", "name": "Ngày lạ"}]}, "2020-08-19 is of another year"),
        ({"data": [{"date": "2027-01-01", "name": "Tết", "type": "FREE"}]}, "not HOLIDAY or WORKING"),
        ({"data": [{"date": f"{today().year + 1}-01-01", "name": "Tết"}]}, "is a holiday by law"),
    ],
)
async def test_what_is_wrong_with_holidays_is_found(system: Any, answer: Any, said: str) -> None:
    found = await system.spoiled(_at("/holidays", answer)).check("holidays")
    assert any(said in text for text in found.failed().values()), found.failed()


async def test_a_system_that_is_not_there_fails_in_one_line(system: Any, free_port: int) -> None:
    system.url = "http://127.0.0.1:1"
    found = await system.check("national", "igate", "holidays", sample=SAMPLE)
    assert set(found.failed()) == {"procedures.list", "status.look_up", f"holidays.{_year()}"}


async def test_features_that_are_not_named_are_skipped(system: Any) -> None:
    credentials = {"status_client_id": "demo", "status_client_secret": "demo"}
    found = await system.check("igate", settings=credentials, sample=SAMPLE)
    assert found.failed() == {}
    assert [found.verdict(name) for name in ("status.batch", "verify", "changes")] == ["SKIPPED"] * 3


async def test_a_signed_call_that_is_repeated_passes(system: Any, unused: int) -> None:
    listen = f"127.0.0.1:{unused}"
    await post(f"{system.url}/demo/webhook", {"url": f"http://{listen}/webhooks/portal", "secret": KEY})
    found = await _called(system, listen)
    assert found.failed() == {}
    assert len(found.all) == 4


@pytest.mark.parametrize(
    ("secret", "fails"), [("j" * 32, {"webhook.signature"}), ("", {"webhook.signature"})]
)
async def test_a_call_signed_with_another_key_is_found(
    system: Any, unused: int, secret: str, fails: set[str]
) -> None:
    listen = f"127.0.0.1:{unused}"
    await post(f"{system.url}/demo/webhook", {"url": f"http://{listen}/webhooks/portal", "secret": secret})
    assert set((await _called(system, listen)).failed()) == fails


async def test_a_call_that_never_comes_is_found(system: Any, unused: int) -> None:
    settings = {"portal_webhook_secret": KEY}
    found = await system.check("webhook", settings=settings, listen=f"127.0.0.1:{unused}", wait=0.5)
    assert set(found.failed()) == {"webhook.call"}


async def test_an_old_unsigned_wrong_call_is_found_in_each_respect(system: Any, unused: int) -> None:
    settings = {"portal_webhook_secret": KEY}
    listen = f"127.0.0.1:{unused}"
    checking = asyncio.create_task(system.check("webhook", settings=settings, listen=listen, wait=2))
    await asyncio.sleep(0.7)
    async with httpx.AsyncClient(trust_env=False) as client:
        body = {"changes": [{"id": 7, "code": "x"}]}
        await client.post(
            f"http://{listen}/webhooks/portal", json=body, headers={"X-Portal-Timestamp": "1700000000"}
        )
    found = await checking
    assert set(found.failed()) == {"webhook.signature", "webhook.body", "webhook.repeated"}


async def _called(system: Any, listen: str) -> Any:
    settings = {"portal_webhook_secret": KEY}
    checking = asyncio.create_task(system.check("webhook", settings=settings, listen=listen, wait=10))
    await asyncio.sleep(0.7)
    await post(f"{system.url}/demo/applications/{CODE}/advance")
    return await checking


def _year() -> int:
    return today().year


@pytest.fixture
def unused() -> int:
    """Another free port than the system's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
