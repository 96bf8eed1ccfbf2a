"""Decisions: what they make of messages, who confirms, what the assistant learns, how it is undone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from console.review.filling import fill
from troly import learning
from troly.clock import now
from troly.settings import Settings
from troly.tables.catalogue import CatalogueProcedure
from troly.tables.learning import HeldOut, LearnedExample, LearnedName
from troly.tables.review import ReviewGroup, ReviewItem, ReviewLabel

BEES = "2.002132"


def kept(texts: list[str], settings: Settings, share: float = 0.2) -> tuple[list[str], list[str]]:
    """Which of the texts are learned from, and which are held out."""
    held = [text for text in texts if learning.belongs_to_tests(text, settings.signing_key, share)]
    return [text for text in texts if text not in held], held


class Review:
    """An office with messages in the queue."""

    def __init__(self, office: Any) -> None:
        self.office = office

    async def queue(self, *texts: str, **turn: Any) -> list[Any]:
        """Put messages in the queue; gives all of the queue."""
        turn = {"status": "not_found", "intent": "ask_fee", "confidence": 0.4} | turn
        for words in texts:
            await self.office.talk({"text": words, "turn": turn}, at=now() - timedelta(minutes=30))
        await fill(self.office.store, self.office.settings, steps=3, pause=timedelta(0))
        return await self.items()

    async def items(self) -> list[Any]:
        return list(await self.office.rows(select(ReviewItem.__table__).order_by(ReviewItem.id)))

    async def say(
        self, client: Any, items: list[Any], verdict: str, action: str = "label", **more: Any
    ) -> Any:
        """Decide on messages of one group."""
        values = {"verdict": verdict, "item": [str(item.id) for item in items], **more}
        return await self.office.post(client, f"/review/groups/{items[0].group_id}/{action}", values)

    async def live(self, table: Any) -> list[Any]:
        """What is taught and was not taken back."""
        return list(
            await self.office.rows(
                select(table.__table__).where(table.removed_at.is_(None)).order_by(table.id)
            )
        )


@pytest.fixture
async def review(open_office: Any, both_databases: str) -> Review:
    """Nothing is confirmed or held out, unless a test says so."""
    return await opened(open_office, both_databases)


async def opened(open_office: Any, database: str, **settings: Any) -> Review:
    shares = {"review_confirm_share": 0.0, "review_test_share": 0.0, "review_sample_share": 0.0}
    office = open_office(database, **shares | settings)
    async with office.store.write() as connection:
        await connection.execute(
            insert(CatalogueProcedure).values(
                id="1",
                code=BEES,
                name="Đăng ký nuôi ong",
                folded_name="dang ky nuoi ong",
                field="Thú y",
                type="STANDARD",
                levels=["commune"],
                content_hash="",
                list_hash="",
                detail={},
                as_of=now(),
            )
        )
    return Review(office)


async def test_one_decision_labels_all_similar_messages(review: Review) -> None:
    texts = ["phí xin nuôi ong lấy mật", "phí xin nuôi ong lấy mật ạ", "phi xin nuoi ong lay mat"]
    items = await review.queue(*texts)
    assert len({item.group_id for item in items}) == 1
    lan = await review.office.staff("reviewer", name="lan")
    answer = await review.say(lan, items, "intent", intent="ask_procedure")
    assert answer.status_code == 303
    assert {(item.state, item.answer) for item in await review.items()} == {("done", "wrong")}
    learned = await review.live(LearnedExample)
    # The third is the first without marks: one example is enough.
    assert [(row.text, row.intent, row.author) for row in learned] == [
        (texts[0], "ask_procedure", "lan"),
        (texts[1], "ask_procedure", "lan"),
    ]
    (group,) = await review.office.rows(select(ReviewGroup.__table__))
    assert (group.waiting, group.rank) == (0, 0)


async def test_only_the_selected_messages_are_labelled(review: Review) -> None:
    items = await review.queue("phí xin nuôi ong lấy mật", "phí xin nuôi ong lấy mật ạ")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items[:1], "right")
    found = [(item.state, item.answer) for item in await review.items()]
    assert found == [("done", "right"), ("waiting", None)]


async def test_another_procedure_becomes_a_name_of_it_at_once(review: Review) -> None:
    items = await review.queue("thùng mật sau vườn", status="answered", procedure_code="1.001193")
    lan = await review.office.staff("reviewer", name="lan")
    answer = await review.say(lan, items, "procedure", procedure=BEES)
    assert "done_labelled_name" in answer.headers["location"]
    names = await review.live(LearnedName)
    assert [(row.procedure_code, row.language) for row in names] == [(BEES, "vi")]
    assert [row.name for row in names] == ["thùng mật sau vườn"]
    assert [row.intent for row in await review.live(LearnedExample)] == ["ask_fee"]


async def test_a_name_that_the_reviewer_writes_stands_for_the_messages(review: Review) -> None:
    items = await review.queue("cho em hỏi thùng mật sau vườn nhà em có phải xin phép không ạ")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "procedure", procedure=BEES, name="thùng mật")
    assert [row.name for row in await review.live(LearnedName)] == ["thùng mật"]


@pytest.mark.parametrize(
    ("verdict", "more", "state", "answer", "intents"),
    [
        ("right", {}, "done", "right", ["ask_fee"]),
        ("out_of_scope", {}, "done", "wrong", ["out_of_scope"]),
        ("new_intent", {"new_intent": "hỏi thời tiết", "note": "nhiều người hỏi"}, "done", "wrong", []),
        ("unsure", {}, "settle", "unsure", []),
        ("intent", {"intent": "ask_fee"}, "done", "right", ["ask_fee"]),
    ],
)
async def test_what_each_verdict_comes_to(
    review: Review, verdict: str, more: dict[str, str], state: str, answer: str, intents: list[str]
) -> None:
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan = await review.office.staff("reviewer", name="lan")
    assert (await review.say(lan, items, verdict, **more)).status_code == 303
    assert [(item.state, item.answer) for item in await review.items()] == [(state, answer)]
    assert [row.intent for row in await review.live(LearnedExample)] == intents


@pytest.mark.parametrize(
    ("verdict", "more"),
    [
        ("", {}),
        ("chosen", {}),
        ("everything", {}),
        ("intent", {}),
        ("intent", {"intent": "no_such_intent"}),
        ("procedure", {}),
        ("procedure", {"procedure": "9.999999"}),
        ("new_intent", {"new_intent": "x"}),
    ],
)
async def test_an_incomplete_decision_changes_nothing(
    review: Review, verdict: str, more: dict[str, str]
) -> None:
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan = await review.office.staff("reviewer", name="lan")
    assert (await review.say(lan, items, verdict, **more)).status_code == 422
    assert await review.office.rows(select(ReviewLabel.__table__)) == []


async def test_the_enter_key_in_a_field_means_what_was_filled_in(review: Review) -> None:
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "chosen", intent="ask_place")
    assert [row.intent for row in await review.live(LearnedExample)] == ["ask_place"]


async def test_two_people_cannot_label_the_same_message(review: Review) -> None:
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "right")
    assert (await review.say(lan, items, "right")).status_code == 409
    other = await review.queue("xin phép đốt pháo hoa ngoài vườn")
    assert (
        await review.office.post(
            lan, f"/review/groups/{items[0].group_id}/label", {"verdict": "right", "item": str(other[-1].id)}
        )
    ).status_code == 409
    assert len(await review.office.rows(select(ReviewLabel.__table__))) == 1


# --- a second opinion -------------------------------------------------------------------------------------


async def test_a_chosen_label_counts_once_another_person_says_the_same(
    open_office: Any, both_databases: str
) -> None:
    review = await opened(open_office, both_databases, review_confirm_share=1.0)
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan, mai = [await review.office.staff("reviewer", name=name) for name in ("lan", "mai")]
    await review.say(lan, items, "intent", intent="ask_place")
    assert [item.state for item in await review.items()] == ["confirm"]
    assert await review.live(LearnedExample) == []
    # Nobody confirms their own, and whoever confirms does not see what the first one said.
    assert (await review.say(lan, items, "right", "confirm")).status_code == 409
    assert f"/review/groups/{items[0].group_id}" not in (await lan.get("/console/review?list=confirm")).text
    page = (await mai.get(f"/console/review/groups/{items[0].group_id}?list=confirm")).text
    assert "phí xin nuôi ong" in page
    assert "<strong>lan</strong>" not in page
    await review.say(mai, items, "intent", "confirm", intent="ask_place")
    assert [item.state for item in await review.items()] == ["done"]
    assert [row.intent for row in await review.live(LearnedExample)] == ["ask_place"]


async def test_a_disagreement_is_for_an_editor(open_office: Any, both_databases: str) -> None:
    review = await opened(open_office, both_databases, review_confirm_share=1.0)
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan, mai = [await review.office.staff("reviewer", name=name) for name in ("lan", "mai")]
    editor = await review.office.staff("editor", name="ngoc")
    await review.say(lan, items, "intent", intent="ask_place")
    await review.say(mai, items, "right", "confirm")
    (item,) = await review.items()
    assert (item.state, item.answer) == ("settle", None)
    assert await review.live(LearnedExample) == []
    assert (await review.say(lan, items, "right", "settle")).status_code == 403
    page = (await editor.get(f"/console/review/groups/{items[0].group_id}?list=settle")).text
    assert "<strong>lan</strong>" in page
    assert "<strong>mai</strong>" in page
    await review.say(editor, items, "right", "settle")
    (item,) = await review.items()
    assert (item.state, item.answer) == ("done", "right")
    assert [row.intent for row in await review.live(LearnedExample)] == ["ask_fee"]


async def test_a_share_of_the_labels_is_chosen_whoever_labels(open_office: Any, database: str) -> None:
    review = await opened(open_office, database, review_confirm_share=0.2)
    texts = [f"{word} {other} {third}" for word in WORDS for other in WORDS for third in WORDS[:3]]
    items = await review.queue(*texts)
    lan = await review.office.staff("reviewer", name="lan")
    for group in {item.group_id for item in items}:
        await review.say(lan, [item for item in items if item.group_id == group], "right")
    chosen = [item for item in await review.items() if item.state == "confirm"]
    assert 0.08 < len(chosen) / len(items) < 0.35


WORDS = ["nuôi ong", "thả diều", "bán kem", "đốt lửa", "trồng dưa", "xây chuồng"]


# --- the living test set ----------------------------------------------------------------------------------


async def test_a_share_is_held_out_and_never_learned_from(open_office: Any, database: str) -> None:
    review = await opened(open_office, database, review_test_share=0.5)
    texts = [f"phí {word} {other} bao nhiêu" for word in WORDS for other in WORDS]
    items = await review.queue(*texts)
    lan = await review.office.staff("reviewer", name="lan")
    for group in sorted({item.group_id for item in items}):
        await review.say(lan, [item for item in items if item.group_id == group], "right")
    taught, held = kept(texts, review.office.settings, 0.5)
    assert {row.text for row in await review.live(LearnedExample)} == set(taught)
    assert {row.text for row in await review.live(HeldOut)} == set(held)
    assert taught
    assert held


async def test_the_same_words_fall_on_the_same_side_however_they_are_written() -> None:
    for number in range(50):
        forms = [f"Phí làm thẻ số {number}?", f"phi  lam the so {number}", f"PHÍ LÀM THẺ SỐ {number}!!"]
        assert len({learning.belongs_to_tests(form, "key", 0.5) for form in forms}) == 1
    assert {learning.belongs_to_tests("phí", f"key {n}", 0.5) for n in range(50)} == {True, False}


async def test_a_held_out_message_becomes_no_name(open_office: Any, database: str) -> None:
    review = await opened(open_office, database, review_test_share=1.0)
    items = await review.queue("thùng mật sau vườn")
    lan = await review.office.staff("reviewer", name="lan")
    answer = await review.say(lan, items, "procedure", procedure=BEES)
    assert "done_labelled_held_out" in answer.headers["location"]
    assert await review.live(LearnedName) == []
    (row,) = await review.live(HeldOut)
    assert (row.intent, row.procedure_code) == ("ask_fee", BEES)


async def test_what_is_learned_is_never_held_out_and_the_other_way_round(each_office: Any) -> None:
    async with each_office.store.write() as connection:
        await learning.teach_example(connection, "Phí nuôi ong", "vi", "ask_fee", "lan")
        await learning.teach_name(connection, BEES, "vi", "thùng mật", "lan")
        for text in ("phi nuoi ong", "Thùng mật!"):
            with pytest.raises(learning.NotTaught, match="learned"):
                await learning.hold_out(connection, text, "vi", "ask_fee", None, "mai")
        await learning.hold_out(connection, "nuôi ong ở đâu", "vi", "ask_place", None, "mai")
        with pytest.raises(learning.NotTaught, match="held_out"):
            await learning.teach_example(connection, "Nuôi ong ở đâu?", "vi", "ask_place", "lan")
        with pytest.raises(learning.NotTaught, match="held_out"):
            await learning.teach_name(connection, BEES, "vi", "nuoi ong o dau", "lan")
        with pytest.raises(learning.NotTaught, match="empty"):
            await learning.teach_name(connection, BEES, "vi", "?!", "lan")


async def test_teaching_the_same_twice_makes_one_row_and_another_intent_asks_first(each_office: Any) -> None:
    async with each_office.store.write() as connection:
        first = await learning.teach_example(connection, "phí nuôi ong", "vi", "ask_fee", "lan")
        again = await learning.teach_example(connection, "Phí nuôi ong?", "vi", "ask_fee", "mai")
        assert (again.id, again.new) == (first.id, False)
        with pytest.raises(learning.NotTaught) as refused:
            await learning.teach_example(connection, "phí nuôi ong", "vi", "ask_place", "mai")
        assert (refused.value.reason, refused.value.intent) == ("another_intent", "ask_fee")
        changed = await learning.teach_example(
            connection, "phí nuôi ong", "vi", "ask_place", "mai", replace=True
        )
        assert changed.new
        assert not await learning.take_back(connection, first)
        assert await learning.take_back(connection, changed)


# --- duplicates and conflicts -----------------------------------------------------------------------------


async def test_what_the_project_knows_already_is_shown_and_not_learned_twice(review: Review) -> None:
    items = await review.queue("không phải vậy", intent="deny")
    lan = await review.office.staff("reviewer", name="lan")
    page = (await lan.get(f"/console/review/groups/{items[0].group_id}")).text
    assert "Đã có ví dụ giống hệt" in page
    await review.say(lan, items, "right")
    assert await review.live(LearnedExample) == []
    assert await review.live(HeldOut) == []


async def test_a_contradiction_is_refused_until_it_is_meant(review: Review) -> None:
    items = await review.queue("phí xin nuôi ong lấy mật", "phí xin nuôi ong lấy mật ạ")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items[:1], "right")
    more = await review.queue("phí xin nuôi ong lấy mật", intent="ask_place")
    refused = await review.say(lan, more[-1:], "right")
    assert refused.status_code == 409
    assert "ask_fee" in refused.text
    assert 'name="replace"' in refused.text
    assert [item.state for item in await review.items()][-1] == "waiting"
    assert (await review.say(lan, more[-1:], "right", replace="1")).status_code == 303
    assert [row.intent for row in await review.live(LearnedExample)] == ["ask_place"]


async def test_a_sentence_of_the_project_is_not_contradicted_unasked(review: Review) -> None:
    items = await review.queue("không phải vậy", intent="deny")
    lan = await review.office.staff("reviewer", name="lan")
    refused = await review.say(lan, items, "intent", intent="greet")
    assert refused.status_code == 409
    assert "deny" in refused.text


async def test_a_name_of_another_procedure_is_not_given_twice_unasked(review: Review) -> None:
    async with review.office.store.write() as connection:
        await learning.teach_name(connection, "1.001193", "vi", "thùng mật", "ai")
    items = await review.queue("thùng mật sau vườn")
    lan = await review.office.staff("reviewer", name="lan")
    refused = await review.say(lan, items, "procedure", procedure=BEES, name="Thùng mật")
    assert refused.status_code == 409
    assert "1.001193" in refused.text


# --- undo -------------------------------------------------------------------------------------------------


async def test_undo_takes_back_labels_and_what_was_learned(review: Review) -> None:
    items = await review.queue("thùng mật sau vườn")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "procedure", procedure=BEES)
    answer = await review.office.post(lan, "/review/undo")
    assert answer.headers["location"].startswith(f"/console/review/groups/{items[0].group_id}")
    assert [(item.state, item.answer, item.labelled_by) for item in await review.items()] == [
        ("waiting", None, None)
    ]
    assert await review.live(LearnedName) == []
    assert await review.live(LearnedExample) == []
    (label,) = await review.office.rows(select(ReviewLabel.__table__))
    assert label.removed_by == "lan"
    page = (await lan.get("/console/review/history")).text
    assert "lan hoàn tác" in page
    await review.say(lan, items, "procedure", procedure=BEES)
    assert len(await review.live(LearnedName)) == 1


async def test_what_another_label_says_too_stays_learned(review: Review) -> None:
    first, second = await review.queue("phí xin nuôi ong lấy mật", "Phí xin nuôi ong lấy mật")
    lan, mai = [await review.office.staff("reviewer", name=name) for name in ("lan", "mai")]
    await review.say(lan, [first], "right")
    await review.say(mai, [second], "right")
    await review.office.post(lan, "/review/undo")
    assert len(await review.live(LearnedExample)) == 1
    await review.office.post(mai, "/review/undo")
    assert await review.live(LearnedExample) == []


async def test_undo_leaves_what_others_taught_elsewhere(review: Review) -> None:
    async with review.office.store.write() as connection:
        await learning.teach_name(connection, BEES, "vi", "thùng mật sau vườn", "editor")
    items = await review.queue("thùng mật sau vườn")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "procedure", procedure=BEES)
    await review.office.post(lan, "/review/undo")
    assert [row.author for row in await review.live(LearnedName)] == ["editor"]


async def test_nobody_undoes_what_was_decided_on_since_nor_anothers(
    open_office: Any, both_databases: str
) -> None:
    review = await opened(open_office, both_databases, review_confirm_share=1.0)
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan, mai = [await review.office.staff("reviewer", name=name) for name in ("lan", "mai")]
    await review.say(lan, items, "right")
    (label,) = await review.office.rows(select(ReviewLabel.__table__))
    assert (await review.office.post(mai, "/review/undo", {"batch": label.batch})).status_code == 404
    await review.say(mai, items, "right", "confirm")
    assert (await review.office.post(lan, "/review/undo")).status_code == 409
    assert len(await review.live(LearnedExample)) == 1
    await review.office.post(mai, "/review/undo")
    assert [item.state for item in await review.items()] == ["confirm"]
    assert await review.live(LearnedExample) == []
    editor = await review.office.staff("editor", name="ngoc")
    answer = await review.office.post(editor, "/review/undo", {"batch": label.batch, "history": "1"})
    assert answer.status_code == 303
    assert [item.state for item in await review.items()] == ["waiting"]


async def test_every_decision_is_in_the_audit_without_words(review: Review) -> None:
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "new_intent", new_intent="hỏi ong của ông An", note="ông An 0912345678 hỏi")
    await review.office.post(lan, "/review/undo")

    lines = await review.office.rows(text("SELECT * FROM audit_line ORDER BY sequence"))
    assert [line.action for line in lines][-2:] == ["message_labelled", "label_undone"]
    assert "ong" not in str(lines[-2:]).replace("'", " ").split()
    assert "0912345678" not in str(lines)


async def test_undoing_a_label_that_replaced_another_brings_the_other_back(review: Review) -> None:
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "right")
    more = await review.queue("phí xin nuôi ong lấy mật", intent="ask_place")
    await review.say(lan, more[-1:], "right", replace="1")
    assert [row.intent for row in await review.live(LearnedExample)] == ["ask_place"]
    await review.office.post(lan, "/review/undo")
    assert [row.intent for row in await review.live(LearnedExample)] == ["ask_fee"]
    await review.office.post(lan, "/review/undo", {"batch": await first_batch(review)})
    assert await review.live(LearnedExample) == []


async def test_a_test_message_that_was_replaced_comes_back_too(open_office: Any, both_databases: str) -> None:
    review = await opened(open_office, both_databases, review_test_share=1.0)
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "right")
    more = await review.queue("phí xin nuôi ong lấy mật", intent="ask_place")
    await review.say(lan, more[-1:], "right", replace="1")
    await review.office.post(lan, "/review/undo")
    assert [row.intent for row in await review.live(HeldOut)] == ["ask_fee"]


async def test_what_was_replaced_stays_away_once_its_own_label_is_undone(review: Review) -> None:
    items = await review.queue("phí xin nuôi ong lấy mật")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "right")
    more = await review.queue("phí xin nuôi ong lấy mật", intent="ask_place")
    await review.say(lan, more[-1:], "right", replace="1")
    await review.office.post(lan, "/review/undo", {"batch": await first_batch(review)})
    assert [row.intent for row in await review.live(LearnedExample)] == ["ask_place"]
    await review.office.post(lan, "/review/undo")
    assert await review.live(LearnedExample) == []


async def test_of_three_the_last_that_still_stands_comes_back(review: Review) -> None:
    lan = await review.office.staff("reviewer", name="lan")
    batches = []
    for intent in ("ask_fee", "ask_place", "ask_online"):
        items = await review.queue("phí xin nuôi ong lấy mật", intent=intent)
        await review.say(lan, items[-1:], "right", replace="1")
        batches.append(await last_batch(review))
    await review.office.post(lan, "/review/undo", {"batch": batches[1]})
    assert [row.intent for row in await review.live(LearnedExample)] == ["ask_online"]
    await review.office.post(lan, "/review/undo", {"batch": batches[2]})
    assert [row.intent for row in await review.live(LearnedExample)] == ["ask_fee"]


async def test_an_example_that_an_editor_taught_comes_back(review: Review) -> None:
    async with review.office.store.write() as connection:
        await learning.teach_example(connection, "phí xin nuôi ong lấy mật", "vi", "ask_fee", "editor")
    items = await review.queue("phí xin nuôi ong lấy mật", intent="ask_place")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "right", replace="1")
    await review.office.post(lan, "/review/undo")
    assert [(row.intent, row.author) for row in await review.live(LearnedExample)] == [("ask_fee", "editor")]


async def first_batch(review: Review) -> str:
    """The oldest decision."""
    rows = await review.office.rows(select(ReviewLabel.batch).order_by(ReviewLabel.id).limit(1))
    return str(rows[0].batch)


async def last_batch(review: Review) -> str:
    """The newest decision."""
    rows = await review.office.rows(select(ReviewLabel.batch).order_by(ReviewLabel.id.desc()).limit(1))
    return str(rows[0].batch)


# --- names ------------------------------------------------------------------------------------------------

LONG = (
    "Dạ em chào anh chị ạ, em tên là Nguyễn Văn An, nhà em mới đặt thùng mật sau vườn nhà bà ngoại "
    "được mấy hôm, hàng xóm bảo phải xin phép, vậy em phải nộp ở đâu và hết bao nhiêu tiền ạ"
)


async def test_a_long_message_gives_a_short_name_without_personal_data(review: Review) -> None:
    items = await review.queue(LONG)
    lan = await review.office.staff("reviewer", name="lan")
    page = (await lan.get(f"/console/review/groups/{items[0].group_id}")).text
    assert 'name="names" value="đặt thùng mật sau vườn' in page
    await review.say(lan, items, "procedure", procedure=BEES)
    (row,) = await review.live(LearnedName)
    assert "thùng mật" in row.name and "Nguyễn" not in row.name and len(row.name.split()) <= 10


async def test_several_ticked_and_written_names_are_learned_and_undone_together(review: Review) -> None:
    items = await review.queue(LONG)
    lan = await review.office.staff("reviewer", name="lan")
    more = {
        "offered": "1",
        "names": ["đặt thùng mật", "thùng mật sau vườn"],
        "name": "nuôi ong; tổ ong ; NUÔI ONG",
    }
    assert (await review.say(lan, items, "procedure", procedure=BEES, **more)).status_code == 303
    names = [row.name for row in await review.live(LearnedName)]
    assert names == ["nuôi ong", "tổ ong", "đặt thùng mật", "thùng mật sau vườn"]
    await review.office.post(lan, "/review/undo")
    assert await review.live(LearnedName) == []


async def test_nothing_ticked_is_no_name(review: Review) -> None:
    items = await review.queue("thùng mật sau vườn")
    lan = await review.office.staff("reviewer", name="lan")
    await review.say(lan, items, "procedure", procedure=BEES, offered="1")
    assert await review.live(LearnedName) == []
    assert len(await review.live(LearnedExample)) == 1


async def test_a_name_with_personal_data_is_refused(review: Review) -> None:
    items = await review.queue("thùng mật sau vườn")
    lan = await review.office.staff("reviewer", name="lan")
    for name in ("thùng mật, gọi 0912345678", "thùng mật ông Nguyễn Văn An"):
        refused = await review.say(lan, items, "procedure", procedure=BEES, name=name)
        assert refused.status_code == 422
    assert await review.live(LearnedName) == []


async def test_a_name_that_is_another_procedures_official_name_needs_a_second_look(review: Review) -> None:
    async with review.office.store.write() as connection:
        await connection.execute(
            insert(CatalogueProcedure).values(
                id="9", code="9.000009", name="Thùng mật", folded_name="thung mat", field="", type="STANDARD",
                levels=[], content_hash="", list_hash="", detail={}, as_of=now(),
            )
        )  # fmt: skip
    items = await review.queue("thùng mật")
    lan = await review.office.staff("reviewer", name="lan")
    more = {"offered": "1", "names": "thùng mật", "procedure": BEES}
    refused = await review.say(lan, items, "procedure", **more)
    assert refused.status_code == 409 and "9.000009" in refused.text and 'name="replace"' in refused.text
    assert (await review.say(lan, items, "procedure", replace="1", **more)).status_code == 303
    assert [row.name for row in await review.live(LearnedName)] == ["thùng mật"]


async def test_a_held_out_message_gives_no_suggested_name_but_a_written_one(
    open_office: Any, database: str
) -> None:
    review = await opened(open_office, database, review_test_share=1.0)
    items = await review.queue(LONG)
    lan = await review.office.staff("reviewer", name="lan")
    page = (await lan.get(f"/console/review/groups/{items[0].group_id}")).text
    offered = re.findall(r'name="names" value="([^"]+)"', page)
    assert offered
    await review.say(lan, items, "procedure", procedure=BEES, offered="1", names=offered, name="tổ ong")
    assert [row.name for row in await review.live(LearnedName)] == ["tổ ong"]


async def test_searching_a_procedure_brings_its_names_masked_and_only_to_reviewers(review: Review) -> None:
    items = await review.queue(LONG)
    lan = await review.office.staff("reviewer", name="lan")
    address = f"/console/review/procedures?q=ong&group={items[0].group_id}"
    (found,) = (await lan.get(address)).json()
    assert found["code"] == BEES and found["names"][0]["ticked"]
    assert "Nguyễn" not in str(found)
    nowhere = (await lan.get("/console/review/procedures?q=ong&group=999999")).json()
    assert nowhere[0]["names"] == []
    officer = await review.office.staff("officer", name="can")
    assert (await officer.get(address)).status_code == 403
