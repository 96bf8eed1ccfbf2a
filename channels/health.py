"""/healthz, /readyz and /metrics: for process supervisors, load balancers and Prometheus."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

import httpx
from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from sqlalchemy import false, update

from channels import inbox, sending
from channels.gateway import Gateway, gateway_of
from troly.tables.conversations import Conversation

_TIMEOUT = 2.0

State = Literal["up", "down"]


class Readiness(BaseModel):
    """ready: all up; degraded: citizens are answered, with less; unavailable: they are not."""

    status: Literal["ready", "degraded", "unavailable"]
    checks: dict[str, State]


router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"model": Readiness}})
async def ready(gateway: Annotated[Gateway, Depends(gateway_of)], response: Response) -> Readiness:
    """Whether the database, Rasa, actions, portal and platforms are there; 503 without the first two."""
    found = await _readiness(gateway)
    response.headers["Cache-Control"] = "no-store"
    if found.status == "unavailable":
        response.status_code = 503
    return found


@router.get("/metrics")
async def metrics(gateway: Annotated[Gateway, Depends(gateway_of)]) -> Response:
    """Counters in Prometheus's text format."""
    gateway.metrics.queue.set(await inbox.queue_length(gateway.store))
    gateway.metrics.parked.set(await inbox.parked_count(gateway.store))
    gateway.metrics.rasas.set(sum(gateway.rasa.workers.states()))
    unsent = await sending.waiting(gateway.store)
    for name in {*unsent, *gateway.sender.states()}:
        gateway.metrics.unsent.labels(channel=name).set(unsent.get(name, 0))
    return Response(gateway.metrics.render(), media_type=CONTENT_TYPE_LATEST)


async def _readiness(gateway: Gateway) -> Readiness:
    names = ("database", "actions", "portal")
    workers, *results = await asyncio.gather(
        gateway.rasa.ready(_TIMEOUT), _database(gateway), _actions(gateway), _portal(gateway)
    )
    checks: dict[str, State] = {name: "up" if up else "down" for name, up in zip(names, results, strict=True)}
    checks["rasa"] = "up" if any(workers) else "down"
    if len(workers) > 1:
        checks |= {f"rasa_{number}": "up" if up else "down" for number, up in enumerate(workers, 1)}
    # Platforms are not asked: what counts is whether they take what is sent.
    checks |= {name: "up" if up else "down" for name, up in gateway.sender.states().items()}
    if "down" in (checks["database"], checks["rasa"]):
        return Readiness(status="unavailable", checks=checks)
    # One of several Rasas may be away on purpose: the others answer.
    lacking = [name for name, state in checks.items() if state == "down" and not name.startswith("rasa_")]
    return Readiness(status="degraded" if lacking else "ready", checks=checks)


async def _database(gateway: Gateway) -> bool:
    """Whether it answers and takes what is written, which a standby or a read-only disk does not."""
    nothing = update(Conversation).where(false()).values(language=None)
    try:
        async with asyncio.timeout(_TIMEOUT), gateway.archive.write() as connection:
            await connection.execute(nothing)
    except Exception:  # whatever a driver raises, the database is not usable
        return False
    return True


async def _actions(gateway: Gateway) -> bool:
    return await _answers(gateway, f"{gateway.settings.actions}/health", below=400)


async def _portal(gateway: Gateway) -> bool:
    if gateway.settings.uses_demo_portal:
        return await _answers(gateway, f"{gateway.settings.portal}/healthz", below=400)
    # A real portal has no health address; that it answers at all is what can be asked.
    return await _answers(gateway, gateway.settings.portal, below=500)


async def _answers(gateway: Gateway, url: str, *, below: int) -> bool:
    try:
        response = await gateway.http.get(url, timeout=_TIMEOUT)
    except (httpx.HTTPError, httpx.InvalidURL):
        return False
    return response.status_code < below
