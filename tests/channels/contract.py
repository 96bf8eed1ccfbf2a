"""What every channel keeps to: cases that run alike on each platform's stand-in and on the website.

A case is a coroutine that takes a Place. tests/channels/test_contract.py runs all of them everywhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import httpx
from sqlalchemy import select, text, update

from tests.fakes.base import Shown
from troly.clock import now
from troly.tables.delivery import WAITING, Outbox

Case = Callable[["Place"], Awaitable[None]]

PUSHED = frozenset({"telegram", "zalo_oa", "zalo_bot"})
EVERYWHERE = PUSHED | {"web"}
CASES: dict[str, tuple[Case, frozenset[str]]] = {}
"""Name -> the case, and the channels on which it means something."""

UNKNOWN_EVENTS: dict[str, dict[str, Any]] = {
    "telegram": {"update_id": 77, "something_new": {"id": 1, "from": {"id": 5}}},
    "zalo_oa": {
        "app_id": "3608465248940903967",
        "event_name": "user_did_something_new",
        "sender": {"id": "246845883529197922"},
        "recipient": {"id": "388613280878808645"},
        "timestamp": "1540363714987",
    },
    "zalo_bot": {"event_name": "message.something_new.received", "message": {"message_id": "1"}},
}

MEDIA = {
    "telegram": ("voice", "audio", "video", "file", "sticker", "location", "contact", "poll"),
    "zalo_oa": ("image", "gif", "voice", "video", "sticker", "file", "location", "business_card"),
    "zalo_bot": ("image", "voice", "sticker", "video"),
}

LIMIT = {"telegram": 4096, "zalo_oa": 2000, "zalo_bot": 2000, "web": 1_000_000}


class Talk(Protocol):
    """How citizens write on a channel, and what they see (tests/fakes/base.py, or the website)."""

    name: str

    async def write(self, citizen: str, text: str, *, message_id: str | None = None) -> httpx.Response: ...
    async def press(self, citizen: str, button: int) -> httpx.Response: ...
    async def raw(self, body: bytes, *, signed: bool = True) -> httpx.Response: ...
    async def shown(self, citizen: str) -> list[Shown]: ...
    async def erase(self, citizen: str) -> None: ...


@dataclass
class Place:
    """A channel, its gateway, and the Rasa behind."""

    talk: Talk
    stack: Any
    rasa: Any
    platform: Any
    """The stand-in; None for the website."""
    restart: Callable[[], Awaitable[None]]
    """Kills the gateway's workers, stops it, and starts another on the same database."""

    @property
    def name(self) -> str:
        """The channel's."""
        return self.talk.name

    async def write(self, text: str, citizen: str = "Lan", **given: Any) -> httpx.Response:
        """Write; the gateway must take it."""
        response = await self.talk.write(citizen, text, **given)
        assert response.status_code in (200, 202), response.text
        return response

    async def answers(self, citizen: str = "Lan") -> list[str]:
        """What the assistant said, without notices of the gateway itself."""
        return [shown.text for shown in await self.talk.shown(citizen) if "echo:" in shown.text]

    async def until(self, count: int, citizen: str = "Lan", seconds: float = 12.0) -> list[str]:
        """The answers, once there are so many; time passes quickly for what waits to be sent again."""
        async with asyncio.timeout(seconds):
            while len(found := await self.answers(citizen)) < count:
                await self.hurry()
                await asyncio.sleep(0.05)
        return found

    async def settled(self, seconds: float = 12.0) -> None:
        """Until nothing waits, neither for an answer nor to be sent."""
        from channels import inbox, sending

        store = self.stack.gateway.store
        async with asyncio.timeout(seconds):
            while await inbox.queue_length(store) or await sending.waiting(store):
                await self.hurry()
                await asyncio.sleep(0.05)

    async def hurry(self) -> None:
        """What the platform asked to send later is due now; what is being sent is left alone."""
        soon = now() + timedelta(seconds=0.2)
        async with self.stack.gateway.store.write() as connection:
            await connection.execute(
                update(Outbox)
                .where(Outbox.state == WAITING, Outbox.claim.is_(None), Outbox.due_at > soon)
                .values(due_at=now())
            )

    async def rows(self) -> list[tuple[str, int]]:
        """State and repetitions of every reply that had to be sent."""
        async with self.stack.gateway.store.read() as connection:
            found = await connection.execute(
                select(Outbox.state, Outbox.repeated).where(Outbox.state.is_not(None)).order_by(Outbox.id)
            )
            return [tuple(row) for row in found]

    async def count(self, table: str) -> int:
        """Rows of a table."""
        async with self.stack.gateway.store.read() as connection:
            return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def case(*, on: frozenset[str] = EVERYWHERE) -> Callable[[Case], Case]:
    """A case of the contract, for these channels."""

    def register(function: Case) -> Case:
        CASES[function.__name__] = (function, on)
        return function

    return register


