"""The local copy: what is served, what an import changes."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.catalogue import Catalogue
from portal.models import Procedure
from troly.clock import now
from troly.database import async_engine
from troly.errors import UsageError
from troly.tables.catalogue import CatalogueProcedure

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def catalogue(engine: AsyncEngine) -> Catalogue:
    return Catalogue(engine, "Tỉnh Quảng Ninh")


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Path]:
    """Writes a catalogue file; text stands as it is."""

    def write(*records: Any, name: str = "records.jsonl") -> Path:
        text = "".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in records)
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write


async def test_an_imported_procedure_comes_back_whole(catalogue: Catalogue, record: Make, lines: Any) -> None:
    report = await catalogue.import_file(lines(record(1), record(2), name="records.jsonl.gz"))
    assert (report.read, report.added, report.failures) == (2, 2, [])
    found = await catalogue.get("1.000001.000.00.00.H49")
    assert found is not None and found.name == "Cấp giấy phép mẫu số 1" and not found.withdrawn
    assert found.cases[0].documents[0].name == "Đơn đề nghị"
    assert found.updated_at == datetime.fromtimestamp(1_770_000_000.001, UTC)
    assert await catalogue.identity("1.000001.000.00.00.H49") == found.id
    assert await catalogue.get("1.999999") is await catalogue.identity("1.999999") is None


async def test_the_date_of_an_import_is_what_the_file_proves_or_what_is_said(
    catalogue: Catalogue, record: Make, lines: Any
) -> None:
    path = lines(record(1), record(2))
    await catalogue.import_file(path)
    found = await catalogue.get("1.000001")
    assert found is not None and found.as_of == datetime.fromtimestamp(1_770_000_000.002, UTC)
    said = datetime(2026, 7, 18, tzinfo=UTC)
    report = await catalogue.import_file(path, as_of=said)
    found = await catalogue.get("1.000001")
    assert found is not None and found.as_of == said and report.unchanged == 2


async def test_a_second_import_touches_nothing(catalogue: Catalogue, record: Make, lines: Any) -> None:
    path = lines(*(record(number) for number in range(1, 6)))
    await catalogue.import_file(path)
    report = await catalogue.import_file(path)
    assert (report.unchanged, report.added, report.changed) == (5, 0, 0)


async def test_only_what_changed_is_written(catalogue: Catalogue, record: Make, lines: Any) -> None:
    await catalogue.import_file(lines(record(1), record(2)))
    before = await catalogue.fingerprint()
    later = record(1, requirementsAndConditions="Đủ 18 tuổi.", updatedAt=1_780_000_000_000)
    report = await catalogue.import_file(lines(later, record(2)))
    found = await catalogue.get("1.000001")
    assert (report.changed, report.unchanged) == (1, 1)
    assert found is not None and found.requirements == "Đủ 18 tuổi."
    assert await catalogue.fingerprint() == before
    await catalogue.import_file(lines(later | {"name": "Tên mới", "updatedAt": 1_780_000_000_001}))
    assert await catalogue.fingerprint() != before


async def test_lists_in_another_order_are_no_change(catalogue: Catalogue, record: Make, lines: Any) -> None:
    two = [{"id": "a", "name": "Một"}, {"id": "b", "name": "Hai"}]
    bases = [{"id": "a", "name": "Luật A", "code": "1"}, {"id": "b", "name": "Luật B", "code": "2"}]
    await catalogue.import_file(lines(record(1, resultsDetails=two, legalBasisesDetails=bases)))
    report = await catalogue.import_file(
        lines(record(1, resultsDetails=two[::-1], legalBasisesDetails=bases[::-1]))
    )
    assert (report.unchanged, report.changed) == (1, 0)


async def test_an_older_file_does_not_undo_a_newer_copy(
    catalogue: Catalogue, record: Make, lines: Any
) -> None:
    await catalogue.import_file(lines(record(1, name="Tên mới", updatedAt=1_780_000_000_000)))
    report = await catalogue.import_file(lines(record(1, name="Tên cũ")))
    found = await catalogue.get("1.000001")
    assert report.older == 1 and found is not None and found.name == "Tên mới"


async def test_a_broken_line_is_told_and_the_others_are_kept(
    catalogue: Catalogue, record: Make, lines: Any
) -> None:
    path = lines(record(1), '{"id": "x", ', "", record(2, name=" "), "[]", record(3))
    report = await catalogue.import_file(path)
    assert [failure.where for failure in report.failures] == [
        "records.jsonl:2",
        "records.jsonl:4",
        "records.jsonl:5",
    ]
    assert "not JSON" in report.failures[0].reason and report.failures[1].reason == "no name"
    assert await catalogue.count() == 2


async def test_records_in_an_envelope_or_beside_their_detail_are_read(
    catalogue: Catalogue, record: Make, lines: Any
) -> None:
    one, two = record(1), record(2)
    wrapped = {"id": two["id"], "code": two["code"], "name": two["name"], "detail": two}
    await catalogue.import_file(lines({"code": "OK", "message": "OK", "data": one}, wrapped))
    assert [item.code for item in await catalogue.names()] == ["1.000001", "1.000002"]


async def test_the_demo_portals_own_data_can_be_imported(catalogue: Catalogue) -> None:
    from portal.demo.app import OWN_DATA

    if not (OWN_DATA / "procedures").is_dir():
        pytest.skip("the demo portal has no data yet")
    report = await catalogue.import_file(OWN_DATA, forms_from="http://127.0.0.1:8010")
    assert not report.failures and await catalogue.count() >= 80
    assert all(item.name_en for item in await catalogue.names())


@pytest.mark.parametrize("name", ["x.txt", "x.csv"])
async def test_a_file_of_another_kind_is_refused(catalogue: Catalogue, lines: Any, name: str) -> None:
    with pytest.raises(UsageError, match="not a catalogue"):
        await catalogue.import_file(lines("x", name=name))


async def test_a_damaged_archive_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b"{}\n" * 1000)[:-20])
    with pytest.raises(UsageError, match="damaged"):
        await catalogue.import_file(path)


async def test_other_provinces_procedures_are_not_served(
    catalogue: Catalogue, record: Make, lines: Any
) -> None:
    path = lines(
        record(1),
        record(2, type="SPECIFIC", departmentPromulgateName="UBND tỉnh Quảng Ninh"),
        record(3, type="SPECIFIC", departmentPromulgateName="UBND tỉnh Lào Cai"),
        record(4, type="STANDARD_INTERNAL", departmentPromulgateName="Bộ Mẫu"),
    )
    report = await catalogue.import_file(path)
    assert report.elsewhere == 1 and await catalogue.count() == 3
    assert {item.code for item in await catalogue.names()} == {"1.000001", "1.000002", "1.000004"}
    assert await catalogue.get("1.000003") is None
    assert await catalogue.search("cấp giấy phép mẫu số 3", 1) != []
    assert "1.000003" not in {item.code for item in await catalogue.search("cấp giấy phép mẫu số 3")}


async def test_another_province_sees_its_own_without_a_new_import(
    engine: AsyncEngine, catalogue: Catalogue, record: Make, lines: Any
) -> None:
    await catalogue.import_file(
        lines(record(3, type="SPECIFIC", departmentPromulgateName="UBND tỉnh Lào Cai"))
    )
    assert await Catalogue(engine, "lao cai").count() == 1


async def test_of_two_procedures_with_one_code_the_newest_wins(
    catalogue: Catalogue, record: Make, lines: Any
) -> None:
    old = record(1, code=" 1.014325", name="Cũ", updatedAt=1_700_000_000_000)
    new = record(2, code="1.014325", name="Mới", updatedAt=1_750_000_000_000)
    dateless = record(3, code="1.014325", name="Không ngày", updatedAt=None)
    await catalogue.import_file(lines(new, old, dateless))
    found = await catalogue.get("1.014325")
    assert found is not None and found.name == "Mới"
    assert await catalogue.identity("1.014325") == found.id
    assert [item.name for item in await catalogue.names()] == ["Mới"]


async def test_search_ranks_rare_words_and_finds_without_marks(
    catalogue: Catalogue, record: Make, lines: Any
) -> None:
    names = ["Đăng ký khai sinh", "Đăng ký khai tử", "Đăng ký kết hôn", "Đăng ký lại khai sinh lưu động"]
    await catalogue.import_file(lines(*(record(number, name=name) for number, name in enumerate(names, 1))))
    assert [item.name for item in await catalogue.search("dang ky khai sinh", 2)] == [names[0], names[3]]
    assert [item.name for item in await catalogue.search("1.000003")] == ["Đăng ký kết hôn"]
    assert await catalogue.search("tàu bay") == []


async def test_a_database_without_tables_says_what_to_run(tmp_path: Path) -> None:
    made = async_engine(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(UsageError, match="troly db upgrade"):
        await Catalogue(made, "Quảng Ninh").count()
    await made.dispose()


@pytest.mark.shared
async def test_the_whole_portal_is_imported_in_time_and_the_second_time_nothing_is_touched(
    catalogue: Catalogue, engine: AsyncEngine, shared: Path
) -> None:
    path = shared / "data" / "portal_details.jsonl.gz"
    if not path.is_file():
        pytest.skip("portal_details.jsonl.gz is not there")
    if engine.dialect.name != "sqlite":
        pytest.skip("measured on SQLite")
    start = time.perf_counter()
    report = await catalogue.import_file(path)
    assert time.perf_counter() - start < 60
    assert (report.read, report.added, report.elsewhere, report.failures) == (5665, 5665, 912, [])
    assert await catalogue.count() == 4753 and len(await catalogue.names()) == 4753
    found = await catalogue.get("1.001193")
    assert isinstance(found, Procedure) and found.as_of.date().isoformat() == "2026-07-17"
    again = await catalogue.import_file(path, as_of=now())
    assert (again.unchanged, again.changed, again.added) == (5665, 0, 0)
    async with engine.connect() as connection:
        stored = (await connection.execute(select(func.count()).select_from(CatalogueProcedure))).scalar_one()
    assert stored == 5665


async def test_the_words_of_a_record_and_whether_they_changed(
    catalogue: Catalogue, record: Make, lines: Any
) -> None:
    await catalogue.import_file(lines(record(1), record(2)))
    before = await catalogue.contents()
    assert list(before) == [name.code for name in await catalogue.names()] and len(before) == 2
    texts = await catalogue.texts(["1.000001", "1.999999"])
    assert list(texts) == ["1.000001"] and "Đơn đề nghị" in texts["1.000001"]
    assert "Cấp giấy phép mẫu số 1" in texts["1.000001"]
    changed = record(1)
    changed["requirementsAndConditions"] = "Có bằng trung cấp"
    changed["updatedAt"] = changed["updatedAt"] + 1000
    await catalogue.import_file(lines(changed))
    after = await catalogue.contents()
    assert after["1.000002"] == before["1.000002"] and after["1.000001"] != before["1.000001"]
    assert "Có bằng trung cấp" in (await catalogue.texts(["1.000001"]))["1.000001"]
