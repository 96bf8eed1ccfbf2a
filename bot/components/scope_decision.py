"""Pipeline step 7: out of scope or not, where the intent alone cannot tell."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message

from bot.components.ranking import confidences, intent_of, put_first, rank
from bot.components.storage import data_folder, needing_intents
from bot.components.timing import is_payload, normalized, timed
from bot.understanding.elsewhere import Elsewhere
from bot.understanding.finding import Finding
from bot.understanding.scope import OUT_OF_SCOPE, is_a_name, outside, revised
from bot.understanding.set_by_staff import STAFF
from bot.understanding.staff_guides import GUIDES
from bot.understanding.subject import OVERVIEW, Subject
from bot.understanding.topic import Topic

GUIDE_INTENT = "ask_digital_help"
_FITTED = frozenset({"vi", "en", None})
"""The languages (None: not seen) that the formulas know; in others the intent decides, and the mention."""
_SAID = 0.95
"""As where a choice is named: no probability, but as good as certain."""
_SURELY = 0.95
"""From this confidence on an intent about no procedure is believed, also where a procedure is named."""
_NAMED = 0.5
"""From this `procedure_mention` on, a message of another intent keeps the procedures that it names."""
_NAMED_OUTSIDE, _FITS = 0.7, 0.7
"""The same for a message out of scope, whose first procedure must also have this score. Nothing is answered
by them: they only say what the message would have been about."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ScopeDecision(GraphComponent):
    """Rejects what no procedure explains, and takes back a rejection where one clearly does.

    Sets `procedure_change`, whether the message is about another procedure than the one before it, and
    `foreigner`, whether one is named.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._needing = needing_intents(data_folder(config))
        self._topic = Topic.of(data_folder(config))
        self._elsewhere = Elsewhere.of(data_folder(config))
        self._subject = Subject.of(data_folder(config))

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ScopeDecision:
        """Nothing to train: the weights are in bot/understanding/scope.py."""
        return cls(config)

    def process(self, messages: list[Message]) -> list[Message]:
        """Revises intent and ranking; a message that is about no procedure has no candidates."""
        for message in messages:
            with timed(message, "scope"):
                self._revise(message)
                self._guided(message)
                intent = intent_of(message)
                if intent not in self._needing:
                    if not _names_procedures(message, intent):
                        message.set("procedures", [], add_to_output=True)
                    message.set("procedure_decision", "none", add_to_output=True)
                    message.set("procedure_mention", 0.0, add_to_output=True)
                message.set("procedure_change", self._changed(message), add_to_output=True)
                foreigner = not is_payload(message) and self._topic.speaks_of_a_foreigner(normalized(message))
                message.set("foreigner", foreigner, add_to_output=True)
        return messages

    def _changed(self, message: Message) -> float:
        """The probability that the message leaves the procedure that was talked of for another one."""
        finding: Finding | None = message.get("finding")
        mention = float(message.get("procedure_mention") or 0.0)
        if finding is None or finding.evidence is None or not mention:
            return 0.0
        if message.get("language_seen") not in _FITTED:
            return mention
        overview = confidences(message).get(OVERVIEW, 0.0)
        return round(self._topic.changed(normalized(message), finding.evidence, overview), 3)

    def _revise(self, message: Message) -> None:
        finding: Finding | None = message.get("finding")
        ranking = confidences(message)
        intent = intent_of(message)
        likely = next((name for name in ranking if name != OUT_OF_SCOPE), None)
        if finding is None or finding.decision == "none" or finding.evidence is None or not likely:
            return
        elsewhere = self._elsewhere.asked(normalized(message))
        name = not elsewhere and is_a_name(finding.evidence)
        if name and self._only_a_name(message, intent):
            put_first(message, OVERVIEW, max(ranking.values()))
            return
        if intent not in self._needing and not (intent == OUT_OF_SCOPE and (name or likely in self._needing)):
            return
        out, rejects = ranking.get(OUT_OF_SCOPE, 0.0), intent == OUT_OF_SCOPE
        if (language := message.get("language_seen")) in _FITTED:
            out = outside(ranking, self._needing, finding.certainty, finding.among, elsewhere=elsewhere)
            rejects = out >= STAFF.reject()
        rejects = rejects and not name
        if rejects == (intent == OUT_OF_SCOPE):
            return
        made = revised(ranking, out, rejects)
        rank(message, made.items())
        if name and (likely not in self._needing or self._subject.alone(normalized(message), language)):
            put_first(message, OVERVIEW, max(made.values()))

    def _only_a_name(self, message: Message, intent: str | None) -> bool:
        """Whether nothing asks in a name of a procedure. The words of "bán thịt heo" and "bệnh binh" alone
        look like anything; only a sure intent about something else stays."""
        text = normalized(message)
        if intent == OUT_OF_SCOPE or len(text.split()) < 2:
            return False
        if not self._subject.alone(text, message.get("language_seen")):
            return False
        return intent in self._needing or confidences(message)[str(intent)] < _SURELY

    def _guided(self, message: Message) -> None:
        """A guide's own words, which staff wrote after the training, ask for it."""
        if is_payload(message):
            return
        intent = intent_of(message)
        text = normalized(message)
        finding: Finding | None = message.get("finding")
        undecided = intent == OUT_OF_SCOPE or (
            intent in self._needing and (finding is None or finding.decision != "answer")
        )
        if intent == GUIDE_INTENT or not (GUIDES.names(text) or (undecided and GUIDES.mentions(text))):
            return
        put_first(message, GUIDE_INTENT, _SAID)


def _names_procedures(message: Message, intent: str | None) -> bool:
    """Whether a message that asks about none, a complaint say or a question of law, still names some."""
    mention = message.get("procedure_mention") or 0.0
    if intent != OUT_OF_SCOPE:
        return bool(mention >= _NAMED)
    found = message.get("procedures") or []
    return bool(mention >= _NAMED_OUTSIDE and found and found[0]["score"] >= _FITS)
