"""The chat as a citizen uses it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1366, "height": 768}


class Chat:
    """What the tests touch and look at."""

    def __init__(self, page: Page) -> None:
        """The chat of this page, which may not be there yet."""
        self.page = page
        self.input = page.get_by_role("textbox")
        self.log = page.get_by_role("log")
        self.replies = page.locator(".line:is(.bot, .staff) .text")
        self.own = page.locator(".line.citizen .bubble")
        self.status = page.locator(".status")

    def open(self, url: str) -> Chat:
        """Load a page and wait for the greeting."""
        self.page.goto(url)
        expect(self.replies.first).to_be_visible()
        return self

    def say(self, text: str) -> None:
        """Type and send."""
        self.input.fill(text)
        self.input.press("Enter")

    def reply(self, text: str) -> Locator:
        """The replies that are this text."""
        return self.page.locator(".line:is(.bot, .staff) .text", has_text=text)

    def menu(self, item: str) -> None:
        """Choose from the menu."""
        self.page.locator("button[aria-controls=menu]").click()
        self.page.locator(".menu").get_by_text(item, exact=True).click()
