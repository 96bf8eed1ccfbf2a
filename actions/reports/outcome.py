"""What a citizen is told of a report: that it was sent, where it stands, what the office answered."""

from __future__ import annotations

import re
from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.exc import SQLAlchemyError

from actions import portal
from actions.ratings import offer
from actions.reports import store
from actions.reports.categories import categories
from actions.reports.draft import Draft
from actions.reports.form import left, start_button
from actions.reports.sending import send_now
from actions.speech import Button, say
from actions.turn import Turn, done_before, payload, read
from portal.errors import NotFound, PortalError, PortalRejected
from troly.clock import VIETNAM
from troly.report_codes import report_code_in
from troly.tables.reports import REFUSED, WAITING, Report

log = structlog.get_logger(__name__)

_WHEN_DONE = re.compile(
    r"(?:(?:the|vay|roi|thi|bao gio|khi nao|bao lau|may ngay|luc nao) )+"
    r"(?:(?:moi|thi|nua|co|duoc|se|ho|can bo|nguoi ta) )*"
    r"(?:(?:xu ly|sua|giai quyet|tra loi|xong|den|lam|ket qua)(?: |$))+"
    r"(?:(?:xong|a|vay|the|nhi|duoc|nua)(?: |$))*"
    r"|(?:bao gio|khi nao|bao lau|may ngay) (?:xong|co ket qua|thi xong|nua)(?: (?:a|vay|the|nhi))*"
    r"|(?:da )?(?:xu ly|sua|giai quyet|xong)(?: xong)? chua(?: (?:a|vay|the|nhi))*"
    r"|when (?:will|do|are|is) (?:they|you|it|this|someone|the office)(?: be| get| going to| come to)?"
    r"(?: (?:fix(?:ed)?|do|done|solved?|answer(?:ed)?|handled?|repair(?:ed)?|come|finish|it|this))+"
    r"|how long (?:will|does|do) (?:it|this|they) (?:take|need)(?: to (?:fix|answer)(?: it)?)?"
    r"|is it (?:fixed|done)(?: yet)?"
)
"""Asks, right after a report was sent or looked up, when it will be dealt with."""
_TITLE = "Cổng phản ánh, kiến nghị"


class ActionSendReport(Action):
    """Keeps the confirmed report, sends it, and gives its code; or the receipt where it is sent later."""

    def name(self) -> str:
        return "action_send_report"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        if not portal.client().takes_reports:
            complains = read(tracker).intent == "complain_service"
            say(
                dispatcher,
                "complaint_not_connected" if complains else "report_not_connected",
                status="answered",
            )
            return left()
        draft = Draft.from_slot(tracker.get_slot("report_draft"))
        if draft is None or draft.step != "summary":
            say(dispatcher, "report_over", status="clarify", record=_about(None), choices=[start_button()])
            return left()
        try:
            report = await store.keep(draft, tracker.sender_id)
        except SQLAlchemyError as error:
            log.error("report_not_kept", error=type(error).__name__)
            say(dispatcher, "report_not_kept", status="error", record=_about(None))
            return []
        record = _about(report)
        try:
            ticket = await send_now(report)
        except PortalRejected:
            say(dispatcher, "report_refused", status="refused", record=record, receipt=report.receipt)
            return left()
        if ticket is None:
            say(
                dispatcher,
                "report_kept",
                status="portal_unavailable",
                record=record,
                choices=[_status_button(report.receipt)],
                receipt=report.receipt,
            )
        else:
            rate, remembered = offer(tracker, "report")
            say(
                dispatcher,
                "report_sent",
                status="answered",
                record={**record, "sources": [_source(report)]},
                choices=[_status_button(ticket.code), *rate],
                code=ticket.code,
                agency=ticket.agency,
                rights={"response": "label_complaint_rights"} if report.kind == "complaint" else "",
            )
            return [*left(), *remembered]
        return left()


class ActionReportStatus(Action):
    """Where a report stands: the one whose code is named, else the newest of this conversation."""

    def name(self) -> str:
        return "action_report_status"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        code = report_code_in(str(turn.entities.get("report_code") or turn.text))
        report = await store.of_code(code) if code else await store.latest(tracker.sender_id)
        if report is not None and report.conversation_id == tracker.sender_id:
            return await _stands(dispatcher, report, tracker)
        if code and code.startswith("PA-"):
            await _of_others(dispatcher, code)
        else:
            say(
                dispatcher,
                "report_code_unknown" if code else "report_none",
                status="not_found",
                record=_about(None),
                choices=[start_button()],
                code=code or "",
            )
        return []


