"""Each aspect shows what the record states, says what it lacks, and makes nothing up."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from actions.aspects import BASES_PER_PAGE, DOCUMENTS_PER_PAGE, MOST_CASES, view
from actions.turn import ASPECTS
from bot.response_files import LANGUAGES
from portal.models import (
    Case,
    Document,
    Duration,
    Fee,
    Form,
    LegalBasis,
    Method,
    Procedure,
    Step,
)

Make = Callable[..., Procedure]
ReadOut = Callable[..., str]


def paper(name: str, **more: Any) -> Document:
    return Document(
        name, more.get("code", ""), more.get("originals", 1), more.get("copies", 0), more.get("forms", ())
    )


def papers(number: int) -> tuple[Document, ...]:
    return tuple(paper(f"Giấy tờ thứ {chr(96 + n)}") for n in range(1, number + 1))


@pytest.mark.parametrize("aspect", sorted(set(ASPECTS.values()) - {"overview", "online"}))
def test_what_the_record_lacks_is_said_to_be_lacking(procedure: Make, read_out: ReadOut, aspect: str) -> None:
    made = view(procedure(), aspect)
    assert made.response == f"lacking_{aspect}"
    assert made.status == "answered"
    assert made.links == made.buttons == made.offered == []
    assert "Cổng Dịch vụ công không" in read_out(made)
    assert "The portal " in read_out(made, "en")


@pytest.mark.parametrize("aspect", sorted(set(ASPECTS.values())))
def test_what_a_full_record_states_is_answered(full: Procedure, aspect: str) -> None:
    stated = view(full, aspect).response.startswith("answer_")
    assert stated is (aspect not in ("requirements", "legal_basis"))


def test_the_overview_has_place_time_fee_and_online(full: Procedure, read_out: ReadOut) -> None:
    made = view(full, "overview")
    assert read_out(made).split("\n")[1:-1] == [
        "- Nơi giải quyết: Ủy ban nhân dân cấp xã",
        "- Thời hạn: 3 ngày làm việc",
        "- Phí, lệ phí: 8.000 đồng",
        "- Nộp qua mạng: được, từ đầu đến cuối",
    ]
    assert "- Office: People's Committee of the commune or ward (Ủy ban nhân dân cấp xã)" in read_out(
        made, "en"
    )


def test_the_overview_leaves_out_what_is_not_stated(procedure: Make, read_out: ReadOut) -> None:
    assert read_out(view(procedure(), "overview")).split("\n")[1:-1] == ["- Nộp qua mạng: chưa được"]


def test_several_places_and_times_share_their_line_of_the_overview(
    procedure: Make, read_out: ReadOut
) -> None:
    methods = Method("DIRECT", Duration(3, "DAY"), (), ""), Method("ONLINE", Duration(2, "DAY"), (), "")
    made = procedure(agencies=("Sở A", "UBND xã, phường"), methods=methods)
    assert read_out(view(made, "overview")).split("\n")[1:3] == [
        "- Nơi giải quyết: Sở A; UBND xã, phường",
        "- Thời hạn: Nộp trực tiếp: 3 ngày; Nộp qua mạng: 2 ngày",
    ]


def test_time_limits_that_differ_are_listed(procedure: Make, read_out: ReadOut) -> None:
    methods = Method("DIRECT", Duration(3, "DAY"), (), ""), Method("ONLINE", Duration(2, "DAY"), (), "")
    text = read_out(view(procedure(methods=methods), "processing_time"))
    assert "\n- Nộp trực tiếp: 3 ngày\n- Nộp qua mạng: 2 ngày\n" in text
    one = read_out(view(procedure(methods=methods[:1]), "processing_time"))
    assert "\n3 ngày\n" in one


def test_a_fee_without_a_number_never_shows_one(procedure: Make, read_out: ReadOut) -> None:
    fee = Fee("FEE", None, "VND", "Theo Nghị quyết của HĐND tỉnh")
    made = procedure(methods=(Method("DIRECT", None, (fee,), ""),))
    for language in LANGUAGES:
        for aspect in ("fee", "overview"):
            text = read_out(view(made, aspect), language).replace("1.001193", "")
            assert not re.search(r"\d", text), text
    silent = procedure(methods=(Method("DIRECT", None, (Fee("FEE", None, "VND", ""),), ""),))
    assert view(silent, "fee").response == "lacking_fee"
    assert view(silent, "overview").values["fees"] == ""


def test_documents_are_numbered_with_remarks_last(procedure: Make, read_out: ReadOut) -> None:
    remark = Document("Mang bản chính để đối chiếu", "", 0, 0, ())
    made = view(procedure(cases=(Case("", (remark, *papers(2)), None),)), "documents")
    assert read_out(made).split("\n")[1:] == [
        "Giấy tờ cần có:",
        "1. Giấy tờ thứ a (1 bản chính)",
        "2. Giấy tờ thứ b (1 bản chính)",
        "Cổng ghi thêm:",
        "- Mang bản chính để đối chiếu",
    ]


def test_a_document_without_a_name_is_no_line(procedure: Make, read_out: ReadOut) -> None:
    nameless, named = Document("", "", 1, 0, ()), Document("Tờ khai", "", 1, 0, ())
    dashes = Document(" - ", "", 0, 0, ())
    record = procedure(cases=(Case("", (nameless, named, dashes), None),))
    assert read_out(view(record, "documents")).splitlines()[-1].startswith("1. Tờ khai")
    record = procedure(cases=(Case("", (nameless, dashes), None),))
    assert view(record, "documents").response == "lacking_documents"


def test_a_record_with_remarks_only_shows_them_as_documents(procedure: Make, read_out: ReadOut) -> None:
    made = procedure(cases=(Case("", (Document("Đơn đề nghị", "", 0, 0, ()),), None),))
    assert "1. Đơn đề nghị" in read_out(view(made, "documents"))


def test_sections_of_one_dossier_are_shown_together_under_headings(
    procedure: Make, read_out: ReadOut
) -> None:
    sections = (
        Case("* Giấy tờ phải nộp:", (paper("Tờ khai"),), None),
        Case("* Giấy tờ phải xuất trình:", (paper("Căn cước"),), None),
    )
    made = view(procedure(cases=sections), "documents")
    assert made.status == "answered"
    assert read_out(made).split("\n")[2:] == [
        "Giấy tờ phải nộp:",
        "1. Tờ khai (1 bản chính)",
        "Giấy tờ phải xuất trình:",
        "2. Căn cước (1 bản chính)",
    ]


ALTERNATIVES = (
    Case("1. Trường hợp cấp mới", (paper("Tờ khai cấp mới"),), None),
    Case("2. Trường hợp cấp lại", (paper("Tờ khai cấp lại"),), None),
    Case("* Lưu ý:", (paper("Giấy ủy quyền"),), None),
)


def test_cases_that_exclude_each_other_are_asked_about(procedure: Make, read_out: ReadOut) -> None:
    made = view(procedure(cases=ALTERNATIVES), "documents")
    assert made.response == "choose_case"
    assert made.status == "clarify"
    assert "1. Trường hợp cấp mới\n2. Trường hợp cấp lại\n" in read_out(made)
    assert [choice["case"] for choice in made.offered] == [1, 2]
    assert [button["payload"] for button in made.buttons] == [
        '/ask_documents{"procedure_code": "1.001193", "case": "1"}',
        '/ask_documents{"procedure_code": "1.001193", "case": "2"}',
    ]


@pytest.mark.parametrize(("case", "name"), [(1, "cấp mới"), (2, "cấp lại"), (0, "cấp mới"), (9, "cấp lại")])
def test_the_chosen_case_comes_with_what_holds_for_all(
    procedure: Make, read_out: ReadOut, case: int, name: str
) -> None:
    text = read_out(view(procedure(cases=ALTERNATIVES), "documents", case=case))
    assert f"1. Tờ khai {name}" in text
    assert text.count("Tờ khai") == 1
    assert "Giấy ủy quyền" in text


def test_no_more_cases_are_offered_than_one_can_choose_by_digit(procedure: Make) -> None:
    cases = tuple(Case(f"Trường hợp {chr(97 + n)}", (paper("Tờ khai"),), None) for n in range(15))
    made = view(procedure(cases=cases), "documents")
    assert len(made.offered) == len(made.buttons) == MOST_CASES


def test_a_single_alternative_is_no_choice(procedure: Make) -> None:
    assert view(procedure(cases=ALTERNATIVES[:1]), "documents").response == "answer_documents"


def test_many_documents_come_in_pages_that_lose_none(procedure: Make, read_out: ReadOut) -> None:
    made = procedure(cases=(Case("", papers(2 * DOCUMENTS_PER_PAGE + 3), None),))
    shown, page = [], 1
    while True:
        part = view(made, "documents", page=page)
        shown += re.findall(r"^(\d+)\. Giấy", read_out(part), re.MULTILINE)
        if not part.buttons:
            break
        page += 1
        assert f'"page": "{page}"' in part.buttons[0]["payload"]
        assert part.values["left"]["count"] == 2 * DOCUMENTS_PER_PAGE + 3 - len(shown)
    assert shown == [str(number) for number in range(1, 2 * DOCUMENTS_PER_PAGE + 4)]
    assert part.values["left"] == ""


def test_the_next_page_stays_in_the_chosen_case(procedure: Make) -> None:
    first = Case("Trường hợp cấp mới", papers(DOCUMENTS_PER_PAGE + 1), None)
    made = view(procedure(cases=(first, ALTERNATIVES[1])), "documents", case=1)
    assert (
        made.buttons[0]["payload"] == '/ask_documents{"procedure_code": "1.001193", "case": "1", "page": "2"}'
    )


@pytest.mark.parametrize("aspect", ["documents", "steps", "requirements", "legal_basis"])
def test_a_page_beyond_the_end_is_the_last(procedure: Make, read_out: ReadOut, aspect: str) -> None:
    made = procedure(
        cases=(Case("", papers(DOCUMENTS_PER_PAGE + 1), None),),
        steps=(Step("", "Nộp hồ sơ."),),
        requirements="Đủ tuổi.",
        legal_bases=tuple(LegalBasis(f"{n}/2020/QH", "Luật") for n in range(BASES_PER_PAGE + 1)),
    )
    last = {"documents": 2, "legal_basis": 2}.get(aspect, 1)
    assert read_out(view(made, aspect, page=99)) == read_out(view(made, aspect, page=last))


def test_fees_are_listed_and_not_more_than_a_screen(procedure: Make) -> None:
    many = tuple(Fee("FEE", 1000 * n, "VND", f"loại {chr(97 + n)}") for n in range(1, 15))
    made = view(procedure(methods=(Method("DIRECT", None, many, ""),)), "fee")
    assert made.response == "answer_fee"
    assert len(made.values["fees"]) == 8


def test_a_place_may_be_only_an_address(procedure: Make, read_out: ReadOut) -> None:
    text = read_out(view(procedure(receiving_address="Số 1 đường A"), "place"))
    assert "Nơi nhận hồ sơ: Số 1 đường A" in text


def test_long_steps_come_in_pages_that_lose_nothing(procedure: Make, read_out: ReadOut) -> None:
    steps = tuple(Step(f"Bước {n}", "Công dân nộp hồ sơ tại bộ phận một cửa. " * 12) for n in range(1, 7))
    made = procedure(steps=steps)
    bodies, page = [], 1
    while True:
        part = view(made, "steps", page=page)
        bodies.append(part.values["body"])
        if not part.buttons:
            break
        assert "(Còn tiếp)" in read_out(part)
        page += 1
    assert page > 2
    assert " ".join(bodies).split() == " ".join(f"{step.name}: {step.text}" for step in steps).split()


def test_requirements_are_the_portals_own_words(procedure: Make, read_out: ReadOut) -> None:
    made = view(procedure(requirements="Nam từ đủ 20 tuổi."), "requirements")
    assert "Nam từ đủ 20 tuổi." in read_out(made)
    assert "exists only in Vietnamese" in read_out(made, "en")


def test_legal_bases_come_in_pages(procedure: Make, read_out: ReadOut) -> None:
    bases = tuple(LegalBasis(f"{n}/2014/QH13", f"Luật {n}") for n in range(1, BASES_PER_PAGE + 3))
    first, second = (view(procedure(legal_bases=bases), "legal_basis", page=page) for page in (1, 2))
    assert read_out(first).count("/2014/QH13") == BASES_PER_PAGE
    assert read_out(second).count("/2014/QH13") == 2
    assert len(first.buttons) == 1 and second.buttons == []


def test_forms_with_files_are_links_each_once(procedure: Make) -> None:
    form = Form("Mẫu số 1", "https://portal.example/m1")
    cases = (Case("a", (paper("Tờ khai", forms=(form,)), paper("Tờ khai", forms=(form,))), None),)
    made = view(procedure(cases=cases), "form")
    assert made.response == "answer_form"
    assert made.links == [{"title": "Mẫu số 1", "url": "https://portal.example/m1"}]


def test_forms_without_files_are_named(procedure: Make, read_out: ReadOut) -> None:
    cases = (Case("", (paper("Tờ khai đăng ký"), paper("Căn cước"), paper("Đơn đề nghị")), None),)
    made = view(procedure(cases=cases), "form")
    assert made.response == "answer_form_named"
    assert "- Tờ khai đăng ký\n- Đơn đề nghị" in read_out(made)
    assert "Căn cước" not in read_out(made)


def test_the_result_is_listed(procedure: Make, read_out: ReadOut) -> None:
    assert "- Giấy khai sinh" in read_out(view(procedure(results=("Giấy khai sinh",)), "result"))


@pytest.mark.parametrize(("online", "linked"), [("full", True), ("partial", True), ("none", False)])
def test_only_what_can_be_submitted_online_has_the_link(procedure: Make, online: str, linked: bool) -> None:
    made = view(procedure(online=online), "online")
    assert made.response == f"answer_online_{online}"
    assert [link["url"] for link in made.links] == (["https://portal.example/1"] if linked else [])
