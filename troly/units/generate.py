"""Writes troly/units/data/ from PyPI's vietnamadminunits, and compares it with vietnam-provinces.

Run `python -m troly.units.generate` after an update of either package (both are in the dev group);
the data they carry is public record: the resolutions of June 2025 on provinces and communes.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from importlib.resources import files
from pathlib import Path
from typing import Any

from troly.text import fold

DATA = Path(__file__).parent / "data"

COMMUNES = ("code", "province", "kind", "name", "latitude", "longitude")
FORMER = ("province", "district", "name", "successors", "main")

_KIND_OF_PROVINCE = re.compile(r"^(?:Tỉnh|Thành phố|TP\.?|Tp\.?)\s+(?:TP\.?\s+)?")
_KINDS = {"Phường": "phường", "Xã": "xã", "Đặc khu": "đặc khu"}

_KIND_SETTLED = {
    ("Cần Thơ", "Phong Điền"): "xã",
    ("Cần Thơ", "Tân Lộc"): "phường",
    ("Hải Phòng", "Việt Hòa"): "phường",
    ("Hải Phòng", "Vĩnh Hòa"): "xã",
}
"""Where the two sources disagree on the kind; the resolutions of 2025 say it as it stands here."""


def communes(database: sqlite3.Connection) -> list[dict[str, str]]:
    """The 3,321 communes of today: the five-digit code, province, kind, name without kind, centre."""
    rows = database.execute(
        "select wardCode, province, wardType, wardShort, wardLat, wardLon from admin_units order by wardCode"
    )
    return [
        dict(zip(COMMUNES, (code, _province(province), _KINDS[kind], name, f"{lat}", f"{lon}"), strict=True))
        for code, province, kind, name, lat, lon in rows
    ]


def former(database: sqlite3.Connection, conversions: dict[str, Any]) -> list[dict[str, str]]:
    """Every former ward with the codes of what it belongs to now.

    A divided ward has several successors, of which one is the main one. The five island districts
    without wards have an empty name.
    """
    codes = {
        (province, ward): code
        for province, ward, code in database.execute("select provinceKey, wardKey, wardCode from admin_units")
    }
    now: dict[str, list[tuple[str, bool]]] = {}
    for province, merged in conversions["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, olds in merged.items():
            for old in olds:
                now[old] = [(codes[province, ward], True)]
    for province, divided in conversions["DICT_PROVINCE_WARD_DIVIDED"].items():
        for old, news in divided.items():
            now[old] = [(codes[province, new["newWardKey"]], new["isDefaultNewWard"]) for new in news]
    rows = database.execute(
        "select province, district, ward, provinceKey, districtKey, wardKey from admin_units_legacy "
        "order by provinceCode, districtCode, wardCode"
    )
    found = []
    for province, district, ward, *keys in rows:
        successors = now["_".join(key or "" for key in keys)]
        main = next((code for code, default in successors if default), "")
        values = (
            _province(province),
            district,
            ward or "",
            " ".join(sorted(code for code, _ in successors)),
            main,
        )
        found.append(dict(zip(FORMER, values, strict=True)))
    return found


def _province(name: str) -> str:
    return _KIND_OF_PROVINCE.sub("", name)


def differences(made: list[dict[str, str]], other: list[dict[str, Any]]) -> list[str]:
    """Communes ("xa an ninh, can tho") that only one of the two sources has.

    Codes are not compared: for some forty communes of the south the sources disagree on them.
    """
    ours = {_compared(f"{row['kind']} {row['name']}, {row['province']}") for row in made}
    theirs = {_compared(f"{row['name']}, {_province(row['province_name'])}") for row in other}
    only = {"here": ours - theirs, "vietnam-provinces": theirs - ours}
    return sorted(f"{name} (only {where})" for where, names in only.items() for name in names)


def _compared(name: str) -> str:
    """The two sources place tone marks and hyphens by different habits ("Hòa", "Hoà")."""
    return fold(re.sub(r"[-–]", " ", name).replace("’", "'"))


def main() -> None:
    """Write both files and print what the second source says differently."""
    package = files("vietnamadminunits") / "data"
    database = sqlite3.connect(str(package / "dataset.db"))
    conversions = json.loads((package / "converter_2025.json").read_text(encoding="utf-8"))
    made = communes(database)
    for row in made:
        row["kind"] = _KIND_SETTLED.get((row["province"], row["name"]), row["kind"])
    for name, columns, rows in (
        ("communes.csv", COMMUNES, made),
        ("former.csv", FORMER, former(database, conversions)),
    ):
        with (DATA / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        print(f"{name}: {len(rows)} rows")
    other = json.loads(
        (files("vietnam_provinces") / "data" / "flat-divisions.json").read_text(encoding="utf-8")
    )
    for line in (found := differences(made, other)):
        print(line)
    print(f"{len(found)} differences from vietnam-provinces")


if __name__ == "__main__":
    main()
