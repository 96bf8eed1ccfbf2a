"""Sending, answers, buttons, links, sources, rating, languages."""

from __future__ import annotations

import re

import pytest
from chat_page import Chat
from fake_gateway import FakeGateway
from playwright.sync_api import BrowserContext, Page, expect
from replies import answer, buttons, links, reply

PORTAL = "https://dichvucong.gov.vn/thu-tuc/1.001193"


def test_a_message_is_sent_once_and_answered(chat: Chat, gateway: FakeGateway) -> None:
    chat.say("làm khai sinh cần gì")
    expect(chat.own).to_have_text(["làm khai sinh cần gì"])
    expect(chat.reply("Trả lời: làm khai sinh cần gì")).to_be_visible()
    expect(chat.page.locator(".meta")).to_contain_text("Đã gửi")
    expect(chat.page.locator(".typing")).to_be_hidden()
    expect(chat.input).to_have_value("")
    expect(chat.input).to_be_focused()
    assert [post["text"] for post in gateway.posts] == ["làm khai sinh cần gì"]


def test_shift_enter_is_a_new_line_and_blank_text_is_not_sent(chat: Chat, gateway: FakeGateway) -> None:
    chat.say("   ")
    before = chat.input.bounding_box()
    chat.input.press("a")
    for _ in range(3):
        chat.input.press("Shift+Enter")
        chat.input.press("b")
    after = chat.input.bounding_box()
    assert before and after and after["height"] > before["height"] + 30
    chat.input.press("Enter")
    expect(chat.own).to_have_count(1)
    assert [post["text"] for post in gateway.posts] == ["   a\nb\nb\nb".strip()]


def test_enter_within_a_composition_does_not_send(chat: Chat, gateway: FakeGateway) -> None:
    session = chat.page.context.new_cdp_session(chat.page)
    chat.input.focus()
    session.send("Input.imeSetComposition", {"text": "chaof", "selectionStart": 5, "selectionEnd": 5})
    chat.page.keyboard.press("Enter")
    session.send("Input.insertText", {"text": "chào"})
    # Safari reports the Enter that ended a composition with this key code only.
    chat.input.evaluate(
        "box => box.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', keyCode: 229, bubbles: true, cancelable: true}))"
    )
    chat.page.wait_for_timeout(200)
    assert gateway.posts == []
    chat.input.press("Enter")
    expect(chat.reply("Trả lời: chào")).to_be_visible()
    assert len(gateway.posts) == 1


def test_a_button_sends_its_payload_and_shows_its_title(chat: Chat, gateway: FakeGateway) -> None:
    gateway.held = True
    button = chat.page.get_by_role("button", name="Hỏi thủ tục")
    button.click()
    button.click()
    expect(chat.own).to_have_text(["Hỏi thủ tục"])
    expect(button).to_have_class("chosen")
    assert [post["payload"] for post in gateway.posts] == ["/ask_procedure"]
    gateway.respond()
    expect(chat.reply("/ask_procedure")).to_be_visible()


def test_an_answer_shows_source_with_date_in_its_own_language(chat: Chat, gateway: FakeGateway) -> None:
    source = ("Cổng Dịch vụ công quốc gia", PORTAL, "2026-11-21T18:30:00Z")
    gateway.answers["vi"] = [reply("Miễn phí.", answer=answer(sources=[source]))]
    gateway.answers["en"] = [
        reply("Free.", language="en", answer=answer(sources=[("National portal", PORTAL, "2026-11-22")]))
    ]
    chat.say("vi")
    # 18:30 in Greenwich is the next day in Vietnam.
    expect(chat.page.locator(".source")).to_have_text(
        re.compile(r"^Nguồn: Cổng Dịch vụ công quốc gia.*· ngày\s22/11/2026$")
    )
    chat.say("en")
    english = chat.page.locator(".source").nth(1)
    expect(english).to_have_text(re.compile(r"^Source: National portal.*· 22 November 2026$"))
    expect(english.locator("xpath=..")).to_have_attribute("lang", "en")
    link = english.get_by_role("link")
    expect(link).to_have_attribute("href", PORTAL)
    expect(link).to_have_attribute("rel", "noopener noreferrer")


