"""A procedure as dichvucong.gov.vn/api/v1 sends it, turned into ours.

The record has traps (seen over 5,665 of them): times as numbers, as text or as free prose; fees of 0 that
mean "see the text"; nulls in lists; codes with spaces; names with newlines; fields that are always empty.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

import structlog

from portal.adapters.national_fees import fees
from portal.adapters.national_time import case_times, method_time
from portal.adapters.values import count, distinct, lines, millis, names, province_of, records, text
from portal.errors import RecordError
from portal.models import (
    CHANNELS,
    Case,
    Document,
    Form,
    LegalBasis,
    Level,
    ListItem,
    Method,
    Online,
    Procedure,
    Step,
)
from troly.text import fold

log = structlog.get_logger()

PUBLIC_SITE = "https://dichvucong.gov.vn"

_LEVELS: tuple[tuple[str, Level], ...] = (
    ("isMinistry", "ministry"),
    ("isProvince", "province"),
    ("isWard", "commune"),
)
_STEP = re.compile(r"^(?:[-+*•]\s*)?(Bước\s+\d+(?:\.\d+)*)\s*[:.\-–)]\s*", re.IGNORECASE | re.MULTILINE)


def procedure(raw: Any, as_of: datetime, base_url: str = PUBLIC_SITE) -> Procedure:
    """The procedure in the `data` member of a detail answer.

    base_url is where the forms are downloaded from. Raises RecordError when it has no id, code or name.
    """
    if not isinstance(raw, dict):
        raise RecordError("not an object")
    identity = {key: text(raw.get(key)) for key in ("id", "code", "name")}
    if missing := [key for key, value in identity.items() if not value]:
        raise RecordError(f"no {', '.join(missing)}")
    issuer = text(raw.get("departmentPromulgateName"))
    kind = text(raw.get("type"))
    methods = _methods(raw)
    proposal = raw.get("procedureProposal")
    return Procedure(
        id=identity["id"],
        code=identity["code"],
        name=identity["name"],
        name_en=text(raw.get("nameEn")) or None,
        field=next(iter(names(raw.get("categoriesDetails"))), "") or _name(raw.get("category")),
        type=kind,
        levels=tuple(level for key, level in _LEVELS if raw.get(key) is True),
        issuer=issuer,
        agencies=_agencies(raw),
        receiving_address=lines(raw.get("dossierReceivingAddresses")).strip("\"' \n"),
        subjects=tuple(_ordered(raw, "subjectTypesDetails", "subjectTypeIds")),
        methods=methods,
        cases=_cases(raw, base_url),
        steps=_steps(raw),
        # The portal sends the same text as `description`.
        requirements=lines(raw.get("requirementsAndConditions")) or lines(raw.get("description")),
        results=tuple(_ordered(raw, "resultsDetails", "resultIds")),
        legal_bases=_legal_bases(raw),
        online=_online(raw, methods),
        decision=text(proposal.get("proposalNumber")) if isinstance(proposal, dict) else "",
        updated_at=millis(raw.get("updatedAt")),
        as_of=as_of,
        source_url=f"{PUBLIC_SITE}/thu-tuc-hanh-chinh/{quote(identity['id'])}",
        province=_province(kind, issuer),
    )


def list_item(raw: Any) -> ListItem:
    """A row of the list. Raises RecordError when it has no id or code."""
    if not isinstance(raw, dict):
        raise RecordError("not an object")
    identity, code = text(raw.get("id")), text(raw.get("code"))
    if not identity or not code:
        raise RecordError("a list item without id or code")
    issuer = text(raw.get("departmentPromulgate"))
    kind = text(raw.get("type"))
    categories = raw.get("categories")
    return ListItem(
        id=identity,
        code=code,
        name=text(raw.get("name")),
        type=kind,
        state=text(raw.get("state")),
        issuer=issuer,
        fields=tuple(sorted(text(item) for item in categories)) if isinstance(categories, list) else (),
        province=_province(kind, issuer),
        updated_at=millis(raw.get("updatedAt")),
    )


def list_item_of_detail(raw: dict[str, Any]) -> dict[str, Any]:
    """The list row that belongs to a detail record, in the portal's format."""
    fields = ("id", "name", "code", "codeNotation", "categoryIds", "state", "type", "nameEn")
    return {key: raw[key] for key in fields if key in raw} | {
        "categories": names(raw.get("categoriesDetails")),
        "departments": names(raw.get("departmentsExecuting")) or names(raw.get("unitGroupsExecuting")),
        "departmentPromulgate": raw.get("departmentPromulgateName"),
        "departmentPromulgateId": raw.get("departmentPromulgateId"),
        "formalityTargetType": names(raw.get("subjectTypesDetails")),
    }


