"""Actions and rules utter only what exists, and give all that it needs; their source is read, not run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from actions.ratings import REASONS
from actions.reports.draft import COMPLAINT, REPORT
from actions.turn import ASPECTS
from bot import assistant
from bot.response_files import LANGUAGES, load, statuses
from portal.changes import UNSEEN
from portal.models import CHANNELS, LEVELS, STATUS_NAMES, TIME_UNITS, Online
from portal.reports import REPORT_STATUSES
from troly.emergencies import Emergency
from troly.settings import ROOT

STATUSES = frozenset(
    [
        "answered",
        "clarify",
        "not_found",
        "portal_unavailable",
        "out_of_scope",
        "refused",
        "handed_over",
        "form",
        "smalltalk",
        "error",
    ]
)

_PLACE = re.compile(r"\{([a-z_]+)\}")

# What the changing part of a response's name may be: f"label_online_{…}" needs all three.
_FAMILIES = {
    "answer_online_": get_args(Online),
    "label_online_": get_args(Online),
    "label_level_": LEVELS,
    "channel_": [channel.lower() for channel in CHANNELS],
    "weekday_": [str(day) for day in range(1, 8)],
    "unit_": [unit.lower() for unit in TIME_UNITS if unit != "OTHER"],
    "status_": [str(number) for number in (UNSEEN, *STATUS_NAMES)],
    "status_meaning_": [str(number) for number in STATUS_NAMES],
    "lacking_": ["steps", "requirements"],
    "answer_": ["steps", "requirements"],
    "emergency_": get_args(Emergency),
    "report_status_": sorted(REPORT_STATUSES),
    "report_note_": [
        "added", "again", "bad_location", "bad_phone", "category", "commune", "edit", "enough_photos",
        "office", "outside", "photo_lost", "photo_taken", "place", "sorry", "what",
    ],
    "ask_report_": REPORT,
    "ask_complaint_": COMPLAINT,
    "button_report_": [
        "continue", "unknown", "no_photos", "photos_done", "no_contact", "when_unknown", "send",
        *(f"edit_{step}" for step in {*REPORT, *COMPLAINT} - {"commune", "summary"}),
    ],
    "button_stars_": ["1", "2", "3", "4", "5", "skip"],
    "button_reason_": REASONS,
    "button_": ["documents", "fee", "processing_time", "place", "steps", "online", "form"],
}  # fmt: skip


@dataclass(frozen=True)
class Use:
    """An action names a response and gives these values with it."""

    response: str
    given: frozenset[str]
    where: str


@dataclass(frozen=True)
class Function:
    """A function of actions/, and the module that calls it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    module: ast.Module

    def passed(self, parameter: str) -> Iterator[tuple[ast.expr, Function]]:
        """What is given for a parameter by position, wherever the module calls this function."""
        parameters = [argument.arg for argument in self.node.args.args]
        for caller in functions(self.module) if parameter in parameters else ():
            for call in ast.walk(caller.node) if caller.node is not self.node else ():
                if isinstance(call, ast.Call) and ast.unparse(call.func) == self.node.name:
                    position = parameters.index(parameter)
                    if position < len(call.args):
                        yield call.args[position], caller


def functions(module: ast.Module) -> Iterator[Function]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(node, module)


def names(expression: ast.expr, function: Function) -> list[str]:
    """The response names that an expression may be; [] for one that is made elsewhere (an attribute)."""
    match expression:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=other):
            return [*names(body, function), *names(other, function)]
        case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), ast.FormattedValue()]):
            return [f"{prefix}{member}" for member in _FAMILIES[prefix]]
        case ast.Name(id=variable):
            assigned = [
                name
                for node in ast.walk(function.node)
                if isinstance(node, ast.Assign)
                and any(isinstance(target, ast.Name) and target.id == variable for target in node.targets)
                for name in names(node.value, function)
            ]
            given = [name for value, caller in function.passed(variable) for name in names(value, caller)]
            return [*assigned, *given]
    assert isinstance(expression, ast.Attribute), ast.unparse(expression)
    return []


def constant_keys(dictionary: ast.Dict) -> frozenset[str]:
    return frozenset(
        key.value for key in dictionary.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
    )


@cache
def modules() -> dict[str, ast.Module]:
    """The source of actions/, and of what it shares with the console, parsed, by file."""
    return {
        path.relative_to(folder).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for folder, pattern in ((ROOT / "actions", "**/*.py"), (ROOT / "troly", "answers/*.py"))
        for path in folder.glob(pattern)
    }


