"""Pictures for people, left in var/screenshots; a machine only sees that they are not empty."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from chat_page import DESKTOP, PHONE, Chat
from fake_gateway import FakeGateway
from playwright.sync_api import BrowserContext, Page, expect
from replies import answer, buttons, links, reply

PORTAL = "https://dichvucong.gov.vn/p/home/dvc-tthc-thu-tuc-hanh-chinh-chi-tiet.html?ma_thu_tuc=1.001193"
FEE = """Đăng ký khai sinh (mã 1.001193)

Lệ phí:
1. Đăng ký đúng hạn: miễn phí.
2. Đăng ký quá hạn: Cổng không ghi số tiền. Anh/Chị hỏi bộ phận một cửa cấp xã nơi nộp hồ sơ."""


@pytest.fixture
def answers(gateway: FakeGateway) -> FakeGateway:
    """A gateway that answers two questions as the assistant would."""
    gateway.answers["lam khai sinh het bao nhieu tien"] = [
        reply(
            FEE,
            links=links(("Xem trên Cổng Dịch vụ công", PORTAL)),
            buttons=buttons(
                ("Giấy tờ cần nộp", "/ask_documents"),
                ("Thời hạn", "/ask_processing_time"),
                ("Nơi nộp", "/ask_place"),
            ),
            answer=answer(sources=[("Cổng Dịch vụ công quốc gia", PORTAL, "2026-11-22")]),
        )
    ]
    gateway.answers["đăng ký kết hôn"] = [
        reply(
            "Có mấy thủ tục gần giống nhau. Anh/Chị cần thủ tục nào?",
            buttons=buttons(
                ("Đăng ký kết hôn", '/inform{"choice":1}'),
                ("Đăng ký kết hôn có yếu tố nước ngoài", '/inform{"choice":2}'),
                ("Đăng ký kết hôn có yếu tố nước ngoài tại khu vực biên giới", '/inform{"choice":3}'),
            ),
            answer=answer("clarify"),
        )
    ]
    return gateway


def _talk(chat: Chat) -> None:
    for text, start in (
        ("lam khai sinh het bao nhieu tien", "Đăng ký khai sinh (mã"),
        ("đăng ký kết hôn", "Có mấy thủ tục"),
    ):
        chat.say(text)
        expect(chat.reply(start)).to_be_visible()


def _keep(page: Page, path: Path) -> None:
    assert len(page.screenshot(path=path)) > 10_000


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("name", "viewport"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_the_page(
    context_of: Callable[..., BrowserContext],
    answers: FakeGateway,
    screenshots: Path,
    name: str,
    viewport: dict[str, int],
    theme: str,
) -> None:
    phone = name == "phone"
    page = context_of(viewport=viewport, color_scheme=theme, is_mobile=phone, has_touch=phone).new_page()
    _talk(Chat(page).open(answers.url))
    _keep(page, screenshots / f"{name}-{theme}.png")
    page.locator("button[aria-controls=menu]").click()
    _keep(page, screenshots / f"{name}-{theme}-menu.png")


def test_the_panel(page: Page, answers: FakeGateway, screenshots: Path) -> None:
    answers.hosts["site"] = (
        '<!doctype html><html lang="vi"><meta charset="utf-8"><title>x</title>'
        "<h1>Trang thông tin điện tử</h1>"
        '<script src="/widget.js" data-operator="Quảng Ninh"></script>'
    )
    page.goto(f"{answers.url}/host/site")
    launcher = page.get_by_role("button", name="Mở Trợ Lý")
    expect(launcher).to_be_visible()
    _keep(page, screenshots / "launcher.png")
    launcher.click()
    _talk(Chat(page))
    _keep(page, screenshots / "panel.png")
