"""What staff tell every visitor stands above the chat, in the visitor's language, as words only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chat_page import Chat
from playwright.sync_api import Page, expect


def test_an_incident_is_shown_and_follows_the_language(page: Page, gateway: Any, screenshots: Path) -> None:
    gateway.incident = {
        "id": "1",
        "text_vi": "Cổng dịch vụ công đang lỗi. <b>Xin thử lại sau.</b>",
        "text_en": "The portal is down.",
    }
    chat = Chat(page).open(gateway.url)
    shown = chat.page.locator(".incident")
    expect(shown).to_have_text("Cổng dịch vụ công đang lỗi. <b>Xin thử lại sau.</b>")
    chat.page.screenshot(path=screenshots / "incident.png")
    chat.page.locator("button.other").click()
    expect(shown).to_have_text("The portal is down.")


def test_without_an_incident_nothing_is_shown(chat: Chat) -> None:
    expect(chat.page.locator(".incident")).to_be_hidden()
