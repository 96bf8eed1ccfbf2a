"""Reading the demo portal's data files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from portal.adapters.national_record import procedure
from portal.demo.app import OWN_DATA
from portal.demo.records import load_applications, load_procedures, read_procedures, wire
from portal.errors import DataErrors
from troly.clock import now

ENTRY: dict[str, Any] = {
    "code": "1.000001",
    "id": "00000000-0000-7000-8000-000000000001",
    "name": "Đăng ký mẫu",
    "name_en": "Sample registration",
    "field": "Hộ tịch",
    "levels": ["commune"],
    "issuer": "Bộ Tư pháp",
    "agencies": ["UBND cấp xã"],
    "online": "partial",
    "methods": [
        {
            "channel": "DIRECT",
            "time": {"value": 3, "unit": "WORKING_DAY", "note": "Trả ngay nếu nhận trước 15 giờ."},
            "fees": [{"type": "SERVICE_FEE", "amount": None, "note": "Do HĐND tỉnh quy định."}],
        },
        {"channel": "ONLINE", "time": {"unit": "OTHER", "note": "Tùy từng trường hợp."}},
    ],
    "cases": [
        {
            "name": "Lần đầu",
            "documents": [{"name": "Tờ khai", "originals": 1, "copies": 0, "form": "to-khai.doc"}],
        }
    ],
    "steps": ["Nộp hồ sơ.", "Nhận kết quả."],
    "requirements": ["Đủ 18 tuổi."],
    "results": ["Giấy chứng nhận"],
    "legal_basis": [{"code": "60/2014/QH13", "name": "Luật Hộ tịch"}],
}


def write(directory: Path, entries: Any, applications: Any = None) -> Path:
    (directory / "procedures").mkdir(exist_ok=True)
    (directory / "procedures" / "a.yml").write_text(
        yaml.safe_dump(entries, allow_unicode=True), encoding="utf-8"
    )
    if applications is not None:
        (directory / "applications.yml").write_text(
            yaml.safe_dump(applications, allow_unicode=True), encoding="utf-8"
        )
    return directory


def test_what_is_written_is_what_the_client_reads(tmp_path: Path) -> None:
    (raw,) = load_procedures(write(tmp_path, [ENTRY]))
    found = procedure(raw, now())
    assert (found.name_en, found.levels, found.online) == ("Sample registration", ("commune",), "partial")
    assert [step.text for step in found.steps] == ENTRY["steps"]
    direct, online = found.methods
    assert direct.time is not None and (direct.time.value, direct.note) == (
        3,
        "Trả ngay nếu nhận trước 15 giờ.",
    )
    assert direct.fees[0].amount is None and direct.fees[0].note == "Do HĐND tỉnh quy định."
    assert online.time is not None and (online.time.value, online.time.text) == (None, "Tùy từng trường hợp.")
    assert found.cases[0].documents[0].forms[0].name == "to-khai.doc"


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    wrong = ENTRY | {"code": "1.000002", "online": "sometimes", "levels": ["village"], "extra": 1}
    write(tmp_path, [ENTRY, wrong, ENTRY, "text"])
    with pytest.raises(DataErrors) as caught:
        load_procedures(tmp_path)
    told = "\n".join(caught.value.errors)
    for part in (
        "1.000002: online",
        "1.000002: levels.0",
        "1.000002: extra",
        "1.000001 is also in",
        "entry 4",
    ):
        assert part in told
    assert all(error.startswith("a.yml: ") for error in caught.value.errors)


def test_a_broken_file_is_one_mistake(tmp_path: Path) -> None:
    (tmp_path / "bad.yml").write_text("- {", encoding="utf-8")
    with pytest.raises(DataErrors, match=r"bad\.yml: not YAML"):
        load_procedures(tmp_path)


def test_applications_must_have_a_good_code_and_a_known_procedure(tmp_path: Path) -> None:
    owner = {"name": "A", "id_number": "0", "phone": "0"}
    entry = {"procedure": "9.999999", "status": 4, "agency": "UBND", "channel": "ONLINE", "owner": owner}
    write(tmp_path, [ENTRY], [entry | {"code": "H49.08-251332-0001"}])
    with pytest.raises(DataErrors) as caught:
        load_applications(tmp_path, {"1.000001": "x"})
    assert len(caught.value.errors) == 2


def test_our_own_data_survives_the_way_through_the_wire() -> None:
    if not (OWN_DATA / "procedures").is_dir():
        pytest.skip("the demo portal has no data yet")
    entries, errors = read_procedures(OWN_DATA)
    assert not errors and entries
    for entry in entries:
        found = procedure(wire(entry), now())
        assert (found.code, found.name_en, found.online) == (entry.code, entry.name_en, entry.online)
        assert len(found.methods) == len(entry.methods) and len(found.legal_bases) == len(
            entry.legal_basis
        ), entry.code
        assert sum(len(case.documents) for case in found.cases) == sum(
            len(case.documents) for case in entry.cases
        )
        for written, read in zip(entry.methods, found.methods, strict=True):
            if written.time and written.time.value and written.time.unit != "OTHER":
                assert read.time is not None and read.time.value == written.time.value, entry.code
            for fee, seen in zip(written.fees, read.fees, strict=True):
                assert seen.note == fee.note.strip() and seen.amount in (fee.amount, None), entry.code
