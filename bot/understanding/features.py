"""The n-grams by which intents are told apart; the same for training and for one message."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from bot.understanding.tokens import (
    APPLICATION_LIKE,
    CJK,
    LONG_NUMBER,
    NUMBER,
    PHONE,
    PROCEDURE_CODE,
    URL,
    WORD,
)
from troly.text import strip_accents

_LONGEST = 5


def mask(text: str) -> str:
    """The text in lower case with codes, phones, addresses and numbers as placeholder words."""
    text = URL.sub(" xxurl ", text)
    text = APPLICATION_LIKE.sub(" xxcode ", text)
    text = PROCEDURE_CODE.sub(" xxprocedure ", text)
    text = PHONE.sub(" xxphone ", text)
    text = LONG_NUMBER.sub(" xxphone ", text)
    return NUMBER.sub("0", text.lower())


def grams(text: str) -> dict[str, float]:
    """Weighted n-grams of a normalized text: folded characters within words, folded words, accented words.

    Each family has length 1, so that a short and a long message weigh the same.
    """
    return grams_of(*wording(text))


def wording(text: str) -> tuple[tuple[str, ...], bool]:
    """All that grams() looks at: the masked words, and whether something is asked. Texts that share it are
    one text to the classifier, whichever code or number each of them names."""
    return tuple(WORD.findall(mask(text))), "?" in text


def grams_of(words: Sequence[str], asks: bool) -> dict[str, float]:
    """As grams(), of a text's wording()."""
    bare = [strip_accents(word) for word in words]
    characters: Counter[str] = Counter()
    for word in bare:
        characters.update(_pieces(word))
    tokens: Counter[str] = Counter()
    padded = ["^", *bare, "$"]
    for first, second in itertools.pairwise(padded):
        tokens[f"w:{first} {second}"] += 1
    for first, third in zip(padded, padded[2:], strict=False):
        tokens[f"s:{first} {third}"] += 1
    tokens.update(f"w:{word}" for word in bare)
    accented: Counter[str] = Counter()
    if list(words) != bare:
        accented.update(f"a:{word}" for word in words)
        accented.update(f"a:{first} {second}" for first, second in itertools.pairwise(words))
    shape: Counter[str] = Counter({f"n:{min(len(bare), 12)}": 1})
    if asks:
        shape["n:?"] = 1
    made: dict[str, float] = {}
    for family, weight in ((characters, 1.0), (tokens, 1.0), (accented, 0.6), (shape, 0.25)):
        if family:
            made.update({gram: weight * float(n) ** 0.5 for gram, n in family.items()})
    return made


@lru_cache(maxsize=50_000)
def _pieces(word: str) -> tuple[str, ...]:
    if CJK.search(word):
        return tuple(word[i : i + n] for n in (1, 2, 3) for i in range(len(word) - n + 1))
    padded = f"<{word[:40]}>"
    return tuple(
        padded[i : i + n]
        for n in range(2, min(_LONGEST, len(padded)) + 1)
        for i in range(len(padded) - n + 1)
    )
