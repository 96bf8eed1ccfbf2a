"""How long messages wait in three kinds of inbox: python docs/adr/inbox_simulation.py [messages a second]

Belongs to ADR 8. All three answer the messages of a conversation one at a time and in order.

    inbox       one table; any free worker takes the longest waiting message. Each message costs the
                database some time, one after the other, so it has a most (1 / DATABASE_SECONDS).
    serial      a log in partitions by conversation (Kafka); one worker a partition, one message at a time
    lanes       the same log; in each partition several workers, which keep only conversations in order

Most answers take some hundredths of a second; a few wait for a portal that does not answer.
"""

from __future__ import annotations

import heapq
import random
import sys
from collections import defaultdict, deque
from collections.abc import Callable
from functools import cache

WORKERS = 160
PARTITIONS = 32
SECONDS = 15.0
DATABASE_SECONDS = 1 / 1500
"""Of the database's time, for accept, claim and finish of one message; an assumption, not a measurement."""
USUAL = 0.06
SLOW, SLOW_SHARE = 6.0, 0.005

Arrival = tuple[float, int, float, float]
"""When it can be taken, of which conversation, how long its answer takes, when it came."""


def arrivals(rate: float, seed: int = 1, *, slow_share: float = SLOW_SHARE) -> list[Arrival]:
    """Messages of many conversations, some of which write faster than they read."""
    chance, now, made = random.Random(seed), 0.0, []
    people = max(1, round(rate * 20))
    while (now := now + chance.expovariate(rate)) < SECONDS:
        takes = SLOW if chance.random() < slow_share else chance.lognormvariate(0, 0.5) * USUAL
        made.append((now, chance.randrange(people), takes, now))
    return made


def simulate(messages: list[Arrival], lane_of: Callable[[int], int], workers: dict[int, int]) -> list[float]:
    """Seconds from arrival to answer. `lane_of` gives a conversation's queue, `workers` how many each has."""
    waiting: dict[int, deque[Arrival]] = defaultdict(deque)  # conversation -> its messages
    ready: dict[int, list[tuple[float, int]]] = defaultdict(list)  # queue -> (arrived, conversation)
    free = dict(workers)
    busy: list[tuple[float, int]] = []  # (ends, conversation)
    took: list[float] = []

    def start(lane: int, now: float) -> None:
        while free[lane] and ready[lane]:
            _, conversation = heapq.heappop(ready[lane])
            free[lane] -= 1
            heapq.heappush(busy, (now + waiting[conversation][0][2], conversation))

    def end() -> None:
        now, conversation = heapq.heappop(busy)
        lane = lane_of(conversation)
        free[lane] += 1
        took.append(now - waiting[conversation].popleft()[3])
        if waiting[conversation]:
            heapq.heappush(ready[lane], (waiting[conversation][0][0], conversation))
        start(lane, now)

    for message in messages:
        while busy and busy[0][0] <= message[0]:
            end()
        arrived, conversation, *_ = message
        waiting[conversation].append(message)
        if len(waiting[conversation]) == 1:
            heapq.heappush(ready[lane_of(conversation)], (arrived, conversation))
            start(lane_of(conversation), arrived)
    while busy:
        end()
    return took


def inbox(messages: list[Arrival]) -> list[float]:
    """Through one database, whose work is done one message after the other."""
    stored, now = [], 0.0
    for arrived, conversation, takes, since in messages:
        now = max(now, arrived) + DATABASE_SECONDS
        stored.append((now, conversation, takes, since))
    return simulate(stored, lambda _conversation: 0, {0: WORKERS})


def serial(messages: list[Arrival]) -> list[float]:
    """One message of a partition at a time."""
    return simulate(messages, _partition, dict.fromkeys(range(PARTITIONS), 1))


def lanes(messages: list[Arrival]) -> list[float]:
    """As many workers as the inbox has, shared out over the partitions."""
    return simulate(messages, _partition, dict.fromkeys(range(PARTITIONS), WORKERS // PARTITIONS))


@cache
def _partition(conversation: int) -> int:
    return random.Random(conversation).randrange(PARTITIONS)


def at(took: list[float], share: float) -> float:
    """The time within which that share was answered."""
    return sorted(took)[min(len(took) - 1, int(share * len(took)))]


def main() -> None:
    """One line for each kind and rate."""
    rates = [float(word) for word in sys.argv[1:]] or [100.0, 500.0, 1000.0, 1400.0, 2000.0]
    print(f"{'messages/s':>10}  {'kind':7} {'p50 s':>7} {'p95 s':>7} {'p99 s':>7}")
    for rate in rates:
        messages = arrivals(rate)
        for kind in (inbox, serial, lanes):
            took = kind(messages)
            shown = "".join(f"{at(took, share):8.2f}" for share in (0.5, 0.95, 0.99))
            print(f"{rate:10.0f}  {kind.__name__:7}{shown}")


if __name__ == "__main__":
    main()
