"""The phone number that a citizen leaves: checked, encrypted at once, shown only in part."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from actions.reports.draft import Draft
from troly.privacy import Keyring
from troly.settings import settings

_DIGITS = re.compile(r"\+?\d(?:[\s.\-()]*\d){7,14}")


@lru_cache(maxsize=1)
def keyring() -> Keyring:
    """The deployment's keys; read on first use."""
    return Keyring.from_settings(settings())


def phone_in(text: str) -> str | None:
    """The phone number in a text: ten digits of Vietnam, or with + and the country's code."""
    found = _DIGITS.search(text)
    if not found:
        return None
    digits = re.sub(r"[^\d+]", "", found[0])
    if digits.startswith("+84") or (digits.startswith("84") and len(digits) == 11):
        digits = "0" + digits.lstrip("+")[2:]
    if digits.startswith("0"):
        return digits if len(digits) in (10, 11) else None
    return digits if digits.startswith("+") and 9 <= len(digits) <= 16 else None


def with_phone(draft: Draft, phone: str) -> Draft:
    """The draft with the number, which nobody who reads the conversation's state can see."""
    shown = f"{phone[:3]}{'•' * (len(phone) - 6)}{phone[-3:]}"
    return replace(draft, phone=keyring().encrypt(phone), phone_shown=shown, contact_done=True)
