"""Words with which a citizen, or an item of the account's menu, asks for something by name.

The menu of an Official Account sends a text that its operator chooses; these are the ones to choose.
"""

from __future__ import annotations

import re

from channels import menu
from troly.text import fold

_SAID = re.compile(r"[#/](\w{2,20})(?:\s+(.+))?", re.DOTALL)
_LANGUAGES = {"vi": "vi", "tieng viet": "vi", "en": "en", "english": "en", "tieng anh": "en"}


def asked(text: str) -> tuple[str | None, str | None]:
    """What the text says to the assistant: (text, payload), one of which is None.

    "/status H49.…" is the code as if it had been written alone, so that it is read by the same rules.
    """
    word, rest = _parts(text)
    if rest and word in menu.STATUS:
        return rest, None
    if rest and word in menu.LANGUAGE and (language := _LANGUAGES.get(fold(rest))):
        return None, f'/change_language{{"requested_language": "{language}"}}'
    payload = menu.PAYLOADS.get(word)
    return (None, payload) if payload and not rest else (text, None)


def is_erase(text: str) -> bool:
    """Whether the text asks to delete everything that is kept about the citizen."""
    word, rest = _parts(text)
    return word in (*menu.ERASE, "xoadulieu") and not rest


def _parts(text: str) -> tuple[str, str]:
    found = _SAID.fullmatch(text)
    if not found:
        return "", ""
    return fold(found[1]).replace("_", ""), (found[2] or "").strip()
