"""What staff teach the assistant: the one way into the examples, the names and the living test set.

A text stands on one side only: it is learned from, or it is held out and never learned from. Texts come
here without personal data (troly.masking). Call these within the transaction of the action (console
actions hold the audit's row, so that one waits for the other).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from troly.clock import now
from troly.errors import TrolyError
from troly.tables.learning import HeldOut, LearnedExample, LearnedName
from troly.text import fold, squeeze

Kind = Literal["example", "name", "held_out"]

TABLES: dict[str, type[LearnedExample | LearnedName | HeldOut]] = {
    "example": LearnedExample,
    "name": LearnedName,
    "held_out": HeldOut,
}

LETTERS = 600
"""Letters of a text that are compared."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A row that carries what was taught."""

    kind: Kind
    id: int
    new: bool = True
    """False where the same was there already: whoever takes back theirs leaves it."""
    instead_of: tuple[int, ...] = ()
    """Rows of the same kind that were taken back for it."""


class NotTaught(TrolyError):
    """The text cannot be taught. `reason`: empty, held_out (it is in the living test set), learned (it was
    learned from, so it tests nothing any more) or another_intent (`intent`: which, `row`: its id)."""

    def __init__(self, reason: str, *, intent: str | None = None, row: int | None = None) -> None:
        """Names the reason."""
        super().__init__(reason)
        self.reason = reason
        self.intent = intent
        self.row = row


def folded(text: str) -> str:
    """The form in which taught texts are compared: folded, letters and digits only."""
    letters = "".join(letter if letter.isalnum() else " " for letter in fold(text))
    return squeeze(letters)[:LETTERS].strip()


def belongs_to_tests(text: str, key: str, share: float) -> bool:
    """Whether the text is of the share (0..1) that is held out: always the same for equal texts.

    Nobody without the key can tell beforehand, so that nobody can choose what is tested.
    """
    return draw(folded(text), key, "held out") < share


def draw(subject: str, key: str, purpose: str) -> float:
    """A number 0..1 that only the key, the purpose and the subject decide."""
    digest = hmac.new(key.encode(), f"{purpose}\0{subject}".encode(), hashlib.sha256).digest()
    return int.from_bytes(digest[:7], "big") / 2**56


async def teach_example(
    connection: AsyncConnection,
    text: str,
    language: str,
    intent: str,
    author: str,
    message_id: str | None = None,
    *,
    replace: bool = False,
) -> Taught:
    """The next training learns that the text means the intent. Raises NotTaught.

    `replace` takes back the same text's example of another intent, which is refused otherwise.
    """
    key = _key(text)
    if await _live(connection, HeldOut, key):
        raise NotTaught("held_out")
    before: list[int] = []
    for row in await _live(connection, LearnedExample, key):
        if row.intent == intent:
            return Taught("example", row.id, new=False)
        if not replace:
            raise NotTaught("another_intent", intent=row.intent, row=row.id)
        await take_back(connection, Taught("example", row.id))
        before.append(row.id)
    return Taught(
        "example",
        await _add(
            connection,
            LearnedExample,
            text=text,
            folded=key,
            language=language,
            intent=intent,
            author=author,
            message_id=message_id,
        ),
        instead_of=tuple(before),
    )


async def teach_name(
    connection: AsyncConnection,
    code: str,
    language: str,
    name: str,
    author: str,
    message_id: str | None = None,
) -> Taught:
    """The finder knows within seconds that the procedure is called so. Raises NotTaught."""
    key = _key(name)
    if await _live(connection, HeldOut, key):
        raise NotTaught("held_out")
    for row in await _live(connection, LearnedName, key):
        if row.procedure_code == code:
            return Taught("name", row.id, new=False)
    return Taught(
        "name",
        await _add(
            connection,
            LearnedName,
            procedure_code=code,
            language=language,
            name=squeeze(name),
            folded=key,
            author=author,
            message_id=message_id,
        ),
    )


async def hold_out(
    connection: AsyncConnection,
    text: str,
    language: str,
    intent: str,
    procedure_code: str | None,
    author: str,
    message_id: str | None = None,
    *,
    replace: bool = False,
) -> Taught:
    """The living test set asks from now on what the assistant makes of the text. Raises NotTaught.

    Another procedure for the same intent replaces the former.
    """
    key = _key(text)
    if await _live(connection, LearnedExample, key) or await _live(connection, LearnedName, key):
        raise NotTaught("learned")
    before: list[int] = []
    for row in await _live(connection, HeldOut, key):
        if row.intent == intent and procedure_code in (row.procedure_code, None):
            return Taught("held_out", row.id, new=False)
        if not replace and row.intent != intent:
            raise NotTaught("another_intent", intent=row.intent, row=row.id)
        await take_back(connection, Taught("held_out", row.id))
        before.append(row.id)
    return Taught(
        "held_out",
        await _add(
            connection,
            HeldOut,
            text=text,
            folded=key,
            language=language,
            intent=intent,
            procedure_code=procedure_code,
            author=author,
            message_id=message_id,
        ),
        instead_of=tuple(before),
    )


async def take_back(connection: AsyncConnection, taught: Taught) -> bool:
    """The row counts no more from now on; it stays, with the moment. False when it was taken back before."""
    table = TABLES[taught.kind]
    done = await connection.execute(
        update(table).where(table.id == taught.id, table.removed_at.is_(None)).values(removed_at=now())
    )
    return bool(done.rowcount)


def _key(text: str) -> str:
    key = folded(text)
    if not key:
        raise NotTaught("empty")
    return key


async def _live(connection: AsyncConnection, table: Any, key: str) -> Sequence[Any]:
    rows = await connection.execute(
        select(table.__table__).where(table.folded == key, table.removed_at.is_(None))
    )
    return rows.all()


async def bring_back(connection: AsyncConnection, taught: Taught) -> bool:
    """A row that was taken back for another counts again; False where its text stands for something now."""
    table = TABLES[taught.kind]
    key = await connection.scalar(select(table.folded).where(table.id == taught.id))
    others = (LearnedExample, HeldOut) if taught.kind == "example" else TABLES.values()
    for other in others:
        if key is None or await _live(connection, other, key):
            return False
    done = await connection.execute(update(table).where(table.id == taught.id).values(removed_at=None))
    return bool(done.rowcount)


async def _add(connection: AsyncConnection, table: Any, **values: object) -> int:
    row = await connection.execute(insert(table).values(**values).returning(table.id))
    return int(row.scalar_one())
