"""A new intent or language starts from stubs that the check and the reader accept."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from bot.data_check import check
from bot.data_commands import data
from bot.data_scaffold import add_intent, add_language
from bot.understanding.data import sentences
from bot.understanding.errors import DataError


def snapshot(project: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}


def test_a_new_intent_has_all_files_and_lacks_only_sentences(tree) -> None:
    add_intent(tree.project, "ask_parking")
    assert [str(problem) for problem in check(tree.project)] == [
        "nlu_data/en/ask_parking.yml: has 0 sentences, needs at least 40",
        "nlu_data/vi/ask_parking.yml: has 0 sentences, needs at least 60",
        "tests/nlu/en/ask_parking.yml: needs at least one held-out sentence",
        "tests/nlu/vi/ask_parking.yml: needs at least one held-out sentence",
    ]
    assert len(list(sentences(tree.project / "nlu_data"))) == 280, "the reader takes the stubs"


def test_what_was_written_by_hand_stays_as_it_was(tree) -> None:
    before = (tree.project / "nlu_data/intents.yml").read_text(encoding="utf-8")
    add_intent(tree.project, "ask_parking")
    assert (tree.project / "nlu_data/intents.yml").read_text(encoding="utf-8").startswith(before)


@pytest.mark.parametrize("name", ["greet", "Ask-Parking", "a", "../etc", "ask fee"])
def test_a_taken_or_impossible_intent_is_refused_and_nothing_written(tree, name: str) -> None:
    before = snapshot(tree.project)
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        add_intent(tree.project, name)
    assert snapshot(tree.project) == before


def test_an_intent_with_one_file_left_over_is_refused_and_nothing_written(tree) -> None:
    tree.write("tests/nlu/vi/ask_parking.yml", {"language": "vi"})
    before = snapshot(tree.project)
    with pytest.raises(DataError, match=r"tests/nlu/vi/ask_parking\.yml: exists already"):
        add_intent(tree.project, "ask_parking")
    assert snapshot(tree.project) == before


def test_a_new_language_has_all_files_and_is_clean_until_it_answers(tree) -> None:
    lines = add_language(tree.project, "fr")
    found = [str(problem) for problem in check(tree.project)]
    assert found == []
    assert yaml.safe_load((tree.project / "nlu_data/fr/ask_fee.yml").read_text())["sentences"] == []
    assert tree.read("bot/responses/fr.yml") == tree.read("bot/responses/en.yml")
    assert any("bot/responses/fr.yml" in line for line in lines)
    languages = (tree.project / "nlu_data/languages.yml").read_text()
    (tree.project / "nlu_data/languages.yml").write_text(
        languages[: languages.index("  fr:")] + languages[languages.index("  fr:") :].replace("false", "true")
    )
    assert "nlu_data/fr/ask_fee.yml: has 0 sentences, needs at least 60" in map(str, check(tree.project))


def test_a_language_that_is_only_recognised_gets_its_files(tree) -> None:
    before = tree.read("nlu_data/languages.yml")
    add_language(tree.project, "ko")
    assert tree.read("nlu_data/languages.yml") == before
    assert (tree.project / "tests/nlu/ko/greet.yml").is_file()


def test_norwegian_is_no_falsehood(tree) -> None:
    add_language(tree.project, "no")
    assert check(tree.project) == []
    assert tree.read("nlu_data/no/greet.yml")["language"] == "no"


@pytest.mark.parametrize("code", ["en", "english", "F1", ".."])
def test_a_complete_or_impossible_language_is_refused_and_nothing_written(tree, code: str) -> None:
    before = snapshot(tree.project)
    with pytest.raises(DataError):
        add_language(tree.project, code)
    assert snapshot(tree.project) == before


def test_the_commands_tell_what_is_to_be_done(tree) -> None:
    told_by = {("add-intent", "ask_parking"): "utter_ask_parking", ("add-language", "fr"): "answers: true"}
    for arguments, told in told_by.items():
        result = CliRunner().invoke(data, [*arguments, "--project", str(tree.project)])
        assert result.exit_code == 0 and told in result.output
