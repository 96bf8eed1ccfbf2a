"""What the gateway says: shipped in both languages, changed only to what can be said, never formatted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from troly.answers import checks, notices
from troly.answers.notices import Notices, load
from troly.answers.responses import LANGUAGES
from troly.errors import UsageError

SHIPPED = load()


def content(name: str, **changed: str) -> dict[str, Any]:
    """The shipped text as staff would save it, with other words."""
    texts = dict(SHIPPED[name].text) | changed
    return {language: {"text": texts[language]} for language in LANGUAGES}


def codes(name: str, **changed: str) -> list[str]:
    return [fault.code for fault in notices.faults(name, SHIPPED[name], content(name, **changed))]


def test_every_shipped_text_is_in_both_languages_with_the_same_places_and_passes() -> None:
    assert len(SHIPPED) > 120
    for name, notice in SHIPPED.items():
        assert checks.places(notice.text["vi"]) == checks.places(notice.text["en"]), name
        assert all(checks.is_tidy(text) for text in notice.text.values()), name
    found = {name: found for name in SHIPPED if (found := codes(name))}
    assert found == {}


def test_a_text_in_one_language_only_or_twice_is_named(tmp_path: Path) -> None:
    (tmp_path / "vi.yml").write_text('a:\n  one: "một"\n  two: "hai"\n', "utf-8")
    (tmp_path / "en.yml").write_text('a:\n  one: "one"\n', "utf-8")
    with pytest.raises(UsageError, match="two: in one language"):
        load(tmp_path)
    (tmp_path / "en.yml").write_text('a:\n  one: "one"\nb:\n  one: "one"\n', "utf-8")
    with pytest.raises(UsageError, match="one stands twice"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("name", "vi", "code"),
    [
        ("flood", "Xin gửi lại sau.", "place_missing"),
        ("flood", "Gửi lại sau {seconds} giây, {name}.", "place_unknown"),
        ("flood", "Gửi lại sau {seconds!r} {seconds} giây.", "brace"),
        ("flood", "Gửi lại sau {seconds.__class__} {seconds} giây.", "brace"),
        ("flood", "<b>{seconds}</b> giây.", "markup"),
        ("flood", "", "empty"),
        ("error", "Mình xin lỗi.", "not_ours"),
        ("error", "Xin lỗi anh chị.", "address"),
        ("error", "Xin lỗi Anh/Chị", "no_mark"),
        ("error", "Xin lỗi. " * 200, "long"),
        ("privacy", "Nội dung được lưu.", "word_missing"),
        ("button_person", "Gặp cán bộ " * 8, "long"),
        ("button_person", "Gặp\ncán bộ", "one_line"),
        ("telegram_erase_yes", "Xóa " * 20, "long"),
        ("telegram_stale", "Hết hạn. " * 30, "long"),
    ],
)
def test_what_cannot_be_said_is_named(name: str, vi: str, code: str) -> None:
    assert code in codes(name, vi=vi)


def test_other_words_pass() -> None:
    assert codes("privacy", vi="Trợ lý tự động. Viết /delete để xóa hết.") == []
    assert codes("button_person", vi="Gặp người thật", en="A real person") == []


def test_what_staff_made_live_is_said_until_it_is_taken_back() -> None:
    said = Notices()
    assert said.say("flood", "en", seconds=5) == SHIPPED["flood"].text["en"].replace("{seconds}", "5")
    said.take({"flood": content("flood", vi="Đợi {seconds} giây.")})
    assert said.say("flood", "vi", seconds=5) == "Đợi 5 giây."
    assert said.say("flood", "ko", seconds=5) == "Đợi 5 giây."
    assert "5 seconds" in said.say("flood", "en", seconds=5)
    said.take({})
    assert said.say("flood", "vi", seconds=5).startswith("Anh/Chị gửi nhiều tin")


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "một",
        {},
        {"vi": {"text": "Đợi {seconds}."}},
        {"vi": {"text": "Đợi."}, "en": {"text": "Wait {seconds}."}},
        {"vi": {"text": "Đợi {seconds} {more}."}, "en": {"text": "Wait {seconds}."}},
        {"vi": {"text": ""}, "en": {"text": "Wait {seconds}."}},
        {"vi": ["Đợi {seconds}."], "en": {"text": "Wait {seconds}."}},
    ],
)
def test_what_does_not_fit_this_version_is_not_said(stored: Any) -> None:
    said = Notices()
    said.take({"flood": stored, "error": content("error", vi="Xin lỗi."), "no_such": {"vi": 1}})
    assert said.say("flood", "vi", seconds=5).startswith("Anh/Chị gửi nhiều tin")
    assert said.say("error", "vi") == "Xin lỗi."


def test_what_platforms_were_given_cannot_be_changed_while_running() -> None:
    name = "telegram_command_help"
    assert Notices({name: content(name, vi="Khác")}).say(name, "vi") == SHIPPED[name].text["vi"]


def test_a_value_is_written_as_it_is_and_braces_mean_nothing_else() -> None:
    said = Notices({"zalo_oa_image": content("zalo_oa_image", vi="{url} {url}")})
    assert said.say("zalo_oa_image", "vi", url="{seconds}<b>") == "{seconds}<b> {seconds}<b>"
    hostile = {one: {"text": "{url.__class__} {url}"} for one in LANGUAGES}
    assert Notices({"zalo_oa_image": hostile}).say("zalo_oa_image", "vi", url="x") == "{url.__class__} x"
