"""Several applications of one answer: one that cannot be read must not hide the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import structlog

from portal.errors import PortalProtocolError
from portal.models import Application
from portal.owner import Found

log = structlog.get_logger(__name__)


def by_code(
    items: Iterable[dict[str, Any]], read: Callable[[dict[str, Any]], Application], codes: Collection[str]
) -> Found:
    """The applications that were asked for, by code; those that `read` refuses are left out."""
    found: dict[str, Application] = {}
    for item in items:
        try:
            application = read(item)
        except PortalProtocolError as error:
            log.warning("application unreadable", reason=str(error)[:80])
            continue
        if application.code in codes:
            found[application.code] = application
    return found
