"""Buttons as references, and numbers that stand for buttons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channels import choices, conversations
from channels.base import Button, Outbound
from channels.outbox import append
from channels.store import Store
from troly.database import async_engine, engine
from troly.tables import Base


def said(*titles: str) -> Outbound:
    buttons = [Button(title=title, payload=f'/inform{{"choice":"{title}"}}') for title in titles]
    return Outbound(text="…", language="vi", buttons=buttons)


def payload(title: str) -> str:
    return f'/inform{{"choice":"{title}"}}'


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Conversation "a": three turns, the second in two replies; conversation "b": nothing."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    made = engine(url)
    Base.metadata.create_all(made)
    made.dispose()
    database = async_engine(url)
    store = Store(database)
    for identity in ("a", "b"):
        await conversations.begin(store, identity, "push", "vi", [])
    async with store.write() as connection:
        await append(connection, "a", [said("một", "hai", "ba")], inbox_id="first")
        await append(connection, "a", [said("bốn", "năm"), said()], inbox_id="second")
    yield store
    await database.dispose()


def test_a_reference_fits_where_a_payload_does_not() -> None:
    assert choices.reference("123", 2) == "b:123:2"
    longest = choices.reference("999999999", 99)
    assert len(longest.encode("ascii")) <= 20


async def test_a_reference_gives_the_payload_in_its_own_conversation_only(store: Store) -> None:
    assert await choices.payload_of(store, "a", choices.reference("1", 0)) == payload("một")
    assert await choices.payload_of(store, "a", choices.reference("2", 1)) == payload("năm")
    assert await choices.payload_of(store, "b", choices.reference("1", 0)) is None


@pytest.mark.parametrize("reference", ["b:1:3", "b:3:0", "b:4:0", "b:1", "b:1:0:0", "x", "", "b:１:0x"])
async def test_any_other_reference_is_none(store: Store, reference: str) -> None:
    assert await choices.payload_of(store, "a", reference) is None


async def test_a_thumb_rates_a_reply_of_its_own_conversation_only(store: Store) -> None:
    assert len(choices.thumb("999999999", up=False)) <= 20
    rated = await choices.payload_of(store, "a", choices.thumb("2", up=False))
    assert rated == '/rate_service{"thumb": "down", "rated_reply": "2"}'
    for conversation, thumb in (("b", "t:2:down"), ("a", "t:9:up"), ("a", "t:2:sideways")):
        assert await choices.payload_of(store, conversation, thumb) is None


@pytest.mark.parametrize(
    ("text", "title"), [("1", "bốn"), ("2", "năm"), (" 2. ", "năm"), ("(1)", "bốn"), ("#2", "năm")]
)
async def test_a_number_takes_a_choice_of_the_last_turn(store: Store, text: str, title: str) -> None:
    assert await choices.payload_of_number(store, "a", text) == payload(title)


@pytest.mark.parametrize("text", ["0", "3", "99", "123", "hai", "1 bản", "", "H49.08", "1/2", "-"])
async def test_what_is_no_choice_stays_a_text(store: Store, text: str) -> None:
    assert await choices.payload_of_number(store, "a", text) is None
    assert await choices.payload_of_number(store, "b", text) is None


async def test_choices_of_an_earlier_turn_are_over(store: Store) -> None:
    async with store.write() as connection:
        await append(connection, "a", [said()], inbox_id="third")
    assert await choices.payload_of_number(store, "a", "1") is None


async def test_a_notice_in_between_does_not_end_the_choices(store: Store) -> None:
    async with store.write() as connection:
        await append(connection, "a", [said()], kind="notice")
    assert await choices.payload_of_number(store, "a", "1") == payload("bốn")


@pytest.mark.parametrize(
    ("text", "title"), [("bốn", "bốn"), ("Bon", "bốn"), (" NĂM! ", "năm"), ("nam", "năm"), ("(năm)", "năm")]
)
async def test_the_words_of_a_button_take_it(store: Store, text: str, title: str) -> None:
    assert await choices.payload_of_title(store, "a", text) == payload(title)


@pytest.mark.parametrize("text", ["ba", "bốn năm", "", "?", "b", "bốn " * 40])
async def test_other_words_take_no_button(store: Store, text: str) -> None:
    assert await choices.payload_of_title(store, "a", text) is None
    assert await choices.payload_of_title(store, "b", "bốn") is None


async def test_words_that_two_buttons_have_take_neither(store: Store) -> None:
    async with store.write() as connection:
        await append(connection, "a", [said("Lệ phí", "lệ phí")], inbox_id="third")
    assert await choices.payload_of_title(store, "a", "lệ phí") is None