def test_lines_and_lists_of_an_answer_keep_their_form(chat: Chat, gateway: FakeGateway) -> None:
    gateway.answers["giấy tờ"] = [reply(f"Giấy tờ:\n\n1. Tờ khai. {'dài ' * 60}\n2. 12.5 bản\n- khác")]
    chat.say("giấy tờ")
    lines = chat.replies.nth(1).locator("p")
    expect(lines).to_have_count(5)
    assert [line.get_attribute("class") for line in lines.all()] == [None, None, "item", "item", "item dash"]
    lefts = lines.nth(2).evaluate(
        "node => { const range = document.createRange(); range.selectNodeContents(node);"
        # The space on which a line breaks is a box of its own.
        " return [...range.getClientRects()].filter(({width}) => width > 20).map(({left}) => left); }"
    )
    assert lefts[0] + 15 < min(lefts[1:])  # what follows stands beside the number, not below it


def test_choices_of_earlier_answers_are_quieter_and_still_work(chat: Chat, gateway: FakeGateway) -> None:
    button = chat.page.get_by_role("button", name="Tra hồ sơ đã nộp").first
    edge = "node => getComputedStyle(node).borderTopColor"
    before = button.evaluate(edge)
    chat.say("khác")
    expect(chat.reply("Trả lời: khác")).to_be_visible()
    assert button.evaluate(edge) != before
    button.click()
    expect(chat.reply("Trả lời: /check_application_status")).to_be_visible()


def test_a_checklist_that_comes_as_a_path_is_a_link_to_the_gateway(chat: Chat, gateway: FakeGateway) -> None:
    gateway.answers["x"] = [reply("danh sách", links=links(("Tải PDF", f"/checklists/{'a-B_9' * 8}xyz.pdf")))]
    chat.say("x")
    address = chat.page.get_by_role("link", name="Tải PDF").get_attribute("href") or ""
    here = chat.page.evaluate("location.origin")
    assert address == f"{here}/checklists/{'a-B_9' * 8}xyz.pdf"


def test_text_from_outside_stays_text(chat: Chat, gateway: FakeGateway) -> None:
    evil = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>{{7*7}}\u202etxt'
    gateway.answers[evil] = [
        reply(
            evil,
            buttons=buttons((evil, "/x")),
            links=links((evil, PORTAL)),
            answer=answer(sources=[(evil, PORTAL, evil)]),
        )
    ]
    chat.say(evil)
    expect(chat.replies.nth(1)).to_have_text(evil)
    expect(chat.own.last).to_have_text(evil)
    chat.page.wait_for_timeout(200)
    assert chat.page.evaluate("window.hacked") is None
    assert chat.page.locator(".sheet script, .sheet img").count() == 0


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "/etc",
        "vbscript:x",
    ],
)
def test_an_address_that_is_no_web_page_is_no_link(chat: Chat, gateway: FakeGateway, address: str) -> None:
    gateway.answers["x"] = [
        reply(
            f"see {address}",
            links=links(("bấm đây", address)),
            answer=answer(sources=[("nguồn", address, None)]),
        )
    ]
    chat.say("x")
    expect(chat.page.locator(".links")).to_contain_text("bấm đây")
    expect(chat.page.locator(".source")).to_contain_text("nguồn")
    assert chat.page.locator(".sheet a").count() == 0


def test_an_address_within_a_text_becomes_a_link(chat: Chat, gateway: FakeGateway) -> None:
    gateway.answers["x"] = [reply(f"Xem tại {PORTAL}.\nHoặc gọi 18001096 (miễn phí).")]
    chat.say("x")
    expect(chat.page.locator(".text a")).to_have_attribute("href", PORTAL)
    expect(chat.replies.last.locator("p")).to_have_count(2)


def test_a_rating_is_sent_and_can_be_changed(chat: Chat, gateway: FakeGateway) -> None:
    assert chat.page.locator(".rating").count() == 0  # a greeting is no answer
    chat.say("phí")
    chat.page.get_by_role("button", name="Hữu ích").click()
    expect(chat.page.locator(".rating")).to_contain_text("Cảm ơn Anh/Chị")
    chat.page.get_by_role("button", name="Chưa đúng ý").click()
    expect(chat.page.get_by_role("button", name="Chưa đúng ý")).to_have_attribute("aria-pressed", "true")
    expect(chat.page.get_by_role("button", name="Hữu ích")).to_have_attribute("aria-pressed", "false")
    assert [rating["value"] for rating in gateway.ratings] == ["up", "down"]
    assert {rating["reply_id"] for rating in gateway.ratings} == {"2"}


def test_a_rating_that_failed_is_taken_back(chat: Chat, gateway: FakeGateway) -> None:
    from channels.errors import ApiError

    gateway.fail("POST", "/rating", ApiError(500, "internal", error_id="x"))
    chat.say("phí")
    chat.page.get_by_role("button", name="Hữu ích").click()
    expect(chat.page.locator(".rating")).to_contain_text("Chưa ghi nhận")
    expect(chat.page.get_by_role("button", name="Hữu ích")).to_have_attribute("aria-pressed", "false")


