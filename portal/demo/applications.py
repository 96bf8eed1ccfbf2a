"""Fictitious applications of the demo portal, and how iGate and the LGSP show them.

Both formats carry the owner's name, number and phone, as the real ones do, so that the adapters have
something to protect.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from portal.demo.schema import ApplicationData, Moment
from portal.models import STATUS_NAMES
from troly.clock import VIETNAM, today

# What usually comes next; 3, 7, 8 and 10 are final.
_NEXT = {1: 2, 2: 4, 4: 9, 5: 4, 6: 4, 9: 10}
_CHANNELS = {"DIRECT": (1, "Trực tiếp"), "ONLINE": (0, "Trực tuyến"), "POSTAL": (2, "Bưu chính công ích")}
_LGSP_CHANNELS = {"DIRECT": "1", "ONLINE": "2", "POSTAL": "3"}


class DemoApplication:
    """One application, whose status can move."""

    def __init__(self, data: ApplicationData, procedure_name: str, started: datetime) -> None:
        self.data = data
        self.procedure_name = procedure_name
        self.status = data.status
        self.applied = _moment(data.applied, data.applied_in_days, started, hour=8)
        self.accepted = _moment(data.accepted, data.accepted_in_days, started, hour=9)
        self.due = _moment(data.due, data.due_in_days, started, hour=17)
        self.completed = _moment(data.completed, data.completed_in_days, started, hour=16)
        supplement = data.supplement
        self.supplement_by = (
            _moment(supplement.by, supplement.by_in_days, started, hour=17) if supplement else None
        )

    def advance(self) -> bool:
        """Move to the next status; False when the application is at its end."""
        if self.status not in _NEXT:
            return False
        self.status = _NEXT[self.status]
        if self.status == 2:
            self.accepted = self.accepted or today()
            self.due = self.due or today() + timedelta(days=5)
        if self.status >= 9:
            self.completed = self.completed or today()
        return True

    def igate(self) -> dict[str, Any]:
        """As GET /pa/dossier-search/dvc shows it."""
        data = self.data
        number, channel = _CHANNELS[data.channel]
        shown: dict[str, Any] = {
            "id": data.code,
            "code": data.code,
            "dossierStatus": {"id": self._igate_id(), "name": self._name, "comment": self._comment()},
            "applicant": {
                "data": {
                    "fullname": data.owner.name,
                    "identityNumber": data.owner.id_number,
                    "phoneNumber": data.owner.phone,
                }
            },
            "procedure": {
                "code": data.procedure,
                "translate": [{"languageId": 228, "name": self.procedure_name}],
            },
            "agency": {"code": data.agency_code, "name": data.agency},
            "applyMethod": {"id": number, "name": channel},
            "appliedDate": _iso(self.applied),
            "acceptedDate": _iso(self.accepted),
            "appointmentDate": _iso(self.due),
            "completedDate": _iso(self.completed),
            "statusCurrentTask": self._name,
            "dossierTaskStatus": {"id": f"{self.status:024d}", "name": self._name},
            "undefindedCompleteTime": 0,
        }
        # Not seen in public code of iGate; the adapter treats both as optional.
        if self.status == 5 and data.supplement:
            shown["additionalRequirement"] = {
                "documents": data.supplement.documents,
                "content": data.supplement.note,
                "deadline": _iso(self.supplement_by),
            }
        if self.status == 6 and data.fee_due:
            shown["financialObligation"] = {"amount": data.fee_due.amount, "content": data.fee_due.note}
        return shown

    def lgsp(self) -> dict[str, Any]:
        """As TraCuuHoSo shows it."""
        data = self.data
        shown: dict[str, Any] = {
            "MaHoSo": data.code,
            "MaTTHC": data.procedure,
            "TenTTHC": self.procedure_name,
            "KenhThucHien": _LGSP_CHANNELS[data.channel],
            "ChuHoSo": data.owner.name,
            "SoDienThoai": data.owner.phone,
            "DinhDanhCHS": [{"LoaiDinhDanh": 1, "SoDinhDanh": data.owner.id_number}],
            "NgayNopHoSo": _compact(self.applied),
            "NgayTiepNhan": _compact(self.accepted),
            "NgayHenTra": _compact(self.due),
            "NgayKetThucXuLy": _compact(self.completed),
            "TrangThaiHoSo": str(self.status),
            "DonViXuLy": data.agency,
            "GhiChu": self._comment(),
            "DanhSachHoSoBoSung": [],
            "DanhSachLePhi": [],
        }
        if self.status == 5 and data.supplement:
            shown["DanhSachHoSoBoSung"] = [
                {
                    "NoiDungBoSung": data.supplement.note,
                    "HanBoSung": _compact(self.supplement_by),
                    "DanhSachGiayToBoSung": [{"TenGiayTo": name} for name in data.supplement.documents],
                }
            ]
        if self.status == 6 and data.fee_due and data.fee_due.amount:
            shown["DanhSachLePhi"] = [{"TenPhiLePhi": data.fee_due.note, "Gia": str(data.fee_due.amount)}]
        return shown

    @property
    def _name(self) -> str:
        return STATUS_NAMES[self.status]

    def _igate_id(self) -> int:
        return {1: 0, 9: 4, 10: 4}.get(self.status, 2)

    def _comment(self) -> str:
        data = self.data
        if self.status in (3, 8):
            return data.refusal
        if self.status == 5 and data.supplement:
            return data.supplement.note
        if self.status == 6 and data.fee_due:
            return data.fee_due.note
        return ""


class Applications:
    """All applications of the demo portal by code."""

    def __init__(self, data: Iterable[ApplicationData] = (), names: dict[str, str] | None = None) -> None:
        started = today()
        known = names or {}
        self._by_code = {
            item.code: DemoApplication(item, known.get(item.procedure, ""), started) for item in data
        }

    def __len__(self) -> int:
        return len(self._by_code)

    def find(self, code: str) -> DemoApplication | None:
        """The application with exactly this code."""
        return self._by_code.get(code.strip().upper())

    def codes(self) -> list[dict[str, Any]]:
        """Code and status of each."""
        return [{"code": code, "status": item.status} for code, item in sorted(self._by_code.items())]


def _moment(stated: Moment | None, days: int | None, started: datetime, hour: int) -> datetime | None:
    if isinstance(stated, datetime):
        return stated if stated.tzinfo else stated.replace(tzinfo=VIETNAM)
    day: date | None = stated
    if day is None and days is not None:
        day = (started + timedelta(days=days)).date()
    return None if day is None else datetime.combine(day, time(hour), VIETNAM)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M:%S.000%z")


def _compact(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(VIETNAM).strftime("%Y%m%d%H%M%S")
