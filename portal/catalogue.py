"""The local copy of the portal's procedures: what this deployment serves, with the date of each copy.

Served are national procedures and those of the deployment's own province. The copy answers when the portal
does not, and the procedure finder is built from its names.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal import catalogue_file, catalogue_sync
from portal.adapters.national_record import PUBLIC_SITE
from portal.adapters.national_record import procedure as read_record
from portal.adapters.values import province_key
from portal.catalogue_store import Failure, Report, list_hash_of, read, write
from portal.codes import strip_locality
from portal.errors import RecordError
from portal.models import Level, Procedure
from portal.record_text import searchable
from troly.clock import now
from troly.errors import UsageError
from troly.tables.catalogue import CatalogueProcedure
from troly.text import fold

Progress = Callable[[int, int | None], None]
"""Called with the records done so far and, where known, their number."""

_BATCH = 200


@dataclass(frozen=True, slots=True)
class CatalogueName:
    """What the procedure finder needs of a served procedure."""

    code: str
    name: str
    name_en: str | None
    field: str
    levels: tuple[Level, ...]
    type: str


class Catalogue:
    """The stored procedures as a deployment in `province` sees them."""

    def __init__(self, engine: AsyncEngine, province: str) -> None:
        self._engine = engine
        self._province = province_key(province)

    async def get(self, code: str) -> Procedure | None:
        """The last copy of a served procedure, also of a withdrawn one (see Procedure.withdrawn).

        A province's own form of the code works too ("1.001193.000.00.00.H49"). One code is in use twice on
        the national portal: what is not withdrawn and changed last comes first.
        """
        rows = await self._rows(_LAST_COPY, code=strip_locality(code), province=self._province)
        return read(*rows[0]) if rows else None

    async def identity(self, code: str) -> str | None:
        """The portal's id of the procedure of which get() gives the copy, without reading the copy."""
        rows = await self._rows(_IDENTITY, code=strip_locality(code), province=self._province)
        return str(rows[0].id) if rows else None

    async def names(self) -> list[CatalogueName]:
        """The served procedures that are in force, by code, each code once."""
        table = CatalogueProcedure
        query = self._in_force(table.code, table.name, table.name_en, table.field, table.levels, table.type)
        made = (
            (code, CatalogueName(code, name, name_en, field, tuple(levels), kind))
            for code, name, name_en, field, levels, kind in await self._rows(query)
        )
        return list(_first(made).values())

    async def contents(self) -> dict[str, str]:
        """By code, for what names() gives: a fingerprint of all that the portal states."""
        table = CatalogueProcedure
        return _first(await self._rows(self._in_force(table.code, table.content_hash)))

    async def texts(self, codes: Sequence[str]) -> dict[str, str]:
        """By code, the words of a procedure's record (portal.record_text); of at most some hundred codes."""
        table = CatalogueProcedure
        query = self._in_force(table.code, table.detail).where(table.code.in_(codes))
        return {code: searchable(detail) for code, detail in _first(await self._rows(query)).items()}

    async def fingerprint(self) -> str:
        """Changes when names() does; tells whether an index built from them is still good."""
        stated = [
            (item.code, item.name, item.name_en, item.field, item.levels, item.type)
            for item in await self.names()
        ]
        return hashlib.sha256(json.dumps(stated).encode()).hexdigest()

    async def count(self) -> int:
        """The number of served procedures in force."""
        query = select(func.count()).where(self._served(), CatalogueProcedure.withdrawn_at.is_(None))
        return int((await self._rows(query))[0][0])

    async def search(self, text: str, limit: int = 10) -> list[CatalogueName]:
        """Served procedures that share words with the text, best first (for the command line)."""
        names = await self.names()
        code = strip_locality(text)
        if exact := [item for item in names if item.code == code]:
            return exact
        words = fold(text).split()
        folded = [set(fold(f"{item.name} {item.name_en or ''} {item.field}").split()) for item in names]
        spread = Counter(word for found in folded for word in found)
        weights = {word: math.log(1 + len(names) / spread[word]) for word in words if spread[word]}
        scored = []
        for item, found in zip(names, folded, strict=True):
            score = sum(weight for word, weight in weights.items() if word in found)
            if score > 0:
                phrase = 1.5 if " ".join(words) in fold(item.name) else 1.0
                # Of two names with the same words the shorter one is meant more often.
                scored.append((-score * phrase, len(found), item.code, item))
        return [item for *_, item in sorted(scored, key=lambda entry: entry[:3])[:limit]]

    async def sync(
        self, client: catalogue_sync.Source, progress: Progress | None = None, *, full: bool = False
    ) -> Report:
        """Bring the copy up to the portal's state; see portal.catalogue_sync.run."""
        with _tables():
            return await catalogue_sync.run(self._engine, self._province, client, progress, full=full)

    async def import_file(
        self,
        path: Path,
        progress: Progress | None = None,
        *,
        as_of: datetime | None = None,
        forms_from: str = PUBLIC_SITE,
    ) -> Report:
        """Take over a file of raw records (portal.catalogue_file.records); only what differs is written.

        as_of: when the file was read from the portal; if not given, the newest change in it, which is the
        latest moment that it proves. forms_from: the host that the forms are downloaded from.

        Records that cannot be read are in the report, with their line.
        Nothing is withdrawn: a file may hold only a part. Raises UsageError for a file that is none of ours.
        """
        seen_at = as_of or catalogue_file.newest_change(path) or now()
        report = Report()
        batch: dict[str, tuple[Procedure, str]] = {}
        for where, raw in catalogue_file.records(path):
            report.read += 1
            try:
                if isinstance(raw, ValueError):
                    raise RecordError(str(raw))
                procedure = read_record(raw, seen_at, forms_from)
            except RecordError as error:
                report.failures.append(Failure(where, str(error)))
                continue
            if procedure.province and province_key(procedure.province) != self._province:
                report.elsewhere += 1
            if len(batch) == _BATCH or procedure.id in batch:
                await self._store(batch, report)
                batch = {}
                if progress:
                    progress(report.read, None)
            batch[procedure.id] = (procedure, list_hash_of(procedure))
        await self._store(batch, report)
        if progress:
            progress(report.read, report.read)
        return report

    async def _store(self, batch: dict[str, tuple[Procedure, str]], report: Report) -> None:
        with _tables():
            async with self._engine.begin() as connection:
                await write(connection, batch.values(), report, keep_newer=True)

    async def _rows(self, query: Any, **values: str) -> list[Any]:
        with _tables():
            async with self._engine.connect() as connection:
                return list(await connection.execute(query, values))

    def _in_force(self, *columns: Any) -> Select[Any]:
        """Of a code that is in use twice, what changed last comes first."""
        table = CatalogueProcedure
        return (
            select(*columns)
            .where(self._served(), table.withdrawn_at.is_(None))
            .order_by(table.code, table.updated_at.is_(None), table.updated_at.desc(), table.id.desc())
        )

    def _served(self) -> ColumnElement[bool]:
        return _served_by(self._province)


