"""A real Chromium against the fake gateway; every test also fails on a policy violation or a script error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# Test folders are no packages; what these tests share lies beside them.
sys.path.insert(0, str(Path(__file__).parent))

from chat_page import DESKTOP, Chat
from fake_gateway import FakeGateway

from troly.settings import ROOT

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_WATCH = """
window.violations = [];
addEventListener('securitypolicyviolation', (event) =>
  window.violations.push(event.violatedDirective + ' ' + event.blockedURI));
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all tests; each has its own context."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    """A gateway without faults."""
    fake = FakeGateway()
    yield fake
    fake.stop()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where screenshots are left for people to look at."""
    folder = ROOT / "var" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def context_of(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes contexts that are watched and closed."""
    made: list[BrowserContext] = []
    problems: list[str] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**({"locale": "vi-VN", "viewport": DESKTOP} | options))
        context.set_default_timeout(8000)
        context.add_init_script(_WATCH)
        context.on("weberror", lambda error: problems.append(str(error.error)))
        made.append(context)
        return context

    yield make
    for context in made:
        for page in context.pages:
            if page.url.startswith("http"):
                problems += page.evaluate("window.violations ?? []")
        context.close()
    assert problems == []


@pytest.fixture
def context(context_of: Callable[..., BrowserContext]) -> BrowserContext:
    """A Vietnamese desktop visitor."""
    return context_of()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty tab."""
    return context.new_page()


@pytest.fixture
def chat(page: Page, gateway: FakeGateway) -> Chat:
    """The full page, greeted."""
    return Chat(page).open(gateway.url)
