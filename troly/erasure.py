"""Erasing a citizen: the one place that knows every table in which something about a citizen may stand.

Each table is named once, in OWNERS or in IMPERSONAL (a test compares both with the tables that there are).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from troly.tables import counts
from troly.tables.base import metadata
from troly.tables.channels import media_files
from troly.tables.checklists import erase_checklists
from troly.tables.conversations import Conversation, count_ratings, forget_dialogue
from troly.tables.counts import Count
from troly.tables.figures import count_turns
from troly.tables.handover import count_handovers
from troly.tables.learning import forget_origin
from troly.tables.notices import erase_subscriptions
from troly.tables.reports import erase_reports, keeps_conversation
from troly.tables.review import forget_review

Erase = Callable[[AsyncConnection, str], Awaitable[Sequence[str] | None]]
"""(connection, conversation id) -> names of files in DATA_DIR/media that nobody needs any more."""

Keeps = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""A column of conversation ids -> the condition under which such a conversation is kept longer."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Tables that hold something about citizens, and how it leaves them."""

    tables: tuple[str, ...]
    erase: Erase | None = None
    """Called in the transaction that erases, before the conversation's own row goes; deletes or makes
    anonymous. None: the rows go by themselves, by ON DELETE CASCADE from `conversation`."""
    keeps: Keeps | None = None
    """Names the conversations that are kept RETENTION_DAYS_WITH_REPORT instead of RETENTION_DAYS."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure came to."""

    found: bool
    """False when there was no such conversation; what else stood about it is gone all the same."""
    files: list[str]
    """In DATA_DIR/media, to be deleted once the transaction is committed."""


OWNERS: tuple[Owner, ...] = (
    Owner(("conversation", "inbox", "outbox", "address")),
    Owner(("control_told", "broadcast_target", "broadcast_refusal")),
    Owner(("turn", "conversation_tag", "conversation_flag", "conversation_note"), erase=count_turns),
    Owner(("media",), erase=media_files),
    Owner(("rating",), erase=count_ratings),
    Owner(("handover", "desk_reveal"), erase=count_handovers),
    Owner(("report",), erase=erase_reports, keeps=keeps_conversation),
    Owner(("checklist",), erase=erase_checklists),
    Owner(("subscription", "notice", "watched_application"), erase=erase_subscriptions),
    Owner(("learned_example", "learned_name", "held_out"), erase=forget_origin),
    Owner(("review_item", "review_group", "review_label", "review_lesson"), erase=forget_review),
    Owner(("tracker_event", "tracker_snapshot"), erase=forget_dialogue),
)
"""A new table about citizens is added here, with a function from its own module in troly/tables."""

IMPERSONAL: frozenset[str] = frozenset(
    (
        "answer_release",
        "answer_version",
        "audit_head",
        "audit_line",
        "broadcast",
        "canned_answer",
        "catalogue_procedures",
        "catalogue_seen",
        "catalogue_syncs",
        "control",
        "daily_count",
        "desk_presence",
        "figure",
        "figure_span",
        "holiday_year",
        "lease",
        "model_activation",
        "model_instance",
        "model_version",
        "office",
        "platform_token",
        "portal_change",
        "review_cursor",
        "saved_filter",
        "staff_grant",
        "staff_session",
        "staff_throttle",
        "staff_user",
        "training_plan",
        "training_run",
        "watch",
    ),
)
"""Tables in which nothing about a citizen can stand."""


PSEUDONYMOUS: frozenset[str] = frozenset(("verification_attempt",))
"""Audits in which a citizen stands only as a keyed hash, which leads nowhere once the conversation is
gone. They stay until they are RETENTION_DAYS old (channels/retention.py)."""


async def erase(connection: AsyncConnection, conversation_id: str, *, by: str = "citizen") -> Erased:
    """Delete a conversation and all that is known of its citizen, within the caller's transaction.

    `by` is counted: "citizen", "retention" or "request" (in writing).
    """
    # Held before all else, as whoever stores a message or an answer does: they wait for each other here.
    # It is also the statement that takes SQLite's write lock.
    found = await connection.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(active_at=Conversation.active_at)
        .returning(Conversation.channel, Conversation.language)
    )
    conversation = found.first()
    files: list[str] = []
    for owner in OWNERS:
        if owner.erase:
            files += await owner.erase(connection, conversation_id) or ()
    await connection.execute(delete(Conversation).where(Conversation.id == conversation_id))
    if conversation:
        await counts.add(connection, [Count(conversation.channel, conversation.language, "erased", by)])
    return Erased(conversation is not None, files)


def owned() -> Iterator[tuple[Table, ColumnElement[Any]]]:
    """The tables whose rows name the conversation they belong to, and the column that does."""
    for owner in OWNERS:
        for name in owner.tables:
            table = metadata.tables[name]
            column = "id" if name == "conversation" else "conversation_id"
            found = table.c.get(column, table.c.get("sender_id"))
            if found is not None:
                yield table, found


async def holdings(connection: AsyncConnection, conversation_id: str) -> dict[str, int]:
    """Table -> how many rows of a conversation are in it; tables without any are left out."""
    counted: dict[str, int] = {}
    for table, column in owned():
        rows = select(func.count()).select_from(table).where(column == conversation_id)
        if number := await connection.scalar(rows):
            counted[table.name] = number
    return counted


def kept_longer(conversation_id: Any) -> ColumnElement[bool]:
    """The condition under which a conversation (a column of ids) is kept RETENTION_DAYS_WITH_REPORT."""
    return or_(false(), *(owner.keeps(conversation_id) for owner in OWNERS if owner.keeps))