def _says(**reply: Any) -> Callable[..., Any]:
    """Rasa's behaviour: one reply, "echo: …" before its text."""
    links = reply.pop("links", [])
    said = reply.pop("text", "xong")

    def behave(sender: str, message: str, _seen: int) -> list[dict[str, Any]] | None:
        if message.startswith("/greet"):
            return None
        item = {"recipient_id": sender, "text": f"echo: {said}", **reply}
        custom = {"language": "vi", "links": links, "answer": {"status": "answered"}}
        return [item, {"recipient_id": sender, "custom": custom}]

    return behave


# What comes in


@case()
async def a_message_is_answered(place: Place) -> None:
    await place.write("khai sinh")
    assert len(await place.until(1)) == 1
    assert place.rasa.metadata[-1]["channel"] == place.name


@case()
async def a_redelivered_message_is_answered_once(place: Place) -> None:
    await asyncio.gather(*(place.write("một", message_id="5001") for _ in range(5)))
    await place.until(1)
    await place.write("một", message_id="5001")
    await place.settled()
    assert len(await place.answers()) == 1
    assert place.rasa.messages() == ["một"]


@case()
async def a_burst_of_20_is_answered_in_order(place: Place) -> None:
    place.rasa.delay = 0.01
    for number in range(20):
        await place.write(f"câu số {number:02}.")
    answers = await place.until(20, seconds=40)
    assert [text.split("câu số ")[1][:2] for text in answers] == [f"{number:02}" for number in range(20)]
    assert place.rasa.overlaps == 0


@case()
async def messages_out_of_order_are_each_answered_once(place: Place) -> None:
    for message_id, words in (("9002", "hai"), ("9001", "một"), ("9003", "ba"), ("9001", "một")):
        await place.write(words, message_id=message_id)
    await place.until(3)
    await place.settled()
    assert place.rasa.messages() == ["hai", "một", "ba"]
    assert len(await place.answers()) == 3


@case()
async def citizens_see_only_their_own_answers(place: Place) -> None:
    place.rasa.delay = 0.02
    citizens = [f"Người {number}" for number in range(5)]
    await asyncio.gather(*(place.write(f"tôi là {name}", citizen=name) for name in citizens))
    for name in citizens:
        (answer,) = await place.until(1, name)
        assert name in answer


@case()
async def what_is_not_signed_is_refused(place: Place) -> None:
    await place.write("chào")
    await place.until(1)
    before = await place.count("inbox")
    body = json.dumps(UNKNOWN_EVENTS.get(place.name, {"text": "a", "client_id": "b"})).encode()
    assert (await place.talk.raw(body, signed=False)).status_code in (401, 403)
    for nonsense in (b"", b"{"):
        assert (await place.talk.raw(nonsense, signed=False)).status_code in (400, 401, 403, 422)
    assert await place.count("inbox") == before


@case(on=PUSHED)
async def a_wrong_signature_is_refused(place: Place) -> None:
    headers = {
        "telegram": "X-Telegram-Bot-Api-Secret-Token",
        "zalo_oa": "X-ZEvent-Signature",
        "zalo_bot": "X-Bot-Api-Secret-Token",
    }
    for wrong in ("", "nonsense", "mac=" + "0" * 64, "x" * 500):
        response = await place.platform.raw(
            json.dumps(UNKNOWN_EVENTS[place.name]).encode(),
            signed=False,
            headers={headers[place.name]: wrong},
        )
        assert response.status_code in (401, 403), wrong


