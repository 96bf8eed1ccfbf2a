"""What counts as personal in a message, and what must stay readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troly.masking import find, mask, mask_all, mask_ours, without


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("gọi lại 0912345678 nhé", "gọi lại [phone] nhé"),
        ("sdt 0912 345 678", "sdt [phone]"),
        ("+84 912 345 678", "[phone]"),
        ("nhà em 0203.3826.115", "nhà em [phone]"),
        ("cccd 022190001234 mất rồi", "cccd [id_number] mất rồi"),
        ("022 190 001 234", "[id_number]"),
        ("cmnd 100456789", "cmnd [id_number]"),
        ("hộ chiếu B1234567", "hộ chiếu [id_number]"),
        ("stk 1234 5678 9012 vcb", "stk [account] vcb"),
        ("gửi về an.nguyen@gmail.com giúp em", "gửi về [email] giúp em"),
        ("Tôi tên là Trần Thị Bích Ngọc ở Hạ Long", "Tôi tên là [name] ở Hạ Long"),
        ("toi ten la nguyen van an, hoi le phi", "toi ten la [name], hoi le phi"),
        ("hồ sơ của ông Lê Văn Tám xong chưa", "hồ sơ của ông [name] xong chưa"),
        ("bà nguyễn thị hoa", "bà [name]"),
        ("con gái Nguyễn Lê An", "con gái [name]"),
        ("lệ phí khai sinh của Nguyễn Văn An", "lệ phí khai sinh của [name]"),
        ("Phạm Minh Tuấn đã nộp", "[name] đã nộp"),
        ("My name is John Smith and I want a visa", "My name is [name] and I want a visa"),
        ("cháu sinh ngày 12/03/1990", "cháu sinh ngày [birth_date]"),
        ("sinh năm 1985 tại đây", "sinh năm [birth_date] tại đây"),
        ("nhà ở số 12 đường Lê Lợi", "nhà ở [address]"),
        ("tổ 5 khu 3 phường Hồng Gai", "[address]"),
        ("我的电话是0912345678谢谢", "我的电话是[phone]谢谢"),
        ("제 번호는 0912345678입니다", "제 번호는 [phone]입니다"),
        ("身份证022190001234", "身份证[id_number]"),
        ("护照号码E12345678丢了", "护照号码[id_number]丢了"),
        ("パスポートはTR1234567です", "パスポートは[id_number]です"),
    ],
)
def test_what_is_personal_is_hidden(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "cho em hỏi lệ phí đăng ký kết hôn",
        "hồ sơ H49.33-250421-0001 xong chưa",
        "thủ tục 1.001193.000.00.00.H49",
        "lệ phí 500.000 đồng hay 1.000.000 đồng",
        "nộp 100.000.000 đ có được không",
        "làm khai sinh năm 2024 hết bao nhiêu",
        "ông nội em mất thì khai tử ở đâu",
        "anh chị cho hỏi lý lịch tư pháp",
        "từ ngày 01/07/2025 phường nào",
        "tôi muốn hỏi thủ tục số 2",
        "mẫu CT01 có 3 trang",
        "档案H49.33-250421-0001到哪了",
    ],
)
def test_what_names_nobody_stays(text: str) -> None:
    assert mask(text) == text


def test_an_offices_own_words_keep_its_address_and_landline_but_not_a_citizens_data() -> None:
    said = (
        "Gọi 0203.3826.115, số 12 đường Lê Lợi, motcua@quangninh.gov.vn. Chào ông Nguyễn Văn An, 0912345678."
    )
    assert mask_ours(said) == (
        "Gọi 0203.3826.115, số 12 đường Lê Lợi, motcua@quangninh.gov.vn. Chào ông [name], [phone]."
    )


def test_every_text_of_a_json_value_is_masked_and_the_rest_is_kept() -> None:
    value = {"text": "sdt 0912345678", "list": [1, "a@b.vn", None], "score": 0.5}
    assert mask_all(value) == {"text": "sdt [phone]", "list": [1, "[email]", None], "score": 0.5}


def test_what_is_searched_holds_no_digit_of_a_number() -> None:
    assert without("em tên Nguyễn Văn An, sdt 0912345678 hỏi phí").split() == [
        "em",
        "tên",
        ",",
        "sdt",
        "hỏi",
        "phí",
    ]


@given(st.text())
def test_spans_lie_in_the_text_in_order_and_apart(text: str) -> None:
    end = 0
    for span in find(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end


@given(st.from_regex(r"0[35789][0-9]{8}", fullmatch=True), st.sampled_from(["", " ", ".", "-"]))
def test_no_mobile_number_stays_however_it_is_grouped(number: str, separator: str) -> None:
    written = separator.join((number[:4], number[4:7], number[7:]))
    assert mask(f"gọi {written} nhé") == "gọi [phone] nhé"


@pytest.mark.parametrize(
    "text", ["0" * 20_000, "a " * 10_000, "Nguyễn " * 3_000, "1." * 10_000, "số nhà 1 " * 2000]
)
def test_long_texts_take_no_long_time(text: str) -> None:
    import time

    started = time.perf_counter()
    mask(text)
    assert time.perf_counter() - started < 30
