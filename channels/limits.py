"""How much one visitor may ask: token buckets, by conversation and by address.

Those of one process are here; several gateways share theirs (channels/redis_limits.py).
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Protocol

from channels.errors import ApiError
from troly.settings import Settings

ADDRESS_FACTOR = 10
"""An office or a school shares one address: it may ask this many times as much as one conversation."""

BURST = 3
"""One address may make this part (a third) of a minute's requests at once; the rest comes evenly. Else it
could fill the process for a minute, and everybody else would wait behind it."""

DOORS = {
    "pages": 60,  # the widget and its files
    "console": 60,  # a whole office of staff, whose pages also ask by themselves
    "webhooks": 300,  # a platform brings everybody's messages from few addresses
    "slow": 6,  # what takes work for each request: PDF lists, the API's description, readiness, figures
    "photos": 2,  # uploads, beside the limits of the public API
}
"""What one address may ask a minute of other doors than the public API, in MESSAGES_PER_MINUTE. Each gateway
counts for itself: these limits only keep one address from filling a process."""

STREAMS = 300
"""Event streams that one address may have open at a gateway."""

_KEPT = 50_000


class Buckets:
    """A bucket a key: `size` tokens, refilled evenly over `seconds`."""

    def __init__(self, size: float, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        """Every key starts with a full bucket."""
        self._size = size
        self._rate = size / seconds
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one token: 0.0, or the seconds until there is one."""
        moment = self._clock()
        level, at = self._levels.pop(key, (self._size, moment))
        level = min(self._size, level + (moment - at) * self._rate)
        wait = 0.0 if level >= 1 else (1 - level) / self._rate
        self._levels[key] = (level if wait else level - 1, moment)
        if len(self._levels) > _KEPT:
            self._levels.popitem(last=False)
        return wait


def evenly(per_minute: float, clock: Callable[[], float] = monotonic) -> Buckets:
    """So many a minute, of which BURST says how many at once; at least one."""
    size = max(1.0, per_minute / BURST)
    return Buckets(size, size * 60 / per_minute, clock)


class Limits(Protocol):
    """What one visitor may do; each method counts once. Raises ApiError 429 when that is too much."""

    async def request(self, address: str) -> None:
        """Any request of the public API."""

    async def message(self, conversation_id: str) -> None:
        """A message, on any channel."""

    async def conversation(self, address: str) -> None:
        """A new conversation on the website."""

    def door(self, name: str, address: str) -> None:
        """A request at one of DOORS."""

    def another_stream(self, address: str) -> None:
        """Before an event stream is opened."""

    def streaming(self, address: str) -> AbstractContextManager[None]:
        """Counts a stream for as long as it is open."""

    async def stop(self) -> None:
        """Let go of what is shared with other processes."""


class Doors:
    """What is counted in this process, whether or not other limits are shared."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic) -> None:
        """From MESSAGES_PER_MINUTE."""
        per_minute = settings.messages_per_minute
        self._doors = {name: evenly(per_minute * factor, clock) for name, factor in DOORS.items()}
        self._streams: Counter[str] = Counter()

    def door(self, name: str, address: str) -> None:
        """Count a request. Raises ApiError 429."""
        refuse(self._doors[name].take(network(address)), "rate_limited")

    def another_stream(self, address: str) -> None:
        """Raises ApiError 429 when the address has all its streams open."""
        if self._streams.get(network(address), 0) >= STREAMS:
            refuse(5.0, "rate_limited")

    @contextmanager
    def streaming(self, address: str) -> Iterator[None]:
        """Count a stream while it is open."""
        key = network(address)
        self._streams[key] += 1
        try:
            yield
        finally:
            self._streams[key] -= 1
            if not self._streams[key]:
                del self._streams[key]


class LocalLimits(Doors):
    """The limits of one process."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = monotonic) -> None:
        """From MESSAGES_PER_MINUTE and CONVERSATIONS_PER_HOUR."""
        super().__init__(settings, clock)
        self._messages = Buckets(settings.messages_per_minute, 60, clock)
        self._requests = evenly(settings.messages_per_minute * ADDRESS_FACTOR, clock)
        self._conversations = Buckets(settings.conversations_per_hour, 3600, clock)

    async def request(self, address: str) -> None:
        """Count any request. Raises ApiError 429."""
        refuse(self._requests.take(network(address)), "rate_limited")

    async def message(self, conversation_id: str) -> None:
        """Count a message. Raises ApiError 429."""
        refuse(self._messages.take(conversation_id), "rate_limited")

    async def conversation(self, address: str) -> None:
        """Count a new conversation. Raises ApiError 429."""
        refuse(self._conversations.take(network(address)), "too_many_conversations")

    async def stop(self) -> None:
        """Nothing to let go of."""


def refuse(wait: float, code: str) -> None:
    """Raise ApiError 429 when one has to wait; in seconds."""
    if wait:
        seconds = math.ceil(wait)
        raise ApiError(429, code, retry_after=seconds, seconds=seconds)


def network(address: str) -> str:
    """An IPv6 visitor has a whole /64 to choose addresses from; it counts as one."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return address
