"""The queue holds what is worth a look, once, grouped, without personal data."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from channels import retention
from channels.upkeep import Upkeep, UpkeepOptions
from console.review import filling
from console.review.filling import fill
from console.review.reasons import Reason, names
from troly import erasure
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.review import DONE, ReviewCursor, ReviewGroup, ReviewItem
from troly.tables.turns import Turn

LONG_AGO = timedelta(minutes=30)


async def filled(office: Any, **settings: Any) -> list[Any]:
    """The queue after one look, oldest first."""
    chosen = office.settings.model_copy(update={"review_sample_share": 0.0} | settings)
    await fill(office.store, chosen, steps=3, pause=timedelta(0))
    return await office.rows(select(ReviewItem.__table__).order_by(ReviewItem.id))


async def talk(office: Any, *turns: dict[str, Any], **more: Any) -> str:
    return str(await office.talk(*turns, **{"at": now() - LONG_AGO} | more))


def why(item: Any) -> set[str]:
    return set(names(item.reasons))


@pytest.mark.parametrize(
    ("turn", "reasons"),
    [
        ({"status": "not_found"}, {"rejected"}),
        ({"status": "out_of_scope", "intent": "out_of_scope"}, {"rejected"}),
        ({"status": "clarify"}, {"rejected"}),
        ({"status": "clarify", "procedure_code": "1.001193"}, set()),
        ({"confidence": 0.31}, {"unsure"}),
        ({"rating": -1}, {"thumb_down"}),
        ({"rating": 1}, set()),
        ({"second_intent": "ask_place"}, {"disagreed"}),
        ({"second_intent": "ask_fee"}, set()),
        ({"status": "handed_over"}, {"handed_over"}),
        ({"status": "error", "intent": None, "confidence": None}, {"rejected"}),
        ({}, set()),
        ({"status": "smalltalk", "intent": "thank"}, set()),
    ],
)
async def test_a_turn_is_worth_a_look_for_these_reasons(
    office: Any, turn: dict[str, Any], reasons: set[str]
) -> None:
    await talk(office, {"text": "phí làm thẻ căn cước bao nhiêu", "turn": turn})
    assert [why(item) for item in await filled(office)] == ([reasons] if reasons else [])


@pytest.mark.parametrize(
    ("following", "intent", "corrected"),
    [
        ("không phải, tôi hỏi cái khác", "deny", True),
        ("sai rồi bạn ơi", "ask_procedure", True),
        ("lệ phí làm hộ chiếu là bao nhiêu vậy", "ask_fee", True),
        ("that's not what I asked", "out_of_scope", True),
        ("nộp ở đâu", "ask_place", False),
        ("làm hộ chiếu cần giấy tờ gì", "ask_documents", False),
        ("cảm ơn", "thank", False),
    ],
)
async def test_a_correction_right_after_an_answer_brings_the_answered_message(
    office: Any, following: str, intent: str, corrected: bool
) -> None:
    first = {"text": "làm hộ chiếu lệ phí bao nhiêu", "turn": {"procedure_code": "1.001"}}
    await talk(office, first, {"text": following, "turn": {"intent": intent}})
    found = await filled(office)
    assert [(item.text, why(item)) for item in found] == (
        [("làm hộ chiếu lệ phí bao nhiêu", {"corrected"})] if corrected else []
    )


async def test_what_led_to_the_wish_for_a_person_is_looked_at(office: Any) -> None:
    wish = {"text": "cho gặp cán bộ", "turn": {"intent": "talk_to_human", "status": "handed_over"}}
    await talk(office, {"text": "đất nhà tôi bị lấn thì sao"}, wish)
    assert [(item.text, why(item)) for item in await filled(office)] == [
        ("đất nhà tôi bị lấn thì sao", {"handed_over"})
    ]


async def test_each_message_joins_once_however_often_one_looks(each_office: Any) -> None:
    await talk(each_office, {"text": "xin phép nuôi ong", "turn": {"status": "not_found"}})
    assert len(await filled(each_office)) == 1
    assert len(await filled(each_office)) == 1
    await talk(each_office, {"text": "xin phép nuôi ong", "turn": {"status": "not_found"}})
    items = await filled(each_office)
    assert len(items) == 2
    assert items[0].group_id == items[1].group_id
    (group,) = await each_office.rows(select(ReviewGroup.__table__))
    assert group.waiting == 2


async def test_a_thumb_that_comes_later_still_brings_the_message(each_office: Any) -> None:
    await talk(each_office, {"text": "giấy khai sinh cho con"})
    assert await filled(each_office) == []
    async with each_office.store.write() as connection:
        await connection.execute(update(Turn).values(rating=-1))
    assert [why(item) for item in await filled(each_office)] == [{"thumb_down"}]
    assert len(await filled(each_office)) == 1


async def test_a_correction_that_comes_later_is_added_to_a_message_in_the_queue(office: Any) -> None:
    await talk(office, {"text": "đổi bằng lái xe máy", "turn": {"confidence": 0.4}})
    assert [why(item) for item in await filled(office)] == [{"unsure"}]
    first = (await office.rows(select(Turn.__table__)))[0]
    async with office.store.write() as connection:
        values = dict(first._mapping) | {"id": first.id + 1, "number": 2, "message_id": "m2"}
        values |= {"words": "khong phai", "intent": "deny", "at": first.at + timedelta(minutes=1)}
        await connection.execute(insert(Turn).values(**values | {"confidence": 0.9}))
    assert [why(item) for item in await filled(office)] == [{"unsure", "corrected"}]


async def test_pressed_buttons_secrets_and_empty_messages_stay_out(office: Any) -> None:
    await talk(office, {"payload": "/ask_fee", "turn": {"status": "not_found", "pressed": True}})
    await talk(office, {"text": "0912345678", "turn": {"status": "not_found", "words": None}})
    assert await filled(office) == []


async def test_personal_data_are_masked_before_they_are_stored(office: Any) -> None:
    said = "tôi tên là Nguyễn Văn An, số 0912345678, làm căn cước ở đâu"
    await talk(office, {"text": said, "turn": {"status": "not_found"}})
    (item,) = await filled(office)
    assert "[name]" in item.text
    assert "[phone]" in item.text
    assert not {"0912345678", "nguyen", "van an"} & {item.folded, item.text, *item.folded.split()}


async def test_the_random_sample_is_of_the_asked_size_and_always_the_same(office: Any) -> None:
    for number in range(30):
        await talk(office, *({"text": f"câu hỏi số {number} {place}"} for place in range(10)))
    drawn = {item.message_id for item in await filled(office, review_sample_share=0.2) if item.sampled}
    assert 35 <= len(drawn) <= 90
    async with office.store.write() as connection:
        await connection.execute(delete(ReviewItem))
        await connection.execute(delete(ReviewCursor))
    again = await filled(office, review_sample_share=0.2)
    assert {item.message_id for item in again if item.sampled} == drawn


async def test_a_message_is_marked_as_sampled_whatever_else_it_is(office: Any) -> None:
    await talk(office, {"text": "xin phép nuôi ong", "turn": {"status": "not_found"}})
    (item,) = await filled(office, review_sample_share=1.0)
    assert item.sampled
    assert why(item) == {"rejected", "sampled"}


async def test_what_is_understood_differently_is_not_grouped(office: Any) -> None:
    for intent in ("ask_fee", "ask_place"):
        await talk(office, {"text": "căn cước", "turn": {"intent": intent, "confidence": 0.3}})
    first, second = await filled(office)
    assert first.group_id != second.group_id


async def test_younger_turns_wait_for_the_next_look(office: Any) -> None:
    await office.talk({"text": "xin phép nuôi ong", "turn": {"status": "not_found"}}, at=now())
    assert await filled(office) == []


async def test_a_second_process_that_was_first_stores_nothing_twice(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk(office, {"text": "xin phép nuôi ong", "turn": {"status": "not_found"}})
    grouped = filling._grouped
    other = type(office.store)(office.store._engine)

    async def meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(filling.asyncio, "to_thread", run_sync)
        await fill(other, office.settings, pause=timedelta(0))
        return grouped(*arguments[1:])

    run_sync = filling.asyncio.to_thread

    async def hooked(function: Any, *arguments: Any) -> Any:
        if function is grouped:
            return await meanwhile(function, *arguments)
        return await run_sync(function, *arguments)

    monkeypatch.setattr(filling.asyncio, "to_thread", hooked)
    assert len(await filled(office, review_sample_share=0.0)) == 1
    (group,) = await office.rows(select(ReviewGroup.__table__))
    assert group.waiting == 1


async def test_an_erased_conversation_leaves_figures_and_no_words(each_office: Any) -> None:
    for intent in ("ask_fee", "ask_place"):
        turn = {"status": "not_found", "intent": intent}
        await talk(each_office, {"text": "xin phép nuôi ong", "turn": turn}, id="a" * 31 + intent[4])
    first, second = await filled(each_office)
    async with each_office.store.write() as connection:
        await connection.execute(
            update(ReviewItem).where(ReviewItem.id == first.id).values(state=DONE, answer="wrong")
        )
    for conversation in (first.conversation_id, second.conversation_id):
        async with each_office.store.write() as connection:
            await erasure.erase(connection, conversation)
    (left,) = await each_office.rows(select(ReviewItem.__table__))
    assert (left.id, left.answer) == (first.id, "wrong")
    assert (left.text, left.folded, left.message_id, left.conversation_id) == ("", "", None, None)
    groups = await each_office.rows(select(ReviewGroup.leader, ReviewGroup.waiting))
    assert [tuple(row) for row in groups] == [("", 0), ("", 0)]


async def test_words_go_when_the_old_part_of_a_conversation_does(each_office: Any) -> None:
    old = now() - timedelta(days=95)
    turn = {"status": "not_found"}
    identity = await talk(each_office, {"text": "xin phép nuôi ong", "turn": turn})
    await filled(each_office)
    async with each_office.store.write() as connection:
        await connection.execute(update(ReviewItem).values(at=old))
        await connection.execute(
            update(Conversation).where(Conversation.id == identity).values(created_at=old, active_at=now())
        )
    await retention.forget_old(each_office.store, Media(), each_office.settings)  # type: ignore[arg-type]
    assert [(row.text, row.folded) for row in await each_office.rows(select(ReviewItem.__table__))] == [
        ("", "")
    ]


class Media:
    """No files."""

    async def sweep(self) -> None:
        """Nothing to sweep."""

    async def discard(self, files: Any) -> None:
        """Nothing to discard."""


class Desk:
    """Nobody waits."""

    async def look(self) -> None:
        """Nothing to see."""


async def test_a_gateway_fills_the_queue_by_itself(office: Any) -> None:
    await talk(office, {"text": "xin phép nuôi ong", "turn": {"status": "not_found"}})
    upkeep = Upkeep(
        office.store,
        Media(),  # type: ignore[arg-type]
        Desk(),  # type: ignore[arg-type]
        office.settings,
        UpkeepOptions(look=0.01, retention=0.6),
        patient=[partial(fill, office.store, office.settings)],
    )
    upkeep.start()
    try:
        async with asyncio.timeout(20):
            while not await office.rows(select(ReviewItem.id)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        await upkeep.stop()


def test_reasons_are_named_the_weightiest_first() -> None:
    assert list(names(Reason.SAMPLED | Reason.THUMB_DOWN)) == ["thumb_down", "sampled"]
