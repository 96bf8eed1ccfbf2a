"""Every text that the assistant says exists in both languages, with all that it needs.

Our style is tested in tests/troly/answers/test_checks.py, by the checks that staff's texts must pass too.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot import assistant
from bot.response_files import FOLDER, LANGUAGES, compile_domain_responses, load, renderers, statuses
from troly.errors import UsageError

_PLACE = re.compile(r"\{([a-z_]+)\}")


def all_texts(language: str) -> Iterator[tuple[str, str]]:
    for name, response in load(language).items():
        yield name, str(response["text"])
        for button in response.get("buttons", []):
            yield name, button["title"]


def test_both_languages_have_the_same_responses() -> None:
    assert list(load("vi")) == list(load("en"))


def test_a_key_that_one_language_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "vi.yml").write_text("a: Chào\nonly_vi: x\n", encoding="utf-8")
    (tmp_path / "en.yml").write_text("a: Hello\nonly_en: y\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"only_en, only_vi$"):
        compile_domain_responses(tmp_path)


def test_no_key_is_written_twice() -> None:
    for path in FOLDER.glob("*.yml"):
        keys = re.findall(r'^(".+?"|[a-z_0-9]+):', path.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(keys) == len(yaml.safe_load(path.read_text(encoding="utf-8"))), path.name
        assert len(keys) == len(set(keys)), path.name


def test_statuses_are_given_to_responses_that_exist() -> None:
    assert set(statuses()) - set(load("vi")) == set()


def test_buttons_do_the_same_in_both_languages() -> None:
    vi, en = load("vi"), load("en")
    for name in vi:
        pairs = zip(vi[name].get("buttons", []), en[name].get("buttons", []), strict=True)
        for one, other in pairs:
            switches = all(button["payload"].startswith("/change_language{") for button in (one, other))
            assert one["payload"] == other["payload"] or switches, name


def test_the_payload_of_every_button_can_be_sent_and_understood() -> None:
    domain = assistant.compile_domain()
    payloads = {
        button["payload"]
        for language in LANGUAGES
        for response in load(language).values()
        for button in response.get("buttons", [])
    }
    assert len(payloads) >= 5
    for payload in payloads:
        found = re.fullmatch(r"/([a-z_]+)(\{.*\})?", payload)
        assert found is not None, payload
        assert len(payload) <= 512
        assert found[1] in domain["intents"]
        assert set(json.loads(found[2] or "{}")) <= set(domain["entities"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_composed_and_without_stray_white_space(language: str) -> None:
    for name, text in all_texts(language):
        assert unicodedata.is_normalized("NFC", text), name
        assert text.strip(), name
        assert "\t" not in text, name
        for line in text.rstrip("\n").split("\n"):
            assert line == line.strip(), (name, line)
            assert "  " not in line, (name, line)


def test_an_answer_tells_when_it_is_a_copy_or_withdrawn() -> None:
    for language in LANGUAGES:
        for name, response in load(language).items():
            if name.startswith(("answer_", "lacking_")):
                assert {"copy", "withdrawn"} <= set(_PLACE.findall(response["text"])), name


def test_the_domain_has_a_variant_for_each_language_and_one_for_the_rest() -> None:
    compiled = compile_domain_responses()["utter_greet"]
    assert [variant.get("condition", [{}])[0].get("value") for variant in compiled] == ["vi", "en", None]
    assert "Chào Anh/Chị!" in compiled[2]["text"] and "Hello!" in compiled[2]["text"]


def test_renderers_are_made_from_the_compiled_domain() -> None:
    made = renderers(compile_domain_responses())
    assert set(made) == set(LANGUAGES)
    assert made["vi"].text("button_fee", {}) == "Lệ phí"
    assert made["en"].text("button_fee", {}) == "Fee"
    assert made["en"].value({"official": "Sở Tư pháp"}) == "Department of Justice (Sở Tư pháp)"
