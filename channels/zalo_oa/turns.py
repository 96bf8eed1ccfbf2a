"""Whose turn it is to renew the tokens: decided from the stored grant alone, under its row's lock."""

from __future__ import annotations

import enum
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from channels.zalo_oa.grants import Grant, seed_hash

LEASE = timedelta(seconds=60)
"""More than a request to the token service can take."""
SETTLE = timedelta(seconds=90)
"""After an unanswered refresh, until which Zalo has done it or never will."""
PAUSE = timedelta(minutes=10)
"""After a refused refresh: an operator may have mended the reason."""
LOST = "lost"


class Turn(enum.Enum):
    """What a process that needs a token does next."""

    FRESH = "fresh"
    """Use the stored one."""
    MINE = "mine"
    """Ask for a new pair: the lease is ours."""
    BUSY = "busy"
    """Wait: another process asks."""
    UNANSWERED = "unanswered"
    """Find out what became of a refresh that had no answer."""
    REFUSED = "refused"
    """Wait: the token service said no a moment ago."""
    LOST = "lost"
    """Nothing helps but a new authorization."""
    MISSING = "missing"
    """There is no grant."""


def next_turn(
    grant: Grant | None, rejected: str, seed: str, owner: str, moment: datetime
) -> tuple[Turn, Grant | None]:
    """The turn of `owner`, who needs another access token than `rejected`, and what to store for it.

    None where nothing is to be stored. A `seed` that was never used takes the place of any grant.
    """
    if seed and (grant is None or seed_hash(seed) not in grant.seeds):
        return Turn.MINE, _claimed((grant or Grant(refresh="")).taken_over(seed), owner, moment)
    if grant is None:
        return Turn.MISSING, None
    if grant.usable(moment) and grant.access != rejected:
        return Turn.FRESH, None
    if grant.lease_until and moment < grant.lease_until:
        return Turn.BUSY, None
    if grant.failure == LOST:
        return Turn.LOST, None
    if grant.asked:
        return Turn.UNANSWERED, None
    if grant.failure and grant.asked_at and moment < grant.asked_at + PAUSE:
        return Turn.REFUSED, None
    return Turn.MINE, _claimed(grant, owner, moment)


def _claimed(grant: Grant, owner: str, moment: datetime) -> Grant:
    return replace(
        grant,
        asked=uuid.uuid4().hex,
        asked_at=moment,
        failure="",
        lease_owner=owner,
        lease_until=moment + LEASE,
    )
