"""What the gateway itself says (apologies, privacy, a person's coming and going): as shipped in
channels/notices/, and as staff changed it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from troly.answers import checks
from troly.answers.checks import Fault
from troly.answers.live import Contents
from troly.answers.responses import LANGUAGES
from troly.errors import UsageError
from troly.settings import ROOT

NOTICE = "notice"
"""The kind of thing, as in the database."""

FOLDER = ROOT / "channels" / "notices"
SETUP = "setup"
"""The area of what platforms are given when a channel is set up: it cannot change while a gateway runs."""

_COMMAND = re.compile(r"(?<!\S)/[a-z]+\b")
_ALERT = 200
"""Letters that Telegram shows above a chat."""
_LONGEST = {"telegram_not_yours": _ALERT, "telegram_stale": _ALERT, "telegram_slow_down": _ALERT}
_LABEL = 120


@dataclass(frozen=True, slots=True)
class Notice:
    """One text in both languages."""

    area: str
    text: Mapping[str, str]


def load(folder: Path = FOLDER) -> dict[str, Notice]:
    """Every shipped text by its name. Raises UsageError for one that stands twice or in one language only."""
    read = [_named(folder / f"{language}.yml") for language in LANGUAGES]
    if odd := sorted(read[0].keys() ^ read[1].keys()):
        raise UsageError(f"{folder.name}: {', '.join(odd)}: in one language only")
    return {
        name: Notice(
            area, {language: texts[name][1] for language, texts in zip(LANGUAGES, read, strict=True)}
        )
        for name, (area, _) in read[0].items()
    }


def _named(path: Path) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for area, texts in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        for name, text in texts.items():
            if name in found:
                raise UsageError(f"{path.name}: {name} stands twice")
            found[name] = (area, str(text))
    return found


@lru_cache(maxsize=1)
def shipped() -> dict[str, Notice]:
    """The same, read once."""
    return load()


class Notices:
    """What is said in a process: the shipped texts, or what staff made live in their place."""

    def __init__(self, changes: Contents | None = None) -> None:
        """Without changes until take() brings some."""
        self._changed: Mapping[str, Mapping[str, str]] = {}
        self.take(changes or {})

    def take(self, contents: Contents) -> None:
        """From now on these are said; what does not fit the shipped text is left out."""
        known = shipped() if contents else {}
        self._changed = {
            name: {language: str(content[language]["text"]) for language in LANGUAGES}
            for name, content in contents.items()
            if name in known and fits(known[name], content)
        }

    def say(self, name: str, language: str | None, **values: object) -> str:
        """The text in the language (Vietnamese when it is not English), filled. Raises KeyError."""
        spoken = "en" if language == "en" else "vi"
        text = (self._changed.get(name) or shipped()[name].text)[spoken]
        return checks.PLACE.sub(lambda place: str(values[place[1]]), text)


def fits(notice: Notice, content: Any) -> bool:
    """Whether a stored text can be said in place of this one."""
    return notice.area != SETUP and all(
        isinstance(content, Mapping)
        and isinstance(content.get(language), Mapping)
        and checks.fits({"text": notice.text[language]}, content[language])
        for language in LANGUAGES
    )


def faults(name: str, notice: Notice, content: Any) -> list[Fault]:
    """What is wrong with {"vi": {"text"}, "en": {"text"}} in place of the shipped text."""
    found: list[Fault] = []
    for language in LANGUAGES:
        text = str((content.get(language) or {}).get("text", ""))
        found += _faults(name, notice.text[language], text, language, f"{language}.text")
    return found


def _faults(name: str, own: str, text: str, language: str, field: str) -> Iterator[Fault]:
    sentence = checks.ends(own)
    yield from checks.prose(text, language, field, longest(name, own))
    yield from checks.same_places(own, text, field)
    for command in sorted(set(_COMMAND.findall(own)) - set(_COMMAND.findall(text))) if text.strip() else ():
        yield Fault("word_missing", field, command)
    if sentence:
        yield from (Fault("no_mark", field, line) for line in checks.unfinished("", text))
    elif "\n" in text:
        yield Fault("one_line", field)


def longest(name: str, own: str) -> int:
    """How many letters a text may have in place of its own."""
    if name.startswith("button_") or (name.startswith("telegram_erase_") and not checks.ends(own)):
        return checks.LONGEST_TITLE
    return _LONGEST.get(name, checks.LONGEST if checks.ends(own) else _LABEL)
