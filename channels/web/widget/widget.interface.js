/* The interface: its texts, its look, and its elements; texts from outside become text, never markup. */

import { kept } from "./widget.kept.js";

export const LANGUAGES = { vi: "Tiếng Việt", en: "English" };

const TEXTS = {
  name: ["Trợ Lý", "Trợ Lý"],
  field: ["Thủ tục hành chính", "Administrative procedures"],
  launch: ["Hỏi Trợ Lý", "Ask the assistant"],
  launch_label: ["Mở Trợ Lý", "Open the assistant"],
  launch_unread: ["Mở Trợ Lý, có tin mới", "Open the assistant, new message"],
  close: ["Đóng", "Close"],
  menu: ["Trình đơn", "Menu"],
  machine: ["Trợ Lý là chương trình máy tính, không phải cán bộ.", "This assistant is a computer program, not an official."],
  machine_more: ["Nội dung lấy từ Cổng Dịch vụ công. Trợ Lý có thể hiểu sai: Anh/Chị xem lại nguồn trước khi nộp hồ sơ.", "Its facts come from the Public Service Portal. It can misunderstand you: check the source before you apply."],
  operated: ["Đơn vị vận hành: {operator}", "Run by: {operator}"],
  log: ["Nội dung trò chuyện", "Conversation"],
  you: ["Anh/Chị", "You"],
  bot: ["Trợ Lý", "Assistant"],
  staff: ["Cán bộ", "Staff"],
  with_staff: ["Anh/Chị đang nói chuyện với cán bộ.", "You are talking to an official."],
  input: ["Tin nhắn của Anh/Chị", "Your message"],
  placeholder: ["Nhập câu hỏi…", "Type your question…"],
  send: ["Gửi", "Send"],
  caution: ["Vui lòng không gửi mật khẩu, mã OTP hay số tài khoản.", "Please do not send passwords, one-time codes or account numbers."],
  typing: ["Trợ Lý đang trả lời", "The assistant is answering"],
  newer: ["Tin mới", "New message"],
  sending: ["Đang gửi…", "Sending…"],
  sent: ["Đã gửi", "Sent"],
  waiting: ["Đang chờ…", "Waiting…"],
  failed: ["Chưa gửi được", "Not sent"],
  refused: ["Không gửi được", "Could not be sent"],
  retry: ["Gửi lại", "Send again"],
  edit: ["Sửa lại", "Edit"],
  connecting: ["Đang kết nối…", "Connecting…"],
  offline: ["Mất kết nối. Tin nhắn được giữ lại và tự gửi khi có mạng.", "No connection. Your messages are kept and will be sent when it is back."],
  patience: ["Anh/Chị gửi hơi nhanh. Tin nhắn sẽ tự gửi sau {seconds} giây.", "That was a little fast. Your message will be sent in {seconds} seconds."],
  expired: ["Phiên trước đã hết hạn. Từ đây là cuộc trò chuyện mới.", "The earlier session has expired. A new conversation starts here."],
  erased: ["Đã xóa cuộc trò chuyện.", "The conversation was erased."],
  erased_elsewhere: ["Cuộc trò chuyện trước đã được xóa.", "The earlier conversation was erased."],
  ended: ["Đã kết thúc. Máy này không còn giữ nội dung trò chuyện.", "Ended. This device no longer keeps the conversation."],
  again: ["Bắt đầu cuộc trò chuyện mới", "Start a new conversation"],
  source: ["Nguồn: ", "Source: "],
  date: ["ngày {date}", "{date}"],
  new_tab: ["(mở trang mới)", "(opens a new page)"],
  picture: ["Xem hình ảnh", "View picture"],
  up: ["Hữu ích", "Helpful"],
  down: ["Chưa đúng ý", "Not what I need"],
  rated: ["Cảm ơn Anh/Chị đã góp ý.", "Thank you for your feedback."],
  not_rated: ["Chưa ghi nhận được. Anh/Chị thử lại sau.", "Not saved. Please try again later."],
  why: ["Chưa đúng ở chỗ nào ạ?", "What was not right?"],
  wrong_procedure: ["Sai thủ tục", "Wrong procedure"],
  wrong_information: ["Thông tin sai", "Wrong information"],
  hard_to_understand: ["Khó hiểu", "Hard to understand"],
  other: ["Lý do khác", "Something else"],
  attach: ["Gửi ảnh hoặc biên nhận PDF", "Send a photo or a receipt as PDF"],
  photo: ["Ảnh", "Photo"],
  not_photo: ["Tệp này không phải ảnh hay PDF, hoặc không mở được.", "This file is no picture or PDF, or cannot be opened."],
  locate: ["Gửi vị trí", "Share your location"],
  located: ["Vị trí của tôi", "My location"],
  locating: ["Đang lấy vị trí…", "Finding your location…"],
  not_located: ["Không lấy được vị trí. Anh/Chị viết địa chỉ giúp tôi.", "Could not get your location. Please write the address."],
  language: ["Ngôn ngữ", "Language"],
  large: ["Chữ to", "Large text"],
  theme: ["Màu nền", "Background"],
  theme_auto: ["Tự động", "Automatic"],
  theme_light: ["Sáng", "Light"],
  theme_dark: ["Tối", "Dark"],
  download: ["Tải nội dung", "Download"],
  not_downloaded: ["Chưa tải được. Anh/Chị thử lại sau.", "Not downloaded. Please try again later."],
  erase: ["Xóa cuộc trò chuyện", "Erase conversation"],
  erase_ask: ["Xóa cuộc trò chuyện này?", "Erase this conversation?"],
  erase_more: ["Mọi tin nhắn bị xóa khỏi hệ thống và không lấy lại được.", "All messages are deleted from our system. You cannot get them back."],
  erase_yes: ["Xóa", "Erase"],
  not_erased: ["Chưa xóa được. Anh/Chị thử lại sau.", "Not erased. Please try again later."],
  end: ["Kết thúc trên máy này", "End on this device"],
  end_ask: ["Kết thúc cuộc trò chuyện?", "End this conversation?"],
  end_more: ["Dành cho máy dùng chung: người sau không xem được, Anh/Chị cũng không mở lại được trên máy này.", "For shared computers: the next person cannot see it, and you cannot reopen it here."],
  end_yes: ["Kết thúc", "End"],
  cancel: ["Không", "No"],
  ideas: ["Anh/Chị có thể hỏi", "You could ask"],
  idea_1: ["Đăng ký khai sinh cần giấy tờ gì?", "Which papers do I need to register a birth?"],
  idea_2: ["Làm lại căn cước hết bao nhiêu tiền?", "How much is a new ID card?"],
  idea_3: ["Đăng ký tạm trú mất mấy ngày?", "How long does temporary residence take?"],
  idea_4: ["Hồ sơ của tôi đến đâu rồi?", "Where is my application now?"],
  privacy: ["Nội dung được lưu để trả lời Anh/Chị và cải thiện Trợ Lý. Anh/Chị tải về hoặc xóa được trong trình đơn.", "Messages are stored to answer you and to improve the assistant. You can download or erase them in the menu."],
};

