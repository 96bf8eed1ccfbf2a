"""Application status from VNPT iGate 2, as many provinces run it.

The answer to a look-up by code carries the applicant's name, identity number and phone. They are not read
here. What the owner may see comes from questions of our own design (portal/adapters/igate_more.py).
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from portal.adapters import igate_more
from portal.adapters.batch import by_code
from portal.adapters.national_record import PUBLIC_SITE
from portal.adapters.status_words import status_of
from portal.adapters.values import iso, number, records, text
from portal.codes import parse_application_code, strip_locality
from portal.errors import NotFound, PortalProtocolError, PortalRejected, PortalUnavailable
from portal.http import Http
from portal.models import Application, FeeDue, Supplement
from portal.owner import Changes, Disclosure, Factor, Found
from troly.clock import now
from troly.text import fold

_T = TypeVar("_T")

SEARCH_PATH = "/pa/dossier-search/dvc"
_TOKEN = "/auth/realms/digo/protocol/openid-connect/token"  # noqa: S105 - an address
_VIETNAMESE = 228


class IGate:
    """Looks an application up by its code, with a token for client credentials.

    token_url: the whole address of the token service; empty for the default one at the same host.
    """

    def __init__(
        self,
        http: Http,
        token_http: Http | None = None,
        *,
        token_url: str = "",
        client_id: str,
        client_secret: str,
        features: frozenset[str] = frozenset(),
    ) -> None:
        self.features = features
        self._http = http
        self._token_http = token_http or http
        self._token_url = token_url or _TOKEN
        self._credentials = (client_id, client_secret)
        self._token = ""
        self._expires = 0.0
        self._lock = asyncio.Lock()

    async def application(self, code: str) -> Application:
        """The application with exactly this code. Raises NotFound and the other errors of portal.errors."""
        query = {"page": "0", "size": "10", "spec": "slice", "code": code}
        answer = await self._authorized(
            lambda headers: self._http.json("GET", SEARCH_PATH, query=query, headers=headers)
        )
        for item in _content(answer):
            if _same_code(text(item.get("code")), code):
                return _application(item)
        raise NotFound(f"no application {code}")

    async def applications(self, codes: Sequence[str]) -> Found:
        """At most BATCH applications with one question (feature "batch")."""
        body = {"codes": list(codes)}
        answer = await self._authorized(
            lambda headers: self._http.json("POST", igate_more.BATCH_PATH, body=body, headers=headers)
        )
        return by_code(_content(answer), _application, codes)

    async def verify(self, code: str, factor: Factor) -> Disclosure | None:
        """What the owner may see; None when code and factor do not belong together (feature "verify")."""
        body = igate_more.verification(code, factor)
        answer = await self._authorized(
            lambda headers: self._http.json("POST", igate_more.VERIFY_PATH, body=body, headers=headers)
        )
        for item in _content(answer):
            if _same_code(text(item.get("code")), code):
                return igate_more.disclosure(item, code)
        return None

    async def changes(self, cursor: str, etag: str) -> Changes:
        """The codes that changed since `cursor` (feature "changes")."""
        query = {"since": cursor, "size": str(igate_more.PAGE)}
        value, tag = await self._authorized(
            lambda headers: self._http.json_unless(
                etag, igate_more.CHANGES_PATH, query=query, headers=headers
            )
        )
        return igate_more.changes(value, cursor, tag)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        if self._token_http is not self._http:
            await self._token_http.aclose()

    async def _authorized(self, ask: Callable[[dict[str, str]], Awaitable[_T]]) -> _T:
        """Ask with a token, and once more with a fresh one when it was refused."""
        token = await self._current_token()
        try:
            return await ask({"Authorization": f"Bearer {token}"})
        except PortalRejected as error:
            if error.status != 401:
                raise
        token = await self._current_token(refused=token)
        return await ask({"Authorization": f"Bearer {token}"})

    async def _current_token(self, refused: str = "") -> str:
        async with self._lock:
            if self._token and self._token != refused and time.monotonic() < self._expires:
                return self._token
            answer = await self._ask_token()
            token = answer.get("access_token") if isinstance(answer, dict) else None
            if not isinstance(token, str) or not token:
                raise PortalProtocolError("the token service gave no token")
            lifetime = number(answer.get("expires_in")) or 60
            self._token = token
            # Renewed a little early, so that it does not expire on its way.
            self._expires = time.monotonic() + max(5.0, lifetime - 15)
            return token

    async def _ask_token(self) -> Any:
        basic = "Basic " + b64encode(":".join(self._credentials).encode()).decode()
        try:
            return await self._token_http.json(
                "POST",
                self._token_url,
                form={"grant_type": "client_credentials"},
                headers={"Authorization": basic},
            )
        except PortalRejected as error:
            # Our credentials are wrong or expired: for the citizen the service is out of order.
            raise PortalUnavailable(
                "server",
                f"the token service refused STATUS_CLIENT_ID and STATUS_CLIENT_SECRET ({error.status})",
            ) from None


def _content(answer: Any) -> list[dict[str, Any]]:
    content = answer.get("content") if isinstance(answer, dict) else None
    if not isinstance(content, list):
        raise PortalProtocolError("the status service's answer has no content")
    return records(content)


def _same_code(one: str, other: str) -> bool:
    return (parse_application_code(one) or one.upper()) == (parse_application_code(other) or other.upper())


def _application(raw: dict[str, Any]) -> Application:
    state, task = _record(raw.get("dossierStatus")), _record(raw.get("dossierTaskStatus"))
    words = [
        word
        for word in (
            _translated(task.get("name")),
            _translated(state.get("name")),
            text(raw.get("statusCurrentTask")),
        )
        if word
    ]
    applied, accepted = iso(raw.get("appliedDate")), iso(raw.get("acceptedDate"))
    completed = iso(raw.get("completedDate"))
    known = number(state.get("id"))
    status = status_of(
        words,
        igate_id=None if known is None else int(known),
        applied=applied,
        accepted=accepted,
        completed=completed,
    )
    subject = _record(raw.get("procedure"))
    comment = text(state.get("comment"))
    code = text(raw.get("code"))
    return Application(
        code=parse_application_code(code) or code,
        procedure_code=strip_locality(text(subject.get("nationCode")) or text(subject.get("code"))),
        procedure_name=_translated(subject.get("translate")),
        status=status,
        status_text=words[0] if words else "",
        agency=_translated(_record(raw.get("agency")).get("name")),
        channel=_channel(_translated(_record(raw.get("applyMethod")).get("name"))),
        applied_at=applied,
        accepted_at=accepted,
        due_at=iso(raw.get("appointmentDate")) or iso(raw.get("dueDate")),
        completed_at=completed,
        supplement=_supplement(raw, comment) if status == 5 else None,
        fee_due=_fee_due(raw, comment) if status == 6 else None,
        refusal=comment if status in (3, 8) else "",
        as_of=now(),
        source_url=PUBLIC_SITE,
    )


def _record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _translated(value: Any) -> str:
    """A name given as text, as {"name"}, or as [{"languageId", "name"}]: then the Vietnamese one."""
    if isinstance(value, dict):
        return text(value.get("name"))
    if isinstance(value, list):
        found = sorted(records(value), key=lambda item: item.get("languageId") != _VIETNAMESE)
        return text(found[0].get("name")) if found else ""
    return text(value)


def _channel(name: str) -> str:
    folded = fold(name)
    for words, channel in (("truc tuyen", "ONLINE"), ("truc tiep", "DIRECT"), ("buu chinh", "POSTAL")):
        if words in folded:
            return channel
    return ""


def _supplement(raw: dict[str, Any], comment: str) -> Supplement:
    """Documents and date are an extension that not every installation has; else the comment is all."""
    asked = _record(raw.get("additionalRequirement"))
    documents = asked.get("documents")
    titles = [text(item) for item in documents] if isinstance(documents, list) else []
    return Supplement(
        tuple(title for title in titles if title),
        text(asked.get("content")) or comment,
        iso(asked.get("deadline")),
    )


def _fee_due(raw: dict[str, Any], comment: str) -> FeeDue:
    asked = _record(raw.get("financialObligation"))
    amount = number(asked.get("amount"))
    return FeeDue(round(amount) if amount and amount > 0 else None, text(asked.get("content")) or comment)
