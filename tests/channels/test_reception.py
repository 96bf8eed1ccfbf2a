"""What comes in outside the web: stored once, answered once, forgotten when that is wished."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from channels import conversations
from channels.errors import SendLater
from tests.channels.pictures import located
from tests.channels.scripted import Citizen, settled
from troly.clock import now
from troly.privacy import Keyring, new_key


def rows(tmp_path: Path, query: str) -> list[Any]:
    with sqlite3.connect(tmp_path / "test.db") as connection:
        return connection.execute(query).fetchall()


def files(tmp_path: Path) -> bytes:
    """Everything that the database has written."""
    return b"".join(file.read_bytes() for file in tmp_path.glob("test.db*"))


@pytest.fixture
async def stack(push: None, start: Any, rasa: Any) -> AsyncIterator[Any]:
    """A gateway with the scripted channel."""
    async with start(rasa_url=rasa.url) as running:
        yield running


async def test_the_first_answer_comes_after_the_privacy_notice_and_the_second_without(
    stack: Any, rasa: Any
) -> None:
    citizen = Citizen(stack)
    accepted = await citizen.write("khai sinh", language="en")
    assert accepted and accepted.fresh
    await citizen.write("khai tử")
    assert await citizen.until(2) == ["echo: khai sinh", "echo: khai tử"]
    assert [text for text in citizen.saw() if "/delete" in text] == citizen.saw()[:1]
    assert citizen.saw()[0].startswith("You are talking to an automatic assistant")
    assert rasa.seen == [(citizen.id, "khai sinh"), (citizen.id, "khai tử")]
    assert rasa.metadata[0] == {
        "channel": "push",
        "language_hint": "en",
        "message_id": accepted.id,
    }


async def test_ids_and_names_of_the_platform_are_not_readable_in_the_database(
    stack: Any, tmp_path: Path
) -> None:
    citizen = Citizen(stack)
    await citizen.write("xin chào", message_id="opaque")
    await citizen.until(1)
    ((conversation, external, name),) = rows(
        tmp_path, "SELECT conversation_id, external_id, display_name FROM address"
    )
    keyring: Keyring = stack.gateway.keyring
    assert (keyring.decrypt(external), keyring.decrypt(name)) == (citizen.chat, "Nguyễn Văn Bí Mật")
    assert conversation == citizen.id
    stored = files(tmp_path)
    assert citizen.id.encode() in stored
    assert citizen.chat.encode() not in stored
    assert "Bí Mật".encode() not in stored


async def test_a_redelivered_message_is_answered_once(stack: Any, rasa: Any) -> None:
    citizen = Citizen(stack)
    outcomes = await asyncio.gather(*(citizen.write("một", message_id="same") for _ in range(8)))
    assert len({outcome.id for outcome in outcomes if outcome}) == 1
    assert sorted(outcome.fresh for outcome in outcomes if outcome) == [False] * 7 + [True]
    await settled(stack.gateway)
    assert (await citizen.write("một", message_id="same")) is not None
    await asyncio.sleep(0.15)
    assert len(citizen.saw()) == 2  # the notice and the answer
    assert rasa.messages() == ["một"]


async def test_very_long_message_ids_are_still_told_apart(stack: Any) -> None:
    citizen = Citizen(stack)
    await citizen.write("một", message_id="x" * 300 + "1")
    await citizen.write("hai", message_id="x" * 300 + "2")
    assert await citizen.until(2) == ["echo: một", "echo: hai"]


async def test_a_follower_is_welcomed_once_and_needs_no_second_notice(stack: Any) -> None:
    citizen = Citizen(stack)
    for _ in range(2):
        await stack.gateway.reception.joined("push", citizen.chat, "Lan")
    assert (await citizen.until(1))[0].startswith("Chào Anh/Chị")
    await citizen.write("khai sinh")
    await citizen.until(2)
    assert len(citizen.saw()) == 3
    assert "/delete" in citizen.saw()[0]


async def test_nothing_is_sent_to_someone_who_left_until_they_write_again(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    citizen = Citizen(stack)
    await citizen.write("một")
    await citizen.until(1)
    rasa.delay = 0.2
    await citizen.write("hai")
    await rasa.until(2)
    await stack.gateway.reception.left("push", citizen.chat)
    await settled(stack.gateway)
    assert citizen.answers() == ["echo: một"]
    assert rows(tmp_path, "SELECT state, error FROM outbox ORDER BY id DESC LIMIT 1") == [
        ("failed", "closed")
    ]
    await citizen.write("ba")
    assert await citizen.until(2) == ["echo: một", "echo: ba"]


async def test_leaving_without_having_written_is_nothing(stack: Any, tmp_path: Path) -> None:
    await stack.gateway.reception.left("push", "stranger")
    assert rows(tmp_path, "SELECT count(*) FROM conversation") == [(0,)]


async def test_erasing_forgets_everything_and_says_so_once(stack: Any, remember: Any, tmp_path: Path) -> None:
    citizen = Citizen(stack)
    citizen.channel.content = located()
    await citizen.write("khai sinh", language="en")
    await citizen.write(None, media={"kind": "image"})
    await citizen.until(2)
    remember(citizen.id)
    (kept,) = (tmp_path / "media").iterdir()
    hold = asyncio.Event()
    citizen.channel.behave = lambda _chat, _text, _seen: hold.wait()
    for _ in range(3):  # the platform delivers the wish again
        await stack.gateway.reception.erase("push", citizen.chat)
    assert not kept.exists()
    hold.set()
    await settled(stack.gateway)
    assert [text for text in citizen.saw() if "đã xóa" in text] == citizen.saw()[-1:]
    for table in ("conversation", "inbox", "outbox", "address", "media", "tracker_event", "tracker_snapshot"):
        assert rows(tmp_path, f"SELECT count(*) FROM {table}") == [(0,)], table


async def test_after_erasing_one_begins_anew_with_the_notice(stack: Any, tmp_path: Path) -> None:
    citizen = Citizen(stack)
    await citizen.write("một")
    await citizen.until(1)
    citizen.channel.behave = lambda _chat, _text, seen: asyncio.sleep(0.2 if seen == 1 else 0)
    await stack.gateway.reception.erase("push", citizen.chat)
    await citizen.write("hai")  # while the farewell is being said
    await citizen.until(3)
    assert citizen.answers()[0] == "echo: một" and citizen.answers()[2] == "echo: hai"
    assert len(citizen.saw()) == 5  # notice, answer, farewell, notice, answer
    assert rows(tmp_path, "SELECT count(*) FROM conversation") == [(1,)]


async def test_erased_while_rasa_works_on_it_stays_erased(
    stack: Any, rasa: Any, remember: Any, tmp_path: Path
) -> None:
    citizen = Citizen(stack)
    rasa.delay = 0.3
    await citizen.write("bí mật")
    await rasa.until(1)
    await stack.gateway.reception.erase("push", citizen.chat)
    remember(citizen.id)  # what Rasa's tracker store does at the end of the turn
    await asyncio.sleep(0.5)
    assert not [text for text in citizen.saw() if "bí mật" in text]
    for table in ("conversation", "inbox", "outbox", "address", "tracker_event", "tracker_snapshot"):
        assert rows(tmp_path, f"SELECT count(*) FROM {table}") == [(0,)], table


async def test_who_sends_too_much_is_told_once_and_the_rest_is_dropped(
    push: None, start: Any, rasa: Any, tmp_path: Path
) -> None:
    async with start(rasa_url=rasa.url, messages_per_minute=5) as stack:
        citizen = Citizen(stack)
        outcomes = [await citizen.write(f"câu {number}") for number in range(12)]
        assert [outcome is not None for outcome in outcomes] == [True] * 5 + [False] * 7
        answers = await citizen.until(6)
        await asyncio.sleep(0.1)
        assert sum("12 giây" in text for text in answers) == 1
        assert len(citizen.answers()) == 6
        found = (await stack.http.get("/metrics")).text
        assert 'troly_messages_total{channel="push",result="dropped"} 7.0' in found


async def test_a_button_comes_back_as_its_payload(stack: Any, rasa: Any) -> None:
    citizen = Citizen(stack)
    await citizen.write("khai sinh")
    await citizen.until(1)
    await citizen.write(None, button="b:2:0")
    await citizen.until(2)
    assert rasa.messages()[-1] == '/ask_fee{"procedure_code":"1.001193"}'
    transcript = await conversations.read(stack.gateway.store, citizen.id)
    assert transcript and transcript.said(transcript.lines[-2]) == "Lệ phí"


@pytest.mark.parametrize("button", ["b:2:7", "b:99:0", "b:2:-1", "/restart", "", "b:2:0 "])
async def test_a_button_that_was_not_shown_here_does_nothing(stack: Any, rasa: Any, button: str) -> None:
    other, citizen = Citizen(stack, "other"), Citizen(stack)
    await other.write("khai sinh")
    await other.until(1)
    await citizen.write("xin chào")
    await citizen.until(1)
    await citizen.write(None, button=button)
    assert "chọn này đã cũ" in (await citizen.until(2))[1]
    assert rasa.messages(citizen.id) == ["xin chào"]


async def test_a_typed_number_takes_the_choice_of_the_last_turn(stack: Any, rasa: Any) -> None:
    citizen = Citizen(stack)
    await citizen.write("khai sinh")
    await citizen.until(1)
    for text, reaches_rasa in (
        ("2", "2"),
        (" 1. ", '/ask_fee{"procedure_code":"1.001193"}'),
        ("0", "0"),
        ("1 bản sao", "1 bản sao"),
    ):
        await citizen.write(text)
        await citizen.until(len(rasa.messages()) + 1)
        assert rasa.messages()[-1] == reaches_rasa


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("image", "picture"),
        ("voice", "voice"),
        ("audio", "voice"),
        ("video", "video"),
        ("file", "files"),
        ("sticker", "sticker"),
        ("location", "location"),
        ("contact", "contact"),
        ("link", "link"),
        ("unsupported", "this kind"),
        ("something new", "this kind"),
    ],
)
async def test_what_cannot_be_read_is_answered_honestly(stack: Any, rasa: Any, kind: str, words: str) -> None:
    citizen = Citizen(stack)
    await citizen.write(None, media={"kind": kind}, language="en")
    assert words in (await citizen.until(1))[0]
    assert rasa.messages() == []


async def test_words_beside_a_picture_are_answered_and_the_picture_is_kept(
    stack: Any, rasa: Any, tmp_path: Path
) -> None:
    citizen = Citizen(stack)
    citizen.channel.content = located()
    await citizen.write(None, media={"kind": "image", "caption": "đây là giấy gì?"})
    answers = await citizen.until(2)
    assert "chỉ trả lời theo phần chữ" in answers[0]
    assert answers[1] == "echo: đây là giấy gì?"
    await settled(stack.gateway)
    ((media,),) = rows(tmp_path, "SELECT media FROM inbox")
    ((name, mime, size),) = rows(tmp_path, "SELECT sha256, mime, size FROM media")
    assert mime == "image/jpeg" and name in media
    kept = (tmp_path / "media" / name).read_bytes()
    assert len(kept) == size and kept.startswith(b"\xff\xd8\xff") and b"Secret Phone" not in kept


async def test_a_picture_that_cannot_be_had_does_not_cost_the_answer(stack: Any) -> None:
    citizen = Citizen(stack)

    async def fail(_media: Any) -> bytes:
        raise SendLater("away")

    citizen.channel.collect = fail  # type: ignore[method-assign]
    await citizen.write(None, media={"kind": "image"})
    assert "ảnh" in (await citizen.until(1))[0]


async def test_a_text_that_is_too_long_is_admitted(stack: Any, rasa: Any) -> None:
    citizen = Citizen(stack)
    await citizen.write("dài " * 2000)
    assert "dài quá" in (await citizen.until(1))[0]
    assert rasa.messages() == []


@pytest.mark.parametrize("text", [None, "", "  \u200b "])
async def test_an_empty_message_gets_an_answer_too(stack: Any, text: str | None) -> None:
    citizen = Citizen(stack)
    await citizen.write(text)
    assert "loại tin nhắn này" in (await citizen.until(1))[0]


async def test_a_text_that_begins_with_a_slash_is_no_command_but_a_chosen_payload_is(
    stack: Any, rasa: Any
) -> None:
    citizen = Citizen(stack)
    await citizen.write("/restart")
    await citizen.write(None, payload="/greet")
    await citizen.until(2)
    assert [text for _, text in rasa.seen] == ["restart", "/greet"]


async def test_a_citizen_is_recognised_under_a_new_key(
    push: None, start: Any, rasa: Any, tmp_path: Path
) -> None:
    old, new = new_key(), new_key()
    async with start(rasa_url=rasa.url, encryption_keys=old) as stack:
        citizen = Citizen(stack)
        await citizen.write("một")
        await citizen.until(1)
        identity = citizen.id
    async with start(rasa_url=rasa.url, encryption_keys=f"{new},{old}") as stack:
        citizen.move(stack)
        assert citizen.id != identity
        await citizen.write("hai")
        assert await citizen.until(1) == ["echo: hai"]
        assert citizen.saw() == ["echo: hai"]  # no second notice
    assert rows(tmp_path, "SELECT id FROM conversation") == [(identity,)]


async def test_a_message_is_stored_before_it_is_acknowledged_and_survives_the_process(
    push: None, start: Any, rasa: Any
) -> None:
    async with start() as stack:  # without Rasa
        citizen = Citizen(stack)
        assert (await citizen.write("một")) is not None
        await stack.gateway.delivery.kill()
    async with start(rasa_url=rasa.url) as stack:
        citizen.move(stack)
        assert await citizen.until(1) == ["echo: một"]


async def test_logs_tell_neither_who_nor_what(stack: Any) -> None:
    with structlog.testing.capture_logs() as lines:
        citizen = Citizen(stack, "platform-id-123456")
        await citizen.write("số căn cước 022090001234")
        await citizen.until(1)
        await stack.gateway.reception.left("push", citizen.chat)
        await stack.gateway.reception.erase("push", citizen.chat)
        await settled(stack.gateway)
    events = {line["event"] for line in lines}
    assert {"received", "turn", "sent", "left", "erased"} <= events
    for secret in ("platform-id", "022090001234", "Bí Mật"):
        assert secret not in repr(lines)


async def test_a_language_hint_counts_only_in_a_new_conversation(stack: Any, rasa: Any) -> None:
    citizen = Citizen(stack)
    await citizen.write("một", language="en")
    await citizen.until(1)  # answered in Vietnamese
    await citizen.write("hai", language="en")
    await citizen.until(2)
    assert [metadata["language_hint"] for metadata in rasa.metadata] == ["en", "vi"]


async def test_the_time_of_the_last_message_is_known_to_the_sender(stack: Any) -> None:
    citizen = Citizen(stack)
    before = now()
    await citizen.write("một")
    await citizen.until(1)
    address = citizen.channel.addresses[-1]
    assert address.conversation_id == citizen.id
    assert address.last_inbound_at is not None and before <= address.last_inbound_at <= now()
