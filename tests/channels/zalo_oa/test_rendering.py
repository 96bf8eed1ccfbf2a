"""A reply as Zalo shows it: buttons, lists, links, pictures and long texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from channels.base import Reply
from channels.zalo_oa.render import render
from tests.fakes.zalo_oa_rules import Screen, check

LONG = [
    "Đăng ký khai sinh có yếu tố nước ngoài (cấp xã)",
    "Đăng ký lại khai sinh",
    "Thủ tục đăng ký khai sinh kết hợp đăng ký nhận cha, mẹ, con – thực hiện tại xã",
]
Make = Callable[..., Reply]


def screens(reply: Reply) -> list[Screen]:
    """The messages as Zalo takes them; what it would refuse raises."""
    shown = []
    for part in render(reply):
        for message in filter(None, (part.get("message"), part.get("instead"))):
            shown.append(check(message, lists=True))
    return shown


def test_a_text_is_one_message_without_attachment(reply: Make) -> None:
    assert render(reply("Chào <b>Anh/Chị</b> & bạn")) == [
        {"kind": "text", "message": {"text": "Chào <b>Anh/Chị</b> & bạn"}}
    ]


def test_choices_are_buttons_that_carry_only_their_place(reply: Make) -> None:
    [screen] = screens(reply(buttons=["Lệ phí", "Giấy tờ"]))
    assert screen.shown.buttons == ["Lệ phí", "Giấy tờ"]
    assert [choice.payload for choice in screen.choices] == ["b:7:0", "b:7:1"]


def test_links_stand_beside_the_choices(reply: Make) -> None:
    [screen] = screens(
        reply(buttons=["Lệ phí"], links={"Nguồn": "https://a.vn/1", "Gọi": "tel:0203 3825 825"})
    )
    assert screen.shown.links == ["https://a.vn/1", "tel:842033825825"]


@pytest.mark.parametrize(("url", "shown"), [("tel:1022", "tel:1022"), ("tel:+84901", "tel:84901")])
def test_a_phone_number_can_be_called(reply: Make, url: str, shown: str) -> None:
    assert screens(reply(links={"Gọi": url}))[0].shown.links == [shown]


def test_links_that_find_no_place_are_lines_of_the_text(reply: Make) -> None:
    links = {"Nguồn": "https://a.vn/1", "Mẫu đơn": "https://a.vn/2"}
    [screen] = screens(reply("Phí", buttons=["A", "B", "C", "D"], links=links))
    assert screen.shown.buttons == ["A", "B", "C", "D"]
    assert screen.shown.text == "Phí\nNguồn: https://a.vn/1\nMẫu đơn: https://a.vn/2"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://a.vn/x", "https://a.vn/" + "x" * 1000])
def test_an_address_that_zalo_would_not_open_is_text(reply: Make, url: str) -> None:
    shown = [screen.shown for screen in screens(reply("Xem", links={"Nguồn": url}))]
    assert all(not screen.links for screen in shown)
    assert f"Nguồn: {url}" in shown[0].text


def test_more_than_five_choices_follow_in_a_second_message(reply: Make) -> None:
    shown = screens(reply("Chọn", buttons=[f"Mục {n}" for n in range(12)]))
    assert [len(screen.choices) for screen in shown] == [5, 5, 2]
    assert [choice.payload for screen in shown for choice in screen.choices] == [
        f"b:7:{n}" for n in range(12)
    ]
    assert shown[1].shown.text == "Các lựa chọn khác:"


def test_three_long_choices_are_a_list_with_second_lines(reply: Make) -> None:
    lead, rows, instead = screens(reply("Anh/Chị muốn hỏi thủ tục nào?", buttons=LONG))
    assert lead.shown.text == "Anh/Chị muốn hỏi thủ tục nào?"
    assert rows.shown.buttons == [
        "Đăng ký khai sinh có yếu tố nước ngoài – (cấp xã)",
        "Đăng ký lại khai sinh",
        "Thủ tục đăng ký khai sinh kết hợp đăng ký nhận cha, mẹ, con – thực hiện tại xã",
    ]
    assert [choice.payload for choice in rows.choices] == [choice.payload for choice in instead.choices]
    for number, title in enumerate(LONG, start=1):
        assert f"{number}. {title}" in instead.shown.text


def test_short_choices_and_two_choices_are_never_a_list(reply: Make) -> None:
    for titles in (["Lệ phí", "Giấy tờ", "Nơi nộp"], LONG[:2]):
        assert [part["kind"] for part in render(reply(buttons=titles))] == ["text"]


def test_a_title_too_long_for_a_button_is_cut_between_words(reply: Make) -> None:
    [screen] = screens(reply(buttons=["Thủ tục " * 30, "Khác"]))
    title = screen.choices[0].title
    assert len(title) <= 100
    assert title.endswith(("Thủ tục…", "Thủ…"))


def test_a_very_long_choice_goes_on_in_the_second_line_of_its_row(reply: Make) -> None:
    title = "Thủ tục cấp giấy phép " * 12
    made = reply(buttons=[title, "B", "C"])
    row = render(made)[-1]["message"]["attachment"]["payload"]["elements"][0]
    assert f"{row['title']} {row['subtitle']}" == title.strip()
    assert screens(made)


def test_a_long_text_is_split_between_paragraphs_and_keeps_its_buttons_below(reply: Make) -> None:
    paragraphs = [f"Đoạn {n}: " + "giấy tờ " * 90 for n in range(6)]
    shown = screens(reply("\n\n".join(paragraphs), buttons=["Lệ phí"]))
    assert len(shown) == 3
    assert [bool(screen.choices) for screen in shown] == [False, False, True]
    assert all(screen.shown.text.startswith("Đoạn") for screen in shown)
    joined = " ".join(" ".join(screen.shown.text for screen in shown).split())
    assert joined == " ".join(" ".join(paragraphs).split())


@pytest.mark.parametrize("text", ["ộ" * 5000, "😀" * 3000, "o\u0323\u0302" * 4000, "\n" * 5000 + "a"])
def test_texts_without_pauses_are_cut_within_the_limit(reply: Make, text: str) -> None:
    assert all(len(s.shown.text.encode("utf-16-le")) <= 4000 for s in screens(reply(text)))


def test_a_picture_carries_a_short_text(reply: Make) -> None:
    [part] = render(reply("Bản đồ", image="https://a.vn/map.png"))
    assert (part["kind"], part["url"], part["text"]) == ("image", "https://a.vn/map.png", "Bản đồ")
    assert part["instead"] == {"text": "Bản đồ\nXem hình ảnh: https://a.vn/map.png"}


def test_a_picture_comes_before_buttons(reply: Make) -> None:
    kinds = [part["kind"] for part in render(reply("Bản đồ", image="https://a.vn/1.png", buttons=["Đi"]))]
    assert kinds == ["image", "text"]


def test_a_document_is_a_file(reply: Make) -> None:
    parts = render(reply("Mẫu đơn", image="https://a.vn/don.PDF?v=1"))
    assert [part["kind"] for part in parts] == ["file", "text"]


@pytest.mark.parametrize(
    "more", [{}, {"buttons": ["Đi"]}, {"image": "javascript:x"}, {"links": {"": "tel:1"}}]
)
def test_an_empty_reply_is_still_a_message(reply: Make, more: dict[str, Any]) -> None:
    assert screens(reply("", **more))


def test_rendering_is_the_same_each_time(reply: Make) -> None:
    made = reply("Chọn", buttons=LONG, links={"Nguồn": "https://a.vn"}, image="https://a.vn/1.png")
    assert render(made) == render(made)
