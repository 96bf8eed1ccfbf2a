"""What citizens call a procedure: names as shipped, and those that staff teach the finder."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.actions import Change
from console.errors import Invalid, Missing, Refused
from console.visits import Staff
from troly import learning, yaml_files
from troly.answers import checks
from troly.learning import NotTaught, Taught, folded
from troly.masking import mask
from troly.settings import ROOT
from troly.tables.catalogue import CatalogueProcedure
from troly.tables.learning import LearnedName
from troly.text import fold, squeeze

LANGUAGES = ("vi", "en")
LONGEST = 120
_MOST = 40


@dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure as the catalogue names it."""

    code: str
    name: str
    name_en: str | None
    field: str
    taught: int
    """Names that staff taught."""


async def search(connection: AsyncConnection, text: str) -> list[Procedure]:
    """Procedures with these words in their name or a learned name, or with this code; without a text those
    whose names were taught last.
    """
    taught = (
        select(
            LearnedName.procedure_code, func.count().label("count"), func.max(LearnedName.id).label("last")
        )
        .where(LearnedName.removed_at.is_(None))
        .group_by(LearnedName.procedure_code)
        .subquery()
    )
    table = CatalogueProcedure
    query = (
        select(
            table.code,
            func.min(table.name).label("name"),
            func.min(table.name_en).label("name_en"),
            func.min(table.field).label("field"),
            func.coalesce(func.max(taught.c.count), 0).label("taught"),
        )
        .outerjoin(taught, taught.c.procedure_code == table.code)
        .where(table.withdrawn_at.is_(None))
        .group_by(table.code)
        .limit(_MOST)
    )
    words = fold(text).split()
    if words:
        named = select(LearnedName.procedure_code).where(
            LearnedName.removed_at.is_(None),
            *(LearnedName.folded.contains(word, autoescape=True) for word in words),
        )
        query = query.where(
            or_(
                table.code == text.strip(),
                table.code.in_(named),
                *([] if not words else [_all(table.folded_name, words)]),
            )
        ).order_by(func.length(func.min(table.name)), table.code)
    else:
        query = query.where(taught.c.count > 0).order_by(func.max(taught.c.last).desc())
    return [Procedure(**row) for row in (await connection.execute(query)).mappings()]


async def procedure(connection: AsyncConnection, code: str) -> Procedure:
    """One procedure that is in use. Raises Missing."""
    row = (
        await connection.execute(
            select(CatalogueProcedure.code, CatalogueProcedure.name, CatalogueProcedure.name_en,
                   CatalogueProcedure.field)
            .where(CatalogueProcedure.code == code, CatalogueProcedure.withdrawn_at.is_(None))
            .limit(1)
        )
    ).mappings().first()  # fmt: skip
    if row is None:
        raise Missing("answers.no_procedure")
    return Procedure(**row, taught=0)


async def taught(connection: AsyncConnection, code: str) -> Sequence[Row[Any]]:
    """The names that staff taught, those that were taken back too, the newest first."""
    rows = await connection.execute(
        select(LearnedName.__table__)
        .where(LearnedName.procedure_code == code)
        .order_by(LearnedName.removed_at.is_not(None), LearnedName.id.desc())
    )
    return rows.all()


async def add(
    connection: AsyncConnection, staff: Staff, code: str, language: str, name: str, *, anyway: bool = False
) -> Change:
    """Teach a name. Raises Invalid for one that cannot be used, Refused for one that is known already, or,
    unless `anyway`, is another procedure's.
    """
    await procedure(connection, code)
    name = squeeze(checks.tidy(name))
    key = folded(name)
    if language not in LANGUAGES:
        raise Invalid("answers.name_language")
    if len(key) < 2 or len(name) > LONGEST or any(checks.plain(name)):
        raise Invalid("answers.name_wrong", longest=LONGEST)
    if mask(name) != name:
        raise Invalid("answers.name_personal")
    owners = await _owners(connection, key)
    if code in owners:
        raise Refused("answers.name_known")
    if owners and not anyway:
        raise Refused("answers.name_elsewhere", codes=", ".join(sorted(owners)))
    try:
        row = await learning.teach_name(connection, code, language, name, staff.name)
    except NotTaught as error:
        raise Refused("answers.name_held_out" if error.reason == "held_out" else "answers.name_wrong",
                      longest=LONGEST) from None  # fmt: skip
    return Change(f"procedure:{code}", None, {"name": row.id, "language": language}, row.id)


async def remove(connection: AsyncConnection, code: str, name_id: int) -> Change:
    """Take a name back. Raises Missing when this procedure has no such name."""
    live = await connection.scalar(
        select(LearnedName.id).where(
            LearnedName.id == name_id, LearnedName.procedure_code == code, LearnedName.removed_at.is_(None)
        )
    )
    if live is None or not await learning.take_back(connection, Taught("name", name_id)):
        raise Missing("answers.name_gone")
    return Change(f"procedure:{code}", {"name": name_id}, None)


@lru_cache(maxsize=1)
def shipped() -> dict[str, dict[str, list[str]]]:
    """The names of nlu_data/procedures.yml: code -> language -> names."""
    rows = yaml_files.read(ROOT / "nlu_data" / "procedures.yml")
    return {
        str(row["code"]): {
            language: [str(name) for name in row[language]]
            for language in row
            if language not in ("code", "seldom")
        }
        for row in rows
    }


@lru_cache(maxsize=1)
def _shipped_owners() -> dict[str, set[str]]:
    owners: dict[str, set[str]] = defaultdict(set)
    for code, languages in shipped().items():
        for names in languages.values():
            for name in names:
                owners[folded(name)].add(code)
    return owners


async def read_files() -> None:
    """Read the shipped names, once and beside the requests: it takes a second."""
    await asyncio.to_thread(_shipped_owners)


async def _owners(connection: AsyncConnection, key: str) -> set[str]:
    learned = await connection.scalars(
        select(LearnedName.procedure_code).where(LearnedName.folded == key, LearnedName.removed_at.is_(None))
    )
    return _shipped_owners().get(key, set()) | set(learned)


def _all(column: Any, words: list[str]) -> Any:
    """Every word stands in the column."""
    condition = column.contains(words[0], autoescape=True)
    for word in words[1:]:
        condition &= column.contains(word, autoescape=True)
    return condition
