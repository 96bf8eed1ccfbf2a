"""Guides and offices are added, taken off and brought back in a real browser, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat_page import DESKTOP, PHONE
from playwright.sync_api import BrowserContext, Page, expect
from test_console import Desk, grave, look_over

GUIDE = {
    "title.vi": "Dùng wifi công cộng ở phường",
    "title.en": "Using the ward's public wifi",
    "needs.vi": "Điện thoại.",
    "needs.en": "A phone.",
    "step.1.vi": "Chọn mạng của phường.",
    "step.1.en": "Choose the ward's network.",
    "step.2.vi": "Đồng ý quy định.",
    "step.2.en": "Accept the rules.",
    "stuck.vi": "Hỏi quầy tiếp đón.",
    "stuck.en": "Ask at the reception.",
    "names": "kết nối wifi công cộng\npublic wifi",
    "source.title": "UBND phường",
    "source.as_of": "2026-11-22",
}
OFFICE = {
    "name": "Điểm tiếp nhận số 2 phường Bãi Cháy",
    "address": "Nhà văn hóa khu 4",
    "phone": "0203 3 111 222",
    "latitude": "20.96",
    "longitude": "107.03",
    "source": "UBND phường Bãi Cháy",
    "as_of": "2026-11-22",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("answers-new"))
    yield made
    made.served.stop()
    made.database.dispose()


@pytest.fixture
def pages(context_of: Callable[..., BrowserContext], desk: Desk) -> tuple[Page, Page]:
    """Two editors, each in a browser of their own."""
    return desk.signed_in(context_of(), "editor"), desk.signed_in(context_of(), "editor")


def fill(page: Page, values: dict[str, str]) -> None:
    for name, value in values.items():
        page.locator(f"[id='{name}']").fill(value)


def approve(page: Page, url: str, button: str = "Duyệt và dùng ngay") -> None:
    page.goto(url)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("status").first).to_contain_text("Đã duyệt")


def address(page: Page) -> str:
    return page.url.partition("?")[0]


def test_a_guide_is_added_approved_taken_off_and_brought_back(
    pages: tuple[Page, Page], desk: Desk, screenshots: Path
) -> None:
    lan, mai = pages
    lan.goto(f"{desk.url}/answers/guides")
    lan.get_by_role("link", name="Thêm hướng dẫn").click()
    expect(lan.get_by_role("heading", name="Thêm hướng dẫn")).to_be_visible()
    fill(lan, GUIDE | {"step.2.en": ""})
    expect(lan.locator("#preview")).to_contain_text("dung-wifi-cong-cong-o-phuong")
    expect(lan.locator("#preview")).to_contain_text("Bước 2/2")
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.get_by_role("alert")).to_contain_text("Chưa lưu")
    assert grave(lan) == []
    lan.screenshot(path=screenshots / "console-answers-new-faults.png", full_page=True)
    fill(lan, {"step.2.en": "Accept the rules."})
    expect(lan.locator("[id='key']")).to_have_value("dung-wifi-cong-cong-o-phuong")
    lan.get_by_label("Ghi chú").fill("wifi mới lắp")
    lan.keyboard.press("Enter")
    expect(lan.get_by_role("status").first).to_contain_text("Đã lưu bản nháp")
    assert lan.locator("[id='key']").count() == 0, "a key does not change"
    mai.goto(f"{desk.url}/answers/waiting")
    expect(mai.locator(".chip", has_text="mới").first).to_be_visible()
    mai.screenshot(path=screenshots / "console-answers-new-waiting.png", full_page=True)
    approve(mai, address(lan))
    mai.screenshot(path=screenshots / "console-answers-new-live.png", full_page=True)
    lan.goto(f"{desk.url}/answers/guides?show=made")
    expect(lan.locator("[data-row]")).to_have_count(1)
    lan.get_by_role("link", name=re.compile("wifi")).click()
    lan.locator("#turn-note").fill("wifi đã cắt")
    lan.get_by_role("button", name="Đề nghị ngưng dùng").click()
    expect(lan.get_by_role("status").first).to_contain_text("Đã lưu bản nháp")
    mai.goto(address(lan))
    expect(mai.get_by_text("Bản nháp này ngưng dùng hướng dẫn")).to_be_visible()
    assert mai.locator("form.edit").count() == 0
    assert grave(mai) == []
    mai.screenshot(path=screenshots / "console-answers-new-retiring.png", full_page=True)
    approve(mai, address(lan), "Duyệt và ngưng dùng")
    expect(mai.locator(".title .chip.bad")).to_have_text("ngưng dùng")
    assert grave(mai) == []
    mai.screenshot(path=screenshots / "console-answers-new-retired.png", full_page=True)
    lan.goto(f"{desk.url}/answers/guides?show=retired")
    lan.get_by_role("link", name=re.compile("wifi")).click()
    lan.get_by_role("button", name="Đề nghị dùng lại").click()
    expect(lan.get_by_role("status").first).to_contain_text("Đã lưu bản nháp")
    approve(mai, address(lan))
    expect(mai.locator(".title .chip.good")).to_have_text("tạo tại đây")


def test_an_office_is_added_from_a_copy(pages: tuple[Page, Page], desk: Desk, screenshots: Path) -> None:
    lan, mai = pages
    lan.goto(f"{desk.url}/answers/offices/commune-06673")
    lan.get_by_role("link", name="Tạo mới từ mục này").click()
    expect(lan.locator("#name")).to_have_value(re.compile("phường Bãi Cháy"))
    fill(lan, OFFICE)
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.locator(".faults").first).to_contain_text("không thuộc tỉnh")
    lan.locator("#commune_code").select_option(label="phường Bãi Cháy")
    expect(lan.locator("#preview")).to_contain_text("Nhà văn hóa khu 4")
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.get_by_role("status").first).to_contain_text("Đã lưu bản nháp")
    mai.goto(address(lan))
    expect(mai.locator(".draft")).to_contain_text("phường Bãi Cháy (06673)")
    mai.screenshot(path=screenshots / "console-answers-new-office.png", full_page=True)
    approve(mai, address(lan))
    taken = lan.goto(f"{desk.url}/answers/offices/new")
    assert taken is not None
    fill(lan, OFFICE | {"key": "commune-06673"})
    lan.locator("#commune_code").select_option(label="phường Bãi Cháy")
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.get_by_role("alert")).to_contain_text("đã được dùng")
    expect(lan.locator("#address")).to_have_value("Nhà văn hóa khu 4")


def test_it_works_without_scripts(context_of: Callable[..., BrowserContext], desk: Desk) -> None:
    page = desk.signed_in(context_of(java_script_enabled=False), "editor")
    page.goto(f"{desk.url}/answers/guides/new?from=vneid-lost-phone")
    fill(page, {"title.vi": "Mất máy tính bảng", "title.en": "Lost tablet", "names": "mất máy tính bảng"})
    page.get_by_role("button", name="Xem trước").click()
    expect(page.locator("#key")).to_have_value("mat-may-tinh-bang")
    expect(page.locator("#preview")).to_contain_text("Mất máy tính bảng")
    page.get_by_role("button", name="Lưu bản nháp").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã lưu")


PAGES = {
    "guide": "/answers/guides/new",
    "guide-copy": "/answers/guides/new?from=vneid-level-2",
    "office": "/answers/offices/new",
    "retire": "/answers/offices/commune-06970",
    "list": "/answers/guides",
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
    page = desk.signed_in(context_of(viewport=size, color_scheme=scheme), "editor")
    for name, path in PAGES.items():
        look_over(
            page, desk.url + path, screenshots / f"console-answers-new-{name}-{size['width']}-{scheme}.png"
        )
