"""The one grant that the account gave us, in table platform_token: the pair of tokens and its history.

Changes are decided under the row's lock, so that of several gateway processes one renews at a time. The
column refresh_token holds more than the token: which seeds were ever used, and whether a refresh was
asked for that has had no answer. All of it is one encrypted text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from channels.store import Store
from troly.privacy import Keyring
from troly.tables.channels import PlatformToken

CHANNEL = "zalo_oa"
REFRESH_AT = 0.8
"""Of an access token's life, after which it is renewed: 20 of 25 hours."""
_SEEDS = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """What Zalo's token service answers."""

    access: str
    refresh: str
    seconds: float
    """Life of the access token."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The newest pair and what became of it."""

    refresh: str
    """Works once."""
    access: str = ""
    expires_at: datetime | None = None
    refreshed_at: datetime | None = None
    seeds: tuple[str, ...] = ()
    """Hashes of every ZALO_OA_REFRESH_TOKEN that was taken over, so that none is taken twice."""
    asked: str = ""
    """Names a refresh that was sent with this refresh token and whose answer is not stored (yet)."""
    asked_at: datetime | None = None
    failure: str = ""
    """Why the last refresh gave nothing; "lost" when the next pair went astray."""
    lease_owner: str | None = None
    lease_until: datetime | None = None

    def usable(self, moment: datetime) -> bool:
        """Whether there is an access token that has not ended."""
        return bool(self.access and self.expires_at and moment < self.expires_at)

    def due(self, moment: datetime) -> bool:
        """Whether it is time to renew the access token."""
        if not (self.access and self.expires_at and self.refreshed_at):
            return True
        return moment >= self.refreshed_at + (self.expires_at - self.refreshed_at) * REFRESH_AT

    def renewed(self, pair: Pair, moment: datetime) -> Grant:
        """The grant with a new pair, nothing pending, free for others."""
        return Grant(
            refresh=pair.refresh,
            access=pair.access,
            expires_at=moment + timedelta(seconds=pair.seconds),
            refreshed_at=moment,
            seeds=self.seeds,
        )

    def taken_over(self, seed: str) -> Grant:
        """A fresh grant from an operator's refresh token; whatever was pending is of no matter."""
        return Grant(refresh=seed, seeds=(*self.seeds, seed_hash(seed))[-_SEEDS:])


def seed_hash(seed: str) -> str:
    """What is remembered of a refresh token that came from the settings."""
    return hashlib.sha256(seed.encode()).hexdigest()[:32]


class Grants:
    """Reads and changes the row."""

    def __init__(self, store: Store, keyring: Keyring) -> None:
        """Does nothing yet."""
        self._store = store
        self._keyring = keyring

    async def read(self) -> Grant | None:
        """The grant as stored; None when there never was one."""
        async with self._store.read() as connection:
            row = (await connection.execute(_SELECT)).mappings().first()
        return self._open(row) if row else None

    async def change(self, decide: Callable[[Grant | None], Grant | None]) -> Grant | None:
        """Put `decide(grant)` in the grant's place, within one transaction; None leaves it.

        Gives the grant as it stands then. What `decide` raises changes nothing and is passed on.
        """
        async with self._store.write() as connection:
            # Written to first: that locks the row, and SQLite wants it so.
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            await connection.execute(
                dialect.insert(PlatformToken)
                .values(channel=CHANNEL)
                .on_conflict_do_update(index_elements=["channel"], set_={"channel": CHANNEL})
            )
            row = (await connection.execute(_SELECT)).mappings().one()
            before = self._open(row)
            after = decide(before)
            if after is None or after == before:
                return before
            await connection.execute(
                update(PlatformToken).where(PlatformToken.channel == CHANNEL).values(**self._close(after))
            )
            return after

    def _open(self, row: Any) -> Grant | None:
        if not row["refresh_token"]:
            return None
        kept = json.loads(self._keyring.decrypt(row["refresh_token"]))
        asked_at = kept["asked_at"]
        return Grant(
            refresh=kept["refresh"],
            access=self._keyring.decrypt(row["access_token"]) if row["access_token"] else "",
            expires_at=row["expires_at"],
            refreshed_at=row["refreshed_at"],
            seeds=tuple(kept["seeds"]),
            asked=kept["asked"],
            asked_at=datetime.fromisoformat(asked_at) if asked_at else None,
            failure=kept["failure"],
            lease_owner=row["lease_owner"],
            lease_until=row["lease_until"],
        )

    def _close(self, grant: Grant) -> dict[str, Any]:
        kept = {name: asdict(grant)[name] for name in ("refresh", "seeds", "asked", "failure")}
        kept["asked_at"] = grant.asked_at.isoformat() if grant.asked_at else None
        return {
            "access_token": self._keyring.encrypt(grant.access) if grant.access else None,
            "refresh_token": self._keyring.encrypt(json.dumps(kept)),
            "expires_at": grant.expires_at,
            "refreshed_at": grant.refreshed_at,
            "lease_owner": grant.lease_owner,
            "lease_until": grant.lease_until,
        }


def released(grant: Grant, **changes: Any) -> Grant:
    """The grant with these changes, free for another process."""
    return replace(grant, lease_owner=None, lease_until=None, **changes)


_SELECT = select(
    PlatformToken.access_token,
    PlatformToken.refresh_token,
    PlatformToken.expires_at,
    PlatformToken.refreshed_at,
    PlatformToken.lease_owner,
    PlatformToken.lease_until,
).where(PlatformToken.channel == CHANNEL)
