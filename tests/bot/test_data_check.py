"""Broken data is reported, all of it, with the place and the reason."""

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.data_check import check
from bot.data_commands import data
from troly.settings import ROOT

FEE = "nlu_data/vi/ask_fee.yml"
HELD_OUT = "tests/nlu/vi/ask_fee.yml"


def problems(tree) -> list[str]:
    return [str(problem) for problem in check(tree.project)]


def only_problem(tree) -> str:
    found = problems(tree)
    assert len(found) == 1, found
    return found[0]


def test_the_projects_own_data_is_clean() -> None:
    assert check(ROOT) == []


def test_the_small_tree_is_clean(tree) -> None:
    assert problems(tree) == []


def test_a_sentence_that_repeats_another_without_accents_is_named(tree) -> None:
    tree.add_sentence(FEE, "VI  ask fee, so 7?")
    tree.add_sentence("nlu_data/vi/greet.yml", "vi ask-fee so 3")
    assert problems(tree) == [
        f'{FEE}: "VI  ask fee, so 7?" repeats "vi ask_fee số 7" (compared without accents)',
        'nlu_data/vi/greet.yml: "vi ask-fee so 3" repeats "vi ask_fee số 3" of ask_fee '
        "(compared without accents)",
    ]


def test_punctuation_alone_is_compared_as_it_stands(tree) -> None:
    for sentence in ("???", "...", "?"):
        tree.add_sentence("nlu_data/vi/greet.yml", sentence)
    assert problems(tree) == []
    tree.add_sentence("nlu_data/vi/greet.yml", "?")
    assert '"?" repeats "?"' in only_problem(tree)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"vi": {"follows": ["a b"]}}, "vi: must have follows and idle, nothing else"),
        ({"xx": {"follows": ["a b"], "idle": []}}, "unknown language xx (not in nlu_data/languages.yml)"),
        ({"vi": {"follows": ["a b"], "idle": [7]}}, 'vi: idle: not a text (put it in quotes): "7"'),
        (
            {"vi": {"follows": ["ai ký thay"], "idle": ["Ai ky thay?"]}},
            '"Ai ky thay?" stands in nlu_data/follow_ups.yml too (compared without accents)',
        ),
        (
            {"vi": {"follows": ["vi ask_fee so 3"], "idle": []}},
            f'"vi ask_fee so 3" stands in {FEE} too (compared without accents)',
        ),
    ],
)
def test_further_messages_are_checked(tree, content: dict[str, object], reason: str) -> None:
    tree.write("nlu_data/follow_ups.yml", content)
    assert only_problem(tree) == f"nlu_data/follow_ups.yml: {reason}"


def test_a_held_out_sentence_must_not_be_a_further_message_of_training(tree) -> None:
    tree.write("nlu_data/follow_ups.yml", {"vi": {"follows": ["ai ký thay"], "idle": []}})
    tree.add_sentence(HELD_OUT, {"text": "Ai ky thay?", "variant": "unaccented", "procedures": []})
    assert only_problem(tree) == (
        f'{HELD_OUT}: "Ai ky thay?" is also a training sentence in nlu_data/follow_ups.yml'
    )


def test_the_same_sentence_may_stand_in_two_languages(tree) -> None:
    for language in ("vi", "en"):
        tree.add_sentence(f"nlu_data/{language}/greet.yml", "hello")
    assert problems(tree) == []


def test_a_held_out_sentence_must_not_be_in_training_in_any_language(tree) -> None:
    tree.add_sentence(HELD_OUT, {"text": "EN GREET so 5!", "variant": "typo", "procedures": []})
    expected = '"EN GREET so 5!" is also a training sentence in nlu_data/en/greet.yml'
    assert only_problem(tree) == f"{HELD_OUT}: {expected}"


