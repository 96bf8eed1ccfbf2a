"""The components inside Rasa: training, storing, loading and parsing, with a tiny catalogue, no encoder."""

from __future__ import annotations

import asyncio
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from bot.understanding import data, served
from bot.understanding.finder import Finder
from bot.understanding.finding import Finding
from portal.catalogue import CatalogueName
from troly.errors import UsageError
from troly.settings import ROOT, settings

Parse = Callable[[str], dict[str, Any]]

NAMES = [
    CatalogueName(
        "1.001193", "Thủ tục đăng ký khai sinh", "Birth registration", "Hộ tịch", ("commune",), "STANDARD"
    ),
    CatalogueName(
        "1.000894", "Thủ tục đăng ký kết hôn", "Marriage registration", "Hộ tịch", ("commune",), "STANDARD"
    ),
    CatalogueName("1.004222", "Đăng ký thường trú", None, "Cư trú", ("commune",), "STANDARD"),
    CatalogueName("1.012784", "Tách thửa hoặc hợp thửa đất", None, "Đất đai", ("commune",), "STANDARD"),
]
INTENTS = ("ask_fee", "ask_documents", "ask_procedure", "greet", "affirm", "change_language", "out_of_scope")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A trained model in a folder of its own. Training goes through Rasa, which checks every annotation."""
    folder = tmp_path_factory.mktemp("nlu")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, value in (
            ("ENCODER", "none"),
            ("DATA_DIR", str(folder)),
            ("MODEL_DIR", str(folder / "models")),
            ("RASA_CACHE_DIRECTORY", str(folder / "cache")),  # else an earlier run's components come back
        ):
            patch.setenv(name, value)
        settings.cache_clear()
        patch.setattr(served, "names", lambda: list(NAMES))
        patch.setattr(served, "fingerprint", lambda: "four")
        from rasa.model_training import train_nlu

        config = yaml.safe_load((ROOT / "bot" / "config.yml").read_text(encoding="utf-8"))
        (folder / "config.yml").write_text(yaml.safe_dump({**config, "policies": []}), encoding="utf-8")
        blocks = [
            {
                "intent": intent,
                "metadata": {"language": language},
                "examples": "".join(f"- {s.text}\n" for s in sentences),
            }
            for intent in INTENTS
            for language in ("vi", "en")
            if (sentences := [s for s in _sentences() if (s.intent, s.language) == (intent, language)][:30])
        ]
        (folder / "nlu.yml").write_text(yaml.safe_dump({"version": "3.1", "nlu": blocks}, allow_unicode=True))
        assert train_nlu(str(folder / "config.yml"), str(folder / "nlu.yml"), str(folder / "models"))
        yield folder
    settings.cache_clear()


def _sentences() -> list[data.Sentence]:
    return list(data.sentences(ROOT / "nlu_data"))


@pytest.fixture(scope="module")
def parse(folder: Path) -> Iterator[Parse]:
    from bot.commands import load_parser

    yield load_parser()
    logging.disable(logging.NOTSET)


def test_a_question_gets_language_intent_and_procedure(parse: Parse) -> None:
    found = parse("lệ phí đăng ký khai sinh là bao nhiêu")
    assert found["language"] == "vi"
    assert found["intent"]["name"] == "ask_fee"
    assert found["procedures"][0]["code"] == "1.001193"
    assert found["procedure_decision"] == "answer"
    assert found["text"] == "lệ phí đăng ký khai sinh là bao nhiêu"


def test_unaccented_text_is_restored_and_understood_alike(parse: Parse) -> None:
    found = parse("le phi dang ky ket hon la bao nhieu")
    assert found["text_restored"] == "lệ phí đăng ký kết hôn là bao nhiêu"
    assert (found["intent"]["name"], found["procedures"][0]["code"]) == ("ask_fee", "1.000894")


def test_marks_return_also_where_short_forms_were_written_out(parse: Parse) -> None:
    assert parse("lam lai cccd o dau")["text_restored"] == "làm lại căn cước công dân ở đâu"


def test_a_message_without_evidence_is_answered_in_the_conversations_language(parse: Parse) -> None:
    found = parse("👍")
    assert found["language"] == "vi"
    assert "language" not in {entity["entity"] for entity in found["entities"]}


def test_what_no_procedure_needs_names_none(parse: Parse) -> None:
    found = parse("xin chào")
    assert (found["procedures"], found["procedure_decision"]) == ([], "none")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the finder is asked for, in this order."""
    texts: list[str] = []
    find = Finder.find

    def noted(self: Finder, text: str, *more: Any) -> Finding:
        texts.append(text)
        return find(self, text, *more)

    monkeypatch.setattr(Finder, "find", noted)
    return texts


