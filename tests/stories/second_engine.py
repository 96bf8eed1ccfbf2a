"""A second dialogue engine: the project's rules and forms interpreted directly, without Rasa's dialogue.

It shows what of Rasa is behind which interface (docs/adr/0009-what-would-replace-rasa.md): it gets what a
message was understood as, runs the same actions over rasa-sdk's JSON, and the same generator writes the
replies. No policies, no training, no tracker: slots, the open form, and the events that actions look at.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

from bot import assistant
from troly.emergencies import emergency_in
from troly.report_codes import asks_about_report
from troly.verdicts import verdict_in

Understand = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
Act = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Runs one action; gives events and responses. Raises Declined."""

_VERDICTS = {"complain_service", "rate_service", "deny", "affirm", "thank", "abuse", "out_of_scope"}
_FALLBACK = "action_default_fallback"


class Declined(Exception):
    """An action has nothing to say to this message."""


@dataclass
class Rules:
    """What bot/rules/*.yml say, sorted by what they are for."""

    answers: dict[str, str] = field(default_factory=dict)
    """intent -> action"""
    opens: dict[str, str] = field(default_factory=dict)
    """intent -> form"""
    completes: dict[str, str] = field(default_factory=dict)
    """form -> action"""
    leaves: dict[tuple[str, str], str] = field(default_factory=dict)
    """(form, intent) -> action"""
    never_inside: set[str] = field(default_factory=set)
    """Intents that are not answered inside a form."""

    @classmethod
    def read(cls, folder: Path) -> Rules:
        """Raises ValueError for a rule of a kind that is not known here."""
        made = cls()
        for path in sorted(folder.glob("*.yml")):
            for rule in yaml.safe_load(path.read_text("utf-8"))["rules"]:
                made._add(rule)
        return made

    def _add(self, rule: dict[str, Any]) -> None:
        steps = rule["steps"]
        kinds = [next(iter(step)) for step in steps]
        form = next((one["active_loop"] for one in rule.get("condition", ())), None)
        if form is None and kinds == ["intent", "action"]:
            self.answers[steps[0]["intent"]] = steps[1]["action"]
            if rule.get("leaves_forms") is True:  # where it leaves some, those have rules of their own
                self.never_inside.add(steps[0]["intent"])
        elif form is None and kinds == ["intent", "action", "active_loop"]:
            self.opens[steps[0]["intent"]] = steps[1]["action"]
        elif form and kinds == ["action", "active_loop", "slot_was_set", "action"]:
            self.completes[form] = steps[-1]["action"]
        elif form and kinds == ["intent", "action", "active_loop", "action"]:
            self.leaves[form, steps[0]["intent"]] = steps[-1]["action"]
        else:
            raise ValueError(f"rule {rule['rule']}: {kinds}")


class State:
    """One conversation."""

    def __init__(self, name: str, slots: dict[str, Any]) -> None:
        self.name = name
        self.slots = dict.fromkeys(slots)
        self.form: str | None = None
        self.latest: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []

    def apply(self, events: list[dict[str, Any]]) -> None:
        """Remember what an action did."""
        for event in events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "active_loop":
                self.form = event["name"]
            self.events.append({"timestamp": time.time()} | event)

    def tracker(self) -> dict[str, Any]:
        """As rasa-sdk's actions read it."""
        return {
            "sender_id": self.name,
            "slots": self.slots,
            "latest_message": self.latest,
            "events": self.events,
            "paused": False,
            "followup_action": None,
            "active_loop": {"name": self.form} if self.form else {},
            "latest_action_name": None,
        }

    def seen_by_generator(self) -> Any:
        """What bot/nlg.py reads."""
        latest = SimpleNamespace(
            text=self.latest.get("text"),
            intent=self.latest.get("intent") or {},
            entities=self.latest.get("entities") or [],
            metadata=self.latest.get("metadata") or {},
            parse_data=self.latest,
        )
        return SimpleNamespace(get_slot=self.slots.get, latest_message=latest, active_loop_name=self.form)


