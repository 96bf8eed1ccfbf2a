"""Ratings: five points for a service, a thumb for an answer, and the reason of a bad one.

At the end of a service a button offers the five points, at most once a day for each service.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Literal, get_args

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import case, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from actions import portal
from actions.speech import Button, say
from actions.turn import Turn, done_before, payload, read
from troly.clock import now, today
from troly.tables.conversations import Conversation, Rating
from troly.tables.delivery import Outbox
from troly.text import fold
from troly.verdicts import Verdict, verdict_in

log = structlog.get_logger(__name__)

Service = Literal["status", "report", "guide", "life_event", "office", "person"]
SERVICES: frozenset[str] = frozenset(get_args(Service))

REASONS = ("wrong_procedure", "wrong_information", "hard_to_understand", "other")

_REASON_WORDS = {
    "wrong_procedure": re.compile(r"\b(?:sai|nham|khac) thu tuc\b|\bwrong procedure\b"),
    "hard_to_understand": re.compile(
        r"\bkho hieu\b|\b(?:khong|ko|k|chang|cha) hieu\b|\bdai dong\b|\brac roi\b|\bconfusing\b"
        r"|\bunclear\b|\bunderstand\b"
    ),
    "wrong_information": re.compile(
        r"\bsai\b|\b(?:khong|ko|k) (?:dung|chinh xac)\b|\bwrong\b|\bincorrect\b|\bnot (?:true|right)\b"
    ),
}
_AROUND = r"(?: (?:a|nha|nhe|thoi|lam|day|em|ban|i think|thanks?|thank you|cam on))*"
_POINTS = {
    1: re.compile(
        rf"(?:1|(?:rat|qua) (?:te|kem|toi|khong hai long)|te hai|(?:very|really) bad|terrible|awful){_AROUND}"
    ),
    2: re.compile(rf"(?:2|te|kem|toi|do|khong hai long|ko hai long|k hai long|chan|bad|poor){_AROUND}"),
    3: re.compile(
        r"(?:3|(?:cung )?(?:tam|binh thuong|bt|duoc)(?: (?:duoc|on))?|so so|okay|ok|average|not bad|fine)"
        rf"{_AROUND}"
    ),
    4: re.compile(rf"(?:4|(?:cung |kha )?(?:tot|hai long|hay)|kha|good|nice|satisfied|happy){_AROUND}"),
    5: re.compile(
        rf"(?:5|(?:rat|qua|cuc ky) (?:tot|hai long|hay)|tuyet(?: voi)?|xuat sac|qua tuyet"
        rf"|(?:very|really) (?:good|happy|satisfied|nice)|great|excellent|perfect|amazing){_AROUND}"
    ),
}
"""Answers to the question for one to five points, without marks."""
_A_MOMENT = timedelta(minutes=10)
"""So long after a bad rating, words of a reason are its reason and no rating of their own."""
_SKIPPED = "skip"
_ANY = "any"
"""In place of a service where the points are asked for none in particular."""
_BAD_STARS = 3
"""Up to so many, the reason is asked."""


class ActionRate(Action):
    """Takes a rating from a button or from words; asks for it where none is given."""

    def name(self) -> str:
        return "action_rate"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        about = {"intent": "rate_service"}
        target = str(tracker.get_slot("rating_target") or "service")
        given = _given(turn) or (_in_words(turn) if asked_for_stars(tracker) else None)
        reason = str(turn.entities.get("rating_reason", ""))
        in_words = "" if turn.pressed or (given and given.stars) else _reason_in(turn.text)
        if in_words and await _unexplained(tracker.sender_id, target):
            reason = in_words
        if reason in REASONS:
            await _explain(tracker.sender_id, target, reason)
            say(dispatcher, "rating_explained", status="smalltalk", record=about, choices=_after(reason))
            return [SlotSet("rating_target", None)]
        service = _service(turn, tracker)
        if turn.pressed and turn.entities.get("stars") == _SKIPPED:
            say(dispatcher, "rating_skipped", status="smalltalk", record=about)
            return [SlotSet("rating_service", None)]
        if given and given.stars:
            place = f"service:{service}" if service else "service"
            await _store(tracker.sender_id, place, "stars", given.stars)
            done = self._thanked(dispatcher, place, good=given.stars > _BAD_STARS)
            return [*done, SlotSet("rating_service", None)]
        if given:
            number = _number(turn.entities.get("rated_reply")) or await _last_reply(tracker.sender_id)
            place = f"reply:{number}" if number else "conversation"
            await _store(tracker.sender_id, place, "thumb", int(bool(given.thumb)))
            done = self._thanked(dispatcher, place, good=bool(given.thumb))
            return [*done, SlotSet("rating_service", None)]
        say(
            dispatcher,
            "ask_rating",
            status="clarify",
            record=about,
            # The worst first: where a platform has no buttons, the number typed is the number of stars.
            choices=[*[_star(number, service) for number in range(1, 6)], _star(_SKIPPED, service)],
        )
        return [SlotSet("rating_service", service or _ANY)]

    def _thanked(self, dispatcher: CollectingDispatcher, target: str, *, good: bool) -> list[EventType]:
        about = {"intent": "rate_service"}
        if good:
            say(dispatcher, "rating_good", status="smalltalk", record=about)
            return []
        say(
            dispatcher,
            "rating_bad",
            status="clarify",
            record=about,
            choices=[
                Button(
                    title={"response": f"button_reason_{reason}"},
                    payload=payload("rate_service", rating_reason=reason),
                )
                for reason in REASONS
            ],
        )
        return [SlotSet("rating_target", target)]


def asked_for_stars(tracker: Tracker) -> bool:
    """Whether the last answer asked for the five points."""
    return done_before(tracker) == "action_rate" and bool(tracker.get_slot("rating_service"))


def answers_stars(tracker: Tracker, turn: Turn) -> bool:
    """Whether the message gives the five points that were asked for: "4", "tạm được"."""
    return asked_for_stars(tracker) and _in_words(turn) is not None


def offer(tracker: Tracker, service: Service) -> tuple[list[Button], list[EventType]]:
    """The button at the end of a service, and what remembers it; nothing where it was offered today."""
    day = today().date().isoformat()
    offered = tracker.get_slot("rating_offers")
    offered = offered if isinstance(offered, dict) else {}
    if offered.get(service) == day:
        return [], []
    button = Button(title={"response": "button_rate"}, payload=payload("rate_service", service=service))
    return [button], [SlotSet("rating_offers", {**offered, service: day})]


def _star(number: int | str, service: str) -> Button:
    about = {"service": service} if service else {}
    return Button(
        title={"response": f"button_stars_{number}"}, payload=payload("rate_service", stars=number, **about)
    )


def _service(turn: Turn, tracker: Tracker) -> str:
    """Which service is rated: what the button says, else the one that was last asked about."""
    named = turn.entities.get("service") or (not turn.pressed and tracker.get_slot("rating_service"))
    return str(named) if named in SERVICES else ""


def _number(value: object) -> int | None:
    written = str(value or "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else None


def _reason_in(text: str) -> str:
    """The reason of a bad rating that was asked for, where the words tell one; "" otherwise."""
    words = fold(text)
    return next((reason for reason, said in _REASON_WORDS.items() if said.search(words)), "")


def _after(reason: str) -> list[Button]:
    procedure = Button(title={"response": "button_ask_procedure"}, payload="/ask_procedure")
    person = Button(title={"response": "button_talk_to_human"}, payload="/talk_to_human")
    return [procedure, person] if reason == "wrong_procedure" else [person]


def _given(turn: Turn) -> Verdict | None:
    """What a button says, else the words."""
    if not turn.pressed:
        return verdict_in(turn.text)
    stars, thumb = str(turn.entities.get("stars", "")), turn.entities.get("thumb")
    if stars in ("1", "2", "3", "4", "5"):
        return Verdict(stars=int(stars))
    return Verdict(thumb=thumb == "up") if thumb in ("up", "down") else None


def _in_words(turn: Turn) -> Verdict | None:
    """The points that a bare number or word gives."""
    stars = next((stars for stars, said in _POINTS.items() if said.fullmatch(turn.words)), None)
    return None if turn.pressed or stars is None else Verdict(stars=stars)


async def _last_reply(conversation_id: str) -> int | None:
    """The number of the newest thing that the citizen was told."""
    async with portal.engine().connect() as connection:
        number: int | None = await connection.scalar(
            select(func.max(Outbox.number)).where(
                Outbox.conversation_id == conversation_id, Outbox.kind == "reply"
            )
        )
    return number


async def _store(conversation_id: str, target: str, scale: str, value: int) -> None:
    """Keep the rating in the place of an earlier one of the same; losing it must not cost the answer."""
    given = {"scale": scale, "value": value, "reason": None, "created_at": now()}
    try:
        async with portal.engine().begin() as connection:
            # Also the statement that takes SQLite's write lock.
            changed = await connection.execute(
                update(Rating)
                .where(Rating.conversation_id == conversation_id, Rating.target == target)
                .values(**given)
            )
            known = await connection.scalar(select(Conversation.id).where(Conversation.id == conversation_id))
            if known and not changed.rowcount:
                await connection.execute(
                    insert(Rating).values(conversation_id=conversation_id, target=target, comment="", **given)
                )
    except SQLAlchemyError as error:
        log.error("rating_lost", error=type(error).__name__)


async def _unexplained(conversation_id: str, target: str) -> bool:
    """Whether this was rated badly a moment ago, without a reason."""
    async with portal.engine().connect() as connection:
        found = await connection.scalar(
            select(Rating.id).where(
                Rating.conversation_id == conversation_id,
                Rating.target == target,
                Rating.reason.is_(None),
                Rating.value <= case((Rating.scale == "stars", _BAD_STARS), else_=0),
                Rating.created_at > now() - _A_MOMENT,
            )
        )
    return found is not None


async def _explain(conversation_id: str, target: str, reason: str) -> None:
    try:
        async with portal.engine().begin() as connection:
            await connection.execute(
                update(Rating)
                .where(Rating.conversation_id == conversation_id, Rating.target == target)
                .values(reason=reason)
            )
    except SQLAlchemyError as error:
        log.error("rating_lost", error=type(error).__name__)
