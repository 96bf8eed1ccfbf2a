"""Pipeline step 6: which administrative procedure the message means, and whether that is plain."""

from __future__ import annotations

from functools import cache
from typing import Any, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, INTENT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.conversation import remembered
from bot.components.encoding import encoder_runs, name_vectors, passages, query_vector
from bot.components.finder_storage import build, load_index, save_index
from bot.components.language_identifier import language_so_far
from bot.components.ranking import confidences, intent_of
from bot.components.storage import data_folder, needing_intents
from bot.components.timing import is_payload, normalized, timed
from bot.understanding import data, served
from bot.understanding.correction import correct, sibling_codes
from bot.understanding.finder import Finder
from bot.understanding.finding import Finding
from bot.understanding.freshness import Freshness
from bot.understanding.knobs import SCOPE
from bot.understanding.places import PlaceFinder
from bot.understanding.scope import OUT_OF_SCOPE, mass
from bot.understanding.unplaced import without_places
from troly.units.directory import directory

_COURTESIES, _SURELY, _FEW = frozenset({"greet", "thank", "goodbye"}), 0.98, 4
"""Intents, the confidence from which on they (and insults) are believed, and the most words."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=True)
class ProcedureFinder(GraphComponent):
    """Sets `procedures`, `procedure_decision` and `procedure_mention`."""

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, finder: Finder | None = None
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._needed = needing_intents(data_folder(config))
        self._siblings = sibling_codes(data_folder(config))
        self._fresh = _fresh(finder, config) if finder else None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """How often a running assistant looks whether the catalogue has changed (`check_seconds`), and
        whether staff taught names (`taught_seconds`)."""
        return {"data": "nlu_data", "check_seconds": 60.0, "taught_seconds": 3.0}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ProcedureFinder:
        """A finder that must be trained."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> ProcedureFinder:
        """The finder over the catalogue as it is now; as it was at training where there is no database."""
        finder = load_index(model_storage, resource, data_folder(config), served.names())
        return cls(config, model_storage, resource, finder)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Rasa trains this component again when names or the catalogue change."""
        files = ("procedures.yml", "synonyms.yml", "titles_en.yml", "carriers.yml")
        return data.fingerprint(data_folder(config), *files) + served.fingerprint()

    def train(self, training_data: TrainingData) -> Resource:
        """Collects the names and encodes those that were never encoded; indexes the records."""
        items, texts = build(data_folder(self._config), served.names())
        vectors = name_vectors(texts)
        save_index(self._storage, self._resource, items, texts if vectors is not None else [], vectors)
        served.records()  # read and counted here rather than at the next start
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training sentences need no procedures."""
        return training_data

    def process(
        self, messages: list[Message], tracker: Optional[DialogueStateTracker] = None
    ) -> list[Message]:
        """Finds candidates for any message; with the encoder where the intent may need a procedure."""
        for message in messages:
            with timed(message, "procedures"):
                finding = Finding() if is_payload(message) else self._find(message, tracker)
                found = [
                    {"code": one.code, "name": one.name, "score": one.score} for one in finding.procedures
                ]
                message.set("procedures", found, add_to_output=True)
                message.set("procedure_decision", finding.decision, add_to_output=True)
                message.set("procedure_mention", finding.mention, add_to_output=True)
                message.set("procedure_certainty", finding.certainty, add_to_output=True)
                message.set("finding", finding)
                if finding.encoded:
                    message.set("encoded", True, add_to_output=True)
        return messages

    def _find(self, message: Message, tracker: DialogueStateTracker | None) -> Finding:
        if self._fresh is None or _is_courtesy(message):
            return Finding()
        finder = self._fresh.current()
        for entity in message.get(ENTITIES) or []:
            if entity["entity"] == "procedure_code" and (known := finder.by_code(entity["value"])):
                return Finding((known,), "answer", 1.0)
        language = message.get("language_seen") or language_so_far(message, tracker)
        text = _without_places(message)
        if language == "en" and not text.isascii():
            language = None  # the Vietnamese name of a paper in an English conversation: both are searched
        if (corrected := self._corrected(finder, normalized(message), language, tracker)) is not None:
            return corrected
        # What seems to be about no procedure is worth the words only, and a vector that is there already.
        worth = self._worth_finding(message) or bool(message.get("encoded"))
        encode = _encode if worth and encoder_runs() else None
        return finder.find(text, language, encode, message.get("text_restored"), _focus(tracker))

    def _worth_finding(self, message: Message) -> bool:
        """Whether the intent is about a procedure, or may be although another is likelier."""
        intent = intent_of(message)
        if intent in self._needed:
            return True
        least = SCOPE.worth_finding if intent == OUT_OF_SCOPE else SCOPE.worth_naming
        return mass(confidences(message), self._needed) >= least

    def _corrected(
        self, finder: Finder, text: str, language: str | None, tracker: Optional[DialogueStateTracker]
    ) -> Finding | None:
        """Another variant of the procedure in focus, where the message speaks of variants only."""
        focus = _focus(tracker)
        if not focus or language not in {"vi", "en", None}:
            return None
        group = [item for item in finder.served if item.code in self._siblings.get(focus, {focus})]
        analyzer = finder.analyzers[language or "vi"]
        names = {item.code: finder.citizens.get(item.code, {}).get(analyzer.language, ()) for item in group}
        return correct(text, analyzer, group, names)


def _focus(tracker: DialogueStateTracker | None) -> str | None:
    """The code of the procedure talked of."""
    code: str | None = remembered(tracker, "procedure_code")
    return code


def _without_places(message: Message) -> str:
    communes = [
        (int(entity["start"]), int(entity["end"]))
        for entity in message.get(ENTITIES) or []
        if entity["entity"] == "commune"
    ]
    return without_places(normalized(message), communes, _provinces())


@cache
def _provinces() -> PlaceFinder:
    """Those of today and those that were merged away."""
    known = directory()
    names = [
        *(unit.province for unit in known.former),
        *(commune.province for commune in known.communes.values()),
    ]
    return PlaceFinder.of(name for name in dict.fromkeys(names) if " " in name)


def _is_courtesy(message: Message) -> bool:
    """An insult, or a few words of greeting or thanks, and surely nothing else: about no procedure, and
    frequent."""
    intent = message.get(INTENT) or {}
    if float(intent.get("confidence") or 0.0) < _SURELY:
        return False
    few = len(normalized(message).split()) <= _FEW
    return intent.get("name") == "abuse" or (few and intent.get("name") in _COURTESIES)


def _fresh(finder: Finder, config: dict[str, Any]) -> Freshness:
    return Freshness(
        finder,
        float(config["check_seconds"]),
        own=data.citizens_names(data_folder(config)),
        taught_seconds=float(config["taught_seconds"]),
        encode=passages,
    )


def _encode(text: str) -> Any:
    return query_vector(text)
