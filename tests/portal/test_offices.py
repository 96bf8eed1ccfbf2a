"""The province's list of offices: read with every mistake named, imported whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from troly import offices
from troly.database import async_engine
from troly.errors import UsageError
from troly.migrate import upgrade
from troly.offices import Offices

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
