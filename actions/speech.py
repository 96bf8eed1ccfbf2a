"""What an action says: a response name with values, never prose, and the answer record of the turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from rasa_sdk.executor import CollectingDispatcher

from portal.models import Application, Procedure

PORTAL_TITLE = "Cổng Dịch vụ công quốc gia"


class Button(TypedDict):
    """A button: its title as text or a typed value, and the message that it sends."""

    title: Any
    payload: str


def say(
    dispatcher: CollectingDispatcher,
    response: str,
    *,
    status: str,
    choices: Sequence[Button] = (),
    links: Sequence[dict[str, Any]] = (),
    record: dict[str, Any] | None = None,
    **values: Any,
) -> None:
    """Utter `response` with its values, buttons, links and answer record (status and further fields)."""
    dispatcher.utter_message(
        response=response,
        choices=list(choices),
        links=list(links),
        answer={"status": status, **(record or {})},
        **values,
    )


def procedure_source(procedure: Procedure) -> dict[str, str]:
    """The source of an answer about a procedure: title, address, and the day the record was read."""
    return {
        "title": PORTAL_TITLE,
        "url": procedure.source_url,
        "as_of": procedure.as_of.date().isoformat(),
    }


def application_source(application: Application) -> dict[str, str]:
    """The source of an answer about an application: title, address, and the moment it was looked up."""
    return {
        "title": PORTAL_TITLE,
        "url": application.source_url,
        "as_of": application.as_of.isoformat(timespec="minutes"),
    }
