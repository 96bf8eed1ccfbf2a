"""Communes are found by the names of today and of before July 2025, as people write them."""

from __future__ import annotations

import pytest

from troly.units.directory import Directory, directory

QUANG_NINH = "Quảng Ninh"


@pytest.fixture(scope="module")
def country() -> Directory:
    return directory()


def test_the_whole_country_is_there(country: Directory) -> None:
    assert len(country.communes) == 3321
    assert len({commune.province for commune in country.communes.values()}) == 34
    assert len(country.in_province(QUANG_NINH)) == 54
    assert all(unit.successors for unit in country.former)


@pytest.mark.parametrize("province, number", [("Quảng Ninh", 171), ("Hải Dương", 207)])
def test_every_former_ward_is_found_by_its_full_address(
    country: Directory, province: str, number: int
) -> None:
    units = [unit for unit in country.former if unit.province == province]
    assert len(units) == number
    for unit in units:
        address = f"{unit.name}, {unit.district}, {province}"
        assert country.find(address).former == (unit,), address


@pytest.mark.parametrize(
    "text, expected",
    [
        ("phường Bãi Cháy cũ giờ thuộc đâu", ["phường Bãi Cháy"]),
        ("bai chay nay la phuong nao", ["phường Bãi Cháy"]),
        ("p. hà khẩu hạ long", ["phường Tuần Châu", "phường Việt Hưng"]),
        ("xa vo ngai", ["xã Bình Liêu", "xã Tiên Yên"]),
        ("Bai Chay ward, which one is it now?", ["phường Bãi Cháy"]),
        ("hon gai", ["phường Hồng Gai"]),
        ("xã an sinh, đông triều", ["phường An Sinh"]),
        ("thị trấn cô tô", ["đặc khu Cô Tô"]),
    ],
)
def test_former_units_lead_to_the_communes_of_today(
    country: Directory, text: str, expected: list[str]
) -> None:
    (unit,) = country.find(text, QUANG_NINH).former
    assert sorted(commune.name for commune in unit.successors) == expected
    assert unit.main in unit.successors


def test_a_divided_ward_has_one_main_successor(country: Directory) -> None:
    (unit,) = country.find("phường Hà Khẩu, Hạ Long").former
    assert unit.divided
    assert unit.main is not None


def test_a_commune_of_today_is_found_by_its_name(country: Directory) -> None:
    named = country.find("đặc khu vân đồn", QUANG_NINH)
    assert [commune.name for commune in named.communes] == ["đặc khu Vân Đồn"]


def test_a_former_district_is_named_with_its_communes(country: Directory) -> None:
    named = country.find("huyện Tiên Yên giờ là gì", QUANG_NINH)
    assert named.districts == (("Huyện Tiên Yên", QUANG_NINH),)
    names = [commune.short for commune in country.in_district(*named.districts[0])]
    assert {"Điền Xá", "Đông Ngũ", "Hải Lạng", "Tiên Yên"} <= set(names)


def test_the_kind_of_a_district_keeps_a_commune_of_the_same_name_out(country: Directory) -> None:
    named = country.find("huyện Thanh Hà tỉnh Hải Dương")
    assert (named.communes, named.former) == ((), ())
    assert named.districts == (("Huyện Thanh Hà", "Hải Dương"),)


@pytest.mark.parametrize(
    "text",
    [
        "trung tâm hành chính công",
        "tôi muốn xin giấy xác nhận tình trạng hôn nhân thì nộp ở đâu",
        "an bình",
        "",
        ", , ,",
    ],
)
def test_ordinary_words_name_no_place(country: Directory, text: str) -> None:
    assert not country.find(text, QUANG_NINH)


def test_a_name_does_not_reach_across_a_comma(country: Directory) -> None:
    (unit,) = country.find("Xã Hòa Bình, Thành phố Hạ Long").former
    assert unit.name == "Xã Hòa Bình"


def test_another_province_needs_its_name_or_the_kind(country: Directory) -> None:
    assert country.find("phường việt hòa", QUANG_NINH).communes[0].province == "Hải Phòng"
    assert not country.find("việt hòa", QUANG_NINH)


def test_the_nearest_commune_is_the_one_that_one_stands_in(country: Directory) -> None:
    here = country.find("phường bãi cháy", QUANG_NINH).communes[0]
    (nearest, distance), *others = country.nearest(here.latitude + 0.001, here.longitude)
    assert nearest == here
    assert 0.1 < distance < 0.12
    assert [far for _, far in others] == sorted(far for _, far in others)
