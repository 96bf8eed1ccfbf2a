"""The format of the demo portal's data files, checked when they are read."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]\.[0-9]{6,9}$")]
Moment = datetime | date


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class TimeData(_Part):
    """A time limit; a note alone where there is no number."""

    value: float = Field(default=0, ge=0)
    unit: Literal["WORKING_DAY", "DAY", "HOUR", "MONTH", "YEAR", "OTHER"] = "OTHER"
    note: str = ""


class FeeData(_Part):
    """A fee; amount null where it is not known."""

    type: Literal["FEE", "SERVICE_FEE", "PRICE_LEVEL"] = "FEE"
    amount: int | None = Field(default=None, ge=0)
    currency: Literal["VND", "USD"] = "VND"
    note: str = ""


class MethodData(_Part):
    """A way to submit."""

    channel: Literal["DIRECT", "ONLINE", "POSTAL"]
    time: TimeData | None = None
    fees: list[FeeData] = []
    note: str = ""


class DocumentData(_Part):
    """A required document; form is the file name of its form."""

    name: Text
    originals: int = Field(default=1, ge=0)
    copies: int = Field(default=0, ge=0)
    form: str = ""


class CaseData(_Part):
    """A case with its documents."""

    name: str = ""
    documents: list[DocumentData] = []


class LegalBasisData(_Part):
    """A legal document."""

    code: Text
    name: Text


class ProcedureData(_Part):
    """One procedure of procedures/<field>.yml."""

    code: Code
    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    name: Text
    name_en: Text
    field: Text
    levels: list[Literal["ministry", "province", "commune"]] = []
    issuer: Text
    agencies: list[Text] = []
    receiving_address: str = ""
    subjects: list[Text] = []
    online: Literal["full", "partial", "none"]
    methods: list[MethodData] = Field(min_length=1)
    cases: list[CaseData] = []
    steps: list[Text] = []
    requirements: list[Text] = []
    results: list[Text] = []
    legal_basis: list[LegalBasisData] = []
    decision: str = ""


class OwnerData(_Part):
    """The fictitious owner of an application. Only the owner may see anything of it: the masked name."""

    name: Text
    id_number: Text
    phone: Text


class SupplementData(_Part):
    """What the owner is asked to add."""

    documents: list[Text] = []
    note: str = ""
    by_in_days: int | None = None
    by: Moment | None = None


class FeeDueData(_Part):
    """What the owner is asked to pay, in VND."""

    amount: int | None = Field(default=None, gt=0)
    note: str = ""
    how: str = "Nộp qua Cổng Dịch vụ công (mục Thanh toán trực tuyến) hoặc tại nơi nhận hồ sơ."


class EventData(_Part):
    """An event in an application's history."""

    status: int = Field(ge=1, le=10)
    at: Moment | None = None
    at_in_days: int | None = None
    note: str = ""


class ApplicationData(_Part):
    """One application of applications.yml. Days count from the day on which the demo portal starts."""

    code: Text
    procedure: Code
    status: int = Field(ge=1, le=10)
    agency: Text
    agency_code: str = ""
    channel: Literal["DIRECT", "ONLINE", "POSTAL"]
    owner: OwnerData
    applied: Moment | None = None
    applied_in_days: int | None = None
    accepted: Moment | None = None
    accepted_in_days: int | None = None
    due: Moment | None = None
    due_in_days: int | None = None
    completed: Moment | None = None
    completed_in_days: int | None = None
    supplement: SupplementData | None = None
    fee_due: FeeDueData | None = None
    refusal: str = ""
    history: list[EventData] = []
