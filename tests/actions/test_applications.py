"""Where an application stands: only what the status service states, and an honest word when it is late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from actions.applications import ActionApplicationStatus, ActionAskApplicationCode, ValidateApplicationForm
from bot.response_files import load
from portal.errors import NotFound, PortalProtocolError, PortalRejected, PortalUnavailable
from portal.models import STATUS_NAMES, Application, FeeDue, Supplement

Make = Callable[..., Application]
ReadOut = Callable[..., str]

CODE = "H49.33-250421-0001"
NOW = datetime(2026, 7, 20, 3, 0, tzinfo=UTC)  # ten in the morning in Vietnam
FINISHED = {3, 7, 8, 9, 10}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, database: Any) -> None:
    monkeypatch.setattr("actions.application_facts.now", lambda: NOW)


@pytest.fixture
def tell(act: Any, portal_client: Any, read_out: ReadOut) -> Any:
    """What the citizen reads about an application, in Vietnamese unless told otherwise."""

    async def text(
        application: Application, intent: str = "check_application_status", language: str = "vi"
    ) -> str:
        portal_client.answer = application
        outcome = await act(ActionApplicationStatus(), intent, slots={"application_code": application.code})
        assert portal_client.asked[-1] == application.code
        return read_out(outcome.said, language)

    return text


def vietnam(day: int, hour: int = 17) -> datetime:
    """A moment of July 2026 in Vietnam's time."""
    return datetime(2026, 7, day, hour - 7, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", sorted(STATUS_NAMES))
async def test_each_status_has_its_name_and_what_it_means(tell: Any, application: Make, status: int) -> None:
    for language in ("vi", "en"):
        responses = load(language)
        text = await tell(application(status=status), language=language)
        first, second, *_ = text.split("\n")
        assert first.endswith(f"{CODE}: {responses[f'status_{status}']['text']}")
        assert second == responses[f"status_meaning_{status}"]["text"]


async def test_nothing_is_shown_that_the_service_does_not_state(tell: Any, application: Make) -> None:
    text = await tell(application(agency="", procedure_name=""))
    assert len(text.split("\n")) == 2


async def test_dates_are_those_of_vietnam(tell: Any, application: Make) -> None:
    text = await tell(application(accepted_at=datetime(2026, 7, 14, 18, 30, tzinfo=UTC), due_at=vietnam(22)))
    assert "- Ngày nhận: 15/7/2026, 01:30" in text
    assert "- Hẹn trả: 22/7/2026, 17:00" in text


@pytest.mark.parametrize(
    ("due", "vietnamese", "english"),
    [
        (vietnam(27), "- Còn 7 ngày", "- 7 days left"),
        (vietnam(21, 8), "- Còn 1 ngày", "- 1 day left"),
        (vietnam(20), "- Hẹn trả trong hôm nay", "- Due today"),
        (vietnam(20, 9), "- Đã quá hẹn 1 ngày", "- 1 day late"),
        (vietnam(18, 9), "- Đã quá hẹn 2 ngày", "- 2 days late"),
        (vietnam(10), "- Đã quá hẹn 9 ngày", "- 9 days late"),
    ],
)
async def test_days_to_the_due_date(
    tell: Any, application: Make, due: datetime, vietnamese: str, english: str
) -> None:
    late = due < NOW
    text = await tell(application(due_at=due))
    assert vietnamese in text
    assert ("Tôi xin lỗi vì hồ sơ đã quá ngày hẹn." in text) is late
    assert english in await tell(application(due_at=due), language="en")


@pytest.mark.parametrize("status", sorted(FINISHED))
async def test_after_the_end_no_due_date_runs(tell: Any, application: Make, status: int) -> None:
    text = await tell(
        application(status=status, due_at=vietnam(1), completed_at=vietnam(5)), "report_overdue"
    )
    assert "- Xong ngày: 5/7/2026, 17:00" in text
    for word in ("Hẹn trả", "quá hẹn", "quá ngày hẹn", "Còn "):
        assert word not in text


async def test_a_complaint_about_one_that_is_not_late_is_answered(tell: Any, application: Make) -> None:
    said = "Theo hệ thống, hồ sơ chưa quá ngày hẹn."
    assert said in await tell(application(due_at=vietnam(27)), "report_overdue")
    assert said not in await tell(application(due_at=vietnam(27)), "check_application_status")
    late = await tell(application(due_at=vietnam(10)), "report_overdue")
    assert said not in late
    assert "Tôi xin lỗi" in late


async def test_without_a_due_date_it_is_not_claimed_to_be_in_time(tell: Any, application: Make) -> None:
    text = await tell(application(due_at=None), "report_overdue")
    assert "quá ngày hẹn" not in text


async def test_what_must_be_added_is_listed_with_its_date(tell: Any, application: Make) -> None:
    wanted = Supplement(("Bản sao căn cước", "Giấy chứng sinh"), "Nộp bản rõ nét", vietnam(25))
    text = await tell(application(status=5, supplement=wanted))
    assert text.endswith(
        "Giấy tờ cần nộp thêm:\n- Bản sao căn cước\n- Giấy chứng sinh\n"
        "Ghi chú: Nộp bản rõ nét\nHạn nộp: 25/7/2026, 17:00"
    )
    bare = await tell(application(status=5, supplement=Supplement(("Bản sao căn cước",), "", None)))
    assert bare.endswith("- Bản sao căn cước")


async def test_what_must_be_paid_is_stated(tell: Any, application: Make) -> None:
    text = await tell(application(status=6, fee_due=FeeDue(150000, "Lệ phí trước bạ")))
    assert text.endswith("Số tiền cần nộp: 150.000 đồng\nGhi chú: Lệ phí trước bạ")
    english = await tell(application(status=6, fee_due=FeeDue(150000, "")), language="en")
    assert english.endswith("Amount to pay: 150,000 VND")


async def test_a_sum_that_is_not_named_is_not_made_up(tell: Any, application: Make) -> None:
    text = await tell(application(status=6, fee_due=FeeDue(None, "Theo thông báo thuế")))
    assert text.endswith("Ghi chú: Theo thông báo thuế")
    assert "Số tiền" not in text
    assert "Ghi chú" not in await tell(application(status=6, fee_due=FeeDue(None, "")))


async def test_the_reason_of_a_refusal_is_given(tell: Any, application: Make) -> None:
    text = await tell(application(status=3, refusal="Thiếu giấy chứng sinh"))
    assert text.endswith("Lý do: Thiếu giấy chứng sinh")


async def test_the_answer_record_has_the_code_and_the_moment_of_looking(
    act: Any, portal_client: Any, application: Make
) -> None:
    portal_client.answer = application()
    outcome = await act(
        ActionApplicationStatus(), "inform_application_code", slots={"application_code": CODE}
    )
    answer = outcome.said["answer"]
    assert (answer["status"], answer["application_code"]) == ("answered", CODE)
    assert answer["sources"] == [
        {
            "title": "Cổng Dịch vụ công quốc gia",
            "url": "https://portal.example/status",
            "as_of": "2026-07-01T03:00+00:00",
        }
    ]
    assert [button["payload"] for button in outcome.said["choices"]] == [
        f'/subscribe_status{{"application_code": "{CODE}"}}',
        '/ask_procedure{"procedure_code": "1.001193"}',
        '/rate_service{"service": "status"}',
    ]


async def test_without_a_procedure_code_there_is_no_button_to_it(
    act: Any, portal_client: Any, application: Make
) -> None:
    portal_client.answer = application(procedure_code="")
    outcome = await act(
        ActionApplicationStatus(), "inform_application_code", slots={"application_code": CODE}
    )
    assert not [button for button in outcome.said["choices"] if "ask_procedure" in button["payload"]]


async def test_the_owner_is_offered_more_only_where_the_portal_can_verify(
    act: Any, portal_client: Any, application: Make
) -> None:
    portal_client.answer = application()
    for features, offered in (({"verify"}, True), (set(), False)):
        portal_client.features = features
        outcome = await act(
            ActionApplicationStatus(), "inform_application_code", slots={"application_code": CODE}
        )
        payloads = [button["payload"] for button in outcome.said["choices"]]
        assert (f'/verify_application{{"application_code": "{CODE}"}}' in payloads) is offered


@pytest.mark.parametrize(("status", "offered"), [(4, True), (9, True), (10, False), (3, False)])
async def test_what_is_over_cannot_be_followed(
    act: Any, portal_client: Any, application: Make, status: int, offered: bool
) -> None:
    portal_client.answer = application(status=status)
    outcome = await act(
        ActionApplicationStatus(), "inform_application_code", slots={"application_code": CODE}
    )
    assert any("subscribe" in button["payload"] for button in outcome.said["choices"]) is offered


async def test_a_late_one_names_the_rule_whom_to_ask_and_offers_a_complaint(
    act: Any, portal_client: Any, application: Make, read_out: ReadOut
) -> None:
    portal_client.answer = application(due_at=vietnam(10))
    outcome = await act(ActionApplicationStatus(), "report_overdue", slots={"application_code": CODE})
    text = read_out(outcome.said)
    assert "118/2025/NĐ-CP" in text and "thư xin lỗi" in text
    assert "Anh/Chị hỏi nơi nhận: UBND phường Hạ Long" in text and "18001096" in text
    assert "/complain_service" in [button["payload"] for button in outcome.said["choices"]]
    assert "118/2025/NĐ-CP" in read_out(outcome.said, "en")


async def test_the_last_five_applications_are_remembered_newest_first(
    act: Any, portal_client: Any, application: Make
) -> None:
    slots: dict[str, Any] = {}
    for number in (1, 2, 3, 4, 5, 6, 3):
        code = f"H49.33-250421-000{number}"
        portal_client.answer = application(code=code)
        outcome = await act(
            ActionApplicationStatus(), "inform_application_code", slots={**slots, "application_code": code}
        )
        slots = {"recent_applications": outcome.slots["recent_applications"]}
    kept = [one["code"][-1] for one in slots["recent_applications"]]
    assert kept == ["3", "6", "5", "4", "2"]


async def test_whoever_looks_up_too_many_codes_waits_but_may_repeat_those_seen(
    act: Any, portal_client: Any, application: Make, read_out: ReadOut
) -> None:
    async def look(code: str) -> Any:
        portal_client.answer = application(code=code)
        return await act(
            ActionApplicationStatus(), "inform_application_code", slots={"application_code": code}
        )

    for number in range(30):
        assert (await look(f"H49.33-250421-{number:04d}")).said["answer"]["status"] == "answered"
    refused = await look("H49.33-250421-9999")
    assert refused.said["answer"]["status"] == "refused"
    assert "tạm dừng" in read_out(refused.said)
    assert portal_client.asked[-1] == "H49.33-250421-0029"
    assert (await look("H49.33-250421-0003")).said["answer"]["status"] == "answered"


async def test_an_unknown_code_is_not_found_and_forgotten(
    act: Any, portal_client: Any, read_out: ReadOut
) -> None:
    portal_client.answer = NotFound("none")
    outcome = await act(
        ActionApplicationStatus(), "inform_application_code", slots={"application_code": CODE}
    )
    assert outcome.said["answer"] == {"status": "not_found", "application_code": CODE}
    assert CODE in read_out(outcome.said)
    assert outcome.slots == {"application_code": None}


@pytest.mark.parametrize(
    "failure",
    [PortalUnavailable("timeout", "slow"), PortalProtocolError("HTML"), PortalRejected(403, "no")],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_service_that_fails_is_admitted_and_can_be_tried_again(
    act: Any, portal_client: Any, failure: Exception
) -> None:
    portal_client.answer = failure
    outcome = await act(
        ActionApplicationStatus(), "inform_application_code", slots={"application_code": CODE}
    )
    assert outcome.said["response"] == "application_service_down"
    assert outcome.said["answer"]["status"] == "portal_unavailable"
    assert outcome.slots == {}
    assert (
        outcome.said["choices"][0]["payload"] == f'/inform_application_code{{"application_code": "{CODE}"}}'
    )


# --- The form ---


@pytest.mark.parametrize(
    ("intent", "entities", "known", "slots"),
    [
        ("inform_application_code", {"application_code": CODE}, None, {"application_code": CODE}),
        ("inform_application_code", {"malformed_code": "H49.33"}, CODE, {"application_code": None}),
        ("check_application_status", {}, None, {"application_code": None}),
        ("check_application_status", {}, CODE, {"application_code": CODE}),
        ("report_overdue", {}, None, {"application_code": None}),
        ("ask_fee", {}, None, {}),
        ("greet", {}, None, {}),
    ],
)
async def test_the_form_takes_a_code_and_lets_other_questions_through(
    act: Any, intent: str, entities: dict[str, str], known: str | None, slots: dict[str, Any]
) -> None:
    outcome = await act(
        ValidateApplicationForm(), intent, entities=entities, slots={"application_code": known}
    )
    assert outcome.slots == slots
    assert outcome.messages == []


@pytest.mark.parametrize(
    ("intent", "entities", "response"),
    [
        ("check_application_status", {}, "ask_application_code"),
        ("inform_application_code", {}, "ask_application_code"),
        ("report_overdue", {}, "ask_code_of_overdue"),
        ("inform_application_code", {"malformed_code": "H49.33-25"}, "malformed_application_code"),
    ],
)
async def test_the_form_asks_for_the_code(
    act: Any, read_out: ReadOut, intent: str, entities: dict[str, str], response: str
) -> None:
    outcome = await act(ActionAskApplicationCode(), intent, entities=entities)
    assert outcome.said["response"] == response
    assert outcome.said["answer"]["status"] == "form"
    assert all(code in read_out(outcome.said) for code in entities.values())


TWO = [{"code": CODE, "name": "Khai sinh"}, {"code": "H49.08-251105-0312", "name": "Khai tử"}]


@pytest.mark.parametrize(
    ("text", "asked", "code"),
    [
        ("hồ sơ hôm trước sao rồi", TWO, None),
        ("hồ sơ hôm trước sao rồi", TWO[1:], "H49.08-251105-0312"),
        ("ho so lan truoc the nao", TWO[1:], "H49.08-251105-0312"),
        ("what about the one I asked before", TWO, None),
        ("cho tôi hỏi hồ sơ khác", TWO[1:], None),
        ("tra cứu hồ sơ", TWO, CODE),
    ],
)
async def test_an_application_asked_about_before_is_found_again(
    act: Any, text: str, asked: list[dict[str, str]], code: str | None
) -> None:
    slots = {"application_code": CODE, "recent_applications": asked}
    outcome = await act(ValidateApplicationForm(), "check_application_status", text, slots=slots)
    assert outcome.slots["application_code"] == code


async def test_those_asked_about_before_are_offered_as_buttons(act: Any, read_out: ReadOut) -> None:
    outcome = await act(
        ActionAskApplicationCode(), "check_application_status", slots={"recent_applications": TWO}
    )
    assert outcome.said["response"] == "choose_application"
    assert [button["title"] for button in outcome.said["choices"]] == [
        f"{CODE}: Khai sinh",
        "H49.08-251105-0312: Khai tử",
    ]
    assert outcome.said["choices"][1]["payload"].endswith('"H49.08-251105-0312"}')


async def test_after_another_question_the_form_asks_again_without_a_second_record(act: Any) -> None:
    outcome = await act(ActionAskApplicationCode(), "ask_fee")
    assert outcome.said["response"] == "ask_application_code_again"
    assert outcome.said["answer"] == {}
