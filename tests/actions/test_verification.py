"""Proving that an application is one's own: the portal decides, and the number stays nowhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from actions.verification import ActionAskSecondFactor, ActionVerifyApplication, ValidateVerifyForm
from portal.errors import PortalUnavailable
from portal.models import FeeDue
from portal.owner import Disclosure, OfficerMessage

CODE = "H49.33-250421-0001"
AT = datetime(2026, 7, 20, 3, 0, tzinfo=UTC)
SHOWN = Disclosure(
    CODE, "Nguyễn V** M**", (OfficerMessage(AT, "Đã chuyển phòng."), OfficerMessage(None, "Chờ ký.")),
    FeeDue(50000, "Lệ phí"), "Nộp trên Cổng.", AT, "https://portal.example/status",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _counted(database: Any, portal_client: Any) -> None:
    portal_client.features = {"verify"}
    portal_client.disclosure = SHOWN


@pytest.fixture
def give(act: Any) -> Any:
    """The citizen gives something to the open form; the action that follows, if any."""

    async def answer(text: str, code: str = CODE) -> Any:
        slots = {"verify_code": code}
        seen = await act(ValidateVerifyForm(), "out_of_scope", text, slots=slots)
        if not seen.slots.get("second_factor"):
            return seen
        return await act(ActionVerifyApplication(), "out_of_scope", text, slots={**slots, **seen.slots})

    return answer


async def test_the_owner_is_told_what_the_portal_tells(give: Any, read_out: Any, portal_client: Any) -> None:
    outcome = await give("số của tôi là 0001")
    told = read_out(outcome.said)
    assert told.split("\n") == [
        f"Đã xác nhận. Hồ sơ {CODE}",
        "- Người đứng tên: Nguyễn V** M**",
        "Ghi chú của cơ quan:",
        "- 20/7/2026: Đã chuyển phòng.",
        "- Chờ ký.",
        "Số tiền cần nộp: 50.000 đồng",
        "Ghi chú: Lệ phí",
        "Cách nộp: Nộp trên Cổng.",
    ]
    assert outcome.said["answer"]["status"] == "answered"
    assert outcome.said["answer"]["sources"][0]["as_of"] == "2026-07-20T03:00+00:00"
    assert [(factor.kind, factor.value) for factor in portal_client.factors] == [("identity", "0001")]


async def test_no_slot_and_no_value_ever_holds_the_number(give: Any, act: Any) -> None:
    seen = await act(ValidateVerifyForm(), "out_of_scope", "7195", slots={"verify_code": CODE})
    assert seen.slots == {"second_factor": "given"}
    outcome = await give("7195")
    assert outcome.slots == {"second_factor": None, "verify_code": None}
    assert "7195" not in repr(outcome)


async def test_a_wrong_number_and_an_unknown_code_get_the_same_answer(
    give: Any, portal_client: Any, read_out: Any
) -> None:
    portal_client.disclosure = None
    first, second = await give("1234"), await give("1234", "H49.33-250421-9999")
    assert first.said["answer"]["status"] == second.said["answer"]["status"] == "refused"
    assert read_out(first.said) == read_out(second.said)
    assert "mã hồ sơ hoặc số" in read_out(first.said)


async def test_after_three_misses_the_portal_is_not_asked_any_more(
    give: Any, act: Any, portal_client: Any, read_out: Any, database: Any
) -> None:
    portal_client.disclosure = None
    for _ in range(3):
        await give("1234")
    portal_client.disclosure = SHOWN
    locked = await give("0001")
    assert locked.said["answer"]["status"] == "refused"
    assert "tạm khóa" in read_out(locked.said) and "Mở lại lúc" in read_out(locked.said)
    assert len(portal_client.factors) == 3
    opened = await act(
        ValidateVerifyForm(), "verify_application", _press(), entities={"application_code": CODE}
    )
    assert opened.slots["second_factor"] == "locked"
    async with database.connect() as connection:
        outcomes = list(
            await connection.scalars(text("SELECT outcome FROM verification_attempt ORDER BY id"))
        )
    assert outcomes == ["started", "refused"] * 3 + ["locked"]


async def test_an_attempt_that_cannot_be_counted_is_not_made(
    give: Any, portal_client: Any, database: Any
) -> None:
    async with database.begin() as connection:
        await connection.execute(text("DROP TABLE verification_attempt"))
    outcome = await give("0001")
    assert outcome.said["answer"]["status"] == "portal_unavailable"
    assert portal_client.factors == []


async def test_a_portal_that_fails_is_admitted_and_the_attempt_does_not_count(
    give: Any, portal_client: Any
) -> None:
    portal_client.disclosure = PortalUnavailable("timeout", "slow")
    for _ in range(5):
        outcome = await give("0001")
        assert outcome.said["response"] == "verification_down"
    portal_client.disclosure = SHOWN
    assert (await give("0001")).said["response"] == "application_owner"


@pytest.mark.parametrize(("features", "code"), [(set(), CODE), ({"verify"}, "none")])
async def test_where_nothing_can_be_verified_no_number_is_asked_for(
    act: Any, portal_client: Any, features: set[str], code: str
) -> None:
    portal_client.features = features
    opened = await act(
        ValidateVerifyForm(), "verify_application", _press(), entities={"application_code": code}
    )
    assert opened.slots["second_factor"] == "impossible"
    outcome = await act(ActionVerifyApplication(), "verify_application", _press(), slots=opened.slots)
    assert outcome.said["response"] == "verification_impossible"
    assert portal_client.factors == []


@pytest.mark.parametrize(
    ("intent", "text", "slots"),
    [
        ("verify_application", "/verify_application", {"verify_code": CODE, "second_factor": None}),
        ("out_of_scope", "không nhớ số", {"second_factor": None}),
        ("inform_application_code", "12345", {"second_factor": None}),
        ("ask_fee", "lệ phí bao nhiêu", {}),
        ("ask_fee", '/ask_fee{"procedure_code": "1.001193"}', {}),
        ("tell_notice", '/tell_notice{"notice_id": "1234"}', {}),
        ("cancel", "hủy", {}),
    ],
)
async def test_the_form_takes_a_number_and_lets_other_messages_through(
    act: Any, intent: str, text: str, slots: dict[str, Any]
) -> None:
    entities = {"application_code": CODE} if intent == "verify_application" else {}
    outcome = await act(ValidateVerifyForm(), intent, text, entities=entities)
    assert outcome.slots == slots


@pytest.mark.parametrize(
    ("intent", "text", "response", "record"),
    [
        ("verify_application", "/verify_application", "ask_second_factor", "form"),
        ("out_of_scope", "không nhớ", "second_factor_unreadable", "form"),
        ("ask_fee", "lệ phí", "ask_second_factor_again", None),
    ],
)
async def test_each_question_for_the_number_is_marked_secret(
    act: Any, intent: str, text: str, response: str, record: str | None
) -> None:
    outcome = await act(ActionAskSecondFactor(), intent, text, slots={"verify_code": CODE})
    assert (outcome.said["response"], outcome.said["secret"]) == (response, True)
    assert outcome.said["answer"].get("status") == record


def _press() -> str:
    return f'/verify_application{{"application_code": "{CODE}"}}'
