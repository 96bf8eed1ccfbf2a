"""What a citizen's text must be like: the shipped ones, and what staff write before it is saved."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from troly.answers.responses import LANGUAGES
from troly.text import clean

LONGEST = 1500
"""Letters of a text: with its values it still fits into few messages everywhere (Zalo: 2,000 a message)."""
LONGEST_TITLE = 60
"""Letters of a button; longer ones are cut on a phone."""

PLACE = re.compile(r"\{([a-z_]+)\}")
_BRACE = re.compile(r"[{}]")
_MARKUP = re.compile(r"<\s*[/!?a-zA-Z]|</?>|&#?\w{1,10};|\b(?:javascript|data):", re.IGNORECASE)
_CITIZEN = re.compile(r"\banh\s*/?\s*chị\b", re.IGNORECASE)
_NOT_OURS = re.compile(r"\b(mình|em|mày|tao|quý khách)\b", re.IGNORECASE)
_OTHERS = re.compile(r"bực mình|(?:trẻ|anh chị|anh|chị) em|em (?:bé|ruột)", re.IGNORECASE)
"""Where these words do not mean who speaks or is spoken to."""
_LABEL = re.compile(r"(label|button|channel|unit|link|weekday)_|status_\d")
_ENDS = (".", "?", "!", ":", '."', ".)")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text cannot be used. `code` names the staff's text that says what to change."""

    code: str
    """empty, place_unknown, place_missing, word_missing, brace, markup, long, not_ours, address, no_mark,
    buttons, and of other things: wrong_…"""
    field: str = ""
    """Which one, as in troly.answers.fields: vi.text."""
    what: str = ""
    """The word or number that it is about."""


def places(text: str) -> set[str]:
    """The names in {braces} that a value takes the place of."""
    return set(PLACE.findall(text))


def tidy(text: str) -> str:
    """As it is stored: composed (NFC), no invisible signs, no white space at the ends of lines or in runs."""
    lines = (
        " ".join(line.split()) for line in clean(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    )
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def is_tidy(text: str) -> bool:
    """Whether tidy() would leave the text (but for a line break at its end) as it is."""
    return unicodedata.is_normalized("NFC", text) and tidy(text) == text.rstrip("\n")


def prose(text: str, language: str, field: str = "", longest: int = LONGEST) -> Iterator[Fault]:
    """What is wrong with any text for citizens, placeholders aside."""
    if not text.strip():
        yield Fault("empty", field)
        return
    if len(text) > longest:
        yield Fault("long", field, str(longest))
    if found := _MARKUP.search(text):
        yield Fault("markup", field, found[0])
    if language == "vi":
        if found := _NOT_OURS.search(_OTHERS.sub("", text)):
            yield Fault("not_ours", field, found[0])
        for addressed in _CITIZEN.findall(text):
            if addressed != "Anh/Chị":
                yield Fault("address", field, addressed)


def plain(text: str, field: str = "") -> Iterator[Fault]:
    """What is wrong with a name, an address, a number: neither markup nor braces."""
    if found := _MARKUP.search(text):
        yield Fault("markup", field, found[0])
    yield from without_places(text, field)


def without_places(text: str, field: str = "") -> Iterator[Fault]:
    """Braces have no meaning in this text."""
    if found := _BRACE.search(text):
        yield Fault("brace", field, found[0])


def same_places(shipped: str, text: str, field: str = "") -> Iterator[Fault]:
    """The text has the places of the shipped one, no more and no fewer, and no other braces."""
    wanted, found = places(shipped), places(text)
    yield from (Fault("place_unknown", field, place) for place in sorted(found - wanted))
    if text.strip():
        yield from (Fault("place_missing", field, place) for place in sorted(wanted - found))
    if _BRACE.search(PLACE.sub("", text)):
        yield Fault("brace", field)


def response(name: str, shipped: Mapping[str, Any], content: Any) -> list[Fault]:
    """What is wrong with {"vi": {"text", "buttons"?: titles}, "en": …} in place of the shipped response.

    `shipped` is {"vi": response, "en": response}.
    """
    faults: list[Fault] = []
    for language in LANGUAGES:
        given = content.get(language) or {}
        text = str(given.get("text", ""))
        field = f"{language}.text"
        is_button = name.startswith("button_")
        faults += prose(text, language, field, LONGEST_TITLE if is_button else LONGEST)
        faults += same_places(str(shipped[language].get("text", "")), text, field)
        faults += [Fault("no_mark", field, line) for line in unfinished(name, text)]
        titles, own = list(given.get("buttons") or []), shipped[language].get("buttons") or []
        if len(titles) != len(own):
            faults.append(Fault("buttons", language))
        for number, title in enumerate(titles, start=1):
            field = f"{language}.button.{number}"
            faults += [*prose(str(title), language, field, LONGEST_TITLE), *without_places(str(title), field)]
            if "\n" in str(title):
                faults.append(Fault("one_line", field))
    return faults


def unfinished(name: str, text: str) -> list[str]:
    """Lines that begin as a sentence and end without a mark; labels and lines with values are none."""
    found = []
    for line in text.rstrip("\n").split("\n"):
        label = _LABEL.match(name) and ". " not in line and "Anh/Chị" not in line
        if not (PLACE.search(line) or label or not line[:1].isupper() or ends(line)):
            found.append(line)
    return found


def ends(line: str) -> bool:
    """Whether it ends as a sentence does."""
    return line.endswith(_ENDS)


def fits(shipped: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether a stored text of one language still fits the response of this version: nothing that it
    names is missing, and nothing that it must say is left out.
    """
    text = str(given.get("text") or "")
    same_places = places(text) == places(str(shipped.get("text", "")))
    same_buttons = len(given.get("buttons") or []) == len(shipped.get("buttons") or [])
    return bool(text.strip()) and same_places and same_buttons


def guide(content: Any) -> list[Fault]:
    """What is wrong with a guide as its file is written."""
    faults: list[Fault] = []
    for field, language, text in guide_texts(content):
        faults += [*prose(text, language, field, 700), *without_places(text, field)]
    if not content.get("steps"):
        faults.append(Fault("no_steps", "steps"))
    if len(content.get("steps") or []) > 20:
        faults.append(Fault("many_steps", "steps", "20"))
    if not [name for name in content.get("names") or [] if str(name).strip()]:
        faults.append(Fault("empty", "names"))
    for name in content.get("names") or []:
        faults += plain(str(name), "names")
    source = content.get("source") or {}
    faults += prose(str(source.get("title", "")), "", "source.title", 300)
    url = str(source.get("url") or "")
    if url and not url.startswith("https://"):
        faults.append(Fault("wrong_url", "source.url"))
    if wrong_day(str(source.get("as_of", ""))):
        faults.append(Fault("wrong_day", "source.as_of"))
    return faults


def wrong_day(text: str) -> bool:
    """Whether it is no day such as 2026-11-22."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return True
    return False


def guide_texts(content: Any) -> Iterator[tuple[str, str, str]]:
    """Every text of a guide that citizens read: field, language, text."""
    for part in ("title", "needs", "stuck"):
        for language in LANGUAGES:
            yield f"{part}.{language}", language, str((content.get(part) or {}).get(language, ""))
    for number, step in enumerate(content.get("steps") or [], start=1):
        for language in LANGUAGES:
            yield f"step.{number}.{language}", language, str(step.get(language, ""))
        for language in LANGUAGES if step.get("stuck") else ():
            yield f"step.{number}.stuck.{language}", language, str(step["stuck"].get(language, ""))
