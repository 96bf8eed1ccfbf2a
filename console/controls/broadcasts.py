"""Broadcasts: whom one would reach, begun, stopped, how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.broadcasting import audience, notes, reserve
from console.actions import Change
from console.controls.switches import words_of
from console.conversations.filters import CHANNELS
from console.errors import Invalid, Refused
from troly.clock import now
from troly.settings import Settings
from troly.tables.controls import RESERVE, RUNNING, STOPPED, Broadcast, BroadcastTarget

MOST_DAYS = 90
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Wish:
    """A broadcast as it was entered."""

    words: dict[str, str]
    channels: tuple[str, ...]
    days: int

    @classmethod
    def of(cls, form: Any) -> Wish:
        """Raises Invalid."""
        words = words_of(form)
        channels = tuple(name for name in CHANNELS if name in form.getlist("channel"))
        if not channels:
            raise Invalid("controls.no_channel")
        days = str(form.get("days", ""))
        if not days.isascii() or not days.isdigit() or not 1 <= int(days[:6]) <= MOST_DAYS:
            raise Invalid("controls.broadcast_days", most=MOST_DAYS)
        return cls(words, channels, int(days))


async def of(connection: AsyncConnection) -> list[Any]:
    """The latest, each with how many were told."""
    told = (
        select(func.count())
        .select_from(BroadcastTarget)
        .where(BroadcastTarget.broadcast_id == Broadcast.id, BroadcastTarget.told_at.is_not(None))
        .correlate(Broadcast)
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(*Broadcast.__table__.c, told.label("told")).order_by(Broadcast.id.desc()).limit(_SHOWN)
    )
    return list(rows)


async def begin(connection: AsyncConnection, settings: Settings, wish: Wish, by: str) -> Change:
    """Raises Refused while another is running: two at once would tell some citizens two things at once."""
    await _alone(connection)
    identity, total = await notes.begin(
        connection,
        settings,
        vi=wish.words["vi"],
        en=wish.words["en"],
        channels=wish.channels,
        days=wish.days,
        by=by,
    )
    after = {"channels": list(wish.channels), "days": wish.days, "total": total, **wish.words}
    return Change(f"broadcast:{identity}", None, after)


async def stop(connection: AsyncConnection, identity: int) -> Change:
    """Nobody else is told. Raises Refused when it is over already."""
    done = await connection.execute(
        update(Broadcast)
        .where(Broadcast.id == identity, Broadcast.state == RUNNING)
        .values(state=STOPPED, ended_at=now())
    )
    if not done.rowcount:
        raise Refused("controls.broadcast_over")
    return Change(f"broadcast:{identity}", {"state": RUNNING}, {"state": STOPPED})


async def resume(connection: AsyncConnection, settings: Settings, identity: int) -> Change:
    """Go on with one that the reserve stopped. Raises Refused while nothing has changed about that."""
    await _alone(connection)
    left = await audience.untold(connection, settings, identity)
    if not left:
        raise Refused("controls.broadcast_over")
    moment = now()
    free = [await reserve.allowance(connection, settings, channel, moment) for channel in left]
    if all(one and one.left == 0 for one in free):
        raise Refused("controls.broadcast_no_room", day=f"{reserve.renewed(moment):%d/%m/%Y}")
    if not await notes.resume(connection, identity):
        raise Refused("controls.broadcast_over")
    return Change(f"broadcast:{identity}", {"state": RESERVE}, {"state": RUNNING, "left": sum(left.values())})


async def stopped_short(
    connection: AsyncConnection, settings: Settings, found: list[Any]
) -> dict[int, dict[str, int]]:
    """Of those that the reserve stopped: number -> channel -> citizens who could still be told."""
    return {
        one.id: await audience.untold(connection, settings, one.id) for one in found if one.state == RESERVE
    }


async def _alone(connection: AsyncConnection) -> None:
    if await connection.scalar(select(exists().where(Broadcast.state == RUNNING))):
        raise Refused("controls.broadcast_running")
