"""How iGate and the LGSP write an application: where its records are, and which fields they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.adapters.igate import SEARCH_PATH
from portal.adapters.values import number, records
from portal.check.shapes import COMPACT, ISO, LIST, NUMBER, OBJECT, TEXT, TEXT_OR_NUMBER, Field
from portal.check.wire import Heard
from portal.errors import PortalError, PortalRejected
from portal.models import STATUS_NAMES
from troly.text import fold

_IGATE = (
    Field("code", TEXT, required=True),
    Field("procedure", OBJECT, required=True),
    Field("agency", OBJECT, required=True),
    Field("agency.name", TEXT_OR_NUMBER),
    Field("dossierStatus", OBJECT, required=True),
    Field("dossierStatus.id", NUMBER),
    Field("dossierStatus.comment", TEXT),
    Field("appliedDate", ISO, required=True),
    Field("acceptedDate", ISO),
    Field("appointmentDate", ISO),
    Field("dueDate", ISO),
    Field("completedDate", ISO),
    Field("additionalRequirement.documents", LIST),
    Field("additionalRequirement.documents[]", TEXT),
    Field("additionalRequirement.deadline", ISO),
    Field("financialObligation.amount", NUMBER),
)
_IGATE_OWNER = (
    Field("applicant.data.fullname", TEXT, required=True),
    Field("comments", LIST),
    Field("comments[].createdDate", ISO),
    Field("comments[].content", TEXT, required=True),
    Field("financialObligation.amount", NUMBER),
    Field("financialObligation.paymentGuide", TEXT),
)
_LGSP = (
    Field("MaHoSo", TEXT, required=True),
    Field("MaTTHC", TEXT, required=True),
    Field("TenTTHC", TEXT, required=True),
    Field("TrangThaiHoSo", NUMBER, required=True),
    Field("DonViXuLy", TEXT, required=True),
    Field("KenhThucHien", NUMBER),
    Field("NgayNopHoSo", COMPACT, required=True),
    Field("NgayTiepNhan", COMPACT),
    Field("NgayHenTra", COMPACT),
    Field("NgayKetThucXuLy", COMPACT),
    Field("GhiChu", TEXT),
    Field("DanhSachHoSoBoSung", LIST),
    Field("DanhSachHoSoBoSung[].HanBoSung", COMPACT),
    Field("DanhSachHoSoBoSung[].DanhSachGiayToBoSung", LIST),
    Field("DanhSachHoSoBoSung[].DanhSachGiayToBoSung[].TenGiayTo", TEXT),
    Field("DanhSachLePhi", LIST),
    Field("DanhSachLePhi[].Gia", NUMBER),
)
_LGSP_OWNER = (
    Field("ChuHoSo", TEXT, required=True),
    Field("DanhSachTienTrinh", LIST),
    Field("DanhSachTienTrinh[].ThoiDiemXuLy", COMPACT),
    Field("DanhSachTienTrinh[].NoiDungXuLy", TEXT, required=True),
)


@dataclass(frozen=True, slots=True)
class Dossiers:
    """One of the two services."""

    kind: str
    records_at: str
    fields: tuple[Field, ...]
    owner_fields: tuple[Field, ...]

    def records(self, value: Any) -> list[dict[str, Any]]:
        """The applications of an answer."""
        return records(value.get(self.records_at)) if isinstance(value, dict) else []

    def status_is_known(self, raw: dict[str, Any], known: frozenset[str]) -> str:
        """ "" when the status is told by a known number or word; else the word that is not known."""
        if self.kind == "lgsp":
            stated = number(raw.get("TrangThaiHoSo"))
            return "" if stated in STATUS_NAMES else str(raw.get("TrangThaiHoSo"))
        words = [_name(raw.get("dossierTaskStatus")), _name(raw.get("dossierStatus"))]
        words = [word for word in words if word]
        if any(fold(word).strip(" .") in known for word in words):
            return ""
        return " / ".join(words) or "no word at all"


IGATE = Dossiers("igate", "content", _IGATE, _IGATE_OWNER)
LGSP = Dossiers("lgsp", "result", _LGSP, _LGSP_OWNER)


async def stranger(kind: str, http: Heard, code: str, service_path: str, token: str) -> str:
    """How somebody with this (wrong) token is answered: "" when as it must be, else what was wrong."""
    try:
        if kind == "igate":
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            query = {"page": "0", "size": "10", "spec": "slice", "code": code}
            answer = await http.json("GET", SEARCH_PATH, query=query, headers=headers)
        else:
            body = {"session": token, "madonvi": "", "service": "TraCuuHoSo", "mahoso": code}
            answer = await http.json("POST", service_path, body=body)
    except PortalRejected as error:
        wanted = kind == "igate" and error.status == 401
        return "" if wanted else f"it is answered {error.status}"
    except PortalError as error:
        return str(error)
    if kind == "lgsp" and isinstance(answer, dict) and number(answer.get("error_code")) not in (0, None):
        return ""
    return "it is answered as if it were allowed"


def _name(value: Any) -> str:
    name = value.get("name") if isinstance(value, dict) else value
    if isinstance(name, list):
        name = next((item.get("name") for item in records(name)), "")
    return name if isinstance(name, str) else ""
