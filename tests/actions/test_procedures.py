"""What is uttered about a procedure, its source, and what the conversation remembers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from actions import siblings
from actions.procedures import ActionAnswerProcedure, ActionOutOfScope
from actions.resolve import MOST_CHOICES
from actions.yes_no import ActionAffirm, ActionCancel
from portal.errors import NotFound, PortalRejected, PortalUnavailable
from portal.models import Procedure

Make = Callable[..., Procedure]
ReadOut = Callable[..., str]

CODE = "1.001193"
FOUND = {
    "procedures": [{"code": CODE, "name": "Đăng ký khai sinh", "score": 1.0}],
    "procedure_decision": "answer",
}


async def test_an_answer_has_record_source_and_next_questions(
    act: Any, portal_client: Any, copies: dict[str, Procedure], full: Procedure, read_out: ReadOut
) -> None:
    portal_client.answer = full
    outcome = await act(ActionAnswerProcedure(), "ask_fee", **FOUND)
    assert outcome.said["answer"] == {
        "status": "answered",
        "procedure_code": CODE,
        "aspect": "fee",
        "intent": "ask_fee",
        "sources": [
            {"title": "Cổng Dịch vụ công quốc gia", "url": "https://portal.example/1", "as_of": "2026-07-01"}
        ],
    }
    assert outcome.slots == {"procedure_code": CODE, "aspect": "fee", "choices": None}
    assert read_out(outcome.said).startswith(f"Đăng ký khai sinh (mã {CODE})\n")
    payloads = [button["payload"] for button in outcome.said["choices"]]
    assert 1 < len(payloads) <= 5
    assert not any(payload.startswith("/ask_fee") for payload in payloads)
    assert all(CODE in payload for payload in payloads)


async def test_what_an_action_utters_can_travel_as_json(
    act: Any, portal_client: Any, copies: dict[str, Procedure], full: Procedure
) -> None:
    portal_client.answer = full
    for intent in ("ask_procedure", "ask_documents", "ask_fee", "ask_form", "ask_online"):
        outcome = await act(ActionAnswerProcedure(), intent, **FOUND)
        assert json.loads(json.dumps(outcome.said)) == outcome.said


async def test_a_name_that_ends_in_a_full_stop_ends_the_sentence_with_one(
    act: Any, portal_client: Any, copies: dict[str, Procedure], full: Procedure, read_out: ReadOut
) -> None:
    portal_client.answer = replace(full, agencies=("Ủy ban nhân dân xã.",), requirements="")
    for language in ("vi", "en"):
        text = read_out((await act(ActionAnswerProcedure(), "ask_requirements", **FOUND)).said, language)
        assert "Ủy ban nhân dân xã." in text and ".." not in text


async def test_a_copy_is_said_to_be_one_with_its_date(
    act: Any, portal_client: Any, copies: dict[str, Procedure], full: Procedure, read_out: ReadOut
) -> None:
    copies[CODE] = full
    portal_client.answer = PortalUnavailable("timeout", "slow")
    for intent in ("ask_fee", "ask_requirements"):  # stated, and not stated
        outcome = await act(ActionAnswerProcedure(), intent, **FOUND)
        assert outcome.said["answer"]["status"] == "portal_unavailable"
        assert "bản lưu ngày 1/7/2026" in read_out(outcome.said)
        assert "copy saved on 1 July 2026" in read_out(outcome.said, "en")


async def test_a_withdrawn_procedure_is_said_to_be_so(
    act: Any, portal_client: Any, copies: dict[str, Procedure], full: Procedure, read_out: ReadOut
) -> None:
    portal_client.answer = replace(full, withdrawn=True)
    outcome = await act(ActionAnswerProcedure(), "ask_fee", **FOUND)
    assert "không còn trong danh sách" in read_out(outcome.said)


@pytest.mark.parametrize("failure", [PortalUnavailable("server", "500"), PortalRejected(403, "no")])
async def test_a_portal_that_fails_without_a_copy_is_admitted_and_the_question_remembered(
    act: Any, portal_client: Any, copies: dict[str, Procedure], failure: Exception
) -> None:
    portal_client.answer = failure
    outcome = await act(ActionAnswerProcedure(), "ask_fee", **FOUND)
    assert outcome.said["response"] == "portal_unavailable"
    assert outcome.said["answer"]["status"] == "portal_unavailable"
    assert outcome.slots == {"procedure_code": CODE, "aspect": "fee"}


async def test_an_unknown_code_is_not_found_and_not_remembered(
    act: Any, portal_client: Any, copies: dict[str, Procedure], read_out: ReadOut
) -> None:
    portal_client.answer = NotFound("none")
    outcome = await act(ActionAnswerProcedure(), "ask_fee", entities={"procedure_code": "9.999999"})
    assert outcome.said["answer"]["status"] == "not_found"
    assert "9.999999" in read_out(outcome.said)
    assert outcome.slots == {}


async def test_alternatives_of_a_dossier_are_offered_and_remembered(
    act: Any, portal_client: Any, copies: dict[str, Procedure], full: Procedure
) -> None:
    papers = full.cases[0].documents
    cases = tuple(
        replace(full.cases[0], name=f"Trường hợp {name}", documents=papers) for name in ("mới", "cũ")
    )
    portal_client.answer = replace(full, cases=cases)
    outcome = await act(ActionAnswerProcedure(), "ask_documents", **FOUND)
    assert outcome.said["answer"]["status"] == "clarify"
    assert [choice["case"] for choice in outcome.slots["choices"]] == [1, 2]
    assert len(outcome.said["choices"]) == 2  # and no other buttons beside them
    taken = await act(ActionAffirm(), "affirm", "số 2", {"ordinal": 2}, outcome.slots)
    assert taken.said["response"] == "answer_documents"


async def test_without_a_procedure_it_asks_which_and_keeps_the_question(act: Any) -> None:
    outcome = await act(ActionAnswerProcedure(), "ask_fee", procedure_decision="none")
    assert outcome.said["response"] == "ask_which_procedure"
    assert outcome.said["answer"] == {"status": "clarify", "aspect": "fee", "intent": "ask_fee"}
    assert outcome.slots == {"aspect": "fee"}


async def test_what_the_catalogue_lacks_is_not_found(act: Any) -> None:
    outcome = await act(ActionAnswerProcedure(), "ask_fee", procedure_decision="not_found")
    assert outcome.said["response"] == "procedure_not_found"
    assert outcome.said["answer"]["status"] == "not_found"


async def test_candidates_are_offered_by_number_and_button(act: Any, read_out: ReadOut) -> None:
    procedures = [{"code": f"9.00000{n}", "name": f"Thủ tục cấp {n}", "score": 1 / n} for n in range(1, 9)]
    outcome = await act(
        ActionAnswerProcedure(), "ask_fee", procedures=procedures, procedure_decision="choose"
    )
    assert outcome.said["response"] == "ask_choice"
    assert outcome.said["answer"]["status"] == "clarify"
    assert len(outcome.said["choices"]) == len(outcome.slots["choices"]) == MOST_CHOICES
    assert "\n1. Cấp 1\n2. Cấp 2\n" in read_out(outcome.said)
    assert outcome.said["choices"][1]["payload"] == '/ask_fee{"procedure_code": "9.000002"}'
    assert outcome.slots["aspect"] == "fee"


async def test_the_procedure_talked_of_is_offered_last(
    act: Any, copies: dict[str, Procedure], full: Procedure, read_out: ReadOut
) -> None:
    copies[CODE] = full
    procedures = [{"code": f"9.00000{n}", "name": f"Thủ tục cấp {n}", "score": 1 / n} for n in range(1, 9)]
    outcome = await act(
        ActionAnswerProcedure(),
        "ask_fee",
        slots={"procedure_code": CODE},
        procedures=procedures,
        procedure_decision="choose",
        procedure_change=0.8,
    )
    offered = [choice["procedure_code"] for choice in outcome.slots["choices"]]
    assert offered == [*(f"9.00000{n}" for n in range(1, MOST_CHOICES)), CODE]
    for language in ("vi", "en"):
        last = outcome.slots["choices"][-1]["title"][language]
        assert last and not last.startswith("Thủ tục")
        assert f"\n{MOST_CHOICES}. {last}\n" in read_out(outcome.said, language)


async def test_an_open_choice_is_offered_again_for_the_new_question(act: Any, read_out: ReadOut) -> None:
    offered = [{"title": {"vi": n, "en": n}, "intent": "ask_fee", "procedure_code": f"9.{n}"} for n in "ab"]
    outcome = await act(ActionAnswerProcedure(), "ask_documents", "giấy tờ", {}, {"choices": offered})
    assert outcome.said["response"] == "ask_choice_again"
    assert outcome.said["answer"] == {"status": "clarify", "aspect": "documents", "intent": "ask_documents"}
    assert "\n1. a\n2. b\n" in read_out(outcome.said)
    assert outcome.said["choices"][1]["payload"] == '/ask_documents{"procedure_code": "9.b"}'
    assert [choice["intent"] for choice in outcome.slots["choices"]] == ["ask_documents"] * 2


async def test_siblings_are_asked_with_their_own_question(
    act: Any, read_out: ReadOut, copies: dict[str, Procedure]
) -> None:
    group = siblings.groups()[0]
    procedures = [{"code": option.code, "name": "n", "score": 1.0} for option in group.options[:2]]
    meant = siblings.group_for(group.options[0].code, [group.options[1].code])
    assert meant is not None
    outcome = await act(
        ActionAnswerProcedure(), "ask_fee", procedures=procedures, procedure_decision="choose"
    )
    assert outcome.said["response"] == "ask_sibling"
    for language in ("vi", "en"):
        text = read_out(outcome.said, language)
        assert text.startswith(meant.question[language])
        assert f"\n1. {meant.options[0].title[language]}\n" in text


async def test_a_question_between_siblings_leaves_out_what_this_portal_has_not(
    act: Any, copies: dict[str, Procedure], full: Procedure
) -> None:
    group = next(one for one in siblings.groups() if len(one.options) > 2)
    first, second, third = (option.code for option in group.options[:3])
    procedures = [{"code": code, "name": "n", "score": 1.0} for code in (first, second)]
    asked = (ActionAnswerProcedure(), "ask_procedure")
    for served in ((first, third), (first,)):
        copies.clear()
        copies.update(dict.fromkeys(served, full))
        outcome = await act(*asked, procedures=procedures, procedure_decision="choose")
        assert [choice["procedure_code"] for choice in outcome.slots["choices"]] == list(served)
        assert outcome.said["response"] == ("ask_sibling" if len(served) > 1 else "ask_choice")


async def test_what_is_not_found_leaves_what_was_talked_of(act: Any) -> None:
    slots = {"procedure_code": CODE, "choices": None}
    outcome = await act(
        ActionAnswerProcedure(), "ask_fee", slots=slots, procedure_decision="not_found", procedure_change=0.9
    )
    assert outcome.said["answer"]["status"] == "not_found"
    assert outcome.slots == {"procedure_code": None, "choices": None, "aspect": "fee"}


async def test_a_number_beyond_the_list_is_said_to_be(act: Any, read_out: ReadOut) -> None:
    slots = {"choices": [{"title": "a", "intent": "ask_fee", "procedure_code": CODE}] * 3}
    outcome = await act(ActionAffirm(), "affirm", "số 7", {"ordinal": 7}, slots)
    assert outcome.said["response"] == "choice_out_of_range"
    assert "3 lựa chọn" in read_out(outcome.said)


async def test_yes_without_an_offer_is_small_talk(act: Any) -> None:
    outcome = await act(ActionAffirm(), "affirm", "vâng")
    assert outcome.said["response"] == "utter_affirm"
    assert outcome.said["answer"] == {"status": "smalltalk"}


async def test_what_is_out_of_scope_may_still_name_a_choice(
    act: Any, portal_client: Any, copies: dict[str, Procedure], full: Procedure
) -> None:
    portal_client.answer = full
    slots = {"choices": [{"title": "Trẻ em dưới 6 tuổi", "intent": "ask_fee", "procedure_code": CODE}]}
    outcome = await act(ActionOutOfScope(), "out_of_scope", "trẻ em dưới 6 tuổi", {}, slots)
    assert outcome.said["answer"]["status"] == "answered"
    outcome = await act(ActionOutOfScope(), "out_of_scope", "giá vàng hôm nay", {}, slots)
    assert outcome.said["answer"] == {"status": "out_of_scope"}


async def test_a_follow_up_that_says_little_is_answered_about_the_procedure_and_says_so(
    act: Any, portal_client: Any, copies: dict[str, Procedure], full: Procedure
) -> None:
    portal_client.answer = full
    slots = {"procedure_code": CODE}
    outcome = await act(
        ActionOutOfScope(), "out_of_scope", "mẹ tôi mang gì", {}, slots, follow_up="ask_documents"
    )
    first, second = outcome.messages
    assert (first["response"], first["answer"]) == ("taken_as_follow_up", {})
    assert (second["answer"]["procedure_code"], second["answer"]["aspect"]) == (CODE, "documents")


async def test_cancel_forgets_the_offer_only(act: Any) -> None:
    outcome = await act(ActionCancel(), "cancel", slots={"choices": [{}], "procedure_code": CODE})
    assert outcome.said["response"] == "utter_cancelled"
    assert outcome.slots == {"choices": None}
