"""What a message of Telegram says: text, commands, media, and whether a group's message is meant for us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from telegram import Update

from channels.reception import Received
from channels.telegram import commands
from channels.telegram.reading import EraseAsked, Me, read
from tests.fakes.telegram import FakeTelegram, chat_of
from tests.fakes.telegram_citizens import USERNAME

Read = Callable[..., Any]


@pytest.fixture
def read_from(fake: FakeTelegram) -> Read:
    """Reads a message as the citizen An writes it."""

    def reading(*, edited: int = 0, **content: Any) -> Any:
        message = fake.message("An", **content)
        kind = "edited_message" if edited else "message"
        message |= {"edit_date": edited} if edited else {}
        update = Update.de_json(fake.update(kind, message), None)
        found = update.message or update.edited_message
        assert found is not None
        return read(found, Me(fake.bot_id, USERNAME), fake.token)

    return reading


def test_a_text_keeps_chat_name_and_language(read_from: Read) -> None:
    found = read_from(text=" Làm khai sinh ")
    assert isinstance(found, Received)
    assert (found.text, found.payload, found.media) == ("Làm khai sinh", None, None)
    assert (found.external_id, found.display_name) == (str(chat_of("An")), "Công dân An")
    assert found.language == "vi"


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ("/start", "/greet"),
        ("/start QR-042", "/greet"),
        ("/help", "/ask_capabilities"),
        ("/HELP", "/ask_capabilities"),
        ("/lang", "/change_language"),
        ("/lang en", '/change_language{"requested_language": "en"}'),
        ("/lang Tiếng Việt", '/change_language{"requested_language": "vi"}'),
        ("/lang 한국어", "/change_language"),
        ("/status", "/check_application_status"),
        ("/hoso", "/check_application_status"),
        ("/staff", "/talk_to_human"),
    ],
)
def test_a_command_is_a_payload_that_rasa_takes(read_from: Read, text: str, payload: str) -> None:
    from channels.rasa import valid_payload

    found = read_from(text=text)
    assert (found.text, found.payload) == (None, payload)
    assert valid_payload(payload)


def test_the_code_after_status_is_read_as_if_it_stood_alone(read_from: Read) -> None:
    found = read_from(text="/status H49.12-251103-0047")
    assert (found.text, found.payload) == ("H49.12-251103-0047", None)


def test_an_unknown_command_is_words_and_never_a_payload(read_from: Read) -> None:
    found = read_from(text='/ask_fee{"procedure_code": "1"}')
    assert found.payload is None
    found = read_from(text="/restart bây giờ")
    assert (found.text, found.payload) == ("restart bây giờ", None)


def test_delete_is_asked_about_first(read_from: Read) -> None:
    assert isinstance(read_from(text="/delete"), EraseAsked)
    assert isinstance(read_from(text="/xoa"), EraseAsked)


def test_every_command_of_the_menu_does_something(read_from: Read) -> None:
    for name in commands.NAMES:
        found = read_from(text=f"/{name}")
        assert isinstance(found, EraseAsked) or found.payload


@pytest.mark.parametrize("kind", ["image", "voice", "audio", "video", "file", "sticker"])
def test_a_file_is_kept_by_its_id(read_from: Read, fake: FakeTelegram, kind: str) -> None:
    found = read_from(**fake.content(kind, "An"))
    assert found.text is None
    assert found.media["kind"] == kind
    assert found.media["file_id"] in fake.files
    assert found.media["size"] == 5


def test_of_a_photo_the_largest_size_and_the_caption_are_taken(read_from: Read, fake: FakeTelegram) -> None:
    media = read_from(**fake.content("image", "An")).media
    assert media["file_id"] != "thumbnail"
    assert (media["caption"], media["mime"]) == ("hồ sơ của tôi", "image/jpeg")


def test_a_photo_sent_as_a_file_is_a_picture(read_from: Read) -> None:
    document = {"file_id": "f", "file_unique_id": "u", "mime_type": "image/png", "file_name": "a.png"}
    media = read_from(document=document).media
    assert media == {"kind": "image", "file_id": "f", "mime": "image/png", "name": "a.png"}


def test_a_shared_number_is_the_senders_own_only_when_telegram_says_so(
    read_from: Read, fake: FakeTelegram
) -> None:
    own = fake.content("contact", "An")["contact"]
    assert read_from(contact=own).media == {"kind": "contact", "phone": "+84901234567", "own_phone": True}
    other = own | {"user_id": 5}
    assert read_from(contact=other).media["own_phone"] is False
    unknown = {name: value for name, value in own.items() if name != "user_id"}
    assert read_from(contact=unknown).media["own_phone"] is False


def test_a_place_is_read_with_its_name(read_from: Read, fake: FakeTelegram) -> None:
    place = fake.content("location", "An")["location"]
    assert read_from(location=place).media == {"kind": "location"} | place
    venue = {"location": place, "title": "UBND phường", "address": "x"}
    assert read_from(location=place, venue=venue).media["name"] == "UBND phường"


def test_a_live_location_is_read_once_and_not_at_every_step(read_from: Read, fake: FakeTelegram) -> None:
    place = fake.content("location", "An")["location"] | {"live_period": 900}
    assert read_from(location=place) is not None
    assert read_from(location=place, edited=1_800_000_000) is None


def test_what_the_assistant_cannot_read_is_unsupported_and_still_answered(
    read_from: Read, fake: FakeTelegram
) -> None:
    assert read_from(**fake.content("poll", "An")).media == {"kind": "unsupported"}


def test_telegrams_own_notes_are_ignored(read_from: Read) -> None:
    assert (
        read_from(pinned_message={"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}) is None
    )
    assert read_from(migrate_to_chat_id=-100123, chat={"id": -5, "type": "group", "title": "x"}) is None
    assert read_from(new_chat_title="x", chat={"id": -5, "type": "group", "title": "x"}) is None


def test_another_bots_words_are_ignored(read_from: Read) -> None:
    bot = {"id": 9, "is_bot": True, "first_name": "b"}
    assert read_from(text="xin chào", **{"from": bot}) is None


def test_an_edit_is_a_message_of_its_own(read_from: Read) -> None:
    first = read_from(text="khai sinh", message_id=7)
    second = read_from(text="khai tử", message_id=7, edited=1_800_000_000)
    assert second.message_id == f"{first.message_id}:e1800000000"
    assert (first.edited, second.edited) == (False, True)


def test_message_ids_of_two_chats_differ_and_tell_no_chat(read_from: Read, fake: FakeTelegram) -> None:
    group = fake.group()
    mine = read_from(text="a", message_id=7)
    theirs = read_from(text=f"@{USERNAME} a", message_id=7, chat=group)
    assert mine.message_id != theirs.message_id
    assert str(chat_of("An")) not in mine.message_id
    assert read_from(text="a", message_id=7).message_id == mine.message_id


# Groups


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"@{USERNAME} lệ phí khai sinh?", "lệ phí khai sinh?"),
        (f"Cho hỏi @{USERNAME.upper()}, lệ phí?", "Cho hỏi lệ phí?"),
        (f"/status@{USERNAME} H49.12-251103-0047", "H49.12-251103-0047"),
    ],
)
def test_in_a_group_who_names_the_bot_is_heard(
    read_from: Read, fake: FakeTelegram, text: str, said: str
) -> None:
    found = read_from(text=text, chat=fake.group())
    assert (found.external_id, found.text) == ("-1001234567890", said)
    assert found.display_name == "Tổ dân phố 5"


def test_in_a_group_the_bots_name_alone_is_a_greeting(read_from: Read, fake: FakeTelegram) -> None:
    assert read_from(text=f"@{USERNAME}", chat=fake.group()).payload == "/greet"


@pytest.mark.parametrize(
    "text", ["lệ phí?", "/help", "/help@other_bot", "@other_bot lệ phí?", "a@tro_ly_thu_bot.vn"]
)
def test_in_a_group_everything_else_is_ignored(read_from: Read, fake: FakeTelegram, text: str) -> None:
    assert read_from(text=text, chat=fake.group()) is None
    assert read_from(chat=fake.group(), **fake.content("voice", "An")) is None


def test_in_a_group_an_answer_to_the_bot_is_heard(read_from: Read, fake: FakeTelegram) -> None:
    ours = {"message_id": 3, "date": 0, "chat": fake.group(), "text": "?"}
    ours |= {"from": {"id": fake.bot_id, "is_bot": True, "first_name": "b"}}
    assert read_from(text="mất bao lâu", chat=fake.group(), reply_to_message=ours).text == "mất bao lâu"
    theirs = ours | {"from": {"id": 5, "is_bot": False, "first_name": "c"}}
    assert read_from(text="mất bao lâu", chat=fake.group(), reply_to_message=theirs) is None


def test_in_a_group_a_picture_with_our_name_in_its_caption_is_heard(
    read_from: Read, fake: FakeTelegram
) -> None:
    caption = f"@{USERNAME} giấy gì đây"
    entity = {"type": "mention", "offset": 0, "length": len(USERNAME) + 1}
    content = fake.content("image", "An") | {"caption": caption, "caption_entities": [entity]}
    assert read_from(chat=fake.group(), **content).media["kind"] == "image"


def test_each_topic_of_a_forum_is_a_conversation(read_from: Read, fake: FakeTelegram) -> None:
    forum = fake.group(is_forum=True)
    opened = {
        "message_id": 4,
        "date": 0,
        "chat": forum,
        "forum_topic_created": {"name": "x", "icon_color": 0},
    }
    opened |= {"from": {"id": fake.bot_id, "is_bot": True, "first_name": "b"}}
    topic = {"message_thread_id": 4, "is_topic_message": True, "reply_to_message": opened}
    found = read_from(text=f"@{USERNAME} chào", chat=forum, **topic)
    assert found.external_id == "-1001234567890/4"
    # Every message of a topic "answers" the one that opened it, whoever did.
    assert read_from(text="chào cả nhà", chat=forum, **topic) is None
