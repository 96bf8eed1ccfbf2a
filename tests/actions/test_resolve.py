"""Which procedure is meant: by code, by a choice, by what was talked about, or by what was found."""

from __future__ import annotations

from typing import Any

import pytest

from actions import siblings
from actions.resolve import (
    CORRECTION,
    NEW_TOPIC,
    UNSURE,
    Ask,
    AskAgain,
    Meant,
    Missing,
    NotFound,
    chosen,
    resolve,
)
from actions.turn import Candidate, Turn

FOCUS, SIBLING, OTHER, FURTHER = "1.1", "1.2", "2.1", "3.1"


@pytest.fixture(autouse=True)
def groups(monkeypatch: pytest.MonkeyPatch) -> siblings.Group:
    """One group that holds the procedure in focus and its sibling."""
    options = tuple(siblings.Option(code, {"vi": code, "en": code}) for code in (FOCUS, SIBLING))
    group = siblings.Group("pair", {"vi": "Hỏi?", "en": "Ask?"}, options)
    monkeypatch.setattr(siblings, "groups", lambda: (group,))
    return group


def found(*codes: str) -> tuple[Candidate, ...]:
    return tuple(Candidate(code, f"thủ tục {code}", 1.0 - index / 10) for index, code in enumerate(codes))


def turn(intent: str = "ask_fee", text: str = "…", **more: Any) -> Turn:
    return Turn(intent=intent, text=text, pressed=text.startswith("/"), **more)


def about(code: str, decision: str, share: float, *others: str, **more: Any) -> Turn:
    """A message in which the finder sees `code`, while FOCUS is talked about; `share` is how surely it names
    a procedure, and another one."""
    seen = {"candidates": found(code, *others), "decision": decision, "mention": share, "change": share}
    return turn(focus=FOCUS, **(seen | more))


# --- Nothing talked about yet ---


def test_a_clear_find_is_answered() -> None:
    assert resolve(turn(candidates=found(OTHER, FURTHER), decision="answer")) == Meant(OTHER, "fee")


def test_several_that_fit_are_offered_and_not_more_than_five() -> None:
    candidates = found(OTHER, *(f"9.{number}" for number in range(8)))
    assert resolve(turn(candidates=candidates, decision="choose")) == Ask("fee", candidates[:5], None)


def test_siblings_are_told_apart_by_their_question(groups: siblings.Group) -> None:
    resolution = resolve(turn(candidates=found(FOCUS, SIBLING), decision="choose"))
    assert isinstance(resolution, Ask)
    assert resolution.group == groups


def test_a_sibling_further_down_does_not_hide_the_others() -> None:
    candidates = found(FOCUS, OTHER, SIBLING)
    assert resolve(turn(candidates=candidates, decision="choose")) == Ask("fee", candidates)


def test_a_procedure_that_the_catalogue_lacks_is_not_found() -> None:
    assert resolve(turn(decision="not_found")) == NotFound("fee")
    assert resolve(turn(candidates=found(OTHER), decision="not_found")) == NotFound("fee")


def test_a_question_without_a_procedure_misses_it() -> None:
    assert resolve(turn(decision="none")) == Missing("fee")
    assert resolve(turn(decision="none", candidates=found(OTHER))) == Missing("fee")
    assert resolve(turn(decision="answer")) == Missing("fee")


# --- A procedure is talked about ---


@pytest.mark.parametrize("decision", ["none", "not_found"])
def test_a_follow_up_keeps_the_procedure(decision: str) -> None:
    assert resolve(about(OTHER, decision, 0.9)) == Meant(FOCUS, "fee")
    assert resolve(turn(focus=FOCUS, decision="choose")) == Meant(FOCUS, "fee")


@pytest.mark.parametrize("decision", ["answer", "choose"])
def test_what_is_found_again_stays(decision: str) -> None:
    assert resolve(about(FOCUS, decision, 1.0, OTHER)) == Meant(FOCUS, "fee")


def test_a_new_topic_replaces_it() -> None:
    assert resolve(about(OTHER, "answer", UNSURE[1])) == Meant(OTHER, "fee")


def test_a_choice_of_new_ones_has_the_one_talked_about_too() -> None:
    offered = resolve(about(OTHER, "choose", NEW_TOPIC, FURTHER))
    assert offered == Ask("fee", found(OTHER, FURTHER), None, still=FOCUS)


