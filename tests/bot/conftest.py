"""A small tree of training data that is clean, for tests that break it; the assistant's rules, learned."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from troly.settings import settings


class DataTree:
    """A project folder whose data files a test reads, changes and writes."""

    def __init__(self, project: Path) -> None:
        self.project = project

    def write(self, name: str, content: object) -> None:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, str):
            content = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
        path.write_text(content, encoding="utf-8")

    def read(self, name: str) -> object:
        return yaml.safe_load((self.project / name).read_text(encoding="utf-8"))

    def add_sentence(self, name: str, sentence: object) -> None:
        content = self.read(name)
        assert isinstance(content, dict)
        content["sentences"].append(sentence)
        self.write(name, content)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is kept from one training to the next lies in a folder of the test's own."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path))
    settings.cache_clear()
    yield
    settings.cache_clear()


_BORDER = {"definition": "What it means.", "borderline": ["What it is not."]}


@pytest.fixture
def tree(tmp_path: Path) -> DataTree:
    """Two intents, two languages with sentences and one without, every other file with an entry."""
    made = DataTree(tmp_path)
    made.write(
        "nlu_data/intents.yml",
        {
            "ask_fee": {"aspect": "fee", "needs_procedure": True, **_BORDER},
            "greet": {"needs_procedure": False, **_BORDER},
        },
    )
    languages = {
        code: {"name": name, "name_vi": name, "name_en": name, "answers": answers, "ask": [name.lower()]}
        for code, name, answers in (("vi", "Việt", True), ("en", "English", True), ("ko", "한국어", False))
    }
    made.write("nlu_data/languages.yml", {"languages": languages})
    numbers = {("vi", "ask_fee"): 120, ("vi", "greet"): 60, ("en", "ask_fee"): 60, ("en", "greet"): 40}
    for (language, intent), number in numbers.items():
        head = {"language": language, "intent": intent}
        lines = [f"{language} {intent} số {count}" for count in range(number)]
        made.write(f"nlu_data/{language}/{intent}.yml", {**head, "sentences": lines})
        record = {"text": f"{language} {intent} chưa thấy", "variant": "accented", "procedures": ["1.001193"]}
        made.write(f"tests/nlu/{language}/{intent}.yml", {**head, "sentences": [record]})
    made.write(
        "nlu_data/procedures.yml",
        [
            {"code": "1.001193", "vi": ["khai sinh"], "en": ["birth certificate"], "ko": ["출생신고"]},
            {"code": "2.000528", "vi": ["khai sinh có cha là người nước ngoài"]},
        ],
    )
    options = [
        {"code": "1.001193", "vi": "Không", "en": "No"},
        {"code": "2.000528", "vi": "Có", "en": "Yes"},
    ]
    question = {"vi": "Có ai là người nước ngoài không?", "en": "Is one of you a foreigner?"}
    made.write("nlu_data/siblings.yml", [{"id": "birth", "question": question, "options": options}])
    made.write("nlu_data/synonyms.yml", [{"say": ["sổ đỏ"], "official": ["quyền sử dụng đất"]}])
    ambiguous = [{"token": "hc", "meaning": "hộ chiếu", "before": ["làm"], "after": []}]
    made.write("nlu_data/teencode.yml", {"entries": {"ko": "không"}, "ambiguous": ambiguous})
    made.write("nlu_data/titles_en.yml", {"1.001193": "Birth registration"})
    made.write("bot/responses/en.yml", '# English\nutter_greet: "Hello"\n')
    return made


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where bot/cache.py keeps what was computed, in a folder of the test's own; not made yet."""
    monkeypatch.setenv("MODEL_DIR", str(tmp_path / "models"))
    settings.cache_clear()
    yield tmp_path / "models" / "cache"
    settings.cache_clear()


class _NoStorage:
    def write_to(self, _: object) -> Any:
        raise AssertionError("nothing is stored")


@pytest.fixture(scope="session")
def own_rules() -> tuple[Any, Any, list[Any]]:
    """The assistant's own rules as Rasa's policy learns them; its domain; a tracker for each rule."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rasa.core.policies.rule_policy import RulePolicy
        from rasa.core.training.training import create_action_fingerprints
        from rasa.engine.graph import ExecutionContext, GraphSchema
        from rasa.engine.storage.resource import Resource
        from rasa.shared.core.generator import TrainingDataGenerator

        from bot.importer import AssistantImporter

        importer = AssistantImporter()
        domain, rules = importer.get_domain(), importer.get_stories()
        trackers = TrainingDataGenerator(
            rules, domain, remove_duplicates=True, augmentation_factor=0, use_story_concatenation=False
        ).generate()
        config = {**RulePolicy.get_default_config(), "check_for_contradictions": False}
        context = ExecutionContext(GraphSchema({}))
        policy = RulePolicy(config, _NoStorage(), Resource("rules"), context)
        policy._fallback_action_name = config["core_fallback_action_name"]
        create_action_fingerprints(trackers, domain)
        policy._create_lookup_from_trackers(trackers, [], domain)
    return policy, domain, trackers
