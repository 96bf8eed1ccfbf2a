"""Photos by button, drag and paste; the location; why an answer was bad."""

from __future__ import annotations

import base64
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import axe_playwright_python
import pytest
from chat_page import PHONE, Chat
from fake_gateway import FakeGateway
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect
from replies import answer, reply

from channels.errors import ApiError

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
_HA_LONG = {"latitude": 20.957123456, "longitude": 107.048}


def picture(width: int = 3000, height: int = 2000, colour: str = "red") -> bytes:
    """A photo as a phone takes it: large, with a note about its device."""
    exif = Image.Exif()
    exif[0x010F] = "Secret Phone"
    written = BytesIO()
    Image.new("RGB", (width, height), colour).save(written, "JPEG", exif=exif)
    return written.getvalue()


def attach(page: Page, content: bytes, name: str = "duong.jpg", mime: str = "image/jpeg") -> None:
    """Press the button and choose a file."""
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Gửi ảnh").click()
    choosing.value.set_files({"name": name, "mimeType": mime, "buffer": content})


_TRANSFER = """async (data) => {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "anh.jpg", {type: "image/jpeg"}));
  return transfer;
}"""


def test_a_photo_is_made_small_loses_its_metadata_and_is_shown(chat: Chat, gateway: FakeGateway) -> None:
    page = chat.page
    attach(page, picture())
    shown = page.locator(".citizen canvas")
    expect(shown).to_have_attribute("aria-label", "Ảnh")
    expect(page.locator(".meta").last).to_contain_text("Đã gửi")
    (sent,) = gateway.photos
    assert Image.open(BytesIO(sent)).size == (1600, 1067)
    assert b"Secret Phone" not in sent
    assert gateway.texts == ['/share{"photo": "' + f"{1:064x}" + '"}']
    size = shown.evaluate("canvas => [canvas.width, canvas.height]")
    assert size == [240, 160]


def test_a_receipt_as_pdf_is_sent_as_it_is_and_named(chat: Chat, gateway: FakeGateway) -> None:
    attach(chat.page, b"%PDF-1.4 bien nhan", "bien-nhan.pdf", "application/pdf")
    expect(chat.page.locator(".citizen").last).to_contain_text("bien-nhan.pdf")
    expect(chat.page.locator(".meta").last).to_contain_text("Đã gửi")
    assert gateway.photos == [b"%PDF-1.4 bien nhan"]


def test_the_photo_is_there_again_after_a_reload(chat: Chat, gateway: FakeGateway) -> None:
    attach(chat.page, picture(800, 600, "blue"))
    expect(chat.page.locator(".meta").last).to_contain_text("Đã gửi")
    chat.page.reload()
    shown = chat.page.locator(".citizen canvas")
    expect(shown).to_be_visible()
    red, _, blue, _ = shown.evaluate("canvas => [...canvas.getContext('2d').getImageData(9, 9, 1, 1).data]")
    assert blue > 200 > red


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_photos_come_by_drag_and_by_paste(chat: Chat, gateway: FakeGateway, way: str) -> None:
    page = chat.page
    transfer = page.evaluate_handle(_TRANSFER, base64.b64encode(picture(300, 200)).decode())
    if way == "drop":
        page.locator(".chat").dispatch_event("dragover", {"dataTransfer": transfer})
        expect(page.locator(".chat")).to_have_class("chat page drop")
        page.locator(".chat").dispatch_event("drop", {"dataTransfer": transfer})
        expect(page.locator(".chat")).to_have_class("chat page")
    else:
        chat.input.evaluate(
            "(box, data) => box.dispatchEvent(new ClipboardEvent('paste',"
            " {clipboardData: data, bubbles: true, cancelable: true, composed: true}))",
            transfer,
        )
    expect(page.locator(".citizen canvas")).to_be_visible()
    assert len(gateway.photos) == 1


def test_pasted_words_are_still_words(chat: Chat, gateway: FakeGateway) -> None:
    chat.input.evaluate(
        "(box) => { const data = new DataTransfer(); data.setData('text/plain', 'x');"
        " const event = new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true});"
        " if (!box.dispatchEvent(event)) throw new Error('taken'); }"
    )
    assert gateway.photos == []


def test_a_file_that_is_no_picture_is_not_sent(chat: Chat, gateway: FakeGateway) -> None:
    attach(chat.page, b"PK docx", "don.docx", "application/msword")
    expect(chat.status).to_contain_text("không phải ảnh")
    assert gateway.photos == [] and gateway.texts == []