const SCRIPTS = { vi: /[ăâđêôơư\u1ea0-\u1ef9]/iu, ja: /[\u3040-\u30ff]/u, ko: /[\uac00-\ud7af]/u, zh: /[\u4e00-\u9fff]/u };

/** The language of a citizen's own words, for screen readers; `otherwise` when nothing shows it. */
export function languageOf(text, otherwise) {
  return Object.keys(SCRIPTS).find((language) => SCRIPTS[language].test(text)) ?? otherwise;
}

/** vi or en: what was chosen before, what the site asks for, its page's language, the browser's. */
function firstLanguage(...wishes) {
  for (const wish of [...wishes, document.documentElement.lang, ...navigator.languages]) {
    const short = String(wish ?? "").toLowerCase().split("-")[0];
    if (short in LANGUAGES) return short;
  }
  return "vi";
}

const format = (locale, options, iso) => {
  const date = new Date(iso);
  return Number.isNaN(+date) ? "" : new Intl.DateTimeFormat(locale, options).format(date);
};

/** "22/11/2026" or "22 November 2026", as the date is in Vietnam. */
export function dateIn(language, iso) {
  const [digits, month] = language === "en" ? ["numeric", "long"] : ["2-digit", "2-digit"];
  return format("en-GB", { timeZone: "Asia/Ho_Chi_Minh", day: digits, month, year: "numeric" }, iso);
}

export const timeIn = (iso) => format("en-GB", { hour: "2-digit", minute: "2-digit" }, iso);

