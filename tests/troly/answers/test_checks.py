"""Texts that citizens read: the shipped ones pass, what would break or shame us does not."""

from __future__ import annotations

from typing import Any

import pytest

from troly.answers import checks
from troly.answers.guides import raw_guides
from troly.answers.responses import LANGUAGES, by_service, load

SHIPPED = {language: load(language) for language in LANGUAGES}


def content_of(name: str) -> dict[str, Any]:
    """The shipped response as staff would save it."""
    return {
        language: {
            "text": SHIPPED[language][name]["text"],
            "buttons": [button["title"] for button in SHIPPED[language][name].get("buttons", [])],
        }
        for language in LANGUAGES
    }


def faults(name: str, language: str, text: str) -> list[str]:
    content = content_of(name)
    content[language]["text"] = text
    shipped = {one: SHIPPED[one][name] for one in LANGUAGES}
    return [fault.code for fault in checks.response(name, shipped, content)]


def test_every_shipped_response_passes() -> None:
    found = {
        name: found
        for name in SHIPPED["vi"]
        if (found := checks.response(name, {one: SHIPPED[one][name] for one in LANGUAGES}, content_of(name)))
    }
    assert found == {}
    assert len(SHIPPED["vi"]) > 400


def test_every_shipped_guide_passes() -> None:
    assert {name: found for name, raw in raw_guides().items() if (found := checks.guide(raw))} == {}


def test_the_services_together_are_all_responses() -> None:
    services = by_service("vi")
    assert {"general", "guides", "offices"} <= services.keys()
    assert sum(map(len, services.values())) == len(SHIPPED["vi"])


@pytest.mark.parametrize(
    ("language", "text", "code"),
    [
        ("vi", "", "empty"),
        ("vi", "Danh sách chỉ có mấy lựa chọn.", "place_missing"),
        ("vi", "Danh sách {count} lựa chọn của {citizen}.", "place_unknown"),
        ("vi", "Danh sách {count} lựa chọn {0}.", "brace"),
        ("vi", "Danh sách {count!r} lựa chọn, {count}.", "brace"),
        ("en", "{count} choices }.", "brace"),
        ("en", "<b>{count}</b> choices.", "markup"),
        ("en", "{count} choices <script>alert(1)</script>.", "markup"),
        ("en", "{count} choices <!-- x.", "markup"),
        ("en", "{count} choices &lt;b.", "markup"),
        ("en", "{count} choices javascript:alert(1).", "markup"),
        ("vi", "Mình chỉ có {count} lựa chọn.", "not_ours"),
        ("vi", "Quý khách có {count} lựa chọn.", "not_ours"),
        ("vi", "Anh chị có {count} lựa chọn.", "address"),
        ("vi", "Có {count} lựa chọn.\nXin chọn lại", "no_mark"),
        ("en", "{count} " + "long " * 400 + ".", "long"),
    ],
)
def test_what_cannot_be_used_is_named(language: str, text: str, code: str) -> None:
    assert code in faults("choice_out_of_range", language, text)


@pytest.mark.parametrize(
    "text", ["Chỉ có {count} lựa chọn. Trẻ em < 14 tuổi, phí > 5 đồng, bực mình.", "1 {count} & 2."]
)
def test_what_only_looks_like_it_is_allowed(text: str) -> None:
    assert faults("choice_out_of_range", "vi", text) == []


def test_a_button_keeps_its_number_and_is_short() -> None:
    content = content_of("utter_greet")
    shipped = {one: SHIPPED[one]["utter_greet"] for one in LANGUAGES}
    content["vi"]["buttons"].pop()
    content["en"]["buttons"][0] = "a" * 61
    content["en"]["buttons"][1] = "{name}"
    found = {(fault.code, fault.field) for fault in checks.response("utter_greet", shipped, content)}
    assert found == {("buttons", "vi"), ("long", "en.button.1"), ("brace", "en.button.2")}


def test_texts_are_stored_composed_and_tidy() -> None:
    assert checks.tidy("  Cha\u0300o \u202eAnh/Chị  ạ \r\n\r\n\r\n\r\n x\u200b ") == "Chào Anh/Chị ạ\n\nx"
    assert not checks.is_tidy("Cha\u0300o") and not checks.is_tidy("a  b") and checks.is_tidy("Chào\n")


@pytest.mark.parametrize(
    ("part", "value", "code"),
    [
        ("title", {"vi": "Đăng nhập", "en": ""}, "empty"),
        ("needs", {"vi": "Mình cần {x}.", "en": "A phone."}, "not_ours"),
        ("needs", {"vi": "Cần {x}.", "en": "A phone."}, "brace"),
        ("steps", [], "no_steps"),
        ("steps", [{"vi": "Mở <b>máy</b>.", "en": "Open."}], "markup"),
        ("steps", [{"vi": "Mở máy.", "en": "Open."}] * 21, "many_steps"),
        ("names", ["  "], "empty"),
        ("source", {"title": "x", "url": "http://a.example", "as_of": "2026-11-22"}, "wrong_url"),
        ("source", {"title": "x", "url": "", "as_of": "hôm nay"}, "wrong_day"),
    ],
)
def test_a_guide_that_cannot_be_used_is_named(part: str, value: Any, code: str) -> None:
    raw = raw_guides()["vneid-lost-phone"] | {part: value}
    assert code in [fault.code for fault in checks.guide(raw)]


def test_a_text_of_an_older_version_fits_only_with_the_same_places_and_buttons() -> None:
    shipped = {"text": "Có {count}.", "buttons": [{"title": "x", "payload": "/x"}]}
    assert checks.fits(shipped, {"text": "{count} cái.", "buttons": ["y"]})
    assert not checks.fits(shipped, {"text": "Nhiều cái.", "buttons": ["y"]})
    assert not checks.fits(shipped, {"text": "{count} {more}.", "buttons": ["y"]})
    assert not checks.fits(shipped, {"text": "{count} cái."})
