"""One list of papers: each once, what everybody needs first, cases that exclude each other left open."""

from __future__ import annotations

from collections.abc import Callable

from actions.life_events.papers import combined, has_open_cases
from portal.models import Case, Document, Procedure

Make = Callable[..., Procedure]


def paper(name: str, originals: int = 1, copies: int = 0) -> Document:
    return Document(name, "", originals, copies, ())


def test_a_paper_of_two_procedures_stands_once_with_both(procedure: Make) -> None:
    first = procedure(cases=(Case("", (paper("- Giấy chứng sinh; trường hợp không có thì nộp …"),), None),))
    second = procedure(cases=(Case("", (paper("Giấy chứng sinh", 0, 2), paper("Tờ khai")), None),))
    listed = combined([(first, ""), (second, "")])
    assert [(one.name, one.needed) for one in listed] == [("Giấy chứng sinh", (1, 2)), ("Tờ khai", (2,))]
    assert (listed[0].originals, listed[0].copies, listed[0].only_if) == (1, 2, False)


def test_copies_and_forms_of_one_paper_are_the_same_paper(procedure: Make) -> None:
    names = ("Tờ khai đăng ký khai sinh theo mẫu quy định", "Tờ khai đăng ký khai sinh theo mẫu")
    first, second = (procedure(cases=(Case("", (paper(name),), None),)) for name in names)
    assert [one.needed for one in combined([(first, ""), (second, "")])] == [(1, 2)]


def test_what_some_need_only_comes_last(procedure: Make) -> None:
    papers = (
        paper("Văn bản ủy quyền trong trường hợp ủy quyền"),
        paper("Sổ bảo hiểm, trừ trường hợp đang hưởng lương hưu"),
        paper("Tờ khai (nếu nộp trực tiếp)"),
    )
    listed = combined([(procedure(cases=(Case("", papers, None),)), "")])
    assert [one.only_if for one in listed] == [False, False, True]
    assert listed[-1].name.startswith("Văn bản ủy quyền")


def test_remarks_and_headings_are_no_papers(procedure: Make) -> None:
    papers = (paper("* Lưu ý: nộp đủ", 0, 0), paper("* Tùy từng trường hợp, nộp giấy tờ sau đây:"))
    assert combined([(procedure(cases=(Case("", papers, None),)), "")]) == []


def test_a_list_within_one_field_is_taken_apart(procedure: Make) -> None:
    blob = "A. Thành phần hồ sơ: a) Đơn đề nghị; b) Bản thuyết minh; c) Giấy khám sức khỏe"
    listed = combined([(procedure(cases=(Case("", (paper(blob),), None),)), "")])
    assert [one.name for one in listed] == ["Đơn đề nghị", "Bản thuyết minh", "Giấy khám sức khỏe"]


def test_cases_that_exclude_each_other_are_left_open_unless_the_answers_choose(procedure: Make) -> None:
    cases = (
        Case("Vào nhà thuê, mượn", (paper("Hợp đồng thuê nhà"),), None),
        Case("Vào nhà của mình", (paper("Giấy tờ nhà"),), None),
        Case("", (paper("Tờ khai CT01"),), None),
    )
    record = procedure(cases=cases)
    assert [one.name for one in combined([(record, "")])] == ["Tờ khai CT01"]
    assert has_open_cases(record, "")
    chosen = combined([(record, "thuê, mượn")])
    assert {one.name for one in chosen} == {"Tờ khai CT01", "Hợp đồng thuê nhà"}
    assert not has_open_cases(record, "thuê, mượn")
