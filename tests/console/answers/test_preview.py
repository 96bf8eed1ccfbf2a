"""The preview has a value for every place, and differences read as a person would mark them."""

from __future__ import annotations

import pytest

from console.answers import preview
from console.answers.diff import differences, words
from console.answers.texts import AREAS, _items
from console.texts import texts
from troly.answers.checks import Fault, places


def test_every_place_of_a_shipped_text_has_an_example() -> None:
    needed = {
        place
        for language in ("vi", "en")
        for response in preview.shipped(language).values()
        for place in places(response["text"])
    }
    assert needed - set(preview.examples()["all"]) == set()
    assert set(preview.examples()["all"]) - needed == set(), "no example is left over"
    assert set(preview.examples()["responses"]) <= set(preview.shipped("vi"))


@pytest.mark.parametrize("name", sorted(preview.shipped("vi")))
def test_every_shipped_text_can_be_previewed_on_every_channel(name: str) -> None:
    for shown in preview.say({}, name):
        assert set(shown.channels) == {"web", "telegram", "zalo_oa", "zalo_bot"}
        for messages in shown.channels.values():
            assert messages and all("{" not in message.text for message in messages)
            assert all(message.text.strip() or message.buttons for message in messages)


def test_a_long_text_is_cut_where_zalo_cuts_it_and_not_on_the_web() -> None:
    long = "\n\n".join(["Một câu dài về thủ tục."] * 60)
    (vi, _) = preview.say({"utter_goodbye": {"vi": {"text": long * 2}, "en": {"text": "x"}}}, "utter_goodbye")
    assert len(vi.channels["web"]) == 1
    assert len(vi.channels["zalo_bot"]) == len(vi.channels["zalo_oa"]) == 2
    assert all(len(message.text) <= 2000 for message in vi.channels["zalo_bot"])


def test_every_text_belongs_to_an_area_that_has_a_name() -> None:
    assert {item.area for item in _items().values()} == set(AREAS)
    assert all(f"answers.area_{area}" in texts("en") for area in AREAS)


def test_every_fault_has_words_that_name_the_fix() -> None:
    import re

    from troly.settings import ROOT

    source = (ROOT / "troly" / "answers" / "checks.py").read_text("utf-8")
    codes = set(re.findall(r'Fault\("(\w+)"', source)) | {
        f"wrong_{name}" for name in ("name", "map_url", "appointment_url", "as_of", "hours")
    }
    assert len(codes) > 12
    assert {f"answers.fault_{code}" for code in codes} - texts("vi").keys() == set()
    assert Fault("empty").field == ""


def test_a_difference_is_a_whole_phrase_and_loses_nothing() -> None:
    pieces = words("Chào Anh/Chị. Gọi {count} lần.", "Chào Anh/Chị! Gọi {number} lần.")
    assert [(piece.how, piece.text) for piece in pieces] == [
        ("same", "Chào Anh/Chị"),
        ("gone", "."),
        ("new", "!"),
        ("same", " Gọi "),
        ("gone", "{count}"),
        ("new", "{number}"),
        ("same", " lần."),
    ]
    pieces = words("một hai ba", "bốn năm ba")
    assert [(piece.how, piece.text) for piece in pieces][:2] == [("gone", "một hai"), ("new", "bốn năm")]


@pytest.mark.parametrize(("old", "new"), [("", "a b"), ("a b", ""), ("a  b\n\nc", "a b\nc d"), ("x", "x")])
def test_the_pieces_make_up_both_texts(old: str, new: str) -> None:
    pieces = words(old, new)
    assert "".join(piece.text for piece in pieces if piece.how != "new") == old
    assert "".join(piece.text for piece in pieces if piece.how != "gone") == new


def test_only_fields_that_differ_are_told_and_lost_ones_too() -> None:
    found = differences({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "x"})
    assert [change.field for change in found] == ["b", "c"]
