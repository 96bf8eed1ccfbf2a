"""Application status over the data exchange platform (LGSP), service TraCuuHoSo.

The record names the owner (ChuHoSo, SoDienThoai, DinhDanhCHS…); a look-up by code does not read these
fields. Verification follows the look-up of a provincial one-stop system (MaHoSo and Params, which is the
owner's paper number or phone); batch and change feed are of our own design (docs/services/).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from portal.adapters import igate_more
from portal.adapters.batch import by_code
from portal.adapters.national_record import PUBLIC_SITE
from portal.adapters.status_words import status_of
from portal.adapters.values import compact, number, records, text
from portal.codes import parse_application_code, strip_locality
from portal.errors import NotFound, PortalProtocolError, PortalRejected, PortalUnavailable
from portal.http import Http
from portal.models import STATUS_NAMES, Application, FeeDue, Supplement
from portal.owner import Changes, Disclosure, Factor, Found, OfficerMessage, mask_name
from troly.clock import now

_CHANNELS = {1: "DIRECT", 2: "ONLINE", 3: "POSTAL"}


class Lgsp:
    """Looks an application up by its code, in a session that is renewed when it is refused.

    service_path and login_path may be whole addresses. unit is the asking agency's identifier (madonvi).
    """

    def __init__(
        self,
        http: Http,
        *,
        service_path: str,
        login_path: str,
        username: str,
        password: str,
        unit: str,
        changes_path: str = "",
        features: frozenset[str] = frozenset(),
    ) -> None:
        self.features = features
        self._changes_path = changes_path
        self._http = http
        self._service_path = service_path
        self._login_path = login_path
        self._credentials = {"username": username, "password": password}
        self._unit = unit
        self._session = ""
        self._lock = asyncio.Lock()

    async def application(self, code: str) -> Application:
        """The application with this code. Raises NotFound and the other errors of portal.errors."""
        for item in await self._result("TraCuuHoSo", mahoso=code):
            if _same_code(text(item.get("MaHoSo")), code):
                return _application(item)
        raise NotFound(f"no application {code}")

    async def applications(self, codes: Sequence[str]) -> Found:
        """At most BATCH applications with one question (feature "batch")."""
        found = await self._result("TraCuuHoSo", danhsachmahoso=list(codes))
        return by_code(found, _application, codes)

    async def verify(self, code: str, factor: Factor) -> Disclosure | None:
        """What the owner may see; None when code and factor do not belong together (feature "verify")."""
        for item in await self._result("TraCuuHccPortal", MaHoSo=code, Params=factor.value):
            if _same_code(text(item.get("MaHoSo")), code):
                return _disclosure(item, code)
        return None

    async def changes(self, cursor: str, etag: str) -> Changes:
        """The codes that changed since `cursor` (feature "changes")."""
        query = {"since": cursor, "size": str(igate_more.PAGE), "madonvi": self._unit}

        async def ask(session: str) -> tuple[Any, str]:
            return await self._http.json_unless(
                etag, self._changes_path, query=query, headers={"session": session}
            )

        session = await self._current_session()
        try:
            value, tag = await ask(session)
        except PortalRejected as error:
            if error.status != 401:
                raise
            value, tag = await ask(await self._current_session(refused=session))
        return igate_more.changes(value, cursor, tag)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _result(self, service: str, **fields: Any) -> list[dict[str, Any]]:
        """The result list of a service, asked again in a fresh session when it failed."""
        fresh = not self._session
        session = await self._current_session()
        answer = await self._ask(session, service, fields)
        if _failed(answer) and not fresh:
            # The platform has one code for everything; an expired session is by far the most common.
            answer = await self._ask(await self._current_session(refused=session), service, fields)
        if _failed(answer):
            raise PortalUnavailable("server", f"{service} answered error {answer.get('error_code')!s:.20}")
        result = answer.get("result")
        if not isinstance(result, list):
            raise PortalProtocolError(f"{service} gave no result list")
        return records(result)

    async def _ask(self, session: str, service: str, fields: dict[str, Any]) -> dict[str, Any]:
        body = {"session": session, "madonvi": self._unit, "service": service, **fields}
        answer = await self._http.json("POST", self._service_path, body=body)
        if not isinstance(answer, dict):
            raise PortalProtocolError(f"{service}'s answer is not an object")
        return answer

    async def _current_session(self, refused: str = "") -> str:
        async with self._lock:
            if self._session and self._session != refused:
                return self._session
            try:
                answer = await self._http.json(
                    "POST", self._login_path, body=self._credentials, headers={"dstcode": self._unit}
                )
            except PortalRejected as error:
                raise PortalUnavailable("server", f"the LGSP login was refused ({error.status})") from None
            session = answer.get("session") if isinstance(answer, dict) else None
            if _failed(answer) or not isinstance(session, str) or not session:
                raise PortalUnavailable(
                    "server", "the LGSP login was refused; see STATUS_CLIENT_ID and STATUS_CLIENT_SECRET"
                )
            self._session = session
            return session


def _same_code(one: str, other: str) -> bool:
    return (parse_application_code(one) or one) == (parse_application_code(other) or other)


def _disclosure(raw: dict[str, Any], code: str) -> Disclosure:
    """What the owner may see; the name leaves this function masked."""
    fees = records(raw.get("DanhSachLePhi"))
    ways = [way for item in fees if (way := text(item.get("HinhThucThu")))]
    owed = _fee_due(raw, "; ".join(name for item in fees if (name := text(item.get("TenPhiLePhi")))))
    return Disclosure(
        code=code,
        owner=mask_name(text(raw.get("ChuHoSo"))),
        messages=tuple(
            OfficerMessage(compact(entry.get("ThoiDiemXuLy")), said)
            for entry in records(raw.get("DanhSachTienTrinh"))
            if (said := text(entry.get("NoiDungXuLy")))
        ),
        fee_due=owed if fees else None,
        pay_how=ways[0] if ways else "",
        as_of=now(),
        source_url=PUBLIC_SITE,
    )


def _failed(answer: Any) -> bool:
    return not isinstance(answer, dict) or number(answer.get("error_code")) != 0


def _application(raw: dict[str, Any]) -> Application:
    known = number(raw.get("TrangThaiHoSo"))
    word = text(raw.get("TenTrangThai"))
    applied, accepted = compact(raw.get("NgayNopHoSo")), compact(raw.get("NgayTiepNhan"))
    completed = compact(raw.get("NgayKetThucXuLy")) or compact(raw.get("NgayTra"))
    status = int(known) if known in STATUS_NAMES and known is not None else 0
    if not status:
        status = status_of([word], applied=applied, accepted=accepted, completed=completed)
    code = text(raw.get("MaHoSo"))
    note = text(raw.get("GhiChu"))
    return Application(
        code=parse_application_code(code) or code,
        procedure_code=strip_locality(text(raw.get("MaTTHC"))),
        procedure_name=text(raw.get("TenTTHC")),
        status=status,
        status_text=word or STATUS_NAMES[status],
        agency=text(raw.get("DonViXuLy")) or text(raw.get("NoiNopHoSo")),
        channel=_CHANNELS.get(int(number(raw.get("KenhThucHien")) or 0), ""),
        applied_at=applied,
        accepted_at=accepted,
        due_at=compact(raw.get("NgayHenTra")),
        completed_at=completed,
        supplement=_supplement(raw, note) if status == 5 else None,
        fee_due=_fee_due(raw, note) if status == 6 else None,
        refusal=note if status in (3, 8) else "",
        as_of=now(),
        source_url=PUBLIC_SITE,
    )


def _supplement(raw: dict[str, Any], note: str) -> Supplement:
    """The last request; the platform keeps all of them."""
    requests = records(raw.get("DanhSachHoSoBoSung"))
    if not requests:
        return Supplement((), note, None)
    last = requests[-1]
    papers = tuple(
        name for item in records(last.get("DanhSachGiayToBoSung")) if (name := text(item.get("TenGiayTo")))
    )
    return Supplement(papers, text(last.get("NoiDungBoSung")) or note, compact(last.get("HanBoSung")))


def _fee_due(raw: dict[str, Any], note: str) -> FeeDue:
    prices = [number(item.get("Gia")) for item in records(raw.get("DanhSachLePhi"))]
    stated = [price for price in prices if price is not None and price > 0]
    return FeeDue(round(sum(stated)) if stated else None, note)
