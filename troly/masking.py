"""Personal data in what people write: found and replaced, for staff pages, exports and the search index.

It errs towards hiding: a reader who needs the words may ask for them, with a reason (console).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from troly.text import WORD_SIGN

Kind = Literal["phone", "id_number", "email", "name", "address", "birth_date", "account"]

KINDS: tuple[Kind, ...] = ("email", "phone", "id_number", "account", "birth_date", "address", "name")
"""In the order of precedence where two overlap."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where something personal stands in a text."""

    start: int
    end: int
    kind: Kind


_WORD = r"[^\W\d_]+"
# Whole words, without a second try for shorter ones: else a word of 5,000 letters takes a third of a second.
_WORDS = re.compile(rf"(?<![^\W\d_]){_WORD}+(?:[ ]{_WORD}+)++")

_HAS_ANY = re.compile(r"\d\D{0,3}\d|@")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_NOT_INSIDE = rf"(?<!{WORD_SIGN})(?<![.-])"
# 0 or +84, then 9 or 10 digits, with single separators. Application codes and years have other lengths.
_PHONE = re.compile(rf"{_NOT_INSIDE}(?:\(?\+?84\)?|0)(?:[\s.\-()]{{0,2}}\d){{8,10}}(?!(?:{WORD_SIGN}|-)*\d)")
_MOBILE = re.compile(rf"{_NOT_INSIDE}(?:\+?84|0)[\s.-]?[35789](?:[\s.-]?\d){{8}}(?!\d)")
_ID = re.compile(
    # An amount of money has the same groups of three; no amount begins with 0.
    _NOT_INSIDE + r"(?=(0)?)(?:\d{3}[ .-]?){2}\d{3}(?:[ .-]?\d{3})?(?![\d-])"
    r"(?(1)|(?!\s*(?:đồng|dong|vnđ|vnd|đ|d|k)\b))",
    re.IGNORECASE,
)
_CUED_NUMBER = re.compile(
    rf"(?<!{WORD_SIGN})"
    r"(?:cccd|cmnd|cmt|căn cước(?: công dân)?|can cuoc(?: cong dan)?|chứng minh(?: nhân dân| thư)?|"
    r"chung minh(?: nhan dan| thu)?|hộ chiếu|ho chieu|passport|id card|bhxh|bhyt|mã số thuế|ma so thue|mst|"
    r"护照|身份证|여권|신분증|パスポート|旅券)"
    r"\D{0,12}?((?=[\w.-]*\d{4})[A-Z]{0,3}\d[\d .-]{4,18}\d)",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"\b(?:stk|số tài khoản|so tai khoan|tài khoản(?: ngân hàng)?|tai khoan(?: ngan hang)?|"
    r"account(?: number)?)"
    r"\D{0,12}?(\d[\d .-]{4,22}\d)",
    re.IGNORECASE,
)
_BORN = re.compile(
    r"(?<!khai )\b(?:sinh(?: ngày| ngay| năm| nam)?|ngày sinh|ngay sinh|năm sinh|nam sinh|born(?: on| in)?|"
    r"date of birth|dob)\s*:?\s*((?:\d{1,2}\s*[/.-]\s*\d{1,2}\s*[/.-]\s*)?(?:19|20)\d{2}|"
    r"\d{1,2} tháng \d{1,2}(?: năm \d{4})?)",
    re.IGNORECASE,
)

