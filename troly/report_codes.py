"""The codes of field reports in a message: the portal's (PA-…) and our own receipts (TL-…)."""

from __future__ import annotations

import re

from troly.text import fold

_CODE = re.compile(r"\b(pa|tl)\s?[-–.]?\s?(\d{6})\s?[-–.]?\s?(\d{3,6})\b")
_SUBJECT = r"(?:phan anh|kien nghi|khieu nai|(?:field )?reports?|complaints?)"
_OWN = (
    r"(?:cua (?:toi|em|minh|tui|chau|con|bac)|(?:toi|em|minh|tui|da|moi) (?:da )?(?:gui|bao)"
    r"|hom (?:truoc|qua|no)|my|i (?:have )?(?:sent|made))"
)
_PROGRESS = (
    r"(?:den dau|toi dau|(?:xu ly|giai quyet|tra loi|sua)(?: \w+){0,2} (?:chua|den|toi)"
    r"|co (?:ket qua|tra loi)|the nao roi|sao roi|ra sao|status|any (?:news|answer|update)"
    r"|what happened|how far|answered)"
)
_QUESTION = re.compile(
    rf"\b{_SUBJECT}\b.*\b{_OWN}\b.*\b{_PROGRESS}\b|\b{_OWN}\b.*\b{_SUBJECT}\b.*\b{_PROGRESS}\b"
    rf"|\b{_PROGRESS}\b.*\b{_OWN}\b.*\b{_SUBJECT}\b|^\W*{_SUBJECT} (?:\w+ ){{0,2}}{_PROGRESS}\W*(?:roi)?\W*$"
)
_LONGEST = 300


def report_code_in(text: str) -> str | None:
    """The first code of a report, as it is written on paper: "pa 261122 0001" -> "PA-261122-0001"."""
    found = _CODE.search(fold(text[:_LONGEST]))
    return f"{found[1].upper()}-{found[2]}-{found[3]}" if found else None


def asks_about_report(text: str) -> bool:
    """Whether the message asks what became of the citizen's report, with or without its code."""
    return report_code_in(text) is not None or _QUESTION.search(fold(text[:_LONGEST])) is not None
