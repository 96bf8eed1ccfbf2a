"""The demo portal's report service: takes reports with photos, gives a ticket, answers on demand."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect

from troly.clock import VIETNAM, today

_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_PHOTOS = 3
_AGENCY = "Trung tâm phản ánh hiện trường (cổng chạy thử)"


class _Place(BaseModel):
    address: str | None = None
    communeCode: str | None = None
    commune: str | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


class _Photo(BaseModel):
    name: str
    type: str
    data: str


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore")

    reference: str
    kind: str = Field(pattern="^(REPORT|COMPLAINT)$")
    category: str = Field(min_length=1)
    content: str = Field(min_length=1, max_length=5000)
    happened: str | None = None
    place: _Place
    contact: dict[str, str] | None = None
    photos: list[_Photo] = Field(default=[], max_length=_PHOTOS)


class ReportAnswer(BaseModel):
    """What POST /demo/reports/{code}/answer takes."""

    text: str = Field(min_length=1)
    rejected: bool = False


class DemoReports:
    """All tickets, by code and by the key with which they came."""

    def __init__(self) -> None:
        self._by_code: dict[str, dict[str, Any]] = {}
        self._by_key: dict[str, str] = {}

    def create(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """A ticket; the one of before for a key that was seen. Raises ValueError for what is none."""
        if known := self._by_key.get(key):
            return self._by_code[known]
        read = _Body.model_validate(body)
        for photo in read.photos:
            if not base64.b64decode(photo.data, validate=True).startswith(_IMAGES):
                raise ValueError("a photo is no JPEG or PNG")
        code = f"PA-{today():%y%m%d}-{len(self._by_code) + 1:04}"
        self._by_code[code] = {
            "code": code,
            "status": "RECEIVED",
            "agency": _AGENCY,
            "answer": None,
            "updatedAt": _now(),
            "received": read.model_dump(exclude={"photos"}) | {"photos": len(read.photos)},
        }
        self._by_key[key] = code
        return self._by_code[code]

    def find(self, code: str) -> dict[str, Any] | None:
        """The ticket with this code."""
        return self._by_code.get(code.strip().upper())

    def all(self) -> list[dict[str, Any]]:
        """Every ticket, in the order in which they came."""
        return list(self._by_code.values())

    def move(self, ticket: dict[str, Any], status: str, answer: str | None = None) -> None:
        """Give a ticket another status."""
        ticket |= {"status": status, "answer": answer, "updatedAt": _now()}


def report_routes(reports: DemoReports) -> APIRouter:
    """POST and GET /api/v1/reports."""
    routes = APIRouter(prefix="/api/v1/reports")

    @routes.post("")
    async def create(request: Request) -> Response:
        key = request.headers.get("idempotency-key", "")
        if not key:
            return _bad("Idempotency-Key is missing")
        try:
            ticket = reports.create(key, await request.json())
        except ClientDisconnect:
            return _bad("cut off")
        except (ValidationError, ValueError, TypeError, binascii.Error) as error:
            return _bad(" ".join(str(error).split())[:300])
        return JSONResponse({"code": "OK", "message": "OK", "data": _shown(ticket)}, 201)

    @routes.get("/{code}")
    async def find(code: str) -> Response:
        ticket = reports.find(code)
        if ticket is None:
            return JSONResponse({"code": "NOT_FOUND", "message": "no such report", "data": None}, 404)
        return JSONResponse({"code": "OK", "message": "OK", "data": _shown(ticket)})

    return routes


def control_routes(reports: DemoReports) -> APIRouter:
    """What a visitor of the demo may do with tickets; mounted under /demo."""
    routes = APIRouter(prefix="/reports")

    @routes.get("")
    async def listed() -> dict[str, Any]:
        return {"reports": reports.all()}

    @routes.post("/{code}/process")
    async def process(code: str) -> dict[str, Any]:
        ticket = _known(reports, code)
        reports.move(ticket, "PROCESSING")
        return _shown(ticket)

    @routes.post("/{code}/answer")
    async def answer(code: str, given: ReportAnswer) -> dict[str, Any]:
        ticket = _known(reports, code)
        reports.move(ticket, "REJECTED" if given.rejected else "ANSWERED", given.text)
        return _shown(ticket)

    return routes


def _known(reports: DemoReports, code: str) -> dict[str, Any]:
    ticket = reports.find(code)
    if ticket is None:
        raise HTTPException(404, "no such report")
    return ticket


def _shown(ticket: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in ticket.items() if name != "received"}


def _now() -> str:
    return today().astimezone(VIETNAM).isoformat(timespec="seconds")


def _bad(message: str) -> JSONResponse:
    return JSONResponse({"code": "BAD_REQUEST", "data": None, "message": message}, 400)