def test_a_mere_greeting_is_not_searched(parse: Parse, asked: list[str]) -> None:
    assert [parse(text)["intent"]["name"] for text in ("xin chào", "hello")] == ["greet", "greet"]
    assert asked == []
    parse("xin chào, cho hỏi làm giấy khai sinh")
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("text", "searched"),
    [
        ("nhà em ở phường Hồng Gai cũ, đăng ký khai sinh nộp đâu", "nhà em ở , đăng ký khai sinh nộp đâu"),
        ("dang ky khai sinh phuong bai chay", "dang ky khai sinh"),
        ("phường Hồng Gai", "phường Hồng Gai"),  # nothing would be left
    ],
)
def test_the_name_of_a_commune_is_not_searched(
    parse: Parse, asked: list[str], text: str, searched: str
) -> None:
    assert [entity["value"] for entity in parse(text)["entities"] if entity["entity"] == "commune"]
    assert [text.lower() for text in asked] == [searched.lower()]


def test_a_bare_code_is_told_apart_by_its_form(parse: Parse) -> None:
    found = parse("h4908 251105 0312")
    assert found["application_code"] == "H49.08-251105-0312"
    assert found["intent"]["name"] == "inform_application_code"
    assert "language" not in {entity["entity"] for entity in found["entities"]}
    assert parse("1.004222")["procedures"][0]["code"] == "1.004222"


def test_a_follow_up_names_no_procedure(parse: Parse) -> None:
    found = parse("thế lệ phí bao nhiêu")
    assert (found["intent"]["name"], found["procedure_decision"]) == ("ask_fee", "none")
    assert found["procedure_mention"] < 0.25


def test_a_position_is_a_choice_only_where_choices_were_offered(parse: Parse, folder: Path) -> None:
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import UserMessage
    from rasa.shared.core.slots import AnySlot
    from rasa.shared.core.trackers import DialogueStateTracker

    agent = Agent.load(str(next((folder / "models").glob("*.tar.gz"))))
    assert agent.processor
    tracker = DialogueStateTracker("c", [AnySlot("choices", [{}], initial_value=[{"title": "a"}])])
    offered = asyncio.run(agent.processor.parse_message(UserMessage("cái thứ 2"), tracker))
    alone = parse("cái thứ 2")
    assert offered["intent"]["name"] == alone["intent"]["name"] == "affirm"
    assert offered["intent"]["confidence"] > alone["intent"]["confidence"]
    assert {"entity": "ordinal", "value": 2}.items() <= offered["entities"][-1].items()


def test_a_language_named_in_passing_is_no_request(parse: Parse) -> None:
    entities = {e["entity"] for e in parse("giấy tờ dịch sang tiếng Anh cần những gì")["entities"]}
    assert "requested_language" not in entities
    asked = parse("chuyển sang tiếng Anh")
    assert asked["intent"]["name"] == "change_language"
    assert {"en"} == {e["value"] for e in asked["entities"] if e["entity"] == "requested_language"}


def test_every_component_states_its_time(parse: Parse) -> None:
    found = parse("xin chào")
    assert set(found["ms_parts"]) == {
        "normalizer",
        "language",
        "diacritics",
        "entities",
        "intent",
        "procedures",
        "scope",
        "follow_up",
    }
    assert found["ms"] == pytest.approx(sum(found["ms_parts"].values()), abs=0.01)


def test_confidences_are_ranked_and_json_safe(parse: Parse) -> None:
    found = parse("xin chào bạn")
    confidences = [one["confidence"] for one in found["intent_ranking"]]
    assert confidences == sorted(confidences, reverse=True)
    assert found["intent"] == found["intent_ranking"][0]
    json.dumps(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "👍",
        "\u202e\u200b",
        "\ud800",
        "a" * 10_000,
        "{{7*7}}",
        "'; DROP TABLE x;--",
        "\u2060/restart",
        "\x00",
        "1" * 500,
    ],
)
def test_bad_input_is_understood_as_something(parse: Parse, text: str) -> None:
    found = parse(text)
    assert found["intent"]["name"]
    assert found["procedure_decision"] in {"answer", "choose", "not_found", "none"}


def test_a_payload_is_left_to_rasa(parse: Parse) -> None:
    found = parse('/ask_fee{"procedure_code":"1.001193"}')
    assert found["intent"]["name"] == "ask_fee"
    assert [(e["entity"], e["value"]) for e in found["entities"]] == [("procedure_code", "1.001193")]


def test_the_command_writes_one_line_a_record(
    parse: Parse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot import commands

    monkeypatch.setattr(commands, "load_parser", lambda: parse)
    file = tmp_path / "messages.jsonl"
    file.write_text('{"id": "a", "text": "xin chào"}\n\n{"id": 7, "text": "khai sinh"}\n', encoding="utf-8")
    result = CliRunner().invoke(commands.parse, [str(file), "--json"])
    assert result.exit_code == 0
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["id"] for record in records] == ["a", 7]
    assert set(commands.FIELDS) <= set(records[0])


@pytest.mark.parametrize("line", ["{", '{"text": "a"}', '{"id": 1}', '{"id": 1, "text": 2}', "[]"])
def test_a_bad_line_is_named(line: str) -> None:
    from bot.commands import read_records

    with pytest.raises(UsageError, match=r"in\.jsonl:2: "):
        list(read_records(['{"id": 1, "text": "ok"}', line], "in.jsonl"))


def test_without_a_model_the_command_to_train_is_named(tmp_path: Path) -> None:
    from bot.versions import newest_model

    with pytest.raises(UsageError, match="troly train"):
        newest_model(tmp_path)
