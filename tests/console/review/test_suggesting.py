"""Which names are offered for a procedure, and which messages give them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from console.review.known import known
from console.review.procedures import Index, Procedure
from console.review.suggesting import MOST, Suggestion, offers, shared_out
from console.review.suggesting import suggested as of_offers
from troly.learning import folded

BEES, BIRTH, LAND = "2.002132", "1.001193", "1.013823"


@dataclass
class Item:
    text: str
    language: str = "vi"
    id: int = 1

    @property
    def folded(self) -> str:
        return folded(self.text)


@pytest.fixture(scope="module")
def index() -> Index:
    rows = [
        Procedure(BEES, "Đăng ký nuôi ong lấy mật", None, "Nông nghiệp"),
        Procedure(BIRTH, "Đăng ký khai sinh", "Birth registration", "Hộ tịch"),
        Procedure(LAND, "Đăng ký biến động quyền sử dụng đất do chuyển nhượng", None, "Đất đai"),
    ]
    names = {BIRTH: ("làm giấy khai sinh",), LAND: ("sang tên sổ đỏ", "mua bán đất"), BEES: ("thùng mật",)}
    return Index(rows, names)


def suggested(items: list[Item], index: Index, code: str | None) -> list[Suggestion]:
    return of_offers(offers(items, known()), index, code)


STORY = (
    "Dạ em chào anh chị, tháng trước em có cãi nhau với ông hàng xóm, giờ em muốn sang tên quyền sử dụng đất "
    "mới mua thì lệ phí bao nhiêu ạ"
)


def test_the_clause_that_shares_words_with_the_procedure_comes_first_and_is_ticked(index: Index) -> None:
    first, *others = suggested([Item(STORY)], index, LAND)
    assert "quyền sử dụng đất" in first.name and first.ticked
    assert any("hàng xóm" in one.name for one in others)
    assert not any(one.ticked for one in others)


def test_what_the_procedure_is_called_already_is_not_offered(index: Index) -> None:
    assert suggested([Item("cho em hỏi làm giấy khai sinh ạ")], index, BIRTH) == []
    assert suggested([Item("dang ky khai sinh")], index, BIRTH) == []


def test_what_another_procedure_is_called_is_shown_and_not_ticked(index: Index) -> None:
    (one,) = suggested([Item("em muốn làm giấy khai sinh ạ")], index, BEES)
    assert (one.name, one.ticked, one.taken_by) == ("làm giấy khai sinh", False, BIRTH)


def test_a_group_offers_the_names_of_all_its_messages_each_once(index: Index) -> None:
    texts = [
        "đặt tổ ong sau vườn ạ",
        "dat to ong sau vuon",
        "cho hỏi nuôi bầy ong trên đồi",
        "đặt tổ ong sau vườn",
    ]
    found = suggested([Item(text, id=n) for n, text in enumerate(texts)], index, BEES)
    assert sorted(one.name for one in found) == ["nuôi bầy ong trên đồi", "đặt tổ ong sau vườn"]
    assert all(one.ticked for one in found)
    many = [
        Item(f"đặt tổ ong loại {word}", id=n)
        for n, word in enumerate(("to", "nhỏ", "vừa", "đôi", "ba", "tư", "cũ"))
    ]
    assert len(suggested(many, index, BEES)) <= MOST


def test_names_go_with_the_messages_that_say_them_and_written_ones_with_all() -> None:
    items = [Item("đặt tổ ong sau vườn ạ", id=1), Item("nuôi bầy ong trên đồi", id=2)]
    given = shared_out(["đặt tổ ong sau vườn", "nuôi bầy ong trên đồi", "ong nhà"], items, known())
    assert given == {1: ["đặt tổ ong sau vườn", "ong nhà"], 2: ["nuôi bầy ong trên đồi", "ong nhà"]}
