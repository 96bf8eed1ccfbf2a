"""The widget's files: small, and asking nobody but the gateway."""

from __future__ import annotations

import gzip
import re
from urllib.parse import urlsplit

from chat_page import Chat
from fake_gateway import PROVINCE, FakeGateway
from playwright.sync_api import Page, expect

from channels.web.pages import FOLDER, served

LIMIT = 30_000
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".md")


def test_all_files_together_stay_under_30_kb_gzipped() -> None:
    sizes = {path.name: len(gzip.compress(served(path), mtime=0)) for path in FILES}
    assert sum(sizes.values()) < LIMIT, sizes


def test_the_pages_ask_only_the_gateway_and_carry_its_strict_policy(page: Page, gateway: FakeGateway) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    answer = page.goto(gateway.url)
    expect(Chat(page).replies.first).to_be_visible()
    assert {urlsplit(url).netloc for url in asked if not url.startswith("blob:")} == {
        urlsplit(gateway.url).netloc
    }
    assert answer
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_who_runs_the_assistant_and_that_it_is_a_machine_is_said(chat: Chat) -> None:
    expect(chat.page).to_have_title(f"Trợ Lý · Thủ tục hành chính · {PROVINCE}")
    expect(chat.page.get_by_role("heading", level=1)).to_have_text("Trợ Lý")
    expect(chat.page.locator("header")).to_contain_text(PROVINCE)
    expect(chat.log).to_contain_text("Trợ Lý là chương trình máy tính, không phải cán bộ")


def test_nothing_is_written_into_the_page_as_markup() -> None:
    for path in FILES:
        text = path.read_text("utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text
        ), path
        assert not re.search(r"\sstyle=|\son[a-z]+=\"", text), path


def test_every_interface_text_has_both_languages_with_the_same_places() -> None:
    text = (FOLDER / "widget.interface.js").read_text("utf-8")
    block = text[text.index("const TEXTS") : text.index("};", text.index("const TEXTS"))]
    pairs = re.findall(r'^  (\w+): \["([^"\n]+)", "([^"\n]+)"\],$', block, re.MULTILINE)
    assert len(pairs) == block.count("\n") - 1 > 50
    for name, vietnamese, english in pairs:
        assert re.findall(r"\{\w+\}", vietnamese) == re.findall(r"\{\w+\}", english), name


def test_every_interface_text_is_used() -> None:
    text = (FOLDER / "widget.interface.js").read_text("utf-8")
    block = text[text.index("const TEXTS") : text.index("};", text.index("const TEXTS"))]
    code = text.replace(block, "") + "".join(
        path.read_text("utf-8") for path in FILES if path.name != "widget.interface.js"
    )
    # `idea_${number}`, `theme_${name}`, `${name}_ask`
    made = re.compile(r"idea_\d|theme_\w+|(erase|end)_(ask|more|yes)")
    names = re.findall(r"^  (\w+): \[", block, re.MULTILINE)
    assert [name for name in names if not made.fullmatch(name) and f'"{name}"' not in code] == []
