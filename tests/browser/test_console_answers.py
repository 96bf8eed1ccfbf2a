"""Answers in a real browser: found, changed with a live preview, approved by another, undone; names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat_page import DESKTOP, PHONE
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import insert, text
from test_console import Desk, grave, look_over

from troly.clock import now
from troly.tables.catalogue import CatalogueProcedure
from troly.text import fold


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("answers"))
    with made.database.begin() as connection:
        name = "Thủ tục đăng ký khai sinh"
        connection.execute(
            insert(CatalogueProcedure).values(
                id="id-1",
                code="1.001193",
                name=name,
                folded_name=fold(name),
                field="Hộ tịch",
                type="STANDARD",
                levels=[],
                content_hash="x",
                list_hash="x",
                detail={},
                as_of=now(),
            )
        )
    yield made
    made.served.stop()
    made.database.dispose()


@pytest.fixture
def pages(context_of: Callable[..., BrowserContext], desk: Desk) -> tuple[Page, Page]:
    """Two editors, each in a browser of their own."""
    first, second = desk.signed_in(context_of(), "editor"), desk.signed_in(context_of(), "editor")
    return first, second


def live(desk: Desk) -> int:
    with desk.database.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM answer_release")).scalar_one())


def test_a_text_is_changed_by_one_and_approved_by_another_by_keyboard(
    pages: tuple[Page, Page], desk: Desk, screenshots: Path
) -> None:
    lan, mai = pages
    lan.goto(f"{desk.url}/answers")
    lan.keyboard.press("/")
    lan.keyboard.type("utter_goodbye")
    lan.keyboard.press("Enter")
    expect(lan.locator("[data-row]")).to_have_count(1)
    lan.keyboard.press("j")
    lan.keyboard.press("Enter")
    expect(lan.get_by_role("heading", name="Câu chữ utter_goodbye")).to_be_visible()
    words = lan.locator("[id='vi.text']")
    words.fill("Mình chào <b>Anh/Chị</b>.")
    expect(lan.locator("#preview")).to_contain_text("Chưa lưu được")
    expect(lan.locator("#preview")).to_contain_text("Mình chào <b>Anh/Chị</b>.")
    assert lan.locator("#preview .bubble b").count() == 0
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.get_by_role("alert")).to_contain_text("Chưa lưu")
    expect(lan.locator(".faults").first).to_contain_text("Không dùng mã HTML")
    assert grave(lan) == []
    lan.screenshot(path=screenshots / "console-answers-faults.png")
    words.fill("Chào Anh/Chị, hẹn gặp lại.")
    expect(lan.locator("#preview")).to_contain_text("hẹn gặp lại")
    lan.get_by_label("Ghi chú").fill("thân thiện hơn")
    lan.keyboard.press("Enter")
    expect(lan.get_by_role("status").first).to_contain_text("Đã lưu bản nháp")
    expect(lan.get_by_text("Người viết không tự duyệt")).to_be_visible()
    assert live(desk) == 0
    mai.goto(f"{desk.url}/answers/waiting")
    mai.get_by_role("link", name=re.compile("hẹn gặp lại")).click()
    expect(mai.locator(".draft ins").first).to_be_visible()
    mai.screenshot(path=screenshots / "console-answers-draft.png", full_page=True)
    assert grave(mai) == []
    mai.get_by_role("button", name="Duyệt và dùng ngay").focus()
    mai.keyboard.press("Enter")
    expect(mai.get_by_role("status").first).to_contain_text("Công dân thấy")
    assert live(desk) == 1
    mai.once("dialog", lambda dialog: dialog.accept())
    mai.get_by_role("button", name="Dùng lại ngay Bản gốc").click()
    expect(mai.get_by_role("status").first).to_contain_text("Đã dùng lại bản này")
    expect(mai.locator("[id='vi.text']")).to_have_value(re.compile("Khi cần"))
    mai.get_by_role("link", name=re.compile(r"^So sánh \d")).last.click()
    expect(mai.locator("ins").last).to_be_visible()
    assert grave(mai) == []
    mai.screenshot(path=screenshots / "console-answers-compare.png")


def test_the_second_of_two_editors_sees_the_conflict_and_keeps_the_words(
    pages: tuple[Page, Page], desk: Desk, screenshots: Path
) -> None:
    lan, mai = pages
    for page in pages:
        page.goto(f"{desk.url}/answers/texts/utter_thank")
    lan.locator("[id='vi.text']").fill("Dạ không có gì ạ.")
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.get_by_role("status").first).to_contain_text("Đã lưu")
    mai.locator("[id='vi.text']").fill("Rất vui được giúp Anh/Chị.")
    mai.get_by_role("button", name="Lưu bản nháp").click()
    expect(mai.get_by_role("alert")).to_contain_text("vừa sửa mục này")
    expect(mai.locator("[id='vi.text']")).to_have_value("Rất vui được giúp Anh/Chị.")
    expect(mai.get_by_role("heading", name="Khác với bản mới nhất")).to_be_visible()
    assert grave(mai) == []
    mai.screenshot(path=screenshots / "console-answers-conflict.png", full_page=True)


def test_a_guide_and_an_office_are_changed(pages: tuple[Page, Page], desk: Desk) -> None:
    lan, mai = pages
    lan.goto(f"{desk.url}/answers/guides?text=mat+dien+thoai")
    lan.get_by_role("link", name=re.compile("Mất điện thoại")).click()
    lan.locator("[id='step.6.vi']").fill("Báo tổng đài của tỉnh.")
    lan.locator("[id='step.6.en']").fill("Tell the province's line.")
    expect(lan.locator("#preview")).to_contain_text("Bước 6/6")
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.get_by_role("status").first).to_contain_text("Đã lưu")
    lan.goto(f"{desk.url}/answers/offices?text=quang-ninh")
    lan.get_by_role("link", name=re.compile("tỉnh Quảng Ninh")).click()
    lan.get_by_label("Điện thoại").fill("0203 3 999 999")
    lan.get_by_label("Giờ làm việc").fill("sáng chiều")
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.locator(".faults").first).to_contain_text("chưa đúng mẫu")
    lan.get_by_label("Giờ làm việc").fill("1-5 07:00-11:30 13:00-16:30")
    expect(lan.locator("#preview")).to_contain_text("07:00–11:30")
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.get_by_role("status").first).to_contain_text("Đã lưu")
    before = live(desk)
    mai.goto(lan.url)
    mai.get_by_role("button", name="Duyệt và dùng ngay").click()
    expect(mai.get_by_role("status").first).to_contain_text("Đã duyệt")
    assert live(desk) == before + 1


def test_a_name_is_taught_and_taken_back(pages: tuple[Page, Page], desk: Desk, screenshots: Path) -> None:
    lan, _ = pages
    lan.goto(f"{desk.url}/answers/names")
    lan.get_by_label("Tìm thủ tục").fill("khai sinh")
    lan.keyboard.press("Enter")
    lan.get_by_role("link", name="Thủ tục đăng ký khai sinh").click()
    lan.get_by_label("Công dân gọi là").fill("xin giấy cho em bé vừa chào đời")
    lan.keyboard.press("Enter")
    expect(lan.get_by_role("status").first).to_contain_text("Trợ Lý nhận ra sau vài giây")
    assert grave(lan) == []
    lan.screenshot(path=screenshots / "console-answers-name.png", full_page=True)
    lan.get_by_role("button", name="Bỏ xin giấy cho em bé vừa chào đời").click()
    expect(lan.locator("del")).to_contain_text("xin giấy")


PAGES = {
    "list": "/answers",
    "guides": "/answers/guides",
    "offices": "/answers/offices",
    "names": "/answers/names?text=khai+sinh",
    "waiting": "/answers/waiting",
    "text": "/answers/texts/answer_fee",
    "greet": "/answers/texts/utter_greet",
    "guide": "/answers/guides/vneid-lost-phone",
    "office": "/answers/offices/quang-ninh",
    "procedure": "/answers/names/1.001193",
}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1366", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_legible_and_accessible(
    context_of: Callable[..., BrowserContext],
    desk: Desk,
    screenshots: Path,
    size: dict[str, int],
    scheme: str,
) -> None:
    page = desk.signed_in(context_of(viewport=size, color_scheme=scheme), "admin")
    for name, path in PAGES.items():
        look_over(page, desk.url + path, screenshots / f"console-answers-{name}-{size['width']}-{scheme}.png")


def test_it_works_without_scripts(context_of: Callable[..., BrowserContext], desk: Desk) -> None:
    page = desk.signed_in(context_of(java_script_enabled=False), "editor")
    page.goto(f"{desk.url}/answers/texts/utter_deny")
    page.locator("[id='vi.text']").fill("Vâng, Anh/Chị cần gì thì nhắn nhé.")
    page.get_by_role("button", name="Xem trước").click()
    expect(page.locator("#preview")).to_contain_text("cần gì thì nhắn nhé")
    expect(page.locator("[id='vi.text']")).to_have_value("Vâng, Anh/Chị cần gì thì nhắn nhé.")
    page.get_by_role("button", name="Lưu bản nháp").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã lưu")
