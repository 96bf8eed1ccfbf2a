"""Being told of changes: agreed to, listed, ended; and what the system has to tell."""

from __future__ import annotations

import re
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import portal, recent
from actions.applications import looked_up, try_again
from actions.speech import Button, say
from actions.turn import Turn, misses, payload, read
from portal.changes import LAST, UNSEEN
from portal.codes import parse_application_code
from portal.errors import NotFound
from portal.following import MOST, Begun, Followed
from troly.text import fold

_OPENS = "subscribe_status"
_LIST = re.compile(
    r"\b(?:dang|da|con) (?:duoc |cho )?(?:theo doi|dang ky|bao tin|nhan (?:tin|thong bao|bao tin)"
    r"|bat (?:thong bao|bao tin))(?!.*\bco gi\b).*\b(?:gi|nao|nhung|may|bao nhieu)\b"
    r"|\b(?:danh sach|xem|cac) .*\bdang (?:theo doi|bat|nhan|dang ky)\b|\bdanh sach .*(?:theo doi|bao tin)"
    r"|\b(?:what|which) .*\b(?:am i|i am|i m|do i|do you) .*\b(?:follow|subscri|notif|track|watch)"
    r"|\b(?:what|which) do (?:i|you) (?:follow|track|watch)\b|\bam i (?:following|subscribed)\b"
    r"|\b(?:list|show) (?:me )?(?:my|the) (?:notices|notifications|subscriptions|alerts)\b"
)
_ALL = re.compile(r"\b(?:het|tat ca|toan bo|moi thong bao|everything|all)\b")


class ValidateFollowForm(Action):
    """Finds out which application is meant, then whether the citizen agrees."""

    def name(self) -> str:
        return "validate_follow_form"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        known = tracker.get_slot("follow_code")
        if turn.intent == _OPENS and _asks_for_list(turn):
            return [SlotSet("follow_done", "list")]
        named = parse_application_code(str(turn.entities.get("application_code") or ""))
        if named and turn.intent in (_OPENS, "inform_application_code", "check_application_status", "affirm"):
            return [SlotSet("follow_code", named), SlotSet("follow_done", await _known_end(tracker, named))]
        if turn.intent == _OPENS:
            meant = _meant(turn, tracker)
            end = await _known_end(tracker, meant) if meant else None
            return [SlotSet("follow_code", meant), SlotSet("follow_done", end)]
        if known and turn.intent in ("affirm", "deny"):
            return [SlotSet("follow_done", "yes" if turn.intent == "affirm" else "no")]
        return [SlotSet("follow_done", None)] if misses(turn, _OPENS) else []


async def _known_end(tracker: Tracker, code: str) -> str | None:
    """What already decides: it is followed, or there are too many."""
    followed = await portal.following().of(tracker.sender_id)
    if any(one.code == code for one in followed):
        return "already"
    return "full" if len(followed) >= MOST else None


def _meant(turn: Turn, tracker: Tracker) -> str | None:
    """The application that a wish without a code means: the last one, when that is clear."""
    asked = recent.recent(tracker)
    if recent.means_another(turn.text) or (len(asked) > 1 and recent.means_earlier(turn.text)):
        return None
    last = tracker.get_slot("application_code") or (asked[0]["code"] if len(asked) == 1 else None)
    return str(last) if last else None


def _asks_for_list(turn: Turn) -> bool:
    return not turn.pressed and bool(_LIST.search(fold(turn.text)))


class ActionAskFollowDone(Action):
    """Asks for the code, then for consent, saying what is kept."""

    def name(self) -> str:
        return "action_ask_follow_done"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        code = tracker.get_slot("follow_code")
        named = code is not None and turn.entities.get("application_code") == code
        answers = turn.intent == _OPENS or misses(turn, _OPENS) or named
        record = {"intent": _OPENS, "application_code": code}
        agree = [
            Button(title={"response": "button_agree"}, payload="/affirm"),
            Button(title={"response": "button_disagree"}, payload="/deny"),
        ]
        if code and (answers or turn.intent == "inform_application_code"):
            say(dispatcher, "ask_follow_consent", status="form", record=record, code=code, choices=agree)
        elif code:
            dispatcher.utter_message(response="ask_follow_consent_again", answer={}, code=code, choices=agree)
        elif answers or turn.intent == "inform_application_code":
            offered = recent.buttons(tracker, _OPENS)
            say(dispatcher, "ask_code_to_follow", status="form", record={"intent": _OPENS}, choices=offered)
        else:
            dispatcher.utter_message(response="ask_application_code_again", answer={})
        return []


class ActionFollowDone(Action):
    """Begins to follow, or says why not; lists what is followed."""

    def name(self) -> str:
        return "action_follow_done"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        code, end = str(tracker.get_slot("follow_code") or ""), tracker.get_slot("follow_done")
        left: list[EventType] = [SlotSet("follow_code", None), SlotSet("follow_done", None)]
        record = {"intent": _OPENS, "application_code": code or None}
        if end == "list":
            await tell_list(dispatcher, tracker)
        elif end == "yes":
            return [*left, *await _begin(dispatcher, tracker, code)]
        elif end == "already":
            say(
                dispatcher,
                "follow_already",
                status="answered",
                record=record,
                code=code,
                choices=[_stop(code)],
            )
        elif end == "full":
            say(dispatcher, "follow_full", status="refused", record=record, most=MOST, choices=[_list()])
        else:
            say(dispatcher, "follow_declined", status="smalltalk", record=record)
        return left


