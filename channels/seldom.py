"""Log lines that anybody on the internet can cause: the 1st, the 10th, the 100th, with their number."""

from __future__ import annotations

from typing import Any


class Seldom:
    """Counts one kind of event and logs ever fewer of them."""

    def __init__(self, log: Any, event: str) -> None:
        """`log` is a structlog logger."""
        self._log = log
        self._event = event
        self.count = 0

    def warning(self, **values: object) -> None:
        """Count one; log it when its number is 1, 10, 100…"""
        self.count += 1
        if str(self.count).strip("0") == "1":
            self._log.warning(self._event, count=self.count, **values)
