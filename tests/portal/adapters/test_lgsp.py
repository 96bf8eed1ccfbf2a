"""TraCuuHoSo over the LGSP: the session, the record, the personal data that must not come through."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import httpx
import pytest

from portal.adapters.lgsp import Lgsp
from portal.errors import NotFound, PortalProtocolError, PortalUnavailable
from portal.http import Http

CODE = "H49.08-251105-0312"


class Service:
    """An LGSP gateway at the transport, which counts and can refuse."""

    def __init__(self, **item: Any) -> None:
        self.item = {"MaHoSo": CODE, "MaTTHC": "1.001193.000.00.00.H49", "TrangThaiHoSo": "4"} | item
        self.logins = 0
        self.good = ""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if request.url.path == "/login":
            assert request.headers["dstcode"] == "H49"
            if body != {"username": "u", "password": "p"}:
                return httpx.Response(200, json={"error_code": 5, "session": ""})
            self.logins += 1
            self.good = f"s{self.logins}"
            return httpx.Response(200, json={"session": self.good, "error_code": 0})
        if body["session"] != self.good:
            return httpx.Response(200, json={"error_code": 9, "message": "session"})
        assert (body["service"], body["madonvi"]) == ("TraCuuHoSo", "H49")
        found = [self.item] if body["mahoso"] == self.item["MaHoSo"] else []
        return httpx.Response(200, json={"error_code": "0", "result": found})

    def adapter(self, password: str = "p") -> Lgsp:
        http = Http("http://lgsp.test", transport=httpx.MockTransport(self))
        return Lgsp(http, service_path="/s", login_path="/login", username="u", password=password, unit="H49")


async def test_a_record_is_read_in_vietnamese_time() -> None:
    item = {
        "NgayTiepNhan": "20251105090000",
        "NgayHenTra": "20251112170000",
        "KenhThucHien": "3",
        "DonViXuLy": "UBND",
    }
    found = await Service(**item).adapter().application(CODE)
    assert (found.status, found.status_text, found.procedure_code) == (4, "Đang xử lý", "1.001193")
    assert found.due_at == datetime.fromisoformat("2025-11-12T17:00:00+07:00")
    assert (found.channel, found.agency) == ("POSTAL", "UBND")


@pytest.mark.parametrize("status", range(1, 11))
async def test_all_ten_statuses_come_through(status: int) -> None:
    assert (await Service(TrangThaiHoSo=status).adapter().application(CODE)).status == status


async def test_a_status_outside_the_standard_falls_back_on_the_dates() -> None:
    found = await Service(TrangThaiHoSo="11", NgayTiepNhan="20251105090000").adapter().application(CODE)
    assert found.status == 2
    with pytest.raises(PortalProtocolError):
        await Service(TrangThaiHoSo="11").adapter().application(CODE)


async def test_the_last_supplement_request_is_told() -> None:
    requests = [
        {"NoiDungBoSung": "cũ"},
        {
            "NoiDungBoSung": "Nộp thêm",
            "HanBoSung": "20251120170000",
            "DanhSachGiayToBoSung": [{"TenGiayTo": "Giấy khai sinh"}],
        },
    ]
    found = await Service(TrangThaiHoSo=5, DanhSachHoSoBoSung=requests).adapter().application(CODE)
    assert found.supplement is not None
    assert (found.supplement.documents, found.supplement.note) == (("Giấy khai sinh",), "Nộp thêm")
    assert found.supplement.by == datetime.fromisoformat("2025-11-20T17:00:00+07:00")


async def test_one_session_serves_many_questions_and_is_renewed_when_refused() -> None:
    service = Service()
    adapter = service.adapter()
    await adapter.application(CODE)
    await adapter.application(CODE)
    assert service.logins == 1
    service.good = "other"
    assert (await adapter.application(CODE)).code == CODE
    assert service.logins == 2


async def test_an_empty_result_is_not_found() -> None:
    with pytest.raises(NotFound):
        await Service().adapter().application("H49.08-251105-9999")


async def test_a_refused_login_is_our_fault_not_the_citizens() -> None:
    with pytest.raises(PortalUnavailable, match="STATUS_CLIENT_ID"):
        await Service().adapter("wrong").application(CODE)


async def test_the_owners_data_never_leave_the_adapter() -> None:
    owner = {"ChuHoSo": "Nguyễn Thị Bí Mật", "SoDienThoai": "0900000077", "Email": "bimat@example.com"}
    found = await Service(**owner, DinhDanhCHS=[{"SoDinhDanh": "000190000077"}]).adapter().application(CODE)
    shown = json.dumps(found.to_dict(), ensure_ascii=False)
    assert not [value for value in [*owner.values(), "000190000077"] if value in shown]