class Engine:
    """Answers messages; conversations are kept in memory."""

    def __init__(self, understand: Understand, act: Act, generator: Any) -> None:
        self._understand = understand
        self._act = act
        self._generator = generator
        self._domain = assistant.compile_domain()
        self._rules = Rules.read(Path(assistant.__file__).parent / "rules")
        self._actions = {next(iter(one)) if isinstance(one, dict) else one for one in self._domain["actions"]}
        self._states: dict[str, State] = {}

    async def answer(self, name: str, text: str, metadata: dict[str, Any]) -> list[dict[str, Any]]:
        """The replies to a message: text, buttons, custom."""
        state = self._states.setdefault(name, State(name, self._domain["slots"]))
        understood = await self._understand(text, metadata)
        state.latest = understood | {"text": text, "metadata": metadata, "message_id": uuid.uuid4().hex}
        user = {"event": "user", "text": text, "parse_data": state.latest, "metadata": metadata}
        state.apply([user, *self._from_entities(state)])
        replies: list[dict[str, Any]] = []
        for action in self._before_all(state), await self._next(state, replies):
            if action:
                await self._run(state, action, replies)
                return replies
        return replies

    def _from_entities(self, state: State) -> list[dict[str, Any]]:
        found = {entity["entity"]: entity["value"] for entity in state.latest.get("entities") or []}
        return [
            _slot(name, found[mapping["entity"]])
            for name, slot in self._domain["slots"].items()
            for mapping in slot["mappings"]
            if mapping["type"] == "from_entity" and mapping["entity"] in found
        ]

    def _before_all(self, state: State) -> str | None:
        """As bot/components/interjection_policy.py."""
        intent, text = self._intent(state), state.latest["text"]
        if intent.startswith("tell_"):
            return f"action_{intent}" if f"action_{intent}" in self._actions else None
        if text.startswith("/"):
            return None
        if emergency_in(text):
            return "action_emergency"
        if asks_about_report(text):
            return "action_report_status"
        return "action_rate" if intent in _VERDICTS and not state.form and verdict_in(text) else None

    async def _next(self, state: State, replies: list[dict[str, Any]]) -> str | None:
        """What is still to be done; forms are worked on at once."""
        if self._before_all(state):
            return None
        intent, rules = self._intent(state), self._rules
        if state.form:
            try:
                return await self._advance(state, replies, may_decline=True)
            except Declined:
                pass
            if action := rules.leaves.get((state.form, intent)):
                state.apply([_slot("requested_slot", None), {"event": "active_loop", "name": None}])
                return action
            if intent in rules.answers and intent not in rules.never_inside:
                await self._run(state, rules.answers[intent], replies)
                return await self._advance(state, replies, validated={})
        if form := rules.opens.get(intent):
            return await self._open(state, form, replies)
        return rules.answers.get(intent, _FALLBACK)

    async def _open(self, state: State, form: str, replies: list[dict[str, Any]]) -> str | None:
        again = state.form == form
        filled = {
            name: state.slots[name] for name in self._required(form) if state.slots.get(name) is not None
        }
        if not again:
            state.apply([{"event": "active_loop", "name": form}, _slot("requested_slot", None)])
        return await self._advance(state, replies, validated={} if again else filled)

    async def _advance(
        self,
        state: State,
        replies: list[dict[str, Any]],
        *,
        may_decline: bool = False,
        validated: dict[str, Any] | None = None,
    ) -> str | None:
        """Check what was given, then ask for what is missing; the action of a complete form."""
        form = str(state.form)
        if validated is None:
            since = max(n for n, event in enumerate(state.events) if event["event"] == "user")
            validated = {
                event["name"]: event["value"]
                for event in state.events[since:]
                if event["event"] == "slot" and event["name"] in self._required(form)
            }
        result: list[dict[str, Any]] = []
        if f"validate_{form}" in self._actions:
            kept = dict(state.slots)
            state.slots |= validated
            result = await self._run(state, f"validate_{form}", replies)
            if may_decline and not validated and not any(event["event"] == "slot" for event in result):
                state.slots = kept
                raise Declined
        if not state.form or any(e["event"] == "slot" and e["name"] == "requested_slot" for e in result):
            wanted = state.slots.get("requested_slot") if state.form else None
        else:
            wanted = next((name for name in self._required(form) if state.slots.get(name) is None), None)
        if wanted:
            names = (f"action_ask_{form}_{wanted}", f"action_ask_{wanted}")
            # It still sees what was asked before.
            await self._run(state, next(name for name in names if name in self._actions), replies)
            state.apply([_slot("requested_slot", wanted)])
            return None
        state.apply([_slot("requested_slot", None), {"event": "active_loop", "name": None}])
        return self._rules.completes.get(form)

    async def _run(self, state: State, action: str, replies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if action.startswith("utter_") or action == _FALLBACK:
            responses: list[dict[str, Any]] = [{"response": action.replace(_FALLBACK, "utter_default")}]
            events: list[dict[str, Any]] = []
        else:
            call = {"next_action": action, "sender_id": state.name, "tracker": state.tracker()}
            result = await self._act(call | {"domain": self._domain, "version": "3.6.21"})
            responses, events = result["responses"], result["events"]
        for response in responses:
            name = response.pop("response", None)
            said = await self._generator.generate(name, state.seen_by_generator(), "rest", **response)
            replies.append(said)
            state.apply([{"event": "bot", "text": said["text"], "data": {"custom": said["custom"]}}])
        state.apply([{"event": "action", "name": action}, *events])
        for event in events:
            if event["event"] == "followup" and event["name"] in self._domain["forms"]:
                if completing := await self._open(state, event["name"], replies):
                    await self._run(state, completing, replies)
            elif event["event"] == "followup":
                await self._run(state, event["name"], replies)
        return events

    def _required(self, form: str) -> list[str]:
        return list(self._domain["forms"][form]["required_slots"])

    @staticmethod
    def _intent(state: State) -> str:
        return str((state.latest.get("intent") or {}).get("name") or "")


def _slot(name: str, value: Any) -> dict[str, Any]:
    return {"event": "slot", "name": name, "value": value}


def for_agent(agent: Any) -> Engine:
    """The engine with the understanding, the actions and the generator that Rasa's agent has."""
    from rasa.core.channels.channel import UserMessage
    from rasa.utils.endpoints import ClientResponseError

    async def understand(text: str, metadata: dict[str, Any]) -> dict[str, Any]:
        message = UserMessage(text, sender_id="second", input_channel="rest", metadata=metadata)
        return dict(await agent.processor.parse_message(message))

    async def act(call: dict[str, Any]) -> dict[str, Any]:
        try:
            result: dict[str, Any] = await agent.action_endpoint.request(json=json.loads(json.dumps(call)))
        except ClientResponseError:
            raise Declined from None
        return result

    return Engine(understand, act, agent.nlg)
