"""Following an application: with consent, listed, ended by a word; and what is said when it changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, select

from actions.notice_words import ActionTellNotice
from actions.notices import (
    ActionAskFollowDone,
    ActionFollowDone,
    ActionListNotices,
    ActionUnsubscribe,
    ValidateFollowForm,
)
from portal.following import Following
from portal.models import Application, FeeDue, Supplement
from troly.clock import now
from troly.tables.conversations import Conversation
from troly.tables.notices import Notice, Subscription

CODE, OTHER = "H49.33-250421-0001", "H49.08-251105-0312"
Make = Callable[..., Application]


@pytest.fixture(autouse=True)
async def _conversation(database: Any) -> None:
    async with database.begin() as connection:
        values = {"id": "c", "channel": "web", "created_at": now(), "active_at": now()}
        await connection.execute(insert(Conversation).values(values))


@pytest.fixture
def following(database: Any) -> Following:
    return Following(database, minutes=1)


# --- The form ---


@pytest.mark.parametrize(
    ("intent", "text", "entities", "slots", "expected"),
    [
        ("subscribe_status", "báo tôi nhé", {}, {}, {"follow_code": None, "follow_done": None}),
        (
            "subscribe_status", "báo tôi nhé", {}, {"application_code": CODE},
            {"follow_code": CODE, "follow_done": None},
        ),
        (
            "subscribe_status", "theo dõi hồ sơ này", {"application_code": OTHER}, {"application_code": CODE},
            {"follow_code": OTHER, "follow_done": None},
        ),
        (
            "inform_application_code", OTHER, {"application_code": OTHER}, {},
            {"follow_code": OTHER, "follow_done": None},
        ),
        ("affirm", "đồng ý", {}, {"follow_code": CODE}, {"follow_done": "yes"}),
        ("deny", "không", {}, {"follow_code": CODE}, {"follow_done": "no"}),
        ("affirm", "đồng ý", {}, {}, {}),
        ("ask_fee", "lệ phí", {}, {"follow_code": CODE}, {}),
        ("out_of_scope", "hả", {}, {"follow_code": CODE}, {"follow_done": None}),
        ("subscribe_status", "tôi đang theo dõi những hồ sơ nào", {}, {}, {"follow_done": "list"}),
        ("subscribe_status", "what applications am I following", {}, {}, {"follow_done": "list"}),
        ("tell_notice", '/tell_notice{"notice_id": "x"}', {"notice_id": "x"}, {"follow_code": CODE}, {}),
    ],
)  # fmt: skip
async def test_what_the_form_makes_of_a_message(
    act: Any,
    intent: str,
    text: str,
    entities: dict[str, str],
    slots: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    outcome = await act(ValidateFollowForm(), intent, text, entities=entities, slots=slots)
    assert outcome.slots == expected


@pytest.mark.parametrize(
    ("text", "is_list"),
    [
        ("tôi đang theo dõi gì", True),
        ("tôi đang theo dõi những hồ sơ nào", True),
        ("cho tôi xem danh sách hồ sơ đang theo dõi", True),
        ("em đang đăng ký nhận tin của hồ sơ nào vậy", True),
        ("trợ lý đang báo tin cho tôi mấy hồ sơ", True),
        ("xem các hồ sơ tôi đang bật báo tin", True),
        ("which applications am I following", True),
        ("show me my notices", True),
        ("what do I follow at the moment", True),
        ("which files do you watch for me", True),
        ("am I subscribed to anything", True),
        ("hồ sơ đang theo dõi có gì mới thì báo", False),
        ("theo dõi giúp tôi hồ sơ này", False),
        ("khi nào có kết quả thì báo tôi nhé", False),
        ("notify me when something changes", False),
        ("đăng ký nhận thông báo hồ sơ", False),
    ],
)
async def test_a_question_what_is_followed_is_told_from_a_wish_to_follow(
    act: Any, text: str, is_list: bool
) -> None:
    outcome = await act(ValidateFollowForm(), "subscribe_status", text)
    assert (outcome.slots["follow_done"] == "list") is is_list


async def test_consent_is_asked_with_what_is_kept(act: Any, read_out: Any) -> None:
    outcome = await act(ActionAskFollowDone(), "subscribe_status", slots={"follow_code": CODE})
    told = read_out(outcome.said)
    assert "lưu mã hồ sơ, tình trạng gần nhất" in told and CODE in told
    assert [button["payload"] for button in outcome.said["choices"]] == ["/affirm", "/deny"]
    assert outcome.said["answer"]["status"] == "form"


async def test_nothing_is_followed_before_the_citizen_agrees(
    act: Any, portal_client: Any, application: Make, following: Following
) -> None:
    portal_client.answer = application()
    slots = {"follow_code": CODE, "follow_done": "no"}
    outcome = await act(ActionFollowDone(), "deny", slots=slots)
    assert outcome.said["response"] == "follow_declined"
    assert await following.of("c") == [] and portal_client.asked == []


@pytest.mark.parametrize(
    ("status", "response", "followed"),
    [(4, "follow_started", [CODE]), (9, "follow_started", [CODE]), (10, "follow_finished", [])],
)
async def test_who_agrees_follows_what_is_not_over(
    act: Any,
    portal_client: Any,
    application: Make,
    following: Following,
    status: int,
    response: str,
    followed: list[str],
) -> None:
    portal_client.answer = application(status=status)
    outcome = await act(ActionFollowDone(), "affirm", slots={"follow_code": CODE, "follow_done": "yes"})
    assert outcome.said["response"] == response
    assert outcome.slots["follow_code"] is None and outcome.slots["follow_done"] is None
    assert [one.code for one in await following.of("c")] == followed


async def test_a_second_wish_says_that_it_is_followed_already(
    act: Any, application: Make, following: Following
) -> None:
    await following.begin("c", application())
    outcome = await act(ValidateFollowForm(), "subscribe_status", slots={"application_code": CODE})
    assert outcome.slots["follow_done"] == "already"
    said = await act(ActionFollowDone(), "subscribe_status", slots=outcome.slots)
    assert said.said["response"] == "follow_already"


# --- Listing and ending ---


async def test_the_list_names_each_with_its_status_and_a_button_to_end_it(
    act: Any, application: Make, following: Following, read_out: Any
) -> None:
    outcome = await act(ActionListNotices(), "list_notices", "/list_notices")
    assert outcome.said["response"] == "follow_none"
    await following.begin("c", application())
    await following.begin("c", application(code=OTHER, status=5))
    outcome = await act(ActionListNotices(), "list_notices", "/list_notices")
    assert f"- {OTHER}: Cần bổ sung giấy tờ" in read_out(outcome.said)
    assert [button["payload"] for button in outcome.said["choices"]] == [
        f'/unsubscribe_status{{"followed": "{CODE}"}}',
        f'/unsubscribe_status{{"followed": "{OTHER}"}}',
        '/unsubscribe_status{"followed": "all"}',
    ]


@pytest.mark.parametrize(
    ("text", "entities", "both", "response", "left"),
    [
        ("đừng báo nữa", {}, False, "follow_ended", []),
        ("đừng báo nữa", {}, True, "follow_end_which", [CODE, OTHER]),
        ("tắt hết thông báo", {}, True, "follow_ended_all", []),
        ("stop all notifications", {}, True, "follow_ended_all", []),
        ("bỏ theo dõi hồ sơ này", {"application_code": OTHER}, True, "follow_ended", [CODE]),
        ("bỏ theo dõi", {"application_code": "H49.99-250421-0001"}, True, "follow_end_which", [CODE, OTHER]),
        ("/unsubscribe_status", {"followed": CODE}, True, "follow_ended", [OTHER]),
        ("/unsubscribe_status", {"followed": "all"}, True, "follow_ended_all", []),
    ],
)  # fmt: skip
async def test_following_ends_by_a_word_or_a_button(
    act: Any,
    application: Make,
    following: Following,
    text: str,
    entities: dict[str, str],
    both: bool,
    response: str,
    left: list[str],
) -> None:
    for code in (CODE, OTHER)[: 1 + both]:
        await following.begin("c", application(code=code))
    outcome = await act(ActionUnsubscribe(), "unsubscribe_status", text, entities=entities)
    assert outcome.said["response"] == response
    assert [one.code for one in await following.of("c")] == left


# --- What is said ---


@pytest.fixture
def tell(act: Any, database: Any, following: Following, application: Make, read_out: Any) -> Any:
    """A notice of this kind about an application, as its follower reads it."""

    async def text(kind: str, *, language: str = "vi", ended: bool = False, **stated: Any) -> str:
        found = application(**stated)
        await following.begin("c", found)
        async with database.begin() as connection:
            subscription = await connection.scalar(select(Subscription.id))
            await connection.execute(
                insert(Notice).values(
                    id="n1",
                    subscription_id=subscription,
                    change_id="v2",
                    kind=kind,
                    state=found.to_dict(),
                    created_at=now(),
                )
            )
        if ended:
            await following.end("c")
        outcome = await act(ActionTellNotice(), "tell_notice", "/tell_notice", entities={"notice_id": "n1"})
        assert outcome.said["answer"]["application_code"] == CODE
        assert outcome.said["answer"]["sources"][0]["url"]
        assert outcome.slots == {"application_code": CODE}
        return str(read_out(outcome.said, language))

    return text


async def test_a_changed_status_is_told_with_what_it_means(tell: Any) -> None:
    told = await tell("changed", status=4, due_at=datetime(2026, 7, 27, 10, tzinfo=UTC))
    assert f"Hồ sơ {CODE} có thay đổi: Đang xử lý" in told and "- Hẹn trả: 27/7/2026, 17:00" in told


async def test_wanted_papers_are_told_with_their_date(tell: Any) -> None:
    wanted = Supplement(("Bản sao căn cước",), "Bản rõ nét", datetime(2026, 7, 25, 10, tzinfo=UTC))
    told = await tell("changed", status=5, supplement=wanted)
    assert "- Bản sao căn cước" in told and "Hạn nộp: 25/7/2026, 17:00" in told
    assert "nộp thêm giấy tờ" in told


async def test_a_fee_is_told(tell: Any) -> None:
    assert "Số tiền cần nộp: 150.000 đồng" in await tell("changed", status=6, fee_due=FeeDue(150000, ""))


async def test_a_result_is_told_with_where_when_and_what_to_bring(tell: Any) -> None:
    told = await tell("changed", status=9, agency="UBND phường Hồng Gai")
    assert f"Hồ sơ {CODE} đã có kết quả." in told and "UBND phường Hồng Gai" in told
    assert "Thứ Hai đến Thứ Sáu: 07:30–11:30" in told
    assert "giấy hẹn và giấy tờ tùy thân" in told
    assert "danh sách mẫu" not in told and "Trung tâm Phục vụ" not in told  # a sample is nobody's address


async def test_the_end_of_following_is_told(tell: Any) -> None:
    assert "dừng theo dõi" in await tell("changed", status=10, ended=True)


async def test_reminder_new_date_and_loss_have_their_own_words(tell: Any) -> None:
    assert "hẹn trả kết quả 21/7/2026" in await tell("reminder", due_at=datetime(2026, 7, 21, 2, tzinfo=UTC))


async def test_a_new_due_date(tell: Any) -> None:
    told = await tell("appointment", due_at=datetime(2026, 7, 21, 2, tzinfo=UTC), language="en")
    assert "has a new due date: 21 July 2026" in told


async def test_an_application_that_was_lost(tell: Any) -> None:
    assert "không còn tìm thấy hồ sơ" in await tell("lost", ended=True)


async def test_nobody_reads_anothers_notice(act: Any) -> None:
    outcome = await act(ActionTellNotice(), "tell_notice", "/tell_notice", entities={"notice_id": "other"})
    assert outcome.said["response"] == "notice_gone"
    assert outcome.slots == {}
