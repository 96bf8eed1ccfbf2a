"""A connection that remembers the last answer, so that a check sees what an adapter passed over."""

from __future__ import annotations

import json
from typing import Any

from portal.breaker import Breaker
from portal.http import Http
from portal.transport import Answer, Question

_NEVER = 1_000_000


class Heard(Http):
    """Asks as Http does, without a breaker: every question of the check is really asked."""

    def __init__(self, base_url: str, **options: Any) -> None:
        super().__init__(base_url, **{"attempts": 2, **options, "breaker": Breaker(threshold=_NEVER)})
        self.last: Answer | None = None

    @property
    def value(self) -> Any:
        """The last answer's JSON value; None where it has none."""
        try:
            return json.loads(self.last.body) if self.last else None
        except ValueError:
            return None

    async def _ask(self, asked: Question) -> Answer:
        self.last = None
        self.last = await super()._ask(asked)
        return self.last
