"""One function an aspect: from the portal's record to a response name, values and buttons."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from actions import values
from actions.speech import Button
from actions.turn import INTENTS, payload
from portal.models import Case, Procedure

DOCUMENTS_PER_PAGE = 10
BASES_PER_PAGE = 10
MOST_CASES = 9


@dataclass
class View:
    """What to utter about one aspect of a procedure."""

    response: str
    values: dict[str, Any] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)
    offered: list[dict[str, Any]] = field(default_factory=list)
    status: str = "answered"


def view(procedure: Procedure, aspect: str, case: int | None = None, page: int = 1) -> View:
    """The view of `aspect`; where the record does not state it, the view says so."""
    return _VIEWS[aspect](procedure, case, page)


def _overview(procedure: Procedure, _case: int | None, _page: int) -> View:
    return View(
        "answer_overview",
        {
            "places": _line(values.places(procedure)),
            "times": _line(values.times(procedure)),
            "fees": values.brief_fee(procedure),
            "online": {"response": f"label_online_{procedure.online}"},
        },
    )


def _documents(procedure: Procedure, case: int | None, page: int) -> View:
    told = (
        replace(one, documents=tuple(paper for paper in one.documents if values.says_something(paper)))
        for one in procedure.cases
    )
    cases = [one for one in told if one.documents]
    if not cases:
        return View("lacking_documents")
    choice = [one for one in cases if values.is_alternative(one)]
    if len(choice) < 2:
        return _document_pages(procedure, cases, {}, page)
    if case is None:
        return _choose_case(procedure, choice)
    chosen = choice[min(max(case, 1), len(choice)) - 1]
    common = [one for one in cases if one not in choice]
    return _document_pages(procedure, [chosen, *common], {"case": case}, page)


def _document_pages(procedure: Procedure, cases: list[Case], where: dict[str, int], page: int) -> View:
    """The papers of these cases in one numbered list, each named case under its heading; remarks last."""
    rows = [(one, document) for one in cases for document in one.documents]
    papers = [row for row in rows if values.is_paper(row[1])] or rows
    remarks = [row for row in rows if row not in papers]
    numbered = [*enumerate(papers, 1), *((0, row) for row in remarks)]
    page = min(page, math.ceil(len(numbered) / DOCUMENTS_PER_PAGE))
    start = (page - 1) * DOCUMENTS_PER_PAGE
    shown = numbered[start : start + DOCUMENTS_PER_PAGE]
    left = len(numbered) - start - len(shown)
    lines: list[Any] = []
    heading: Any = ""
    for number, (one, document) in shown:
        title = values.section_title(one.name) if number else {"response": "label_remarks"}
        if title and title != heading:
            heading = title
            lines.append({"response": "label_section", "name": title})
        lines.append(values.document(number, document))
    return View(
        "answer_documents",
        {
            "documents": lines,
            "left": {"response": "label_left", "count": left} if left > 0 else "",
        },
        [_more(procedure, "documents", {**where, "page": page + 1})] if left > 0 else [],
    )


def _choose_case(procedure: Procedure, cases: list[Case]) -> View:
    titles = [values.case_title(one, number) for number, one in enumerate(cases[:MOST_CASES], 1)]
    offered = [
        {"title": title, "intent": "ask_documents", "procedure_code": procedure.code, "case": number}
        for number, title in enumerate(titles, 1)
    ]
    return View(
        "choose_case",
        {
            "cases": [
                {"response": "label_numbered", "number": number, "name": title}
                for number, title in enumerate(titles, 1)
            ]
        },
        [
            Button(
                title={"response": "label_case", "number": number},
                payload=payload("ask_documents", procedure_code=procedure.code, case=str(number)),
            )
            for number in range(1, len(titles) + 1)
        ],
        offered=offered,
        status="clarify",
    )


def _fee(procedure: Procedure, _case: int | None, _page: int) -> View:
    lines = values.fees(procedure)
    return View("answer_fee", {"fees": lines[:8]}) if lines else View("lacking_fee")


def _processing_time(procedure: Procedure, _case: int | None, _page: int) -> View:
    times = values.times(procedure)
    if not times:
        return View("lacking_processing_time")
    lines = [{"response": "label_item", "value": time} for time in times]
    return View("answer_processing_time", {"times": lines if len(lines) > 1 else times})


def _place(procedure: Procedure, _case: int | None, _page: int) -> View:
    lines = values.places(procedure)
    if not lines and not procedure.receiving_address:
        return View("lacking_place")
    return View(
        "answer_place",
        {
            "places": [{"response": "label_item", "value": line} for line in lines],
            "address": values.shorten(procedure.receiving_address, values.NOTE_LENGTH),
            "online": {"response": f"label_online_{procedure.online}"},
        },
    )


def _steps(procedure: Procedure, _case: int | None, page: int) -> View:
    text = "\n".join(
        f"{step.name.strip()}: {step.text.strip()}" if step.name.strip() else step.text.strip()
        for step in procedure.steps
    )
    return _long_text(procedure, "steps", text, page)


def _requirements(procedure: Procedure, _case: int | None, page: int) -> View:
    return _long_text(procedure, "requirements", procedure.requirements, page)


def _long_text(procedure: Procedure, aspect: str, text: str, page: int) -> View:
    parts = values.pages(text)
    if not parts:
        return View(f"lacking_{aspect}")
    page = min(page, len(parts))
    more = page < len(parts)
    return View(
        f"answer_{aspect}",
        {"body": parts[page - 1], "left": {"response": "label_text_left"} if more else ""},
        [_more(procedure, aspect, {"page": page + 1})] if more else [],
    )


def _legal_basis(procedure: Procedure, _case: int | None, page: int) -> View:
    bases = procedure.legal_bases
    if not bases:
        return View("lacking_legal_basis")
    page = min(page, math.ceil(len(bases) / BASES_PER_PAGE))
    start = (page - 1) * BASES_PER_PAGE
    shown = bases[start : start + BASES_PER_PAGE]
    more = len(bases) > start + len(shown)
    return View(
        "answer_legal_basis",
        {
            "bases": [
                {"response": "label_basis", "code": b.code, "name": values.shorten(b.name, 200)}
                for b in shown
            ]
        },
        [_more(procedure, "legal_basis", {"page": page + 1})] if more else [],
    )


def _form(procedure: Procedure, _case: int | None, _page: int) -> View:
    forms = {
        form.url: {"title": form.name, "url": form.url}
        for one in procedure.cases
        for document in one.documents
        for form in document.forms
    }
    if forms:
        return View("answer_form", {"names": ""}, links=list(forms.values())[:8])
    named = dict.fromkeys(
        values.shorten(document.name, 200)
        for one in procedure.cases
        for document in one.documents
        if document.name.lower().startswith(("tờ khai", "đơn", "mẫu", "phiếu", "giấy đề nghị"))
    )
    if not named:
        return View("lacking_form")
    return View(
        "answer_form_named",
        {"names": [{"response": "label_item", "value": name} for name in list(named)[:6]]},
    )


def _result(procedure: Procedure, _case: int | None, _page: int) -> View:
    if not procedure.results:
        return View("lacking_result")
    lines = [{"response": "label_item", "value": values.shorten(name, 200)} for name in procedure.results[:8]]
    return View("answer_result", {"results": lines})


def _online(procedure: Procedure, _case: int | None, _page: int) -> View:
    links = (
        []
        if procedure.online == "none"
        else [{"title": {"response": "label_open_portal"}, "url": procedure.source_url}]
    )
    return View(f"answer_online_{procedure.online}", links=links)


def _line(parts: list[Any]) -> Any:
    """Several values on one line; names of offices have commas, so semicolons stand between them."""
    return values.joined(parts, "label_list") if parts else ""


def _more(procedure: Procedure, aspect: str, where: dict[str, int]) -> Button:
    entities = {name: str(number) for name, number in where.items()}
    return Button(
        title={"response": "button_more"},
        payload=payload(INTENTS[aspect], procedure_code=procedure.code, **entities),
    )


_VIEWS: dict[str, Callable[[Procedure, int | None, int], View]] = {
    "overview": _overview,
    "documents": _documents,
    "fee": _fee,
    "processing_time": _processing_time,
    "place": _place,
    "steps": _steps,
    "requirements": _requirements,
    "legal_basis": _legal_basis,
    "form": _form,
    "result": _result,
    "online": _online,
}
