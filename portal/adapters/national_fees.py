"""Fees of the national portal, where 0 often stands for "see the text" and a currency is often missing."""

from __future__ import annotations

import re
from typing import Any

from portal.adapters.values import lines, number, records, text
from portal.models import Currency, Fee
from troly.text import fold

_LEAD = r"^(?:[-+*•(.:\s]|phi|le phi|0 dong|0d\b)*"
_FREE = re.compile(
    rf"{_LEAD}(?:mien (?:phi|le phi|thu|toan bo)|khong thu|khong mat (?:phi|tien)|"
    r"khong(?: co| phai nop)?(?: phi| le phi)?[.\s]*$|0[.\s]*$)"
)
_BEGIN = re.compile(_LEAD)
_HEAD = 300
"""Characters of a note, of which many are pages long, that mostly tell whether it begins with "free"."""
_WORDS_OF_FREE = 40
_CONDITION = re.compile(r"\b(doi voi|truong hop|cho (?:nguoi|cac|doi tuong|tre)|tu ngay|neu|den het|khi)\b")
_SUM = re.compile(r"\b([1-9][0-9]*(?:[.,\s][0-9]{3})*)\s*(?:d\b|dong|vnd|vnđ|usd|do la|\$)")
_CURRENCIES: dict[str, Currency] = {"viet nam dong": "VND", "vnd": "VND", "dong": "VND", "usd": "USD"}


def fees(raw: Any) -> tuple[Fee, ...]:
    """The fees of one way to submit, none twice."""
    rows = [(item, number(item.get("value")), lines(item.get("description"))) for item in records(raw)]
    charged = any(value is not None and value > 0 for _, value, _ in rows)
    found = (_fee(item, value, note, charged=charged) for item, value, note in rows)
    return tuple(dict.fromkeys(fee for fee in found if fee is not None))


def says_free(note: str, *, charged: bool = False) -> bool:
    """Whether the note says that nothing is to pay.

    "Miễn phí" does; "Miễn phí đối với người cao tuổi…" only beside a fee for the others (charged): alone it
    leaves open what the others pay. "Theo quy định…", "Chưa có quy định" do not.
    """
    if len(note) > _HEAD and _begins_otherwise(fold(note[:_HEAD])):
        return False
    folded = fold(note)
    if not _FREE.match(folded) or _SUM.search(folded):
        return False
    return charged or not _CONDITION.search(folded)


def _begins_otherwise(head: str) -> bool:
    """Whether what comes after bullets and the like is all there, and is not "free"."""
    begin = _BEGIN.match(head)
    return begin is not None and begin.end() < len(head) - _WORDS_OF_FREE and not _FREE.match(head)


def _fee(item: dict[str, Any], value: float | None, note: str, *, charged: bool) -> Fee | None:
    kind = text(item.get("type")) or "FEE"
    currency = _currency(item)
    if value is None or value < 0:
        return Fee(kind, None, currency, note)
    if value == 0:
        free = not note or says_free(note, charged=charged)
        return Fee(kind, 0 if free else None, currency or ("VND" if free else ""), note)
    if currency:
        return Fee(kind, round(value), currency, note)
    return _without_currency(kind, round(value), note)


def _without_currency(kind: str, value: int, note: str) -> Fee:
    """735 positive fees come without a currency. The note may name it; where the note names another sum
    ("25" beside "25.000.000đ"), the number is a slip and only the note is kept."""
    folded = fold(note)
    sums = [int(re.sub(r"\D", "", match.group(1))) for match in _SUM.finditer(folded)]
    if value in sums:
        dollars = re.search(rf"\b{value}\s*(?:usd|do la|\$)", folded)
        return Fee(kind, value, "USD" if dollars else "VND", note)
    return Fee(kind, None if sums else value, "", note)


def _currency(item: dict[str, Any]) -> Currency:
    detail = item.get("currency")
    name = item.get("currencyName") or (detail.get("name") if isinstance(detail, dict) else "")
    return _CURRENCIES.get(fold(text(name)), "")
