"""The limits of the public API, counted for all gateway processes together in Redis.

While Redis is away each process counts for itself: citizens get in, only less evenly limited.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from time import monotonic

import structlog
from redis.exceptions import RedisError

from channels.limits import ADDRESS_FACTOR, BURST, Buckets, Doors, network, refuse
from channels.redis_broker import connect
from troly.settings import Settings

log = structlog.get_logger("redis")

_SECONDS = 0.5
"""No request waits longer than this for its count."""

_PAUSE = 2.0
"""After a failure Redis is left alone for so long: else every request would wait."""

# Redis's own clock, so that processes with different clocks agree. A number would come back as an
# integer, therefore the wait is a string.
_TAKE = """
local size, rate = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local moment = tonumber(time[1]) + tonumber(time[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level = tonumber(kept[1]) or size
local at = tonumber(kept[2]) or moment
level = math.min(size, level + math.max(0, moment - at) * rate)
local wait = 0
if level >= 1 then level = level - 1 else wait = (1 - level) / rate end
redis.call('HSET', KEYS[1], 'level', tostring(level), 'at', string.format('%.6f', moment))
redis.call('PEXPIRE', KEYS[1], math.ceil(size / rate * 1000) + 1000)
return tostring(wait)
"""


class RedisBuckets:
    """A bucket a key, as channels.limits.Buckets, shared by all processes."""

    def __init__(self, shared: SharedCounts, name: str, size: float, seconds: float) -> None:
        """Every key starts with a full bucket of `size` tokens, refilled evenly over `seconds`."""
        self._shared = shared
        self._name = name
        self._size = size
        self._rate = size / seconds
        self._own = Buckets(size, seconds)

    async def take(self, key: str) -> float:
        """Take one token: 0.0, or the seconds until there is one."""
        wait = await self._shared.take(f"{self._name}:{key}", self._size, self._rate)
        return self._own.take(key) if wait is None else wait


class SharedCounts:
    """The one script in Redis, and whether Redis is there."""

    def __init__(self, url: str, secret: str, clock: Callable[[], float] = monotonic) -> None:
        """Keys are hashed with `secret`: visitors' addresses are nobody's business in Redis.

        Raises SettingError when the address cannot be read.
        """
        self._client = connect(url, socket_timeout=_SECONDS)
        self._script = self._client.register_script(_TAKE)
        self._secret = hashlib.sha256(secret.encode()).digest()
        self._clock = clock
        self._again_at = 0.0
        self._away = False

    async def take(self, key: str, size: float, rate: float) -> float | None:
        """Take one token: 0.0, or the seconds until there is one; None when Redis cannot say."""
        if self._clock() < self._again_at:
            return None
        hashed = hashlib.blake2b(key.encode(), key=self._secret, digest_size=16).hexdigest()
        try:
            wait = float(await self._script(keys=[f"troly:limit:{hashed}"], args=[size, rate]))
        except (RedisError, OSError, TimeoutError, ValueError) as error:
            self._again_at = self._clock() + _PAUSE
            if not self._away:
                log.error("limits_without_redis", error=type(error).__name__)
            self._away = True
            return None
        if self._away:
            log.warning("limits_with_redis")
        self._away = False
        return wait

    async def stop(self) -> None:
        """Disconnect."""
        await self._client.close()
        await self._client.connection_pool.disconnect()


class RedisLimits(Doors):
    """The limits of the public API, as channels.limits.Limits."""

    def __init__(self, settings: Settings, shared: SharedCounts | None = None) -> None:
        """From REDIS_URL, MESSAGES_PER_MINUTE and CONVERSATIONS_PER_HOUR."""
        super().__init__(settings)
        self._shared = shared or SharedCounts(settings.redis_url, settings.signing_key)
        messages = settings.messages_per_minute
        self._messages = RedisBuckets(self._shared, "message", messages, 60)
        self._requests = RedisBuckets(self._shared, "request", messages * ADDRESS_FACTOR / BURST, 60 / BURST)
        self._conversations = RedisBuckets(
            self._shared, "conversation", settings.conversations_per_hour, 3600
        )

    async def request(self, address: str) -> None:
        """Count any request. Raises ApiError 429."""
        refuse(await self._requests.take(network(address)), "rate_limited")

    async def message(self, conversation_id: str) -> None:
        """Count a message. Raises ApiError 429."""
        refuse(await self._messages.take(conversation_id), "rate_limited")

    async def conversation(self, address: str) -> None:
        """Count a new conversation. Raises ApiError 429."""
        refuse(await self._conversations.take(network(address)), "too_many_conversations")

    async def stop(self) -> None:
        """Disconnect."""
        await self._shared.stop()