// Drawn for this widget on a 24 by 24 grid.
const ICONS = {
  mark: "M5 3.5h14A2.5 2.5 0 0 1 21.5 6v8.5A2.5 2.5 0 0 1 19 17h-6.5L7 21.2V17H5a2.5 2.5 0 0 1-2.5-2.5V6A2.5 2.5 0 0 1 5 3.5zM8 10.4l2.8 2.8L16 7.6",
  send: "M12 19.5v-15M5.5 11 12 4.5l6.5 6.5",
  menu: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  close: "M6 6l12 12M18 6 6 18",
  below: "M12 5v14M6 13l6 6 6-6",
  out: "M13.5 5H19v5.5M18.6 5.4 11 13M16.5 14v5H5V7.5h5",
  up: "M7.5 10.5v9h-3v-9zM7.5 10.5l3.8-7c1.4 0 2.4 1 2.2 2.5L13 9.5h5a2 2 0 0 1 2 2.4l-1.2 6a2 2 0 0 1-2 1.6H7.5",
  save: "M12 4v11M7 10.5l5 5 5-5M5 19.5h14",
  bin: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 12.5h9l1-12.5M10.5 10.5v5.5M13.5 10.5v5.5",
  leave: "M10 4.5H5v15h5M14 8l4 4-4 4M18 12H9.5",
  person: "M12 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM5 20c.6-3.6 3.4-5.5 7-5.5s6.4 1.9 7 5.5",
  photo: "M4 7.5h3.2L9 5h6l1.8 2.5H20v11H4zM12 16a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z",
  pin: "M12 20.8c4-4.6 6.2-8 6.2-10.8a6.2 6.2 0 1 0-12.4 0c0 2.8 2.2 6.2 6.2 10.8zM12 12.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4z",
  alert: "M12 8.5v4.5M12 16v.01M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z",
};

export function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** The address if it is one that a link may have (http or https), else null. */
export function safeUrl(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

/** The interface's language and look, and elements that follow them. */
export class Interface extends EventTarget {
  #wished;
  #prefs = kept.get("prefs") ?? {};
  #night = matchMedia("(prefers-color-scheme: dark)");

  /** `wished` is the language that the site asks for, if any. */
  constructor(wished) {
    super();
    this.#wished = wished;
    this.#night.addEventListener("change", () => this.prefer({}));
  }

  get language() {
    return firstLanguage(this.#prefs.language, this.#wished);
  }

  get theme() {
    return this.#prefs.theme ?? "auto";
  }

  get large() {
    return this.#prefs.large === true;
  }

  get dark() {
    return this.theme === "auto" ? this.#night.matches : this.theme === "dark";
  }

  /** Change and keep {language, theme, large}. */
  prefer(changes) {
    kept.set("prefs", (this.#prefs = { ...this.#prefs, ...changes }));
    this.dispatchEvent(new Event("change"));
  }

  follow(act) {
    this.addEventListener("change", act);
    act();
  }

  t(key, values = {}, language = this.language) {
    return TEXTS[key][language === "en" ? 1 : 0].replace(/\{(\w+)\}/g, (place, name) => values[name]);
  }

  /** An element. t, label, hint: names of interface texts for content, aria-label, placeholder;
      values: for their places; on: a click's listener, or listeners by type; the rest are attributes. */
  h = (tag, { t, label, hint, values, on, ...attributes } = {}, ...children) => {
    const element = document.createElement(tag);
    if (tag === "button") element.type = "button";
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
    }
    for (const [type, listener] of Object.entries(typeof on === "function" ? { click: on } : on ?? {})) {
      element.addEventListener(type, listener);
    }
    element.append(...children.filter(Boolean));
    if (t || label || hint) this.word(element, { t, label, hint, values });
    return element;
  };

  word(element, words) {
    element.dataset.t = "";
    element.words = words;
    const { t, label, hint, values } = words;
    if (t) element.textContent = this.t(t, values);
    if (label) element.setAttribute("aria-label", this.t(label, values));
    if (hint) element.setAttribute("placeholder", this.t(hint, values));
  }

  translate(root) {
    for (const element of root.querySelectorAll("[data-t]")) this.word(element, element.words);
  }

  /** A link to another site, or its mere title when the address is none that a link may have. */
  link(address, title, language = this.language) {
    const href = safeUrl(address);
    if (!href) return this.h("span", {}, title);
    const opens = this.h("span", { class: "sr" }, ` ${this.t("new_tab", {}, language)}`);
    return this.h("a", { href, target: "_blank", rel: "noopener noreferrer" }, title, opens);
  }

  /** A text from outside as nodes: a block a line, links where it writes addresses. */
  prose(text, language) {
    return text.split("\n").map((line) => {
      const parts = line.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]}'»”])/u);
      const nodes = parts.map((part, index) => (index % 2 ? this.link(part, part, language) : part));
      return this.h("p", { class: (/^[-•] /.test(line) && "item dash") || (/^\d+\. /.test(line) && "item") }, ...nodes);
    });
  }
}
