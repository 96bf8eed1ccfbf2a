"""What a message means to the report that is being written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from actions.reports.categories import categories, suggest
from actions.reports.contact import phone_in, with_phone
from actions.reports.draft import LONGEST_TEXT, Draft, Step
from actions.reports.places import at_address, at_location, communes_in, names_spot
from actions.turn import ASPECTS, Turn
from troly.text import fold
from troly.units.directory import directory

OPENING = frozenset({"report_issue", "complain_service"})
CHOICE = "answer_report"
"""The intent of the form's own buttons."""

_ELSEWHERE = frozenset(
    {
        "greet", "goodbye", "thank", "change_language", "ask_capabilities", "talk_to_human", "delete_my_data",
        "subscribe_status", "unsubscribe_status", "inform_application_code", "abuse", "cancel",
        "rate_service", "check_application_status", "report_overdue",
    }
)  # fmt: skip
"""Intents that are answered by others also while the form is open."""

_NOTHING_SAID = frozenset(
    re.findall(
        r"\w+",
        """toi muon xin gui bao phan anh kien nghi hien truong khieu nai to cao gop y cho minh em con chau tui
        bac viec mot su van de can giup o day duoc khong voi a ad oi nhe dum cai kem anh hinh lam the nao thi
        vao i want to report a an the problem issue something make complaint complain about here can how do
        please would like send my in street photo""",
    )
)
"""Words that only say that one wants to report."""

_OFFICE = re.compile(
    r"\b(?:ubnd|uy ban|mot cua|cong an|phuong|xa|phong|so|trung tam|chi cuc|cuc|bhxh|bao hiem|thue|toa an"
    r"|vien|tram|truong|van phong|co quan|office|desk|police|ward|commune|department|committee|court"
    r"|cent(?:re|er)|school|hospital|station)\b"
)
_ASKS = re.compile(
    r"\b(?:the nao|lam sao|kieu gi|ra sao|o dau|bao nhieu|bao lau|may ngay|giay to gi|can gi|nhung gi|la gi"
    r"|duoc khong|duoc chu|dc (?:ko|k|khong|chu)|co phai|how|what|where|which|when|can i|do i)\b|\?\s*$"
)
"""Words of a question; an address or a kind of problem has none."""

_YES = re.compile(
    r"(?:gui(?: di| luon| ngay)?|dung(?: roi)?|ok(?:e|ay)?|dong y|co|xac nhan|duoc|chuan|vang|u"
    r"|send(?: it)?|yes|correct|submit)(?: a| nhe| roi| luon| di| please)*"
)
_NO = re.compile(
    r"(?:khong(?: co)?(?: anh| so| can)?|ko|k|hong|bo qua(?: (?:buoc|phan|cai) nay| luon)?"
    r"|(?:thoi )?khoi|thoi|xong"
    r"|du(?: roi)?|het(?: roi)?|khong biet|khong nho|no|none|skip(?: it| this)?|done|no photos?|no thanks?"
    r"|that.?s all)(?: a| nhe| roi| anh| can| dau)*"
)
_SENDS = re.compile(r"(?:gui|send)(?: di| luon| ngay| it| now| giup| nhe| a| please)*")
_MAY_BE_LEFT_OUT = ("commune", "when", "photos", "contact")
"""Where "bỏ qua" and "thôi" are about the question and not about the report."""
_EDITS: tuple[tuple[str, Step], ...] = (
    (r"dia (?:diem|chi)|noi xay ra|vi tri|cho xay|place|location|address", "place"),
    (r"anh|hinh|photo|picture", "photos"),
    (r"so|dien thoai|lien he|phone|contact|number", "contact"),
    (r"loai|nhom|categor", "category"),
    (r"co quan|office", "office"),
    (r"ngay|thoi gian|luc|when|time", "when"),
    (r"noi dung|text|mo ta|content|description", "text"),
)
_CHANGE = re.compile(r"\b(?:sua|doi|chua|nham|sai|thay|edit|change|wrong)\b")


@dataclass(frozen=True, slots=True)
class Message:
    """A turn, with what came beside it."""

    turn: Turn
    normalized: str
    photo: str
    """The name of a stored picture, known to be the citizen's own; "" without."""

    @property
    def folded(self) -> str:
        """The words without marks and final signs."""
        return fold(self.turn.text).strip(" .!?,")


