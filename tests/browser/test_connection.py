"""Lost connections, refusals and renewals: nothing is lost, nothing doubled."""

from __future__ import annotations

import pytest
from chat_page import Chat
from fake_gateway import FakeGateway
from playwright.sync_api import BrowserContext, Page, Route, expect
from replies import reply

from channels.errors import ApiError


def test_a_stream_that_drops_goes_on_where_it_ended(chat: Chat, gateway: FakeGateway) -> None:
    chat.say("một")
    expect(chat.reply("Trả lời: một")).to_be_visible()
    gateway.streams_allowed = False
    gateway.drop_streams()
    chat.page.wait_for_timeout(300)
    for number in range(5):
        gateway.talk.say(reply(f"khi mất mạng {number}"))
    gateway.streams_allowed = True
    expect(chat.reply("khi mất mạng 4")).to_be_visible(timeout=15_000)
    assert gateway.resumed_from[-1] == "2"
    gateway.drop_streams()
    chat.page.wait_for_timeout(2500)
    gateway.talk.say(reply("cuối"))
    expect(chat.reply("cuối")).to_be_visible(timeout=15_000)
    texts = chat.replies.all_inner_texts()
    assert texts[1:] == ["Trả lời: một", *[f"khi mất mạng {number}" for number in range(5)], "cuối"]


def test_an_event_that_comes_twice_is_shown_once(chat: Chat, gateway: FakeGateway) -> None:
    gateway.talk.say(reply("mới"))
    expect(chat.reply("mới")).to_be_visible()
    gateway.talk.events += gateway.talk.events[-1:] * 3
    gateway.talk.say(reply("cuối"))
    expect(chat.reply("cuối")).to_be_visible()
    assert chat.replies.all_inner_texts()[1:] == ["mới", "cuối"]


def test_what_is_written_offline_is_sent_in_order_when_the_network_is_back(
    chat: Chat, gateway: FakeGateway, context: BrowserContext
) -> None:
    context.set_offline(True)
    chat.say("một")
    chat.say("hai")
    expect(chat.page.get_by_role("button", name="Gửi lại")).to_have_count(2)
    expect(chat.status).to_contain_text("Mất kết nối")
    context.set_offline(False)
    expect(chat.reply("Trả lời: hai")).to_be_visible(timeout=15_000)
    expect(chat.status).to_be_empty()
    assert gateway.texts == ["một", "hai"]
    expect(chat.own).to_have_text(["một", "hai"])
    expect(chat.page.locator(".meta")).to_contain_text(["Đã gửi", "Đã gửi"])


def test_a_lost_acknowledgement_does_not_double_a_message(
    chat: Chat, gateway: FakeGateway, page: Page
) -> None:
    lost = []

    def lose(route: Route) -> None:
        route.fetch()
        lost.append(route.request.post_data_json["client_id"])
        route.abort()

    page.route("**/api/v1/messages", lose, times=2)
    chat.say("một lần")
    expect(chat.page.locator(".meta")).to_contain_text("Đã gửi", timeout=15_000)
    assert len(lost) == 2
    assert len({post["client_id"] for post in gateway.posts}) == 1
    assert gateway.texts == ["một lần"]
    expect(chat.replies).to_have_count(2)


def test_a_gateway_that_stays_away_leaves_a_message_to_send_again(chat: Chat, gateway: FakeGateway) -> None:
    gateway.fail("POST", "/messages", ApiError(503, "unavailable", retry_after=1), times=4)
    chat.say("giữ lại")
    again = chat.page.get_by_role("button", name="Gửi lại")
    expect(again).to_be_visible(timeout=15_000)
    again.click()
    expect(chat.reply("Trả lời: giữ lại")).to_be_visible()
    expect(again).to_have_count(0)
    assert gateway.texts == ["giữ lại"]


def test_a_new_message_does_not_overtake_one_that_failed(
    chat: Chat, gateway: FakeGateway, page: Page
) -> None:
    page.route("**/api/v1/messages", lambda route: route.abort())
    # Without a network there is no second try, and no event tells that it is back.
    page.evaluate("Object.defineProperty(navigator, 'onLine', {value: false, configurable: true})")
    chat.say("một")
    expect(page.get_by_role("button", name="Gửi lại")).to_be_visible()
    page.unroute("**/api/v1/messages")
    chat.say("hai")
    expect(chat.reply("Trả lời: hai")).to_be_visible()
    assert gateway.texts == ["một", "hai"]


def test_an_unsent_message_survives_a_reload_and_is_not_doubled(
    chat: Chat, gateway: FakeGateway, page: Page
) -> None:
    page.route("**/api/v1/messages", lambda route: route.abort())
    chat.say("chưa tới")
    expect(chat.own).to_have_text(["chưa tới"])
    page.unroute("**/api/v1/messages")
    page.reload()
    expect(chat.reply("Trả lời: chưa tới")).to_be_visible()
    expect(chat.own).to_have_text(["chưa tới"])
    assert gateway.texts == ["chưa tới"]


def test_a_message_that_arrived_unnoticed_is_not_shown_twice_after_a_reload(
    chat: Chat, gateway: FakeGateway, page: Page
) -> None:
    gateway.fail("POST", "/messages", ApiError(503, "unavailable"), times=1, after=True)
    chat.say("đã tới")
    page.wait_for_timeout(200)
    page.reload()
    expect(chat.reply("Trả lời: đã tới")).to_be_visible()
    page.wait_for_timeout(500)
    expect(chat.own).to_have_text(["đã tới"])
    assert gateway.texts == ["đã tới"]


