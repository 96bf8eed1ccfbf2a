"""What we show citizens besides words, uploaded to Zalo once and named by the id that Zalo gave it."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from pathlib import PurePosixPath
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from channels.errors import MediaError
from channels.media import MediaStore
from channels.zalo_oa.api import ZaloApi
from channels.zalo_oa.pictures import fitted

KEPT = 6 * 86400.0
"""Seconds that an id is used; Zalo forgets it after 7 days, and counts uploads by the month."""
_IDS = 500
_FILE_LIMIT = 5_000_000
_PICTURE_LIMIT = 20_000_000


class Uploads:
    """The attachments of one account."""

    def __init__(self, api: ZaloApi, media: MediaStore) -> None:
        """Remembers ids for as long as the process lives."""
        self._api = api
        self._media = media
        self._ids: OrderedDict[str, tuple[str, float]] = OrderedDict()

    async def attachment(
        self, kind: Literal["image", "file"], url: str, *, again: bool = False
    ) -> dict[str, Any]:
        """The attachment that shows what lies at an address; `again` uploads it whatever is remembered.

        Raises MediaError when it cannot be fetched or is nothing that Zalo takes, and as the API does.
        """
        hosts = {urlsplit(url).hostname or ""}
        limit = _PICTURE_LIMIT if kind == "image" else _FILE_LIMIT
        content, mime = await self._media.download(url, hosts=hosts, limit_bytes=limit)
        if kind == "image":
            try:
                content, mime = await asyncio.to_thread(fitted, content)
            except ValueError as error:
                raise MediaError(str(error).replace(" ", "_")) from None
        key = hashlib.sha256(content).hexdigest()
        given, until = self._ids.get(key, ("", 0.0))
        if again or time.monotonic() > until:
            given = await self._api.upload(kind, _name(url, mime), content, mime)
            self._ids[key] = (given, time.monotonic() + KEPT)
            self._ids.move_to_end(key)
            if len(self._ids) > _IDS:
                self._ids.popitem(last=False)
        if kind == "file":
            return {"type": "file", "payload": {"token": given}}
        element = {"media_type": "image", "attachment_id": given}
        return {"type": "template", "payload": {"template_type": "media", "elements": [element]}}


def _name(url: str, mime: str) -> str:
    """The name under which a citizen sees a file."""
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    return name[-100:] or ("image.png" if mime == "image/png" else "image.jpg")
