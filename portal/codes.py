"""Application and procedure codes as citizens type them.

An application code is `[000.xx.yy.]Hnn[.xx[.yy]]-yymmdd-nnnn`: the agency's identifier, the day of
receipt, and the agency's counter of that day (four digits, five where it ran over).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from itertools import product

_GAP = r"[\s.,_/:\-\u2010-\u2015\u2212]*"
_BREAK = r"[\s.,_/:\-\u2010-\u2015\u2212]+"

# Digits after the agency's "Hnn": the common form first, because without separators a longer unit
# and a longer counter look alike.
_UNITS: tuple[tuple[int, ...], ...] = ((2,), (3,), (), (1,), *product((2, 3, 1), repeat=2))


def _shape(units: tuple[int, ...], counter: int, *, strict: bool, digit: str) -> re.Pattern[str]:
    between = _BREAK if strict else _GAP
    inside = "" if strict else _GAP
    unit = "".join(f"{_GAP}({digit}{{{length}}})" for length in units)
    zero = "[0O]" if "O" in digit else "0"
    day = inside.join(f"({digit}{{2}})" for _ in range(3))
    return re.compile(
        rf"(?<![0-9A-Z])(?<![0-9]{{2}}\.)(?:({zero}{{3}}){_GAP}({digit}{{2}}){_GAP}({digit}{{2}}){_GAP})?"
        rf"H{_GAP}({digit}{{2}}){unit}{between}{day}{between}({digit}{{{counter}}})(?!{digit})"
    )


# Separators in their places first, then anywhere or nowhere, then the letter O typed for 0. The last is
# safe: an H, ten or more digits and a real date never meet by chance.
_SHAPES = tuple(
    _shape(units, counter, strict=strict, digit=digit)
    for digit, strict in (("[0-9]", True), ("[0-9]", False), ("[0-9O]", True), ("[0-9O]", False))
    for units in _UNITS
    for counter in (4, 5)
)

_HINT = re.compile(r"H[\s.\-]*[0-9O]")
_NEARLY = re.compile(
    rf"(?<![0-9A-Z])H{_GAP}[0-9O]{{2}}(?:{_GAP}[0-9O]){{6,}}"  # an H and many digits
    rf"|(?<![0-9A-Z])H{_GAP}[0-9]{{2}}\.[0-9]{{1,3}}(?![0-9])\s*-"  # H49.08- and whatever follows
    rf"|(?<![0-9])[0-9]{{2}}\.[0-9]{{2,3}}\s*-\s*[0-9]{{6}}\s*-\s*[0-9]{{2,6}}"  # the H forgotten
    rf"|(?<![0-9.])000\.[0-9]{{2}}\.[0-9]{{2}}\.?\s*-?\s*H?[0-9]{{2}}"  # the old form, cut short
    rf"|(?<![0-9A-Z])[A-Z][0-9]{{2}}\.[0-9]{{2,3}}\s*-\s*[0-9]{{4,8}}\s*-\s*[0-9]{{1,6}}"  # another letter
)
_LOCALITY = re.compile(r"^([0-9]\.[0-9]{6,9})(?:\.[0-9]{3}(?:\.[0-9]{2}){2})?\.H[0-9]{2}(?:\.[0-9]{1,3})*$")


def parse_application_code(text: str) -> str | None:
    """The first well-formed application code in the text, normalised ("H49.08-251105-0312"), or None.

    Case, full-width digits and missing or doubled separators do not matter; the date must be a real one.
    """
    plain = _plain(text)
    if not _HINT.search(plain):
        return None
    for shape in _SHAPES:
        for match in shape.finditer(plain):
            if code := _code(match):
                return code
    return None


def looks_like_application_code(text: str) -> bool:
    """True when someone plainly tried to type an application code but it is not well-formed."""
    return parse_application_code(text) is None and _NEARLY.search(_plain(text)) is not None


def strip_locality(code: str) -> str:
    """The national procedure code of a province's own form: "1.001193.000.00.00.H49" -> "1.001193"."""
    stripped = code.strip()
    match = _LOCALITY.match(stripped.upper())
    return match.group(1) if match else stripped


def _code(match: re.Match[str]) -> str | None:
    groups = [None if part is None else part.replace("O", "0") for part in match.groups()]
    old, rest = groups[:3], [part or "" for part in groups[3:]]
    *unit, year, month, day, counter = rest
    try:
        date(2000 + int(year), int(month), int(day))
    except ValueError:
        return None
    prefix = "" if old[0] is None else ".".join(part or "" for part in old) + "."
    return f"{prefix}H{'.'.join(unit)}-{year}{month}{day}-{counter}"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:2000]).upper()
