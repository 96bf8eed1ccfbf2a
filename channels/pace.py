"""How fast one channel sends: its platform allows so many calls a second, overall and to one chat."""

from __future__ import annotations

from time import monotonic

from channels.base import PushChannel
from channels.limits import Buckets

BURST = 4
"""Sends in a row to one chat: platforms count over a while, and an answer may have several parts."""


class Pace:
    """What a platform allows: sends a second over all chats, and in a row to one chat."""

    def __init__(self, channel: PushChannel) -> None:
        self._rate = channel.per_second
        self._size = max(1.0, channel.per_second)
        self._level = self._size
        self._at = monotonic()
        self._chats = Buckets(BURST, BURST / channel.per_chat_second)

    def free(self) -> int:
        """How many replies may be begun now."""
        moment = monotonic()
        self._level = min(self._size, self._level + (moment - self._at) * self._rate)
        self._at = moment
        return max(0, int(self._level))

    def take(self, conversation_id: str) -> float:
        """Count a call: 0.0, or the seconds until this chat may have one.

        The limit over all chats was asked before the reply was begun; what its further parts take is
        missing for the next reply.
        """
        wait = self._chats.take(conversation_id)
        if not wait:
            self._level -= 1
        return wait
