/* The interface's own texts. What the assistant says comes from the gateway. */

export const STRINGS = {
  vi: {
    name: "Trợ Lý",
    field: "Thủ tục hành chính",
    launch: "Hỏi Trợ Lý",
    launch_label: "Mở Trợ Lý, hỏi đáp thủ tục hành chính",
    unread: "Có tin mới",
    close: "Đóng",
    menu: "Trình đơn",
    machine: "Trợ Lý là chương trình máy tính, không phải cán bộ",
    machine_more:
      "Nội dung lấy từ Cổng Dịch vụ công, kèm nguồn và ngày. Trợ Lý có thể hiểu sai: Anh/Chị xem lại nguồn trước khi nộp hồ sơ.",
    operated: "Đơn vị vận hành: {operator}",
    log: "Nội dung trò chuyện",
    you: "Anh/Chị",
    bot: "Trợ Lý",
    staff: "Cán bộ",
    input: "Tin nhắn của Anh/Chị",
    placeholder: "Nhập câu hỏi…",
    send: "Gửi",
    caution: "Vui lòng không gửi mật khẩu, mã OTP hay số tài khoản.",
    typing: "Trợ Lý đang trả lời",
    newer: "Tin mới",
    queued: "Đang gửi…",
    sent: "Đã gửi",
    waiting: "Chờ gửi lại…",
    failed: "Chưa gửi được",
    refused: "Không gửi được",
    retry: "Gửi lại",
    edit: "Sửa lại",
    connecting: "Đang kết nối…",
    offline: "Mất kết nối. Tin nhắn được giữ lại và tự gửi khi có mạng.",
    patience: "Anh/Chị gửi hơi nhanh. Tin nhắn sẽ tự gửi sau {seconds} giây.",
    expired: "Phiên trước đã hết hạn. Từ đây là cuộc trò chuyện mới.",
    erased: "Đã xóa cuộc trò chuyện.",
    erased_elsewhere: "Cuộc trò chuyện trước đã được xóa.",
    ended: "Đã kết thúc. Máy này không còn giữ nội dung trò chuyện.",
    broken: "Không kết nối được. Anh/Chị vui lòng tải lại trang.",
    again: "Bắt đầu cuộc trò chuyện mới",
    source: "Nguồn: ",
    date: "ngày {date}",
    new_tab: "(mở trang mới)",
    picture: "Xem hình ảnh",
    helpful: "Hữu ích",
    unhelpful: "Chưa đúng ý",
    rated: "Cảm ơn Anh/Chị đã góp ý.",
    not_rated: "Chưa ghi nhận được đánh giá. Anh/Chị thử lại sau.",
    language: "Ngôn ngữ",
    large: "Chữ to",
    theme: "Màu nền",
    theme_auto: "Tự động",
    theme_light: "Sáng",
    theme_dark: "Tối",
    download: "Tải nội dung",
    not_downloaded: "Chưa tải được. Anh/Chị thử lại sau.",
    erase: "Xóa cuộc trò chuyện",
    erase_ask: "Xóa cuộc trò chuyện này?",
    erase_more: "Mọi tin nhắn sẽ bị xóa khỏi hệ thống và không lấy lại được.",
    erase_yes: "Xóa",
    not_erased: "Chưa xóa được. Anh/Chị kiểm tra kết nối rồi thử lại.",
    end: "Kết thúc trên máy này",
    end_ask: "Kết thúc cuộc trò chuyện?",
    end_more: "Dành cho máy dùng chung: người dùng sau sẽ không xem được. Anh/Chị cũng không mở lại được trên máy này.",
    end_yes: "Kết thúc",
    cancel: "Không",
    ideas: "Anh/Chị có thể hỏi",
    idea_1: "Đăng ký khai sinh cần giấy tờ gì?",
    idea_2: "Làm lại căn cước hết bao nhiêu tiền?",
    idea_3: "Đăng ký tạm trú mất mấy ngày?",
    idea_4: "Hồ sơ của tôi đến đâu rồi?",
    privacy: "Quyền riêng tư",
    privacy_more: "Nội dung được lưu để trả lời Anh/Chị và cải thiện Trợ Lý. Anh/Chị có thể tải về hoặc xóa bất cứ lúc nào trong trình đơn.",
  },
  en: {
    name: "Trợ Lý",
    field: "Administrative procedures",
    launch: "Ask the assistant",
    launch_label: "Open the assistant for administrative procedures",
    unread: "New message",
    close: "Close",
    menu: "Menu",
    machine: "This assistant is a computer program, not an official",
    machine_more:
      "Its facts come from the Public Service Portal, with source and date. It can misunderstand you: check the source before you apply.",
    operated: "Run by: {operator}",
    log: "Conversation",
    you: "You",
    bot: "Assistant",
    staff: "Staff",
    input: "Your message",
    placeholder: "Type your question…",
    send: "Send",
    caution: "Please do not send passwords, one-time codes or account numbers.",
    typing: "The assistant is answering",
    newer: "New message",
    queued: "Sending…",
    sent: "Sent",
    waiting: "Waiting to send again…",
    failed: "Not sent",
    refused: "Could not be sent",
    retry: "Send again",
    edit: "Edit",
    connecting: "Connecting…",
    offline: "No connection. Your messages are kept and will be sent when it is back.",
    patience: "That was a little fast. Your message will be sent in {seconds} seconds.",
    expired: "The earlier session has expired. A new conversation starts here.",
    erased: "The conversation was erased.",
    erased_elsewhere: "The earlier conversation was erased.",
    ended: "Ended. This device no longer keeps the conversation.",
    broken: "Could not connect. Please reload the page.",
    again: "Start a new conversation",
    source: "Source: ",
    date: "{date}",
    new_tab: "(opens a new page)",
    picture: "View picture",
    helpful: "Helpful",
    unhelpful: "Not what I need",
    rated: "Thank you for your feedback.",
    not_rated: "Your rating was not saved. Please try again later.",
    language: "Language",
    large: "Large text",
    theme: "Background",
    theme_auto: "Automatic",
    theme_light: "Light",
    theme_dark: "Dark",
    download: "Download",
    not_downloaded: "Could not download. Please try again later.",
    erase: "Erase conversation",
    erase_ask: "Erase this conversation?",
    erase_more: "All messages will be deleted from our system. You cannot get them back.",
    erase_yes: "Erase",
    not_erased: "It was not erased. Please check your connection and try again.",
    end: "End on this device",
    end_ask: "End this conversation?",
    end_more: "For shared computers: the next person cannot see it. You cannot reopen it on this device either.",
    end_yes: "End",
    cancel: "No",
    ideas: "You could ask",
    idea_1: "Which papers do I need to register a birth?",
    idea_2: "How much is a new ID card?",
    idea_3: "How long does temporary residence take?",
    idea_4: "Where is my application now?",
    privacy: "Privacy",
    privacy_more: "Messages are stored to answer you and to improve the assistant. You can download or erase them at any time in the menu.",
  },
};

