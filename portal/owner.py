"""What the portal tells only to the owner of an application, and the number that proves who that is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from portal.models import Application, FeeDue

FEATURES = frozenset({"verify", "changes", "batch"})
"""What a status service may offer beyond the look-up by code; STATUS_FEATURES names them."""

BATCH = 50
"""Applications that one question of a service with the feature "batch" may name."""


@dataclass(frozen=True, slots=True)
class Factor:
    """The second thing that only the owner knows, passed on to the portal and kept nowhere.

    identity: the last four digits of the identity number; phone: the registered number, ten digits.
    """

    kind: Literal["identity", "phone"]
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OfficerMessage:
    """What the agency wrote on the application."""

    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What the owner may see. owner is masked already; pay_how is the portal's word on paying the fee."""

    code: str
    owner: str
    messages: tuple[OfficerMessage, ...]
    fee_due: FeeDue | None
    pay_how: str
    as_of: datetime
    source_url: str


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of the feed of changes: codes in their order, and where the next page begins.

    reset: the portal no longer knows the cursor, so changes may be missing.
    """

    codes: tuple[str, ...]
    cursor: str
    etag: str
    more: bool
    reset: bool = False


Found = Mapping[str, Application]
"""Applications by their (normalised) code; one that the portal does not know is absent."""


def mask_name(name: str) -> str:
    """A name as its owner recognises it and nobody else: "Nguyễn Văn Mẫu" -> "Nguyễn V** M**"."""
    first, *others = name.split() or [""]
    if not others:
        return f"{first[:1]}**" if first else ""
    return " ".join([first, *(f"{word[:1]}**" for word in others)])


_NUMBER = re.compile(r"\+?\d(?:[\d .\-]*\d)?")
_LAST_FOUR = 4


def read_factor(text: str) -> Factor | None:
    """The second factor in a message: four digits, a whole identity number (its last four), or a phone.

    None where there is no such number, or more than one.
    """
    found = [re.sub(r"[ .\-]", "", match) for match in _NUMBER.findall(text)]
    # "4 số cuối là 1234": a number this short is said about the other.
    found = [written for written in found if len(written) >= _LAST_FOUR]
    if len(found) != 1:
        return None
    (written,) = found
    digits = written.removeprefix("+")
    if digits.startswith("84") and len(digits) == 11:
        digits = "0" + digits[2:]
    if written.startswith("+") or (len(digits) == 10 and digits.startswith("0")):
        return Factor("phone", digits) if len(digits) == 10 and digits.startswith("0") else None
    # Nine digits on the old card, twelve on today's: only the end of it is passed on.
    return Factor("identity", digits[-_LAST_FOUR:]) if len(digits) in (4, 9, 12) else None
