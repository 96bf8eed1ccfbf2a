"""A stand-in for the public service portal: the same questions, the same answers, on this machine.

It serves the national portal's list and details, an iGate status service, an LGSP gateway, reports, holidays
and the forms; /demo/… makes it fail or moves an application on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.requests import ClientDisconnect

from portal.demo import holidays
from portal.demo.applications import Applications, Change, DemoApplication
from portal.demo.catalogue import DemoCatalogue
from portal.demo.controls import WAF_PAGE, Controls, Failure, FailureMiddleware
from portal.demo.forms import placeholder
from portal.demo.holidays import DemoHolidays
from portal.demo.records import load_applications, load_procedures
from portal.demo.reports import DemoReports, control_routes, report_routes
from portal.demo.status import status_routes
from portal.demo.webhook import Hook, WebhookSender
from troly import collector
from troly.settings import ROOT, Settings

OWN_DATA = ROOT / "portal" / "demo" / "data"
_SHORTEST_AGENT = 40
_LONGEST_PAGE = 200
_LOOPBACK = frozenset({"127.0.0.1", "::1"})


def create_app(
    data: DemoCatalogue,
    applications: Applications,
    controls: Controls | None = None,
    *,
    credentials: tuple[str, str] = ("demo", "demo"),
    hook: Hook | None = None,
) -> FastAPI:
    """The demo portal over these records. credentials: client id and secret of both status services."""
    used = controls or Controls()
    sender = WebhookSender(hook)
    applications.told = sender
    app = FastAPI(title="Demo portal", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(FailureMiddleware, controls=used)
    app.include_router(_national(data))
    app.include_router(status_routes(applications, credentials))
    app.include_router(_demo(applications, used, sender))
    reports = DemoReports()
    app.include_router(report_routes(reports))
    app.include_router(control_routes(reports), prefix="/demo", dependencies=[Depends(_from_this_machine)])
    days = DemoHolidays()
    app.include_router(holidays.holiday_routes(days))
    app.include_router(
        holidays.control_routes(days), prefix="/demo", dependencies=[Depends(_from_this_machine)]
    )

    @app.get("/healthz")
    async def healthz() -> dict[str, Any]:
        return {"status": "ok", "procedures": len(data), "applications": len(applications)}

    return app


def load(settings: Settings) -> tuple[DemoCatalogue, Applications]:
    """The records that the settings name: our own, or the file of DEMO_CATALOGUE; our applications with both.

    Raises DataErrors with every mistake in the data.
    """
    own = DemoCatalogue(load_procedures(OWN_DATA))
    file = settings.demo_catalogue_file
    data = own if file is None else DemoCatalogue.from_file(Path(file))
    names = own.names() | data.names()
    return data, Applications(load_applications(OWN_DATA, names), names)


def run(settings: Settings) -> None:
    """Serve on 127.0.0.1 and PORTAL_PORT until stopped."""
    data, applications = load(settings)
    secret = settings.status_client_secret.get_secret_value()
    credentials = (settings.status_client_id or "demo", secret or "demo")
    app = create_app(data, applications, credentials=credentials, hook=_hook(settings))
    collector.resume()
    # A hanging answer (see Controls) must not keep the process from stopping.
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=settings.portal_port,
        log_level="warning",
        access_log=False,
        ws="none",  # it has none, and Rasa's pinned websockets is too old for uvicorn
        timeout_graceful_shutdown=1,
    )


def _hook(settings: Settings) -> Hook | None:
    key = settings.portal_webhook_secret.get_secret_value()
    address = f"http://127.0.0.1:{settings.gateway_port}/webhooks/portal"
    return Hook(url=address, secret=key) if key else None


def _national(data: DemoCatalogue) -> APIRouter:
    routes = APIRouter(prefix="/api/v1")

    def answer(value: Any) -> JSONResponse:
        # The real portal answers 201 to every question.
        return JSONResponse({"code": "OK", "data": value, "message": "OK"}, 201)

    def refused(request: Request) -> Response | None:
        agent = request.headers.get("user-agent", "")
        return HTMLResponse(WAF_PAGE) if len(agent) < _SHORTEST_AGENT else None

    @routes.post("/submitting/formality/list-all-public-formality-by-citizen")
    async def listed(request: Request) -> Response:
        if page := refused(request):
            return page
        body = await _body(request)
        limit = body.get("limit")
        if not isinstance(limit, int) or not 1 <= limit <= _LONGEST_PAGE:
            return _bad(f"limit must be 1..{_LONGEST_PAGE}")
        last, query, level, kind = (
            str(body.get(key) or "") for key in ("lastId", "q", "level", "formalityType")
        )
        items = data.page(last or None, limit, query, level, kind)
        return answer({"items": items, "lastId": items[-1]["id"] if items else None})

    @routes.post("/configuring/formality/get-formality-by-citizen")
    async def detail(request: Request) -> Response:
        if page := refused(request):
            return page
        body = await _body(request)
        record = data.written(str(body.get("id") or ""))
        if not record:
            return _bad("no such procedure")
        content = b'{"code":"OK","data":%b,"message":"OK"}' % record
        return Response(content, 201, media_type="application/json")

    @routes.get("/files/configuring/{identity}/{file_name}")
    async def file(identity: str, file_name: str) -> Response:
        content, kind = placeholder(file_name)
        return Response(content, media_type=kind, headers={"Content-Disposition": "attachment"})

    return routes


def _demo(applications: Applications, controls: Controls, sender: WebhookSender) -> APIRouter:
    routes = APIRouter(prefix="/demo", dependencies=[Depends(_from_this_machine)])

    def known(code: str) -> DemoApplication:
        found = applications.find(code)
        if found is None:
            raise HTTPException(404, "no such application")
        return found

    @routes.post("/fail")
    async def fail(failure: Failure) -> dict[str, str]:
        controls.set(failure)
        return {"mode": failure.mode}

    @routes.get("/applications")
    async def listed() -> dict[str, Any]:
        return {"applications": applications.codes()}

    @routes.post("/applications/{code}/advance")
    async def advance(code: str) -> dict[str, Any]:
        found = known(code)
        if not found.advance():
            raise HTTPException(409, f"status {found.status} is final")
        applications.changed(found)
        return {"code": found.data.code, "status": found.status}

    @routes.post("/applications/{code}/change")
    async def change(code: str, wanted: Change) -> dict[str, Any]:
        found = known(code)
        found.change(wanted)
        applications.changed(found)
        return {"code": found.data.code, "status": found.status}

    @routes.post("/webhook")
    async def webhook(hook: Hook) -> dict[str, str]:
        sender.hook = hook
        return {"url": hook.url}

    @routes.get("/requests")
    async def requests() -> dict[str, Any]:
        return {"total": controls.asked.total(), "paths": dict(controls.asked)}

    return routes


def _from_this_machine(request: Request) -> None:
    if request.client is None or request.client.host not in _LOOPBACK:
        raise HTTPException(403, "only from this machine")


async def _body(request: Request) -> dict[str, Any]:
    try:
        value = await request.json()
    except (ValueError, ClientDisconnect):
        return {}
    return value if isinstance(value, dict) else {}


def _bad(message: str) -> JSONResponse:
    return JSONResponse({"code": "BAD_REQUEST", "data": None, "message": message}, 400)