def _province(kind: str, issuer: str) -> str | None:
    # STANDARD procedures are national, even the one that a province issued by mistake.
    return None if kind == "STANDARD" else province_of(issuer)


def _name(value: Any) -> str:
    return text(value.get("name")) if isinstance(value, dict) else ""


def _ordered(raw: dict[str, Any], details: str, ids: str) -> list[str]:
    """Names of a list in the order of its ids: the list itself comes in another order every time."""
    known = raw.get(ids)
    order = {text(key): place for place, key in enumerate(known)} if isinstance(known, list) else {}
    found = sorted(
        records(raw.get(details)),
        key=lambda item: (order.get(text(item.get("id")), 9999), text(item.get("name"))),
    )
    return distinct(text(item.get("name")) for item in found)


def _legal_bases(raw: dict[str, Any]) -> tuple[LegalBasis, ...]:
    found = {
        LegalBasis(text(item.get("code")), text(item.get("name")))
        for item in records(raw.get("legalBasisesDetails"))
    }
    return tuple(
        sorted(
            (basis for basis in found if basis.code or basis.name), key=lambda basis: (basis.code, basis.name)
        )
    )


def _agencies(raw: dict[str, Any]) -> tuple[str, ...]:
    found = sorted(names(raw.get("unitGroupsExecuting"))) + sorted(names(raw.get("departmentsExecuting")))
    if not found:
        found = [text(raw.get("executingAgencies"))]
    if not any(found):
        found = sorted(names(raw.get("unitGroupsAuthority")) + names(raw.get("departmentsAuthority")))
    return tuple(distinct(found))


def _methods(raw: dict[str, Any]) -> tuple[Method, ...]:
    times = case_times(raw)
    found = []
    for item in records(raw.get("executionMethods")):
        channel = next((known for known in CHANNELS if known == item.get("submissionMethod")), None)
        if channel is None:
            log.warning(
                "portal_channel_unknown",
                code=text(raw.get("code")),
                channel=str(item.get("submissionMethod")),
            )
            continue
        time = method_time(item.get("processingTime"), item.get("processingTimeUnit"), times)
        found.append(Method(channel, time, fees(item.get("fees")), lines(item.get("description"))))
    return tuple(found)


def _online(raw: dict[str, Any], methods: tuple[Method, ...]) -> Online:
    if raw.get("isFullProcess") is True:
        return "full"
    return "partial" if any(method.channel == "ONLINE" for method in methods) else "none"


def _cases(raw: dict[str, Any], base_url: str) -> tuple[Case, ...]:
    times = {name: found for name, found in case_times(raw) if name}
    cases = []
    for item in records(raw.get("executionCases")):
        name = text(item.get("name"))
        documents = tuple(
            document
            for component in records(item.get("profileComponents"))
            if (document := _document(component, base_url)) is not None
        )
        if name or documents:
            cases.append(Case(name, documents, times.get(fold(name))))
    return tuple(cases)


def _document(raw: dict[str, Any], base_url: str) -> Document | None:
    name = text(raw.get("name"))
    if not name:
        # 43 nameless rows mark the result of the procedure, not a paper to bring.
        return None
    return Document(
        name=name,
        code=text(raw.get("code")),
        originals=count(raw.get("originalQty")),
        copies=count(raw.get("copyQty")),
        forms=tuple(form for item in records(raw.get("attachments")) if (form := _form(item, base_url))),
    )


def _form(raw: dict[str, Any], base_url: str) -> Form | None:
    identity, file_name = text(raw.get("id")), text(raw.get("fileName"))
    if not identity or not file_name:
        return None
    path = "/".join(quote(part, safe="") for part in (identity, file_name))
    return Form(file_name, f"{base_url.rstrip('/')}/api/v1/files/configuring/{path}")


def _steps(raw: dict[str, Any]) -> tuple[Step, ...]:
    found: list[Step] = []
    for item in records(raw.get("executionSteps")):
        name, content = text(item.get("name")), lines(item.get("description"))
        if name or content:
            found += _split(name, content)
    return tuple(found)


def _split(name: str, content: str) -> list[Step]:
    """One text that says "Bước 1: … Bước 2: …" becomes as many steps; nothing is lost."""
    marks = list(_STEP.finditer(content))
    if name or len(marks) < 2:
        return [Step(name, content)]
    steps = []
    if before := content[: marks[0].start()].strip():
        steps.append(Step("", before))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        end = following.start() if following else len(content)
        steps.append(Step(mark.group(1), content[mark.end() : end].strip()))
    return steps
