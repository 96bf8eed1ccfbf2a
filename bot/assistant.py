"""Compiles the assistant: bot/domain/, bot/rules/, bot/responses/ and nlu_data/ become Rasa's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot import response_files
from troly.settings import ROOT

BOT = Path(__file__).parent


def compile_domain() -> dict[str, Any]:
    """The whole domain: what bot/domain/ declares, every intent of nlu_data/intents.yml, all responses."""
    domain: dict[str, Any] = {}
    for path in sorted((BOT / "domain").glob("*.yml")):
        for key, value in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            if isinstance(value, dict):
                domain.setdefault(key, {}).update(value)
            elif isinstance(value, list):
                domain.setdefault(key, []).extend(value)
            else:
                domain[key] = value
    domain["intents"] = [*intents(), *domain.get("intents", [])]
    domain["responses"] = response_files.compile_domain_responses()
    return domain


def intents() -> list[str]:
    """The intents of nlu_data/intents.yml (the names of the evaluation's taxonomy)."""
    return list(yaml.safe_load((ROOT / "nlu_data" / "intents.yml").read_text(encoding="utf-8")))


def compile_rules() -> dict[str, Any]:
    """All rules of bot/rules/, and for each form the rules that answer a question and resume it."""
    rules: list[dict[str, Any]] = []
    for path in sorted((BOT / "rules").glob("*.yml")):
        rules.extend(yaml.safe_load(path.read_text(encoding="utf-8"))["rules"])
    forms = list(compile_domain().get("forms", {}))
    resumed = [interruption for form in forms for interruption in _interruptions(form, rules)]
    for rule in rules:
        rule.pop("leaves_forms", None)  # ours, unknown to Rasa
    return {"version": "3.1", "rules": [*rules, *resumed]}


def _interruptions(form: str, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A rule "intent -> action", valid anywhere, becomes "in the form: intent -> action -> the form again".

    Rules with a condition of their own (those that start, end or leave a form) are not repeated.
    """
    made = []
    for rule in rules:
        steps = rule["steps"]
        simple = "condition" not in rule and len(steps) == 2 and "intent" in steps[0] and "action" in steps[1]
        leaves = rule.get("leaves_forms") or ()  # a list of forms, or true: all of them
        if simple and leaves is not True and form not in leaves:
            made.append(
                {
                    "rule": f"{rule['rule']}; then {form} goes on",
                    "condition": [{"active_loop": form}],
                    "steps": [*steps, {"action": form}, {"active_loop": form}],
                }
            )
    return made


def write(folder: Path) -> None:
    """Write domain.yml and rules.yml for Rasa's trainer into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("domain.yml", compile_domain()), ("rules.yml", compile_rules())):
        text = yaml.safe_dump({"version": "3.1", **content}, allow_unicode=True, sort_keys=False, width=120)
        (folder / name).write_text(text, encoding="utf-8")
