"""What a citizen reads on Zalo besides the assistant's own words."""

from __future__ import annotations

_TEXTS = {
    "choose": {"vi": "Anh/Chị chọn một mục:", "en": "Please choose one:"},
    "more": {"vi": "Các lựa chọn khác:", "en": "More choices:"},
    "image": {"vi": "Xem hình ảnh: {url}", "en": "See the picture: {url}"},
    "file": {"vi": "Tải tệp: {url}", "en": "Get the file: {url}"},
    "test": {
        "vi": "Đây là tin nhắn thử của Trợ Lý. Kết nối với Zalo hoạt động tốt.",
        "en": "This is a test message of the assistant. The connection with Zalo works.",
    },
}


def say(name: str, language: str | None, **values: object) -> str:
    """The text in the language (Vietnamese when it is not English)."""
    return _TEXTS[name]["en" if language == "en" else "vi"].format(**values)
