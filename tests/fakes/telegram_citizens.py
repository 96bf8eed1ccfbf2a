"""What Telegram writes about its citizens: messages, presses, who came and went."""

from __future__ import annotations

import itertools
import re
import time
import zlib
from typing import Any

from tests.fakes.base import Shown

USERNAME = "tro_ly_thu_bot"


class Citizens:
    """Builds updates; the numbers go up as Telegram's do."""

    def __init__(self, token: str) -> None:
        """The bot's number is the first part of its token."""
        self.token = token
        self.language_code = "vi"
        """What the citizens' apps are set to."""
        self.files: dict[str, bytes] = {}
        """What citizens sent: file_id -> content."""
        self._shown: dict[int, dict[int, Shown]] = {}
        self._queries: set[str] = set()
        self._numbers = itertools.count(1)
        self._update_ids = itertools.count(880000001)

    def update(self, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """An update with its number."""
        return {"update_id": next(self._update_ids), kind: content}

    def message(self, citizen: str, *, chat: dict[str, Any] | None = None, **content: Any) -> dict[str, Any]:
        """A message of the citizen, in the private chat unless another is given."""
        place = chat or self._private(citizen)
        self._shown.setdefault(place["id"], {})
        message = {
            "message_id": next(self._numbers),
            "from": self._user(citizen),
            "chat": place,
            "date": int(time.time()),
        } | content
        if (text := content.get("text")) and "entities" not in content:
            message["entities"] = _entities(text)
        return message

    def query(self, citizen: str, data: str, message: dict[str, Any] | None) -> dict[str, Any]:
        """The press of a button."""
        number = str(4_000_000_000_000 + next(self._numbers))
        self._queries.add(number)
        query = {"id": number, "from": self._user(citizen), "chat_instance": "-77", "data": data}
        return query | ({"message": message} if message else {})

    def membership(self, citizen: str, status: str, chat: dict[str, Any] | None = None) -> dict[str, Any]:
        """The bot was blocked, unblocked, added or removed."""
        bot = {"id": self.bot_id, "is_bot": True, "first_name": "Trợ Lý", "username": USERNAME}

        def member(state: str) -> dict[str, Any]:
            return {"user": bot, "status": state} | ({"until_date": 0} if state == "kicked" else {})

        changed = {
            "chat": chat or self._private(citizen),
            "from": self._user(citizen),
            "date": int(time.time()),
            "old_chat_member": member("member" if status in ("kicked", "left") else "left"),
            "new_chat_member": member(status),
        }
        return self.update("my_chat_member", changed)

    def group(self, number: int = -1001234567890, **more: Any) -> dict[str, Any]:
        """A group in which the bot is."""
        self._shown.setdefault(number, {})
        return {"id": number, "type": "supergroup", "title": "Tổ dân phố 5"} | more

    def content(self, kind: str, citizen: str) -> dict[str, Any]:
        """What a message of this kind holds."""
        number = f"file-{next(self._numbers)}"
        file = {"file_id": number, "file_unique_id": f"u{number}", "file_size": 5}
        size = {"width": 90, "height": 60}
        match kind:
            case "location":
                return {"location": {"latitude": 20.95, "longitude": 107.08}}
            case "contact":
                own = {"phone_number": "+84901234567", "first_name": citizen, "user_id": chat_of(citizen)}
                return {"contact": own}
            case "poll":
                return {"poll": _POLL}
        self.files[number] = b"bytes"
        match kind:
            case "image":
                small = file | size | {"file_id": "thumbnail", "file_size": 1}
                return {"photo": [small, file | {"width": 1280, "height": 853}], "caption": "hồ sơ của tôi"}
            case "voice" | "audio":
                return {kind: file | {"duration": 3, "mime_type": "audio/ogg"}}
            case "video":
                return {"video": file | size | {"duration": 3, "mime_type": "video/mp4"}}
            case "sticker":
                return {"sticker": file | size | {"type": "regular", "is_animated": False, "is_video": False}}
        return {"document": file | {"file_name": "đơn.pdf", "mime_type": "application/pdf"}}

    @property
    def bot_id(self) -> int:
        """The number before the colon of the token."""
        return int(self.token.partition(":")[0])

    def _private(self, citizen: str) -> dict[str, Any]:
        return {"id": chat_of(citizen), "type": "private", "first_name": citizen}

    def _user(self, citizen: str) -> dict[str, Any]:
        user = {"id": chat_of(citizen), "is_bot": False, "first_name": "Công dân", "last_name": citizen}
        return user | {"language_code": self.language_code}


_POLL = {
    "id": "1",
    "question": "?",
    "options": [],
    "total_voter_count": 0,
    "is_closed": False,
    "is_anonymous": True,
    "type": "regular",
    "allows_multiple_answers": False,
    "allows_revoting": True,
    "members_only": False,
}


def chat_of(citizen: str) -> int:
    """The number of the citizen, which is that of the private chat too."""
    return 1_000_000_000 + zlib.crc32(citizen.encode()) % 1_000_000_000


def _entities(text: str) -> list[dict[str, Any]]:
    found = []
    for kind, pattern in (("bot_command", r"(?<!\S)/\w+(?:@\w+)?"), ("mention", r"(?<!\w)@\w{4,}")):
        for match in re.finditer(pattern, text):
            before = len(text[: match.start()].encode("utf-16-le")) // 2
            found.append({"type": kind, "offset": before, "length": len(match[0])})
    return found
