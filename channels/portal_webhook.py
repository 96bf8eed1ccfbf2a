"""POST /webhooks/portal: the portal says which applications have changed; the watcher looks them up.

Nothing is believed but that something changed, and only what is signed. The signature covers the moment, so
that a recorded call is refused after a few minutes; until then the changes' own ids make it a no-op.
"""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.errors import ApiError
from channels.gateway import Gateway, gateway_of
from troly.clock import now
from troly.errors import SettingError
from troly.settings import Settings
from troly.signatures import SHORTEST_KEY, signature_is_good
from troly.tables.notices import PortalChange

log = structlog.get_logger("portal_webhook")

router = APIRouter(include_in_schema=False)


class Change(BaseModel):
    """One change; its id is unique at the portal."""

    id: str = Field(min_length=1, max_length=80)
    code: str = Field(min_length=8, max_length=60, pattern=r"^[0-9A-Z.\-]+$")


class Changes(BaseModel):
    """The body of a call."""

    changes: list[Change] = Field(max_length=1000)


@router.post("/webhooks/portal", status_code=202)
async def receive(request: Request, gateway: Annotated[Gateway, Depends(gateway_of)]) -> Response:
    """Store the changes, then answer 202. 404 without PORTAL_WEBHOOK_SECRET, 401 for a bad signature."""
    key = key_of(gateway.settings)
    if not key:
        raise ApiError(404, "not_found")
    body = await request.body()
    moment = request.headers.get("x-portal-timestamp", "")
    given = request.headers.get("x-portal-signature", "")
    if not signature_is_good(key, moment, body, given):
        log.warning("signature refused")
        raise ApiError(401, "bad_signature")
    try:
        changes = Changes.model_validate_json(body).changes
    except ValidationError:
        raise ApiError(422, "invalid", field="changes") from None
    async with gateway.store.write() as connection:
        await _keep(connection, changes)
    log.info("changes", number=len(changes))
    return Response(status_code=202)


def key_of(settings: Settings) -> str:
    """The key of the webhook; "" for none. Raises SettingError for one that could be guessed."""
    key = settings.portal_webhook_secret.get_secret_value()
    if key and len(key) < SHORTEST_KEY:
        raise SettingError(f"PORTAL_WEBHOOK_SECRET: at least {SHORTEST_KEY} characters")
    return key


async def _keep(connection: AsyncConnection, changes: list[Change]) -> None:
    if not changes:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    moment = now()
    rows = [{"id": change.id, "code": change.code, "received_at": moment} for change in changes]
    await connection.execute(dialect.insert(PortalChange).on_conflict_do_nothing(), rows)
