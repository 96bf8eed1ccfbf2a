"""Drafts and what became of them: written, approved, refused, taken back, restored. Each in one transaction.

The steps are called by console.actions.act, which holds the audit's row first: two editors come here one
after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from console.actions import Change
from console.answers.four_eyes import alone
from console.answers.kinds import Content, Item, same
from console.answers.standing import Standing, Version, standing, version_of
from console.errors import Invalid, Missing, Refused
from console.visits import Staff
from troly.answers.checks import Fault
from troly.answers.live import RETIRED, retired
from troly.clock import now
from troly.tables.answers import APPROVED, DRAFT, REFUSED, REWRITTEN, WITHDRAWN, AnswerRelease, AnswerVersion

NOTE = 500
_REASON = 10
"""Letters of a written reason, at least."""

Faults = Callable[[Content], list[Fault]]


class Turn(Protocol):
    """retire() or bring_back()."""

    async def __call__(
        self,
        connection: AsyncConnection,
        staff: Staff,
        kind: str,
        item: Item,
        *,
        seen: tuple[int, int],
        note: str,
    ) -> Change:
        """Write the draft."""


async def write(
    connection: AsyncConnection,
    staff: Staff,
    kind: str,
    item: Item,
    content: Content | None,
    *,
    seen: tuple[int, int],
    note: str = "",
    restores: int | None = None,
) -> Change:
    """Write a draft in the place of the one that is open. `content` None: as shipped.

    `seen`: release and draft that the writer had before them. Raises Refused when another changed either
    since (answers.conflict), and when nothing is different.
    """
    if content is None and item.made:
        raise Missing("answers.no_version")
    at = await standing(connection, kind, item.key)
    _unchanged(at, seen)
    if same(content or item.content, at.proposed(item)):
        raise Refused("answers.nothing_changed")
    if at.draft:
        await _decide(connection, at.draft, REWRITTEN, staff)
    identity = await _insert(
        connection,
        kind=kind,
        key=item.key,
        content=content,
        state=DRAFT,
        base=at.release or None,
        restores=restores,
        note=note.strip()[:NOTE],
        author=staff.name,
    )
    return Change(
        _target(kind, item.key),
        {"draft": at.draft.id if at.draft else None},
        {"draft": identity} | ({RETIRED: True} if retired(content) else {}),
        identity,
    )


async def retire(
    connection: AsyncConnection, staff: Staff, kind: str, item: Item, *, seen: tuple[int, int], note: str
) -> Change:
    """Propose to take a thing off. Raises as write(), and for what is off, or never was live."""
    at = await standing(connection, kind, item.key)
    if at.retired or (item.made and not at.live):
        raise Refused("answers.not_in_use")
    content = {**at.content(item), RETIRED: True}
    return await write(connection, staff, kind, item, content, seen=seen, note=note)


async def bring_back(
    connection: AsyncConnection, staff: Staff, kind: str, item: Item, *, seen: tuple[int, int], note: str
) -> Change:
    """Propose to offer again, as it was last, what was taken off. Raises as write(), and for what is used."""
    at = await standing(connection, kind, item.key)
    if not at.retired:
        raise Refused("answers.in_use")
    content = {name: value for name, value in at.content(item).items() if name != RETIRED}
    shipped = not item.made and same(content, item.content)
    return await write(connection, staff, kind, item, None if shipped else content, seen=seen, note=note)


async def approve(
    connection: AsyncConnection,
    staff: Staff,
    kind: str,
    item: Item,
    version: int,
    *,
    faults: Faults,
    four_eyes: bool,
    reason: str,
) -> Change:
    """Make the draft what citizens read.

    Raises Refused: it is no draft any more, something else went live since it was written, it does not
    pass the checks of this version, or it is one's own and somebody else may approve.
    """
    row = await version_of(connection, kind, item.key, version)
    at = await standing(connection, kind, item.key)
    if row.state != DRAFT:
        raise Refused("answers.decided", by=row.decided_by or "?")
    if (row.base or 0) != at.release:
        raise Refused("answers.outdated")
    if row.content is not None and not retired(row.content) and faults(row.content):
        raise Refused("answers.no_longer_fits")
    reason = reason.strip()[:NOTE]
    if four_eyes and row.author == staff.name:
        await alone(connection, staff)
        if len(reason) < _REASON:
            raise Invalid("answers.reason_short", least=_REASON)
    await _decide(connection, row, APPROVED, staff, reason)
    before = at.live.id if at.live else None
    release = await _release(connection, kind, item.key, row.id, staff)
    return Change(
        _target(kind, item.key),
        {"live": before},
        {"live": row.id, "release": release, "author": row.author} | ({"reason": reason} if reason else {}),
        row.id,
    )


async def refuse(
    connection: AsyncConnection, staff: Staff, kind: str, key: str, version: int, reason: str
) -> Change:
    """Send a draft back with a reason. Raises Invalid without one."""
    row = await _open(connection, kind, key, version)
    if len(reason.strip()) < _REASON:
        raise Invalid("answers.reason_short", least=_REASON)
    await _decide(connection, row, REFUSED, staff, reason.strip()[:NOTE])
    return Change(_target(kind, key), {"draft": row.id, "author": row.author}, {"draft": None})


async def withdraw(connection: AsyncConnection, staff: Staff, kind: str, key: str, version: int) -> Change:
    """Take back one's own draft. Raises Refused for another's."""
    row = await _open(connection, kind, key, version)
    if row.author != staff.name:
        raise Refused("answers.not_yours")
    await _decide(connection, row, WITHDRAWN, staff)
    return Change(_target(kind, key), {"draft": row.id}, {"draft": None})


async def restore(
    connection: AsyncConnection, staff: Staff, kind: str, item: Item, version: int, faults: Faults
) -> Change:
    """Make a version that was live before, or what is shipped (0), live again at once.

    Raises Refused for what never was approved, does not pass the checks any more, or is live already.
    """
    at = await standing(connection, kind, item.key)
    content = None
    if version:
        row = await version_of(connection, kind, item.key, version)
        if row.state != APPROVED:
            raise Refused("answers.never_live")
        content = row.content
    elif item.made:
        raise Missing("answers.no_version")
    if same(content or item.content, at.content(item)):
        raise Refused("answers.live_already")
    if content is not None and not retired(content) and faults(content):
        raise Refused("answers.no_longer_fits")
    identity = await _insert(
        connection,
        kind=kind,
        key=item.key,
        content=content,
        state=APPROVED,
        base=at.release or None,
        restores=version or None,
        author=staff.name,
        decided_by=staff.name,
        decided_at=now(),
    )
    release = await _release(connection, kind, item.key, identity, staff)
    return Change(
        _target(kind, item.key),
        {"live": at.live.id if at.live else None},
        {"live": identity, "restores": version, "release": release},
        identity,
    )


def _unchanged(at: Standing, seen: tuple[int, int]) -> None:
    release, draft = seen
    if (at.draft.id if at.draft else 0) != draft and at.draft:
        raise Refused("answers.conflict", by=at.draft.author)
    if at.release != release:
        raise Refused("answers.conflict", by=(at.live.decided_by if at.live else None) or "?")
    if draft and not at.draft:
        raise Refused("answers.draft_gone")


async def _open(connection: AsyncConnection, kind: str, key: str, version: int) -> Version:
    row = await version_of(connection, kind, key, version)
    if row.state != DRAFT:
        raise Refused("answers.decided", by=row.decided_by or "?")
    return row


async def _decide(
    connection: AsyncConnection, row: Version, state: str, staff: Staff, reason: str = ""
) -> None:
    await connection.execute(
        update(AnswerVersion)
        .where(AnswerVersion.id == row.id)
        .values(state=state, decided_by=staff.name, decided_at=now(), reason=reason)
    )


async def _insert(connection: AsyncConnection, **values: object) -> int:
    given = {"note": "", "reason": "", "at": now(), **values}
    row = await connection.execute(insert(AnswerVersion).values(**given).returning(AnswerVersion.id))
    return int(row.scalar_one())


async def _release(connection: AsyncConnection, kind: str, key: str, version: int, staff: Staff) -> int:
    row = await connection.execute(
        insert(AnswerRelease)
        .values(kind=kind, key=key, version=version, by=staff.name, at=now())
        .returning(AnswerRelease.id)
    )
    return int(row.scalar_one())


def _target(kind: str, key: str) -> str:
    return f"{kind}:{key}"