def opened(message: Message, emergency: str) -> Draft:
    """A new draft from the message that opened the form. `emergency`: what was said in danger before."""
    turn = message.turn
    draft = Draft(kind="complaint" if turn.intent == "complain_service" else "report")
    said = (
        emergency
        if turn.entities.get("report_choice") == "from_before"
        else ""
        if turn.pressed
        else turn.text
    )
    if said and says_something(said):
        draft = told(draft, said, message.normalized or said)
        draft = replace(draft, note="sorry" if draft.kind == "complaint" else "")
    if "latitude" in turn.entities and draft.kind == "report":
        draft = at_location(draft, turn.entities)
    return draft.with_photo(message.photo) if message.photo else draft


def told(draft: Draft, text: str, normalized: str) -> Draft:
    """The draft with what happened, and with what these words already tell about the rest."""
    draft = replace(draft, text=text[:LONGEST_TEXT])
    if draft.kind == "complaint":
        return replace(draft, category="complaint")
    found = communes_in(text)
    if len(found) == 1 and names_spot(text) and not draft.commune:
        draft = replace(draft, commune=found[0].code)
    return replace(draft, category=draft.category or suggest(normalized) or "")


def says_something(text: str) -> bool:
    """Whether there is more in it than the wish to report."""
    return bool(set(re.findall(r"\w+", fold(text))) - _NOTHING_SAID)


def taken(draft: Draft, message: Message) -> Draft | None:
    """The draft as the message changes it; None for a message that is about something else."""
    turn = message.turn
    asked_again = draft.note
    draft = replace(draft, note="")
    if turn.pressed:
        return _pressed(draft, message)
    if turn.intent == "cancel" and not (draft.step in _MAY_BE_LEFT_OUT and _passes_over(message)):
        return None
    if draft.step == asked_again == "commune":
        # Asked twice: the address is what there is.
        draft = replace(draft, place_done=True)
        known: Draft | None = _commune(draft, message) or draft
    else:
        known = _STEPS[draft.step](draft, message)
    if known is not None and asked_again == known.note == "category":
        # Asked twice: the office that receives it sorts it.
        known = replace(known, category="other", note="")
    if known is not None and message.photo:
        known = known.with_photo(message.photo)
    return known


def chosen(draft: Draft, choice: str) -> Draft:
    """The draft after a button of the form."""
    name, _, value = choice.partition(":")
    if name == "category" and value in categories():
        return replace(draft, category=value)
    if name == "commune" and (not value or value in directory().communes):
        return replace(draft, commune=value, place_done=True)
    if name == "edit" and value in _STEPS:
        return draft.again(value)
    if name == "skip" and value in ("photos", "contact", "when"):
        done: dict[str, Any] = {f"{value}_done": True}
        return replace(draft, **done)
    if name == "when":
        return replace(draft, happened=value[:100], when_done=True)
    return draft


def _pressed(draft: Draft, message: Message) -> Draft | None:
    turn = message.turn
    if turn.intent == CHOICE:
        return chosen(draft, str(turn.entities.get("report_choice", "")))
    if turn.intent == "share":
        if message.photo:
            return draft.with_photo(message.photo)
        if "latitude" in turn.entities:
            return draft if draft.kind == "complaint" else at_location(draft, turn.entities)
        if "phone" in turn.entities:
            return _phone(draft, str(turn.entities["phone"]))
        return replace(draft, note="photo_lost")
    if turn.intent in OPENING:
        kind = "complaint" if turn.intent == "complain_service" else "report"
        return draft if kind == draft.kind else Draft(kind=kind)
    return None


def _passes_over(message: Message) -> bool:
    """Whether it leaves out what was asked for: "bỏ qua", "gửi đi"."""
    return any(words.fullmatch(message.folded) for words in (_NO, _SENDS))


def _is_question(turn: Turn) -> bool:
    """Whether it asks about a procedure that was found or is talked of, or about another service's matter."""
    if turn.intent in _ELSEWHERE:
        return True
    found = turn.decision in ("answer", "choose") or (turn.focus is not None and _asks(turn))
    return turn.intent in ASPECTS and found


def _asks(turn: Turn) -> bool:
    return _ASKS.search(fold(turn.text)) is not None


def _text(draft: Draft, message: Message) -> Draft | None:
    turn = message.turn
    if turn.intent not in OPENING and _is_question(turn):
        return None
    if not says_something(turn.text):
        return replace(draft, note="what")
    if turn.intent == "complain_service" and draft.kind == "report":
        draft = Draft(kind="complaint")
    return told(draft, turn.text, message.normalized or turn.text)