def test_the_interface_changes_its_language_at_once_and_the_assistant_follows(
    chat: Chat, gateway: FakeGateway
) -> None:
    chat.say("phí")
    expect(chat.reply("phí")).to_be_visible()
    chat.page.locator("button.other").click()
    expect(chat.input).to_have_attribute("placeholder", "Type your question…")
    expect(chat.page.locator(".meta").first).to_contain_text("Sent")
    expect(chat.page.get_by_role("button", name="Helpful", exact=True).first).to_be_visible()
    expect(chat.page.locator("html")).to_have_attribute("lang", "en")
    expect(chat.own.last).to_have_text("English")
    expect(chat.reply("change_language")).to_be_visible()
    assert gateway.posts[-1]["payload"] == '/change_language{"requested_language": "en"}'
    # What was said stays in its language.
    expect(chat.page.locator(".bubble", has_text="Chào Anh/Chị").first).to_have_attribute("lang", "vi")
    chat.page.reload()
    expect(chat.input).to_have_attribute("placeholder", "Type your question…")


def test_the_language_is_chosen_by_address_page_and_browser(
    context: BrowserContext, gateway: FakeGateway
) -> None:
    gateway.hosts["none"] = (
        "<!doctype html><title>x</title><troly-chat mode=page></troly-chat>"
        "<script src=/widget.js data-mode=none></script>"
    )
    english = context.browser.new_context(locale="en-GB") if context.browser else context
    page = english.new_page()
    Chat(page).open(f"{gateway.url}/?lang=en")
    assert gateway.talk.language == "en"
    for address, language in ((f"{gateway.url}/host/none", "en"), (gateway.url, "vi")):
        # The one page says no language, so the browser's is taken; the other says lang="vi".
        page.evaluate("localStorage.clear()")
        Chat(page).open(address)
        assert gateway.talk.language == language
    assert len(gateway.talks) == 3
    english.close()


def test_a_staff_member_is_named(chat: Chat, gateway: FakeGateway) -> None:
    gateway.talk.say(reply("Tôi là Lan, tôi xem hồ sơ giúp Anh/Chị.", **{"from": "staff"}))
    expect(chat.page.locator(".line.staff .who")).to_have_text("Cán bộ")
    gateway.talk.say({"kind": "delay", "text": "Hệ thống đang chậm.", "language": "vi"}, "notice")
    expect(chat.page.locator(".line.told")).to_contain_text("Hệ thống đang chậm.")


def test_a_long_answer_is_read_from_its_beginning(chat: Chat, gateway: FakeGateway, page: Page) -> None:
    gateway.answers["dài"] = [reply("\n".join(f"{number}. Bước {number}" for number in range(1, 80)))]
    chat.say("dài")
    expect(chat.reply("1. Bước 1")).to_be_visible()
    expect(chat.own.last).to_be_in_viewport()
    jump = page.get_by_role("button", name="Tin mới")
    jump.click()
    expect(jump).to_be_hidden()
    chat.say("ngắn")
    expect(chat.reply("Trả lời: ngắn")).to_be_in_viewport()


def test_the_page_shows_who_answers_when_an_official_joins_and_leaves(
    chat: Chat, gateway: FakeGateway
) -> None:
    answering = chat.page.locator(".with")
    expect(answering).to_be_hidden()
    gateway.talk.say({"kind": "staff_joined", "text": "Cán bộ đã vào.", "language": "vi"}, "notice")
    expect(answering).to_have_text("Anh/Chị đang nói chuyện với cán bộ.")
    expect(chat.page.locator(".line.staff.told")).to_contain_text("Cán bộ đã vào.")
    rate = {"title": "Đánh giá", "payload": '/rate_service{"service": "person"}'}
    gateway.talk.say(
        {"kind": "handed_back", "text": "Cán bộ đã rời.", "language": "vi", "buttons": [rate]}, "notice"
    )
    expect(chat.page.get_by_role("button", name="Đánh giá")).to_be_visible()
    expect(chat.page.locator(".line.staff.told").last).to_contain_text("Cán bộ đã rời.")
    expect(answering).to_be_hidden()


def test_the_button_for_the_transcript_downloads_it_and_sends_nothing(
    chat: Chat, gateway: FakeGateway
) -> None:
    gateway.talk.say(
        reply("Dữ liệu", buttons=[{"title": "Nội dung trò chuyện", "payload": "/send_my_transcript"}])
    )
    sent = len(gateway.posts)
    with chat.page.expect_download():
        chat.page.get_by_role("button", name="Nội dung trò chuyện").click()
    assert len(gateway.posts) == sent
