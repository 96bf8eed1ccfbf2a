"""Who is asking: the conversation that a request's token names."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from channels.errors import ApiError
from channels.gateway import Gateway, gateway_of
from channels.tokens import Session

_bearer = HTTPBearer(auto_error=False, description="The token of POST /conversations, or a newer X-Token.")

GatewayParam = Annotated[Gateway, Depends(gateway_of)]
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def _session(request: Request, gateway: GatewayParam, credentials: Credentials) -> Session:
    """The session of the Bearer token; one past half its life is renewed in the answer's X-Token."""
    if credentials is None:
        raise ApiError(401, "unauthorized")
    session = gateway.tokens.read(credentials.credentials)
    if gateway.tokens.stale(session):
        request.state.fresh_token = gateway.tokens.issue(session.conversation_id)
    return session


SessionParam = Annotated[Session, Depends(_session)]