@case(on=PUSHED)
async def an_unknown_event_is_taken_and_ignored(place: Place) -> None:
    response = await place.talk.raw(json.dumps(UNKNOWN_EVENTS[place.name]).encode())
    assert response.status_code == 200
    await place.settled()
    assert await place.count("inbox") == 0


@case()
async def an_authentic_body_that_is_no_event_is_refused_and_harms_nothing(place: Place) -> None:
    for body in (b"", b"{", b"\xff\xfe", b"[" * 5000):
        assert (await place.talk.raw(body)).status_code in (400, 403, 422), body[:10]
    await place.write("chào")
    await place.until(1)


@case(on=PUSHED)
async def a_body_that_is_too_large_is_refused(place: Place) -> None:
    response = await place.talk.raw(b'{"x": "' + b"y" * 1_100_000 + b'"}')
    assert response.status_code == 413


@case()
async def what_cannot_be_stored_is_not_acknowledged(place: Place) -> None:
    from sqlalchemy.exc import OperationalError

    from channels import inbox

    await place.write("chào")
    await place.until(1)
    real, away = inbox.accept_in, True

    async def accept(*given: Any) -> Any:
        if away:
            raise OperationalError("x", {}, Exception())
        return await real(*given)

    inbox.accept_in = accept
    try:
        if place.name == "zalo_oa":
            place.platform.retry_pauses = ()
        response = await place.talk.write("Lan", "quan trọng", message_id="6001")
        assert response.status_code == 503, response.text
        away = False
        await place.write("quan trọng", message_id="6001")
        assert "quan trọng" in (await place.until(2))[-1]
    finally:
        inbox.accept_in = real


@case(on=PUSHED)
async def what_cannot_be_read_is_answered_honestly(place: Place) -> None:
    await place.write("chào")
    await place.until(1)
    for number, kind in enumerate(MEDIA[place.name], start=1):
        before = len(await place.talk.shown("Lan"))
        response = await place.platform.send_media("Lan", kind)
        assert response.status_code == 200, kind
        await place.settled()
        shown = await place.talk.shown("Lan")
        assert len(shown) == before + 1, kind
        # What the assistant can use (a place, a phone number) goes to it, as a payload.
        assert "Anh/Chị" in shown[-1].text or shown[-1].text.startswith("echo: /share"), kind
        assert await place.count("inbox") == number + 1
    assert [said for said in place.rasa.messages() if not said.startswith("/share")] == ["chào"]


@case()
async def a_text_that_begins_with_a_slash_is_no_command_of_rasa(place: Place) -> None:
    for words in ("/restart", "/ask_fee{}", "／back"):
        await place.write(words)
    await place.until(3)
    assert not [words for words in place.rasa.messages() if words.startswith("/")]


# What goes out


@case()
async def a_button_leads_to_its_payload(place: Place) -> None:
    titles = ["Lệ phí", "Hồ sơ cần nộp", "Nơi nộp"]
    buttons = [{"title": title, "payload": f'/inform{{"choice":{n}}}'} for n, title in enumerate(titles, 1)]
    place.rasa.behave = _says(text="chọn gì?", buttons=buttons)
    await place.write("khai sinh")
    await place.until(1)
    await place.settled()
    shown = [shown for shown in await place.talk.shown("Lan") if "echo:" in shown.text][-1]
    for title in titles:
        assert title in shown.buttons or title in shown.text
    assert "/inform" not in shown.text
    assert (await place.talk.press("Lan", 2)).status_code in (200, 202)
    await place.until(2)
    assert place.rasa.messages()[-1] == '/inform{"choice":2}'


@case()
async def links_are_shown_with_their_names_and_addresses(place: Place) -> None:
    url = "https://dichvucong.example.vn/thu-tuc?code=1.001193&x=1"
    place.rasa.behave = _says(links=[{"title": "Cổng dịch vụ công", "url": url}])
    await place.write("nguồn?")
    await place.until(1)
    await place.settled()
    shown = await place.talk.shown("Lan")
    assert url in [link for one in shown for link in one.links]


