"""Application codes as citizens type them."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.codes import looks_like_application_code, parse_application_code, strip_locality


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("h4908 251105 0312 nha ad", "H49.08-251105-0312"),
        ("h49.12 251103 0047", "H49.12-251103-0047"),
        ("H49 12 251103 0047", "H49.12-251103-0047"),
        ("H49082511050312", "H49.08-251105-0312"),
        ("H49-251105-0312", "H49-251105-0312"),
        ("H49.1.23-251105-0001", "H49.1.23-251105-0001"),
        ("H49.08-251105-10023", "H49.08-251105-10023"),
        ("H49.08–251105—0312", "H49.08-251105-0312"),
        ("hs của em: h49.08 - 25.11.05 - 0312, bao giờ xong ạ?", "H49.08-251105-0312"),
        ("Ｈ４９．０８－２５１１０５－０３１２", "H49.08-251105-0312"),
        ("H49.O8-2511o5-O312", "H49.08-251105-0312"),
        ("000.17.22.H56-210531-0001", "000.17.22.H56-210531-0001"),
        ("0001722h56 210531 00012", "000.17.22.H56-210531-00012"),
        ("sđt 0912345678, mã H49.33-250421-0001", "H49.33-250421-0001"),
        ("H49.33-250421-0001 5 ngày rồi", "H49.33-250421-0001"),
        (unicodedata.normalize("NFD", "mã hồ sơ H49.33-250421-0001 đấy"), "H49.33-250421-0001"),
        ("H49.99-251332-0001 à nhầm H49.08-251105-0312", "H49.08-251105-0312"),
    ],
)
def test_a_code_is_found_in_any_spelling(typed: str, code: str) -> None:
    assert parse_application_code(typed) == code
    assert not looks_like_application_code(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "H49.08-251332-0001",  # no such day
        "H49.08-250230-0001",
        "H49.08-251105-312",  # counter too short
        "H49.08-2511-0312",
        "49.08-251105-0312",  # no H
        "G49.08-251105-0312",
        "17.22.H56-210531-0001",  # the old form without its beginning
        "000.17.22.H56",
    ],
)
def test_a_malformed_code_is_recognised_as_one(typed: str) -> None:
    assert parse_application_code(typed) is None
    assert looks_like_application_code(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "hồ sơ của tôi đâu",
        "1.001193",
        "1.001193.000.00.00.H49",
        "cúm H5N1",
        "QL18A 0912345678",
        "H49",
        "😀",
        "\ud800",
    ],
)
def test_what_is_no_code_is_left_alone(typed: str) -> None:
    assert parse_application_code(typed) is None
    assert not looks_like_application_code(typed)


@given(st.text(alphabet=st.sampled_from("HhOo0123456789.-– 。\n٣Ｈ４đ"), max_size=60) | st.text(max_size=60))
def test_any_text_is_read_without_failing_and_a_result_reads_as_itself(typed: str) -> None:
    code = parse_application_code(typed)
    looks_like_application_code(typed)
    strip_locality(typed)
    if code is not None:
        assert parse_application_code(code) == code


@given(
    st.integers(0, 99),
    st.one_of(st.none(), st.integers(0, 999)),
    st.dates(
        min_value=__import__("datetime").date(2000, 1, 1), max_value=__import__("datetime").date(2099, 12, 31)
    ),
    st.integers(0, 99999),
)
def test_every_well_formed_code_reads_as_itself(
    agency: int, unit: int | None, day: object, counter: int
) -> None:
    inner = "" if unit is None else f".{unit:02d}"
    code = f"H{agency:02d}{inner}-{day:%y%m%d}-{counter:04d}"
    assert parse_application_code(code) == code
    assert parse_application_code(code.lower().replace("-", " ")) == code


@pytest.mark.parametrize(
    "text", ["H49 " + "1 " * 5000, "H4 " * 5000, "H49" + " " * 10000, "0" * 10000, "000." * 3000]
)
def test_a_long_text_is_read_quickly(text: str) -> None:
    start = time.perf_counter()
    parse_application_code(text)
    looks_like_application_code(text)
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("code", "national"),
    [
        ("1.001193", "1.001193"),
        ("1.001193.000.00.00.H49", "1.001193"),
        (" 1.014325", "1.014325"),
        ("1.012753.H19", "1.012753"),
        ("2.000815.000.00.00.h55", "2.000815"),
        ("không phải mã", "không phải mã"),
    ],
)
def test_a_provinces_own_form_of_a_procedure_code_is_stripped(code: str, national: str) -> None:
    assert strip_locality(code) == national