_NAME_CUES = re.compile(
    r"\b(?:(?:tôi|toi|em|mình|minh|cháu|chau|con|tui|e|t)\s+(?:tên|ten)(?:\s+(?:là|la|l))?|"
    r"(?:họ (?:và |& )?tên|ho (?:va )?ten|tên (?:tôi|em|cháu|mình|con|bố|mẹ|vợ|chồng|bé)|"
    r"ten (?:toi|em|chau|minh|con|bo|me|vo|chong|be)|tên là|ten la|chủ hộ|chu ho|người nộp|nguoi nop)"
    r"(?:\s+(?:là|la))?|my name is|name is|my name's|full name|i am called|call me)\s*:?\s*",
    re.IGNORECASE,
)
# After these a capital letter decides, because they also stand before ordinary words.
_TITLES = re.compile(
    r"\b(?:ông|bà|anh|chị|cô|chú|bác|cháu|em|Mr|Mrs|Ms|Miss|bố|mẹ|vợ|chồng|con(?: trai| gái)?|tôi là|em là|"
    r"mình là|cháu là|I am|I'm)\.?\s+",
    re.IGNORECASE,
)
_SURNAMES = frozenset(
    """
    nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đinh trịnh mai đào đoàn vương
    lương tạ thái hà chu cao lâm tô quách triệu giang nông lò lộc vi hứa
    """.split()  # noqa: SIM905 - a list of words reads better as such
)
_FOLDED_SURNAMES = frozenset(
    """
    nguyen tran pham hoang huynh phan vu vo dang bui ngo duong dinh trinh doan luong
    """.split()  # noqa: SIM905 - a list of words reads better as such
)
_COMMONEST = frozenset(
    """
    nguyễn trần phạm hoàng huỳnh bùi ngô trịnh đoàn nguyen tran pham huynh ngo trinh doan
    """.split()  # noqa: SIM905 - a list of words reads better as such
)
_STOP = frozenset(
    """
    ở o tại tai muốn muon xin cần can hỏi hoi sinh số so sđt sdt quê que nhà nha là la và va hiện hien
    đang dang có co chưa chua được duoc bị bi từ tu thì thi cho làm lam đăng dang bên ben địa dia cccd
    cmnd and from i want would need living live my the phone để de mà ma nhưng nhung trú tru gửi gui ạ a
    nhé nhe không khong born with
    """.split()  # noqa: SIM905 - a list of words reads better as such
)

_ADDRESS = re.compile(
    r"\b(?:(?:số nhà|so nha|nhà số|nha so|house(?: number| no\.?)?)\s*:?\s*\d{1,5}[\w/.-]{0,12}"
    r"|(?:số|so|no\.?)\s*\d{1,5}[\w/-]{0,12}\s*,?\s+(?:đường|duong|phố|pho|ngõ|ngo|ngách|ngach|hẻm|hem|kiệt|street)\b"
    r"|(?:ngõ|ngo|ngách|ngach|hẻm|hem|kiệt)\s+\d{1,5}[\w/]{0,12}"
    r"|(?:tổ|to)\s+\d+\w?\s*,?\s*(?:khu|ấp|thôn|thon|phường|phuong|xóm|xom)\b(?:\s*\d+\w?)?"
    r"|(?:thôn|thon|xóm|xom|ấp|bản|khu phố|khu pho)\s+(?:\d{1,3}\w?)"
    r"|\d{1,5}[\w/]{0,12}\s+(?:đường|duong|phố|street|road)\b"
    r")(?:\s*,?\s*(?:đường|duong|phố|pho|ngõ|ngo|street)?\s*[^\s,.;?!]+){0,4}",
    re.IGNORECASE,
)
_APPLICATION = re.compile(
    r"\b[A-Z]\d{2}[.\w-]*\d{6}-\d{3,5}\b|\b\d\.\d{6}(?:\.\d{3})*(?:\.\w+)*\b", re.IGNORECASE
)


def find(text: str) -> list[Span]:
    """What is personal in a text, in order, without overlaps.

    Codes of applications and procedures are not: they name no person, and reviewing needs them.
    """
    found = _identifiers(text)
    found += [Span(*match.span(1), "birth_date") for match in _BORN.finditer(text)]
    found += [Span(*match.span(), "address") for match in _ADDRESS.finditer(text)]
    found += _names(text)
    return _outside_codes(text, found)


def identifiers(text: str) -> list[Span]:
    """What leads to one person by itself, in order: phone, ID and account numbers, e-mail addresses."""
    return _outside_codes(text, _identifiers(text)) if _HAS_ANY.search(text) else []


def identifying(text: str | None, payload: str | None) -> bool:
    """Whether a message has any; of payloads only a shared contact can (a location has as many digits)."""
    shared = payload if payload and '"phone"' in payload else ""
    return any(identifiers(written) for written in (text, shared) if written)


def without_identifiers(text: str, instead: str) -> str:
    """The text with `instead` in place of each of them."""
    return _replaced(text, identifiers(text), lambda _kind: instead)


def mask(text: str, label: Callable[[Kind], str] = lambda kind: kind) -> str:
    """The text with everything personal replaced: "gọi [phone]"."""
    return _replaced(text, find(text), lambda kind: f"[{label(kind)}]")


def mask_all(value: Any, label: Callable[[Kind], str] = lambda kind: kind) -> Any:
    """The same for every text in a JSON value."""
    if isinstance(value, str):
        return mask(value, label)
    if isinstance(value, dict):
        return {key: mask_all(item, label) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask_all(item, label) for item in value]
    return value