def test_history_comes_back_after_a_reload(chat: Chat, gateway: FakeGateway, page: Page) -> None:
    chat.page.get_by_role("button", name="Hỏi thủ tục").click()
    expect(chat.reply("/ask_procedure")).to_be_visible()
    chat.say("phí bao nhiêu")
    expect(chat.reply("Trả lời: phí bao nhiêu")).to_be_visible()
    seen = page.locator(".line .bubble").all_inner_texts()
    page.reload()
    expect(chat.reply("Trả lời: phí bao nhiêu")).to_be_in_viewport()
    assert page.locator(".line .bubble").all_inner_texts() == seen
    assert len(gateway.talks) == 1
    chat.say("tiếp")
    expect(chat.reply("Trả lời: tiếp")).to_be_visible()


def test_blocked_storage_does_not_stop_the_talk(context: BrowserContext, gateway: FakeGateway) -> None:
    context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, {get() { throw new DOMException('no', 'SecurityError'); }});"
    )
    chat = Chat(context.new_page()).open(gateway.url)
    chat.say("vẫn được")
    expect(chat.reply("Trả lời: vẫn được")).to_be_visible()


def test_a_renewed_token_is_used_from_then_on(chat: Chat, gateway: FakeGateway) -> None:
    gateway.renew_next = True
    chat.say("một")
    expect(chat.reply("một")).to_be_visible()
    chat.say("hai")
    expect(chat.reply("hai")).to_be_visible()
    assert len(gateway.talks) == 1


def test_an_expired_token_is_exchanged_without_a_word(chat: Chat, gateway: FakeGateway, page: Page) -> None:
    gateway.expire()
    chat.say("qua đêm")
    expect(chat.reply("Trả lời: qua đêm")).to_be_visible()
    assert len(gateway.talks) == 1
    assert gateway.texts == ["qua đêm"]
    gateway.expire()
    page.reload()
    expect(chat.reply("Trả lời: qua đêm")).to_be_visible()
    assert page.locator(".notice").count() == 0


def test_a_token_that_nobody_knows_leads_to_a_new_conversation_with_a_notice(
    chat: Chat, gateway: FakeGateway, page: Page
) -> None:
    chat.say("trước")
    expect(chat.reply("trước")).to_be_visible()
    gateway.tokens.clear()
    chat.say("sau")
    expect(page.locator(".notice")).to_have_text("Phiên trước đã hết hạn. Từ đây là cuộc trò chuyện mới.")
    expect(chat.reply("Trả lời: sau")).to_be_visible()
    expect(chat.own).to_have_text(["trước", "sau"])
    assert len(gateway.talks) == 2
    assert [line["text"] for line in gateway.talk.lines if line["from"] == "citizen"] == ["sau"]
    # What belongs to the old conversation can no longer be pressed.
    expect(page.get_by_role("button", name="Hỏi thủ tục").first).to_be_disabled()
    expect(page.get_by_role("button", name="Hỏi thủ tục").last).to_be_enabled()


def test_429_waits_as_long_as_asked_and_says_so(chat: Chat, gateway: FakeGateway) -> None:
    gateway.fail("POST", "/messages", ApiError(429, "rate_limited", retry_after=2, seconds=2))
    chat.say("nhanh quá")
    expect(chat.status).to_have_text("Anh/Chị gửi hơi nhanh. Tin nhắn sẽ tự gửi sau 2 giây.")
    chat.page.wait_for_timeout(1000)
    assert len(gateway.posts) == 1
    expect(chat.reply("Trả lời: nhanh quá")).to_be_visible()
    expect(chat.status).to_be_empty()
    assert gateway.texts == ["nhanh quá"]


@pytest.mark.parametrize(("size", "words"), [(5001, "dài quá 5000 ký tự"), (10_000, "dài quá 5000 ký tự")])
def test_413_says_why_and_gives_the_text_back(
    chat: Chat, gateway: FakeGateway, size: int, words: str
) -> None:
    chat.say("a" * size)
    expect(chat.page.locator(".meta")).to_contain_text(words)
    chat.say("tiếp theo")
    expect(chat.reply("Trả lời: tiếp theo")).to_be_visible()
    chat.page.get_by_role("button", name="Sửa lại").click()
    expect(chat.input).to_have_value("a" * size)
    expect(chat.own).to_have_text(["tiếp theo"])


def test_422_is_told_in_the_gateways_words(chat: Chat, gateway: FakeGateway) -> None:
    gateway.fail("POST", "/messages", ApiError(422, "empty_text"))
    chat.say("\u200b.")
    expect(chat.page.locator(".meta")).to_contain_text("Tin nhắn không có nội dung.")


def test_a_gateway_that_is_off_at_first_is_waited_for(page: Page, gateway: FakeGateway) -> None:
    gateway.fail("POST", "/conversations", ApiError(503, "unavailable"), times=2)
    page.goto(gateway.url)
    chat = Chat(page)
    chat.say("có ai không")
    expect(chat.reply("Trả lời: có ai không")).to_be_visible(timeout=15_000)
    # The greeting comes first all the same.
    assert page.locator(".line .bubble").all_inner_texts()[1] == "có ai không"


def test_typing_is_shown_until_the_answer(chat: Chat, gateway: FakeGateway) -> None:
    gateway.held = True
    chat.say("chờ")
    expect(chat.page.locator(".typing")).to_be_visible()
    expect(chat.page.get_by_text("Trợ Lý đang trả lời")).to_be_attached()
    gateway.respond()
    expect(chat.reply("Trả lời: chờ")).to_be_visible()
    expect(chat.page.locator(".typing")).to_be_hidden()
