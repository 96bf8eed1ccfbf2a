"""The gateway's own texts in a real browser: changed with a preview, approved by another, taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat_page import DESKTOP, PHONE
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import text
from test_console import Desk, grave, look_over


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("notices"))
    yield made
    made.served.stop()
    made.database.dispose()


def test_a_gateway_text_is_changed_by_one_and_approved_by_another(
    context_of: Callable[..., BrowserContext], desk: Desk, screenshots: Path
) -> None:
    lan, mai = desk.signed_in(context_of(), "editor"), desk.signed_in(context_of(), "editor")
    lan.goto(f"{desk.url}/answers")
    lan.get_by_role("link", name="Lời của hệ thống").click()
    lan.get_by_label("Tìm theo từ ngữ").fill("quá nhanh")
    lan.keyboard.press("Enter")
    expect(lan.locator("[data-row]")).to_have_count(1)
    lan.locator("[data-row] a").click()
    words = lan.locator("[id='vi.text']")
    words.fill("Xin Anh/Chị đợi <b>một lát</b>.")
    expect(lan.locator("#preview")).to_contain_text("Chưa lưu được")
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.get_by_role("alert")).to_contain_text("Chưa lưu")
    expect(lan.locator(".faults").first).to_contain_text("{seconds}")
    assert grave(lan) == []
    lan.screenshot(path=screenshots / "console-notices-faults.png", full_page=True)
    words.fill("Xin Anh/Chị đợi {seconds} giây.")
    expect(lan.locator("#preview")).to_contain_text("Xin Anh/Chị đợi 30 giây.")
    lan.get_by_role("button", name="Lưu bản nháp").click()
    expect(lan.get_by_role("status").first).to_contain_text("Đã lưu bản nháp")
    mai.goto(f"{desk.url}/answers/waiting")
    mai.get_by_role("link", name="Xin Anh/Chị đợi").click()
    mai.get_by_role("button", name="Duyệt và dùng ngay").click()
    expect(mai.get_by_role("status").first).to_contain_text("Công dân thấy")
    with desk.database.connect() as connection:
        kinds = connection.execute(text("SELECT kind, key FROM answer_release")).all()
    assert [tuple(row) for row in kinds] == [("notice", "flood")]
    mai.once("dialog", lambda dialog: dialog.accept())
    mai.get_by_role("button", name="Dùng lại ngay Bản gốc").click()
    expect(mai.get_by_role("status").first).to_contain_text("Đã dùng lại bản này")


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
    for name in ("", "/privacy", "/button_report", "/telegram_erase_question"):
        shot = f"console-notices{name.replace('/', '-')}-{size['width']}-{scheme}.png"
        look_over(page, f"{desk.url}/answers/notices{name}", screenshots / shot)