@case()
async def a_picture_is_shown_beside_the_text(place: Place) -> None:
    url = "https://tinh.example.vn/ban-do.png"
    place.rasa.behave = _says(text="bản đồ đây", image=url)
    await place.write("ở đâu?")
    await place.until(1)
    await place.settled()
    shown = await place.talk.shown("Lan")
    # Where a platform wants the file itself and cannot have it, the address must not be lost.
    assert any(one.image or url in one.text or url in one.links for one in shown)
    assert any("bản đồ đây" in one.text for one in shown)


@case()
async def text_with_markup_is_shown_as_it_is(place: Place) -> None:
    said = 'Nếu a < b & b > c thì <b>không</b> *in* _đậm_ [x](y) &amp; "thôi" `z`'
    place.rasa.behave = _says(text=said)
    await place.write("?")
    assert said in (await place.until(1))[0]


@case()
async def a_very_long_answer_arrives_whole_in_pieces_that_the_platform_takes(place: Place) -> None:
    paragraphs = [f"Đoạn {number}: " + "giấy tờ cần nộp, " * 20 + "hết." for number in range(40)]
    place.rasa.behave = _says(text="\n\n".join(paragraphs))
    await place.write("kể hết")
    await place.until(1)
    await place.settled()
    pieces = [shown.text for shown in await place.talk.shown("Lan")]
    assert max(map(len, pieces)) <= LIMIT[place.name]
    whole = "\n".join(pieces)
    places = [whole.find(f"Đoạn {number}:") for number in range(40)]
    assert -1 not in places and places == sorted(places)
    assert whole.count("hết.") == 40


@case(on=PUSHED)
async def a_very_long_button_and_an_empty_text_harm_nothing(place: Place) -> None:
    buttons = [{"title": f"Thủ tục số {n} " + "rất dài " * 30, "payload": "/greet"} for n in range(12)]
    place.rasa.behave = _says(text="", buttons=buttons)
    await place.write("?")
    await place.until(1)
    await place.settled()
    assert {state for state, _ in await place.rows()} == {"sent"}


# What goes wrong


async def _fails_and_recovers(place: Place, what: str, times: int = 1) -> list[tuple[str, int]]:
    await place.write("chào")
    await place.until(1)
    await place.settled()
    place.platform.fail(what, times)
    await place.write("quan trọng")
    await place.write("tiếp theo")
    await place.settled(25)
    return await place.rows()


async def _heard(place: Place) -> list[str]:
    """The first two words of each answer but the first."""
    return [" ".join(words.split("echo: ")[1].split()[:2]) for words in (await place.answers())[1:]]


@case(on=PUSHED)
async def a_rate_limit_delays_and_loses_nothing(place: Place) -> None:
    rows = await _fails_and_recovers(place, "429", 2)
    assert await _heard(place) == ["quan trọng", "tiếp theo"]
    assert {row[0] for row in rows} == {"sent"} and sum(row[1] for row in rows) == 0


@case(on=PUSHED)
async def a_broken_platform_delays_and_loses_nothing(place: Place) -> None:
    rows = await _fails_and_recovers(place, "500", 2)
    assert await _heard(place) == ["quan trọng", "tiếp theo"]
    assert {row[0] for row in rows} == {"sent"}


@case(on=PUSHED)
async def a_call_without_an_answer_is_repeated_and_recorded(place: Place) -> None:
    rows = await _fails_and_recovers(place, "timeout")
    assert await _heard(place) == ["quan trọng", "tiếp theo"]
    assert sorted(rows)[-1] == ("sent", 1) and sum(row[1] for row in rows) == 1


@case(on=PUSHED)
async def an_answer_that_got_lost_may_be_repeated_but_is_recorded(place: Place) -> None:
    rows = await _fails_and_recovers(place, "drop_after_send")
    # No platform tells whether it has delivered: a repeated reply is better than a lost one (ADR 6).
    assert await _heard(place) == ["quan trọng", "quan trọng", "tiếp theo"]
    assert sum(row[1] for row in rows) == 1


