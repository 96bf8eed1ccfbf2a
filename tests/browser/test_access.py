"""Keyboard, screen readers, colours, sizes: WCAG 2.2 AA as far as a machine can tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from chat_page import DESKTOP, PHONE, Chat
from fake_gateway import FakeGateway
from playwright.sync_api import BrowserContext, Page, expect
from replies import answer, buttons, links, reply

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
PORTAL = "https://dichvucong.gov.vn/thu-tuc/1.001193"
SOURCE = ("Cổng Dịch vụ công quốc gia", PORTAL, "2026-11-22")


def _grave(page: Page) -> list[str]:
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def _full(chat: Chat, gateway: FakeGateway) -> None:
    """One of everything on the screen."""
    gateway.answers["phí"] = [
        reply(
            "Lệ phí đăng ký khai sinh:\n1. Đúng hạn: miễn phí.\n2. Quá hạn: theo nghị quyết của tỉnh.",
            links=links(("Xem trên Cổng Dịch vụ công", PORTAL)),
            buttons=buttons(("Giấy tờ cần nộp", "/ask_documents"), ("Thời hạn", "/ask_processing_time")),
            answer=answer(sources=[SOURCE]),
        )
    ]
    gateway.answers["nhiều"] = [
        reply(
            "Anh/Chị muốn hỏi thủ tục nào?",
            buttons=buttons(
                *[
                    (
                        f"Thủ tục có tên dài, trường hợp số {number}, có yếu tố nước ngoài",
                        f'/inform{{"choice":{number}}}',
                    )
                    for number in (1, 2, 3)
                ]
            ),
            answer=answer("clarify"),
        )
    ]
    chat.say("phí")
    chat.say("nhiều")
    gateway.talk.say(reply("Tôi là Lan, cán bộ một cửa.", **{"from": "staff"}))
    chat.say("a" * 5001)
    expect(chat.page.get_by_role("button", name="Sửa lại")).to_be_visible()
    chat.page.get_by_role("button", name="Hữu ích").first.click()
    expect(chat.page.locator(".rating [role=status]").first).to_contain_text("Cảm ơn")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_grave(
    context_of: Callable[..., BrowserContext], gateway: FakeGateway, theme: str, viewport: dict[str, int]
) -> None:
    page = context_of(color_scheme=theme, viewport=viewport, reduced_motion="reduce").new_page()
    chat = Chat(page).open(gateway.url)
    assert page.locator(".chat").get_attribute("data-theme") == theme
    assert _grave(page) == []
    _full(chat, gateway)
    assert _grave(page) == []
    page.locator("button[aria-controls=menu]").click()
    assert _grave(page) == []
    page.get_by_text("Xóa cuộc trò chuyện", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert _grave(page) == []


def test_axe_finds_nothing_grave_in_the_launcher(page: Page, gateway: FakeGateway) -> None:
    gateway.hosts["x"] = (
        '<!doctype html><html lang="vi"><title>x</title><main><h1>x</h1></main>'
        '<script src="/widget.js"></script>'
    )
    page.goto(f"{gateway.url}/host/x")
    page.get_by_role("button", name="Mở Trợ Lý").click()
    expect(Chat(page).reply("Chào")).to_be_visible()
    page.wait_for_timeout(300)
    assert _grave(page) == []


def test_axe_would_see_what_is_in_the_shadow(chat: Chat) -> None:
    chat.page.locator(".caution").evaluate(
        "node => { node.style.color = '#ccc'; node.style.background = '#fff'; }"
    )
    assert any("color-contrast" in line for line in _grave(chat.page))


def test_the_log_is_there_before_the_first_message(page: Page, gateway: FakeGateway) -> None:
    page.route("**/api/v1/conversations", lambda route: None)
    page.goto(gateway.url)
    log = page.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log).to_have_attribute("aria-label", "Nội dung trò chuyện")
    expect(log.locator(".line")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Tin nhắn của Anh/Chị")).to_be_focused()


def test_every_message_names_its_language(chat: Chat, gateway: FakeGateway) -> None:
    gateway.answers["hello there"] = [reply("Hello.", language="en")]
    chat.say("hello there")
    chat.say("xin chào")
    expect(chat.reply("Trả lời: xin chào")).to_be_visible()
    assert [node.get_attribute("lang") for node in chat.page.locator(".bubble").all()] == [
        "vi",
        "vi",
        "en",
        "vi",
        "vi",
    ]


def test_the_keyboard_alone_suffices(chat: Chat, gateway: FakeGateway) -> None:
    page, keyboard = chat.page, chat.page.keyboard

    def focused() -> str:
        name: str = page.evaluate(
            "() => { const node = document.activeElement.shadowRoot.activeElement;"
            " return node.getAttribute('aria-label') ?? node.textContent; }"
        )
        return name

    def tab_to(name: str, key: str = "Tab") -> None:
        for _ in range(30):
            if focused().strip() == name:
                return
            keyboard.press(key)
        raise AssertionError(f"{name} is not reached; last {focused()}")

    expect(chat.input).to_be_focused()
    tab_to("Hỏi thủ tục", "Shift+Tab")
    keyboard.press("Enter")
    expect(chat.reply("/ask_procedure")).to_be_visible()
    tab_to("Chưa đúng ý")
    keyboard.press("Space")
    expect(page.locator(".rating [role=status]")).to_contain_text("Cảm ơn")
    tab_to("Trình đơn", "Shift+Tab")
    keyboard.press("Enter")
    tab_to("Chữ to")
    keyboard.press("Space")
    expect(page.locator(".chat")).to_have_class("chat page large")
    keyboard.press("Escape")
    assert focused() == "Trình đơn"
    expect(page.locator(".menu")).to_be_hidden()
    keyboard.press("Enter")
    tab_to("Xóa cuộc trò chuyện")
    keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert focused() == "Trình đơn"
    tab_to("")  # the box to write in
    keyboard.type("xong")
    keyboard.press("Enter")
    expect(chat.reply("Trả lời: xong")).to_be_visible()


def test_the_focus_is_always_to_be_seen(chat: Chat, gateway: FakeGateway) -> None:
    _full(chat, gateway)
    unseen = chat.page.evaluate(
        """() => {
          const root = document.querySelector('troly-chat').shadowRoot;
          const nodes = [...root.querySelectorAll('button, a, [tabindex]')];
          return nodes.filter((node) => node.checkVisibility()).filter((node) => {
            node.focus({focusVisible: true});
            const style = getComputedStyle(node);
            return style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2;
          }).map((node) => node.outerHTML);
        }"""
    )
    assert unseen == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_targets_are_at_least_44_pixels(
    context_of: Callable[..., BrowserContext], gateway: FakeGateway, viewport: dict[str, int]
) -> None:
    page = context_of(viewport=viewport).new_page()
    chat = Chat(page).open(gateway.url)
    _full(chat, gateway)
    page.locator("button[aria-controls=menu]").click()
    small = page.evaluate(
        """() => [...document.querySelector('troly-chat').shadowRoot
          .querySelectorAll('button, textarea, input, .links a')]
          .filter((node) => node.checkVisibility())
          .map((node) => [node.getBoundingClientRect(), node])
          .filter(([box]) => box.width < 43.9 || box.height < 43.9)
          .map(([box, node]) => `${box.width}x${box.height} ${node.outerHTML}`)"""
    )
    assert small == []


def test_large_text_and_theme_are_kept(chat: Chat) -> None:
    page = chat.page
    page.locator("button[aria-controls=menu]").click()
    page.get_by_role("switch", name="Chữ to").click()
    page.get_by_role("radio", name="Tối").check()
    expect(page.locator(".chat")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(chat.replies.first).to_be_visible()
    expect(page.locator(".chat")).to_have_attribute("data-theme", "dark")
    assert chat.replies.first.evaluate("node => getComputedStyle(node).fontSize") == "20px"
    page.locator("button[aria-controls=menu]").click()
    page.get_by_role("radio", name="Tự động").check()
    expect(page.locator(".chat")).to_have_attribute("data-theme", "light")
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".chat")).to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_cut_off_on_narrow_screens_with_large_text(
    context_of: Callable[..., BrowserContext], gateway: FakeGateway, width: int
) -> None:
    page = context_of(viewport={"width": width, "height": 640}).new_page()
    page.add_init_script("localStorage.setItem('troly:prefs', JSON.stringify({large: true}))")
    chat = Chat(page).open(gateway.url)
    _full(chat, gateway)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".log").evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    expect(page.get_by_role("button", name="Gửi", exact=True)).to_be_in_viewport(ratio=1)


def test_forced_colours_and_reduced_motion(
    context_of: Callable[..., BrowserContext], gateway: FakeGateway
) -> None:
    page = context_of(forced_colors="active", reduced_motion="reduce").new_page()
    chat = Chat(page).open(gateway.url)
    gateway.held = True
    chat.say("chờ")
    dot = page.locator(".typing i").first
    expect(dot).to_be_visible()
    assert dot.evaluate("node => getComputedStyle(node).animationName") == "none"
    for selector in (".bubble", ".send", ".buttons button"):
        width = page.locator(selector).first.evaluate("node => getComputedStyle(node).borderTopWidth")
        assert float(width.removesuffix("px")) >= 1, selector
