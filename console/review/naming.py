"""What a message calls the matter: its clauses without greeting, politeness, questions and personal data.

No model decides: words and their order do, so that equal messages always give equal names. Works with and
without Vietnamese marks. Which of the names is meant, the chosen procedure tells (suggesting.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from console.review.comparing import PHRASE, Reading, Word, words_of
from console.review.wording import Forms, Wording
from troly import masking
from troly.text import fold, squeeze

LONGEST = 10
"""Words of a name."""
_LETTERS = 120
_READ = 2000
"""Letters of a message; what comes after says little that was not said before."""
_PARTS = 3
"""Of a long clause."""

_MASK = re.compile(rf"\[(?:{'|'.join(masking.KINDS)})\]")
_ENDS = re.compile(r"[./\\]+(?=\s|$)|[,;:!?…\n\r\t()\[\]{}\"“”«»<>|。、，！？；：]+|\s[-–—]+\s")
_CODE = re.compile(r"(?=.*\d)[\w.\-]{6,}")
_AMOUNT = re.compile(r"\d[\d.,]{3,}|[\d.,]+(?:k|đ|d|vnd|tr)")
_NUMBER = re.compile(r"[\d.,]+(?:k|đ|d|vnd|tr)?")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


def candidates(text: str, language: str, wording: Wording) -> list[str]:
    """The names that a masked message offers, in its order; none where it says nothing of its own."""
    reading = Reading.of(text, language, wording)
    found: dict[str, str] = {}
    for clause, before_mask in _clauses(text):
        if _CJK.search(clause):
            names: Iterator[str] = iter([clause[:_LETTERS]])
        else:
            names = _names(reading, clause, before_mask)
        for name in names:
            if not masking.find(name):
                found.setdefault(fold(name), name)
    several = [name for name in found.values() if " " in name or _CJK.search(name)]
    return several or list(found.values())


def own_words(name: str, language: str, wording: Wording) -> list[str]:
    """Those of its words, folded, that say something of their own; the signs of a name without spaces."""
    if _CJK.search(name):
        return _CJK.findall(name)
    return Reading.of(name, language, wording).own(words_of(name))


def learnable(text: str) -> str:
    """A masked text without its masks: what may be learned."""
    return squeeze(_MASK.sub(" ", text))


def _clauses(text: str) -> Iterator[tuple[str, bool]]:
    """The parts between signs; and whether something personal was left out behind."""
    parts = _MASK.split(text[:_READ])
    for at, part in enumerate(parts):
        pieces = [squeeze(piece) for piece in _ENDS.split(part)]
        for number, piece in enumerate(pieces):
            if piece:
                yield piece, at < len(parts) - 1 and number == len(pieces) - 1


def _names(reading: Reading, clause: str, before_mask: bool) -> Iterator[str]:
    words = reading.spelled_out(words_of(clause))
    parts = list(_split(reading, words, reading.words.breaks.like(marked=reading.marked)))
    for number, part in enumerate(parts):
        last = before_mask and number == len(parts) - 1
        whole = _trimmed(reading, _without_cues(reading, part) if last else part)
        for name in _shortened(reading, whole) if len(whole) > LONGEST else [whole]:
            if name and reading.own(name) and (len(name) > 1 or len(name[0].plain) > 3):
                yield _shown(name)


def _split(reading: Reading, words: list[Word], among: Forms) -> Iterator[list[Word]]:
    """The clauses between such phrases; codes and what is left out anywhere are gone."""
    anywhere = reading.words.anywhere.like(marked=reading.marked)
    part: list[Word] = []
    at = 0
    while at < len(words):
        if _CODE.fullmatch(words[at].small):
            at += 1
            continue
        if (length := reading.longest(words, at, among)) and not reading.is_doubtful(words[at], length):
            yield part
            part, at = [], at + length
            continue
        length = reading.longest(words, at, anywhere)
        if length and not reading.is_doubtful(words[at], length):
            at += length
            continue
        part.append(words[at])
        at += 1
    yield part


def _trimmed(reading: Reading, words: list[Word]) -> list[Word]:
    """The clause without what stands around the matter."""
    fillers = reading.words.fillers.like(marked=reading.marked)
    aspects = reading.words.aspects.like(marked=reading.marked)
    start, end = 0, len(words)
    while start < end:
        length = _edge(reading, words[start:end], fillers, aspects, first=True)
        if not length:
            break
        start += length
    while start < end:
        length = _edge(reading, words[start:end], fillers, aspects, first=False)
        if not length:
            break
        end -= length
    return words[start:end]


def _edge(
    reading: Reading,
    words: list[Word],
    fillers: Forms,
    aspects: Forms,
    *,
    first: bool,
) -> int:
    """How many words at this end are no part of the matter."""
    for length in range(min(PHRASE, len(words)), 0, -1):
        part = words[:length] if first else words[-length:]
        phrase = reading.phrase(part)
        if length == 1 and (_AMOUNT if first else _NUMBER).fullmatch(part[0].small):
            return 1
        if phrase not in fillers and phrase not in aspects:
            continue
        if length > 1 or len(words) == 1 or not reading.is_meant(words, first=first):
            return length
    return 0


def _without_cues(reading: Reading, words: list[Word]) -> list[Word]:
    cues = reading.words.cues.like(marked=reading.marked)
    end = len(words)
    while end:
        length = next(
            (n for n in range(min(PHRASE, end), 0, -1) if reading.phrase(words[end - n : end]) in cues), 0
        )
        if not length:
            break
        end -= length
    return words[:end]


def _shortened(reading: Reading, words: list[Word]) -> Iterator[list[Word]]:
    """A long clause in two, or three, cut where a clause may be cut."""
    soft = reading.words.soft.like(marked=reading.marked)
    for _ in range(_PARTS):
        places = [at for at in range(2, min(LONGEST, len(words) - 1) + 1) if reading.longest(words, at, soft)]
        place = places[-1] if places and len(words) > LONGEST else _whole(reading, words)
        yield _trimmed(reading, words[:place])
        words = _trimmed(reading, words[place:])


def _whole(reading: Reading, words: list[Word]) -> int:
    """Where to cut so that words which belong together stay together."""
    place = min(LONGEST, len(words))
    while 2 < place < len(words) and reading.belong_together(words[place - 1], words[place]):
        place -= 1
    return place


def _shown(words: list[Word]) -> str:
    first = words[0].shown
    loud = all(word.shown.isupper() for word in words) and len(words) > 1
    said = [word.small if loud else word.shown for word in words]
    if not loud and (first[1:].islower() or len(first) == 1):
        said[0] = first.lower()
    return " ".join(said)[:_LETTERS]
