"""Fetching what a citizen sent. Telegram gives bots files of up to 20 MB, under an address with the token."""

from __future__ import annotations

from typing import Any

import httpx
import structlog
import telegram
from telegram.error import TelegramError

from channels.telegram.failures import UNREADABLE, send_error

log = structlog.get_logger("telegram")

SIZE_LIMIT = 10 * 1024 * 1024
"""Bytes: a photo of a telephone has a tenth of it."""
_SECONDS = 20.0


async def fetch(bot: telegram.Bot, http: httpx.AsyncClient, media: dict[str, Any]) -> bytes | None:
    """The content of `media["file_id"]`; None when there is none, it is too large, or it cannot be had."""
    file_id, size = media.get("file_id"), media.get("size")
    if not isinstance(file_id, str) or (isinstance(size, int) and size > SIZE_LIMIT):
        return None
    try:
        found = await bot.get_file(file_id)
    except TelegramError as error:
        log.warning("telegram_file_refused", reason=send_error(error).reason)
        return None
    except UNREADABLE:
        log.error("telegram_unreadable_answer")
        return None
    # A Bot API server of one's own may name a place on its disk instead.
    if not found.file_path or not found.file_path.startswith(bot.base_file_url):
        return None
    try:
        return await _download(http, found.file_path)
    except httpx.HTTPError as error:
        log.warning("telegram_file_failed", error=type(error).__name__)
        return None


async def _download(http: httpx.AsyncClient, address: str) -> bytes | None:
    content = bytearray()
    async with http.stream("GET", address, timeout=_SECONDS, follow_redirects=False) as response:
        if response.status_code != 200:
            log.warning("telegram_file_failed", status=response.status_code)
            return None
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > SIZE_LIMIT:
                return None
    return bytes(content)
