"""Groups of procedures that citizens confuse, with the question that tells them apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from troly.settings import ROOT

Text = Mapping[str, str]
"""A text in both languages: {"vi": …, "en": …}."""


@dataclass(frozen=True)
class Option:
    """One procedure of a group and the words by which the citizen chooses it."""

    code: str
    title: Text


@dataclass(frozen=True)
class Group:
    """Procedures that differ in one circumstance, and the question about it."""

    name: str
    question: Text
    options: tuple[Option, ...]

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all options."""
        return frozenset(option.code for option in self.options)


@lru_cache(maxsize=1)
def groups(path: Path = ROOT / "nlu_data" / "siblings.yml") -> tuple[Group, ...]:
    """All groups of nlu_data/siblings.yml; none when the file is not there."""
    if not path.is_file():
        return ()
    raw = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return tuple(
        Group(
            name=item["id"],
            question=item["question"],
            options=tuple(
                Option(option["code"], {"vi": option["vi"], "en": option["en"]}) for option in item["options"]
            ),
        )
        for item in raw
    )


def group_for(first: str, others: Iterable[str]) -> Group | None:
    """The smallest group that holds `first` and most of the other codes; None when none holds another."""
    rest = set(others) - {first}
    fitting = [
        (len(group.codes & rest), -len(group.codes), index)
        for index, group in enumerate(groups())
        if first in group.codes and group.codes & rest
    ]
    return groups()[max(fitting)[2]] if fitting else None


def are_siblings(first: str, second: str) -> bool:
    """Whether one group holds both codes."""
    return any({first, second} <= group.codes for group in groups())


def names_a_foreigner(code: str) -> bool:
    """Whether a group offers the procedure to those who have to do with a foreigner."""
    return any(option.code == code and _foreign(option) for group in groups() for option in group.options)


def group_with_a_foreigner(code: str) -> Group | None:
    """The group in which the procedure stands beside one for those who have to do with a foreigner."""
    return next(
        (group for group in groups() if code in group.codes and any(map(_foreign, group.options))), None
    )


def _foreign(option: Option) -> bool:
    return "người nước ngoài" in option.title["vi"].lower()
