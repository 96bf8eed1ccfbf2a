"""Neither training nor serving needs TensorFlow: those processes do not load it."""

from __future__ import annotations

import subprocess
import sys

from troly.settings import ROOT

_SERVING = """
import sys, warnings
warnings.simplefilter("ignore")
from bot import unused_parts
unused_parts.skip()
unused_parts.skip()
import rasa.core.run
from rasa.core.agent import Agent
from rasa.core.policies.rule_policy import RulePolicy
from bot import graph_plan, nlg, patches, rest_channel, tracker_store
patches.apply()
graph_plan.apply()
from rasa.core.channels import BUILTIN_CHANNELS, SlackInput
stores = {"dns", "bson", "s3transfer"}
heavy = ({"tensorflow", "keras", "matplotlib", "aiogram", "slack_sdk"} | stores) & set(sys.modules)
print(",".join(sorted(heavy)) or "none", "rest" in BUILTIN_CHANNELS)
try:
    SlackInput("token")
except unused_parts.UnusedPartCalled as error:
    print(error)
"""


def test_neither_tensorflow_nor_connectors_are_loaded_and_asking_for_one_is_said() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SERVING], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.splitlines() == [
        "none True",
        "SlackInput of Rasa is not loaded here (bot/unused_parts.py)",
    ]


_TRAINING = """
import sys, warnings
warnings.simplefilter("ignore")
from bot import unused_parts
unused_parts.skip(training=True)
import bot.model_build
from rasa.engine.recipes.recipe import Recipe
from bot.importer import AssistantImporter
Recipe.recipe_for_name("default.v1")
print(",".join(sorted({"tensorflow", "keras", "matplotlib"} & set(sys.modules))) or "none")
from rasa.graph_components.validators import default_recipe_validator
from rasa.core.test import emulate_loop_rejection
checks = default_recipe_validator.DefaultV1RecipeValidator
print(checks.__mro__[1].__name__, emulate_loop_rejection.__module__)
"""


def test_a_training_checks_and_plays_the_rules_and_loads_no_tensorflow() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TRAINING], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.splitlines() == ["none", "GraphComponent rasa.core.test"]
