"""Single values of portal records, read leniently: each may be absent, null or of another type."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from troly.clock import VIETNAM
from troly.text import clean, fold, squeeze

_GAPS = re.compile(r"[ \t\u00a0]{2,}|[\t\u00a0]")  # not each space that stands alone
_PROVINCE = re.compile(r"(?:^|[\s\-–,])(?:tỉnh|thành phố|tp\.?)\s+([^-–,]+)$", re.IGNORECASE)


def text(value: Any) -> str:
    """One line of text; "" for anything that is not text."""
    return squeeze(clean(value)) if isinstance(value, str) else ""


def lines(value: Any) -> str:
    """Text that keeps its line breaks, without empty lines."""
    if not isinstance(value, str):
        return ""
    cleaned = clean(value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value)
    if "  " in cleaned or "\t" in cleaned or "\u00a0" in cleaned:
        cleaned = _GAPS.sub(" ", cleaned)
    if "\n" not in cleaned:
        return cleaned
    return "\n".join([line for part in cleaned.split("\n") if (line := part.strip())])


def number(value: Any) -> float | None:
    """A finite number, also one that is written as text ("1", "12.5"); None for the rest."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < 1e15 else None


def count(value: Any) -> int:
    """A whole number of 0 or more; 0 for the rest."""
    found = number(value)
    return max(0, int(found)) if found is not None else 0


def records(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, without its nulls and anything else; [] where there is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def names(value: Any) -> list[str]:
    """The names of a list of {"name": …}, none empty, none twice."""
    return distinct(text(item.get("name")) for item in records(value))


def distinct(values: Iterable[str]) -> list[str]:
    """The values in order, without empty ones and repetitions (also in other capitals)."""
    return list({unicodedata.normalize("NFC", value).casefold(): value for value in values if value}.values())


def millis(value: Any) -> datetime | None:
    """A time in epoch milliseconds."""
    found = number(value)
    if not found or found < 0:
        return None
    try:
        return datetime.fromtimestamp(found / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def iso(value: Any) -> datetime | None:
    """A time as 2026-01-05T17:00:00.000+0700, without a zone as Vietnamese time, or epoch milliseconds."""
    if not isinstance(value, str):
        return millis(value)
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=VIETNAM)


def compact(value: Any) -> datetime | None:
    """A time as yyyyMMddHHmmss (or yyyyMMdd) in Vietnam, as the national exchange platform writes it."""
    digits = str(value).strip() if isinstance(value, (str, int)) else ""
    try:
        found = datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - its zone comes next
    except ValueError:
        return None
    return found.replace(tzinfo=VIETNAM)


def province_of(issuer: str) -> str | None:
    """The province in an issuer's name: "Sở Xây dựng - tỉnh Quảng Ngãi" -> "Quảng Ngãi"."""
    match = _PROVINCE.search(issuer)
    return squeeze(match.group(1)) if match else None


def same_province(one: str, other: str) -> bool:
    """Whether two names mean the same province, however written ("Quảng Ninh", "tỉnh quang ninh")."""
    return province_key(one) == province_key(other)


def province_key(name: str) -> str:
    """A province's name without "tỉnh" or "thành phố", folded, for comparison."""
    return re.sub(r"^(tinh|thanh pho|tp\.?)\s+", "", fold(name))
