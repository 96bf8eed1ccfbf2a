"""What Rasa is trained on: a rule for every intent, and forms that survive a question in between."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import assistant
from troly.settings import ROOT


@pytest.fixture(scope="module")
def domain() -> dict[str, Any]:
    return assistant.compile_domain()


@pytest.fixture(scope="module")
def rules() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = assistant.compile_rules()["rules"]
    return made


def written_rules() -> list[dict[str, Any]]:
    paths = sorted((ROOT / "bot" / "rules").glob("*.yml"))
    return [rule for path in paths for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]]


def is_simple(rule: dict[str, Any]) -> bool:
    keys = [next(iter(step)) for step in rule["steps"]]
    return keys == ["intent", "action"] and "condition" not in rule


TAXONOMY = frozenset(
    [
        "ask_procedure",
        "ask_documents",
        "ask_fee",
        "ask_processing_time",
        "ask_place",
        "ask_steps",
        "ask_requirements",
        "ask_legal_basis",
        "ask_form",
        "ask_result",
        "ask_online",
        "check_application_status",
        "inform_application_code",
        "report_overdue",
        "subscribe_status",
        "unsubscribe_status",
        "find_office",
        "ask_merged_unit",
        "ask_digital_help",
        "report_issue",
        "complain_service",
        "rate_service",
        "talk_to_human",
        "change_language",
        "delete_my_data",
        "greet",
        "goodbye",
        "thank",
        "affirm",
        "deny",
        "cancel",
        "ask_capabilities",
        "out_of_scope",
        "abuse",
    ]
)


def test_the_domain_knows_the_intents_of_the_taxonomy_and_of_buttons_and_no_other(
    domain: dict[str, Any],
) -> None:
    files = (ROOT / "bot" / "domain").glob("*.yml")
    pressed = [name for file in files for name in yaml.safe_load(file.read_text("utf-8")).get("intents", [])]
    assert TAXONOMY & set(pressed) == set()
    assert sorted(domain["intents"]) == sorted([*TAXONOMY, *pressed])


@pytest.mark.shared
def test_our_list_of_the_taxonomy_is_the_reference(reference: Path) -> None:
    text = (reference / "eval" / "TAXONOMY.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z_, ]+) \|.*\| (?:yes|no) \|$", text, re.MULTILINE)
    assert {name.strip() for row in rows for name in row.split(",")} == TAXONOMY


def test_every_intent_has_a_rule_that_holds_anywhere(
    domain: dict[str, Any], rules: list[dict[str, Any]]
) -> None:
    """What the system itself has to tell is answered in any form, by the interjection policy."""
    answered = {rule["steps"][0].get("intent") for rule in rules if "condition" not in rule}
    told = {intent for intent in domain["intents"] if intent.startswith("tell_")}
    assert answered | told == set(domain["intents"])
    actions = {next(iter(action)) if isinstance(action, dict) else action for action in domain["actions"]}
    assert {f"action_{intent}" for intent in told - answered} <= actions


def test_every_action_of_a_rule_is_in_the_domain(domain: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    actions = {next(iter(action)) if isinstance(action, dict) else action for action in domain["actions"]}
    known = actions | set(domain["forms"]) | set(domain["responses"]) | {"action_deactivate_loop"}
    assert {step["action"] for rule in rules for step in rule["steps"] if "action" in step} <= known


def test_every_action_of_the_domain_exists_and_no_other(domain: dict[str, Any]) -> None:
    declared = {next(iter(action)) if isinstance(action, dict) else action for action in domain["actions"]}
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "actions").rglob("*.py")]
    written = {
        name for source in sources for name in re.findall(r'return "((?:action|validate)_\w+)"', source)
    }
    assert written == declared


def test_a_simple_rule_has_one_interruption_for_each_form(
    domain: dict[str, Any], rules: list[dict[str, Any]]
) -> None:
    simple = [rule for rule in written_rules() if is_simple(rule) and rule.get("leaves_forms") is not True]
    assert len(simple) > 20
    for form in domain["forms"]:
        for rule in (rule for rule in simple if form not in rule.get("leaves_forms", ())):
            wanted = {
                "condition": [{"active_loop": form}],
                "steps": [*rule["steps"], {"action": form}, {"active_loop": form}],
            }
            found = [made for made in rules if {key: made.get(key) for key in wanted} == wanted]
            assert len(found) == 1, rule["rule"]


def test_what_leaves_a_form_or_has_a_condition_is_not_repeated(rules: list[dict[str, Any]]) -> None:
    repeated = {
        (rule["condition"][0]["active_loop"], rule["steps"][0].get("intent"))
        for rule in rules
        if rule["rule"].endswith(" goes on")
    }
    assert "cancel" not in {intent for _, intent in repeated}
    for rule in (rule for rule in written_rules() if not is_simple(rule)):
        forms = {condition["active_loop"] for condition in rule.get("condition", ())}
        intent = rule["steps"][0].get("intent")
        assert not any(intent == other and (not forms or form in forms) for form, other in repeated)


def test_rasa_sees_no_key_of_ours_and_no_name_twice(rules: list[dict[str, Any]]) -> None:
    assert any("leaves_forms" in rule for rule in written_rules())
    assert set().union(*rules) == {"rule", "condition", "steps"}
    assert len({rule["rule"] for rule in rules}) == len(rules)


def test_cancelling_a_form_is_a_rule_of_its_own(domain: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    for form in domain["forms"]:
        leaving = [
            rule
            for rule in rules
            if rule.get("condition") == [{"active_loop": form}] and rule["steps"][0] == {"intent": "cancel"}
        ]
        assert len(leaving) == 1
        assert {"active_loop": None} in leaving[0]["steps"]


def test_the_written_files_are_what_was_compiled(tmp_path: Path, domain: dict[str, Any]) -> None:
    assistant.write(tmp_path / "build")
    written = yaml.safe_load((tmp_path / "build" / "domain.yml").read_text(encoding="utf-8"))
    assert written == {"version": "3.1", **domain}
    rules = yaml.safe_load((tmp_path / "build" / "rules.yml").read_text(encoding="utf-8"))
    assert rules == assistant.compile_rules()
