"""What the gateway itself must say, when the assistant cannot: plain and polite, in both languages."""

from __future__ import annotations

from channels.base import Answer, Button, Outbound

_TEXTS: dict[str, dict[str, str]] = {
    # Said in the conversation
    "greeting": {
        "vi": "Chào Anh/Chị! Tôi là Trợ Lý, trợ lý ảo về thủ tục hành chính. "
        "Anh/Chị cần việc gì, cứ nhắn hoặc bấm nút.",
        "en": "Hello! I am Trợ Lý, a virtual assistant for administrative procedures in Vietnam. "
        "Write what you need, or press a button.",
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
    # While a person is asked for, or answers
    "official_asked": {
        "vi": "Tôi đã báo cán bộ. Trong lúc Anh/Chị chờ, tôi vẫn trả lời.",
        "en": "I have asked an official to come. While you wait, I go on answering.",
    },
    "staff_joined": {
        "vi": "Cán bộ đã vào cuộc trò chuyện. Từ đây Anh/Chị nhắn trực tiếp với cán bộ, tôi tạm dừng.",
        "en": "An official has joined. From here on you write to the official, and I am silent.",
    },
    "staff_left": {
        "vi": "Cán bộ đã rời cuộc trò chuyện. Từ đây tôi tiếp tục trả lời Anh/Chị.",
        "en": "The official has left. From here on I answer you again.",
    },
    "staff_closed": {
        "vi": "Cán bộ đã kết thúc phần hỗ trợ. Khi cần hỏi thêm, Anh/Chị cứ nhắn, tôi sẽ trả lời.",
        "en": "The official has ended this conversation. If you need anything else, just write: "
        "I will answer.",
    },
    "rate": {"vi": "Đánh giá", "en": "Rate the service"},
    "staff_changed": {
        "vi": "Cán bộ khác tiếp tục trả lời Anh/Chị.",
        "en": "Another official goes on answering you.",
    },
    "staff_transferred": {
        "vi": "Câu hỏi của Anh/Chị đã được chuyển đến bộ phận khác. Trong lúc chờ, tôi vẫn trả lời.",
        "en": "Your question was passed to another office. While you wait, I go on answering.",
    },
    # While the assistant is switched off
    "official_asked_off": {
        "vi": "Tôi đã báo cán bộ. Trợ lý đang tạm dừng, nên Anh/Chị cứ nhắn điều cần hỏi: "
        "cán bộ sẽ đọc và trả lời.",
        "en": "I have asked an official to come. The assistant is switched off for now, so please write "
        "what you need: an official will read it and answer.",
    },
    "nobody_came_off": {
        "vi": "Hiện chưa có cán bộ nào trực. Điều Anh/Chị vừa nhắn đã được giữ lại, "
        "cán bộ sẽ xem khi làm việc. Việc gấp xin gọi 18001096 (miễn phí).",
        "en": "No official is there at the moment. What you wrote is kept, and an official will look at it "
        "during office hours. For something urgent please call 18001096 (free of charge).",
    },
    "no_broadcasts": {
        "vi": "Tôi sẽ không gửi thông báo chung cho Anh/Chị nữa.",
        "en": "I will not send you general announcements any more.",
    },
    "button_no_broadcasts": {"vi": "Không nhận thông báo chung", "en": "No more announcements"},
    # Before the first answer outside the website
    "privacy": {
        "vi": "Anh/Chị đang trò chuyện với trợ lý tự động về thủ tục hành chính. Nội dung trò chuyện được "
        "lưu để trả lời và cải thiện trợ lý. Anh/Chị không cần gửi số căn cước hay mật khẩu. "
        "Viết /delete để xóa toàn bộ cuộc trò chuyện.",
        "en": "You are talking to an automatic assistant for administrative procedures. What you write is "
        "kept to answer you and to improve the assistant. Please do not send ID numbers or passwords. "
        "Write /delete to erase the whole conversation.",
    },
    "erased": {
        "vi": "Tôi đã xóa toàn bộ cuộc trò chuyện và thông tin của Anh/Chị. "
        "Khi cần, Anh/Chị cứ nhắn tin để bắt đầu lại.",
        "en": "I have erased the whole conversation and what I knew about you. "
        "Whenever you need me, just write again.",
    },
    "flood": {
        "vi": "Anh/Chị gửi nhiều tin quá nhanh nên tôi chưa nhận các tin vừa rồi. "
        "Anh/Chị vui lòng gửi lại sau {seconds} giây.",
        "en": "You sent many messages very quickly, so I did not take the last ones. "
        "Please send them again in {seconds} seconds.",
    },
    # Instead of an answer, to what the assistant cannot read
    "media_image": {
        "vi": "Tôi không mở được ảnh này (ảnh quá lớn, bị lỗi hoặc không phải ảnh). "
        "Anh/Chị vui lòng chụp lại, hoặc viết bằng chữ.",
        "en": "I could not open this picture (too large, broken, or not a picture). "
        "Please take it again, or write in words.",
    },
    "media_personal_card": {
        "vi": "Ảnh này có căn cước hoặc thẻ bảo hiểm. Tôi đã xóa ảnh và không đọc thông tin trong đó. "
        "Anh/Chị đừng gửi ảnh giấy tờ cá nhân ở đây, cho ai cũng vậy. Muốn tra hồ sơ chỉ cần mã hồ sơ.",
        "en": "This picture shows an identity or insurance card. I deleted it and did not read it. "
        "Please never send pictures of personal cards here. To check an application, its code is enough.",
    },
    "media_voice": {
        "vi": "Tôi chưa nghe được tin nhắn thoại. Anh/Chị vui lòng viết câu hỏi bằng chữ giúp tôi.",
        "en": "I cannot listen to voice messages yet. Please write your question in words.",
    },
    "media_video": {
        "vi": "Tôi chưa xem được video. Anh/Chị vui lòng viết câu hỏi bằng chữ giúp tôi.",
        "en": "I cannot watch videos yet. Please write your question in words.",
    },
    "media_file": {
        "vi": "Trong tệp này tôi không đọc được mã hồ sơ nào. "
        "Tôi chỉ đọc được mã hồ sơ trong ảnh hoặc tệp PDF, "
        "và không nộp hồ sơ qua đây được. Anh/Chị vui lòng viết mã hồ sơ hoặc câu hỏi bằng chữ.",
        "en": "I found no application code in this file. I can only read codes in pictures and PDF files, "
        "and documents cannot be submitted here. Please write the code or your question in words.",
    },
    "media_sticker": {
        "vi": "Tôi không hiểu được nhãn dán. Anh/Chị cần hỏi thủ tục nào thì viết giúp tôi nhé.",
        "en": "I do not understand stickers. Please write which procedure you need.",
    },
    "media_location": {
        "vi": "Tôi đã nhận được vị trí nhưng chưa dùng được. "
        "Anh/Chị vui lòng viết tên xã, phường hoặc đặc khu nơi cần làm thủ tục.",
        "en": "I received your location but cannot use it yet. "
        "Please write the name of the commune or ward where you need the procedure.",
    },
    "media_contact": {
        "vi": "Tôi chưa dùng được danh thiếp. Anh/Chị vui lòng viết điều cần hỏi bằng chữ.",
        "en": "I cannot use contact cards yet. Please write what you need in words.",
    },
    "media_link": {
        "vi": "Tôi không mở được đường dẫn bên ngoài. Anh/Chị vui lòng viết câu hỏi bằng chữ giúp tôi.",
        "en": "I cannot open outside links. Please write your question in words.",
    },
    "media_unsupported": {
        "vi": "Tôi chưa đọc được loại tin nhắn này. Anh/Chị vui lòng viết câu hỏi bằng chữ giúp tôi.",
        "en": "I cannot read this kind of message yet. Please write your question in words.",
    },
    "media_too_long": {
        "vi": "Tin nhắn này dài quá nên tôi chưa đọc hết được. "
        "Anh/Chị vui lòng viết ngắn hơn hoặc chia thành nhiều tin.",
        "en": "This message is too long for me to read. Please shorten it or send it in parts.",
    },
    "media_button": {
        "vi": "Lựa chọn này đã cũ nên không dùng được nữa. Anh/Chị vui lòng viết lại điều cần hỏi.",
        "en": "This choice is old and no longer works. Please write what you need.",
    },
    "aside": {
        "vi": "Tôi chưa xem được phần gửi kèm nên chỉ trả lời theo phần chữ.",
        "en": "I cannot read what you attached yet, so I answer only what you wrote.",
    },
    "button_procedure": {"vi": "Hỏi thủ tục", "en": "Ask about a procedure"},
    "button_status": {"vi": "Tra hồ sơ đã nộp", "en": "Check my application"},
    "button_office": {"vi": "Tìm nơi nộp", "en": "Find an office"},
    "button_help": {"vi": "Hướng dẫn làm trên mạng", "en": "Help with online services"},
    "button_life": {"vi": "Sinh con, chuyển nhà…", "en": "New baby, moving house…"},
    "button_report": {"vi": "Phản ánh sự việc", "en": "Report a problem"},
    "button_person": {"vi": "Gặp cán bộ", "en": "Talk to a person"},
    "button_data": {"vi": "Dữ liệu của tôi", "en": "My data"},
    # The transcript, downloaded or sent
    "transcript_here": {
        "vi": "Đây là {shown} dòng gần nhất trong {all} dòng của cuộc trò chuyện (câu dài được rút gọn):",
        "en": "These are the last {shown} of the {all} lines of this conversation (long ones are shortened):",
    },
    "transcript_title": {"vi": "Nội dung trò chuyện với trợ lý", "en": "Conversation with the assistant"},
    "transcript_note": {
        "vi": "Dấu •••• thay cho số mà tôi hỏi để xác nhận hoặc liên hệ: số đó không nằm trong nội dung trò "
        "chuyện. Số điện thoại, số giấy tờ Anh/Chị tự viết ở chỗ khác thì vẫn còn ở trên, như mọi tin nhắn, "
        "cho đến khi Anh/Chị xóa dữ liệu hoặc hết hạn lưu.",
        "en": "•••• stands for a number that I asked for, to confirm who you are or to call you: it is not "
        "kept in the conversation. Numbers that you wrote elsewhere are still above, like "
        "every message, until you erase your data or its time is over.",
    },
    "citizen": {"vi": "Anh/Chị", "en": "You"},
    "bot": {"vi": "Trợ lý", "en": "Assistant"},
    "staff": {"vi": "Cán bộ", "en": "Staff"},
    "shared_photo": {"vi": "(ảnh)", "en": "(photo)"},
    "shared_location": {"vi": "(vị trí)", "en": "(location)"},
    "shared_phone": {"vi": "(số điện thoại)", "en": "(phone number)"},
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
    "personal_card": {
        "vi": "Ảnh này có căn cước hoặc thẻ bảo hiểm nên tôi không nhận, và đã xóa. "
        "Anh/Chị đừng gửi ảnh giấy tờ cá nhân ở đây.",
        "en": "This picture shows an identity or insurance card, so I did not take it, and deleted it. "
        "Please never send pictures of personal cards here.",
    },
    "not_a_picture": {
        "vi": "Tệp này không phải ảnh, hoặc ảnh bị lỗi. Anh/Chị gửi ảnh JPEG, PNG hoặc WebP.",
        "en": "This file is not a picture, or it is broken. Please send JPEG, PNG or WebP.",
    },
    "no_code_in_file": {
        "vi": "Trong tệp PDF này tôi không đọc được mã hồ sơ nào. Anh/Chị vui lòng viết mã hồ sơ bằng chữ.",
        "en": "I found no application code in this PDF. Please write the code in words.",
    },
    "too_large": {
        "vi": "Ảnh này lớn quá. Anh/Chị gửi ảnh không quá 5 MB.",
        "en": "This picture is too large. Please send one of at most 5 MB.",
    },
    "too_many_photos": {
        "vi": "Cuộc trò chuyện này đã có quá nhiều ảnh, nên tôi không nhận thêm.",
        "en": "This conversation has too many pictures already, so I cannot take more.",
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
    "bad_signature": {"vi": "Chữ ký không đúng.", "en": "The signature is wrong."},
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


_MENU = (
    ("button_procedure", "/ask_procedure"),
    ("button_status", "/check_application_status"),
    ("button_office", "/find_office"),
    ("button_help", "/ask_digital_help"),
    ("button_life", "/life_event"),
    ("button_report", "/report_issue"),
    ("button_person", "/talk_to_human"),
    ("button_data", "/delete_my_data"),
)
"""The greeting's buttons, the most used first; as in bot/responses."""

_LIKE = {"audio": "voice"}
"""Kinds of media that are answered as another one."""


def say(name: str, language: str | None, **values: object) -> str:
    """The text `name` in the language (Vietnamese when it is not English), filled with the values."""
    return _TEXTS[name]["en" if language == "en" else "vi"].format(**values)


def known(name: str) -> bool:
    """Whether there is a text of this name."""
    return name in _TEXTS


def greeting(language: str | None) -> Outbound:
    """The greeting for when the assistant cannot greet by itself."""
    buttons = [Button(title=say(name, language), payload=payload) for name, payload in _MENU]
    return _outbound("greeting", language, Answer(status="smalltalk", intent="greet"), buttons)


def error_reply(language: str | None) -> Outbound:
    """What stands in the place of an answer that could not be had."""
    return _outbound("error", language, Answer(status="error"), [])


def late_notice(language: str | None) -> Outbound:
    """What the citizen is told when the answer takes longer."""
    return told("takes_longer", language)


def media_reply(kind: str | None, language: str | None) -> Outbound:
    """The answer to what the assistant cannot read, by its kind (channels/reception.py)."""
    name = f"media_{_LIKE.get(kind or '', kind)}"
    return _outbound(name if known(name) else "media_unsupported", language, Answer(status="refused"), [])


def media_aside(language: str | None) -> Outbound:
    """What comes before an answer to the words beside a picture or file."""
    return told("aside", language)


def told(name: str, language: str | None, **values: object) -> Outbound:
    """The text `name` as something to tell, which is no answer."""
    spoken = "en" if language == "en" else "vi"
    return Outbound(text=say(name, spoken, **values), language=spoken)


def _outbound(name: str, language: str | None, answer: Answer, buttons: list[Button]) -> Outbound:
    spoken = "en" if language == "en" else "vi"
    record = answer.model_copy(update={"language": spoken})
    return Outbound(text=say(name, spoken), language=spoken, buttons=buttons, answer=record)
