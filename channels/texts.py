"""What the gateway itself must say, when the assistant cannot: plain and polite, in both languages."""

from __future__ import annotations

from channels.base import Answer, Button, Outbound

_TEXTS: dict[str, dict[str, str]] = {
    # Said in the conversation
    "greeting": {
        "vi": "Xin chào Anh/Chị! Tôi là trợ lý hỗ trợ thủ tục hành chính. Anh/Chị cần làm thủ tục gì, "
        "hoặc muốn xem hồ sơ đã nộp đến đâu rồi?",
        "en": "Hello! I am the assistant for administrative procedures. Which procedure do you need, "
        "or would you like to see how far your application has got?",
    },
    "error": {
        "vi": "Xin lỗi Anh/Chị, hệ thống gặp lỗi nên tôi chưa trả lời được tin nhắn này. "
        "Anh/Chị vui lòng gửi lại sau ít phút, hoặc liên hệ bộ phận một cửa nơi gần nhất.",
        "en": "Sorry, something went wrong on our side and I could not answer this message. "
        "Please send it again in a few minutes, or contact the nearest one-stop desk.",
    },
    "takes_longer": {
        "vi": "Hệ thống đang chậm hơn bình thường. Tôi đã nhận được tin nhắn của Anh/Chị "
        "và sẽ trả lời ngay khi có thể.",
        "en": "The service is slower than usual. I have received your message "
        "and will answer as soon as I can.",
    },
    "media": {
        "vi": "Tôi chưa đọc được hình ảnh, ghi âm hay tệp. Anh/Chị vui lòng viết câu hỏi bằng chữ giúp tôi.",
        "en": "I cannot read pictures, recordings or files yet. Please write your question in words.",
    },
    "button_procedure": {"vi": "Tìm thủ tục", "en": "Find a procedure"},
    "button_status": {"vi": "Tra cứu hồ sơ", "en": "Check my application"},
    "button_capabilities": {"vi": "Trợ Lý giúp được gì?", "en": "What can you do?"},
    # The downloaded transcript
    "transcript_title": {"vi": "Nội dung trò chuyện với trợ lý", "en": "Conversation with the assistant"},
    "citizen": {"vi": "Anh/Chị", "en": "You"},
    "bot": {"vi": "Trợ lý", "en": "Assistant"},
    "staff": {"vi": "Cán bộ", "en": "Staff"},
    "button_pressed": {"vi": "(bấm nút)", "en": "(button)"},
    # Refusals of the API
    "invalid": {
        "vi": "Yêu cầu không đúng định dạng ({field}).",
        "en": "The request is not in the expected form ({field}).",
    },
    "empty_text": {"vi": "Tin nhắn không có nội dung.", "en": "The message is empty."},
    "bad_payload": {"vi": "Lựa chọn này không hợp lệ.", "en": "This choice is not valid."},
    "text_too_long": {
        "vi": "Tin nhắn dài quá {limit} ký tự. Anh/Chị vui lòng viết ngắn hơn hoặc chia thành nhiều tin.",
        "en": "The message is longer than {limit} characters. Please shorten it or send it in parts.",
    },
    "body_too_large": {
        "vi": "Dữ liệu gửi lên lớn quá {limit} KB.",
        "en": "The request is larger than {limit} KB.",
    },
    "rate_limited": {
        "vi": "Anh/Chị gửi hơi nhanh. Vui lòng thử lại sau {seconds} giây.",
        "en": "That was a little fast. Please try again in {seconds} seconds.",
    },
    "too_many_conversations": {
        "vi": "Có quá nhiều cuộc trò chuyện mới từ địa chỉ này. Anh/Chị vui lòng thử lại sau {seconds} giây.",
        "en": "Too many new conversations from this address. Please try again in {seconds} seconds.",
    },
    "unauthorized": {
        "vi": "Phiên trò chuyện không hợp lệ. Anh/Chị vui lòng bắt đầu lại.",
        "en": "This session is not valid. Please start again.",
    },
    "token_expired": {
        "vi": "Phiên trò chuyện đã hết hạn. Anh/Chị vui lòng tải lại trang.",
        "en": "The session has expired. Please reload the page.",
    },
    "conversation_over": {
        "vi": "Cuộc trò chuyện này đã kết thúc và được xóa. Anh/Chị có thể bắt đầu cuộc trò chuyện mới.",
        "en": "This conversation has ended and was erased. You can start a new one.",
    },
    "unknown_target": {
        "vi": "Không tìm thấy câu trả lời để đánh giá.",
        "en": "There is no such reply to rate.",
    },
    "not_found": {"vi": "Không có địa chỉ này.", "en": "There is nothing at this address."},
    "method_not_allowed": {
        "vi": "Thao tác này không được hỗ trợ.",
        "en": "This method is not supported here.",
    },
    "bad_request": {"vi": "Yêu cầu không hợp lệ.", "en": "The request is not valid."},
    "unavailable": {
        "vi": "Hệ thống tạm thời gián đoạn. Anh/Chị vui lòng thử lại sau ít phút.",
        "en": "The service is briefly unavailable. Please try again in a few minutes.",
    },
    "internal": {
        "vi": "Hệ thống gặp lỗi. Anh/Chị vui lòng thử lại; nếu vẫn lỗi, hãy báo mã {error_id}.",
        "en": "Something went wrong. Please try again; if it persists, quote {error_id}.",
    },
}


def say(name: str, language: str | None, **values: object) -> str:
    """The text `name` in the language (Vietnamese when it is not English), filled with the values."""
    return _TEXTS[name]["en" if language == "en" else "vi"].format(**values)


def known(name: str) -> bool:
    """Whether there is a text of this name."""
    return name in _TEXTS


def greeting(language: str | None) -> Outbound:
    """The greeting for when the assistant cannot greet by itself."""
    buttons = [
        Button(title=say("button_procedure", language), payload="/ask_procedure"),
        Button(title=say("button_status", language), payload="/check_application_status"),
        Button(title=say("button_capabilities", language), payload="/ask_capabilities"),
    ]
    return _outbound("greeting", language, Answer(status="smalltalk", intent="greet"), buttons)


def error_reply(language: str | None) -> Outbound:
    """What stands in the place of an answer that could not be had."""
    return _outbound("error", language, Answer(status="error"), [])


def late_notice(language: str | None) -> Outbound:
    """What the citizen is told when the answer takes longer."""
    spoken = "en" if language == "en" else "vi"
    return Outbound(text=say("takes_longer", spoken), language=spoken)


def media_reply(language: str | None) -> Outbound:
    """The answer to what the assistant cannot read."""
    return _outbound("media", language, Answer(status="refused"), [])


def _outbound(name: str, language: str | None, answer: Answer, buttons: list[Button]) -> Outbound:
    spoken = "en" if language == "en" else "vi"
    record = answer.model_copy(update={"language": spoken})
    return Outbound(text=say(name, spoken), language=spoken, buttons=buttons, answer=record)
