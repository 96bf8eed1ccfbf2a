"""Passwords: Argon2id, checked outside the event loop, two at a time (each takes 64 MB)."""

from __future__ import annotations

import asyncio
import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from console.errors import Invalid
from troly.text import fold

SHORTEST = 12
LONGEST = 200

_COMMON = frozenset({"password", "matkhau", "123456", "qwerty", "troly", "abcdef", "iloveyou", "admin"})
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_places: asyncio.Semaphore | None = None


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher().hash(secrets.token_urlsafe(16))


def hashed(password: str) -> str:
    """The hash to store. Takes 50 ms and more: not in the event loop."""
    return _hasher().hash(password)


async def is_right(stored: str | None, given: str) -> bool:
    """Whether the password is that of the account; without an account it takes as long to say no."""
    async with _place():
        return await asyncio.to_thread(_is_right, stored, given[:LONGEST])


async def make(password: str) -> str:
    """hashed(), outside the event loop."""
    async with _place():
        return await asyncio.to_thread(hashed, password)


def check_choice(password: str, name: str) -> None:
    """Raise Invalid for a password that is too easy: short, of one kind, common, or the account's name."""
    plain = fold(password).replace(" ", "")
    if len(password) < SHORTEST:
        raise Invalid("access.password_short", shortest=SHORTEST)
    if len(password) > LONGEST:
        raise Invalid("access.password_long", longest=LONGEST)
    left = plain
    for common in (*sorted(_COMMON), name):
        left = left.replace(common, "")
    if len(set(plain)) < 5 or len(left) < SHORTEST // 2:
        raise Invalid("access.password_easy")


def suggested() -> str:
    """A password that can be read out: four groups of five, 98 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def _is_right(stored: str | None, given: str) -> bool:
    try:
        return _hasher().verify(stored or _nobodys(), given) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def _place() -> asyncio.Semaphore:
    global _places
    if _places is None:
        _places = asyncio.Semaphore(2)
    return _places