@pytest.mark.parametrize("share", [UNSURE[0], NEW_TOPIC, UNSURE[1] - 0.01])
def test_between_the_two_it_asks_which(share: float) -> None:
    assert resolve(about(OTHER, "answer", share, FURTHER)) == Ask("fee", found(OTHER), still=FOCUS)


def test_a_word_in_passing_does_not_replace_it() -> None:
    assert resolve(about(OTHER, "answer", UNSURE[0] - 0.01)) == Meant(FOCUS, "fee")
    # A paper that is asked about beside the procedure is named in full.
    assert resolve(about(OTHER, "answer", 1.0, change=UNSURE[0] - 0.01)) == Meant(FOCUS, "fee")
    assert resolve(about(OTHER, "choose", NEW_TOPIC - 0.01)) == Meant(FOCUS, "fee")


@pytest.mark.parametrize(("rank", "stays"), [(1, True), (2, True), (3, False)])
def test_an_unsure_find_near_the_one_talked_about_does_not_replace_it(rank: int, stays: bool) -> None:
    codes = [OTHER, "9.1", "9.2", "9.3"]
    codes[rank] = FOCUS
    resolution = resolve(about(codes[0], "choose", 1.0, *codes[1:]))
    assert (resolution == Meant(FOCUS, "fee")) is stays


def test_a_sibling_corrects_it_with_less() -> None:
    assert CORRECTION < NEW_TOPIC
    assert resolve(about(SIBLING, "answer", CORRECTION)) == Meant(SIBLING, "fee")
    assert resolve(about(SIBLING, "answer", CORRECTION - 0.01)) == Meant(FOCUS, "fee")


# --- A code or a button ---


def test_a_typed_code_decides_over_everything() -> None:
    entities = {"procedure_code": "7.7"}
    typed = about(OTHER, "answer", 1.0, entities=entities, choices=({"title": "…", "procedure_code": "8.8"},))
    assert resolve(typed) == Meant("7.7", "fee")


def test_a_button_brings_code_case_and_page() -> None:
    entities = {"procedure_code": "7.7", "case": "2", "page": "3"}
    pressed = turn("ask_documents", '/ask_documents{"procedure_code": "7.7"}', entities=entities, focus=FOCUS)
    assert resolve(pressed) == Meant("7.7", "documents", 2, 3)


@pytest.mark.parametrize("junk", ["x", "", "-3", "0", None, [], {"a": 1}, "1e3"])
def test_a_payload_that_someone_made_up_breaks_nothing(junk: Any) -> None:
    entities = {"procedure_code": "7.7", "page": junk}
    assert resolve(turn("ask_steps", "/ask_steps{}", entities=entities)) == Meant("7.7", "steps", None, 1)
    choices = ({"title": "a", "intent": "ask_fee", "procedure_code": OTHER},)
    if junk != "-3":
        assert chosen(turn("affirm", "/affirm{}", entities={"ordinal": junk}, choices=choices)) is None


def test_a_button_without_a_code_asks_about_the_procedure_talked_about() -> None:
    assert resolve(turn("ask_fee", "/ask_fee", focus=FOCUS)) == Meant(FOCUS, "fee")
    assert resolve(turn("ask_procedure", "/ask_procedure")) == Missing("overview")


# --- A choice that was offered ---

CHOICES = (
    {"title": {"vi": "Cha và mẹ đều là người Việt Nam", "en": "Both parents are Vietnamese"},
     "intent": "ask_fee", "procedure_code": "4.1"},
    {"title": {"vi": "Cha hoặc mẹ là người nước ngoài", "en": "One parent is a foreigner"},
     "intent": "ask_fee", "procedure_code": "4.2"},
    {"title": "Trường hợp cấp lại", "intent": "ask_documents", "procedure_code": "4.3", "case": 2},
)  # fmt: skip

CASES = CHOICES[2:]