def test_too_few_sentences_are_counted_by_kind_of_intent(tree) -> None:
    for name in (FEE, "nlu_data/vi/greet.yml", "nlu_data/en/ask_fee.yml", "nlu_data/en/greet.yml"):
        content = tree.read(name)
        del content["sentences"][-1]
        tree.write(name, content)
    assert problems(tree) == [
        "nlu_data/en/ask_fee.yml: has 59 sentences, needs at least 60",
        "nlu_data/en/greet.yml: has 39 sentences, needs at least 40",
        "nlu_data/vi/ask_fee.yml: has 119 sentences, needs at least 120",
        "nlu_data/vi/greet.yml: has 59 sentences, needs at least 60",
    ]


def test_an_intent_without_sentences_or_held_out_ones_is_missed(tree) -> None:
    (tree.project / "nlu_data/en/greet.yml").unlink()
    (tree.project / "tests/nlu/vi/greet.yml").unlink()
    assert problems(tree) == [
        "nlu_data/en/greet.yml: is missing: the intent has no sentences in this language",
        "tests/nlu/vi/greet.yml: needs at least one held-out sentence",
    ]


def test_a_file_must_say_what_its_place_says(tree) -> None:
    content = tree.read(FEE)
    tree.write(FEE, {**content, "language": "en", "intent": "ask_place"})
    assert problems(tree) == [
        f"{FEE}: says intent: ask_place, but its place says ask_fee",
        f"{FEE}: says language: en, but its place says vi",
    ]


def test_unknown_intents_and_languages_are_named(tree) -> None:
    tree.write("nlu_data/vi/ask_moon.yml", {"language": "vi", "intent": "ask_moon", "sentences": ["trăng"]})
    tree.write("nlu_data/xx/greet.yml", {"language": "xx", "intent": "greet", "sentences": ["qapla"]})
    assert problems(tree) == [
        "nlu_data/vi/ask_moon.yml: unknown intent ask_moon (not in nlu_data/intents.yml)",
        "nlu_data/xx/greet.yml: unknown language xx (not in nlu_data/languages.yml)",
    ]


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("  ", "an empty text"),
        (None, 'not a text (put it in quotes): "None"'),
        (False, 'not a text (put it in quotes): "False"'),
        (unicodedata.normalize("NFD", "lệ phí"), "not in Unicode's NFC form"),
        ("lệ\u200b phí", 'control characters or spaces at the ends: "lệ\\u200b phí"'),
        ("lệ phí\n", "control characters or spaces at the ends"),
    ],
)
def test_a_text_that_is_none_is_refused(tree, sentence: object, reason: str) -> None:
    tree.add_sentence(FEE, sentence)
    assert only_problem(tree).startswith(f"{FEE}: {reason}")


def test_a_held_out_record_has_a_variant_and_codes(tree) -> None:
    tree.add_sentence(HELD_OUT, {"text": "a", "variant": "sloppy", "procedures": ["1.1"], "mood": "bad"})
    tree.add_sentence(HELD_OUT, {"text": "b", "variant": "typo"})
    tree.add_sentence(HELD_OUT, "c")
    assert problems(tree) == [
        f'{HELD_OUT}: "a": not a procedure code such as "1.001193" (in quotes): "1.1"',
        f'{HELD_OUT}: "a": unknown key mood',
        f'{HELD_OUT}: "a": variant must be one of accented, mixed, plain, teencode, typo, unaccented, '
        "not sloppy",
        f'{HELD_OUT}: "b": procedures must be a list of codes ([] where none is needed)',
        f'{HELD_OUT}: a held-out sentence is {{text, variant, procedures}}, not "c"',
    ]