def _first(rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
    """By the first value of a row the second, of several the first."""
    found: dict[str, Any] = {}
    for key, value in rows:
        found.setdefault(key, value)
    return found


def _served_by(province: Any) -> ColumnElement[bool]:
    return or_(CatalogueProcedure.province.is_(None), CatalogueProcedure.province == province)


# Made once, since each answer about a procedure asks it: to put it together takes longer than to run it.
_IDENTITY = (
    select(CatalogueProcedure.id)
    .where(CatalogueProcedure.code == bindparam("code"), _served_by(bindparam("province")))
    .order_by(
        CatalogueProcedure.withdrawn_at.is_not(None),
        CatalogueProcedure.updated_at.is_(None),
        CatalogueProcedure.updated_at.desc(),
        CatalogueProcedure.id.desc(),
    )
    .limit(1)
)
_LAST_COPY = _IDENTITY.with_only_columns(
    CatalogueProcedure.detail, CatalogueProcedure.as_of, CatalogueProcedure.withdrawn_at
)


@contextmanager
def _tables() -> Iterator[None]:
    """A missing table is the operator's to mend; any other database error stays what it is."""
    try:
        yield
    except (OperationalError, ProgrammingError) as error:
        words = str(error.orig)
        if "no such table" in words or ("relation" in words and "does not exist" in words):
            raise UsageError("the database has no catalogue tables yet; run: troly db upgrade") from None
        raise
