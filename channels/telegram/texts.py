"""What the channel itself says, in both languages: the menu of commands and the question before erasing."""

from __future__ import annotations

from channels.base import Language

_TEXTS: dict[str, dict[Language, str]] = {
    "start": {"vi": "Bắt đầu", "en": "Start"},
    "help": {"vi": "Trợ Lý giúp được gì", "en": "What the assistant can do"},
    "lang": {"vi": "Đổi ngôn ngữ (Tiếng Việt, English)", "en": "Change the language (Vietnamese, English)"},
    "status": {"vi": "Tra hồ sơ đã nộp", "en": "Check an application"},
    "procedure": {"vi": "Hỏi thủ tục", "en": "Ask about a procedure"},
    "office": {"vi": "Tìm nơi nộp", "en": "Find an office"},
    "guide": {"vi": "Hướng dẫn làm trên mạng", "en": "Help with online services"},
    "life": {"vi": "Sinh con, chuyển nhà…", "en": "New baby, moving house…"},
    "report": {"vi": "Phản ánh sự việc", "en": "Report a problem"},
    "staff": {"vi": "Gặp cán bộ", "en": "Talk to a person"},
    "data": {"vi": "Dữ liệu của tôi", "en": "My data"},
    "delete": {"vi": "Xóa cuộc trò chuyện và dữ liệu", "en": "Erase the conversation and its data"},
    "erase_question": {
        "vi": "Anh/Chị muốn xóa toàn bộ cuộc trò chuyện này và dữ liệu đi kèm trên hệ thống của chúng tôi? "
        "Xóa rồi thì không lấy lại được. Tin nhắn trong ứng dụng Telegram của Anh/Chị vẫn còn, "
        "Anh/Chị có thể tự xóa.",
        "en": "Erase this whole conversation and the data that came with it from our system? "
        "It cannot be brought back. The messages in your Telegram app remain; you can delete them there.",
    },
    "erase_yes": {"vi": "Xóa hết", "en": "Erase everything"},
    "erase_no": {"vi": "Không xóa", "en": "Keep it"},
    "not_yours": {
        "vi": "Chỉ người đã gõ /delete mới xác nhận được.",
        "en": "Only the person who typed /delete can confirm.",
    },
    "stale": {
        "vi": "Lựa chọn này không còn dùng được. Anh/Chị vui lòng viết lại câu hỏi.",
        "en": "This choice is no longer available. Please write your question again.",
    },
    "slow_down": {
        "vi": "Anh/Chị gửi hơi nhanh. Vui lòng thử lại sau ít phút.",
        "en": "That was a little fast. Please try again in a few minutes.",
    },
    "picture": {"vi": "Xem hình", "en": "See the picture"},
    "test": {
        "vi": "Đây là tin nhắn thử của Trợ Lý. Kênh Telegram đã gửi được.",
        "en": "This is a test message of the assistant. The Telegram channel can send.",
    },
}


def say(name: str, language: str | None) -> str:
    """The text `name` in the language (Vietnamese when it is not English)."""
    return _TEXTS[name]["en" if language == "en" else "vi"]
