"""A broadcast as it is noted: begun, gone on with after the reserve stopped it, and refused by a citizen."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, literal, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from channels.broadcasting import audience
from channels.outbox import Place
from troly.clock import now
from troly.settings import Settings
from troly.tables.controls import RESERVE, RUNNING, Broadcast, BroadcastRefusal, BroadcastTarget
from troly.tables.conversations import Conversation


async def begin(
    connection: AsyncConnection,
    settings: Settings,
    *,
    vi: str,
    en: str,
    channels: Sequence[str],
    days: int,
    by: str,
) -> tuple[int, int]:
    """Note whom to tell, within the caller's transaction; gives the broadcast's number and how many."""
    moment = now()
    identity: int = (
        await connection.execute(
            insert(Broadcast)
            .values(
                text_vi=vi,
                text_en=en,
                channels=list(channels),
                days=days,
                state=RUNNING,
                total=0,
                created_by=by,
                created_at=moment,
            )
            .returning(Broadcast.id)
        )
    ).scalar_one()
    meant = audience.chosen(settings, channels, days, moment, literal(identity), Conversation.id)
    done = await connection.execute(
        insert(BroadcastTarget).from_select(["broadcast_id", "conversation_id"], meant)
    )
    await connection.execute(update(Broadcast).where(Broadcast.id == identity).values(total=done.rowcount))
    return identity, done.rowcount


async def resume(connection: AsyncConnection, broadcast_id: int) -> bool:
    """Tell the others. False unless the reserve had stopped it."""
    done = await connection.execute(
        update(Broadcast)
        .where(Broadcast.id == broadcast_id, Broadcast.state == RESERVE)
        .values(state=RUNNING, ended_at=None)
    )
    return done.rowcount > 0


async def refused(connection: AsyncConnection, place: Place) -> None:
    """The citizen wants no broadcasts, in the transaction that confirms it."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    await connection.execute(
        dialect.insert(BroadcastRefusal)
        .values(conversation_id=place.conversation_id, at=now())
        .on_conflict_do_nothing(index_elements=["conversation_id"])
    )
