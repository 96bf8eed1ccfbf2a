"""Download, erase, end, and what other tabs see of it."""

from __future__ import annotations

from pathlib import Path

from chat_page import Chat
from fake_gateway import FakeGateway
from playwright.sync_api import BrowserContext, expect

from channels.errors import ApiError


def _kept(chat: Chat) -> list[str]:
    keys: list[str] = chat.page.evaluate("Object.keys(localStorage).filter((key) => key !== 'troly:prefs')")
    return keys


def test_the_transcript_is_downloaded(chat: Chat, gateway: FakeGateway, tmp_path: Path) -> None:
    chat.say("phí")
    expect(chat.reply("phí")).to_be_visible()
    with chat.page.expect_download() as waiting:
        chat.menu("Tải nội dung")
    assert waiting.value.suggested_filename == "troly.txt"
    waiting.value.save_as(tmp_path / "text")
    assert "citizen: phí" in (tmp_path / "text").read_text("utf-8")


def test_a_download_that_fails_is_told(chat: Chat, gateway: FakeGateway) -> None:
    gateway.fail("GET", "/conversation", ApiError(500, "internal", error_id="x"))
    chat.menu("Tải nội dung")
    expect(chat.status).to_contain_text("Chưa tải được")


def test_erasing_asks_first_and_leaves_nothing(chat: Chat, gateway: FakeGateway) -> None:
    chat.say("bí mật")
    expect(chat.reply("bí mật")).to_be_visible()
    dialog = chat.page.get_by_role("dialog")
    chat.menu("Xóa cuộc trò chuyện")
    expect(dialog).to_contain_text("không lấy lại được")
    dialog.get_by_role("button", name="Không").click()
    assert len(gateway.talks) == 1
    chat.menu("Xóa cuộc trò chuyện")
    dialog.get_by_role("button", name="Xóa", exact=True).click()
    expect(chat.page.locator(".notice")).to_contain_text("Đã xóa cuộc trò chuyện.")
    expect(chat.own).to_have_count(0)
    expect(chat.replies).to_have_count(0)
    assert gateway.talks == {}
    assert _kept(chat) == []
    chat.page.get_by_role("button", name="Bắt đầu cuộc trò chuyện mới").click()
    expect(chat.reply("Chào Anh/Chị")).to_be_visible()
    expect(chat.input).to_be_focused()


def test_an_erasure_that_failed_is_told_and_nothing_is_hidden(chat: Chat, gateway: FakeGateway) -> None:
    gateway.fail("DELETE", "/conversation", ApiError(503, "unavailable"))
    chat.say("còn đây")
    expect(chat.reply("còn đây")).to_be_visible()
    chat.menu("Xóa cuộc trò chuyện")
    chat.page.get_by_role("button", name="Xóa", exact=True).click()
    expect(chat.status).to_contain_text("Chưa xóa được")
    expect(chat.own).to_have_text(["còn đây"])


def test_ending_forgets_the_conversation_on_this_device(chat: Chat, gateway: FakeGateway) -> None:
    chat.say("máy chung")
    expect(chat.reply("máy chung")).to_be_visible()
    chat.menu("Kết thúc trên máy này")
    chat.page.get_by_role("dialog").get_by_role("button", name="Kết thúc", exact=True).click()
    expect(chat.page.locator(".notice")).to_contain_text("Đã kết thúc")
    assert _kept(chat) == []
    assert len(gateway.talks) == 1  # kept at the gateway
    chat.page.reload()
    expect(chat.reply("Chào Anh/Chị")).to_be_visible()
    expect(chat.own).to_have_count(0)


def test_writing_after_the_end_begins_anew(chat: Chat, gateway: FakeGateway) -> None:
    chat.menu("Kết thúc trên máy này")
    chat.page.get_by_role("dialog").get_by_role("button", name="Kết thúc", exact=True).click()
    expect(chat.page.locator(".notice")).to_be_visible()
    chat.say("còn một câu")
    expect(chat.reply("Trả lời: còn một câu")).to_be_visible()
    assert len(gateway.talks) == 2
    expect(chat.page.get_by_role("button", name="Bắt đầu cuộc trò chuyện mới")).to_have_count(0)


def test_another_tab_loses_an_erased_conversation_too(
    chat: Chat, gateway: FakeGateway, context: BrowserContext
) -> None:
    chat.say("hai tab")
    expect(chat.reply("hai tab")).to_be_visible()
    other = Chat(context.new_page()).open(gateway.url)
    expect(other.own).to_have_text(["hai tab"])
    chat.menu("Xóa cuộc trò chuyện")
    chat.page.get_by_role("button", name="Xóa", exact=True).click()
    expect(other.own).to_have_count(0)
    expect(other.page.locator(".notice")).to_be_visible()
