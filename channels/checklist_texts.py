"""What a printed checklist says around the portal's own words."""

from __future__ import annotations

from typing import Any

_TEXTS: dict[str, dict[str, str]] = {
    "heading": {"vi": "{title}: việc cần làm", "en": "{title}: what to do"},
    "steps": {"vi": "Thủ tục, theo thứ tự", "en": "Procedures, in this order"},
    "papers": {"vi": "Giấy tờ cần có", "en": "Papers needed (official names, in Vietnamese)"},
    "only_if": {"vi": "Chỉ khi thuộc trường hợp đó", "en": "Only if it is your case (in Vietnamese)"},
    "code": {"vi": "mã {code}", "en": "code {code}"},
    "linked": {"vi": "làm một lần nhiều việc", "en": "several things in one go"},
    "time": {"vi": "Thời hạn: {time}", "en": "Time: {time}"},
    "fee": {"vi": "Lệ phí: {fee}", "en": "Fee: {fee}"},
    "note": {"vi": "Lưu ý: {note}", "en": "Note: {note}"},
    "open_cases": {
        "vi": "Giấy tờ còn tùy trường hợp, xem trên Cổng Dịch vụ công.",
        "en": "The papers depend on your case; see the portal.",
    },
    "noted": {"vi": "{fee} (có điều kiện kèm theo)", "en": "{fee} (with conditions)"},
    "not_stated": {"vi": "Cổng không ghi mức cố định", "en": "no fixed amount stated"},
    "no_time": {"vi": "Cổng không ghi", "en": "not stated"},
    "free": {"vi": "0 đồng", "en": "0 VND"},
    "amount": {"vi": "{amount} đồng", "en": "{amount} VND"},
    "range": {
        "vi": "{low} đến {high} đồng, tùy cách nộp",
        "en": "{low} to {high} VND, depending on how you file",
    },
    "total": {
        "vi": "Cộng lệ phí mà Cổng ghi rõ: {fee}",
        "en": "Sum of the fees that the portal states: {fee}",
    },
    "left_out": {"vi": "Chưa tính việc {numbers}.", "en": "Not counted: step {numbers}."},
    "slowest": {"vi": "Lâu nhất là việc {number}.", "en": "The longest is step {number}."},
    "originals": {"vi": "{count} bản chính", "en": "{count} original(s)"},
    "copies": {"vi": "{count} bản sao", "en": "{count} copy(ies)"},
    "for": {"vi": "việc {numbers}", "en": "step {numbers}"},
    "source": {
        "vi": "Nguồn: Cổng Dịch vụ công quốc gia, dữ liệu ngày {date}. Danh mục việc: {source} ({checked}).",
        "en": "Source: National Public Service Portal, data of {date}. List of steps: {source} ({checked}).",
    },
    "advice": {
        "vi": "Danh sách để tham khảo. Cơ quan nhận hồ sơ có thể hướng dẫn thêm. Hỏi: 18001096 (miễn phí).",
        "en": "For orientation. The office may ask for more. Questions: 18001096 (free).",
    },
    "page": {"vi": "Trang {number}", "en": "Page {number}"},
    "unit_hour": {"vi": "{count} giờ", "en": "{count} hour(s)"},
    "unit_day": {"vi": "{count} ngày", "en": "{count} day(s)"},
    "unit_working_day": {"vi": "{count} ngày làm việc", "en": "{count} working day(s)"},
    "unit_month": {"vi": "{count} tháng", "en": "{count} month(s)"},
    "unit_year": {"vi": "{count} năm", "en": "{count} year(s)"},
}


def say(name: str, language: str, **values: object) -> str:
    """The text `name`, filled with the values."""
    return _TEXTS[name]["en" if language == "en" else "vi"].format(**values)


def pick(text: dict[str, Any], language: str) -> str:
    """Of a text in both languages, the wanted one."""
    return str(text.get(language) or text.get("vi") or "")


def time(value: dict[str, Any], language: str) -> str:
    """A time limit: {"count", "unit"}, {"text"} in the portal's words, or {} where none is stated."""
    if "count" in value:
        count = float(value["count"])
        shown = f"{count:.0f}" if count.is_integer() else f"{count:g}"
        return say(f"unit_{value['unit']}", language, count=shown)
    return str(value.get("text") or say("no_time", language))


def fee(value: list[int | None], language: str) -> str:
    """The cheapest and the dearest way, in đồng; None where no fixed amount is stated."""
    low, high = value
    if low is None or high is None:
        return say("not_stated", language)
    if high == 0:
        return say("free", language)
    if low == high:
        return say("amount", language, amount=_number(low, language))
    return say("range", language, low=_number(low, language), high=_number(high, language))


def day(iso: str) -> str:
    """A day as Vietnamese write it: 22/11/2026."""
    return "/".join(reversed(iso.split("-")))


def _number(number: int, language: str) -> str:
    shown = f"{number:,}"
    return shown if language == "en" else shown.replace(",", ".")