@cache
def uses() -> tuple[Use, ...]:
    """Every place where actions/ names a response."""
    found: list[Use] = []
    views: list[Use] = []
    given_to_views: frozenset[str] = frozenset()
    for file, module in modules().items():
        for function in functions(module):
            for node in ast.walk(function.node):
                where = f"{file}:{getattr(node, 'lineno', 0)}"
                match node:
                    case ast.Dict() if "response" in (keys := constant_keys(node)):
                        position = [key.value for key in node.keys if isinstance(key, ast.Constant)].index(
                            "response"
                        )
                        for name in names(node.values[position], function):
                            forms = [f"{name}_one", f"{name}_other"] if "count" in keys else [name]
                            found += [Use(form, keys, where) for form in forms]
                    case ast.Call(
                        func=ast.Name(id="joined") | ast.Attribute(attr="joined"),
                        args=[_, ast.Constant(value=str(name))],
                    ):
                        found.append(Use(name, frozenset({"first", "last"}), where))
                    case ast.Call(func=ast.Name(id="View"), args=[first, *rest]):
                        keys = (
                            constant_keys(rest[0]) if rest and isinstance(rest[0], ast.Dict) else frozenset()
                        )
                        views += [Use(name, keys, where) for name in names(first, function)]
                    case ast.Call(func=ast.Name(id="say"), args=[_, response], keywords=keywords):
                        keys = frozenset(word.arg for word in keywords if word.arg)
                        found += [Use(name, keys, where) for name in names(response, function)]
                        if isinstance(response, ast.Attribute):
                            given_to_views = keys
                    case ast.Call(func=ast.Attribute(attr="utter_message"), keywords=keywords) if (
                        file != "speech.py"
                    ):
                        words = {word.arg: word.value for word in keywords if word.arg}
                        found += [
                            Use(name, frozenset(words), where) for name in names(words["response"], function)
                        ]
    assert given_to_views, "the action that utters a View was not found"
    return (*found, *(Use(use.response, use.given | given_to_views, use.where) for use in views))


@cache
def rules() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = assistant.compile_rules()["rules"]
    return made


def uttered_by_rules() -> set[str]:
    steps = [step for rule in rules() for step in rule["steps"]]
    return {step["action"] for step in steps if step.get("action", "").startswith("utter_")}


def test_every_response_that_an_action_names_exists() -> None:
    assert len(uses()) > 60
    known = set(load("vi"))
    assert {f"{use.where} {use.response}" for use in uses() if use.response not in known} == set()


def test_every_place_of_a_response_that_an_action_utters_is_given() -> None:
    missing = {
        f"{use.where} {use.response} ({language}): {place}"
        for language in LANGUAGES
        for use in uses()
        for place in _PLACE.findall(load(language)[use.response]["text"])
        if place not in use.given
    }
    assert missing == set()


def test_no_value_has_a_name_that_rasa_takes_for_a_message() -> None:
    reserved = {"text", "buttons", "elements", "custom", "template", "image", "attachment"}
    assert {f"{use.where} {name}" for use in uses() for name in use.given & reserved} == set()


def test_every_status_is_one_of_the_fixed_ten() -> None:
    assert set(statuses().values()) <= STATUSES
    given = set()
    for module in modules().values():
        for function in functions(module):
            for node in ast.walk(function.node):
                if isinstance(node, ast.keyword) and node.arg == "status":
                    for part in ast.walk(node.value):
                        if isinstance(part, ast.IfExp):
                            given |= set(names(part, function))
                    given |= set(names(node.value, function))
    assert {"answered", "clarify", "not_found", "portal_unavailable"} <= given
    assert given <= STATUSES


def test_no_response_is_left_that_nothing_utters() -> None:
    used = {use.response for use in uses()} | uttered_by_rules()
    assert set(load("vi")) - used == {"utter_default"}  # Rasa's own fallback utters that one


def test_the_aspects_of_the_families_are_those_of_the_intents() -> None:
    aspects = set(ASPECTS.values())
    assert set(_FAMILIES["button_"]) <= aspects
    responses = load("vi")
    assert all(f"lacking_{aspect}" in responses for aspect in aspects - {"overview", "online"})


def test_what_rules_utter_exists_and_needs_no_value() -> None:
    assert uttered_by_rules()
    for language in LANGUAGES:
        responses = load(language)
        for name in uttered_by_rules():
            assert not _PLACE.findall(responses[name]["text"]), name


def test_what_rules_utter_has_a_status() -> None:
    assert uttered_by_rules() - set(statuses()) == set()