def test_a_refused_photo_says_why(chat: Chat, gateway: FakeGateway) -> None:
    gateway.fail("POST", "/media", ApiError(422, "personal_card"))
    attach(chat.page, picture(300, 200))
    expect(chat.page.locator(".meta").last).to_contain_text("đừng gửi ảnh giấy tờ cá nhân")
    assert gateway.texts == []


def test_a_photo_that_did_not_go_through_is_sent_again_on_request(chat: Chat, gateway: FakeGateway) -> None:
    gateway.fail("POST", "/media", ApiError(503, "unavailable"))
    attach(chat.page, picture(300, 200))
    chat.page.get_by_role("button", name="Gửi lại").click()
    expect(chat.page.locator(".meta").last).to_contain_text("Đã gửi")
    assert len(gateway.photos) == 1


def test_the_location_is_asked_for_only_when_its_button_is_pressed(
    context_of: Callable[..., BrowserContext], gateway: FakeGateway
) -> None:
    context = context_of(geolocation=_HA_LONG, permissions=["geolocation"])
    context.add_init_script(
        "const real = navigator.geolocation.getCurrentPosition.bind(navigator.geolocation);"
        "window.asked = 0;"
        "navigator.geolocation.getCurrentPosition = (...all) => { window.asked += 1; real(...all); };"
    )
    chat = Chat(context.new_page()).open(gateway.url)
    chat.say("chào")
    expect(chat.reply("Trả lời: chào")).to_be_visible()
    assert chat.page.evaluate("window.asked") == 0
    chat.page.get_by_role("button", name="Gửi vị trí").click()
    expect(chat.own.last).to_have_text("Vị trí của tôi")
    expect(chat.reply("/share")).to_be_visible()
    assert gateway.texts[-1] == '/share{"latitude": "20.95712", "longitude": "107.04800"}'
    expect(chat.status).to_be_empty()


def test_a_location_that_is_not_given_is_said_and_not_sent(chat: Chat, gateway: FakeGateway) -> None:
    chat.page.get_by_role("button", name="Gửi vị trí").click()
    expect(chat.status).to_contain_text("Không lấy được vị trí")
    assert gateway.texts == []


def test_where_the_browser_has_no_location_there_is_no_button(
    context_of: Callable[..., BrowserContext], gateway: FakeGateway
) -> None:
    context = context_of()
    context.add_init_script("Object.defineProperty(navigator, 'geolocation', {value: undefined})")
    chat = Chat(context.new_page()).open(gateway.url)
    expect(chat.page.get_by_role("button", name="Gửi ảnh")).to_be_visible()
    expect(chat.page.get_by_role("button", name="Gửi vị trí")).to_have_count(0)


def test_a_bad_answer_can_be_explained(chat: Chat, gateway: FakeGateway) -> None:
    gateway.answers["phí"] = [reply("Lệ phí: 0 đồng.", answer=answer())]
    chat.say("phí")
    page = chat.page
    page.get_by_role("button", name="Chưa đúng ý").click()
    reasons = page.get_by_role("group", name="Chưa đúng ở chỗ nào ạ?")
    expect(reasons.get_by_role("button")).to_have_text(
        ["Sai thủ tục", "Thông tin sai", "Khó hiểu", "Lý do khác"]
    )
    reasons.get_by_role("button", name="Thông tin sai").click()
    expect(reasons).to_be_hidden()
    expect(page.locator(".rating [role=status]")).to_contain_text("Cảm ơn")
    assert [(rating["value"], rating.get("reason")) for rating in gateway.ratings] == [
        ("down", None),
        ("down", "wrong_information"),
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_grave_with_a_photo_and_reasons(
    context_of: Callable[..., BrowserContext], gateway: FakeGateway, theme: str
) -> None:
    page = context_of(color_scheme=theme, viewport=PHONE, reduced_motion="reduce").new_page()
    chat = Chat(page).open(gateway.url)
    chat.say("phí")
    expect(chat.reply("Trả lời: phí")).to_be_visible()
    page.get_by_role("button", name="Chưa đúng ý").click()
    expect(page.locator(".why")).to_be_visible()
    attach(page, picture(300, 200))
    expect(page.locator(".citizen canvas")).to_be_visible()
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [each["id"] for each in found["violations"] if each["impact"] in ("serious", "critical")] == []


def test_the_buttons_speak_english_too(
    context_of: Callable[..., BrowserContext], gateway: FakeGateway
) -> None:
    chat = Chat(context_of(locale="en-US").new_page()).open(f"{gateway.url}/?lang=en")
    expect(chat.page.get_by_role("button", name="Send a photo")).to_be_visible()
    expect(chat.page.get_by_role("button", name="Share your location")).to_be_visible()
