"""Listens to everything that is logged in the test process, whoever logs it: no token or key may be in it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

import structlog

from tests.fakes import telegram, zalo_bot, zalo_oa_citizens

KEYS = (
    *(telegram.TOKEN, zalo_bot.TOKEN, zalo_oa_citizens.SECRET, zalo_oa_citizens.APP_SECRET),
    *(telegram.SECRET, zalo_oa_citizens.REFRESH_TOKEN),
)
"""What the stand-ins of the platforms, and so the settings of the gateways in tests, have as secrets."""

_MINTED = re.compile(r"\b(?:access|refresh)-[0-9a-f]{24}\b")
"""Tokens that Zalo's stand-in gives out."""


class Witness(logging.Handler):
    """Keeps where a secret was logged, not the secret."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.heard = 0
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """A line of the standard library's logging."""
        said = f"{self.format(record)} {record.args!r}"
        self.look(said, f"{record.name}: {record.msg!r:.60}")

    def look(self, said: str, where: str) -> None:
        """Remember where, if a secret is in what was said."""
        self.heard += 1
        if any(key in said for key in KEYS) or _MINTED.search(said):
            self.found.append(where)

    def listen(self) -> None:
        """From now on, to both kinds of loggers of this process; not to be taken back."""
        logging.getLogger().addHandler(self)
        process = structlog._base.BoundLoggerBase._process_event
        witness = self

        def witnessed(bound: Any, method: str, event: str | None, values: dict[str, Any]) -> Any:
            context: Mapping[str, Any] = bound._context
            witness.look(f"{event} {values!r} {dict(context)!r}", f"structlog: {event}")
            return process(bound, method, event, values)

        structlog._base.BoundLoggerBase._process_event = witnessed  # type: ignore[method-assign]
