"""How iGate and the LGSP show an application of the demo portal, to anybody and to its owner."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from portal.models import STATUS_NAMES
from troly.clock import VIETNAM

if TYPE_CHECKING:
    from portal.demo.applications import DemoApplication

_CHANNELS = {"DIRECT": (1, "Trực tiếp"), "ONLINE": (0, "Trực tuyến"), "POSTAL": (2, "Bưu chính công ích")}
_LGSP_CHANNELS = {"DIRECT": "1", "ONLINE": "2", "POSTAL": "3"}


def igate(one: DemoApplication) -> dict[str, Any]:
    """As GET /pa/dossier-search/dvc shows it."""
    data, name = one.data, STATUS_NAMES[one.status]
    number, channel = _CHANNELS[data.channel]
    shown: dict[str, Any] = {
        "id": data.code,
        "code": data.code,
        "dossierStatus": {
            "id": {1: 0, 9: 4, 10: 4}.get(one.status, 2),
            "name": name,
            "comment": _comment(one),
        },
        "applicant": {
            "data": {
                "fullname": data.owner.name,
                "identityNumber": data.owner.id_number,
                "phoneNumber": data.owner.phone,
            }
        },
        "procedure": {
            "code": data.procedure,
            "translate": [{"languageId": 228, "name": one.procedure_name}],
        },
        "agency": {"code": data.agency_code, "name": data.agency},
        "applyMethod": {"id": number, "name": channel},
        "appliedDate": _iso(one.applied),
        "acceptedDate": _iso(one.accepted),
        "appointmentDate": _iso(one.due),
        "completedDate": _iso(one.completed),
        "statusCurrentTask": name,
        "dossierTaskStatus": {"id": f"{one.status:024d}", "name": name},
        "undefindedCompleteTime": 0,
    }
    # Not seen in public code of iGate; the adapter treats both as optional.
    if one.status == 5 and one.supplement:
        shown["additionalRequirement"] = {
            "documents": one.supplement.documents,
            "content": one.supplement.note,
            "deadline": _iso(one.supplement_by),
        }
    if one.status == 6 and one.fee_due:
        shown["financialObligation"] = {"amount": one.fee_due.amount, "content": one.fee_due.note}
    return shown


def igate_owner(one: DemoApplication) -> dict[str, Any]:
    """As POST /pa/dossier-search/dvc/verify shows it."""
    shown = igate(one)
    shown["comments"] = [{"createdDate": _iso(at), "content": note} for at, note in one.messages()]
    if one.fee_due and one.status == 6:
        shown["financialObligation"]["paymentGuide"] = one.fee_due.how
    return shown


def lgsp(one: DemoApplication) -> dict[str, Any]:
    """As TraCuuHoSo shows it."""
    data = one.data
    shown: dict[str, Any] = {
        "MaHoSo": data.code,
        "MaTTHC": data.procedure,
        "TenTTHC": one.procedure_name,
        "KenhThucHien": _LGSP_CHANNELS[data.channel],
        "ChuHoSo": data.owner.name,
        "SoDienThoai": data.owner.phone,
        "DinhDanhCHS": [{"LoaiDinhDanh": 1, "SoDinhDanh": data.owner.id_number}],
        "NgayNopHoSo": _compact(one.applied),
        "NgayTiepNhan": _compact(one.accepted),
        "NgayHenTra": _compact(one.due),
        "NgayKetThucXuLy": _compact(one.completed),
        "TrangThaiHoSo": str(one.status),
        "DonViXuLy": data.agency,
        "GhiChu": _comment(one),
        "DanhSachHoSoBoSung": [],
        "DanhSachLePhi": [],
    }
    if one.status == 5 and one.supplement:
        shown["DanhSachHoSoBoSung"] = [
            {
                "NoiDungBoSung": one.supplement.note,
                "HanBoSung": _compact(one.supplement_by),
                "DanhSachGiayToBoSung": [{"TenGiayTo": name} for name in one.supplement.documents],
            }
        ]
    if one.status == 6 and one.fee_due and one.fee_due.amount:
        shown["DanhSachLePhi"] = [
            {
                "TenPhiLePhi": one.fee_due.note,
                "Gia": str(one.fee_due.amount),
                "HinhThucThu": one.fee_due.how,
            }
        ]
    return shown


def lgsp_owner(one: DemoApplication) -> dict[str, Any]:
    """As TraCuuHccPortal shows it."""
    entries = [{"ThoiDiemXuLy": _compact(at), "NoiDungXuLy": note} for at, note in one.messages()]
    return lgsp(one) | {"DanhSachTienTrinh": entries}


def _comment(one: DemoApplication) -> str:
    if one.status in (3, 8):
        return one.data.refusal
    if one.status == 5 and one.supplement:
        return one.supplement.note
    if one.status == 6 and one.fee_due:
        return one.fee_due.note
    return ""


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M:%S.000%z")


def _compact(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")
