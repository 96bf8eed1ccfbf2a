"""The stock assistant's actions, for `troly bench --against stock`: one question to the portal, no more.

`python -m rasa_sdk --actions bot.stock.actions` serves them, as the documentation does. The portal is asked
by the project's own client, kept connection and ten minutes' cache included, so that what differs is Rasa.
"""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from portal.client import PortalClient
from portal.errors import PortalError
from portal.models import Procedure
from troly.settings import ROOT, settings

_CODE = re.compile(r"\d\.\d{6}")


@lru_cache(maxsize=1)
def _client() -> PortalClient:
    return PortalClient.from_settings(settings())


@lru_cache(maxsize=1)
def _ids() -> dict[str, str]:
    """The portal's id of each code, which saves it a question; ours has it in the catalogue's copy."""
    file = os.environ.get("STOCK_IDS")
    return json.loads(Path(file).read_text(encoding="utf-8")) if file else {}


class StockAnswerProcedure(Action):
    """The fees of the procedure whose code the message has."""

    def name(self) -> str:
        return "action_answer_procedure"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        code = _CODE.search(str(tracker.latest_message.get("text") or ""))
        if code is None:
            dispatcher.utter_message(response="utter_out_of_scope")
            return []
        try:
            procedure = await _client().get_procedure(_ids().get(code[0], code[0]))
        except PortalError:
            dispatcher.utter_message(response="utter_default")
            return []
        dispatcher.utter_message(text="\n".join(_lines(procedure)))
        return []


def _lines(procedure: Procedure) -> list[str]:
    fees = [f"{fee.amount} {fee.currency} {fee.note}" for way in procedure.methods for fee in way.fees]
    return [procedure.name, procedure.code, *fees, procedure.source_url]


class _StandIn(Action):
    """Every other action of the domain: the rules name it, the measurement does not reach it."""

    action = ""

    def name(self) -> str:
        return self.action

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        if not self.action.startswith("validate_"):
            dispatcher.utter_message(response="utter_out_of_scope")
        return []


def _declared(folder: Path) -> set[str]:
    names: set[str] = set()
    for path in folder.glob("*.yml"):
        declared = yaml.safe_load(path.read_text(encoding="utf-8")).get("actions") or []
        names |= {next(iter(one)) if isinstance(one, dict) else str(one) for one in declared}
    return names - {"action_answer_procedure"}


# rasa-sdk serves every subclass of Action that it finds, each under the name it gives.
STAND_INS = [type(name, (_StandIn,), {"action": name}) for name in _declared(ROOT / "bot" / "domain")]