def without(text: str) -> str:
    """The text with everything personal left out: what may be searched."""
    return _replaced(text, find(text), lambda _kind: " ")


def ours(text: str) -> list[Span]:
    """What is personal in a text that the office wrote: its own landlines, names and addresses are public."""
    found = [Span(*match.span(), "phone") for match in _MOBILE.finditer(text)]
    found += [Span(*match.span(), "id_number") for match in _ID.finditer(text)]
    found += [
        Span(*match.span(), "email")
        for match in _EMAIL.finditer(text)
        if not match[0].lower().endswith((".gov.vn", "@gov.vn"))
    ]
    found += [span for span in _after_titles(text) if _is_surname(text[span.start : span.end].split()[0])]
    return _outside_codes(text, found)


def mask_ours(text: str, label: Callable[[Kind], str] = lambda kind: kind) -> str:
    """mask() for what the assistant or an official wrote."""
    return _replaced(text, ours(text), lambda kind: f"[{label(kind)}]")


def _identifiers(text: str) -> list[Span]:
    found = [Span(*match.span(), "email") for match in _EMAIL.finditer(text)]
    found += [Span(*match.span(), "phone") for match in _PHONE.finditer(text)]
    found += [Span(*match.span(), "phone") for match in _MOBILE.finditer(text)]
    found += [Span(*match.span(), "id_number") for match in _ID.finditer(text)]
    found += [Span(*match.span(1), "id_number") for match in _CUED_NUMBER.finditer(text)]
    found += [Span(*match.span(1), "account") for match in _ACCOUNT.finditer(text)]
    return found


def _replaced(text: str, spans: Iterable[Span], by: Callable[[Kind], str]) -> str:
    parts, end = [], 0
    for span in spans:
        parts += [text[end : span.start], by(span.kind)]
        end = span.end
    return "".join([*parts, text[end:]])


def _outside_codes(text: str, spans: Iterable[Span]) -> list[Span]:
    codes = [match.span() for match in _APPLICATION.finditer(text)]
    return _apart(span for span in spans if not any(a <= span.start and span.end <= b for a, b in codes))


def _apart(spans: Iterable[Span]) -> list[Span]:
    """The spans without overlaps: the longer one wins, then the kind that is named first."""
    chosen: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start - one.end, KINDS.index(one.kind))):
        if all(span.end <= other.start or other.end <= span.start for other in chosen):
            chosen.append(span)
    return sorted(chosen, key=lambda one: one.start)


def _names(text: str) -> Iterator[Span]:
    for cue in _NAME_CUES.finditer(text):
        if length := _length_of_name(text[cue.end() :], cued=True):
            yield Span(cue.end(), cue.end() + length, "name")
    yield from _after_titles(text)
    yield from _full_names(text)


def _after_titles(text: str) -> Iterator[Span]:
    for title in _TITLES.finditer(text):
        if length := _length_of_name(text[title.end() :], cued=False):
            yield Span(title.end(), title.end() + length, "name")


def _length_of_name(rest: str, *, cued: bool) -> int:
    """How many letters of what follows a cue are a name: at most five words, up to one that cannot be.

    Without a cue that says so, a name has capitals, or begins with one of the commonest surnames.
    """
    words: list[str] = []
    end = 0
    for match in re.finditer(rf"[ ]*({_WORD})", rest):
        word = match[1]
        if match.start() != end or len(words) == 5 or word.lower() in _STOP:
            break
        plain = cued or word[0].isupper()
        if not plain and ((words or [word])[0].lower() not in _COMMONEST or len(words) == 4):
            break
        words.append(word)
        end = match.end()
    return 0 if not cued and len(words) == 1 and words[0][0].islower() else end


def _full_names(text: str) -> Iterator[Span]:
    """Two to five words with capitals that begin with a common surname."""
    for run in _WORDS.finditer(text):
        words = list(re.finditer(_WORD, run[0]))
        first = 0
        while first < len(words):
            word = words[first][0]
            if not (word[0].isupper() and _is_surname(word)):
                first += 1
                continue
            last = first
            while last + 1 < len(words) and words[last + 1][0][0].isupper() and last - first < 4:
                last += 1
            if last > first:
                yield Span(run.start() + words[first].start(), run.start() + words[last].end(), "name")
            first = last + 1


def _is_surname(word: str) -> bool:
    return word.lower() in _SURNAMES or word.lower() in _FOLDED_SURNAMES
