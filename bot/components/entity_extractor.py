"""Pipeline step 4: codes, phone numbers, positions, days, communes and languages that the message names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.storage import data_folder, load_json, save_json
from bot.components.timing import is_payload, normalized, timed
from bot.understanding import data
from bot.understanding.entities import EntityFinder
from bot.understanding.places import PlaceFinder
from portal.codes import looks_like_application_code, parse_application_code
from troly.clock import VIETNAM, now
from troly.settings import settings
from troly.text import fold
from troly.units.directory import directory


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class FormEntityExtractor(GraphComponent):
    """Finds entities by their form; sets `application_code` in the output too."""

    def __init__(self, languages: dict[str, str], storage: ModelStorage, resource: Resource) -> None:
        self._finder = EntityFinder(
            parse_application_code,
            looks_like_application_code,
            languages,
            PlaceFinder.of(_units(settings().province)),
            lambda: now().astimezone(VIETNAM).date(),
        )
        self._storage = storage
        self._resource = resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> FormEntityExtractor:
        """An extractor with the language names of nlu_data/languages.yml."""
        languages = {
            fold(str(name)): code
            for code, about in data.languages(data_folder(config)).items()
            for name in about.get("ask", [])
        }
        return cls(languages, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> FormEntityExtractor:
        """The extractor as it was trained."""
        return cls(load_json(model_storage, resource) or {}, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa trains this component again when the language names change."""
        return data.fingerprint(data_folder(config), "languages.yml")

    def train(self, training_data: TrainingData) -> Resource:
        """Stores the language names with the model."""
        save_json(self._storage, self._resource, dict(self._finder.languages))
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training sentences need no entities."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Appends to `entities`; sets `application_code`."""
        for message in messages:
            with timed(message, "entities"):
                found = [] if is_payload(message) else self._finder.find(normalized(message))
                made = [
                    {
                        "entity": entity.name, "value": entity.value,
                        "start": entity.start, "end": entity.end,
                        "extractor": "FormEntityExtractor",
                    }
                    for entity in found
                ]  # fmt: skip
                message.set(ENTITIES, [*(message.get(ENTITIES) or []), *made], add_to_output=True)
                code = next((entity.value for entity in found if entity.name == "application_code"), None)
                message.set("application_code", code, add_to_output=True)
        return messages


def _units(province: str) -> Iterator[str]:
    """The communes of the province today, then its former communes and districts."""
    known = directory()
    yield from (commune.name for commune in known.in_province(province))
    former = [u for u in known.former if any(c.province == province for c in u.successors)]
    yield from (unit.name[0].lower() + unit.name[1:] for unit in former)
    yield from dict.fromkeys(unit.district[0].lower() + unit.district[1:] for unit in former)
