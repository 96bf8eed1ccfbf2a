"""Keeps a component's learned state in Rasa's model archive."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage

from bot.understanding import data
from troly.settings import ROOT


def save_json(storage: ModelStorage, resource: Resource, state: dict[str, Any]) -> None:
    """Write the state as state.json."""
    with storage.write_to(resource) as folder:
        text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
        (folder / "state.json").write_text(text, encoding="utf-8")


def load_json(storage: ModelStorage, resource: Resource) -> dict[str, Any] | None:
    """The state of state.json, or None where the component was never trained."""
    try:
        with storage.read_from(resource) as folder:
            found: dict[str, Any] = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            return found
    except (ValueError, FileNotFoundError):
        return None


def data_folder(config: dict[str, Any]) -> Path:
    """Where nlu_data/ is: `data` of the component's configuration, relative to the project."""
    return ROOT / str(config.get("data") or "nlu_data")


def needing_intents(root: Path) -> frozenset[str]:
    """The intents whose answer depends on a procedure, from intents.yml."""
    intents = data.read_yaml(root / "intents.yml") or {}
    return frozenset(name for name, about in intents.items() if (about or {}).get("needs_procedure"))
