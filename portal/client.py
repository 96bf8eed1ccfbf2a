"""The one way for the rest of the project to ask the portal."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol, Self

from portal.adapters.igate import IGate
from portal.adapters.lgsp import Lgsp
from portal.adapters.national import NationalPortal
from portal.codes import strip_locality
from portal.errors import NoStatusService
from portal.http import Http
from portal.models import Application, Page, Procedure
from troly.settings import Settings

_CACHED = 500
"""Procedures kept in memory."""


class StatusService(Protocol):
    """A province's application-status service."""

    async def application(self, code: str) -> Application:
        """The application with this code."""

    async def aclose(self) -> None:
        """Close the connections."""


class PortalClient:
    """Procedures and applications from the portal. All methods raise the errors of portal.errors.

    A procedure is kept for `cache_seconds`, and citizens who ask for the same one at the same time share one
    question to the portal. Applications are never kept.
    """

    def __init__(
        self, procedures: NationalPortal, applications: StatusService | None, *, cache_seconds: float = 600
    ) -> None:
        self._procedures = procedures
        self._applications = applications
        self._cache_seconds = cache_seconds
        self._cache: OrderedDict[str, tuple[float, Procedure]] = OrderedDict()
        self._asked: dict[str, asyncio.Task[Procedure]] = {}
        self._ids: dict[str, str] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """The client for PORTAL_URL and STATUS_URL, or for the demo portal where they are not set."""
        procedures = NationalPortal(Http(settings.portal, timeout=settings.portal_timeout))
        return cls(procedures, _status_service(settings), cache_seconds=settings.portal_cache_seconds)

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

    async def aclose(self) -> None:
        """Close all connections."""
        await self._procedures.aclose()
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


def _status_service(settings: Settings) -> StatusService | None:
    if not settings.status_url and not settings.uses_demo_portal:
        return None
    demo = not settings.status_url
    http = Http(settings.status, timeout=settings.portal_timeout)
    client_id = settings.status_client_id or ("demo" if demo else "")
    secret = settings.status_client_secret.get_secret_value() or ("demo" if demo else "")
    if settings.status_kind == "igate":
        token_url = settings.status_token_url
        token_http = Http(token_url, timeout=settings.portal_timeout) if token_url else None
        return IGate(http, token_http, token_url=token_url, client_id=client_id, client_secret=secret)
    return Lgsp(
        http,
        service_path="/lgsp/service" if demo else settings.status_url,
        login_path=settings.status_token_url or ("/lgsp/login" if demo else f"{http.base_url}/login"),
        username=client_id,
        password=secret,
        unit=settings.lgsp_unit,
    )
