"""The one way for the rest of the project to ask the portal."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Protocol, Self
from urllib.parse import urljoin

from portal.adapters.holidays import HolidayService
from portal.adapters.igate import IGate
from portal.adapters.lgsp import Lgsp
from portal.adapters.national import NationalPortal
from portal.adapters.reports import ReportService
from portal.codes import strip_locality
from portal.errors import NoReportService, NoStatusService, NotFound
from portal.http import Http
from portal.models import Application, Page, Procedure
from portal.owner import BATCH, FEATURES, Changes, Disclosure, Factor, Found
from portal.reports import NewReport, Ticket
from troly.errors import SettingError
from troly.settings import Settings

_CACHED = 500
"""Procedures kept in memory."""

_REPORT_SECONDS = 20.0


class StatusService(Protocol):
    """A province's application-status service, and which of portal.owner.FEATURES it has."""

    features: frozenset[str]

    async def application(self, code: str) -> Application:
        """The application with this code."""

    async def applications(self, codes: Sequence[str]) -> Found:
        """Several with one question; only with the feature "batch"."""

    async def verify(self, code: str, factor: Factor) -> Disclosure | None:
        """What the owner may see; None when the two do not belong together. Only with "verify"."""

    async def changes(self, cursor: str, etag: str) -> Changes:
        """The codes that changed since `cursor`; only with "changes"."""

    async def aclose(self) -> None:
        """Close the connections."""


