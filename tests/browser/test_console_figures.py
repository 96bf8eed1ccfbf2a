"""Figures in a real browser: charts by pointer and keyboard, periods, files, both sizes and colours."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from chat_page import DESKTOP, PHONE
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import insert
from test_console import Desk, grave, wide

from troly.clock import now, today
from troly.tables.catalogue import CatalogueProcedure
from troly.tables.counts import DailyCount
from troly.tables.review import ReviewGroup, ReviewItem

DAYS = 75
PROCEDURES = {
    "1.001193": ("Thủ tục đăng ký khai sinh", "Hộ tịch"),
    "1.000894": ("Thủ tục đăng ký kết hôn", "Hộ tịch"),
    "2.000815": ("Thủ tục chứng thực bản sao từ bản chính giấy tờ, văn bản", "Chứng thực"),
    "1.004222": ("Đăng ký thường trú", "Đăng ký, quản lý cư trú"),
    "1.012222": ("Cấp lại thẻ căn cước cho người từ đủ 14 tuổi trở lên", "Cấp, quản lý căn cước"),
}
ATTACK = "<img src=x onerror=\"document.title='stolen'\">"


class Figures(Desk):
    """A console with two months and a half of figures."""

    def _fill(self) -> None:
        chance = random.Random(11)
        here = today().date()
        rows = []
        for number in range(DAYS):
            day = here - timedelta(days=number)
            busy = 0.35 if day.weekday() > 4 else 1.0
            for channel, size in (("web", 90), ("zalo_oa", 55), ("telegram", 14)):
                messages = max(2, int(size * busy * chance.uniform(0.75, 1.25)))
                parts = {"answered": 0.72, "clarify": 0.14, "not_found": 0.05, "out_of_scope": 0.03}
                parts |= {"handed_over": 0.03, "portal_unavailable": 0.02 if number % 9 else 0.2}
                counts = [("turn", "ask_fee", name, int(messages * part)) for name, part in parts.items()]
                counts += [
                    ("conversation", "", "", messages // 3),
                    ("person", "", "", messages // 4),
                    ("person", (day - timedelta(days=3)).isoformat(), "", messages // 12),
                    ("took", "1", "", messages // 2),
                    ("took", "3", "", messages // 3),
                    ("rating", "thumb", "1", messages // 20),
                    ("rating", "stars", "2", messages // 60),
                    ("handover", "closed", "", messages // 40),
                    ("wait", "300", "", messages // 50),
                    (
                        "commune",
                        chance.choice(("phường Hồng Gai", "phường Bãi Cháy", "đặc khu Cô Tô")),
                        "",
                        3,
                    ),
                ]
                for place, code in enumerate(PROCEDURES):
                    counts.append(
                        ("procedure", code, "documents" if place % 2 else "fee", messages // (place + 3))
                    )
                rows += [
                    {"day": day, "channel": channel, "language": "vi", "kind": kind, "name": name,
                     "detail": detail, "number": count}
                    for kind, name, detail, count in counts if count
                ]  # fmt: skip
        with self.database.begin() as connection:
            connection.execute(insert(DailyCount), rows)
            for code, (name, field) in PROCEDURES.items():
                connection.execute(
                    insert(CatalogueProcedure).values(
                        id=code, code=code, name=name, folded_name="", field=field, type="", levels=[],
                        content_hash="", list_hash="", detail={}, as_of=now(),
                    )
                )  # fmt: skip
            self._review(connection)

    def _review(self, connection: object) -> None:
        needs = (
            ("đăng ký bay flycam ở đâu", "dang ky bay flycam o dau", 7, 1),
            ("xin trợ cấp thiệt hại sau bão", "xin tro cap thiet hai sau bao", 5, 0),
            (f"bán vé số cần giấy gì {ATTACK}", "ban ve so can giay gi", 3, 4),
        )
        for text, folded, recent, earlier in needs:
            group = connection.execute(  # type: ignore[attr-defined]
                insert(ReviewGroup).values(leader=folded, kind="vi||").returning(ReviewGroup.id)
            ).scalar_one()
            for number in range(recent + earlier):
                connection.execute(  # type: ignore[attr-defined]
                    insert(ReviewItem).values(
                        group_id=group, message_id=f"{group:016}{number:016}",
                        conversation_id=f"{number:032x}",
                        at=now() - timedelta(days=2 if number < recent else 40), channel="web", language="vi",
                        text=text, folded=folded, status="not_found", reasons=1, sampled=number < 3,
                        answer="wrong" if number == 1 else "right", state="done",
                    )
                )  # fmt: skip


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Figures]:
    made = Figures(tmp_path_factory.mktemp("figures"))
    yield made
    made.served.stop()
    made.database.dispose()


@pytest.fixture(autouse=True)
def counted(context: BrowserContext, figures: Figures) -> None:
    """All days are counted before a test looks."""
    page = figures.signed_in(context, "admin")
    for _ in range(60):
        page.goto(f"{figures.url}/figures")
        if not page.get_by_text("đang được đếm").count():
            break
        page.wait_for_timeout(250)
    page.close()


def test_a_chart_is_read_by_pointer_and_by_keyboard(context: BrowserContext, figures: Figures) -> None:
    page = figures.signed_in(context, "analyst")
    page.goto(f"{figures.url}/figures?period=7")
    card = page.locator("section", has=page.get_by_role("heading", name="Tin nhắn theo kênh", exact=True))
    tip = card.locator("[data-tip]")
    expect(tip).to_be_hidden()
    card.locator("[data-band]").nth(2).hover()
    expect(tip).to_contain_text("Trang web: ")
    first = tip.inner_text()
    card.locator("[data-chart]").focus()
    page.keyboard.press("Home")
    expect(tip).to_contain_text(f"{today().date() - timedelta(days=6):%d/%m/%Y}")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(tip).to_have_text(first)
    # The table beside it has the same number.
    shown = card.locator("tbody tr").nth(2).locator("td").nth(1).inner_text()
    assert f"Trang web: {shown};" in first


def test_only_the_fields_of_the_period_are_shown_and_filters_work(
    context: BrowserContext, figures: Figures
) -> None:
    page = figures.signed_in(context, "analyst")
    page.goto(f"{figures.url}/figures")
    expect(page.get_by_label("Từ ngày", exact=True)).to_be_hidden()
    page.get_by_label("Từ ngày đến ngày").check()
    expect(page.get_by_label("Từ ngày", exact=True)).to_be_visible()
    page.get_by_label("Từ ngày", exact=True).fill((today().date() - timedelta(days=20)).isoformat())
    page.get_by_label("Đến ngày", exact=True).fill((today().date() - timedelta(days=11)).isoformat())
    page.get_by_label("Kênh", exact=True).select_option("telegram")
    page.get_by_role("button", name="Xem", exact=True).click()
    expect(page.locator(".legend").first).not_to_contain_text("Zalo")
    card = page.locator("section", has=page.get_by_role("heading", name="Tin nhắn theo kênh", exact=True))
    expect(card.locator("tbody tr")).to_have_count(10)
    # The choice goes along to the other pages.
    page.get_by_role("link", name="Nội dung được hỏi").click()
    expect(page.get_by_label("Kênh", exact=True)).to_have_value("telegram")
    expect(page.get_by_text("Thủ tục đăng ký khai sinh")).to_be_visible()


def test_files_are_taken_out(context: BrowserContext, figures: Figures) -> None:
    page = figures.signed_in(context, "analyst")
    page.goto(f"{figures.url}/figures/topics")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Tải bảng Thủ tục được hỏi nhiều dạng CSV").click()
    assert "Thủ tục đăng ký khai sinh" in Path(waiting.value.path()).read_text("utf-8-sig")
    page.goto(f"{figures.url}/figures/open")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Tải báo cáo tháng").first.click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"%PDF")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="dạng JSON").first.click()
    assert waiting.value.suggested_filename.endswith(".json")
    assert figures.audit().count("figures_exported") == 3


def test_unmet_needs_lead_to_their_conversations_and_run_nothing(
    context: BrowserContext, figures: Figures
) -> None:
    page = figures.signed_in(context, "reviewer")
    page.goto(f"{figures.url}/figures/unmet")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("flycam")
    expect(rows.first).to_contain_text("+6")
    expect(rows.last).to_contain_text("onerror")
    assert "stolen" not in page.title()
    expect(page.locator("main img")).to_have_count(0)
    assert rows.first.get_by_role("link").get_attribute("href").startswith("/console/conversations/")  # type: ignore[union-attr]


PAGES = {
    "overview": "/figures",
    "overview-90": "/figures?period=90",
    "overview-empty": "/figures?language=en",
    "topics": "/figures/topics",
    "unmet": "/figures/unmet",
    "open": "/figures/open",
}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1366", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_legible_and_accessible(
    context_of: Callable[..., BrowserContext],
    figures: Figures,
    screenshots: Path,
    size: dict[str, int],
    scheme: str,
) -> None:
    page = figures.signed_in(context_of(viewport=size, color_scheme=scheme), "admin")
    for name, path in PAGES.items():
        page.goto(figures.url + path)
        page.screenshot(
            path=screenshots / f"console-figures-{name}-{size['width']}-{scheme}.png", full_page=True
        )
        assert grave(page) == [], name
        assert not wide(page), name


def test_pages_work_without_scripts(context_of: Callable[..., BrowserContext], figures: Figures) -> None:
    page = figures.signed_in(context_of(java_script_enabled=False), "analyst")
    page.goto(f"{figures.url}/figures")
    page.get_by_label("7 ngày").check()
    page.get_by_role("button", name="Xem", exact=True).click()
    assert page.locator("[data-band] title").first.text_content()
    expect(page.locator("svg.chart")).to_have_count(4)
