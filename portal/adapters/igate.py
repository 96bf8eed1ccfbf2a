"""Application status from VNPT iGate 2, as many provinces run it.

The answer carries the applicant's name, identity number and phone. They are not read here, so nothing
behind this module can show them.
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from typing import Any

from portal.adapters.national_record import PUBLIC_SITE
from portal.adapters.status_words import status_of
from portal.adapters.values import iso, number, records, text
from portal.codes import parse_application_code, strip_locality
from portal.errors import NotFound, PortalProtocolError, PortalRejected, PortalUnavailable
from portal.http import Http
from portal.models import Application, FeeDue, Supplement
from troly.clock import now
from troly.text import fold

_SEARCH = "/pa/dossier-search/dvc"
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
    ) -> None:
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
        token = await self._current_token()
        try:
            answer = await self._search(query, token)
        except PortalRejected as error:
            if error.status != 401:
                raise
            answer = await self._search(query, await self._current_token(refused=token))
        content = answer.get("content") if isinstance(answer, dict) else None
        if not isinstance(content, list):
            raise PortalProtocolError("the status service's answer has no content")
        for item in records(content):
            if _same_code(text(item.get("code")), code):
                return _application(item)
        raise NotFound(f"no application {code}")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        if self._token_http is not self._http:
            await self._token_http.aclose()

    async def _search(self, query: dict[str, str], token: str) -> Any:
        return await self._http.json(
            "GET", _SEARCH, query=query, headers={"Authorization": f"Bearer {token}"}
        )

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
