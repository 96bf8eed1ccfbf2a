"""On another site: the launcher, the panel, the frame."""

from __future__ import annotations

import pytest
from chat_page import PHONE, Chat
from fake_gateway import FakeGateway
from playwright.sync_api import BrowserContext, Page, expect
from replies import reply

SITE = """<!doctype html><html lang="{language}"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Site</title>
<style>* {{ color: red !important; font-family: serif }}
button {{ display: none }} html {{ font-size: 10px }}</style>
<h1>Trang của tỉnh</h1><p><a href="#a">Tin tức</a></p>
<script src="{base}/widget.js" data-operator="Quảng Ninh" data-mode="{mode}" defer></script></html>"""


@pytest.fixture
def site(gateway: FakeGateway, request: pytest.FixtureRequest) -> tuple[FakeGateway, FakeGateway]:
    """Another origin that is allowed to embed; its pages are launcher, iframe and english."""
    host = FakeGateway()
    allowed = FakeGateway(embed_origins=[host.url])
    request.addfinalizer(host.stop)
    request.addfinalizer(allowed.stop)
    for name, mode, language in (
        ("launcher", "launcher", "vi"),
        ("iframe", "iframe", "vi"),
        ("english", "launcher", "en-GB"),
    ):
        host.hosts[name] = SITE.format(base=allowed.url, mode=mode, language=language)
    host.hosts["stranger"] = SITE.format(base=gateway.url, mode="launcher", language="vi")
    host.hosts["stranger-frame"] = (
        f'<!doctype html><title>x</title><iframe src="{gateway.url}/embed"></iframe>'
    )
    return host, allowed


Sites = tuple[FakeGateway, FakeGateway]


def test_the_launcher_opens_a_panel_and_nothing_is_stored_before(page: Page, site: Sites) -> None:
    host, gateway = site
    page.goto(f"{host.url}/host/launcher")
    launcher = page.get_by_role("button", name="Mở Trợ Lý")
    expect(launcher).to_be_visible()
    page.wait_for_timeout(300)
    assert gateway.talks == {}
    launcher.click()
    chat = Chat(page)
    expect(chat.input).to_be_focused()
    expect(launcher).to_be_hidden()  # the focus would vanish behind the panel
    expect(chat.reply("Chào Anh/Chị")).to_be_visible()
    expect(page.get_by_role("dialog", name="Trợ Lý")).to_be_visible()
    expect(page.locator(".names")).to_contain_text("Quảng Ninh")
    chat.say("từ trang khác")
    expect(chat.reply("Trả lời: từ trang khác")).to_be_visible()
    page.keyboard.press("Escape")
    expect(chat.input).to_be_hidden()
    expect(launcher).to_be_focused()


def test_the_sites_styles_do_not_reach_in(page: Page, site: Sites) -> None:
    page.goto(f"{site[0].url}/host/launcher")
    page.get_by_role("button", name="Mở Trợ Lý").click()
    style = page.locator(".line .text").first.evaluate(
        "node => { const { color, fontFamily, fontSize } = getComputedStyle(node);"
        " return [color, fontFamily, fontSize]; }"
    )
    assert style[0] != "rgb(255, 0, 0)"
    assert "system-ui" in style[1]
    assert style[2] == "16px"


def test_a_reply_to_a_closed_panel_is_marked_at_the_launcher(page: Page, site: Sites) -> None:
    host, gateway = site
    page.goto(f"{host.url}/host/launcher")
    page.get_by_role("button", name="Mở Trợ Lý").click()
    expect(Chat(page).reply("Chào")).to_be_visible()
    page.get_by_role("button", name="Đóng").click()
    gateway.talk.say(reply("tin mới"))
    expect(page.get_by_role("button", name="Có tin mới")).to_be_visible()
    page.get_by_role("button", name="Có tin mới").click()
    expect(Chat(page).reply("tin mới")).to_be_visible()
    page.get_by_role("button", name="Đóng").click()
    expect(page.get_by_role("button", name="Có tin mới")).to_have_count(0)


def test_an_open_panel_stays_open_on_the_sites_next_page(page: Page, site: Sites) -> None:
    page.goto(f"{site[0].url}/host/launcher")
    page.get_by_role("button", name="Mở Trợ Lý").click()
    chat = Chat(page)
    chat.say("nhớ nhé")
    expect(chat.reply("Trả lời: nhớ nhé")).to_be_visible()
    page.goto(f"{site[0].url}/host/launcher?2")
    expect(chat.reply("Trả lời: nhớ nhé")).to_be_visible()
    assert page.evaluate("document.activeElement === document.body")  # the focus is not stolen


def test_the_sites_language_is_taken(page: Page, site: Sites) -> None:
    page.goto(f"{site[0].url}/host/english")
    page.get_by_role("button", name="Open the assistant").click()
    expect(Chat(page).reply("Hello")).to_be_visible()


def test_on_a_phone_the_panel_fills_the_screen_and_holds_the_focus(context_of, site: Sites) -> None:  # type: ignore[no-untyped-def]
    context: BrowserContext = context_of(
        viewport=PHONE, has_touch=True, is_mobile=True, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{site[0].url}/host/launcher")
    page.get_by_role("button", name="Mở Trợ Lý").tap()
    expect(Chat(page).input).to_be_focused()
    box = page.locator("dialog.panel").bounding_box()
    assert box == {"x": 0, "y": 0, "width": 390, "height": 844}
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.localName") in ("troly-chat", "body")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Mở Trợ Lý")).to_be_focused()


def test_the_frame_keeps_the_chat_apart_and_closes_over_messages(page: Page, site: Sites) -> None:
    host, _ = site
    page.goto(f"{host.url}/host/iframe")
    launcher = page.get_by_role("button", name="Mở Trợ Lý")
    launcher.click()
    frame = page.frame_locator("iframe")
    box = frame.get_by_role("textbox")
    expect(box).to_be_focused()
    box.fill("trong khung")
    box.press("Enter")
    expect(frame.get_by_text("Trả lời: trong khung")).to_be_visible()
    expect(frame.locator(".names")).to_contain_text("Quảng Ninh")
    assert page.evaluate("Object.keys(localStorage)") == []  # the token is out of the site's reach
    # What others post is not obeyed.
    page.evaluate("window.postMessage({troly: 'close'}, '*')")
    page.wait_for_timeout(200)
    expect(box).to_be_visible()
    box.press("Escape")
    expect(page.locator("iframe")).to_be_hidden()
    expect(launcher).to_be_focused()
    launcher.click()
    expect(box).to_be_focused()


def test_a_site_that_is_not_listed_gets_nothing(page: Page, site: Sites, gateway: FakeGateway) -> None:
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto(f"{site[0].url}/host/stranger")
    page.wait_for_timeout(500)
    assert page.locator("troly-chat").count() == 0
    assert any("EMBED_ORIGINS" in message for message in messages)
    page.goto(f"{site[0].url}/host/stranger-frame")
    page.wait_for_timeout(300)
    assert gateway.talks == {}
