"""Review in a real browser: deciding by keyboard, by mouse, without scripts; hostile messages are text."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chat_page import DESKTOP, PHONE
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import insert, text
from test_console import Desk, grave, wide

from channels.store import Store
from console.review.filling import fill
from tests.fakes.talks import stored_talk
from troly.clock import now
from troly.database import async_engine
from troly.tables.catalogue import CatalogueProcedure

ATTACK = "<img src=x onerror=\"document.title='stolen'\"> xin phép <script>document.title='stolen'</script>"
MESSAGES = [
    ("phí xin nuôi ong lấy mật", {"status": "not_found", "intent": "ask_fee", "rating": -1}),
    ("phí xin nuôi ong lấy mật ạ", {"status": "not_found", "intent": "ask_fee"}),
    ("tôi tên là Nguyễn Văn An, thùng mật sau vườn", {"status": "not_found", "intent": "ask_procedure"}),
    ("thời tiết Hạ Long mai thế nào", {"status": "answered", "intent": "ask_place", "confidence": 0.3}),
    (ATTACK, {"status": "out_of_scope", "intent": "out_of_scope", "second_intent": "ask_procedure"}),
]


class ReviewDesk(Desk):
    """A console with messages worth a look, and its staff."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        shares = {"review_confirm_share": 0.0, "review_test_share": 0.0, "review_sample_share": 0.0}
        super().__init__(folder, **shares | settings)

    def _fill(self) -> None:
        with self.database.begin() as connection:
            for words, turn in MESSAGES:
                at = now() - timedelta(minutes=30)
                said = {"text": words, "turn": turn, "reply": "Tôi chưa tìm thấy thủ tục này."}
                for statement in stored_talk(secrets.token_hex(16), [said], at=at):
                    connection.execute(statement)
            for code, name, folded in [
                ("2.002132", "Đăng ký nuôi ong lấy mật", "dang ky nuoi ong lay mat"),
                ("1.001193", "Đăng ký khai sinh", "dang ky khai sinh"),
            ]:
                connection.execute(
                    insert(CatalogueProcedure).values(
                        id=code,
                        code=code,
                        name=name,
                        folded_name=folded,
                        field="Nông nghiệp",
                        type="STANDARD",
                        levels=["commune"],
                        content_hash="",
                        list_hash="",
                        detail={},
                        as_of=now(),
                    )
                )
        with ThreadPoolExecutor(1) as thread:  # Playwright has a running loop in this one
            thread.submit(lambda: asyncio.run(self._queue())).result()

    async def _queue(self) -> None:
        """As a gateway does once a minute."""
        pool = async_engine(self.settings.database)
        await fill(Store(pool), self.settings)
        await pool.dispose()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the database holds."""
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ReviewDesk]:
    made = ReviewDesk(tmp_path)
    yield made
    made.served.stop()
    made.database.dispose()


def pressed(page: Page, *keys: str) -> None:
    """Press a key and wait for the page that follows."""
    with page.expect_navigation():
        for key in keys:
            page.keyboard.press(key)


def opened(page: Page, words: str) -> None:
    """Follow the link with these words, until the page is there."""
    with page.expect_navigation():
        page.get_by_role("link", name=words).click()


def test_a_queue_is_worked_through_by_keyboard_alone(context: BrowserContext, desk: ReviewDesk) -> None:
    page = desk.signed_in(context, "reviewer", name="lan")
    page.goto(f"{desk.url}/review")
    expect(page.locator("[data-row]")).to_have_count(4)
    expect(page.locator("[data-row]").first).to_contain_text("phí xin nuôi ong")
    page.goto(f"{desk.url}/review/next")
    expect(page.get_by_role("heading", name="2 câu")).to_be_visible()

    page.keyboard.press("i")  # another intent, found by the words of its definition
    page.keyboard.type("cancel")
    expect(page.get_by_role("option").first).to_contain_text("cancel")
    page.keyboard.press("Escape")
    pressed(page, "y")
    expect(page.get_by_role("status")).to_contain_text("ví dụ")

    pressed(page, "z")
    expect(page.get_by_role("status")).to_contain_text("hoàn tác")
    expect(page.get_by_role("heading", name="2 câu")).to_be_visible()
    assert desk.rows("SELECT count(*) FROM learned_example WHERE removed_at IS NULL") == [(0,)]
    pressed(page, "y")

    for _ in range(3):
        words = page.locator(".said .words").first.inner_text()
        if "thùng mật" in words:
            page.keyboard.press("p")
            page.keyboard.type("nuoi ong")
            expect(page.get_by_role("option").first).to_contain_text("2.002132")
            pressed(page, "Enter")
        elif "thời tiết" in words:
            pressed(page, "o")
        else:
            pressed(page, "u")
    expect(page).to_have_url(re.compile(r"/review\?.*done=review\.done_"))
    expect(page.get_by_text("Không còn câu nào cần xem")).to_be_visible()
    names = desk.rows("SELECT procedure_code, name FROM learned_name WHERE removed_at IS NULL")
    assert [code for code, _ in names] == ["2.002132"]
    assert "Nguyễn" not in names[0][1]
    assert ("out_of_scope",) in desk.rows("SELECT intent FROM learned_example WHERE removed_at IS NULL")
    assert page.title() != "stolen"


def test_next_and_previous_leave_messages_as_they_are(context: BrowserContext, desk: ReviewDesk) -> None:
    page = desk.signed_in(context, "reviewer")
    page.goto(f"{desk.url}/review/next")
    page.goto(f"{desk.url}/review")
    page.goto(f"{desk.url}/review/next")
    first = page.locator(".said .words").first.inner_text()
    pressed(page, "j")
    assert page.locator(".said .words").first.inner_text() != first
    pressed(page, "k")
    assert page.locator(".said .words").first.inner_text() == first
    assert desk.rows("SELECT count(*) FROM review_label") == [(0,)]


def test_a_new_intent_is_proposed_and_listed(context: BrowserContext, desk: ReviewDesk) -> None:
    page = desk.signed_in(context, "reviewer")
    page.goto(f"{desk.url}/review")
    opened(page, "thời tiết Hạ Long")
    page.keyboard.press("n")
    page.keyboard.type("hỏi thời tiết")
    page.keyboard.press("Tab")
    page.keyboard.type("mùa bão nhiều người hỏi")
    pressed(page, "Enter")
    page.goto(f"{desk.url}/review/proposals")
    expect(page.get_by_role("cell", name="hỏi thời tiết")).to_be_visible()


def test_only_ticked_messages_are_labelled(context: BrowserContext, desk: ReviewDesk) -> None:
    page = desk.signed_in(context, "reviewer")
    page.goto(f"{desk.url}/review")
    opened(page, "phí xin nuôi ong")
    page.locator("input[name=item]").last.uncheck()
    page.get_by_role("button", name="Đúng").click()
    expect(page.get_by_role("status")).to_be_visible()
    assert desk.rows("SELECT state, count(*) FROM review_item GROUP BY state ORDER BY state") == [
        ("done", 1),
        ("waiting", 4),
    ]


def test_what_a_citizen_writes_is_shown_as_text(context: BrowserContext, desk: ReviewDesk) -> None:
    page = desk.signed_in(context, "reviewer")
    page.goto(f"{desk.url}/review")
    opened(page, "<img src=x")
    expect(page.locator(".said .words")).to_contain_text("<script>")
    assert page.locator("img[src=x]").count() == 0
    assert "stolen" not in page.title()


def test_a_second_person_confirms_without_seeing_the_first_label(
    context_of: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    desk = ReviewDesk(tmp_path, review_confirm_share=1.0)
    try:
        lan = desk.signed_in(context_of(), "reviewer", name="lan")
        lan.goto(f"{desk.url}/review")
        opened(lan, "phí xin nuôi ong")
        pressed(lan, "y")
        mai = desk.signed_in(context_of(), "reviewer", name="mai")
        mai.goto(f"{desk.url}/review?list=confirm")
        expect(mai.locator("[data-row]")).to_have_count(1)
        pressed(mai, "j", "Enter")
        expect(mai.locator("main")).not_to_contain_text("lan:")
        pressed(mai, "o")
        editor = desk.signed_in(context_of(), "editor", name="ngoc")
        editor.goto(f"{desk.url}/review?list=settle")
        pressed(editor, "j", "Enter")
        expect(editor.locator(".said")).to_contain_text("mai")
        pressed(editor, "y")
        editor.goto(f"{desk.url}/review/agreement")
        expect(editor.locator("tbody tr")).to_have_count(2)
        assert desk.rows("SELECT count(*) FROM learned_example") == [(2,)]
    finally:
        desk.served.stop()


def test_everything_works_without_scripts(
    context_of: Callable[..., BrowserContext], desk: ReviewDesk
) -> None:
    page = desk.signed_in(context_of(java_script_enabled=False), "reviewer")
    page.goto(f"{desk.url}/review")
    opened(page, "phí xin nuôi ong")
    page.get_by_label("Ý định khác").select_option("ask_procedure")
    page.get_by_role("button", name="Lưu ý định này").click()
    expect(page.get_by_role("status")).to_be_visible()
    page.goto(f"{desk.url}/review")
    opened(page, "thùng mật")
    page.locator("#q").fill("nuoi ong")
    page.get_by_role("button", name="Tìm", exact=True).click()
    page.get_by_label("Đăng ký nuôi ong lấy mật").check()
    page.locator("#name").fill("thùng mật")
    page.get_by_role("button", name="Lưu thủ tục này").click()
    expect(page.get_by_role("status")).to_contain_text("tên gọi mới")
    page.goto(f"{desk.url}/review/history")
    page.get_by_role("button", name="Hoàn tác").first.click()
    expect(page.get_by_role("status")).to_contain_text("hoàn tác")
    assert desk.rows("SELECT count(*) FROM learned_name WHERE removed_at IS NULL") == [(0,)]


LONG = (
    "Dạ em chào anh chị, tháng trước em có cãi nhau với ông hàng xóm, giờ em muốn nuôi ong lấy mật "
    "sau vườn nhà ngoại thì lệ phí bao nhiêu ạ"
)


class LongDesk(ReviewDesk):
    """One message that tells a story."""

    def _fill(self) -> None:
        MESSAGES.insert(0, (LONG, {"status": "not_found", "intent": "ask_fee", "rating": -1}))
        try:
            super()._fill()
        finally:
            MESSAGES.pop(0)


@pytest.fixture
def long_desk(tmp_path: Path) -> Iterator[ReviewDesk]:
    made = LongDesk(tmp_path)
    yield made
    made.served.stop()
    made.database.dispose()


def test_names_out_of_a_long_message_cost_no_key_and_are_chosen_by_keys(
    context: BrowserContext, long_desk: ReviewDesk, screenshots: Path
) -> None:
    page = long_desk.signed_in(context, "reviewer", name="lan")
    page.goto(f"{long_desk.url}/review")
    opened(page, "Dạ em chào")
    names = page.locator("[data-names] input")
    expect(names).to_have_count(2)
    # Accepting what is proposed: P, words, Enter, as without names.
    page.keyboard.press("p")
    page.keyboard.type("nuoi ong")
    expect(page.get_by_role("option").first).to_contain_text("2.002132")
    expect(page.locator("[data-name]").first).to_contain_text("nuôi ong lấy mật sau vườn")
    expect(names.first).to_be_checked()
    expect(names.nth(1)).not_to_be_checked()
    page.screenshot(path=screenshots / "console-review-names.png", full_page=True)
    assert grave(page) == [] and not wide(page)
    pressed(page, "Enter")
    taught = "SELECT name FROM learned_name WHERE removed_at IS NULL ORDER BY id"
    (first,) = long_desk.rows(taught)
    assert "nuôi ong lấy mật sau vườn" in first[0]

    # Both: a number takes the second, also while a procedure is searched.
    pressed(page, "z")
    page.keyboard.press("p")
    page.keyboard.type("nuoi ong")
    expect(page.get_by_role("option").first).to_contain_text("2.002132")
    page.keyboard.press("Alt+2")
    expect(names.nth(1)).to_be_checked()
    pressed(page, "Enter")
    assert len(long_desk.rows(taught)) == 2

    # None, and one of one's own.
    pressed(page, "z")
    page.keyboard.press("0")
    page.keyboard.press("1")
    expect(names.first).to_be_checked()
    page.keyboard.press("e")
    expect(page.locator("#name")).to_be_focused()
    expect(names.first).not_to_be_checked()
    page.locator("#name").fill("tổ ong; thùng mật")
    page.locator("#q").focus()
    page.keyboard.type("nuoi ong")
    expect(page.get_by_role("option").first).to_contain_text("2.002132")
    pressed(page, "Enter")
    assert long_desk.rows(taught) == [("tổ ong",), ("thùng mật",)]


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1366", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_legible_and_accessible(
    context_of: Callable[..., BrowserContext],
    desk: ReviewDesk,
    screenshots: Path,
    size: dict[str, int],
    scheme: str,
) -> None:
    page = desk.signed_in(context_of(viewport=size, color_scheme=scheme), "admin")
    page.goto(f"{desk.url}/review")
    for name in ("list", "group", "intent", "procedure", "proposals", "agreement", "history"):
        if name == "group":
            page.goto(f"{desk.url}/review/next")
        elif name == "intent":
            page.locator("#intent").focus()
            page.keyboard.type("giay to")
            expect(page.get_by_role("option").first).to_be_visible()
        elif name == "procedure":
            page.locator("#q").focus()
            page.keyboard.type("khai sinh")
            expect(page.get_by_role("option").first).to_be_visible()
        elif name != "list":
            page.goto(f"{desk.url}/review/{name}")
        page.screenshot(path=screenshots / f"console-review-{name}-{size['width']}-{scheme}.png")
        assert grave(page) == [], name
        assert not wide(page), name
        if name == "procedure":
            page.keyboard.press("Escape")
            pressed(page, "o")


def test_a_double_press_decides_once(context: BrowserContext, desk: ReviewDesk) -> None:
    page = desk.signed_in(context, "reviewer")
    page.goto(f"{desk.url}/review")
    page.goto(f"{desk.url}/review/next")
    with page.expect_navigation():
        page.evaluate(
            "['y', 'y', 'o'].forEach((key) => document.body.dispatchEvent("
            "new KeyboardEvent('keydown', {key, bubbles: true})))"
        )
    time.sleep(0.3)
    assert desk.rows("SELECT count(DISTINCT batch) FROM review_label") == [(1,)]