class ActionTellReport(Action):
    """By itself: that a report was sent at last, or what the office answered."""

    def name(self) -> str:
        return "action_tell_report"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        turn = read(tracker)
        report = await store.by_id(str(turn.entities.get("report_id", "")))
        if report is None or report.conversation_id != tracker.sender_id:
            say(dispatcher, "report_none", status="not_found", record=_about(None), code="")
        elif report.state == REFUSED:
            say(
                dispatcher,
                "report_refused",
                status="refused",
                record=_about(report),
                receipt=report.receipt,
            )
        elif turn.entities.get("report_event") == "sent":
            say(
                dispatcher,
                "report_sent_late",
                status="answered",
                record={**_about(report), "sources": [_source(report)]},
                choices=[_status_button(report.ticket or report.receipt)],
                receipt=report.receipt,
                code=report.ticket or "",
            )
        else:
            return _tell(dispatcher, report, tracker, news=True)
        return []


async def _stands(dispatcher: CollectingDispatcher, report: Report, tracker: Tracker) -> list[EventType]:
    """What is known here, renewed from the portal where it answers."""
    if report.state == WAITING or not report.ticket:
        refused = report.state == REFUSED
        say(
            dispatcher,
            "report_refused" if refused else "report_waits",
            status="refused" if refused else "portal_unavailable",
            record=_about(report),
            receipt=report.receipt,
        )
        return []
    try:
        ticket = await portal.client().get_report(report.ticket)
    except PortalError as error:
        log.warning("report service failed", reason=type(error).__name__)
        return _tell(dispatcher, report, tracker, copied=True)
    report.status, report.answer = ticket.status, ticket.answer
    report.answered_by, report.changed_at = ticket.agency, ticket.changed_at
    return _tell(dispatcher, report, tracker)


async def _of_others(dispatcher: CollectingDispatcher, code: str) -> None:
    """Of a report from elsewhere only the status: its answer may name people."""
    record = _about(None)
    try:
        ticket = await portal.client().get_report(code)
    except NotFound:
        say(
            dispatcher,
            "report_code_unknown",
            status="not_found",
            record=record,
            choices=[start_button()],
            code=code,
        )
        return
    except PortalError:
        retry = payload("ask_report_status", report_code=code)
        again = Button(title={"response": "button_try_again"}, payload=retry)
        say(
            dispatcher,
            "report_service_down",
            status="portal_unavailable",
            record=record,
            choices=[again],
            code=code,
        )
        return
    say(
        dispatcher,
        "report_status_only",
        status="answered",
        record={**record, "sources": [{"title": _TITLE, "url": "", "as_of": None}]},
        code=ticket.code,
        state={"response": f"report_status_{ticket.status}"},
        agency=ticket.agency,
    )


def _tell(
    dispatcher: CollectingDispatcher,
    report: Report,
    tracker: Tracker,
    *,
    news: bool = False,
    copied: bool = False,
) -> list[EventType]:
    rate, remembered = offer(tracker, "report") if store.closed(report.status) else ([], [])
    category = categories().get(report.category)
    say(
        dispatcher,
        "report_news" if news else "report_status",
        status="portal_unavailable" if copied else "answered",
        record={**_about(report), "sources": [_source(report)]},
        choices=rate,
        code=report.ticket or report.receipt,
        category=dict(category.name) if category else "",
        state={"response": f"report_status_{report.status or 'received'}"},
        agency=report.answered_by,
        answer_of_office={"response": "label_report_answer", "words": report.answer} if report.answer else "",
        changed=_moment(report),
        copy={"response": "label_report_copy"} if copied else "",
    )
    return remembered


def asks_when_done(tracker: Tracker, turn: Turn) -> bool:
    """Whether the message, right after a report was sent or looked up, asks when it will be dealt with."""
    told = done_before(tracker) in ("action_send_report", "action_report_status")
    return told and not turn.pressed and bool(_WHEN_DONE.fullmatch(turn.words))


def _about(report: Report | None) -> dict[str, Any]:
    complaint = report is not None and report.kind == "complaint"
    return {"intent": "complain_service" if complaint else "report_issue"}


def _source(report: Report) -> dict[str, Any]:
    moment = report.changed_at or report.created_at
    return {
        "title": report.answered_by or _TITLE,
        "url": "",
        "as_of": moment.astimezone(VIETNAM).isoformat(timespec="minutes"),
    }


def _moment(report: Report) -> Any:
    if report.changed_at is None:
        return ""
    return {"date": report.changed_at.astimezone(VIETNAM).strftime("%Y-%m-%dT%H:%M")}


def _status_button(code: str) -> Button:
    return Button(
        title={"response": "button_report_status"}, payload=payload("ask_report_status", report_code=code)
    )
