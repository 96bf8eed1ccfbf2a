"""Every route times every role: who comes in, who does not, and that no route was forgotten."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from console.permissions import GRANTS, Permission, Role
from console.routing import HALFWAY, PUBLIC, SIGNED_IN, Anyone, Guard, Routes
from console.server import AREAS


def guarded() -> list[tuple[str, str, Permission | Anyone]]:
    found = []
    for area in AREAS:
        for route in area.routes.router.routes:
            assert isinstance(route, APIRoute)
            guards = [item.dependency for item in route.dependencies if isinstance(item.dependency, Guard)]
            assert len(guards) == 1, f"{route.path} has {len(guards)} guards"
            (method,) = route.methods
            found.append((method, route.path, guards[0].needs))
    return found


ROUTES = guarded()


def test_the_console_has_no_route_beside_those_of_its_areas(office: Any) -> None:
    """Whatever answers without a guard is named here: the style sheets and scripts."""
    mounted = next(route.app for route in office.app.routes if hasattr(getattr(route, "app", None), "state"))

    def flat(routes: Any) -> list[Any]:
        found = []
        for route in routes:
            inner = getattr(route, "original_router", None)
            found += flat(inner.routes) if inner is not None else [route]
        return found

    paths = [route for route in flat(mounted.routes) if isinstance(route, APIRoute)]
    unguarded = {
        route.path
        for route in paths
        if not any(isinstance(item.dependency, Guard) for item in route.dependencies)
    }
    assert unguarded == {"/static/{name}"}
    assert len(paths) == len(ROUTES) + 1


def test_a_route_without_a_permission_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="does not say who may use it"):
        Routes().get("/open", needs=None)  # type: ignore[arg-type]


def test_public_routes_are_those_of_signing_in() -> None:
    public = {path for _, path, needs in ROUTES if needs is PUBLIC}
    assert public == {"/sign-in", "/sso/start", "/sso/done"}
    assert {path for _, path, needs in ROUTES if needs is HALFWAY} == {
        "/sign-in/code",
        "/sign-in/enrol",
        "/sign-in/password",
        "/sign-out",
    }
    assert all(path == "/" or path.startswith("/account") for _, path, needs in ROUTES if needs is SIGNED_IN)


def test_every_permission_is_somebodys_and_an_analyst_sees_no_conversation() -> None:
    assert set().union(*GRANTS.values()) == set(Permission)
    assert {permission.split(".")[0] for permission in GRANTS[Role.ANALYST]} == {"figures"}
    assert all(
        role in (Role.OFFICER, Role.ADMIN)
        for role, granted in GRANTS.items()
        if Permission.CONVERSATIONS_REVEAL in granted
    )


@pytest.mark.parametrize("role", [*Role, None])
async def test_each_route_lets_in_exactly_the_roles_of_the_table(office: Any, role: Role | None) -> None:
    client = await office.staff(role) if role else office.browser()
    token = ""
    if role:
        page = (await client.get("/console/account")).text
        token = re.findall(r'name="csrf" value="(\w+)"', page)[0]
    for method, path, needs in ROUTES:
        if needs in (PUBLIC, HALFWAY):
            continue
        address = "/console" + re.sub(r"\{\w+\}", "1", path)
        response = await client.request(method, address, headers={"X-CSRF-Token": token})
        if role is None:
            assert response.status_code == 303, path
            assert response.headers["location"].startswith("/console/sign-in"), path
        elif isinstance(needs, Permission) and needs not in GRANTS[role]:
            assert response.status_code == 403, f"{role} came into {method} {path}"
        else:
            assert response.status_code in (200, 303, 404, 409, 422), f"{role} {method} {path}"
            assert "/sign-in" not in response.headers.get("location", ""), f"{role} {method} {path}"


def test_the_menu_shows_only_what_may_be_opened() -> None:
    from console.navigation import ENTRIES

    pages = {path: needs for method, path, needs in ROUTES if method == "GET"}
    assert {entry.path: entry.needs for entry in ENTRIES} == {
        entry.path: pages[entry.path] for entry in ENTRIES
    }
