"""Whatever a portal answers: a record, or one of the errors of portal.errors, and nothing else."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
from hypothesis import strategies as some

from portal.adapters.igate import IGate
from portal.adapters.lgsp import Lgsp
from portal.adapters.national import NationalPortal
from portal.adapters.reports import ReportService
from portal.breaker import Breaker
from portal.errors import PortalError
from portal.http import Http
from portal.models import Application, Page, Procedure
from portal.owner import Factor
from tests.faults.fuzz_target import fuzzed

CODE = "H49.08-251105-0312"

_scalars = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.floats(),
    some.text(max_size=20),
    some.sampled_from(
        [
            *(
                "",
                "\x00",
                "\ud800",
                "<html>",
                "1e999",
                "NaN",
                "-1",
                "9" * 400,
                "20251332250000",
                "1.001193",
                CODE,
            )
        ]
    ),
    some.sampled_from([10**400, -1, 0, 1e308, float("nan"), float("inf"), 10**15, 253402300800000]),
)
_values = some.recursive(
    _scalars,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(["name", "code", "id"]), inner, max_size=3)
    ),
    max_leaves=8,
)

_RECORD: dict[str, Any] = {
    "id": "00000000-0000-7000-8000-000000000001",
    "code": "1.000001",
    "codeNotation": "1.000001",
    "name": "Cấp giấy phép",
    "state": "ACTIVE",
    "type": "STANDARD",
    "isMinistry": False,
    "isProvince": True,
    "isWard": True,
    "isFullProcess": False,
    "executionSteps": [{"name": "", "description": "Bước 1: Nộp hồ sơ.\n Bước 2: Nhận kết quả."}],
    "executionMethods": [
        {
            "submissionMethod": "DIRECT",
            "processingTime": 5,
            "processingTimeUnit": "WORKING_DAY",
            "description": "",
            "fees": [
                {"type": "SERVICE_FEE", "value": 8000, "currencyName": "VND", "description": "Miễn phí"}
            ],
        }
    ],
    "executionCases": [
        {
            "name": "",
            "profileComponents": [
                {
                    "name": "Đơn",
                    "code": "KQ1",
                    "originalQty": 1,
                    "copyQty": 0,
                    "attachments": [{"id": "f1", "fileName": "Mẫu 1.doc"}],
                }
            ],
        }
    ],
    "cases": [{"name": "a", "processingTime": 1, "processingTimeUnit": "DAY"}],
    "fees": [{"type": "FEE", "value": 1}],
    "requirementsAndConditions": "Không",
    "categoriesDetails": [{"id": "c1", "name": "Lĩnh vực", "code": "X"}],
    "subjectTypesDetails": [{"id": "s1", "name": "Công dân"}],
    "resultsDetails": [{"id": "r1", "name": "Giấy phép"}],
    "legalBasisesDetails": [{"id": "l1", "name": "Luật", "code": "1/2025/QH15"}],
    "unitGroupsExecuting": [None],
    "departmentsExecuting": [{"id": "d1", "name": "UBND cấp xã"}],
    "departmentPromulgateName": "Bộ",
    "procedureProposal": {"proposalNumber": "1/QĐ"},
    "updatedAt": 1_770_000_000_000,
}
_DOSSIER: dict[str, Any] = {
    "code": CODE,
    "appliedDate": "2025-11-05T08:00:00.000+0700",
    "acceptedDate": "2025-11-05T09:00:00.000+0700",
    "appointmentDate": "2025-11-12T17:00:00.000+0700",
    "completedDate": None,
    "dossierStatus": {"id": 4, "name": [{"languageId": 228, "name": "Đang xử lý"}], "comment": "x"},
    "dossierTaskStatus": {"id": 4, "name": [{"languageId": 228, "name": "Đang xử lý"}]},
    "procedure": {"code": "1.001193.H49", "translate": [{"languageId": 228, "name": "Đăng ký"}]},
    "agency": {"name": [{"languageId": 228, "name": "UBND"}]},
    "applyMethod": {"name": "Trực tuyến"},
    "applicant": {"data": {"fullname": "Nguyễn Văn Mẫu"}},
    "comments": [{"createdDate": "2025-11-05T08:00:00.000+0700", "content": "a"}],
    "financialObligation": {"amount": 5, "content": "a", "paymentGuide": "b"},
}
_LGSP: dict[str, Any] = {
    "MaHoSo": CODE,
    "MaTTHC": "1.001193.000.00.00.H49",
    "TenTTHC": "Đăng ký",
    "TrangThaiHoSo": "4",
    "NgayTiepNhan": "20251105090000",
    "NgayHenTra": "20251112170000",
    "NgayTra": "",
    "KenhThucHien": "3",
    "DonViXuLy": "UBND",
    "ChuHoSo": "Nguyễn Văn Mẫu",
    "DanhSachBoSung": [
        {"NoiDungBoSung": "Nộp", "HanBoSung": "20251120170000", "DanhSachGiayToBoSung": [{"TenGiayTo": "A"}]}
    ],
    "DanhSachLePhi": [{"SoTien": "8000", "NoiDung": "x"}],
}
_TICKET = {"code": "PA-1", "status": "RECEIVED", "agency": "UBND", "answer": "x", "updatedAt": "2026-01-01"}

ANSWERS: dict[str, Any] = {
    "procedure": {"code": "OK", "data": _RECORD},
    "page": {"code": "OK", "data": {"items": [_RECORD], "content": [_RECORD], "total": 1, "cursor": "x"}},
    "dossier": {"content": [_DOSSIER]},
    "disclosure": {"content": [_DOSSIER]},
    "changes": {"changes": [{"code": CODE, "at": "x"}], "next": "y", "more": False, "reset": False},
    "lgsp": {"error_code": "0", "result": [_LGSP]},
    "lgsp_owner": {"error_code": "0", "result": [_LGSP]},
    "ticket": {"data": _TICKET},
}
"""What well-behaved services say, by the question."""


def _places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [here]
    if isinstance(value, dict):
        for key, item in value.items():
            found += _places(item, (*here, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            found += _places(item, (*here, number))
    return found


_GONE = object()


def _changed(value: Any, place: tuple[Any, ...], by: Any) -> Any:
    """The value with something else, or nothing, at this place."""
    if not place:
        return None if by is _GONE else by
    made = copy.deepcopy(value)
    inner = made
    for key in place[:-1]:
        try:
            inner = inner[key]
        except (KeyError, IndexError, TypeError):
            return made  # an earlier change took the place away
    try:
        if by is _GONE:
            del inner[place[-1]]
        else:
            inner[place[-1]] = by
    except (KeyError, IndexError, TypeError):
        pass
    return made


@some.composite
def _bodies(draw: some.DrawFn) -> tuple[str, bytes, int, str]:
    """A question, and what comes instead of the right answer."""
    question = draw(some.sampled_from(sorted(ANSWERS)))
    answer = ANSWERS[question]
    changes = some.tuples(some.sampled_from(_places(answer)), some.just(_GONE) | _values)
    for place, by in draw(some.lists(changes, max_size=4)):
        answer = _changed(answer, place, by)
    body = json.dumps(answer).encode()
    odd = draw(some.integers(0, 9))
    if odd == 0:
        body = draw(some.binary(max_size=100) | some.just(b"<html>Request Rejected</html>"))
    elif odd == 1:
        body = body[: draw(some.integers(0, len(body)))]
    elif odd == 2:
        body = draw(some.sampled_from([b"[" * 5000, b"1" * 10_000, b'{"a":' * 5000, b"null", b"\xff\xfe{}"]))
    status = draw(some.sampled_from([200] * 12 + [204, 302, 400, 401, 404, 429, 500, 503]))
    kind = draw(some.sampled_from(["application/json", "text/html", "", "application/json; charset=x-none"]))
    return question, body, status, kind


def _http(body: bytes, status: int, kind: str) -> Http:
    def answer(request: httpx.Request) -> httpx.Response:
        # The door opens half of the time, or nothing behind it would be tried.
        if request.url.path.endswith(("/token", "/login")) and len(body) % 2:
            return httpx.Response(200, json={"access_token": "t", "expires_in": 300, "session": "s"})
        headers = {"Content-Type": kind} if kind else {}
        return httpx.Response(status, content=body, headers={**headers, "Retry-After": "9"})

    return Http("http://portal.test", attempts=1, breaker=Breaker(), transport=httpx.MockTransport(answer))


def _ask(question: str, http: Http) -> Callable[[], Coroutine[Any, Any, Any]]:
    igate = IGate(http, client_id="a", client_secret="b", features=frozenset({"verify", "changes"}))
    lgsp = Lgsp(
        http,
        service_path="/s",
        login_path="/login",
        username="u",
        password="p",
        unit="H49",
        changes_path="/changes",
        features=frozenset({"verify", "changes"}),
    )
    factor = Factor("identity", "1234")
    return {
        "procedure": lambda: NationalPortal(http).detail(_RECORD["id"]),
        "page": lambda: NationalPortal(http).page(None),
        "dossier": lambda: igate.application(CODE),
        "disclosure": lambda: igate.verify(CODE, factor),
        "changes": lambda: igate.changes("x", ""),
        "lgsp": lambda: lgsp.application(CODE),
        "lgsp_owner": lambda: lgsp.verify(CODE, factor),
        "ticket": lambda: ReportService(http, token="t").find("PA-1"),
    }[question]


@fuzzed(answer=_bodies())
def portal_answers(answer: tuple[str, bytes, int, str]) -> None:
    """A record that can be stored, or a PortalError."""
    question, body, status, kind = answer

    async def asked() -> Any:
        http = _http(body, status, kind)
        try:
            async with asyncio.timeout(3):
                return await _ask(question, http)()
        except PortalError:
            return None
        finally:
            await http.aclose()

    found = asyncio.run(asked())
    if isinstance(found, Procedure):
        kept = json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False)
        kept.encode()  # half a character cannot be stored
        assert Procedure.from_dict(json.loads(kept)) == found
    elif isinstance(found, Application):
        assert 1 <= found.status <= 10 and found.code
        repr(found).encode()
    elif isinstance(found, Page):
        repr(found).encode()


TARGETS = {"portal": portal_answers}
