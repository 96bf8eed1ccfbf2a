"""Controls in a real browser: off and on, an incident, thresholds, a broadcast with its preview."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chat_page import DESKTOP, PHONE
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import insert, select
from test_console import Desk, grave, wide

from troly.clock import now
from troly.tables.controls import LIMITS, RESERVE, Broadcast, BroadcastTarget
from troly.tables.conversations import Conversation


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made = Desk(tmp_path_factory.mktemp("controls"))
    yield made
    made.served.stop()
    made.database.dispose()


def test_the_assistant_is_switched_off_and_on(context: BrowserContext, desk: Desk, screenshots: Path) -> None:
    page = desk.signed_in(context, "admin")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{desk.url}/controls")
    expect(page.get_by_text("Đang trả lời ở mọi kênh")).to_be_visible()
    page.get_by_label("Ở đâu").select_option(label="Telegram")
    page.get_by_role("button", name="Tắt Trợ Lý").click()
    expect(page.get_by_role("status")).to_contain_text("Có hiệu lực")
    expect(page.get_by_text("Đang tắt: Telegram")).to_be_visible()
    assert grave(page) == []
    page.screenshot(path=screenshots / "console-controls-off.png", full_page=True)
    page.get_by_role("button", name="Bật lại").click()
    expect(page.get_by_text("Đang trả lời ở mọi kênh")).to_be_visible()
    assert desk.audit()[-2:] == ["assistant_off", "assistant_on"]


def test_thresholds_are_changed_and_reset(context: BrowserContext, desk: Desk) -> None:
    page = desk.signed_in(context, "admin")
    page.goto(f"{desk.url}/controls")
    page.get_by_label("Trả lời thẳng, tiếng Việt (%)").fill("72")
    page.locator("form", has=page.get_by_label("Trả lời thẳng, tiếng Việt (%)")).get_by_role("button").click()
    expect(page.get_by_label("Trả lời thẳng, tiếng Việt (%)")).to_have_value("72")
    page.get_by_role("button", name="Đặt lại").click()
    usual = str(round(100 * LIMITS["answer"].usual))
    expect(page.get_by_label("Trả lời thẳng, tiếng Việt (%)")).to_have_value(usual)


def test_a_broadcast_is_previewed_sent_and_stopped(
    context: BrowserContext, desk: Desk, screenshots: Path
) -> None:
    page = desk.signed_in(context, "admin")
    page.goto(f"{desk.url}/controls/broadcasts")
    page.get_by_label("(tiếng Việt)").fill("Sáng mai <b>nghỉ</b>.")
    page.get_by_label("(tiếng Anh)").fill("Closed tomorrow.")
    page.get_by_label("Telegram").uncheck()
    page.get_by_role("button", name="Xem trước").click()
    expect(page.get_by_text("Sẽ gửi cho 11 cuộc trò chuyện")).to_be_visible()
    expect(page.locator("[data-reach=zalo_bot]")).to_contain_text("đã dùng 0 / 3.000, để dành 1.500")
    assert grave(page) == []
    page.screenshot(path=screenshots / "console-broadcast-preview.png", full_page=True)
    page.get_by_role("button", name="Gửi", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("0 / 11")
    expect(page.locator("tbody tr").first).to_contain_text("<b>nghỉ</b>")
    page.get_by_role("button", name="Dừng").click()
    expect(page.locator("tbody tr").first).to_contain_text("Đã dừng")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1366", "390"])
def test_a_broadcast_that_the_reserve_stopped_says_so_and_goes_on(
    context_of: Callable[..., BrowserContext], desk: Desk, screenshots: Path, size: dict[str, int]
) -> None:
    with desk.database.begin() as connection:
        number = connection.execute(
            insert(Broadcast)
            .values(
                text_vi="Nghỉ lễ.", text_en="Holiday.", channels=["web"], days=7, state=RESERVE, total=2,
                created_by="an", created_at=now(), ended_at=now(),
            )
            .returning(Broadcast.id)
        ).scalar_one()  # fmt: skip
        one = connection.scalars(select(Conversation.id).where(Conversation.channel == "web").limit(1)).one()
        connection.execute(insert(BroadcastTarget).values(broadcast_id=number, conversation_id=one))
    page = desk.signed_in(context_of(viewport=size), "admin")
    page.goto(f"{desk.url}/controls/broadcasts")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("Dừng vì hạn mức Zalo")
    expect(row).to_contain_text("Chưa gửi 1 người còn gửi được")
    assert grave(page) == []
    assert not wide(page)
    page.screenshot(path=screenshots / f"console-broadcast-reserve-{size['width']}.png", full_page=True)
    row.get_by_role("button", name="Gửi tiếp").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Đang gửi tiếp")
    page.get_by_role("button", name="Dừng").click()
    expect(page.locator("tbody tr").first).to_contain_text("Đã dừng")
    assert desk.audit()[-2:] == ["broadcast_resumed", "broadcast_stopped"]


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
    for path in ("/controls", "/controls/broadcasts"):
        page.goto(desk.url + path)
        name = path.strip("/").replace("/", "-")
        page.screenshot(path=screenshots / f"console-{name}-{size['width']}-{scheme}.png", full_page=True)
        assert grave(page) == [], path
        assert not wide(page), path
