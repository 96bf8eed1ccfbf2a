"""iGate's dossier search: its token, its statuses, and the personal data that must not come through."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from portal.adapters.igate import IGate
from portal.errors import NotFound, PortalProtocolError, PortalUnavailable
from portal.http import Http
from portal.models import Application

CODE = "H49.08-251105-0312"


class Service:
    """An iGate service at the transport, which counts and can refuse."""

    def __init__(self, item: dict[str, Any] | None = None) -> None:
        self.item = {"code": CODE, "appliedDate": "2025-11-05T08:00:00.000+0700"} | (item or {})
        self.tokens = self.searches = 0
        self.lifetime = 300
        self.good: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            assert request.headers["authorization"].startswith("Basic ")
            assert b"grant_type=client_credentials" in request.content
            self.tokens += 1
            self.good.add(f"t{self.tokens}")
            return httpx.Response(200, json={"access_token": f"t{self.tokens}", "expires_in": self.lifetime})
        self.searches += 1
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.good:
            return httpx.Response(401, json={})
        found = [self.item] if request.url.params["code"] == self.item["code"] else []
        return httpx.Response(200, json={"content": found})

    def adapter(self) -> IGate:
        return IGate(
            Http("http://igate.test", transport=httpx.MockTransport(self)), client_id="a", client_secret="b"
        )


async def status(**item: Any) -> Application:
    return await Service(item).adapter().application(CODE)


async def test_one_token_serves_many_questions() -> None:
    service = Service()
    adapter = service.adapter()
    for _ in range(3):
        await adapter.application(CODE)
    assert (service.tokens, service.searches) == (1, 3)


async def test_a_refused_token_is_renewed_once() -> None:
    service = Service()
    adapter = service.adapter()
    await adapter.application(CODE)
    service.good.clear()
    assert (await adapter.application(CODE)).code == CODE
    assert (service.tokens, service.searches) == (2, 3)


async def test_an_expired_token_is_renewed_before_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    adapter = service.adapter()
    await adapter.application(CODE)
    adapter._expires = 0.0
    await adapter.application(CODE)
    assert (service.tokens, service.searches) == (2, 2)


async def test_wrong_credentials_are_our_fault_not_the_citizens() -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(401, json={}))
    adapter = IGate(Http("http://igate.test", transport=transport), client_id="a", client_secret="b")
    with pytest.raises(PortalUnavailable, match="STATUS_CLIENT_ID"):
        await adapter.application(CODE)


async def test_an_empty_content_is_not_found_and_another_code_is_not_taken() -> None:
    service = Service()
    with pytest.raises(NotFound):
        await service.adapter().application("H49.08-251105-9999")
    other = httpx.MockTransport(
        lambda request: httpx.Response(
            200, json={"access_token": "t"} if "token" in request.url.path else {"content": [service.item]}
        )
    )
    adapter = IGate(Http("http://igate.test", transport=other), client_id="a", client_secret="b")
    with pytest.raises(NotFound):
        await adapter.application("H49.08-251105-031")


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"dossierTaskStatus": {"name": "Mới đăng ký"}}, 1),
        (
            {
                "dossierTaskStatus": {
                    "name": [{"languageId": 46, "name": "x"}, {"languageId": 228, "name": "Được tiếp nhận"}]
                }
            },
            2,
        ),
        (
            {
                "dossierTaskStatus": {"name": "Yêu cầu bổ sung giấy tờ"},
                "dossierStatus": {"id": 2, "name": "Đang xử lý"},
            },
            5,
        ),
        ({"statusCurrentTask": "Đã trả kết quả"}, 10),
        ({"dossierStatus": {"id": 0}}, 1),
        ({"dossierStatus": {"id": 4}}, 9),
        (
            {
                "dossierTaskStatus": {"name": "Thẩm định hồ sơ tại phòng"},
                "acceptedDate": "2025-11-05T09:00:00.000+0700",
            },
            2,
        ),
        ({"dossierTaskStatus": {"name": "Từ lạ"}, "completedDate": "2025-11-09T09:00:00.000+0700"}, 9),
        ({"dossierTaskStatus": {"name": "Từ lạ"}}, 1),
    ],
)
async def test_words_numbers_and_dates_give_the_national_status(item: dict[str, Any], expected: int) -> None:
    assert (await status(**item)).status == expected


async def test_a_word_nobody_knows_is_kept_as_it_is() -> None:
    assert (await status(dossierTaskStatus={"name": "Thẩm định hồ sơ"})).status_text == "Thẩm định hồ sơ"


async def test_nothing_known_at_all_is_a_protocol_error() -> None:
    with pytest.raises(PortalProtocolError):
        await status(appliedDate=None)


async def test_the_applicants_data_never_leave_the_adapter() -> None:
    secrets = {"fullname": "Nguyễn Thị Bí Mật", "identityNumber": "000190000077", "phoneNumber": "0900000077"}
    found = await status(
        applicant={"data": secrets}, accepter={"fullname": "Cán Bộ Kín"}, statusCurrentTask="Đang xử lý"
    )
    shown = json.dumps(found.to_dict(), ensure_ascii=False)
    assert found.status == 4
    assert not [value for value in [*secrets.values(), "Cán Bộ Kín"] if value in shown]


@pytest.mark.shared
async def test_the_reconstructed_sample_is_read(shared: Path) -> None:
    sample = json.loads((shared / "portal_samples/reconstructed/igate_dossier_search_dvc.json").read_bytes())
    nothing = json.loads((shared / "portal_samples/reconstructed/igate_not_found.json").read_bytes())

    def answer(request: httpx.Request) -> httpx.Response:
        if "token" in request.url.path:
            return httpx.Response(200, json={"access_token": "t", "expires_in": 60})
        return httpx.Response(200, json=sample if request.url.params["code"].startswith("H00") else nothing)

    adapter = IGate(
        Http("http://igate.test", transport=httpx.MockTransport(answer)), client_id="a", client_secret="b"
    )
    found = await adapter.application("H00.00-260101-0001")
    assert (found.status, found.procedure_code, found.channel) == (4, "1.001193", "ONLINE")
    assert found.due_at == datetime.fromisoformat("2026-01-05T17:00:00+07:00")
    assert found.agency == "UBND phường Mẫu" and "Nguyễn" not in json.dumps(
        found.to_dict(), ensure_ascii=False
    )
    with pytest.raises(NotFound):
        await adapter.application("H11.00-260101-0001")
