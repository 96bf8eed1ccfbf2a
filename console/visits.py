"""Who is asking: what a route knows of the person in front of the page."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastapi import Request

from console.errors import SignInNeeded
from console.permissions import Permission, permissions_of

LANGUAGES = ("vi", "en")


@dataclass(frozen=True, slots=True)
class Staff:
    """A signed-in account."""

    id: str
    name: str
    display_name: str
    roles: tuple[str, ...]
    unit: str = ""
    language: str = "vi"

    def can(self, permission: Permission | str) -> bool:
        """Whether one of the roles includes it."""
        return permission in permissions_of(self.roles)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request: by whom, in which language."""

    language: str
    account: Staff | None = None
    """Whoever is signed in, completely or not."""
    stage: str = ""
    """full; or what is still due: code, enrol, password. Empty: nobody."""
    session: str = ""
    """The id of the session's row."""
    csrf: str = field(default="", repr=False)
    """What forms of this visit carry."""

    @property
    def staff(self) -> Staff:
        """Whoever is signed in completely. Raises SignInNeeded."""
        if self.account is None or self.stage != "full":
            raise SignInNeeded
        return self.account

    def can(self, permission: Permission | str) -> bool:
        """Whether this visitor may do it."""
        return self.stage == "full" and self.account is not None and self.account.can(permission)


def visit_of(request: Request) -> Visit:
    """The visit that this request belongs to; every route of console.routing has one."""
    visit: Visit = request.state.visit
    return visit
