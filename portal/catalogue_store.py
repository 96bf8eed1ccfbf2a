"""Rows of the catalogue: how a procedure is stored, compared and read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from portal.adapters.values import province_key
from portal.models import ListItem, Procedure
from troly.tables.catalogue import CatalogueProcedure
from troly.text import fold

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """A record that could not be taken over: where it stands (file:line or id) and why."""

    where: str
    reason: str


@dataclass(slots=True)
class Report:
    """What an import or a sync did, in numbers of procedures.

    read: records read from the file, or rows of the portal's list. fetched: details asked for (sync only).
    older: skipped, because the stored copy is newer. elsewhere: of other provinces, so not served here.
    """

    read: int = 0
    fetched: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    older: int = 0
    returned: int = 0
    withdrawn: int = 0
    elsewhere: int = 0
    resumed: bool = False
    failures: list[Failure] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known about a stored procedure before its details are read again."""

    content_hash: str
    list_hash: str
    as_of: datetime
    updated_at: datetime | None
    withdrawn_at: datetime | None


def content_hash(data: dict[str, Any]) -> str:
    """A fingerprint of what the portal states (from Procedure.to_dict), without our own dates and addresses.

    The portal shuffles its lists from call to call, so most are compared as sets.
    """
    stated = {key: value for key, value in data.items() if key not in ("as_of", "source_url", "withdrawn")}
    stated["cases"] = [
        case | {"documents": _unordered(map(_document, case["documents"]))} for case in data["cases"]
    ]
    for key in ("agencies", "subjects", "results", "legal_bases", "methods", "cases"):
        stated[key] = _unordered(stated[key])
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


def _unordered(items: Iterable[Any]) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in items)


def _document(data: dict[str, Any]) -> dict[str, Any]:
    # Forms come from the host that was asked: the demo portal or the real one.
    return data | {
        "forms": _unordered(form | {"url": form["url"].partition("/api/")[2]} for form in data["forms"])
    }


def list_hash(item: ListItem) -> str:
    """A fingerprint of a row of the portal's list."""
    changed = item.updated_at.isoformat() if item.updated_at else ""
    stated = [item.id, item.code, item.name, item.type, item.issuer, *item.fields, changed]
    return hashlib.sha256(json.dumps(stated).encode()).hexdigest()


def list_hash_of(procedure: Procedure) -> str:
    """The fingerprint that the procedure's own row of the list would have (which has no date there)."""
    return list_hash(
        ListItem(
            id=procedure.id,
            code=procedure.code,
            name=procedure.name,
            type=procedure.type,
            state="",
            issuer=procedure.issuer,
            fields=(procedure.field,) if procedure.field else (),
            province=procedure.province,
            updated_at=None,
        )
    )


async def known(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Stored]:
    """What is stored for these ids."""
    table = CatalogueProcedure
    query = select(
        table.id, table.content_hash, table.list_hash, table.as_of, table.updated_at, table.withdrawn_at
    ).where(table.id.in_(list(ids)))
    return {row[0]: Stored(*row[1:]) for row in await connection.execute(query)}


async def write(
    connection: AsyncConnection,
    procedures: Iterable[tuple[Procedure, str]],
    report: Report,
    *,
    keep_newer: bool = False,
) -> None:
    """Store procedures, each with its list fingerprint; only rows that differ are touched.

    keep_newer: leave a stored copy alone that the portal changed later than this one (for imported files).
    """
    batch = {procedure.id: (procedure, fingerprint) for procedure, fingerprint in procedures}
    stored = await known(connection, batch)
    rows, touched = [], []
    for identity, (procedure, fingerprint) in batch.items():
        before = stored.get(identity)
        data = procedure.to_dict()
        hashed = content_hash(data)
        if before and keep_newer and _newer(before, procedure, hashed):
            report.older += 1
            continue
        if before is None:
            report.added += 1
        elif before.withdrawn_at is not None:
            report.returned += 1
        elif before.content_hash != hashed:
            report.changed += 1
        else:
            report.unchanged += 1
            if procedure.as_of > before.as_of or (before.list_hash != fingerprint and not keep_newer):
                touched.append(
                    {"key": identity, "hashed": fingerprint, "read": max(before.as_of, procedure.as_of)}
                )
            continue
        rows.append(_row(procedure, data, hashed, fingerprint))
    await _upsert(connection, rows)
    if touched:
        await connection.execute(
            update(CatalogueProcedure)
            .where(CatalogueProcedure.id == bindparam("key"))
            .values(list_hash=bindparam("hashed"), as_of=bindparam("read")),
            touched,
        )


def read(detail: dict[str, Any], as_of: datetime, withdrawn_at: datetime | None) -> Procedure:
    """The procedure of a stored row."""
    return replace(Procedure.from_dict(detail), as_of=as_of, withdrawn=withdrawn_at is not None)


def _newer(before: Stored, procedure: Procedure, hashed: str) -> bool:
    """Whether the stored copy is more recent than this one and says something else."""
    if before.withdrawn_at is not None:
        return before.withdrawn_at > procedure.as_of
    if before.content_hash == hashed:
        return False
    if (
        before.updated_at is not None
        and procedure.updated_at is not None
        and before.updated_at != procedure.updated_at
    ):
        return before.updated_at > procedure.updated_at
    return before.as_of > procedure.as_of


def _row(procedure: Procedure, data: dict[str, Any], hashed: str, fingerprint: str) -> dict[str, Any]:
    return {
        "id": procedure.id,
        "code": procedure.code,
        "name": procedure.name,
        "folded_name": fold(procedure.name),
        "name_en": procedure.name_en,
        "field": procedure.field,
        "type": procedure.type,
        "levels": list(procedure.levels),
        "province": province_key(procedure.province) if procedure.province else None,
        "content_hash": hashed,
        "list_hash": fingerprint,
        "detail": data,
        "as_of": procedure.as_of,
        "updated_at": procedure.updated_at,
        "withdrawn_at": None,
    }


async def _upsert(connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    # Two syncs at once must not fail over the same new procedure, so this is one statement on both databases.
    for start in range(0, len(rows), _CHUNK):
        await connection.execute(_statement(connection.dialect.name), rows[start : start + _CHUNK])


def _statement(dialect: str) -> Insert:
    columns = [column.name for column in CatalogueProcedure.__table__.columns if column.name != "id"]
    if dialect == "postgresql":
        on_postgresql = postgresql.insert(CatalogueProcedure)
        return on_postgresql.on_conflict_do_update(
            index_elements=["id"], set_={name: on_postgresql.excluded[name] for name in columns}
        )
    on_sqlite = sqlite.insert(CatalogueProcedure)
    return on_sqlite.on_conflict_do_update(
        index_elements=["id"], set_={name: on_sqlite.excluded[name] for name in columns}
    )
