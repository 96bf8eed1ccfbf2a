"""The province's list of offices: read with every mistake named, imported whole or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from portal import office_commands
from troly import office_list as offices
from troly.answers.live import OFFICE, live
from troly.database import async_engine
from troly.errors import UsageError
from troly.migrate import upgrade
from troly.offices import Imported, Offices
from troly.settings import settings
from troly.tables.answers import AnswerRelease, AnswerVersion

PROVINCE = "Quảng Ninh"
HEAD = "id,level,commune_code,commune,name,address,phone,hours,latitude,longitude,map_url,as_of\n"


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path / 'troly.db'}"
    upgrade(made)
    return made


def test_the_template_of_a_province_can_be_imported_as_it_is() -> None:
    assert len(offices.read(offices.template(PROVINCE), PROVINCE)) == 54


def test_every_mistake_is_named_with_its_line() -> None:
    text = HEAD + (
        "a,commune,07090,phường Bãi Cháy,One,,,,,,,\n"
        "a,ward,99999,,Two,,,,,,,\n"
        "c,commune,07090,,,,,8h-17h,200,x,http://x,soon\n"
    )
    with pytest.raises(UsageError) as error:
        offices.read(text, PROVINCE)
    said = str(error.value)
    for part in (
        "line 2: commune_code 07090 is phường An Sinh, not phường Bãi Cháy",
        "line 3: level is 'ward'; write commune or province",
        "line 3: commune_code 99999 is no commune of Quảng Ninh",
        "line 3: id is used twice",
        "line 4: name is empty",
        "line 4: latitude 200",
        "line 4: longitude 'x'",
        "line 4: map_url must begin with https://",
        "line 4: as_of 'soon'",
        "write them as 1-5 07:30-11:30",
    ):
        assert part in said


def test_a_spreadsheet_with_semicolons_is_read() -> None:
    text = "\ufeff" + HEAD.replace(",", ";") + "a;commune;07090;phường An Sinh;Một cửa;Số 1;;;;;;\n"
    (office,) = offices.read(text, PROVINCE)
    assert (office.name, office.address) == ("Một cửa", "Số 1")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UsageError, match="lacks commune_code"):
        offices.read("id,level,name\n", PROVINCE)


async def test_the_sample_serves_until_a_list_is_imported(url: str) -> None:
    engine = async_engine(url)
    try:
        store = Offices(engine, PROVINCE)
        sample = await store.all()
        assert len(sample) == 55
        assert sample[0].level == "province"
        assert all(office.sample and not office.phone for office in sample)
        own = offices.read(HEAD + "a,commune,07090,,Một cửa An Sinh,Số 1,,,,,,\n", PROVINCE)
        await store.replace(own)
        (only,) = await store.all()
        assert (only.name, only.sample) == ("Một cửa An Sinh", False)
        assert await Offices(engine, "Huế").all() == []
    finally:
        await engine.dispose()


MADE: dict[str, Any] = {
    "made": True,
    "level": "commune",
    "commune_code": "07090",
    "latitude": "21.15",
    "longitude": "106.52",
    "name": "Điểm tiếp nhận số 2",
    "address": "Nhà văn hóa",
    "source": "UBND phường",
    "as_of": "2026-11-22",
}


async def release(engine: AsyncEngine, key: str, content: dict[str, Any]) -> None:
    """What an approval in the console does."""
    async with engine.begin() as connection:
        row = await connection.execute(
            insert(AnswerVersion)
            .values(kind=OFFICE, key=key, content=content, state="approved", author="lan")
            .returning(AnswerVersion.id)
        )
        values = {"kind": OFFICE, "key": key, "version": row.scalar_one(), "by": "mai"}
        await connection.execute(insert(AnswerRelease).values(**values))


def listed(*lines: str) -> list[offices.Office]:
    return offices.read(HEAD + "".join(f"{line}\n" for line in lines), PROVINCE)


async def test_an_office_that_staff_made_stands_beside_the_list(url: str) -> None:
    engine = async_engine(url)
    try:
        store = Offices(engine, PROVINCE)
        await release(engine, "diem-2", MADE)
        (own,) = [one for one in await store.all() if one.id == "diem-2"]
        assert (own.commune_code, own.latitude, own.sample, own.hours) == ("07090", 21.15, False, "")
        assert len(await store.all()) == 56
        await release(engine, "diem-2", MADE | {"retired": True})
        await release(engine, "quang-ninh", {"name": "x", "retired": True})
        left = [one.id for one in await store.all()]
        assert len(left) == 54 and "diem-2" not in left and "quang-ninh" not in left
        assert await Offices(engine, "Huế").all() == [], "its commune is of another province"
    finally:
        await engine.dispose()


async def test_an_import_keeps_what_staff_made_and_took_off_and_ends_what_they_changed(url: str) -> None:
    engine = async_engine(url)
    try:
        store = Offices(engine, PROVINCE)
        await release(engine, "diem-2", MADE)
        await release(engine, "a", MADE | {"made": False, "name": "Đã sửa"})
        await release(engine, "b", {"name": "Đã bỏ", "retired": True})
        new = listed("a,commune,07090,,Một cửa An Sinh,Số 1,,,,,,", "b,commune,06673,,Bãi Cháy,Số 2,,,,,,")
        assert await store.replace(new) == Imported(replaced=("a",), retired=("b",), made=("diem-2",))
        assert [(one.id, one.name) for one in await store.all()] == [
            ("diem-2", "Điểm tiếp nhận số 2"),
            ("a", "Một cửa An Sinh"),
        ]
    finally:
        await engine.dispose()


async def test_a_list_with_the_id_of_an_office_that_staff_made_is_refused_unless_told_to(url: str) -> None:
    engine = async_engine(url)
    try:
        store = Offices(engine, PROVINCE)
        await store.replace(listed("a,commune,07090,,Một cửa An Sinh,Số 1,,,,,,"))
        await release(engine, "diem-2", MADE)
        clash = listed("diem-2,commune,06673,,Bãi Cháy,Số 2,,,,,,")
        with pytest.raises(UsageError, match=r"diem-2: made in the console.*--take-over"):
            await store.replace(clash)
        assert {one.id for one in await store.all()} == {"a", "diem-2"}, "nothing was changed"
        assert await store.replace(clash, take_over=True) == Imported(("diem-2",), (), ())
        (only,) = await store.all()
        assert (only.id, only.name) == ("diem-2", "Bãi Cháy")
        async with engine.connect() as connection:
            assert await live(connection, OFFICE) == {}
            assert len((await connection.execute(select(AnswerVersion.id))).all()) == 1, "its history stays"
    finally:
        await engine.dispose()


def test_the_command_says_what_became_of_what_staff_made(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    settings.cache_clear()

    async def made() -> None:
        engine = async_engine(url)
        await release(engine, "diem-2", MADE)
        await release(engine, "a", {"name": "Đã bỏ", "retired": True})
        await engine.dispose()

    asyncio.run(made())
    file = tmp_path / "list.csv"
    file.write_text(HEAD + "a,commune,06673,,Bãi Cháy,Số 1,,,,,,\n", "utf-8")
    try:
        done = CliRunner().invoke(office_commands.offices, ["import", str(file)])
        assert done.exit_code == 0, done.output
        assert "1 offices of Quảng Ninh imported" in done.output
        assert "taken off in the console, stays off: a" in done.output
        assert "made in the console, stays beside the list: diem-2" in done.output
        assert "phường An Sinh" not in done.output, "it has the office that staff made"
        file.write_text(HEAD + "diem-2,commune,06673,,Bãi Cháy,Số 1,,,,,,\n", "utf-8")
        refused = CliRunner().invoke(office_commands.offices, ["import", str(file)])
        assert isinstance(refused.exception, UsageError)
        taken = CliRunner().invoke(office_commands.offices, ["import", "--take-over", str(file)])
        assert "what the console had changed is replaced by the list: diem-2" in taken.output
    finally:
        settings.cache_clear()


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({}, []),
        ({"level": "ward"}, ["level"]),
        ({"commune_code": "00001"}, ["commune_code"]),
        ({"latitude": "x"}, ["latitude"]),
        ({"latitude": ""}, ["latitude"]),
        ({"longitude": "181"}, ["longitude"]),
        ({"longitude": "nan"}, ["longitude"]),
        ({"latitude": "", "longitude": ""}, []),
    ],
)
def test_where_a_new_office_stands_is_checked(changed: dict[str, str], wrong: list[str]) -> None:
    assert offices.wrong_place(MADE | changed, PROVINCE) == wrong