@pytest.mark.parametrize(
    ("ordinal", "meant"),
    [
        (1, Meant("4.1", "fee")),
        ("2", Meant("4.2", "fee")),
        (3, Meant("4.3", "documents", 2)),
        (-1, Meant("4.3", "documents", 2)),
        (-3, Meant("4.1", "fee")),
        (0, None),
        (4, None),
        (-4, None),
    ],
)
def test_a_number_takes_the_choice(ordinal: int | str, meant: Meant | None) -> None:
    assert chosen(turn("affirm", "số …", entities={"ordinal": ordinal}, choices=CHOICES)) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("cha mẹ đều là người Việt Nam", Meant("4.1", "fee")),
        ("cha me deu nguoi viet nam", Meant("4.1", "fee")),
        ("one parent is a foreigner", Meant("4.2", "fee")),
        ("cấp lại", Meant("4.3", "documents", 2)),
        ("là người", None),  # in two of them
        ("thời tiết hôm nay thế nào", None),
        ("", None),
    ],
)
def test_its_name_takes_the_choice(text: str, meant: Meant | None) -> None:
    assert chosen(turn("ask_procedure", text, choices=CHOICES)) == meant


def test_a_choice_is_taken_before_the_finders_guess() -> None:
    said = about(OTHER, "answer", 1.0, text="cấp lại", choices=CHOICES)
    assert resolve(said) == Meant("4.3", "documents", 2)


def test_a_number_beyond_the_list_takes_none() -> None:
    said = turn(entities={"ordinal": 7}, choices=CASES, focus=FOCUS)
    assert resolve(said) == Meant(FOCUS, "fee")
    assert resolve(turn(entities={"ordinal": 7}, choices=CHOICES)) == AskAgain("fee")


def test_a_pressed_button_is_not_read_as_the_name_of_a_choice() -> None:
    assert resolve(turn("ask_fee", "/ask_fee", choices=CHOICES, focus=FOCUS)) == Meant(FOCUS, "fee")


def test_without_choices_nothing_is_chosen() -> None:
    assert chosen(turn("affirm", "2", entities={"ordinal": 2})) is None


# --- A choice that is still open ---


@pytest.mark.parametrize("focus", [None, FOCUS])
def test_a_further_question_offers_the_same_procedures_again(focus: str | None) -> None:
    asked = turn("ask_documents", "cần giấy tờ gì", choices=CHOICES, focus=focus)
    assert resolve(asked) == AskAgain("documents")


def test_a_word_in_passing_does_not_close_the_choice() -> None:
    said = turn(candidates=found(OTHER), decision="answer", mention=CORRECTION - 0.01, choices=CHOICES)
    assert resolve(said) == AskAgain("fee")
    said = turn(
        candidates=found(OTHER), decision="answer", mention=1.0, change=NEW_TOPIC - 0.01, choices=CHOICES
    )
    assert resolve(said) == AskAgain("fee")
    assert resolve(
        turn(candidates=found(OTHER), decision="not_found", mention=1.0, choices=CHOICES)
    ) == AskAgain("fee")


def test_a_message_that_finds_an_offered_procedure_takes_it() -> None:
    named = {"candidates": found("4.2"), "decision": "choose", "mention": CORRECTION, "choices": CHOICES}
    assert resolve(turn("ask_documents", "khi có yếu tố ngoài nước", **named)) == Meant("4.2", "documents")
    # A name alone answers the question that waits.
    assert resolve(turn("ask_procedure", "khi có yếu tố ngoài nước", **named)) == Meant("4.2", "fee")


def test_a_message_about_another_procedure_leaves_the_choice() -> None:
    said = turn(candidates=found(OTHER), decision="answer", mention=1.0, change=NEW_TOPIC, choices=CHOICES)
    assert resolve(said) == Meant(OTHER, "fee")


def test_open_cases_of_a_dossier_do_not_hold_back_another_question() -> None:
    assert resolve(turn("ask_fee", "lệ phí", choices=CASES, focus=FOCUS)) == Meant(FOCUS, "fee")


# --- What is asked about it ---


def test_the_name_after_which_procedure_keeps_the_question() -> None:
    named = turn("ask_procedure", candidates=found(OTHER), decision="answer", focus_aspect="processing_time")
    assert resolve(named) == Meant(OTHER, "processing_time")


@pytest.mark.parametrize(
    ("text", "aspect"),
    [
        ("xin cấp lại sao", "overview"),
        ("how do I request that certificate?", "overview"),
        ("gia hạn giấy phép thì làm thế nào", "overview"),
        ("giấy xác nhận độc thân thì sao", "processing_time"),
        ("what about the marriage certificate", "processing_time"),
    ],
)
def test_a_question_of_its_own_does_not_ask_what_waited(text: str, aspect: str) -> None:
    more = {"candidates": found(OTHER), "decision": "answer", "focus_aspect": "processing_time"}
    assert resolve(turn("ask_procedure", text, **more)) == Meant(OTHER, aspect)


