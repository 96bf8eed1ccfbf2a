"""The national portal's records with their traps."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.adapters.national_fees import fees, says_free
from portal.adapters.national_record import list_item, list_item_of_detail, procedure
from portal.catalogue_store import list_hash, list_hash_of
from portal.errors import RecordError
from portal.models import Duration, Procedure

Make = Callable[..., dict[str, Any]]
WHEN = datetime(2026, 7, 18, tzinfo=UTC)


def with_time(record: Make, time: Any, unit: str, cases: list[tuple[Any, str]] = ()) -> Duration | None:  # type: ignore[assignment]
    raw = record()
    raw["executionMethods"][0] |= {"processingTime": time, "processingTimeUnit": unit}
    raw["cases"] = [{"name": "", "processingDay": {"qty": qty, "type": kind}} for qty, kind in cases]
    return procedure(raw, WHEN).methods[0].time


def test_a_plain_record_is_mapped(record: Make) -> None:
    found = procedure(record(), WHEN, "http://127.0.0.1:8010/")
    assert (found.code, found.field, found.levels) == ("1.000001", "Lĩnh vực mẫu", ("province", "commune"))
    assert found.agencies == ("UBND cấp xã",)
    assert found.methods[0].fees[0].amount == 8000 and found.methods[0].fees[0].currency == "VND"
    assert [step.name for step in found.steps] == ["Bước 1", "Bước 2"]
    assert found.cases[0].documents[0].forms[0].url == (
        "http://127.0.0.1:8010/api/v1/files/configuring/f1/M%E1%BA%ABu%201.doc"
    )
    assert found.source_url == f"https://dichvucong.gov.vn/thu-tuc-hanh-chinh/{found.id}"
    assert found.decision == "1/QĐ-BM" and found.name_en is None and found.as_of == WHEN


def test_spaces_and_newlines_in_codes_and_names_are_cleaned(record: Make) -> None:
    found = procedure(record(code=" 1.014325", name="Cấp\n  giấy \u200bphép"), WHEN)
    assert (found.code, found.name) == ("1.014325", "Cấp giấy phép")


def test_the_english_name_of_the_demo_portal_is_kept(record: Make) -> None:
    assert procedure(record(nameEn="Birth registration"), WHEN).name_en == "Birth registration"


@pytest.mark.parametrize(
    ("time", "unit", "cases", "expected"),
    [
        (5, "WORKING_DAY", [], Duration(5, "WORKING_DAY")),
        (0.5, "WORKING_DAY", [], Duration(0.5, "WORKING_DAY")),
        ("7", "DAY", [], Duration(7, "DAY")),
        (10, "WORKING_DAY", [(20, "DAY")], Duration(10, "WORKING_DAY")),
        (5, "OTHER", [(10, "WORKING_DAY")], Duration(10, "WORKING_DAY")),
        (0, "OTHER", [(2, "OTHER"), (0, "DAY")], None),
        ("0", "OTHER", [], None),
        ("-", "OTHER", [], None),
        ("Theo mô tả", "OTHER", [(3, "HOUR")], Duration(3, "HOUR")),
        (
            "Không phải trả kết quả cho người nộp thuế",
            "OTHER",
            [(3, "DAY")],
            Duration(None, "OTHER", "Không phải trả kết quả cho người nộp thuế"),
        ),
        (1, "OTHER", [(5, "WORKING_DAY"), (1, "DAY")], Duration(None, "OTHER", "5 ngày làm việc; 1 ngày")),
        (None, "CENTURY", [], None),
    ],
)
def test_times_are_read_in_every_form(
    record: Make, time: Any, unit: str, cases: list[tuple[Any, str]], expected: Duration | None
) -> None:
    assert with_time(record, time, unit, cases) == expected


@pytest.mark.parametrize(
    ("value", "note", "currency", "amount", "stated"),
    [
        (0, "", None, 0, "VND"),
        (0, "Miễn phí", None, 0, "VND"),
        (0, "- Miễn lệ phí (Thông tư số 47/2019/TT-BTC).", None, 0, "VND"),
        (0, "Không có", None, 0, "VND"),
        (0, "Theo quy định của Bộ Tài chính", None, None, ""),
        (0, "Chưa có quy định", None, None, ""),
        (0, "Không quy định", None, None, ""),
        (0, "Mức lệ phí do HĐND tỉnh quyết định. Miễn lệ phí cho hộ nghèo", None, None, ""),
        (0, "Miễn phí đối với người cao tuổi", None, None, ""),
        (0, "Không thu phí; lệ phí 150.000 đồng/hồ sơ", None, None, ""),
        (None, "Do Hội đồng nhân dân tỉnh quy định", None, None, ""),
        (155, "", "USD", 155, "USD"),
        (155, "Thẻ có thời hạn: 155 USD/thẻ", None, 155, "USD"),
        (35000000, "35.000.000 đồng/lần gia hạn", None, 35000000, "VND"),
        (25, "25.000.000đ/giấy", None, None, ""),
        (8000, "", None, 8000, ""),
        ("7000", "", "Việt Nam Đồng", 7000, "VND"),
    ],
)
def test_a_fee_says_what_the_portal_says_and_no_more(
    value: Any, note: str, currency: str | None, amount: int | None, stated: str
) -> None:
    (fee,) = fees([{"type": "FEE", "value": value, "currencyName": currency, "description": note}])
    assert (fee.amount, fee.currency, fee.note) == (amount, stated, note)


def test_an_exemption_is_free_only_beside_the_fee_of_the_others() -> None:
    exemption = {"type": "FEE", "value": 0, "description": "Miễn phí đối với người cao tuổi"}
    charged = {"type": "FEE", "value": 7000, "currencyName": "Việt Nam Đồng"}
    assert [fee.amount for fee in fees([charged, exemption])] == [7000, 0]
    assert [fee.amount for fee in fees([exemption])] == [None]
    assert says_free("Miễn phí") and not says_free("Theo quy định")


def test_nulls_and_rubbish_in_lists_are_passed_over(record: Make) -> None:
    raw = record(
        unitGroupsExecuting=[None, {"name": "Sở Mẫu"}, 7],
        executionCases=[None, {"name": "", "profileComponents": [None, {"name": ""}]}],
        legalBasisesDetails=None,
        resultsDetails="none",
        executionSteps=[{"name": None, "description": None}],
        procedureProposal=None,
        updatedAt="yesterday",
    )
    raw["executionMethods"].append({"submissionMethod": "ONLINE", "fees": None})
    found = procedure(raw, WHEN)
    assert found.agencies == ("Sở Mẫu", "UBND cấp xã")
    assert found.cases == () and found.steps == () and found.updated_at is None
    assert found.online == "partial"


@pytest.mark.parametrize(
    ("kind", "issuer", "province"),
    [
        ("STANDARD", "Bộ Tư pháp", None),
        ("STANDARD", "UBND tỉnh Đắk Lắk", None),
        ("STANDARD_INTERNAL", "Bộ Công thương", None),
        ("STANDARD_INTERNAL", "UBND tỉnh Lào Cai", "Lào Cai"),
        ("SPECIFIC", "UBND tỉnh Quảng Ninh", "Quảng Ninh"),
        ("SPECIFIC", "UBND Thành phố Hồ Chí Minh", "Hồ Chí Minh"),
        ("SPECIFIC", "Trung tâm phục vụ hành chính công Thành phố Hà Nội", "Hà Nội"),
        ("SPECIFIC", "Sở Xây dựng - tỉnh Quảng Ngãi", "Quảng Ngãi"),
    ],
)
def test_the_issuing_province_is_known(record: Make, kind: str, issuer: str, province: str | None) -> None:
    assert procedure(record(type=kind, departmentPromulgateName=issuer), WHEN).province == province


@pytest.mark.parametrize("raw", [None, [], "x", {}, {"id": "1", "code": " ", "name": "x"}])
def test_a_record_without_identity_is_refused_with_a_reason(raw: Any) -> None:
    with pytest.raises(RecordError, match=r"^no"):
        procedure(raw, WHEN)


def test_the_row_made_from_a_record_has_the_fingerprint_of_the_record(record: Make) -> None:
    raw = record()
    assert list_hash(list_item(list_item_of_detail(raw))) == list_hash_of(procedure(raw, WHEN))


@pytest.mark.shared
def test_every_sample_is_mapped(shared: Path) -> None:
    found = {}
    for path in sorted((shared / "portal_samples").glob("detail_*.json")):
        data = json.loads(path.read_bytes())["data"]
        found[data["code"].strip()] = procedure(data, WHEN)
    assert len(found) == 29
    birth, residence = found["1.001193"], found["1.004194"]
    assert birth.name == "Thủ tục đăng ký khai sinh" and birth.levels == ("commune",)
    assert len(birth.legal_bases) == 15 and sum(len(case.documents) for case in birth.cases) == 33
    assert [[fee.amount for fee in method.fees] for method in residence.methods] == [
        [7000, 5000, 0],
        [10000, 15000, 0],
    ]
    assert sum(len(document.forms) for case in residence.cases for document in case.documents) == 3
    assert found["2.000806"].methods[0].time == Duration(10, "WORKING_DAY")
    assert {fee.currency for method in found["1.003460"].methods for fee in method.fees} == {"USD"}


@pytest.mark.shared
def test_every_sample_row_of_the_list_is_mapped(shared: Path) -> None:
    page = json.loads((shared / "portal_samples" / "list_page.json").read_bytes())
    items = [list_item(raw) for raw in page["data"]["items"]]
    assert len(items) == 50 and items[0].code == "3.000616" and items[0].province == "Huế"


@pytest.mark.shared
def test_all_procedures_of_the_portal_are_mapped_and_stored_without_loss(shared: Path) -> None:
    path = shared / "data" / "portal_details.jsonl.gz"
    if not path.is_file():
        pytest.skip("portal_details.jsonl.gz is not there")
    served = elsewhere = 0
    with gzip.open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            raw = json.loads(line)
            found = procedure(raw, WHEN)
            where = f"line {number}, {found.code}"
            assert Procedure.from_dict(json.loads(json.dumps(found.to_dict()))) == found, where
            assert len(found.methods) == len(raw["executionMethods"]), where
            named = sum(
                bool(item["name"].strip())
                for case in raw["executionCases"]
                for item in case["profileComponents"]
            )
            assert sum(len(case.documents) for case in found.cases) == named, where
            for method in found.methods:
                assert all(fee.amount is None or fee.amount >= 0 for fee in method.fees), where
                assert method.time is None or (method.time.value or 0) > 0 or method.time.text, where
            if found.province in (None, "Quảng Ninh"):
                served += 1
            else:
                elsewhere += 1
    assert (served, elsewhere) == (4753, 912)