const WORDS = /[ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9]/u;

/** The language of a citizen's own words, for screen readers; `otherwise` when nothing shows it. */
export function languageOf(text, otherwise) {
  if (WORDS.test(text)) return "vi";
  if (/[\u3040-\u30ff]/u.test(text)) return "ja";
  if (/[\uac00-\ud7af]/u.test(text)) return "ko";
  if (/[\u4e00-\u9fff]/u.test(text)) return "zh";
  return otherwise;
}

/** vi or en: what was chosen before, what the site asks for, its page's language, the browser's. */
export function firstLanguage(...wishes) {
  for (const wish of [...wishes, document.documentElement.lang, ...(navigator.languages ?? [])]) {
    const short = String(wish ?? "").toLowerCase().split("-")[0];
    if (short in STRINGS) return short;
  }
  return "vi";
}

/** "22/11/2026" or "22 November 2026", as the date is in Vietnam. */
export function dateIn(language, iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  const zone = { timeZone: "Asia/Ho_Chi_Minh" };
  return language === "vi"
    ? new Intl.DateTimeFormat("vi-VN", { ...zone, day: "2-digit", month: "2-digit", year: "numeric" }).format(date)
    : new Intl.DateTimeFormat("en-GB", { ...zone, day: "numeric", month: "long", year: "numeric" }).format(date);
}

/** "09:05" on the citizen's clock. */
export function timeIn(iso) {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(date);
}
