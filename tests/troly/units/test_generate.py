"""The files of troly/units/data are what the sources give, and a second source agrees."""

from __future__ import annotations

import csv
import json
import sqlite3
from importlib.resources import files

import pytest

from troly.units import generate


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    return sqlite3.connect(str(files("vietnamadminunits") / "data" / "dataset.db"))


def _written(name: str) -> list[dict[str, str]]:
    with (generate.DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_former_units_are_those_of_the_source(database: sqlite3.Connection) -> None:
    conversions = json.loads((files("vietnamadminunits") / "data" / "converter_2025.json").read_text("utf-8"))
    assert _written("former.csv") == generate.former(database, conversions)


def test_a_second_source_has_the_same_communes() -> None:
    other = json.loads((files("vietnam_provinces") / "data" / "flat-divisions.json").read_text("utf-8"))
    assert generate.differences(_written("communes.csv"), other) == []


def test_a_difference_would_be_seen() -> None:
    made = [{"kind": "xã", "name": "Hòa An", "province": "Huế"}]
    assert generate.differences(made, [{"name": "Xã Hoà An", "province_name": "Thành phố Huế"}]) == []
    assert len(generate.differences(made, [{"name": "Phường Hòa An", "province_name": "TP Huế"}])) == 2
