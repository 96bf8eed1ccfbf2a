"""The demo portal behaves as the real one, and fails on command."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from portal.demo.app import OWN_DATA, create_app, load
from portal.demo.applications import Applications
from portal.demo.catalogue import DemoCatalogue
from portal.demo.schema import ApplicationData
from portal.http import USER_AGENT
from troly.settings import Settings

LIST = "/api/v1/submitting/formality/list-all-public-formality-by-citizen"
DETAIL = "/api/v1/configuring/formality/get-formality-by-citizen"


@pytest.fixture
def portal(demo: Any) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=demo().url, headers={"User-Agent": USER_AGENT}, trust_env=False, timeout=5
    ) as client:
        yield client


def test_answers_carry_the_envelope_and_201(portal: httpx.Client) -> None:
    answer = portal.post(LIST, json={"limit": 2, "lastId": None, "q": ""})
    assert answer.status_code == 201
    assert answer.json()["code"] == "OK" and len(answer.json()["data"]["items"]) == 2


def test_the_cursor_leads_on_and_the_end_has_none(portal: httpx.Client) -> None:
    first = portal.post(LIST, json={"limit": 3}).json()["data"]
    second = portal.post(LIST, json={"limit": 3, "lastId": first["lastId"]}).json()["data"]
    third = portal.post(LIST, json={"limit": 3, "lastId": second["lastId"]}).json()["data"]
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True) and len(set(ids)) == 5
    assert third == {"items": [], "lastId": None}


def test_the_list_can_be_searched(portal: httpx.Client) -> None:
    found = portal.post(LIST, json={"limit": 10, "q": "GIAY PHEP mau so 4"}).json()["data"]["items"]
    assert [item["code"] for item in found] == ["1.000004"]


@pytest.mark.parametrize(
    ("path", "body"), [(LIST, {"limit": 201}), (LIST, {}), (DETAIL, {"id": "unknown"}), (DETAIL, {})]
)
def test_a_wrong_question_gets_400(portal: httpx.Client, path: str, body: dict[str, Any]) -> None:
    assert portal.post(path, json=body).status_code == 400
    assert portal.post(path, content=b"\xff{").status_code == 400


def test_a_short_user_agent_meets_the_firewall(portal: httpx.Client) -> None:
    answer = portal.post(LIST, json={"limit": 1}, headers={"User-Agent": "curl/8"})
    assert answer.status_code == 200 and "Request Rejected" in answer.text


def test_the_status_services_want_their_pass(portal: httpx.Client) -> None:
    assert portal.get("/pa/dossier-search/dvc", params={"code": "x"}).status_code == 401
    token = "/auth/realms/digo/protocol/openid-connect/token"
    form = {"grant_type": "client_credentials"}
    assert portal.post(token, data=form).status_code == 401
    assert portal.post(token, data=form, auth=("demo", "wrong")).status_code == 401
    given = portal.post(token, data=form, auth=("demo", "demo")).json()["access_token"]
    answer = portal.get(
        "/pa/dossier-search/dvc", params={"code": "x"}, headers={"Authorization": f"Bearer {given}"}
    )
    assert answer.json() == {"content": []}
    assert portal.post("/lgsp/service", json={"service": "TraCuuHoSo"}).json()["error_code"] != 0


@pytest.mark.parametrize(("name", "start"), [("a.doc", b"{\\rtf"), ("b.docx", b"PK"), ("Mẫu c.pdf", b"%PDF")])
def test_a_form_is_a_small_real_file(portal: httpx.Client, name: str, start: bytes) -> None:
    answer = portal.get(f"/api/v1/files/configuring/x/{name}")
    assert answer.status_code == 200 and answer.content.startswith(start) and len(answer.content) < 5000


def test_an_application_moves_on_until_it_is_final(portal: httpx.Client) -> None:
    code = portal.get("/demo/applications").json()["applications"][0]["code"]
    statuses = [portal.post(f"/demo/applications/{code}/advance") for _ in range(3)]
    assert [answer.status_code for answer in statuses] == [200, 200, 409]
    assert [answer.json().get("status") for answer in statuses[:2]] == [9, 10]
    assert portal.post("/demo/applications/H49.08-251105-9999/advance").status_code == 404


def test_the_list_of_applications_names_nobody(portal: httpx.Client) -> None:
    assert set(portal.get("/demo/applications").json()["applications"][0]) == {"code", "status"}


def test_failures_come_and_go(portal: httpx.Client) -> None:
    def answer() -> httpx.Response:
        return portal.post(LIST, json={"limit": 1})

    portal.post("/demo/fail", json={"mode": "error", "status": 502})
    assert answer().status_code == 502 and portal.get("/healthz").status_code == 200
    portal.post("/demo/fail", json={"mode": "garbage", "times": 1})
    assert not answer().text.endswith("}") and answer().status_code == 201
    portal.post("/demo/fail", json={"mode": "html", "path": "/pa/"})
    assert answer().status_code == 201
    assert "Request Rejected" in portal.get("/pa/dossier-search/dvc").text
    portal.post("/demo/fail", json={"mode": "slow", "seconds": 0.3})
    start = time.monotonic()
    assert answer().status_code == 201 and time.monotonic() - start >= 0.3
    portal.post("/demo/fail", json={"mode": "hang"})
    with pytest.raises(httpx.ReadTimeout):
        portal.post(LIST, json={"limit": 1}, timeout=0.3)
    portal.post("/demo/fail", json={"mode": "off"})
    assert answer().status_code == 201
    assert portal.post("/demo/fail", json={"mode": "explode"}).status_code == 422


def test_the_controls_work_only_from_this_machine(
    record: Callable[..., dict[str, Any]], application: Callable[..., ApplicationData]
) -> None:
    app = create_app(DemoCatalogue([record()]), Applications([application()]))
    stranger = TestClient(app, client=("192.0.2.7", 5000))
    assert stranger.post("/demo/fail", json={"mode": "error"}).status_code == 403
    assert stranger.get("/demo/applications").status_code == 403
    assert TestClient(app, client=("127.0.0.1", 5000)).get("/demo/applications").status_code == 200


def test_our_own_data_is_without_mistakes_and_serves_what_it_says() -> None:
    if not (OWN_DATA / "applications.yml").is_file():
        pytest.skip("the demo portal has no data yet")
    data, applications = load(Settings(_env_file=None, demo_catalogue="own"))  # type: ignore[call-arg]
    assert len(data) >= 80 and len(applications) == 60
    assert {item["status"] for item in applications.codes()} == set(range(1, 11))


@pytest.mark.shared
def test_the_portals_own_file_is_served_as_it_stands(shared: Path) -> None:
    path = shared / "data" / "portal_details.jsonl.gz"
    if not path.is_file():
        pytest.skip("portal_details.jsonl.gz is not there")
    data = DemoCatalogue.from_file(path)
    assert len(data) == 5665
    (row,) = data.page(None, 5, "1.001193", "COMMUNE", "STANDARD")
    detail = data.detail(row["id"])
    assert detail is not None and detail["name"] == "Thủ tục đăng ký khai sinh"
    data.close()