@case(on=PUSHED)
async def a_token_that_is_refused_loses_nothing(place: Place) -> None:
    rows = await _fails_and_recovers(place, "token")
    assert await _heard(place) == ["quan trọng", "tiếp theo"]
    assert {row[0] for row in rows} == {"sent"}


@case(on=PUSHED)
async def nothing_more_is_sent_to_who_blocked_us_until_they_write(place: Place) -> None:
    await place.write("chào")
    await place.until(1)
    await place.settled()
    place.rasa.delay = 0.1
    place.platform.fail("blocked", 1)
    await place.write("một")
    await place.write("hai")
    await place.settled()
    assert [state for state, _ in await place.rows()][-2:] == ["failed", "failed"]
    assert len(await place.answers()) == 1
    await place.write("ba")
    assert "ba" in (await place.until(2))[1]


@case()
async def a_stopped_rasa_delays_and_loses_nothing(place: Place) -> None:
    await place.write("chào")
    await place.until(1)
    place.rasa.behave = lambda _sender, message, seen: 503 if message == "một" and seen < 4 else None
    await place.write("một")
    await place.write("hai")
    answers = await place.until(3)
    assert "một" in answers[1] and "hai" in answers[2]


@case()
async def a_poison_message_is_admitted_and_the_next_is_answered(place: Place) -> None:
    place.rasa.behave = lambda _sender, message, _seen: 500 if message == "độc" else None
    await place.write("độc")
    await place.write("lành")
    assert "lành" in (await place.until(1))[0]
    assert any("hệ thống gặp lỗi" in shown.text for shown in await place.talk.shown("Lan"))


@case()
async def a_gateway_that_dies_leaves_its_messages_to_the_next(place: Place) -> None:
    await place.write("chào")
    await place.until(1)
    await place.settled()
    place.rasa.delay = 3.0
    await place.write("một")
    await place.write("hai")
    await place.rasa.until(2)
    await place.restart()
    place.rasa.delay = 0.0
    answers = await place.until(3, seconds=20)
    assert "một" in answers[1] and "hai" in answers[2]
    await place.settled()
    assert len(await place.answers()) == 3


# Coming, going, being forgotten


@case(on=frozenset({"telegram", "zalo_oa"}))
async def who_left_gets_nothing_and_is_welcome_again(place: Place) -> None:
    async def come(yes: bool) -> None:
        if place.name == "telegram":
            await place.platform.block("Lan", yes=not yes)
        else:
            await place.platform.follow("Lan", follows=yes)

    await place.write("chào")
    await place.until(1)
    await place.settled()
    place.rasa.delay = 0.3
    await place.write("một")
    await place.rasa.until(2)
    await come(False)
    await place.settled()
    assert len(await place.answers()) == 1
    before = len(await place.talk.shown("Lan"))
    await come(True)
    await place.settled()
    assert len(await place.talk.shown("Lan")) == before, "welcomed a second time"
    place.rasa.delay = 0.0
    await place.write("hai")
    assert "hai" in (await place.until(2))[1]


@case(on=PUSHED)
async def the_first_answer_comes_after_a_privacy_notice_that_is_given_once(place: Place) -> None:
    await place.write("một")
    await place.write("hai")
    await place.until(2)
    shown = [shown.text for shown in await place.talk.shown("Lan")]
    assert "tự động" in shown[0] and "/delete" in shown[0]
    assert sum("/delete" in text for text in shown) == 1


@case()
async def erasing_leaves_nothing(place: Place) -> None:
    await place.write("bí mật của tôi")
    await place.until(1)
    await place.settled()
    await place.talk.erase("Lan")
    await place.settled()
    for table in ("conversation", "inbox", "outbox", "address", "media", "rating"):
        assert await place.count(table) == 0, table


@case(on=PUSHED)
async def after_erasing_one_begins_anew(place: Place) -> None:
    await place.write("một")
    await place.until(1)
    await place.settled()
    await place.talk.erase("Lan")
    await place.settled()
    said = [shown.text for shown in await place.talk.shown("Lan")]
    assert sum("Tôi đã xóa toàn bộ" in text for text in said) == 1
    await place.write("hai")
    await place.until(2)
    assert sum("/delete" in shown.text for shown in (await place.talk.shown("Lan"))[len(said) :]) == 1