def test_a_new_question_replaces_the_one_that_waited() -> None:
    asked = turn("ask_documents", candidates=found(OTHER), decision="answer", focus_aspect="processing_time")
    assert resolve(asked) == Meant(OTHER, "documents")


def test_a_button_for_the_overview_is_not_given_the_waiting_question() -> None:
    pressed = turn("ask_procedure", "/ask_procedure", focus_aspect="fee")
    assert resolve(pressed) == Missing("overview")


def test_once_a_procedure_is_known_its_name_alone_asks_for_the_overview() -> None:
    assert resolve(about(OTHER, "answer", 1.0, intent="ask_procedure", focus_aspect="fee")) == Meant(
        OTHER, "overview"
    )


# --- A foreigner was talked of ---


def test_after_a_foreigner_the_sibling_with_a_foreigner_is_not_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def group(name: str, *titles: str) -> siblings.Group:
        options = tuple(
            siblings.Option(f"{name}.{number}", {"vi": title, "en": title})
            for number, title in enumerate(titles)
        )
        return siblings.Group(name, {"vi": "Hỏi?", "en": "Ask?"}, options)

    marriage = group("7", "Cả hai là người Việt Nam", "Một người là người nước ngoài")
    birth = group("8", "Cha và mẹ là người Việt Nam", "Cha hoặc mẹ là người nước ngoài")
    monkeypatch.setattr(siblings, "groups", lambda: (marriage, birth))
    asked = turn("ask_procedure", candidates=found("8.0", OTHER), decision="answer", change=0.9, focus="7.1")
    resolution = resolve(asked)
    assert isinstance(resolution, Ask) and resolution.group == birth
    for focus, code in (("7.0", "8.0"), ("7.1", "8.1"), ("7.1", OTHER)):
        clear = turn("ask_fee", candidates=found(code), decision="answer", change=0.9, focus=focus)
        assert resolve(clear) == Meant(code, "fee"), (focus, code)
    named = turn("ask_fee", candidates=found("8.0", OTHER), decision="answer", foreigner=True)
    resolution = resolve(named)
    assert isinstance(resolution, Ask) and resolution.group == birth
    assert resolve(turn(candidates=found("8.1"), decision="answer", foreigner=True)) == Meant("8.1", "fee")
    met = turn("ask_procedure", "bạn trai em là người Hàn", focus="7.0", foreigner=True)
    assert resolve(met) == Ask("overview", (), marriage)
    assert resolve(turn("ask_fee", focus="7.1", foreigner=True)) == Meant("7.1", "fee")
    assert resolve(turn("ask_fee", focus=OTHER, foreigner=True)) == Meant(OTHER, "fee")


# --- Procedures that this catalogue has not ---


@pytest.mark.parametrize("change", [NEW_TOPIC, 1.0])
def test_a_name_of_what_is_not_served_leaves_the_procedure_talked_of(change: float) -> None:
    assert resolve(turn(focus=FOCUS, decision="not_found", change=change)) == NotFound("fee")
    offered = ({"title": "a", "intent": "ask_fee", "procedure_code": OTHER},)
    assert resolve(turn(choices=offered, decision="not_found", change=change)) == NotFound("fee")


def test_nothing_found_goes_on_where_the_message_names_no_other() -> None:
    assert resolve(turn(focus=FOCUS, decision="not_found", change=0.4)) == Meant(FOCUS, "fee")
    little = turn(focus=FOCUS, decision="not_found", change=1.0, candidates=found(OTHER))
    assert resolve(little) == Meant(FOCUS, "fee")


# --- The one talked of among the choices ---


def test_who_asks_for_a_procedure_as_a_whole_means_another_one() -> None:
    asked = about(OTHER, "choose", 0.9, FURTHER, intent="ask_procedure")
    assert resolve(asked) == Ask("overview", found(OTHER, FURTHER))
    sure = about(OTHER, "answer", sum(UNSURE) / 2, intent="ask_procedure")
    assert resolve(sure) == Meant(OTHER, "overview")


def test_who_asks_for_one_aspect_may_mean_the_one_talked_of() -> None:
    assert resolve(about(OTHER, "choose", 0.9, FURTHER)) == Ask("fee", found(OTHER, FURTHER), still=FOCUS)
    assert resolve(about(OTHER, "answer", sum(UNSURE) / 2)) == Ask("fee", found(OTHER), still=FOCUS)
