"""What the webhook answers, and what becomes of each event."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import structlog

from tests.fakes.zalo_oa import APP_ID, OA_ID, FakeZaloOa, user_of

pytestmark = pytest.mark.usefixtures("channel")
LAN = user_of("lan")


def event(name: str, **fields: Any) -> bytes:
    body = {"app_id": APP_ID, "event_name": name, "timestamp": "1540363714987"}
    return json.dumps(body | fields, ensure_ascii=False).encode()


async def test_a_text_is_stored_and_acknowledged(fake: FakeZaloOa, reception: Any) -> None:
    response = await fake.write("lan", "Làm khai sinh cần giấy tờ gì?", message_id="96d3")
    assert response.status_code == 200
    [received] = reception.received
    assert (received.external_id, received.message_id) == (LAN, "96d3")
    assert received.text == "Làm khai sinh cần giấy tờ gì?"
    assert received.button is received.payload is received.media is None


@pytest.mark.parametrize("header", [None, "mac=" + "0" * 64, "nonsense"])
async def test_a_wrong_or_missing_signature_is_refused(
    fake: FakeZaloOa, reception: Any, header: str | None
) -> None:
    body = event("user_send_text", sender={"id": LAN}, message={"text": "x", "msg_id": "1"})
    headers = {} if header is None else {"X-ZEvent-Signature": header}
    response = await fake.raw(body, signed=False, headers=headers)
    assert response.status_code == 403
    assert reception.received == []


async def test_the_probe_with_which_zalo_saves_the_address_is_answered(
    fake: FakeZaloOa, reception: Any
) -> None:
    assert (await fake.raw(b"{}", signed=False)).status_code == 200
    assert (await fake.raw(b"", signed=False)).status_code == 403
    assert (await fake.raw(b'{"event_name":"follow"}', signed=False)).status_code == 403
    async with httpx.AsyncClient(transport=fake.transport, base_url=fake.gateway) as http:
        assert (await http.get("/webhooks/zalo")).status_code == 200
    assert reception.received == [] and reception.others == []


async def test_a_signature_without_its_prefix_is_accepted(fake: FakeZaloOa, reception: Any) -> None:
    fake.prefix = ""
    assert (await fake.write("lan", "Xin chào")).status_code == 200
    assert len(reception.received) == 1


@pytest.mark.parametrize("body", [b"no json", b"[1]", b'"text"', b"null", b"\xff\xfe", b"[" * 5000])
async def test_an_authentic_body_that_is_no_object_is_no_event(fake: FakeZaloOa, body: bytes) -> None:
    assert (await fake.raw(body)).status_code == 400
    assert (await fake.raw(body, signed=False)).status_code == 403


async def test_an_event_of_last_week_is_taken(fake: FakeZaloOa, reception: Any) -> None:
    body = event("user_send_text", sender={"id": LAN}, message={"text": "x", "msg_id": "1"})
    assert (await fake.raw(body, headers={"num_retry": "5"})).status_code == 200
    assert reception.received[0].text == "x"


async def test_what_cannot_be_stored_is_asked_for_again(fake: FakeZaloOa, reception: Any) -> None:
    fake.retry_pauses = ()
    reception.broken = RuntimeError("disk full")
    with structlog.testing.capture_logs() as logs:
        assert (await fake.write("lan", "Xin chào")).status_code == 503
    assert [line["error"] for line in logs if line["event"] == "zalo_oa_not_stored"] == ["RuntimeError"]


async def test_a_redelivery_has_the_same_id_also_without_msg_id(fake: FakeZaloOa, reception: Any) -> None:
    body = event("user_submit_info", sender={"id": LAN}, info={"name": "Lan", "phone": "84901234567"})
    other = event("user_submit_info", sender={"id": LAN}, info={"name": "Lan", "phone": "84901234568"})
    for sent in (body, body, other):
        await fake.raw(sent)
    first, again, different = (received.message_id for received in reception.received)
    assert first == again != different
    assert len(first) <= 60


async def test_following_and_leaving(fake: FakeZaloOa, reception: Any) -> None:
    await fake.follow("lan")
    await fake.follow("lan", follows=False)
    await fake.deliver({"event_name": "user_click_chatnow", "user_id": LAN, "oa_id": OA_ID})
    assert reception.others == [("joined", LAN), ("left", LAN), ("joined", LAN)]


@pytest.mark.parametrize("text", ["#xoa", "/delete", "#Xóa"])
async def test_the_wish_to_be_forgotten(fake: FakeZaloOa, reception: Any, text: str) -> None:
    await fake.write("lan", text)
    assert reception.others == [("erase", LAN)]


async def test_a_withdrawal_told_to_zalo_erases(fake: FakeZaloOa, reception: Any) -> None:
    await fake.deliver({"event_name": "user_withdraw", "user_id": LAN, "oa_id": OA_ID})
    assert reception.others == [("erase", LAN)]


async def test_a_pressed_button_comes_back_as_a_reference(fake: FakeZaloOa, reception: Any) -> None:
    await fake.write("lan", "b:12:3")
    assert (reception.received[0].button, reception.received[0].text) == ("b:12:3", None)


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("#hoso", "/check_application_status"),
        ("/staff", "/talk_to_human"),
        ("#nơi_nộp", "/find_office"),
        ("#dữ_liệu", "/delete_my_data"),
        ("#Trợ_giúp", "/ask_capabilities"),
        ("/lang en", '/change_language{"requested_language": "en"}'),
        ("/ngonngu Tiếng Việt", '/change_language{"requested_language": "vi"}'),
    ],
)
async def test_an_item_of_the_menu_is_a_command(
    fake: FakeZaloOa, reception: Any, text: str, payload: str
) -> None:
    await fake.write("lan", text)
    assert (reception.received[0].payload, reception.received[0].text) == (payload, None)


async def test_a_code_after_the_command_is_read_as_a_code(fake: FakeZaloOa, reception: Any) -> None:
    await fake.write("lan", "/status H49.33-250421-0001")
    assert (reception.received[0].text, reception.received[0].payload) == ("H49.33-250421-0001", None)


@pytest.mark.parametrize(
    "text", ["/delete cả", "/staff ơi", "/greet", '/inform{"choice":1}', "#", "b:1", "b:1:2:3", "#khaisinh"]
)
async def test_typed_payloads_stay_text(fake: FakeZaloOa, reception: Any, text: str) -> None:
    await fake.write("lan", text)
    assert (reception.received[0].payload, reception.received[0].text) == (None, text)


@pytest.mark.parametrize(
    ("kind", "media"),
    [
        ("image", {"kind": "image", "url": "https://photo-stal-1.zdn.vn/media/image"}),
        ("gif", {"kind": "image", "url": "https://photo-stal-1.zdn.vn/media/gif", "mime": "image/gif"}),
        ("voice", {"kind": "voice", "url": "https://photo-stal-1.zdn.vn/media/voice"}),
        ("video", {"kind": "video", "url": "https://photo-stal-1.zdn.vn/media/video"}),
        ("sticker", {"kind": "sticker", "url": "https://photo-stal-1.zdn.vn/media/sticker"}),
        (
            "file",
            {
                "kind": "file",
                "url": "https://photo-stal-1.zdn.vn/media/file",
                "name": "don.pdf",
                "size": 1024,
            },
        ),
        ("location", {"kind": "location", "latitude": 20.9517, "longitude": 107.0748}),
        ("contact", {"kind": "contact", "phone": "84901234567", "own_phone": False}),
    ],
)
async def test_media(fake: FakeZaloOa, reception: Any, kind: str, media: dict[str, Any]) -> None:
    assert (await fake.send_media("lan", kind)).status_code == 200
    [received] = reception.received
    assert received.media == media
    assert received.text is None


async def test_words_with_an_address_are_a_text_and_a_bare_address_is_a_link(
    fake: FakeZaloOa, reception: Any
) -> None:
    attachments = [{"type": "link", "payload": {"url": "https://example.test/b"}}]
    await fake.say("lan", "link", {"text": "Xem https://example.test/b", "attachments": attachments})
    await fake.say("lan", "link", {"text": "https://example.test/b", "attachments": attachments})
    await fake.say("lan", "link", {"attachments": attachments})
    written, *bare = reception.received
    assert (written.text, written.media) == ("Xem https://example.test/b", None)
    assert [(received.text, received.media) for received in bare] == [
        (None, {"kind": "link", "url": "https://example.test/b"})
    ] * 2


async def test_each_of_several_pictures_is_a_message(fake: FakeZaloOa, reception: Any) -> None:
    pictures = [{"type": "image", "payload": {"url": f"https://a.zdn.vn/{n}.jpg"}} for n in (1, 2)]
    await fake.say("lan", "image", {"text": "Biên nhận", "attachments": pictures}, message_id="m1")
    first, second = reception.received
    assert (first.message_id, second.message_id) == ("m1", "m1:2")
    assert (first.media["caption"], "caption" in second.media) == ("Biên nhận", False)


async def test_shared_details_are_the_citizens_own(fake: FakeZaloOa, reception: Any) -> None:
    info = {"name": "Nguyễn Thị Lan", "phone": "84901234567", "full_address": {"user_city": "Quảng Ninh"}}
    await fake.deliver({"event_name": "user_submit_info", "sender": {"id": LAN}, "info": info})
    expected = {"kind": "contact", "phone": "84901234567", "own_phone": True, "name": "Nguyễn Thị Lan"}
    assert reception.received[0].media == expected


async def test_a_visitor_without_an_account_has_an_address_of_their_own(
    fake: FakeZaloOa, reception: Any
) -> None:
    await fake.write("anonymous 1", "Xin chào")
    visitor = user_of("anonymous 1")
    assert reception.received[0].external_id == f"anonymous:c{visitor}:{visitor}"


@pytest.mark.parametrize(
    "name",
    ["user_seen_message", "user_received_message", "oa_send_text", "oa_send_list", "user_reacted_message"],
)
async def test_receipts_and_our_own_messages_are_ignored(fake: FakeZaloOa, reception: Any, name: str) -> None:
    own = {"sender": {"id": OA_ID}, "recipient": {"id": LAN}, "message": {"msg_ids": ["1"], "text": "x"}}
    with structlog.testing.capture_logs() as logs:
        assert (await fake.deliver({"event_name": name, **own})).status_code == 200
    assert reception.received == [] and reception.others == []
    assert all(line["log_level"] == "debug" for line in logs)


async def test_unknown_events_are_counted_and_logged_sparingly(fake: FakeZaloOa, reception: Any) -> None:
    with structlog.testing.capture_logs() as logs:
        for _ in range(12):
            assert (
                await fake.deliver({"event_name": "user_send_smell", "sender": {"id": LAN}})
            ).status_code == 200
    counts = [line["count"] for line in logs if line["event"] == "zalo_oa_ignored"]
    assert counts == [1, 10]
    assert reception.received == []


async def test_events_of_another_account_are_ignored(fake: FakeZaloOa, reception: Any) -> None:
    strange = {"event_name": "user_send_text", "sender": {"id": LAN}, "recipient": {"id": "1"}}
    assert (await fake.deliver(strange | {"message": {"text": "x", "msg_id": "1"}})).status_code == 200
    assert reception.received == []


async def test_the_page_after_the_consent_does_not_show_the_code(
    fake: FakeZaloOa,
) -> None:
    async with httpx.AsyncClient(transport=fake.transport, base_url=fake.gateway) as http:
        page = await http.get("/webhooks/zalo/authorized", params={"code": "s3cr3t<script>", "oa_id": OA_ID})
    assert page.status_code == 200
    assert "s3cr3t" not in page.text
    assert page.headers["content-type"].startswith("text/plain")