def test_procedure_names_are_checked(tree) -> None:
    names = [
        {"code": "1.001193", "vi": ["khai sinh", "Khai Sinh!"], "xx": ["a"]},
        {"code": "1.001193", "vi": "khai sinh"},
        {"code": 2.000528, "vi": [3]},
        {"code": "1.0133611", "en": ["seven digits exist"]},
        {"vi": ["no code"]},
        {"code": "2.000528"},
        {"code": "3.000001", "seldom": True},
        {"code": "3.000002", "seldom": "yes", "vi": ["hiếm"]},
        {"code": "3.000003", "seldom": True, "vi": ["hiếm hơn"]},
    ]
    tree.write("nlu_data/procedures.yml", names)
    path = "nlu_data/procedures.yml"
    assert set(problems(tree)) == {
        f'{path}: 1.001193: vi: "Khai Sinh!" repeats "khai sinh"',
        f"{path}: 1.001193: unknown language xx (not in nlu_data/languages.yml)",
        f"{path}: 1.001193: stands twice",
        f'{path}: 1.001193: vi: must be a list of texts, not "khai sinh"',
        f'{path}: not a procedure code such as "1.001193" (in quotes): "2.000528"',
        f'{path}: 2.000528: vi: not a text (put it in quotes): "3"',
        f"{path}: entry 5: needs a code: \"{{'vi': ['no code']}}\"",
        f"{path}: 2.000528: has no names",
        f"{path}: 3.000001: has no names",
        f"{path}: 3.000002: seldom: is true, or not there",
    } | {f"{path}: 2.000528: stands twice"}


def _siblings(*codes: str, label: str = "a", **changes: object) -> list[dict[str, object]]:
    options = [{"code": code, "vi": label, "en": "b"} for code in codes or ("1.001193", "2.000528")]
    return [{"id": "birth", "question": {"vi": "?", "en": "?"}, "options": options, **changes}]


@pytest.mark.parametrize(
    ("group", "reason"),
    [
        (_siblings("1.001193"), "birth: needs 2 to 5 options, has 1"),
        (_siblings(*(f"1.00119{n}" for n in range(6))), "birth: needs 2 to 5 options, has 6"),
        (_siblings(question={"vi": "?"}), "birth: question: needs vi and en, nothing else"),
        (_siblings() * 2, "birth: the id stands twice"),
        (_siblings(label="a" * 61), f'birth: 1.001193: longer than 60 characters: "{"a" * 61}"'),
        (_siblings("1.001193", "1.009999"), "birth: 1.009999 is not in nlu_data/procedures.yml"),
        (_siblings("1.001193", "1.001193"), "birth: 1.001193 stands twice"),
    ],
)
def test_sibling_groups_are_checked(tree, group: object, reason: str) -> None:
    tree.write("nlu_data/siblings.yml", group)
    assert f"nlu_data/siblings.yml: {reason}" in problems(tree)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("synonyms", [{"say": ["a"], "official": []}], "entry 1: official is empty"),
        (
            "synonyms",
            [{"language": "fr", "say": ["a"], "official": ["b"]}],
            "entry 1: language must be vi or en",
        ),
        (
            "synonyms",
            [{"say": ["Sổ đỏ"], "official": ["b"]}, {"say": ["sổ đỏ"], "official": ["c"]}],
            'entry 2: "sổ đỏ" is also said in entry 1',
        ),
        ("teencode", "entries:\n  no: nợ\n", 'entries: not a text (put it in quotes): "False"'),
        ("teencode", {"entries": {"K O": "không"}}, '"K O": a short form is one word in lower case'),
        ("teencode", "entries:\n  ko: không\n  ko: có\n", "is no valid YAML: the key 'ko' stands twice"),
        ("titles_en", {"1.001193": ""}, "1.001193: an empty text"),
        ("carriers", {"vi": {"fillers": [True]}}, 'vi: fillers: not a text (put it in quotes): "True"'),
        ("carriers", {"xx": {}}, "xx: must be a known language, variants, topic or elsewhere"),
        ("titles_en", ["1.001193"], "must hold a mapping, not list"),
        ("synonyms", "- {say: [", "is no valid YAML: while parsing a flow"),
    ],
)
def test_the_smaller_files_are_checked(tree, name: str, content: object, reason: str) -> None:
    tree.write(f"nlu_data/{name}.yml", content)
    assert only_problem(tree).startswith(f"nlu_data/{name}.yml: {reason}")


