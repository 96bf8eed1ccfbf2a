"""Session tokens: they name a conversation, are signed by us, and live for TOKEN_MINUTES.

A token past half its life is renewed in the header X-Token of any answer. One that ran out less than
24 hours ago opens nothing, but POST /api/v1/conversations exchanges it for a fresh one of the same
conversation: a page that was left open overnight goes on, a token found in an old log does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from itsdangerous import BadSignature, URLSafeTimedSerializer

from channels.errors import ApiError
from troly.clock import now

_GRACE_SECONDS = 24 * 3600
_SALT = "troly.conversation"


@dataclass(frozen=True, slots=True)
class Session:
    """What a valid token says."""

    conversation_id: str
    age: float
    """Seconds since the token was made."""


class Tokens:
    """Makes and reads tokens."""

    def __init__(self, key: str, minutes: float) -> None:
        """`key` is the deployment's secret; `minutes` a token's life."""
        self._serializer = URLSafeTimedSerializer(key, salt=_SALT)
        self._life = minutes * 60

    def issue(self, conversation_id: str) -> str:
        """A fresh token."""
        made = self._serializer.dumps(conversation_id)
        return made if isinstance(made, str) else made.decode("ascii")

    def read(self, token: str) -> Session:
        """The session of a valid token. Raises ApiError 401 unauthorized or token_expired."""
        session = self._load(token)
        if session.age > self._life:
            raise ApiError(401, "token_expired")
        return session

    def read_renewable(self, token: str) -> Session | None:
        """The session of a token that is valid or ran out less than 24 hours ago."""
        try:
            session = self._load(token)
        except ApiError:
            return None
        return session if session.age <= self._life + _GRACE_SECONDS else None

    def stale(self, session: Session) -> bool:
        """Whether more than half of the token's life is gone."""
        return session.age > self._life / 2

    @property
    def half_life(self) -> float:
        """Seconds after which a token should be renewed."""
        return self._life / 2

    def _load(self, token: str) -> Session:
        try:
            value, made = self._serializer.loads(token, return_timestamp=True)
        except BadSignature:
            raise ApiError(401, "unauthorized") from None
        if not isinstance(value, str) or not isinstance(made, datetime):
            raise ApiError(401, "unauthorized")
        return Session(value, (now() - made).total_seconds())
