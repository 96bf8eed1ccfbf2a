"""Signing in and out, and one's own account."""

from __future__ import annotations

import secrets
from typing import Any

from fastapi import Request
from markupsafe import Markup
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import RedirectResponse, Response

from channels.edge import address_of
from console.access import codes, provider, sessions, signing_in, visitors
from console.actions import Change, act
from console.errors import ConsoleError, Invalid, SignInNeeded
from console.parts import console_of
from console.rendering import link, own_path, problem_of, redirect, render
from console.routing import HALFWAY, PUBLIC, SIGNED_IN, Routes, token_for
from console.visits import LANGUAGES, visit_of
from troly.tables.staff import StaffUser

routes = Routes()

_PAGES = {
    sessions.CODE: "/sign-in/code",
    sessions.ENROL: "/sign-in/enrol",
    sessions.PASSWORD: "/sign-in/password",
}


@routes.get("/sign-in", needs=PUBLIC)
async def sign_in_page(request: Request) -> Response:
    """The first page of a stranger."""
    after = own_path(request.query_params.get("next"))
    if visit_of(request).stage == sessions.FULL:
        return redirect(after)
    return _sign_in(request, after)


@routes.post("/sign-in", needs=PUBLIC)
async def sign_in(request: Request) -> Response:
    """Name and password."""
    console, form = console_of(request), await request.form()
    after = own_path(str(form.get("next", "")))
    try:
        value, stage = await signing_in.with_password(
            console, str(form.get("name", "")), str(form.get("password", "")), address_of(request.scope)
        )
    except ConsoleError as error:
        return _sign_in(request, after, error)
    return _onward(value, stage, after)


@routes.get("/sign-in/code", needs=HALFWAY)
async def code_page(request: Request) -> Response:
    """Asks for the one-time code."""
    return render(request, "access/code.html", after=own_path(request.query_params.get("next")))


@routes.post("/sign-in/code", needs=HALFWAY)
async def code(request: Request) -> Response:
    """The one-time code."""
    form = await request.form()
    after = own_path(str(form.get("next", "")))
    try:
        value, stage = await signing_in.with_code(
            console_of(request), _session(request), str(form.get("code", ""))
        )
    except SignInNeeded:
        raise
    except ConsoleError as error:
        problem = problem_of(request, error)
        return render(request, "access/code.html", status=error.status, problem=problem, after=after)
    return _onward(value, stage, after)


@routes.get("/sign-in/enrol", needs=HALFWAY)
async def enrol_page(request: Request) -> Response:
    """Shows the picture that an app for one-time codes reads."""
    return await _enrol(request, own_path(request.query_params.get("next")))


@routes.post("/sign-in/enrol", needs=HALFWAY)
async def enrol(request: Request) -> Response:
    """The first code of the app; then the recovery codes are shown, once."""
    form = await request.form()
    after = own_path(str(form.get("next", "")))
    try:
        value, stage, fresh = await signing_in.enrol(
            console_of(request), _session(request), str(form.get("code", ""))
        )
    except ConsoleError as error:
        return await _enrol(request, after, error)
    onward = link(_PAGES.get(stage, ""), next=after) if stage in _PAGES else link(after)
    response = render(request, "access/recovery.html", codes=fresh, onward=onward)
    sessions.give(response, sessions.COOKIE, value)
    return response


@routes.get("/sign-in/password", needs=HALFWAY)
async def password_page(request: Request) -> Response:
    """Asks for a password of one's own."""
    return render(request, "access/password.html", after=own_path(request.query_params.get("next")))


@routes.post("/sign-in/password", needs=HALFWAY)
async def password(request: Request) -> Response:
    """A password of one's own, after somebody else's."""
    form = await request.form()
    after = own_path(str(form.get("next", "")))
    session = _session(request)
    try:
        if session.stage != sessions.PASSWORD:
            raise SignInNeeded
        chosen = _twice(form)
        value, stage = await signing_in.choose_password(console_of(request), session, chosen, old=None)
    except SignInNeeded:
        raise
    except ConsoleError as error:
        problem = problem_of(request, error)
        return render(request, "access/password.html", status=error.status, problem=problem, after=after)
    return _onward(value, stage, after)


@routes.post("/sign-out", needs=HALFWAY)
async def sign_out(request: Request) -> Response:
    """End the session."""
    visit = visit_of(request)
    if visit.account:
        await signing_in.sign_out(console_of(request), visit.session, visit.account)
    response = redirect("/sign-in")
    sessions.take(response, sessions.COOKIE)
    return response