def test_intents_and_languages_have_their_shape(tree) -> None:
    intents = tree.read("nlu_data/intents.yml")
    intents["greet"] = {"aspect": "fee", "needs_procedure": "yes", "definition": ""}
    tree.write("nlu_data/intents.yml", intents)
    languages = tree.read("nlu_data/languages.yml")
    languages["languages"]["ko"].update(answers="soon", ask=["English", "english"])
    tree.write("nlu_data/languages.yml", languages)
    found = [line for line in problems(tree) if "/vi/" not in line and "/en/" not in line]
    assert found == [
        "nlu_data/intents.yml: greet: aspect fee already belongs to ask_fee",
        "nlu_data/intents.yml: greet: definition: an empty text",
        "nlu_data/intents.yml: greet: needs_procedure must be true or false",
        "nlu_data/languages.yml: ko: answers must be true or false",
        'nlu_data/languages.yml: ko: ask: "english" already asks for en',
        'nlu_data/languages.yml: ko: ask: must be lower case: "English"',
    ]


def test_codes_must_exist_in_the_catalogue_where_there_is_one(tree) -> None:
    found = [str(problem) for problem in check(tree.project, frozenset({"1.001193"}))]
    assert found == [
        "nlu_data/procedures.yml: the catalogue has no procedure 2.000528",
        "nlu_data/siblings.yml: birth: the catalogue has no procedure 2.000528",
    ]


def test_an_empty_project_is_reported_and_does_not_crash(tmp_path: Path) -> None:
    found = [str(problem) for problem in check(tmp_path)]
    assert "nlu_data/intents.yml: is missing" in found
    assert "nlu_data/procedures.yml: is missing" in found


@pytest.fixture
def run(tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    monkeypatch.setattr("bot.data_commands.settings", lambda: _settings(tmp_path))
    return lambda *arguments: CliRunner().invoke(data, [*arguments, "--project", str(tree.project)])


def _settings(folder: Path):
    from troly.settings import Settings

    return Settings(_env_file=None, data_dir=folder / "var", database_url="")


def test_the_command_prints_all_problems_and_ends_with_1(tree, run) -> None:
    assert run("check").exit_code == 0
    tree.add_sentence(FEE, "")
    tree.add_sentence(HELD_OUT, "")
    result = run("check")
    assert result.exit_code == 1
    assert f"{FEE}: an empty text\n{HELD_OUT}: a held-out sentence is" in result.output


def test_the_command_compares_with_a_whole_catalogue_in_the_database(tree, run, tmp_path: Path) -> None:
    from troly.clock import now
    from troly.database import engine
    from troly.tables.catalogue import CatalogueProcedure

    empty = dict.fromkeys(("name", "folded_name", "field", "type", "content_hash", "list_hash"), "")
    rows = [
        {**empty, "id": str(number), "code": f"1.{number:06}", "levels": [], "detail": {}, "as_of": now()}
        for number in range(1193, 2193)
    ]
    made = engine(_settings(tmp_path).database)
    CatalogueProcedure.metadata.create_all(made, tables=[CatalogueProcedure.__table__])
    with made.begin() as connection:
        connection.execute(CatalogueProcedure.__table__.insert(), rows)
    result = run("check")
    assert result.exit_code == 1
    assert "nlu_data/procedures.yml: the catalogue has no procedure 2.000528" in result.output
    assert "1.001193" not in result.output
    with made.begin() as connection:
        connection.execute(CatalogueProcedure.__table__.delete().where(CatalogueProcedure.code == "1.002000"))
    made.dispose()
    assert run("check").exit_code == 0, "the demo portal's own few procedures are not the catalogue"
