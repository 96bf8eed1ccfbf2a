"""What is said to a checklist: that one has a paper, what is missing, how much and how long all of it is."""

from __future__ import annotations

import re

from actions.life_events.store import Kept
from troly.text import fold

_WHO = r"(?:(?:toi|em|e|minh|con|chau) )?"
_END = r"(?: (?:roi|r|xong|san|day|a|nhe|du))*"
_CLAIMED = re.compile(
    rf"{_WHO}(?:da |cung |thi )*co(?: duoc| san| du)? (?P<what>.+?){_END}"
    rf"|{_WHO}da (?:chuan bi|xin|lam|lay)(?: duoc| xong)? (?P<ready>.+?){_END}"
    rf"|{_WHO}(?:chuan bi|xin|lam|lay) (?:duoc|xong) (?P<finished>.+?){_END}"
    rf"|xong (?:cai |giay |viec )?(?P<done>(?:so )?\d+|dau(?: tien)?){_END}"
    r"|(?:i am |i m )?done (?:with )?(?:the )?(?P<enough>(?:number |no )?\d+|first)(?: one)?"
    r"|(?P<named>.+?) (?:(?:thi|toi|em|minh|da) )*(?:co|xong)(?: roi| san| r)(?: a)?"
    r"|(?:i )?(?:already )?(?:have|got|prepared)(?: got)?(?: already)? (?P<english>.+?)(?: already| ready)?"
)
_WHICH = re.compile(
    r"(?:(?:the|vay|roi) )?(?:can|gom|chuan bi|can chuan bi|phai nop) (?:nhung )?(?:giay(?: to)?|ho so)"
    r"(?: gi| nao)?(?: a)?"
    r"|(?:giay to|ho so) (?:can |gom )?(?:nhung )?gi(?: a)?"
    r"|(?:what|which) (?:papers|documents|docs)(?: do (?:i|we) need| are needed)?|docs|papers"
)
"""Asks for the papers, and of no procedure among several."""
_LEFT = re.compile(
    r"(?:toi |em |minh )?(?:con |dang )*thieu (?:nhung )?(?:gi|giay to gi|giay gi|cai gi)"
    r"(?: nua)?(?: khong| a)?"
    r"|con (?:can |phai lam )?(?:gi|giay gi|viec gi) nua(?: khong| a)?"
    r"|(?:(?:gui|cho)(?: cho)? )?(?:toi |em |minh )?(?:xin )?(?:ban |file |tep )?pdf(?: di| nhe| a)?"
    r"|(?:(?:send|give) (?:me )?)?(?:the |it |a )?(?:list )?(?:as |in )?(?:a )?pdf(?: please)?"
    r"|send (?:me )?the list"
    r"|what(?: is| s|'s)? (?:still )?(?:missing|left)|(?:cho )?xem (?:lai )?danh sach(?: giay to)?"
)
"""Asks for the list, or for what of it is still missing."""
_ASKING = re.compile(
    r"\b(?:gi|khong|bao nhieu|o dau|the nao|sao|nao|hay|chua|how|what|where|when|do i|can i)\b|\?"
)
_NUMBER = re.compile(r"(?:giay )?(?:so|muc|thu|number|no)? ?(\d{1,2})")
_FIRST = ("dau", "dau tien", "first")
"""The first of the papers that are still missing."""
_LITTLE = frozenset(
    [
        "giay",
        "to",
        "cai",
        "ban",
        "cua",
        "toi",
        "em",
        "minh",
        "va",
        "mot",
        "the",
        "a",
        "an",
        "my",
        "of",
        "paper",
    ]
)
_ALL = (
    r"(?:tat ca|tong(?: cong)?|ca thay|toan bo|ca the|total|in all|altogether|everything|all of (?:it|them))"
)
_AROUND_SUMS = (
    r"(?:lam|xong|thi|la|the|vay|a|nhi|moi|thu|luon|het|mat|ton|khoang|di|so|cua|duoc|does|do|is|it|will|would"
    r"|take|for|me|i|have to|pay|to|need|and|what|please|in|the|whole|thing|all)"
)
_MONEY = r"(?:bao nhieu(?: tien)?|may tien|chi phi|le phi|tien|phi|how much|cost|costs|fees?|money)"
_TIME = r"(?:bao lau|bao nhieu (?:ngay|tuan|thang)|may (?:ngay|tuan|thang|hom)|how (?:long|many days)|time)"
_SUMS = re.compile(rf"(?:(?:{_ALL}|{_AROUND_SUMS}|{_MONEY}|{_TIME})(?: |$))+")
_SUMS_WORDS = 14
"""More make the search slow, and ask for something else."""
_ASKS_SUMS = re.compile(rf"\b(?:{_MONEY}|{_TIME})\b")
_OF_ALL = re.compile(rf"\b{_ALL}\b")


def asks_for_list(words: str, *, of_one: bool) -> bool:
    """Whether folded words ask for the papers; `of_one`: one procedure is talked of, and may be meant."""
    plain = words.rstrip("?")
    return bool(_LEFT.fullmatch(plain) or (not of_one and _WHICH.fullmatch(plain)))


def asks_for_sums(words: str, *, of_one: bool) -> bool:
    """Whether folded words ask what all procedures cost together, or how long they take."""
    plain = re.sub(r"[^\w]+", " ", words).strip()
    if len(plain.split()) > _SUMS_WORDS or not (_SUMS.fullmatch(plain) and _ASKS_SUMS.search(plain)):
        return False
    return not of_one or bool(_OF_ALL.search(plain))


def claimed(words: str) -> str:
    """The paper that folded words say one has; "" where they say no such thing."""
    found = None if _ASKING.search(words) else _CLAIMED.fullmatch(words)
    return next(filter(None, found.groups()), "") if found else ""


def which(kept: Kept, what: str) -> int | None:
    """The paper that the words mean, by number or name; None where none or several fit."""
    if what in _FIRST:
        return next((number for number, paper in enumerate(kept.papers, 1) if not paper["done"]), None)
    if numbered := _NUMBER.fullmatch(what):
        return int(numbered[1]) if 1 <= int(numbered[1]) <= len(kept.papers) else None
    said = frozenset(what.split()) - _LITTLE
    if not said:
        return None
    fitting = [
        (len(words), number)
        for number, paper in enumerate(kept.papers, 1)
        if said <= (words := frozenset(re.findall(r"[^\W_]+", fold(paper["name"]))))
    ]
    best = sorted(fitting)[:2]
    if len(best) == 2 and best[0][0] == best[1][0]:
        return None
    return best[0][1] if best else None