async def _begin(dispatcher: CollectingDispatcher, tracker: Tracker, code: str) -> list[EventType]:
    record = {"intent": _OPENS, "application_code": code}

    async def promise() -> None:
        """The portal is down, the citizen has agreed: the watcher looks it up as soon as it can."""
        begun, status = await portal.following().begin_unseen(tracker.sender_id, code)
        if begun != "started":
            _tell_not_begun(dispatcher, begun, record)
            return
        say(
            dispatcher,
            "follow_promised" if status == UNSEEN else "follow_started_without_look",
            status="portal_unavailable",
            record=record,
            code=code,
            state={"response": f"status_{status}"},
            choices=[try_again(code), _stop(code)],
        )

    application = await looked_up(dispatcher, tracker, code, when_down=promise)
    if application is None or isinstance(application, NotFound):
        return []
    if application.status in LAST:
        state = {"response": f"status_{application.status}"}
        say(dispatcher, "follow_finished", status="answered", record=record, code=code, state=state)
        return recent.remember(tracker, application)
    begun = await portal.following().begin(tracker.sender_id, application)
    if begun == "started":
        state = {"response": f"status_{application.status}"}
        say(
            dispatcher,
            "follow_started",
            status="answered",
            record=record,
            code=code,
            state=state,
            choices=[_stop(code), _list()],
        )
    else:
        _tell_not_begun(dispatcher, begun, record)
    return recent.remember(tracker, application)


def _tell_not_begun(dispatcher: CollectingDispatcher, begun: Begun, record: dict[str, Any]) -> None:
    code = record["application_code"]
    if begun == "already":
        say(dispatcher, "follow_already", status="answered", record=record, code=code, choices=[_stop(code)])
    elif begun == "full":
        say(dispatcher, "follow_full", status="refused", record=record, most=MOST, choices=[_list()])
    else:
        say(dispatcher, "follow_impossible", status="error", record=record)


class ActionListNotices(Action):
    """What is followed, each with a button to end it."""

    def name(self) -> str:
        return "action_list_notices"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        await tell_list(dispatcher, tracker)
        return []


class ActionUnsubscribe(Action):
    """Ends one, or all; asks which where that is not clear."""

    def name(self) -> str:
        return "action_unsubscribe"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        if _asks_for_list(turn):
            await tell_list(dispatcher, tracker)
            return []
        following = portal.following()
        followed = await following.of(tracker.sender_id)
        named = str(turn.entities.get("followed") or turn.entities.get("application_code") or "")
        if not named and not turn.pressed and _ALL.search(fold(turn.text)):
            named = "all"
        if not named and len(followed) == 1:
            named = followed[0].code
        if not followed:
            say(dispatcher, "follow_none", status="answered", record=_UNSUBSCRIBE)
        elif named == "all":
            await following.end(tracker.sender_id)
            say(dispatcher, "follow_ended_all", status="answered", record=_UNSUBSCRIBE)
        elif named and await following.end(tracker.sender_id, named):
            say(dispatcher, "follow_ended", status="answered", record=_UNSUBSCRIBE, code=named)
        else:
            say(
                dispatcher,
                "follow_end_which",
                status="clarify",
                record=_UNSUBSCRIBE,
                choices=[*_ends(followed), _stop_all()],
            )
        return []


_UNSUBSCRIBE = {"intent": "unsubscribe_status"}


async def tell_list(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    """Say what the conversation follows."""
    followed = await portal.following().of(tracker.sender_id)
    if not followed:
        say(dispatcher, "follow_none", status="answered", record={"intent": _OPENS})
        return
    lines = [
        {
            "response": "label_followed",
            "code": one.code,
            "name": one.procedure_name,
            "state": {"response": f"status_{one.status}"},
        }
        for one in followed
    ]
    ends = [*_ends(followed), _stop_all()] if len(followed) > 1 else _ends(followed)
    say(dispatcher, "follow_list", status="answered", record={"intent": _OPENS}, lines=lines, choices=ends)


def _ends(followed: list[Followed]) -> list[Button]:
    return [
        Button(
            title={"response": "button_stop_one", "code": one.code},
            payload=payload("unsubscribe_status", followed=one.code),
        )
        for one in followed
    ]


def _stop(code: str) -> Button:
    return Button(title={"response": "button_stop"}, payload=payload("unsubscribe_status", followed=code))


def _stop_all() -> Button:
    return Button(
        title={"response": "button_stop_all"}, payload=payload("unsubscribe_status", followed="all")
    )


def _list() -> Button:
    return Button(title={"response": "button_list_notices"}, payload="/list_notices")
