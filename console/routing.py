"""Routes that say who may use them: one without a permission cannot be written."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from enum import Enum
from typing import Any

from fastapi import APIRouter, Depends, Request

from console.access import sessions
from console.errors import Forbidden, NotOurForm, SignInNeeded
from console.parts import console_of
from console.permissions import Permission
from console.visits import LANGUAGES, Visit

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Anyone(Enum):
    """Who may use a route that needs no permission."""

    PUBLIC = "public"
    """Pages before signing in."""
    HALFWAY = "halfway"
    """Whoever has begun to sign in."""
    SIGNED_IN = "signed in"
    """One's own account."""


PUBLIC, HALFWAY, SIGNED_IN = Anyone

Needs = Permission | Anyone


class Guard:
    """The dependency that every route has: finds the visitor, checks the right and the form's origin."""

    def __init__(self, needs: Needs) -> None:
        """For one route."""
        self.needs = needs

    async def __call__(self, request: Request) -> None:
        """Raises SignInNeeded, Forbidden, NotOurForm."""
        visit = request.state.visit = await visit_from(request)
        if self.needs is HALFWAY and visit.account is None:
            raise SignInNeeded
        if self.needs not in (PUBLIC, HALFWAY):
            _ = visit.staff
        if isinstance(self.needs, Permission) and not visit.can(self.needs):
            raise Forbidden
        if request.method not in SAFE:
            await _check_form(request, visit)


class Routes:
    """Collects the routes of an area."""

    def __init__(self) -> None:
        """Starts empty."""
        self.router = APIRouter()

    def get(self, path: str, *, needs: Needs) -> Callable[[Any], Any]:
        """A page."""
        return self._add(path, "GET", needs)

    def post(self, path: str, *, needs: Needs) -> Callable[[Any], Any]:
        """An action; its form or its header carries the visit's token."""
        return self._add(path, "POST", needs)

    def _add(self, path: str, method: str, needs: Needs) -> Callable[[Any], Any]:
        if not isinstance(needs, Permission | Anyone):
            raise TypeError(f"{method} {path} does not say who may use it")
        return self.router.api_route(
            path, methods=[method], dependencies=[Depends(Guard(needs))], response_model=None
        )


async def visit_from(request: Request) -> Visit:
    """Whoever the cookie says, else a stranger."""
    console = console_of(request)
    cookie = request.cookies.get(sessions.COOKIE, "")
    used = "x-idle" not in request.headers
    found = await sessions.find(console.store, console.settings, cookie, used=used)
    request.state.session = found
    seed = request.cookies.get(sessions.COOKIE) if found else request.cookies.get(sessions.STRANGER)
    csrf = token_for(console.settings.signing_key, seed) if seed else ""
    if found:
        return Visit(found.staff.language, found.staff, found.stage, found.id, csrf)
    return Visit(_preferred(request, console.settings.default_language), csrf=csrf)


def token_for(key: str, cookie: str) -> str:
    """What forms of the visit with this cookie carry: nobody can make it who does not know the cookie."""
    return hmac.new(key.encode(), b"console form\0" + cookie.encode(), hashlib.sha256).hexdigest()


def _preferred(request: Request, default: str) -> str:
    asked = request.query_params.get("language") or request.cookies.get(sessions.LANGUAGE, "")
    return asked if asked in LANGUAGES else default


async def _check_form(request: Request, visit: Visit) -> None:
    # Browsers say where a request was made; a page of another site must not act for whoever is signed in.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise NotOurForm
    origin = request.headers.get("origin")
    own = {request.headers.get("host"), console_of(request).settings.public_url.split("://")[-1].rstrip("/")}
    if origin is not None and origin.split("://")[-1] not in own:
        raise NotOurForm
    given = request.headers.get("x-csrf-token")
    if given is None:
        given = str((await request.form()).get("csrf", ""))
    if not visit.csrf or not hmac.compare_digest(given.encode(), visit.csrf.encode()):
        raise NotOurForm
