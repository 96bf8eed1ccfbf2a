"""Applications: who may ask, the look-up, the second factor, several at once, the feed of changes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from portal.adapters.status_words import WORDS
from portal.check.dossiers import IGATE, LGSP, Dossiers, stranger
from portal.check.findings import Findings
from portal.check.shapes import TEXT, Field, faults
from portal.check.wire import Heard
from portal.client import StatusService
from portal.codes import parse_application_code
from portal.errors import NotFound, PortalError, PortalUnavailable
from portal.models import Application
from portal.owner import BATCH, Factor

UNKNOWN_CODE = "H00.00-200101-9999"
"""Of no province and of a day long past."""

_STATED = "accept STATUS_CLIENT_ID and STATUS_CLIENT_SECRET for client credentials, and give a token"
_REFUSE = {
    "igate": "answer 401 without a good token: the record names a citizen, and only 401 makes us renew ours",
    "lgsp": "answer 200 with an error_code other than 0 without a good session: the record names a citizen",
}
_ENTRY = (Field("id", TEXT, required=True), Field("code", TEXT, required=True))
_STEP = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """An application that the integrator knows: its code, and what its owner would give."""

    code: str = ""
    factor: Factor | None = None


async def check(
    found: Findings,
    http: Heard,
    service: StatusService,
    *,
    kind: str,
    service_path: str = "",
    sample: Sample,
    wait: float = 0,
) -> None:
    """All questions of the status service; `service` asks through `http`.

    wait: seconds to wait for a change to come through the feed (somebody has to make one).
    """
    wire = IGATE if kind == "igate" else LGSP
    if not await _known(found, http, service, wire, sample.code):
        return
    for name, token in (("status.without_login", ""), ("status.wrong_token", "0" * 32)):
        wrong = await stranger(kind, http, sample.code or UNKNOWN_CODE, service_path, token)
        found.judged(name, [wrong] if wrong else [], "refused", _REFUSE[kind])
    await _unknown(found, http, service, wire)
    await _batch(found, service, sample.code)
    await _verify(found, http, service, wire, sample)
    await _changes(found, http, service, wait)


async def _known(found: Findings, http: Heard, service: StatusService, wire: Dossiers, code: str) -> bool:
    """Whether the service could be asked at all."""
    if not code:
        found.skipped("status.look_up", "name an application that is there with --code")
        try:
            await service.application(UNKNOWN_CODE)
        except NotFound:
            found.passed("status.login", "accepted")
        except PortalUnavailable as error:
            found.failed("status.login", str(error), _STATED)
            return False
        except PortalError:
            pass  # the next check says what it is
        return True
    read = await found.tried("status.look_up", service.application(code), f"is {code} there? {_STATED}")
    if read is None:
        found.skipped("status", "nothing else can be asked before the look-up works")
        return False
    raw = next((item for item in wire.records(http.value) if _code_of(item) == code), {})
    wrong = faults(raw, wire.fields) + _unread(read)
    found.judged(
        "status.look_up",
        wrong,
        f"{read.code}: {read.procedure_name}, {read.agency}",
        "send these fields as the documentation's table names them",
    )
    word = wire.status_is_known(raw, frozenset(WORDS))
    if word:
        found.failed(
            "status.words",
            f"the status {word!r} is not known; {read.status} was concluded from the dates",
            "send one of the ten national statuses, or add the word to portal/adapters/status_words.py",
        )
    else:
        found.passed("status.words", f"understood as national status {read.status}")
    return True


def _code_of(raw: dict[str, object]) -> str:
    written = str(raw.get("code") or raw.get("MaHoSo") or "")
    return parse_application_code(written) or written


def _unread(read: Application) -> list[str]:
    needed = {"procedure code": read.procedure_code, "procedure name": read.procedure_name}
    needed |= {"agency": read.agency}
    return [f"no {what} could be read" for what, value in needed.items() if not value]


async def _unknown(found: Findings, http: Heard, service: StatusService, wire: Dossiers) -> None:
    name = "status.unknown"
    fix = f'answer 200 with an empty list "{wire.records_at}" to a code that does not exist'
    try:
        await service.application(UNKNOWN_CODE)
    except NotFound:
        if others := len(wire.records(http.value)):
            found.failed(name, f"{UNKNOWN_CODE} is answered with {others} applications of others", fix)
        else:
            found.passed(name, "an empty list")
    except PortalError as error:
        found.failed(name, str(error), fix)
    else:
        found.failed(name, f"{UNKNOWN_CODE} is answered with an application", fix)


async def _batch(found: Findings, service: StatusService, code: str) -> None:
    name = "status.batch"
    if "batch" not in service.features:
        found.skipped(name, 'no "batch" in STATUS_FEATURES: applications are asked about one by one')
        return
    many = [UNKNOWN_CODE[:-4] + f"{number:04}" for number in range(1, BATCH)]
    fix = f"answer up to {BATCH} codes with the applications that exist, and leave the others out"
    answer = await found.tried(name, service.applications([*([code] if code else []), *many]), fix)
    if answer is None:
        return
    wrong = [f"{code} is not among the answers"] if code and code not in answer else []
    wrong += [f"{other} is answered, which does not exist" for other in answer if other != code]
    found.judged(name, wrong, f"{BATCH} codes with one question", fix)


async def _verify(
    found: Findings, http: Heard, service: StatusService, wire: Dossiers, sample: Sample
) -> None:
    if "verify" not in service.features:
        found.skipped("verify", 'no "verify" in STATUS_FEATURES: owners are shown no more than others')
        return
    if not sample.code or sample.factor is None:
        found.skipped("verify", "name --code and a second factor (PORTAL_CHECK_FACTOR) of an invented owner")
        return
    name = "verify.right"
    shown = await found.tried(name, service.verify(sample.code, sample.factor))
    if shown is None:
        if not any(finding.name == name for finding in found.all):
            found.failed(
                name,
                "the right factor is not accepted",
                "compare four digits with the end of the owner's number, ten digits with the phone",
            )
    else:
        raw = next(iter(wire.records(http.value)), {})
        wrong = faults(raw, wire.owner_fields)
        found.judged(name, wrong, f"owner {shown.owner}, {len(shown.messages)} messages", "send these fields")
    answers = []
    wrong_factor = Factor(sample.factor.kind, _other(sample.factor.value))
    for name, code in (("verify.wrong", sample.code), ("verify.unknown", UNKNOWN_CODE)):
        fix = f'answer 200 with an empty list "{wire.records_at}"'
        before = len(found.all)
        shown = await found.tried(name, service.verify(code, wrong_factor), fix)
        if len(found.all) > before:
            continue
        answers.append(http.value)
        if shown is not None or wire.records(http.value):
            found.failed(name, "a wrong factor is answered with the application", fix)
        else:
            found.passed(name, "an empty list")
    if len(answers) == 2:
        same = answers[0] == answers[1]
        found.judged(
            "verify.alike",
            [] if same else ["a wrong factor and an unknown code are answered differently"],
            "a wrong factor and an unknown code cannot be told apart",
            "answer both the same, or codes can be tried out",
        )


def _other(value: str) -> str:
    """The same with another last digit."""
    return value[:-1] + str((int(value[-1]) + 1) % 10)


async def _changes(found: Findings, http: Heard, service: StatusService, wait: float) -> None:
    if "changes" not in service.features:
        found.skipped("changes", 'no "changes" in STATUS_FEATURES: applications are asked about in turn')
        return
    name = "changes.start"
    fix = 'answer an empty `since` with {"changes": [], "next": "<cursor>", "more": false}'
    start = await found.tried(name, service.changes("", ""), fix)
    if start is None:
        return
    listed = len((http.value or {}).get("changes", []))
    wrong = [f"an empty `since` lists {listed} changes of the past"] if listed else []
    wrong += ["`more` is true at the end of the feed"] if start.more else []
    found.judged(name, wrong, f"the feed stands at {start.cursor[:40]}", fix)
    name = "changes.etag"
    fix = "send an ETag, and 304 without a body to the same If-None-Match while nothing is new"
    if not start.etag:
        found.failed(name, "no ETag", fix)
    else:
        again = await found.tried(name, service.changes(start.cursor, start.etag), fix)
        if again is not None:
            status = http.last.status if http.last else 0
            # Something may have changed in this very moment.
            fine = status == 304 or bool(again.codes)
            found.judged(name, [] if fine else [f"answered {status}"], "304 while nothing is new", fix)
    name = "changes.reset"
    fix = 'answer a cursor that is not known with "reset": true and where the feed stands'
    lost = await found.tried(name, service.changes("no-such-cursor", ""), fix)
    if lost is not None:
        found.judged(name, [] if lost.reset else ['no "reset": true'], "an unknown cursor is told", fix)
    await _entries(found, http, service, start.cursor, wait)


async def _entries(found: Findings, http: Heard, service: StatusService, cursor: str, wait: float) -> None:
    name = "changes.entry"
    if not wait:
        found.skipped(name, "change an application while the check runs with --wait SECONDS")
        return
    loop = asyncio.get_running_loop()
    end = loop.time() + wait
    etag = ""
    while loop.time() < end:
        page = await found.tried(name, service.changes(cursor, etag))
        if page is None:
            return
        entries = (http.value or {}).get("changes") or []
        if entries:
            wrong = [fault for entry in entries for fault in faults(entry, _ENTRY)]
            wrong += [] if page.codes else ["no code could be read"]
            wrong += ["next is the cursor that was asked with"] if page.cursor == cursor else []
            fix = "name each change's own id and the application's code, and move `next` on"
            found.judged(name, wrong, f"{', '.join(page.codes[:3])} came through", fix)
            return
        cursor, etag = page.cursor, page.etag
        await asyncio.sleep(_STEP)
    found.failed(name, f"no change within {wait:g} s", "put a change into the feed within a minute")