@routes.get("/sso/start", needs=PUBLIC)
async def sso_start(request: Request) -> Response:
    """Go to the OpenID provider."""
    console = console_of(request)
    if not provider.name_of(console.settings):
        raise Invalid("access.sso_off")
    made = provider.Provider(console.settings, console.http)
    address, value = await made.begin(own_path(request.query_params.get("next")))
    response = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
    sessions.give(response, provider.COOKIE, value, seconds=600)
    return response


@routes.get("/sso/done", needs=PUBLIC)
async def sso_done(request: Request) -> Response:
    """Back from the OpenID provider."""
    console = console_of(request)
    if not provider.name_of(console.settings):
        raise Invalid("access.sso_off")
    made = provider.Provider(console.settings, console.http)
    try:
        person, after = await made.finish(request.query_params, request.cookies.get(provider.COOKIE, ""))
        value = await visitors.admit(console, person, visit_of(request).session or None)
    except ConsoleError as error:
        response: Response = _sign_in(request, "/", error)
    else:
        response = _onward(value, sessions.FULL, after)
    sessions.take(response, provider.COOKIE)
    return response


@routes.get("/account", needs=SIGNED_IN)
async def account(request: Request) -> Response:
    """One's own account."""
    return render(request, "access/account.html")


@routes.post("/account/password", needs=SIGNED_IN)
async def change_password(request: Request) -> Response:
    """Another password; everybody else with this account is signed out."""
    form = await request.form()
    try:
        chosen = _twice(form)
        value, _stage = await signing_in.choose_password(
            console_of(request), _session(request), chosen, old=str(form.get("old", ""))
        )
    except ConsoleError as error:
        problem = problem_of(request, error)
        return render(request, "access/account.html", status=error.status, problem=problem)
    response = redirect("/account", done="access.done_password")
    sessions.give(response, sessions.COOKIE, value)
    return response


@routes.post("/account/language", needs=SIGNED_IN)
async def change_language(request: Request) -> Response:
    """The language of the console for this account."""
    console, staff = console_of(request), visit_of(request).staff
    form = await request.form()
    language = str(form.get("language", ""))
    if language not in LANGUAGES:
        raise Invalid

    async def do(connection: AsyncConnection) -> Change:
        await connection.execute(update(StaffUser).where(StaffUser.id == staff.id).values(language=language))
        return Change(f"staff:{staff.name}", {"language": staff.language}, {"language": language})

    await act(console.store, staff, None, "language_changed", do)
    response = redirect(own_path(str(form.get("next", ""))))
    sessions.give(response, sessions.LANGUAGE, language, seconds=31_536_000)
    return response


def _session(request: Request) -> sessions.Found:
    found: sessions.Found | None = request.state.session
    if found is None:
        raise SignInNeeded
    return found


def _twice(form: Any) -> str:
    chosen, again = str(form.get("password", "")), str(form.get("again", ""))
    if chosen != again:
        raise Invalid("access.not_the_same")
    return chosen


def _onward(value: str, stage: str, after: str) -> Response:
    response = redirect(_PAGES[stage], next=after) if stage in _PAGES else redirect(after)
    sessions.give(response, sessions.COOKIE, value)
    sessions.take(response, sessions.STRANGER)
    return response


def _sign_in(request: Request, after: str, error: ConsoleError | None = None) -> Response:
    console, visit = console_of(request), visit_of(request)
    stranger = request.cookies.get(sessions.STRANGER) or secrets.token_urlsafe(24)
    response = render(
        request,
        "access/sign_in.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        after=after,
        token=visit.csrf or token_for(console.settings.signing_key, stranger),
        provider=provider.name_of(console.settings),
        safe=request.url.scheme == "https" or request.url.hostname in ("127.0.0.1", "localhost", "::1"),
    )
    if not visit.csrf:
        sessions.give(response, sessions.STRANGER, stranger)
    asked = request.query_params.get("language")
    if asked in LANGUAGES:
        sessions.give(response, sessions.LANGUAGE, asked, seconds=31_536_000)
    if error and "seconds" in error.values:
        response.headers["Retry-After"] = str(error.values["seconds"])
    return response


async def _enrol(request: Request, after: str, error: ConsoleError | None = None) -> Response:
    session = _session(request)
    if session.stage != sessions.ENROL:
        return redirect(_PAGES.get(session.stage, after))
    console = console_of(request)
    secret = await signing_in.begin_enrolment(console, session)
    issuer = f"Trợ Lý {console.settings.province}"
    return render(
        request,
        "access/enrol.html",
        status=error.status if error else 200,
        problem=problem_of(request, error) if error else None,
        after=after,
        # Made here from nothing that anybody typed but the account's checked name.
        picture=Markup(codes.picture(codes.address(secret, session.staff.name, issuer))),  # noqa: S704
        secret=" ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    )
