"""All that is kept of conversations, in one file for the citizen who asked for it."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from troly.erasure import owned
from troly.errors import UsageError
from troly.privacy import Keyring
from troly.tables.channels import media_files

_ENCRYPTED = {
    ("address", "external_id"),
    ("address", "display_name"),
    ("handover", "contact"),
    ("handover", "message"),
    ("report", "contact"),
}


async def content(
    connection: AsyncConnection, keyring: Keyring, ids: Sequence[str]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Conversation -> table -> rows, readable: what was encrypted is not any more."""
    return {identity: await _of(connection, keyring, identity) for identity in ids}


async def _of(
    connection: AsyncConnection, keyring: Keyring, identity: str
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for table, column in owned():
        rows = (await connection.execute(select(table).where(column == identity))).mappings().all()
        if rows:
            found[table.name] = [dict(_readable(table.name, row, keyring)) for row in rows]
    return found


def _readable(table: str, row: Any, keyring: Keyring) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if (table, name) in _ENCRYPTED and value:
            yield name, keyring.decrypt(value)
        elif value is not None:
            yield name, value.isoformat() if isinstance(value, datetime) else value


async def files(connection: AsyncConnection, ids: Sequence[str]) -> list[str]:
    """The names of their pictures and recordings in DATA_DIR/media."""
    names = [name for identity in ids for name in await media_files(connection, identity)]
    return list(dict.fromkeys(names))


def write(target: Path, data: Any, folder: Path, media: Sequence[str]) -> None:
    """A ZIP file that only its owner can read: data.json, and the media.

    Raises UsageError where there is one already.
    """
    try:
        opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"--export {target}: {error.strerror}") from None
    with closing(os.fdopen(opened, "wb")) as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1, default=str))
        for name in media:
            if (folder / name).is_file():
                archive.write(folder / name, f"media/{name}")