class PortalClient:
    """Procedures and applications from the portal. All methods raise the errors of portal.errors.

    A procedure is kept for `cache_seconds`, and citizens who ask for the same one at the same time share one
    question to the portal. Applications are never kept.
    """

    def __init__(
        self,
        procedures: NationalPortal,
        applications: StatusService | None,
        reports: ReportService | None = None,
        *,
        cache_seconds: float = 600,
    ) -> None:
        self._procedures = procedures
        self._reports = reports
        self._applications = applications
        self._cache_seconds = cache_seconds
        self._cache: OrderedDict[str, tuple[float, Procedure]] = OrderedDict()
        self._asked: dict[str, asyncio.Task[Procedure]] = {}
        self._ids: dict[str, str] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The client for PORTAL_URL and STATUS_URL, or for the demo portal where they are not set."""
        procedures = NationalPortal(Http(settings.portal, timeout=settings.portal_timeout))
        return cls(
            procedures,
            status_service(settings),
            _report_service(settings),
            cache_seconds=settings.portal_cache_seconds,
        )

    async def get_procedure(self, id_or_code: str) -> Procedure:
        """The procedure with this id (one question) or code (two questions the first time)."""
        key = strip_locality(id_or_code)
        kept = self._cache.get(key)
        if kept and time.monotonic() < kept[0]:
            return kept[1]
        return await self._once(key, lambda: self._fetch(key))

    async def refetch_procedure(self, identity: str) -> Procedure:
        """The procedure as it stands now, past the cache (for the catalogue's sync)."""
        return await self._procedures.detail(identity)

    async def list_procedures(self, cursor: str | None = None) -> Page:
        """One page of all procedures; page.next is the cursor of the following one."""
        return await self._procedures.page(cursor)

    async def get_application(self, code: str) -> Application:
        """The application with this (normalised) code."""
        if self._applications is None:
            raise NoStatusService
        return await self._applications.application(code)

    def offers(self, feature: str) -> bool:
        """Whether the status service has this one of portal.owner.FEATURES."""
        return self._applications is not None and feature in self._applications.features

    @property
    def batch(self) -> int:
        """How many applications get_applications() takes."""
        return BATCH if self.offers("batch") else 1

    async def get_applications(self, codes: Sequence[str]) -> Found:
        """At most `batch` applications, with one question to the portal."""
        if self._applications is None:
            raise NoStatusService
        if self.offers("batch"):
            return await self._applications.applications(codes)
        (code,) = codes
        try:
            return {code: await self._applications.application(code)}
        except NotFound:
            return {}

    async def verify(self, code: str, factor: Factor) -> Disclosure | None:
        """What the owner may see, when the portal confirms that the factor is the owner's; else None."""
        if self._applications is None or not self.offers("verify"):
            raise NoStatusService
        return await self._applications.verify(code, factor)

    async def changes(self, cursor: str, etag: str) -> Changes:
        """A page of the feed of changes; `cursor` "" begins with what changes from now on."""
        if self._applications is None or not self.offers("changes"):
            raise NoStatusService
        return await self._applications.changes(cursor, etag)

    @property
    def takes_reports(self) -> bool:
        """Whether a service for field reports is connected."""
        return self._reports is not None

    async def create_report(self, report: NewReport) -> Ticket:
        """Send a report; the same one again (by its key) gives the same ticket."""
        if self._reports is None:
            raise NoReportService
        return await self._reports.create(report)

    async def get_report(self, code: str) -> Ticket:
        """What became of a report."""
        if self._reports is None:
            raise NoReportService
        return await self._reports.find(code)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._procedures.aclose()
        if self._reports is not None:
            await self._reports.aclose()
        if self._applications is not None:
            await self._applications.aclose()

    async def _fetch(self, key: str) -> Procedure:
        identity = key
        if "." in key:  # a code; ids are uuids
            identity = self._ids.get(key) or await self._procedures.identity(key)
            self._ids[key] = identity
        procedure = await self._procedures.detail(identity)
        self._keep(key, procedure)
        return procedure

    def _keep(self, key: str, procedure: Procedure) -> None:
        if self._cache_seconds <= 0:
            return
        until = time.monotonic() + self._cache_seconds
        for name in {key, procedure.id}:
            self._cache[name] = (until, procedure)
            self._cache.move_to_end(name)
        while len(self._cache) > _CACHED:
            self._cache.popitem(last=False)

    async def _once(self, key: str, ask: Callable[[], Coroutine[Any, Any, Procedure]]) -> Procedure:
        task = self._asked.get(key)
        if task is None:
            task = asyncio.create_task(ask())
            self._asked[key] = task
            task.add_done_callback(partial(self._forget, key))
        # Shielded: one citizen who gives up must not take the answer away from the others.
        return await asyncio.shield(task)

    def _forget(self, key: str, done: asyncio.Task[Procedure]) -> None:
        self._asked.pop(key, None)
        if not done.cancelled():
            done.exception()  # read, or asyncio complains when all who asked have left


def status_service(settings: Settings, connect: Callable[..., Http] = Http) -> StatusService | None:
    """The status service that the settings name; None beside a real portal without one.

    connect: makes its connection, as Http does.
    """
    if not settings.status_url and not settings.uses_demo_portal:
        return None
    demo = not settings.status_url
    http = connect(settings.status, timeout=settings.portal_timeout)
    client_id = settings.status_client_id or ("demo" if demo else "")
    secret = settings.status_client_secret.get_secret_value() or ("demo" if demo else "")
    if settings.status_kind == "igate":
        token_url = settings.status_token_url
        token_http = connect(token_url, timeout=settings.portal_timeout) if token_url else None
        return IGate(
            http,
            token_http,
            token_url=token_url,
            client_id=client_id,
            client_secret=secret,
            features=_features(settings),
        )
    return Lgsp(
        http,
        service_path="/lgsp/service" if demo else settings.status_url,
        login_path=settings.status_token_url or ("/lgsp/login" if demo else f"{http.base_url}/login"),
        username=client_id,
        password=secret,
        unit=settings.lgsp_unit,
        changes_path="/lgsp/changes" if demo else urljoin(settings.status_url, "/changes"),
        features=_features(settings),
    )


def _report_service(settings: Settings) -> ReportService | None:
    address = settings.report_url or (settings.portal if settings.uses_demo_portal else "")
    if not address:
        return None
    # Photos go up a slow line; a citizen who waits is told after a few seconds (actions/reports).
    http = Http(address, timeout=_REPORT_SECONDS, attempts=2)
    return ReportService(http, settings.report_token.get_secret_value())


def holiday_service(settings: Settings) -> HolidayService | None:
    """The service that tells the public holidays; None beside a real portal without one."""
    address = settings.holidays_url or (settings.portal if settings.uses_demo_portal else "")
    if not address:
        return None
    # Nobody waits for it, and it must not hold up the watcher that asks.
    return HolidayService(Http(address, timeout=min(settings.portal_timeout, 4.0), attempts=1))


def _features(settings: Settings) -> frozenset[str]:
    """What STATUS_FEATURES names; everything at the demo portal."""
    if not settings.status_url:
        return FEATURES
    named = frozenset(settings.status_features.replace(",", " ").split())
    if unknown := named - FEATURES:
        raise SettingError(
            f"STATUS_FEATURES: {', '.join(sorted(unknown))} is unknown; "
            f"there are {', '.join(sorted(FEATURES))}"
        )
    return named
