"""Procedures: the list with its pages, the search, the details, what is not there, the forms."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx

from portal.adapters.national import NationalPortal
from portal.adapters.values import records, text
from portal.check.findings import Findings
from portal.check.shapes import FLAG, LIST, MILLIS, NUMBER, TEXT, TEXT_OR_NUMBER, Field, faults
from portal.check.wire import Heard
from portal.errors import NotFound, PortalError
from portal.http import LOOPBACK, USER_AGENT
from portal.models import CHANNELS, Page, Procedure

_FEW = 20
_PAGE = 200
_NO_SUCH_ID = "00000000-0000-0000-0000-000000000000"

_ROW = (
    Field("id", TEXT, required=True),
    Field("code", TEXT, required=True),
    Field("name", TEXT, required=True),
    Field("type", TEXT, required=True),
    Field("departmentPromulgate", TEXT),
    Field("categories", LIST),
    Field("categories[]", TEXT),
    Field("updatedAt", MILLIS),
)
_RECORD = (
    Field("id", TEXT, required=True),
    Field("code", TEXT, required=True),
    Field("name", TEXT, required=True),
    Field("type", TEXT, required=True),
    Field("isProvince", FLAG, required=True),
    Field("isWard", FLAG, required=True),
    Field("isMinistry", FLAG),
    Field("executionMethods", LIST, required=True),
    Field("executionMethods[].submissionMethod", TEXT, required=True),
    Field("executionMethods[].processingTime", TEXT_OR_NUMBER),
    Field("executionMethods[].processingTimeUnit", TEXT),
    Field("executionMethods[].fees", LIST),
    Field("executionMethods[].fees[].value", NUMBER),
    Field("executionMethods[].fees[].description", TEXT),
    Field("executionCases", LIST, required=True),
    Field("executionCases[].name", TEXT),
    Field("executionCases[].profileComponents", LIST),
    Field("executionCases[].profileComponents[].name", TEXT),
    Field("executionCases[].profileComponents[].originalQty", NUMBER),
    Field("executionCases[].profileComponents[].copyQty", NUMBER),
    Field("executionCases[].profileComponents[].attachments", LIST),
    Field("executionCases[].profileComponents[].attachments[].id", TEXT),
    Field("executionCases[].profileComponents[].attachments[].fileName", TEXT),
    Field("executionSteps", LIST),
    Field("executionSteps[].description", TEXT),
    Field("requirementsAndConditions", TEXT),
    Field("resultsDetails", LIST),
    Field("resultsDetails[].name", TEXT),
    Field("legalBasisesDetails", LIST),
    Field("legalBasisesDetails[].code", TEXT),
    Field("departmentsExecuting", LIST),
    Field("updatedAt", MILLIS),
)


async def check(found: Findings, http: Heard, *, code: str = "", most_pages: int = 60) -> None:
    """Ask everything that the catalogue's sync and a citizen's question ask.

    code: a procedure to look at; else the first ones of the list. most_pages: of 200 rows, to be walked.
    """
    portal = NationalPortal(http)
    first = await found.tried("procedures.list", portal.page(size=_FEW))
    if first is None:
        found.skipped("procedures", "nothing else can be asked without the list")
        return
    if not first.items:
        found.failed("procedures.list", "the first page is empty", "serve the procedures that you publish")
        return
    rows = records(http.value["data"]["items"])
    wrong = [fault for row in rows for fault in faults(row, _ROW)]
    if len(rows) > _FEW:
        wrong.append(f"{len(rows)} rows where {_FEW} were asked for")
    found.judged(
        "procedures.list",
        list(dict.fromkeys(wrong)),
        f"{len(rows)} rows, each with id, code, name and type",
        "send these fields in each row of data.items, and at most `limit` rows",
    )
    await _pages(found, http, portal, first, most_pages)
    await _search(found, portal, code or first.items[0].code)
    chosen = await _identity(found, portal, code) if code else [item.id for item in _spread(first)]
    read = [record for identity in chosen if (record := await _detail(found, http, portal, identity))]
    await _unknown(found, http, portal)
    await _forms(found, read)


async def _pages(found: Findings, http: Heard, portal: NationalPortal, first: Page, most: int) -> None:
    name = "procedures.paging"
    ids: set[str] = set()
    cursors: set[str] = set()
    cursor: str | None = None
    for pages in range(1, most + 1):
        page = await found.tried(name, portal.page(cursor, size=_PAGE))
        if page is None:
            return
        fresh = {item.id for item in page.items}
        if again := fresh & ids:
            found.failed(
                name,
                f"page {pages} repeats {len(again)} rows of earlier pages",
                "order by id, and begin each page after the row that lastId names",
            )
            return
        ids |= fresh
        stated = text((http.value or {}).get("data", {}).get("lastId"))
        if page.items and stated and (stated == cursor or stated in cursors):
            found.failed(
                name, f"page {pages} leads back to {stated}", "lastId must be the id of the page's last row"
            )
            return
        if len(page.items) == _PAGE and not stated:
            found.failed(
                name,
                f"page {pages} is full, but names no lastId: the rest would never be read",
                "name the id of the last row as data.lastId",
            )
            return
        if not page.next:
            break
        cursors.add(page.next)
        cursor = page.next
    else:
        found.passed(name, f"{len(ids)} rows on the first {most} pages, none twice (not walked to the end)")
        return
    if missing := [item.code for item in first.items if item.id not in ids]:
        found.failed(
            name,
            f"{', '.join(missing[:3])} stood in the first page and are not in the whole list",
            "give the same order for every `limit`",
        )
        return
    found.passed(name, f"{len(ids)} rows, none twice, and an end")


async def _search(found: Findings, portal: NationalPortal, code: str) -> None:
    name = "procedures.search"
    page = await found.tried(name, portal.page(query=code, size=50))
    if page is None:
        return
    if any(item.code == code for item in page.items):
        found.passed(name, f"q={code} finds it")
    else:
        found.failed(name, f"q={code} does not find it", "let `q` search codes, in whole, as well as names")


async def _identity(found: Findings, portal: NationalPortal, code: str) -> list[str]:
    identity = await found.tried("procedures.detail", portal.identity(code))
    return [identity] if identity else []


async def _detail(found: Findings, http: Heard, portal: NationalPortal, identity: str) -> Procedure | None:
    name = "procedures.detail"
    read = await found.tried(name, portal.detail(identity), "send id, code and name of the procedure")
    if read is None:
        return None
    raw: dict[str, Any] = (http.value or {}).get("data") or {}
    wrong = faults(raw, _RECORD)
    if read.id != identity:
        wrong.append(f"id is {read.id} where {identity} was asked for")
    channels = {text(item.get("submissionMethod")) for item in records(raw.get("executionMethods"))}
    wrong += [
        f"submissionMethod is {channel!r}, none of {', '.join(CHANNELS)}"
        for channel in sorted(channels - set(CHANNELS) - {""})
    ]
    if raw.get("executionCases") and not any(case.documents for case in read.cases):
        wrong.append("executionCases has no document that can be read")
    steps = f"{len(read.methods)} ways, {sum(len(case.documents) for case in read.cases)} documents"
    found.judged(name, wrong, f"{read.code}: {steps}", "send the fields that the documentation names")
    return read


async def _unknown(found: Findings, http: Heard, portal: NationalPortal) -> None:
    name = "procedures.unknown"
    fix = "answer 400 or 404 to an id that does not exist; an error or an empty 200 looks like a failure"
    try:
        await portal.detail(_NO_SUCH_ID)
    except NotFound:
        found.passed(name, f"an id that does not exist is answered {http.last.status if http.last else ''}")
    except PortalError as error:
        found.failed(name, str(error), fix)
    else:
        found.failed(name, "an id that does not exist is answered with a record", fix)


async def _forms(found: Findings, read: list[Procedure]) -> None:
    name = "procedures.forms"
    forms = [
        form
        for procedure in read
        for case in procedure.cases
        for paper in case.documents
        for form in paper.forms
    ]
    if not forms:
        found.skipped(name, "none of the procedures looked at has a form; name one with --procedure")
        return
    fix = "serve GET /api/v1/files/configuring/{id}/{fileName}, without a login"
    try:
        outside = urlsplit(forms[0].url).hostname not in LOOPBACK
        agent = {"User-Agent": USER_AGENT}
        async with httpx.AsyncClient(headers=agent, timeout=20, trust_env=outside) as client:
            answer = await client.get(forms[0].url)
    except httpx.HTTPError as error:
        found.failed(name, f"{forms[0].url}: {type(error).__name__}", fix)
        return
    kind = answer.headers.get("content-type", "no type").split(";")[0]
    if answer.status_code != 200 or kind == "text/html" or not answer.content:
        found.failed(name, f"{forms[0].name} is answered {answer.status_code} with {kind}", fix)
    else:
        found.passed(name, f"{forms[0].name}: {kind}, {len(answer.content)} bytes")


def _spread(page: Page) -> list[Any]:
    """The first, the middle and the last row."""
    items = page.items
    return list({item.id: item for item in (items[0], items[len(items) // 2], items[-1])}.values())
