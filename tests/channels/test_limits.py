"""Token buckets."""

from __future__ import annotations

import pytest

from channels.errors import ApiError
from channels.limits import ADDRESS_FACTOR, BURST, Buckets, LocalLimits
from troly.settings import Settings


class Clock:
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_a_burst_and_then_an_even_flow() -> None:
    clock = Clock()
    buckets = Buckets(3, 60, clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 20]
    assert buckets.take("b") == 0
    clock.now = 19.0
    assert buckets.take("a") == pytest.approx(1)
    clock.now = 20.5
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0


def test_a_long_pause_fills_the_bucket_no_higher_than_its_size() -> None:
    clock = Clock()
    buckets = Buckets(2, 60, clock)
    buckets.take("a")
    clock.now = 100_000
    assert [buckets.take("a") > 0 for _ in range(3)] == [False, False, True]


def test_memory_is_bounded_and_forgets_the_longest_silent() -> None:
    buckets = Buckets(1, 60, Clock())
    for number in range(50_002):
        buckets.take(str(number))
    assert buckets.take("50001") > 0
    assert buckets.take("0") == 0


async def test_an_ipv6_network_counts_as_one_visitor() -> None:
    limits = LocalLimits(Settings(_env_file=None, conversations_per_hour=1), Clock())  # type: ignore[call-arg]
    await limits.conversation("2001:db8:1:2::1")
    with pytest.raises(ApiError) as refused:
        await limits.conversation("2001:db8:1:2:ffff::9")
    assert (refused.value.status, refused.value.retry_after) == (429, 3600)
    await limits.conversation("2001:db8:1:3::1")
    await limits.conversation("192.0.2.1")


async def test_an_address_may_ask_more_than_one_conversation() -> None:
    limits = LocalLimits(Settings(_env_file=None, messages_per_minute=2), Clock())  # type: ignore[call-arg]
    for _ in range(2 * ADDRESS_FACTOR // BURST):
        await limits.request("192.0.2.1")
    with pytest.raises(ApiError):
        await limits.request("192.0.2.1")
