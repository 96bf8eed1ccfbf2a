"""Who tells that money is lost to a scam is led at once to what must be done now: each minute counts."""

from __future__ import annotations

import re

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.turn import Turn
from troly.text import fold

GUIDE = "scam-money-lost"
_SIGNS_GUIDE = "scams-officials"
_WORDS = 25
"""A longer message tells more than this."""
_OF_WHAT = (
    r"(?:tien|trieu|tr|nghin|ngan|ty|tai khoan|tk|qua mang|tren mang|online|chuyen khoan|ck|otp|facebook|fb"
    r"|zalo|telegram|vay|het|sach|dat coc|roi|r)"
)
_LOST = re.compile(
    r"(?<!\bco )(?<!\bso )(?<!\bkhoi )(?<!\bkhong )\bbi (?:\w+ ){0,2}?(?:lua|hack)"
    rf"(?: \w+){{0,4}} {_OF_WHAT}\b"
    rf"|\b(?:vua|moi|da) bi (?:\w+ )?lua\b"
    r"|\blo (?:tay )?(?:chuyen|gui|nop|ck)(?: \w+){0,4} (?:lua|lua dao)\b"
    r"|\blo (?:tay )?(?:dua|doc|gui|cho|nhap)(?: \w+){0,4} otp\b"
    r"|\blo (?:tay )?(?:bam|an|vao)(?: \w+){0,3} (?:link|app) la\b"
    r"|\b(?:gave|told|sent) (?:\w+ ){0,3}(?:my )?(?:otp|bank password)\b"
    r"|\b(?:was|were|got|been|get) (?:just )?(?:scammed|phished|defrauded)\b"
    r"|\blost (?:\w+ ){0,3}(?:to|in) (?:a |an |the )?(?:\w+ )?scam"
    r"|\b(?:sent|paid|transferred|gave) (?:\w+ ){0,3}to (?:a |the )?(?:scammers?|fraudsters?|swindlers?)\b"
)
_PAID = re.compile(
    r"\b(?:lo |da )?(?:chuyen|gui|nop|mat|ck)(?: \w+){0,3} (?:roi|r|mat)\b|\bmat (?:het )?tien\b"
    r"|\b(?:already |have )?(?:sent|paid|transferred|lost)\b.*\b(?:money|it|them|already)\b"
)
"""Said while the guide about swindlers is open."""
_ASKS_WHETHER = re.compile(
    r"\b(?:co phai|phai khong|dung khong|co bi|de khong bi|tranh bi|so bi"
    r"|is (?:it|this)|am i being|how to avoid)\b"
)


def money_lost(text: str, asked: str = "") -> bool:
    """Whether a message says that money is lost to a swindler.

    `asked`: the guide that is open.
    """
    words = fold(text)
    if len(words.split()) > _WORDS or _ASKS_WHETHER.search(words):
        return False
    return bool(_LOST.search(words) or (asked == _SIGNS_GUIDE and _PAID.search(words)))


def answers(turn: Turn, shown: str) -> bool:
    """Whether this message was led to the guide that is `shown`."""
    return not turn.pressed and shown == GUIDE and money_lost(turn.text, asked=_SIGNS_GUIDE)


def instead(turn: Turn) -> list[EventType] | None:
    """The guide's first step, unless the message names a procedure; None for all else."""
    if turn.pressed or turn.decision == "answer" or not money_lost(turn.text):
        return None
    return [SlotSet("guide", GUIDE), SlotSet("guide_step", 1), FollowupAction("guide_form")]
