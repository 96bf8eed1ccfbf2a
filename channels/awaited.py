"""Answers that requests of this process wait for: handed over once they are stored, rather than read back.

Where nothing is handed over, because another process answered, the request looks into the outbox.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from channels.base import Outbound, Reply


class Awaited:
    """The answers that are awaited in one process."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._given: dict[str, list[Reply]] = {}

    @contextmanager
    def answer_to(self, message_id: str) -> Iterator[list[Reply]]:
        """A list that gets the replies to the message, all at once; for one request a message."""
        given = self._given.setdefault(message_id, [])
        try:
            yield given
        finally:
            self._given.pop(message_id, None)

    def give(self, message_id: str, contents: Sequence[Outbound], first: int) -> None:
        """The answer is stored, its first reply under the number `first` of the conversation's events."""
        given = self._given.get(message_id)
        if given is not None:
            # As they are read from the outbox; validated they were when Rasa said them.
            given += [
                Reply.model_construct(id=str(number), **dict(content))
                for number, content in enumerate(contents, first)
            ]
