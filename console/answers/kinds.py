"""What can be changed, each kind with its form, its checks and its preview."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from console.answers.preview import Shown
from console.parts import Console
from troly.answers.checks import Fault

Content = dict[str, Any]
Form = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that staff may change, as it is shipped."""

    key: str
    area: str
    """Names answers.area_<area>."""
    content: Content
    shipped: Any = field(default=None, repr=False)
    """What the kind knows of it besides."""
    sample: bool = False
    """Of the demo's list, not of the province."""
    made: bool = False
    """By staff: nothing is shipped; `content` is an empty form."""


class Kind(ABC):
    """A kind of things. Its contents are JSON that running processes read as they are."""

    name: ClassVar[str]
    """As in the database."""
    path: ClassVar[str]
    """As in addresses: /answers/<path>."""
    areas: ClassVar[tuple[str, ...]] = ()
    """The parts of a long list, each named answers.area_<area>."""
    grows: ClassVar[bool] = False
    """Whether staff may add some and take some off."""
    first: ClassVar[Form] = {}
    """What the form of a new one begins with."""

    @abstractmethod
    async def items(self, console: Console) -> dict[str, Item]:
        """Everything of this kind as shipped (an office: as imported), in the order of the list."""

    def blank(self, key: str, console: Console, content: Content | None = None) -> Item:
        """Something that staff make, or made: `content` as it was last written. Only where `grows`."""
        raise NotImplementedError

    def copied(self, content: Content) -> Content:
        """What a new one takes over from another."""
        return content

    def choices(self, item: Item) -> dict[str, list[tuple[str, str]]]:
        """What the form offers to choose from: name -> values and texts."""
        return {}

    @abstractmethod
    def read(self, form: Form, item: Item) -> Content:
        """What the form says, tidied."""

    @abstractmethod
    def faults(self, content: Content, item: Item) -> list[Fault]:
        """Why it cannot be used."""

    @abstractmethod
    def fields(self, content: Content) -> dict[str, str]:
        """Every text by name ("vi.text"), in the order of the form: for comparing and searching."""

    @abstractmethod
    def titles(self, content: Content) -> tuple[str, str]:
        """How a list shows it, in Vietnamese and in English."""

    @abstractmethod
    async def shown(self, content: Content, item: Item, console: Console) -> list[Shown]:
        """What citizens would read, in both languages."""

    def places(self, item: Item) -> list[tuple[str, dict[str, str]]]:
        """The places in braces that a value takes, with an example of each in both languages."""
        return []


def same(one: Content | None, other: Content | None) -> bool:
    """Whether two contents say the same."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
