"""What this channel adds to a reply, because the platform has no buttons."""

from __future__ import annotations

_CHOOSE = {
    "vi": ("Anh/Chị gửi số 1 để chọn.", "Anh/Chị gửi số (1–{count}) để chọn."),
    "en": ("Send 1 to choose it.", "Send a number (1–{count}) to choose."),
}


def choose(language: str, count: int) -> str:
    """The one line that says how to choose among `count` options."""
    one, many = _CHOOSE["en" if language == "en" else "vi"]
    return one if count == 1 else many.format(count=count)
