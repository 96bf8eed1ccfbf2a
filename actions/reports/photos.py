"""Pictures that a citizen sent: known to be their own, and read from the store of media."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from sqlalchemy import exists, select

from actions import portal
from portal.reports import Photo
from troly.settings import settings
from troly.tables.channels import MediaRow

_NAME = re.compile(r"[0-9a-f]{64}")


async def own(name: object, conversation_id: str) -> str:
    """The name, when it is that of a picture which this conversation sent; else ""."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return ""
    found = exists().where(MediaRow.sha256 == name, MediaRow.conversation_id == conversation_id)
    async with portal.engine().connect() as connection:
        return name if await connection.scalar(select(found)) else ""


async def read(names: Sequence[str]) -> tuple[Photo, ...]:
    """The pictures; one whose file is gone is left out."""
    return await asyncio.to_thread(_read, [name for name in names if _NAME.fullmatch(name)])


def _read(names: Sequence[str]) -> tuple[Photo, ...]:
    found = []
    for number, name in enumerate(names, 1):
        try:
            content = (settings().data_dir / "media" / name).read_bytes()
        except OSError:
            continue
        # The gateway keeps pictures as JPEG only, written anew.
        found.append(Photo(f"photo-{number}.jpg", "image/jpeg", content))
    return tuple(found)
