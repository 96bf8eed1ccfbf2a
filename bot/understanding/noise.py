"""Seeded augmentation: the same sentences as hurried thumbs write them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random

from troly.text import fold, strip_accents

_TELEX_TONE = {"\u0300": "f", "\u0301": "s", "\u0309": "r", "\u0303": "x", "\u0323": "j"}
_TELEX_LETTER = {"ă": "aw", "â": "aa", "đ": "dd", "ê": "ee", "ô": "oo", "ơ": "ow", "ư": "uw"}
_WORD = re.compile(r"[^\W\d_]+")
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "g": "fh", "h": "gj", "i": "uo", "k": "jl",
    "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "x": "zc", "y": "tu",
}  # fmt: skip


def reversed_shorthand(plain: Mapping[str, str]) -> dict[str, list[str]]:
    """What each word or phrase may be shortened to: {"không": ["ko", "hk"]}."""
    made: dict[str, list[str]] = defaultdict(list)
    for short, meaning in plain.items():
        made[meaning.lower()].append(short)
    return dict(made)


def unaccented(text: str, random: Random) -> str:
    """All marks gone, often in lower case and without punctuation."""
    bare = strip_accents(text)
    if random.random() < 0.6:
        bare = bare.lower()
    return re.sub(r"[.,?!]+$", "", bare) if random.random() < 0.5 else bare


def teencode(text: str, shorthand: Mapping[str, Sequence[str]], random: Random, share: float = 0.7) -> str:
    """Words and phrases of up to three syllables become the short forms that the dictionary knows."""
    words = text.lower().split()
    made: list[str] = []
    at = 0
    while at < len(words):
        for size in (3, 2, 1):
            phrase = " ".join(words[at : at + size]).strip(".,?!")
            if phrase in shorthand and random.random() < share:
                made.append(random.choice(shorthand[phrase]))
                at += size
                break
        else:
            made.append(words[at])
            at += 1
    written = " ".join(made)
    return strip_accents(written) if random.random() < 0.5 else written


def typos(text: str, random: Random) -> str:
    """One or two slips: a letter dropped, doubled, swapped or hit beside, or a telex remnant."""
    words = text.split()
    places = [i for i, word in enumerate(words) if _WORD.fullmatch(word) and len(word) > 2]
    for i in random.sample(places, min(len(places), 1 + (len(words) > 6))):
        words[i] = _slip(words[i], random)
    return " ".join(words)


def _slip(word: str, random: Random) -> str:
    kind = random.randrange(5)
    at = random.randrange(1, len(word) - 1)
    if kind == 0 and not word.isascii():
        return telex(word)
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[:at] + word[at] * 2 + word[at + 1 :]
    if kind == 3:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    near = _NEIGHBOURS.get(fold(word[at]))
    return word[:at] + (random.choice(near) if near else word[at]) + word[at + 1 :]


def telex(word: str) -> str:
    """The keys of the telex method as they stay when the input method is off: "phép" -> "pheps"."""
    import unicodedata

    tone = ""
    letters: list[str] = []
    for letter in word:
        parts = unicodedata.normalize("NFD", letter)
        marks = [mark for mark in parts[1:] if mark in _TELEX_TONE]
        tone = _TELEX_TONE[marks[0]] if marks else tone
        base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TELEX_TONE))
        letters.append(_TELEX_LETTER.get(base, base))
    return "".join(letters) + tone