def _category(draft: Draft, message: Message) -> Draft | None:
    if message.turn.intent == "complain_service" and not suggest(message.normalized or message.turn.text):
        return opened(message, "")  # of the report no more was said yet than its first sentence
    for category in categories().values():
        if message.folded in {fold(name) for name in category.name.values()}:
            return replace(draft, category=category.id)
    if found := suggest(message.normalized or message.turn.text):
        return replace(draft, category=found)
    if "ordinal" in message.turn.entities:
        number = int(message.turn.entities["ordinal"])
        if 1 <= number <= len(categories()):
            return replace(draft, category=list(categories())[number - 1])
    if _is_question(message.turn):
        return None
    if draft.kind == "report" and (communes_in(message.turn.text) or names_spot(message.turn.text)):
        return at_address(draft, message.turn.text)  # the place, before it is asked for
    return replace(draft, note="category")


def _place(draft: Draft, message: Message) -> Draft | None:
    text = message.turn.text
    question = _is_question(message.turn)
    # "Quán cạnh đình muốn gia hạn giấy phép thì làm thế nào" names a spot and asks all the same.
    if (communes_in(text) or names_spot(text)) and not (question and _asks(message.turn)):
        return at_address(draft, text)
    if question:
        return None
    return at_address(draft, text) if len(text) >= 5 else replace(draft, note="place")


def _commune(draft: Draft, message: Message) -> Draft | None:
    found = communes_in(message.turn.text)
    if len(found) == 1 and not (_is_question(message.turn) and _asks(message.turn)):
        return replace(draft, commune=found[0].code, place_done=True)
    if _passes_over(message) or draft.place_done:
        return replace(draft, place_done=True)
    if _is_question(message.turn):
        return None
    return replace(draft, communes=tuple(commune.code for commune in found[:6]), note="commune")


def _office(draft: Draft, message: Message) -> Draft | None:
    text = message.turn.text
    # The name of an office is easily taken for a procedure of that office.
    named = _OFFICE.search(message.folded) or communes_in(text)
    if _is_question(message.turn) and (message.turn.intent in _ELSEWHERE or not named):
        return None
    return at_address(draft, text) if len(text) >= 3 else replace(draft, note="office")


def _when(draft: Draft, message: Message) -> Draft | None:
    turn = message.turn
    # "This morning" is easily taken for a greeting.
    if turn.intent in ("talk_to_human", "delete_my_data", "change_language") or (
        turn.intent in ASPECTS and turn.decision in ("answer", "choose")
    ):
        return None
    happened = "" if _passes_over(message) else message.turn.text[:100]
    return replace(draft, happened=happened, when_done=True)


def _photos(draft: Draft, message: Message) -> Draft | None:
    if _passes_over(message) or message.turn.intent == "deny":
        return replace(draft, photos_done=True)
    if message.photo:
        return draft
    return _added(draft, message)


def _contact(draft: Draft, message: Message) -> Draft | None:
    if phone_in(message.turn.text):
        return _phone(draft, message.turn.text)
    if _passes_over(message) or message.turn.intent == "deny":
        return replace(draft, contact_done=True)
    if re.search(r"\d{3}", message.turn.text):
        return replace(draft, note="bad_phone")
    return _added(draft, message)


def _summary(draft: Draft, message: Message) -> Draft | None:
    turn = message.turn
    if phone_in(turn.text):
        return _phone(draft, turn.text)
    if _CHANGE.search(message.folded):
        for words, step in _EDITS:
            if re.search(rf"\b(?:{words})\b", message.folded):
                step = "office" if step == "place" and draft.kind == "complaint" else step
                return draft.again(step)
        return replace(draft, note="edit")
    if turn.intent == "deny":
        return replace(draft, note="edit")
    return _added(draft, message)


def confirms(draft: Draft, message: Message) -> bool:
    """Whether the message sends the report that was summed up."""
    turn = message.turn
    if draft.step != "summary":
        return False
    if turn.pressed:
        return turn.intent == CHOICE and turn.entities.get("report_choice") == "send"
    return turn.intent == "affirm" or _YES.fullmatch(message.folded) is not None


def _added(draft: Draft, message: Message) -> Draft | None:
    """More about what happened, if that is what it is."""
    if message.turn.intent in OPENING and says_something(message.turn.text):
        return draft.more(message.turn.text)
    return None if _is_question(message.turn) else replace(draft, note="again")


def _phone(draft: Draft, text: str) -> Draft:
    phone = phone_in(text)
    return with_phone(draft, phone) if phone else replace(draft, note="bad_phone")


_STEPS: dict[Step, Callable[[Draft, Message], Draft | None]] = {
    "text": _text,
    "category": _category,
    "place": _place,
    "commune": _commune,
    "office": _office,
    "when": _when,
    "photos": _photos,
    "contact": _contact,
    "summary": _summary,
}
