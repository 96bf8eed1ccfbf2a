"""Keeps from loading what Rasa imports at start and our models never use.

TensorFlow and what builds on it (DIET, TED, their kin), the connectors of a dozen platforms, and Rasa's own
test commands take two thirds of the memory and of the time of an import. In their place stand modules whose
classes exist and do nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from troly.errors import TrolyError

_PARTS = (
    # Names of components by which a configuration calls them; a trained model calls them by their modules.
    "rasa.engine.recipes.default_components",
    # All that the importing modules themselves want of TensorFlow.
    "rasa.utils.tensorflow.callback",
    "rasa.utils.tensorflow.data_generator",
    "rasa.utils.tensorflow.model_data",
    "rasa.utils.tensorflow.models",
    # `rasa test`, with its plots.
    "rasa.nlu.test",
    *(
        f"rasa.core.channels.{name}"
        for name in (
            "botframework", "callback", "console", "facebook", "hangouts", "mattermost", "rasa_chat",
            "rocketchat", "slack", "socketio", "telegram", "twilio", "twilio_voice", "webexteams",
        )
    ),
    # Clients of the stores for conversations that Rasa could use instead of ours.
    "boto3",
    "boto3.dynamodb",
    "boto3.dynamodb.conditions",
    "botocore",
    "botocore.exceptions",
    "pymongo",
    "pymongo.collection",
)  # fmt: skip
_WHERE_SERVED = (
    # `rasa test`; a training of rules plays them with it.
    "rasa.core.test",
    # What a training checks its configuration with; a model's record names it.
    "rasa.graph_components.validators.default_recipe_validator",
)
_WHERE_TRAINED = (
    # What that check asks whether a configuration has it; ours has none (docs/adr/0004).
    "rasa.core.policies.ted_policy",
    "rasa.nlu.classifiers.diet_classifier",
    "rasa.nlu.extractors.crf_entity_extractor",
    "rasa.nlu.extractors.mitie_entity_extractor",
    "rasa.nlu.selectors.response_selector",
)


class UnusedPartCalled(TrolyError):
    """Something asked for a part of Rasa that was not loaded."""


class _Part:
    """Stands for any class of an unused module."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise UnusedPartCalled(f"{type(self).__name__} of Rasa is not loaded here (bot/unused_parts.py)")

    @classmethod
    def name(cls) -> str:
        """A connector's name, which Rasa asks every one for."""
        return cls.__name__


class _Module(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name.isupper():
            return []
        made = type(name, (_Part,), {})
        setattr(self, name, made)
        return made


def skip(*, training: bool = False) -> None:
    """Put the stand-ins in place, before Rasa is imported. What is loaded already stays as it is."""
    parts = _PARTS + (_WHERE_TRAINED if training else _WHERE_SERVED)
    for name in parts:
        if name in sys.modules:
            continue
        module = _Module(name)
        module.__spec__ = ModuleSpec(name, None)
        sys.modules[name] = module
    # Found as an attribute of its package too, as after an import.
    for name in parts:
        package, _, last = name.rpartition(".")
        if package in sys.modules:
            setattr(import_module(package), last, sys.modules[name])
