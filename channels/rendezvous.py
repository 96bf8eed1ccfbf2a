"""Rendezvous hashing: each conversation has its own order of preference among the workers.

Every gateway finds the same order without asking anybody, the conversations of a worker that is away spread
evenly over the others, and nobody else's conversations move.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b


def ranked(key: str, workers: Sequence[str]) -> list[str]:
    """The workers (addresses, without line breaks), the one that the key belongs to first."""
    if len(workers) < 2:
        return list(workers)
    return sorted(workers, key=lambda worker: (_weight(key, worker), worker), reverse=True)


def _weight(key: str, worker: str) -> bytes:
    return blake2b(f"{worker}\n{key}".encode(), digest_size=8).digest()
