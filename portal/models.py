"""What the portal knows, in our words: frozen, typed, and storable as JSON. No personal data."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, cast, get_args

TimeUnit = Literal["WORKING_DAY", "DAY", "HOUR", "MONTH", "YEAR", "OTHER"]
Currency = Literal["VND", "USD", ""]
Channel = Literal["DIRECT", "ONLINE", "POSTAL"]
Level = Literal["ministry", "province", "commune"]
Online = Literal["full", "partial", "none"]

TIME_UNITS: tuple[TimeUnit, ...] = get_args(TimeUnit)
CHANNELS: tuple[Channel, ...] = get_args(Channel)
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True, slots=True)
class Duration:
    """A time limit, in `unit`; value None where the portal states it in words, which are in text."""

    value: float | None
    unit: TimeUnit
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee. kind is FEE (phí), SERVICE_FEE (lệ phí) or PRICE_LEVEL (giá), as the portal says.

    amount is in `currency`; 0 means free; None: the portal states no number (the note may say more).
    """

    kind: str
    amount: int | None
    currency: Currency
    note: str


@dataclass(frozen=True, slots=True)
class Method:
    """One way to submit (may occur twice in a procedure, for different cases)."""

    channel: Channel
    time: Duration | None
    fees: tuple[Fee, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form to download."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Document:
    """A required document; 0 originals and 0 copies usually mark a remark rather than a paper."""

    name: str
    code: str
    originals: int
    copies: int
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A case (trường hợp) and its documents; the name is empty where the procedure has only one."""

    name: str
    documents: tuple[Document, ...]
    time: Duration | None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the procedure; the name may be empty."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A legal document; code is its number (60/2014/QH13)."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """An administrative procedure as the portal publishes it.

    province is None for national procedures, else the province that issued it ("Quảng Ninh").
    updated_at is the portal's own date of change; as_of is when this copy was read from the portal.
    """

    id: str
    code: str
    name: str
    name_en: str | None
    field: str
    type: str
    levels: tuple[Level, ...]
    issuer: str
    agencies: tuple[str, ...]
    receiving_address: str
    subjects: tuple[str, ...]
    methods: tuple[Method, ...]
    cases: tuple[Case, ...]
    steps: tuple[Step, ...]
    requirements: str
    results: tuple[str, ...]
    legal_bases: tuple[LegalBasis, ...]
    online: Online
    decision: str
    updated_at: datetime | None
    as_of: datetime
    source_url: str
    province: str | None
    withdrawn: bool = False

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values; times as ISO 8601."""
        return cast(dict[str, Any], _plain(self))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Procedure:
        """The procedure that to_dict wrote. Raises KeyError or ValueError for anything else."""
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        values["levels"] = tuple(values["levels"])
        values["agencies"] = tuple(values["agencies"])
        values["subjects"] = tuple(values["subjects"])
        values["results"] = tuple(values["results"])
        values["methods"] = tuple(_method(item) for item in values["methods"])
        values["cases"] = tuple(_case(item) for item in values["cases"])
        values["steps"] = tuple(Step(**item) for item in values["steps"])
        values["legal_bases"] = tuple(LegalBasis(**item) for item in values["legal_bases"])
        values["updated_at"] = _time(values["updated_at"])
        values["as_of"] = datetime.fromisoformat(values["as_of"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class ListItem:
    """A row of the portal's list: enough to decide whether the details must be read again."""

    id: str
    code: str
    name: str
    type: str
    state: str
    issuer: str
    fields: tuple[str, ...]
    province: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list; next is the cursor of the following page, None on the last one."""

    items: tuple[ListItem, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Supplement:
    """What the agency asks the applicant to add, and until when."""

    documents: tuple[str, ...]
    note: str
    by: datetime | None


@dataclass(frozen=True, slots=True)
class FeeDue:
    """What the applicant has to pay now, in VND; amount None where the portal names no sum."""

    amount: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Application:
    """A citizen's application without any personal data.

    status is one of the ten national codes (1 just registered … 10 result returned, see STATUS_NAMES);
    status_text is the word of the province's own system. channel is DIRECT, ONLINE, POSTAL or empty.
    """

    code: str
    procedure_code: str
    procedure_name: str
    status: int
    status_text: str
    agency: str
    channel: str
    applied_at: datetime | None
    accepted_at: datetime | None
    due_at: datetime | None
    completed_at: datetime | None
    supplement: Supplement | None
    fee_due: FeeDue | None
    refusal: str
    as_of: datetime
    source_url: str

    def to_dict(self) -> dict[str, Any]:
        """All fields as JSON values; times as ISO 8601."""
        return cast(dict[str, Any], _plain(self))


STATUS_NAMES: dict[int, str] = {
    1: "Mới đăng ký",
    2: "Được tiếp nhận",
    3: "Không được tiếp nhận",
    4: "Đang xử lý",
    5: "Yêu cầu bổ sung giấy tờ",
    6: "Yêu cầu thực hiện nghĩa vụ tài chính",
    7: "Công dân yêu cầu rút hồ sơ",
    8: "Dừng xử lý",
    9: "Đã xử lý xong",
    10: "Đã trả kết quả",
}
"""The ten statuses of the national data standard for applications."""


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return {name: _plain(getattr(value, name)) for name in value.__slots__}


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _duration(data: dict[str, Any] | None) -> Duration | None:
    return None if data is None else Duration(**data)


def _method(data: dict[str, Any]) -> Method:
    fees = tuple(Fee(**fee) for fee in data["fees"])
    return Method(data["channel"], _duration(data["time"]), fees, data["note"])


def _case(data: dict[str, Any]) -> Case:
    documents = tuple(
        Document(**(item | {"forms": tuple(Form(**form) for form in item["forms"])}))
        for item in data["documents"]
    )
    return Case(data["name"], documents, _duration(data["time"]))
