"""What the gateway itself must say, when the assistant cannot. The words are in channels/notices/, and staff
change them in the console.
"""

from __future__ import annotations

from channels.base import Answer, Button, Outbound
from troly.answers import notices
from troly.answers.notices import Notices

IN_USE = Notices()
"""Of this process; channels/wording.py has it follow the database."""

MENU = (
    ("button_procedure", "/ask_procedure"),
    ("button_status", "/check_application_status"),
    ("button_office", "/find_office"),
    ("button_help", "/ask_digital_help"),
    ("button_life", "/life_event"),
    ("button_report", "/report_issue"),
    ("button_person", "/talk_to_human"),
    ("button_data", "/delete_my_data"),
)
"""The greeting's buttons, the most used first; as in bot/responses."""

_LIKE = {"audio": "voice"}
"""Kinds of media that are answered as another one."""


def say(name: str, language: str | None, **values: object) -> str:
    """The text `name` in the language (Vietnamese when it is not English), filled with the values."""
    return IN_USE.say(name, language, **values)


def known(name: str) -> bool:
    """Whether there is a text of this name."""
    return name in notices.shipped()


def greeting(language: str | None) -> Outbound:
    """The greeting for when the assistant cannot greet by itself."""
    buttons = [Button(title=say(name, language), payload=payload) for name, payload in MENU]
    return _outbound("greeting", language, Answer(status="smalltalk", intent="greet"), buttons)


def error_reply(language: str | None) -> Outbound:
    """What stands in the place of an answer that could not be had."""
    return _outbound("error", language, Answer(status="error"), [])


def late_notice(language: str | None) -> Outbound:
    """What the citizen is told when the answer takes longer."""
    return told("takes_longer", language)


def media_reply(kind: str | None, language: str | None) -> Outbound:
    """The answer to what the assistant cannot read, by its kind (channels/reception.py)."""
    name = f"media_{_LIKE.get(kind or '', kind)}"
    return _outbound(name if known(name) else "media_unsupported", language, Answer(status="refused"), [])


def media_aside(language: str | None) -> Outbound:
    """What comes before an answer to the words beside a picture or file."""
    return told("aside", language)


def told(name: str, language: str | None, **values: object) -> Outbound:
    """The text `name` as something to tell, which is no answer."""
    spoken = "en" if language == "en" else "vi"
    return Outbound(text=say(name, spoken, **values), language=spoken)


def _outbound(name: str, language: str | None, answer: Answer, buttons: list[Button]) -> Outbound:
    spoken = "en" if language == "en" else "vi"
    record = answer.model_copy(update={"language": spoken})
    return Outbound(text=say(name, spoken), language=spoken, buttons=buttons, answer=record)
