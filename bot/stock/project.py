"""Writes a Rasa project as `rasa init` and the documentation lay it out, from our data.

docs/benchmark.md says what is the same and what is not.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from bot import assistant, response_files, training_data

EPOCHS = 100
"""Of DIET, the response selector, TED and UnexpecTED, as the documentation sets them."""

_YAML: dict[str, Any] = {"allow_unicode": True, "sort_keys": False, "width": 10_000}
_TRAINED = ("DIETClassifier", "ResponseSelector", "TEDPolicy", "UnexpecTEDIntentPolicy")


def write(base: Path, *, epochs: int = EPOCHS, per_intent: int | None = None) -> Path:
    """Write the project into a folder of `base` that is named by its content, and return that folder.

    `per_intent` keeps only so many sentences of each intent (tests).
    """
    contents = {
        "config.yml": config(epochs),
        "domain.yml": domain(),
        "data/nlu.yml": nlu(per_intent),
        "data/rules.yml": rules(),
        "data/stories.yml": stories(),
        "credentials.yml": {"rest": {}},
    }
    texts = {name: yaml.safe_dump(content, **_YAML) for name, content in contents.items()}
    folder = base / hashlib.sha256("\0".join(texts.values()).encode()).hexdigest()[:16]
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def config(epochs: int) -> dict[str, Any]:
    """Rasa's own default configuration, read from the installed package, with this many epochs."""
    default = resources.files("rasa.engine.recipes.config_files").joinpath("default_config.yml")
    found: dict[str, Any] = yaml.safe_load(default.read_text(encoding="utf-8"))
    for component in [*found["pipeline"], *found["policies"]]:
        if component["name"] in _TRAINED:
            component["epochs"] = epochs
    return found | {"assistant_id": "stock", "language": "vi"}


def domain() -> dict[str, Any]:
    """Our domain with Vietnamese responses only: stock Rasa fills in no typed values."""
    responses = {
        name: [_plain(response)]
        for name, response in response_files.load("vi").items()
        if name.startswith("utter_")
    }
    return {"version": "3.1", **assistant.compile_domain(), "responses": responses}


def _plain(response: dict[str, Any]) -> dict[str, Any]:
    buttons = [button for button in response.get("buttons") or [] if isinstance(button["title"], str)]
    return {"text": str(response.get("text", "")), **({"buttons": buttons} if buttons else {})}


def nlu(per_intent: int | None) -> dict[str, Any]:
    """Every sentence of nlu_data/, in all languages."""
    by_intent: dict[str, list[str]] = defaultdict(list)
    for intent, _language, text in training_data.sentences():
        by_intent[intent].append(" ".join(text.split()))
    return {
        "version": "3.1",
        "nlu": [
            {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts[:per_intent])}
            for intent, texts in by_intent.items()
        ],
    }


def rules() -> dict[str, Any]:
    """Our rules, and the documentation's for a message that was not understood."""
    fallback = {"rule": "fallback", "steps": [{"intent": "nlu_fallback"}, {"action": "utter_out_of_scope"}]}
    compiled = assistant.compile_rules()
    return compiled | {"rules": [*compiled["rules"], fallback]}


def stories() -> dict[str, Any]:
    """A short conversation around each question, which TED learns from: it takes none from rules."""
    simple = [rule["steps"] for rule in assistant.compile_rules()["rules"] if _is_simple(rule)]
    before = [{"intent": "greet"}, {"action": "utter_greet"}]
    after = [{"intent": "thank"}, {"action": "utter_thank"}]
    return {
        "version": "3.1",
        "stories": [
            {"story": f"{steps[0]['intent']}, {number}", "steps": [*before, *steps, *after]}
            for number, steps in enumerate(simple)
        ],
    }


def _is_simple(rule: dict[str, Any]) -> bool:
    steps = rule["steps"]
    return "condition" not in rule and len(steps) == 2 and "intent" in steps[0] and "action" in steps[1]
