"""Guides by the words that staff gave them, which training may not know: effective within seconds."""

from __future__ import annotations

from troly.answers.guide_words import names_of, telling
from troly.answers.live import Contents, retired

_MORE = 2
"""Telling words that a message may have beside those of a name."""
_FEWEST = 3
"""Telling words of a name that is looked for inside a message."""


class StaffGuides:
    """The names of guides that staff made or changed; none until take() was called."""

    def __init__(self) -> None:
        """Knows none."""
        self._names: frozenset[frozenset[str]] = frozenset()

    def take(self, contents: Contents) -> None:
        """From now on these count."""
        names = {
            telling(name)
            for content in contents.values()
            if isinstance(content, dict) and not retired(content)
            for name in names_of(content)
        }
        self._names = frozenset(name for name in names if name)

    def names(self, text: str) -> bool:
        """Whether the message says a name and nothing else that tells."""
        return bool(self._names) and telling(text) in self._names

    def mentions(self, text: str) -> bool:
        """Whether it says a name among a few other words."""
        if not self._names:
            return False
        words = telling(text)
        return any(
            len(name) >= _FEWEST and name <= words and len(words) <= len(name) + _MORE for name in self._names
        )


GUIDES = StaffGuides()
"""Of this process; bot/server.py has it follow the database. Training and evaluation act without it."""
